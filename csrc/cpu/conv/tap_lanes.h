// The windows of an image (see windows.h) as the right operand of the product that gives the gradient of the
// weights: lanes are taps, k are pixels.
#pragma once
#include "cpu/conv/windows.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct TapLanes final : RightOperand<T> {
  const Windows<T>& windows;

  explicit TapLanes(const Windows<T>& w) : windows(w) {}

  void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const override {
    Tap taps[R];
    for (int64_t i = 0; i < count; ++i) taps[i] = make_tap(lane0 + i);
    for (int64_t k = 0; k < kc; k += kSome) {
      const int64_t n = min64(kSome, kc - k);
      Row rows[kSome];
      const int count_rows = find_rows(k0 + k, n, rows);
      if (windows.channel_step == 1 && windows.channels > 1) {
        pack_channels(panel + k * R, taps, count, rows, count_rows);
      } else {
        pack_pixels(panel + k * R, taps, count, rows, count_rows, n);
      }
    }
  }

  bool find_panel(int64_t lane0, int64_t count, int64_t k0, const T** first, int64_t* step) const override {
    const Windows<T>& w = windows;
    if (count < R || w.channel_step != 1 || !is_line_of_pixels(w)) return false;
    if (w.image_step != w.out[0] * w.pixel_step[0]) return false;
    *first = w.image + lane0 + k0 * w.pixel_step[1];
    *step = w.pixel_step[1];
    return true;
  }

 private:
  static constexpr int R = Tile<T>::cols;
  static constexpr int64_t kSome = 64;  // pixels packed at a time

  struct Tap {
    int64_t c, dy, dx;
    int64_t begin, end;  // windows j along the width for which it lies inside the image
  };

  // Consecutive pixels of one row of windows.
  struct Row {
    int64_t image, y, j, count;
  };

  Tap make_tap(int64_t lane) const {
    const Windows<T>& w = windows;
    const int64_t tap = lane / w.channels;
    Tap t;
    t.c = lane % w.channels;
    t.dy = tap / w.taps[1] * w.spread[0] + w.origin[0];
    t.dx = tap % w.taps[1] * w.spread[1] + w.origin[1];
    t.begin = t.dx >= 0 ? 0 : ceil_div(-t.dx, w.step[1]);
    t.end = t.dx >= w.size[1] ? 0 : ceil_div(w.size[1] - t.dx, w.step[1]);
    return t;
  }

  int find_rows(int64_t pixel, int64_t n, Row* rows) const {
    const Windows<T>& w = windows;
    int found = 0;
    for (int64_t p = 0; p < n;) {
      const int64_t line = (pixel + p) / w.out[1], j = (pixel + p) % w.out[1];
      const int64_t count = min64(w.out[1] - j, n - p);
      rows[found++] = {line / w.out[0], line % w.out[0] * w.step[0], j, count};
      p += count;
    }
    return found;
  }

  // The windows of `row` for which the tap lies inside the image, relative to row.j.
  void inside(const Tap& tap, const Row& row, int64_t& begin, int64_t& end) const {
    const int64_t y = row.y + tap.dy;
    const bool outside = y < 0 || y >= windows.size[0];
    begin = min64(max64(tap.begin - row.j, 0), row.count);
    end = outside ? begin : min64(max64(tap.end - row.j, begin), row.count);
  }

  const T* address(const Tap& tap, const Row& row, int64_t j) const {
    const Windows<T>& w = windows;
    return w.image + w.at(row.image, row.y + tap.dy, (row.j + j) * w.step[1] + tap.dx) +
           tap.c * w.channel_step;
  }

  // The channels of a tap are consecutive: whole stretches of lanes are copied.
  void pack_channels(T* panel, const Tap* taps, int64_t count, const Row* rows, int count_rows) const {
    __builtin_memset(panel, 0, pixels(rows, count_rows) * R * sizeof(T));
    for (int64_t lane = 0; lane < count;) {
      const int64_t n = min64(windows.channels - taps[lane].c, count - lane);
      T* out = panel + lane;
      for (int r = 0; r < count_rows; out += rows[r++].count * R) {
        int64_t begin, end;
        inside(taps[lane], rows[r], begin, end);
        if (begin == end) continue;
        const T* from = address(taps[lane], rows[r], begin);
        for (int64_t j = begin; j < end; ++j, from += windows.step[1] * windows.pixel_step[1])
          copy(out + j * R, from, n);
      }
      lane += n;
    }
  }

  // n <= R elements, by the powers of two that n is made of.
  static void copy(T* to, const T* from, int64_t n) {
    if (n == R) return copy_some<R>(to, from);
    if (n & 16) copy_some<16>(to, from);
    if (n & 8) copy_some<8>(to, from);
    if (n & 4) copy_some<4>(to, from);
    if (n & 2) copy_some<2>(to, from);
    if (n & 1) *to = *from;
  }
  template <int N>
  static void copy_some(T*& to, const T*& from) {
    __builtin_memcpy(to, from, N * sizeof(T));
    to += N;
    from += N;
  }

  static int64_t pixels(const Row* rows, int count_rows) {
    int64_t n = 0;
    for (int r = 0; r < count_rows; ++r) n += rows[r].count;
    return n;
  }

  // Each lane's pixels are brought together, then the lanes are transposed.
  void pack_pixels(T* panel, const Tap* taps, int64_t count, const Row* rows, int count_rows,
                   int64_t n) const {
    T gathered[R][kSome];
    const T* lanes[R];
    for (int64_t i = 0; i < R; ++i)
      lanes[i] = i < count ? gather(taps[i], rows, count_rows, gathered[i]) : nullptr;
    pack_rows(panel, lanes, n);
  }

  // Where one lane's pixels lie in a row: in the image itself, or copied to `out`.
  const T* gather(const Tap& tap, const Row* rows, int count_rows, T* out) const {
    const int64_t step = windows.step[1] * windows.pixel_step[1];
    T* to = out;
    for (int r = 0; r < count_rows; to += rows[r++].count) {
      int64_t begin, end;
      inside(tap, rows[r], begin, end);
      for (int64_t j = 0; j < begin; ++j) to[j] = T(0);
      for (int64_t j = end; j < rows[r].count; ++j) to[j] = T(0);
      if (begin == end) continue;
      const T* from = address(tap, rows[r], begin);
      if (step == 1 && end - begin == rows[r].count && count_rows == 1) return from;
      for (int64_t j = begin; j < end; ++j, from += step) to[j] = *from;
    }
    return out;
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
