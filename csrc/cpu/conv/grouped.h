// A convolution whose groups are narrower than a register, with as many filters as channels each: lanes run
// along the filters of several groups, and a shuffle gives each of them the channel of its own group that it
// is to be multiplied by. No lane is empty, and no group sees another's numbers.
#pragma once
#include <utility>

#include "cpu/conv/padded.h"
#include "cpu/product/tile.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Lane l: lane l / Each · Each + Channel of x.
template <int Each, int Channel, class T, size_t... Lane>
__attribute__((always_inline)) static inline Vec<T> of_group(Vec<T> x, std::index_sequence<Lane...>) {
  return Vec<T>(__builtin_shufflevector(x.v, x.v, (int(Lane) / Each * Each + Channel)...));
}

template <int Each, int Channel, class T>
__attribute__((always_inline)) static inline Vec<T> of_group(Vec<T> x) {
  return of_group<Each, Channel>(x, std::make_index_sequence<Vec<T>::size>());
}

// body(channel) for each channel of a group, known to the compiler.
template <class Body, size_t... Channel>
__attribute__((always_inline)) static inline void for_channels(std::index_sequence<Channel...>, Body&& body) {
  (body(std::integral_constant<int, int(Channel)>()), ...);
}

// Whether `each` channels of a group, of `channels` in all, go into registers without a rest.
template <class T>
static bool shares_registers(int64_t each, int64_t channels) {
  constexpr int64_t W = Vec<T>::size;
  return (each == 2 || each == 4 || each == 8) && each < W && channels % W == 0;
}

template <class T>
struct GroupedRows {
  Windows<T> windows;  // of all channels, which come last; padded
  int64_t images, each;
  const T* panels;  // of a register of filters: its taps, and of each tap the channels of a group
  const T* bias;    // of every filter, or null
  T* result;        // channels last
  int64_t image_step, step[2];

  static constexpr int64_t W = Vec<T>::size;
  static constexpr int kPixels = kRows > 8 ? 8 : 4;  // at once

  void run() const {
    const Windows<T>& w = windows;
    const int64_t work = w.channels * each * w.taps[0] * w.taps[1] * w.out[1];
    parallel_ranges(images * w.out[0], max64(1, (INT64_C(1) << 19) / work), [&](int64_t begin, int64_t end) {
      for (int64_t c = 0; c < w.channels; c += W)  // whose filters stay near for some lines
        for (int64_t line = begin; line < end; ++line) {
          if constexpr (W > 2)
            if (each == 2) row<2>(line, c);
          if constexpr (W > 4)
            if (each == 4) row<4>(line, c);
          if constexpr (W > 8)
            if (each == 8) row<8>(line, c);
        }
    });
  }

 private:
  // Filters [c, c + W) of a row, some pixels at a time; where these do not fit, some are computed twice.
  template <int Each>
  void row(int64_t line, int64_t c) const {
    const Windows<T>& w = windows;
    const int64_t n = line / w.out[0], i = line % w.out[0], count = w.out[1];
    const T* const x = w.image + w.at(n, i * w.step[0] + w.origin[0], w.origin[1]) + c;
    T* const y = result + n * image_step + i * step[0] + c;
    const bool fewer = kPixels == 8 && count >= 7 && ceil_div(count, 7) * 7 < ceil_div(count, 8) * 8;
    for (int64_t j = 0; j < count;) {
      const int64_t some = fewer ? 7 : count >= kPixels ? kPixels : count >= 4 ? 4 : 1;
      const int64_t first = min64(j, count - some);
      const T* const from = x + first * w.step[1] * w.pixel_step[1];
      T* const to = y + first * step[1];
      if (some == kPixels) {
        pixels<Each, kPixels>(from, c, to);
      } else if (kPixels == 8 && some == 7) {
        pixels<Each, kPixels == 8 ? 7 : 4>(from, c, to);
      } else if (some == 4) {
        pixels<Each, 4>(from, c, to);
      } else {
        pixels<Each, 1>(from, c, to);
      }
      j = first + some;
    }
  }

  // Sums over a row of taps are added one after the other.
  template <int Each, int Pixels>
  void pixels(const T* x, int64_t c, T* y) const {
    using V = Vec<T>;
    const Windows<T>& w = windows;
    const int64_t next = w.step[1] * w.pixel_step[1], across = w.spread[1] * w.pixel_step[1];
    const int64_t down = w.spread[0] * w.pixel_step[0], row = w.taps[1] * Each * W;
    const bool forwards = w.spread[1] > 0,
               side_by_side = (forwards ? w.spread[1] : -w.spread[1]) == w.step[1];
    const T* const first = forwards ? x : x - (w.taps[1] - 1) * next;
    const T* filter = panels + c * Each * w.taps[0] * w.taps[1];
    V total[Pixels];
    for (int p = 0; p < Pixels; ++p) total[p] = V(T(0));
    for (int64_t u = 0; u < w.taps[0]; ++u, filter += row) {
      V sum[Pixels];
      for (int p = 0; p < Pixels; ++p) sum[p] = V(T(0));
      if (side_by_side && w.taps[1] == 3) {
        add_row<Each, Pixels, 3>(first + u * down, next, filter, forwards, sum);
      } else if (side_by_side && w.taps[1] == 5) {
        add_row<Each, Pixels, 5>(first + u * down, next, filter, forwards, sum);
      } else {
        for (int64_t v = 0; v < w.taps[1]; ++v)
          add_row<Each, Pixels, 1>(x + u * down + v * across, next, filter + v * Each * W, true, sum);
      }
      for (int p = 0; p < Pixels; ++p) total[p] = total[p] + sum[p];
    }
    for (int p = 0; p < Pixels; ++p) {
      if (bias) total[p] = total[p] + V::load(bias + c);
      total[p].store(y + p * step[1]);
    }
  }

  // Taps side by side, which share most of their pixels; the filter's come in their order or backwards.
  template <int Each, int Pixels, int Taps>
  __attribute__((always_inline)) static void add_row(const T* x, int64_t next, const T* filter, bool forwards,
                                                     Vec<T> (&sum)[Pixels]) {
    for_channels(std::make_index_sequence<Each>(), [&](auto channel) __attribute__((always_inline)) {
      Vec<T> in[Pixels + Taps - 1];
      for (int p = 0; p < Pixels + Taps - 1; ++p) in[p] = of_group<Each, channel>(Vec<T>::load(x + p * next));
      for (int v = 0; v < Taps; ++v) {
        const Vec<T> factor = Vec<T>::load(filter + ((forwards ? v : Taps - 1 - v) * Each + channel) * W);
        for (int p = 0; p < Pixels; ++p) sum[p] = fma(in[p + v], factor, sum[p]);
      }
    });
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
