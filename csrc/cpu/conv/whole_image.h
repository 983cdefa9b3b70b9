// Convolutions with one window, which is the whole image, and so with results of one pixel: products of
// matrices, of which one index runs over all elements of an image.
#pragma once
#include "core/scratch.h"
#include "cpu/conv/correlation.h"
#include "cpu/product/matrices.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Whether y has one pixel, whose window is all of x.
inline bool sees_whole_image(const View& y, const View& x, const Window2d& window) {
  for (int a = 0; a < 2; ++a)
    if (y.shape[2 + a] != 1 || window.padding[a] != 0 || window.dilation[a] != 1 ||
        x.shape[2 + a] != window.kernel[a])
      return false;
  return true;
}

// body(group, whether all threads work on it).
template <class Body>
void for_image_groups(int64_t groups, Body&& body) {
  if (groups >= kManyGroups) return parallel(groups, [&](int64_t g) { body(g, false); });
  for (int64_t g = 0; g < groups; ++g) body(g, true);
}

// Whether the elements of an image lie pixel by pixel.
inline bool lies_by_pixel(const View& x) {
  return x.strides[1] == 1 && x.shape[1] > 1 && x.shape[2] * x.shape[3] > 1;
}

// The elements of an image, or of a filter, of `channels` channels: pixel by pixel or channel by channel.
inline Axis image_elements(const View& x, int64_t channels, bool by_pixel) {
  Axis axis;
  if (!by_pixel) axis.push(channels, x.strides[1]);
  axis.push(x.shape[2], x.strides[2]);
  axis.push(x.shape[3], x.strides[3]);
  if (by_pixel) axis.push(channels, x.strides[1]);
  return axis;
}

// Then x is a matrix product: images × channels of y by channels × elements of x, in an order in which the
// larger of w and x is read or written in one go. `biases` holds the bias of each of the elements.
template <class T>
void spread_maps(const View& y, const View& w, const T* biases, const View& x, int64_t groups,
                 bool by_pixel) {
  const int64_t channels = y.shape[1] / groups, filters = w.shape[1],
                elements = filters * w.shape[2] * w.shape[3];
  for_image_groups(groups, [&](int64_t g, bool shared) {
    const Strided<T> maps{data_as<T>(y) + g * channels * y.strides[1], line(y.shape[0], y.strides[0]),
                          line(channels, y.strides[1])};
    const Strided<T> taps{data_as<T>(w) + g * channels * w.strides[0], image_elements(w, filters, by_pixel),
                          line(channels, w.strides[0])};
    Result<T> result{data_as<T>(x) + g * filters * x.strides[1], line(x.shape[0], x.strides[0]),
                     image_elements(x, filters, by_pixel)};
    result.col_bias = biases ? biases + g * elements : nullptr;
    result.col_bias_step = 1;
    multiply_matrices(maps, taps, result, y.shape[0], elements, channels, shared);
  });
}

template <class T>
void whole_image_transposed(const View& y, const View& w, const View* bias, const View& x, int64_t groups) {
  const int64_t area = w.shape[2] * w.shape[3], filters = w.shape[1], elements = filters * area;
  const bool by_pixel = lies_by_pixel(x) && x.shape[0] >= 2 * (w.shape[0] / groups);
  if (!bias) return spread_maps<T>(y, w, nullptr, x, groups, by_pixel);
  with_scratch<T>(groups * elements, [&](T* biases) {
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t i = 0; i < elements; ++i)
        biases[g * elements + i] =
            data_as<T>(*bias)[(g * filters + (by_pixel ? i % filters : i / area)) * bias->strides[0]];
    spread_maps<T>(y, w, biases, x, groups, by_pixel);
  });
}

// Images × elements of x by elements × filters.
template <class T>
void whole_image_forward(const View& x, const View& w, const View* bias, const View& y, int64_t groups) {
  const int64_t channels = w.shape[1], filters = w.shape[0] / groups,
                elements = channels * w.shape[2] * w.shape[3];
  for_image_groups(groups, [&](int64_t g, bool shared) {
    const Strided<T> images{data_as<T>(x) + g * channels * x.strides[1], line(x.shape[0], x.strides[0]),
                            image_elements(x, channels, false)};
    const Strided<T> taps{data_as<T>(w) + g * filters * w.strides[0], line(filters, w.strides[0]),
                          image_elements(w, channels, false)};
    Result<T> result{data_as<T>(y) + g * filters * y.strides[1], line(y.shape[0], y.strides[0]),
                     line(filters, y.strides[1])};
    if (bias) {
      result.col_bias = data_as<T>(*bias) + g * filters * bias->strides[0];
      result.col_bias_step = bias->strides[0];
    }
    multiply_matrices(images, taps, result, y.shape[0], filters, elements, shared);
  });
}

// Filters × images of y by images × elements of x; w is in C order.
template <class T>
void whole_image_weight_grad(const View& x, const View& y, const View& w, int64_t groups) {
  const int64_t channels = w.shape[1], filters = w.shape[0] / groups,
                elements = channels * w.shape[2] * w.shape[3];
  const bool by_pixel = lies_by_pixel(x) && x.shape[0] >= 2 * filters;
  for_image_groups(groups, [&](int64_t g, bool shared) {
    const Strided<T> maps{data_as<T>(y) + g * filters * y.strides[1], line(filters, y.strides[1]),
                          line(y.shape[0], y.strides[0])};
    const Strided<T> images{data_as<T>(x) + g * channels * x.strides[1],
                            image_elements(x, channels, by_pixel), line(x.shape[0], x.strides[0])};
    const Result<T> result{data_as<T>(w) + g * filters * elements, line(filters, elements),
                           image_elements(w, channels, by_pixel)};
    multiply_matrices(maps, images, result, filters, elements, x.shape[0], shared);
  });
}

// body(x) on an image of which every window sees all, as it is or laid out pixel by pixel or channel by
// channel.
template <class T, class Body>
void with_layout(const View& x, const Window2d& window, bool by_pixel, Body&& body) {
  const int64_t one[2] = {1, 1};
  if (lies_by_pixel(x) == by_pixel || x.shape[1] == 1 || x.shape[2] * x.shape[3] == 1) return body(x);
  with_padded(conv_windows<T>(x, window, one, 1), x.shape[0], by_pixel, [&](const Windows<T>& w) {
    View copy = x;
    copy.data = const_cast<T*>(w.image);
    copy.strides[0] = w.image_step;
    copy.strides[1] = w.channel_step;
    for (int a = 0; a < 2; ++a) copy.strides[2 + a] = w.pixel_step[a];
    body(copy);
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
