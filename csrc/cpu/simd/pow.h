// pow on vectors, within 2 units in the last place in float and in double, with the special cases of C's pow
// (C17, F.10.4.4).
//
// |x|^y = exp(y log|x|). In float that runs in double, to a little more than a float holds; the polynomials
// minimise the largest relative error (Remez exchange in 50 digits). In double the logarithm and its product
// with y are carried as unevaluated sums of two numbers (Dekker, A floating-point technique for extending the
// available precision, 1971), so that only the exponential rounds.
#pragma once
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// high + low, |low| at most half a unit in the last place of high
struct Pair {
  Vec<double> high, low;
};

// a + b exactly, where |a| >= |b|.
static inline Pair pair_sum(Vec<double> a, Vec<double> b) {
  const Vec<double> high = a + b;
  return {high, b - (high - a)};
}

// a · b exactly; below 2⁹⁹⁵ where there is no fused product.
static inline Pair pair_product(Vec<double> a, Vec<double> b) {
  const Vec<double> high = a * b;
#if defined(__AVX2__)
  return {high, fma(a, b, -high)};
#else
  const Vec<double> splitter(134217729.0);  // 2²⁷ + 1
  const Vec<double> sa = a * splitter, sb = b * splitter;
  const Vec<double> a1 = sa - (sa - a), b1 = sb - (sb - b), a2 = a - a1, b2 = b - b1;
  return {high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2};
#endif
}

static inline Pair operator*(Pair a, Pair b) {
  const Pair p = pair_product(a.high, b.high);
  return pair_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

// log x to about 65 bits, for positive normal x: x = m · 2ᵉ with m in [√½, √2), and the atanh series in
// s = (m - 1)/(m + 1), of which the first two terms are pairs.
static inline Pair log_pair(Vec<double> x) {
  using C = MathConstants<double>;
  using V = Vec<double>;
  const auto bits = x.as_bits();
  const auto e = (bits - V(0.70710678118654752440).as_bits()) >> C::mantissa;
  const V f = V::from_bits(bits - (e << C::mantissa)) - V(1.0);
  const V k = V::from_bits(V(C::round).as_bits() + e) - V(C::round);
  const Pair u = pair_sum(V(2.0), f);
  const V quotient = f / u.high;
  const Pair back = pair_product(quotient, u.high);
  const Pair s = pair_sum(quotient, (((f - back.high) - back.low) - quotient * u.low) / u.high);
  const Pair z = s * s;
  V series(2.0 / 25);
#pragma GCC unroll 32
  for (int i = 11; i >= 2; --i) series = fma(series, z.high, V(2.0 / (2 * i + 1)));
  const Pair cubic =
      pair_sum(V(2.0 / 3), fma(series, z.high, V(3.7007434154171886e-17)));  // 2/3 - its double
  const Pair rest = z * cubic, factor = pair_sum(V(2.0), rest.high);
  const Pair small = s * Pair{factor.high, factor.low + rest.low};
  // k · ln2_hi is exact, and above |small| unless it is 0.
  const V whole = k * V(C::ln2_hi);
  const Pair total = pair_sum(whole, small.high);
  const V high = select(k == V(0.0), small.high, total.high), low = select(k == V(0.0), V(0.0), total.low);
  return pair_sum(high, low + fma(k, V(C::ln2_lo), small.low));
}

// exp(x.high + x.low), rounded about once.
static inline Vec<double> exp_pair(Pair x) {
  using C = MathConstants<double>;
  using V = Vec<double>;
  constexpr int terms = 13;
  const V clamped = at_most(at_least(x.high, V(-746.0)), V(710.0));
  const V shifted = fma(clamped, V(1.44269504088896340736), V(C::round));
  const V n = shifted - V(C::round);
  const V above = clamped - n * V(C::ln2_hi), below = n * V(C::ln2_lo);
  const V r0 = above - below;
  const V lost = ((above - r0) - below) + select(clamped == x.high, x.low, V(0.0));
  const V r = r0 + lost, tail = lost - (r - r0);
  V p(inverse_factorial(terms));
#pragma GCC unroll 32
  for (int i = terms - 1; i >= 2; --i) p = fma(p, r, V(inverse_factorial(i)));
  const Pair one = pair_sum(V(1.0), r);
  const V y = one.high + (one.low + fma(r * r, p, tail * one.high));
  const auto whole = shifted.as_bits() - V(C::round).as_bits();
  const auto half = whole >> 1;
  return y * power_of_two<double>(half) * power_of_two<double>(whole - half);
}

// x^y for positive, normal and finite x.
static inline Vec<double> positive_power(Vec<double> x, Vec<double> y) {
  const Vec<double> bound(0x1p65);  // beyond it x^y is 0, 1 or infinite, and pairs would overflow
  y = minimum(maximum(y, -bound), bound);
  const Pair log_x = log_pair(x), product = pair_product(y, log_x.high);
  return exp_pair(pair_sum(product.high, fma(y, log_x.low, product.low)));
}

// log₂((1 + s)/(1 - s))/s in powers of s², to 2⁻⁴⁵ for |s| <= (√2 - 1)/(√2 + 1), and 2ʳ, 2⁻³⁴ for |r| <= ½.
constexpr double kLog2[] = {2.88539008177784996,  0.961796694113401834, 0.577077942346614161,
                            0.412209254333980987, 0.319905611862532574, 0.282901443687852465};
constexpr double kExp2[] = {1.0,
                            0.693147180704760403,
                            0.240226510670009717,
                            0.0555041036540191315,
                            0.00961803805990115134,
                            0.00133339353479138942,
                            0.000154667814494493308,
                            0.0000151961360312140901};

// 2^(y log₂x) in double; the quotient s is a float's, improved by a step of Newton's.
__attribute__((always_inline)) static inline Vec<float> positive_power(Vec<float> x, Vec<float> y) {
  using C = MathConstants<double>;
  using V = Vec<double>;
  const auto e = exponent(x);
  const Vec<float> f = fraction(x, e), round(MathConstants<float>::round);
  V fractions[2], inverses[2], exponents[2], powers[2];
  widen(f, fractions);
  widen(Vec<float>(1.0f) / (Vec<float>(2.0f) + f), inverses);
  widen(Vec<float>::from_bits(round.as_bits() + e) - round, exponents);
  widen(y, powers);
  for (int i = 0; i < 2; ++i) {
    const V quotient = fractions[i] * inverses[i];
    const V s = fma(quotient, fma(-(V(2.0) + fractions[i]), inverses[i], V(1.0)), quotient);
    const V log2_x = fma(s, polynomial(kLog2, s * s), exponents[i]);
    const V power = at_most(at_least(powers[i] * log2_x, V(-200.0)), V(200.0));
    const V shifted = power + V(C::round);
    const V p = polynomial(kExp2, power - (shifted - V(C::round)));
    powers[i] = V::from_bits(p.as_bits() + (shifted.as_bits() << C::mantissa));
  }
  return narrow(powers);
}

// For x >= 0 or infinite.
template <class T>
static inline typename Vec<T>::bits is_whole(Vec<T> x) {
  const Vec<T> whole(T(int64_t(1) << MathConstants<T>::mantissa));  // no fractions from here on
  return (x >= whole) | ((x + whole) - whole == x);
}

// x² and x³ as products, where y is 2 or 3, else p.
template <class T>
static inline Vec<T> small_power(Vec<T> x, Vec<T> y, Vec<T> p) {
  const auto cubes = y == Vec<T>(T(3));
  return select(cubes | (y == Vec<T>(T(2))), x * select(cubes, x * x, x), p);
}

// Where x is 0, negative or infinite, y infinite or one of them NaN, C's pow; elsewhere p, |x|^y.
template <class T>
__attribute__((noinline)) static Vec<T> special_power(Vec<T> x, Vec<T> y, Vec<T> p) {
  using V = Vec<T>;
  const V zero{T(0)}, one{T(1)}, infinity{T(INFINITY)}, size = abs(x), power = abs(y);
  const auto vanishes = (size == zero) & (y > zero), returns = (size == infinity) & (y < zero);
  p = select(vanishes | returns, zero, p);
  p = select((size == zero) & (y < zero), infinity, select((size == infinity) & (y > zero), infinity, p));
  p = select(size == one, one, p);
  const auto whole = is_whole(power), odd = whole & ~is_whole(power * V(T(0.5)));
  p = select(odd, copysign(p, x), p);
  p = select((x < zero) & (size < infinity) & ~whole, V(T(NAN)), p);
  p = select((x != x) | (y != y), x + y, p);
  return small_power(x, y, select((y == zero) | (x == one), one, p));
}

template <class T>
__attribute__((always_inline)) static inline Vec<T> pow(Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  if (!any((y != V(T(2))) & (y != V(T(3))))) return small_power(x, y, x);
  const V p = positive_power(abs(x), y);
  const auto ordinary = (x > V(T(0))) & (x < V(T(INFINITY))) & (abs(y) < V(T(INFINITY)));
  return __builtin_expect(any(~ordinary), 0) ? special_power(x, y, p) : small_power(x, y, p);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
