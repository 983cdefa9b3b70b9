// The gradient of the weights by Winograd's algorithm: a product over tiles.
#include "cpu/winograd/image.h"
#include "cpu/winograd/kernels.h"
#include "cpu/winograd/products.h"
#include "cpu/winograd/winograd.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kTiles = 128;  // whose products are one chain of fused multiply-adds
constexpr int64_t kMostParts = 16;
constexpr int64_t kPartsSize = INT64_C(3) << 20;  // elements of the sums of all parts, at most

// weight[o, c, u, v] = Σ_{n, i, j} maps[n, o, i, j] · image[n, c, i · stride + u · dilation + origin,
// j · stride + v · dilation + origin], with the axis' own stride, dilation and origin.
//
// The points of up to kTiles tiles lie panel by panel of channels, in a panel phase by phase, point by point,
// rows of a tile's channels. An item of the weights is a block of filters and a panel of channels; its sums
// lie phase by phase, point by point, element (filter, channel). Many tiles and few weights are cut into
// parts with sums of their own: what one thread writes is then read by no other until the end.
template <class Kernel>
struct WeightGradient {
  Pixels image, maps;
  TileGrid<Kernel::results> grid;
  int64_t origin[2];
  float* weight;

  void run() const {
    const int64_t zeros = round_up(max64(image.channels, maps.channels), Vec<float>::size);
    with_scratch<float>(zeros, [&](float* memory) {
      __builtin_memset(memory, 0, zeros * sizeof(float));
      const int64_t parts = this->parts(), length = round_up(ceil_div(grid.count, parts), kTiles);
      parts > 1 ? run_parts(ceil_div(grid.count, length), length, memory) : run_whole(memory);
    });
  }

 private:
  // Tiles [begin, begin + count), transformed; there is room for `room`.
  struct Tiles {
    int64_t begin, count, room;
    float *image, *maps;
    const float* zeros;
  };

  template <int Lanes>
  static int64_t point_step(int64_t tiles) {
    return odd_lines(tiles * Lanes);
  }
  template <int Lanes, int Stride>
  static int64_t points_size(int64_t channels, int64_t tiles) {
    return ceil_div(channels, Lanes) * Stride * Stride * kPoints<Kernel> * point_step<Lanes>(tiles);
  }
  int64_t image_size(int64_t tiles) const {
    return points_size<kLanes, Kernel::stride>(image.channels, tiles);
  }
  int64_t tiles_size(int64_t tiles) const {
    return image_size(tiles) + points_size<kGradientLanes, 1>(maps.channels, tiles);
  }
  // Filters whose sums stay near: panels of kGradientLanes.
  static constexpr int64_t kBlock = (Kernel::stride == 1 ? 2 : 1) * kGradientLanes;
  static constexpr int64_t kSumStep = kBlock * kLanes + 16;
  static constexpr int64_t kSumsSize = kPhases<Kernel> * kPoints<Kernel> * kSumStep;
  int64_t blocks() const { return ceil_div(maps.channels, kBlock); }
  int64_t items() const { return blocks() * ceil_div(image.channels, kLanes); }

  int64_t parts() const {
    int64_t parts = 1;
    while (2 * parts <= kMostParts && 2 * parts * kTiles <= grid.count &&
           2 * parts * items() * kSumsSize <= kPartsSize)
      parts *= 2;
    return parts;
  }

  Tiles make_tiles(int64_t begin, int64_t end, float* memory, const float* zeros) const {
    const int64_t room = min64(kTiles, end - begin);
    return {begin, room, room, memory, memory + image_size(room), zeros};
  }

  void run_parts(int64_t parts, int64_t length, const float* zeros) const {
    const int64_t size = items() * kSumsSize;
    with_scratch<float>(parts * size, [&](float* sums) {
      parallel(parts, [&](int64_t p) {
        const int64_t begin = p * length, end = min64(begin + length, grid.count);
        with_scratch<float>(tiles_size(min64(kTiles, end - begin)), [&](float* memory) {
          Tiles tiles = make_tiles(begin, end, memory, zeros);
          for (; tiles.begin < end; tiles.begin += kTiles) {
            tiles.count = min64(kTiles, end - tiles.begin);
            transform_tiles(tiles, 0, tiles.count);
            for (int64_t i = 0; i < items(); ++i)
              multiply(tiles, i, sums + p * size + i * kSumsSize, tiles.begin > begin);
          }
        });
      });
      parallel(items(), [&](int64_t i) {
        float* const first = sums + i * kSumsSize;
        for (int64_t half = 1; half < parts; half *= 2)
          for (int64_t p = 0; p + half < parts; p += 2 * half)
            add(first + p * size, first + (p + half) * size);
        finish(i, first);
      });
    });
  }

  // All threads work on the same tiles, kTiles at a time.
  void run_whole(const float* zeros) const {
    const int64_t size = tiles_size(min64(kTiles, grid.count));
    const bool at_once = grid.count <= kTiles;
    with_scratch<float>(size + (at_once ? 0 : items() * kSumsSize), [&](float* memory) {
      Tiles tiles = make_tiles(0, grid.count, memory, zeros);
      for (; tiles.begin < grid.count; tiles.begin += kTiles) {
        tiles.count = min64(kTiles, grid.count - tiles.begin);
        parallel_ranges(tiles.count, max64(4, 4096 / (kPhases<Kernel> * image.channels + maps.channels)),
                        [&](int64_t begin, int64_t end) { transform_tiles(tiles, begin, end); });
        parallel(items(), [&](int64_t i) {
          if (!at_once) return run_item(tiles, i, memory + size + i * kSumsSize);
          with_scratch<float>(kSumsSize, [&](float* sums) { run_item(tiles, i, sums); });
        });
      }
    });
  }

  void run_item(const Tiles& tiles, int64_t item, float* sums) const {
    multiply(tiles, item, sums, tiles.begin > 0);
    if (tiles.begin + tiles.count == grid.count) finish(item, sums);
  }

  void transform_tiles(const Tiles& tiles, int64_t begin, int64_t end) const {
    transform_panels<typename Kernel::PixelsToPoints, kLanes, Kernel::stride>(image, origin, tiles, begin,
                                                                              end, tiles.image);
    transform_panels<typename Kernel::ResultsToPoints, kGradientLanes, 1>(maps, {0, 0}, tiles, begin, end,
                                                                          tiles.maps);
  }

  // Of tiles with as many phases as the stride has.
  template <class Line, int Lanes, int Stride>
  void transform_panels(const Pixels& p, const int64_t (&from)[2], const Tiles& tiles, int64_t begin,
                        int64_t end, float* points) const {
    const int64_t step = point_step<Lanes>(tiles.room);
    constexpr int phases = Stride * Stride;
    const int64_t apart[2] = {Stride * grid.down.apart, Stride * grid.across.apart};
    const auto pixels = [&](const Corner& c) {
      PhasePlaces<Line::in, phases> tile;
      for (int f = 0; f < phases; ++f)
        tile.phase[f] =
            p.template tile<Line::in>(c.n, c.i * Stride + from[0] + row_phase<Stride>(f),
                                      c.j * Stride + from[1] + column_phase<Stride>(f), apart, tiles.zeros);
      return tile;
    };
    Corner corner = grid.corner(tiles.begin + begin);
    PhasePlaces<Line::in, phases> tile, next = pixels(corner);
    for (int64_t t = begin; t < end; ++t) {
      tile = next;
      if (tiles.begin + t + 1 < grid.count) next = pixels(corner = grid.after(corner));
      for (int64_t c = 0; c < p.channels; c += Vec<float>::size) {
        float* const out = points + c / Lanes * phases * kPoints<Kernel> * step + t * Lanes + c % Lanes;
        for (int f = 0; f < phases; ++f)
          transform_pixels<Line>(tile.phase[f], next.phase[f], c, p.channels,
                                 {out + f * kPoints<Kernel> * step, step, Lanes});
      }
    }
  }

  // Adds the products of the tiles to the sums of an item.
  void multiply(const Tiles& tiles, int64_t item, float* sums, bool add) const {
    const int64_t c = item / blocks() * kLanes, begin = item % blocks() * kBlock;
    const int64_t end = min64(begin + kBlock, maps.channels);
    const int64_t left = point_step<kGradientLanes>(tiles.room), right = point_step<kLanes>(tiles.room);
    const float* const pixels = tiles.image + c / kLanes * kPhases<Kernel> * kPoints<Kernel> * right;
    for (int p = 0; p < kPoints<Kernel>; ++p) {
      const PhaseRange<Kernel> phases(p);
      for (int64_t o = begin; o < end; o += kGradientLanes)
        for (int f = phases.begin; f < phases.end; ++f) {
          const int64_t at = f * kPoints<Kernel> + p;
          multiply_point<Left::by_step>(
              tiles.count, tiles.maps + (o / kGradientLanes * kPoints<Kernel> + p) * left, 0,
              pixels + at * right, sums + at * kSumStep + (o - begin) * kLanes,
              min64(kGradientLanes, end - o), min64(kLanes, image.channels - c), add);
        }
    }
  }

  static void add(float* to, const float* from) {
    for (int64_t i = 0; i < kSumsSize; i += Vec<float>::size)
      (Vec<float>::load(to + i) + Vec<float>::load(from + i)).store(to + i);
  }

  // The weights of an item from its sums.
  void finish(int64_t item, const float* sums) const {
    const int64_t c = item / blocks() * kLanes, begin = item % blocks() * kBlock;
    for (int64_t o = begin; o < min64(begin + kBlock, maps.channels); ++o)
      for (int64_t v = 0; v < kLanes && c + v < image.channels; v += Vec<float>::size)
        write(o, c + v, sums + (o - begin) * kLanes + v);
  }

  // The taps of filter o and a register of channels.
  void write(int64_t o, int64_t c, const float* sums) const {
    constexpr int W = Vec<float>::size, width = Kernel::width, area = width * width;
    Vec<float> taps[area];
    for (int f = 0; f < kPhases<Kernel>; ++f, sums += kPoints<Kernel> * kSumStep)
      transform<typename Kernel::PointsToTaps>(
          [&](int i, int j) { return Vec<float>::load(sums + (i * Kernel::side + j) * kSumStep); },
          [&](int i, int j, Vec<float> v) {
            const int row = i * Kernel::stride + row_phase<Kernel::stride>(f),
                      column = j * Kernel::stride + column_phase<Kernel::stride>(f);
            if (row < width && column < width) taps[row * width + column] = v;
          });
    float* const out = weight + (o * image.channels + c) * area;
    const int lanes = int(min64(W, image.channels - c));
    constexpr int whole = area / W * W, tail = area - whole;
    if (lanes == W && tail >= W / 2) {
      // Beyond its tail a filter writes over the next one, which comes after it.
      Vec<float> block[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) block[i] = i < tail ? taps[whole + i] : Vec<float>(0.0f);
      transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i + 1 < W; ++i) block[i].store(out + i * area + whole);
      block[W - 1].store_partial(out + (W - 1) * area + whole, tail);
    } else {
      for (int t = lanes == W ? whole : 0; t < area; ++t) taps[t].scatter(out + t, area, lanes);
    }
    for (int t = 0; lanes == W && t < whole; t += W) {
      Vec<float> block[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) block[i] = taps[t + i];
      transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) block[i].store(out + i * area + t);
    }
  }
};

template <class Kernel>
void weight_grad(const View& x, const View& y, const View& w, const Window2d& window) {
  const int64_t (&d)[2] = window.dilation;
  with_pixels(x, [&](const Pixels& image) {
    with_pixels(y, [&](const Pixels& maps) {
      WeightGradient<Kernel>{image,
                             maps,
                             {y.shape[0], {y.shape[2], d[0]}, {y.shape[3], d[1]}},
                             {-window.padding[0], -window.padding[1]},
                             data_as<float>(w)}
          .run();
    });
  });
}

}  // namespace

void winograd_weight_grad(const View& x, const View& y, const View& w, const Window2d& window) {
  with_kernel(window, [&](auto kernel) { weight_grad<decltype(kernel)>(x, y, w, window); });
}

}  // namespace PYDL_ISA
}  // namespace pydl
