// The windows of an image as operands of a matrix product, packed straight from the image: no array of
// patches is ever made.
//
// A pixel is one window (n, i, j), a tap one place (u, v, c) in it, c fastest. Element (pixel, tap) is the
// image at channel c, row i·step + u·spread + origin, and the same along the width; zero outside the image.
#pragma once
#include "cpu/pack.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct Windows {
  const T* image;
  int64_t channels;                  // of one window
  int64_t image_step, channel_step;  // strides of the image
  int64_t pixel_step[2];
  int64_t size[2];                        // of the image
  int64_t out[2], taps[2];                // windows along an axis, places in a window
  int64_t step[2], spread[2], origin[2];  // step > 0; spread may be negative

  bool inside(int64_t y, int64_t x) const { return y >= 0 && y < size[0] && x >= 0 && x < size[1]; }
  int64_t at(int64_t n, int64_t y, int64_t x) const {
    return n * image_step + y * pixel_step[0] + x * pixel_step[1];
  }
};

// One register of lanes, some of them zero, as stretches of lanes that are consecutive in memory.
template <class T>
struct Stretches {
  static constexpr int most = 4;
  int count = 0;
  bool whole = false;    // one stretch of every lane
  const T* begin[most];  // where its lane 0 would be
  typename Vec<T>::bits mask[most];

  // From the address of each lane, null for zero; false where there are too many stretches.
  bool find(const T* const* lanes) {
    constexpr int W = Vec<T>::size;
    for (int lane = 0; lane < W;) {
      if (!lanes[lane]) {
        ++lane;
        continue;
      }
      if (count == most) return false;
      const int first = lane;
      typename Vec<T>::integer set[W] = {};
      for (; lane < W && lanes[lane] == lanes[first] + (lane - first); ++lane) set[lane] = -1;
      __builtin_memcpy(&mask[count], set, sizeof(set));
      begin[count++] = shifted(lanes[first], -first);
      whole = lane - first == W;
    }
    return true;
  }

  // The lanes `offset` elements on.
  Vec<T> load(int64_t offset) const {
    if (whole) return Vec<T>::load(begin[0] + offset);
    Vec<T> v(T(0));
    for (int s = 0; s < count; ++s)
      v = Vec<T>::from_bits(v.as_bits() | load_masked(shifted(begin[s], offset), mask[s]).as_bits());
    return v;
  }

 private:
  // An address that may lie outside the array, where every lane in use lies inside.
  static const T* shifted(const T* p, int64_t n) {
    return reinterpret_cast<const T*>(reinterpret_cast<uintptr_t>(p) + uintptr_t(n) * sizeof(T));
  }
};

// Lanes are pixels, k are taps: for a convolution and its gradient in the image.
template <class T>
struct PixelLanes {
  const Windows<T>& windows;

  template <int R>
  void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const {
    const Windows<T>& w = windows;
    int64_t image[R], y[R], x[R];
    place(lane0, count, image, y, x);
    for (int64_t k = 0; k < kc;) {
      const int64_t tap = (k0 + k) / w.channels, c = (k0 + k) % w.channels;
      const int64_t n = min64(w.channels - c, kc - k);
      const int64_t dy = tap / w.taps[1] * w.spread[0], dx = tap % w.taps[1] * w.spread[1];
      const T* src[R];
      for (int64_t i = 0; i < R; ++i) {
        const bool inside = i < count && w.inside(y[i] + dy, x[i] + dx);
        src[i] = inside ? w.image + w.at(image[i], y[i] + dy, x[i] + dx) + c * w.channel_step : nullptr;
      }
      pack_tap<R>(panel + k * R, src, n);
      k += n;
    }
  }

 private:
  void place(int64_t pixel, int64_t count, int64_t* image, int64_t* y, int64_t* x) const {
    const Windows<T>& w = windows;
    int64_t j = pixel % w.out[1], i = pixel / w.out[1] % w.out[0], n = pixel / w.out[1] / w.out[0];
    for (int64_t lane = 0; lane < count; ++lane) {
      image[lane] = n;
      y[lane] = i * w.step[0] + w.origin[0];
      x[lane] = j * w.step[1] + w.origin[1];
      if (++j < w.out[1]) continue;
      j = 0;
      if (++i < w.out[0]) continue;
      i = 0;
      ++n;
    }
  }

  // n channels of one tap.
  template <int R>
  void pack_tap(T* panel, const T* const* src, int64_t n) const {
    const int64_t step = windows.channel_step;
    if (step == 1 && n >= Vec<T>::size) return pack_rows<R>(panel, src, n);
    if constexpr (R % Vec<T>::size == 0)
      if (pack_stretches<R>(panel, src, n)) return;
    for (int64_t k = 0; k < n; ++k)
      for (int i = 0; i < R; ++i) panel[k * R + i] = src[i] ? src[i][k * step] : T(0);
  }

  template <int R>
  bool pack_stretches(T* panel, const T* const* src, int64_t n) const {
    constexpr int W = Vec<T>::size, registers = R / W;
    Stretches<T> stretches[registers];
    for (int r = 0; r < registers; ++r)
      if (!stretches[r].find(src + r * W)) return false;
    for (int64_t k = 0; k < n; ++k)
      for (int r = 0; r < registers; ++r)
        stretches[r].load(k * windows.channel_step).store(panel + k * R + r * W);
    return true;
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
