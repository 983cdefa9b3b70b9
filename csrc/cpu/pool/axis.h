// One axis of pooling, and the lanes of a vector along it.
#pragma once
#include "cpu/reduce/along_dim.h"
#include "cpu/simd/bytes.h"
#include "kernels/pool.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Range {
  int64_t begin, end;
};

// a / b rounded up, for a of any sign.
static inline int64_t ceil_quotient(int64_t a, int64_t b) {
  if (b == 1) return a;
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

struct PoolAxis {
  int64_t in, out, kernel, stride, padding, padding_end, dilation;

  PoolAxis(const Window2d& w, const View& x, const View& y, int axis)
      : in(x.shape[2 + axis]),
        out(y.shape[2 + axis]),
        kernel(w.kernel[axis]),
        stride(w.stride[axis]),
        padding(w.padding[axis]),
        padding_end(w.padding_end[axis]),
        dilation(w.dilation[axis]) {}

  int64_t position(int64_t o, int64_t k) const { return o * stride - padding + k * dilation; }

  // Taps of window o that lie in the input.
  Range taps(int64_t o) const {
    const int64_t first = position(o, 0);
    const int64_t begin = first < 0 ? ceil_quotient(-first, dilation) : 0;
    const int64_t end = first >= in ? 0 : ceil_quotient(in - first, dilation);
    return {begin, end < kernel ? end : kernel};
  }

  // Windows all of whose taps lie in the input.
  Range whole_windows() const {
    const int64_t begin = ceil_quotient(padding, stride), reach = in + padding - (kernel - 1) * dilation;
    const int64_t end = reach > 0 ? ceil_quotient(reach, stride) : 0;
    return {begin, end < out ? end : out};
  }

  // Windows that may hold element i: those o with a k such that position(o, k) = i.
  Range windows(int64_t i) const {
    const int64_t last = (i + padding) / stride;
    const int64_t first = ceil_quotient(i + padding - (kernel - 1) * dilation, stride);
    return {first < 0 ? 0 : first, last < out ? last + 1 : out};
  }
  // The tap of window o that is element i, or -1.
  int64_t tap(int64_t i, int64_t o) const {
    const int64_t distance = i + padding - o * stride;
    if (dilation == 1) return distance;
    return distance % dilation == 0 ? distance / dilation : -1;
  }

  // Elements of window o that a mean counts; dilation is 1.
  int64_t counted(int64_t o, bool count_padding) const {
    const int64_t begin = position(o, 0), end = begin + kernel;
    if (!count_padding) return (end < in ? end : in) - (begin > 0 ? begin : 0);
    return (end < in + padding_end ? end : in + padding_end) - begin;
  }
};

// Whether lanes run across the channels of a (N, C, H, W) array.
static inline bool pool_across(const View& x) { return x.strides[1] == 1 && x.shape[1] > 1; }

// The first channels of the registers that C channels make: the last may overlap the one before it.
template <class T, class Body>
static inline void for_whole_registers(int64_t C, Body&& body) {
  constexpr int W = Vec<T>::size;
  int64_t c = 0;
  for (; c + W <= C; c += W) body(c);
  if (c < C) body(C - W);
}

constexpr int kMostRows = 64;  // that one window, or one element, is made of where lanes run across channels

template <int N>
struct Count {
  static constexpr int value = N;
};

// body(Count<n>()) for the usual n, so that what it keeps n of stays in registers; else body(Count<0>()).
template <class Body>
static inline void with_count(int n, Body&& body) {
  if (n == 1) return body(Count<1>());
  if (n == 2) return body(Count<2>());
  if (n == 4) return body(Count<4>());
  if (n == 9) return body(Count<9>());
  body(Count<0>());
}

// Lanes whose positions p0 + lane * step lie in [0, size).
static inline Range lanes_within(int64_t p0, int64_t step, int64_t size, int count) {
  if (p0 >= 0 && p0 + (count - 1) * step < size) return {0, count};
  const int64_t begin = p0 < 0 ? ceil_quotient(-p0, step) : 0;
  const int64_t end = p0 >= size ? 0 : ceil_quotient(size - p0, step);
  return {begin, end < count ? end : count};
}

template <class T>
static inline typename Vec<T>::bits lane_mask(Range lanes) {
  using I = typename Vec<T>::integer;
  typename Vec<T>::bits lane;
  for (int i = 0; i < Vec<T>::size; ++i) lane[i] = i;
  return (lane >= I(lanes.begin)) & (lane < I(lanes.end));
}

template <class T>
static inline bool full(Range lanes) {
  return lanes.begin == 0 && lanes.end == Vec<T>::size;
}

// p[0], p[2], … of p[0] … p[W-1] and p[W-1] … p[2W-2].
template <class T>
static inline Vec<T> even_lanes(Vec<T> low, Vec<T> high) {
  constexpr int W = Vec<T>::size;
  Vec<T> even;
#if defined(__clang__)
  for (int i = 0; i < W; ++i) even.v[i] = 2 * i < W ? low.v[2 * i] : high.v[2 * i - W + 1];
#else
  typename Vec<T>::bits order;
  for (int i = 0; i < W; ++i) order[i] = 2 * i < W ? 2 * i : 2 * i + 1;
  even.v = __builtin_shuffle(low.v, high.v, order);
#endif
  return even;
}

// p[0], p[2], … : two loads that together read no more than the last of them.
template <class T>
static inline Vec<T> load_even(const T* p) {
  return even_lanes(Vec<T>::load(p), Vec<T>::load(p + Vec<T>::size - 1));
}

// The first n of them, W < 2 n.
template <class T>
static inline Vec<T> load_even(const T* p, int n) {
  constexpr int W = Vec<T>::size;
  if (n == W) return load_even(p);
  return even_lanes(Vec<T>::load(p), Vec<T>::load_partial(p + W - 1, 2 * n - W));
}

// a[0], b[0], a[1], b[1], … to p, as far as the n-th of each; W < 2 n.
template <class T>
static inline void store_interleaved(T* p, Vec<T> a, Vec<T> b, int n = Vec<T>::size) {
  constexpr int W = Vec<T>::size;
  Vec<T> first, second;
#if defined(__clang__)
  for (int i = 0; i < W; ++i) {
    first.v[i] = i % 2 ? b.v[i / 2] : a.v[i / 2];
    second.v[i] = i % 2 ? b.v[(W + i) / 2] : a.v[(W + i) / 2];
  }
#else
  typename Vec<T>::bits low, high;
  for (int i = 0; i < W; ++i) {
    low[i] = i / 2 + i % 2 * W;
    high[i] = low[i] + W / 2;
  }
  first.v = __builtin_shuffle(a.v, b.v, low);
  second.v = __builtin_shuffle(a.v, b.v, high);
#endif
  first.store(p);
  n == W ? second.store(p + W) : second.store_partial(p + W, 2 * n - W);
}

// Lanes [begin, end) of p[at + lane * step]; the others are 0.
template <class T>
static inline Vec<T> fetch_range(const T* p, int64_t at, int64_t step, Range lanes) {
  if (full<T>(lanes)) {
    if (step == 1) return Vec<T>::load(p + at);
    if (step == 2) return load_even(p + at);
  }
  if (step == 1) return load_masked(p + at, lane_mask<T>(lanes));
  T values[Vec<T>::size] = {};
  for (int64_t i = lanes.begin; i < lanes.end; ++i) values[i] = p[at + i * step];
  return Vec<T>::load(values);
}

// Tap numbers as lanes of integers; -1 beyond the range.
template <class T, class I>
static inline typename Vec<T>::bits fetch_taps(const I* p, int64_t at, int64_t step, Range lanes) {
  if constexpr (sizeof(I) == 1) {
    typename Vec<T>::bits taps;
    if (step == 1 && full<T>(lanes)) {
      widen_bytes(p + at, taps);
      return taps;
    }
    if (sizeof(T) == 4 && step == 1 && lanes.begin == 0) {  // gcc 12 fails on the mask of eight lanes
      I some[Vec<T>::size] = {};
      copy_some<Vec<T>::size>(some, p + at, int(lanes.end));
      widen_bytes(some, taps);
      return taps | ~lane_mask<T>(lanes);
    }
  }
  typename Vec<T>::bits taps = typename Vec<T>::bits{} - 1;
  for (int64_t i = lanes.begin; i < lanes.end; ++i) taps[i] = p[at + i * step];
  return taps;
}

template <class T, class I>
static inline void put_taps(I* p, int64_t step, int count, typename Vec<T>::bits taps) {
  if constexpr (sizeof(I) == 1) {
    if (step == 1 && count == Vec<T>::size) return narrow_to_bytes(taps, p);
    if (step == 1) {
      I all[Vec<T>::size];
      narrow_to_bytes(taps, all);
      return copy_some<Vec<T>::size>(p, all, count);
    }
  }
  for (int i = 0; i < count; ++i) p[i * step] = static_cast<I>(taps[i]);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
