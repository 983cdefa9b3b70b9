// Packed panels: panel[k · R + lane], zero beyond the last lane, so that every tile, edges included, runs the
// same chain of operations.
#pragma once
#include "cpu/axis.h"
#include "cpu/simd.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The halves of a and b, lane by lane in turn.
template <class T>
static inline Vec<T> interleave_low(Vec<T> a, Vec<T> b) {
  constexpr int W = Vec<T>::size;
  if constexpr (W == 2) return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 2));
  if constexpr (W == 4) return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 4, 1, 5));
  if constexpr (W == 8) return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 8, 1, 9, 2, 10, 3, 11));
  if constexpr (W == 16)
    return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}

template <class T>
static inline Vec<T> interleave_high(Vec<T> a, Vec<T> b) {
  constexpr int W = Vec<T>::size;
  if constexpr (W == 2) return Vec<T>(__builtin_shufflevector(a.v, b.v, 1, 3));
  if constexpr (W == 4) return Vec<T>(__builtin_shufflevector(a.v, b.v, 2, 6, 3, 7));
  if constexpr (W == 8) return Vec<T>(__builtin_shufflevector(a.v, b.v, 4, 12, 5, 13, 6, 14, 7, 15));
  if constexpr (W == 16)
    return Vec<T>(
        __builtin_shufflevector(a.v, b.v, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}

// Transposes a square of registers: log2(W) perfect shuffles of its rows.
template <class T>
static inline void transpose(Vec<T> (&r)[Vec<T>::size]) {
  constexpr int W = Vec<T>::size;
#pragma GCC unroll 4
  for (int round = 1; round < W; round *= 2) {
    Vec<T> next[W];
#pragma GCC unroll 8
    for (int i = 0; i < W / 2; ++i) {
      next[2 * i] = interleave_low(r[i], r[i + W / 2]);
      next[2 * i + 1] = interleave_high(r[i], r[i + W / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) r[i] = next[i];
  }
}

// Lanes [first, first + Count) of a panel from as many rows of n contiguous elements; a null row is zeros.
template <int R, int Count, class T>
static void pack_lane_group(T* panel, const T* const* rows, int64_t n) {
  using V = Vec<T>;
  constexpr int W = V::size;
  for (int64_t k = 0; k < n; k += W) {
    const int width = int(min64(W, n - k));
    V block[W];
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) {
      if (i >= Count || !rows[i]) {
        block[i] = V(T(0));
      } else {
        block[i] = width == W ? V::load(rows[i] + k) : V::load_partial(rows[i] + k, width);
      }
    }
    transpose(block);
    if (width == W) {
#pragma GCC unroll 16
      for (int j = 0; j < W; ++j) block[j].store_partial(panel + (k + j) * R, Count);
    } else {
      for (int j = 0; j < width; ++j) block[j].store_partial(panel + (k + j) * R, Count);
    }
  }
}

// A panel of R lanes from R rows of n contiguous elements.
template <int R, class T>
static void pack_rows(T* panel, const T* const* rows, int64_t n) {
  constexpr int W = Vec<T>::size;
  constexpr int whole = R / W * W;
  for (int lane = 0; lane < whole; lane += W) pack_lane_group<R, W>(panel + lane, rows + lane, n);
  if constexpr (whole < R) pack_lane_group<R, R - whole>(panel + whole, rows + whole, n);
}

// A panel from rows that start at src + at[lane] and whose elements lie `step` apart.
template <int R, class T>
static void pack_strided(T* panel, const T* src, const int64_t* at, int64_t lanes, int64_t step, int64_t n) {
  if (lanes == R) {
    for (int64_t k = 0; k < n; ++k)
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) panel[k * R + i] = src[at[i] + k * step];
    return;
  }
  for (int64_t k = 0; k < n; ++k)
    for (int i = 0; i < R; ++i) panel[k * R + i] = i < lanes ? src[at[i] + k * step] : T(0);
}

// An operand of a product in memory: element (lane, k) at lanes.offset(lane) + ks.offset(k).
template <class T>
struct Strided {
  const T* data;
  Axis lanes, ks;

  template <int R>
  void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const {
    int64_t at[R];
    lanes.offsets(lane0, count, at);
    const bool unit = count == R && is_unit(at, R);
    for (int64_t k = 0; k < kc;) {
      const int64_t n = ks.run(k0 + k, kc - k);
      pack_run<R>(panel + k * R, data + ks.offset(k0 + k), at, count, unit, n);
      k += n;
    }
  }

 private:
  template <int R>
  void pack_run(T* panel, const T* src, const int64_t* at, int64_t count, bool unit, int64_t n) const {
    const int64_t step = ks.step();
    if (unit) {
      for (int64_t k = 0; k < n; ++k) __builtin_memcpy(panel + k * R, src + at[0] + k * step, R * sizeof(T));
    } else if (step == 1 && n >= Vec<T>::size) {
      const T* rows[R];
      for (int i = 0; i < R; ++i) rows[i] = i < count ? src + at[i] : nullptr;
      pack_rows<R>(panel, rows, n);
    } else {
      pack_strided<R>(panel, src, at, count, step, n);
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
