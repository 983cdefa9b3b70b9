// The matrix product of product.h.
//
// The result is cut into blocks of rows × columns by shape; a block is one item of parallel work and runs
// over the whole of k, in the order of long_sum.h where that is long. An operand that several blocks need is
// copied or packed once beforehand, the other by its block.
#include "cpu/product/product.h"

#include <cstdlib>

#include "core/parallel.h"
#include "core/scratch.h"
#include "cpu/product/long_sum.h"
#include "cpu/product/store.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kMostDeep = 16 * kLeaf;            // k packed at a time
constexpr int64_t kNearElements = INT64_C(1) << 16;  // in the second-level cache
constexpr int64_t kFewItems = 16, kMostItems = 32;

// How far the rows of an operand that is read where it lies may spread, in bytes for a tile's steps of k:
// each of them may be on a page of its own. A step of a wide tile takes long enough to fetch what the next
// one needs, and packing costs more than that where what is packed has few uses; but not where rows many
// pages apart come from memory.
#if defined(__AVX512F__)
constexpr int64_t kSpread = INT64_C(1) << 20, kFewUses = 512;
#else
constexpr int64_t kSpread = INT64_C(1) << 17, kFewUses = kRows;
#endif
constexpr int64_t kFewTiles = 4, kFarStep = 2048;  // bytes
constexpr int64_t kFarApart = INT64_C(1) << 14, kCachedElements = INT64_C(1) << 20;

// Sizes of the blocks: multiples of a tile.
struct Blocks {
  int64_t rows, cols;              // of one block
  int64_t row_blocks, col_blocks;  // how many
};

static inline int64_t even_block(int64_t total, int64_t pieces, int64_t unit) {
  return round_up(ceil_div(total, pieces), unit);
}

// How many blocks share the work out well: the larger the blocks, the less is moved.
static inline int64_t wanted_blocks(double work) {
  const double few = std::ceil(work / double(kItemWork)), many = work / double(16 * kItemWork);
  const double wanted = few < double(kFewItems) ? few : many < double(kFewItems) ? double(kFewItems) : many;
  return int64_t(wanted < double(kMostItems) ? wanted : double(kMostItems));
}

// At most max_rows × max_cols a block, and `wanted` blocks where there are so many to be had. Blocks
// are rather tall than wide: a panel of the right operand is then read from near more often. Where the left
// operand stays near anyway, no two blocks share a panel, so that each packs its own.
template <class T>
static Blocks cut_blocks(int64_t m, int64_t n, int64_t k, int64_t max_rows, int64_t max_cols,
                         int64_t wanted) {
  const int64_t mr = Tile<T>::rows, nr = Tile<T>::cols;
  int64_t down = m * k <= kNearElements ? 1 : ceil_div(m, max_rows), across = ceil_div(n, max_cols);
  while (down * across < wanted) {
    const int64_t tall = ceil_div(m, down), wide = ceil_div(n, across);
    const bool near = tall * k <= kNearElements;
    if (wide >= 2 * nr && (2 * wide >= tall || tall < 2 * mr || near)) {
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

// All of the right operand, block of k by block of k: the panels of one take kDeep · round_up(lanes, R).
template <class T>
void pack_whole(const RightOperand<T>& operand, T* out, int64_t lane0, int64_t lanes, int64_t k0, int64_t k) {
  constexpr int R = Tile<T>::cols;
  const int64_t padded = round_up(lanes, R), panels = padded / R;
  const int64_t grain = max64(1, 8192 / (R * min64(max64(k, 1), kDeep)));
  const int64_t groups = ceil_div(panels, grain), blocks = ceil_div(k, kDeep);
  parallel(groups * blocks, [&](int64_t item) {
    const int64_t block = item / groups, panel = item % groups * grain;
    const int64_t kc = min64(kDeep, k - block * kDeep);
    pack_panels(operand, out + block * kDeep * padded + panel * R * kc, lane0 + panel * R,
                min64(grain * R, lanes - panel * R), k0 + block * kDeep, kc);
  });
}

// All of the left operand, row by row.
template <class T>
void copy_whole(const LeftOperand<T>& operand, T* out, int64_t row_step, int64_t row0, int64_t rows,
                int64_t k0, int64_t k) {
  const int64_t grain = 8 * max64(1, 2048 / max64(k, 1));
  parallel_ranges(rows, grain, [&](int64_t begin, int64_t end) {
    operand.copy(out + begin * row_step, row_step, row0 + begin, end - begin, k0, k);
  });
}

template <class T>
struct Product {
  const LeftOperand<T>& a;
  const RightOperand<T>& b;
  const Result<T>& result;
  int64_t row0, col0, rows, cols;  // the part of the result
  int64_t k0, k;                   // the part of the sum

  void run(int64_t max_rows, int64_t max_cols, bool shared) const {
    constexpr int NR = Tile<T>::cols;
    const int64_t deep = min64(k, kMostDeep), levels = LongSum<T>::levels(k);
    const double work = double(rows + kPacking) * double(cols) * double(max64(deep, 1));
    const Blocks cut = cut_blocks<T>(rows, cols, deep, max_rows, max_cols, shared ? wanted_blocks(work) : 1);
    const Left left = find_left();
    const bool right_in_place = (k <= kLeaf || left == Left::side_by_side) && is_right_in_place();
    const int64_t row_step = deep + 16;
    const int64_t size_a =
                      left == Left::copied && k > 0 && cut.col_blocks > 1 ? round_up(rows * row_step, 16) : 0,
                  size_b =
                      cut.row_blocks > 1 && !right_in_place ? round_up(round_up(cols, NR) * deep, 16) : 0,
                  size_sums =
                      k > kMostDeep ? levels * cut.row_blocks * cut.col_blocks * cut.rows * cut.cols : 0;
    if (size_a + size_b + size_sums == 0)
      return run_blocks(cut, {0, k, nullptr, row_step, nullptr, nullptr, left, right_in_place});
    with_scratch<T>(size_a + size_b + size_sums, [&](T* memory) {
      Part part{0,
                deep,
                size_a ? memory : nullptr,
                row_step,
                size_b ? memory + size_a : nullptr,
                size_sums ? memory + size_a + size_b : nullptr,
                left,
                right_in_place};
      for (; part.p < k; part.p += deep) {
        part.k = min64(deep, k - part.p);
        if (part.a) copy_whole(a, part.a, row_step, row0, rows, k0 + part.p, part.k);
        if (part.b) pack_whole(b, part.b, col0, cols, k0 + part.p, part.k);
        run_blocks(cut, part);
      }
    });
  }

 private:
  // How the left operand is read: row by row or side by side where it is, or from a copy.
  enum class Left { rows, side_by_side, copied };

  // Steps [p, p + k) of the sum, and what the blocks share: the left operand's rows copied and the right
  // one's panels packed for these steps, and the sums that outlive them. Null: each block has its own, or
  // reads the operand where it is.
  struct Part {
    int64_t p, k;
    T* a;
    int64_t a_step;
    T *b, *sums;
    Left left;
    bool right_in_place;
  };

  // Whether an operand of so many lanes is read in place that has so many uses, each for a row or column of
  // the result.
  bool is_near(int64_t step, int64_t lanes, int64_t uses) const {
    const int64_t apart = std::abs(step) * int64_t(sizeof(T));
    if (apart * min64(k, kDeep) <= kSpread) return true;
    return uses <= kFewUses && (apart <= kFarApart || lanes * k <= kCachedElements);
  }

  Left find_left() const {
    const T* first;
    int64_t step;
    if (a.in_place(cols)) return Left::rows;
    return a.find_side_by_side(row0, k0, &first, &step) && is_near(step, rows, cols) ? Left::side_by_side
                                                                                     : Left::copied;
  }

  bool is_right_in_place() const {
    const T* first;
    int64_t step;
    return cols >= Tile<T>::cols && b.find_panel(col0, Tile<T>::cols, k0, &first, &step) &&
           is_near(step, cols, rows);
  }

  // Rows [i, i + mb) × columns [j, j + nb) of the part of the result, and where they lie in the result.
  struct Place {
    int64_t i, j, mb, nb;
    const int64_t *row_at, *col_at;
  };

  // The right operand's panels for steps [k, k + kc): packed, or memory to pack one into, where it is not
  // read in place.
  struct Panels {
    T* memory;
    bool packed, in_place;
    int64_t k, kc;
  };

  void run_blocks(const Blocks& cut, const Part& part) const {
    const int64_t level = cut.rows * cut.cols, all_levels = LongSum<T>::levels(k) * level;
    parallel(cut.row_blocks * cut.col_blocks, [&](int64_t item) {
      const int64_t i = item % cut.row_blocks * cut.rows, j = item / cut.row_blocks * cut.cols;
      const int64_t mb = min64(cut.rows, rows - i), nb = min64(cut.cols, cols - j);
      const int64_t size_a = RowTable<T>::elements(mb);
      const int64_t size_b = part.b ? 0 : Tile<T>::cols * min64(part.k, kDeep);
      const int64_t size_sums = part.sums ? 0 : all_levels;
      const int64_t indices = (mb + nb) * int64_t(sizeof(int64_t) / sizeof(T));
      with_scratch<T>(size_b + size_a + size_sums + indices, [&](T* memory) {
        T *const own_a = memory + size_b, *const own_sums = own_a + size_a;
        int64_t* const row_at = reinterpret_cast<int64_t*>(own_sums + size_sums);
        result.rows.offsets(row0 + i, mb, row_at);
        result.cols.offsets(col0 + j, nb, row_at + mb);
        const LongSum<T> sums{part.sums ? part.sums + item * all_levels : own_sums, level};
        run_block({i, j, mb, nb, row_at, row_at + mb}, part, own_a, memory, sums);
        if (result.far) streamed();
      });
    });
  }

  // The rows of a block for steps [p, p + kc) of the part.
  void find_rows(RowTable<T>& table, const Place& at, const Part& part, int64_t p, int64_t kc) const {
    if (part.a) return table.add_rows(part.a + at.i * part.a_step + p, part.a_step, at.mb, kc);
    if (part.left == Left::side_by_side) return;
    if (part.left == Left::rows && kc > 0) return a.find(table, row0 + at.i, at.mb, k0 + part.p + p, kc);
    a.copy(table.copies, kCopy, row0 + at.i, at.mb, k0 + part.p + p, kc);
    table.add_rows(table.copies, kCopy, at.mb, kc);
  }

  // The rows' table lies in own_a; the right operand is packed into own_b, panel by panel, where it is not
  // shared.
  void run_block(const Place& at, const Part& part, T* own_a, T* own_b, const LongSum<T>& sums) const {
    int64_t p = 0;
    do {
      const int64_t kc = min64(kDeep, part.k - p), from = part.p + p, to = from + kc;
      RowTable<T> table(at.mb, own_a);
      find_rows(table, at, part, p, kc);
      const Panels panels{part.b ? part.b + p * round_up(cols, Tile<T>::cols) + at.j * kc : own_b,
                          part.b != nullptr, part.right_in_place, k0 + from, kc};
      const bool side_by_side = part.left == Left::side_by_side;
      if (k <= kLeaf) {
        side_by_side ? multiply_side_by_side(at, panels, from == 0, to == k)
                     : multiply_into_result(at, table.stretches, panels, from == 0, to == k);
      } else {
        multiply_into_sums(at, table.stretches, panels, sums, from, side_by_side);
        if (to % kLeaf == 0 || to == k) merge_sums(at, sums, from / kLeaf, to == k);
      }
      p += kc;
    } while (p < part.k);
  }

  // The panel of a tile's columns, of which the first is the block's j-th.
  const T* pack_panel(const TilePlace& t, const Panels& panels, int64_t j) const {
    if (panels.packed) return panels.memory + j * panels.kc;
    b.pack(panels.memory, t.col, t.cols, panels.k, panels.kc);
    return panels.memory;
  }

  // body(TilePlace, i, j) for each tile of a block, panel of columns by panel of columns.
  template <class Body>
  void for_tiles(const Place& at, bool begins, bool ends, Body&& body) const {
    constexpr int NR = Tile<T>::cols;
    for (int64_t j = 0; j < at.nb; j += NR) {
      const int width = int(min64(NR, at.nb - j));
      const int64_t* const col_at = at.col_at + j;
      const bool unit = is_unit(col_at, width);
      for (int64_t i = 0, height; i < at.mb; i += height) {
        height = next_rows(at.mb - i);
        body(TilePlace{row0 + at.i + i, col0 + at.j + j, int(height), width, at.row_at + i, col_at, unit,
                       begins, ends},
             i, j);
      }
    }
  }

  // Whether an operand of so many rows or columns comes from memory.
  bool is_far(int64_t lines) const { return lines * k > 8 * kNearElements; }

  // Brings the rows of the next tile to the second-level cache.
  static void prefetch_rows(const Stretch<T>* rows_at, int64_t begin, int64_t end) {
    constexpr int64_t line = 64 / sizeof(T);
    for (int64_t i = begin; i < end; ++i)
      for (int64_t k = 0; k < rows_at->n; k += line) __builtin_prefetch(rows_at->rows[i] + k, 0, 2);
  }

  void multiply_into_result(const Place& at, const Stretch<T>* rows_at, const Panels& panels, bool begins,
                            bool ends) const {
    alignas(64) T tile[Tile<T>::rows * Tile<T>::cols];
    const T* packed = nullptr;
    for_tiles(at, begins, ends, [&](const TilePlace& t, int64_t i, int64_t j) {
      if (!result.far) prefetch_tile(result, t);
      if (j == 0 && is_far(rows)) prefetch_rows(rows_at, i + t.rows, min64(at.mb, i + 2 * t.rows));
      Panel<T, false> source{rows_at, i, nullptr, 0};
      if (panels.in_place && b.find_panel(t.col, t.cols, panels.k, &source.b, &source.step))
        return multiply_to(result, t, panels.kc, source, tile);
      if (i == 0) packed = pack_panel(t, panels, j);
      multiply_to(result, t, panels.kc, Panel<T>{rows_at, i, packed}, tile);
    });
  }

  // A tile's operands where the rows of the left one lie side by side; i: its first row in the block.
  void find_operands(SideBySide<T>& source, const TilePlace& t, const Panels& panels, int64_t i,
                     int64_t j) const {
    a.find_side_by_side(t.row, panels.k, &source.a, &source.a_step);
    if (i > 0 || (panels.in_place && b.find_panel(t.col, t.cols, panels.k, &source.b, &source.b_step)))
      return;
    source.b = pack_panel(t, panels, j);
    source.b_step = Tile<T>::cols;
  }

  // What a block reads in place in the steps of k after those of `panels`, none where all is near. To ask for
  // lines takes time, and the processor sees rows close to each other coming while it multiplies: worth it
  // for an operand that few tiles share, or whose rows lie on pages of their own.
  Ahead<T> look_ahead(const Place& at, const Panels& panels) const {
    constexpr int64_t NR = Tile<T>::cols;
    Ahead<T> next{};
    const int64_t after = panels.k + panels.kc, steps = min64(kDeep, k0 + k - after);
    if (steps <= 0 || (rows + cols) * k <= kNearElements) return next;
    const int64_t down = ceil_div(at.mb, Tile<T>::rows), across = ceil_div(at.nb, NR);
    const auto wants = [](int64_t uses, int64_t step) {
      return uses <= kFewTiles || std::abs(step) * int64_t(sizeof(T)) >= kFarStep;
    };
    a.find_side_by_side(row0 + at.i, after, &next.a, &next.a_step);
    next.rows = wants(across, next.a_step) ? at.mb : 0;
    if (panels.in_place && b.find_panel(col0 + at.j, NR, after, &next.b, &next.b_step))
      next.cols = wants(down, next.b_step) ? at.nb : 0;
    if (next.rows + next.cols == 0) return next;
    next.steps = steps;
    next.at_once = ceil_div(steps, down * across * max64(1, panels.kc / kRun));
    return next;
  }

  void multiply_side_by_side(const Place& at, const Panels& panels, bool begins, bool ends) const {
    alignas(64) T tile[Tile<T>::rows * Tile<T>::cols];
    Ahead<T> ahead = look_ahead(at, panels);
    SideBySide<T> source{nullptr, 0, nullptr, 0, &ahead};
    for_tiles(at, begins, ends, [&](const TilePlace& t, int64_t i, int64_t j) {
      if (!result.far) prefetch_tile(result, t);
      find_operands(source, t, panels, i, j);
      multiply_to(result, t, panels.kc, source, tile);
    });
  }

  // Steps from `from` on, of one leaf of a long sum.
  void multiply_into_sums(const Place& at, const Stretch<T>* rows_at, const Panels& panels,
                          const LongSum<T>& sums, int64_t from, bool side_by_side) const {
    alignas(64) T tile[Tile<T>::rows * Tile<T>::cols];
    const int level = LongSum<T>::depth(from / kLeaf);
    const bool begins = from % kLeaf == 0;
    const T* packed = nullptr;
    Ahead<T> ahead = side_by_side ? look_ahead(at, panels) : Ahead<T>{};
    SideBySide<T> source{nullptr, 0, nullptr, 0, &ahead};
    for_tiles(at, begins, false, [&](const TilePlace& t, int64_t i, int64_t j) {
      T* const sum = sums.at(level, j / Tile<T>::cols * at.mb + i);
      const ToTile<T> to{begins ? sum : tile};
      if (side_by_side) {
        find_operands(source, t, panels, i, j);
        choose_tile<T, SideBySide<T>>(t.rows, t.cols)(panels.kc, source, to);
      } else {
        if (i == 0) packed = pack_panel(t, panels, j);
        choose_tile<T, Panel<T>>(t.rows, t.cols)(panels.kc, {rows_at, i, packed}, to);
      }
      if (!begins) add_tile(sum, tile, t.rows, t.cols);
    });
  }

  // After a leaf; after the last one all that there is becomes the result.
  void merge_sums(const Place& at, const LongSum<T>& sums, int64_t leaf, bool last) const {
    const int top = LongSum<T>::depth(leaf), bottom = top - LongSum<T>::merges(leaf, last);
    if (top == bottom && !last) return;
    for_tiles(at, true, true, [&](const TilePlace& t, int64_t i, int64_t j) {
      const int64_t row = j / Tile<T>::cols * at.mb + i;
      for (int l = top; l > bottom; --l) add_tile(sums.at(l - 1, row), sums.at(l, row), t.rows, t.cols);
      if (last) store_tile(result, t, sums.at(0, row));
    });
  }
};

}  // namespace

template <class T>
void multiply(const LeftOperand<T>& a, const RightOperand<T>& b, const Result<T>& result, int64_t m,
              int64_t n, int64_t k0, int64_t k, int64_t max_rows, int64_t max_cols, bool shared) {
  const int64_t deep = min64(max64(k, 1), kMostDeep);
  Result<T> to = result;
  to.far = m * n * int64_t(sizeof(T)) >= kFarBytes;
  const int64_t most_rows = max64(max_rows, kSharedElements / deep / max_rows * max_rows);
  const int64_t most_cols = max64(max_cols, kSharedElements / deep / max_cols * max_cols);
  for (int64_t j = 0; j < n; j += most_cols)
    for (int64_t i = 0; i < m; i += most_rows)
      Product<T>{a, b, to, i, j, min64(most_rows, m - i), min64(most_cols, n - j), k0, k}.run(
          max_rows, max_cols, shared);
}

template void multiply(const LeftOperand<float>&, const RightOperand<float>&, const Result<float>&, int64_t,
                       int64_t, int64_t, int64_t, int64_t, int64_t, bool);
template void multiply(const LeftOperand<double>&, const RightOperand<double>&, const Result<double>&,
                       int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bool);

}  // namespace PYDL_ISA
}  // namespace pydl
