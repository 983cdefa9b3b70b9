// Pooling: the largest element or the mean of every window, or its element at an index.
#include "core/dispatch.h"
#include "cpu/pool/divisors.h"
#include "cpu/pool/tiles.h"

namespace pydl {
namespace PYDL_ISA {

void pool_max_forward(const View& x, const Window2d& w, const View& y, const View& index);
void pool_max_gather(const View& x, const View& index, const Window2d& w, const View& y);
void pool_mean_forward(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y);

namespace {

// W windows: where their results lie, and which they are.
struct Place {
  int64_t y, index;  // offsets of lane 0
  int64_t oh, ow;
  int count;
};

// An Op reduces the windows of W lanes: start(place), add(state, value, tap, valid lanes), finish(state,
// place); of W neighbouring channels of one window at the offsets y and index: start_row(index) and
// finish_row(state, y, index, divisor(oh, ow)).
template <class T, class I>
struct Max {
  using V = Vec<T>;
  using Int = typename V::integer;
  T* y;
  I* index;
  int64_t y_step, index_step;  // between lanes

  struct State {
    V best;
    typename V::bits taken;
  };
  State start(const Place&) const {
    return {V(-T(INFINITY)), typename V::bits{} + typename V::integer(kNoTap)};
  }
  void add(State& s, V v, int64_t tap, typename V::bits valid) const {
    const auto takes = ((v > s.best) | (v != v) | (s.taken < 0)) & valid;
    s.best = select(takes, v, s.best);
    s.taken = takes ? typename V::bits{} + Int(tap) : s.taken;
  }
  void finish(const State& s, const Place& at) const {
    put_lanes(y + at.y, y_step, at.count, s.best);
    put_taps<T>(index + at.index, index_step, at.count, s.taken);
  }
  State start_row(int64_t) const { return start({}); }
  void finish_row(const State& s, int64_t at_y, int64_t at_index, T) const {
    s.best.store(y + at_y);
    put_taps<T>(index + at_index, 1, V::size, s.taken);
  }
  T divisor(int64_t, int64_t) const { return T(1); }
};

template <class T, class I>
struct Gather {
  using V = Vec<T>;
  using Int = typename V::integer;
  T* y;
  const I* index;
  int64_t y_step, index_step;

  struct State {
    V value;
    typename V::bits taken;
  };
  State start(const Place& at) const {
    return {V(T(0)), fetch_taps<T>(index, at.index, index_step, {0, at.count})};
  }
  void add(State& s, V v, int64_t tap, typename V::bits valid) const {
    s.value = select((s.taken == Int(tap)) & valid, v, s.value);
  }
  void finish(const State& s, const Place& at) const { put_lanes(y + at.y, y_step, at.count, s.value); }
  State start_row(int64_t at_index) const {
    return {V(T(0)), fetch_taps<T>(index, at_index, 1, {0, V::size})};
  }
  void finish_row(const State& s, int64_t at_y, int64_t, T) const { s.value.store(y + at_y); }
  T divisor(int64_t, int64_t) const { return T(1); }
};

template <class T>
struct Mean {
  using V = Vec<T>;
  using State = V;
  T* y;
  int64_t y_step;
  PoolDivisors<T> divisors;

  State start(const Place&) const { return V(T(0)); }
  void add(State& s, V v, int64_t, typename V::bits valid) const { s += select(valid, v, V(T(0))); }
  void finish(const State& s, const Place& at) const {
    put_lanes(y + at.y, y_step, at.count, divisors.divide(s, at.oh, at.ow, {0, at.count}));
  }
  State start_row(int64_t) const { return V(T(0)); }
  void finish_row(V sum, int64_t at_y, int64_t, T by) const { divisors.divide(sum, V(by)).store(y + at_y); }
  T divisor(int64_t oh, int64_t ow) const { return divisors.of_window(oh, ow); }
};

// One window, W channels at a time.
template <class T, class Op>
void window_across(const T* x, const View& vx, const PoolAxis& h, const PoolAxis& v, const Place& window,
                   const int64_t (&channel)[2], const Op& op) {
  constexpr int W = Vec<T>::size;
  const typename Vec<T>::bits all = typename Vec<T>::bits{} - 1;
  const Range ys = h.taps(window.oh), xs = v.taps(window.ow);
  for (int64_t c = 0; c < vx.shape[1]; c += W) {
    Place place = window;
    place.y += c * channel[0];
    place.index += c * channel[1];
    place.count = vx.shape[1] - c < W ? int(vx.shape[1] - c) : W;
    auto state = op.start(place);
    for (int64_t ky = ys.begin; ky < ys.end; ++ky)
      for (int64_t kx = xs.begin; kx < xs.end; ++kx) {
        const T* p = x + h.position(place.oh, ky) * vx.strides[2] + v.position(place.ow, kx) * vx.strides[3];
        op.add(state, fetch_lanes(p + c * vx.strides[1], vx.strides[1], place.count, T(0)),
               ky * v.kernel + kx, all);
      }
    op.finish(state, place);
  }
}

// `windows` of a row, all with the same taps within the image, where there are W channels or more, one after
// another in memory, and few taps: a tap is a row.
template <class T, class Op>
void windows_of_rows(const T* x, const View& vx, const PoolAxis& h, const PoolAxis& v, const Place& first,
                     int64_t windows, const int64_t (&step)[2], const Op& op) {
  const typename Vec<T>::bits all = typename Vec<T>::bits{} - 1;
  const Range ys = h.taps(first.oh), xs = v.taps(first.ow);
  const T* rows[kMostRows];
  int64_t taps[kMostRows];
  int count = 0;
  for (int64_t ky = ys.begin; ky < ys.end; ++ky)
    for (int64_t kx = xs.begin; kx < xs.end; ++kx) {
      rows[count] = x + h.position(first.oh, ky) * vx.strides[2] + v.position(first.ow, kx) * vx.strides[3];
      taps[count++] = ky * v.kernel + kx;
    }
  const int64_t x_step = v.stride * vx.strides[3], y_step = step[0], index_step = step[1], C = vx.shape[1];
  with_count(count, [&](auto known) {
    constexpr int N = decltype(known)::value;
    const Op reduce = op;  // copies of what no store can change
    const T* row[N > 0 ? N : kMostRows];
    for (int t = 0; t < (N > 0 ? N : count); ++t) row[t] = rows[t];
    for (int64_t i = 0; i < windows; ++i) {
      const T divisor = reduce.divisor(first.oh, first.ow + i);
      const int64_t at = i * x_step, at_y = first.y + i * y_step, at_index = first.index + i * index_step;
      for_whole_registers<T>(C, [&](int64_t c) __attribute__((always_inline)) {
        auto state = reduce.start_row(at_index + c);
        for (int t = 0; t < (N > 0 ? N : count); ++t)
          reduce.add(state, Vec<T>::load(row[t] + at + c), taps[t], all);
        reduce.finish_row(state, at_y + c, at_index + c, divisor);
      });
    }
  });
}

// A row of windows, those in the middle together.
template <class T, class Op>
void row_of_rows(const T* x, const View& vx, const PoolAxis& h, const PoolAxis& v, Place place,
                 const int64_t (&step)[2], const Op& op) {
  const Range whole = v.whole_windows();
  for (int64_t windows; place.ow < v.out; place.ow += windows) {
    windows = place.ow == whole.begin && whole.begin < whole.end ? whole.end - whole.begin : 1;
    windows_of_rows(x, vx, h, v, place, windows, step, op);
    place.y += windows * step[0];
    place.index += windows * step[1];
  }
}

// One row of windows in one channel, W at a time.
template <class T, class Op>
void row_along(const T* x, const View& vx, const PoolAxis& h, const PoolAxis& v, const Place& row,
               const int64_t (&step)[2], const Op& op) {
  constexpr int W = Vec<T>::size;
  const Range ys = h.taps(row.oh);
  for (int64_t ow = 0; ow < v.out; ow += W) {
    Place place = row;
    place.y += ow * step[0];
    place.index += ow * step[1];
    place.ow = ow;
    place.count = v.out - ow < W ? int(v.out - ow) : W;
    const Range xs{v.taps(ow + place.count - 1).begin, v.taps(ow).end};  // of any lane
    auto state = op.start(place);
    for (int64_t ky = ys.begin; ky < ys.end; ++ky)
      for (int64_t kx = xs.begin; kx < xs.end; ++kx) {
        const int64_t first = v.position(ow, kx);
        const Range lanes = lanes_within(first, v.stride, v.in, place.count);
        if (lanes.begin >= lanes.end) continue;
        const int64_t at = h.position(row.oh, ky) * vx.strides[2] + first * vx.strides[3];
        op.add(state, fetch_range(x, at, v.stride * vx.strides[3], lanes), ky * v.kernel + kx,
               lane_mask<T>(lanes));
      }
    op.finish(state, place);
  }
}

// All windows, where they tile the image: from where they lie, …
template <int Height, int Width, class T, class Op>
void for_tile_rows(const PoolTiles& tiles, const T* x, const Op& op) {
  const int64_t height = Height ? Height : tiles.height, width = Width ? Width : tiles.width;
  const int64_t line = tiles.length * width;
  const typename Vec<T>::bits all = typename Vec<T>::bits{} - 1;
  tiles.run_rows<T>(x, [&](int64_t first, const T* at, int count) {
    const Op reduce = op;  // copies of what no store can change
    const Place place{first, first, 0, 0, count};
    auto state = reduce.start(place);
    for (int64_t ky = 0; ky < height; ++ky)
      for (int64_t kx = 0; kx < width; ++kx) {
        const T* const from = at + ky * line + kx;
        const auto lanes = count == Vec<T>::size ? load_spread(from, width) : load_some(from, width, count);
        reduce.add(state, lanes, ky * width + kx, all);
      }
    reduce.finish(state, place);
  });
}

// … or from a copy of their rows.
template <class T, class Op>
void for_tiles(const PoolTiles& tiles, const T* x, const Op& op) {
  constexpr int W = Vec<T>::size;
  if (tiles.in_place<T>())
    return (tiles.height == 2 && tiles.width == 2 ? for_tile_rows<2, 2, T, Op>
                                                  : for_tile_rows<0, 0, T, Op>)(tiles, x, op);
  const typename Vec<T>::bits all = typename Vec<T>::bits{} - 1;
  const int64_t line = tiles.batch<T>() * tiles.width;
  tiles.run<T>([&](int64_t first, int64_t count) {
    alignas(64) T packed[PoolTiles::most_elements + 4 * W];
    for (int64_t ky = 0; ky < tiles.height; ++ky)
      tiles.copy_rows<true>(x, packed + ky * line, first, count, ky);
    for (int64_t o = 0; o < count; o += W) {
      const Place place{first + o, first + o, 0, 0, count - o < W ? int(count - o) : W};
      auto state = op.start(place);
      for (int64_t ky = 0; ky < tiles.height; ++ky)
        for (int64_t kx = 0; kx < tiles.width; ++kx)
          op.add(state, load_spread(packed + ky * line + o * tiles.width + kx, tiles.width),
                 ky * tiles.width + kx, all);
      op.finish(state, place);
    }
  });
}

template <class T, class Op>
void for_windows(const View& x, const Window2d& w, const View& y, const View& index, const Op& op) {
  const PoolAxis h(w, x, y, 0), v(w, x, y, 1);
  if (PoolTiles::fit(w, x, y, index)) return for_tiles(PoolTiles(w, y), data_as<T>(x), op);
  const bool across = pool_across(x);
  const int64_t C = x.shape[1], taps = h.kernel * v.kernel;
  const bool rows =
      across && C >= Vec<T>::size && y.strides[1] == 1 && index.strides[1] == 1 && taps <= kMostRows;
  const int64_t per_row = v.out * (across ? C : 1) * (taps < kGrain ? taps : kGrain);
  parallel_ranges(
      x.shape[0] * h.out * (across ? 1 : C), 1 + kGrain / per_row, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const int64_t oh = row % h.out, plane = row / h.out;
          const int64_t n = across ? plane : plane / C, c = across ? 0 : plane % C;
          const auto start = [&](const View& a) { return n * a.strides[0] + c * a.strides[1]; };
          const T* p = data_as<T>(x) + start(x);
          Place place{start(y) + oh * y.strides[2], start(index) + oh * index.strides[2], oh, 0, 0};
          if (!across) {
            row_along(p, x, h, v, place, {y.strides[3], index.strides[3]}, op);
            continue;
          }
          if (rows) {
            row_of_rows(p, x, h, v, place, {y.strides[3], index.strides[3]}, op);
            continue;
          }
          for (; place.ow < v.out; ++place.ow, place.y += y.strides[3], place.index += index.strides[3])
            window_across(p, x, h, v, place, {y.strides[1], index.strides[1]}, op);
        }
      });
}

template <template <class, class> class Op, class I>
void with_index(const View& x, const Window2d& w, const View& y, const View& index) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Op<T, I> op{data_as<T>(y), data_as<I>(index), lane_step(w, x, y, index, y),
                      lane_step(w, x, y, index, index)};
    for_windows<T>(x, w, y, index, op);
  });
}

}  // namespace

void pool_max_forward(const View& x, const Window2d& w, const View& y, const View& index) {
  (index.dtype == DType::u8 ? with_index<Max, uint8_t> : with_index<Max, int64_t>)(x, w, y, index);
}

void pool_max_gather(const View& x, const View& index, const Window2d& w, const View& y) {
  (index.dtype == DType::u8 ? with_index<Gather, uint8_t> : with_index<Gather, int64_t>)(x, w, y, index);
}

void pool_mean_forward(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_divisors<T>(x, w, divisor, y, [&](const PoolDivisors<T>& divisors) {
      for_windows<T>(x, w, y, y, Mean<T>{data_as<T>(y), lane_step(w, x, y, y, y), divisors});
    });
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
