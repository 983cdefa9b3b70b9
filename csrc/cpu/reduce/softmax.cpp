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
  static constexpr int registers = 1;  // of a line from which its own are filled

  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y, bool far) {
    if (far && std::is_same<Model, Along<T>>::value && m.n <= kNear<T>) return far_line(m, x, y);
    const Vec<T> share = put_powers(m, x, y);
    for (int64_t k = 0; k < m.steps(); ++k) put(m, y, k, get(m, y, k) * share);
  }

 private:
  template <class T>
  static constexpr int64_t kNear = 16384 / sizeof(T);

  // The powers of e of a line, which go to `to`; returns one over their sum.
  template <class Model, class T>
  [[gnu::always_inline]] static Vec<T> put_powers(const Model& m, Lines<const T> x, Lines<T> to) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> total = m.sum([&](int64_t k) __attribute__((always_inline)) {
      const Vec<T> e = exp(get(m, x, k, -T(INFINITY)) - most);
      put(m, to, k, e);
      return e;
    });
    return Vec<T>(T(1)) / total;
  }

  // Where y is far, its powers wait nearer.
  template <class Model, class T>
  [[gnu::noinline]] static void far_line(const Model& m, Lines<const T> x, Lines<T> y) {
    alignas(64) T memory[kNear<T>];
    const Lines<T> powers = m.lines(memory, 1, 1);
    const Vec<T> share = put_powers(m, x, powers);
    put_line(m, y, true, [&](int64_t k) { return get(m, powers, k) * share; });
  }
};

template <class Model, class T>
static inline Vec<T> log_total(const Model& m, const Lines<const T>& x, Vec<T> most) {
  return log(m.sum([&](int64_t k)
                       __attribute__((always_inline)) { return exp(get(m, x, k, -T(INFINITY)) - most); }));
}

struct LogSoftmax {
  static constexpr int registers = 2;  // a logarithm for each line alone

  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y, bool far) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> total = log_total(m, x, most);
    put_line(m, y, far,
             [=](int64_t k) __attribute__((always_inline)) { return (get(m, x, k) - most) - total; });
  }
};

struct LogSumExp {
  static constexpr int registers = 2;

  template <class Model, class T>
  static void line(const Model& m, Lines<const T> x, Lines<T> y, bool) {
    const Vec<T> most = line_maximum(m, x);
    const Vec<T> shift = select(abs(most) == Vec<T>(T(INFINITY)), Vec<T>(T(0)), most);
    put_lanes(y.p, y.lane, m.results(), log_total(m, x, shift) + shift);
  }
};

struct SoftmaxGrad {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> y, Lines<const T> g, Lines<T> dx, bool far) {
    const Vec<T> dot =
        m.sum([&](int64_t k) __attribute__((always_inline)) { return get(m, y, k) * get(m, g, k); });
    put_line(m, dx, far,
             [=](int64_t k) __attribute__((always_inline)) { return get(m, y, k) * (get(m, g, k) - dot); });
  }
};

struct LogSoftmaxGrad {
  template <class Model, class T>
  static void line(const Model& m, Lines<const T> y, Lines<const T> g, Lines<T> dx, bool far) {
    const Vec<T> total = m.sum([&](int64_t k) __attribute__((always_inline)) { return get(m, g, k); });
    put_line(m, dx, far, [=](int64_t k) __attribute__((always_inline)) {
      return fma(-exp(get(m, y, k)), total, get(m, g, k));
    });
  }
};

template <class F>
void forward(const View& x, int dim, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool far = numel(y) * int64_t(sizeof(T)) >= kFarBytes;
    for_lines<T, 2>(
        {&x, &y}, dim,
        [&](const auto& m, const int64_t (&at)[2], const int64_t (&next)[2]) {
          F::line(m, m.lines(data_as<const T>(x) + at[0], x.strides[dim], next[0]),
                  m.lines(data_as<T>(y) + at[1], y.strides[dim], next[1]), far);
        },
        F::registers * Vec<T>::size);
  });
}

template <class F>
void backward(const View& y, const View& g, int dim, const View& dx) {
  dispatch_float(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool far = numel(dx) * int64_t(sizeof(T)) >= kFarBytes;
    for_lines<T, 3>({&y, &g, &dx}, dim, [&](const auto& m, const int64_t (&at)[3], const int64_t (&next)[3]) {
      F::line(m, m.lines(data_as<const T>(y) + at[0], y.strides[dim], next[0]),
              m.lines(data_as<const T>(g) + at[1], g.strides[dim], next[1]),
              m.lines(data_as<T>(dx) + at[2], dx.strides[dim], next[2]), far);
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
