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
// k in one chain of multiply-adds: half as long where each of them rounds twice.
#if defined(__FMA__)
constexpr int64_t kRun = 64;
#else
constexpr int64_t kRun = 32;
#endif
constexpr int64_t kGroup = 4 * kRun;  // k in as many chains as are added one after the other

// n steps of k along which the elements of every row of A are consecutive, from rows[i] on.
template <class T>
struct Stretch {
  int64_t n;
  const T* const* rows;
};

// A source of products has a Cursor<Rows> over k: ready(n) says how many of n > 0 steps come one after the
// other, left(i, k) and right(k) are the element of A and the place of the row of B, k steps ahead; skip(n)
// goes on.

// Rows of A stretch by stretch, B in a packed panel, or where it is, its rows `step` apart.
template <class T, bool Packed = true>
struct Panel {
  const Stretch<T>* stretches;
  int64_t row;
  const T* b;
  int64_t step = Tile<T>::cols;

  template <int Rows>
  struct Cursor {
    const Stretch<T>* stretch;
    int64_t row, step, rest;
    const T *at[Rows], *b;

    explicit Cursor(const Panel& p) : stretch(p.stretches), row(p.row), step(p.step), b(p.b) { open(); }

    int64_t ready(int64_t wanted) {
      if (rest == 0) {
        ++stretch;
        open();
      }
      return wanted < rest ? wanted : rest;
    }
    T left(int i, int64_t k) const { return at[i][k]; }
    const T* right(int64_t k) const { return b + k * (Packed ? Tile<T>::cols : step); }
    void skip(int64_t n) {
      rest -= n;
      b = right(n);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] += n;
    }

   private:
    void open() {
      rest = stretch->n;
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] = stretch->rows[row + i];
    }
  };
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
  template <class Cursor>
  __attribute__((always_inline)) void multiply(const Cursor& at, int64_t n) {
#pragma GCC unroll 4
    for (int64_t k = 0; k < n; ++k) {
      const T* const b = at.right(k);
      V row[Vecs];
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) row[v] = V::load(b + v * W);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
        const V left(at.left(i, k));
#pragma GCC unroll 2
        for (int v = 0; v < Vecs; ++v) acc[i][v] = fma(left, row[v], acc[i][v]);
      }
    }
  }

  // Register by register, so that additions and stores hide behind the products of the next chain. What is
  // null is not added; put(i, v, sum) stores a register.
  template <bool AddGroup, bool AddTile, class Put>
  __attribute__((always_inline)) void leave(const T* group, const T* tile, Put&& put) const {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) {
        V sum = acc[i][v];
        if (AddGroup) sum = V::load(group + i * NR + v * W) + sum;
        if (AddTile) sum = V::load(tile + i * NR + v * W) + sum;
        put(i, v, sum);
      }
  }
};

// Where a tile goes: to memory of its own, rows Tile<T>::cols apart …
template <class T>
struct ToTile {
  T* tile;

  template <int Rows, int Vecs, bool AddGroup, bool AddTile>
  __attribute__((always_inline)) void finish(const Accumulators<T, Rows, Vecs>& sum, const T* group,
                                             const T* before) const {
    T* const out = tile;
    sum.template leave<AddGroup, AddTile>(group, before,
                                          [out](int i, int v, Vec<T> x) __attribute__((always_inline)) {
                                            x.store(out + i * Tile<T>::cols + v * Vec<T>::size);
                                          });
  }
};

// tile[i, j] = Σ_k a[i, k] · b[k, j] for the first Rows rows and Vecs registers of columns. Chains of kRun
// steps are added to groups, groups to the tile, which bounds the rounding error.
template <class T, int Rows, int Vecs, class Source, class Place>
static void multiply_tile(int64_t kc, const Source& source, const Place& place) {
  alignas(64) T group[Rows * Tile<T>::cols], tile[Rows * Tile<T>::cols];
  const ToTile<T> to_group{group}, to_tile{tile};
  typename Source::template Cursor<Rows> at(source);
  for (int64_t k = 0;;) {
    Accumulators<T, Rows, Vecs> sum;
    sum.clear();
    int64_t left = kc - k < kRun ? kc - k : kRun;
    if (left == kRun && at.ready(kRun) == kRun) {
      sum.multiply(at, kRun);
      at.skip(kRun);
      left = 0;
    }
    while (left > 0) {
      const int64_t n = at.ready(left);
      sum.multiply(at, n);
      at.skip(n);
      left -= n;
    }
    const bool alone = k % kGroup == 0, first = k < kGroup;
    k += kRun;
    if (k >= kc) {
      if (first)
        return alone ? place.template finish<Rows, Vecs, false, false>(sum, group, tile)
                     : place.template finish<Rows, Vecs, true, false>(sum, group, tile);
      return alone ? place.template finish<Rows, Vecs, false, true>(sum, group, tile)
                   : place.template finish<Rows, Vecs, true, true>(sum, group, tile);
    }
    if (k % kGroup == 0) {
      first ? to_tile.template finish<Rows, Vecs, true, false>(sum, group, tile)
            : to_tile.template finish<Rows, Vecs, true, true>(sum, group, tile);
    } else {
      alone ? to_group.template finish<Rows, Vecs, false, false>(sum, group, tile)
            : to_group.template finish<Rows, Vecs, true, false>(sum, group, tile);
    }
  }
}

template <class Source, class Place>
using TileFunction = void (*)(int64_t, const Source&, const Place&);

// The function for that many rows.
template <class T, int Vecs, class Source, class Place, int Rows = kRows>
static TileFunction<Source, Place> choose_rows(int64_t rows) {
  if constexpr (Rows > 1)
    if (rows < Rows) return choose_rows<T, Vecs, Source, Place, Rows - 1>(rows);
  return multiply_tile<T, Rows, Vecs, Source, Place>;
}

// The function for rows × cols, to memory of its own.
template <class T, class Source>
static TileFunction<Source, ToTile<T>> choose_tile(int64_t rows, int64_t cols) {
  return cols <= Vec<T>::size ? choose_rows<T, 1, Source, ToTile<T>>(rows)
                              : choose_rows<T, 2, Source, ToTile<T>>(rows);
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
