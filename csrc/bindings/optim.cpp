#include "kernels/optim.h"

#include <pybind11/stl.h>

#include <cmath>
#include <initializer_list>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/families.h"
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

  template <class Step, class Options>
  void run(Step step, const Options& options) const {
    call_kernel(work, [&] { step(tensors.data(), static_cast<int64_t>(tensors.size()), options); });
  }
};

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
  Group("sgd_step", params, grads, present({&momenta}), rates)
      .run(kernels().optim.sgd, SgdOptions{momentum, dampening, weight_decay, nesterov, maximize, first});
}

void rmsprop_step(const Arrays& params, const Arrays& grads, const Arrays& squares,
                  const OptionalArrays& means, const OptionalArrays& momenta, const Numbers& rates,
                  double alpha, double eps, double weight_decay, double momentum, bool maximize) {
  if (momenta.has_value() != (momentum != 0))
    fail("rmsprop_step", "momentum buffers exactly where momentum != 0", std::to_string(momentum));
  auto states = present({&means, &momenta});
  states.insert(states.begin(), &squares);
  Group("rmsprop_step", params, grads, states, rates)
      .run(kernels().optim.rmsprop,
           RmspropOptions{alpha, eps, weight_decay, momentum, means.has_value(), maximize});
}

// steps: how many updates each tensor has had, this one included.
void adam_step(const Arrays& params, const Arrays& grads, const Arrays& means, const Arrays& squares,
               const OptionalArrays& largest, const Numbers& steps, double lr, double beta1, double beta2,
               double eps, double weight_decay, bool decoupled, bool maximize) {
  auto states = present({&largest});
  states.insert(states.begin(), {&means, &squares});
  Group group("adam_step", params, grads, states, steps);
  for (OptimTensor& tensor : group.tensors) {
    const double step = tensor.rate;
    tensor.rate = lr / (1 - std::pow(beta1, step));
    tensor.scale = 1 / std::sqrt(1 - std::pow(beta2, step));
  }
  group.run(kernels().optim.adam,
            AdamOptions{beta1, beta2, eps, weight_decay, lr, decoupled, largest.has_value(), maximize});
}

void adagrad_step(const Arrays& params, const Arrays& grads, const Arrays& sums, const Numbers& rates,
                  double eps, double weight_decay, bool maximize) {
  Group("adagrad_step", params, grads, {&sums}, rates)
      .run(kernels().optim.adagrad, AdagradOptions{eps, weight_decay, maximize});
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
}

}  // namespace pydl
