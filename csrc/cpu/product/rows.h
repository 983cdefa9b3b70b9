// The left operand of a product, in one block of it and for some steps of k: where each of its rows lies.
//
// Rows that are consecutive along k are read where they are, in stretches; others are copied first.
#pragma once
#include "cpu/product/axis.h"
#include "cpu/product/tile.h"
#include "cpu/simd/transpose.h"

namespace pydl {
namespace PYDL_ISA {

constexpr int64_t kShortest = 8;       // steps of a stretch that is worth one
constexpr int kMostStretches = 33;     // of kDeep steps
constexpr int64_t kFewColumns = 64;    // of the result: rows are not used often enough to be copied
constexpr int64_t kCopy = kDeep + 16;  // from one copied row to the next: not a power of two

template <class T>
struct RowTable {
  int64_t capacity;  // rows
  const T** rows;    // kMostStretches times `capacity`
  T* copies;         // kCopy times `capacity`
  Stretch<T> stretches[kMostStretches];
  int count = 0;

  static int64_t pointers(int64_t capacity) {
    return round_up(capacity * kMostStretches * ceil_div(sizeof(uintptr_t), sizeof(T)), 16);
  }
  static int64_t elements(int64_t capacity) { return pointers(capacity) + capacity * kCopy; }

  RowTable(int64_t rows_at_most, T* memory)
      : capacity(rows_at_most),
        rows(reinterpret_cast<const T**>(memory)),
        copies(memory + pointers(rows_at_most)) {}

  // Room for where the rows begin for n more steps.
  const T** add(int64_t n) {
    const T** const place = rows + count * capacity;
    stretches[count++] = {n, place};
    return place;
  }

  // Rows from `first` on, row_step apart, for n steps.
  void add_rows(const T* first, int64_t row_step, int64_t how_many, int64_t n) {
    const T** const place = add(n);
    for (int64_t i = 0; i < how_many; ++i) place[i] = first + i * row_step;
  }
};

// Rows are pixels, lanes, whatever the operand counts by `row`; k runs along them.
template <class T>
struct LeftOperand {
  // Whether rows are found where they are, in a product with so many columns.
  virtual bool in_place(int64_t columns) const = 0;
  // Adds stretches for steps [k0, k0 + kc) of `count` rows to the table; may use its copies.
  virtual void find(RowTable<T>& table, int64_t row, int64_t count, int64_t k0, int64_t kc) const = 0;
  // Whether rows lie side by side at each step of k; then where `row` begins and how far the next step is.
  virtual bool find_side_by_side(int64_t /*row*/, int64_t /*k0*/, const T** /*first*/,
                                 int64_t* /*step*/) const {
    return false;
  }
  // out[i · row_step + k]: the same as a copy.
  virtual void copy(T* out, int64_t row_step, int64_t row, int64_t count, int64_t k0, int64_t kc) const = 0;
};

namespace {

// rows[i · row_step + k] = src[at[i] + k · step] for k < n.
template <class T>
static void copy_rows(T* rows, int64_t row_step, const T* src, const int64_t* at, int64_t count, int64_t step,
                      int64_t n) {
  constexpr int W = Vec<T>::size;
  for (int64_t i = 0; i < count; ++i) {
    T* const out = rows + i * row_step;
    const T* const from = src + at[i];
    if (step == 1) {
      __builtin_memcpy(out, from, n * sizeof(T));
    } else if (count - i >= W && is_unit(at + i, W)) {
      transpose_lanes(out, row_step, from, step, n);
      i += W - 1;
    } else {
      for (int64_t k = 0; k < n; ++k) out[k] = from[k * step];
    }
  }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
