// Images as Winograd's convolutions read them: the channels of a pixel are consecutive, tiles may reach
// beyond the edges.
#pragma once
#include "core/parallel.h"
#include "core/scratch.h"
#include "cpu/product/axis.h"
#include "cpu/product/pack.h"
#include "cpu/winograd/tiles.h"
#include "cpu/winograd/transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// The addresses of a tile's pixels.
template <int Side>
struct Places {
  const float* at[Side][Side];
};

// Those of a tile of every phase.
template <int Side, int Phases>
struct PhasePlaces {
  Places<Side> phase[Phases];
};

struct Pixels {
  const float* data;
  int64_t channels, size[2];
  int64_t image_step, step[2];

  // Side × side pixels, `apart` from each other, from row y, column x of image n on; `zeros` where there is
  // none.
  template <int Side>
  Places<Side> tile(int64_t n, int64_t y, int64_t x, const int64_t (&apart)[2], const float* zeros) const {
    Places<Side> tile;
    for (int i = 0; i < Side; ++i, y += apart[0]) {
      const bool inside = y >= 0 && y < size[0];
      const int64_t row = n * image_step + y * step[0];
      for (int j = 0; j < Side; ++j) {
        const int64_t column = x + j * apart[1];
        tile.at[i][j] = inside && column >= 0 && column < size[1] ? data + row + column * step[1] : zeros;
      }
    }
    return tile;
  }
};

// Where the values at the points go: point by point, `step` apart; what is written soon lies `ahead` of it.
struct Points {
  float* data;
  int64_t step, ahead;

  template <int Side>
  void store(int i, int j, Vec<float> value) const {
    float* const to = data + (i * Side + j) * step;
    __builtin_prefetch(to + ahead, 1);
    value.store(to);
  }
};

// Line's transform of a tile, for channels [c, c + W) as far as there are any; `next` is the tile after it.
template <class Line>
static inline void transform_pixels(const Places<Line::in>& tile, const Places<Line::in>& next, int64_t c,
                                    int64_t channels, const Points& points) {
  using V = Vec<float>;
  const auto store = [&](int i, int j, V value) { points.template store<Line::out>(i, j, value); };
  if (channels - c >= V::size)
    return transform<Line>(
        [&](int i, int j) {
          __builtin_prefetch(next.at[i][j] + c);
          return V::load(tile.at[i][j] + c);
        },
        store);
  V::bits lane;
  for (int i = 0; i < V::size; ++i) lane[i] = i;
  const V::bits mask = lane < int32_t(channels - c);
  transform<Line>([&](int i, int j) { return load_masked(tile.at[i][j] + c, mask); }, store);
}

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
  Pixels p{
      data_as<float>(v), v.shape[1], {v.shape[2], v.shape[3]}, v.strides[0], {v.strides[2], v.strides[3]}};
  if (v.strides[1] == 1 || numel(v) == 0) return body(p);
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
