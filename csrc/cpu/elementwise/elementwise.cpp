// Elementwise functions of one or two arrays.
#include "kernels/elementwise.h"

#include "core/dispatch.h"
#include "cpu/elementwise/loop.h"
#include "cpu/simd/bytes.h"
#include "cpu/simd/erf.h"
#include "cpu/simd/pow.h"
#include "cpu/simd/sin_cos.h"
#include "kernels/functors.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();

namespace {

constexpr int64_t kRepeated = 2048;  // elements of rows that an operand repeats, copied out together
constexpr int64_t kStage = 256;      // elements of a row that pass through a buffer at a time

// One operand of a vector loop: whole registers, each `step` elements after the last. A step of 0 reads the
// same register again, which is how a broadcast operand enters.
template <class T>
struct Operand {
  const T* at;
  int64_t step;
};

// y[i] = f(in[0][i], …) for n elements, n a multiple of the register. One such loop is all that is compiled
// for a function and a type; every other arrangement of the operands is brought into this form. `far`: y is
// aligned to the register and written past the caches.
template <int N, class T>
using Loop = void (*)(const Operand<T> (&in)[N], T* y, int64_t n, T a, T b, bool far);

template <class F, class T>
void unary_loop(const Operand<T> (&in)[1], T* y, int64_t n, T a, T b, bool far) {
  const Scalars<Vec<T>> p{a, b};
  const T* x = in[0].at;
  for (int64_t i = 0; i < n; i += Vec<T>::size, x += in[0].step) {
    const Vec<T> value = F::apply(Vec<T>::load(x), p);
    far ? value.stream(y + i) : value.store(y + i);
  }
}

template <class F, class T>
void binary_loop(const Operand<T> (&in)[2], T* y, int64_t n, T a, T b, bool far) {
  const Scalars<Vec<T>> p{a, b};
  const T *x1 = in[0].at, *x2 = in[1].at;
  const int64_t step1 = in[0].step, step2 = in[1].step;
  for (int64_t i = 0; i < n; i += Vec<T>::size, x1 += step1, x2 += step2) {
    const Vec<T> value = F::apply(Vec<T>::load(x1), Vec<T>::load(x2), p);
    far ? value.stream(y + i) : value.store(y + i);
  }
}

// The n elements p[0], p[stride], … as whole registers: in place where they are, else copied to `buffer` and
// followed by zeros.
template <class T>
Operand<T> stage(const T* p, int64_t stride, int64_t n, T* buffer) {
  constexpr int W = Vec<T>::size;
  if (stride == 1 && n % W == 0) return {p, W};
  if (stride == 0) {
    Vec<T>(*p).store(buffer);
    return {buffer, 0};
  }
  int64_t i = 0;
  for (; i < n; ++i) buffer[i] = p[i * stride];
  for (; i % W != 0; ++i) buffer[i] = 0;
  return {buffer, W};
}

// One row of n elements: operand 0 is the output, the others are the inputs.
template <int N, class T>
void run_row(Loop<N - 1, T> loop, T* const (&p)[N], const int64_t (&strides)[N], int64_t n, T a, T b,
             bool far) {
  constexpr int W = Vec<T>::size;
  bool in_place = strides[0] == 1;
  for (int k = 1; k < N; ++k) in_place &= strides[k] == 1 || strides[k] == 0;
  T buffers[N][kStage];
  for (int64_t i = 0, piece; i < n; i += piece) {
    const int64_t left = n - i;
    piece = in_place && left >= W ? left / W * W : left < kStage ? left : kStage;
    Operand<T> in[N - 1];
    for (int k = 1; k < N; ++k) in[k - 1] = stage(p[k] + i * strides[k], strides[k], piece, buffers[k]);
    T* y = p[0] + i * strides[0];
    const bool direct = strides[0] == 1 && piece % W == 0;
    const bool streams = far && direct && reinterpret_cast<uintptr_t>(y) % sizeof(Vec<T>) == 0;
    loop(in, direct ? y : buffers[0], (piece + W - 1) / W * W, a, b, streams);
    for (int64_t j = 0; j < piece && !direct; ++j) y[j * strides[0]] = buffers[0][j];
  }
  if (far) streamed();
}

// Whether a result is larger than what caches keep for who reads it next, and is not where an operand was
// read.
template <int N>
bool is_far(const View* const (&views)[N]) {
  bool far = numel(*views[0]) * item_size(views[0]->dtype) >= kFarBytes;
  for (int k = 1; k < N; ++k) far &= views[k]->data != views[0]->data;
  return far;
}

// Whether rows are short and each operand holds them one after another, or has the same row for all of them:
// a bias of channels, the weight of a layer norm.
template <int N>
bool has_repeated_rows(const LoopNest<N>& nest) {
  if (nest.ndim != 2 || nest.shape[1] > kRepeated / 2) return false;
  bool some = false, all = true;
  for (int k = 0; k < N; ++k) {
    const int64_t down = nest.strides[k][0], along = nest.strides[k][1];
    const bool repeated = k > 0 && down == 0 && along == 1;
    all &= repeated || (along == 1 && down == nest.shape[1]);
    some |= repeated;
  }
  return some && all;
}

// As many such rows at a time as the repeated one is copied out for.
template <int N, class T>
void run_repeated_rows(Loop<N - 1, T> loop, const View* const (&views)[N], const LoopNest<N>& nest, T a, T b,
                       bool far) {
  const int64_t length = nest.shape[1], fit = kRepeated / length;
  const int64_t step = fit > Vec<T>::size ? fit / Vec<T>::size * Vec<T>::size : fit;  // whole registers
  parallel_ranges(nest.shape[0], (kGrain / length + step) / step * step, [&](int64_t begin, int64_t end) {
    T copies[N][kRepeated];
    int64_t ones[N];
    for (int k = 0; k < N; ++k) {
      ones[k] = 1;
      for (int64_t r = 0; r < step && nest.strides[k][0] == 0; ++r)
        std::memcpy(copies[k] + r * length, views[k]->data, length * sizeof(T));
    }
    for (int64_t row = begin; row < end; row += step) {
      T* p[N];
      for (int k = 0; k < N; ++k)
        p[k] = nest.strides[k][0] == 0 ? copies[k] : data_as<T>(*views[k]) + row * length;
      run_row<N, T>(loop, p, ones, (end - row < step ? end - row : step) * length, a, b, far);
    }
  });
}

template <int N, class T>
void run_loop(Loop<N - 1, T> loop, const View* const (&views)[N], double a, double b) {
  const LoopNest<N> nest(views);
  const bool far = is_far(views);
  if (has_repeated_rows(nest)) return run_repeated_rows<N, T>(loop, views, nest, T(a), T(b), far);
  int64_t strides[N];
  for (int k = 0; k < N; ++k) strides[k] = nest.row_stride(k);
  nest.run([&](const int64_t (&at)[N], int64_t n) {
    T* p[N];
    for (int k = 0; k < N; ++k) p[k] = data_as<T>(*views[k]) + at[k];
    run_row<N, T>(loop, p, strides, n, T(a), T(b), far);
  });
}

void run_unary(Unary op, const View& x, const View& y, double a, double b) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
#define PYDL_ENTRY(name, functor) unary_loop<functor, T>,
    static constexpr Loop<1, T> table[] = {PYDL_UNARY_OPS(PYDL_ENTRY)};
#undef PYDL_ENTRY
    run_loop<2, T>(table[static_cast<int>(op)], {&y, &x}, a, b);
  });
}

void run_binary(Binary op, const View& x1, const View& x2, const View& y, double a, double b) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
#define PYDL_ENTRY(name, functor) binary_loop<functor, T>,
    static constexpr Loop<2, T> table[] = {PYDL_BINARY_OPS(PYDL_ENTRY)};
#undef PYDL_ENTRY
    run_loop<3, T>(table[static_cast<int>(op)], {&y, &x1, &x2}, a, b);
  });
}

// One row; operand 0 is the output, the others the mask and what it chooses from.
template <class T>
void choose_row(T* y, const uint8_t* mask, const T* x1, const T* x2, const int64_t (&strides)[4], int64_t n) {
  using V = Vec<T>;
  const int64_t sm = strides[1], s1 = strides[2], s2 = strides[3];
  int64_t i = 0;
  if (strides[0] == 1 && sm == 1 && (s1 == 0 || s1 == 1) && (s2 == 0 || s2 == 1)) {
    const V one(*x1), two(*x2);
    for (; i + V::size <= n; i += V::size) {
      typename V::bits lanes;
      widen_bytes(mask + i, lanes);
      select(lanes != 0, s1 ? V::load(x1 + i) : one, s2 ? V::load(x2 + i) : two).store(y + i);
    }
  }
  for (; i < n; ++i) {
    y[i * strides[0]] = mask[i * sm] ? x1[i * s1] : x2[i * s2];
    __asm__ volatile("");  // not worth the code that vectors would take
  }
}

void run_choose(const View& mask, const View& x1, const View& x2, const View& y) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const LoopNest<4> nest({&y, &mask, &x1, &x2});
    int64_t strides[4];
    for (int k = 0; k < 4; ++k) strides[k] = nest.row_stride(k);
    nest.run([&](const int64_t (&at)[4], int64_t n) {
      choose_row(data_as<T>(y) + at[0], data_as<uint8_t>(mask) + at[1], data_as<T>(x1) + at[2],
                 data_as<T>(x2) + at[3], strides, n);
    });
  });
}

}  // namespace

ElementwiseKernels elementwise_kernels() { return {run_unary, run_binary, run_choose}; }

}  // namespace PYDL_ISA
}  // namespace pydl
