// Contract of batch normalisation, and of normalising each sample by itself.
//
// x, g, y and dx are (N, C, L) with any strides: the images of a channel as one line of L. Every other
// operand is (C,), contiguous; `weight` may be null for 1, `bias` for 0. All have one dtype, float or double;
// outputs are overwritten and overlap no input. With rate[c] = 1 / sqrt(variance[c] + eps):
//   train      mean[c] and variance[c] (divided by N L) of x[:, c, :], then as evaluate; 0 for N L = 0
//   evaluate   y = (x - mean) · rate · weight + bias
//   backward   dbias[c] = sum g[:, c, :]; dweight[c] = rate · sum g · (x - mean);
//              dx = rate · weight · (g - dbias / (N L) - (x - mean) · rate · dweight / (N L)), where
//              `trained`, else rate · weight · g
// The sums are cut into blocks by N and L alone. A block's variance is taken around its own mean, corrected
// for that mean's rounding, and blocks are merged in a binary tree (Chan, Golub and LeVeque 1979, eq. 2.1),
// in double, as is whatever belongs to one channel alone.
#pragma once
#include "core/view.h"

namespace pydl {

// Per channel; weight and bias may be null.
struct NormAffine {
  const void *weight, *bias;
  double eps;
};

struct NormKernels {
  void (*train)(const View& x, const NormAffine& affine, const View& mean, const View& variance,
                const View& y);
  void (*evaluate)(const View& x, const NormAffine& affine, const View& mean, const View& variance,
                   const View& y);
  void (*backward)(const View& x, const View& g, const NormAffine& affine, const View& mean,
                   const View& variance, bool trained, const View& dx, const View& dweight,
                   const View& dbias);
};

// Group and layer normalisation: mean and variance of a sample's group, or row, alone, of at least one
// number. With w = g · weight and M the numbers of a group:
//   group_train     x and y (N, C, L) with any strides, `groups` runs of C / groups channels; mean and
//   variance
//                   (N, groups); weight and bias (C,), or null: y = (x - mean) · rate · weight + bias
//   group_backward  dbias[c] = sum g[:, c, :]; dweight[c] = sum g · (x - mean) · rate;
//                   dx = rate · (w - sum w / M - (x - mean) · rate² · sum w · (x - mean) / M)
//   layer_…         the same for rows, x (R, D) contiguous: mean and variance (R,), weight and bias (D,), one
//   for
//                   each place; dweight and dbias may both have no data: they are not asked for
struct SampleNormKernels {
  void (*group_train)(const View& x, int64_t groups, const NormAffine& affine, const View& mean,
                      const View& variance, const View& y);
  void (*group_backward)(const View& x, const View& g, int64_t groups, const NormAffine& affine,
                         const View& mean, const View& variance, const View& dx, const View& dweight,
                         const View& dbias);
  void (*layer_train)(const View& x, const NormAffine& affine, const View& mean, const View& variance,
                      const View& y);
  void (*layer_backward)(const View& x, const View& g, const NormAffine& affine, const View& mean,
                         const View& variance, const View& dx, const View& dweight, const View& dbias);
};

}  // namespace pydl
