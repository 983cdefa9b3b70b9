// What the mean of each window divides by: a factor of its row times a factor of its column.
#pragma once
#include "core/scratch.h"
#include "cpu/pool/tiles.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct PoolDivisors {
  const T *rows, *columns;  // of powers of two, whose reciprocals are exact, the reciprocals
  bool across;              // all lanes belong to one window
  bool inverse;

  T of_window(int64_t oh, int64_t ow) const { return rows[oh] * columns[ow]; }
  Vec<T> divide(Vec<T> sum, Vec<T> by) const { return inverse ? sum * by : sum / by; }
  Vec<T> divide(Vec<T> sum, int64_t oh, int64_t ow, Range lanes) const {
    if (across) return divide(sum, Vec<T>(of_window(oh, ow)));
    return divide(sum, Vec<T>(rows[oh]) * fetch_range(columns, ow, 1, lanes));
  }
};

// body(PoolDivisors) for windows of x (the wide side) that lead to y.
template <class T, class Body>
void with_divisors(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y, Body&& body) {
  const PoolAxis h(w, x, y, 0), v(w, x, y, 1);
  with_scratch<T>(h.out + v.out, [&](T* memory) {
    T *rows = memory, *columns = memory + h.out;
    const bool fixed = divisor.fixed > 0;
    bool inverse = true;
    const auto put = [&](T& to, int64_t count) {
      to = T(count);
      inverse &= count > 0 && (count & (count - 1)) == 0;
    };
    for (int64_t o = 0; o < h.out; ++o) put(rows[o], fixed ? 1 : h.counted(o, divisor.count_padding));
    for (int64_t o = 0; o < v.out; ++o)
      put(columns[o], fixed ? int64_t(divisor.fixed) : v.counted(o, divisor.count_padding));
    for (int64_t o = 0; o < h.out + v.out && inverse; ++o) memory[o] = T(1) / memory[o];
    body(PoolDivisors<T>{rows, columns, pool_across(x) || PoolTiles::fit(w, x, y, y), inverse});
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
