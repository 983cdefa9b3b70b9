// The gradient of the weights where a row of taps with all its channels does not fill the lanes: these run
// along the pixels of a line, in the maps and in the planes of a padded image, and are added up at the end.
//
// A chain of products is some lines; a few chains are a block, and the blocks are the leaves of a binary
// counter (product/long_sum.h).
#pragma once
#include "cpu/conv/padded.h"
#include "cpu/product/long_sum.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Lines of some maps and what lies under them at the first of some neighbouring taps.
template <class T>
struct LinePairs {
  const T *map, *image;
  int64_t map_step, map_line, image_line, tap_step;
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
                                                               int64_t tap_step, Load&& load,
                                                               Vec<T> (&sum)[Rows][Taps]) {
  Vec<T> taps[Taps];
#pragma GCC unroll 2
  for (int t = 0; t < Taps; ++t) taps[t] = load(image + t * tap_step);
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i) {
    const Vec<T> left = held(load(map + i * map_step));
#pragma GCC unroll 2
    for (int t = 0; t < Taps; ++t) sum[i][t] = fma(left, taps[t], sum[i][t]);
  }
}

// Register (i, t) of `out`, at i · row_step + t · W, becomes the sum over all lines of map i times tap t.
template <class T, int Rows, int Taps>
static void multiply_lines(const LinePairs<T>& p, T* out, int64_t row_step) {
  using V = Vec<T>;
  constexpr int W = V::size;
  const auto rest = lanes_below<T>(p.width % W);
  const auto whole = [](const T* at) __attribute__((always_inline)) { return V::load(at); };
  const auto part = [rest](const T* at) __attribute__((always_inline)) { return load_masked(at, rest); };
  for (int64_t first = 0; first < p.lines; first += p.chain) {
    V sum[Rows][Taps];
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int t = 0; t < Taps; ++t) sum[i][t] = V(T(0));
    for (int64_t l = first; l < min64(first + p.chain, p.lines); ++l) {
      const T* const map = p.map + l * p.map_line;
      const T* const image = p.image + l * p.image_line;
      int64_t j = 0;
      for (; j + W <= p.width; j += W)
        add_products<Rows, Taps>(map + j, p.map_step, image + j, p.tap_step, whole, sum);
      if (j < p.width) add_products<Rows, Taps>(map + j, p.map_step, image + j, p.tap_step, part, sum);
    }
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int t = 0; t < Taps; ++t) {
        T* const to = out + i * row_step + t * W;
        (first == 0 ? sum[i][t] : V::load(to) + sum[i][t]).store(to);
      }
  }
}

template <class T, int Taps, int Rows = kRows>
static auto choose_lines(int64_t rows) {
  if constexpr (Rows > 1)
    if (rows < Rows) return choose_lines<T, Taps, height_below(Rows)>(rows);
  return multiply_lines<T, Rows, Taps>;
}

template <class T>
struct PlaneGrad {
  Windows<T> image;  // planes, padded; one apart along the width
  Windows<T> maps;   // planes; windows of one pixel
  int64_t filters;

  static constexpr int64_t W = Vec<T>::size;

  int64_t taps() const { return image.channels * image.taps[0] * image.taps[1]; }
  int64_t size() const { return filters * taps(); }
  int64_t registers() const { return ceil_div(image.out[1], W); }  // of a line
  int64_t lines() const { return max64(1, kDeep / registers()); }  // of a block
  int64_t blocks_of_image() const { return ceil_div(image.out[0], lines()); }

  // Blocks [begin, end) of all images into out, laid out as the weights.
  void run(int64_t begin, int64_t end, T* out) const {
    int64_t levels = 2;
    for (int64_t leaves = end - begin; leaves > 1; leaves = (leaves + 1) / 2) ++levels;
    const int64_t lanes = size() * W;
    with_scratch<T>(levels * lanes, [&](T* memory) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t leaf = b - begin;
        const int top = LongSum<T>::depth(leaf), merges = LongSum<T>::merges(leaf, b + 1 == end);
        multiply(b, memory + top * lanes);
        for (int l = top; l > top - merges; --l) add(memory + (l - 1) * lanes, memory + l * lanes, lanes);
      }
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
    p.tap_step = image.spread[1];
    p.lines = min64(lines(), image.out[0] - i);
    p.width = image.out[1];
    p.chain = max64(1, kRun / registers());
    int64_t tap = 0;
    for (int64_t c = 0; c < image.channels; ++c)
      for (int64_t u = 0; u < image.taps[0]; ++u, tap += image.taps[1])
        for (int64_t v = 0; v < image.taps[1]; v += 2) {
          const int64_t y = i * image.step[0] + u * image.spread[0] + image.origin[0];
          p.image =
              image.image + image.at(n, y, image.origin[1] + v * image.spread[1]) + c * image.channel_step;
          for (int64_t f = 0, height; f < filters; f += height) {
            height = next_rows(filters - f);
            p.map = maps.image + maps.at(n, i, 0) + f * maps.channel_step;
            const auto lines =
                v + 1 < image.taps[1] ? choose_lines<T, 2>(height) : choose_lines<T, 1>(height);
            lines(p, sums + (f * taps() + tap + v) * W, taps() * W);
          }
        }
  }

  static void add(T* to, const T* from, int64_t n) {
    for (int64_t i = 0; i < n; i += W) (Vec<T>::load(to + i) + Vec<T>::load(from + i)).store(to + i);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
