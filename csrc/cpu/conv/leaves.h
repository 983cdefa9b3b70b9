// Sums whose leaves are whatever a caller can sum by itself, in the order of product/long_sum.h: a binary
// counter, so that the order depends on how many leaves there are and nothing else.
#pragma once
#include "cpu/product/long_sum.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// How many subtrees' sums wait at once at most, with the leaf that is being summed.
static inline int64_t leaf_levels(int64_t leaves) {
  int64_t levels = 2;
  for (; leaves > 1; leaves = (leaves + 1) / 2) ++levels;
  return levels;
}

// The sum of all leaves, at `memory`, which has leaf_levels(leaves) times `level` elements: sum(leaf, to)
// makes a leaf's, add(to, from) adds two.
template <class T, class Sum, class Add>
static inline void sum_leaves(int64_t leaves, T* memory, int64_t level, Sum&& sum, Add&& add) {
  for (int64_t leaf = 0; leaf < leaves; ++leaf) {
    const int top = LongSum<T>::depth(leaf), merges = LongSum<T>::merges(leaf, leaf + 1 == leaves);
    sum(leaf, memory + top * level);
    for (int l = top; l > top - merges; --l) add(memory + (l - 1) * level, memory + l * level);
  }
}

// to += from, n elements.
template <class T>
static inline void add_elements(T* to, const T* from, int64_t n) {
  constexpr int64_t W = Vec<T>::size;
  int64_t i = 0;
  for (; i + W <= n; i += W) (Vec<T>::load(to + i) + Vec<T>::load(from + i)).store(to + i);
  for (; i < n; ++i) to[i] += from[i];
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
