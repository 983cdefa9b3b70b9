// Contract of the softmax family.
//
// A line is the n elements along dimension `dim`; every line is computed alone. With m the line's maximum and
// s = sum exp(x - m):
//   softmax      y = exp(x - m) / s
//   log_softmax  y = (x - m) - log s
//   logsumexp    y = log s + m (m counts as 0 where it is infinite); y has size 1 along dim
// Gradients take the forward's output y and the gradient g of it:
//   softmax_grad      dx = y * (g - sum y g)
//   log_softmax_grad  dx = g - exp(y) * sum g
// Operands of one kernel have one dtype, float or double, and, but for logsumexp's y, one shape. Any strides;
// the output is overwritten and overlaps no input. The order of each sum depends on n alone.
#pragma once
#include "core/view.h"

namespace pydl {

struct SoftmaxKernels {
  void (*softmax)(const View& x, int dim, const View& y);
  void (*log_softmax)(const View& x, int dim, const View& y);
  void (*logsumexp)(const View& x, int dim, const View& y);
  void (*softmax_grad)(const View& y, const View& g, int dim, const View& dx);
  void (*log_softmax_grad)(const View& y, const View& g, int dim, const View& dx);
};

}  // namespace pydl
