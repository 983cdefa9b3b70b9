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

constexpr int64_t kDeep = 256;  // k in one packed block: a panel of B stays in the first-level cache
constexpr int64_t kRun = 64;    // k in one chain of fused multiply-adds

// tile[i, j] = Σ_k a[k, i] · b[k, j] for the first Rows rows and Vecs registers of columns; a and b are
// packed panels of kRows and Tile<T>::cols lanes. Chains are cut every kRun steps, which bounds the rounding
// error.
template <class T, int Rows, int Vecs>
static void multiply_tile(int64_t kc, const T* a, const T* b, T* tile) {
  using V = Vec<T>;
  constexpr int W = V::size, NR = Tile<T>::cols;
  int64_t k = 0;
  do {
    V acc[Rows][Vecs];
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) acc[i][v] = V(T(0));
    const int64_t end = k + kRun < kc ? k + kRun : kc;
    const bool first = k == 0;
#pragma GCC unroll 4
    for (; k < end; ++k, a += kRows, b += NR) {
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
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) {
        T* const at = tile + i * NR + v * W;
        (first ? acc[i][v] : V::load(at) + acc[i][v]).store(at);
      }
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
