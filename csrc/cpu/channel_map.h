// Maps over the elements of arrays (N, C, L) with parameters of each channel.
#pragma once
#include "cpu/channels.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// R lines of I inputs and of the output: element i of input k is in[r][k][i * step[k]]. Parameter k is
// p[k][i] where lines run Across channels, else p[k][0].
template <class T, int I, int P, bool Across, int R>
struct MapLines {
  const T *in[R][I], *p[P];
  T* out[R];
  int64_t step[I], out_step;

  // n elements of each line.
  template <class F>
  void run(int64_t n, F& f) const {
    constexpr int W = Vec<T>::size;
    Vec<T> q[P];
    for (int k = 0; k < P; ++k) q[k] = Vec<T>(p[k][0]);
    if (direct() && n >= W) {
      int64_t i = 0;
      for (; i + W <= n; i += W) one(i, q, f);
      if (i < n) one(n - W, q, f);  // overlaps the one before: the output overlaps no input
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
    for (int k = 0; k < P && Across; ++k) q[k] = Vec<T>::load(p[k] + i);
    for (int r = 0; r < R; ++r) {
      for (int k = 0; k < I; ++k) v[k] = Vec<T>::load(in[r][k] + i);
      f(v, q).store(out[r] + i);
    }
  }
  template <class F>
  void gathered(int64_t i, int lanes, Vec<T> (&q)[P], F& f) const {
    Vec<T> v[I];
    for (int k = 0; k < P && Across; ++k) q[k] = fetch_lanes(p[k] + i, 1, lanes, T(0));
    for (int r = 0; r < R; ++r) {
      for (int k = 0; k < I; ++k) v[k] = fetch_lanes(in[r][k] + i * step[k], step[k], lanes, T(0));
      put_lanes(out[r] + i * out_step, out_step, lanes, f(v, q));
    }
  }
};

// Lines `begin` … `end`, R at a time; gives the first that is left.
template <bool Across, int R, int I, int P, class T, class F>
static int64_t map_lines(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                         int64_t begin, int64_t end, F& f) {
  constexpr int line = Across ? 1 : 2, other = Across ? 2 : 1;  // the dimension of the inner loop
  MapLines<T, I, P, Across, R> lines;
  for (int k = 0; k < I; ++k) lines.step[k] = in[k]->strides[line];
  for (int k = 0; k < P; ++k) lines.p[k] = parameters[k];
  lines.out_step = out.strides[line];
  int64_t n = begin / out.shape[other], o = begin % out.shape[other];
  for (; begin + R <= end; begin += R) {
    for (int k = 0; k < P && !Across; ++k) lines.p[k] = parameters[k] + o;
    for (int r = 0; r < R; ++r) {
      const auto start = [&](const View& v) {
        return data_as<T>(v) + n * v.strides[0] + o * v.strides[other];
      };
      for (int k = 0; k < I; ++k) lines.in[r][k] = start(*in[k]);
      lines.out[r] = start(out);
      if (++o == out.shape[other]) o = 0, ++n;
    }
    lines.run(out.shape[line], f);
  }
  return begin;
}

// out = f(in[0] … in[I-1], parameter[0] … parameter[P-1]) at every element.
template <int I, int P, class T, class F>
static void map_channels(const View* const (&in)[I], const T* const (&parameters)[P], const View& out,
                         F&& f) {
  if (out.shape[1] == 0 || out.shape[2] == 0) return;
  const bool across = channels_across(*in[0]);
  const int64_t lines = out.shape[0] * out.shape[across ? 2 : 1], length = out.shape[across ? 1 : 2];
  const int64_t grain = 1 + kGrain / length, items = (lines + grain - 1) / grain;
  // From the end: a pass over the same images came before, and what it read last is still in the cache.
  parallel(items, [&](int64_t item) {
    int64_t begin = (items - 1 - item) * grain;
    const int64_t end = begin + grain < lines ? begin + grain : lines;
    if (!across) {
      map_lines<false, 1>(in, parameters, out, begin, end, f);
    } else {  // several rows, so that the parameters are loaded once for all of them
      begin = map_lines<true, 4>(in, parameters, out, begin, end, f);
      map_lines<true, 1>(in, parameters, out, begin, end, f);
    }
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
