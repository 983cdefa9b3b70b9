// One index of a product (a row, a column, a summed index) that may run over several dimensions of an array.
#pragma once
#include "core/view.h"

namespace pydl {
namespace PYDL_ISA {

// Element i lies at offset(i) elements from the first. Dimensions that continue one another are one level.
struct Axis {
  int levels = 0;
  int64_t size[kMaxDims];
  int64_t stride[kMaxDims];

  // Adds a dimension inside those there are.
  void push(int64_t n, int64_t step) {
    if (n == 1) return;
    if (levels > 0 && stride[levels - 1] == n * step) {
      size[levels - 1] *= n;
      stride[levels - 1] = step;
      return;
    }
    size[levels] = n;
    stride[levels++] = step;
  }

  int64_t step() const { return levels > 0 ? stride[levels - 1] : 1; }

  // How many elements from i on lie step() apart.
  int64_t run(int64_t i, int64_t limit) const {
    if (levels == 0) return limit;
    const int64_t left = size[levels - 1] - (levels == 1 ? i : i % size[levels - 1]);
    return left < limit ? left : limit;
  }

  int64_t offset(int64_t i) const {
    if (levels == 1) return i * stride[0];
    int64_t at = 0;
    for (int d = levels - 1; d >= 0; --d) {
      at += i % size[d] * stride[d];
      i /= size[d];
    }
    return at;
  }

  void offsets(int64_t begin, int64_t n, int64_t* out) const {
    for (int64_t i = 0; i < n;) {
      const int64_t base = offset(begin + i), count = run(begin + i, n - i);
      for (int64_t j = 0; j < count; ++j) out[i + j] = base + j * step();
      i += count;
    }
  }
};

static inline Axis line(int64_t n, int64_t stride) {
  Axis axis;
  axis.push(n, stride);
  return axis;
}

// body(i, offset) for i < count, of the elements from `begin` on.
template <class Body>
static inline void for_offsets(const Axis& axis, int64_t begin, int64_t count, Body&& body) {
  for (int64_t i = 0; i < count;) {
    const int64_t base = axis.offset(begin + i), n = axis.run(begin + i, count - i), step = axis.step();
    for (int64_t j = 0; j < n; ++j) body(i + j, base + j * step);
    i += n;
  }
}

// Whether n offsets are consecutive.
static inline bool is_unit(const int64_t* offsets, int64_t n) {
  for (int64_t i = 1; i < n; ++i)
    if (offsets[i] != offsets[0] + i) return false;
  return true;
}

static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

}  // namespace PYDL_ISA
}  // namespace pydl
