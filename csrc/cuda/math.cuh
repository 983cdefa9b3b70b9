// The scalar functions that functors.h is written with, in float and in double. Included before it.
#pragma once
#include <cmath>

#include "cuda/launch.cuh"

namespace pydl {

#define PYDL_MATH(name)                                \
  PYDL_FN float name(float x) { return ::name##f(x); } \
  PYDL_FN double name(double x) { return ::name(x); }
PYDL_MATH(sqrt)
PYDL_MATH(exp)
PYDL_MATH(expm1)
PYDL_MATH(log)
PYDL_MATH(log1p)
PYDL_MATH(sin)
PYDL_MATH(cos)
PYDL_MATH(erf)
PYDL_MATH(tanh)
#undef PYDL_MATH

PYDL_FN float abs(float x) { return ::fabsf(x); }
PYDL_FN double abs(double x) { return ::fabs(x); }
PYDL_FN float pow(float x, float y) { return ::powf(x, y); }
PYDL_FN double pow(double x, double y) { return ::pow(x, y); }

template <class T>
PYDL_FN T log1p_to_one(T x) {
  return log1p(x);
}

// Φ(x), and the density times √(2π).
template <class T>
PYDL_FN T normal_distribution(T x, T& bell) {
  bell = exp(T(-0.5) * x * x);
  return T(0.5) * (T(1) + erf(x * T(0.70710678118654752440)));
}

template <class T>
PYDL_FN T select(bool mask, T a, T b) {
  return mask ? a : b;
}

// The larger of x and a bound; x where x is NaN.
template <class T>
PYDL_FN T at_least(T x, T bound) {
  return bound > x ? bound : x;
}

// NaN where either is NaN.
template <class T>
PYDL_FN T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
PYDL_FN T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}

}  // namespace pydl
