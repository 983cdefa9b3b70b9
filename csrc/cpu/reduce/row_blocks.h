// Rows of outputs combined block by block in the order of tree.h, with vectors that run across the outputs.
#pragma once
#include <type_traits>

#include "cpu/reduce/plan.h"
#include "cpu/reduce/tree.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The binary counter over rows of outputs. Its leaves are subtrees of one size.
template <class R, class T>
struct RowCounter {
  static constexpr int width =
      1024 / sizeof(T);  // outputs at once: a few rows of them stay in the first cache
  T levels[24][width];
  int depth = 0;
  int64_t count = 0;

  // The row to fill before push.
  T* top() { return levels[depth]; }

  void push(int n) {
    ++depth;
    for (int64_t c = count++; c & 1; c >>= 1) merge(n);
  }
  const T* result(int n) {
    while (depth > 1) merge(n);
    return levels[0];
  }

 private:
  [[gnu::noinline]] void merge(int n) {
    --depth;
    T *a = levels[depth - 1], *b = levels[depth];
    for (int i = 0; i < n; i += Vec<T>::size) R::join(Vec<T>::load(a + i), Vec<T>::load(b + i)).store(a + i);
  }
};

// Lanes Lane, Lane + Step, … of a block of rows, joined, for N registers of outputs, `next` apart from the
// i-th.
template <class R, int Lane, int Step, int N, class T>
[[gnu::always_inline]] inline void join_lanes(const T* const* row, int rows, int64_t i, int64_t next,
                                              Vec<T> (&v)[N]) {
  const auto load = [&](int r, int k) { return R::before(Vec<T>::load(row[r] + i + k * next)); };
  if constexpr (Step == kLanes) {
#pragma GCC unroll 2
    for (int k = 0; k < N; ++k) v[k] = load(Lane, k);
    for (int r = Lane + kLanes; r < rows; r += kLanes)
#pragma GCC unroll 2
      for (int k = 0; k < N; ++k) v[k] = R::join(v[k], load(r, k));
  } else {
    join_lanes<R, Lane, 2 * Step>(row, rows, i, next, v);
    if (Lane + Step >= rows) return;
    Vec<T> other[N];
    join_lanes<R, Lane + Step, 2 * Step>(row, rows, i, next, other);
#pragma GCC unroll 2
    for (int k = 0; k < N; ++k) v[k] = R::join(v[k], other[k]);
  }
}

// The value of a block of rows for n outputs that lie together; whole registers are read and written, two at
// a time: the last one twice where there is no other.
template <class R, class T>
[[gnu::noinline]] void join_rows(const T* const* row, int rows, int64_t n, T* to) {
  constexpr int N = 2, W = Vec<T>::size;
  for (int64_t i = 0; i < n; i += N * W) {
    const int64_t next = i + W < n ? W : 0;
    Vec<T> v[N];
    join_lanes<R, 0, 1>(row, rows, i, next, v);
#pragma GCC unroll 2
    for (int k = 0; k < N; ++k) v[k].store(to + i + k * next);
  }
}

// One lane of a block of rows. Lane after lane, each of the rows runs through memory in order.
template <class R, class T>
void chain_rows(const T* const* row, int rows, int64_t n, T* to) {
  const auto chain = [&](auto known) {
    constexpr int count = decltype(known)::value;
    for (int64_t i = 0; i < n; i += Vec<T>::size) {
      Vec<T> v = R::before(Vec<T>::load(row[0] + i));
      for (int r = 1; r < (count ? count : rows); ++r)
        v = R::join(v, R::before(Vec<T>::load(row[r * kLanes] + i)));
      v.store(to + i);
    }
  };
  rows == kChain ? chain(std::integral_constant<int, kChain>()) : chain(std::integral_constant<int, 0>());
}

// A block of rows for n neighbouring outputs, `stride` apart, few or not consecutive.
template <class R, class T>
[[gnu::noinline]] void join_scattered(const T* const* row, int rows, int64_t stride, int n, T* to) {
  constexpr int W = Vec<T>::size;
  T gathered[kBlock][2 * W];
  const T* lanes[kBlock];
  for (int i = 0; i < n; i += 2 * W) {
    for (int r = 0; r < rows; ++r) {
      lanes[r] = gathered[r];
      for (int j = 0; j < 2 * W && i + j < n; j += W)
        Vec<T>::gather(row[r] + (i + j) * stride, stride, n - i - j < W ? n - i - j : W)
            .store(gathered[r] + j);
    }
    join_rows<R>(lanes, rows, 2 * W, to + i);
  }
}

// The value of a block of rows, which begin at x[offsets[0]], x[offsets[1]], …
template <class R, class T>
[[gnu::noinline]] void combine_block(const T* x, const int64_t* offsets, int rows, int64_t stride, int n,
                                     T* to) {
  constexpr int W = Vec<T>::size;
  const T* row[kBlock];
  for (int r = 0; r < rows; ++r) row[r] = x + offsets[r];
  const int whole = stride == 1 ? n / W * W : 0;
  if (rows <= 2 * kLanes || whole <= 2 * W) {
    join_rows<R>(row, rows, whole, to);
  } else if (whole > 0) {
    T lanes[kLanes][RowCounter<typename R::Joined, T>::width];
    const T* chains[kLanes];
    for (int j = 0; j < kLanes; ++j) {
      chain_rows<R>(row + j, (rows - j + kLanes - 1) / kLanes, whole, lanes[j]);
      chains[j] = lanes[j];
    }
    join_rows<typename R::Joined>(chains, kLanes, whole, to);
  }
  if (whole == n) return;
  for (int r = 0; r < rows; ++r) row[r] += whole * stride;
  join_scattered<R>(row, rows, stride, n - whole, to + whole);
}

// The same for short rows one after the other, all lanes alike in number: these are chained as one long row,
// which is whole registers however short a row is.
template <class R, class T>
[[gnu::noinline]] void combine_dense(const T* x, int rows, int64_t n, T* to) {
  static_assert(kLanes % Vec<T>::size == 0, "");
  T lanes[kLanes * RowCounter<typename R::Joined, T>::width];
  const T *row[kBlock], *chains[kLanes];
  const int chain = rows / kLanes;
  for (int r = 0; r < chain; ++r) row[r * kLanes] = x + r * kLanes * n;
  for (int j = 0; j < kLanes; ++j) chains[j] = lanes + j * n;
  chain_rows<R>(row, chain, kLanes * n, lanes);
  join_rows<typename R::Joined>(chains, kLanes, n, to);
}

// Positions [begin, end) of n neighbouring outputs.
template <class R, class T>
[[gnu::noinline]] const T* combine_rows(RowCounter<typename R::Joined, T>& counter, const T* x,
                                        const Reduced& reduced, int64_t begin, int64_t end, int64_t stride,
                                        int n) {
  int64_t offsets[kBlock];
  const bool dense = stride == 1 && reduced.ndim == 1 && reduced.step() == n;
  for (int64_t k = begin; k < end; k += kBlock) {
    const int rows = int(end - k < kBlock ? end - k : kBlock);
    const int64_t first = reduced.offset(k);
    if (k == begin || reduced.ndim > 1)
      for (int i = 0; i < rows; ++i) offsets[i] = reduced.offset(k + i) - first;
    if (dense && rows % kLanes == 0) {
      combine_dense<R>(x + first, rows, n, counter.top());
    } else {
      combine_block<R>(x + first, offsets, rows, stride, n, counter.top());
    }
    counter.push(n);
  }
  return counter.result(n);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
