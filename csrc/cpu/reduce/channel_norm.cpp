#include "cpu/reduce/channel_norm.h"

#include "cpu/reduce/channel_map.h"
#include "kernels/norm.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The sums of one block for `count` channels from c on, by either walk.
template <int I, int K, class T, class Term>
void block_sums(const View& x, const Channels<const T> (&in)[I], const ChannelBlock& block, int64_t c,
                int64_t count, const T* centre, Term&& term, T (&total)[K][kGroup]) {
  const bool across = channels_across(x);
  (across ? sum_across<I, K, T, Term> : sum_along<I, K, T, Term>)(in, block, c, count, centre, term, total);
}

}  // namespace

template <class T>
void block_moments(const View& x, const ChannelBlock& block, int64_t c, int64_t count, double* mean,
                   double* squares) {
  using V = Vec<T>;
  const Channels<const T> in[1] = {Channels<const T>(x)};
  T sum[1][kGroup], around[2][kGroup], centre[kGroup] = {};
  const auto plain = [](const V(&v)[1], V, V(&sums)[1]) { sums[0] += v[0]; };
  const auto moments = [](const V(&v)[1], V m, V(&sums)[2]) {
    const V d = v[0] - m;
    sums[0] += d;
    sums[1] = fma(d, d, sums[1]);
  };
  block_sums(x, in, block, c, count, centre, plain, sum);
  for (int64_t i = 0; i < count; ++i) centre[i] = sum[0][i] / T(block.size());
  block_sums(x, in, block, c, count, centre, moments, around);
  const double size = double(block.size());
  for (int64_t i = 0; i < count; ++i) {
    const double correction = double(around[0][i]) / size;
    mean[i] = double(centre[i]) + correction;
    squares[i] = double(around[1][i]) - correction * correction * size;
  }
}

template <class T>
void block_products(const View& x, const View& g, const ChannelBlock& block, int64_t c, int64_t count,
                    const T* mean, double* sum_g, double* sum_gd) {
  using V = Vec<T>;
  const Channels<const T> in[2] = {Channels<const T>(x), Channels<const T>(g)};
  T sums[2][kGroup], centre[kGroup] = {};
  for (int64_t i = 0; i < count; ++i) centre[i] = mean[i];
  const auto products = [](const V(&v)[2], V m, V(&sum)[2]) {
    sum[0] += v[1];
    sum[1] = fma(v[1], v[0] - m, sum[1]);
  };
  block_sums(x, in, block, c, count, centre, products, sums);
  for (int64_t i = 0; i < count; ++i) {
    sum_g[i] = double(sums[0][i]);
    sum_gd[i] = double(sums[1][i]);
  }
}

template <class T>
void map_affine(const View& x, const T* mean, const T* scale, const T* shift, const View& y) {
  using V = Vec<T>;
  map_channels<1, 3, T>({&x}, {mean, scale, shift}, y,
                        [](const V(&v)[1], const V(&p)[3]) { return fma(v[0] - p[0], p[1], p[2]); });
}

template <class T>
void map_gradient(const View& x, const View& g, const T* mean, const T* a, const T* b, const T* d,
                  const View& dx) {
  using V = Vec<T>;
  map_channels<2, 4, T>({&x, &g}, {mean, a, b, d}, dx, [](const V(&v)[2], const V(&p)[4]) {
    return fma(v[1], p[1], fma(v[0] - p[0], p[2], p[3]));
  });
}

#define PYDL_CHANNEL_NORM(T)                                                                              \
  template void block_moments<T>(const View&, const ChannelBlock&, int64_t, int64_t, double*, double*);   \
  template void block_products(const View&, const View&, const ChannelBlock&, int64_t, int64_t, const T*, \
                               double*, double*);                                                         \
  template void map_affine(const View&, const T*, const T*, const T*, const View&);                       \
  template void map_gradient(const View&, const View&, const T*, const T*, const T*, const T*, const View&);
PYDL_CHANNEL_NORM(float)
PYDL_CHANNEL_NORM(double)

}  // namespace PYDL_ISA
}  // namespace pydl
