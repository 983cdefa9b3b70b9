#include "kernels/norm.h"

#include <algorithm>
#include <cmath>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "core/copy.h"
#include "core/dispatch.h"
#include "core/isa.h"

namespace pydl {
namespace {

// A (C,) parameter, contiguous; `missing` everywhere where it is None.
py::array parameter(py::handle object, const Images& x, const char* name, const char* argument,
                    double missing) {
  if (object.is_none()) {
    py::array filled = empty(x.full.dtype, {x.channels()});
    const View v = view_of_result(filled);
    call_kernel(x.channels(), [=] { fill_view(v, missing); });
    return filled;
  }
  const View v = float_view(object, name, argument);
  check_same_dtype(x.full, v, name, "input", argument);
  if (v.ndim != 1 || v.shape[0] != x.channels())
    fail(name, std::string(argument) + " of shape (" + std::to_string(x.channels()) + ",)", shape_string(v));
  return contiguous(object);
}

void check_eps(double eps, const char* name) {
  if (!(eps >= 0) || std::isinf(eps)) fail(name, "eps >= 0", std::to_string(eps));
}

// out[c] = f(in[0][c], in[1][c], …), reckoned in double.
template <class F, class... Views>
void channelwise(const View& out, F f, const Views&... in) {
  call_kernel(out.shape[0], [=] {
    dispatch_float(out.dtype, [&](auto zero) {
      using T = decltype(zero);
      T* const p = data_as<T>(out);
      for (int64_t c = 0; c < out.shape[0]; ++c) p[c] = T(f(double(data_as<const T>(in)[c])...));
    });
  });
}

// A new array of a number for each channel.
struct Channels {
  py::array array;
  View view;

  explicit Channels(const Images& x)
      : array(empty(x.full.dtype, {x.channels()})), view(view_of_result(array)) {}
};

py::array normalise(const Images& x, py::array mean, const py::array& var, const py::array& weight,
                    py::array bias, double eps) {
  const Channels scale(x);
  channelwise(
      scale.view, [=](double v, double w) { return w / std::sqrt(v + eps); }, view_of_result(var),
      view_of_result(weight));
  py::array y = empty_like(x.full);
  const Images out(y, "batch_norm", "result");
  const View vm = view_of_result(mean), vb = view_of_result(bias);
  call_kernel(numel(x.full), [=, from = x.merged, vs = scale.view, to = out.merged] {
    kernels().norm.apply(from, vm, vs, vb, to);
  });
  return y;
}

// (y, mean, variance) with the statistics of x; the variance is divided by the number of values.
py::tuple batch_norm_train(py::handle input, py::handle weight, py::handle bias, double eps) {
  const char* name = "batch_norm";
  const Images x(input, name, "input");
  const py::array w = parameter(weight, x, name, "weight", 1), b = parameter(bias, x, name, "bias", 0);
  check_eps(eps, name);
  if (x.count() == 1)
    fail(name, "more than 1 value per channel when training", "input of shape " + shape_string(x.full));
  py::array mean = parameter(py::none(), x, name, "mean", 0), var = parameter(py::none(), x, name, "var", 0);
  const View vm = view_of_result(mean), vv = view_of_result(var);
  if (x.count() > 0)
    call_kernel(numel(x.full), [=, from = x.merged] { kernels().norm.statistics(from, vm, vv); });
  return py::make_tuple(normalise(x, mean, var, w, b, eps), mean, var);
}

py::array batch_norm_eval(py::handle input, py::handle mean, py::handle var, py::handle weight,
                          py::handle bias, double eps) {
  const char* name = "batch_norm";
  const Images x(input, name, "input");
  const py::array m = parameter(mean, x, name, "running_mean", 0);
  const py::array v = parameter(var, x, name, "running_var", 1);
  const py::array w = parameter(weight, x, name, "weight", 1), b = parameter(bias, x, name, "bias", 0);
  check_eps(eps, name);
  return normalise(x, m, v, w, b, eps);
}

// (dx, dweight, dbias). Trained statistics depend on x, those of evaluation do not.
py::tuple batch_norm_grad(py::handle input, py::handle grad, py::handle mean, py::handle var,
                          py::handle weight, double eps, bool training) {
  const char* name = "batch_norm_grad";
  const Images x(input, name, "input"), g(grad, name, "grad");
  check_same_dtype(x.full, g.full, name, "input", "grad");
  if (!same_shape(x.full, g.full)) fail(name, "grad of shape " + shape_string(x.full), shape_string(g.full));
  py::array m = parameter(mean, x, name, "mean", 0);
  const py::array v = parameter(var, x, name, "var", 1), w = parameter(weight, x, name, "weight", 1);
  py::array sum_g = parameter(py::none(), x, name, "", 0), sum_gd = parameter(py::none(), x, name, "", 0);
  const View vm = view_of_result(m), vg = view_of_result(sum_g), vd = view_of_result(sum_gd);
  if (x.count() > 0)
    call_kernel(numel(x.full),
                [=, from = x.merged, by = g.merged] { kernels().norm.grad_sums(from, by, vm, vg, vd); });
  const double share = training && x.count() > 0 ? 1.0 / double(x.count()) : 0.0;
  const View vv = view_of_result(v), vw = view_of_result(w);
  const auto rate = [=](double s) { return 1 / std::sqrt(s + eps); };
  const Channels a(x), b(x), c(x), dweight(x);
  channelwise(a.view, [=](double s, double k) { return k * rate(s); }, vv, vw);
  channelwise(
      b.view, [=](double s, double k, double d) { return -k * rate(s) * (rate(s) * rate(s) * d * share); },
      vv, vw, vd);
  channelwise(c.view, [=](double s, double k, double d) { return -k * rate(s) * (d * share); }, vv, vw, vg);
  channelwise(dweight.view, [=](double s, double d) { return rate(s) * d; }, vv, vd);
  py::array dx = empty_like(x.full);
  const Images out(dx, name, "result");
  call_kernel(numel(x.full), [=, from = x.merged, by = g.merged, va = a.view, vb = b.view, vc = c.view,
                              to = out.merged] { kernels().norm.grad(from, by, vm, va, vb, vc, to); });
  return py::make_tuple(dx, dweight.array, sum_g);
}

// running = (1 - momentum) · running + momentum · (factor · value), in place and in running's dtype.
void move_statistics(py::handle running, py::handle value, double momentum, double factor) {
  const char* name = "move_statistics";
  const View r = float_view(running, name, "running"), v = float_view(value, name, "value");
  check_same_dtype(r, v, name, "running", "value");
  if (r.ndim != 1 || !same_shape(r, v)) fail(name, "value of shape " + shape_string(r), shape_string(v));
  check_written(running, r, name, "running");
  call_kernel(r.shape[0], [=] {
    dispatch_float(r.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t c = 0; c < r.shape[0]; ++c) {
        T& at = data_as<T>(r)[c * r.strides[0]];
        at = at * T(1 - momentum) + data_as<T>(v)[c * v.strides[0]] * T(factor) * T(momentum);
      }
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
