// The one vector type. Vec<T> fills one register of the instruction set a unit is compiled for; every
// operation is lane-wise. Loads and stores take any address.
//
// A tail shorter than a register goes through the same code, by load_partial and store_partial, so the last
// elements of an array are rounded like the first.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define PYDL_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define PYDL_VECTOR_BYTES 32
#else
#define PYDL_VECTOR_BYTES 16
#endif

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct Register;
template <>
struct Register<float> {
  typedef float raw __attribute__((vector_size(PYDL_VECTOR_BYTES)));
  typedef int32_t integer;
  typedef int32_t bits __attribute__((vector_size(PYDL_VECTOR_BYTES)));
  typedef uint32_t words __attribute__((vector_size(PYDL_VECTOR_BYTES)));
};
template <>
struct Register<double> {
  typedef double raw __attribute__((vector_size(PYDL_VECTOR_BYTES)));
  typedef int64_t integer;
  typedef int64_t bits __attribute__((vector_size(PYDL_VECTOR_BYTES)));
  typedef uint64_t words __attribute__((vector_size(PYDL_VECTOR_BYTES)));
};

// n < Most elements, in pieces of known sizes: no call of memcpy. Most is a power of two.
template <int Most, class T>
static inline void copy_some(T* to, const T* from, int n) {
  int i = 0;
  for (int part = Most / 2; part > 0; part /= 2)
    if (n & part) {
      std::memcpy(to + i, from + i, part * sizeof(T));
      i += part;
    }
}

template <class T>
struct Vec;
static inline Vec<float> load_masked(const float* p, Register<float>::bits mask);
static inline Vec<double> load_masked(const double* p, Register<double>::bits mask);

template <class T>
struct Vec {
  using scalar = T;
  using raw = typename Register<T>::raw;
  using integer = typename Register<T>::integer;
  using bits = typename Register<T>::bits;    // as a mask: lanes of all ones or all zeros
  using words = typename Register<T>::words;  // the same in arithmetic that wraps round
  static constexpr int size = PYDL_VECTOR_BYTES / sizeof(T);

  raw v;

  Vec() = default;
  Vec(raw r) : v(r) {}
  Vec(T s) : v(s - raw{}) {}  // a broadcast: s - 0 is s for every s, signed zeros included

  static Vec load(const T* p) {
    Vec r;
    std::memcpy(&r.v, p, sizeof(raw));
    return r;
  }
  void store(T* p) const { std::memcpy(p, &v, sizeof(raw)); }
  // To memory that is aligned to the register and not read soon: past the caches, without reading it first. A
  // thread that has done so must call streamed() before another reads it.
  void stream(T* p) const {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)v);
#elif defined(__AVX2__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)v);
#elif defined(__SSE2__)
    _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)v);
#else
    store(p);
#endif
  }

  // The first n lanes; the others are 0, or left alone.
  static Vec load_partial(const T* p, int n) {
    bits lane;
    for (int i = 0; i < size; ++i) lane[i] = i;
    return load_masked(p, lane < integer(n));
  }
  void store_partial(T* p, int n) const {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4)
      return _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), (__m512)v);
    else
      return _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), (__m512d)v);
#else
    T lanes[size];
    store(lanes);
    n == size ? store(p) : copy_some<size>(p, lanes, n);
#endif
  }

  // Lanes p[0], p[stride], … ; only the first n are read.
  static Vec gather(const T* p, int64_t stride, int n = size) {
    T lanes[size] = {};
    for (int i = 0; i < n; ++i) lanes[i] = p[i * stride];
    return load(lanes);
  }
  void scatter(T* p, int64_t stride, int n = size) const {
    for (int i = 0; i < n; ++i) p[i * stride] = v[i];
  }

  Vec operator-() const { return Vec(-v); }
  friend Vec operator+(Vec a, Vec b) { return Vec(a.v + b.v); }
  friend Vec operator-(Vec a, Vec b) { return Vec(a.v - b.v); }
  friend Vec operator*(Vec a, Vec b) { return Vec(a.v * b.v); }
  friend Vec operator/(Vec a, Vec b) { return Vec(a.v / b.v); }
  Vec& operator+=(Vec b) { return v += b.v, *this; }

  friend bits operator<(Vec a, Vec b) { return a.v < b.v; }
  friend bits operator<=(Vec a, Vec b) { return a.v <= b.v; }
  friend bits operator>(Vec a, Vec b) { return a.v > b.v; }
  friend bits operator>=(Vec a, Vec b) { return a.v >= b.v; }
  friend bits operator==(Vec a, Vec b) { return a.v == b.v; }
  friend bits operator!=(Vec a, Vec b) { return a.v != b.v; }

  // mask ? a : b. Without a blend instruction the compiler would go lane by lane.
  friend Vec select(bits mask, Vec a, Vec b) {
#if defined(__AVX2__)
    return Vec(mask ? a.v : b.v);
#else
    return from_bits((mask & a.as_bits()) | (~mask & b.as_bits()));
#endif
  }

  bits as_bits() const { return (bits)v; }
  static Vec from_bits(bits b) { return Vec((raw)b); }
};

constexpr int64_t kFarBytes = INT64_C(16) << 20;  // of a result that no cache keeps for who reads it next

static inline void streamed() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// The mask of lanes 0 … n-1.
template <class T>
static inline typename Vec<T>::bits lanes_below(int64_t n) {
  typename Vec<T>::bits lane;
  for (int i = 0; i < Vec<T>::size; ++i) lane[i] = i;
  return lane < typename Vec<T>::integer(n);
}

// a*b + c, rounded once where the processor can and twice on the baseline; never left to the compiler.
static inline Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v));
#else
  return a * b + c;
#endif
}

static inline Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v));
#else
  return a * b + c;
#endif
}

// The lanes p[i] where the mask is set, zero elsewhere; what lies under the other lanes is not read.
static inline Vec<float> load_masked(const float* p, Vec<float>::bits mask) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_maskz_loadu_ps(_mm512_movepi32_mask((__m512i)mask), p));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_maskload_ps(p, (__m256i)mask));
#else
  Vec<float> r{Vec<float>::raw{}};
  for (int i = 0; i < Vec<float>::size; ++i)
    if (mask[i]) r.v[i] = p[i];
  return r;
#endif
}

static inline Vec<double> load_masked(const double* p, Vec<double>::bits mask) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_maskz_loadu_pd(_mm512_movepi64_mask((__m512i)mask), p));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_maskload_pd(p, (__m256i)mask));
#else
  Vec<double> r{Vec<double>::raw{}};
  for (int i = 0; i < Vec<double>::size; ++i)
    if (mask[i]) r.v[i] = p[i];
  return r;
#endif
}

static inline Vec<float> sqrt(Vec<float> x) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_sqrt_ps((__m512)x.v));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_sqrt_ps((__m256)x.v));
#else
  for (int i = 0; i < Vec<float>::size; ++i) x.v[i] = __builtin_sqrtf(x.v[i]);
  return x;
#endif
}

static inline Vec<double> sqrt(Vec<double> x) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_sqrt_pd((__m512d)x.v));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_sqrt_pd((__m256d)x.v));
#else
  for (int i = 0; i < Vec<double>::size; ++i) x.v[i] = __builtin_sqrt(x.v[i]);
  return x;
#endif
}

template <class T>
static inline Vec<T> abs(Vec<T> x) {
  using B = typename Vec<T>::bits;
  constexpr auto top = sizeof(T) == 4 ? INT64_C(0x7fffffff) : INT64_MAX;
  return Vec<T>::from_bits(x.as_bits() & (typename Vec<T>::integer)top & ~B{});
}

// |magnitude| with the sign of `sign`, zeros included.
template <class T>
static inline Vec<T> copysign(Vec<T> magnitude, Vec<T> sign) {
  const auto rest = abs(sign).as_bits() ^ sign.as_bits();
  return Vec<T>::from_bits(abs(magnitude).as_bits() | rest);
}

// The larger of x and a bound; x where either is NaN, and where both are zero.
static inline Vec<float> at_least(Vec<float> x, Vec<float> bound) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_max_ps((__m512)bound.v, (__m512)x.v));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_max_ps((__m256)bound.v, (__m256)x.v));
#elif defined(__SSE2__)
  return Vec<float>((Vec<float>::raw)_mm_max_ps((__m128)bound.v, (__m128)x.v));
#else
  return select(bound > x, bound, x);
#endif
}

static inline Vec<double> at_least(Vec<double> x, Vec<double> bound) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_max_pd((__m512d)bound.v, (__m512d)x.v));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_max_pd((__m256d)bound.v, (__m256d)x.v));
#elif defined(__SSE2__)
  return Vec<double>((Vec<double>::raw)_mm_max_pd((__m128d)bound.v, (__m128d)x.v));
#else
  return select(bound > x, bound, x);
#endif
}

// The smaller, likewise.
static inline Vec<float> at_most(Vec<float> x, Vec<float> bound) {
#if defined(__AVX512F__)
  return Vec<float>((Vec<float>::raw)_mm512_min_ps((__m512)bound.v, (__m512)x.v));
#elif defined(__AVX2__)
  return Vec<float>((Vec<float>::raw)_mm256_min_ps((__m256)bound.v, (__m256)x.v));
#elif defined(__SSE2__)
  return Vec<float>((Vec<float>::raw)_mm_min_ps((__m128)bound.v, (__m128)x.v));
#else
  return select(bound < x, bound, x);
#endif
}

static inline Vec<double> at_most(Vec<double> x, Vec<double> bound) {
#if defined(__AVX512F__)
  return Vec<double>((Vec<double>::raw)_mm512_min_pd((__m512d)bound.v, (__m512d)x.v));
#elif defined(__AVX2__)
  return Vec<double>((Vec<double>::raw)_mm256_min_pd((__m256d)bound.v, (__m256d)x.v));
#elif defined(__SSE2__)
  return Vec<double>((Vec<double>::raw)_mm_min_pd((__m128d)bound.v, (__m128d)x.v));
#else
  return select(bound < x, bound, x);
#endif
}

// The larger; a where a is NaN, b where b is NaN (Vec lanes, so NaN is never dropped).
template <class T>
static inline Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return select(a != a, a, at_least(b, a));
}
template <class T>
static inline Vec<T> minimum(Vec<T> a, Vec<T> b) {
  return select(a != a, a, at_most(b, a));
}

// Where a or b is NaN.
static inline Vec<float>::bits unordered(Vec<float> a, Vec<float> b) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return (Vec<float>::bits)_mm256_cmp_ps((__m256)a.v, (__m256)b.v, _CMP_UNORD_Q);
#elif defined(__SSE2__) && !defined(__AVX512F__)
  return (Vec<float>::bits)_mm_cmpunord_ps((__m128)a.v, (__m128)b.v);
#else
  return (a != a) | (b != b);
#endif
}

static inline Vec<double>::bits unordered(Vec<double> a, Vec<double> b) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return (Vec<double>::bits)_mm256_cmp_pd((__m256d)a.v, (__m256d)b.v, _CMP_UNORD_Q);
#elif defined(__SSE2__) && !defined(__AVX512F__)
  return (Vec<double>::bits)_mm_cmpunord_pd((__m128d)a.v, (__m128d)b.v);
#else
  return (a != a) | (b != b);
#endif
}

// Whether any lane of a mask is set.
template <class Mask>
static inline bool any(Mask mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#else
  uint64_t words[sizeof mask / 8], some = 0;
  std::memcpy(words, &mask, sizeof mask);
  for (uint64_t word : words) some |= word;
  return some != 0;
#endif
}

// A register of floats as two of doubles, and back.
static inline void widen(Vec<float> x, Vec<double> (&halves)[2]) {
  using V = Vec<double>;
#if defined(__AVX512F__)
  halves[0] = V((V::raw)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)x.v)));
  halves[1] = V((V::raw)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)x.v, 1)));
#elif defined(__AVX2__)
  halves[0] = V((V::raw)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)x.v)));
  halves[1] = V((V::raw)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)x.v, 1)));
#else
  for (int i = 0; i < V::size; ++i) {
    halves[0].v[i] = x.v[i];
    halves[1].v[i] = x.v[i + V::size];
  }
#endif
}

static inline Vec<float> narrow(const Vec<double> (&halves)[2]) {
  using V = Vec<float>;
#if defined(__AVX512F__)
  const __m256 low = _mm512_cvtpd_ps((__m512d)halves[0].v), high = _mm512_cvtpd_ps((__m512d)halves[1].v);
  return V((V::raw)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1));
#elif defined(__AVX2__)
  const __m128 low = _mm256_cvtpd_ps((__m256d)halves[0].v), high = _mm256_cvtpd_ps((__m256d)halves[1].v);
  return V((V::raw)_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1));
#else
  V x;
  for (int i = 0; i < V::size; ++i) x.v[i] = float(halves[i / Vec<double>::size].v[i % Vec<double>::size]);
  return x;
#endif
}

// Lane i takes what lane i ^ Distance has.
template <int Distance, class T>
static inline Vec<T> exchange(Vec<T> x) {
  typename Vec<T>::bits order;
  for (int i = 0; i < Vec<T>::size; ++i) order[i] = i ^ Distance;
#if defined(__clang__)
  Vec<T> y;
  for (int i = 0; i < Vec<T>::size; ++i) y.v[i] = x.v[order[i]];
  return y;
#else
  return Vec<T>(__builtin_shuffle(x.v, order));
#endif
}

// op of all lanes in every lane, as a fixed binary tree.
template <class T, class Op>
static inline Vec<T> fold_lanes(Vec<T> x, Op&& op) {
  constexpr int W = Vec<T>::size;
  if constexpr (W > 8) x = op(x, exchange<8>(x));
  if constexpr (W > 4) x = op(x, exchange<4>(x));
  if constexpr (W > 2) x = op(x, exchange<2>(x));
  return op(x, exchange<1>(x));
}

template <class T>
static inline T sum_lanes(Vec<T> x) {
  return fold_lanes(x, [](Vec<T> a, Vec<T> b) { return a + b; }).v[0];
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
