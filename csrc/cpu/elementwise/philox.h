// Philox4x32-10 on vectors: one block in each 64-bit lane.
#pragma once
#include "cpu/simd/vec.h"
#include "kernels/random.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pydl {
namespace PYDL_ISA {
namespace {

typedef uint64_t Lanes64 __attribute__((vector_size(PYDL_VECTOR_BYTES)));
typedef uint32_t Lanes32 __attribute__((vector_size(PYDL_VECTOR_BYTES / 2)));
constexpr int kLanes64 = PYDL_VECTOR_BYTES / 8;

// The product of the low halves of each lane.
static inline Lanes64 multiply_low(Lanes64 a, uint32_t m) {
  const Lanes64 b = m - Lanes64{};
#if defined(__AVX512F__)
  return (Lanes64)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Lanes64)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Lanes64)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & UINT64_C(0xffffffff)) * b;
#endif
}

// Ten rounds on counters c (words 0 … 3), in place. Only the low halves of the lanes mean anything.
static inline void philox(Lanes64 (&c)[4], uint64_t seed) {
  uint32_t key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Lanes64 p0 = multiply_low(c[0], 0xD2511F53u), p1 = multiply_low(c[2], 0xCD9E8D57u);
    c[0] = (p1 >> 32) ^ c[1] ^ uint64_t(key0);
    c[2] = (p0 >> 32) ^ c[3] ^ uint64_t(key1);
    c[1] = p1;
    c[3] = p0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

constexpr int kBatch = 64;  // blocks made at once

// Word w of blocks first … first + 63 of the stream, at words[w].
struct Batch {
  uint32_t words[4][kBatch];

  Batch(RandomStream from, int64_t first) {
    Lanes64 lane;
    for (int i = 0; i < kLanes64; ++i) lane[i] = i;
    for (int b = 0; b < kBatch; b += kLanes64) {
      const Lanes64 number = lane + (from.offset + uint64_t(first) + b);
      Lanes64 c[4] = {number, number >> 32, from.stream - Lanes64{}, (from.stream >> 32) - Lanes64{}};
      philox(c, from.seed);
      for (int w = 0; w < 4; ++w) {
        const Lanes32 low = __builtin_convertvector(c[w], Lanes32);
        std::memcpy(words[w] + b, &low, sizeof low);
      }
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
