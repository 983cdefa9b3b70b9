// The products of Winograd's convolutions at one point: a tile of the result, kept in registers over a chain
// of products. Neither operand needs packing beyond the order in which the transforms write it.
#pragma once
#include "cpu/product/axis.h"
#include "cpu/product/tile.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kChain =
    64;  // products in one chain of fused multiply-adds; more of them would not stay near
constexpr int kLanes = Tile<float>::cols;

// Where element (row, k) of the left operand lies: rows `step` apart and k consecutive, or rows consecutive
// and k kGradientLanes apart.
enum class Left { by_row, by_step };

// The fewest elements that are whole registers and whole tiles of rows.
constexpr int kGradientLanes = kRows == 12 ? 48 : 24;

// c[i · kLanes + j] (+)= Σ_k left(i, k) · b[k · kLanes + j], for the first Rows rows and Vecs registers of j.
template <Left Order, int Rows, int Vecs>
static void multiply_chain(int64_t n, const float* a, int64_t step, const float* b, float* c, bool add) {
  using V = Vec<float>;
  constexpr int W = V::size;
  V acc[Rows][Vecs];
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vecs; ++v) acc[i][v] = V(0.0f);
#pragma GCC unroll 4
  for (int64_t k = 0; k < n; ++k, b += kLanes) {
    V row[Vecs];
#pragma GCC unroll 2
    for (int v = 0; v < Vecs; ++v) row[v] = V::load(b + v * W);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const V left(Order == Left::by_row ? a[i * step + k] : a[k * kGradientLanes + i]);
#pragma GCC unroll 2
      for (int v = 0; v < Vecs; ++v) acc[i][v] = fma(left, row[v], acc[i][v]);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vecs; ++v) {
      float* const to = c + i * kLanes + v * W;
      (add ? V::load(to) + acc[i][v] : acc[i][v]).store(to);
    }
}

using ChainFunction = void (*)(int64_t, const float*, int64_t, const float*, float*, bool);

template <Left Order, int Vecs>
static ChainFunction choose_chain(int64_t rows) {
  if (rows <= 1) return multiply_chain<Order, 1, Vecs>;
  if (rows <= 2) return multiply_chain<Order, 2, Vecs>;
  if (rows <= 4) return multiply_chain<Order, 4, Vecs>;
#if defined(__AVX512F__)
  if (rows <= 6) return multiply_chain<Order, 6, Vecs>;
  if (rows <= 8) return multiply_chain<Order, 8, Vecs>;
#endif
  return multiply_chain<Order, kRows, Vecs>;
}

// rows × cols of the product at one point, cols <= kLanes; rows that are added to make whole tiles must
// exist.
template <Left Order>
static void multiply_point(int64_t n, const float* a, int64_t step, const float* b, float* c, int64_t rows,
                           int64_t cols, bool add) {
  const int64_t apart = Order == Left::by_row ? step : 1;
  for (int64_t i = 0; i < rows; i += kRows) {
    const auto multiply =
        cols <= Vec<float>::size ? choose_chain<Order, 1>(rows - i) : choose_chain<Order, 2>(rows - i);
    multiply(n, a + i * apart, step, b, c + i * kLanes, add);
  }
}

// n elements rounded up to an odd number of cache lines: arrays that far apart share no set of the cache.
static inline int64_t odd_lines(int64_t n) { return (ceil_div(n, 16) | 1) * 16; }

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
