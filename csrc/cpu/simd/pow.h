// pow on vectors, within 2 units in the last place in float and in double, with the special cases of C's pow
// (C17, F.10.4.4).
//
// |x|^y = exp(y log|x|). In float both run in double. In double the logarithm and its product with y are
// carried as unevaluated sums of two numbers (Dekker, A floating-point technique for extending the available
// precision, 1971), so that only the exponential rounds.
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

// x^y for positive, normal and finite x and |y| <= 2⁶⁵.
static inline Vec<double> positive_power(Vec<double> x, Vec<double> y) {
  const Pair log_x = log_pair(x), product = pair_product(y, log_x.high);
  return exp_pair(pair_sum(product.high, fma(y, log_x.low, product.low)));
}
static inline Vec<float> positive_power(Vec<float> x, Vec<float> y) {
  Vec<double> base[2], exponent[2];
  widen(x, base);
  widen(y, exponent);
  for (int i = 0; i < 2; ++i) base[i] = exp(exponent[i] * log(base[i]));
  return narrow(base);
}

// For x >= 0 or infinite.
template <class T>
static inline typename Vec<T>::bits is_whole(Vec<T> x) {
  const Vec<T> whole(T(int64_t(1) << MathConstants<T>::mantissa));  // no fractions from here on
  return (x >= whole) | ((x + whole) - whole == x);
}

template <class T>
static inline Vec<T> pow(Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  const V zero{T(0)}, one{T(1)}, infinity{T(INFINITY)}, bound{T(0x1p65)};
  const V size = abs(x), power = abs(y);
  V p = positive_power(size, minimum(maximum(y, -bound), bound));
  p = select(y == V(T(2)), x * x, p);  // as `square` rounds it
  const auto vanishes = (size == zero) & (y > zero), returns = (size == infinity) & (y < zero);
  p = select(vanishes | returns, zero, p);
  p = select((size == zero) & (y < zero), infinity, select((size == infinity) & (y > zero), infinity, p));
  const auto whole = is_whole(power), odd = whole & ~is_whole(power * V(T(0.5)));
  p = select(odd, copysign(p, x), p);
  p = select((x < zero) & (size < infinity) & ~whole, V(T(NAN)), p);
  p = select((x != x) | (y != y), x + y, p);
  return select((y == zero) | (x == one), one, p);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
