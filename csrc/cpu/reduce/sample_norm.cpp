// Normalisation of each sample by itself: of groups of its channels, and of rows.
//
// A group's numbers are summed channel by channel in blocks, as batch normalisation does, and the blocks
// joined in double, so that every layout gives the same bits. What is near, a small sample or a few rows, is
// summed and mapped by one thread while it is in its cache.
#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/reduce/channel_map.h"
#include "cpu/reduce/channel_norm.h"
#include "kernels/norm.h"

namespace pydl {
namespace PYDL_ISA {

SampleNormKernels sample_norm_kernels();

namespace {

constexpr int64_t kNearSample = INT64_C(1) << 17;  // elements in the second-level cache
constexpr int64_t kMostParts = 16;  // of rows, each with sums of its own for the weight's gradient
constexpr int kRowsTogether = 4;    // rows that share what is loaded of the weight

static int64_t round_to(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Of blocks with so many `elements` in all: blocks(add) calls add(elements, mean, squares) for each of them,
// and is called twice.
struct Moments {
  double mean, variance;
};
template <class Blocks>
Moments join_blocks(double elements, Blocks&& blocks) {
  double sum = 0, squares = 0;
  blocks([&](double n, double mean, double) { sum += n * mean; });
  const double mean = sum / elements;
  blocks([&](double n, double m, double s) { squares += s + n * (m - mean) * (m - mean); });
  return {mean, squares / elements};
}

// Sample n alone.
template <class T>
View sample(const View& v, int64_t n) {
  View one = v;
  one.data = data_as<T>(v) + n * v.strides[0];
  one.shape[0] = 1;
  return one;
}

// body(n) for every sample: side by side where they are small, else each on all threads.
template <class Body>
void for_samples(const View& x, Body&& body) {
  const int64_t size = x.shape[1] * x.shape[2];
  if (size > kNearSample) {
    for (int64_t n = 0; n < x.shape[0]; ++n) body(n);
    return;
  }
  parallel_ranges(x.shape[0], kGrain / size, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) body(n);
  });
}

// body(piece, block, first channel, count) for the blocks of sample n.
template <class Body>
void for_sample_blocks(const View& x, int64_t n, Body&& body) {
  const ChannelBlocks pieces(1, x.shape[2]);
  for_channel_blocks(pieces, x.shape[1], [&](int64_t piece, int64_t c, int64_t count) {
    ChannelBlock block = pieces[piece];
    block.n0 = n;
    block.n1 = n + 1;
    body(piece, block, c, count);
  });
}

template <class T>
void group_moments(const View& x, int64_t n, int64_t groups, T* mean, T* variance) {
  const int64_t C = x.shape[1], L = x.shape[2], each = C / groups;
  const ChannelBlocks pieces(1, L);
  with_scratch<double>(2 * C * pieces.count, [&](double* means) {
    double* const squares = means + C * pieces.count;
    for_sample_blocks(x, n, [&](int64_t piece, const ChannelBlock& block, int64_t c, int64_t count) {
      block_moments<T>(x, block, c, count, means + piece * C + c, squares + piece * C + c);
    });
    for (int64_t group = 0; group < groups; ++group) {
      const Moments all = join_blocks(double(each * L), [&](auto&& add) {
        for (int64_t piece = 0; piece < pieces.count; ++piece) {
          const double size = double(pieces[piece].size());
          for (int64_t c = group * each; c < (group + 1) * each; ++c)
            add(size, means[piece * C + c], squares[piece * C + c]);
        }
      });
      mean[group] = T(all.mean);
      variance[group] = T(all.variance < 0 ? 0.0 : all.variance);
    }
  });
}

template <class T>
void group_train(const View& x, int64_t groups, const Affine<T>& affine, T* mean, T* variance,
                 const View& y) {
  const int64_t C = x.shape[1], each = C / groups;
  for_samples(x, [&](int64_t n) {
    T *const m = mean + n * groups, *const v = variance + n * groups;
    group_moments(x, n, groups, m, v);
    with_scratch<T>(3 * C, [&](T* centre) {
      T *const scale = centre + C, *const shift = scale + C;
      for (int64_t group = 0, c = 0; group < groups; ++group) {
        const double rate = affine.rate(v[group]);
        for (const int64_t end = c + each; c < end; ++c) {
          centre[c] = m[group];
          scale[c] = T(affine.scale(c) * rate);
          shift[c] = affine.bias ? affine.bias[c] : T(0);
        }
      }
      map_affine(sample<T>(x, n), centre, scale, shift, sample<T>(y, n));
    });
  });
}

// Sample n: dx, sums[c] = sum g and sums[C + c] = sum g · (x - mean) · rate.
template <class T>
void group_backward_one(const View& x, const View& g, int64_t n, int64_t groups, const Affine<T>& affine,
                        const T* mean, const T* variance, const View& dx, double* sums) {
  const int64_t C = x.shape[1], L = x.shape[2], each = C / groups, pieces = ChannelBlocks(1, L).count;
  with_scratch<T>(4 * C, [&](T* centre) {
    T *const a = centre + C, *const b = a + C, *const d = b + C;
    for (int64_t group = 0, c = 0; group < groups; ++group)
      for (const int64_t end = c + each; c < end; ++c) centre[c] = mean[group];
    with_scratch<double>(2 * C * pieces, [&](double* parts) {
      double* const products = parts + C * pieces;
      for_sample_blocks(x, n, [&](int64_t piece, const ChannelBlock& block, int64_t c, int64_t count) {
        block_products<T>(x, g, block, c, count, centre + c, parts + piece * C + c, products + piece * C + c);
      });
      for (int64_t c = 0; c < C; ++c) {
        sums[c] = sums[C + c] = 0;
        for (int64_t piece = 0; piece < pieces; ++piece) {
          sums[c] += parts[piece * C + c];
          sums[C + c] += products[piece * C + c];
        }
      }
    });
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t begin = group * each, end = begin + each;
      const double rate = affine.rate(variance[group]), share = 1.0 / double(each * L);
      double of_g = 0, of_gd = 0;
      for (int64_t c = begin; c < end; ++c) {
        of_g += affine.scale(c) * sums[c];
        of_gd += affine.scale(c) * sums[C + c];
      }
      for (int64_t c = begin; c < end; ++c) {
        a[c] = T(affine.scale(c) * rate);
        b[c] = T(-rate * (rate * rate * of_gd * share));
        d[c] = T(-rate * (of_g * share));
        sums[C + c] *= rate;
      }
    }
    map_gradient(sample<T>(x, n), sample<T>(g, n), centre, a, b, d, sample<T>(dx, n));
  });
}

template <class T>
void group_backward(const View& x, const View& g, int64_t groups, const Affine<T>& affine, const T* mean,
                    const T* variance, const View& dx, T* dweight, T* dbias) {
  const int64_t N = x.shape[0], C = x.shape[1];
  with_scratch<double>(2 * N * C, [&](double* sums) {
    for_samples(x, [&](int64_t n) {
      group_backward_one(x, g, n, groups, affine, mean + n * groups, variance + n * groups, dx,
                         sums + 2 * n * C);
    });
    parallel_ranges(C, 1 + kGrain / (N + 1), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        double of_g = 0, of_gd = 0;
        for (int64_t n = 0; n < N; ++n) {
          of_g += sums[2 * n * C + c];
          of_gd += sums[(2 * n + 1) * C + c];
        }
        dbias[c] = T(of_g);
        dweight[c] = T(of_gd);
      }
    });
  });
}

// A row's places W at a time, the last ones under a mask.
template <class T, class Body>
[[gnu::always_inline]] static inline void for_vectors(int64_t n, Body&& body) {
  constexpr int W = Vec<T>::size;
  int64_t i = 0;
  for (; i + W <= n; i += W) body(i, [](const T* p) { return Vec<T>::load(p); }, W);
  if (i < n) {
    const auto inside = lanes_below<T>(n - i);
    body(i, [inside](const T* p) { return load_masked(p, inside); }, int(n - i));
  }
}

template <class T>
static inline void store_lanes(T* p, Vec<T> value, int lanes) {
  lanes == Vec<T>::size ? value.store(p) : value.store_partial(p, lanes);
}

// Rows [begin, end), at most kGroup, of the lines of `x`, (1, R, D).
template <class T>
void layer_rows(const View& x, const ChannelBlocks& pieces, int64_t begin, int64_t end,
                const Affine<T>& affine, double* means, T* mean, T* variance, T* y) {
  using V = Vec<T>;
  const int64_t D = x.shape[2], count = end - begin;
  double* const squares = means + count * pieces.count;
  for (int64_t p = 0; p < pieces.count; ++p)
    block_moments<T>(x, pieces[p], begin, count, means + p * count, squares + p * count);
  for (int64_t i = 0; i < count; ++i) {
    const Moments all = join_blocks(double(D), [&](auto&& add) {
      for (int64_t p = 0; p < pieces.count; ++p)
        add(double(pieces[p].size()), means[p * count + i], squares[p * count + i]);
    });
    mean[begin + i] = T(all.mean);
    variance[begin + i] = T(all.variance < 0 ? 0.0 : all.variance);
    const V centre(mean[begin + i]), rate(T(affine.rate(variance[begin + i])));
    const T* const from = data_as<T>(x) + (begin + i) * D;
    T* const to = y + (begin + i) * D;
    for_vectors<T>(D, [&](int64_t at, auto&& load, int lanes) {
      const V weight = affine.weight ? load(affine.weight + at) : V(T(1));
      const V bias = affine.bias ? load(affine.bias + at) : V(T(0));
      __builtin_prefetch(from + at + kRowsTogether * D);
      store_lanes(to + at, fma((load(from + at) - centre) * rate, weight, bias), lanes);
    });
  }
}

template <class T>
void layer_train(const View& x, const Affine<T>& affine, T* mean, T* variance, T* y) {
  const int64_t R = x.shape[0], D = x.shape[1];
  const View lines{x.data, x.dtype, 3, {1, R, D}, {R * D, D, 1}};  // rows as channels
  const ChannelBlocks pieces(1, D);
  parallel_ranges(R, round_to(kGrain / D + 1, kRowsTogether), [&](int64_t begin, int64_t end) {
    with_scratch<double>(2 * kRowsTogether * pieces.count, [&](double* means) {
      for (int64_t r = begin; r < end; r += kRowsTogether)
        layer_rows(lines, pieces, r, r + kRowsTogether < end ? r + kRowsTogether : end, affine, means, mean,
                   variance, y);
    });
  });
}

// The operands of a layer's gradient, and where its sums go: dweight and dbias of a part of the rows, or
// null.
template <class T>
struct LayerGradient {
  const T *x, *g;
  int64_t D;
  const Affine<T>& affine;
  const T *mean, *variance;
  T* dx;

  // Rows [r, r + Q).
  template <int Q>
  void run(int64_t r, T* dweight, T* dbias) const {
    using V = Vec<T>;
    double of_g[Q] = {}, of_gd[Q] = {};
    for (int64_t from = 0; from < D; from += kPiece) {
      const int64_t n = D - from < kPiece ? D - from : kPiece;
      V sums[Q][2];
      for (auto& row : sums) row[0] = row[1] = V(T(0));
      for_vectors<T>(n, [&](int64_t i, auto&& load, int) __attribute__((always_inline)) {
        const V w = affine.weight ? load(affine.weight + from + i) : V(T(1));
#pragma GCC unroll 4
        for (int q = 0; q < Q; ++q) {
          const int64_t at = (r + q) * D + from + i;
          const V gw = load(g + at) * w;
          sums[q][0] += gw;
          sums[q][1] = fma(gw, load(x + at) - V(mean[r + q]), sums[q][1]);
        }
      });
      for (int q = 0; q < Q; ++q) {
        of_g[q] += double(sum_lanes(sums[q][0]));
        of_gd[q] += double(sum_lanes(sums[q][1]));
      }
    }
    V a[Q], b[Q], d[Q];
    for (int q = 0; q < Q; ++q) {
      const double rate = affine.rate(variance[r + q]), share = 1.0 / double(D);
      a[q] = V(T(rate));
      b[q] = V(T(-rate * (rate * rate * of_gd[q] * share)));
      d[q] = V(T(-rate * (of_g[q] * share)));
    }
    for_vectors<T>(D, [&](int64_t i, auto&& load, int lanes) __attribute__((always_inline)) {
      const V w = affine.weight ? load(affine.weight + i) : V(T(1));
      V by_weight = dweight ? load(dweight + i) : V(T(0)), by_bias = dbias ? load(dbias + i) : V(T(0));
#pragma GCC unroll 4
      for (int q = 0; q < Q; ++q) {
        const int64_t at = (r + q) * D + i;
        __builtin_prefetch(x + at + Q * D);
        __builtin_prefetch(g + at + Q * D);
        const V grad = load(g + at), apart = load(x + at) - V(mean[r + q]), scaled = grad * a[q];
        by_weight = fma(scaled, apart, by_weight);
        by_bias += grad;
        store_lanes(dx + at, fma(scaled, w, fma(apart, b[q], d[q])), lanes);
      }
      if (dweight) store_lanes(dweight + i, by_weight, lanes);
      if (dbias) store_lanes(dbias + i, by_bias, lanes);
    });
  }
};

template <class T>
void layer_backward(const LayerGradient<T>& rows, int64_t R, T* dweight, T* dbias) {
  const int64_t D = rows.D, even = (R + kMostParts - 1) / kMostParts;
  const int64_t part = round_to(even > kGrain / D ? even : kGrain / D + 1, kRowsTogether);
  const int64_t parts = (R + part - 1) / part;
  const bool summed = dweight || dbias;
  with_scratch<T>(summed ? 2 * parts * D : 0, [&](T* sums) {
    parallel_ranges(R, part, [&](int64_t begin, int64_t end) {
      T* const own = sums + begin / part * 2 * D;
      for (int64_t i = 0; i < 2 * D && summed; ++i) own[i] = T(0);
      int64_t r = begin;
      T *const w = dweight ? own : nullptr, *const b = dbias ? own + D : nullptr;
      if constexpr (sizeof(T) == 4)  // there is code for floats alone
        for (; r + kRowsTogether <= end; r += kRowsTogether) rows.template run<kRowsTogether>(r, w, b);
      for (; r < end; ++r) rows.template run<1>(r, w, b);
    });
    parallel_ranges(summed ? D : 0, kGrain / (parts + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        double of_weight = 0, of_bias = 0;
        for (int64_t p = 0; p < parts; ++p) {
          of_weight += double(sums[2 * p * D + i]);
          of_bias += double(sums[(2 * p + 1) * D + i]);
        }
        if (dweight) dweight[i] = T(of_weight);
        if (dbias) dbias[i] = T(of_bias);
      }
    });
  });
}

void run_group_train(const View& x, int64_t groups, const NormAffine& affine, const View& mean,
                     const View& variance, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    group_train(x, groups, Affine<T>(affine), data_as<T>(mean), data_as<T>(variance), y);
  });
}

void run_group_backward(const View& x, const View& g, int64_t groups, const NormAffine& affine,
                        const View& mean, const View& variance, const View& dx, const View& dweight,
                        const View& dbias) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    group_backward<T>(x, g, groups, Affine<T>(affine), data_as<T>(mean), data_as<T>(variance), dx,
                      data_as<T>(dweight), data_as<T>(dbias));
  });
}

void run_layer_train(const View& x, const NormAffine& affine, const View& mean, const View& variance,
                     const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    layer_train(x, Affine<T>(affine), data_as<T>(mean), data_as<T>(variance), data_as<T>(y));
  });
}

void run_layer_backward(const View& x, const View& g, const NormAffine& affine, const View& mean,
                        const View& variance, const View& dx, const View& dweight, const View& dbias) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Affine<T> by(affine);
    const LayerGradient<T> rows{data_as<T>(x),    data_as<T>(g),        x.shape[1],    by,
                                data_as<T>(mean), data_as<T>(variance), data_as<T>(dx)};
    layer_backward(rows, x.shape[0], data_as<T>(dweight), data_as<T>(dbias));
  });
}

}  // namespace

SampleNormKernels sample_norm_kernels() {
  return {run_group_train, run_group_backward, run_layer_train, run_layer_backward};
}

}  // namespace PYDL_ISA
}  // namespace pydl
