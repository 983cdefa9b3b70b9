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

// n steps of k along which the elements of every row of A are consecutive, from rows[i] on.
template <class T>
struct Stretch {
  int64_t n;
  const T* const* rows;
};

// Rows `row` … row + Rows of A, stretch by stretch.
template <class T, int Rows>
struct RowCursor {
  const Stretch<T>* stretch;
  int64_t row, left;
  const T* at[Rows];

  RowCursor(const Stretch<T>* stretches, int64_t first) : stretch(stretches), row(first) { open(); }

  // How many of `wanted` steps lie ahead in one stretch.
  int64_t ready(int64_t wanted) {
    if (left == 0) {
      ++stretch;
      open();
    }
    return wanted < left ? wanted : left;
  }
  void skip(int64_t n) {
    left -= n;
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) at[i] += n;
  }

 private:
  void open() {
    left = stretch->n;
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) at[i] = stretch->rows[row + i];
  }
};

// The accumulators of the first Rows rows and Vecs registers of columns of a tile.
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
  __attribute__((always_inline)) void multiply(const T* const (&a)[Rows], const T* b, int64_t n) {
#pragma GCC unroll 4
    for (int64_t k = 0; k < n; ++k, b += NR) {
      V row[Vecs];
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) row[v] = V::load(b + v * W);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
        const V left(a[i][k]);
#pragma GCC unroll 2
        for (int v = 0; v < Vecs; ++v) acc[i][v] = fma(left, row[v], acc[i][v]);
      }
    }
  }

  // Register by register, so that additions and stores hide behind the products of the next chain.
  template <bool AddGroup, bool AddTile>
  __attribute__((always_inline)) void store(const T* group, const T* tile, T* to) const {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) {
        const int at = i * NR + v * W;
        V sum = acc[i][v];
        if (AddGroup) sum = V::load(group + at) + sum;
        if (AddTile) sum = V::load(tile + at) + sum;
        sum.store(to + at);
      }
  }
};

// tile[i, j] = Σ_k a[i, k] · b[k, j] for the first Rows rows and Vecs registers of columns; b is a packed
// panel. Chains of kRun steps are added to groups, groups to the tile, which bounds the rounding error.
template <class T, int Rows, int Vecs>
static void multiply_tile(int64_t kc, const Stretch<T>* stretches, int64_t row, const T* b, T* tile) {
  alignas(64) T group[Rows * Tile<T>::cols];
  RowCursor<T, Rows> a(stretches, row);
  int64_t k = 0;
  do {
    Accumulators<T, Rows, Vecs> sum;
    sum.clear();
    int64_t wanted = kc - k < kRun ? kc - k : kRun;
    if (wanted == kRun && a.ready(kRun) == kRun) {
      sum.multiply(a.at, b, kRun);
      a.skip(kRun);
      b += kRun * Tile<T>::cols;
    } else {
      for (; wanted > 0;) {
        const int64_t n = a.ready(wanted);
        sum.multiply(a.at, b, n);
        a.skip(n);
        b += n * Tile<T>::cols;
        wanted -= n;
      }
    }
    const bool begins = k % kGroup == 0, first = k < kGroup;
    k += kRun;
    if (k % kGroup != 0 && k < kc) {
      begins ? sum.template store<false, false>(group, tile, group)
             : sum.template store<true, false>(group, tile, group);
    } else if (first) {
      begins ? sum.template store<false, false>(group, tile, tile)
             : sum.template store<true, false>(group, tile, tile);
    } else {
      begins ? sum.template store<false, true>(group, tile, tile)
             : sum.template store<true, true>(group, tile, tile);
    }
  } while (k < kc);
}

template <class T>
using TileFunction = void (*)(int64_t, const Stretch<T>*, int64_t, const T*, T*);

template <class T, int Vecs, int Rows = kRows>
static TileFunction<T> choose_rows(int64_t rows) {
  if constexpr (Rows > 1)
    if (rows < Rows) return choose_rows<T, Vecs, Rows - 1>(rows);
  return multiply_tile<T, Rows, Vecs>;
}

// The function for rows × cols.
template <class T>
static TileFunction<T> choose_tile(int64_t rows, int64_t cols) {
  return cols <= Vec<T>::size ? choose_rows<T, 1>(rows) : choose_rows<T, 2>(rows);
}

// How many of `left` rows the next tile takes: the last two share theirs, since a tile of a row or two leaves
// the multipliers idle.
static inline int64_t next_rows(int64_t left) {
  if (left <= kRows) return left;
  return left >= 2 * kRows ? kRows : (left + 1) / 2;
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
