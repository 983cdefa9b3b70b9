// Sums over the elements of a channel, for arrays (N, C, L) of any strides.
//
// Across: rows of neighbouring channels, one (n, l) after another. Along: lines of consecutive l, one channel
// after another. In a block, element (n, l) of a channel is added to its partial sum l mod 16, n by n, and
// the 16 partial sums are added as a binary tree: the two agree bit by bit.
#pragma once
#include "core/parallel.h"
#include "cpu/lines.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int kChains = 16;
constexpr int64_t kGroup = 64;   // channels of a row that are summed together: their sums stay in the cache
constexpr int64_t kPiece = 512;  // elements of a channel in a block: it is read twice, from the cache

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

// How a channel of N x L elements is cut into blocks of about kPiece.
struct ChannelBlocks {
  int64_t N, L, images, pieces, count;

  ChannelBlocks(int64_t n, int64_t l) : N(n), L(l) {
    pieces = (L + kPiece - 1) / kPiece;
    images = L >= kPiece ? 1 : kPiece / ((L + kChains - 1) / kChains * kChains);
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

// n elements p[0], p[step], … : in place where they are whole registers, else in the buffer, followed by
// zeros.
template <class T>
static inline const T* staged(const T* p, int64_t step, int64_t n, T* buffer) {
  if (step == 1 && n % Vec<T>::size == 0) return p;
  int64_t i = 0;
  for (; i < n; ++i) buffer[i] = p[i * step];
  for (; i % Vec<T>::size != 0; ++i) buffer[i] = T(0);
  return buffer;
}

// total[k][i] = sum over the block of term k for channel c + i; term(values of the I operands, centre).
template <int I, int K, class T, class Term>
static void sum_across(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t c, int64_t count,
                       const T* centre, Term&& term, T (&total)[K][kGroup]) {
  constexpr int W = Vec<T>::size;
  const int64_t width = (count + W - 1) / W * W;
  T part[kChains][K][kGroup], buffers[I][kGroup];
  const int chains = int(b.l1 - b.l0 < kChains ? b.l1 - b.l0 : kChains);
  for (int j = 0; j < chains; ++j)
    for (int k = 0; k < K; ++k)
      for (int64_t i = 0; i < width; ++i) part[j][k][i] = T(0);
  for (int64_t n = b.n0; n < b.n1; ++n)
    for (int64_t l = b.l0; l < b.l1; ++l) {
      const T* row[I];
      for (int k = 0; k < I; ++k)
        row[k] = staged(in[k].p + n * in[k].n + c * in[k].c + l * in[k].l, in[k].c, count, buffers[k]);
      auto& sums = part[l % kChains];
      for (int64_t i = 0; i < width; i += W) {
        Vec<T> v[I];
        for (int k = 0; k < I; ++k) v[k] = Vec<T>::load(row[k] + i);
        const Pack<T, K> one = term(v, Vec<T>::load(centre + i));
        for (int k = 0; k < K; ++k) (Vec<T>::load(sums[k] + i) + one.v[k]).store(sums[k] + i);
      }
    }
  for (int half = kChains / 2; half > 0; half /= 2)
    for (int j = 0; j < half && j + half < chains; ++j)
      for (int k = 0; k < K; ++k)
        for (int64_t i = 0; i < width; ++i) part[j][k][i] += part[j + half][k][i];
  for (int k = 0; k < K; ++k)
    for (int64_t i = 0; i < width; ++i) total[k][i] = part[0][k][i];
}

// The same of channel c alone, in total[k].
template <int I, int K, class T, class Term>
static void sum_along(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t c, T centre,
                      Term&& term, T (&total)[K]) {
  using V = Vec<T>;
  constexpr int W = V::size, R = kChains / W;
  V part[K][R];
  for (auto& sums : part)
    for (V& v : sums) v = V(T(0));
  const auto add = [&](const T* const(&at)[I], int r, auto&& within) {
    V v[I];
    for (int k = 0; k < I; ++k) v[k] = V::load(at[k] + r * W);
    const Pack<T, K> one = term(v, V(centre));
    for (int k = 0; k < K; ++k) part[k][r] += within(one.v[k]);
  };
  T buffers[I][kChains];
  for (int64_t n = b.n0; n < b.n1; ++n) {
    const T* line[I];
    bool unit = true;
    for (int k = 0; k < I; ++k) {
      line[k] = in[k].p + n * in[k].n + c * in[k].c + b.l0 * in[k].l;
      unit &= in[k].l == 1;
    }
    int64_t left = b.l1 - b.l0;
    for (; unit && left >= kChains; left -= kChains) {
      for (int r = 0; r < R; ++r) add(line, r, [](V v) { return v; });
      for (int k = 0; k < I; ++k) line[k] += kChains;
    }
    for (; left > 0; left -= kChains) {
      const T* at[I];
      for (int k = 0; k < I; ++k) {
        at[k] = staged(line[k], in[k].l, left < kChains ? left : kChains, buffers[k]);
        line[k] += kChains * in[k].l;
      }
      for (int r = 0; r < R && r * W < left; ++r)
        add(at, r, [&](V v) { return select(lanes_below<T>(left - r * W), v, V(T(0))); });
    }
  }
  for (int k = 0; k < K; ++k) {
    for (int half = R / 2; half > 0; half /= 2)
      for (int r = 0; r < half; ++r) part[k][r] += part[k][r + half];
    total[k] = sum_lanes(part[k][0]);
  }
}

// body(block, first channel, count): count is 1 unless `across`. Cut by shape alone.
template <class Body>
static void for_channel_blocks(bool across, const ChannelBlocks& blocks, int64_t C, Body&& body) {
  const int64_t groups = (C + kGroup - 1) / kGroup;
  const int64_t work = kGroup * (blocks.count > 0 ? blocks[0].size() : 1);
  parallel_ranges(blocks.count * groups, 1 + kGrain / 2 / work, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t first = item % groups * kGroup, last = first + kGroup < C ? first + kGroup : C;
      if (across) body(item / groups, first, last - first);
      for (int64_t c = first; c < last && !across; ++c) body(item / groups, c, 1);
    }
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
