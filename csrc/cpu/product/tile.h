// The innermost loop of every matrix product: one tile of the result, kept in registers over k.
#pragma once
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {

// n steps of k along which the elements of every row of A are consecutive, from rows[i] on.
template <class T>
struct Stretch {
  int64_t n;
  const T* const* rows;
};

namespace {

// A tile is kRows × Tile<T>::cols. Its accumulators, one row of B and one element of A fill the registers: 16
// of them, or 32 with AVX-512.
#if defined(__AVX512F__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif

// Whether there are tiles of so many rows: not of each where there are many, since all are compiled.
constexpr bool is_height(int64_t rows) { return rows <= 6 || rows == 8 || rows == kRows; }

constexpr int height_below(int rows) { return is_height(rows - 1) ? rows - 1 : height_below(rows - 1); }

// How many of `left` rows the next tile takes: the last two share theirs, since a tile of a row or two leaves
// the multipliers idle.
static inline int64_t next_rows(int64_t left) {
  if (left >= 2 * kRows) return kRows;
  if (left <= kRows && is_height(left)) return left;
  int64_t rows = (left + 1) / 2;
  while (!is_height(rows)) ++rows;
  return rows;
}

template <class T>
struct Tile {
  static constexpr int rows = kRows;
  static constexpr int cols = 2 * Vec<T>::size;
};

constexpr int64_t kDeep = 256;  // most k of a tile at once: a panel of B stays in the first-level cache
// k in one chain of multiply-adds: half as long where each of them rounds twice.
#if defined(__FMA__)
constexpr int64_t kRun = 64;
#else
constexpr int64_t kRun = 32;
#endif

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

constexpr int64_t kSoon = 32;  // steps of a tile that take longer than memory does

// What is to be brought to the second-level cache while other tiles are computed, step by step of k: some at
// the end of each chain of products, since few lines can be on their way at once.
template <class T>
struct Ahead {
  const T* a;
  int64_t a_step, rows;
  const T* b;
  int64_t b_step, cols;
  int64_t steps, at_once;

  void fetch() {
    constexpr int64_t line = 64 / sizeof(T);
    for (int64_t i = 0; i < at_once && steps > 0; ++i, --steps) {
      for (int64_t r = 0; r < rows; r += line) __builtin_prefetch(a + r, 0, 2);
      for (int64_t c = 0; c < cols; c += line) __builtin_prefetch(b + c, 0, 2);
      a += a_step;
      b += b_step;
    }
  }
};

// Rows of A side by side, `a_step` from one step of k to the next; B in a packed panel or where it is.
template <class T>
struct SideBySide {
  const T* a;
  int64_t a_step;
  const T* b;
  int64_t b_step;
  Ahead<T>* ahead;

  template <int Rows>
  struct Cursor {
    const T *a, *b;
    int64_t a_step, b_step;
    Ahead<T>* ahead;

    explicit Cursor(const SideBySide& s)
        : a(s.a), b(s.b), a_step(s.a_step), b_step(s.b_step), ahead(s.ahead) {}

    int64_t ready(int64_t wanted) const { return wanted; }
    T left(int i, int64_t k) const { return a[k * a_step + i]; }
    // Asks besides for what this tile reads some steps later: strides as wide are seen by no processor.
    const T* right(int64_t k) const {
      const T *const now = b + k * b_step, *const next = now + kSoon * b_step;
      __builtin_prefetch(next);
      __builtin_prefetch(next + Tile<T>::cols - 1);
      __builtin_prefetch(a + (k + kSoon) * a_step);
      return now;
    }
    void skip(int64_t n) {
      a += n * a_step;
      b += n * b_step;
      if (ahead->steps > 0) ahead->fetch();
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

  // Register by register, so that additions and stores hide behind the products of the next chain: put(i, v,
  // sum) stores a register, added to the chains `before` it.
  template <bool Add, class Put>
  __attribute__((always_inline)) void leave(const T* before, Put&& put) const {
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) {
        put(i, v, Add ? V::load(before + i * NR + v * W) + acc[i][v] : acc[i][v]);
      }
  }
};

// Where a tile goes: to memory of its own, rows Tile<T>::cols apart …
template <class T>
struct ToTile {
  T* tile;

  template <bool Add, int Rows, int Vecs>
  __attribute__((always_inline)) void finish(const Accumulators<T, Rows, Vecs>& sum, const T* before) const {
    T* const out = tile;
    sum.template leave<Add>(before, [out](int i, int v, Vec<T> x) __attribute__((always_inline)) {
      x.store(out + i * Tile<T>::cols + v * Vec<T>::size);
    });
  }
};

// tile[i, j] = Σ_k a[i, k] · b[k, j] for the first Rows rows and Vecs registers of columns, k < kc ≤ kDeep.
// Chains of kRun steps are added one after the other, which bounds the rounding error.
template <class T, int Rows, int Vecs, class Source, class Place>
static void multiply_tile(int64_t kc, const Source& source, const Place& place) {
  alignas(64) T chains[Rows * Tile<T>::cols];
  const ToTile<T> to_chains{chains};
  typename Source::template Cursor<Rows> at(source);
  for (int64_t k = 0;; k += kRun) {
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
    const bool first = k == 0;
    if (k + kRun >= kc)
      return first ? place.template finish<false>(sum, chains) : place.template finish<true>(sum, chains);
    first ? to_chains.template finish<false>(sum, chains) : to_chains.template finish<true>(sum, chains);
  }
}

template <class Source, class Place>
using TileFunction = void (*)(int64_t, const Source&, const Place&);

// The function for that many rows, which is_height.
template <class T, int Vecs, class Source, class Place, int Rows = kRows>
static TileFunction<Source, Place> choose_rows(int64_t rows) {
  if constexpr (Rows > 1)
    if (rows < Rows) return choose_rows<T, Vecs, Source, Place, height_below(Rows)>(rows);
  return multiply_tile<T, Rows, Vecs, Source, Place>;
}

// The function for rows × cols, to memory of its own.
template <class T, class Source>
static TileFunction<Source, ToTile<T>> choose_tile(int64_t rows, int64_t cols) {
  return cols <= Vec<T>::size ? choose_rows<T, 1, Source, ToTile<T>>(rows)
                              : choose_rows<T, 2, Source, ToTile<T>>(rows);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
