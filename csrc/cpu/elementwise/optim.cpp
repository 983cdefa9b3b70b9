// The steps of the optimizers: all tensors of a group as one job.
#include "kernels/optim.h"

#include "core/dispatch.h"
#include "core/scratch.h"
#include "cpu/elementwise/loop.h"
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {

OptimKernels optim_kernels();

namespace {

// One register of consecutive elements.
template <int N, class T, class Rule>
__attribute__((always_inline)) inline void update_whole(T* const (&p)[N], int64_t i, const Rule& rule) {
  Vec<T> v[N];
#pragma GCC unroll 5
  for (int k = 0; k < N; ++k) v[k] = Vec<T>::load(p[k] + i);
  rule(v);
#pragma GCC unroll 5
  for (int k = 0; k < N; ++k)
    if (k != 1) v[k].store(p[k] + i);  // 1 is the gradient
}

// The same of operands in any memory; one that is not laid out like the others is the gradient as a rule.
template <int N, class T, class Rule>
void update_some(T* const (&p)[N], const int64_t (&strides)[N], int64_t i, int lanes, const Rule& rule) {
  Vec<T> v[N];
  const auto whole = [&](int k) { return strides[k] == 1 && lanes == Vec<T>::size; };
  for (int k = 0; k < N; ++k) {
    const T* const from = p[k] + i * strides[k];
    v[k] = whole(k) ? Vec<T>::load(from) : Vec<T>::gather(from, strides[k], lanes);
  }
  rule(v);
  for (int k = 0; k < N; ++k) {
    if (k == 1) continue;
    T* const to = p[k] + i * strides[k];
    if (whole(k)) {
      v[k].store(to);
    } else {
      v[k].scatter(to, strides[k], lanes);
    }
  }
}

template <bool Unit, int N, class T, class Rule>
void update_row(T* const (&p)[N], const int64_t (&strides)[N], int64_t n, const Rule& rule) {
  constexpr int64_t W = Vec<T>::size;
  // In registers: the stores below might change what is behind a reference.
  const Rule r = rule;
  T* q[N];
  for (int k = 0; k < N; ++k) q[k] = p[k];
  int64_t i = 0;
  if (Unit)
    for (; i + W <= n; i += W) update_whole<N, T, Rule>(q, i, r);
  for (; i < n; i += W) update_some<N, T, Rule>(p, strides, i, n - i < W ? int(n - i) : int(W), r);
}

template <int N>
LoopNest<N> nest_of(const OptimTensor& tensor) {
  const View* views[N];
  for (int k = 0; k < N; ++k) views[k] = &tensor.operand[k];
  return LoopNest<N>(views);
}

// One piece of one tensor. Rule<T>(options, tensor) is the update of N vectors.
template <template <class> class Rule, int N, class Options>
void update_item(const OptimTensor& tensor, const LoopNest<N>& nest, int64_t item, const Options& options) {
  dispatch_float(tensor.operand[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const Rule<T> rule(options, tensor);
    int64_t strides[N];
    bool unit = true;
    for (int k = 0; k < N; ++k) unit &= (strides[k] = nest.row_stride(k)) == 1;
    nest.run_item(item, [&](const int64_t (&at)[N], int64_t n) {
      T* p[N];
      for (int k = 0; k < N; ++k) p[k] = data_as<T>(tensor.operand[k]) + at[k];
      (unit ? update_row<true, N, T, Rule<T>> : update_row<false, N, T, Rule<T>>)(p, strides, n, rule);
    });
  });
}

// Every tensor of the group, as one job: tensor i has the items first[i] … first[i + 1] - 1.
template <template <class> class Rule, int N, class Options>
void update(const OptimTensor* tensors, int64_t count, const Options& options) {
  with_scratch<LoopNest<N>>(count, [&](LoopNest<N>* nests) {
    with_scratch<int64_t>(count + 1, [&](int64_t* first) {
      first[0] = 0;
      for (int64_t i = 0; i < count; ++i) {
        nests[i] = nest_of<N>(tensors[i]);
        first[i + 1] = first[i] + nests[i].items();
      }
      parallel(first[count], [&](int64_t item) {
        int64_t low = 0, high = count;  // the last tensor that begins at or before the item
        while (high - low > 1) (first[(low + high) / 2] <= item ? low : high) = (low + high) / 2;
        update_item<Rule, N>(tensors[low], nests[low], item - first[low], options);
      });
    });
  });
}

// ±g + decay · p
template <class T>
struct Gradient {
  Vec<T> sign, decay;
  bool decays;

  Gradient(bool maximize, double weight_decay)
      : sign(T(maximize ? -1 : 1)), decay(T(weight_decay)), decays(weight_decay != 0) {}

  Vec<T> operator()(Vec<T> p, Vec<T> g) const { return decays ? fma(decay, p, sign * g) : sign * g; }
};

template <class T>
struct Sgd {
  using V = Vec<T>;
  Gradient<T> gradient;
  V rate, momentum, share;
  bool nesterov, first;

  Sgd(const SgdOptions& o, const OptimTensor& t)
      : gradient(o.maximize, o.weight_decay),
        rate(T(-t.rate)),
        momentum(T(o.momentum)),
        share(T(1 - o.dampening)),
        nesterov(o.nesterov),
        first(o.first) {}

  void operator()(V (&v)[2]) const { v[0] = fma(rate, gradient(v[0], v[1]), v[0]); }

  void operator()(V (&v)[3]) const {
    const V g = gradient(v[0], v[1]);
    v[2] = first ? g : fma(momentum, v[2], share * g);
    v[0] = fma(rate, nesterov ? fma(momentum, v[2], g) : v[2], v[0]);
  }
};

template <class T>
struct Rmsprop {
  using V = Vec<T>;
  Gradient<T> gradient;
  V rate, alpha, rest, eps, momentum;
  bool centered, has_momentum;

  Rmsprop(const RmspropOptions& o, const OptimTensor& t)
      : gradient(o.maximize, o.weight_decay),
        rate(T(-t.rate)),
        alpha(T(o.alpha)),
        rest(T(1 - o.alpha)),
        eps(T(o.eps)),
        momentum(T(o.momentum)),
        centered(o.centered),
        has_momentum(o.momentum != 0) {}

  template <int N>
  void operator()(V (&v)[N]) const {
    const V g = gradient(v[0], v[1]);
    v[2] = fma(alpha, v[2], rest * (g * g));
    V mean_square = v[2];
    if (centered) {
      V& mean = v[N > 3 ? 3 : 2];
      mean = fma(rest, g - mean, mean);
      mean_square = mean_square - mean * mean;
    }
    V step = g / (sqrt(mean_square) + eps);
    if (has_momentum) step = v[N - 1] = fma(momentum, v[N - 1], step);
    v[0] = fma(rate, step, v[0]);
  }
};

template <class T>
struct Adam {
  using V = Vec<T>;
  Gradient<T> gradient;
  V rate, scale, rest1, beta2, rest2, eps, shrink;

  Adam(const AdamOptions& o, const OptimTensor& t)
      : gradient(o.maximize, o.decoupled ? 0 : o.weight_decay),
        rate(T(-t.rate)),
        scale(T(t.scale)),
        rest1(T(1 - o.beta1)),
        beta2(T(o.beta2)),
        rest2(T(1 - o.beta2)),
        eps(T(o.eps)),
        shrink(T(o.decoupled ? 1 - o.lr * o.weight_decay : 1)) {}

  template <int N>
  void operator()(V (&v)[N]) const {
    const V g = gradient(v[0], v[1]);
    v[2] = fma(rest1, g - v[2], v[2]);
    v[3] = fma(beta2, v[3], rest2 * (g * g));
    if (N == 5) v[N - 1] = maximum(v[N - 1], v[3]);
    v[0] = fma(rate, v[2] / fma(sqrt(v[N - 1]), scale, eps), v[0] * shrink);
  }
};

template <class T>
struct Adagrad {
  using V = Vec<T>;
  Gradient<T> gradient;
  V rate, eps;

  Adagrad(const AdagradOptions& o, const OptimTensor& t)
      : gradient(o.maximize, o.weight_decay), rate(T(-t.rate)), eps(T(o.eps)) {}

  void operator()(V (&v)[3]) const {
    const V g = gradient(v[0], v[1]);
    v[2] = fma(g, g, v[2]);
    v[0] = fma(rate, g / (sqrt(v[2]) + eps), v[0]);
  }
};

void sgd(const OptimTensor* tensors, int64_t count, const SgdOptions& options) {
  (options.momentum != 0 ? update<Sgd, 3, SgdOptions> : update<Sgd, 2, SgdOptions>)(tensors, count, options);
}

void rmsprop(const OptimTensor* tensors, int64_t count, const RmspropOptions& options) {
  const int states = 1 + options.centered + (options.momentum != 0);
  if (states == 1) return update<Rmsprop, 3>(tensors, count, options);
  if (states == 2) return update<Rmsprop, 4>(tensors, count, options);
  update<Rmsprop, 5>(tensors, count, options);
}

void adam(const OptimTensor* tensors, int64_t count, const AdamOptions& options) {
  (options.amsgrad ? update<Adam, 5, AdamOptions> : update<Adam, 4, AdamOptions>)(tensors, count, options);
}

void adagrad(const OptimTensor* tensors, int64_t count, const AdagradOptions& options) {
  update<Adagrad, 3>(tensors, count, options);
}

}  // namespace

OptimKernels optim_kernels() { return {sgd, rmsprop, adam, adagrad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
