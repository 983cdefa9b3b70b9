// The transposed convolution: a correlation for every phase of the stride.
#pragma once
#include "cpu/conv/correlation.h"
#include "cpu/conv/whole_image.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Along one axis, the elements `phase`, phase + stride, … of the transposed result: element phase + q·stride
// is the sum over taps t = first + u·every of map q + origin - u·spread.
struct Phase {
  int64_t first = 0, every = 1, taps = 0, spread = 1, origin = 0, count = 0;

  Phase(const Window2d& window, int axis, int64_t phase, int64_t size) {
    const int64_t s = window.stride[axis], d = window.dilation[axis], k = window.kernel[axis];
    const int64_t divisor = greatest_common_divisor(s, d), from = phase + window.padding[axis];
    count = ceil_div(size - phase, s);
    every = s / divisor;
    spread = d / divisor;
    // Map q + origin meets tap `first` where from - first · d is a multiple of the stride.
    while (first < k && first < every && (from - first * d) % s != 0) ++first;
    if (first >= k || first >= every) return;
    taps = ceil_div(k - first, every);
    origin = (from - first * d) / s;
  }
};

template <class T>
Correlation<T> phase_correlation(const View& y, const View& w, const View* bias, const View& x,
                                 const Window2d& window, int64_t groups, const Phase (&phases)[2],
                                 const int64_t (&at)[2]) {
  Correlation<T> c = correlation_of<T>(y, w, 1, bias, x, window, groups);
  for (int a = 0; a < 2; ++a) {
    const Phase& p = phases[a];
    c.windows.out[a] = p.count;
    c.windows.taps[a] = p.taps;
    c.windows.step[a] = 1;
    c.windows.spread[a] = -p.spread;
    c.windows.origin[a] = p.origin;
    c.weights += p.first * (p.taps ? w.strides[2 + a] : 0);
    c.tap_step[a] = p.every * w.strides[2 + a];
    c.result += at[a] * x.strides[2 + a];
    c.result_step[a] = window.stride[a] * x.strides[2 + a];
  }
  return c;
}

template <class T>
void transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                int64_t groups) {
  if (sees_whole_image(y, x, window) && groups < y.shape[1])
    return whole_image_transposed<T>(y, w, bias, x, groups);
  int64_t at[2];
  for (at[0] = 0; at[0] < min64(window.stride[0], x.shape[2]); ++at[0])
    for (at[1] = 0; at[1] < min64(window.stride[1], x.shape[3]); ++at[1]) {
      const Phase phases[2] = {Phase(window, 0, at[0], x.shape[2]), Phase(window, 1, at[1], x.shape[3])};
      phase_correlation<T>(y, w, bias, x, window, groups, phases, at).run();
    }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
