// Contract of the reductions.
//
// y = reduction of x over the dimensions whose bit is set in `reduced`. y has x's dimensions, those reduced
// with size 1, and x's dtype (float or double; int64 for arg). Any strides; y is overwritten and overlaps
// nothing. max, min and arg need at least one element to choose from.
//
// The order of combination is one function of an element's position k in the reduced index space, taken row
// by row (C order), and of nothing else: layout, instruction set, thread count and the rest of the batch
// leave the bits alone. cpu/reduce/tree.h gives the order.
#pragma once
#include "core/view.h"

namespace pydl {

enum class Reduction : int { sum, mean, prod, amax, amin, sum_squares };

struct ReduceKernels {
  void (*reduce)(Reduction op, const View& x, uint32_t reduced, const View& y);

  // Position k of the largest (or smallest) element, the first of equals; the first NaN where there is one.
  void (*arg)(bool largest, const View& x, uint32_t reduced, const View& y);
};

}  // namespace pydl
