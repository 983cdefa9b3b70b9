// Weighted sums of slices along one axis.
#include "kernels/resample.h"

#include "core/dispatch.h"
#include "cpu/elementwise/loop.h"
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {

ResampleKernels resample_kernels();

namespace {

// The i-th sum of elements that lie beside each other in every slice, or of one.
template <class T>
struct Sum {
  using V = Vec<T>;
  const Taps& taps;
  int64_t step;  // of the axis in x

  // n elements from x on, n a multiple of a register, to y.
  void lanes(const T* x, int64_t i, int64_t n, T* y, bool far) const {
    const int64_t first = taps.starts[i], end = taps.starts[i + 1];
    if (first == end) return put(n, y, far, [](int64_t) { return V(T(0)); });
    const T* const a = x + taps.sources[first] * step;
    const V wa{T(taps.weights[first])};
    if (end - first == 1) return put(n, y, far, [=](int64_t k) { return wa * V::load(a + k); });
    const T* const b = x + taps.sources[first + 1] * step;
    const V wb{T(taps.weights[first + 1])};
    if (end - first == 2)
      return put(n, y, far, [=](int64_t k) { return fma(wb, V::load(b + k), wa * V::load(a + k)); });
    put(n, y, far, [&](int64_t k) {
      V sum = fma(wb, V::load(b + k), wa * V::load(a + k));
      for (int64_t t = first + 2; t < end; ++t)
        sum = fma(V(T(taps.weights[t])), V::load(x + taps.sources[t] * step + k), sum);
      return sum;
    });
  }
  // As one lane of the above.
  T one(const T* x, int64_t i) const {
    int64_t t = taps.starts[i];
    const int64_t end = taps.starts[i + 1];
    if (t == end) return T(0);
    T sum = T(taps.weights[t]) * x[taps.sources[t] * step];
    while (++t < end) sum = multiply_add(T(taps.weights[t]), x[taps.sources[t] * step], sum);
    return sum;
  }

 private:
  template <class Value>
  static void put(int64_t n, T* y, bool far, Value&& value) {
    if (far && reinterpret_cast<uintptr_t>(y) % sizeof(V) == 0) {
      for (int64_t k = 0; k < n; k += V::size) value(k).stream(y + k);
    } else {
      for (int64_t k = 0; k < n; k += V::size) value(k).store(y + k);
    }
  }
  static T multiply_add(T a, T b, T c) {
#if defined(__FMA__)
    return sizeof(T) == 4 ? T(__builtin_fmaf(float(a), float(b), float(c))) : T(__builtin_fma(a, b, c));
#else
    return a * b + c;
#endif
  }
};

template <class T>
void blend(const View& x, int axis, const Taps& taps, const View& y) {
  constexpr int W = Vec<T>::size;
  const View from = without_dim(x, axis), to = without_dim(y, axis);
  const int64_t count = y.shape[axis], step = y.strides[axis];
  const Sum<T> sum{taps, x.strides[axis]};
  const LoopNest<2> nest({&to, &from});
  const int64_t next[2] = {nest.row_stride(0), nest.row_stride(1)};
  const bool side_by_side = next[0] == 1 && next[1] == 1, far = numel(y) * int64_t(sizeof(T)) >= kFarBytes;
  nest.run(
      [&](const int64_t (&at)[2], int64_t n) {
        T* const out = data_as<T>(y) + at[0];
        const T* const in = data_as<T>(x) + at[1];
        const int64_t whole = side_by_side ? n / W * W : 0;
        for (int64_t i = 0; i < count && whole > 0; ++i) sum.lanes(in, i, whole, out + i * step, far);
        for (int64_t k = whole; k < n; ++k)
          for (int64_t i = 0; i < count; ++i) {
            out[k * next[0] + i * step] = sum.one(in + k * next[1], i);
            __asm__ volatile("");  // not worth the code that vectors would take
          }
        if (far) streamed();
      },
      kGrain / (count + 1) + 1);
}

void run_blend(const View& x, int axis, const Taps& taps, const View& y) {
  dispatch_float(y.dtype, [&](auto zero) { blend<decltype(zero)>(x, axis, taps, y); });
}

}  // namespace

ResampleKernels resample_kernels() { return {run_blend}; }

}  // namespace PYDL_ISA
}  // namespace pydl
