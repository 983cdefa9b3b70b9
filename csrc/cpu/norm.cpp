#include "kernels/norm.h"

#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/channels.h"

namespace pydl {
namespace PYDL_ISA {

NormKernels norm_kernels();

namespace {

// Partial results of a block: two rows of C doubles.
struct Partials {
  double* memory;
  int64_t C;
  double* row(int64_t block, int which) const { return memory + (2 * block + which) * C; }
};

// merge(a, b) for blocks a < b in a binary tree, for a range of channels [begin, end) at a time.
template <class Merge>
void merge_blocks(int64_t C, int64_t blocks, Merge&& merge) {
  parallel_ranges(C, 64, [&](int64_t begin, int64_t end) {
    for (int64_t step = 1; step < blocks; step *= 2)
      for (int64_t b = 0; b + step < blocks; b += 2 * step) merge(b, step, begin, end);
  });
}

template <class T, class Model>
void block_moments(const Model& m, const Channels<const T>& x, const ChannelBlock& block, const Partials& out,
                   int64_t b) {
  using V = Vec<T>;
  const auto sum = m.template sums<1>(
      block, [&](int64_t n, int64_t l, int lanes) { return Pack<T, 1>{{m.get(x, n, l, lanes, V(T(0)))}}; });
  const V centre = sum.v[0] / V(T(block.size()));
  const auto around = m.template sums<2>(block, [&](int64_t n, int64_t l, int lanes) {
    const V d = m.get(x, n, l, lanes, centre) - centre;
    return Pack<T, 2>{{d, d * d}};
  });
  const double size = double(block.size());
  for (int i = 0; i < m.results(); ++i) {
    const double correction = double(around.v[0].v[i]) / size;
    out.row(b, 0)[m.c + i] = double(centre.v[i]) + correction;
    out.row(b, 1)[m.c + i] = double(around.v[1].v[i]) - correction * correction * size;
  }
}

// Mean and sum of squared deviations of two runs of elements together.
void merge_moments(const ChannelBlocks& blocks, const Partials& p, int64_t b, int64_t step, int64_t begin,
                   int64_t end) {
  const double na = double(blocks.before(b + step) - blocks.before(b));
  const double nb = double(blocks.before(b + 2 * step) - blocks.before(b + step));
  const double share = nb / (na + nb);
  double *mean = p.row(b, 0), *squares = p.row(b, 1);
  const double *mean_b = p.row(b + step, 0), *squares_b = p.row(b + step, 1);
  for (int64_t c = begin; c < end; ++c) {
    const double delta = mean_b[c] - mean[c];
    mean[c] += delta * share;
    squares[c] += squares_b[c] + delta * delta * (na * share);
  }
}

void statistics(const View& x, const View& mean, const View& variance) {
  const ChannelBlocks blocks(x.shape[0], x.shape[2]);
  const int64_t C = x.shape[1];
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Channels<const T> walk(x);
    with_scratch<double>(2 * C * blocks.count, [&](double* memory) {
      const Partials p{memory, C};
      for_channel_blocks<T>(channels_across(x), C, blocks.count,
                            [&](const auto& m, int64_t b) { block_moments<T>(m, walk, blocks[b], p, b); });
      merge_blocks(C, blocks.count, [&](int64_t b, int64_t step, int64_t begin, int64_t end) {
        merge_moments(blocks, p, b, step, begin, end);
      });
      const double size = double(x.shape[0] * x.shape[2]);
      for (int64_t c = 0; c < C; ++c) {
        const double squares = p.row(0, 1)[c];
        data_as<T>(mean)[c] = T(p.row(0, 0)[c]);
        data_as<T>(variance)[c] = T(squares < 0 ? 0.0 : squares / size);
      }
    });
  });
}

void grad_sums(const View& x, const View& g, const View& mean, const View& sum_g, const View& sum_gd) {
  const ChannelBlocks blocks(x.shape[0], x.shape[2]);
  const int64_t C = x.shape[1];
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using V = Vec<T>;
    const Channels<const T> walk_x(x), walk_g(g);
    with_scratch<double>(2 * C * blocks.count, [&](double* memory) {
      const Partials p{memory, C};
      for_channel_blocks<T>(channels_across(x), C, blocks.count, [&](const auto& m, int64_t b) {
        const V centre = m.parameter(data_as<T>(mean));
        const auto sums = m.template sums<2>(blocks[b], [&](int64_t n, int64_t l, int lanes) {
          const V v = m.get(walk_g, n, l, lanes, V(T(0)));
          return Pack<T, 2>{{v, v * (m.get(walk_x, n, l, lanes, centre) - centre)}};
        });
        for (int k = 0; k < 2; ++k)
          for (int i = 0; i < m.results(); ++i) p.row(b, k)[m.c + i] = double(sums.v[k].v[i]);
      });
      merge_blocks(C, blocks.count, [&](int64_t b, int64_t step, int64_t begin, int64_t end) {
        for (int k = 0; k < 2; ++k)
          for (int64_t c = begin; c < end; ++c) p.row(b, k)[c] += p.row(b + step, k)[c];
      });
      for (int64_t c = 0; c < C; ++c) {
        data_as<T>(sum_g)[c] = T(p.row(0, 0)[c]);
        data_as<T>(sum_gd)[c] = T(p.row(0, 1)[c]);
      }
    });
  });
}

void apply(const View& x, const View& mean, const View& scale, const View& shift, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using V = Vec<T>;
    map_channels<T, 1, 3>({&x}, {&mean, &scale, &shift}, y,
                          [](const V(&v)[1], const V(&p)[3]) { return fma(v[0] - p[0], p[1], p[2]); });
  });
}

void grad(const View& x, const View& g, const View& mean, const View& a, const View& b, const View& c,
          const View& dx) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using V = Vec<T>;
    map_channels<T, 2, 4>({&x, &g}, {&mean, &a, &b, &c}, dx, [](const V(&v)[2], const V(&p)[4]) {
      return fma(v[1], p[1], fma(v[0] - p[0], p[2], p[3]));
    });
  });
}

}  // namespace

NormKernels norm_kernels() { return {statistics, apply, grad_sums, grad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
