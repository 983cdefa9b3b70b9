// Maps over the elements of arrays (N, C, L) with parameters of each channel.
#pragma once
#include "cpu/channels.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// A line of I inputs and of the output: element i of input k is in[k][i * step[k]]. Parameter k is p[k][i]
// where the line runs Across channels, else p[k][0].
template <class T, int I, int P, bool Across>
struct MapLine {
  const T *in[I], *p[P];
  T* out;
  int64_t step[I], out_step;

  // n elements. The last register may overlap the one before it: the output overlaps no input.
  template <class F>
  void run(int64_t n, F& f) const {
    constexpr int W = Vec<T>::size;
    Vec<T> q[P];
    for (int k = 0; k < P; ++k) q[k] = Vec<T>(p[k][0]);
    if (direct() && n >= W) {
      int64_t i = 0;
      for (; i + W <= n; i += W) one(i, q, f);
      if (i < n) one(n - W, q, f);
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
  void one(int64_t i, Vec<T> (&q)[P], F& f) const {
    Vec<T> v[I];
    for (int k = 0; k < I; ++k) v[k] = Vec<T>::load(in[k] + i);
    for (int k = 0; k < P && Across; ++k) q[k] = Vec<T>::load(p[k] + i);
    f(v, q).store(out + i);
  }
  template <class F>
  void gathered(int64_t i, int lanes, Vec<T> (&q)[P], F& f) const {
    Vec<T> v[I];
    for (int k = 0; k < I; ++k) v[k] = fetch_lanes(in[k] + i * step[k], step[k], lanes, T(0));
    for (int k = 0; k < P && Across; ++k) q[k] = fetch_lanes(p[k] + i, 1, lanes, T(0));
    put_lanes(out + i * out_step, out_step, lanes, f(v, q));
  }
};

template <bool Across, int I, int P, class T, class F>
static void map_lines(const View* const (&in)[I], const T* const (&parameters)[P], const View& out, F& f) {
  const int line = Across ? 1 : 2, other = Across ? 2 : 1;  // the dimension of the inner loop
  const int64_t length = out.shape[line], lines = out.shape[other];
  parallel_ranges(out.shape[0] * lines, 1 + kGrain / length, [&](int64_t begin, int64_t end) {
    MapLine<T, I, P, Across> at;
    for (int k = 0; k < I; ++k) at.step[k] = in[k]->strides[line];
    for (int k = 0; k < P; ++k) at.p[k] = parameters[k];
    at.out_step = out.strides[line];
    int64_t n = begin / lines, o = begin % lines;
    for (int64_t row = begin; row < end; ++row) {
      const auto start = [&](const View& v) {
        return data_as<T>(v) + n * v.strides[0] + o * v.strides[other];
      };
      for (int k = 0; k < I; ++k) at.in[k] = start(*in[k]);
      for (int k = 0; k < P && !Across; ++k) at.p[k] = parameters[k] + o;
      at.out = start(out);
      at.run(length, f);
      if (++o == lines) o = 0, ++n;
    }
  });
}

// out = f(in[0] … in[I-1], parameter[0] … parameter[P-1]) at every element.
template <int I, int P, class T, class F>
static void map_channels(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                         F&& f) {
  if (out.shape[1] == 0 || out.shape[2] == 0) return;
  if (channels_across(*in[0])) return map_lines<true>(in, parameters, out, f);
  map_lines<false>(in, parameters, out, f);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
