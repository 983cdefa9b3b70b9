// Contract of the losses.
//
// Elementwise losses: input, target, weight and pos_weight hold n elements of one dtype (float or double)
// each, one after the other and all in one order, of whatever positions; weight and pos_weight may be null (1
// everywhere). With x the input, t the target, w the weight and p the pos_weight, an element's loss is
//   mse              (x - t)²
//   l1               |x - t|, of slope 0 where they are equal or one of them is NaN
//   huber            w d²/2 where d = |x - t| is below the width, w width (d - width/2) elsewhere
//   smooth_l1        huber / width
//   bce              -w (t max(log x, -100) + (1 - t) max(log(1 - x), -100))
//   bce_with_logits  w ((1 - t) x + (1 + (p - 1) t) (log(1 + exp(-|x|)) + max(-x, 0)))
// values writes one for each element; total returns their sum, in the order of the sum reduction over them as
// they lie; grad writes dx = g · ∂loss/∂x, with g one number (step 0) or one for each element (step 1).
//
// cross_entropy: x is (N, C, L); target (int64, each ignored or in 0 … C-1), values and g are (N, 1, L), dx
// is as x; any strides. weight w holds C numbers, contiguous, or is null. With q[c] = w[c] ((1 - smoothing)
// [c = target] + smoothing / C), the loss of a position is sum_c q[c] (log sum_k exp x[k] - x[c]), 0 where it
// is ignored, and its gradient g (sum(q) softmax(x)[c] - q[c]).
#pragma once
#include "core/view.h"

namespace pydl {

enum class ElementLoss : int { mse, l1, huber, smooth_l1, bce, bce_with_logits };

struct LossOperands {
  DType dtype;
  int64_t n;
  const void *input, *target, *weight, *pos_weight;
  double width = 1;
};

struct ClassTargets {
  View target;
  int64_t ignore_index;
  const void* weight;
  double smoothing;
};

struct LossKernels {
  void (*values)(ElementLoss loss, const LossOperands& operands, void* values);
  double (*total)(ElementLoss loss, const LossOperands& operands);
  void (*grad)(ElementLoss loss, const LossOperands& operands, const void* g, int64_t step, void* dx);

  void (*cross_entropy)(const View& x, const ClassTargets& targets, const View& values);
  void (*cross_entropy_grad)(const View& x, const ClassTargets& targets, const View& g, const View& dx);
};

}  // namespace pydl
