// The elementwise losses: their values, their sum and their gradients.
#include "kernels/loss.h"

#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/reduce/along_dim.h"
#include "cpu/reduce/tree.h"
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {

LossKernels loss_kernels();
void cross_entropy(const View& x, const ClassTargets& targets, const View& values);
void cross_entropy_grad(const View& x, const ClassTargets& targets, const View& g, const View& dx);

namespace {

template <class V>
struct Element {
  V x, t, w, p, width;
};

struct Mse {
  template <class V>
  static V value(const Element<V>& e) {
    const V d = e.x - e.t;
    return d * d;
  }
  template <class V>
  static V slope(const Element<V>& e) {
    return V(2) * (e.x - e.t);
  }
};

struct L1 {
  template <class V>
  static V value(const Element<V>& e) {
    return abs(e.x - e.t);
  }
  template <class V>
  static V slope(const Element<V>& e) {
    const V d = e.x - e.t;
    return select(d > V(0), V(1), select(d < V(0), V(-1), V(0)));
  }
};

struct Huber {
  template <class V>
  static V value(const Element<V>& e) {
    const V d = abs(e.x - e.t);
    return e.w * select(d >= e.width, e.width * (d - V(typename V::scalar(0.5)) * e.width),
                        V(typename V::scalar(0.5)) * d * d);
  }
  template <class V>
  static V slope(const Element<V>& e) {
    const V d = e.x - e.t;
    return e.w * select(abs(d) >= e.width, copysign(e.width, d), d);
  }
};

// Divided where nothing overflows or vanishes on the way.
struct SmoothL1 {
  template <class V>
  static V value(const Element<V>& e) {
    const V d = abs(e.x - e.t), half(typename V::scalar(0.5));
    return e.w * select(d >= e.width, d - half * e.width, half * d * (d / e.width));
  }
  template <class V>
  static V slope(const Element<V>& e) {
    const V d = e.x - e.t;
    return e.w * select(abs(d) >= e.width, copysign(V(1), d), d / e.width);
  }
};

// Logarithms are cut at -100 and the slope's divisor at 1e-12, as PyTorch does.
struct Bce {
  template <class V>
  static V value(const Element<V>& e) {
    const V yes = maximum(log(e.x), V(-100)), no = maximum(log1p(-e.x), V(-100));
    return e.w * ((e.t - V(1)) * no - e.t * yes);
  }
  template <class V>
  static V slope(const Element<V>& e) {
    return e.w * (e.x - e.t) / maximum((V(1) - e.x) * e.x, V(typename V::scalar(1e-12)));
  }
};

struct BceWithLogits {
  template <class V>
  static V value(const Element<V>& e) {
    const V softplus = log1p_to_one(exp(-abs(e.x))) + maximum(-e.x, V(0));
    return e.w * fma(fma(e.p - V(1), e.t, V(1)), softplus, (V(1) - e.t) * e.x);
  }
  template <class V>
  static V slope(const Element<V>& e) {
    const V probability = V(1) / (V(1) + exp(-e.x));
    return e.w * fma(fma(e.p, e.t, V(1) - e.t), probability, -(e.p * e.t));
  }
};

constexpr int64_t kChunk = 32 * kBlock;  // elements of one item of work

template <class T>
struct Arrays {
  const T *x, *t, *w, *p;
  T width;

  explicit Arrays(const LossOperands& o)
      : x(static_cast<const T*>(o.input)),
        t(static_cast<const T*>(o.target)),
        w(static_cast<const T*>(o.weight)),
        p(static_cast<const T*>(o.pos_weight)),
        width(T(o.width)) {}

  Element<Vec<T>> at(int64_t i, int n) const {
    const auto get = [&](const T* a) { return a ? fetch_lanes(a + i, 1, n, T(1)) : Vec<T>(T(1)); };
    return {get(x), get(t), get(w), get(p), Vec<T>(width)};
  }
};

// f(i, n) for each vector of [begin, end).
template <class T, class F>
void for_vectors(int64_t begin, int64_t end, F&& f) {
  constexpr int W = Vec<T>::size;
  for (int64_t i = begin; i < end; i += W) f(i, end - i < W ? int(end - i) : W);
}

template <class L, class T>
void element_values(const Arrays<T>& a, int64_t begin, int64_t end, T* out) {
  for_vectors<T>(begin, end,
                 [&](int64_t i, int n) { put_lanes(out + (i - begin), 1, n, L::value(a.at(i, n))); });
}

template <class L>
void values(const LossOperands& o, void* out) {
  dispatch_float(o.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Arrays<T> a(o);
    parallel_ranges(o.n, kChunk, [&](int64_t begin, int64_t end) {
      element_values<L>(a, begin, end, static_cast<T*>(out) + begin);
    });
  });
}

template <class L>
double total(const LossOperands& o) {
  double result = 0;
  dispatch_float(o.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Arrays<T> a(o);
    const int64_t chunks = (o.n + kChunk - 1) / kChunk;
    with_scratch<T>(chunks, [&](T* partial) {
      parallel_ranges(o.n, kChunk, [&](int64_t begin, int64_t end) {
        T buffer[kChunk];
        element_values<L>(a, begin, end, buffer);
        partial[begin / kChunk] = tree<SumOf>(buffer, end - begin);
      });
      Counter<SumOf, T> counter;
      for (int64_t c = 0; c < chunks; ++c) counter.push(partial[c]);
      result = double(counter.result());
    });
  });
  return result;
}

template <class L>
void grad(const LossOperands& o, const void* g, int64_t step, void* dx) {
  dispatch_float(o.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Arrays<T> a(o);
    const T* gradient = static_cast<const T*>(g);
    parallel_ranges(o.n, kChunk, [&](int64_t begin, int64_t end) {
      for_vectors<T>(begin, end, [&](int64_t i, int n) {
        const Vec<T> factor = step ? fetch_lanes(gradient + i, 1, n, T(0)) : Vec<T>(*gradient);
        put_lanes(static_cast<T*>(dx) + i, 1, n, factor * L::slope(a.at(i, n)));
      });
    });
  });
}

void run_values(ElementLoss loss, const LossOperands& o, void* out) {
  static constexpr void (*table[])(const LossOperands&, void*) = {
      values<Mse>, values<L1>, values<Huber>, values<SmoothL1>, values<Bce>, values<BceWithLogits>};
  table[static_cast<int>(loss)](o, out);
}

double run_total(ElementLoss loss, const LossOperands& o) {
  static constexpr double (*table[])(const LossOperands&) = {
      total<Mse>, total<L1>, total<Huber>, total<SmoothL1>, total<Bce>, total<BceWithLogits>};
  return table[static_cast<int>(loss)](o);
}

void run_grad(ElementLoss loss, const LossOperands& o, const void* g, int64_t step, void* dx) {
  static constexpr void (*table[])(const LossOperands&, const void*, int64_t, void*) = {
      grad<Mse>, grad<L1>, grad<Huber>, grad<SmoothL1>, grad<Bce>, grad<BceWithLogits>};
  table[static_cast<int>(loss)](o, g, step, dx);
}

}  // namespace

LossKernels loss_kernels() { return {run_values, run_total, run_grad, cross_entropy, cross_entropy_grad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
