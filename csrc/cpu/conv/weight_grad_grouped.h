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
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t level = size(), chains = ceil_div(image.out[1], kRun);
    const int64_t leaves = (end - begin) * chains;
    with_scratch<T>(leaf_levels(leaves) * level, [&](T* memory) {
      sum_leaves(
          leaves, memory, level,
          [&](int64_t leaf, T* to) {
            const int64_t j = leaf % chains * kRun;
            chain(begin + leaf / chains, j, min64(kRun, image.out[1] - j), to);
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
  void chain(int64_t row, int64_t j, int64_t count, T* out) const {
    for (int64_t c = 0; c < image.channels; c += W) {
      T* const to = out + c * each * taps();
      if constexpr (W > 2)
        if (each == 2) some_taps<2>(row, j, count, c, to);
      if constexpr (W > 4)
        if (each == 4) some_taps<4>(row, j, count, c, to);
      if constexpr (W > 8)
        if (each == 8) some_taps<8>(row, j, count, c, to);
    }
  }

  // As many taps at a time as leave registers for what they are multiplied by.
  template <int Each>
  void some_taps(int64_t row, int64_t j, int64_t count, int64_t c, T* out) const {
    constexpr int together = kRows / Each > 1 ? kRows / Each : kRows > 8 ? 2 : 1;
    const int64_t n = row / image.out[0], i = row % image.out[0];
    const T* const map = maps.image + maps.at(n, i, j) + c;
    const T* x[together];
    for (int64_t tap = 0, some; tap < taps(); tap += some, out += some * Each * W) {
      some = taps() - tap < together ? 1 : together;
      for (int64_t t = 0; t < some; ++t) {
        const int64_t u = (tap + t) / image.taps[1], v = (tap + t) % image.taps[1];
        x[t] = image.image + c +
               image.at(n, i * image.step[0] + u * image.spread[0] + image.origin[0],
                        j * image.step[1] + v * image.spread[1] + image.origin[1]);
      }
      some == 1 ? multiply<Each, 1>(map, x, count, out) : multiply<Each, together>(map, x, count, out);
    }
  }

  template <int Each, int Taps>
  void multiply(const T* map, const T* const* x, int64_t count, T* out) const {
    using V = Vec<T>;
    const int64_t map_step = maps.pixel_step[1], step = image.step[1] * image.pixel_step[1];
    const T* at[Taps];
    V sum[Taps][Each];
    for (int t = 0; t < Taps; ++t) {
      at[t] = x[t];
      for (int c = 0; c < Each; ++c) sum[t][c] = V(T(0));
    }
    for (int64_t p = 0; p < count; ++p, map += map_step) {
      const V factor = V::load(map);
      for (int t = 0; t < Taps; ++t) {
        const V in = V::load(at[t]);
        for_channels(std::make_index_sequence<Each>(), [&](auto c) __attribute__((always_inline)) {
          sum[t][c] = fma(of_group<Each, c>(in), factor, sum[t][c]);
        });
        at[t] += step;
      }
    }
    for (int t = 0; t < Taps; ++t)
      for (int c = 0; c < Each; ++c) sum[t][c].store(out + (t * Each + c) * W);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
