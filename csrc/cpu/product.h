// A matrix product over any two operands that can pack panels: matrices, or the patches of an image.
//
// The result is cut into blocks of rows × columns by shape; a block is one item of parallel work and runs
// over the whole of k. An operand that several blocks need is packed once beforehand, the other by its block.
#pragma once
#include "core/parallel.h"
#include "core/scratch.h"
#include "cpu/store.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kSharedElements = INT64_C(1) << 22;  // of one operand packed at a time
constexpr int64_t kItemWork = INT64_C(1) << 18;        // multiply-adds worth waking a thread for
constexpr int64_t kMostItems = 64;

// Sizes of the blocks: multiples of a tile.
struct Blocks {
  int64_t rows, cols;              // of one block
  int64_t row_blocks, col_blocks;  // how many
};

static inline int64_t even_block(int64_t total, int64_t pieces, int64_t unit) {
  return round_up(ceil_div(total, pieces), unit);
}

// At most max_rows × max_cols a block, and enough blocks to share out where there is work for them.
template <class T>
static Blocks cut_blocks(int64_t m, int64_t n, int64_t k, int64_t max_rows, int64_t max_cols) {
  const double work = double(m) * double(n) * double(max64(k, 1));
  const int64_t wanted =
      int64_t(work / double(kItemWork) < double(kMostItems) ? work / double(kItemWork) : double(kMostItems));
  const int64_t mr = Tile<T>::rows, nr = Tile<T>::cols;
  int64_t down = ceil_div(m, max_rows), across = ceil_div(n, max_cols);
  while (down * across < wanted) {
    const int64_t tall = ceil_div(m, down), wide = ceil_div(n, across);
    if (wide >= 2 * nr && (wide >= tall || tall < 2 * mr)) {
      across *= 2;
    } else if (tall >= 2 * mr) {
      down *= 2;
    } else {
      break;
    }
  }
  Blocks b;
  b.rows = even_block(m, down, mr);
  b.cols = even_block(n, across, nr);
  b.row_blocks = ceil_div(m, b.rows);
  b.col_blocks = ceil_div(n, b.cols);
  return b;
}

// Panels of `count` lanes from `lane0` on, for [k0, k0 + kc): R · kc elements each.
template <int R, class T, class Operand>
static void pack_panels(const Operand& operand, T* out, int64_t lane0, int64_t count, int64_t k0,
                        int64_t kc) {
  for (int64_t lane = 0; lane < count; lane += R, out += R * kc)
    operand.template pack<R>(out, lane0 + lane, min64(R, count - lane), k0, kc);
}

// All of an operand, block of k by block of k: panels of block p begin at p · kDeep · round_up(lanes, R).
template <int R, class T, class Operand>
static void pack_whole(const Operand& operand, T* out, int64_t lane0, int64_t lanes, int64_t k0, int64_t k) {
  const int64_t padded = round_up(lanes, R), panels = padded / R;
  const int64_t grain = max64(1, 32768 / (R * min64(max64(k, 1), kDeep)));
  const int64_t groups = ceil_div(panels, grain), blocks = ceil_div(k, kDeep);
  parallel(groups * blocks, [&](int64_t item) {
    const int64_t block = item / groups, panel = item % groups * grain;
    const int64_t kc = min64(kDeep, k - block * kDeep);
    pack_panels<R>(operand, out + block * kDeep * padded + panel * R * kc, lane0 + panel * R,
                   min64(grain * R, lanes - panel * R), k0 + block * kDeep, kc);
  });
}

template <class T, class A, class B>
struct Product {
  const A& a;
  const B& b;
  const Result<T>& result;
  int64_t row0, col0, rows, cols;  // the part of the result
  int64_t k0, k;                   // the part of the sum
  bool first, last;                // whether it is the beginning and the end of the sum

  void run(int64_t max_rows, int64_t max_cols) const {
    constexpr int MR = Tile<T>::rows, NR = Tile<T>::cols;
    const Blocks cut = cut_blocks<T>(rows, cols, k, max_rows, max_cols);
    const bool share_a = cut.col_blocks > 1, share_b = cut.row_blocks > 1;
    const int64_t size_a = share_a ? round_up(rows, MR) * k : 0,
                  size_b = share_b ? round_up(cols, NR) * k : 0;
    if (size_a + size_b == 0) return run_blocks(cut, nullptr, nullptr);
    with_scratch<T>(round_up(size_a, 16) + size_b, [&](T* memory) {
      T* const all_a = share_a ? memory : nullptr;
      T* const all_b = share_b ? memory + round_up(size_a, 16) : nullptr;
      if (share_a) pack_whole<MR>(a, all_a, row0, rows, k0, k);
      if (share_b) pack_whole<NR>(b, all_b, col0, cols, k0, k);
      run_blocks(cut, all_a, all_b);
    });
  }

 private:
  void run_blocks(const Blocks& cut, const T* all_a, const T* all_b) const {
    parallel(cut.row_blocks * cut.col_blocks, [&](int64_t item) {
      const int64_t i = item % cut.row_blocks * cut.rows, j = item / cut.row_blocks * cut.cols;
      const int64_t mb = min64(cut.rows, rows - i), nb = min64(cut.cols, cols - j);
      const int64_t size_a = all_a ? 0 : round_up(mb, Tile<T>::rows) * min64(k, kDeep);
      const int64_t size_b = all_b ? 0 : round_up(nb, Tile<T>::cols) * min64(k, kDeep);
      const int64_t indices = (mb + nb) * int64_t(sizeof(int64_t) / sizeof(T));
      with_scratch<T>(size_b + round_up(size_a, 16) + indices, [&](T* memory) {
        T* const own_a = memory + size_b;
        int64_t* const row_at = reinterpret_cast<int64_t*>(own_a + round_up(size_a, 16));
        result.rows.offsets(row0 + i, mb, row_at);
        result.cols.offsets(col0 + j, nb, row_at + mb);
        const Place at{i, j, mb, nb, row_at, row_at + mb};
        run_block(at, all_a, all_b, own_a, memory);
      });
    });
  }

  // Rows [i, i + mb) × columns [j, j + nb) of the part, and where they lie in the result.
  struct Place {
    int64_t i, j, mb, nb;
    const int64_t *row_at, *col_at;
  };

  // Operands are packed here, into own_a and own_b, where they are not shared.
  void run_block(const Place& at, const T* all_a, const T* all_b, T* own_a, T* own_b) const {
    constexpr int MR = Tile<T>::rows, NR = Tile<T>::cols;
    int64_t p = 0;
    do {
      const int64_t kc = min64(kDeep, k - p);
      const T* pa = all_a ? all_a + p * round_up(rows, MR) + at.i * kc : own_a;
      const T* pb = all_b ? all_b + p * round_up(cols, NR) + at.j * kc : own_b;
      if (!all_a) pack_panels<MR>(a, own_a, row0 + at.i, at.mb, k0 + p, kc);
      if (!all_b) pack_panels<NR>(b, own_b, col0 + at.j, at.nb, k0 + p, kc);
      multiply_tiles(at, kc, pa, pb, first && p == 0, last && p + kc >= k);
      p += kc;
    } while (p < k);
  }

  void multiply_tiles(const Place& at, int64_t kc, const T* pa, const T* pb, bool begins, bool ends) const {
    constexpr int MR = Tile<T>::rows, NR = Tile<T>::cols;
    alignas(64) T tile[MR * NR];
    for (int64_t j = 0; j < at.nb; j += NR) {
      const int width = int(min64(NR, at.nb - j));
      const int64_t* const col_at = at.col_at + j;
      const bool unit = is_unit(col_at, width);
      for (int64_t i = 0; i < at.mb; i += MR) {
        const int height = int(min64(MR, at.mb - i));
        choose_tile<T>(height, width)(kc, pa + i * kc, pb + j * kc, tile);
        store_tile(result,
                   TilePlace{row0 + at.i + i, col0 + at.j + j, height, width, at.row_at + i, col_at, unit,
                             begins, ends},
                   tile);
      }
    }
  }
};

// result (m × n) = a · b over k in [k0, k0 + k). Blocks have at most max_rows × max_cols elements. What is
// packed at a time is bounded: larger products are cut along all three indices.
template <class T, class A, class B>
static void multiply(const A& a, const B& b, const Result<T>& result, int64_t m, int64_t n, int64_t k0,
                     int64_t k, int64_t max_rows, int64_t max_cols) {
  constexpr int64_t most_k = 64 * kDeep;
  const int64_t deep = min64(max64(k, 1), most_k);
  const int64_t most_rows = max64(max_rows, kSharedElements / deep / max_rows * max_rows);
  const int64_t most_cols = max64(max_cols, kSharedElements / deep / max_cols * max_cols);
  for (int64_t j = 0; j < n; j += most_cols)
    for (int64_t i = 0; i < m; i += most_rows) {
      int64_t p = 0;
      do {
        const int64_t kc = min64(most_k, k - p);
        const Product<T, A, B> part{
            a,      b,  result, i,          j, min64(most_rows, m - i), min64(most_cols, n - j),
            k0 + p, kc, p == 0, p + kc >= k};
        part.run(max_rows, max_cols);
        p += kc;
      } while (p < k);
    }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
