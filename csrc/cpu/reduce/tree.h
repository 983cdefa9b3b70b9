// The one order in which many numbers are combined into one.
//
// Positions k = 0, 1, … are cut into blocks of 128. In a block, lane l of 16 chains the positions k ≡ l
// (mod 16), at most 8 of them, from low to high. The lanes, taken in bit-reversed order (0, 8, 4, 12, …), and
// after them the lanes of the next block, are the leaves of a binary counter: equal subtrees merge as soon as
// there are two, what is left merges from the smallest up. Missing positions hold the neutral element, which
// leaves every value as it is (-0 for sums), so a path may pad or skip as it likes.
//
// A vector over consecutive k holds whole lanes at any register width, a vector over outputs chains 8 rows,
// and any aligned power-of-two run of blocks is a subtree that a thread can own. The worst rounding error of
// a sum is (11 + log2(blocks)) · 2⁻²⁴ · Σ|x| in float.
#pragma once
#include "core/view.h"
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int kLanes = 16, kChain = 8, kBlock = kLanes * kChain;

// x, or zero where it is subnormal: a result that nothing was joined to is rounded as others are. count · -0
// is -0, which a compiler that does not know `count` has to add.
template <class V>
static inline V flushed(V x, V count) {
  return x + count * V(-0.0);
}

// What a reduction does: `before` on every element, `join` on two partial results, `after` on the last one
// and the number of elements. Elements and Joined do the same to elements and to partial results; they are
// named so that loops over them are compiled once.
struct SumOf {
  using Elements = SumOf;
  using Joined = SumOf;
  template <class T>
  static T neutral() {
    return T(-0.0);
  }
  template <class V>
  static V before(V x) {
    return x;
  }
  template <class V>
  static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  static V after(V x, V count) {
    return flushed(x, count);
  }
};

struct MeanOf : SumOf {
  template <class V>
  static V after(V x, V count) {
    return x / count;
  }
};

struct SquaresOf : SumOf {
  using Elements = SquaresOf;
  template <class V>
  static V before(V x) {
    return x * x;
  }
};

// NaN wins. Written for vectors and single numbers alike.
struct LargestOf {
  using Elements = LargestOf;
  using Joined = LargestOf;
  template <class T>
  static T neutral() {
    return T(-INFINITY);
  }
  template <class V>
  static V before(V x) {
    return x;
  }
  template <class T>
  static Vec<T> join(Vec<T> a, Vec<T> b) {
    return maximum(a, b);
  }
  template <class T>
  static T join(T a, T b) {
    return a > b || a != a ? a : b;
  }
  template <class V>
  static V after(V x, V count) {
    return flushed(x, count);
  }
};

struct SmallestOf : LargestOf {
  using Elements = SmallestOf;
  using Joined = SmallestOf;
  template <class T>
  static T neutral() {
    return T(INFINITY);
  }
  template <class T>
  static Vec<T> join(Vec<T> a, Vec<T> b) {
    return minimum(a, b);
  }
  template <class T>
  static T join(T a, T b) {
    return a < b || a != a ? a : b;
  }
};

// Combines `rows` × 16 consecutive elements: one block, or a shorter one that the caller has padded.
// Not inlined, like `tree`: one copy a reduction and type serves all callers.
template <class R, class T>
[[gnu::noinline]] static T block(const T* p, int rows) {
  constexpr int W = Vec<T>::size, N = kLanes / W;
  Vec<T> lanes[N];
  for (int j = 0; j < N; ++j) lanes[j] = R::before(Vec<T>::load(p + j * W));
  for (int r = 1; r < rows; ++r)
    for (int j = 0; j < N; ++j) lanes[j] = R::join(lanes[j], R::before(Vec<T>::load(p + r * kLanes + j * W)));
  for (int half = N / 2; half > 0; half /= 2)
    for (int j = 0; j < half; ++j) lanes[j] = R::join(lanes[j], lanes[j + half]);
  return fold_lanes(lanes[0], [](Vec<T> a, Vec<T> b) { return R::join(a, b); }).v[0];
}

// The binary counter over single numbers. Its leaves are subtrees of one size.
template <class R, class T>
struct Counter {
  T levels[64];
  int depth = 0;
  int64_t count = 0;

  void push(T value) {
    for (int64_t c = count++; c & 1; c >>= 1) value = R::join(levels[--depth], value);
    levels[depth++] = value;
  }
  T result() {
    if (depth == 0) return R::template neutral<T>();
    T value = levels[--depth];
    while (depth > 0) value = R::join(levels[--depth], value);
    return value;
  }
};

// Combines n consecutive elements.
template <class R, class T>
[[gnu::noinline]] static T tree(const T* p, int64_t n) {
  Counter<R, T> counter;
  for (; n >= kBlock; n -= kBlock, p += kBlock) counter.push(block<R>(p, kChain));
  if (n > 0) {
    T padded[kBlock];
    const int rows = int((n + kLanes - 1) / kLanes);
    std::memcpy(padded, p, n * sizeof(T));
    for (int64_t i = n; i < rows * kLanes; ++i) padded[i] = R::template neutral<T>();
    counter.push(block<R>(padded, rows));
  }
  return counter.result();
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
