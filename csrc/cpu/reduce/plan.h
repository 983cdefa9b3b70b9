// How the dimensions of a reduction are walked: the kept ones in the order of memory, the reduced ones in C
// order (their order fixes the bits of the result).
#pragma once
#include "cpu/elementwise/loop.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The reduced index space; position k runs through it in C order.
struct Reduced {
  int ndim = 0;
  int64_t count = 1;
  int64_t shape[kMaxDims], strides[kMaxDims];

  Reduced(const View& x, uint32_t mask) {
    for (int d = 0; d < x.ndim; ++d) {
      if (!(mask >> d & 1) || x.shape[d] == 1) continue;
      count *= x.shape[d];
      const bool merges = ndim > 0 && strides[ndim - 1] == x.strides[d] * x.shape[d];
      const int at = merges ? ndim - 1 : ndim++;
      shape[at] = merges ? shape[at] * x.shape[d] : x.shape[d];
      strides[at] = x.strides[d];
    }
    if (ndim == 0) ndim = 1, shape[0] = 1, strides[0] = 1;
  }

  int64_t inner() const { return shape[ndim - 1]; }
  int64_t step() const { return strides[ndim - 1]; }

  int64_t offset(int64_t k) const {
    int64_t at = 0;
    for (int d = ndim - 1; d > 0; --d) {
      at += k % shape[d] * strides[d];
      k /= shape[d];
    }
    return at + k * strides[0];
  }
};

// Goes through positions of the reduced space from one on.
template <class T>
class Walk {
 public:
  Walk(const T* x, const Reduced& reduced, int64_t position) : x_(x), reduced_(reduced) {
    inside_ = position % reduced.inner();
    int64_t outer = position / reduced.inner();
    for (int d = reduced.ndim - 2; d >= 0; --d) {
      index_[d] = outer % reduced.shape[d];
      outer /= reduced.shape[d];
      x_ += index_[d] * reduced.strides[d];
    }
  }

  // The next n elements: in place where they lie together, else copied to `buffer`.
  [[gnu::noinline]] const T* next(int64_t n, T* buffer) {
    const int64_t step = reduced_.step();
    if (step == 1 && inside_ + n <= reduced_.inner()) {
      const T* const from = x_ + inside_;
      skip(n);
      return from;
    }
    for (int64_t done = 0; done < n;) {
      const int64_t left = reduced_.inner() - inside_, run = left < n - done ? left : n - done;
      const T* const from = x_ + inside_ * step;
      T* const to = buffer + done;
      if (step == 1)
        for (int64_t i = 0; i < run; ++i) to[i] = from[i];
      else
        for (int64_t i = 0; i < run; ++i) to[i] = from[i * step];
      done += run;
      skip(run);
    }
    return buffer;
  }

 private:
  // n elements, no further than to the end of a row.
  void skip(int64_t n) {
    inside_ += n;
    if (inside_ < reduced_.inner()) return;
    inside_ = 0;
    for (int d = reduced_.ndim - 2; d >= 0; --d) {
      x_ += reduced_.strides[d];
      if (++index_[d] < reduced_.shape[d]) return;
      x_ -= index_[d] * reduced_.strides[d];
      index_[d] = 0;
    }
  }

  const T* x_;  // of the row
  const Reduced& reduced_;
  int64_t inside_, index_[kMaxDims];
};

// x and y without their reduced dimensions.
struct Kept {
  View x, y;

  Kept(const View& whole, uint32_t mask, const View& result)
      : x{whole.data, whole.dtype, 0, {}, {}}, y{result.data, result.dtype, 0, {}, {}} {
    for (int d = 0; d < whole.ndim; ++d) {
      if (mask >> d & 1) continue;
      x.shape[x.ndim] = y.shape[y.ndim] = whole.shape[d];
      x.strides[x.ndim++] = whole.strides[d];
      y.strides[y.ndim++] = result.strides[d];
    }
  }

  LoopNest<2> nest() const { return LoopNest<2>({&x, &y}); }
};

// Where output number `index` of the nest has its first element of x, and where it goes in y.
[[gnu::noinline]] static void output_offsets(const LoopNest<2>& nest, int64_t index, int64_t (&at)[2]) {
  nest.row_offsets(index / nest.row_length(), at);
  for (int k = 0; k < 2; ++k) at[k] += index % nest.row_length() * nest.row_stride(k);
}

// True when neighbours in memory belong to different outputs, so that vectors run over outputs.
static inline bool runs_over_outputs(const LoopNest<2>& nest, const Reduced& reduced) {
  const int64_t across = nest.row_stride(0), along = reduced.step();
  return nest.row_length() > 1 &&
         (reduced.count == 1 || (across < 0 ? -across : across) < (along < 0 ? -along : along));
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
