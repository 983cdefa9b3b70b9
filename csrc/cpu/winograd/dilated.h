// A dilated convolution as plain ones: every d-th result along an axis sees every d-th pixel alone.
#pragma once
#include "core/view.h"
#include "core/window.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Elements first, first + step, … along the last two dimensions.
static inline View every(const View& v, const int64_t (&first)[2], const int64_t (&step)[2]) {
  View out = v;
  char* data = static_cast<char*>(v.data);
  for (int a = 0; a < 2; ++a) {
    const int d = v.ndim - 2 + a;
    data += first[a] * v.strides[d] * item_size(v.dtype);
    out.shape[d] = v.shape[d] > first[a] ? (v.shape[d] - first[a] + step[a] - 1) / step[a] : 0;
    out.strides[d] *= step[a];
  }
  out.data = data;
  return out;
}

// body(image, maps, window) for each of the convolutions without dilation that the one of stride 1 from image
// x to maps y consists of: together they have every pixel once, and every result.
template <class Body>
static void for_dilation_phases(const View& x, const View& y, const Window2d& window, Body&& body) {
  const int64_t (&d)[2] = window.dilation;
  Window2d plain = window;
  for (int a = 0; a < 2; ++a) plain.dilation[a] = 1;
  for (int64_t i = 0; i < d[0]; ++i)
    for (int64_t j = 0; j < d[1]; ++j) {
      const int64_t result[2] = {i, j};
      int64_t pixel[2];
      for (int a = 0; a < 2; ++a) {  // result `result` begins at pixel `result` - padding
        plain.padding[a] = (window.padding[a] - result[a] + d[a] - 1) / d[a];
        pixel[a] = result[a] - window.padding[a] + plain.padding[a] * d[a];
      }
      body(every(x, pixel, d), every(y, result, d), plain);
    }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
