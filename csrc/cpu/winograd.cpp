#include "cpu/winograd.h"

#include "cpu/winograd_filters.h"
#include "cpu/winograd_result.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kNear = INT64_C(1) << 16;      // elements that a block of tiles may take of a core's cache
constexpr int64_t kShared = INT64_C(1) << 20;    // elements that every block of tiles, or panel, goes through
constexpr int64_t kItemWork = INT64_C(1) << 20;  // products worth waking a thread for
constexpr int64_t kFewTiles = 36, kMostTiles = 144;  // that share filters which their panel transforms
constexpr int64_t kAhead = 64;                       // elements from what is written to what is fetched

// y[n, o, i, j] = bias[o] + Σ_{c, u, v} image[n, c, i + u + origin, j + v + origin] · filter[o, c, u, v].
//
// The points of tiles: chain of channels by chain, point by point, rows of channels (tile, c). The sums of a
// panel of filters: point by point, element (tile, filter).
struct Convolution {
  Pixels image;
  Filters filters;
  TileGrid grid;
  int64_t origin[2];
  Results results;

  void run() const {
    const int64_t zeros = round_up(image.channels, Vec<float>::size);
    with_scratch<float>(zeros, [&](float* memory) {
      __builtin_memset(memory, 0, zeros * sizeof(float));
      const int64_t weights = kPoints * filters.filters * filters.channels;
      weights > kShared ? run_by_filters(memory) : run_by_tiles(memory);
    });
  }

 private:
  int64_t chains() const { return ceil_div(image.channels, kChain); }
  int64_t panels() const { return ceil_div(filters.filters, kLanes); }
  int64_t depth(int64_t chain) const { return min64(kChain, image.channels - chain * kChain); }

  static int64_t row_step(int64_t depth) { return round_up(depth, Vec<float>::size); }
  static int64_t point_step(int64_t tiles, int64_t depth) { return odd_lines(tiles * row_step(depth)); }
  static int64_t sum_step(int64_t tiles) { return odd_lines(tiles * kLanes); }
  int64_t chain_step(int64_t tiles) const { return kPoints * point_step(tiles, depth(0)); }
  int64_t filter_step() const { return kPoints * Filters::point_step(depth(0)); }

  // All filters are transformed beforehand, tiles by the block that needs them.
  void run_by_tiles(const float* zeros) const {
    const int64_t fit = kNear / (kPoints * image.channels),
                  enough = kItemWork / (kPoints * image.channels * filters.filters);
    const int64_t tiles = round_up(max64(2 * kRows, min64(fit, enough)), kRows);
    with_scratch<float>(panels() * chains() * filter_step(), [&](float* weights) {
      parallel_ranges(panels() * chains(), max64(1, 256 / depth(0)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          filters.transform(i / chains() * kLanes, i % chains() * kChain, depth(i % chains()),
                            weights + i * filter_step());
      });
      parallel_ranges(grid.count, tiles, [&](int64_t begin, int64_t end) {
        with_scratch<float>(chains() * chain_step(tiles) + kPoints * sum_step(tiles), [&](float* points) {
          float* const sums = points + chains() * chain_step(tiles);
          transform_tiles(begin, end, tiles, zeros, points);
          for (int64_t p = 0; p < panels(); ++p) {
            for (int64_t c = 0; c < chains(); ++c)
              multiply(points + c * chain_step(tiles), tiles, begin, end,
                       weights + (p * chains() + c) * filter_step(), p, c, sums);
            finish(begin, end, tiles, p, sums);
          }
        });
      });
    });
  }

  // All tiles are transformed beforehand, filters by the panel that needs them.
  void run_by_filters(const float* zeros) const {
    const int64_t most = max64(kFewTiles, min64(kMostTiles, kShared / (kPoints * image.channels)));
    const int64_t tiles = round_up(ceil_div(grid.count, ceil_div(grid.count, most)), kRows);
    with_scratch<float>(chains() * chain_step(tiles), [&](float* points) {
      for (int64_t begin = 0; begin < grid.count; begin += tiles) {
        const int64_t end = min64(begin + tiles, grid.count);
        parallel_ranges(end - begin, max64(4, 2048 / image.channels), [&](int64_t from, int64_t to) {
          transform_tiles(begin + from, begin + to, tiles, zeros, points, from);
        });
        parallel(panels(), [&](int64_t p) {
          with_scratch<float>(filter_step() + kPoints * sum_step(tiles), [&](float* weights) {
            float* const sums = weights + filter_step();
            for (int64_t c = 0; c < chains(); ++c) {
              filters.transform(p * kLanes, c * kChain, depth(c), weights);
              multiply(points + c * chain_step(tiles), tiles, begin, end, weights, p, c, sums);
            }
            finish(begin, end, tiles, p, sums);
          });
        });
      }
    });
  }

  // Tiles [begin, end) to rows `row` and on of points that have room for `tiles`.
  void transform_tiles(int64_t begin, int64_t end, int64_t tiles, const float* zeros, float* points,
                       int64_t row = 0) const {
    Corner corner = grid.corner(begin);
    Places<kSide> tile, next = pixels(corner, zeros);
    for (int64_t t = begin; t < end; ++t, ++row) {
      tile = next;
      if (t + 1 < grid.count) next = pixels(corner = grid.after(corner), zeros);
      for (int64_t c = 0; c < image.channels; c += Vec<float>::size) {
        const int64_t chain = c / kChain, step = row_step(depth(chain));
        float* const out = points + chain * chain_step(tiles) + row * step + c % kChain;
        transform_pixels<PixelsToPoints>(tile, next, c, image.channels,
                                         {out, point_step(tiles, depth(chain)), kAhead});
      }
    }
  }

  Places<kSide> pixels(const Corner& c, const float* zeros) const {
    return image.tile<kSide>(c.n, c.i + origin[0], c.j + origin[1], zeros);
  }

  // Adds the products of a chain of channels to the sums of a panel of filters. Where the last chain's
  // results will go is brought to the cache meanwhile.
  void multiply(const float* points, int64_t tiles, int64_t begin, int64_t end, const float* weights,
                int64_t panel, int64_t chain, float* sums) const {
    const int64_t n = depth(chain), o = panel * kLanes, count = end - begin;
    int64_t fetched = chain + 1 == chains() ? 0 : count;
    Corner corner = grid.corner(begin);
    for (int p = 0; p < kPoints; ++p) {
      for (; fetched * kPoints < count * p; ++fetched, corner = grid.after(corner)) results.fetch(corner, o);
      multiply_point<Left::by_row>(n, points + p * point_step(tiles, n), row_step(n),
                                   weights + p * Filters::point_step(n), sums + p * sum_step(tiles), count,
                                   min64(kLanes, filters.filters - o), chain > 0);
    }
  }

  // The results of tiles [begin, end) from the sums of a panel of filters.
  void finish(int64_t begin, int64_t end, int64_t tiles, int64_t panel, const float* sums) const {
    constexpr int W = Vec<float>::size;
    const int64_t o = panel * kLanes, step = sum_step(tiles);
    const Vec<float> offsets[2] = {results.offset(o), results.offset(o + W)};
    Corner corner = grid.corner(begin);
    for (int64_t t = begin; t < end; ++t, sums += kLanes, corner = grid.after(corner))
      for (int v = 0; v < 2 && o + v * W < filters.filters; ++v)
        results.write(corner, o + v * W, offsets[v], sums + v * W, step);
  }
};

}  // namespace

void winograd_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window) {
  const Filters filters{data_as<float>(w),
                        w.shape[0],
                        w.shape[1],
                        w.strides[0],
                        w.strides[1],
                        {w.strides[2], w.strides[3]},
                        false};
  with_pixels(x, [&](const Pixels& image) {
    Convolution{image,
                filters,
                TileGrid(y.shape[0], y.shape[2], y.shape[3]),
                {-window.padding[0], -window.padding[1]},
                Results(y, bias)}
        .run();
  });
}

void winograd_transposed(const View& y, const View& w, const View* bias, const View& x,
                         const Window2d& window) {
  const Filters filters{data_as<float>(w),
                        w.shape[1],
                        w.shape[0],
                        w.strides[1],
                        w.strides[0],
                        {w.strides[2], w.strides[3]},
                        true};
  with_pixels(y, [&](const Pixels& image) {
    Convolution{image,
                filters,
                TileGrid(x.shape[0], x.shape[2], x.shape[3]),
                {window.padding[0] + 1 - kTaps, window.padding[1] + 1 - kTaps},
                Results(x, bias)}
        .run();
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
