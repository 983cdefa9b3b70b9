// Contract of the optimizers: one step of every parameter of a group in one call, each array read and written
// once.
//
// operand[0] is the parameter and operand[1] its gradient, which is only read; the others are the state, in
// the order each update gives, read and overwritten. The operands of a tensor have one shape and one dtype
// (float or double) and do not overlap; strides may differ. With `maximize` the gradient counts as -g.
// Formulas are those of PyTorch's optimizers, g the gradient (plus weight_decay · p, except where it is
// decoupled):
#pragma once
#include "core/view.h"

namespace pydl {

constexpr int kMaxOptimOperands = 5;

struct OptimTensor {
  View operand[kMaxOptimOperands];
  double rate;   // the learning rate, divided by what corrects the bias of a first moment
  double scale;  // adam: 1/√(1 - β₂ᵗ)
};

// State: b, where momentum ≠ 0. b = momentum · b + (1 - dampening) · g (b = g on the first step);
// p -= rate · (nesterov ? g + momentum · b : b).
struct SgdOptions {
  double momentum, dampening, weight_decay;
  bool nesterov, maximize, first;
};

// State: s, then a where centered, then b where momentum ≠ 0. s = alpha · s + (1 - alpha) · g²;
// a += (1 - alpha)(g - a); u = g / (√(s - a²) + eps); b = momentum · b + u; p -= rate · b (or u).
struct RmspropOptions {
  double alpha, eps, weight_decay, momentum;
  bool centered, maximize;
};

// State: m, s, then h where amsgrad. Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019 where
// decoupled (p -= lr · weight_decay · p first). m += (1 - beta1)(g - m); s = beta2 · s + (1 - beta2) · g²; h
// = max(h, s); p -= rate · m / (√(h or s) · scale + eps).
struct AdamOptions {
  double beta1, beta2, eps, weight_decay, lr;
  bool decoupled, amsgrad, maximize;
};

// State: s. s += g²; p -= rate · g / (√s + eps). Duchi, Hazan and Singer 2011.
struct AdagradOptions {
  double eps, weight_decay;
  bool maximize;
};

struct OptimKernels {
  void (*sgd)(const OptimTensor* tensors, int64_t count, const SgdOptions& options);
  void (*rmsprop)(const OptimTensor* tensors, int64_t count, const RmspropOptions& options);
  void (*adam)(const OptimTensor* tensors, int64_t count, const AdamOptions& options);
  void (*adagrad)(const OptimTensor* tensors, int64_t count, const AdagradOptions& options);
};

}  // namespace pydl
