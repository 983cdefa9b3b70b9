// erf and the normal distribution on vectors. erf, within 2 units in the last place in float and in double:
// below 1: x + x · p(x²). From 1 on: 1 - exp(-q(|x| - 1)), where q approximates -log(erfc), which is smooth
// and close to a parabola. p and q minimise the largest error, that of q weighted by erfc (Remez exchange in
// 50 digits); they leave 2⁻²⁹ in float and 2⁻⁵⁷ in double.
//
// Φ(-a) = exp(-a²/2) · P(a)/Q(a), where the quotient has no exponential in it: P and Q leave 2⁻²⁹ of it, and
// the tail below 0 keeps its digits, which 1 + erf would lose.
#pragma once
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct ErfConstants;

template <>
struct ErfConstants<float> {
  static constexpr float limit = 4;  // erf is 1 in float from here on
  static constexpr float near[] = {1.28379166e-1f, -3.76126271e-1f, 1.12836002e-1f, -2.68544456e-2f,
                                   5.18953646e-3f, -8.02084570e-4f, 7.88911916e-5f};
  static constexpr float far[] = {1.84960552f,     2.63896682f,    8.43118337e-1f, 4.15006878e-2f,
                                  -9.89089082e-3f, 1.82616220e-3f, -1.85573695e-4f};
};

template <>
struct ErfConstants<double> {
  static constexpr double limit = 6;
  static constexpr double near[] = {
      0.128379167095512567,   -0.376126389031835466,    0.112837916709452532,    -0.0268661706432762183,
      0.00522397760742346784, -0.000854832598969675803, 0.000120552953204942942, -0.0000149247446633354897,
      1.64475176778718737e-6, -1.62091759117486957e-7,  1.37229762659245033e-8,  -7.80118887409775157e-10};
  static constexpr double far[] = {
      1.84960550993324826,      2.63896751423478852,     0.843107256358662482,     0.0415610980421065975,
      -0.010033825377576518,    0.00197790258778432127,  -0.000237322561647777713, -0.0000262776551209714436,
      0.0000271586865363902742, -9.60830445154806332e-6, 2.05915904040068832e-6,   -1.42408292827292973e-7,
      -9.78110458520854042e-8,  5.21472457580094995e-8,  -1.49441713036179705e-8,  2.87086543930396329e-9,
      -3.69182443712159841e-10, 2.88902087283707438e-11, -1.04169556810938669e-12};
};

template <class T>
static inline Vec<T> erf(Vec<T> x) {
  using C = ErfConstants<T>;
  using V = Vec<T>;
  const V size = minimum(abs(x), V(C::limit));
  const V near = fma(x, polynomial(C::near, x * x), x);
  const V far = V(T(1)) - exp(-polynomial(C::far, size - V(T(1))));
  return select(x == V(T(0)), x, select(size < V(T(1)), near, copysign(far, x)));
}

// Φ(x), and the density times √(2π): exp(-x²/2).
static inline Vec<double> normal_distribution(Vec<double> x, Vec<double>& bell) {
  using V = Vec<double>;
  bell = exp(V(-0.5) * x * x);
  return V(0.5) * (V(1.0) + erf(x * V(0.70710678118654752440)));
}

static inline Vec<float> normal_distribution(Vec<float> x, Vec<float>& bell) {
  using V = Vec<float>;
  static constexpr float above[] = {0.5f, 0.424037992f, 0.172718679f, 0.0371000851f, 0.00359477679f};
  static constexpr float below[] = {1.0f,         1.64596063f,   1.15872256f,
                                    0.441715667f, 0.0930077668f, 0.00901051907f};
  const V size = at_most(abs(x), V(13.25f));  // beyond, the bell is 0
  bell = exp_within(V(-0.5f) * size * size);
  const V tail = polynomial(above, size) / polynomial(below, size) * bell;
  return select(x > V(0.0f), V(1.0f) - tail, tail);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
