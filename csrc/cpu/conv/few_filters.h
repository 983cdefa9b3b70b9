// A convolution with few filters: lanes run along the pixels of a row, which are read straight from the
// planes of a padded image, so that nothing is packed for the few products each element takes part in.
#pragma once
#include "cpu/conv/padded.h"
#include "cpu/product/store.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Rows of A are filters, one after the other; row k of B begins at base + offsets[k].
template <class T>
struct Shifts {
  const T* filters;
  int64_t filter_step;
  const T* base;
  const int64_t* offsets;

  template <int Rows>
  struct Cursor {
    const T* at[Rows];
    const T* base;
    const int64_t* offsets;

    explicit Cursor(const Shifts& s) : base(s.base), offsets(s.offsets) {
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] = s.filters + i * s.filter_step;
    }
    int64_t ready(int64_t wanted) const { return wanted; }
    T left(int i, int64_t k) const { return at[i][k]; }
    const T* right(int64_t k) const { return base + offsets[k]; }
    void skip(int64_t n) {
      offsets += n;
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] += n;
    }
  };
};

template <>
constexpr bool kCompletes<Shifts<float>> = true;

template <class T>
struct FewFilters {
  const Windows<T>& windows;  // planes, padded
  int64_t images, filters, taps;
  const T* weights;        // filter by filter, taps · channels of each
  const int64_t* offsets;  // of each tap from the first
  Result<T> result;        // of the first pixel; rows are filters
  int64_t image_step, step[2];

  static constexpr int64_t kMost = 2 * Vec<T>::size;  // filters

  void run() const {
    const int64_t lines = images * windows.out[0];
    const int64_t work = filters * taps * round_up(windows.out[1], Vec<T>::size);
    parallel_ranges(lines, max64(1, kItemWork / work), [&](int64_t begin, int64_t end) {
      Result<T> out = result;
      int64_t filter_at[kMost], column_at[NR];
      out.rows.offsets(0, filters, filter_at);
      for (int64_t c = 0; c < NR; ++c) column_at[c] = c * step[1];
      for (int64_t l = begin; l < end; ++l) {
        const int64_t n = l / windows.out[0], i = l % windows.out[0];
        row(n, i, result.data + n * image_step + i * step[0], out, filter_at, column_at);
      }
    });
  }

 private:
  static constexpr int64_t NR = Tile<T>::cols;

  // Row i of image n, which begins at `first`; out.data is any.
  void row(int64_t n, int64_t i, T* first, Result<T>& out, const int64_t* filter_at,
           const int64_t* column_at) const {
    const Windows<T>& w = windows;
    alignas(64) T tile[kRows * NR];
    for (int64_t next = 0; next < w.out[1]; next += NR) {
      // The last tile may overlap the one before it: a whole one goes straight to the result.
      const int64_t j = next + NR > w.out[1] ? max64(0, w.out[1] - NR) : next;
      const int width = int(min64(NR, w.out[1] - j));
      const T* const base = w.image + w.at(n, i * w.step[0] + w.origin[0], j + w.origin[1]);
      out.data = first + j * step[1];
      for (int64_t f = 0, height; f < filters; f += height) {
        height = next_rows(filters - f);
        for (int64_t k = 0; k < taps; k += kDeep) {
          const int64_t kc = min64(kDeep, taps - k);
          multiply_to(out,
                      TilePlace{f, j, int(height), width, filter_at + f, column_at, step[1] == 1, k == 0,
                                k + kc == taps},
                      kc, Shifts<T>{weights + f * taps + k, taps, base, offsets + k}, tile);
        }
      }
    }
  }
};

// Offsets of the taps (u, v, c) of a window, c fastest.
template <class T>
static void tap_offsets(const Windows<T>& w, int64_t* out) {
  for (int64_t u = 0; u < w.taps[0]; ++u)
    for (int64_t v = 0; v < w.taps[1]; ++v)
      for (int64_t c = 0; c < w.channels; ++c)
        *out++ = u * w.spread[0] * w.pixel_step[0] + v * w.spread[1] * w.pixel_step[1] + c * w.channel_step;
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
