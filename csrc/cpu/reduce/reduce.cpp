// Sums, means, products and extremes over any dimensions, in the order of tree.h.
#include "kernels/reduce.h"

#include <type_traits>

#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/reduce/along_dim.h"
#include "cpu/reduce/extreme.h"
#include "cpu/reduce/plan.h"
#include "cpu/reduce/row_blocks.h"
#include "cpu/reduce/short_rows.h"
#include "cpu/simd/transpose.h"

namespace pydl {
namespace PYDL_ISA {

ReduceKernels reduce_kernels();
void arg_reduce(bool largest, const View& x, uint32_t reduced, const View& y);

namespace {

struct ProductOf {
  using Elements = ProductOf;
  using Joined = ProductOf;
  template <class T>
  static T neutral() {
    return T(1);
  }
  template <class V>
  static V before(V x) {
    return x;
  }
  template <class V>
  static V join(V a, V b) {
    return a * b;
  }
  template <class V>
  static V after(V x, V count) {
    return flushed(x, count);
  }
};

constexpr int64_t kChunk = 256 * kBlock;  // positions that one item of work combines
constexpr int64_t kMostTurned = 8;        // chunks of them that are copied at a time

template <class R>
constexpr bool is_extreme = std::is_same<R, LargestOf>::value || std::is_same<R, SmallestOf>::value;

// The largest or smallest of positions [begin, end), run by run; false where only the tree gives its bits.
template <class R, class T>
bool extreme_of_runs(const T* x, const Reduced& reduced, int64_t begin, int64_t end, T& found) {
  constexpr bool largest = std::is_same<R, LargestOf>::value;
  if (reduced.step() != 1 || reduced.inner() < kBlock) return false;
  found = R::template neutral<T>();
  for (int64_t k = begin; k < end;) {
    const int64_t left = reduced.inner() - k % reduced.inner(), n = left < end - k ? left : end - k;
    T one;
    if (!scan_extreme<largest>(x + reduced.offset(k), n, one)) return false;
    found = R::join(found, one);
    k += n;
  }
  return found != T(0);
}

// Positions [begin, end) of one output, begin a multiple of the block.
template <class R, class T>
[[gnu::noinline]] T combine(const T* x, const Reduced& reduced, int64_t begin, int64_t end) {
  if constexpr (is_extreme<R>) {
    T found;
    if (extreme_of_runs<R>(x, reduced, begin, end, found)) return found;
  }
  if (reduced.step() == 1 && begin % reduced.inner() + (end - begin) <= reduced.inner())
    return tree<R>(x + reduced.offset(begin), end - begin);
  Counter<R, T> counter;
  Walk<T> walk(x, reduced, begin);
  for (int64_t k = begin; k < end; k += kBlock) {
    T buffer[kBlock];
    const int64_t n = end - k < kBlock ? end - k : kBlock;
    const T* p = walk.next(n, buffer);
    counter.push(n == kBlock ? block<R>(p, kChain) : tree<R>(p, n));
  }
  return counter.result();
}

// Where the last reduced dimension but one lies closest in memory, as the channels of channels-last images
// do, chunks are copied into the order of their positions, by registers: how many at a time, so that most
// registers are whole ones; 0 where that is not so.
template <class T>
int64_t turned_chunks(const Reduced& reduced) {
  constexpr int W = Vec<T>::size;
  const int n = reduced.ndim;
  if (n < 2 || reduced.step() == 1 || reduced.strides[n - 2] != 1 || reduced.shape[n - 2] < W) return 0;
  const int64_t wanted = (2 * W * reduced.inner() + kChunk - 1) / kChunk;
  return wanted > kMostTurned ? 0 : wanted;
}

// Positions [begin, end), and those before and after them that complete lines of the last dimension, in
// order; returns where `begin` is.
template <class T>
const T* turn(const T* x, const Reduced& reduced, int64_t begin, int64_t end, T* buffer) {
  constexpr int W = Vec<T>::size;
  const int64_t length = reduced.inner(), step = reduced.step(), lines = reduced.shape[reduced.ndim - 2];
  const int64_t first = begin / length, last = (end + length - 1) / length;
  for (int64_t line = first; line < last;) {
    T* const to = buffer + (line - first) * length;
    const T* const from = x + reduced.offset(line * length);
    const int64_t left = lines - line % lines, some = left < last - line ? left : last - line;
    if (some >= W) {
      transpose_lanes(to, length, from, step, length);
      line += W;
    } else {
      for (int64_t k = 0; k < length; ++k)
        for (int64_t i = 0; i < some; ++i) to[i * length + k] = from[k * step + i];
      line += some;
    }
  }
  return buffer + (begin - first * length);
}

// partial[c] of chunks [first, last) of one output.
template <class R, class T>
void combine_turned(const T* x, const Reduced& reduced, int64_t first, int64_t last, T* partial) {
  const int64_t begin = first * kChunk, end = last * kChunk < reduced.count ? last * kChunk : reduced.count;
  with_scratch<T>(end - begin + 2 * reduced.inner(), [&](T* buffer) {
    const T* const p = turn(x, reduced, begin, end, buffer);
    Reduced straight = reduced;
    straight.ndim = 1;
    straight.shape[0] = straight.count = end - begin;
    straight.strides[0] = 1;
    for (int64_t c = first; c < last; ++c)
      partial[c - first] = combine<R>(p, straight, (c - first) * kChunk,
                                      (c + 1) * kChunk < end ? (c + 1 - first) * kChunk : end - begin);
  });
}

// Vectors run along the reduced positions. Long outputs are cut into chunks, short ones share an item.
template <class R, class T>
void reduce_along(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  const int64_t outputs = nest.rows() * nest.row_length(), count = reduced.count;
  const int64_t chunks = (count + kChunk - 1) / kChunk, turned = turned_chunks<T>(reduced);
  const bool together = reduced.step() == 1 && reduced.ndim == 1 && count < kShortBlocks * kBlock &&
                        !(is_extreme<R> && count >= kBlock);
  if (chunks == 1 && !turned)
    return parallel_ranges(outputs, kChunk / count, [&](int64_t begin, int64_t end) {
      int64_t at[2];
      for (int64_t i = begin; i < end; ++i) {
        if (i == begin || i % nest.row_length() == 0) output_offsets(nest, i, at);
        if (together && end - i >= kTogether<T> &&
            nest.row_length() - i % nest.row_length() >= kTogether<T>) {
          T values[kTogether<T>];
          combine_short_rows<typename R::Elements>(data_as<T>(x) + at[0], nest.row_stride(0), count, values);
          for (int j = 0; j < kTogether<T>; ++j, at[1] += nest.row_stride(1))
            data_as<T>(y)[at[1]] = R::after(values[j], T(count));
          at[0] += kTogether<T> * nest.row_stride(0);
          i += kTogether<T> - 1;
          continue;
        }
        data_as<T>(y)[at[1]] = R::after(combine<R>(data_as<T>(x) + at[0], reduced, 0, count), T(count));
        for (int k = 0; k < 2; ++k) at[k] += nest.row_stride(k);
      }
    });
  with_scratch<T>(outputs * chunks, [&](T* partial) {
    const int64_t each = turned ? turned : 1, items = (chunks + each - 1) / each;
    parallel_ranges(outputs * items, kChunk / count, [&](int64_t first, int64_t last) {
      for (int64_t item = first; item < last; ++item) {
        int64_t at[2];
        output_offsets(nest, item / items, at);
        const T* const from = data_as<T>(x) + at[0];
        const int64_t c = item % items * each, after = c + each < chunks ? c + each : chunks;
        T* const to = partial + item / items * chunks + c;
        if (turned) {
          combine_turned<R>(from, reduced, c, after, to);
        } else {
          *to = combine<R>(from, reduced, c * kChunk, (c + 1) * kChunk < count ? (c + 1) * kChunk : count);
        }
      }
    });
    for (int64_t i = 0; i < outputs; ++i) {
      int64_t at[2];
      output_offsets(nest, i, at);
      Counter<R, T> counter;
      for (int64_t c = 0; c < chunks; ++c) counter.push(partial[i * chunks + c]);
      data_as<T>(y)[at[1]] = R::after(counter.result(), T(count));
    }
  });
}

// The outputs of a reduction across, cut into strips of neighbours.
template <class R, class T>
struct Strips {
  using Rows = RowCounter<typename R::Joined, T>;
  const View &x, &y;
  const LoopNest<2>& nest;
  const Reduced& reduced;
  const int64_t length = nest.row_length(), pieces = (length + Rows::width - 1) / Rows::width;
  const int64_t count = nest.rows() * pieces;
  const int64_t width = length < Rows::width ? length : Rows::width;

  // Offsets of strip `index` in x and y; returns its length.
  [[gnu::noinline]] int locate(int64_t index, int64_t (&at)[2]) const {
    nest.row_offsets(index / pieces, at);
    const int64_t from = index % pieces * Rows::width;
    for (int k = 0; k < 2; ++k) at[k] += from * nest.row_stride(k);
    return int(length - from < Rows::width ? length - from : Rows::width);
  }

  // Positions [begin, end) of strip `index`, where the caller can take them from.
  const T* combine(Rows& counter, int64_t index, int64_t begin, int64_t end) const {
    int64_t at[2];
    const int n = locate(index, at);
    return combine_rows<typename R::Elements>(counter, data_as<T>(x) + at[0], reduced, begin, end,
                                              nest.row_stride(0), n);
  }

  void store(const T* values, int64_t index) const {
    int64_t at[2];
    const int n = locate(index, at);
    const int64_t step = nest.row_stride(1);
    T* to = data_as<T>(y) + at[1];
    for (int i = 0; i < n; i += Vec<T>::size)
      put_lanes(to + i * step, step, n - i < Vec<T>::size ? n - i : Vec<T>::size,
                R::after(Vec<T>::load(values + i), Vec<T>(T(reduced.count))));
  }
};

// Strips whose rows are cut into `chunks` of `span`, each an item of work.
template <class R, class T>
void reduce_chunks(const Strips<R, T>& strips, int64_t span, int64_t chunks) {
  using Rows = typename Strips<R, T>::Rows;
  const int64_t count = strips.reduced.count;
  with_scratch<T>(strips.count * chunks * Rows::width, [&](T* partial) {
    parallel(strips.count * chunks, [&](int64_t item) {
      const int64_t begin = item % chunks * span, end = begin + span < count ? begin + span : count;
      Rows counter;
      std::memcpy(partial + item * Rows::width, strips.combine(counter, item / chunks, begin, end),
                  strips.width * sizeof(T));
    });
    parallel(strips.count, [&](int64_t s) {
      Rows counter;
      for (int64_t c = 0; c < chunks; ++c) {
        std::memcpy(counter.top(), partial + (s * chunks + c) * Rows::width, strips.width * sizeof(T));
        counter.push(int(strips.width));
      }
      strips.store(counter.result(int(strips.width)), s);
    });
  });
}

// Vectors run across outputs: the rows of a matrix whose columns are summed.
template <class R, class T>
void reduce_across(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  const Strips<R, T> strips{x, y, nest, reduced};
  int64_t span = kBlock;  // positions in a chunk: a power of two of blocks
  while (span * strips.width < 2 * kChunk) span *= 2;
  const int64_t chunks = (reduced.count + span - 1) / span;
  if (chunks > 1) return reduce_chunks(strips, span, chunks);
  parallel_ranges(strips.count, kChunk / (reduced.count * strips.width), [&](int64_t first, int64_t last) {
    for (int64_t s = first; s < last; ++s) {
      typename Strips<R, T>::Rows counter;
      strips.store(strips.combine(counter, s, 0, reduced.count), s);
    }
  });
}

template <class R, class T>
[[gnu::noinline]] void reduce(const View& x, const View& y, const LoopNest<2>& nest, const Reduced& reduced) {
  if (reduced.count > 0) {
    if (runs_over_outputs(nest, reduced)) return reduce_across<R, T>(x, y, nest, reduced);
    return reduce_along<R, T>(x, y, nest, reduced);
  }
  // Nothing to combine: +0 for a sum, NaN for a mean, 1 for a product.
  const T nothing = R::template neutral<T>() + T(0);
  nest.run([&](const int64_t (&at)[2], int64_t n) {
    for (int64_t i = 0; i < n; ++i) data_as<T>(y)[at[1] + i * nest.row_stride(1)] = R::after(nothing, T(0));
  });
}

// The last reduced dimensions of x that lie like one.
struct Plane {
  uint32_t mask = 0;
  int64_t size = 1, step = 0;

  Plane(const View& x, uint32_t reduced) {
    for (int d = x.ndim - 1; d >= 0; --d) {
      if (!(reduced >> d & 1) || x.shape[d] == 1) continue;
      if (mask != 0 && x.strides[d] != size * step) return;
      if (mask == 0) step = x.strides[d];
      mask |= uint32_t(1) << d;
      size *= x.shape[d];
    }
  }
  // Whether it is a whole subtree of the order of tree.h, wherever it stands.
  bool is_subtree() const { return size >= kBlock && (size & (size - 1)) == 0; }
};

// x without the dimensions of a mask, in memory of its own.
[[gnu::noinline]] static View without(const View& x, uint32_t mask, void* memory) {
  View v{memory, x.dtype, x.ndim, {}, {}};
  int64_t stride = 1;
  for (int d = x.ndim - 1; d >= 0; --d) {
    v.shape[d] = mask >> d & 1 ? 1 : x.shape[d];
    v.strides[d] = stride;
    stride *= v.shape[d];
  }
  return v;
}

// The two steps over planes: each of them, into memory of its own, then all that belong to one output.
struct PlanePlan {
  View planes;
  LoopNest<2> each;
  Reduced inside;
  LoopNest<2> nest;
  Reduced rest;

  [[gnu::noinline]] PlanePlan(const View& x, uint32_t mask, const View& y, uint32_t plane, void* memory)
      : planes(without(x, plane, memory)),
        each(Kept(x, plane, planes).nest()),
        inside(x, plane),
        nest(Kept(planes, mask, y).nest()),
        rest(planes, mask) {}
};

// Planes whose neighbours in memory are other planes, as in channels-last images: all of them across, then
// plane after plane.
template <class R, class T>
void reduce_planes(const View& x, uint32_t mask, const View& y, uint32_t plane, int64_t count, int64_t size) {
  using First = typename std::conditional<std::is_same<R, MeanOf>::value, SumOf, R>::type;
  with_scratch<T>(count / size, [&](T* memory) {
    const PlanePlan plan(x, mask, y, plane, memory);
    reduce<First, T>(x, plan.planes, plan.each, plan.inside);
    const int64_t each = plan.rest.count;
    parallel_ranges(plan.nest.rows() * plan.nest.row_length(), 1 + kGrain / each,
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        int64_t at[2];
                        output_offsets(plan.nest, i, at);
                        Counter<typename R::Joined, T> counter;
                        for (int64_t k = 0; k < each; ++k) counter.push(memory[at[0] + plan.rest.offset(k)]);
                        data_as<T>(y)[at[1]] = R::after(counter.result(), T(plan.inside.count * each));
                      }
                    });
  });
}

template <class R, class T>
void reduce_view(const View& x, uint32_t mask, const View& y, const LoopNest<2>& nest,
                 const Reduced& reduced) {
  constexpr bool sums = !is_extreme<R> && !std::is_same<R, ProductOf>::value;
  const Plane plane(x, mask);
  if (sums && reduced.count > 0 && turned_chunks<T>(reduced) && plane.is_subtree() &&
      plane.size == reduced.inner() && !runs_over_outputs(nest, reduced))
    return reduce_planes<typename std::conditional<sums, R, SumOf>::type, T>(x, mask, y, plane.mask, numel(x),
                                                                             plane.size);
  reduce<R, T>(x, y, nest, reduced);
}

void run_reduce(Reduction op, const View& x, uint32_t mask, const View& y) {
  const Kept kept(x, mask, y);
  const LoopNest<2> nest = kept.nest();
  if (nest.rows() * nest.row_length() == 0) return;
  const Reduced reduced(x, mask);
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    static constexpr void (*table[])(const View&, uint32_t, const View&, const LoopNest<2>&,
                                     const Reduced&) = {
        reduce_view<SumOf, T>,     reduce_view<MeanOf, T>,     reduce_view<ProductOf, T>,
        reduce_view<LargestOf, T>, reduce_view<SmallestOf, T>, reduce_view<SquaresOf, T>};
    table[static_cast<int>(op)](x, mask, y, nest, reduced);
  });
}

}  // namespace

ReduceKernels reduce_kernels() { return {run_reduce, arg_reduce}; }

}  // namespace PYDL_ISA
}  // namespace pydl
