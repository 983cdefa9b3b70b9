// Nested loops over N strided operands of one shape, cut into rows for the vector loops of a kernel.
#pragma once
#include "core/parallel.h"
#include "core/view.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kGrain = 16384;  // elements in one item of parallel work

// A loop nest: dimension ndim-1 is the row, the others are walked by an index. Adjacent dimensions that every
// operand steps through evenly are merged, and the dimension in which operand 0 has the smallest step comes
// last, so a permuted but dense array is one long row.
template <int N>
struct LoopNest {
  int ndim = 0;
  int64_t shape[kMaxDims];
  int64_t strides[N][kMaxDims];

  explicit LoopNest(const View* const (&views)[N]) {
    const View& lead = *views[0];
    int order[kMaxDims];
    int count = 0;
    for (int d = 0; d < lead.ndim; ++d) {
      if (lead.shape[d] == 1) continue;
      int at = count++;
      while (at > 0 && step(lead, order[at - 1]) < step(lead, d)) {
        order[at] = order[at - 1];
        --at;
      }
      order[at] = d;
    }
    for (int i = 0; i < count; ++i) push(views, order[i]);
    if (ndim == 0) {
      ndim = 1;
      shape[0] = 1;
      for (int k = 0; k < N; ++k) strides[k][0] = 1;
    }
  }

  int64_t row_length() const { return shape[ndim - 1]; }
  int64_t rows() const {
    int64_t n = 1;
    for (int d = 0; d < ndim - 1; ++d) n *= shape[d];
    return n;
  }
  int64_t row_stride(int k) const { return strides[k][ndim - 1]; }

  // Offset, in elements, of the start of row `row` in each operand.
  void row_offsets(int64_t row, int64_t (&offsets)[N]) const {
    for (int k = 0; k < N; ++k) offsets[k] = 0;
    for (int d = ndim - 2; d >= 0; --d) {
      const int64_t index = row % shape[d];
      row /= shape[d];
      for (int k = 0; k < N; ++k) offsets[k] += index * strides[k][d];
    }
  }

  // The work in items of about `grain` elements: a piece of one row, or several whole rows. Cut by shape
  // alone.
  int64_t items(int64_t grain = kGrain) const {
    const int64_t pieces = rows() * pieces_of_row(grain), each = pieces_of_item(grain);
    return (pieces + each - 1) / each;
  }

  // body(offsets, n) for the pieces of one item: n elements of one row, starting at the offsets. Row follows
  // row without divisions.
  template <class Body>
  void run_item(int64_t item, Body&& body, int64_t grain = kGrain) const {
    const int64_t length = row_length(), pieces = pieces_of_row(grain), each = pieces_of_item(grain);
    const int64_t last = rows() * pieces, end = (item + 1) * each < last ? (item + 1) * each : last;
    if (item * each >= end) return;
    int64_t part = item * each % pieces, index[kMaxDims], row[N];
    row_offsets(item * each / pieces, row);
    for (int64_t d = ndim - 2, rest = item * each / pieces; d >= 0; --d) {
      index[d] = rest % shape[d];
      rest /= shape[d];
    }
    for (int64_t piece = item * each; piece < end; ++piece) {
      const int64_t from = part * grain;
      int64_t offsets[N];
      for (int k = 0; k < N; ++k) offsets[k] = row[k] + from * row_stride(k);
      body(offsets, length - from < grain ? length - from : grain);
      if (++part == pieces) {
        part = 0;
        next_row(index, row);
      }
    }
  }

  // Every item, on all threads.
  template <class Body>
  void run(Body&& body, int64_t grain = kGrain) const {
    parallel(items(grain), [&](int64_t item) { run_item(item, body, grain); });
  }

 private:
  void next_row(int64_t (&index)[kMaxDims], int64_t (&offsets)[N]) const {
    for (int d = ndim - 2; d >= 0; --d) {
      for (int k = 0; k < N; ++k) offsets[k] += strides[k][d];
      if (++index[d] < shape[d]) return;
      index[d] = 0;
      for (int k = 0; k < N; ++k) offsets[k] -= shape[d] * strides[k][d];
    }
  }

  int64_t pieces_of_row(int64_t grain) const { return (row_length() + grain - 1) / grain; }
  int64_t pieces_of_item(int64_t grain) const {
    const int64_t length = row_length();
    return length == 0 || length > grain ? 1 : (grain + length - 1) / length;
  }

  static int64_t step(const View& v, int d) { return v.strides[d] < 0 ? -v.strides[d] : v.strides[d]; }

  void push(const View* const (&views)[N], int d) {
    bool merges = ndim > 0;
    for (int k = 0; k < N && merges; ++k)
      merges = strides[k][ndim - 1] == views[k]->strides[d] * views[k]->shape[d];
    const int at = merges ? ndim - 1 : ndim++;
    shape[at] = merges ? shape[at] * views[0]->shape[d] : views[0]->shape[d];
    for (int k = 0; k < N; ++k) strides[k][at] = views[k]->strides[d];
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
