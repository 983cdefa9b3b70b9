// Contract of the matrix products.
//
// gemm: c[…, i, j] = activation(alpha · Σ_k a[…, i, k] · b[…, k, j] + beta · c[…, i, j] + bias[j])
//
// a is (…, M, K), b (…, K, N), c (…, M, N), bias (N,) or absent. All have c's leading dimensions (a broadcast
// one has stride 0) and c's dtype, float or double. Any strides, so a transpose is a view; c may not overlap
// the inputs. c is overwritten; with beta = 0 it is not read. K = 0 gives beta · c + bias.
//
// Order of summation: k ascending in chains of 32 fused multiply-adds, each from zero (on the baseline a
// product is rounded before it is added). The four chains of a group of 128 are added in order, then the two
// groups of a pack of 256, then the packs, up to K = 1024. Beyond, k is cut into leaves of 1024, each summed
// so, and the leaves' sums are combined as a binary tree (cpu/product/long_sum.h), so a rounding error grows
// with log K. The order depends on K alone: a row of a batch has the bits it has alone, at any number of
// threads and in any layout. Zeros are not skipped: 0 · inf is NaN.
//
// Source: blocking and packing follow Van Zee and van de Geijn, BLIS (ACM TOMS 41(3), 2015).
#pragma once
#include "core/view.h"

namespace pydl {

enum class Activation : int { none, relu, leaky_relu, sigmoid, tanh };

struct GemmOptions {
  double alpha = 1, beta = 0;
  const View* bias = nullptr;
  Activation activation = Activation::none;
  double slope = 0;  // of leaky_relu below zero
};

struct GemmKernels {
  void (*gemm)(const View& a, const View& b, const View& c, const GemmOptions& options);
};

}  // namespace pydl
