// exp, log, tanh and their relatives on vectors, in float and in double, within 2 units in the last place
// (tanh within 3).
//
// exp's polynomial minimises the largest relative error (Remez exchange in 50 digits; 2⁻²⁸ in float, 2⁻⁵⁸ in
// double); other series are the plain Taylor and atanh series, cut where the next term is below half a unit
// in the last place. The reduction of the argument is Cody and Waite's (Software Manual for the Elementary
// Functions, 1980) and the form of log is fdlibm's (e_log.c).
#pragma once
#include "cpu/simd/vec.h"

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
  static constexpr float exp_low = -88.0f, exp_high = 89.0f;
  static constexpr float below_half = 0.49999976f;
  static constexpr float exp[] = {1.0f,          0.999999804f,   0.500005825f,  0.16661013f,
                                  0.0419149925f, 0.00779227324f, 0.00194876980f};
  static constexpr float smallest_normal = 1.17549435e-38f;
  static constexpr int log_terms = 4, log1p_terms = 6, expm1_terms = 7;
};

template <>
struct MathConstants<double> {
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr double round = 6755399441055744.0;
  static constexpr double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
  static constexpr double exp_low = -709.0, exp_high = 710.0;
  static constexpr double below_half = 0.499999999999999;
  static constexpr double exp[] = {1.0,
                                   1.00000000000000089,
                                   0.499999999999922162,
                                   0.166666666669010244,
                                   0.0416666666316804022,
                                   0.00833333363524369033,
                                   0.00138888725851743762,
                                   0.000198418437888553786,
                                   0.0000247882268585134354,
                                   2.77607173925045708e-6,
                                   2.56223413027807743e-7,
                                   3.52966381349859304e-8};
  static constexpr double smallest_normal = 2.2250738585072014e-308;
  static constexpr int log_terms = 11, log1p_terms = 15, expm1_terms = 14;
};

constexpr double inverse_factorial(int n) {
  double f = 1;
  for (int i = 2; i <= n; ++i) f *= i;
  return 1 / f;
}

// c[0] + c[1] x + …
template <class T, int N>
static inline Vec<T> polynomial(const T (&c)[N], Vec<T> x) {
  Vec<T> p(c[N - 1]);
#pragma GCC unroll 32
  for (int i = N - 2; i >= 0; --i) p = fma(p, x, Vec<T>(c[i]));
  return p;
}

// 2ⁿ for integer n held in the low bits of (n + MathConstants::round).
template <class T>
static inline Vec<T> power_of_two(typename Vec<T>::bits n) {
  using C = MathConstants<T>;
  return Vec<T>::from_bits((n + C::bias) << C::mantissa);
}

// eˣ = 2ⁿ eʳ with r in [0, ln 2): then 2ⁿ is a number wherever the result is one, 0 below and infinity above.
// n is ⌊x/ln 2⌋, or one more a hair below an integer, so that n = 0 and r = 0 for x = 0. For x from exp_low
// to exp_high.
template <class T>
static inline Vec<T> exp_within(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  const V shifted = fma(x, V(T(1.44269504088896340736)), V(-C::below_half)) + V(C::round + C::bias);
  const V n = shifted - V(C::round + C::bias);
  const V r = fma(n, V(-C::ln2_lo), fma(n, V(-C::ln2_hi), x));
  return polynomial(C::exp, r) * V::from_bits(shifted.as_bits() << C::mantissa);
}

template <class T>
static inline Vec<T> exp(Vec<T> x) {
  using C = MathConstants<T>;
  return exp_within(at_most(at_least(x, Vec<T>(C::exp_low)), Vec<T>(C::exp_high)));
}

// The exponent e of u = m · 2ᵉ with m in [√½, √2). Subnormals are zero inside kernels.
template <class T>
static inline typename Vec<T>::bits exponent(Vec<T> u) {
  using V = Vec<T>;
  using Words = typename V::words;
  const Words above = (Words)u.as_bits() - (Words)V(T(0.70710678118654752440)).as_bits();
  return (typename V::bits)above >> MathConstants<T>::mantissa;
}

// m - 1.
template <class T>
static inline Vec<T> fraction(Vec<T> u, typename Vec<T>::bits e) {
  using V = Vec<T>;
  using Words = typename V::words;
  const Words m = (Words)u.as_bits() - ((Words)e << MathConstants<T>::mantissa);
  return V::from_bits((typename V::bits)m) - V(T(1));
}

// log(1 + f) + e log 2
template <class T>
static inline Vec<T> log_of_parts(Vec<T> f, typename Vec<T>::bits e) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  const V k = V::from_bits(V(C::round).as_bits() + e) - V(C::round);
  const V s = f / (V(T(2)) + f);
  const V z = s * s;
  V series(T(2.0 / (2 * C::log_terms + 1)));
  for (int i = C::log_terms - 1; i >= 1; --i) series = fma(series, z, V(T(2.0 / (2 * i + 1))));
  series = series * z;
  const V half_square = V(T(0.5)) * f * f;
  const V low = fma(s, half_square + series, k * V(C::ln2_lo));
  return fma(k, V(C::ln2_hi), f - (half_square - low));
}

template <class T>
static inline Vec<T> log(Vec<T> x) {
  using V = Vec<T>;
  const auto e = exponent(x);
  V y = log_of_parts(fraction(x, e), e);
  y = select(x < V(MathConstants<T>::smallest_normal), V(-T(INFINITY)), y);
  y = select(x < V(T(0)), V(T(NAN)), y);
  return select((x != x) | (x == V(T(INFINITY))), x, y);
}

// log(u) of u = 1 + x, with what u lost of x put back before the logarithm.
template <class T>
static inline Vec<T> log1p(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  const V u = V(T(1)) + x;
  const auto e = exponent(u), scale = C::bias - e;  // 0, not a negative one, where nothing is lost
  const V lost = x - (u - V(T(1)));
  V y = log_of_parts(fma(lost, V::from_bits((scale & (scale > 0)) << C::mantissa), fraction(u, e)), e);
  y = select(u == V(T(0)), V(-T(INFINITY)), y);
  y = select(u < V(T(0)), V(T(NAN)), y);
  return select((x != x) | (x == V(T(0))) | (x == V(T(INFINITY))), x, y);
}

// log(1 + x) for x in [0, 1].
template <class T>
static inline Vec<T> log1p_to_one(Vec<T> x) {
  using V = Vec<T>;
  constexpr int terms = MathConstants<T>::log1p_terms;
  const V s = x / (V(T(2)) + x), z = s * s;
  V series(T(2.0 / (2 * terms + 1)));
#pragma GCC unroll 32
  for (int i = terms - 1; i >= 0; --i) series = fma(series, z, V(T(2.0 / (2 * i + 1))));
  return s * series;
}

// eˣ - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1) with |r| <= ½ ln 2, and halved until the end: 2ⁿ may be infinite where the
// result is not.
template <class T>
static inline Vec<T> expm1(Vec<T> x) {
  using C = MathConstants<T>;
  using V = Vec<T>;
  const V half(T(0.5)), round(C::round + C::bias - 1);
  const V clamped = at_most(at_least(x, V(T(-50))), V(C::exp_high));
  const V shifted = fma(clamped, V(T(1.44269504088896340736)), round), n = shifted - round;
  const V r = fma(n, V(-C::ln2_lo), fma(n, V(-C::ln2_hi), clamped));
  V p(T(inverse_factorial(C::expm1_terms)));
#pragma GCC unroll 32
  for (int i = C::expm1_terms - 1; i >= 2; --i) p = fma(p, r, V(T(inverse_factorial(i))));
  const V scale = V::from_bits(shifted.as_bits() << C::mantissa);
  const V y = fma(fma(p, r * r, r), scale, scale - half);
  return select(abs(x) < V(T(1e-30)), x, y + y);
}

template <class T>
static inline Vec<T> tanh(Vec<T> x) {
  using V = Vec<T>;
  const V t = expm1(at_most(abs(x), V(T(20))) * V(T(2)));
  return copysign(t / (t + V(T(2))), x);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
