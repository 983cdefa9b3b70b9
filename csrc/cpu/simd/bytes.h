// Bytes to and from the lanes of a register. gcc's __builtin_convertvector goes lane by lane here.
#pragma once
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

static inline void widen_bytes(const uint8_t* p, Vec<float>::bits& lanes) {
  using B = Vec<float>::bits;
#if defined(__AVX512F__)
  lanes = (B)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p));
#elif defined(__AVX2__)
  lanes = (B)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
#elif defined(__SSE2__)
  int32_t word;
  std::memcpy(&word, p, 4);
  const __m128i zero = _mm_setzero_si128();
  lanes = (B)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(word), zero), zero);
#else
  for (int i = 0; i < Vec<float>::size; ++i) lanes[i] = p[i];
#endif
}

static inline void widen_bytes(const uint8_t* p, Vec<double>::bits& lanes) {
#if defined(__AVX512F__)
  lanes = (Vec<double>::bits)_mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i*)p));
#elif defined(__AVX2__)
  int32_t word;
  std::memcpy(&word, p, 4);
  lanes = (Vec<double>::bits)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(word));
#else
  for (int i = 0; i < Vec<double>::size; ++i) lanes[i] = p[i];
#endif
}

// The low byte of every lane.
static inline void narrow_to_bytes(Vec<float>::bits lanes, uint8_t* p) {
#if defined(__AVX512F__)
  _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8((__m512i)lanes));
#elif defined(__AVX2__)
  const __m256i low = (__m256i)(lanes & 255);
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  _mm_storel_epi64((__m128i*)p, _mm_packus_epi16(words, words));
#elif defined(__SSE2__)
  const __m128i low = (__m128i)(lanes & 255), words = _mm_packs_epi32(low, low);
  const int32_t word = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  std::memcpy(p, &word, 4);
#else
  for (int i = 0; i < Vec<float>::size; ++i) p[i] = uint8_t(lanes[i]);
#endif
}

static inline void narrow_to_bytes(Vec<double>::bits lanes, uint8_t* p) {
#if defined(__AVX512F__)
  _mm_storel_epi64((__m128i*)p, _mm512_cvtepi64_epi8((__m512i)lanes));
#else
  for (int i = 0; i < Vec<double>::size; ++i) p[i] = uint8_t(lanes[i]);
#endif
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
