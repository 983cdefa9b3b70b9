// Images as Winograd's convolutions read them: the channels of a pixel are consecutive, tiles may reach
// beyond the edges.
#pragma once
#include "core/parallel.h"
#include "core/scratch.h"
#include "cpu/axis.h"
#include "cpu/pack.h"
#include "cpu/winograd_transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Pixels {
  const float* data;
  int64_t images, channels, size[2];
  int64_t image_step, step[2];

  // The addresses of side × side pixels from row y, column x of image n on; `zeros` where there is none.
  template <int Side>
  void tile(int64_t n, int64_t y, int64_t x, const float* zeros, const float* (&at)[Side][Side]) const {
    for (int i = 0; i < Side; ++i) {
      const bool inside = y + i >= 0 && y + i < size[0];
      const int64_t row = n * image_step + (y + i) * step[0];
      for (int j = 0; j < Side; ++j)
        at[i][j] = inside && x + j >= 0 && x + j < size[1] ? data + row + (x + j) * step[1] : zeros;
    }
  }
};

// Channels [c, c + W) of a pixel, as far as there are any.
static inline Vec<float> load_channels(const float* pixel, int64_t c, int64_t channels) {
  using V = Vec<float>;
  if (channels - c >= V::size) return V::load(pixel + c);
  V::bits lane;
  for (int i = 0; i < V::size; ++i) lane[i] = i;
  return load_masked(pixel + c, lane < int32_t(channels - c));
}

// The tiles of kStep × kStep results in all images, row by row.
struct TileGrid {
  int64_t rows, cols, count;

  TileGrid(int64_t images, int64_t height, int64_t width)
      : rows(ceil_div(height, kStep)), cols(ceil_div(width, kStep)), count(images * rows * cols) {}

  void place(int64_t tile, int64_t& n, int64_t& i, int64_t& j) const {
    j = tile % cols * kStep;
    i = tile / cols % rows * kStep;
    n = tile / cols / rows;
  }
};

// One row of pixels whose channels lie apart, with the channels of each together.
static void gather_row(const View& v, int64_t n, int64_t i, float* out) {
  constexpr int64_t W = Vec<float>::size;
  const int64_t C = v.shape[1], width = v.shape[3], apart = v.strides[1], step = v.strides[3];
  const float* const from = data_as<float>(v) + n * v.strides[0] + i * v.strides[2];
  for (int64_t c = 0; c < C; c += W)
    for (int64_t j = 0; j < width; j += W) {
      const int64_t channels = min64(W, C - c), pixels = min64(W, width - j);
      if (step == 1 && channels == W && pixels == W) {
        Vec<float> block[W];
        for (int k = 0; k < W; ++k) block[k] = Vec<float>::load(from + (c + k) * apart + j);
        transpose(block);
        for (int k = 0; k < W; ++k) block[k].store(out + (j + k) * C + c);
        continue;
      }
      for (int64_t k = 0; k < channels; ++k)
        for (int64_t p = 0; p < pixels; ++p)
          out[(j + p) * C + c + k] = from[(c + k) * apart + (j + p) * step];
    }
}

// body(Pixels) of an image (N, C, H, W); a copy where the channels of a pixel are not consecutive.
template <class Body>
static void with_pixels(const View& v, Body&& body) {
  Pixels p{data_as<float>(v),        v.shape[0],   v.shape[1],
           {v.shape[2], v.shape[3]}, v.strides[0], {v.strides[2], v.strides[3]}};
  if (v.strides[1] == 1) return body(p);
  with_scratch<float>(numel(v), [&](float* copy) {
    const int64_t row = v.shape[3] * v.shape[1];
    parallel_ranges(v.shape[0] * v.shape[2], max64(1, 32768 / row), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) gather_row(v, r / v.shape[2], r % v.shape[2], copy + r * row);
    });
    p.data = copy;
    p.image_step = v.shape[2] * row;
    p.step[0] = row;
    p.step[1] = v.shape[1];
    body(p);
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
