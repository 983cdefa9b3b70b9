// What the mean of each window divides by: a factor of its row times a factor of its column.
#pragma once
#include "core/scratch.h"
#include "cpu/pool_tiles.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class T>
struct PoolDivisors {
  const T *rows, *columns;
  bool across;  // all lanes belong to one window

  Vec<T> at(int64_t oh, int64_t ow, Range lanes) const {
    if (across) return Vec<T>(rows[oh] * columns[ow]);
    return Vec<T>(rows[oh]) * fetch_range(columns, ow, 1, lanes);
  }
};

// body(PoolDivisors) for windows of x (the wide side) that lead to y.
template <class T, class Body>
void with_divisors(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y, Body&& body) {
  const PoolAxis h(w, x, y, 0), v(w, x, y, 1);
  with_scratch<T>(h.out + v.out, [&](T* memory) {
    T *rows = memory, *columns = memory + h.out;
    const bool fixed = divisor.fixed > 0;
    for (int64_t o = 0; o < h.out; ++o) rows[o] = fixed ? T(1) : T(h.counted(o, divisor.count_padding));
    for (int64_t o = 0; o < v.out; ++o)
      columns[o] = fixed ? T(divisor.fixed) : T(v.counted(o, divisor.count_padding));
    body(PoolDivisors<T>{rows, columns, pool_across(x) || PoolTiles::fit(w, x, y, y)});
  });
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
