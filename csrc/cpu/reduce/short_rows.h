// Many short rows, each combined in the order of tree.h: a few at a time, their lanes folded side by side, so
// that no row waits for its own folds.
#pragma once
#include "cpu/reduce/tree.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int kShortBlocks = 8;  // more than a short row has: rows a page apart share few lines of a cache

// Rows at a time: as many as fill a register, their lanes folded.
template <class T>
constexpr int kTogether = Vec<T>::size < 8 ? Vec<T>::size : 8;

// The lanes of n <= 128 consecutive elements, folded into one register.
template <class R, class T>
[[gnu::always_inline]] static inline Vec<T> row_lanes(const T* p, int n) {
  using V = Vec<T>;
  constexpr int W = V::size, N = kLanes / W;
  const V neutral = R::before(V(R::template neutral<T>()));
  V lanes[N];
  int k = 0;
  for (int j = 0; j < N; ++j) lanes[j] = neutral;
  if (n >= kLanes) {
    for (int j = 0; j < N; ++j) lanes[j] = R::before(V::load(p + j * W));
    for (k = kLanes; k + kLanes <= n; k += kLanes)
      for (int j = 0; j < N; ++j) lanes[j] = R::join(lanes[j], R::before(V::load(p + k + j * W)));
  }
  for (int j = 0; j < N && k + j * W < n; ++j) {
    const auto inside = lanes_below<T>(n - k - j * W);
    lanes[j] = R::join(lanes[j], select(inside, R::before(load_masked(p + k + j * W, inside)), neutral));
  }
  for (int half = N / 2; half > 0; half /= 2)
    for (int j = 0; j < half; ++j) lanes[j] = R::join(lanes[j], lanes[j + half]);
  return lanes[0];
}

// a and b hold 2 Half lanes of each of some rows: their lower halves joined with the upper ones, first those
// of a.
template <int Half, class R, class T>
[[gnu::always_inline]] static inline Vec<T> join_halves(Vec<T> a, Vec<T> b) {
  constexpr int W = Vec<T>::size;
  Vec<T> low, high;
#if defined(__clang__)
  for (int i = 0; i < W; ++i) {
    const int from = i / Half * 2 * Half + i % Half;
    low.v[i] = from < W ? a.v[from] : b.v[from - W];
    high.v[i] = from < W ? a.v[from + Half] : b.v[from + Half - W];
  }
#else
  typename Vec<T>::bits order;
  for (int i = 0; i < W; ++i) order[i] = i / Half * 2 * Half + i % Half;
  low.v = __builtin_shuffle(a.v, b.v, order);
  high.v = __builtin_shuffle(a.v, b.v, order + Half);
#endif
  return R::join(low, high);
}

// The lanes of Count rows in one register, Half of each.
template <int Half, int Count, class R, class T>
[[gnu::always_inline]] static inline Vec<T> join_side_by_side(const Vec<T>* rows) {
  if constexpr (Count == 1) {
    return rows[0];
  } else {
    return join_halves<Half, R>(join_side_by_side<2 * Half, Count / 2, R>(rows),
                                join_side_by_side<2 * Half, Count / 2, R>(rows + Count / 2));
  }
}

// One block of kTogether rows, `step` apart: the value of row i in lane i · W / kTogether.
template <class R, class T>
[[gnu::always_inline]] static inline Vec<T> block_of_rows(const T* p, int64_t step, int n) {
  constexpr int count = kTogether<T>, each = Vec<T>::size / count;
  Vec<T> rows[count];
  for (int i = 0; i < count; ++i) rows[i] = row_lanes<R>(p + i * step, n);
  const Vec<T> x = join_side_by_side<each, count, R>(rows);
  static_assert(each <= 2, "");
  return each == 2 ? R::join(x, exchange<1>(x)) : x;
}

// kTogether rows of n < 128 · kShortBlocks elements, `step` apart, to out[0], out[1], ….
template <class R, class T>
[[gnu::noinline]] static void combine_short_rows(const T* p, int64_t step, int64_t n, T* out) {
  using V = Vec<T>;
  V levels[kShortBlocks];
  int depth = 0;
  for (int64_t k = 0, count = 0; k < n; k += kBlock) {
    V value = block_of_rows<R>(p + k, step, int(n - k < kBlock ? n - k : kBlock));
    for (int64_t c = count++; c & 1; c >>= 1) value = R::join(levels[--depth], value);
    levels[depth++] = value;
  }
  V value = levels[--depth];
  while (depth > 0) value = R::join(levels[--depth], value);
  for (int i = 0; i < kTogether<T>; ++i) out[i] = value.v[i * (V::size / kTogether<T>)];
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
