#include "kernels/optim.h"

#include <pybind11/stl.h>

#include <cmath>
#include <initializer_list>
#include <memory>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/dispatch.h"
#include "core/isa.h"

namespace pydl {
namespace {

using Arrays = std::vector<py::object>;
using OptionalArrays = std::optional<Arrays>;
using Numbers = std::vector<double>;

// An operand of tensor i: like the parameter in shape and dtype.
View operand(const char* name, const char* argument, const py::object& array, const View* parameter) {
  const View view = float_view(array, name, argument);
  if (parameter) {
    check_same_dtype(*parameter, view, name, "params", argument);
    if (!same_shape(view, *parameter))
      fail(name, std::string(argument) + " of the parameter's shape " + shape_string(*parameter),
           shape_string(view));
  }
  return view;
}

// Everything is checked here, before any parameter changes.
struct Group {
  std::vector<OptimTensor> tensors;
  int64_t work = 0;

  Group(const char* name, const Arrays& params, const Arrays& grads, const std::vector<const Arrays*>& states,
        const Numbers& rates) {
    std::vector<const Arrays*> lists{&params, &grads};
    lists.insert(lists.end(), states.begin(), states.end());
    for (const Arrays* list : lists)
      if (list->size() != params.size() || rates.size() != params.size())
        fail(name, "as many gradients, states and rates as params",
             std::to_string(params.size()) + " params");
    tensors.resize(params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      tensors[i].rate = rates[i];
      tensors[i].scale = 1;
      for (size_t k = 0; k < lists.size(); ++k) {
        const char* argument = k == 0 ? "params" : k == 1 ? "grads" : "state";
        const py::object& array = (*lists[k])[i];
        tensors[i].operand[k] = operand(name, argument, array, k ? tensors[i].operand : nullptr);
        if (k != 1) check_written(array, tensors[i].operand[k], name, argument);
      }
      work += numel(tensors[i].operand[0]);
    }
  }

  void set_rates(const Numbers& rates) {
    for (size_t i = 0; i < tensors.size(); ++i) tensors[i].rate = rates[i];
  }
};

// A group and the options of its step, both of which a replay may renew.
template <class Options>
struct Step {
  Group group;
  void (*kernel)(const OptimTensor*, int64_t, const Options&);
  Options options;
};

// Runs the step. On a tape, `renew` is what takes the numbers of another step of the same arrays.
template <class Options, class Renew>
void run(const std::shared_ptr<Step<Options>>& step, Renew renew) {
  call_kernel(step->group.work, [=] {
    step->kernel(step->group.tensors.data(), static_cast<int64_t>(step->group.tensors.size()), step->options);
  });
  if (Tape* const tape = recording()) note_numbers(*tape, py::cpp_function(renew));
}

// The lists that are there.
std::vector<const Arrays*> present(std::initializer_list<const OptionalArrays*> lists) {
  std::vector<const Arrays*> result;
  for (const OptionalArrays* list : lists)
    if (*list) result.push_back(&**list);
  return result;
}

void sgd_step(const Arrays& params, const Arrays& grads, const OptionalArrays& momenta, const Numbers& rates,
              double momentum, double dampening, double weight_decay, bool nesterov, bool maximize,
              bool first) {
  if (momenta.has_value() != (momentum != 0))
    fail("sgd_step", "momentum buffers exactly where momentum != 0", std::to_string(momentum));
  const auto step = std::make_shared<Step<SgdOptions>>(
      Step<SgdOptions>{Group("sgd_step", params, grads, present({&momenta}), rates),
                       kernels().optim.sgd,
                       {momentum, dampening, weight_decay, nesterov, maximize, first}});
  run(step, [=](const Numbers& rates, double momentum, double dampening, double weight_decay, bool nesterov,
                bool maximize) {
    step->group.set_rates(rates);
    step->options = {momentum, dampening, weight_decay, nesterov, maximize, false};
  });
}

void rmsprop_step(const Arrays& params, const Arrays& grads, const Arrays& squares,
                  const OptionalArrays& means, const OptionalArrays& momenta, const Numbers& rates,
                  double alpha, double eps, double weight_decay, double momentum, bool maximize) {
  if (momenta.has_value() != (momentum != 0))
    fail("rmsprop_step", "momentum buffers exactly where momentum != 0", std::to_string(momentum));
  auto states = present({&means, &momenta});
  states.insert(states.begin(), &squares);
  const bool centered = means.has_value();
  const auto step = std::make_shared<Step<RmspropOptions>>(
      Step<RmspropOptions>{Group("rmsprop_step", params, grads, states, rates),
                           kernels().optim.rmsprop,
                           {alpha, eps, weight_decay, momentum, centered, maximize}});
  run(step, [=](const Numbers& rates, double alpha, double eps, double weight_decay, double momentum,
                bool maximize) {
    step->group.set_rates(rates);
    step->options = {alpha, eps, weight_decay, momentum, centered, maximize};
  });
}

// The number of a tensor's update becomes its rate and scale.
void correct_bias(Group& group, double lr, double beta1, double beta2) {
  for (OptimTensor& tensor : group.tensors) {
    const double step = tensor.rate;
    tensor.rate = lr / (1 - std::pow(beta1, step));
    tensor.scale = 1 / std::sqrt(1 - std::pow(beta2, step));
  }
}

// steps: how many updates each tensor has had, this one included.
void adam_step(const Arrays& params, const Arrays& grads, const Arrays& means, const Arrays& squares,
               const OptionalArrays& largest, const Numbers& steps, double lr, double beta1, double beta2,
               double eps, double weight_decay, bool decoupled, bool maximize) {
  auto states = present({&largest});
  states.insert(states.begin(), {&means, &squares});
  const bool amsgrad = largest.has_value();
  const auto step = std::make_shared<Step<AdamOptions>>(
      Step<AdamOptions>{Group("adam_step", params, grads, states, steps),
                        kernels().optim.adam,
                        {beta1, beta2, eps, weight_decay, lr, decoupled, amsgrad, maximize}});
  correct_bias(step->group, lr, beta1, beta2);
  run(step, [=](const Numbers& steps, double lr, double beta1, double beta2, double eps, double weight_decay,
                bool decoupled, bool maximize) {
    step->group.set_rates(steps);
    correct_bias(step->group, lr, beta1, beta2);
    step->options = {beta1, beta2, eps, weight_decay, lr, decoupled, amsgrad, maximize};
  });
}

double sum_squares(const View& v) {
  double result = 0;
  dispatch_float(v.dtype, [&](auto zero) {
    decltype(zero) sum;
    View one{&sum, v.dtype, v.ndim, {}, {}};
    for (int d = 0; d < v.ndim; ++d) one.shape[d] = one.strides[d] = 1;
    kernels().reduce.reduce(Reduction::sum_squares, v, (1u << v.ndim) - 1, one);
    result = sum;
  });
  return result;
}

void scale(const View& v, double factor) {
  dispatch_float(v.dtype, [&](auto zero) {
    auto number = decltype(zero)(factor);
    View spread{&number, v.dtype, v.ndim, {}, {}};
    for (int d = 0; d < v.ndim; ++d) spread.shape[d] = v.shape[d];
    kernels().elementwise.binary(Binary::mul, v, spread, v, 0, 0);
  });
}

void adagrad_step(const Arrays& params, const Arrays& grads, const Arrays& sums, const Numbers& rates,
                  double eps, double weight_decay, bool maximize) {
  const auto step = std::make_shared<Step<AdagradOptions>>(
      Step<AdagradOptions>{Group("adagrad_step", params, grads, {&sums}, rates),
                           kernels().optim.adagrad,
                           {eps, weight_decay, maximize}});
  run(step, [=](const Numbers& rates, double eps, double weight_decay, bool maximize) {
    step->group.set_rates(rates);
    step->options = {eps, weight_decay, maximize};
  });
}

// The norm of all gradients as one vector, in the precision of each and in double across them; they are
// scaled by limit / norm where it exceeds the limit, or is NaN.
py::object clip_norm(const Arrays& grads, double limit) {
  std::vector<View> views;
  int64_t work = 0;
  for (const py::object& grad : grads) {
    views.push_back(float_view(grad, "clip_norm", "grads"));
    check_written(grad, views.back(), "clip_norm", "grads");
    work += numel(views.back());
  }
  if (views.empty()) fail("clip_norm", "at least one gradient", "none");
  py::object norm = empty(views[0].dtype, {});
  const View out = view_of_result(norm);
  call_kernel(work, [=] {
    double squares = 0;
    for (const View& v : views) squares += sum_squares(v);
    const double total = std::sqrt(squares), factor = limit / (total + 1e-6);
    dispatch_float(out.dtype, [&](auto zero) { *data_as<decltype(zero)>(out) = decltype(zero)(total); });
    if (factor >= 1) return;
    for (const View& v : views) scale(v, factor);
  });
  return norm;
}

}  // namespace

void bind_optim(py::module_& m) {
  m.def("sgd_step", &sgd_step, py::arg("params"), py::arg("grads"), py::arg("momenta"), py::arg("rates"),
        py::arg("momentum"), py::arg("dampening"), py::arg("weight_decay"), py::arg("nesterov"),
        py::arg("maximize"), py::arg("first"));
  m.def("rmsprop_step", &rmsprop_step, py::arg("params"), py::arg("grads"), py::arg("squares"),
        py::arg("means"), py::arg("momenta"), py::arg("rates"), py::arg("alpha"), py::arg("eps"),
        py::arg("weight_decay"), py::arg("momentum"), py::arg("maximize"));
  m.def("adam_step", &adam_step, py::arg("params"), py::arg("grads"), py::arg("means"), py::arg("squares"),
        py::arg("largest"), py::arg("steps"), py::arg("lr"), py::arg("beta1"), py::arg("beta2"),
        py::arg("eps"), py::arg("weight_decay"), py::arg("decoupled"), py::arg("maximize"));
  m.def("adagrad_step", &adagrad_step, py::arg("params"), py::arg("grads"), py::arg("sums"), py::arg("rates"),
        py::arg("eps"), py::arg("weight_decay"), py::arg("maximize"));
  m.def("clip_norm", &clip_norm, py::arg("grads"), py::arg("limit"));
}

}  // namespace pydl
