// A matrix product over any two operands, the left one given as rows (rows.h), the right one as packed panels
// (pack.h): matrices, or the patches of an image.
#pragma once
#include "cpu/product/pack.h"
#include "kernels/gemm.h"

namespace pydl {
namespace PYDL_ISA {

constexpr int64_t kSharedElements = INT64_C(1) << 22;  // of one operand packed at a time
constexpr int64_t kPacking = 8;                        // rows whose products take as long as packing a panel
constexpr int64_t kItemWork = INT64_C(1) << 18;        // multiply-adds worth waking a thread for

// The result of a product: element (i, j) at rows.offset(i) + cols.offset(j).
template <class T>
struct Result {
  T* data;
  Axis rows, cols;
  const T* row_bias = nullptr;  // bias of element (i, j): row_bias[i · row_bias_step], or the column's
  const T* col_bias = nullptr;
  int64_t row_bias_step = 0, col_bias_step = 0;
  bool relu = false;
  const T* gate = nullptr;  // element (i, j) becomes 0 where this one, lying as it does, is not above 0
  bool far = false;         // may be written past the caches
};

// result (m × n) = a · b over k in [k0, k0 + k). Blocks have at most max_rows × max_cols elements. What is
// packed at a time is bounded: larger products are cut along all three indices. Not `shared`: the caller's
// thread alone computes it, an item of work among others, in as few blocks as may be.
template <class T>
void multiply(const LeftOperand<T>& a, const RightOperand<T>& b, const Result<T>& result, int64_t m,
              int64_t n, int64_t k0, int64_t k, int64_t max_rows, int64_t max_cols, bool shared = true);

namespace {

// What makes a product with rows and columns exchanged the same result.
template <class T>
static Result<T> exchanged(const Result<T>& r) {
  Result<T> out = r;
  out.rows = r.cols;
  out.cols = r.rows;
  out.row_bias = r.col_bias;
  out.col_bias = r.row_bias;
  out.row_bias_step = r.col_bias_step;
  out.col_bias_step = r.row_bias_step;
  return out;
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
