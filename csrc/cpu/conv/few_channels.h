// A convolution of few channels with many filters: lanes run along the filters, and each element of a window
// is read where it lies, in any layout, since a copy of the windows would cost as much as their products.
#pragma once
#include "cpu/conv/padded.h"
#include "cpu/product/store.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Element k of a row of A lies offsets[k] from the row's first; B is a packed panel.
template <class T>
struct Elements {
  const T* const* rows;
  const int64_t* offsets;
  const T* b;

  template <int Rows>
  struct Cursor {
    const T* at[Rows];
    const int64_t* offsets;
    const T* b;

    explicit Cursor(const Elements& e) : offsets(e.offsets), b(e.b) {
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] = e.rows[i];
    }
    int64_t ready(int64_t wanted) const { return wanted; }
    T left(int i, int64_t k) const { return at[i][offsets[k]]; }
    const T* right(int64_t k) const { return b + k * Tile<T>::cols; }
    void skip(int64_t n) {
      offsets += n;
      b += n * Tile<T>::cols;
    }
  };
};

template <>
constexpr bool kCompletes<Elements<float>> = true;

template <class T>
struct FewChannels {
  const Windows<T>& windows;  // padded
  int64_t images, filters, taps;
  const T* panels;         // of the filters, taps · channels of each
  const int64_t* offsets;  // of each tap from the first
  Result<T> result;        // of the first pixel; columns are filters
  int64_t image_step, step[2];

  static constexpr int64_t NR = Tile<T>::cols, kPixels = 8 * kRows;  // of a block

  void run() const {
    const int64_t pixels = images * windows.out[0] * windows.out[1];
    const int64_t blocks = max64(1, kItemWork / (kPixels * filters * taps));
    parallel_ranges(pixels, blocks * kPixels, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p += kPixels) block(p, min64(kPixels, end - p));
    });
  }

 private:
  void block(int64_t first, int64_t count) const {
    const Windows<T>& w = windows;
    const T* rows[kPixels];
    int64_t row_at[kPixels];
    int64_t line = first / w.out[1], j = first % w.out[1];
    for (int64_t p = 0; p < count; ++line, j = 0) {
      const int64_t n = line / w.out[0], i = line % w.out[0], end = min64(count, p + w.out[1] - j);
      const T* from = w.image + w.at(n, i * w.step[0] + w.origin[0], j * w.step[1] + w.origin[1]);
      int64_t to = n * image_step + i * step[0] + j * step[1];
      for (; p < end; ++p, from += w.step[1] * w.pixel_step[1], to += step[1]) {
        rows[p] = from;
        row_at[p] = to;
      }
    }
    for (int64_t f = 0; f < filters; f += NR) columns(f, count, rows, row_at);
    if (result.far) streamed();
  }

  // Filters [f, f + NR) of all pixels of a block.
  void columns(int64_t f, int64_t count, const T* const* rows, const int64_t* row_at) const {
    const int width = int(min64(NR, filters - f));
    int64_t column_at[NR];
    alignas(64) T tile[kRows * NR];
    result.cols.offsets(f, width, column_at);
    const bool unit = is_unit(column_at, width);
    for (int64_t p = 0, height; p < count; p += height) {
      height = next_rows(count - p);
      TilePlace to{p, f, int(height), width, row_at + p, column_at, unit, false, false};
      if (!result.far) prefetch_tile(result, to);
      for (int64_t k = 0; k < taps; k += kDeep) {
        const int64_t kc = min64(kDeep, taps - k);
        to.first = k == 0;
        to.last = k + kc == taps;
        multiply_to(result, to, kc, Elements<T>{rows + p, offsets + k, panels + f * taps + k * NR}, tile);
      }
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
