// Convolution with one channel to a window (depthwise): no sum over channels, so a product has nothing to
// share; vectors run over pixels, or over the channels where these are consecutive.
#pragma once
#include "cpu/conv/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Channel o of the result sees channel o / multiplier of the image. Offsets are in elements.
template <class T>
struct Depthwise {
  Windows<T> windows;                    // with all channels of the image
  int64_t images, channels, multiplier;  // of the result
  const T* weights;  // of channel o, tap (u, v): o / multiplier and o % multiplier count apart
  int64_t group_step, member_step, tap_step[2];
  T* result;
  int64_t result_image_step, result_channel_step, result_step[2];
  const T* bias;
  int64_t bias_step;

  // The image is read in the order of the result, register by register: what lies otherwise is copied first.
  void run() {
    turn();
    const Windows<T>& w = windows;
    const bool by_channel = result_channel_step == 1 && multiplier == 1 && channels >= Vec<T>::size;
    const bool in_order = by_channel ? w.channel_step == 1 : result_step[1] != 1 || w.pixel_step[1] == 1;
    if (!in_order && can_be_padded(w))
      return with_padded(w, images, by_channel, [&](const Windows<T>& copy) {
        Depthwise d = *this;
        d.windows = copy;
        d.run();
      });
    if (by_channel && in_order) return run_channels();
    run_pixels();
  }

 private:
  // Windows whose taps run backwards, as those of a gradient do, are others with the filters turned round.
  void turn() {
    for (int a = 0; a < 2; ++a) {
      if (windows.spread[a] >= 0) continue;
      const int64_t last = windows.taps[a] - 1;
      windows.origin[a] += last * windows.spread[a];
      windows.spread[a] = -windows.spread[a];
      weights += last * tap_step[a];
      tap_step[a] = -tap_step[a];
    }
  }

  void run_pixels() const {
    const Windows<T>& w = windows;
    const int64_t rows = images * channels * w.out[0];
    parallel_ranges(rows, max64(1, 16384 / (w.out[1] * max64(1, w.taps[0] * w.taps[1]))),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t r = begin; r < end; ++r)
                        row(r / w.out[0] / channels, r / w.out[0] % channels, r % w.out[0]);
                    });
  }

  const T* weight(int64_t o) const {
    return weights + o / multiplier * group_step + o % multiplier * member_step;
  }

  // One row of pixels of one channel.
  void row(int64_t n, int64_t o, int64_t i) const {
    constexpr int W = Vec<T>::size;
    const Windows<T>& w = windows;
    const T* const image = w.image + n * w.image_step + o / multiplier * w.channel_step;
    T* const out = result + n * result_image_step + o * result_channel_step + i * result_step[0];
    const Vec<T> offset(bias ? bias[o * bias_step] : T(0));
    for (int64_t j = 0; j < w.out[1]; j += W) {
      const int count = int(min64(W, w.out[1] - j));
      Vec<T> sum = some_pixels(image, weight(o), i * w.step[0] + w.origin[0], j, count);
      if (bias) sum = sum + offset;
      T* const to = out + j * result_step[1];
      if (result_step[1] != 1) {
        sum.scatter(to, result_step[1], count);
      } else if (count == W) {
        sum.store(to);
      } else {
        sum.store_partial(to, count);
      }
    }
  }

  // Windows j … j + count of one row; y: the row of the image under the first tap.
  Vec<T> some_pixels(const T* image, const T* filter, int64_t y, int64_t j, int count) const {
    const Windows<T>& w = windows;
    Vec<T> sum(T(0));
    for (int64_t u = 0; u < w.taps[0]; ++u) {
      const int64_t at_y = y + u * w.spread[0];
      const bool inside = at_y >= 0 && at_y < w.size[0];
      for (int64_t v = 0; v < w.taps[1]; ++v) {
        const int64_t x = j * w.step[1] + v * w.spread[1] + w.origin[1];
        const Vec<T> value = inside ? stretch(image + at_y * w.pixel_step[0], x, count) : Vec<T>(T(0));
        sum = fma(Vec<T>(filter[u * tap_step[0] + v * tap_step[1]]), value, sum);
      }
    }
    return sum;
  }

  // The elements x, x + step, … of a line of the image.
  Vec<T> stretch(const T* line, int64_t x, int count) const {
    constexpr int W = Vec<T>::size;
    const int64_t step = windows.step[1], stride = windows.pixel_step[1], last = x + (count - 1) * step;
    if (x >= 0 && last < windows.size[1]) {
      if (step * stride != 1) return Vec<T>::gather(line + x * stride, step * stride, count);
      return count == W ? Vec<T>::load(line + x) : Vec<T>::load_partial(line + x, count);
    }
    T lanes[W] = {};
    for (int i = 0; i < count; ++i, x += step)
      if (x >= 0 && x < windows.size[1]) lanes[i] = line[x * stride];
    return Vec<T>::load(lanes);
  }

  // The filters, tap by tap, so that the channels of a tap are consecutive.
  void run_channels() const {
    const Windows<T>& w = windows;
    const int64_t taps = w.taps[0] * w.taps[1];
    with_scratch<T>(taps * channels, [&](T* filters) {
      for (int64_t t = 0; t < taps; ++t)
        for (int64_t o = 0; o < channels; ++o)
          filters[t * channels + o] = weight(o)[t / w.taps[1] * tap_step[0] + t % w.taps[1] * tap_step[1]];
      const int64_t height = takes_pairs() ? 2 : 1, groups = ceil_div(w.out[0], height);
      parallel_ranges(images * groups, max64(1, 65536 / (height * channels * w.out[1] * max64(1, taps))),
                      [&](int64_t begin, int64_t end) {
                        for (int64_t g = begin; g < end; ++g) {
                          const int64_t n = g / groups, i = g % groups * height;
                          i + 1 < min64(w.out[0], i + height) ? row_pair(filters, n, i)
                                                              : channel_row(filters, n, i);
                        }
                      });
    });
  }

  // Windows of 3×3 whose nine taps stay in registers beside the sums of two rows: every row of the image is
  // read for both.
  bool takes_pairs() const {
#if defined(__AVX512F__)
    for (int a = 0; a < 2; ++a)
      if (windows.taps[a] != 3 || windows.step[a] != 1 || windows.spread[a] != 1) return false;
    return true;
#else
    return false;
#endif
  }

  // The windows of a row all of whose taps lie inside the image along the width.
  struct Some {
    int64_t begin, end;
  };
  Some inside() const {
    const Windows<T>& w = windows;
    const int64_t low = w.origin[1], high = low + (w.taps[1] - 1) * w.spread[1];
    return {min64(w.out[1], low < 0 ? ceil_div(-low, w.step[1]) : 0),
            high >= w.size[1] ? 0 : min64(w.out[1], ceil_div(w.size[1] - high, w.step[1]))};
  }

  // Rows i and i + 1 of all channels.
  void row_pair(const T* filters, int64_t n, int64_t i) const {
    constexpr int W = Vec<T>::size;
    const Windows<T>& w = windows;
    const auto [begin, end] = inside();
    const bool many = end - begin >= kPixels;
    for (int64_t j = 0; j < w.out[1]; ++j) {
      if (many && j == begin) j = end;
      if (j == w.out[1]) break;
      pixels<1, 4>(filters, n, i, j);
      pixels<1, 4>(filters, n, i + 1, j);
    }
    for (int64_t next = begin; many && next < end; next += kPixels) {
      const int64_t j = min64(next, end - kPixels);
      int64_t o = 0;
      for (; o + W <= channels; o += W) pair_of_pixels<true>(filters + o, n, i, j, o, W);
      if (o < channels) pair_of_pixels<false>(filters + o, n, i, j, o, int(channels - o));
    }
  }

  // Pixels j … of rows i and i + 1, all of whose taps lie inside the image along the width: of each the sum
  // tap by tap, as in some_channels.
  template <bool Whole>
  void pair_of_pixels(const T* filters, int64_t n, int64_t i, int64_t j, int64_t o, int count) const {
    constexpr int P = kPixels;
    const auto fetch = [count](const T* p) {
      return Whole ? Vec<T>::load(p) : Vec<T>::load_partial(p, count);
    };
    static const T zeros[Vec<T>::size] = {};
    const Windows<T>& w = windows;
    Vec<T> filter[9], sum[2][P];
#pragma GCC unroll 9
    for (int t = 0; t < 9; ++t) filter[t] = fetch(filters + t * channels);
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sum[0][p] = sum[1][p] = Vec<T>(T(0));
#pragma GCC unroll 4
    for (int line = 0; line < 4; ++line) {
      const int64_t y = i + line + w.origin[0];
      const bool inside = y >= 0 && y < w.size[0];
      const int64_t step = inside ? w.pixel_step[1] : 0;
      const T* const from = inside ? w.image + w.at(n, y, j + w.origin[1]) + o : zeros;
      Vec<T> pixel[P + 2];
#pragma GCC unroll 6
      for (int p = 0; p < P + 2; ++p) pixel[p] = fetch(from + p * step);
#pragma GCC unroll 2
      for (int q = 0; q < 2; ++q) {
        const int u = line - q;
        if (u < 0 || u > 2) continue;
#pragma GCC unroll 3
        for (int v = 0; v < 3; ++v)
#pragma GCC unroll 4
          for (int p = 0; p < P; ++p) sum[q][p] = fma(filter[3 * u + v], pixel[p + v], sum[q][p]);
      }
    }
    const Vec<T> offset = bias ? Vec<T>::gather(bias + o * bias_step, bias_step, count) : Vec<T>(T(0));
#pragma GCC unroll 2
    for (int q = 0; q < 2; ++q) {
      T* const to = result + n * result_image_step + (i + q) * result_step[0] + j * result_step[1] + o;
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) {
        const Vec<T> value = bias ? sum[q][p] + offset : sum[q][p];
        Whole ? value.store(to + p * result_step[1]) : value.store_partial(to + p * result_step[1], count);
      }
    }
  }

  // One row of pixels, all channels: several pixels at a time where all their taps lie inside the image along
  // the width. The last ones may be some of those before them once more.
  void channel_row(const T* filters, int64_t n, int64_t i) const {
    const Windows<T>& w = windows;
    const auto [begin, end] = inside();
    const bool many = end - begin >= kPixels;
    int64_t j = 0;
    for (; j < (many ? begin : w.out[1]); ++j) pixels<1, 4>(filters, n, i, j);
    for (; j < end; j += kPixels) pixels<kPixels, 2>(filters, n, i, min64(j, end - kPixels));
    for (j = many ? end : j; j < w.out[1]; ++j) pixels<1, 4>(filters, n, i, j);
  }

  static constexpr int kPixels = 4;

  // P pixels from the j-th on, R registers of channels at a time.
  template <int P, int R>
  void pixels(const T* filters, int64_t n, int64_t i, int64_t j) const {
    constexpr int W = Vec<T>::size;
    int64_t o = 0;
    for (; o + R * W <= channels; o += R * W) some_channels<P, R, true>(filters + o, n, i, j, o, W);
    for (; o + W <= channels; o += W) some_channels<P, 1, true>(filters + o, n, i, j, o, W);
    if (o < channels) some_channels<P, 1, false>(filters + o, n, i, j, o, int(channels - o));
  }

  // With P > 1 all taps lie inside the image along the width.
  template <int P, int R, bool Whole>
  void some_channels(const T* filters, int64_t n, int64_t i, int64_t j, int64_t o, int count) const {
    constexpr int W = Vec<T>::size;
    const auto fetch = [count](const T* p) {
      return Whole ? Vec<T>::load(p) : Vec<T>::load_partial(p, count);
    };
    static const T zeros[R * W] = {};
    const Windows<T>& w = windows;
    const int64_t x = j * w.step[1] + w.origin[1], pixel = w.pixel_step[1];
    Vec<T> sum[P][R];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[p][r] = Vec<T>(T(0));
    for (int64_t u = 0; u < w.taps[0]; ++u) {
      const int64_t y = i * w.step[0] + u * w.spread[0] + w.origin[0];
      const bool inside = y >= 0 && y < w.size[0];
      const int64_t step = inside ? w.step[1] * pixel : 0, tap = inside ? w.spread[1] * pixel : 0;
      const T* line =
          inside ? shifted(w.image + n * w.image_step + y * w.pixel_step[0], x * pixel + o) : zeros;
      for (int64_t v = 0; v < w.taps[1]; ++v, filters += channels, line = shifted(line, tap)) {
        const T* from = line;
        if (P == 1 && (x + v * w.spread[1] < 0 || x + v * w.spread[1] >= w.size[1])) from = zeros;
        Vec<T> filter[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) filter[r] = fetch(filters + r * W);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p, from += step)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) sum[p][r] = fma(filter[r], fetch(from + r * W), sum[p][r]);
      }
    }
    T* to = result + n * result_image_step + i * result_step[0] + j * result_step[1] + o;
    Vec<T> offset[R];
    for (int r = 0; r < R; ++r)
      offset[r] = bias ? Vec<T>::gather(bias + (o + r * W) * bias_step, bias_step, count) : Vec<T>(T(0));
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p, to += result_step[1])
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const Vec<T> value = bias ? sum[p][r] + offset[r] : sum[p][r];
        Whole ? value.store(to + r * W) : value.store_partial(to + r * W, count);
      }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
