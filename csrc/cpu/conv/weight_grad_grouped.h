// The gradient of the weights of a convolution whose groups share registers (grouped.h): lanes run along the
// maps of several groups, each multiplied by the channels of its own group.
//
// A chain of products is kRun pixels of one row; chains, row after row, are the leaves of a binary counter
// (product/long_sum.h).
#pragma once
#include "cpu/conv/grouped.h"
#include "cpu/conv/leaves.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct GroupedGrad {
  Windows<T> image;  // of all channels, which come last; padded
  Windows<T> maps;   // windows of one pixel, channels last
  int64_t images, each;

  static constexpr int64_t W = Vec<T>::size;

  int64_t taps() const { return image.taps[0] * image.taps[1]; }
  int64_t size() const { return image.channels * each * taps(); }
  int64_t blocks() const { return images * image.out[0]; }  // rows of pixels

  // The sums over rows [begin, end): of a register of maps its taps, and of each tap the channels of a group.
  // A chain of products goes over a part of a row, or over several short ones.
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t level = size(), width = image.out[1], chains = ceil_div(width, kRun);
    const int64_t rows = max64(1, kRun / width);
    const int64_t leaves = ceil_div(end - begin, rows) * chains;
    with_scratch<T>(leaf_levels(leaves) * level, [&](T* memory) {
      sum_leaves(
          leaves, memory, level,
          [&](int64_t leaf, T* to) {
            const int64_t row = begin + leaf / chains * rows, j = leaf % chains * kRun;
            chain({row, min64(row + rows, end), j, min64(kRun, width - j)}, to);
          },
          [&](T* to, const T* from) { add_elements(to, from, level); });
      __builtin_memcpy(out, memory, level * sizeof(T));
    });
  }

  // From sums to weights.
  void store(const T* sums, T* out) const {
    for (int64_t first = 0; first < image.channels; first += W)
      for (int64_t t = 0; t < taps(); ++t)
        for (int64_t c = 0; c < each; ++c)
          for (int64_t f = first; f < first + W; ++f) out[(f * each + c) * taps() + t] = *sums++;
  }

 private:
  // Pixels [j, j + count) of rows [row, end).
  struct Pixels {
    int64_t row, end, j, count;
  };

  void chain(const Pixels& pixels, T* out) const {
    for (int64_t c = 0; c < image.channels; c += W) {
      T* const to = out + c * each * taps();
      if constexpr (W > 2)
        if (each == 2) all_taps<2>(pixels, c, to);
      if constexpr (W > 4)
        if (each == 4) all_taps<4>(pixels, c, to);
      if constexpr (W > 8)
        if (each == 8) all_taps<8>(pixels, c, to);
    }
  }

  // As many taps at a time as leave registers for what they are multiplied by.
  template <int Each>
  void all_taps(const Pixels& pixels, int64_t c, T* out) const {
    constexpr int together = kRows / Each > 1 ? kRows / Each : kRows > 8 ? 2 : 1;
    for (int64_t tap = 0, some; tap < taps(); tap += some, out += some * Each * W) {
      some = taps() - tap < together ? 1 : together;
      some == 1 ? multiply<Each, 1>(pixels, tap, c, out) : multiply<Each, together>(pixels, tap, c, out);
    }
  }

  template <int Each, int Taps>
  void multiply(const Pixels& pixels, int64_t tap, int64_t c, T* out) const {
    using V = Vec<T>;
    const int64_t map_step = maps.pixel_step[1], step = image.step[1] * image.pixel_step[1];
    V sum[Taps][Each];
    for (int t = 0; t < Taps; ++t)
      for (int k = 0; k < Each; ++k) sum[t][k] = V(T(0));
    for (int64_t row = pixels.row; row < pixels.end; ++row) {
      const int64_t n = row / image.out[0], i = row % image.out[0];
      const T *map = maps.image + maps.at(n, i, pixels.j) + c, *at[Taps];
      for (int t = 0; t < Taps; ++t) {
        const int64_t u = (tap + t) / image.taps[1], v = (tap + t) % image.taps[1];
        at[t] = image.image + c +
                image.at(n, i * image.step[0] + u * image.spread[0] + image.origin[0],
                         pixels.j * image.step[1] + v * image.spread[1] + image.origin[1]);
      }
      for (int64_t p = 0; p < pixels.count; ++p, map += map_step) {
        const V factor = V::load(map);
        for (int t = 0; t < Taps; ++t) {
          const V in = V::load(at[t]);
          for_channels(std::make_index_sequence<Each>(), [&](auto k) __attribute__((always_inline)) {
            sum[t][k] = fma(of_group<Each, k>(in), factor, sum[t][k]);
          });
          at[t] += step;
        }
      }
    }
    for (int t = 0; t < Taps; ++t)
      for (int k = 0; k < Each; ++k) sum[t][k].store(out + (t * Each + k) * W);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
