// The geometry of every sliding window (convolution, transposed convolution, pooling), normalised once, and
// the only formulas for the sizes it leads to.
#pragma once
#include <cstdint>
#include <string>

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
static inline int64_t window_extent(const Window2d& w, int axis) {
  return w.dilation[axis] * (w.kernel[axis] - 1) + 1;
}

// "3 x 5"
std::string size_string(int64_t h, int64_t w);

// How many windows fit along each axis of an input of size `in`:
//   out = floor((in + padding + padding_end - extent) / stride) + 1,
// or, with `ceil`, rounded up as long as the last window starts inside the input or the leading padding: the
// only window may then end beyond the padded input. ValueError where there is not one.
void window_out_size(const char* function, const Window2d& w, const int64_t (&in)[2], int64_t (&out)[2],
                     bool ceil = false);

// The size of which `in` windows are taken by a convolution, for the transposed one:
//   out = (in - 1) * stride - padding - padding_end + extent + output_padding.
void window_transposed_size(const char* function, const Window2d& w, const int64_t (&in)[2],
                            const int64_t (&output_padding)[2], int64_t (&out)[2]);

}  // namespace pydl
