// The way back of pooling: what every element gets from the windows that hold it.
#include "core/copy.h"
#include "core/dispatch.h"
#include "cpu/pool/divisors.h"
#include "cpu/pool/pool.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// Every element of dx gathers from the windows that hold it, in the order of the windows: no two threads
// write to one place and nothing is added twice. Lanes are W channels, or W elements of a row that lie a
// stride apart, whose windows are then neighbours.
//
// A Source gives what W windows send: load(offset of lane 0 in g and in index, oh, ow, lanes), or, of W
// neighbouring channels of one window, load_row(where they lie in g, offset in index, divisor(oh, ow)); and
// of what it gave, what is for one tap: at(loaded, tap), 0 in lanes that do not count. `g` is where the first
// window's lies.
template <class T, class I>
struct Picked {
  using V = Vec<T>;
  const T* g;
  const I* index;
  int64_t g_step, index_step;

  struct Loaded {
    V value;
    typename V::bits taken;
  };
  Loaded load(int64_t at_g, int64_t at_index, int64_t, int64_t, Range lanes) const {
    return {fetch_range(g, at_g, g_step, lanes), fetch_taps<T>(index, at_index, index_step, lanes)};
  }
  Loaded load_row(const T* from, int64_t at_index, T) const {
    return {V::load(from), fetch_taps<T>(index, at_index, 1, {0, V::size})};
  }
  T divisor(int64_t, int64_t) const { return T(1); }
  V at(const Loaded& loaded, int64_t tap) const {
    return select(loaded.taken == typename V::integer(tap), loaded.value, V(T(0)));
  }
};

template <class T>
struct Shared {
  using V = Vec<T>;
  using Loaded = V;
  const T* g;
  int64_t g_step;
  PoolDivisors<T> divisors;

  V load(int64_t at_g, int64_t, int64_t oh, int64_t ow, Range lanes) const {
    const V share = divisors.divide(fetch_range(g, at_g, g_step, lanes), oh, ow, lanes);
    return full<T>(lanes) ? share : select(lane_mask<T>(lanes), share, V(T(0)));
  }
  V load_row(const T* from, int64_t, T divisor) const { return divisors.divide(V::load(from), V(divisor)); }
  T divisor(int64_t oh, int64_t ow) const { return divisors.of_window(oh, ow); }
  V at(V share, int64_t) const { return share; }
};

// Where the windows' side lies: strides of g and of index.
struct Sides {
  const View &g, &index;
  int64_t at_g(int64_t oh, int64_t ow) const { return oh * g.strides[2] + ow * g.strides[3]; }
  int64_t at_index(int64_t oh, int64_t ow) const { return oh * index.strides[2] + ow * index.strides[3]; }
};

// What window (oh, ow) sends to its tap, in all channels of dx: instead of what is there, or added to it.
template <class T, class Source>
void add_window(const Source& source, const Sides& side, int64_t oh, int64_t ow, int64_t tap,
                const int64_t (&image)[2], T* dx, const View& vdx, bool first) {
  constexpr int W = Vec<T>::size;
  const int64_t at_g = image[0] + side.at_g(oh, ow), at_index = image[1] + side.at_index(oh, ow);
  const int64_t g_step = side.g.strides[1], index_step = side.index.strides[1], step = vdx.strides[1];
  for (int64_t c = 0; c < vdx.shape[1]; c += W) {
    const int count = vdx.shape[1] - c < W ? int(vdx.shape[1] - c) : W;
    const auto loaded = source.load(at_g + c * g_step, at_index + c * index_step, oh, ow, {0, count});
    const Vec<T> before = first ? Vec<T>(T(0)) : fetch_lanes(dx + c * step, step, count, T(0));
    put_lanes(dx + c * step, step, count, before + source.at(loaded, tap));
  }
}

// All channels of element (i, j); offsets are those of its image.
template <class T, class Source>
void element_across(const Source& source, const Sides& side, const PoolAxis& h, const PoolAxis& v, int64_t i,
                    int64_t j, const int64_t (&image)[2], T* dx, const View& vdx) {
  const Range ohs = h.windows(i), ows = v.windows(j);
  bool first = true;
  for (int64_t oh = ohs.begin; oh < ohs.end; ++oh) {
    const int64_t ky = h.tap(i, oh);
    for (int64_t ow = ows.begin; ow < ows.end && ky >= 0; ++ow) {
      const int64_t kx = v.tap(j, ow);
      if (kx < 0) continue;
      add_window(source, side, oh, ow, ky * v.kernel + kx, image, dx, vdx, first);
      first = false;
    }
  }
  for (int64_t c = 0; c < vdx.shape[1] && first; ++c) dx[c * vdx.strides[1]] = T(0);
}

// What a window sends to one element, as a row of channels.
template <class T>
struct WindowRow {
  const T* g;
  int64_t index, tap;
  T divisor;
};

// The same where there are W channels or more, one after another in memory, and few windows hold an element.
template <class T, class Source>
void element_of_rows(const Source& source, const Sides& side, const PoolAxis& h, const PoolAxis& v, int64_t i,
                     int64_t j, Range ohs, Range ows, const int64_t (&image)[2], T* dx, int64_t C) {
  WindowRow<T> rows[kMostRows];
  int count = 0;
  for (int64_t oh = ohs.begin; oh < ohs.end; ++oh)
    for (int64_t ow = ows.begin; ow < ows.end; ++ow) {
      const int64_t ky = h.tap(i, oh), kx = v.tap(j, ow);
      if (ky < 0 || kx < 0) continue;
      rows[count++] = {source.g + image[0] + side.at_g(oh, ow), image[1] + side.at_index(oh, ow),
                       ky * v.kernel + kx, source.divisor(oh, ow)};
    }
  with_count(count, [&](auto known) {
    constexpr int N = decltype(known)::value;
    const Source from = source;  // copies of what no store can change
    WindowRow<T> row[N > 0 ? N : kMostRows];
    for (int q = 0; q < (N > 0 ? N : count); ++q) row[q] = rows[q];
    for_whole_registers<T>(C, [&](int64_t c) __attribute__((always_inline)) {
      Vec<T> total(T(0));
      for (int q = 0; q < (N > 0 ? N : count); ++q)
        total += from.at(from.load_row(row[q].g + c, row[q].index + c, row[q].divisor), row[q].tap);
      total.store(dx + c);
    });
  });
}

template <class T>
bool few_rows(const Window2d& w, const View& g, const View& index, const View& dx) {
  return ceil_quotient(w.kernel[0], w.stride[0]) * ceil_quotient(w.kernel[1], w.stride[1]) <= kMostRows &&
         dx.shape[1] >= Vec<T>::size && g.strides[1] == 1 && index.strides[1] == 1;
}

template <class T, class Source>
void scatter_rows(const Source& source, const View& g, const View& index, const Window2d& w, const View& dx) {
  const PoolAxis h(w, dx, g, 0), v(w, dx, g, 1);
  const Sides side{g, index};
  const int64_t C = dx.shape[1];
  with_scratch<Range>(v.in, [&](Range* ows) {
    for (int64_t j = 0; j < v.in; ++j) ows[j] = v.windows(j);
    parallel_ranges(dx.shape[0] * h.in, 1 + kGrain / 2 / (v.in * C), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t n = row / h.in, i = row % h.in, at[2] = {n * g.strides[0], n * index.strides[0]};
        const Range ohs = h.windows(i);
        T* p = data_as<T>(dx) + n * dx.strides[0] + i * dx.strides[2];
        for (int64_t j = 0; j < v.in; ++j, p += dx.strides[3])
          element_of_rows(source, side, h, v, i, j, ohs, ows[j], at, p, C);
      }
    });
  });
}

// Elements phase + stride * (j0 + lane) of row i: window j0 + lane + shift holds them at one tap.
template <class T, class Source>
Vec<T> gather_phase(const Source& source, const Sides& side, const PoolAxis& h, const PoolAxis& v, int64_t i,
                    int64_t phase, int64_t j0, int count, const int64_t (&plane)[2]) {
  Vec<T> total(T(0));
  const Range ohs = h.windows(i);
  const int64_t reach = phase + v.padding, last = reach / v.stride;
  const int64_t first = ceil_quotient(reach - (v.kernel - 1) * v.dilation, v.stride);
  for (int64_t oh = ohs.begin; oh < ohs.end; ++oh) {
    const int64_t ky = h.tap(i, oh);
    if (ky < 0) continue;
    for (int64_t shift = first; shift <= last; ++shift) {
      const int64_t kx = v.tap(phase, shift);
      if (kx < 0) continue;
      const int64_t ow = j0 + shift;
      const Range lanes = lanes_within(ow, 1, v.out, count);
      if (lanes.begin >= lanes.end) continue;
      const auto loaded =
          source.load(plane[0] + side.at_g(oh, ow), plane[1] + side.at_index(oh, ow), oh, ow, lanes);
      total += source.at(loaded, ky * v.kernel + kx);
    }
  }
  return total;
}

template <class T, class Source>
void row_along(const Source& source, const Sides& side, const PoolAxis& h, const PoolAxis& v, int64_t i,
               const int64_t (&plane)[2], T* dx, int64_t step) {
  constexpr int W = Vec<T>::size;
  const int64_t phases = v.stride < v.in ? v.stride : v.in;
  for (int64_t j0 = 0; j0 * v.stride < v.in; j0 += W) {
    Vec<T> even;
    for (int64_t phase = 0; phase < phases; ++phase) {
      const int64_t first = phase + j0 * v.stride;
      const Range lanes = lanes_within(first, v.stride, v.in, W);
      const Vec<T> total = gather_phase<T>(source, side, h, v, i, phase, j0, int(lanes.end), plane);
      const bool pairs = v.stride == 2 && step == 1 && first - phase + 2 * W <= v.in;
      if (pairs && phase == 0) {
        even = total;
      } else if (pairs) {
        store_interleaved(dx + first - 1, even, total);
      } else {
        put_lanes(dx + first * step, v.stride * step, int(lanes.end), total);
      }
    }
  }
}

// All windows, where they tile the image: to where they lie, …
template <class T, class Source>
void scatter_tile_rows(const PoolTiles& tiles, const Source& source, T* dx) {
  const int64_t width = tiles.width, line = tiles.length * width;
  tiles.run_rows<T>(dx, [&](int64_t first, T* at, int count) {
    const Source from = source;  // copies of what no store can change
    const auto loaded = from.load(first, first, 0, 0, {0, count});
    for (int64_t ky = 0; ky < tiles.height; ++ky)
      store_taps<T>(at + ky * line, width, count,
                    [&](int64_t kx) { return Vec<T>(T(0)) + from.at(loaded, ky * width + kx); });
  });
}

// … or by way of a copy of their rows.
template <class T, class Source>
void scatter_tiles(const PoolTiles& tiles, const Source& source, T* dx) {
  constexpr int W = Vec<T>::size;
  if (tiles.in_place<T>()) return scatter_tile_rows<T>(tiles, source, dx);
  const int64_t line = tiles.batch<T>() * tiles.width;
  tiles.run<T>([&](int64_t first, int64_t count) {
    alignas(64) T packed[PoolTiles::most_elements];
    for (int64_t o = 0; o < count; o += W) {
      const auto loaded = source.load(first + o, first + o, 0, 0, {0, count - o < W ? count - o : W});
      for (int64_t ky = 0; ky < tiles.height; ++ky)
        store_taps<T>(packed + ky * line + o * tiles.width, tiles.width, Vec<T>::size,
                      [&](int64_t kx) { return Vec<T>(T(0)) + source.at(loaded, ky * tiles.width + kx); });
    }
    for (int64_t ky = 0; ky < tiles.height; ++ky)
      tiles.copy_rows<false>(dx, packed + ky * line, first, count, ky);
  });
}

// A row of windows that tile it, where there are W channels or more, one after another in memory.
template <class T, class Source>
void tile_row_of_rows(const Source& source, const Sides& side, const Window2d& w, int64_t oh,
                      const int64_t (&image)[2], T* dx, const View& vdx) {
  const int64_t width = w.kernel[1], taps = w.kernel[0] * width, C = vdx.shape[1];
  int64_t to[kMostRows];  // where the taps of the first window go
  for (int64_t t = 0; t < taps; ++t)
    to[t] = (oh * w.kernel[0] + t / width) * vdx.strides[2] + t % width * vdx.strides[3];
  with_count(int(taps), [&](auto known) {
    constexpr int N = decltype(known)::value;
    const Source from = source;  // copies of what no store can change
    int64_t row[N > 0 ? N : kMostRows];
    for (int t = 0; t < (N > 0 ? N : taps); ++t) row[t] = to[t];
    for (int64_t ow = 0; ow < side.g.shape[3]; ++ow) {
      const int64_t at_g = image[0] + side.at_g(oh, ow), at_index = image[1] + side.at_index(oh, ow);
      T* const p = dx + ow * width * vdx.strides[3];
      const T divisor = from.divisor(oh, ow);
      for_whole_registers<T>(C, [&](int64_t c) __attribute__((always_inline)) {
        const auto loaded = from.load_row(from.g + at_g + c, at_index + c, divisor);
        for (int t = 0; t < (N > 0 ? N : taps); ++t)
          (Vec<T>(T(0)) + from.at(loaded, t)).store(p + row[t] + c);
      });
    }
  });
}

// The same of few channels, or channels in any memory: what a window sends goes to all its elements at once.
// A vector of fewer channels than lanes is stored whole where the elements after it in the row are yet to
// come.
template <class T, class Source>
void tile_row_across(const Source& source, const Sides& side, const Window2d& w, int64_t oh,
                     const int64_t (&image)[2], T* dx, const View& vdx) {
  constexpr int W = Vec<T>::size;
  const int64_t C = vdx.shape[1], step = vdx.strides[1], room = vdx.strides[3] == C ? vdx.shape[3] * C : 0;
  for (int64_t ow = 0; ow < side.g.shape[3]; ++ow)
    for (int64_t next = 0; next < C; next += W) {
      const int64_t c = next + W > C && C >= W ? C - W : next;
      const int count = C < W ? int(C) : W;
      const int64_t at_g = image[0] + side.at_g(oh, ow), at_index = image[1] + side.at_index(oh, ow);
      const auto loaded =
          source.load(at_g + c * side.g.strides[1], at_index + c * side.index.strides[1], oh, ow, {0, count});
      for (int64_t tap = 0, ky = 0; ky < w.kernel[0]; ++ky)
        for (int64_t j = ow * w.kernel[1], kx = 0; kx < w.kernel[1]; ++kx, ++j, ++tap) {
          const bool whole = step == 1 && j * C + W <= room;
          put_lanes(dx + (oh * w.kernel[0] + ky) * vdx.strides[2] + j * vdx.strides[3] + c * step, step,
                    whole ? W : count, Vec<T>(T(0)) + source.at(loaded, tap));
        }
    }
}

template <class T, class Source>
void scatter_tiles_across(const Source& source, const View& g, const View& index, const Window2d& w,
                          const View& dx) {
  const Sides side{g, index};
  const int64_t OH = g.shape[2];
  const bool rows =
      dx.strides[1] == 1 && w.kernel[0] * w.kernel[1] <= kMostRows && few_rows<T>(w, g, index, dx);
  parallel_ranges(g.shape[0] * OH, 1 + kGrain / (dx.shape[1] * dx.shape[3] * w.kernel[0]),
                  [&](int64_t begin, int64_t end) {
                    for (int64_t row = begin; row < end; ++row) {
                      const int64_t n = row / OH, at[2] = {n * g.strides[0], n * index.strides[0]};
                      T* const p = data_as<T>(dx) + n * dx.strides[0];
                      (rows ? tile_row_of_rows<T, Source> : tile_row_across<T, Source>)(source, side, w,
                                                                                        row % OH, at, p, dx);
                    }
                  });
}

template <class T, class Source>
void scatter(const Source& source, const View& g, const View& index, const Window2d& w, const View& dx) {
  if (PoolTiles::fit(w, dx, g, index)) return scatter_tiles(PoolTiles(w, g), source, data_as<T>(dx));
  const bool across = pool_across(dx);
  if (across && PoolTiles::cover(w, dx, g)) return scatter_tiles_across<T>(source, g, index, w, dx);
  if (across && few_rows<T>(w, g, index, dx)) return scatter_rows<T>(source, g, index, w, dx);
  const PoolAxis h(w, dx, g, 0), v(w, dx, g, 1);
  const Sides side{g, index};
  const int64_t C = dx.shape[1], length = v.in * (across ? C : 1);
  parallel_ranges(dx.shape[0] * h.in * (across ? 1 : C), 1 + kGrain / 4 / length,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t row = begin; row < end; ++row) {
                      const int64_t i = row % h.in, plane = row / h.in;
                      const int64_t n = across ? plane : plane / C, c = across ? 0 : plane % C;
                      const auto start = [&](const View& a) { return n * a.strides[0] + c * a.strides[1]; };
                      const int64_t at[2] = {start(g), start(index)};
                      T* p = data_as<T>(dx) + start(dx) + i * dx.strides[2];
                      if (!across) row_along(source, side, h, v, i, at, p, dx.strides[3]);
                      for (int64_t j = 0; j < v.in && across; ++j)
                        element_across(source, side, h, v, i, j, at, p + j * dx.strides[3], dx);
                    }
                  });
}

// body(g) with what the windows send as dx lies, where that is channels last: vectors run along these.
template <class T, class Body>
void with_channels_as(const View& dx, const View& g, Body&& body) {
  if (dx.strides[1] != 1 || g.strides[1] == 1 || g.shape[1] < Vec<T>::size) return body(g);
  with_dense_copy<T>(g, true, body);
}

template <class I>
void max_scatter(const View& g, const View& index, const Window2d& w, const View& dx) {
  dispatch_float(g.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_channels_as<T>(dx, g, [&](const View& sent) {
      const Picked<T, I> source{data_as<T>(sent), data_as<I>(index), lane_step(w, dx, sent, index, sent),
                                lane_step(w, dx, sent, index, index)};
      scatter<T>(source, sent, index, w, dx);
    });
  });
}

}  // namespace

void pool_max_scatter(const View& g, const View& index, const Window2d& w, const View& dx) {
  (index.dtype == DType::u8 ? max_scatter<uint8_t> : max_scatter<int64_t>)(g, index, w, dx);
}

void pool_mean_scatter(const View& g, const Window2d& w, const PoolDivisor& divisor, const View& dx) {
  dispatch_float(g.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_divisors<T>(dx, w, divisor, g, [&](const PoolDivisors<T>& divisors) {
      with_channels_as<T>(dx, g, [&](const View& sent) {
        const Shared<T> source{data_as<T>(sent), lane_step(w, dx, sent, sent, sent), divisors};
        scatter<T>(source, sent, sent, w, dx);
      });
    });
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
