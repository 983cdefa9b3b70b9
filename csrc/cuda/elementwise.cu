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
  bool is_short;  // 32 bits count the elements
  bool is_flat;  // one dimension of consecutive elements, or of one element again and again, aligned to packs
};

// Elements that one thread moves with one access of 16 bytes.
template <class T>
struct alignas(16) Pack {
  static constexpr int size = 16 / sizeof(T);
  T at[size];
};

// Dimensions of size 1 are dropped, and neighbours that every operand steps through evenly are merged.
template <int N>
Layout<N> layout_of(const View* const (&views)[N], int64_t elements) {
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
  l.is_short = elements <= INT32_MAX;
  l.is_flat = l.ndim == 1;
  for (int k = 0; k < N; ++k) {
    const bool consecutive = l.strides[k][0] == 1 && reinterpret_cast<uintptr_t>(views[k]->data) % 16 == 0;
    l.is_flat = l.is_flat && (consecutive || (k > 0 && l.strides[k][0] == 0));
  }
  return l;
}

template <int N, class Index>
PYDL_FN void add_offsets(const Layout<N>& l, Index index, int64_t (&offsets)[N]) {
  for (int d = l.ndim - 1; d >= 0; --d) {
    const Index size = static_cast<Index>(l.shape[d]), at = index % size;
    index /= size;
    for (int k = 0; k < N; ++k) offsets[k] += int64_t(at) * l.strides[k][d];
  }
}

// Offset in each operand of element `index` of the output, counted row by row; a division of 64 bits takes
// several times one of 32.
template <int N>
PYDL_FN void offsets_of(const Layout<N>& l, int64_t index, int64_t (&offsets)[N]) {
  for (int k = 0; k < N; ++k) offsets[k] = 0;
  if (l.is_short)
    add_offsets(l, static_cast<uint32_t>(index), offsets);
  else
    add_offsets(l, index, offsets);
}

// Elements on the device, or a number where `data` is null.
template <class T>
struct Operand {
  const T* data;
  T number;

  explicit Operand(const View& v)
      : data(v.is_number ? nullptr : data_as<T>(v)), number(v.is_number ? *data_as<T>(v) : T(0)) {}
};

template <class T>
PYDL_FN T load(const Operand<T>& x, int64_t at) {
  return x.data ? x.data[at] : x.number;
}

template <class T>
PYDL_FN Pack<T> load_pack(const Operand<T>& x, int64_t pack, bool repeated) {
  if (!repeated) return reinterpret_cast<const Pack<T>*>(x.data)[pack];
  const T element = load(x, 0);
  Pack<T> p;
  for (int i = 0; i < Pack<T>::size; ++i) p.at[i] = element;
  return p;
}

// This thread's share of `items`, one after the other through the whole grid.
template <class Body>
PYDL_FN void for_items(int64_t items, Body&& body) {
  for (int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; i < items;
       i += int64_t(gridDim.x) * blockDim.x)
    body(i);
}

template <class F, class T>
PYDL_KERNEL void unary_kernel(Operand<T> x, T* y, int64_t n, Layout<2> l, Scalars<T> p) {
  const int64_t packs = l.is_flat ? n / Pack<T>::size : 0;
  for_items(packs, [&](int64_t i) {
    Pack<T> v = load_pack(x, i, l.strides[1][0] == 0);
    for (T& element : v.at) element = F::apply(element, p);
    reinterpret_cast<Pack<T>*>(y)[i] = v;
  });
  for_items(n - packs * Pack<T>::size, [&](int64_t i) {
    int64_t at[2];
    offsets_of(l, packs * Pack<T>::size + i, at);
    y[at[0]] = F::apply(load(x, at[1]), p);
  });
}

template <class F, class T>
PYDL_KERNEL void binary_kernel(Operand<T> x1, Operand<T> x2, T* y, int64_t n, Layout<3> l, Scalars<T> p) {
  const int64_t packs = l.is_flat ? n / Pack<T>::size : 0;
  for_items(packs, [&](int64_t i) {
    Pack<T> v = load_pack(x1, i, l.strides[1][0] == 0);
    const Pack<T> other = load_pack(x2, i, l.strides[2][0] == 0);
    for (int k = 0; k < Pack<T>::size; ++k) v.at[k] = F::apply(v.at[k], other.at[k], p);
    reinterpret_cast<Pack<T>*>(y)[i] = v;
  });
  for_items(n - packs * Pack<T>::size, [&](int64_t i) {
    int64_t at[3];
    offsets_of(l, packs * Pack<T>::size + i, at);
    y[at[0]] = F::apply(load(x1, at[1]), load(x2, at[2]), p);
  });
}

template <class F>
void unary(const View& x, const View& y, double a, double b) {
  const int64_t n = numel(y);
  if (n == 0) return;
  const Layout<2> l = layout_of<2>({&y, &x}, n);
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<T> p{T(a), T(b)};
    const unsigned blocks = blocks_for(l.is_flat ? n / Pack<T>::size + 1 : n);
    PYDL_LAUNCH((unary_kernel<F, T>), blocks, kThreads, Operand<T>(x), data_as<T>(y), n, l, p);
  });
}

template <class F>
void binary(const View& x1, const View& x2, const View& y, double a, double b) {
  const int64_t n = numel(y);
  if (n == 0) return;
  const Layout<3> l = layout_of<3>({&y, &x1, &x2}, n);
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Scalars<T> p{T(a), T(b)};
    const unsigned blocks = blocks_for(l.is_flat ? n / Pack<T>::size + 1 : n);
    PYDL_LAUNCH((binary_kernel<F, T>), blocks, kThreads, Operand<T>(x1), Operand<T>(x2), data_as<T>(y), n, l,
                p);
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

ElementwiseKernels elementwise_kernels() { return {run_unary, run_binary, nullptr}; }

}  // namespace cuda
}  // namespace pydl
