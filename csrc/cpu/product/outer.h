// Products over one or two steps of k: all the work is in storing the result, so that it is done row by row
// from registers, without tiles. An element's operations are those of a tile's (tile.h).
#pragma once
#include "core/parallel.h"
#include "cpu/product/pack.h"
#include "cpu/product/store.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

constexpr int64_t kOuterGrain = INT64_C(1) << 14;  // elements of the result

template <class T>
struct Outer {
  const Strided<T>& a;
  const Strided<T>& b;
  const Result<T>& result;
  int64_t n;

  using V = Vec<T>;
  static constexpr int W = V::size;

  // Plain rows of consecutive elements, replaced.
  bool fits() const {
    return result.cols.levels == 1 && result.cols.stride[0] == 1 && result.rows.levels <= 1 &&
           a.lanes.levels <= 1 && b.lanes.levels <= 1 && !result.row_bias;
  }

  template <int K>
  void run(int64_t m) const {
    parallel_ranges(m, max64(1, kOuterGrain / n), [&](int64_t begin, int64_t end) {
      int64_t j = 0;
      for (; j + 4 * W <= n; j += 4 * W) strip<K, 4>(begin, end, j, W);
      for (; j < n; j += W) strip<K, 1>(begin, end, j, int(min64(W, n - j)));
    });
  }

 private:
  // Rows [begin, end) of columns from j on: Vecs registers of `lanes` columns.
  template <int K, int Vecs>
  void strip(int64_t begin, int64_t end, int64_t j, int lanes) const {
    const int64_t left_step = a.lanes.offset(1), out_step = result.rows.offset(1), next = a.ks.offset(K - 1);
    const bool biased = result.col_bias != nullptr;
    const bool relu = result.relu;
    const T* const gate = result.gate;
    V first[Vecs], second[Vecs], bias[Vecs];
#pragma GCC unroll 4
    for (int v = 0; v < Vecs; ++v) {
      const T* const from = b.data + b.lanes.offset(j + v * W);
      first[v] = load_stepped(from, b.lanes.step(), lanes);
      second[v] = load_stepped(from + b.ks.offset(K - 1), b.lanes.step(), lanes);
      bias[v] = biased ? column_bias(result, j + v * W, lanes) : V(T(0));
    }
    const T* left = a.data + begin * left_step;
    T* out = result.data + begin * out_step + j;
    for (int64_t i = begin; i < end; ++i, left += left_step, out += out_step) {
      const V left0(left[0]), left1(left[next]);
#pragma GCC unroll 4
      for (int v = 0; v < Vecs; ++v) {
        V sum = fma(left0, first[v], V(T(0)));
        if (K == 2) sum = fma(left1, second[v], sum);
        if (biased) sum = sum + bias[v];
        if (relu) sum = Relu::apply(sum, Scalars<V>{});
        if (gate) sum = gated(load_stepped(gate + (out - result.data) + v * W, 1, lanes), sum);
        lanes == W ? sum.store(out + v * W) : sum.store_partial(out + v * W, lanes);
      }
    }
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
