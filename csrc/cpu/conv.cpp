#include "kernels/conv.h"

#include "core/algorithm.h"
#include "core/dispatch.h"
#include "cpu/depthwise.h"
#include "cpu/depthwise_grad.h"
#include "cpu/narrow.h"
#include "cpu/padded.h"
#include "cpu/pixel_rows.h"
#include "cpu/planes.h"
#include "cpu/product.h"
#include "cpu/taps.h"
#include "cpu/winograd.h"

namespace pydl {
namespace PYDL_ISA {

ConvKernels conv_kernels();

namespace {

constexpr int64_t kManyGroups = 4;    // from here on, whole groups are the items of parallel work
constexpr int64_t kFewChannels = 16;  // below, the transforms of Winograd's algorithm cost what it saves
constexpr double kWorthwhile = 0.65;  // the most of the direct products that it may take

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

  void run() const {
    if (windows.channels == 1 && groups > 1) return run_depthwise();
    if (groups >= kManyGroups) {
      parallel(groups, [&](int64_t g) { run_group(g); });
    } else {
      for (int64_t g = 0; g < groups; ++g) run_group(g);
    }
  }

 private:
  void run_group(int64_t g) const {
    Windows<T> w = windows;
    w.image += g * w.channels * w.channel_step;
    const PixelRows<T> rows{w};
    if (takes_planes())
      return with_padded(w, images, false, [&](const Windows<T>& copy) { run_planes(g, copy); });
    if (!lanes_are_filters() || rows.in_place(filters)) return run_group(g, rows);
    with_padded(w, images, true, [&](const Windows<T>& copy) { run_group(g, {copy, is_padded(copy)}); });
  }

  // Few filters leave most of the lanes along them empty. Their sums are no longer than one leaf of
  // long_sum.h.
  bool takes_planes() const {
    const int64_t taps = windows.taps[0] * windows.taps[1] * windows.channels;
    return filters < Vec<T>::size && windows.channels <= 32 && windows.step[1] == 1 &&
           windows.out[1] >= Vec<T>::size && taps > 0 && taps <= kLeaf && can_be_padded(windows);
  }

  void run_planes(int64_t g, const Windows<T>& w) const {
    const int64_t taps = w.taps[0] * w.taps[1] * w.channels;
    with_scratch<int64_t>(
        taps + ceil_div(filters * taps * sizeof(T), sizeof(int64_t)), [&](int64_t* offsets) {
          T* const rows = reinterpret_cast<T*>(offsets + taps);
          filter_operand(g).copy(rows, taps, 0, filters, 0, taps);
          tap_offsets(w, offsets);
          PlaneRows<T> planes{w, images, filters, taps, rows, offsets, result_of(g), result_image_step, {}};
          planes.step[0] = result_step[0];
          planes.step[1] = result_step[1];
          planes.run();
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
      return multiply<T>(patches, filter, exchanged(out), pixels, filters, 0, taps, 96, 512);
    multiply<T>(filter, PixelLanes<T>{w}, out, filters, pixels, 0, taps, 384, 128);
  }

  void run_depthwise() const {
    Depthwise<T> d{};
    d.windows = windows;
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

template <class T>
void set_bias(Correlation<T>& c, const View* bias) {
  c.bias = bias ? data_as<T>(*bias) : nullptr;
  c.bias_step = bias ? bias->strides[0] : 0;
}

template <class T>
void forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
             int64_t groups) {
  Correlation<T> c{};
  c.windows = conv_windows<T>(x, window, y.shape + 2, groups);
  c.groups = groups;
  c.images = x.shape[0];
  c.filters = w.shape[0] / groups;
  c.weights = data_as<T>(w);
  c.filter_step = w.strides[0];
  c.channel_step = w.strides[1];
  c.weight_group_step = c.filters * w.strides[0];
  c.result = data_as<T>(y);
  c.result_image_step = y.strides[0];
  c.result_channel_step = y.strides[1];
  for (int a = 0; a < 2; ++a) {
    c.tap_step[a] = w.strides[2 + a];
    c.result_step[a] = y.strides[2 + a];
  }
  set_bias(c, bias);
  c.run();
}

int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Along one axis, the elements `phase`, phase + stride, … of the transposed result: element phase + q·stride
// is the sum over taps t = first + u·every of map q + origin - u·spread.
struct Phase {
  int64_t first = 0, every = 1, taps = 0, spread = 1, origin = 0, count = 0;

  Phase(const Window2d& window, int axis, int64_t phase, int64_t size) {
    const int64_t s = window.stride[axis], d = window.dilation[axis], k = window.kernel[axis];
    const int64_t divisor = greatest_common_divisor(s, d), from = phase + window.padding[axis];
    count = ceil_div(size - phase, s);
    every = s / divisor;
    spread = d / divisor;
    // Map q + origin meets tap `first` where from - first · d is a multiple of the stride.
    while (first < k && first < every && (from - first * d) % s != 0) ++first;
    if (first >= k || first >= every) return;
    taps = ceil_div(k - first, every);
    origin = (from - first * d) / s;
  }
};

template <class T>
Correlation<T> phase_correlation(const View& y, const View& w, const View& x, const Window2d& window,
                                 int64_t groups, const Phase (&phases)[2], const int64_t (&at)[2]) {
  Correlation<T> c{};
  c.windows = conv_windows<T>(y, window, x.shape + 2, groups);
  c.groups = groups;
  c.images = y.shape[0];
  c.filters = w.shape[1];
  c.weights = data_as<T>(w);
  c.filter_step = w.strides[1];
  c.channel_step = w.strides[0];
  c.weight_group_step = w.shape[0] / groups * w.strides[0];
  c.result = data_as<T>(x);
  c.result_image_step = x.strides[0];
  c.result_channel_step = x.strides[1];
  for (int a = 0; a < 2; ++a) {
    const Phase& p = phases[a];
    c.windows.out[a] = p.count;
    c.windows.taps[a] = p.taps;
    c.windows.step[a] = 1;
    c.windows.spread[a] = -p.spread;
    c.windows.origin[a] = p.origin;
    c.weights += p.first * (p.taps ? w.strides[2 + a] : 0);
    c.tap_step[a] = p.every * w.strides[2 + a];
    c.result += at[a] * x.strides[2 + a];
    c.result_step[a] = window.stride[a] * x.strides[2 + a];
  }
  return c;
}

// Whether y has one pixel, whose taps are all of x.
bool is_one_pixel(const View& y, const View& x, const Window2d& window) {
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
    multiply<T>(maps, taps, result, y.shape[0], columns, 0, channels, 192, 512);
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

template <class T>
void transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                int64_t groups) {
  if (is_one_pixel(y, x, window)) return transposed_pixel<T>(y, w, bias, x, groups);
  int64_t at[2];
  for (at[0] = 0; at[0] < min64(window.stride[0], x.shape[2]); ++at[0])
    for (at[1] = 0; at[1] < min64(window.stride[1], x.shape[3]); ++at[1]) {
      const Phase phases[2] = {Phase(window, 0, at[0], x.shape[2]), Phase(window, 1, at[1], x.shape[3])};
      Correlation<T> c = phase_correlation<T>(y, w, x, window, groups, phases, at);
      set_bias(c, bias);
      c.run();
    }
}

// The gradient of one group's weights: a product over the pixels of all images.
template <class T>
struct WeightGrad {
  Windows<T> windows;
  const View& y;
  int64_t filters;

  int64_t taps() const { return windows.taps[0] * windows.taps[1] * windows.channels; }
  int64_t pixels() const { return y.shape[0] * windows.out[0] * windows.out[1]; }

  // Pixels [begin, begin + count), group g, into `out`.
  void run(int64_t g, int64_t begin, int64_t count, T* out) const {
    Windows<T> w = windows;
    w.image += g * w.channels * w.channel_step;
    Strided<T> maps{data_as<T>(y) + g * filters * y.strides[1], line(filters, y.strides[1]), {}};
    maps.ks.push(y.shape[0], y.strides[0]);
    maps.ks.push(w.out[0], y.strides[2]);
    maps.ks.push(w.out[1], y.strides[3]);
    const TapLanes<T> patches{w};
    const int64_t area = w.taps[0] * w.taps[1];
    Result<T> result{out, line(filters, w.channels * area), {}};
    result.cols.push(area, 1);
    result.cols.push(w.channels, area);
    multiply<T>(maps, patches, result, filters, taps(), begin, count, 192, 256);
  }

  // How many parts the pixels are cut into: by shape, so that few weights still give every thread work.
  int64_t parts() const {
    const double size = double(filters) * double(taps());
    const int64_t blocks = ceil_div(filters, 48) * ceil_div(taps(), 64);
    const int64_t room = int64_t(double(2 * kSharedElements) / size);
    return max64(1, min64(min64(ceil_div(16, blocks), room), pixels() / 1024));
  }
};

// parts[0] += parts[1] += …, as a binary tree over the parts.
template <class T>
void add_parts(T* parts, int64_t count, int64_t size, T* out) {
  constexpr int64_t W = Vec<T>::size;
  parallel_ranges(size, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t half = 1; half < count; half *= 2)
      for (int64_t i = 0; i + half < count; i += 2 * half) {
        T* const to = parts + i * size;
        const T* const from = to + half * size;
        int64_t j = begin;
        for (; j + W <= end; j += W) (Vec<T>::load(to + j) + Vec<T>::load(from + j)).store(to + j);
        for (; j < end; ++j) to[j] += from[j];
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

// One channel and one filter to a group.
template <class T>
void depthwise_weight_grad(const View& x, const View& y, T* out, const Window2d& window) {
  const int64_t channels = x.shape[1], images = x.shape[0];
  with_channels_last<T>(conv_windows<T>(x, window, y.shape + 2, 1), images, [&](const Windows<T>& image) {
    with_channels_last<T>(map_windows<T>(y), images, [&](const Windows<T>& maps) {
      const DepthwiseGrad<T> grad{
          image, channels, maps.image, {maps.image_step, maps.pixel_step[0], maps.pixel_step[1]}};
      const int64_t rows = images * image.out[0], size = channels * grad.taps();
      const int64_t grain = max64(ceil_div(rows, 32), ceil_div(1024, image.out[1])),
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
bool is_narrow(const Windows<T>& w, int64_t groups) {
  return groups == 1 && w.channels < 2 * Vec<T>::size && w.spread[1] == 1 && can_be_padded(w);
}

template <class T>
void narrow_weight_grad(const View& x, const View& y, T* out, const Window2d& window) {
  const int64_t images = x.shape[0];
  with_padded(conv_windows<T>(x, window, y.shape + 2, 1), images, true, [&](const Windows<T>& image) {
    const NarrowGrad<T> grad{image, map_windows<T>(y), y.shape[1]};
    const int64_t blocks = images * grad.blocks_of_image(), size = grad.size();
    const int64_t grain = ceil_div(blocks, 16), parts = ceil_div(blocks, grain);
    with_scratch<T>(parts * size, [&](T* partial) {
      parallel_ranges(blocks, grain, [&](int64_t begin, int64_t end) {
        grad.run(begin, end, partial + begin / grain * size);
      });
      add_parts(partial, parts, size, out);
    });
  });
}

template <class T>
void weight_grad(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups) {
  if (numel(y) > 0 && is_narrow(conv_windows<T>(x, window, y.shape + 2, groups), groups))
    return narrow_weight_grad<T>(x, y, data_as<T>(w), window);
  if (groups > 1 && w.shape[1] == 1 && w.shape[0] == groups && numel(y) > 0)
    return depthwise_weight_grad<T>(x, y, data_as<T>(w), window);
  const WeightGrad<T> grad{conv_windows<T>(x, window, y.shape + 2, groups), y, w.shape[0] / groups};
  const int64_t size = grad.filters * grad.taps(), pixels = grad.pixels();
  T* const out = data_as<T>(w);
  if (groups >= kManyGroups) {
    parallel(groups, [&](int64_t g) { grad.run(g, 0, pixels, out + g * size); });
    return;
  }
  const int64_t length = round_up(ceil_div(pixels, grad.parts()), kDeep);
  const int64_t parts = pixels > length ? ceil_div(pixels, length) : 1;
  for (int64_t g = 0; g < groups; ++g) {
    if (parts == 1) {
      grad.run(g, 0, pixels, out + g * size);
      continue;
    }
    with_scratch<T>(parts * size, [&](T* partial) {
      parallel(parts, [&](int64_t p) {
        grad.run(g, p * length, min64(length, pixels - p * length), partial + p * size);
      });
      add_parts(partial, parts, size, out + g * size);
    });
  }
}

// Whether `results`, made by a convolution of `channels` with `filters`, take Winograd's algorithm: by what
// one sample is, so that its results do not depend on the others.
bool takes_winograd(const View& results, int64_t channels, int64_t filters, const Window2d& window,
                    int64_t groups) {
  if (results.dtype != DType::f32 || groups != 1 || min64(channels, filters) < kFewChannels) return false;
  for (int a = 0; a < 2; ++a)
    if (window.kernel[a] != 3 || window.stride[a] != 1 || window.dilation[a] != 1) return false;
  if (conv_algorithm() == ConvAlgorithm::direct) return false;
  const double tiles = double(ceil_div(results.shape[2], 4)) * double(ceil_div(results.shape[3], 4));
  return 36 * tiles < kWorthwhile * 9 * double(results.shape[2]) * double(results.shape[3]);
}

void run_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
                 int64_t groups) {
  if (numel(y) == 0) return;
  if (takes_winograd(y, w.shape[1], w.shape[0], window, groups))
    return winograd_forward(x, w, bias, y, window);
  dispatch_float(y.dtype, [&](auto zero) { forward<decltype(zero)>(x, w, bias, y, window, groups); });
}

void run_transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                    int64_t groups) {
  if (numel(x) == 0) return;
  if (takes_winograd(x, w.shape[0], w.shape[1], window, groups))
    return winograd_transposed(y, w, bias, x, window);
  dispatch_float(x.dtype, [&](auto zero) { transposed<decltype(zero)>(y, w, bias, x, window, groups); });
}

void run_weight_grad(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups) {
  if (numel(w) == 0) return;
  if (numel(y) > 0 && takes_winograd(y, w.shape[1], w.shape[0], window, groups))
    return winograd_weight_grad(x, y, w, window);
  dispatch_float(w.dtype, [&](auto zero) { weight_grad<decltype(zero)>(x, y, w, window, groups); });
}

}  // namespace

ConvKernels conv_kernels() { return {run_forward, run_transposed, run_weight_grad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
