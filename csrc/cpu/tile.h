// The innermost loop of every matrix product: one tile of the result, kept in registers over k.
#pragma once
#include "cpu/simd.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// A tile is kRows × Tile<T>::cols. Its accumulators, one row of B and one element of A fill the registers: 16
// of them, or 32 with AVX-512.
#if defined(__AVX512F__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif

template <class T>
struct Tile {
  static constexpr int rows = kRows;
  static constexpr int cols = 2 * Vec<T>::size;
};

constexpr int64_t kDeep = 256;   // k in one packed block: a panel of B stays in the first-level cache
constexpr int64_t kRun = 32;     // k in one chain of fused multiply-adds
constexpr int64_t kGroup = 128;  // k in as many chains as are added one after the other

// The accumulators of one tile, or of its first Rows rows and Vecs registers of columns.
template <class T, int Rows, int Vecs>
struct Accumulators {
  using V = Vec<T>;
  static constexpr int W = V::size, NR = Tile<T>::cols;
  V acc[Rows][Vecs];

  void clear() {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) acc[i][v] = V(T(0));
  }

  // n steps of a chain; the compiler knows n where a chain is whole.
  __attribute__((always_inline)) void multiply(const T* a, const T* b, int64_t n) {
#pragma GCC unroll 4
    for (int64_t k = 0; k < n; ++k, a += kRows, b += NR) {
      V row[Vecs];
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) row[v] = V::load(b + v * W);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
        const V left(a[i]);
#pragma GCC unroll 2
        for (int v = 0; v < Vecs; ++v) acc[i][v] = fma(left, row[v], acc[i][v]);
      }
    }
  }

  void add(const T* p) {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) acc[i][v] = V::load(p + i * NR + v * W) + acc[i][v];
  }

  void store(T* p) const {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) acc[i][v].store(p + i * NR + v * W);
  }
};

// tile[i, j] = Σ_k a[k, i] · b[k, j] for the first Rows rows and Vecs registers of columns; a and b are
// packed panels of kRows and Tile<T>::cols lanes. Chains of kRun steps are added to groups, groups to the
// tile, which bounds the rounding error.
template <class T, int Rows, int Vecs>
static void multiply_tile(int64_t kc, const T* a, const T* b, T* tile) {
  alignas(64) T group[Rows * Tile<T>::cols];
  int64_t k = 0;
  do {
    Accumulators<T, Rows, Vecs> sum;
    sum.clear();
    const bool begins = k % kGroup == 0, first = k < kGroup;
    const int64_t left = kc - k;
    if (left >= kRun) {
      sum.multiply(a + k * kRows, b + k * Tile<T>::cols, kRun);
    } else {
      sum.multiply(a + k * kRows, b + k * Tile<T>::cols, left);
    }
    k += kRun;
    const bool ends = k % kGroup == 0 || left <= kRun;
    if (!begins) sum.add(group);
    if (ends && !first) sum.add(tile);
    sum.store(ends ? tile : group);
  } while (k < kc);
}

template <class T>
using TileFunction = void (*)(int64_t, const T*, const T*, T*);

template <class T, int Vecs>
static TileFunction<T> choose_rows(int64_t rows) {
  if (rows <= 1) return multiply_tile<T, 1, Vecs>;
  if (rows <= 2) return multiply_tile<T, 2, Vecs>;
  if (rows <= 4) return multiply_tile<T, 4, Vecs>;
#if defined(__AVX512F__)
  if (rows <= 6) return multiply_tile<T, 6, Vecs>;
  if (rows <= 8) return multiply_tile<T, 8, Vecs>;
#endif
  return multiply_tile<T, kRows, Vecs>;
}

// The smallest function that covers rows × cols.
template <class T>
static TileFunction<T> choose_tile(int64_t rows, int64_t cols) {
  return cols <= Vec<T>::size ? choose_rows<T, 1>(rows) : choose_rows<T, 2>(rows);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
