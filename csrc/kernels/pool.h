// Contract of pooling over windows of (H, W).
//
// x and dx are (N, C, H, W), y, g and index (N, C, OH, OW) with OH, OW as core/window.h gives them, any
// strides. Tap t = ky * kernel[1] + kx of window (oh, ow) is x[oh * stride - padding + ky * dilation, …];
// taps outside x do not count. `index` holds the tap taken by each window: uint8 where the kernel has at most
// kCompactTaps taps, else int64; kNoTap (255 as uint8) where a window lies in the padding alone.
//   max_forward    y = the largest tap and its index: the first of equals, the last NaN; -inf without a tap
//   max_scatter    dx = sum of g over the windows whose index is this element
//   max_gather     y = x at the index, 0 without a tap
//   mean_forward   y = sum of the taps / divisor
//   mean_scatter   dx = sum of g / divisor over the windows that hold this element
// max_gather is the derivative of max_scatter and the reverse; the two mean kernels likewise. The index is
// only ever compared with a tap's number, so no value of it reads or writes outside. Sums run over a window
// row by row, and over the windows of an element likewise.
#pragma once
#include "core/view.h"
#include "core/window.h"

namespace pydl {

constexpr int64_t kCompactTaps = 255, kNoTap = -1;

// What a mean divides by: `fixed` where it is positive, else the elements of the window within the input,
// and, with count_padding, within its padding.
struct PoolDivisor {
  double fixed;
  bool count_padding;
};

struct PoolKernels {
  void (*max_forward)(const View& x, const Window2d& w, const View& y, const View& index);
  void (*max_scatter)(const View& g, const View& index, const Window2d& w, const View& dx);
  void (*max_gather)(const View& x, const View& index, const Window2d& w, const View& y);
  void (*mean_forward)(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y);
  void (*mean_scatter)(const View& g, const Window2d& w, const PoolDivisor& divisor, const View& dx);
};

}  // namespace pydl
