// sin and cos on vectors, in float and in double, within 2 units in the last place.
//
// The argument is brought to ±π/4 by subtracting a whole number n of quarter turns, π/2 being carried in
// three parts so that the products are exact (Cody and Waite, Software Manual for the Elementary Functions,
// 1980, chapter 8); then the Taylor series. Floats are reduced in double. What the three parts do not reach,
// very large arguments and those next to a zero, goes through the C library, lane by lane.
#pragma once
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// An angle as n quarter turns, held in the low bits, and the rest r + tail in ±π/4.
template <class T>
struct Angle {
  typename Vec<T>::bits n;
  Vec<T> r, tail;
  typename Vec<T>::bits unreached;  // lanes that the reduction does not serve
};

static inline Angle<double> reduce_angle(Vec<double> x) {
  using V = Vec<double>;
  // π/2 in 33 + 33 + 53 bits: n · first and n · second are exact while n < 2²⁰.
  const V first(0x1.921fb544p+0), second(0x1.0b4611a6p-34), third(0x1.3198a2e037073p-69);
  const V shifted = fma(x, V(0.63661977236758134308), V(MathConstants<double>::round));
  const V n = shifted - V(MathConstants<double>::round);
  const V w = x - n * first, a = n * second, b = n * third;
  const V r1 = w - a, r = r1 - b;
  const V tail = ((w - r1) - a) + ((r1 - r) - b);
  // So close to a multiple of π/2 that the 119 bits of π/2 would show.
  const auto cancelled = (abs(r) < V(0x1p-36)) & (n != V(0.0));
  return {shifted.as_bits(), r, tail, ~(abs(x) < V(0x1p20)) | cancelled};
}

static inline Angle<float> reduce_angle(Vec<float> x) {
  Vec<double> wide[2], n[2];
  widen(x, wide);
  for (int i = 0; i < 2; ++i) {
    // π/2 in 33 + 53 bits
    const Vec<double> first(0x1.921fb544p+0), second(0x1.0b4611a626331p-34);
    const Vec<double> round(MathConstants<double>::round);
    n[i] = fma(wide[i], Vec<double>(0.63661977236758134308), round) - round;
    wide[i] = (wide[i] - n[i] * first) - n[i] * second;
  }
  const Vec<float> whole = narrow(n) + Vec<float>(MathConstants<float>::round);
  return {whole.as_bits(), narrow(wide), Vec<float>(0.0f), ~(abs(x) < Vec<float>(0x1p20f))};
}

// Σ (-1)ⁱ z^(i - First) / (2i + odd)! for i = First … Last
template <int First, int Last, class T>
static inline Vec<T> circle_series(Vec<T> z, int odd) {
  Vec<T> p(T(0));
  for (int i = Last; i >= First; --i)
    p = fma(p, z, Vec<T>(T((i % 2 ? -1 : 1) * inverse_factorial(2 * i + odd))));
  return p;
}

// The sine of x, or of x + π/2 where `quarter` is 1.
template <class T>
static inline Vec<T> circle(Vec<T> x, int quarter, T (*exact)(T)) {
  using V = Vec<T>;
  using B = typename V::bits;
  constexpr bool single = sizeof(T) == 4;
  const Angle<T> angle = reduce_angle(x);
  const V r = angle.r, tail = angle.tail, z = r * r;
  const V sine = r + fma(r * z, circle_series<1, single ? 4 : 8>(z, 1), tail * fma(V(T(-0.5)), z, V(T(1))));
  // 1 - z/2 is rounded; what it lost is put back with the small terms.
  const V half = V(T(0.5)) * z, top = V(T(1)) - half, lost = (V(T(1)) - top) - half;
  const V cosine = top + fma(z * z, circle_series<2, single ? 5 : 8>(z, 0), lost - r * tail);
  const B n = (B)((typename V::words)angle.n + quarter);  // all bits may be set where x is NaN
  const V value = select((n & 1) != 0, cosine, sine);
  V y = select((n & 2) != 0, -value, value);
  if (!quarter) y = select(x == V(T(0)), x, y);
  if (__builtin_expect(any(angle.unreached), 0))
    for (int i = 0; i < V::size; ++i)
      if (angle.unreached[i]) y.v[i] = exact(x.v[i]);
  return y;
}

static inline float exact_sin(float x) { return ::sinf(x); }
static inline double exact_sin(double x) { return ::sin(x); }
static inline float exact_cos(float x) { return ::cosf(x); }
static inline double exact_cos(double x) { return ::cos(x); }

template <class T>
static inline Vec<T> sin(Vec<T> x) {
  return circle<T>(x, 0, exact_sin);
}
template <class T>
static inline Vec<T> cos(Vec<T> x) {
  return circle<T>(x, 1, exact_cos);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
