// The gradient of the weights where the image has few channels: a row of taps with all its channels is one
// stretch of a padded image, whose lanes are multiplied by the maps' pixels without packing either.
//
// Pixels are cut into blocks of some lines; a block's products are added as those of one block of k (tile.h),
// and the blocks are the leaves of a binary counter (long_sum.h).
#pragma once
#include "cpu/long_sum.h"
#include "cpu/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// k are the pixels of some lines, each with its place from the first one's in the maps and in the image; rows
// of A are maps, the row of B is what lies under a row of taps.
struct PixelPlace {
  int64_t map, image;
};

template <class T>
struct Lines {
  const T* map;
  int64_t map_step;  // from one map to the next
  const T* image;
  const PixelPlace* places;

  template <int Rows>
  struct Cursor {
    const T *at[Rows], *image;
    const PixelPlace* places;

    explicit Cursor(const Lines& l) : image(l.image), places(l.places) {
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] = l.map + i * l.map_step;
    }
    int64_t ready(int64_t wanted) const { return wanted; }
    T left(int i, int64_t k) const { return at[i][places[k].map]; }
    const T* right(int64_t k) const { return image + places[k].image; }
    void skip(int64_t n) { places += n; }
  };
};

template <class T>
struct NarrowGrad {
  Windows<T> image;  // channels last, padded
  Windows<T> maps;   // windows of one pixel
  int64_t filters;

  static constexpr int64_t NR = Tile<T>::cols;

  int64_t lanes() const { return image.taps[1] * image.channels; }
  int64_t lines() const { return max64(1, kDeep / image.out[1]); }  // of a block
  int64_t blocks_of_image() const { return ceil_div(image.out[0], lines()); }
  int64_t size() const { return filters * image.taps[0] * lanes(); }

  // Blocks [begin, end) of all images into out, laid out as the weights.
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t level = image.taps[0] * round_up(lanes(), NR) * filters;
    int64_t levels = 2;
    for (int64_t leaves = end - begin; leaves > 1; leaves = (leaves + 1) / 2) ++levels;
    const int64_t indices = lines() * image.out[1] * int64_t(sizeof(PixelPlace) / sizeof(T));
    with_scratch<T>(levels * level + indices, [&](T* memory) {
      const LongSum<T> sums{memory, level};
      PixelPlace* const places = reinterpret_cast<PixelPlace*>(memory + levels * level);
      find_places(places);
      for (int64_t b = begin; b < end; ++b) {
        const int64_t leaf = b - begin;
        const int top = LongSum<T>::depth(leaf), merges = LongSum<T>::merges(leaf, b + 1 == end);
        multiply(b, places, sums.at(top, 0));
        for (int l = top; l > top - merges; --l) add_tiles(sums.at(l - 1, 0), sums.at(l, 0));
      }
      store(memory, out);
    });
  }

 private:
  // body(place among the sums, u, lane, filter, how many filters)
  template <class Body>
  void for_tiles(Body&& body) const {
    int64_t place = 0;
    for (int64_t u = 0; u < image.taps[0]; ++u)
      for (int64_t lane = 0; lane < lanes(); lane += NR)
        for (int64_t f = 0, height; f < filters; f += height) {
          height = next_rows(filters - f);
          body(place, u, lane, f, height);
          place += height * NR;
        }
  }

  // Of the pixels of a block, from its first on.
  void find_places(PixelPlace* out) const {
    for (int64_t i = 0; i < lines(); ++i)
      for (int64_t j = 0; j < image.out[1]; ++j)
        *out++ = {maps.at(0, i, j), image.at(0, i * image.step[0], j * image.step[1])};
  }

  void multiply(int64_t block, const PixelPlace* places, T* tiles) const {
    const int64_t n = block / blocks_of_image(), i = block % blocks_of_image() * lines();
    const int64_t pixels = min64(lines(), image.out[0] - i) * image.out[1];
    for_tiles([&](int64_t place, int64_t u, int64_t lane, int64_t f, int64_t height) {
      const int64_t y = i * image.step[0] + u * image.spread[0] + image.origin[0];
      const auto multiply = choose_tile<T, Lines<T>>(height, lanes() - lane);
      alignas(64) T more[kRows * NR];
      for (int64_t k = 0; k < pixels; k += kDeep) {
        const Lines<T> source{maps.image + maps.at(n, i, 0) + f * maps.channel_step, maps.channel_step,
                              image.image + image.at(n, y, image.origin[1]) + lane, places + k};
        multiply(min64(kDeep, pixels - k), source, {k == 0 ? tiles + place : more});
        if (k > 0) add_tile(tiles + place, more, int(height), int(min64(NR, lanes() - lane)));
      }
    });
  }

  void add_tiles(T* to, const T* from) const {
    for_tiles([&](int64_t place, int64_t, int64_t lane, int64_t, int64_t height) {
      add_tile(to + place, from + place, int(height), int(min64(NR, lanes() - lane)));
    });
  }

  void store(const T* tiles, T* out) const {
    const int64_t area = image.taps[0] * image.taps[1], all = image.channels * area;
    for_tiles([&](int64_t place, int64_t u, int64_t lane, int64_t f, int64_t height) {
      int64_t v = lane / image.channels, c = lane % image.channels;
      for (int64_t l = lane; l < min64(lane + NR, lanes()); ++l) {
        T* const to = out + f * all + c * area + u * image.taps[1] + v;
        for (int64_t i = 0; i < height; ++i) to[i * all] = tiles[place + i * NR + l - lane];
        if (++c < image.channels) continue;
        c = 0;
        ++v;
      }
    });
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
