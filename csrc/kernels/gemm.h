// Contract of the matrix products.
//
// gemm: c[…, i, j] = Σ_k a[…, i, k] · b[…, k, j] + bias[j]
//
// a is (…, M, K), b (…, K, N), c (…, M, N), bias (N,) or absent. All have c's leading dimensions (a broadcast
// one has stride 0) and c's dtype, float or double. Any strides, so a transpose is a view; c may not overlap
// the inputs and is overwritten. K = 0 gives the bias. With `relu` what is below 0 becomes 0. A gate has c's
// shape and strides: where it is 0 or below, c becomes 0, as in the gradient of a ReLU whose result it is.
//
// Order of summation: k ascending in chains of 64 fused multiply-adds (of 32 on the baseline, where a product
// is rounded before it is added), each from zero and added to those before it, up to K = 1024. Beyond, k is
// cut into leaves of 1024, each summed so, and the leaves' sums are combined as a binary tree
// (cpu/product/long_sum.h), so a rounding error grows with log K. The order depends on K alone: a row of a
// batch has the bits it has alone, at any number of threads and in any layout. Zeros are not skipped: 0 · inf
// is NaN.
//
// Source: blocking and packing follow Van Zee and van de Geijn, BLIS (ACM TOMS 41(3), 2015).
#pragma once
#include "core/view.h"

namespace pydl {

struct GemmOptions {
  const View* bias = nullptr;
  bool relu = false;
  const View* gate = nullptr;
};

struct GemmKernels {
  void (*gemm)(const View& a, const View& b, const View& c, const GemmOptions& options);
};

}  // namespace pydl
