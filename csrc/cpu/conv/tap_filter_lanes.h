// A correlation with few filters whose lanes run along (tap of a row, filter): a row of the image is
// multiplied as it lies, once for all taps of a row, and no zero around it. What its pixels give to each row
// of the result is then added up tap by tap.
//
// For where that takes fewer multiply-adds, idle lanes included, than lanes along filters or pixels: where
// neither fills its registers but the two indices together do, and where windows reach far beyond the image,
// as those of the gradient of an unpadded convolution do.
#pragma once
#include "cpu/conv/few_channels.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct TapFilterLanes {
  const Windows<T>& windows;  // one apart along the width
  int64_t images, filters;
  const T* panels;         // lanes (v, filter), k: (u, channel)
  const int64_t* offsets;  // of each k from the first of its row of taps
  T* result;
  int64_t image_step, filter_step, step[2];
  const T* bias;
  int64_t bias_step;

  static constexpr int64_t W = Vec<T>::size, NR = Tile<T>::cols;

  int64_t lanes() const { return windows.taps[1] * filters; }
  int64_t depth() const { return windows.taps[0] * windows.channels; }

  // The rows of taps of row i of the result that lie on the image.
  struct Taps {
    int64_t begin, end;
  };
  Taps taps_of(int64_t i) const {
    const int64_t y = i * windows.step[0] + windows.origin[0], spread = windows.spread[0];
    Taps t{0, windows.taps[0]};
    while (t.begin < t.end && !windows.inside(y + t.begin * spread, 0)) ++t.begin;
    while (t.begin < t.end && !windows.inside(y + (t.end - 1) * spread, 0)) --t.end;
    return t;
  }

  // Multiply-adds of one image, idle lanes included.
  double work() const {
    double rows = 0;
    for (int64_t i = 0; i < windows.out[0]; ++i) rows += double(taps_of(i).end - taps_of(i).begin);
    return rows * double(windows.channels) * double(windows.size[1]) * double(round_up(lanes(), W));
  }

  void run() const {
    const Margin<T> margin(windows, 1);
    const int64_t columns = margin.before + windows.size[1] + margin.after, row_step = round_up(lanes(), NR);
    const int64_t line = round_up(windows.out[1] * filters, W) + W;
    const int64_t rows = max64(1, kItemWork / (columns * row_step * depth()));
    parallel_ranges(images * windows.out[0], rows, [&](int64_t begin, int64_t end) {
      with_scratch<T>(columns * row_step + W + line + filters + W, [&](T* memory) {
        T *const given = memory + margin.before * row_step, *const gathered = memory + columns * row_step + W;
        T* const biases = gathered + line;
        for (int64_t f = 0; f < filters + W; ++f)
          biases[f] = bias && f < filters ? bias[f * bias_step] : T(0);
        __builtin_memset(memory, 0, margin.before * row_step * sizeof(T));
        __builtin_memset(given + windows.size[1] * row_step, 0, (margin.after * row_step + W) * sizeof(T));
        for (int64_t r = begin; r < end; ++r) {
          const int64_t n = r / windows.out[0], i = r % windows.out[0];
          const Taps taps = taps_of(i);
          if (taps.begin < taps.end) multiply(n, i, taps, given, row_step);
          const int64_t along = taps.begin < taps.end ? windows.taps[1] : 0;
          if (filters <= W / 2) {
            gather<W / 2>(given, along, row_step, biases, gathered);
          } else {
            gather<W>(given, along, row_step, biases, gathered);
          }
          put(gathered, result + n * image_step + i * step[0]);
        }
      });
    });
  }

 private:
  // What every pixel of a row of the image gives through the taps.
  void multiply(int64_t n, int64_t i, const Taps& taps, T* given, int64_t row_step) const {
    const Windows<T>& w = windows;
    const int64_t y = i * w.step[0] + w.origin[0] + taps.begin * w.spread[0];
    const int64_t first = taps.begin * w.channels, last = taps.end * w.channels;
    for (int64_t m = 0, height; m < w.size[1]; m += height) {
      height = next_rows(w.size[1] - m);
      const T* rows[kRows];
      int64_t row_at[kRows];
      for (int64_t r = 0; r < height; ++r) {
        rows[r] = w.image + w.at(n, y, m + r);
        row_at[r] = (m + r) * row_step;
      }
      for (int64_t lane = 0; lane < lanes(); lane += NR)
        for (int64_t k = first; k < last; k += kDeep) {
          const Elements<T> source{rows, offsets + k - first, panels + lane * depth() + k * NR};
          const ToResult<T> place{given + lane, row_at, k > first};
          const auto tile = lanes() - lane <= W ? choose_rows<T, 1, Elements<T>, ToResult<T>>(height)
                                                : choose_rows<T, 2, Elements<T>, ToResult<T>>(height);
          tile(min64(kDeep, last - k), source, place);
        }
    }
  }

  // A row of the result, filters last; beyond the image there are zeros. The lanes, half a register where
  // that is enough, hold some of what comes after the filters of a pixel: the pixels that follow write over
  // it.
  template <int Lanes>
  void gather(const T* given, int64_t taps, int64_t row_step, const T* biases, T* out) const {
    const Windows<T>& w = windows;
    const int64_t tap_step = w.spread[1] * row_step + filters;
    typedef T Sum __attribute__((vector_size(Lanes * sizeof(T)), aligned(sizeof(T)), may_alias));
    const auto at = [](const T* p) { return *reinterpret_cast<const Sum*>(p); };
    for (int64_t j = 0; j < w.out[1]; ++j)
      for (int64_t f = 0; f < filters; f += Lanes) {
        const T* from = shifted(given, (j + w.origin[1]) * row_step + f);
        Sum sum{};
        for (int64_t v = 0; v < taps; ++v, from = shifted(from, tap_step)) sum += at(from);
        *reinterpret_cast<Sum*>(out + j * filters + f) = sum + at(biases + f);
      }
  }

  void put(const T* in, T* out) const {
    const int64_t width = windows.out[1];
    if (filter_step == 1 && step[1] == filters) {
      __builtin_memcpy(out, in, width * filters * sizeof(T));
      return;
    }
    for (int64_t f = 0; f < filters; f += W) {
      const int64_t count = min64(W, filters - f);
      if (step[1] == 1) {
        for (int64_t next = 0; next < width; next += W) {  // the last block may overlap the one before it
          const int64_t j = max64(0, min64(next, width - W));
          put_block(in + j * filters, out + j, f, count, min64(W, width));
        }
        continue;
      }
      for (int64_t j = 0; j < width; ++j)
        for (int64_t i = f; i < f + count; ++i) out[i * filter_step + j * step[1]] = in[j * filters + i];
    }
  }

  // `count` filters from f on, of n <= W pixels.
  void put_block(const T* in, T* out, int64_t f, int64_t count, int64_t n) const {
    Vec<T> block[W];
#pragma GCC unroll 16
    for (int64_t j = 0; j < W; ++j) block[j] = Vec<T>::load(in + (j < n ? j : 0) * filters + f);
    transpose(block);
    for (int64_t i = 0; i < count; ++i) {
      T* const to = out + (f + i) * filter_step;
      n == W ? block[i].store(to) : block[i].store_partial(to, int(n));
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
