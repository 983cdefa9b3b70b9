// Convolutions with one window, which is the whole image: products of matrices, of which one index runs over
// all elements of an image, channel by channel.
#pragma once
#include "core/scratch.h"
#include "core/window.h"
#include "cpu/product/product.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Whether y has one pixel, whose window is all of x.
inline bool is_one_pixel(const View& y, const View& x, const Window2d& window) {
  for (int a = 0; a < 2; ++a)
    if (y.shape[2 + a] != 1 || window.padding[a] != 0 || window.dilation[a] != 1 ||
        x.shape[2 + a] != window.kernel[a])
      return false;
  return true;
}

// Then x is a matrix product: images × channels of y by channels × (filter, tap). `biases` holds the bias of
// each of the columns.
template <class T>
void spread_pixel(const View& y, const View& w, const T* biases, const View& x, int64_t groups) {
  const int64_t channels = y.shape[1] / groups, filters = w.shape[1],
                columns = filters * w.shape[2] * w.shape[3];
  for (int64_t g = 0; g < groups; ++g) {
    const Strided<T> maps{data_as<T>(y) + g * channels * y.strides[1], line(y.shape[0], y.strides[0]),
                          line(channels, y.strides[1])};
    Strided<T> taps{data_as<T>(w) + g * channels * w.strides[0], {}, line(channels, w.strides[0])};
    Result<T> result{data_as<T>(x) + g * filters * x.strides[1], line(x.shape[0], x.strides[0]), {}};
    for (int d = 1; d < 4; ++d) {
      taps.lanes.push(w.shape[d], w.strides[d]);
      result.cols.push(w.shape[d], x.strides[d]);
    }
    result.col_bias = biases ? biases + g * columns : nullptr;
    result.col_bias_step = 1;
    multiply(maps, taps, result, y.shape[0], columns, 0, channels, 192, 512);
  }
}

template <class T>
void transposed_pixel(const View& y, const View& w, const View* bias, const View& x, int64_t groups) {
  const int64_t area = w.shape[2] * w.shape[3];
  if (!bias) return spread_pixel<T>(y, w, nullptr, x, groups);
  with_scratch<T>(x.shape[1] * area, [&](T* biases) {
    for (int64_t i = 0; i < x.shape[1] * area; ++i)
      biases[i] = data_as<T>(*bias)[i / area * bias->strides[0]];
    spread_pixel<T>(y, w, biases, x, groups);
  });
}

// The elements of an image, channel by channel, of `channels` channels.
inline Axis image_elements(const View& x, int64_t channels) {
  Axis axis = line(channels, x.strides[1]);
  axis.push(x.shape[2], x.strides[2]);
  axis.push(x.shape[3], x.strides[3]);
  return axis;
}

// Images × elements of x by elements × filters, or the same with rows and columns exchanged where filters do
// not fill a register.
template <class T>
void gather_pixel(const View& x, const View& w, const View* bias, const View& y, int64_t groups) {
  const int64_t channels = w.shape[1], filters = w.shape[0] / groups,
                elements = channels * w.shape[2] * w.shape[3];
  for (int64_t g = 0; g < groups; ++g) {
    const Strided<T> images{data_as<T>(x) + g * channels * x.strides[1], line(x.shape[0], x.strides[0]),
                            image_elements(x, channels)};
    const Strided<T> taps{data_as<T>(w) + g * filters * w.strides[0], line(filters, w.strides[0]),
                          image_elements(w, channels)};
    Result<T> result{data_as<T>(y) + g * filters * y.strides[1], line(y.shape[0], y.strides[0]),
                     line(filters, y.strides[1])};
    if (bias) {
      result.col_bias = data_as<T>(*bias) + g * filters * bias->strides[0];
      result.col_bias_step = bias->strides[0];
    }
    multiply(images, taps, result, y.shape[0], filters, 0, elements, 192, 512);
  }
}

// Filters × images of y by images × elements of x; w is in C order.
template <class T>
void pixel_weight_grad(const View& x, const View& y, const View& w, int64_t groups) {
  const int64_t channels = w.shape[1], filters = w.shape[0] / groups,
                elements = channels * w.shape[2] * w.shape[3];
  for (int64_t g = 0; g < groups; ++g) {
    const Strided<T> maps{data_as<T>(y) + g * filters * y.strides[1], line(filters, y.strides[1]),
                          line(y.shape[0], y.strides[0])};
    const Strided<T> images{data_as<T>(x) + g * channels * x.strides[1], image_elements(x, channels),
                            line(x.shape[0], x.strides[0])};
    const Result<T> result{data_as<T>(w) + g * filters * elements, line(filters, elements),
                           line(elements, 1)};
    multiply(maps, images, result, filters, elements, 0, x.shape[0], 192, 512);
  }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
