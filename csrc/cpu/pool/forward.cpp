// Pooling: the largest element or the mean of every window, or its element at an index.
#include <type_traits>

#include "core/dispatch.h"
#include "cpu/pool/divisors.h"
#include "cpu/pool/pool.h"
#include "cpu/pool/tiles.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// W windows: where their results lie, and which they are.
struct Place {
  int64_t y, index;  // offsets of lane 0
  int64_t oh, ow;
  int count;
};

// A register of results, past the caches where they are far.
template <bool Far, class T>
void put_row(T* to, Vec<T> value) {
  if (Far && reinterpret_cast<uintptr_t>(to) % sizeof(Vec<T>) == 0) return value.stream(to);
  value.store(to);
}

// An Op reduces the windows of W lanes: start(place), add(state, value, tap, valid lanes), finish(state,
// place); of W neighbouring channels of one window at the offsets y and index: start_row(index) and
// finish_row<Far>(state, y, index, divisor(oh, ow)). add_all<N>(state, values, taps) is add for N taps in
// turn, all lanes valid, on a state that has just begun. `far`: results may go past the caches, for which
// those that are common (`streams`) have loops of their own.
template <class T, class I>
struct Max {
  static constexpr bool streams = std::is_same<T, float>::value && sizeof(I) == 1;
  using V = Vec<T>;
  using Int = typename V::integer;
  T* y;
  I* index;
  int64_t y_step, index_step;  // between lanes
  bool far;

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
  // All taps of whole windows: with no NaN among them, each takes one comparison.
  template <int N>
  void add_all(State& s, const V (&v)[N], const int64_t* taps) const {
    const typename V::bits all = typename V::bits{} - 1;
    auto nan = unordered(v[0], v[N - 1]);
    for (int t = 1; t + 1 < N; t += 2) nan |= unordered(v[t], v[t + 1]);
    if (any(nan)) {
      for (int t = 0; t < N; ++t) add(s, v[t], taps[t], all);
      return;
    }
    s = {v[0], typename V::bits{} + Int(taps[0])};
    for (int t = 1; t < N; ++t) {
      const auto takes = v[t] > s.best;
      s.best = select(takes, v[t], s.best);
      s.taken = takes ? typename V::bits{} + Int(taps[t]) : s.taken;
    }
  }
  void finish(const State& s, const Place& at) const {
    put_lanes(y + at.y, y_step, at.count, s.best);
    put_taps<T>(index + at.index, index_step, at.count, s.taken);
  }
  State start_row(int64_t) const { return start({}); }
  template <bool Far>
  void finish_row(const State& s, int64_t at_y, int64_t at_index, T) const {
    put_row<Far>(y + at_y, s.best);
    put_taps<T>(index + at_index, 1, V::size, s.taken);
  }
  T divisor(int64_t, int64_t) const { return T(1); }
};

template <class T, class I>
struct Gather {
  static constexpr bool streams = false;
  using V = Vec<T>;
  using Int = typename V::integer;
  T* y;
  const I* index;
  int64_t y_step, index_step;
  bool far;

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
  template <int N>
  void add_all(State& s, const V (&v)[N], const int64_t* taps) const {
    for (int t = 0; t < N; ++t) add(s, v[t], taps[t], typename V::bits{} - 1);
  }
  void finish(const State& s, const Place& at) const { put_lanes(y + at.y, y_step, at.count, s.value); }
  State start_row(int64_t at_index) const {
    return {V(T(0)), fetch_taps<T>(index, at_index, 1, {0, V::size})};
  }
  template <bool Far>
  void finish_row(const State& s, int64_t at_y, int64_t, T) const {
    put_row<Far>(y + at_y, s.value);
  }
  T divisor(int64_t, int64_t) const { return T(1); }
};

template <class T>
struct Mean {
  static constexpr bool streams = std::is_same<T, float>::value;
  using V = Vec<T>;
  using State = V;
  T* y;
  int64_t y_step;
  bool far;
  PoolDivisors<T> divisors;

  State start(const Place&) const { return V(T(0)); }
  void add(State& s, V v, int64_t, typename V::bits valid) const { s += select(valid, v, V(T(0))); }
  template <int N>
  void add_all(State& s, const V (&v)[N], const int64_t*) const {
    for (int t = 0; t < N; ++t) s += v[t];
  }
  void finish(const State& s, const Place& at) const {
    put_lanes(y + at.y, y_step, at.count, divisors.divide(s, at.oh, at.ow, {0, at.count}));
  }
  State start_row(int64_t) const { return V(T(0)); }
  template <bool Far>
  void finish_row(V sum, int64_t at_y, int64_t, T by) const {
    put_row<Far>(y + at_y, divisors.divide(sum, V(by)));
  }
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
template <bool Far, class T, class Op>
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
  // What comes from memory, the next windows down read: fetched as it lies there. A memory that gives now a
  // part of one row and now one of the next takes twice as long.
  constexpr int64_t line = 64 / sizeof(T);
  const int64_t ahead = Far && count > 0 ? x_step * h.stride : 0;
  const T* const next = count > 0 ? rows[0] + h.stride * vx.strides[2] : x;
  with_count(count, [&](auto known) {
    constexpr int N = decltype(known)::value;
    const Op reduce = op;  // copies of what no store can change
    const T* row[N > 0 ? N : kMostRows];
    for (int t = 0; t < (N > 0 ? N : count); ++t) row[t] = rows[t];
    for (int64_t i = 0; i < windows; ++i) {
      const T divisor = reduce.divisor(first.oh, first.ow + i);
      for (int64_t e = 0; e < ahead; e += line) __builtin_prefetch(next + i * ahead + e, 0, 2);
      const int64_t at = i * x_step, at_y = first.y + i * y_step, at_index = first.index + i * index_step;
      for_whole_registers<T>(C, [&](int64_t c) __attribute__((always_inline)) {
        auto state = reduce.start_row(at_index + c);
        if constexpr (N > 0) {
          Vec<T> v[N];
          for (int t = 0; t < N; ++t) v[t] = Vec<T>::load(row[t] + at + c);
          reduce.template add_all<N>(state, v, taps);
        } else {
          for (int t = 0; t < count; ++t) reduce.add(state, Vec<T>::load(row[t] + at + c), taps[t], all);
        }
        reduce.template finish_row<Far>(state, at_y + c, at_index + c, divisor);
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
    auto* run = windows_of_rows<false, T, Op>;
    if constexpr (Op::streams)
      if (op.far) run = windows_of_rows<true, T, Op>;
    run(x, vx, h, v, place, windows, step, op);
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
    const auto load = [&](int64_t ky, int64_t kx) __attribute__((always_inline)) {
      const T* const from = at + ky * line + kx;
      return count == Vec<T>::size ? load_spread(from, width) : load_some(from, width, count);
    };
    auto state = reduce.start(place);
    if constexpr (Height > 0) {
      Vec<T> v[Height * Width];
      int64_t taps[Height * Width];
      for (int t = 0; t < Height * Width; ++t) v[t] = load(t / Width, t % Width), taps[t] = t;
      reduce.template add_all<Height * Width>(state, v, taps);
    } else {
      for (int64_t ky = 0; ky < height; ++ky)
        for (int64_t kx = 0; kx < width; ++kx) reduce.add(state, load(ky, kx), ky * width + kx, all);
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
        if (op.far) streamed();
      });
}

// Whether the results are larger than what caches keep for who reads them next.
bool is_far(const View& y) { return numel(y) * item_size(y.dtype) >= kFarBytes; }

template <template <class, class> class Op, class I>
void with_index(const View& x, const Window2d& w, const View& y, const View& index) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Op<T, I> op{data_as<T>(y), data_as<I>(index), lane_step(w, x, y, index, y),
                      lane_step(w, x, y, index, index), is_far(y)};
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
      for_windows<T>(x, w, y, y, Mean<T>{data_as<T>(y), lane_step(w, x, y, y, y), is_far(y), divisors});
    });
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
