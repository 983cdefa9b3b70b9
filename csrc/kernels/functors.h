// Value and derivative of every elementwise function, written once for host and device.
//
// V is a vector on the CPU (cpu/simd/vec.h) and a float or double on a GPU. The unit that includes this file
// has declared the functions used here (exp, normal_distribution, select, …) for its V. A functor's `p` holds
// the scalar options of its operation, in the order its comment gives.
//
// A backward functor takes (value, g): `value` is the forward's input x or, where that is cheaper, its output
// y; g is the gradient of the output; the result is the gradient of the input.
//
// NaN in stays NaN out of a forward functor: comparisons are written so that an unordered operand falls
// through to x.
#pragma once

// PYDL_FN: how such a function is declared; a device compiler needs more.
#ifndef PYDL_FN
#define PYDL_FN static inline
#endif

namespace pydl {

template <class V>
struct Scalars {
  V a, b;
};

#define PYDL_UNARY(Name, expression)                      \
  struct Name {                                           \
    template <class V>                                    \
    PYDL_FN V apply(V x, [[maybe_unused]] Scalars<V> p) { \
      return expression;                                  \
    }                                                     \
  };
#define PYDL_BINARY(Name, first, second, expression)                    \
  struct Name {                                                         \
    template <class V>                                                  \
    PYDL_FN V apply(V first, V second, [[maybe_unused]] Scalars<V> p) { \
      return expression;                                                \
    }                                                                   \
  };

// min(max(x, 0), 6)
template <class V>
PYDL_FN V relu6(V x) {
  return select(x < V(0), V(0), select(x > V(6), V(6), x));
}

PYDL_UNARY(Neg, -x)
PYDL_UNARY(Abs, abs(x))
PYDL_UNARY(Sign, select(x > V(0), V(1), select(x < V(0), V(-1), select(x != x, x, V(0)))))
PYDL_UNARY(Square, x* x)
PYDL_UNARY(Sqrt, sqrt(x))
PYDL_UNARY(Reciprocal, V(1) / x)
PYDL_UNARY(Exp, exp(x))
PYDL_UNARY(Expm1, expm1(x))
PYDL_UNARY(Log, log(x))
PYDL_UNARY(Log1p, log1p(x))
PYDL_UNARY(Sin, sin(x))
PYDL_UNARY(Cos, cos(x))
PYDL_UNARY(Erf, erf(x))
PYDL_UNARY(Tanh, tanh(x))
PYDL_UNARY(Sigmoid, V(1) / (V(1) + exp(-x)))
PYDL_UNARY(Relu, select(x < V(0), V(0), x))
PYDL_UNARY(LeakyRelu, select(x < V(0), p.a* x, x))          // a: slope below 0
PYDL_UNARY(Elu, select(x < V(0), p.a* expm1(x), x))         // a: minus the limit at -inf
PYDL_UNARY(Silu, at_least(x, V(-1000)) / (V(1) + exp(-x)))  // which is infinite there; -∞/∞ would be NaN

PYDL_UNARY(Hardsigmoid, relu6(x + V(3)) / V(6))
PYDL_UNARY(Hardswish, at_least(x, V(-3)) * (relu6(x + V(3)) / V(6)))

// a: beta, b: threshold. log(1 + exp(βx))/β = (max(βx, 0) + log(1 + exp(-|βx|)))/β, linear beyond the
// threshold.
PYDL_UNARY(Softplus,
           select(p.a* x > p.b, x, (maximum(p.a * x, V(0)) + log1p_to_one(exp(-abs(p.a * x)))) / p.a))

PYDL_BINARY(Add, x, y, x + y)
PYDL_BINARY(Sub, x, y, x - y)
PYDL_BINARY(Mul, x, y, x* y)
PYDL_BINARY(Div, x, y, x / y)
PYDL_BINARY(Pow, x, y, pow(x, y))
PYDL_BINARY(Prelu, x, y, select(x > V(0), x, y* x))
PYDL_BINARY(Maximum, x, y, maximum(x, y))
PYDL_BINARY(Minimum, x, y, minimum(x, y))

// The derivative at the kink of relu, leaky_relu, elu and clamp follows PyTorch: 0 for relu, the slope for
// leaky_relu, alpha for elu, 1 on clamp's bounds.
PYDL_BINARY(ReluGrad, x, g, select(x <= V(0), V(0), g))
PYDL_BINARY(LeakyReluGrad, x, g, select(x > V(0), g, p.a* g))
PYDL_BINARY(EluGrad, x, g, select(x <= V(0), g* p.a* exp(x), g))
PYDL_BINARY(ClampGrad, x, g, select((x < p.a) | (x > p.b), V(0), g))
PYDL_BINARY(HardtanhGrad, x, g, select((x > p.a) & (x < p.b), g, V(0)))  // 0 on the bounds, as PyTorch's
PYDL_BINARY(HardsigmoidGrad, x, g, select((x + V(3) > V(0)) & (x + V(3) < V(6)), g / V(6), V(0)))
PYDL_BINARY(AbsGrad, x, g, select(x > V(0), g, select(x < V(0), -g, V(0))))  // 0 at NaN, as PyTorch's
PYDL_BINARY(TanhGrad, y, g, g*(V(1) - y * y))
PYDL_BINARY(SigmoidGrad, y, g, g * y * (V(1) - y))
PYDL_BINARY(SoftplusGrad, x, g, select(p.a* x > p.b, g, g / (V(1) + exp(-(p.a * x)))))

struct SiluGrad {
  template <class V>
  PYDL_FN V apply(V x, V g, Scalars<V>) {
    const V s = V(1) / (V(1) + exp(-x));
    return g * s * (V(1) + x * (V(1) - s));
  }
};

struct HardswishGrad {
  template <class V>
  PYDL_FN V apply(V x, V g, Scalars<V>) {
    const V t = x + V(3);
    return g * ((relu6(t) + select((t > V(0)) & (t < V(6)), x, V(0))) / V(6));
  }
};

struct Gelu {  // x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016, eq. 1)
  template <class V>
  PYDL_FN V apply(V x, Scalars<V>) {
    V bell;
    const V distribution = normal_distribution(x, bell);
    return at_least(x, V(-40)) * distribution;  // Φ is 0 there, and -∞ times it would be NaN
  }
};

struct GeluGrad {  // Φ(x) + x·φ(x)
  template <class V>
  PYDL_FN V apply(V x, V g, Scalars<V>) {
    V bell;
    const V distribution = normal_distribution(x, bell);
    return g * (distribution + x * (V(0.39894228040143267794) * bell));
  }
};

struct Clamp {  // a: lower, b: upper bound; the upper one wins where they cross
  template <class V>
  PYDL_FN V apply(V x, Scalars<V> p) {
    const V raised = select(x < p.a, p.a, x);
    return select(raised > p.b, p.b, raised);
  }
};

#undef PYDL_UNARY
#undef PYDL_BINARY

}  // namespace pydl
