#include "kernels/norm.h"

#include <cmath>

#include "bindings/arrays.h"
#include "bindings/copy.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "core/dispatch.h"
#include "core/isa.h"

namespace pydl {
namespace {

// A (C,) parameter, contiguous; None stays None.
py::object parameter(py::handle object, const Images& x, const char* name, const char* argument) {
  if (object.is_none()) return py::none();
  const View v = float_view(object, name, argument);
  check_same_dtype(x.full, v, name, "input", argument);
  if (v.ndim != 1 || v.shape[0] != x.channels())
    fail(name, std::string(argument) + " of shape (" + std::to_string(x.channels()) + ",)", shape_string(v));
  return contiguous(object);
}

// Statistics are never None.
View statistic(py::handle object, py::object& holder, const Images& x, const char* name,
               const char* argument) {
  float_view(object, name, argument);
  holder = parameter(object, x, name, argument);
  return view_of_result(holder);
}

// What the kernels take for weight, bias and eps, and the arrays that it points into.
struct Parameters {
  py::object weight, bias;
  NormAffine affine;

  Parameters(const Images& x, const char* name, py::handle w, py::handle b, double eps)
      : weight(parameter(w, x, name, "weight")),
        bias(parameter(b, x, name, "bias")),
        affine{data(weight), data(bias), eps} {
    if (!(eps >= 0) || std::isinf(eps)) fail(name, "eps >= 0", std::to_string(eps));
  }

 private:
  static const void* data(const py::object& p) { return p.is_none() ? nullptr : view_of_result(p).data; }
};

py::object channel_result(const Images& x) { return empty(x.full.dtype, {x.channels()}); }

// (y, mean, variance) with the statistics of x; the variance is divided by the number of values.
py::tuple batch_norm_train(py::handle input, py::handle weight, py::handle bias, double eps) {
  const char* name = "batch_norm";
  const Images x(input, name, "input");
  const Parameters p(x, name, weight, bias, eps);
  if (x.count() == 1)
    fail(name, "more than 1 value per channel when training", "input of shape " + shape_string(x.full));
  const py::object y = empty_like(x.full), mean = channel_result(x), var = channel_result(x);
  const Images out(y, name, "result");
  const View vm = view_of_result(mean), vv = view_of_result(var);
  call_kernel(numel(x.full), [=, from = x.merged, affine = p.affine, to = out.merged] {
    kernels().norm.train(from, affine, vm, vv, to);
  });
  return py::make_tuple(y, mean, var);
}

py::object batch_norm_eval(py::handle input, py::handle mean, py::handle var, py::handle weight,
                           py::handle bias, double eps) {
  const char* name = "batch_norm";
  const Images x(input, name, "input");
  py::object m, v;
  const View vm = statistic(mean, m, x, name, "running_mean");
  const View vv = statistic(var, v, x, name, "running_var");
  const Parameters p(x, name, weight, bias, eps);
  const py::object y = empty_like(x.full);
  const Images out(y, name, "result");
  call_kernel(numel(x.full), [=, from = x.merged, affine = p.affine, to = out.merged] {
    kernels().norm.evaluate(from, affine, vm, vv, to);
  });
  return y;
}

// (dx, dweight, dbias). Trained statistics depend on x, those of evaluation do not.
py::tuple batch_norm_grad(py::handle input, py::handle grad, py::handle mean, py::handle var,
                          py::handle weight, double eps, bool training) {
  const char* name = "batch_norm_grad";
  const Images x(input, name, "input"), g(grad, name, "grad");
  check_same_dtype(x.full, g.full, name, "input", "grad");
  if (!same_shape(x.full, g.full)) fail(name, "grad of shape " + shape_string(x.full), shape_string(g.full));
  py::object m, v;
  const View vm = statistic(mean, m, x, name, "mean"), vv = statistic(var, v, x, name, "var");
  const Parameters p(x, name, weight, py::none(), eps);
  const py::object dx = empty_like(x.full), dweight = channel_result(x), dbias = channel_result(x);
  const Images out(dx, name, "result");
  const View vw = view_of_result(dweight), vb = view_of_result(dbias);
  call_kernel(numel(x.full), [=, from = x.merged, by = g.merged, affine = p.affine, to = out.merged] {
    kernels().norm.backward(from, by, affine, vm, vv, training, to, vw, vb);
  });
  return py::make_tuple(dx, dweight, dbias);
}

// running = (1 - momentum) · running + momentum · (factor · value), in place, each product in its own dtype.
void move_statistics(py::handle running, py::handle value, double momentum, double factor) {
  const char* name = "move_statistics";
  const View r = float_view(running, name, "running"), v = float_view(value, name, "value");
  if (r.ndim != 1 || !same_shape(r, v)) fail(name, "value of shape " + shape_string(r), shape_string(v));
  check_written(running, r, name, "running");
  call_kernel(r.shape[0], [=] {
    dispatch_float(r.dtype, [&](auto zero) {
      using T = decltype(zero);
      dispatch_float(v.dtype, [&](auto nought) {
        using S = decltype(nought);
        for (int64_t c = 0; c < r.shape[0]; ++c) {
          T& at = data_as<T>(r)[c * r.strides[0]];
          at = T(at * T(1 - momentum) + data_as<S>(v)[c * v.strides[0]] * S(factor) * S(momentum));
        }
      });
    });
  });
}

}  // namespace

void bind_norm(py::module_& m) {
  const py::arg input("input"), grad("grad"), mean("mean"), var("var"), weight("weight"), bias("bias"),
      eps("eps");
  m.def("batch_norm_train", &batch_norm_train, input, weight, bias, eps);
  m.def("batch_norm_eval", &batch_norm_eval, input, mean, var, weight, bias, eps);
  m.def("batch_norm_grad", &batch_norm_grad, input, grad, mean, var, weight, eps, py::arg("training"));
  m.def("move_statistics", &move_statistics, py::arg("running"), py::arg("value"), py::arg("momentum"),
        py::arg("factor"));
}

}  // namespace pydl
