// The gradient of a convolution in its weights: a product over the pixels of all images (WeightGrad). Loops
// of their own have a window that is the whole image, few channels (with lanes along a row of taps, the
// filters or the pixels of a line), depthwise convolutions and groups narrower than a register.
//
// Where weights are few, the pixels are cut into parts by shape alone, whose sums are added as a binary tree.
#pragma once
#include "cpu/conv/correlation.h"
#include "cpu/conv/tap_lanes.h"
#include "cpu/conv/weight_grad_depthwise.h"
#include "cpu/conv/weight_grad_few_channels.h"
#include "cpu/conv/weight_grad_few_taps.h"
#include "cpu/conv/weight_grad_grouped.h"
#include "cpu/conv/whole_image.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The most filters × taps of a product's block.
constexpr int64_t kBlockFilters = 192, kBlockTaps = 256;
// The most of the multiply-adds of lanes along taps that lanes along pixels may take.
constexpr double kFewerAlongPixels = 0.8;

constexpr int64_t kFewWeights = INT64_C(1) << 16;  // the pixels are cut rather than these
constexpr int64_t kMostParts = INT64_C(1) << 20;   // elements of all parts' sums, where they are many

// The gradient of one group's weights: a product over the pixels of all images.
template <class T>
struct WeightGrad {
  Windows<T> windows;
  const View& y;
  int64_t filters;

  int64_t taps() const { return windows.taps[0] * windows.taps[1] * windows.channels; }
  int64_t pixels() const { return y.shape[0] * windows.out[0] * windows.out[1]; }

  // Group g of the result: all pixels.
  void run(int64_t g, T* out, bool shared) const {
    const int64_t area = windows.taps[0] * windows.taps[1];
    Result<T> result{out, line(filters, taps()), {}};
    result.cols.push(area, 1);
    result.cols.push(windows.channels, area);
    run(g, 0, pixels(), result, shared);
  }

  // Pixels [begin, begin + count), tap by tap, by this thread alone.
  void run_part(int64_t g, int64_t begin, int64_t count, T* out) const {
    run(g, begin, count, {out, line(filters, taps()), line(taps(), 1)}, false);
  }

  // From tap by tap to channel by channel.
  void reorder(const T* from, T* to) const {
    const int64_t area = windows.taps[0] * windows.taps[1], channels = windows.channels;
    for (int64_t f = 0; f < filters; ++f, from += taps(), to += taps())
      for (int64_t t = 0; t < area; ++t)
        for (int64_t c = 0; c < channels; ++c) to[c * area + t] = from[t * channels + c];
  }

  // How many parts the pixels are cut into: by shape, so that few weights still give every thread work, and
  // two or four threads the same.
  int64_t parts() const {
    const double size = double(filters) * double(taps());
    if (size > double(kFewWeights) || pixels() <= kLeaf) return 1;
    const int64_t most = max64(16, int64_t(double(kMostParts) / size) / 4 * 4);
    return min64(round_up(ceil_div(pixels(), kLeaf), 4), most);
  }

  // The first pixel of a part, of so many: they differ by a chain of products at most.
  int64_t first_pixel(int64_t part, int64_t parts) const {
    return min64(pixels(), ceil_div(pixels(), kRun) * part / parts * kRun);
  }

 private:
  void run(int64_t g, int64_t begin, int64_t count, const Result<T>& result, bool shared) const {
    Windows<T> w = windows;
    w.image += g * w.channels * w.channel_step;
    Strided<T> maps{data_as<T>(y) + g * filters * y.strides[1], line(filters, y.strides[1]), {}};
    maps.ks.push(y.shape[0], y.strides[0]);
    maps.ks.push(w.out[0], y.strides[2]);
    maps.ks.push(w.out[1], y.strides[3]);
    if (is_line_of_pixels(w)) w = as_line(w);
    multiply(maps, TapLanes<T>{w}, result, filters, taps(), begin, count, kBlockFilters, kBlockTaps, shared);
  }
};

// Parts that a loop of its own cuts its pixels into at most, and pixels of a part of a depthwise one at
// least.
constexpr int64_t kBlockParts = 16, kDepthwiseParts = 32, kDepthwisePixels = 1024;

// parts[0] += parts[1] += …, as a binary tree over the parts.
template <class T>
void add_parts(T* parts, int64_t count, int64_t size, T* out) {
  parallel_ranges(size, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t half = 1; half < count; half *= 2)
      for (int64_t i = 0; i + half < count; i += 2 * half) {
        T* const to = parts + i * size + begin;
        add_elements(to, to + half * size, end - begin);
      }
    __builtin_memcpy(out + begin, parts + begin, (end - begin) * sizeof(T));
  });
}

// body(windows) on the image as it is, or on a copy with channels last.
template <class T, class Body>
void with_channels_last(const Windows<T>& w, int64_t images, Body&& body) {
  if (w.channel_step == 1) return body(w);
  with_padded(w, images, true, body);
}

// The same as planes, with the zeros that windows see around them.
template <class T, class Body>
void with_planes(const Windows<T>& w, int64_t images, Body&& body) {
  if (w.pixel_step[1] == 1 && is_padded(w)) return body(w);
  with_padded(w, images, false, body);
}

// One channel and one filter to a group.
template <class T>
void depthwise_weight_grad(const View& x, const View& y, T* out, const Window2d& window) {
  const int64_t channels = x.shape[1], images = x.shape[0];
  with_channels_last<T>(conv_windows<T>(x, window, y.shape + 2, 1), images, [&](const Windows<T>& image) {
    with_channels_last<T>(map_windows<T>(y), images, [&](const Windows<T>& maps) {
      const DepthwiseGrad<T> grad{
          image, channels, maps.image, {maps.image_step, maps.pixel_step[0], maps.pixel_step[1]}};
      const int64_t rows = images * image.out[0], size = channels * grad.taps();
      const int64_t grain = max64(ceil_div(rows, kDepthwiseParts), ceil_div(kDepthwisePixels, image.out[1])),
                    parts = ceil_div(rows, grain);
      with_scratch<T>((parts + 1) * size, [&](T* partial) {
        parallel_ranges(rows, grain, [&](int64_t begin, int64_t end) {
          grad.run(begin, end, partial + begin / grain * size);
        });
        T* const sums = partial + parts * size;
        add_parts(partial, parts, size, sums);
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t t = 0; t < grad.taps(); ++t) out[c * grad.taps() + t] = sums[t * channels + c];
      });
    });
  });
}

// Whether a row of taps and channels fills the lanes better than channels or taps would do.
template <class T>
bool has_few_channels(const Windows<T>& w, int64_t groups) {
  return groups == 1 && w.channels < 2 * Vec<T>::size && w.spread[1] == 1 && can_be_padded(w);
}

// Whether even that leaves most lanes idle, and pixels along a line would not: by the registers'
// multiply-adds for a pixel and a filter. A single register of taps waits for its loads, which counts as half
// of one.
template <class T>
bool has_few_taps(const Windows<T>& w) {
  constexpr int64_t W = Vec<T>::size;
  if (w.step[1] != 1 || w.out[1] < W) return false;
  const int64_t row = w.taps[1] * w.channels;
  const double along_taps = double(row <= W ? W + W / 2 : round_up(row, W));
  const double along_pixels = double(row) * double(round_up(w.out[1], W)) / double(w.out[1]);
  return along_pixels < kFewerAlongPixels * along_taps;
}

// Sums of blocks as `grad` has them, in parts that are added as a tree.
template <class T, class Grad>
void add_blocks(const Grad& grad, T* out) {
  const int64_t blocks = grad.blocks(), size = grad.size();
  const int64_t grain = ceil_div(blocks, kBlockParts), parts = ceil_div(blocks, grain);
  with_scratch<T>((parts + 1) * size, [&](T* partial) {
    parallel_ranges(blocks, grain, [&](int64_t begin, int64_t end) {
      grad.run(begin, end, partial + begin / grain * size);
    });
    T* const sums = partial + parts * size;
    add_parts(partial, parts, size, sums);
    grad.store(sums, out);
  });
}

// One group of few channels; w are the windows of the image.
template <class T>
void few_channels_weight_grad(const Windows<T>& w, const View& y, T* out) {
  const int64_t images = y.shape[0], filters = y.shape[1];
  const Windows<T> maps = map_windows<T>(y);
  const auto by_taps = [&](const Windows<T>& pixels) {
    with_padded(w, images, true, [&](const Windows<T>& image) {
      add_blocks(FewChannelsGrad<T>{image, pixels, images, filters}, out);
    });
  };
  if (FewChannelsGrad<T>{w, maps, images, filters}.lanes_are_filters())
    return with_channels_last(maps, images, by_taps);
  if (!has_few_taps(w)) return by_taps(maps);
  with_planes(w, images, [&](const Windows<T>& image) {
    with_planes(maps, images, [&](const Windows<T>& planes) {
      add_blocks(FewTapsGrad<T>{image, planes, images, filters}, out);
    });
  });
}

// Groups that share registers.
template <class T>
void grouped_weight_grad(const View& x, const View& y, T* out, const Window2d& window, int64_t each) {
  const int64_t images = x.shape[0];
  const Windows<T> w = conv_windows<T>(x, window, y.shape + 2, 1);
  with_channels_last(map_windows<T>(y), images, [&](const Windows<T>& maps) {
    const auto run = [&](const Windows<T>& image) {
      add_blocks(GroupedGrad<T>{image, maps, images, each}, out);
    };
    w.channel_step == 1 && is_padded(w) ? run(w) : with_padded(w, images, true, run);
  });
}

template <class T>
void weight_grad(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups) {
  if (sees_whole_image(y, x, window) && groups < x.shape[1])
    return whole_image_weight_grad<T>(x, y, w, groups);
  const Windows<T> windows = conv_windows<T>(x, window, y.shape + 2, groups);  // of the first group
  T* const out = data_as<T>(w);
  if (has_few_channels(windows, groups)) return few_channels_weight_grad(windows, y, out);
  if (groups > 1 && w.shape[1] == 1 && w.shape[0] == groups)
    return depthwise_weight_grad<T>(x, y, out, window);
  if (groups > 1 && w.shape[1] == w.shape[0] / groups && shares_registers<T>(w.shape[1], x.shape[1]) &&
      can_be_padded(windows))
    return grouped_weight_grad<T>(x, y, out, window, w.shape[1]);
  const WeightGrad<T> grad{windows, y, w.shape[0] / groups};
  const int64_t size = grad.filters * grad.taps(), parts = grad.parts();
  if (groups >= kManyGroups) {
    parallel(groups, [&](int64_t g) { grad.run(g, out + g * size, false); });
    return;
  }
  for (int64_t g = 0; g < groups; ++g) {
    if (parts == 1) {
      grad.run(g, out + g * size, true);
      continue;
    }
    with_scratch<T>((parts + 1) * size, [&](T* partial) {
      parallel(parts, [&](int64_t p) {
        const int64_t begin = grad.first_pixel(p, parts);
        grad.run_part(g, begin, grad.first_pixel(p + 1, parts) - begin, partial + p * size);
      });
      T* const sums = partial + parts * size;
      add_parts(partial, parts, size, sums);
      grad.reorder(sums, out + g * size);
    });
  }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
