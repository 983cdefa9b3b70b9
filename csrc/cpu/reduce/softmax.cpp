// Softmax, log-softmax and logsumexp along one dimension, and their gradients.
#include "kernels/softmax.h"

#include "core/dispatch.h"
#include "cpu/reduce/along_dim.h"
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {

SoftmaxKernels softmax_kernels();

namespace {

// One line of softmax; NaN or a maximum of +-inf makes it NaN by itself: inf - inf.
struct Softmax {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> total = m.sum([&](int64_t k) __attribute__((always_inline)) {
      const Vec<T> e = exp(get(m, x, k, -T(INFINITY)) - most);
      put(m, y, k, e);
      return e;
    });
    const Vec<T> share = Vec<T>(T(1)) / total;
    for (int64_t k = 0; k < m.steps(); ++k) put(m, y, k, get(m, y, k) * share);
  }
};

template <class Model, class T>
static inline Vec<T> log_total(const Model& m, const Lines<const T>& x, Vec<T> most) {
  return log(m.sum([&](int64_t k)
                       __attribute__((always_inline)) { return exp(get(m, x, k, -T(INFINITY)) - most); }));
}

struct LogSoftmax {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> total = log_total(m, x, most);
    for (int64_t k = 0; k < m.steps(); ++k) put(m, y, k, (get(m, x, k) - most) - total);
  }
};

struct LogSumExp {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> shift = select(abs(most) == Vec<T>(T(INFINITY)), Vec<T>(T(0)), most);
    put_lanes(y.p, y.lane, m.results(), log_total(m, x, shift) + shift);
  }
};

struct SoftmaxGrad {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> y, Lines<const T> g, Lines<T> dx) {
    const Vec<T> dot =
        m.sum([&](int64_t k) __attribute__((always_inline)) { return get(m, y, k) * get(m, g, k); });
    for (int64_t k = 0; k < m.steps(); ++k) put(m, dx, k, get(m, y, k) * (get(m, g, k) - dot));
  }
};

struct LogSoftmaxGrad {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> y, Lines<const T> g, Lines<T> dx) {
    const Vec<T> total = m.sum([&](int64_t k) __attribute__((always_inline)) { return get(m, g, k); });
    for (int64_t k = 0; k < m.steps(); ++k) put(m, dx, k, fma(-exp(get(m, y, k)), total, get(m, g, k)));
  }
};

template <class F>
void forward(const View& x, int dim, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_lines<T, 2>({&x, &y}, dim, [&](const auto& m, const int64_t (&at)[2], const int64_t (&next)[2]) {
      F::line(m, m.lines(data_as<const T>(x) + at[0], x.strides[dim], next[0]),
              m.lines(data_as<T>(y) + at[1], y.strides[dim], next[1]));
    });
  });
}

template <class F>
void backward(const View& y, const View& g, int dim, const View& dx) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_lines<T, 3>({&y, &g, &dx}, dim, [&](const auto& m, const int64_t (&at)[3], const int64_t (&next)[3]) {
      F::line(m, m.lines(data_as<const T>(y) + at[0], y.strides[dim], next[0]),
              m.lines(data_as<const T>(g) + at[1], g.strides[dim], next[1]),
              m.lines(data_as<T>(dx) + at[2], dx.strides[dim], next[2]));
    });
  });
}

}  // namespace

SoftmaxKernels softmax_kernels() {
  return {forward<Softmax>, forward<LogSoftmax>, forward<LogSumExp>, backward<SoftmaxGrad>,
          backward<LogSoftmaxGrad>};
}

}  // namespace PYDL_ISA
}  // namespace pydl
