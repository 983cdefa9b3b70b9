// Contract of resampling along one axis.
//
// blend: y[…, i, …] = sum of weights[t] · x[…, sources[t], …] over t in [starts[i], starts[i + 1]), in their
// order, 0 where there are none; an absent source multiplies nothing. x and y have one dtype, float or
// double, and the same shape but for the axis, where y has as many places as there are sums; any strides, no
// overlap.
#pragma once
#include "core/view.h"

namespace pydl {

struct Taps {
  const int64_t *starts, *sources;
  const double* weights;
};

struct ResampleKernels {
  void (*blend)(const View& x, int axis, const Taps& taps, const View& y);
};

}  // namespace pydl
