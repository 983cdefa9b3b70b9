// Transposing blocks of an array in registers.
#pragma once
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The halves of a and b, lane by lane in turn.
template <class T>
static inline Vec<T> interleave_low(Vec<T> a, Vec<T> b) {
  if constexpr (Vec<T>::size == 2) return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 2));
  if constexpr (Vec<T>::size == 4) return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 4, 1, 5));
}

template <class T>
static inline Vec<T> interleave_high(Vec<T> a, Vec<T> b) {
  if constexpr (Vec<T>::size == 2) return Vec<T>(__builtin_shufflevector(a.v, b.v, 1, 3));
  if constexpr (Vec<T>::size == 4) return Vec<T>(__builtin_shufflevector(a.v, b.v, 2, 6, 3, 7));
}

// The even quarters of a register of 16 lanes and of another, and the odd ones.
template <class T>
static inline Vec<T> even_quarters(Vec<T> a, Vec<T> b) {
  return Vec<T>(__builtin_shufflevector(a.v, b.v, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27));
}

template <class T>
static inline Vec<T> odd_quarters(Vec<T> a, Vec<T> b) {
  return Vec<T>(
      __builtin_shufflevector(a.v, b.v, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31));
}

// Transposes a square of registers. With 8 or 16 lanes: shuffles inside halves or quarters of registers,
// which are cheap, then an exchange of these; else log2(W) perfect shuffles of its rows.
template <class T>
static inline void transpose(Vec<T> (&r)[Vec<T>::size]) {
  constexpr int W = Vec<T>::size;
  if constexpr (W == 8) {
    Vec<T> pairs[W], quads[W];
#pragma GCC unroll 4
    for (int i = 0; i < W; i += 2) {
      pairs[i].v = __builtin_shufflevector(r[i].v, r[i + 1].v, 0, 8, 1, 9, 4, 12, 5, 13);
      pairs[i + 1].v = __builtin_shufflevector(r[i].v, r[i + 1].v, 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const int i = j / 2 * 4 + j % 2;
      quads[2 * j].v = __builtin_shufflevector(pairs[i].v, pairs[i + 2].v, 0, 1, 8, 9, 4, 5, 12, 13);
      quads[2 * j + 1].v = __builtin_shufflevector(pairs[i].v, pairs[i + 2].v, 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      r[i].v = __builtin_shufflevector(quads[i].v, quads[i + 4].v, 0, 1, 2, 3, 8, 9, 10, 11);
      r[i + 4].v = __builtin_shufflevector(quads[i].v, quads[i + 4].v, 4, 5, 6, 7, 12, 13, 14, 15);
    }
  } else if constexpr (W == 16) {
    Vec<T> pairs[W], quads[W];
#pragma GCC unroll 8
    for (int i = 0; i < W; i += 2) {
      pairs[i].v = __builtin_shufflevector(r[i].v, r[i + 1].v, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12,
                                           28, 13, 29);
      pairs[i + 1].v = __builtin_shufflevector(r[i].v, r[i + 1].v, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27,
                                               14, 30, 15, 31);
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      const int i = j / 2 * 4 + j % 2;
      quads[2 * j].v = __builtin_shufflevector(pairs[i].v, pairs[i + 2].v, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9,
                                               24, 25, 12, 13, 28, 29);
      quads[2 * j + 1].v = __builtin_shufflevector(pairs[i].v, pairs[i + 2].v, 2, 3, 18, 19, 6, 7, 22, 23, 10,
                                                   11, 26, 27, 14, 15, 30, 31);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Vec<T> even0 = even_quarters(quads[i], quads[i + 4]), odd0 = odd_quarters(quads[i], quads[i + 4]);
      const Vec<T> even1 = even_quarters(quads[i + 8], quads[i + 12]),
                   odd1 = odd_quarters(quads[i + 8], quads[i + 12]);
      r[i] = even_quarters(even0, even1);
      r[i + 4] = even_quarters(odd0, odd1);
      r[i + 8] = odd_quarters(even0, even1);
      r[i + 12] = odd_quarters(odd0, odd1);
    }
  } else {
#pragma GCC unroll 4
    for (int round = 1; round < W; round *= 2) {
      Vec<T> next[W];
#pragma GCC unroll 8
      for (int i = 0; i < W / 2; ++i) {
        next[2 * i] = interleave_low(r[i], r[i + W / 2]);
        next[2 * i + 1] = interleave_high(r[i], r[i + W / 2]);
      }
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) r[i] = next[i];
    }
  }
}

// out[j · out_step + i] = in[i][j] for i in a register's lanes and j < n. A null row is zeros.
template <class T>
static void transpose_rows(T* out, int64_t out_step, const T* const* in, int64_t n) {
  using V = Vec<T>;
  constexpr int W = V::size;
  static const T zeros[W] = {};
  const T* row[W];
  int64_t mask[W];  // of k: a null row stands still
  for (int i = 0; i < W; ++i) {
    row[i] = in[i] ? in[i] : zeros;
    mask[i] = in[i] ? -1 : 0;
  }
  V block[W];
  int64_t k = 0;
  for (; k + W <= n; k += W) {
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) block[i] = V::load(row[i] + (k & mask[i]));
    transpose(block);
#pragma GCC unroll 16
    for (int j = 0; j < W; ++j) block[j].store(out + (k + j) * out_step);
  }
  for (; k < n; ++k)
    for (int i = 0; i < W; ++i) out[k * out_step + i] = row[i][k & mask[i]];
}

// out[i · out_step + k] = in[k · in_step + i] for i in a register's lanes and k < n.
template <class T>
static void transpose_lanes(T* out, int64_t out_step, const T* in, int64_t in_step, int64_t n) {
  using V = Vec<T>;
  constexpr int W = V::size;
  V block[W];
  int64_t k = 0;
  for (; k + W <= n; k += W) {
#pragma GCC unroll 16
    for (int j = 0; j < W; ++j) block[j] = V::load(in + (k + j) * in_step);
    transpose(block);
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) block[i].store(out + i * out_step + k);
  }
  for (; k < n; ++k)
    for (int i = 0; i < W; ++i) out[i * out_step + k] = in[k * in_step + i];
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
