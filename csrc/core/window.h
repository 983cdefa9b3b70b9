// The geometry of every sliding window (convolution, transposed convolution, pooling), normalised once, and
// the only formulas for the sizes it leads to.
#pragma once
#include <string>

#include "core/check.h"

namespace pydl {

// No single number of a window is larger, so the product of any two fits in 62 bits.
constexpr int64_t kMaxWindow = (INT64_C(1) << 31) - 1;

// Index 0: height, 1: width. `padding` lies before the first element, `padding_end` after the last.
struct Window2d {
  int64_t kernel[2];
  int64_t stride[2];
  int64_t padding[2];
  int64_t padding_end[2];
  int64_t dilation[2];
};

// Number of elements from the first tap of a window to its last.
inline int64_t window_extent(const Window2d& w, int axis) {
  return w.dilation[axis] * (w.kernel[axis] - 1) + 1;
}

inline std::string size_string(int64_t h, int64_t w) { return std::to_string(h) + " x " + std::to_string(w); }

// How many windows fit along each axis of an input of size `in`:
//   out = floor((in + padding + padding_end - extent) / stride) + 1,
// or, with `ceil`, rounded up as long as the last window starts inside the input or the leading padding.
// ValueError where not one fits.
inline void window_out_size(const char* function, const Window2d& w, const int64_t (&in)[2],
                            int64_t (&out)[2], bool ceil = false) {
  int64_t padded[2];
  for (int a = 0; a < 2; ++a) padded[a] = checked_add(function, in[a], w.padding[a] + w.padding_end[a]);
  for (int a = 0; a < 2; ++a) {
    const int64_t room = padded[a] - window_extent(w, a);
    if (room < 0)
      fail(function, "a kernel within the padded input of " + size_string(padded[0], padded[1]),
           "one that spans " + size_string(window_extent(w, 0), window_extent(w, 1)));
    out[a] = room / w.stride[a] + 1;
    if (ceil && room % w.stride[a] != 0 && out[a] * w.stride[a] < in[a] + w.padding[a]) ++out[a];
  }
}

// The size of which `in` windows are taken by a convolution, for the transposed one:
//   out = (in - 1) * stride - padding - padding_end + extent + output_padding.
inline void window_transposed_size(const char* function, const Window2d& w, const int64_t (&in)[2],
                                   const int64_t (&output_padding)[2], int64_t (&out)[2]) {
  for (int a = 0; a < 2; ++a) {
    const int64_t steps = checked_mul(function, in[a] - 1, w.stride[a]);
    const int64_t added = window_extent(w, a) + output_padding[a] - w.padding[a] - w.padding_end[a];
    out[a] = checked_add(function, steps, added);
  }
  if (out[0] < 1 || out[1] < 1)
    fail(function, "an output of at least 1 x 1", size_string(out[0], out[1]) + " after padding");
}

}  // namespace pydl
