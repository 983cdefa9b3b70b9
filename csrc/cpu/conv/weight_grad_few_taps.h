// The gradient of the weights where a row of taps with all its channels does not fill the lanes: these run
// along the pixels of a line, in the maps and in the planes of a padded image, and are added up at the end.
//
// A chain of products is some lines; a few chains are a block, and the blocks are the leaves of a binary
// counter (product/long_sum.h).
#pragma once
#include "cpu/conv/leaves.h"
#include "cpu/conv/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int kMostTaps = 4;  // at once

// How many taps the registers hold beside so many maps: the more, the fewer loads there are for a product.
constexpr int taps_beside(int rows) {
  const int fit = (Tile<float>::rows * 2) / rows;
  return fit < kMostTaps ? fit : kMostTaps;
}

// Lines of some maps and what lies under them at some taps.
template <class T>
struct LinePairs {
  const T *map, *image;
  int64_t tap[kMostTaps];  // from `image` on
  int64_t map_step, map_line, image_line;
  int64_t lines, width, chain;  // chain: lines in one chain of products
};

// A register that was loaded: gcc would load it again for every product.
template <class T>
__attribute__((always_inline)) static inline Vec<T> held(Vec<T> x) {
#if defined(__AVX2__)
  __asm__("" : "+v"(x.v));
#endif
  return x;
}

// One step of a chain: a register of every map times one at every tap.
template <int Rows, int Taps, class T, class Load>
__attribute__((always_inline)) static inline void add_products(const T* map, int64_t map_step, const T* image,
                                                               const int64_t (&tap)[Taps], Load&& load,
                                                               Vec<T> (&sum)[Rows][Taps]) {
  Vec<T> taps[Taps];
#pragma GCC unroll 4
  for (int t = 0; t < Taps; ++t) taps[t] = load(image + tap[t]);
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
    const Vec<T> left = held(load(map + i * map_step));
#pragma GCC unroll 4
    for (int t = 0; t < Taps; ++t) sum[i][t] = fma(left, taps[t], sum[i][t]);
  }
}

// Register (i, t) of `out`, at i · row_step + t · W, becomes the sum over all lines of map i times tap t.
template <class T, int Rows, int Taps>
static void multiply_lines(const LinePairs<T>& p, T* out, int64_t row_step) {
  using V = Vec<T>;
  constexpr int W = V::size;
  int64_t tap[Taps];
  for (int t = 0; t < Taps; ++t) tap[t] = p.tap[t];
  const auto rest = lanes_below<T>(p.width % W);
  const auto whole = [](const T* at) __attribute__((always_inline)) { return V::load(at); };
  const auto part = [rest](const T* at) __attribute__((always_inline)) { return load_masked(at, rest); };
  for (int64_t first = 0; first < p.lines; first += p.chain) {
    V sum[Rows][Taps];
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int t = 0; t < Taps; ++t) sum[i][t] = V(T(0));
    for (int64_t l = first; l < min64(first + p.chain, p.lines); ++l) {
      const T* const map = p.map + l * p.map_line;
      const T* const image = p.image + l * p.image_line;
      int64_t j = 0;
      for (; j + W <= p.width; j += W)
        add_products<Rows, Taps>(map + j, p.map_step, image + j, tap, whole, sum);
      if (j < p.width) add_products<Rows, Taps>(map + j, p.map_step, image + j, tap, part, sum);
    }
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int t = 0; t < Taps; ++t) {
        T* const to = out + i * row_step + t * W;
        (first == 0 ? sum[i][t] : V::load(to) + sum[i][t]).store(to);
      }
  }
}

// The function for that many rows, and for one tap or as many as the registers hold beside them.
template <class T, int Rows = kRows>
static auto choose_lines(int64_t rows, bool one) {
  if constexpr (Rows > 1)
    if (rows < Rows) return choose_lines<T, height_below(Rows)>(rows, one);
  return one ? multiply_lines<T, Rows, 1> : multiply_lines<T, Rows, taps_beside(Rows)>;
}

template <class T>
struct FewTapsGrad {
  Windows<T> image;  // planes, padded; one apart along the width
  Windows<T> maps;   // planes; windows of one pixel
  int64_t images, filters;

  static constexpr int64_t W = Vec<T>::size;

  int64_t taps() const { return image.channels * image.taps[0] * image.taps[1]; }
  int64_t size() const { return filters * taps(); }
  int64_t registers() const { return ceil_div(image.out[1], W); }  // of a line
  int64_t lines() const { return max64(1, kDeep / registers()); }  // of a block
  int64_t blocks_of_image() const { return ceil_div(image.out[0], lines()); }
  int64_t blocks() const { return images * blocks_of_image(); }

  void store(const T* sums, T* out) const { __builtin_memcpy(out, sums, size() * sizeof(T)); }

  // The sums over blocks [begin, end) of all images, laid out as the weights.
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t lanes = size() * W;
    with_scratch<T>(leaf_levels(end - begin) * lanes, [&](T* memory) {
      sum_leaves(
          end - begin, memory, lanes, [&](int64_t leaf, T* to) { multiply(begin + leaf, to); },
          [&](T* to, const T* from) { add_elements(to, from, lanes); });
      for (int64_t i = 0; i < size(); ++i) out[i] = sum_lanes(Vec<T>::load(memory + i * W));
    });
  }

 private:
  void multiply(int64_t block, T* sums) const {
    const int64_t n = block / blocks_of_image(), i = block % blocks_of_image() * lines();
    LinePairs<T> p{};
    p.map_step = maps.channel_step;
    p.map_line = maps.pixel_step[0];
    p.image_line = image.step[0] * image.pixel_step[0];
    p.lines = min64(lines(), image.out[0] - i);
    p.width = image.out[1];
    p.chain = max64(1, kRun / registers());
    const T* const map = maps.image + maps.at(n, i, 0);
    p.image = image.image + image.at(n, i * image.step[0] + image.origin[0], image.origin[1]);
    for (int64_t f = 0, height; f < filters; f += height) {
      height = next_rows(filters - f);
      p.map = map + f * maps.channel_step;
      const int most = taps_beside(int(height));
      for (int64_t tap = 0, count; tap < taps(); tap += count) {
        count = taps() - tap < most ? 1 : most;
        for (int64_t t = 0; t < count; ++t) p.tap[t] = offset(tap + t);
        choose_lines<T>(height, count == 1)(p, sums + (f * taps() + tap) * W, taps() * W);
      }
    }
  }

  // Of a tap from the first.
  int64_t offset(int64_t tap) const {
    const int64_t v = tap % image.taps[1], u = tap / image.taps[1] % image.taps[0],
                  c = tap / (image.taps[0] * image.taps[1]);
    return c * image.channel_step + u * image.spread[0] * image.pixel_step[0] + v * image.spread[1];
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
