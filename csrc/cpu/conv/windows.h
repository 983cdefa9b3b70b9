// The windows of an image as operands of a matrix product, packed straight from the image: no array of
// patches is ever made.
//
// A pixel is one window (n, i, j), a tap one place (u, v, c) in it, c fastest. Element (pixel, tap) is the
// image at channel c, row i·step + u·spread + origin, and the same along the width; zero outside the image.
#pragma once
#include "cpu/product/pack.h"

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

// Whether every window is one pixel, the next one the next pixel of the image, whose rows are one line.
template <class T>
static inline bool is_line_of_pixels(const Windows<T>& w) {
  for (int a = 0; a < 2; ++a)
    if (w.taps[a] != 1 || w.step[a] != 1 || w.origin[a] != 0 || w.out[a] != w.size[a]) return false;
  return w.pixel_step[0] == w.out[1] * w.pixel_step[1];
}

// Such windows as those of an image of one row.
template <class T>
static inline Windows<T> as_line(Windows<T> w) {
  w.out[1] *= w.out[0];
  w.size[1] *= w.size[0];
  w.out[0] = w.size[0] = 1;
  w.pixel_step[0] = w.out[1] * w.pixel_step[1];
  return w;
}

// An address that may lie outside the array, where every element that is read lies inside.
template <class T>
static inline const T* shifted(const T* p, int64_t n) {
  return reinterpret_cast<const T*>(reinterpret_cast<uintptr_t>(p) + uintptr_t(n) * sizeof(T));
}

// The lanes of one register: stretches of consecutive elements, zero elsewhere.
template <class T>
struct Stretches {
  static constexpr int most = Vec<T>::size;
  int count = 0;
  bool whole = false;    // one stretch of every lane
  const T* begin[most];  // where its lane 0 would be
  typename Vec<T>::bits mask[most];

  // Lanes [from, to), cut to the register, of the elements p[lane].
  void add(const T* p, int64_t from, int64_t to) {
    constexpr int W = Vec<T>::size;
    if (from >= W || to <= 0) return;
    whole = from <= 0 && to >= W;
    typename Vec<T>::bits lane;
    for (int i = 0; i < W; ++i) lane[i] = i;
    using integer = typename Vec<T>::integer;
    mask[count] = (lane >= integer(max64(from, 0))) & (lane < integer(min64(to, W)));
    begin[count++] = p;
  }

  // The lanes `offset` elements on.
  Vec<T> load(int64_t offset) const {
    if (whole) return Vec<T>::load(begin[0] + offset);
    Vec<T> v(T(0));
    for (int s = 0; s < count; ++s)
      v = Vec<T>::from_bits(v.as_bits() | load_masked(shifted(begin[s], offset), mask[s]).as_bits());
    return v;
  }
};

// Lanes are pixels, k are taps: for a convolution and its gradient in the image.
template <class T>
struct PixelLanes final : RightOperand<T> {
  const Windows<T>& windows;

  explicit PixelLanes(const Windows<T>& w) : windows(w) {}

  void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const override {
    const Windows<T>& w = windows;
    const bool unit = w.step[1] == 1 && w.pixel_step[1] == 1;
    Run runs[R];
    const int count_runs = find_runs(lane0, count, runs);
    for (int64_t k = 0; k < kc;) {
      const int64_t tap = (k0 + k) / w.channels, c = (k0 + k) % w.channels;
      const int64_t n = min64(w.channels - c, kc - k);
      const int64_t dy = tap / w.taps[1] * w.spread[0], dx = tap % w.taps[1] * w.spread[1];
      const T* const from = w.image + c * w.channel_step;
      if (unit && (w.channel_step != 1 || w.channels == 1)) {
        pack_stretches(panel + k * R, from, runs, count_runs, dy, dx, n);
      } else {
        pack_lanes(panel + k * R, from, runs, count_runs, dy, dx, n);
      }
      k += n;
    }
  }

  bool find_panel(int64_t lane0, int64_t count, int64_t k0, const T** first, int64_t* step) const override {
    const Windows<T>& w = windows;
    const int64_t pixels = w.out[0] * w.out[1], pixel = lane0 % pixels;
    if (count < R || w.pixel_step[1] != 1 || pixel + count > pixels || !is_line_of_pixels(w)) return false;
    *first = w.image + lane0 / pixels * w.image_step + pixel + k0 * w.channel_step;
    *step = w.channel_step;
    return true;
  }

 private:
  static constexpr int R = Tile<T>::cols;

  // Lanes [begin, end) are consecutive windows of one row; (y, x) is where the first tap of lane 0 would lie.
  struct Run {
    int64_t begin, end, image, y, x;
  };

  int find_runs(int64_t pixel, int64_t count, Run* runs) const {
    const Windows<T>& w = windows;
    int64_t j = pixel % w.out[1], i = pixel / w.out[1] % w.out[0], n = pixel / w.out[1] / w.out[0];
    int found = 0;
    for (int64_t lane = 0; lane < count;) {
      const int64_t end = min64(lane + w.out[1] - j, count);
      runs[found++] = {lane, end, n, i * w.step[0] + w.origin[0], (j - lane) * w.step[1] + w.origin[1]};
      lane = end;
      j = 0;
      if (++i < w.out[0]) continue;
      i = 0;
      ++n;
    }
    return found;
  }

  // n channels of one tap, lane by lane.
  void pack_lanes(T* panel, const T* from, const Run* runs, int count_runs, int64_t dy, int64_t dx,
                  int64_t n) const {
    const Windows<T>& w = windows;
    const T* src[R] = {};
    for (int r = 0; r < count_runs; ++r)
      for (int64_t lane = runs[r].begin; lane < runs[r].end; ++lane) {
        const int64_t y = runs[r].y + dy, x = runs[r].x + lane * w.step[1] + dx;
        if (w.inside(y, x)) src[lane] = from + w.at(runs[r].image, y, x);
      }
    if (w.channel_step == 1 && n >= Vec<T>::size) return pack_rows(panel, src, n);
    static const T zero = 0;
    int64_t step[R];
    for (int i = 0; i < R; ++i) {
      step[i] = src[i] ? w.channel_step : 0;
      if (!src[i]) src[i] = &zero;
    }
    for (int64_t k = 0; k < n; ++k)
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) panel[k * R + i] = src[i][k * step[i]];
  }

  // The same where the windows of a row are consecutive in memory.
  void pack_stretches(T* panel, const T* from, const Run* runs, int count_runs, int64_t dy, int64_t dx,
                      int64_t n) const {
    constexpr int W = Vec<T>::size, registers = R / W;
    const Windows<T>& w = windows;
    Stretches<T> stretches[registers];
    for (int r = 0; r < count_runs; ++r) {
      const int64_t y = runs[r].y + dy, x = runs[r].x + dx;
      if (y < 0 || y >= w.size[0]) continue;
      const int64_t begin = max64(runs[r].begin, -x), end = min64(runs[r].end, w.size[1] - x);
      if (begin >= end) continue;
      const T* const line = shifted(from, runs[r].image * w.image_step + y * w.pixel_step[0] + x);
      for (int v = 0; v < registers; ++v) stretches[v].add(shifted(line, v * W), begin - v * W, end - v * W);
    }
    for (int64_t k = 0; k < n; ++k)
      for (int v = 0; v < registers; ++v) stretches[v].load(k * w.channel_step).store(panel + k * R + v * W);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
