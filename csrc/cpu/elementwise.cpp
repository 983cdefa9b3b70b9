#include "kernels/elementwise.h"

#include "core/dispatch.h"
#include "cpu/loop.h"
#include "cpu/math.h"
#include "kernels/functors.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();

namespace {

// How the elements of one operand's row lie in memory.
enum class Step { unit, zero, any };

template <Step S, class T>
static inline Vec<T> fetch(const T* p, int64_t stride, int64_t i, int n) {
  if (S == Step::zero) return Vec<T>(*p);
  if (S == Step::unit) return n == Vec<T>::size ? Vec<T>::load(p + i) : Vec<T>::load_partial(p + i, n);
  return Vec<T>::gather(p + i * stride, stride, n);
}

template <class T>
static inline void put(T* p, int64_t stride, int64_t i, int n, Vec<T> value) {
  if (stride != 1) return value.scatter(p + i * stride, stride, n);
  if (n == Vec<T>::size) return value.store(p + i);
  value.store_partial(p + i, n);
}

template <class F, Step S, class T>
void unary_row(const T* x, int64_t sx, T* y, int64_t sy, int64_t n, Scalars<Vec<T>> p) {
  constexpr int W = Vec<T>::size;
  int64_t i = 0;
  for (; i + W <= n; i += W) put(y, sy, i, W, F::apply(fetch<S>(x, sx, i, W), p));
  if (i < n) put(y, sy, i, int(n - i), F::apply(fetch<S>(x, sx, i, int(n - i)), p));
}

template <class F, Step S1, Step S2, class T>
void binary_row(const T* x1, int64_t s1, const T* x2, int64_t s2, T* y, int64_t sy, int64_t n,
                Scalars<Vec<T>> p) {
  constexpr int W = Vec<T>::size;
  int64_t i = 0;
  for (; i + W <= n; i += W) put(y, sy, i, W, F::apply(fetch<S1>(x1, s1, i, W), fetch<S2>(x2, s2, i, W), p));
  const int rest = int(n - i);
  if (rest) put(y, sy, i, rest, F::apply(fetch<S1>(x1, s1, i, rest), fetch<S2>(x2, s2, i, rest), p));
}

template <class F>
void unary(const View& x, const View& y, double a, double b) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<Vec<T>> p{T(a), T(b)};
    const LoopNest<2> nest({&y, &x});
    const int64_t sy = nest.row_stride(0), sx = nest.row_stride(1);
    const auto row = sx == 1 && sy == 1 ? unary_row<F, Step::unit, T> : unary_row<F, Step::any, T>;
    nest.run([&](const int64_t (&at)[2], int64_t n) {
      row(data_as<T>(x) + at[1], sx, data_as<T>(y) + at[0], sy, n, p);
    });
  });
}

template <class F, class T>
auto choose_binary_row(int64_t s1, int64_t s2, int64_t sy) {
  if (sy == 1 && s1 == 1 && s2 == 1) return binary_row<F, Step::unit, Step::unit, T>;
  if (sy == 1 && s1 == 1 && s2 == 0) return binary_row<F, Step::unit, Step::zero, T>;
  if (sy == 1 && s1 == 0 && s2 == 1) return binary_row<F, Step::zero, Step::unit, T>;
  return binary_row<F, Step::any, Step::any, T>;
}

template <class F>
void binary(const View& x1, const View& x2, const View& y, double a, double b) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<Vec<T>> p{T(a), T(b)};
    const LoopNest<3> nest({&y, &x1, &x2});
    const int64_t sy = nest.row_stride(0), s1 = nest.row_stride(1), s2 = nest.row_stride(2);
    const auto row = choose_binary_row<F, T>(s1, s2, sy);
    nest.run([&](const int64_t (&at)[3], int64_t n) {
      row(data_as<T>(x1) + at[1], s1, data_as<T>(x2) + at[2], s2, data_as<T>(y) + at[0], sy, n, p);
    });
  });
}

void run_unary(Unary op, const View& x, const View& y, double a, double b) {
#define PYDL_ENTRY(name, functor) unary<functor>,
  static constexpr void (*table[])(const View&, const View&, double, double) = {PYDL_UNARY_OPS(PYDL_ENTRY)};
#undef PYDL_ENTRY
  table[static_cast<int>(op)](x, y, a, b);
}

void run_binary(Binary op, const View& x1, const View& x2, const View& y, double a, double b) {
#define PYDL_ENTRY(name, functor) binary<functor>,
  static constexpr void (*table[])(const View&, const View&, const View&, double,
                                   double) = {PYDL_BINARY_OPS(PYDL_ENTRY)};
#undef PYDL_ENTRY
  table[static_cast<int>(op)](x1, x2, y, a, b);
}

}  // namespace

ElementwiseKernels elementwise_kernels() { return {run_unary, run_binary}; }

}  // namespace PYDL_ISA
}  // namespace pydl
