// Pooling where the windows tile the image: stride = kernel, nothing padded, nothing left over, rows one
// after another in memory. Then all windows of all images are one line, and a vector holds W neighbours of it
// whatever their rows.
#pragma once
#include "core/parallel.h"
#include "cpu/pool/axis.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Rows of `length` windows of height × width elements.
struct PoolTiles {
  static constexpr int64_t most_area = 256, most_elements = 4096;
  int64_t rows, length, height, width;

  // Whether windows of x that lead to y tile it, in any memory.
  static bool cover(const Window2d& w, const View& x, const View& y) {
    for (int a = 0; a < 2; ++a)
      if (w.kernel[a] != w.stride[a] || w.dilation[a] != 1 || w.padding[a] != 0 ||
          x.shape[2 + a] != y.shape[2 + a] * w.kernel[a])
        return false;
    return true;
  }

  // Whether all windows can be one line.
  static bool fit(const Window2d& w, const View& x, const View& y, const View& index) {
    if (!cover(w, x, y)) return false;
    return w.kernel[0] * w.kernel[1] <= most_area && is_contiguous(x) && is_contiguous(y) &&
           is_contiguous(index);
  }

  // A window that fills the width is one stretch of memory, and all windows are one row.
  PoolTiles(const Window2d& w, const View& y)
      : rows(y.shape[0] * y.shape[1] * y.shape[2]),
        length(y.shape[3]),
        height(w.kernel[0]),
        width(w.kernel[1]) {
    if (length != 1) return;
    length = rows;
    width *= height;
    rows = height = 1;
  }

  // Windows worked on at a time: `most_elements` hold their elements.
  template <class T>
  int64_t batch() const {
    return most_elements / (height * width) / Vec<T>::size * Vec<T>::size;
  }

  // body(first window, count): at most batch() of them at a time, on all threads.
  template <class T, class Body>
  void run(Body&& body) const {
    const int64_t total = rows * length, size = batch<T>();
    parallel_ranges((total + size - 1) / size, 4, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) body(b * size, b * size + size < total ? size : total - b * size);
    });
  }

  // Whether a row's windows fill most of a register, and are then read and written where they lie: a window
  // of at most two columns touches nothing beyond its row.
  template <class T>
  bool in_place() const {
    return 2 * length > Vec<T>::size && width <= 2 && length * height * width <= most_elements;
  }

  // body(first window, x of its first element, count): a register's windows of one row, of which the last may
  // overlap those before it. A shorter row is worked on as a whole register too, since what that reads and
  // writes too much is the next row's, which comes later; but for a thread's last row.
  template <class T, class Element, class Body>
  void run_rows(Element* x, Body&& body) const {
    constexpr int64_t W = Vec<T>::size;
    parallel_ranges(rows, 1 + 4 * most_elements / (length * height * width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        Element* const at = x + row * height * length * width;
        if (length < W) {
          body(row * length, at, int(row + 1 < end ? W : length));
          continue;
        }
        for (int64_t next = 0; next < length; next += W) {
          const int64_t o = next + W > length ? length - W : next;
          body(row * length + o, at + o * width, int(W));
        }
      }
    });
  }

  // Copies what lies `ky` rows below the top of `count` windows between x and the line `packed`.
  template <bool Pack, class T, class Line>
  void copy_rows(T* x, Line* packed, int64_t first, int64_t count, int64_t ky) const {
    for (int64_t o = first; o < first + count;) {
      const int64_t row = o / length, column = o - row * length, left = first + count - o;
      const int64_t n = length - column < left ? length - column : left;
      T* const at = x + ((row * height + ky) * length + column) * width;
      if constexpr (Pack) {
        copy(packed, at, n * width);
      } else {
        copy(at, packed, n * width);
      }
      packed += n * width;
      o += n;
    }
  }

 private:
  template <class T>
  static void copy(T* to, const T* from, int64_t n) {
    constexpr int W = Vec<T>::size;
    if (n < W) {
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
      return;
    }
    // The last vector may overlap the one before it.
    for (int64_t i = 0; i + W < n; i += W) Vec<T>::load(from + i).store(to + i);
    Vec<T>::load(from + n - W).store(to + n - W);
  }
};

// The distance between the lanes of a vector in `v`, which is y, g or an index for windows of x.
static inline int64_t lane_step(const Window2d& w, const View& x, const View& y, const View& index,
                                const View& v) {
  if (PoolTiles::fit(w, x, y, index)) return 1;
  return v.strides[pool_across(x) ? 1 : 3];
}

// p[0], p[step], …, where 4 W elements from p on may be read for a step of 2 or 4.
template <class T>
static inline Vec<T> load_spread(const T* p, int64_t step) {
  constexpr int W = Vec<T>::size;
  if (step == 1) return Vec<T>::load(p);
  if (step == 2) return load_even(p);
  if (step != 4) return Vec<T>::gather(p, step);
  T even[2 * W];
  load_even(p).store(even);
  load_even(p + 2 * W).store(even + W);
  return load_even(even);
}

// The first n < W of them, for a step of 1 or 2.
template <class T>
static inline Vec<T> load_some(const T* p, int64_t step, int n) {
  return step == 1 ? Vec<T>::load_partial(p, n) : load_even(p, n);
}

// Lane l < count of tap t to p[l · n + t].
template <class T, class Value>
static inline void store_taps(T* p, int64_t n, int count, Value&& value) {
  if (n == 2) return store_interleaved(p, value(0), value(1), count);
  for (int64_t t = 0; t < n; ++t) value(t).scatter(p + t, n, count);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
