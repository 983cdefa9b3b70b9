// A copy of an image in the order a kernel wants, with the zeros its windows see around it.
#pragma once
#include "core/parallel.h"
#include "core/scratch.h"
#include "cpu/conv/windows.h"
#include "cpu/simd/transpose.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// How far the windows reach beyond the image along an axis; nothing where it is much more than the image.
template <class T>
struct Margin {
  int64_t before = 0, after = 0;
  bool fits = false;

  Margin(const Windows<T>& w, int axis) {
    const int64_t reach = (w.taps[axis] - 1) * w.spread[axis];
    const int64_t first = w.origin[axis] + (reach < 0 ? reach : 0);
    const int64_t last = w.origin[axis] + (w.out[axis] - 1) * w.step[axis] + (reach > 0 ? reach : 0);
    if (w.taps[axis] == 0 || first < -w.size[axis] - 8 || last > 2 * w.size[axis] + 8) return;
    fits = true;
    before = max64(0, -first);
    after = max64(0, last + 1 - w.size[axis]);
  }
};

// Whether a copy with margins is not much larger than the image.
template <class T>
static bool can_be_padded(const Windows<T>& w) {
  return Margin<T>(w, 0).fits && Margin<T>(w, 1).fits;
}

// Whether no window reaches beyond the image.
template <class T>
static bool is_padded(const Windows<T>& w) {
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t reach = (w.taps[axis] - 1) * w.spread[axis];
    const int64_t last = w.origin[axis] + (w.out[axis] - 1) * w.step[axis];
    if (w.taps[axis] == 0 || min64(w.origin[axis], w.origin[axis] + reach) < 0 ||
        max64(last, last + reach) >= w.size[axis])
      return false;
  }
  return true;
}

// One line of an image: rows of channels `to_channel` and pixels `to_pixel` apart. One of the two is 1.
template <class T>
static void copy_line(T* out, int64_t to_channel, int64_t to_pixel, const T* in, int64_t channel,
                      int64_t pixel, int64_t channels, int64_t width) {
  constexpr int W = Vec<T>::size;
  int64_t c = 0;
  if (to_channel == 1 && channel == 1 && channels >= W) {
    for (int64_t x = 0; x < width; ++x)
      __builtin_memcpy(out + x * to_pixel, in + x * pixel, channels * sizeof(T));
    return;
  }
  if (to_pixel == 1 && pixel == 1 && width >= W)
    for (; c < channels; ++c)
      for (int64_t x = 0; x < width; x += W) {  // the last register may overlap the one before it
        const int64_t at = x + W > width ? width - W : x;
        Vec<T>::load(in + c * channel + at).store(out + c * to_channel + at);
      }
  if (to_channel == 1 && pixel == 1 && c == 0) {
    const T* rows[W];
    for (; c + W <= channels; c += W) {
      for (int i = 0; i < W; ++i) rows[i] = in + (c + i) * channel;
      transpose_rows(out + c, to_pixel, rows, width);
    }
    if (c == 0 && to_pixel == channels) {  // what a register holds too much, the pixels after it overwrite
      for (int64_t i = 0; i < W; ++i) rows[i] = i < channels ? in + i * channel : nullptr;
      const int64_t whole = (width - ceil_div(W, channels)) / W * W;
      if (whole > 0) transpose_rows(out, to_pixel, rows, whole);
      for (int64_t x = max64(whole, 0); x < width; ++x)
        for (int64_t i = 0; i < channels; ++i) out[x * to_pixel + i] = rows[i][x];
      return;
    }
  }
  if (to_pixel == 1 && channel == 1)
    for (; c + W <= channels; c += W) transpose_lanes(out + c * to_channel, to_channel, in + c, pixel, width);
  for (; c < channels; ++c)
    for (int64_t x = 0; x < width; ++x) out[c * to_channel + x * to_pixel] = in[c * channel + x * pixel];
}

// body(windows) on a copy of the image of `windows`, channels last or planes (channels first).
template <class T, class Body>
static void with_padded(const Windows<T>& windows, int64_t images, bool channels_last, Body&& body) {
  const Margin<T> top(windows, 0), left(windows, 1);
  Windows<T> w = windows;
  w.size[0] += top.before + top.after;
  w.size[1] += left.before + left.after;
  w.origin[0] += top.before;
  w.origin[1] += left.before;
  w.channel_step = channels_last ? 1 : w.size[0] * w.size[1];
  w.pixel_step[1] = channels_last ? w.channels : 1;
  w.pixel_step[0] = w.size[1] * w.pixel_step[1];
  w.image_step = w.size[0] * w.size[1] * w.channels;
  const int64_t slack = 2 * Vec<T>::size;  // a register may be read beyond the last line
  with_scratch<T>(images * w.image_step + slack, [&](T* memory) {
    w.image = memory;
    // Lines that follow one another in both images are copied as one.
    const bool joined =
        w.size[1] == windows.size[1] && windows.pixel_step[0] == windows.size[1] * windows.pixel_step[1];
    const int64_t grain = 1 + 16384 / (w.size[1] * w.channels);
    parallel_ranges(images * w.size[0], grain, [&](int64_t begin, int64_t end) {
      for (int64_t line = begin, count; line < end; line += count) {
        const int64_t n = line / w.size[0], y = line % w.size[0] - top.before;
        const bool inside = y >= 0 && y < windows.size[0];
        count = joined && inside ? min64(end - line, windows.size[0] - y) : 1;
        T* const out = memory + w.at(n, line % w.size[0], 0);
        const bool whole = w.size[1] == windows.size[1] && inside;
        if (!whole && channels_last) __builtin_memset(out, 0, w.size[1] * w.channels * sizeof(T));
        if (!whole && !channels_last)
          for (int64_t c = 0; c < w.channels; ++c)
            __builtin_memset(out + c * w.channel_step, 0, w.size[1] * sizeof(T));
        if (inside)
          copy_line(out + left.before * w.pixel_step[1], w.channel_step, w.pixel_step[1],
                    windows.image + windows.at(n, y, 0), windows.channel_step, windows.pixel_step[1],
                    w.channels, count * windows.size[1]);
      }
    });
    __builtin_memset(memory + images * w.image_step, 0, slack * sizeof(T));
    body(w);
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
