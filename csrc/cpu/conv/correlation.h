// Windows of an image times filters: what convolutions and the phases of transposed ones are.
#pragma once
#include "core/copy.h"
#include "core/window.h"
#include "cpu/conv/depthwise.h"
#include "cpu/conv/few_channels.h"
#include "cpu/conv/few_filters.h"
#include "cpu/conv/grouped.h"
#include "cpu/conv/padded.h"
#include "cpu/conv/pixel_rows.h"
#include "cpu/conv/tap_filter_lanes.h"
#include "cpu/conv/windows.h"
#include "cpu/product/long_sum.h"
#include "cpu/product/product.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kManyGroups = 4;  // from here on, whole groups are the items of parallel work

// The most of the others' multiply-adds for lanes of tap × filter, whose sums are still to be added.
constexpr double kFewerProducts = 0.7;
constexpr int64_t kMostPlanes = 32;  // channels whose planes few_filters.h reads
// Rows of fewer channels would be copied to be a left operand, or end within a chain of products.
constexpr int64_t kEnoughChannels = 16;
// The most of a product's block: pixels × filters where lanes are filters, else filters × pixels.
constexpr int64_t kBlockOfPixels[] = {96, 512}, kBlockOfFilters[] = {384, 128};

// A correlation of the windows of an image with filters; groups lie *_group_step apart.
template <class T>
struct Correlation {
  Windows<T> windows;  // of the first group
  int64_t groups, images, filters;
  const T* weights;
  int64_t filter_step, tap_step[2], channel_step, weight_group_step;
  T* result;
  int64_t result_image_step, result_channel_step, result_step[2];
  const T* bias;
  int64_t bias_step;
  bool relu = false;

  // By shape, but for two questions of layout: are windows of one pixel one line, are lanes filters? Both
  // choose among loops that add an element's products in one order: tap by tap, of each the channels, in the
  // chains of product/tile.h. Lanes of tap × filter have an order of their own, but not for a single tap.
  //
  // Whether what is below 0 has become 0, where `relu` asks for it: loops that finish in store.h do that.
  bool run() {
    if (is_line_of_pixels(windows) && result_step[0] == windows.out[1] * result_step[1])
      windows = as_line(windows);
    if (windows.taps[0] * windows.taps[1] == 0) return run_empty(), false;  // from here on there are taps
    if (windows.channels == 1 && groups > 1) return run_depthwise(), false;
    if (takes_grouped()) return run_grouped(), false;
    if (shared()) {
      for (int64_t g = 0; g < groups; ++g) run_group(g);
    } else {
      parallel(groups, [&](int64_t g) { run_group(g); });
    }
    return !takes_tap_filter_lanes();
  }

 private:
  // Whether all threads work on one group.
  bool shared() const { return groups < kManyGroups; }

  void run_group(int64_t g) const {
    Windows<T> w = windows;
    w.image += g * w.channels * w.channel_step;
    const PixelRows<T> rows(w);
    if (takes_tap_filter_lanes()) return run_tap_filter_lanes(g, w);
    // Copied even where there is nothing to pad: the last register of a line may be read beyond the image,
    // where only a copy is known to have memory.
    if (takes_few_filters())
      return with_padded(w, images, false, [&](const Windows<T>& copy) { run_few_filters(g, copy); });
    if (takes_few_channels() && (groups == 1 || !rows.in_place(filters)))
      return with_zeros(w, [&](const Windows<T>& image) { run_few_channels(g, image); });
    if (!lanes_are_filters() || rows.in_place(filters)) return run_group(g, rows);
    with_padded(w, images, true,
                [&](const Windows<T>& copy) { run_group(g, PixelRows<T>(copy, is_padded(copy))); });
  }

  // Few filters, where lanes of tap × filter leave fewer idle than lanes along filters or pixels, or have
  // fewer zeros around the image to multiply.
  bool takes_tap_filter_lanes() const {
    const Windows<T>& w = windows;
    if (filters >= 2 * Vec<T>::size || w.step[1] != 1 || w.taps[0] * w.channels > kLeaf) return false;
    if (!Margin<T>(w, 1).fits) return false;
    const TapFilterLanes<T> rows{w, images, filters, nullptr, nullptr, nullptr, 0, 0, {}, nullptr, 0};
    const bool as_pixels =
        filters < Vec<T>::size && w.channels <= kMostPlanes && w.taps[0] * w.taps[1] * w.channels <= kLeaf;
    const int64_t wide =
        as_pixels ? filters * round_up(w.out[1], Vec<T>::size) : round_up(filters, Vec<T>::size) * w.out[1];
    const double others = double(w.out[0]) * double(wide) * double(w.taps[0] * w.taps[1] * w.channels);
    return rows.work() < kFewerProducts * others;
  }

  void run_tap_filter_lanes(int64_t g, const Windows<T>& w) const {
    constexpr int NR = Tile<T>::cols;
    const int64_t depth = w.taps[0] * w.channels, lanes = round_up(w.taps[1] * filters, NR);
    Strided<T> filter{weights + g * weight_group_step, {}, {}};
    filter.lanes.push(w.taps[1], tap_step[1]);
    filter.lanes.push(filters, filter_step);
    filter.ks.push(w.taps[0], tap_step[0]);
    filter.ks.push(w.channels, channel_step);
    with_scratch<T>(lanes * depth + depth * int64_t(sizeof(int64_t) / sizeof(T)), [&](T* panels) {
      int64_t* const offsets = reinterpret_cast<int64_t*>(panels + lanes * depth);
      pack_panels(filter, panels, 0, w.taps[1] * filters, 0, depth);
      for (int64_t u = 0; u < w.taps[0]; ++u)
        for (int64_t c = 0; c < w.channels; ++c)
          offsets[u * w.channels + c] = u * w.spread[0] * w.pixel_step[0] + c * w.channel_step;
      const Result<T> out = result_of(g);
      TapFilterLanes<T>{w,
                        images,
                        filters,
                        panels,
                        offsets,
                        out.data,
                        result_image_step,
                        result_channel_step,
                        {result_step[0], result_step[1]},
                        out.row_bias,
                        out.row_bias_step}
          .run();
    });
  }

  // Few filters leave most of the lanes along them empty. Their sums are no longer than one leaf of
  // product/long_sum.h.
  bool takes_few_filters() const {
    const int64_t taps = windows.taps[0] * windows.taps[1] * windows.channels;
    const int64_t few = lanes_are_filters() ? Vec<T>::size : 2 * Vec<T>::size;
    return filters < few && windows.channels <= kMostPlanes && windows.step[1] == 1 &&
           windows.out[1] >= Vec<T>::size && taps <= kLeaf && can_be_padded(windows);
  }

  void run_few_filters(int64_t g, const Windows<T>& w) const {
    const int64_t taps = w.taps[0] * w.taps[1] * w.channels;
    const int64_t indices = ceil_div(filters * taps * sizeof(T), sizeof(int64_t));
    with_scratch<int64_t>(taps + indices, [&](int64_t* offsets) {
      T* const rows = reinterpret_cast<T*>(offsets + taps);
      filter_operand(g).copy(rows, taps, 0, filters, 0, taps);
      tap_offsets(w, offsets);
      const Result<T> out = result_of(g);
      FewFilters<T>{
          w, images, filters, taps, rows, offsets, out, result_image_step, {result_step[0], result_step[1]}}
          .run();
    });
  }

  bool takes_few_channels() const {
    const int64_t taps = windows.taps[0] * windows.taps[1] * windows.channels;
    return lanes_are_filters() && windows.channels < kEnoughChannels && taps <= kLeaf &&
           can_be_padded(windows);
  }

  // body(windows) on the image as it is, or on a copy with the zeros around it.
  template <class Body>
  void with_zeros(const Windows<T>& w, Body&& body) const {
    if (is_padded(w)) return body(w);
    with_padded(w, images, w.channel_step == 1 && w.channels > 1, body);
  }

  void run_few_channels(int64_t g, const Windows<T>& w) const {
    constexpr int NR = Tile<T>::cols;
    const int64_t taps = w.taps[0] * w.taps[1] * w.channels;
    const int64_t indices = taps * int64_t(sizeof(int64_t) / sizeof(T));
    with_scratch<T>(round_up(filters, NR) * taps + indices, [&](T* panels) {
      int64_t* const offsets = reinterpret_cast<int64_t*>(panels + round_up(filters, NR) * taps);
      pack_panels(filter_operand(g), panels, 0, filters, 0, taps);
      tap_offsets(w, offsets);
      Result<T> out = exchanged(result_of(g));
      out.far = images * w.out[0] * w.out[1] * filters * int64_t(sizeof(T)) >= kFarBytes;
      FewChannels<T>{
          w, images, filters, taps, panels, offsets, out, result_image_step, {result_step[0], result_step[1]}}
          .run();
    });
  }

  Strided<T> filter_operand(int64_t g) const {
    Strided<T> filter{weights + g * weight_group_step, line(filters, filter_step), {}};
    filter.ks.push(windows.taps[0], tap_step[0]);
    filter.ks.push(windows.taps[1], tap_step[1]);
    filter.ks.push(windows.channels, channel_step);
    return filter;
  }

  // Rows are filters; columns are still to be added.
  Result<T> result_of(int64_t g) const {
    Result<T> out{result + g * filters * result_channel_step, line(filters, result_channel_step), {}};
    out.relu = relu;
    if (bias) {
      out.row_bias = bias + g * filters * bias_step;
      out.row_bias_step = bias_step;
    }
    return out;
  }

  // Lanes go along what is consecutive in the result, or else along filters where pixels would be gathered
  // one by one.
  bool lanes_are_filters() const {
    if (result_channel_step == 1 && result_step[1] != 1) return true;
    return filters >= Vec<T>::size && (windows.step[1] != 1 || windows.out[1] < Tile<T>::cols);
  }

  void run_group(int64_t g, const PixelRows<T>& patches) const {
    const Windows<T>& w = patches.windows;
    const int64_t pixels = images * w.out[0] * w.out[1], taps = w.taps[0] * w.taps[1] * w.channels;
    const Strided<T> filter = filter_operand(g);
    Result<T> out = result_of(g);
    out.cols.push(images, result_image_step);
    out.cols.push(w.out[0], result_step[0]);
    out.cols.push(w.out[1], result_step[1]);
    if (lanes_are_filters())
      return multiply(patches, filter, exchanged(out), pixels, filters, 0, taps, kBlockOfPixels[0],
                      kBlockOfPixels[1], shared());
    multiply(filter, PixelLanes<T>(w), out, filters, pixels, 0, taps, kBlockOfFilters[0], kBlockOfFilters[1],
             shared());
  }

  // Nothing but the bias: the phases of a transposed convolution that no tap meets.
  void run_empty() const {
    const int64_t all = groups * filters, width = windows.out[1];
    const bool by_pixel = result_channel_step == 1;
    parallel_ranges(images * windows.out[0], 1 + 16384 / (1 + all * width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        T* const line = result + r / windows.out[0] * result_image_step + r % windows.out[0] * result_step[0];
        if (by_pixel && !bias) {
          for (int64_t j = 0; j < width; ++j) __builtin_memset(line + j * result_step[1], 0, all * sizeof(T));
          continue;
        }
        for (int64_t c = 0; c < all; ++c) {
          const T value = T(0) + (bias ? bias[c * bias_step] : T(0));
          for (int64_t j = 0; j < width; ++j) line[c * result_channel_step + j * result_step[1]] = value;
        }
      }
    });
  }

  bool takes_grouped() const {
    return groups > 1 && filters == windows.channels && shares_registers<T>(filters, groups * filters) &&
           can_be_padded(windows);
  }

  void run_grouped() const {
    constexpr int64_t W = Vec<T>::size;
    const int64_t each = filters, channels = groups * each, taps = windows.taps[0] * windows.taps[1];
    with_scratch<T>(channels * (each * taps + 1), [&](T* panels) {
      T *out = panels, *const biases = panels + channels * each * taps;
      for (int64_t first = 0; first < groups; first += W / each)
        for (int64_t u = 0; u < windows.taps[0]; ++u)
          for (int64_t v = 0; v < windows.taps[1]; ++v)
            for (int64_t c = 0; c < each; ++c)
              for (int64_t g = first; g < first + W / each; ++g) {
                const T* const from =
                    weights + g * weight_group_step + c * channel_step + u * tap_step[0] + v * tap_step[1];
                for (int64_t f = 0; f < each; ++f) *out++ = from[f * filter_step];
              }
      for (int64_t f = 0; f < channels && bias; ++f) biases[f] = bias[f * bias_step];
      Windows<T> all = windows;
      all.channels = channels;
      with_last_channels([&](T* y, int64_t image, int64_t line, int64_t pixel) {
        const auto run = [&](const Windows<T>& w) {
          GroupedRows<T>{w, images, each, panels, bias ? biases : nullptr, y, image, {line, pixel}}.run();
        };
        all.channel_step == 1 && is_padded(all) ? run(all) : with_padded(all, images, true, run);
      });
    });
  }

  // body(result, strides of its images, rows and pixels) with channels last: of the result, or of a copy.
  template <class Body>
  void with_last_channels(Body&& body) const {
    if (result_channel_step == 1) return body(result, result_image_step, result_step[0], result_step[1]);
    View to{
        result, sizeof(T) == 4 ? DType::f32 : DType::f64, 4, {images, groups * filters}, {result_image_step}};
    to.strides[1] = result_channel_step;
    for (int a = 0; a < 2; ++a) {
      to.shape[2 + a] = windows.out[a];
      to.strides[2 + a] = result_step[a];
    }
    with_scratch<T>(numel(to), [&](T* memory) {
      const View copy = dense_images(to, memory, true);
      body(memory, copy.strides[0], copy.strides[2], copy.strides[3]);
      copy_view(copy, to);
    });
  }

  void run_depthwise() const {
    Depthwise<T> d{};
    d.windows = windows;
    d.windows.channels = groups;
    d.images = images;
    d.channels = groups * filters;
    d.multiplier = filters;
    d.weights = weights;
    d.group_step = weight_group_step;
    d.member_step = filter_step;
    d.result = result;
    d.result_image_step = result_image_step;
    d.result_channel_step = result_channel_step;
    d.bias = bias;
    d.bias_step = bias_step;
    for (int a = 0; a < 2; ++a) {
      d.tap_step[a] = tap_step[a];
      d.result_step[a] = result_step[a];
    }
    d.run();
  }
};

// The windows a convolution takes of `image`, `out` along each axis.
template <class T>
Windows<T> conv_windows(const View& image, const Window2d& window, const int64_t* out, int64_t groups) {
  Windows<T> w{};
  w.image = data_as<T>(image);
  w.channels = image.shape[1] / groups;
  w.image_step = image.strides[0];
  w.channel_step = image.strides[1];
  for (int a = 0; a < 2; ++a) {
    w.pixel_step[a] = image.strides[2 + a];
    w.size[a] = image.shape[2 + a];
    w.out[a] = out[a];
    w.taps[a] = window.kernel[a];
    w.step[a] = window.stride[a];
    w.spread[a] = window.dilation[a];
    w.origin[a] = -window.padding[a];
  }
  return w;
}

// An image seen through windows of one pixel.
template <class T>
Windows<T> map_windows(const View& y) {
  return conv_windows<T>(y, {{1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}}, y.shape + 2, 1);
}

// The correlation of all windows of an image with all taps of the filters, which w counts along dimension
// `filter_dim` and the channels of the image along the other.
template <class T>
Correlation<T> correlation_of(const View& image, const View& w, int filter_dim, const View* bias,
                              const View& result, const Window2d& window, int64_t groups) {
  Correlation<T> c{};
  c.windows = conv_windows<T>(image, window, result.shape + 2, groups);
  c.groups = groups;
  c.images = image.shape[0];
  c.filters = result.shape[1] / groups;
  c.weights = data_as<T>(w);
  c.filter_step = w.strides[filter_dim];
  c.channel_step = w.strides[1 - filter_dim];
  c.weight_group_step = w.shape[0] / groups * w.strides[0];
  c.result = data_as<T>(result);
  c.result_image_step = result.strides[0];
  c.result_channel_step = result.strides[1];
  c.bias = bias ? data_as<T>(*bias) : nullptr;
  c.bias_step = bias ? bias->strides[0] : 0;
  for (int a = 0; a < 2; ++a) {
    c.tap_step[a] = w.strides[2 + a];
    c.result_step[a] = result.strides[2 + a];
  }
  return c;
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
