// Products of two matrices in memory: which of them gives the lanes.
#pragma once
#include "cpu/product/long_sum.h"
#include "cpu/product/product.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kBlockRows = 192, kBlockCols = 512;

// Whether a long product of few rows reads the right operand row by row, where it lies, rather than turn it
// into panels, for which it has too few uses.
template <class T>
bool turns_few_rows(const Strided<T>& b, int64_t m, int64_t n, int64_t k) {
  return k > kLeaf && b.ks.levels == 1 && b.ks.step() == 1 && m <= n && m <= kFewColumns &&
         round_up(m, Vec<T>::size) < m + kPacking;
}

// c (m × n) = a (m × k) · b (n × k)ᵀ. Vector lanes go along the result's columns, or along its rows: where
// these are the consecutive ones, in the result or, with columns for a part of a register only, in the left
// operand.
template <class T>
void multiply_matrices(const Strided<T>& a, const Strided<T>& b, const Result<T>& c, int64_t m, int64_t n,
                       int64_t k, bool shared) {
  const bool narrow = n < Vec<T>::size && m >= Tile<T>::cols;
  if (narrow || (m > 1 && c.cols.step() != 1 && c.rows.step() == 1) || turns_few_rows(b, m, n, k))
    return multiply(b, a, exchanged(c), n, m, 0, k, kBlockRows, kBlockCols, shared);
  multiply(a, b, c, m, n, 0, k, kBlockRows, kBlockCols, shared);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
