// Sums over the elements of a channel, for arrays (N, C, L) of any strides.
//
// Across: rows of neighbouring channels, one (n, l) after another. Along: lines of consecutive l, one channel
// after another. In a block, element (n, l) of a channel is added to its partial sum l mod 16, n by n, and
// the 16 partial sums are added as a binary tree: the two agree bit by bit.
#pragma once
#include "core/parallel.h"
#include "cpu/reduce/along_dim.h"

namespace pydl {
namespace PYDL_ISA {

// A run of images, or a piece of one, that is summed as one leaf.
struct ChannelBlock {
  int64_t n0, n1, l0, l1;
  int64_t size() const { return (n1 - n0) * (l1 - l0); }
};

namespace {

constexpr int kChains = 16;
constexpr int64_t kGroup = 64;  // channels of a row that are summed together: their sums stay in the cache
constexpr int64_t kNearRows =
    1024;  // bytes: of rows further apart a few lines fall into the same sets of a cache
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

// The sums of all C channels, at most kGroup, where their rows follow one another in each image: 16 rows are
// as one, and so are the partial sums. Otherwise as sum_across.
template <int I, int K, class T, class Term>
static void sum_rows_together(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t C,
                              const T* centre, Term&& term, T (&total)[K][kGroup]) {
  using V = Vec<T>;
  constexpr int W = V::size;
  constexpr int64_t room = kChains * kGroup + W;
  const int64_t L = b.l1 - b.l0, chains = L < kChains ? L : kChains, length = chains * C;
  T part[K][room], centres[room];
  for (int64_t j = 0; j < chains; ++j) std::memcpy(centres + j * C, centre, C * sizeof(T));
  for (int k = 0; k < K; ++k)
    for (int64_t i = 0; i < length + W; i += W) V(T(0)).store(part[k] + (i < length ? i : length));
  const auto add = [&](const V(&v)[I], int64_t i, int64_t lanes) {
    V sums[K];
    for (int k = 0; k < K; ++k) sums[k] = V::load(part[k] + i);
    term(v, V::load(centres + i), sums);
    for (int k = 0; k < K; ++k)
      (lanes == W ? sums[k] : select(lanes_below<T>(lanes), sums[k], V::load(part[k] + i)))
          .store(part[k] + i);
  };
  for (int64_t n = b.n0; n < b.n1; ++n)
    for (int64_t l = 0; l < L; l += kChains) {
      const T* at[I];
      for (int k = 0; k < I; ++k) at[k] = in[k].p + n * in[k].n + (b.l0 + l) * C;
      const int64_t count = (L - l < kChains ? L - l : kChains) * C;
      V v[I];
      int64_t i = 0;
      for (; i + W <= count; i += W) {
        for (int k = 0; k < I; ++k) v[k] = V::load(at[k] + i);
        add(v, i, W);
      }
      if (i == count) continue;
      for (int k = 0; k < I; ++k) v[k] = fetch_lanes(at[k] + i, 1, int(count - i), T(0));
      add(v, i, count - i);
    }
  // A vector may run on into sums that are not needed any more.
  for (int64_t half = kChains / 2; half > 0; half /= 2)
    for (int k = 0; k < K; ++k)
      for (int64_t i = 0; i < half * C && i + half * C < length; i += W)
        (V::load(part[k] + i) + V::load(part[k] + i + half * C)).store(part[k] + i);
  for (int k = 0; k < K; ++k) std::memcpy(total[k], part[k], C * sizeof(T));
}

// Chains [first, first + Some) of a register of neighbouring channels: the partial sums stay in registers.
template <int Some, int I, int K, class T, class Term>
[[gnu::always_inline]] static inline void sum_chains(const Channels<const T> (&in)[I], const ChannelBlock& b,
                                                     int64_t c, int64_t first, int lanes, Vec<T> centre,
                                                     Term&& term, Vec<T> (&sums)[Some][K]) {
  using V = Vec<T>;
  constexpr bool masks_cost_nothing = sizeof(V) == 64;
  const int64_t L = b.l1 - b.l0;
  const auto inside = lanes_below<T>(lanes);
  const T* image[I];
  for (int k = 0; k < I; ++k) image[k] = in[k].p + b.n0 * in[k].n + c + (b.l0 + first) * in[k].l;
  for (auto& chain : sums)
    for (V& v : chain) v = V(T(0));
  for (int64_t n = b.n0; n < b.n1; ++n) {
    const T* at[I];
    for (int k = 0; k < I; ++k) at[k] = image[k];
    const auto add = [&](int j) __attribute__((always_inline)) {
      V v[I];
      for (int k = 0; k < I; ++k) {
        v[k] = masks_cost_nothing || lanes < V::size ? load_masked(at[k], inside) : V::load(at[k]);
        at[k] += in[k].l;
      }
      term(v, centre, sums[j]);
    };
    int64_t l = first;
    for (; l + Some <= L; l += kChains) {
#pragma GCC unroll 16
      for (int j = 0; j < Some; ++j) add(j);
      for (int k = 0; k < I; ++k) at[k] += (kChains - Some) * in[k].l;
    }
#pragma GCC unroll 16
    for (int j = 0; j < Some - 1; ++j)
      if (j < L - l) add(j);
    for (int k = 0; k < I; ++k) image[k] += in[k].n;
  }
}

// The sums of `lanes` channels from c on.
template <int I, int K, class T, class Term>
[[gnu::noinline]] static void sum_register(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t c,
                                           int lanes, Vec<T> centre, Term&& term, Vec<T> (&total)[K]) {
  constexpr int at_once = kChains / 2;  // that registers hold
  Vec<T> sums[kChains / at_once][at_once][K];
  for (int first = 0; first < kChains; first += at_once)
    sum_chains<at_once>(in, b, c, first, lanes, centre, term, sums[first / at_once]);
  for (int k = 0; k < K; ++k) {
    const auto chain = [&](int j) -> Vec<T>& { return sums[j / at_once][j % at_once][k]; };
#pragma GCC unroll 4
    for (int half = kChains / 2; half > 0; half /= 2)
#pragma GCC unroll 8
      for (int j = 0; j < half; ++j) chain(j) += chain(j + half);
    total[k] = chain(0);
  }
}

// total[k][i] = sum k over the block of channel c + i; term(values of the I operands, centre, sums) adds to
// its K sums.
template <int I, int K, class T, class Term>
static void sum_across(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t c, int64_t count,
                       const T* centre, Term&& term, T (&total)[K][kGroup]) {
  using V = Vec<T>;
  constexpr int W = V::size;
  bool together = c == 0;
  for (int k = 0; k < I; ++k) together &= in[k].c == 1 && in[k].l == count;
  if (together) return sum_rows_together(in, b, count, centre, term, total);
  bool side_by_side = sizeof(T) == 4;  // there is code for floats alone
  for (int k = 0; k < I; ++k) side_by_side &= in[k].c == 1 && in[k].l * int64_t(sizeof(T)) <= kNearRows;
  if constexpr (sizeof(T) == 4)
    if (side_by_side) {
      for (int64_t i = 0; i < count; i += W) {
        V sums[K];
        sum_register(in, b, c + i, count - i < W ? int(count - i) : W, V::load(centre + i), term, sums);
        for (int k = 0; k < K; ++k) sums[k].store(total[k] + i);
      }
      return;
    }
  const int64_t width = (count + W - 1) / W * W, L = b.l1 - b.l0;
  T part[kChains][K][kGroup], buffers[I][kGroup];
  const int chains = int(L < kChains ? L : kChains);
  for (int j = 0; j < chains; ++j)
    for (int k = 0; k < K; ++k)
      for (int64_t i = 0; i < width; i += W) V(T(0)).store(part[j][k] + i);
  for (int64_t n = b.n0; n < b.n1; ++n) {
    const T *at[I], *row[I];
    for (int k = 0; k < I; ++k) at[k] = in[k].p + n * in[k].n + c * in[k].c + b.l0 * in[k].l;
    for (int64_t l = 0; l < L; ++l) {
      T(&sums)[K][kGroup] = part[l % kChains];
      for (int k = 0; k < I; ++k) {
        row[k] = staged(at[k], in[k].c, count, buffers[k]);
        at[k] += in[k].l;
      }
      for (int64_t i = 0; i < width; i += W) {
        V v[I], add[K];
        for (int k = 0; k < I; ++k) v[k] = V::load(row[k] + i);
        for (int k = 0; k < K; ++k) add[k] = V::load(sums[k] + i);
        term(v, V::load(centre + i), add);
        for (int k = 0; k < K; ++k) add[k].store(sums[k] + i);
      }
    }
  }
  for (int half = kChains / 2; half > 0; half /= 2)
    for (int j = 0; j < half && j + half < chains; ++j)
      for (int k = 0; k < K; ++k)
        for (int64_t i = 0; i < width; i += W)
          (V::load(part[j][k] + i) + V::load(part[j + half][k] + i)).store(part[j][k] + i);
  for (int k = 0; k < K; ++k)
    for (int64_t i = 0; i < width; i += W) V::load(part[0][k] + i).store(total[k] + i);
}

// The same of lines of consecutive elements, a few channels at a time: each has but one chain of additions a
// register.
template <int Q, int I, int K, class T, class Term>
[[gnu::always_inline]] static inline void sum_lines(const Channels<const T> (&in)[I], const ChannelBlock& b,
                                                    int64_t c, const T* centre, Term&& term,
                                                    T* const (&total)[K]) {
  using V = Vec<T>;
  constexpr int W = V::size, R = kChains / W;
  V part[Q][K][R];
  for (auto& channel : part)
    for (auto& sums : channel)
      for (V& v : sums) v = V(T(0));
  const auto add = [&](int q, const V(&v)[I], int r) __attribute__((always_inline)) {
    V sums[K];
    for (int k = 0; k < K; ++k) sums[k] = part[q][k][r];
    term(v, V(centre[q]), sums);
    for (int k = 0; k < K; ++k) part[q][k][r] = sums[k];
  };
  // Lanes beyond the line's end add nothing.
  const auto add_some = [&](int q, const V(&v)[I], int r, typename V::bits inside)
                            __attribute__((always_inline)) {
                              V sums[K];
                              for (int k = 0; k < K; ++k) sums[k] = part[q][k][r];
                              term(v, V(centre[q]), sums);
                              for (int k = 0; k < K; ++k)
                                part[q][k][r] = select(inside, sums[k], part[q][k][r]);
                            };
  bool unit = true;
  for (int k = 0; k < I; ++k) unit &= in[k].l == 1;
  const int64_t L = b.l1 - b.l0, whole = unit ? L / kChains * kChains : 0;
  for (int64_t n = b.n0; n < b.n1; ++n) {
    const T* line[Q][I];
    for (int q = 0; q < Q; ++q)
      for (int k = 0; k < I; ++k) line[q][k] = in[k].p + n * in[k].n + (c + q) * in[k].c + b.l0 * in[k].l;
    for (int64_t l = 0; l < whole; l += kChains)
#pragma GCC unroll 4
      for (int q = 0; q < Q; ++q)
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          V v[I];
          for (int k = 0; k < I; ++k) v[k] = V::load(line[q][k] + l + r * W);
          add(q, v, r);
        }
    for (int64_t l = whole; l < L; l += kChains)
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const int64_t left = L - l - r * W;
        if (left <= 0) continue;
        const auto inside = lanes_below<T>(left);
        for (int q = 0; q < Q; ++q) {
          V v[I];
          for (int k = 0; k < I; ++k) {
            const T* const at = line[q][k] + (l + r * W) * in[k].l;
            v[k] = unit ? load_masked(at, inside) : fetch_lanes(at, in[k].l, left < W ? int(left) : W, T(0));
          }
          add_some(q, v, r, inside);
        }
      }
  }
  for (int q = 0; q < Q; ++q)
    for (int k = 0; k < K; ++k) {
      V(&sums)[R] = part[q][k];
      for (int half = R / 2; half > 0; half /= 2)
        for (int r = 0; r < half; ++r) sums[r] += sums[r + half];
      total[k][q] = sum_lanes(sums[0]);
    }
}

// The sums of channels [c, c + count), at most kGroup.
template <int I, int K, class T, class Term>
static void sum_along(const Channels<const T> (&in)[I], const ChannelBlock& b, int64_t c, int64_t count,
                      const T* centre, Term&& term, T (&total)[K][kGroup]) {
  constexpr int Q = sizeof(T) == 8 || sizeof(Vec<T>) == 16 ? 1 : 4;
  T* to[K];
  for (int64_t i = 0; i < count;) {
    for (int k = 0; k < K; ++k) to[k] = total[k] + i;
    if (count - i >= Q) {
      sum_lines<Q>(in, b, c + i, centre + i, term, to);
      i += Q;
    } else {
      sum_lines<1>(in, b, c + i, centre + i, term, to);
      ++i;
    }
  }
}

// body(block, first channel, count). Cut by shape alone.
template <class Body>
static void for_channel_blocks(const ChannelBlocks& blocks, int64_t C, Body&& body) {
  const int64_t groups = (C + kGroup - 1) / kGroup;
  const int64_t work = kGroup * (blocks.count > 0 ? blocks[0].size() : 1);
  parallel_ranges(blocks.count * groups, 1 + kGrain / 2 / work, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t first = item % groups * kGroup;
      body(item / groups, first, C - first < kGroup ? C - first : kGroup);
    }
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
