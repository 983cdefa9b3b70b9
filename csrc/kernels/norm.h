// Contract of batch normalisation.
//
// x, g, y and dx are (N, C, L) with any strides: the images of a channel as one line of L. Every other
// operand is (C,), contiguous. All have one dtype, float or double; outputs are overwritten and overlap no
// input.
//   statistics    mean[c] and variance[c] (divided by N L) of x[:, c, :]; N L >= 1
//   apply         y = (x - mean) * scale + shift
//   grad_sums     sum_g[c] = sum g[:, c, :]; sum_gd[c] = sum g[:, c, :] * (x[:, c, :] - mean[c])
//   grad          dx = g * a + (x - mean) * b + c
// The sums are cut into blocks by N and L alone. A block's variance is taken around its own mean, corrected
// for that mean's rounding, and blocks are merged in a binary tree (Chan, Golub and LeVeque 1979, eq. 2.1),
// in double.
#pragma once
#include "core/view.h"

namespace pydl {

struct NormKernels {
  void (*statistics)(const View& x, const View& mean, const View& variance);
  void (*apply)(const View& x, const View& mean, const View& scale, const View& shift, const View& y);
  void (*grad_sums)(const View& x, const View& g, const View& mean, const View& sum_g, const View& sum_gd);
  void (*grad)(const View& x, const View& g, const View& mean, const View& a, const View& b, const View& c,
               const View& dx);
};

}  // namespace pydl
