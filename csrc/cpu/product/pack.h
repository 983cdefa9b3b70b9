// Packed panels: panel[k · R + lane], zero beyond the last lane, so that every tile, edges included, runs the
// same chain of operations. And the operand of a product that is an array in memory.
#pragma once
#include "cpu/product/rows.h"

namespace pydl {
namespace PYDL_ISA {

// The right operand of a product, panel by panel of Tile<T>::cols lanes.
template <class T>
struct RightOperand {
  virtual void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const = 0;
  // Whether a panel can be read without packing; then where its first row begins and how far the next one is.
  virtual bool find_panel(int64_t, int64_t, int64_t, const T**, int64_t*) const { return false; }
};

namespace {

// A panel from rows of n contiguous elements.
template <class T>
static void pack_rows(T* panel, const T* const* rows, int64_t n) {
  constexpr int R = Tile<T>::cols, W = Vec<T>::size;
  for (int lane = 0; lane < R; lane += W) transpose_rows(panel + lane, R, rows + lane, n);
}

// A panel from rows that start at src + at[lane] and whose elements lie `step` apart.
template <class T>
static void pack_strided(T* panel, const T* src, const int64_t* at, int64_t lanes, int64_t step, int64_t n) {
  constexpr int R = Tile<T>::cols;
  if (lanes == R) {
    for (int64_t k = 0; k < n; ++k)
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) panel[k * R + i] = src[at[i] + k * step];
    return;
  }
  for (int64_t k = 0; k < n; ++k)
    for (int i = 0; i < R; ++i) panel[k * R + i] = i < lanes ? src[at[i] + k * step] : T(0);
}

// An operand of a product in memory: element (lane, k) at lanes.offset(lane) + ks.offset(k).
template <class T>
struct Strided final : LeftOperand<T>, RightOperand<T> {
  const T* data;
  Axis lanes, ks;

  Strided(const T* first, const Axis& along_lanes, const Axis& along_k)
      : data(first), lanes(along_lanes), ks(along_k) {}

  void pack(T* panel, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const override {
    int64_t at[R];
    lanes.offsets(lane0, count, at);
    const bool unit = count == R && is_unit(at, R);
    for (int64_t k = 0; k < kc;) {
      const int64_t n = ks.run(k0 + k, kc - k);
      pack_run(panel + k * R, data + ks.offset(k0 + k), at, count, unit, n);
      k += n;
    }
  }

  bool find_panel(int64_t lane0, int64_t count, int64_t k0, const T** first, int64_t* step) const override {
    return count == R && find_side_by_side(lane0, k0, first, step);
  }
  bool find_side_by_side(int64_t lane0, int64_t k0, const T** first, int64_t* step) const override {
    if (lanes.levels != 1 || lanes.stride[0] != 1 || ks.levels > 1) return false;
    *first = data + lanes.offset(lane0) + ks.offset(k0);
    *step = ks.step();
    return true;
  }

  bool in_place(int64_t columns) const override {
    if (ks.levels > 0 && (ks.step() != 1 || (ks.levels > 1 && ks.size[ks.levels - 1] < kShortest)))
      return false;
    // Rows that lie many pages apart fall into the same few sets of a cache.
    return columns <= kFewColumns || lanes.levels != 1 || lanes.stride[0] * int64_t(sizeof(T)) % 4096 != 0;
  }
  void find(RowTable<T>& table, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const override {
    for (int64_t k = 0; k < kc;) {
      const int64_t n = ks.run(k0 + k, kc - k);
      const T* const from = data + ks.offset(k0 + k);
      const T** const rows = table.add(n);
      for_offsets(lanes, lane0, count, [&](int64_t i, int64_t at) { rows[i] = from + at; });
      k += n;
    }
  }
  void copy(T* rows, int64_t row_step, int64_t lane0, int64_t count, int64_t k0, int64_t kc) const override {
    constexpr int64_t some = 64;
    int64_t at[some];
    for (int64_t i = 0; i < count; i += some, rows += some * row_step) {
      const int64_t lanes_here = min64(some, count - i);
      lanes.offsets(lane0 + i, lanes_here, at);
      for (int64_t k = 0; k < kc;) {
        const int64_t n = ks.run(k0 + k, kc - k);
        copy_rows(rows + k, row_step, data + ks.offset(k0 + k), at, lanes_here, ks.step(), n);
        k += n;
      }
    }
  }

 private:
  static constexpr int R = Tile<T>::cols;

  void pack_run(T* panel, const T* src, const int64_t* at, int64_t count, bool unit, int64_t n) const {
    const int64_t step = ks.step();
    if (unit) {
      for (int64_t k = 0; k < n; ++k) __builtin_memcpy(panel + k * R, src + at[0] + k * step, R * sizeof(T));
    } else if (step == 1 && n >= Vec<T>::size) {
      const T* rows[R];
      for (int i = 0; i < R; ++i) rows[i] = i < count ? src + at[i] : nullptr;
      pack_rows(panel, rows, n);
    } else {
      pack_strided(panel, src, at, count, step, n);
    }
  }
};

// Panels of `count` lanes from `lane0` on, for [k0, k0 + kc), one after the other.
template <class T>
static inline void pack_panels(const RightOperand<T>& operand, T* out, int64_t lane0, int64_t count,
                               int64_t k0, int64_t kc) {
  constexpr int R = Tile<T>::cols;
  for (int64_t lane = 0; lane < count; lane += R, out += R * kc)
    operand.pack(out, lane0 + lane, min64(R, count - lane), k0, kc);
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
