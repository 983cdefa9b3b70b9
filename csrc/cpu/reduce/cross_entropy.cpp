// Cross-entropy with class indices, and its gradient.
#include "core/dispatch.h"
#include "cpu/reduce/along_dim.h"
#include "cpu/simd/math.h"
#include "kernels/loss.h"

namespace pydl {
namespace PYDL_ISA {

void cross_entropy(const View& x, const ClassTargets& targets, const View& values);
void cross_entropy_grad(const View& x, const ClassTargets& targets, const View& g, const View& dx);

namespace {

// The options in the numbers of one dtype.
template <class T>
struct ClassWeights {
  using V = Vec<T>;
  const T* weight;
  double smoothing, total;
  int64_t classes, ignore_index;

  ClassWeights(const ClassTargets& o, int64_t c)
      : weight(static_cast<const T*>(o.weight)),
        smoothing(o.smoothing),
        total(weight ? 0 : double(c)),
        classes(c),
        ignore_index(o.ignore_index) {
    for (int64_t k = 0; weight && k < c; ++k) total += double(weight[k]);
  }
  bool smooth() const { return smoothing > 0; }
  // What q has at the target, and per unit of weight at every class; the sum of q.
  T sharp(int64_t target) const { return T((1 - smoothing) * (weight ? double(weight[target]) : 1.0)); }
  T flat() const { return T(smoothing / double(classes)); }
  T mass(int64_t target) const {
    return T((1 - smoothing) * (weight ? double(weight[target]) : 1.0) + smoothing / double(classes) * total);
  }
  // The class weights of step k.
  V at(const Along<T>& m, int64_t k) const {
    return weight ? fetch_lanes(weight + k * V::size, 1, m.lanes(k), T(0)) : V(T(1));
  }
  template <bool Unit>
  V at(const Across<T, Unit>&, int64_t k) const {
    return V(weight ? weight[k] : T(1));
  }
};

template <class T, class Model>
Vec<T> exponentials(const Model& m, const Lines<const T>& x, Vec<T> most, int64_t k) {
  return exp(get(m, x, k, -T(INFINITY)) - most);
}

// sum_c w[c] (most - x[c])
template <class T, class Model>
Vec<T> weighted_distance(const Model& m, const Lines<const T>& x, Vec<T> most, const ClassWeights<T>& w) {
  return m.sum([&](int64_t k) __attribute__((always_inline)) {
    Vec<T> term = w.at(m, k) * (most - get(m, x, k));
    for (int i = m.lanes(k); i < Vec<T>::size; ++i) term.v[i] = 0;
    return term;
  });
}

// Element c of the line in lane i.
template <class T, class S>
T& element(const Along<S>&, const Lines<T>& x, int, int64_t c) {
  return x.p[c * x.lane];
}
template <class T, class S, bool Unit>
T& element(const Across<S, Unit>&, const Lines<T>& x, int i, int64_t c) {
  return x.p[c * x.step + i * x.lane];
}

// A value for each position of a step: targets, losses or gradients.
template <class T>
struct Each {
  T* p;
  int64_t step;
  T& operator[](int i) const { return p[i * step]; }
};

template <class T, class Model>
void loss_of_lines(const Model& m, const Lines<const T>& x, const ClassWeights<T>& w,
                   Each<const int64_t> target, Each<T> values) {
  const Vec<T> most = line_maximum(m, x);
  const Vec<T> log_total =
      log(m.sum([&](int64_t k) __attribute__((always_inline)) { return exponentials(m, x, most, k); }));
  Vec<T> distance(T(0));
  if (w.smooth()) distance = weighted_distance(m, x, most, w);
  for (int i = 0; i < m.results(); ++i) {
    const int64_t t = target[i];
    T loss = 0;
    if (t != w.ignore_index) {
      loss = w.sharp(t) * ((most.v[i] - element(m, x, i, t)) + log_total.v[i]);
      if (w.smooth()) loss += w.flat() * (distance.v[i] + T(w.total) * log_total.v[i]);
    }
    values[i] = loss;
  }
}

template <class T, class Model>
void grad_of_lines(const Model& m, const Lines<const T>& x, const ClassWeights<T>& w,
                   Each<const int64_t> target, Each<const T> g, const Lines<T>& dx) {
  using V = Vec<T>;
  const V most = line_maximum(m, x);
  const V total = m.sum([&](int64_t k) __attribute__((always_inline)) {
    const V e = exponentials(m, x, most, k);
    put(m, dx, k, e);
    return e;
  });
  V counts(T(0)), scale(T(0)), flat(T(0));
  for (int i = 0; i < m.results(); ++i) {
    const int64_t t = target[i];
    if (t == w.ignore_index) continue;
    counts.v[i] = 1;
    scale.v[i] = g[i] * w.mass(t);
    flat.v[i] = g[i] * w.flat();
  }
  counts = m.spread(counts);
  scale = m.spread(scale);
  flat = m.spread(flat);
  scale = scale / total;
  for (int64_t k = 0; k < m.steps(); ++k) {
    V d = get(m, dx, k) * scale;
    if (w.smooth()) d = d - flat * w.at(m, k);
    put(m, dx, k, select(counts != V(T(0)), d, V(T(0))));
  }
  for (int i = 0; i < m.results(); ++i)
    if (target[i] != w.ignore_index) element(m, dx, i, target[i]) -= g[i] * w.sharp(target[i]);
}

}  // namespace

void cross_entropy(const View& x, const ClassTargets& targets, const View& values) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const ClassWeights<T> w(targets, x.shape[1]);
    for_lines<T, 3>(
        {&x, &targets.target, &values}, 1,
        [&](const auto& m, const int64_t (&at)[3], const int64_t (&next)[3]) {
          loss_of_lines(m, m.lines(data_as<const T>(x) + at[0], x.strides[1], next[0]), w,
                        {data_as<const int64_t>(targets.target) + at[1], next[1]},
                        {data_as<T>(values) + at[2], next[2]});
        },
        2 * Vec<T>::size);
  });
}

void cross_entropy_grad(const View& x, const ClassTargets& targets, const View& g, const View& dx) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const ClassWeights<T> w(targets, x.shape[1]);
    for_lines<T, 4>(
        {&x, &targets.target, &g, &dx}, 1,
        [&](const auto& m, const int64_t (&at)[4], const int64_t (&next)[4]) {
          grad_of_lines(m, m.lines(data_as<const T>(x) + at[0], x.strides[1], next[0]), w,
                        {data_as<const int64_t>(targets.target) + at[1], next[1]},
                        {data_as<const T>(g) + at[2], next[2]},
                        m.lines(data_as<T>(dx) + at[3], dx.strides[1], next[3]));
        },
        2 * Vec<T>::size);
  });
}

}  // namespace PYDL_ISA
}  // namespace pydl
