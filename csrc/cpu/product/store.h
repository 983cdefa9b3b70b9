// What becomes of a finished tile: scale, add to what is there, bias, activation, store.
#pragma once
#include "cpu/product/product.h"
#include "cpu/simd/math.h"
#include "cpu/simd/transpose.h"
#include "kernels/functors.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
static inline Vec<T> activate(Activation kind, Vec<T> x, T slope) {
  const Scalars<Vec<T>> p{slope, T(0)};
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::relu:
      return Relu::apply(x, p);
    case Activation::leaky_relu:
      return LeakyRelu::apply(x, p);
    case Activation::sigmoid:
      return Sigmoid::apply(x, p);
    case Activation::tanh:
      return Tanh::apply(x, p);
  }
  return x;
}

template <class T>
static inline Vec<T> load_lanes(const T* p, const int64_t* at, bool unit, int n) {
  if (unit) return n == Vec<T>::size ? Vec<T>::load(p + at[0]) : Vec<T>::load_partial(p + at[0], n);
  T lanes[Vec<T>::size] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[at[i]];
  return Vec<T>::load(lanes);
}

template <class T>
static inline void store_lanes(T* p, const int64_t* at, bool unit, int n, Vec<T> value) {
  if (unit) {
    if (n == Vec<T>::size) return value.store(p + at[0]);
    return value.store_partial(p + at[0], n);
  }
  T lanes[Vec<T>::size];
  value.store(lanes);
  for (int i = 0; i < n; ++i) p[at[i]] = lanes[i];
}

constexpr int kFewest = 4;  // consecutive elements that are worth a register

// Which part of the result a tile is, and where its elements lie.
struct TilePlace {
  int64_t row, col;  // of its first element
  int rows, cols;
  const int64_t *row_at, *col_at;
  bool unit;         // its columns are consecutive in memory
  bool first, last;  // block of k
};

// n lanes, `step` apart.
template <class T>
static inline Vec<T> load_stepped(const T* p, int64_t step, int n) {
  if (step != 1) return Vec<T>::gather(p, step, n);
  return n == Vec<T>::size ? Vec<T>::load(p) : Vec<T>::load_partial(p, n);
}

// Bias of columns col … col + n.
template <class T>
static inline Vec<T> column_bias(const Result<T>& r, int64_t col, int n) {
  return load_stepped(r.col_bias + col * r.col_bias_step, r.col_bias_step, n);
}

// Brings the lines of a tile near while its products are computed.
template <class T>
static inline void prefetch_tile(const Result<T>& r, const TilePlace& t) {
  if (!t.unit) return;
  for (int i = 0; i < t.rows; ++i) {
    const T* const out = r.data + t.row_at[i] + t.col_at[0];
    __builtin_prefetch(out, 1);
    __builtin_prefetch(out + t.cols - 1, 1);
  }
}

template <class T>
static void store_turned(const Result<T>& r, const TilePlace& t, const T* tile);

// Any tile, its rows `step` apart, and any step of the result.
template <class T>
static void store_tile(const Result<T>& r, const TilePlace& t, const T* tile, int64_t step = Tile<T>::cols) {
  using V = Vec<T>;
  constexpr int W = V::size;
  if (!t.unit && t.rows >= kFewest && is_unit(t.row_at, t.rows)) return store_turned(r, t, tile);
  for (int i = 0; i < t.rows; ++i) {
    T* const out = r.data + t.row_at[i];
    for (int j = 0; j < t.cols; j += W) {
      const int n = int(min64(W, t.cols - j));
      const int64_t* const at = t.col_at + j;
      V value = V::load(tile + i * step + j);
      if (r.alpha != T(1)) value = value * V(r.alpha);
      if (!t.first) {
        value = value + load_lanes<T>(out, at, t.unit, n);
      } else if (r.beta != T(0)) {
        value = fma(V(r.beta), load_lanes<T>(out, at, t.unit, n), value);
      }
      if (t.last) {
        if (r.row_bias) value = value + V(r.row_bias[(t.row + i) * r.row_bias_step]);
        if (r.col_bias) value = value + column_bias(r, t.col + j, n);
        value = activate(r.activation, value, r.slope);
      }
      store_lanes(out, at, t.unit, n, value);
    }
  }
}

// A tile whose rows are the consecutive ones of the result.
template <class T>
static void store_turned(const Result<T>& r, const TilePlace& t, const T* tile) {
  constexpr int W = Vec<T>::size, NR = Tile<T>::cols, step = (kRows + W - 1) / W * W;
  alignas(64) T turned[NR * step];
  Vec<T> block[W];
  for (int i = 0; i < t.rows; i += W)
    for (int j = 0; j < t.cols; j += W) {
      for (int k = 0; k < W; ++k)
        block[k] = i + k < t.rows ? Vec<T>::load(tile + (i + k) * NR + j) : Vec<T>(T(0));
      transpose(block);
      for (int k = 0; k < W; ++k) block[k].store(turned + (j + k) * step + i);
    }
  const TilePlace place{t.col, t.row, t.cols, t.rows, t.col_at, t.row_at, true, t.first, t.last};
  store_tile(exchanged(r), place, turned, step);
}

// … or straight to the result: consecutive columns, neither scaled nor activated.
template <class T>
struct ToResult {
  T* out;
  const int64_t* row_at;
  bool adds;                     // to what is there
  const T *row_bias, *col_bias;  // of the tile, or null
  int64_t row_bias_step, col_bias_step;
  int last = Vec<T>::size;  // lanes of a row's last register
  bool streams = false;     // past the caches: rows are whole cache lines

  template <bool Add, int Rows, int Vecs>
  __attribute__((always_inline)) void finish(const Accumulators<T, Rows, Vecs>& sum, const T* before) const {
    constexpr int W = Vec<T>::size;
    const ToResult r = *this;  // copies of what no store can change
    if (r.last == W && !r.adds && !r.row_bias && !r.col_bias)
      return sum.template leave<Add>(before, [r](int i, int v, Vec<T> x) __attribute__((always_inline)) {
        T* const to = r.out + r.row_at[i] + v * W;
        r.streams ? x.stream(to) : x.store(to);
      });
    Vec<T> by_column[Vecs];
    for (int v = 0; v < Vecs; ++v)
      by_column[v] = r.col_bias ? load_stepped(r.col_bias + v * W * r.col_bias_step, r.col_bias_step,
                                               v + 1 < Vecs ? W : r.last)
                                : Vec<T>(T(0));
    sum.template leave<Add>(before, [&, r](int i, int v, Vec<T> x) __attribute__((always_inline)) {
      T* const to = r.out + r.row_at[i] + v * W;
      const bool whole = v + 1 < Vecs || r.last == W;
      if (r.adds) x = x + (whole ? Vec<T>::load(to) : Vec<T>::load_partial(to, r.last));
      if (r.row_bias) x = x + Vec<T>(r.row_bias[i * r.row_bias_step]);
      if (r.col_bias) x = x + by_column[v];
      if (!whole) return x.store_partial(to, r.last);
      r.streams ? x.stream(to) : x.store(to);
    });
  }
};

// Whether every tile goes straight to the result …
template <class T>
static inline bool is_plain(const Result<T>& r) {
  return r.cols.levels == 1 && r.cols.step() == 1 && r.alpha == T(1) && r.beta == T(0) &&
         r.activation == Activation::none;
}

// … or this one.
template <class T>
static inline bool is_plain(const Result<T>& r, const TilePlace& t) {
  return t.unit && r.alpha == T(1) && (!t.first || r.beta == T(0)) &&
         (!t.last || r.activation == Activation::none);
}

// Whether the rows of a tile are whole cache lines.
template <class T>
static inline bool is_lines(const Result<T>& r, const TilePlace& t) {
  constexpr uintptr_t line = 64;
  uintptr_t odd = uintptr_t(t.cols) * sizeof(T);
  for (int i = 0; i < t.rows; ++i) odd |= reinterpret_cast<uintptr_t>(r.data + t.row_at[i] + t.col_at[0]);
  return odd % line == 0;
}

// The first block of k replaces (or, with beta, scales) what is there, later ones add to it; bias and
// activation come with the last.
template <class T>
static inline ToResult<T> straight(const Result<T>& r, const TilePlace& t) {
  return {r.data + t.col_at[0],
          t.row_at,
          !t.first,
          t.last && r.row_bias ? r.row_bias + t.row * r.row_bias_step : nullptr,
          t.last && r.col_bias ? r.col_bias + t.col * r.col_bias_step : nullptr,
          r.row_bias_step,
          r.col_bias_step,
          (t.cols - 1) % Vec<T>::size + 1,
          r.far && t.first && t.last && is_lines(r, t)};
}

// The products of a tile that is_plain, into the result.
template <class T, class Source>
static inline void multiply_straight(const Result<T>& r, const TilePlace& t, int64_t kc,
                                     const Source& source) {
  (t.cols > Vec<T>::size ? choose_rows<T, 2, Source, ToResult<T>>
                         : choose_rows<T, 1, Source, ToResult<T>>)(t.rows)(kc, source, straight(r, t));
}

// One tile's products, into the result; `tile` is memory for those that go there by way of it.
template <class T, class Source>
static inline void multiply_to(const Result<T>& r, const TilePlace& t, int64_t kc, const Source& source,
                               T* tile) {
  if (is_plain(r, t)) return multiply_straight(r, t, kc, source);
  choose_tile<T, Source>(t.rows, t.cols)(kc, source, {tile});
  store_tile(r, t, tile);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
