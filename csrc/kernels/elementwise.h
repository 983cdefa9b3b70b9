// Contract of the elementwise family.
//
// unary: y[i] = f(x[i]). binary: out[i] = f(a[i], b[i]). Inputs have the output's shape (broadcast dimensions
// have stride 0) and its dtype, float or double; one of two may be a number. Any strides. The output is
// overwritten; it may be exactly one of the inputs (same pointer, same strides) and may not overlap them
// otherwise. Functions and the meaning of the two scalars: functors.h.
#pragma once
#include "core/view.h"

namespace pydl {

// name in the binding, functor
// clang-format off
#define PYDL_UNARY_OPS(X) \
  X(neg, Neg) X(abs, Abs) X(sign, Sign) X(square, Square) X(sqrt, Sqrt) X(reciprocal, Reciprocal) \
  X(exp, Exp) X(expm1, Expm1) X(log, Log) X(log1p, Log1p) X(sin, Sin) X(cos, Cos) X(erf, Erf) \
  X(tanh, Tanh) X(sigmoid, Sigmoid) X(relu, Relu) X(leaky_relu, LeakyRelu) X(elu, Elu) X(clamp, Clamp) \
  X(silu, Silu) X(softplus, Softplus) X(gelu, Gelu) X(hardsigmoid, Hardsigmoid) X(hardswish, Hardswish)

#define PYDL_BINARY_OPS(X) \
  X(add, Add) X(sub, Sub) X(mul, Mul) X(div, Div) X(pow, Pow) X(maximum, Maximum) X(minimum, Minimum) \
  X(relu_grad, ReluGrad) X(leaky_relu_grad, LeakyReluGrad) X(elu_grad, EluGrad) \
  X(clamp_grad, ClampGrad) X(tanh_grad, TanhGrad) X(sigmoid_grad, SigmoidGrad) \
  X(softplus_grad, SoftplusGrad) X(silu_grad, SiluGrad) X(gelu_grad, GeluGrad) X(abs_grad, AbsGrad) \
  X(hardtanh_grad, HardtanhGrad) X(hardsigmoid_grad, HardsigmoidGrad) X(hardswish_grad, HardswishGrad) \
  X(prelu, Prelu)
// clang-format on

#define PYDL_ENUM(name, functor) name,
enum class Unary : int { PYDL_UNARY_OPS(PYDL_ENUM) };
enum class Binary : int { PYDL_BINARY_OPS(PYDL_ENUM) };
#undef PYDL_ENUM

struct ElementwiseKernels {
  void (*unary)(Unary op, const View& x, const View& y, double a, double b);
  void (*binary)(Binary op, const View& x1, const View& x2, const View& y, double a, double b);

  // y[i] = mask[i] ? x1[i] : x2[i], a mask of bools. On the CPU alone.
  void (*choose)(const View& mask, const View& x1, const View& x2, const View& y);
};

}  // namespace pydl
