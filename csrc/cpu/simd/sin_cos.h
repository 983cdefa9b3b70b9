// sin and cos on vectors, in float and in double, within 2 units in the last place.
//
// The argument is brought to ±π/4 by subtracting a whole number n of quarter turns, π/2 being carried in two
// or three parts so that the products are exact (Cody and Waite, Software Manual for the Elementary
// Functions, 1980, chapter 8). Floats below 2¹³ are reduced in float where products are fused, and their
// polynomials minimise the largest relative error (Remez exchange in 50 digits); other floats are reduced in
// double, and series are Taylor's. What the parts do not reach, very large arguments and doubles next to a
// zero, goes through the C library, lane by lane.
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

// The sine after n quarter turns and another `quarter`.
template <class T>
static inline Vec<T> turned(typename Vec<T>::bits turns, int quarter, Vec<T> sine, Vec<T> cosine) {
  using B = typename Vec<T>::bits;
  const B n = (B)((typename Vec<T>::words)turns + quarter);  // all bits may be set where x is NaN
  const Vec<T> value = select((n & 1) != 0, cosine, sine);
  return select((n & 2) != 0, -value, value);
}

// The sine of x, or of x + π/2 where `quarter` is 1.
template <class T>
static inline Vec<T> circle_everywhere(Vec<T> x, int quarter, T (*exact)(T)) {
  using V = Vec<T>;
  constexpr bool single = sizeof(T) == 4;
  const Angle<T> angle = reduce_angle(x);
  const V r = angle.r, tail = angle.tail, z = r * r;
  const V sine = r + fma(r * z, circle_series<1, single ? 4 : 8>(z, 1), tail * fma(V(T(-0.5)), z, V(T(1))));
  // 1 - z/2 is rounded; what it lost is put back with the small terms.
  const V half = V(T(0.5)) * z, top = V(T(1)) - half, lost = (V(T(1)) - top) - half;
  const V cosine = top + fma(z * z, circle_series<2, single ? 5 : 8>(z, 0), lost - r * tail);
  V y = turned<T>(angle.n, quarter, sine, cosine);
  if (!quarter) y = select(x == V(T(0)), x, y);
  if (__builtin_expect(any(angle.unreached), 0))
    for (int i = 0; i < V::size; ++i)
      if (angle.unreached[i]) y.v[i] = exact(x.v[i]);
  return y;
}

#if defined(__FMA__)
// The lanes `far` as above, where few are: kept out of the loop around it.
__attribute__((noinline)) static Vec<float> circle_of_far(Vec<float> x, int quarter, float (*exact)(float),
                                                          Vec<float> near, Vec<float>::bits far) {
  return select(far, circle_everywhere(x, quarter, exact), near);
}

// The same for floats that fused products reduce without leaving float: x - n · first is exact, and what
// follows errs by 2⁻⁴⁹ n, which is little beside r except next to a zero.
static inline Vec<float> circle(Vec<float> x, int quarter, float (*exact)(float)) {
  using V = Vec<float>;
  constexpr float sine_terms[] = {-0.1666665459f, 0.008332159586f, -0.0001951512042f};
  constexpr float cosine_terms[] = {-0.4999999969f, 0.04166662029f, -0.001388667941f, 2.438335607e-5f};
  const V first(-0x1.921fb6p+0f), second(0x1.777a5cp-25f);  // -π/2 to 49 bits
  const V shifted = fma(x, V(0.636619772f), V(MathConstants<float>::round));
  const V n = shifted - V(MathConstants<float>::round);
  const V whole = fma(n, first, x), r = fma(n, second, whole), tail = fma(n, second, whole - r);
  const V z = r * r;
  const V sine = r + fma(r * z, polynomial(sine_terms, z), tail);
  const V cosine = V(1.0f) + fma(z, polynomial(cosine_terms, z), -(r * tail));
  V y = turned<float>(shifted.as_bits(), quarter, sine, cosine);
  if (!quarter) y = select(x == V(0.0f), x, y);
  const V size = abs(x);
  const auto near = (size < V(0x1p13f)) & (abs(r) >= V(0x1p-22f) * size);
  return __builtin_expect(any(~near), 0) ? circle_of_far(x, quarter, exact, y, ~near) : y;
}
#else
static inline Vec<float> circle(Vec<float> x, int quarter, float (*exact)(float)) {
  return circle_everywhere(x, quarter, exact);
}
#endif
static inline Vec<double> circle(Vec<double> x, int quarter, double (*exact)(double)) {
  return circle_everywhere(x, quarter, exact);
}

static inline float exact_sin(float x) { return ::sinf(x); }
static inline double exact_sin(double x) { return ::sin(x); }
static inline float exact_cos(float x) { return ::cosf(x); }
static inline double exact_cos(double x) { return ::cos(x); }

template <class T>
static inline Vec<T> sin(Vec<T> x) {
  return circle(x, 0, exact_sin);
}
template <class T>
static inline Vec<T> cos(Vec<T> x) {
  return circle(x, 1, exact_cos);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
