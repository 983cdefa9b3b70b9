// exp, log, tanh and their relatives on vectors, in float and in double, within 2 units in the last place.
//
// Series are the plain Taylor and atanh series, cut where the next term is below half a unit in the last
// place; the reduction of the argument is Cody and Waite's (Software Manual for the Elementary Functions,
// 1980) and the form of log is fdlibm's (e_log.c).
#pragma once
#include "cpu/simd.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct MathConstants;

template <>
struct MathConstants<float> {
  static constexpr int mantissa = 23, bias = 127;
  static constexpr float round =
      12582912.0f;  // 1.5 · 2²³: adding it rounds to an integer held in the low bits
  static constexpr float ln2_hi = 0.693145752f, ln2_lo = 1.42860677e-6f;
  static constexpr float exp_low = -104.0f, exp_high = 89.0f;
  static constexpr float smallest_normal = 1.17549435e-38f;
  static constexpr int exp_terms = 7, log_terms = 4, expm1_terms = 10;
};

template <>
struct MathConstants<double> {
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double round = 6755399441055744.0;
  static constexpr double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
  static constexpr double exp_low = -746.0, exp_high = 710.0;
  static constexpr double smallest_normal = 2.2250738585072014e-308;
  static constexpr int exp_terms = 13, log_terms = 11, expm1_terms = 17;
};

constexpr double inverse_factorial(int n) {
  double f = 1;
  for (int i = 2; i <= n; ++i) f *= i;
  return 1 / f;
}

// 2ⁿ for integer n held in the low bits of (n + MathConstants::round).
template <class T>
static inline Vec<T> power_of_two(typename Vec<T>::bits n) {
  using C = MathConstants<T>;
  return Vec<T>::from_bits((n + C::bias) << C::mantissa);
}

template <class T>
static inline Vec<T> exp(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  const V clamped = minimum(maximum(x, V(C::exp_low)), V(C::exp_high));
  const V shifted = fma(clamped, V(T(1.44269504088896340736)), V(C::round));
  const V n = shifted - V(C::round);
  const V r = fma(n, V(-C::ln2_lo), fma(n, V(-C::ln2_hi), clamped));
  V p(T(inverse_factorial(C::exp_terms)));
  for (int i = C::exp_terms - 1; i >= 0; --i) p = fma(p, r, V(T(inverse_factorial(i))));
  // In two steps, since 2ⁿ alone may overflow or be subnormal where the result is not.
  const auto whole = shifted.as_bits() - V(C::round).as_bits();
  const auto half = whole >> 1;
  const V y = p * power_of_two<T>(half) * power_of_two<T>(whole - half);
  return select(x != x, x, y);
}

template <class T>
static inline Vec<T> log(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  using B = typename V::bits;
  // Subnormals are zero inside kernels. Split x = m · 2ᵉ with m in [√½, √2).
  const B bits = x.as_bits();
  const B offset = V(T(0.70710678118654752440)).as_bits();
  const B e = (bits - offset) >> C::mantissa;
  const V f = V::from_bits(bits - (e << C::mantissa)) - V(T(1));
  const V k = V::from_bits(V(C::round).as_bits() + e) - V(C::round);
  const V s = f / (V(T(2)) + f);
  const V z = s * s;
  V series(T(2.0 / (2 * C::log_terms + 1)));
  for (int i = C::log_terms - 1; i >= 1; --i) series = fma(series, z, V(T(2.0 / (2 * i + 1))));
  series = series * z;
  const V half_square = V(T(0.5)) * f * f;
  const V low = fma(s, half_square + series, k * V(C::ln2_lo));
  V y = fma(k, V(C::ln2_hi), f - (half_square - low));
  y = select(x < V(C::smallest_normal), V(-T(INFINITY)), y);
  y = select(x < V(T(0)), V(T(NAN)), y);
  return select((x != x) | (x == V(T(INFINITY))), x, y);
}

template <class T>
static inline Vec<T> log1p(Vec<T> x) {
  using V = Vec<T>;
  const V u = V(T(1)) + x;
  const V corrected = log(u) + (x - (u - V(T(1)))) / u;
  const V y = select((u == V(T(0))) | (u == V(T(INFINITY))), log(u), corrected);
  return select(u == V(T(1)), x, y);
}

template <class T>
static inline Vec<T> expm1(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  V p(T(inverse_factorial(C::expm1_terms)));
  for (int i = C::expm1_terms - 1; i >= 2; --i) p = fma(p, x, V(T(inverse_factorial(i))));
  const V small = fma(p, x * x, x);
  return select(abs(x) < V(T(0.5)), select(x == V(T(0)), x, small), exp(x) - V(T(1)));
}

template <class T>
static inline Vec<T> tanh(Vec<T> x) {
  using V = Vec<T>;
  const V t = expm1(minimum(abs(x), V(T(20))) * V(T(2)));
  return select(x != x, x, copysign(t / (t + V(T(2))), x));
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
