// The sum over a long k. k is cut into leaves of kLeaf steps, by k alone; the leaves' sums are combined as a
// binary counter: equal subtrees merge as soon as there are two, what is left merges from the smallest up.
// So the order of additions is the same for every tile, and a rounding error grows with log k beyond a leaf.
#pragma once
#include "cpu/product/tile.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kLeaf = 4 * kDeep;

// The subtrees' sums of one block of the result, each a level. A tile lies where its first row does, panel by
// panel of columns: no two tiles meet.
template <class T>
struct LongSum {
  T* data;
  int64_t level;  // elements of one level

  // How many levels a sum over k needs: none where one leaf is all.
  static int64_t levels(int64_t k) {
    int64_t needed = 0;
    if (k > kLeaf)
      for (int64_t leaves = (k - 1) / kLeaf; leaves > 0; leaves /= 2) ++needed;
    return needed > 0 ? needed + 1 : 0;
  }

  // Where leaf number `leaf` is summed: above the subtrees that wait for their equals.
  static int depth(int64_t leaf) {
    int waiting = 0;
    for (; leaf > 0; leaf /= 2) waiting += int(leaf % 2);
    return waiting;
  }

  // The levels that join the one below them after that leaf: the binary counter's carries, or all of them.
  static int merges(int64_t leaf, bool last) {
    if (last) return depth(leaf);
    int carries = 0;
    for (; leaf % 2 == 1; leaf /= 2) ++carries;
    return carries;
  }

  // Of level l, the tile whose first row is the block's `row`-th, counted through all panels.
  T* at(int l, int64_t row) const { return data + l * level + row * Tile<T>::cols; }
};

// to += from, for the registers that hold rows × cols of a tile.
template <class T>
static inline void add_tile(T* to, const T* from, int rows, int cols) {
  using V = Vec<T>;
  for (int i = 0; i < rows; ++i, to += Tile<T>::cols, from += Tile<T>::cols)
    for (int j = 0; j < cols; j += V::size) (V::load(to + j) + V::load(from + j)).store(to + j);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
