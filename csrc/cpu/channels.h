// Sums over the elements of a channel and maps over all of them, for arrays (N, C, L) of any strides.
//
// Along: a vector holds W consecutive l of one channel. Across: it holds one l of W consecutive channels. In
// a block, element (n, l) of a channel is added to its partial sum l mod W, n by n, and the W partial sums
// are added as a binary tree: the two agree bit by bit.
#pragma once
#include "cpu/lines.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// One operand, and how it is walked.
template <class T>
struct Channels {
  T* p;
  int64_t n, c, l;  // strides

  explicit Channels(const View& v) : p(data_as<T>(v)), n(v.strides[0]), c(v.strides[1]), l(v.strides[2]) {}
};

static inline bool channels_across(const View& x) {
  if (x.shape[2] == 1) return true;
  return x.strides[1] == 1 && x.shape[1] > 1;
}

// A run of images, or a piece of one, that is summed as one leaf.
struct ChannelBlock {
  int64_t n0, n1, l0, l1;
  int64_t size() const { return (n1 - n0) * (l1 - l0); }
};

constexpr int64_t kPiece = 1024;

// How a channel of N x L elements is cut into blocks of about kPiece.
struct ChannelBlocks {
  int64_t N, L, images, pieces, count;

  ChannelBlocks(int64_t n, int64_t l) : N(n), L(l) {
    pieces = (L + kPiece - 1) / kPiece;
    images = L >= kPiece ? 1 : kPiece / ((L + 15) / 16 * 16);
    count = (N + images - 1) / images * pieces;
  }
  ChannelBlock operator[](int64_t b) const {
    const int64_t n = b / pieces * images, l = b % pieces * kPiece;
    return {n, n + images < N ? n + images : N, l, l + kPiece < L ? l + kPiece : L};
  }
  // Elements before block b.
  int64_t before(int64_t b) const {
    if (b >= count) return N * L;
    return b / pieces * images * L + b % pieces * kPiece;
  }
};

template <class T, int K>
struct Pack {
  Vec<T> v[K];
};

// Channel c alone.
template <class T>
struct AlongChannel {
  using V = Vec<T>;
  static constexpr int W = V::size;
  int64_t c;

  int results() const { return 1; }
  V parameter(const T* p) const { return V(p[c]); }
  V get(const Channels<const T>& x, int64_t n, int64_t l, int count, V fill) const {
    return fetch_lanes(x.p + n * x.n + c * x.c + l * x.l, x.l, count, T(fill.v[0]));
  }
  // term(n, l, lanes) is 0 beyond the lanes.
  template <int K, class Term>
  Pack<T, K> sums(const ChannelBlock& b, Term&& term) const {
    Pack<T, K> total;
    for (V& v : total.v) v = V(T(0));
    for (int64_t n = b.n0; n < b.n1; ++n)
      for (int64_t l = b.l0; l < b.l1; l += W) {
        const Pack<T, K> one = term(n, l, b.l1 - l < W ? int(b.l1 - l) : W);
        for (int k = 0; k < K; ++k) total.v[k] += one.v[k];
      }
    for (V& v : total.v) v = V(sum_lanes(v));
    return total;
  }
};

// `count` channels from c on.
template <class T>
struct AcrossChannels {
  using V = Vec<T>;
  static constexpr int W = V::size;
  int64_t c;
  int count;

  int results() const { return count; }
  V parameter(const T* p) const { return fetch_lanes(p + c, 1, count, T(0)); }
  V get(const Channels<const T>& x, int64_t n, int64_t l, int, V) const {
    return fetch_lanes(x.p + n * x.n + c * x.c + l * x.l, x.c, count, T(0));
  }
  template <int K, class Term>
  Pack<T, K> sums(const ChannelBlock& b, Term&& term) const {
    Pack<T, K> part[W];
    for (auto& p : part)
      for (V& v : p.v) v = V(T(0));
    const auto add = [&](int j, int64_t n, int64_t l) {
      const Pack<T, K> one = term(n, l, count);
      for (int k = 0; k < K; ++k) part[j].v[k] += one.v[k];
    };
    for (int64_t n = b.n0; n < b.n1; ++n) {
      int64_t l = b.l0;
      for (; l + W <= b.l1; l += W)
        for (int j = 0; j < W; ++j) add(j, n, l + j);
      for (int j = 0; l < b.l1; ++j, ++l) add(j, n, l);
    }
    for (int half = W / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j)
        for (int k = 0; k < K; ++k) part[j].v[k] += part[j + half].v[k];
    return part[0];
  }
};

// body(model, block index) for every block of every channel; `across` decides the model.
template <class T, class Body>
void for_channel_blocks(bool across, int64_t C, int64_t blocks, Body&& body) {
  constexpr int W = Vec<T>::size;
  const int64_t group = across ? 64 : 16;  // channels of one item
  const int64_t groups = (C + group - 1) / group;
  parallel(blocks * groups, [&](int64_t item) {
    const int64_t block = item / groups, begin = item % groups * group;
    const int64_t end = begin + group < C ? begin + group : C;
    for (int64_t c = begin; c < end; c += across ? W : 1) {
      if (across) {
        body(AcrossChannels<T>{c, end - c < W ? int(end - c) : W}, block);
      } else {
        body(AlongChannel<T>{c}, block);
      }
    }
  });
}

// out = f(in[0] … in[I-1], parameter[0] … parameter[P-1]) at every element.
template <class T, int I, int P, class F>
void map_channels(const View* const (&in)[I], const View* const (&parameters)[P], const View& out, F&& f) {
  constexpr int W = Vec<T>::size;
  const bool across = channels_across(*in[0]);
  const int64_t C = out.shape[1], L = out.shape[2];
  const int line = across ? 1 : 2, other = across ? 2 : 1;  // the dimension of the inner loop
  const int64_t length = out.shape[line], rows = out.shape[0] * out.shape[other];
  if (C == 0 || L == 0) return;
  parallel_ranges(rows, 1 + kGrain / length, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / out.shape[other], o = row % out.shape[other];
      const auto at = [&](const View& v) { return data_as<T>(v) + n * v.strides[0] + o * v.strides[other]; };
      const T* x[I];
      for (int k = 0; k < I; ++k) x[k] = at(*in[k]);
      T* y = at(out);
      Vec<T> p[P], v[I];
      for (int k = 0; k < P; ++k) p[k] = Vec<T>(data_as<T>(*parameters[k])[across ? 0 : o]);
      for (int64_t i = 0; i < length; i += W) {
        const int lanes = length - i < W ? int(length - i) : W;
        for (int k = 0; k < P && across; ++k)
          p[k] = fetch_lanes(data_as<T>(*parameters[k]) + i, 1, lanes, T(0));
        for (int k = 0; k < I; ++k) {
          const int64_t step = in[k]->strides[line];
          v[k] = fetch_lanes(x[k] + i * step, step, lanes, T(0));
        }
        put_lanes(y + i * out.strides[line], out.strides[line], lanes, f(v, p));
      }
    }
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
