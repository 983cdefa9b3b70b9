// The position of the largest or smallest element over any dimensions.
#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/reduce/extreme.h"
#include "cpu/reduce/plan.h"
#include "kernels/reduce.h"

namespace pydl {
namespace PYDL_ISA {

void arg_reduce(bool largest, const View& x, uint32_t reduced, const View& y);

namespace {

constexpr int64_t kChunk = 256 * kBlock, kStretch = 8 * kBlock;

// V is a number or a vector; the result a bool or a mask. True where v replaces the best so far: earlier
// elements win ties, and a NaN wins over everything but an earlier NaN.
template <class R, class V>
static inline auto beats(V v, V best) {
  return (R::before_that(v, best)) | ((v != v) & (best == best));
}

struct First : LargestOf {
  static constexpr bool largest = true;
  template <class V>
  static auto before_that(V v, V best) {
    return v > best;
  }
};
struct Last : SmallestOf {
  static constexpr bool largest = false;
  template <class V>
  static auto before_that(V v, V best) {
    return v < best;
  }
};

template <class T>
struct Best {
  T value;
  int64_t index = -1;

  template <class R>
  void offer(T v, int64_t at) {
    if (index < 0 || beats<R>(v, value)) value = v, index = at;
  }
};

// Best of positions [begin, end). The winner of a stretch is looked for only where it beats those before.
template <class R, class T>
Best<T> best_of(const T* x, const Reduced& reduced, int64_t begin, int64_t end) {
  Best<T> best;
  Walk<T> walk(x, reduced, begin);
  for (int64_t k = begin; k < end; k += kStretch) {
    T buffer[kStretch];
    const int64_t n = end - k < kStretch ? end - k : kStretch;
    const T* p = walk.next(n, buffer);
    const T winner = extreme<R, R::largest>(p, n);
    if (best.index >= 0 && !beats<R>(winner, best.value)) continue;
    best.template offer<R>(winner, k + find_first(p, n, winner));
  }
  return best;
}

template <class R, class T>
void arg_along(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  const int64_t outputs = nest.rows() * nest.row_length(), count = reduced.count;
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  with_scratch<Best<T>>(outputs * chunks, [&](Best<T>* partial) {
    parallel_ranges(outputs * chunks, kChunk / count, [&](int64_t first, int64_t last) {
      for (int64_t item = first; item < last; ++item) {
        int64_t at[2];
        output_offsets(nest, item / chunks, at);
        const int64_t begin = item % chunks * kChunk, end = begin + kChunk < count ? begin + kChunk : count;
        partial[item] = best_of<R>(data_as<T>(x) + at[0], reduced, begin, end);
      }
    });
    for (int64_t i = 0; i < outputs; ++i) {
      int64_t at[2];
      output_offsets(nest, i, at);
      Best<T> best;
      for (int64_t c = i * chunks; c < (i + 1) * chunks; ++c)
        best.template offer<R>(partial[c].value, partial[c].index);
      data_as<int64_t>(y)[at[1]] = best.index;
    }
  });
}

// A strip of neighbouring outputs, row after row.
template <class R, class T>
struct Strip {
  using I = typename Vec<T>::integer;
  static constexpr int width = 1024 / sizeof(T);
  T value[width];
  I index[width];

  void offer(const T* x, int64_t stride, int n, I k) {
    constexpr int W = Vec<T>::size;
    for (int i = 0; i < n; i += W) {
      const int lanes = n - i < W ? n - i : W;
      const Vec<T> v = stride != 1  ? Vec<T>::gather(x + i * stride, stride, lanes)
                       : lanes == W ? Vec<T>::load(x + i)
                                    : Vec<T>::load_partial(x + i, lanes);
      typename Vec<T>::bits at;
      std::memcpy(&at, index + i, sizeof at);
      const Vec<T> best = Vec<T>::load(value + i);
      const auto wins = beats<R>(v, best) | (typename Vec<T>::bits)(at < 0);
      at = wins ? k - typename Vec<T>::bits{} : at;
      select(wins, v, best).store(value + i);
      std::memcpy(index + i, &at, sizeof at);
    }
  }
};

template <class R, class T>
void arg_across(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  using S = Strip<R, T>;
  const int64_t length = nest.row_length(), pieces = (length + S::width - 1) / S::width;
  const int64_t work = reduced.count * (length < S::width ? length : S::width);
  parallel_ranges(nest.rows() * pieces, kChunk / work, [&](int64_t first, int64_t last) {
    for (int64_t s = first; s < last; ++s) {
      int64_t at[2];
      nest.row_offsets(s / pieces, at);
      const int64_t from = s % pieces * S::width;
      const int n = int(length - from < S::width ? length - from : S::width);
      S strip;
      for (auto& index : strip.index) index = -1;
      const T* start = data_as<T>(x) + at[0] + from * nest.row_stride(0);
      for (int64_t k = 0; k < reduced.count; ++k)
        strip.offer(start + reduced.offset(k), nest.row_stride(0), n, typename S::I(k));
      int64_t* to = data_as<int64_t>(y) + at[1] + from * nest.row_stride(1);
      for (int i = 0; i < n; ++i) to[i * nest.row_stride(1)] = strip.index[i];
    }
  });
}

template <class R, class T>
void arg(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  const bool index_fits = reduced.count <= INT32_MAX;
  (index_fits && runs_over_outputs(nest, reduced) ? arg_across<R, T> : arg_along<R, T>)(x, y, nest, reduced);
}

}  // namespace

void arg_reduce(bool largest, const View& x, uint32_t mask, const View& y) {
  const Kept kept(x, mask, y);
  const LoopNest<2> nest = kept.nest();
  const Reduced reduced(x, mask);
  if (nest.rows() * nest.row_length() == 0 || reduced.count == 0) return;
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    (largest ? arg<First, T> : arg<Last, T>)(x, y, nest, reduced);
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
