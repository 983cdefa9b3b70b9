// Results of Winograd's convolutions and of transposed ones, block by block of tiles.
#include "cpu/winograd/winograd.h"

#include "cpu/winograd/filters.h"
#include "cpu/winograd/kernels.h"
#include "cpu/winograd/result.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kNear = INT64_C(1) << 16;    // elements that a block of tiles may take of a core's cache
constexpr int64_t kShared = INT64_C(1) << 20;  // elements that every block of tiles, or panel, goes through
constexpr int64_t kItemProducts = INT64_C(1) << 20;  // worth waking a thread for
constexpr int64_t kFewTiles = 36, kMostTiles = 144;  // that share filters which their panel transforms
constexpr int64_t kAhead = 64;                       // elements from what is written to what is fetched

// result_f[n, o, i, j] = bias[o] + Σ_{c, u, v} image_f[n, c, i + u, j + v] · filter_f[o, c, u, v] for every
// phase f, or one result that is the sum over f. image_f is every kReach-th pixel from origin[f] on, every
// apart-th of those from a result's own on where there is a dilation.
//
// The points of tiles: chain of channels by chain, result by result, point by point, rows of (tile; phase,
// channel). The sums of a panel of filters: result by result, point by point, element (tile, filter).
template <class Kernel, Phases Are>
struct Convolution {
  static constexpr bool kApart = Are == Phases::apart;
  static constexpr int kResults = kApart ? kPhases<Kernel> : 1, kAdded = kApart ? 1 : kPhases<Kernel>;
  static constexpr int64_t kReach = kApart ? 1 : Kernel::stride;
  static constexpr int64_t kDepth = kChain / kAdded;                   // channels in a chain of products
  static constexpr int64_t kSize = kPoints<Kernel> * kPhases<Kernel>;  // values of a tile and a channel
  using Weights = Filters<Kernel, Are>;

  Pixels image;
  Weights filters;
  TileGrid<Kernel::results> grid;
  int64_t origin[kPhases<Kernel>][2];
  Results results[kResults];

  void run() const {
    const int64_t zeros = round_up(image.channels, Vec<float>::size);
    with_scratch<float>(zeros, [&](float* memory) {
      __builtin_memset(memory, 0, zeros * sizeof(float));
      const int64_t weights = kSize * filters.filters * filters.channels;
      weights > kShared ? run_by_filters(memory) : run_by_tiles(memory);
    });
  }

 private:
  using Tiles = PhasePlaces<Kernel::side, kPhases<Kernel>>;

  int64_t chains() const { return ceil_div(image.channels, kDepth); }
  int64_t panels() const { return ceil_div(filters.filters, kLanes); }
  int64_t depth(int64_t chain) const { return min64(kDepth, image.channels - chain * kDepth); }

  static int64_t row_step(int64_t depth) { return kAdded * phase_step(depth); }
  static int64_t point_step(int64_t tiles, int64_t depth) { return odd_lines(tiles * row_step(depth)); }
  static int64_t points_size(int64_t tiles, int64_t depth) {
    return kPoints<Kernel> * point_step(tiles, depth);
  }
  static int64_t sum_step(int64_t tiles) { return odd_lines(tiles * kLanes); }
  static int64_t sums_size(int64_t tiles) { return kPoints<Kernel> * sum_step(tiles); }
  int64_t chain_step(int64_t tiles) const { return kResults * points_size(tiles, depth(0)); }
  int64_t filter_step() const { return kResults * Weights::size(depth(0)); }

  // All filters are transformed beforehand, tiles by the block that needs them.
  void run_by_tiles(const float* zeros) const {
    const int64_t fit = kNear / (kSize * image.channels),
                  enough = kItemProducts / (kSize * image.channels * filters.filters);
    const int64_t tiles = round_up(max64(2 * kRows, min64(fit, enough)), kRows);
    with_scratch<float>(panels() * chains() * filter_step(), [&](float* weights) {
      parallel_ranges(panels() * chains(), max64(1, 256 / (kPhases<Kernel> * depth(0))),
                      [&](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; ++i)
                          filters.transform(i / chains() * kLanes, i % chains() * kDepth, depth(i % chains()),
                                            weights + i * filter_step());
                      });
      parallel_ranges(grid.count, tiles, [&](int64_t begin, int64_t end) {
        with_scratch<float>(chains() * chain_step(tiles) + kResults * sums_size(tiles), [&](float* points) {
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
    const int64_t most = max64(kFewTiles, min64(kMostTiles, kShared / (kSize * image.channels)));
    const int64_t tiles = round_up(ceil_div(grid.count, ceil_div(grid.count, most)), kRows);
    with_scratch<float>(chains() * chain_step(tiles), [&](float* points) {
      for (int64_t begin = 0; begin < grid.count; begin += tiles) {
        const int64_t end = min64(begin + tiles, grid.count);
        parallel_ranges(end - begin, max64(4, 2048 / (kPhases<Kernel> * image.channels)),
                        [&](int64_t from, int64_t to) {
                          transform_tiles(begin + from, begin + to, tiles, zeros, points, from);
                        });
        parallel(panels(), [&](int64_t p) {
          with_scratch<float>(filter_step() + kResults * sums_size(tiles), [&](float* weights) {
            float* const sums = weights + filter_step();
            for (int64_t c = 0; c < chains(); ++c) {
              filters.transform(p * kLanes, c * kDepth, depth(c), weights);
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
    Tiles tile, next = pixels(corner, zeros);
    for (int64_t t = begin; t < end; ++t, ++row) {
      tile = next;
      if (t + 1 < grid.count) next = pixels(corner = grid.after(corner), zeros);
      for (int64_t c = 0; c < image.channels; c += Vec<float>::size) {
        const int64_t chain = c / kDepth, n = depth(chain);
        float* const out = points + chain * chain_step(tiles) + row * row_step(n) + c % kDepth;
        const int64_t apart = kApart ? points_size(tiles, n) : phase_step(n);
        for (int f = 0; f < kPhases<Kernel>; ++f)
          transform_pixels<typename Kernel::PixelsToPoints>(tile.phase[f], next.phase[f], c, image.channels,
                                                            {out + f * apart, point_step(tiles, n), kAhead});
      }
    }
  }

  Tiles pixels(const Corner& c, const float* zeros) const {
    Tiles tiles;
    const int64_t apart[2] = {kReach * grid.down.apart, kReach * grid.across.apart};
    for (int f = 0; f < kPhases<Kernel>; ++f)
      tiles.phase[f] = image.template tile<Kernel::side>(c.n, c.i * kReach + origin[f][0],
                                                         c.j * kReach + origin[f][1], apart, zeros);
    return tiles;
  }

  // Adds the products of a chain of channels to the sums of a panel of filters. Where the last chain's
  // results will go is brought to the cache meanwhile.
  void multiply(const float* points, int64_t tiles, int64_t begin, int64_t end, const float* weights,
                int64_t panel, int64_t chain, float* sums) const {
    const int64_t n = depth(chain), o = panel * kLanes, count = end - begin;
    for (int r = 0; r < kResults; ++r) {
      int64_t fetched = chain + 1 == chains() ? 0 : count;
      Corner corner = grid.corner(begin);
      for (int p = 0; p < kPoints<Kernel>; ++p) {
        for (; fetched * kPoints<Kernel> < count * p; ++fetched, corner = grid.after(corner))
          results[r].template fetch<Kernel>(corner, o);
        multiply_phases(PhaseRange<Kernel>(p), r, n, points, weights, sums, count, o, chain > 0);
        points += point_step(tiles, n);
        weights += Weights::point_step(n);
        sums += sum_step(tiles);
      }
    }
  }

  // The products at one point of n channels, in the phases that are added, or in phase r; no product is 0.
  void multiply_phases(const PhaseRange<Kernel>& phases, int r, int64_t n, const float* points,
                       const float* weights, float* sums, int64_t count, int64_t o, bool add) const {
    const int64_t first = kApart ? 0 : phases.begin * phase_step(n);
    const int64_t products = kApart ? n : Weights::depth(n, phases.end - phases.begin);
    if (kApart && !phases.has(r)) return void(__builtin_memset(sums, 0, count * kLanes * sizeof(float)));
    multiply_point<Left::by_row>(products, points + first, row_step(n), weights + first * kLanes, sums, count,
                                 min64(kLanes, filters.filters - o), add);
  }

  // The results of tiles [begin, end) from the sums of a panel of filters.
  void finish(int64_t begin, int64_t end, int64_t tiles, int64_t panel, const float* sums) const {
    constexpr int W = Vec<float>::size;
    const int64_t o = panel * kLanes, step = sum_step(tiles);
    const Vec<float> offsets[2] = {results[0].offset(o), results[0].offset(o + W)};
    Corner corner = grid.corner(begin);
    for (int64_t t = begin; t < end; ++t, sums += kLanes, corner = grid.after(corner))
      for (int r = 0; r < kResults; ++r)
        for (int v = 0; v < 2 && o + v * W < filters.filters; ++v)
          results[r].template write<Kernel>(corner, o + v * W, offsets[v],
                                            sums + r * sums_size(tiles) + v * W, step);
  }
};

template <class Kernel>
void forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window) {
  const Filters<Kernel, Phases::added> filters{data_as<float>(w),
                                               w.shape[0],
                                               w.shape[1],
                                               w.strides[0],
                                               w.strides[1],
                                               {w.strides[2], w.strides[3]},
                                               false};
  with_pixels(x, [&](const Pixels& image) {
    const int64_t (&d)[2] = window.dilation;
    Convolution<Kernel, Phases::added> c{
        image, filters, {y.shape[0], {y.shape[2], d[0]}, {y.shape[3], d[1]}}, {}, {Results(y, bias, d)}};
    for (int f = 0; f < kPhases<Kernel>; ++f) {
      c.origin[f][0] = row_phase<Kernel::stride>(f) - window.padding[0];
      c.origin[f][1] = column_phase<Kernel::stride>(f) - window.padding[1];
    }
    c.run();
  });
}

// The results that the taps `phase`, phase + stride, … make along an axis: from `first` on, by maps from
// `origin` on.
template <class Kernel>
struct ResultPhase {
  int64_t first, origin;

  ResultPhase(int64_t phase, int64_t padding, int64_t dilation) {
    constexpr int s = Kernel::stride;
    first = ((phase - padding) % s + s) % s;
    origin = (first + padding - phase) / s - (phase_taps<Kernel>(int(phase)) - 1) * dilation;
  }
};

template <class Kernel>
void transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window) {
  constexpr int s = Kernel::stride;
  const Filters<Kernel, Phases::apart> filters{data_as<float>(w),
                                               w.shape[1],
                                               w.shape[0],
                                               w.strides[1],
                                               w.strides[0],
                                               {w.strides[2], w.strides[3]},
                                               true};
  with_pixels(y, [&](const Pixels& image) {
    const int64_t (&d)[2] = window.dilation;
    Convolution<Kernel, Phases::apart> c{
        image,
        filters,
        {x.shape[0], {ceil_div(x.shape[2], s), d[0]}, {ceil_div(x.shape[3], s), d[1]}},
        {},
        {}};
    for (int f = 0; f < kPhases<Kernel>; ++f) {
      const ResultPhase<Kernel> rows(row_phase<Kernel::stride>(f), window.padding[0], d[0]),
          columns(column_phase<Kernel::stride>(f), window.padding[1], d[1]);
      c.origin[f][0] = rows.origin;
      c.origin[f][1] = columns.origin;
      c.results[f] = Results(x, bias, d).phase(rows.first, columns.first, s);
    }
    c.run();
  });
}

}  // namespace

void winograd_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window) {
  with_kernel(window, [&](auto kernel) { forward<decltype(kernel)>(x, w, bias, y, window); });
}

void winograd_transposed(const View& y, const View& w, const View* bias, const View& x,
                         const Window2d& window) {
  with_kernel(window, [&](auto kernel) { transposed<decltype(kernel)>(y, w, bias, x, window); });
}

}  // namespace PYDL_ISA
}  // namespace pydl
