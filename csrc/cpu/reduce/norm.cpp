// Batch normalisation: statistics of every channel, the result and the gradients.
#include "kernels/norm.h"

#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/reduce/channel_map.h"
#include "cpu/reduce/channel_norm.h"

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

template <class T>
void statistics(const View& x, T* mean, T* variance) {
  const ChannelBlocks blocks(x.shape[0], x.shape[2]);
  const int64_t C = x.shape[1];
  if (blocks.count == 0) {
    for (int64_t c = 0; c < C; ++c) mean[c] = variance[c] = T(0);
    return;
  }
  with_scratch<double>(2 * C * blocks.count, [&](double* memory) {
    const Partials p{memory, C};
    for_channel_blocks(blocks, C, [&](int64_t b, int64_t c, int64_t count) {
      block_moments<T>(x, blocks[b], c, count, p.row(b, 0) + c, p.row(b, 1) + c);
    });
    merge_blocks(C, blocks.count, [&](int64_t b, int64_t step, int64_t begin, int64_t end) {
      merge_moments(blocks, p, b, step, begin, end);
    });
    const double size = double(x.shape[0] * x.shape[2]);
    const double *means = p.row(0, 0), *squares = p.row(0, 1);
    for (int64_t c = 0; c < C; ++c) {
      mean[c] = T(means[c]);
      variance[c] = T(squares[c] < 0 ? 0.0 : squares[c] / size);
    }
  });
}

// The sums of g and of g · (x - mean).
template <class T>
void gradient_sums(const View& x, const View& g, const T* mean, T* sum_g, T* sum_gd) {
  const ChannelBlocks blocks(x.shape[0], x.shape[2]);
  const int64_t C = x.shape[1];
  with_scratch<double>(2 * C * blocks.count, [&](double* memory) {
    const Partials p{memory, C};
    for_channel_blocks(blocks, C, [&](int64_t b, int64_t c, int64_t count) {
      block_products<T>(x, g, blocks[b], c, count, mean + c, p.row(b, 0) + c, p.row(b, 1) + c);
    });
    merge_blocks(C, blocks.count, [&](int64_t b, int64_t step, int64_t begin, int64_t end) {
      for (int k = 0; k < 2; ++k)
        for (int64_t c = begin; c < end; ++c) p.row(b, k)[c] += p.row(b + step, k)[c];
    });
    for (int64_t c = 0; c < C; ++c) {
      sum_g[c] = blocks.count > 0 ? T(p.row(0, 0)[c]) : T(0);
      sum_gd[c] = blocks.count > 0 ? T(p.row(0, 1)[c]) : T(0);
    }
  });
}

template <class T>
void apply(const View& x, const Affine<T>& affine, const T* mean, const T* variance, const View& y) {
  const int64_t C = x.shape[1];
  with_scratch<T>(2 * C, [&](T* scale) {
    T* const shift = scale + C;
    for (int64_t c = 0; c < C; ++c) {
      scale[c] = T(affine.scale(c) / __builtin_sqrt(double(variance[c]) + affine.eps));
      shift[c] = affine.bias ? affine.bias[c] : T(0);
    }
    map_affine(x, mean, scale, shift, y);
  });
}

void train(const View& x, const NormAffine& affine, const View& mean, const View& variance, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    statistics(x, data_as<T>(mean), data_as<T>(variance));
    apply(x, Affine<T>(affine), data_as<T>(mean), data_as<T>(variance), y);
  });
}

void evaluate(const View& x, const NormAffine& affine, const View& mean, const View& variance,
              const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    apply(x, Affine<T>(affine), data_as<T>(mean), data_as<T>(variance), y);
  });
}

void backward(const View& x, const View& g, const NormAffine& parameters, const View& mean,
              const View& variance, bool trained, const View& dx, const View& dweight, const View& dbias) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    using V = Vec<T>;
    const Affine<T> affine(parameters);
    const int64_t C = x.shape[1], count = x.shape[0] * x.shape[2];
    const T *m = data_as<T>(mean), *v = data_as<T>(variance);
    T *sum_g = data_as<T>(dbias), *dw = data_as<T>(dweight);
    with_scratch<T>(4 * C, [&](T* memory) {
      T *sum_gd = memory, *a = memory + C, *b = memory + 2 * C, *c = memory + 3 * C;
      gradient_sums(x, g, m, sum_g, sum_gd);
      const double share = trained && count > 0 ? 1.0 / double(count) : 0.0;
      for (int64_t i = 0; i < C; ++i) {
        const double rate = affine.rate(v[i]), k = affine.scale(i) * rate;
        a[i] = T(k);
        b[i] = T(-k * (rate * rate * double(sum_gd[i]) * share));
        c[i] = T(-k * (double(sum_g[i]) * share));
        dw[i] = T(rate * double(sum_gd[i]));
      }
      if (trained) {
        map_gradient(x, g, m, a, b, c, dx);
      } else {
        map_channels<1, 1, T>({&g}, {a}, dx, [](const V(&v)[1], const V(&p)[1]) { return v[0] * p[0]; });
      }
    });
  });
}

}  // namespace

NormKernels norm_kernels() { return {train, evaluate, backward}; }

}  // namespace PYDL_ISA
}  // namespace pydl
