// Reductions along one dimension of an array, with the same bits for every layout.
//
// Work comes in steps of one vector. Along: one line at a time, step k holds its elements kW … kW+W-1.
// Across: W lines at a time, step k holds element k of each. Either way element i of a line is added to the
// line's partial sum i mod W, and the W partial sums are added as one binary tree: the two agree bit by bit.
// Along pays where the line is contiguous in memory, Across where its neighbours are.
#pragma once
#include <type_traits>

#include "cpu/elementwise/loop.h"
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kFold = 16;  // vectors added to one partial sum before it is folded into the total

template <class T>
static inline Vec<T> fetch_lanes(const T* p, int64_t lane, int n, T fill) {
  constexpr int W = Vec<T>::size;
  if (lane == 1) {
    if (n == W) return Vec<T>::load(p);
    const auto mask = lanes_below<T>(n);
    return select(mask, load_masked(p, mask), Vec<T>(fill));
  }
  if (n == W) return Vec<T>::gather(p, lane);
  T lanes[W];
  for (int i = 0; i < W; ++i) lanes[i] = i < n ? p[i * lane] : fill;
  return Vec<T>::load(lanes);
}

template <class T>
static inline void put_lanes(T* p, int64_t lane, int n, Vec<T> value) {
  if (n == Vec<T>::size) return lane == 1 ? value.store(p) : value.scatter(p, lane);
  if (lane != 1) return value.scatter(p, lane, n);
  value.store_partial(p, n);
}

// A line, or W neighbouring ones, in memory.
template <class T>
struct Lines {
  T* p;
  int64_t step, lane;  // distance between steps, and between the lanes of one step
};

template <class T>
struct Along {
  using V = Vec<T>;
  static constexpr int W = V::size;
  static constexpr bool unit = true;  // whether lanes lie next to each other
  int64_t n;

  static Lines<T> lines(T* p, int64_t, int64_t) { return {p, W, 1}; }
  static Lines<const T> lines(const T* p, int64_t, int64_t) { return {p, W, 1}; }
  int64_t steps() const { return (n + W - 1) / W; }
  int lanes(int64_t k) const { return n - k * W < W ? int(n - k * W) : W; }
  int results() const { return 1; }  // lanes that hold a line's result
  V spread(V result) const { return V(T(result.v[0])); }

  // term(k) must be 0 in the lanes beyond the line's end.
  template <class Term>
  __attribute__((always_inline)) V sum(Term&& term) const {
    const int64_t count = steps();
    V total(T(0));
    for (int64_t k = 0; k < count; k += 2 * kFold) {  // two parts at a time: neither waits for the other
      V part(T(0)), next(T(0));
      const int64_t left = count - k, first = left < kFold ? left : kFold;
      const int64_t second = left - first < kFold ? left - first : kFold;
      for (int64_t j = 0; j < second; ++j) {
        part += term(k + j);
        next += term(k + kFold + j);
      }
      for (int64_t j = second; j < first; ++j) part += term(k + j);
      total += part;
      if (second > 0) total += next;
    }
    return V(sum_lanes(total));
  }

  V reduce_maximum(V x) const {
    return fold_lanes(x, [](V a, V b) { return at_least(a, b); });
  }
};

template <class T, bool Unit>
struct Across {
  using V = Vec<T>;
  static constexpr int W = V::size;
  static constexpr bool unit = Unit;
  int64_t n;
  int count;  // lines, at most W

  static Lines<T> lines(T* p, int64_t element, int64_t neighbour) { return {p, element, neighbour}; }
  static Lines<const T> lines(const T* p, int64_t element, int64_t neighbour) {
    return {p, element, neighbour};
  }
  int64_t steps() const { return n; }
  int lanes(int64_t) const { return count; }
  int results() const { return count; }
  V spread(V result) const { return result; }

  template <class Term>
  __attribute__((always_inline)) V sum(Term&& term) const {
    V total[W], part[W];
    for (int j = 0; j < W; ++j) total[j] = V(T(0));
    for (int64_t k = 0; k < n;) {
      for (int j = 0; j < W; ++j) part[j] = V(T(0));
      const int64_t end = k + kFold * W < n ? k + kFold * W : n;
      for (; k + W <= end; k += W)
        for (int j = 0; j < W; ++j) part[j] += term(k + j);
      for (int j = 0; k < end; ++j, ++k) part[j] += term(k);
      for (int j = 0; j < W; ++j) total[j] += part[j];
    }
    for (int half = W / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) total[j] += total[j + half];
    return total[0];
  }

  V reduce_maximum(V x) const { return x; }
};

template <class Model, class T>
static inline auto get(const Model& m, const Lines<T>& line, int64_t k, T fill = 0) {
  return fetch_lanes(line.p + k * line.step, Model::unit ? 1 : line.lane, m.lanes(k), fill);
}
template <class Model, class T>
static inline auto get(const Model& m, const Lines<const T>& line, int64_t k, T fill = 0) {
  return fetch_lanes(line.p + k * line.step, Model::unit ? 1 : line.lane, m.lanes(k), fill);
}
template <class Model, class T>
static inline void put(const Model& m, const Lines<T>& line, int64_t k, Vec<T> value) {
  put_lanes(line.p + k * line.step, Model::unit ? 1 : line.lane, m.lanes(k), value);
}

// The whole line: value(k) at step k, past the caches where it is `far` and whole registers.
template <class Model, class T, class Value>
static inline void put_line(const Model& m, const Lines<T>& line, bool far, Value&& value) {
  const bool whole = std::is_same<Model, Along<T>>::value && m.n % Vec<T>::size == 0 &&
                     reinterpret_cast<uintptr_t>(line.p) % sizeof(Vec<T>) == 0;
  if (far && whole) {
    for (int64_t k = 0; k < m.steps(); ++k) value(k).stream(line.p + k * line.step);
  } else {
    for (int64_t k = 0; k < m.steps(); ++k) put(m, line, k, value(k));
  }
}

// The largest element of each line, -inf for an empty one. NaN may be passed over: sums of the line have it.
template <class Model, class T>
static inline Vec<T> line_maximum(const Model& m, const Lines<const T>& x) {
  Vec<T> most(-T(INFINITY));
  for (int64_t k = 0; k < m.steps(); ++k) most = at_least(get(m, x, k, -T(INFINITY)), most);
  return m.reduce_maximum(most);
}

// body(model, offsets, neighbours): one line, or up to W adjacent ones, at the offsets; neighbours[k] is the
// distance between adjacent lines of operand k. Operand 0 leads the order. Along takes lines whose elements
// lie together in every operand; short ones and all others go Across, so that no vector is left half empty.
// `shortest`: elements of a line from which Along takes less time.
template <class T, int N, class Body>
void for_lines(const View* const (&views)[N], int dim, Body&& body, int64_t shortest = Vec<T>::size) {
  constexpr int W = Vec<T>::size;
  View reduced[N];
  const View* pointers[N];
  for (int k = 0; k < N; ++k) {
    reduced[k] = without_dim(*views[k], dim);
    pointers[k] = &reduced[k];
  }
  const int64_t n = views[0]->shape[dim];
  const LoopNest<N> nest(pointers);
  int64_t neighbours[N];
  bool along = n >= shortest, next = true;
  for (int k = 0; k < N; ++k) {
    neighbours[k] = nest.row_stride(k);
    if (views[k]->shape[dim] != n) continue;  // it has one element a line
    along &= views[k]->strides[dim] == 1;
    next &= neighbours[k] == 1;
  }
  const int64_t grain = kGrain / 2 / (n < kGrain / (2 * W) ? n + 1 : kGrain / (2 * W));
  nest.run(
      [&](const int64_t (&at)[N], int64_t count) {
        int64_t offsets[N];
        for (int64_t i = 0; i < count; i += along ? 1 : W) {
          for (int k = 0; k < N; ++k) offsets[k] = at[k] + i * neighbours[k];
          const int lanes = count - i < W ? int(count - i) : W;
          if (along) {
            body(Along<T>{n}, offsets, neighbours);
            continue;
          }
          if constexpr (sizeof(T) == 4)  // there is code for floats alone
            if (next) {
              body(Across<T, true>{n, lanes}, offsets, neighbours);
              continue;
            }
          body(Across<T, false>{n, lanes}, offsets, neighbours);
        }
        streamed();  // where lines were written past the caches
      },
      grain);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
