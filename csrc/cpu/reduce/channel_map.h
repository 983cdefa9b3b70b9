// Maps over the elements of arrays (N, C, L) with parameters of each channel.
#pragma once
#include "core/scratch.h"
#include "cpu/reduce/channel_sums.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// A line of I inputs and of the output: element i of input k is in[k][i * step[k]]. Parameter k is p[k][i]
// where lines run Across channels, else p[k][0]. Lines are taken one by one, as they lie in memory: several
// at a time would spare loads of parameters, which are near, and lose the processor's foresight of what is
// far.
template <class T, int I, int P, bool Across>
struct MapLine {
  const T *in[I], *p[P];
  T* out;
  int64_t step[I], out_step;
  bool far = false;  // whole registers go past the caches

  // n elements.
  template <class F>
  void run(int64_t n, F& f) const {
    constexpr int W = Vec<T>::size;
    Vec<T> q[P];
    for (int k = 0; k < P; ++k) q[k] = Vec<T>(p[k][0]);
    if (direct() && n >= W) {
      const bool streams = far && reinterpret_cast<uintptr_t>(out) % sizeof(Vec<T>) == 0;
      int64_t i = 0;
      for (; i + W <= n; i += W) one(i, q, f, streams);
      if (i < n) one(n - W, q, f, false);  // overlaps the one before: the output overlaps no input
      return;
    }
    for (int64_t i = 0; i < n; i += W) gathered(i, n - i < W ? int(n - i) : W, q, f);
  }

 private:
  bool direct() const {
    bool unit = out_step == 1;
    for (int k = 0; k < I; ++k) unit &= step[k] == 1;
    return unit;
  }
  template <class F>
  void one(int64_t i, Vec<T> (&q)[P], F& f, bool streams) const {
    Vec<T> v[I];
    for (int k = 0; k < P && Across; ++k) q[k] = Vec<T>::load(p[k] + i);
    for (int k = 0; k < I; ++k) v[k] = Vec<T>::load(in[k] + i);
    streams ? f(v, q).stream(out + i) : f(v, q).store(out + i);
  }
  template <class F>
  void gathered(int64_t i, int lanes, Vec<T> (&q)[P], F& f) const {
    Vec<T> v[I];
    for (int k = 0; k < P && Across; ++k) q[k] = fetch_lanes(p[k] + i, 1, lanes, T(0));
    for (int k = 0; k < I; ++k) v[k] = fetch_lanes(in[k] + i * step[k], step[k], lanes, T(0));
    put_lanes(out + i * out_step, out_step, lanes, f(v, q));
  }
};

// Lines [begin, end).
template <bool Across, int I, int P, class T, class F>
static void map_lines(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                      int64_t begin, int64_t end, bool far, F& f) {
  constexpr int dim = Across ? 1 : 2, other = Across ? 2 : 1;  // of the inner loop, and of the outer
  MapLine<T, I, P, Across> line;
  line.far = far;
  for (int k = 0; k < I; ++k) line.step[k] = in[k]->strides[dim];
  for (int k = 0; k < P; ++k) line.p[k] = parameters[k];
  line.out_step = out.strides[dim];
  int64_t n = begin / out.shape[other], o = begin % out.shape[other];
  const auto start = [&](const View& v) { return data_as<T>(v) + n * v.strides[0] + o * v.strides[other]; };
  for (; begin < end; ++begin) {
    for (int k = 0; k < P && !Across; ++k) line.p[k] = parameters[k] + o;
    for (int k = 0; k < I; ++k) line.in[k] = start(*in[k]);
    line.out = start(out);
    line.run(out.shape[dim], f);
    if (++o == out.shape[other]) o = 0, ++n;
  }
}

// Whether the rows of channels follow one another in memory.
static inline bool channel_rows_together(const View& v) {
  const int64_t C = v.shape[1], L = v.shape[2];
  return (v.strides[1] == 1 || C == 1) && (v.strides[2] == C || L == 1) &&
         (v.strides[0] == C * L || v.shape[0] == 1);
}

constexpr int64_t kLongRow = 256;

// Where they do: as rows of several pixels, with the parameters repeated.
template <int I, int P, class T, class F>
static void map_long_rows(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                          bool far, F& f) {
  const int64_t C = out.shape[1], total = numel(out), length = C < kLongRow ? kLongRow / C * C : C;
  with_scratch<T>(P * length, [&](T* repeated) {
    MapLine<T, I, P, true> shape;
    shape.far = far;
    for (int k = 0; k < P; ++k)
      for (int64_t i = 0; i < length; i += C)
        std::memcpy(repeated + k * length + i, parameters[k], C * sizeof(T));
    for (int k = 0; k < P; ++k) shape.p[k] = repeated + k * length;
    for (int k = 0; k < I; ++k) shape.step[k] = 1;
    shape.out_step = 1;
    const int64_t grain = (1 + kGrain / length) * length, items = (total + grain - 1) / grain;
    parallel(items, [&](int64_t item) {
      MapLine<T, I, P, true> line = shape;
      int64_t at = (items - 1 - item) * grain;  // from the end, as below
      const int64_t end = at + grain < total ? at + grain : total;
      for (; at < end; at += length) {
        for (int k = 0; k < I; ++k) line.in[k] = data_as<T>(*in[k]) + at;
        line.out = data_as<T>(out) + at;
        line.run(end - at < length ? end - at : length, f);
      }
      if (far) streamed();
    });
  });
}

// out = f(in[0] … in[I-1], parameter[0] … parameter[P-1]) at every element.
template <int I, int P, class T, class F>
static void map_channels(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                         F&& f) {
  if (out.shape[1] == 0 || out.shape[2] == 0) return;
  const bool across = channels_across(*in[0]);
  bool together = across && channel_rows_together(out);
  for (int k = 0; k < I; ++k) together &= channel_rows_together(*in[k]);
  const bool far = numel(out) * int64_t(sizeof(T)) >= kFarBytes;
  if (together) return map_long_rows(in, parameters, out, far, f);
  const int64_t lines = out.shape[0] * out.shape[across ? 2 : 1], length = out.shape[across ? 1 : 2];
  const int64_t grain = 1 + kGrain / length, items = (lines + grain - 1) / grain;
  // From the end: a pass over the same images came before, and what it read last is still in the cache.
  parallel(items, [&](int64_t item) {
    const int64_t begin = (items - 1 - item) * grain, end = begin + grain < lines ? begin + grain : lines;
    (across ? map_lines<true, I, P, T, F> : map_lines<false, I, P, T, F>)(in, parameters, out, begin, end,
                                                                          far, f);
    if (far) streamed();
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
