// The windows of an image (see windows.h) as the left operand of a product: a row is a pixel, k are its taps.
//
// Where channels are consecutive, a tap is a stretch of the image itself, and a whole row of taps where these
// are consecutive too; what lies outside the image is a stretch of zeros. (Dukhan, The Indirect Convolution
// Algorithm, 2019.)
#pragma once
#include "cpu/conv/windows.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Elements of a whole row of taps that is worth reading in place: shorter ones are copied in a few registers.
constexpr int64_t kShortestJoined = 32;

template <class T>
struct PixelRows final : LeftOperand<T> {
  const Windows<T>& windows;
  bool padded;  // no window reaches beyond the image, and a register may be read beyond it

  explicit PixelRows(const Windows<T>& w, bool is_padded = false) : windows(w), padded(is_padded) {}

  // Short stretches are better copied one after the other.
  bool in_place(int64_t) const override {
    return channels_last() && stretch() >= (joined() ? kShortestJoined : kShortest);
  }

  void find(RowTable<T>& table, int64_t pixel, int64_t count, int64_t k0, int64_t kc) const override {
    for (int64_t k = 0; k < kc;) {
      const Part part = part_at(k0 + k, kc - k);
      const T** const rows = table.add(part.n);
      for_lines(pixel, count, [&](int64_t lane, const Line& line) {
        find_line(rows + lane, table.copies + lane * kCopy + k, part, line);
      });
      k += part.n;
    }
  }

  void copy(T* rows, int64_t row_step, int64_t pixel, int64_t count, int64_t k0, int64_t kc) const override {
    for (int64_t k = 0; k < kc;) {
      const Part part = part_at(k0 + k, kc - k);
      for_lines(pixel, count, [&](int64_t lane, const Line& line) {
        T* const to = rows + lane * row_step + k;
        if (padded && channels_last()) return copy_inside(to, row_step, part, line);
        for (int64_t p = 0; p < line.count; ++p) copy_part(to + p * row_step, part, line, p);
      });
      k += part.n;
    }
  }

 private:
  // Steps [from, from + n) of the stretch that begins at tap (u, v).
  struct Part {
    int64_t u, v, from, n;
  };

  // `count` windows of row i of image n, from the j-th on.
  struct Line {
    int64_t n, i, j, count;
  };

  bool channels_last() const { return windows.channel_step == 1 || windows.channels == 1; }

  // Whether the taps of one row follow one another in memory.
  bool joined() const {
    return channels_last() && windows.spread[1] > 0 &&
           windows.spread[1] * windows.pixel_step[1] == windows.channels;
  }
  int64_t stretch() const { return joined() ? windows.channels * windows.taps[1] : windows.channels; }

  Part part_at(int64_t k, int64_t limit) const {
    const int64_t length = stretch(), number = k / length, from = k % length;
    const int64_t per_row = joined() ? 1 : windows.taps[1];
    return {number / per_row, number % per_row, from, min64(length - from, limit)};
  }

  template <class Body>
  void for_lines(int64_t pixel, int64_t count, Body&& body) const {
    const int64_t width = windows.out[1];
    for (int64_t lane = 0; lane < count;) {
      const int64_t line = (pixel + lane) / width, j = (pixel + lane) % width;
      const Line one{line / windows.out[0], line % windows.out[0], j, min64(width - j, count - lane)};
      body(lane, one);
      lane += one.count;
    }
  }

  int64_t row_of(const Part& part, const Line& line) const {
    return line.i * windows.step[0] + part.u * windows.spread[0] + windows.origin[0];
  }
  int64_t column_of(const Part& part, const Line& line, int64_t p) const {
    return (line.j + p) * windows.step[1] + part.v * windows.spread[1] + windows.origin[1];
  }

  void find_line(const T** rows, T* copies, const Part& part, const Line& line) const {
    static const T zeros[kDeep] = {};
    const Windows<T>& w = windows;
    const int64_t y = row_of(part, line), reach = joined() ? (w.taps[1] - 1) * w.spread[1] : 0;
    for (int64_t p = 0; p < line.count; ++p) {
      const int64_t x = column_of(part, line, p);
      if (!w.inside(y, max64(x, 0)) || x + reach < 0) {
        rows[p] = zeros;
      } else if (x >= 0 && x + reach < w.size[1]) {
        rows[p] = w.image + w.at(line.n, y, x) + part.from;
      } else {
        rows[p] = copies + p * kCopy;
        copy_part(copies + p * kCopy, part, line, p);
      }
    }
  }

  // Register by register; what a register holds too much is overwritten by the next part or lies between
  // rows.
  void copy_inside(T* out, int64_t row_step, const Part& part, const Line& line) const {
    const Windows<T>& w = windows;
    const T* from = w.image + w.at(line.n, row_of(part, line), column_of(part, line, 0)) + part.from;
    for (int64_t p = 0; p < line.count; ++p, out += row_step, from += w.step[1] * w.pixel_step[1])
      for (int64_t e = 0; e < part.n; e += Vec<T>::size) Vec<T>::load(from + e).store(out + e);
  }

  // Element by element.
  void copy_part(T* out, const Part& part, const Line& line, int64_t p) const {
    const Windows<T>& w = windows;
    const int64_t y = row_of(part, line);
    for (int64_t e = 0; e < part.n;) {
      const int64_t v = (part.from + e) / w.channels, c = (part.from + e) % w.channels;
      const int64_t n = min64(w.channels - c, part.n - e), x = column_of(part, line, p) + v * w.spread[1];
      const bool inside = w.inside(y, x);
      const T* const from = inside ? w.image + w.at(line.n, y, x) + c * w.channel_step : nullptr;
      for (int64_t i = 0; i < n; ++i) out[e + i] = inside ? from[i * w.channel_step] : T(0);
      e += n;
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
