// The largest or smallest of many consecutive elements, with the bits of the tree (tree.h): one instruction
// for each vector, and one for each pair that looks for NaN.
#pragma once
#include "cpu/reduce/tree.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// a > b ? a : b
static inline Vec<float> larger(Vec<float> a, Vec<float> b) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_max_ps((__m512)a.v, (__m512)b.v));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_max_ps((__m256)a.v, (__m256)b.v));
#elif defined(__SSE2__)
  return Vec<float>((Vec<float>::raw)_mm_max_ps((__m128)a.v, (__m128)b.v));
#else
  return select(a > b, a, b);
#endif
}

static inline Vec<double> larger(Vec<double> a, Vec<double> b) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_max_pd((__m512d)a.v, (__m512d)b.v));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_max_pd((__m256d)a.v, (__m256d)b.v));
#elif defined(__SSE2__)
  return Vec<double>((Vec<double>::raw)_mm_max_pd((__m128d)a.v, (__m128d)b.v));
#else
  return select(a > b, a, b);
#endif
}

// Four vectors at a time. The smallest is the largest of the negatives, whose rounding is none. False where
// there is a NaN.
template <bool Largest, class T>
static inline bool scan_extreme(const T* p, int64_t n, T& found) {
  using V = Vec<T>;
  constexpr int W = V::size;
  const auto at = [p](int64_t i) { return Largest ? V::load(p + i) : -V::load(p + i); };
  V best[4] = {V(-T(INFINITY)), V(-T(INFINITY)), V(-T(INFINITY)), V(-T(INFINITY))};
  typename V::bits nan{};
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    const V v[4] = {at(i), at(i + W), at(i + 2 * W), at(i + 3 * W)};
    for (int j = 0; j < 4; ++j) best[j] = larger(v[j], best[j]);
    nan |= unordered(v[0], v[1]) | unordered(v[2], v[3]);
  }
  for (; i + W <= n; i += W) {
    best[0] = larger(at(i), best[0]);
    nan |= unordered(at(i), at(i));
  }
  V all = larger(larger(best[0], best[1]), larger(best[2], best[3]));
  if (any(nan)) return false;
  T most = all.v[0];
  for (int j = 1; j < W; ++j) most = all.v[j] > most ? all.v[j] : most;
  for (; i < n; ++i) {
    const T x = Largest ? p[i] : -p[i];
    if (x != x) return false;
    most = x > most ? x : most;
  }
  found = Largest ? most : -most;
  return true;
}

// tree<R>(p, n) for R the largest or the smallest. Of zeros of both signs, and of several NaN, only the tree
// knows which it gives.
template <class R, bool Largest, class T>
static inline T extreme(const T* p, int64_t n) {
  T found;
  if (scan_extreme<Largest>(p, n, found) && found != T(0)) return found;
  return tree<R>(p, n);
}

// The first i of [0, n) where test(vector) has a lane set; there must be one.
template <class T, class Test>
static inline int64_t find_lane(const T* p, int64_t n, Test&& test) {
  constexpr int W = Vec<T>::size;
  const auto hit = [&](int64_t i) { return test(Vec<T>::load(p + i)); };
  int64_t i = 0;
  while (i + 4 * W <= n && !any(hit(i) | hit(i + W) | hit(i + 2 * W) | hit(i + 3 * W))) i += 4 * W;
  while (i + W <= n && !any(hit(i))) i += W;
  while (!test(Vec<T>(p[i]))[0]) ++i;
  return i;
}

// The first element equal to `value`; where that is NaN, the first NaN.
template <class T>
static inline int64_t find_first(const T* p, int64_t n, T value) {
  if (value != value) return find_lane(p, n, [](Vec<T> v) { return v != v; });
  return find_lane(p, n, [value](Vec<T> v) { return v == Vec<T>(value); });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
