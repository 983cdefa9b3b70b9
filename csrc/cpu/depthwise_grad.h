// The gradient of the weights of a depthwise convolution: vectors run over channels, whose sums over pixels are
// independent of one another.
//
// A chain of fused multiply-adds is kRun pixels of one row; chains, row after row, are the leaves of a binary
// counter (as in long_sum.h).
#pragma once
#include "cpu/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct DepthwiseGrad {
  Windows<T> windows;  // channels last, padded
  int64_t channels;
  const T* maps;  // of pixel (n, i, j), channel c: n · map_step[0] + i · map_step[1] + j · map_step[2] + c
  int64_t map_step[3];

  int64_t taps() const { return windows.taps[0] * windows.taps[1]; }

  // Rows of pixels [begin, end) of all images, into out[tap · channels + channel].
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t size = taps() * channels, chains = ceil_div(windows.out[1], kRun);
    int levels = 2;
    for (int64_t leaves = (end - begin) * chains; leaves > 1; leaves = (leaves + 1) / 2) ++levels;
    with_scratch<T>(levels * size, [&](T* sums) {
      int depth = 0;
      int64_t leaf = 0;
      for (int64_t row = begin; row < end; ++row)
        for (int64_t j = 0; j < windows.out[1]; j += kRun) {
          chain(row, j, min64(kRun, windows.out[1] - j), sums + depth++ * size);
          for (int64_t carry = leaf++; carry & 1; carry >>= 1) join(sums + --depth * size, size);
        }
      while (depth > 1) join(sums + --depth * size, size);
      __builtin_memcpy(out, sums, size * sizeof(T));
    });
  }

 private:
  // The level below += this one.
  static void join(T* level, int64_t size) {
    constexpr int64_t W = Vec<T>::size;
    T* const to = level - size;
    int64_t i = 0;
    for (; i + W <= size; i += W) (Vec<T>::load(to + i) + Vec<T>::load(level + i)).store(to + i);
    for (; i < size; ++i) to[i] += level[i];
  }

  void chain(int64_t row, int64_t j, int64_t count, T* out) const {
    constexpr int64_t W = Vec<T>::size;
    const Windows<T>& w = windows;
    const int64_t n = row / w.out[0], i = row % w.out[0];
    const T* const map = maps + n * map_step[0] + i * map_step[1] + j * map_step[2];
    for (int64_t u = 0; u < w.taps[0]; ++u)
      for (int64_t v = 0; v < w.taps[1]; v += 3) {
        const int64_t y = i * w.step[0] + u * w.spread[0] + w.origin[0];
        const int64_t x = j * w.step[1] + v * w.spread[1] + w.origin[1];
        const T* const image = w.image + w.at(n, y, x);
        T* const to = out + (u * w.taps[1] + v) * channels;
        const int64_t some = min64(3, w.taps[1] - v);
        for (int64_t c = 0; c < channels; c += W) {
          const int lanes = int(min64(W, channels - c));
          const auto multiply = lanes < W    ? &DepthwiseGrad::template some_taps<1, false>
                                : some == 3 ? &DepthwiseGrad::template some_taps<3, true>
                                : some == 2 ? &DepthwiseGrad::template some_taps<2, true>
                                            : &DepthwiseGrad::template some_taps<1, true>;
          for (int64_t t = 0; t < some; t += lanes < W ? 1 : some)
            (this->*multiply)(map + c, image + t * w.spread[1] * w.pixel_step[1] + c, count, to + t * channels + c,
                              lanes);
        }
      }
  }

  // `count` pixels of a row, Taps taps side by side.
  template <int Taps, bool Whole>
  void some_taps(const T* map, const T* image, int64_t count, T* out, int lanes) const {
    const auto fetch = [lanes](const T* p) {
      return Whole ? Vec<T>::load(p) : Vec<T>::load_partial(p, lanes);
    };
    const int64_t step = windows.step[1] * windows.pixel_step[1],
                  tap = windows.spread[1] * windows.pixel_step[1], map_stride = map_step[2];
    Vec<T> sum[Taps];
#pragma GCC unroll 3
    for (int t = 0; t < Taps; ++t) sum[t] = Vec<T>(T(0));
    for (int64_t p = 0; p < count; ++p, map += map_stride, image += step) {
      const Vec<T> m = fetch(map);
#pragma GCC unroll 3
      for (int t = 0; t < Taps; ++t) sum[t] = fma(m, fetch(image + t * tap), sum[t]);
    }
#pragma GCC unroll 3
    for (int t = 0; t < Taps; ++t)
      Whole ? sum[t].store(out + t * channels) : sum[t].store_partial(out + t * channels, lanes);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
