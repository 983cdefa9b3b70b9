// The gradient of the weights of a depthwise convolution: vectors run over channels, whose sums over pixels
// are independent of one another.
//
// A chain of fused multiply-adds is kRun pixels of one row; chains, row after row, are the leaves of a binary
// counter (product/long_sum.h).
#pragma once
#include "cpu/conv/leaves.h"
#include "cpu/conv/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct DepthwiseGrad {
  Windows<T> windows;  // channels last
  int64_t channels;
  const T* maps;  // of pixel (n, i, j), channel c: n · map_step[0] + i · map_step[1] + j · map_step[2] + c
  int64_t map_step[3];

  int64_t taps() const { return windows.taps[0] * windows.taps[1]; }

  // Rows of pixels [begin, end) of all images, into out[tap · channels + channel].
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t size = taps() * channels, chains = ceil_div(windows.out[1], kRun);
    const int64_t leaves = (end - begin) * chains;
    with_scratch<T>(leaf_levels(leaves) * size, [&](T* memory) {
      sum_leaves(
          leaves, memory, size,
          [&](int64_t leaf, T* to) {
            const int64_t j = leaf % chains * kRun;
            chain(begin + leaf / chains, j, min64(kRun, windows.out[1] - j), to);
          },
          [&](T* to, const T* from) { add_elements(to, from, size); });
      __builtin_memcpy(out, memory, size * sizeof(T));
    });
  }

 private:
  // Taps of one row or of three, over `count` pixels of a row; all of them inside the image for [begin, end).
  struct Taps {
    const T *map, *image;
    int64_t x, count, begin, end;  // x: of the first tap of the first pixel
  };

  static constexpr int64_t kSome = 3, kFar = INT64_C(1) << 40;

  void chain(int64_t row, int64_t j, int64_t count, T* out) const {
    const Windows<T>& w = windows;
    const int64_t n = row / w.out[0], i = row % w.out[0];
    const T* const map = maps + n * map_step[0] + i * map_step[1] + j * map_step[2];
    for (int64_t u = 0, rows; u < w.taps[0]; u += rows) {
      const int64_t y = i * w.step[0] + u * w.spread[0] + w.origin[0], last = y + (kSome - 1) * w.spread[0];
      rows = u + kSome <= w.taps[0] && y >= 0 && last < w.size[0] ? kSome : 1;
      for (int64_t v = 0; v < w.taps[1]; v += kSome) {
        const int64_t some = min64(kSome, w.taps[1] - v), reach = (some - 1) * w.spread[1];
        const int64_t x = j * w.step[1] + v * w.spread[1] + w.origin[1];
        Taps taps{map, w.image + n * w.image_step, x, count, count, count};
        if (y >= 0 && y < w.size[0]) {
          taps.image += y * w.pixel_step[0];
          taps.begin = min64(count, x < 0 ? ceil_div(-x, w.step[1]) : 0);
          taps.end = x + reach >= w.size[1] ? 0 : ceil_div(w.size[1] - x - reach, w.step[1]);
          taps.end = max64(taps.begin, min64(count, taps.end));
        } else {
          taps.x = -kFar;
        }
        all_channels(taps, rows, some, out + (u * w.taps[1] + v) * channels);
      }
    }
  }

  void all_channels(const Taps& taps, int64_t rows, int64_t some, T* out) const {
    constexpr int64_t W = Vec<T>::size;
    const Windows<T>& w = windows;
    int64_t c = 0;
    if (rows == kSome && some == kSome)
      for (; c + W <= channels; c += W) some_taps<kSome, kSome, true>(taps, 0, c, W, out);
    for (int64_t r = 0; r < rows; ++r) {
      Taps row = taps;
      row.image += r * w.spread[0] * w.pixel_step[0];
      T* const to = out + r * w.taps[1] * channels;
      int64_t at = c;
      for (; at + W <= channels; at += W) {
        if (some == 3) some_taps<1, 3, true>(row, 0, at, W, to);
        if (some == 2) some_taps<1, 2, true>(row, 0, at, W, to);
        if (some == 1) some_taps<1, 1, true>(row, 0, at, W, to);
      }
      for (int64_t t = 0; t < some && at < channels; ++t)
        some_taps<1, 1, false>(row, t, at, int(channels - at), to);
    }
  }

  // Taps first … first + N of R rows, channels c … c + lanes.
  template <int R, int N, bool Whole>
  void some_taps(const Taps& taps, int64_t first, int64_t c, int lanes, T* out) const {
    const auto fetch = [lanes](const T* p) {
      return Whole ? Vec<T>::load(p) : Vec<T>::load_partial(p, lanes);
    };
    const Windows<T>& w = windows;
    const int64_t step = w.step[1] * w.pixel_step[1], tap = w.spread[1] * w.pixel_step[1];
    const int64_t row = w.spread[0] * w.pixel_step[0];
    Vec<T> sum[R][N];
#pragma GCC unroll 3
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 3
      for (int t = 0; t < N; ++t) sum[r][t] = Vec<T>(T(0));
    const T* map = taps.map + c;
    const auto border = [&](int64_t p) {
#pragma GCC unroll 3
      for (int t = 0; t < N; ++t) {
        const int64_t x = taps.x + p * w.step[1] + (first + t) * w.spread[1];
        const bool inside = x >= 0 && x < w.size[1];
#pragma GCC unroll 3
        for (int r = 0; r < R; ++r)
          sum[r][t] =
              fma(fetch(map), inside ? fetch(taps.image + r * row + x * w.pixel_step[1] + c) : Vec<T>(T(0)),
                  sum[r][t]);
      }
    };
    int64_t p = 0;
    for (; p < taps.begin; ++p, map += map_step[2]) border(p);
    const T* image[R];
#pragma GCC unroll 3
    for (int r = 0; r < R; ++r)
      image[r] =
          shifted(taps.image, r * row + (taps.x + p * w.step[1] + first * w.spread[1]) * w.pixel_step[1] + c);
    for (; p < taps.end; ++p, map += map_step[2]) {
      const Vec<T> m = fetch(map);
#pragma GCC unroll 3
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 3
        for (int t = 0; t < N; ++t) sum[r][t] = fma(m, fetch(image[r] + t * tap), sum[r][t]);
        image[r] += step;
      }
    }
    for (; p < taps.count; ++p, map += map_step[2]) border(p);
#pragma GCC unroll 3
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 3
      for (int t = 0; t < N; ++t) {
        T* const to = out + (r * w.taps[1] + first + t) * channels + c;
        Whole ? sum[r][t].store(to) : sum[r][t].store_partial(to, lanes);
      }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
