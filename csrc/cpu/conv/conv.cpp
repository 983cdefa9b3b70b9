// Convolutions, transposed ones and weight gradients: which loop each takes, the first that fits.
//
// forward
//   what takes_winograd says                                winograd/
//   a window that is the whole image, many filters          whole_image.h
//   the same, few filters in one group                      a correlation of the image laid out anew
//   else                                                    a correlation
//
// transposed
//   a window that is the whole result                       whole_image.h, or as below for single channels
//   what takes_winograd says                                winograd/
//   else                                                    a correlation for every phase (transposed.h)
//
// a correlation (Correlation::run, correlation.h)
//   no taps                                                 the bias alone
//   one channel in a group, several groups                  depthwise.h
//   groups narrower than a register, filters as channels    grouped.h
//   and from here on, group by group:
//   few filters, lanes of tap × filter leave fewer idle     tap_filter_lanes.h
//   few filters, not many channels, rows of a register      few_filters.h, on a padded copy in planes
//   few channels, lanes are filters                         few_channels.h, on a padded copy if need be;
//                                                           in several groups not what can be read in place
//   lanes are pixels                                        a product: PixelLanes (windows.h)
//   stretches of channels long enough to read in place      a product: PixelRows (pixel_rows.h)
//   else                                                    the same on a padded copy, channels last
//
// weight gradient (from the third on in weight_grad.h)
//   no image                                                zeros
//   what takes_winograd says                                winograd/
//   a window that is the whole image                        whole_image.h, or as below for single channels
//   few channels in one group, and
//     whole registers of filters, rows of taps far from it  weight_grad_few_channels.h, lanes are filters
//     pixels of a line fill lanes better than taps          weight_grad_few_taps.h
//     else                                                  weight_grad_few_channels.h, lanes are taps
//   one channel and one filter in a group                   weight_grad_depthwise.h
//   groups narrower than a register, filters as channels    weight_grad_grouped.h
//   else                                                    a product over pixels: TapLanes (tap_lanes.h)
#include "kernels/conv.h"

#include "core/algorithm.h"
#include "core/copy.h"
#include "core/dispatch.h"
#include "cpu/conv/correlation.h"
#include "cpu/conv/transposed.h"
#include "cpu/conv/weight_grad.h"
#include "cpu/winograd/kernels.h"
#include "cpu/winograd/tiles.h"
#include "cpu/winograd/winograd.h"

namespace pydl {
namespace PYDL_ISA {

ConvKernels conv_kernels();

namespace {

// The most of the direct products that Winograd's algorithm may take: what it saves pays for its transforms.
constexpr double kWorthwhile = 0.65;

template <class T>
bool forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
             int64_t groups, bool relu) {
  bool rectified = false;
  const auto correlate = [&](const View& image) {
    Correlation<T> c = correlation_of<T>(image, w, 0, bias, y, window, groups);
    c.relu = relu;
    rectified = c.run();
  };
  // As columns of a product, fewer filters leave lanes empty: a correlation has others to choose from, and
  // reads the whole image as stretches of channels where these come last.
  const bool many_filters = w.shape[0] / groups >= Vec<T>::size;
  if (sees_whole_image(y, x, window) && (many_filters || groups == 1)) {
    with_layout<T>(x, window, !many_filters, [&](const View& image) {
      many_filters ? whole_image_forward<T>(image, w, bias, y, groups) : correlate(image);
    });
    return rectified;
  }
  correlate(x);
  return rectified;
}

// A kernel that Winograd's algorithm knows, its tiles, the products for one, and the channels and filters
// from which on the transforms cost less than they save.
struct WinogradCase {
  int64_t kernel, stride;
  int64_t (*tiles)(int64_t size, int64_t dilation);  // along an axis of so many results
  int64_t products, channels, filters;
};

template <class Kernel>
constexpr WinogradCase winograd_case(int64_t channels, int64_t filters) {
  return {Kernel::width,
          Kernel::stride,
          [](int64_t size, int64_t dilation) { return TilesAlong<Kernel::results>{size, dilation}.count(); },
          tile_products<Kernel>(),
          channels,
          filters};
}

constexpr WinogradCase kWinogradCases[] = {winograd_case<Kernel3>(16, 16),
                                           winograd_case<Kernel3Strided>(16, 16),
                                           winograd_case<Kernel4>(8, 3), winograd_case<Kernel5>(16, 16)};

// Whether a convolution of `channels` with `filters` a group, or its gradient, takes Winograd's algorithm
// where one image has `height` × `width` maps (transposed, its image has them in every phase of the stride):
// by what one sample is, so that its results do not depend on the others.
bool takes_winograd(DType dtype, int64_t channels, int64_t filters, const Window2d& window, int64_t height,
                    int64_t width) {
  if (dtype != DType::f32 || conv_algorithm() == ConvAlgorithm::direct) return false;
  const bool dilated = window.dilation[0] != 1 || window.dilation[1] != 1;
  for (const WinogradCase& c : kWinogradCases) {
    bool fits = channels >= c.channels && filters >= c.filters && (c.stride == 1 || !dilated);
    for (int a = 0; a < 2; ++a) fits = fits && window.kernel[a] == c.kernel && window.stride[a] == c.stride;
    if (!fits) continue;
    const double tiles = double(c.tiles(height, window.dilation[0]) * c.tiles(width, window.dilation[1]));
    return double(c.products) * tiles <
           kWorthwhile * double(c.kernel * c.kernel) * double(height) * double(width);
  }
  return false;
}

// The g-th of `groups` parts along a dimension.
View part_of(const View& v, int dim, int64_t groups, int64_t g) {
  View part = v;
  part.shape[dim] /= groups;
  part.data = data_as<float>(v) + g * part.shape[dim] * v.strides[dim];
  return part;
}

// body(image, weights, bias, maps) of every group.
template <class Body>
void for_groups(const View& x, const View& w, const View* bias, const View& y, int64_t groups, Body&& body) {
  for (int64_t g = 0; g < groups; ++g) {
    const View b = bias ? part_of(*bias, 0, groups, g) : View{};
    body(part_of(x, 1, groups, g), part_of(w, 0, groups, g), bias ? &b : nullptr, part_of(y, 1, groups, g));
  }
}

bool run_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
                 int64_t groups, bool relu) {
  if (numel(y) == 0) return true;
  if (takes_winograd(y.dtype, w.shape[1], w.shape[0] / groups, window, y.shape[2], y.shape[3])) {
    for_groups(x, w, bias, y, groups,
               [&](const View& image, const View& taps, const View* b, const View& maps) {
                 winograd_forward(image, taps, b, maps, window);
               });
    return false;
  }
  bool rectified = false;
  dispatch_float(
      y.dtype, [&](auto zero) { rectified = forward<decltype(zero)>(x, w, bias, y, window, groups, relu); });
  return rectified;
}

void run_transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                    int64_t groups) {
  if (numel(x) == 0) return;
  const int64_t height = ceil_div(x.shape[2], window.stride[0]),
                width = ceil_div(x.shape[3], window.stride[1]);
  // An element of an image that is one window meets one tap, not all that takes_winograd counts.
  if (!sees_whole_image(y, x, window) &&
      takes_winograd(x.dtype, w.shape[0] / groups, w.shape[1], window, height, width))
    return for_groups(x, w, bias, y, groups,
                      [&](const View& image, const View& taps, const View* b, const View& maps) {
                        winograd_transposed(maps, taps, b, image, window);
                      });
  dispatch_float(x.dtype, [&](auto zero) { transposed<decltype(zero)>(y, w, bias, x, window, groups); });
}

void run_weight_grad(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups) {
  if (numel(y) == 0) return fill_view(w, 0);
  if (takes_winograd(w.dtype, w.shape[1], w.shape[0] / groups, window, y.shape[2], y.shape[3]))
    return for_groups(x, w, nullptr, y, groups,
                      [&](const View& image, const View& taps, const View*, const View& maps) {
                        winograd_weight_grad(image, maps, taps, window);
                      });
  dispatch_float(w.dtype, [&](auto zero) { weight_grad<decltype(zero)>(x, y, w, window, groups); });
}

}  // namespace

ConvKernels conv_kernels() { return {run_forward, run_transposed, run_weight_grad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
