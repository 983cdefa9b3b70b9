// The gradient of the weights where the image has few channels: a row of taps with all its channels is one
// stretch of a padded image, multiplied by the maps' pixels without packing either. Lanes run along the
// stretch; or along the filters, where these fill whole registers and the stretch is far from it.
//
// Pixels are cut into blocks of some lines, or of some small images; a block's products are added as those of
// one block of k (product/tile.h), and the blocks are the leaves of a binary counter (product/long_sum.h).
#pragma once
#include "cpu/conv/leaves.h"
#include "cpu/conv/padded.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// k are the pixels of some lines, each with its place from the first one's in the left and right operands.
struct PixelPlace {
  int64_t left, right;
};

template <class T>
struct Lines {
  const T* a;
  const int64_t* row_at;  // of the rows of A
  const T* b;
  const PixelPlace* places;

  template <int Rows>
  struct Cursor {
    const T *at[Rows], *b;
    const PixelPlace* places;

    explicit Cursor(const Lines& l) : b(l.b), places(l.places) {
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) at[i] = l.a + l.row_at[i];
    }
    int64_t ready(int64_t wanted) const { return wanted; }
    T left(int i, int64_t k) const { return at[i][places[k].left]; }
    const T* right(int64_t k) const { return b + places[k].right; }
    void skip(int64_t n) { places += n; }
  };
};

template <class T>
struct FewChannelsGrad {
  Windows<T> image;  // channels last, padded
  Windows<T> maps;   // windows of one pixel; channels last where lanes are filters
  int64_t images, filters;

  static constexpr int64_t NR = Tile<T>::cols;

  // A row of taps.
  int64_t stretch() const { return image.taps[1] * image.channels; }
  bool lanes_are_filters() const {
    constexpr int64_t W = Vec<T>::size;
    return filters % W == 0 && 8 * round_up(stretch(), W) > 9 * stretch();
  }
  // The result: strips of rows × lanes.
  int64_t strips() const { return lanes_are_filters() ? 1 : image.taps[0]; }
  int64_t rows() const { return lanes_are_filters() ? image.taps[0] * stretch() : filters; }
  int64_t lanes() const { return lanes_are_filters() ? filters : stretch(); }

  // Of a block: lines of an image, and images that have no more.
  int64_t lines() const { return min64(image.out[0], max64(1, kDeep / image.out[1])); }
  int64_t together() const { return max64(1, kDeep / (image.out[0] * image.out[1])); }
  int64_t blocks_of_image() const { return ceil_div(image.out[0], lines()); }
  int64_t blocks() const { return ceil_div(images, together()) * blocks_of_image(); }
  int64_t size() const { return strips() * round_up(lanes(), NR) * rows(); }  // of the sums

  // The sums over blocks [begin, end) of all images, tile by tile.
  void run(int64_t begin, int64_t end, T* out) const {
    const int64_t level = size(), levels = leaf_levels(end - begin);
    const int64_t pixels = together() * lines() * image.out[1];
    const int64_t indices = (2 * pixels + rows()) * int64_t(sizeof(int64_t) / sizeof(T));
    with_scratch<T>(levels * level + indices, [&](T* memory) {
      PixelPlace* const places = reinterpret_cast<PixelPlace*>(memory + levels * level);
      int64_t* const row_at = reinterpret_cast<int64_t*>(places + pixels);
      find_places(places);
      find_rows(row_at);
      sum_leaves(
          end - begin, memory, level,
          [&](int64_t leaf, T* to) { multiply(begin + leaf, row_at, places, to); },
          [&](T* to, const T* from) { add_tiles(to, from); });
      __builtin_memcpy(out, memory, level * sizeof(T));
    });
  }

  // From sums to weights.
  void store(const T* sums, T* out) const {
    for_tiles([&](int64_t place, int64_t strip, int64_t lane, int64_t row, int64_t height) {
      const int64_t width = min64(NR, lanes() - lane);
      const T* const tile = sums + place;
      if (lanes_are_filters()) {
        for (int64_t i = 0; i < height; ++i)
          spread(out + lane * weights() + weight((row + i) / stretch(), (row + i) % stretch()), weights(),
                 tile + i * NR, 1, width);
      } else {
        for (int64_t l = 0; l < width; ++l)
          spread(out + row * weights() + weight(strip, lane + l), weights(), tile + l, NR, height);
      }
    });
  }

 private:
  // body(place among the sums, strip, lane, row, how many rows)
  template <class Body>
  void for_tiles(Body&& body) const {
    int64_t place = 0;
    for (int64_t strip = 0; strip < strips(); ++strip)
      for (int64_t lane = 0; lane < lanes(); lane += NR)
        for (int64_t row = 0, height; row < rows(); row += height) {
          height = next_rows(rows() - row);
          body(place, strip, lane, row, height);
          place += height * NR;
        }
  }

  // Of the pixels of a block, from its first on.
  void find_places(PixelPlace* out) const {
    for (int64_t n = 0; n < together(); ++n)
      for (int64_t i = 0; i < lines(); ++i)
        for (int64_t j = 0; j < image.out[1]; ++j) {
          const int64_t map = maps.at(n, i, j), pixel = image.at(n, i * image.step[0], j * image.step[1]);
          *out++ = lanes_are_filters() ? PixelPlace{pixel, map} : PixelPlace{map, pixel};
        }
  }

  void find_rows(int64_t* out) const {
    for (int64_t row = 0; row < rows(); ++row)
      out[row] = lanes_are_filters() ? line(row / stretch()) + row % stretch() : row * maps.channel_step;
  }

  // From the first row of taps to the u-th.
  int64_t line(int64_t u) const { return u * image.spread[0] * image.pixel_step[0]; }

  void multiply(int64_t block, const int64_t* row_at, const PixelPlace* places, T* tiles) const {
    const int64_t n = block / blocks_of_image() * together(), i = block % blocks_of_image() * lines();
    const int64_t pixels = min64(together(), images - n) * min64(lines(), image.out[0] - i) * image.out[1];
    const T* const map = maps.image + maps.at(n, i, 0);
    const T* const under = image.image + image.at(n, i * image.step[0] + image.origin[0], image.origin[1]);
    for_tiles([&](int64_t place, int64_t strip, int64_t lane, int64_t row, int64_t height) {
      const auto multiply = choose_tile<T, Lines<T>>(height, lanes() - lane);
      alignas(64) T more[kRows * NR];
      for (int64_t k = 0; k < pixels; k += kDeep) {
        const Lines<T> source{lanes_are_filters() ? under : map, row_at + row,
                              (lanes_are_filters() ? map : under + line(strip)) + lane, places + k};
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

  static void spread(T* to, int64_t step, const T* from, int64_t from_step, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i * step] = from[i * from_step];
  }

  // Of one filter; and among them, of the l-th element under the u-th row of taps.
  int64_t weights() const { return image.taps[0] * stretch(); }
  int64_t weight(int64_t u, int64_t l) const {
    const int64_t c = l % image.channels, v = l / image.channels;
    return (c * image.taps[0] + u) * image.taps[1] + v;
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
