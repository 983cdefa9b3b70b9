#include "core/dispatch.h"
#include "cuda/launch.cuh"
#include "cuda/math.cuh"
#include "kernels/elementwise.h"
#include "kernels/functors.h"

namespace pydl {
namespace cuda {

ElementwiseKernels elementwise_kernels();

namespace {

// Shape of the output and the steps of N operands (operand 0 is the output), passed to a kernel by value.
template <int N>
struct Layout {
  int ndim;
  int64_t shape[kMaxDims];
  int64_t strides[N][kMaxDims];
};

// Dimensions of size 1 are dropped, and neighbours that every operand steps through evenly are merged.
template <int N>
Layout<N> layout_of(const View* const (&views)[N]) {
  Layout<N> l{};
  for (int d = 0; d < views[0]->ndim; ++d) {
    if (views[0]->shape[d] == 1) continue;
    bool merges = l.ndim > 0;
    for (int k = 0; k < N && merges; ++k)
      merges = l.strides[k][l.ndim - 1] == views[k]->strides[d] * views[k]->shape[d];
    const int at = merges ? l.ndim - 1 : l.ndim++;
    l.shape[at] = merges ? l.shape[at] * views[0]->shape[d] : views[0]->shape[d];
    for (int k = 0; k < N; ++k) l.strides[k][at] = views[k]->strides[d];
  }
  return l;
}

// Offset in each operand of element `index` of the output, counted row by row.
template <int N>
PYDL_FN void offsets_of(const Layout<N>& l, int64_t index, int64_t (&offsets)[N]) {
  for (int k = 0; k < N; ++k) offsets[k] = 0;
  for (int d = l.ndim - 1; d >= 0; --d) {
    const int64_t at = index % l.shape[d];
    index /= l.shape[d];
    for (int k = 0; k < N; ++k) offsets[k] += at * l.strides[k][d];
  }
}

template <class F, class T>
PYDL_KERNEL void unary_kernel(const T* x, T* y, int64_t n, Layout<2> l, Scalars<T> p) {
  for (int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; i < n;
       i += int64_t(gridDim.x) * blockDim.x) {
    int64_t at[2];
    offsets_of(l, i, at);
    y[at[0]] = F::apply(x[at[1]], p);
  }
}

template <class F, class T>
PYDL_KERNEL void binary_kernel(const T* x1, const T* x2, T* y, int64_t n, Layout<3> l, Scalars<T> p) {
  for (int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; i < n;
       i += int64_t(gridDim.x) * blockDim.x) {
    int64_t at[3];
    offsets_of(l, i, at);
    y[at[0]] = F::apply(x1[at[1]], x2[at[2]], p);
  }
}

template <class F>
void unary(const View& x, const View& y, double a, double b) {
  const int64_t n = numel(y);
  if (n == 0) return;
  const Layout<2> l = layout_of<2>({&y, &x});
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<T> p{T(a), T(b)};
    PYDL_LAUNCH((unary_kernel<F, T>), blocks_for(n), kThreads, data_as<T>(x), data_as<T>(y), n, l, p);
  });
}

template <class F>
void binary(const View& x1, const View& x2, const View& y, double a, double b) {
  const int64_t n = numel(y);
  if (n == 0) return;
  const Layout<3> l = layout_of<3>({&y, &x1, &x2});
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<T> p{T(a), T(b)};
    PYDL_LAUNCH((binary_kernel<F, T>), blocks_for(n), kThreads, data_as<T>(x1), data_as<T>(x2), data_as<T>(y),
                n, l, p);
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

}  // namespace cuda
}  // namespace pydl
