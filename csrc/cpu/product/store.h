// What becomes of a finished tile: it is added to what is there, then come bias, ReLU and gate.
#pragma once
#include "cpu/product/product.h"
#include "cpu/simd/math.h"
#include "cpu/simd/transpose.h"
#include "kernels/functors.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
static inline Vec<T> gated(Vec<T> gate, Vec<T> x) {
  return ReluGrad::apply(gate, x, Scalars<Vec<T>>{});
}

template <class T>
static inline Vec<T> load_lanes(const T* p, const int64_t* at, int n) {
  T lanes[Vec<T>::size] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[at[i]];
  return Vec<T>::load(lanes);
}

template <class T>
static inline void store_lanes(T* p, const int64_t* at, int n, Vec<T> value) {
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
    if (!r.gate) continue;
    __builtin_prefetch(r.gate + (out - r.data));
    __builtin_prefetch(r.gate + (out - r.data) + t.cols - 1);
  }
}

// Whether the rows of a tile are whole cache lines.
template <class T>
static inline bool is_lines(const Result<T>& r, const TilePlace& t) {
  constexpr uintptr_t line = 64;
  uintptr_t odd = uintptr_t(t.cols) * sizeof(T);
  for (int i = 0; i < t.rows; ++i) odd |= reinterpret_cast<uintptr_t>(r.data + t.row_at[i] + t.col_at[0]);
  return odd % line == 0;
}

// Whether a tile is to be written past the caches.
template <class T>
static inline bool is_streamed(const Result<T>& r, const TilePlace& t) {
  return r.far && t.first && t.last && is_lines(r, t);
}

// A tile whose columns are consecutive in memory. What changes nothing stands in for what is missing.
template <class T>
static void store_rows(const Result<T>& r, const TilePlace& t, const T* tile, int64_t step) {
  using V = Vec<T>;
  constexpr int W = V::size;
  static constexpr T zero = T(-0.0);
  const T* const by_row = t.last && r.row_bias ? r.row_bias + t.row * r.row_bias_step : &zero;
  const int64_t by_row_step = t.last && r.row_bias ? r.row_bias_step : 0;
  const V least(t.last && r.relu ? T(0) : T(-INFINITY));
  const T* const gate = t.last ? r.gate : nullptr;
  const bool adds = !t.first, streams = is_streamed(r, t);
  for (int j = 0; j < t.cols; j += W) {
    const int n = int(min64(W, t.cols - j));
    const V by_column = t.last && r.col_bias ? column_bias(r, t.col + j, n) : V(zero);
    const auto load = [n](const T* p) { return n == W ? V::load(p) : V::load_partial(p, n); };
    for (int i = 0; i < t.rows; ++i) {
      const int64_t at = t.row_at[i] + t.col_at[0] + j;
      V x = V::load(tile + i * step + j);
      if (adds) x = x + load(r.data + at);
      x = x + V(by_row[i * by_row_step]) + by_column;
      x = select(x < least, least, x);
      if (gate) x = gated(load(gate + at), x);
      if (n < W) {
        x.store_partial(r.data + at, n);
      } else {
        streams ? x.stream(r.data + at) : x.store(r.data + at);
      }
    }
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
  if (t.unit) return store_rows(r, t, tile, step);
  for (int i = 0; i < t.rows; ++i) {
    T* const out = r.data + t.row_at[i];
    for (int j = 0; j < t.cols; j += W) {
      const int n = int(min64(W, t.cols - j));
      const int64_t* const at = t.col_at + j;
      V value = V::load(tile + i * step + j);
      if (!t.first) value = value + load_lanes<T>(out, at, n);
      if (t.last) {
        if (r.row_bias) value = value + V(r.row_bias[(t.row + i) * r.row_bias_step]);
        if (r.col_bias) value = value + column_bias(r, t.col + j, n);
        if (r.relu) value = Relu::apply(value, Scalars<V>{});
        if (r.gate) value = gated(load_lanes<T>(r.gate + t.row_at[i], at, n), value);
      }
      store_lanes(out, at, n, value);
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

// … or straight to the result: consecutive columns, and in whole registers where nothing follows the sum.
template <class T>
struct ToResult {
  T* out;
  const int64_t* row_at;
  bool adds;             // to what is there
  bool streams = false;  // past the caches: rows are whole cache lines

  template <bool Add, int Rows, int Vecs>
  __attribute__((always_inline)) void finish(const Accumulators<T, Rows, Vecs>& sum, const T* before) const {
    constexpr int W = Vec<T>::size;
    const ToResult r = *this;  // copies of what no store can change
    if (r.adds)
      return sum.template leave<Add>(before, [r](int i, int v, Vec<T> x) __attribute__((always_inline)) {
        T* const to = r.out + r.row_at[i] + v * W;
        (x + Vec<T>::load(to)).store(to);
      });
    sum.template leave<Add>(before, [r](int i, int v, Vec<T> x) __attribute__((always_inline)) {
      T* const to = r.out + r.row_at[i] + v * W;
      r.streams ? x.stream(to) : x.store(to);
    });
  }
};

// … or there with its bias, ReLU and gate, and any number of columns.
template <class T>
struct ToCompleted {
  ToResult<T> to;
  int last;                      // lanes of a row's last register
  const T *row_bias, *col_bias;  // of the tile, or null
  int64_t row_bias_step, col_bias_step;
  bool relu;
  const T* gate;  // lies as the result does; or null

  template <bool Add, int Rows, int Vecs>
  __attribute__((always_inline)) void finish(const Accumulators<T, Rows, Vecs>& sum, const T* before) const {
    using V = Vec<T>;
    constexpr int W = V::size;
    static constexpr T zero = T(-0.0);  // changes nothing, and stands in for a bias that is missing
    const ToCompleted r = *this;        // copies of what no store can change
    V by_column[Vecs];
    for (int v = 0; v < Vecs; ++v)
      by_column[v] = r.col_bias ? load_stepped(r.col_bias + v * W * r.col_bias_step, r.col_bias_step,
                                               v + 1 < Vecs ? W : r.last)
                                : V(zero);
    const T* const by_row = r.row_bias ? r.row_bias : &zero;
    const V least(r.relu ? T(0) : T(-INFINITY));
    sum.template leave<Add>(before, [&, r](int i, int v, V x) __attribute__((always_inline)) {
      T* const to = r.to.out + r.to.row_at[i] + v * W;
      const bool whole = v + 1 < Vecs || r.last == W;
      if (r.to.adds) x = x + (whole ? V::load(to) : V::load_partial(to, r.last));
      x = x + V(by_row[i * r.row_bias_step]) + by_column[v];
      x = select(x < least, least, x);
      if (r.gate) {
        const T* const gate = r.gate + r.to.row_at[i] + v * W;
        x = gated(whole ? V::load(gate) : V::load_partial(gate, r.last), x);
      }
      if (!whole) return x.store_partial(to, r.last);
      r.to.streams ? x.stream(to) : x.store(to);
    });
  }
};

// Whether a tile is a sum and no more. The first block of k replaces what is in the result, later ones add to
// it; what follows a sum comes with the last.
template <class T>
static inline bool is_plain(const Result<T>& r, const TilePlace& t) {
  const bool completes = r.row_bias || r.col_bias || r.relu || r.gate;
  return t.unit && t.cols % Vec<T>::size == 0 && !(t.last && completes);
}

template <class T>
static inline ToResult<T> to_result(const Result<T>& r, const TilePlace& t) {
  return {r.data + t.col_at[0], t.row_at, !t.first, is_streamed(r, t)};
}

template <class T>
static inline ToCompleted<T> to_completed(const Result<T>& r, const TilePlace& t) {
  return {to_result(r, t),
          (t.cols - 1) % Vec<T>::size + 1,
          t.last && r.row_bias ? r.row_bias + t.row * r.row_bias_step : nullptr,
          t.last && r.col_bias ? r.col_bias + t.col * r.col_bias_step : nullptr,
          t.last && r.row_bias ? r.row_bias_step : 0,
          r.col_bias_step,
          t.last && r.relu,
          t.last && r.gate ? r.gate + t.col_at[0] : nullptr};
}

template <class T, class Source, class Place>
static inline void multiply_straight(const TilePlace& t, int64_t kc, const Source& source, const Place& to) {
  (t.cols > Vec<T>::size ? choose_rows<T, 2, Source, Place> : choose_rows<T, 1, Source, Place>)(t.rows)(
      kc, source, to);
}

// Sources whose sums may be short, so that a tile is completed in registers; there is code for these alone.
template <class Source>
constexpr bool kCompletes = false;
template <bool Packed>
constexpr bool kCompletes<Panel<float, Packed>> = true;

// One tile's products, into the result; `tile` is memory for those that go there by way of it.
template <class T, class Source>
static inline void multiply_to(const Result<T>& r, const TilePlace& t, int64_t kc, const Source& source,
                               T* tile) {
  if (is_plain(r, t)) return multiply_straight<T>(t, kc, source, to_result(r, t));
  if constexpr (kCompletes<Source>)
    if (t.unit) return multiply_straight<T>(t, kc, source, to_completed(r, t));
  choose_tile<T, Source>(t.rows, t.cols)(kc, source, {tile});
  store_tile(r, t, tile);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
