// What normalisations do to the channels of arrays (N, C, L) of any strides: sums over a block of each, and
// maps with numbers of each.
#pragma once
#include "cpu/reduce/channel_sums.h"
#include "kernels/norm.h"

namespace pydl {
namespace PYDL_ISA {

// mean[i] and squares[i] of channel c + i, i < count <= kGroup: the mean and the sum of squared deviations in
// the block.
template <class T>
void block_moments(const View& x, const ChannelBlock& block, int64_t c, int64_t count, double* mean,
                   double* squares);

// Likewise the sums of g and of g · (x - mean).
template <class T>
void block_products(const View& x, const View& g, const ChannelBlock& block, int64_t c, int64_t count,
                    const T* mean, double* sum_g, double* sum_gd);

// y = (x - mean[c]) · scale[c] + shift[c]
template <class T>
void map_affine(const View& x, const T* mean, const T* scale, const T* shift, const View& y);

// dx = g · a[c] + (x - mean[c]) · b[c] + d[c]
template <class T>
void map_gradient(const View& x, const View& g, const T* mean, const T* a, const T* b, const T* d,
                  const View& dx);

// Per channel or place, in T; weight and bias may be null.
template <class T>
struct Affine {
  const T *weight, *bias;
  double eps;

  explicit Affine(const NormAffine& a)
      : weight(static_cast<const T*>(a.weight)), bias(static_cast<const T*>(a.bias)), eps(a.eps) {}
  double rate(T variance) const { return 1 / __builtin_sqrt(double(variance) + eps); }
  double scale(int64_t c) const { return weight ? double(weight[c]) : 1.0; }
};

}  // namespace PYDL_ISA
}  // namespace pydl
