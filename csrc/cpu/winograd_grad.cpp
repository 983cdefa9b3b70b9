#include "cpu/winograd.h"
#include "cpu/winograd_image.h"
#include "cpu/winograd_tile.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kAtOnce = INT64_C(5) << 19;  // elements of transformed tiles, about
constexpr int64_t kBlock = 4 * kGradientLanes / (kRows == 12 ? 2 : 1);  // filters whose sums stay near

// weight[o, c, u, v] = Σ_{n, i, j} maps[n, o, i, j] · image[n, c, i + u + origin, j + v + origin].
//
// Tiles are transformed as many at a time as stay in the last-level cache. Their points lie panel by panel of
// channels, in a panel point by point, rows of a tile's channels. Sums are those of a block of filters and a
// panel of channels: point by point, element (filter, channel).
struct WeightGradient {
  Pixels image, maps;
  TileGrid grid;
  int64_t origin[2];
  float* weight;

  void run() const {
    const int64_t size =
        points_size<kLanes>(image.channels, 1) + points_size<kGradientLanes>(maps.channels, 1);
    const int64_t tiles = min64(grid.count, max64(kAtOnce / size / kChain, 1) * kChain);
    const int64_t image_size = points_size<kLanes>(image.channels, tiles),
                  maps_size = points_size<kGradientLanes>(maps.channels, tiles);
    const int64_t zeros = round_up(max64(image.channels, maps.channels), Vec<float>::size);
    const int64_t sums = tiles < grid.count ? items() * sums_size() : 0;
    with_scratch<float>(image_size + maps_size + sums + zeros, [&](float* memory) {
      Part part{0,
                0,
                tiles,
                memory,
                memory + image_size,
                memory + image_size + maps_size,
                memory + image_size + maps_size + sums};
      __builtin_memset(part.zeros, 0, zeros * sizeof(float));
      for (; part.begin < grid.count; part.begin += tiles) {
        part.count = min64(tiles, grid.count - part.begin);
        run_part(part);
      }
    });
  }

 private:
  // Tiles [begin, begin + count), where there is room for `room`.
  struct Part {
    int64_t begin, count, room;
    float *image, *maps, *sums, *zeros;
  };

  template <int Lanes>
  static int64_t point_step(int64_t tiles) {
    return odd_lines(tiles * Lanes);
  }
  template <int Lanes>
  static int64_t points_size(int64_t channels, int64_t tiles) {
    return ceil_div(channels, Lanes) * kPoints * point_step<Lanes>(tiles);
  }
  static constexpr int64_t kSumStep = kBlock * kLanes + 16;
  static int64_t sums_size() { return kPoints * kSumStep; }
  int64_t blocks() const { return ceil_div(maps.channels, kBlock); }
  int64_t items() const { return blocks() * ceil_div(image.channels, kLanes); }

  void run_part(const Part& part) const {
    parallel_ranges(part.count, 4, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        int64_t n, i, j;
        grid.place(part.begin + t, n, i, j);
        transform_tile<PixelsToPoints, kLanes>(image, n, i + origin[0], j + origin[1], part, part.image, t);
        transform_tile<ResultsToPoints, kGradientLanes>(maps, n, i, j, part, part.maps, t);
      }
    });
    parallel(items(), [&](int64_t item) {
      if (part.count < grid.count) return run_item(part, item, part.sums + item * sums_size());
      with_scratch<float>(sums_size(), [&](float* sums) { run_item(part, item, sums); });
    });
  }

  template <class Line, int Lanes>
  static void transform_tile(const Pixels& p, int64_t n, int64_t i, int64_t j, const Part& part,
                             float* points, int64_t row) {
    const int64_t step = point_step<Lanes>(part.room);
    const float* at[Line::in][Line::in];
    p.tile(n, i, j, part.zeros, at);
    for (int64_t c = 0; c < p.channels; c += Vec<float>::size) {
      float* const out = points + c / Lanes * kPoints * step + row * Lanes + c % Lanes;
      transform<Line>([&](int y, int x) { return load_channels(at[y][x], c, p.channels); },
                      [&](int y, int x, Vec<float> v) { v.store(out + (y * kSide + x) * step); });
    }
  }

  void run_item(const Part& part, int64_t item, float* sums) const {
    const int64_t c = item / blocks() * kLanes, begin = item % blocks() * kBlock;
    const int64_t filters = min64(kBlock, maps.channels - begin);
    for (int64_t o = 0; o < filters; o += kGradientLanes)
      for (int p = 0; p < kPoints; ++p)
        multiply(part, begin + o, min64(kGradientLanes, filters - o), c, p, sums + p * kSumStep + o * kLanes);
    if (part.begin + part.count < grid.count) return;
    for (int64_t o = 0; o < filters; ++o)
      for (int64_t v = 0; v < kLanes && c + v < image.channels; v += Vec<float>::size)
        finish(begin + o, c + v, sums + o * kLanes + v);
  }

  void multiply(const Part& part, int64_t o, int64_t filters, int64_t c, int point, float* sums) const {
    const int64_t left = point_step<kGradientLanes>(part.room), right = point_step<kLanes>(part.room);
    const float* const a = part.maps + (o / kGradientLanes * kPoints + point) * left;
    const float* const b = part.image + (c / kLanes * kPoints + point) * right;
    for (int64_t t = 0; t < part.count; t += kChain)
      multiply_point<Left::by_step>(min64(kChain, part.count - t), a + t * kGradientLanes, 0, b + t * kLanes,
                                    sums, filters, min64(kLanes, image.channels - c), part.begin + t > 0);
  }

  // The taps of filter o and a register of channels.
  void finish(int64_t o, int64_t c, const float* sums) const {
    constexpr int W = Vec<float>::size, area = kTaps * kTaps;
    Vec<float> taps[area];
    transform<PointsToTaps>([&](int i, int j) { return Vec<float>::load(sums + (i * kSide + j) * kSumStep); },
                            [&](int i, int j, Vec<float> v) { taps[i * kTaps + j] = v; });
    float* const out = weight + (o * image.channels + c) * area;
    const int lanes = int(min64(W, image.channels - c));
    int t = 0;
    for (; lanes == W && t + W <= area; t += W) {
      Vec<float> block[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) block[i] = taps[t + i];
      transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) block[i].store(out + i * area + t);
    }
    for (; t < area; ++t) taps[t].scatter(out + t, area, lanes);
  }
};

}  // namespace

void winograd_weight_grad(const View& x, const View& y, const View& w, const Window2d& window) {
  with_pixels(x, [&](const Pixels& image) {
    with_pixels(y, [&](const Pixels& maps) {
      WeightGradient{image,
                     maps,
                     TileGrid(y.shape[0], y.shape[2], y.shape[3]),
                     {-window.padding[0], -window.padding[1]},
                     data_as<float>(w)}
          .run();
    });
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
