#include "kernels/norm.h"

#include <algorithm>
#include <cmath>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "core/dispatch.h"
#include "core/isa.h"

namespace pydl {
namespace {

// A (C,) parameter, contiguous; `missing` everywhere where it is None.
py::array parameter(py::handle object, const Images& x, const char* name, const char* argument,
                    double missing) {
  if (object.is_none()) {
    py::array filled = empty(x.full.dtype, {x.channels()});
    dispatch_float(x.full.dtype, [&](auto zero) {
      using T = decltype(zero);
      std::fill_n(static_cast<T*>(filled.mutable_data()), x.channels(), T(missing));
    });
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
template <class F, class... Arrays>
py::array channelwise(const Images& x, F&& f, const Arrays&... in) {
  py::array out = empty(x.full.dtype, {x.channels()});
  dispatch_float(x.full.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = static_cast<T*>(out.mutable_data());
    for (int64_t c = 0; c < x.channels(); ++c) p[c] = T(f(double(static_cast<const T*>(in.data())[c])...));
  });
  return out;
}

py::array normalise(const Images& x, py::array mean, const py::array& var, const py::array& weight,
                    py::array bias, double eps) {
  py::array scale = channelwise(x, [&](double v, double w) { return w / std::sqrt(v + eps); }, var, weight);
  py::array y = empty_like(x.full);
  const Images out(y, "batch_norm", "result");
  const View vm = view_of_result(mean), vs = view_of_result(scale), vb = view_of_result(bias);
  call_kernel(numel(x.full), [&] { kernels().norm.apply(x.merged, vm, vs, vb, out.merged); });
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
  if (x.count() > 0) call_kernel(numel(x.full), [&] { kernels().norm.statistics(x.merged, vm, vv); });
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
    call_kernel(numel(x.full), [&] { kernels().norm.grad_sums(x.merged, g.merged, vm, vg, vd); });
  const double share = training && x.count() > 0 ? 1.0 / double(x.count()) : 0.0;
  const auto rate = [&](double s) { return 1 / std::sqrt(s + eps); };
  py::array a = channelwise(x, [&](double s, double k) { return k * rate(s); }, v, w);
  py::array b = channelwise(
      x, [&](double s, double k, double d) { return -k * rate(s) * (rate(s) * rate(s) * d * share); }, v, w,
      sum_gd);
  py::array c =
      channelwise(x, [&](double s, double k, double d) { return -k * rate(s) * (d * share); }, v, w, sum_g);
  py::array dweight = channelwise(x, [&](double s, double d) { return rate(s) * d; }, v, sum_gd);
  py::array dx = empty_like(x.full);
  const Images out(dx, name, "result");
  const View va = view_of_result(a), vb = view_of_result(b), vc = view_of_result(c);
  call_kernel(numel(x.full), [&] { kernels().norm.grad(x.merged, g.merged, vm, va, vb, vc, out.merged); });
  return py::make_tuple(dx, dweight, sum_g);
}

}  // namespace

void bind_norm(py::module_& m) {
  const py::arg input("input"), grad("grad"), mean("mean"), var("var"), weight("weight"), bias("bias"),
      eps("eps");
  m.def("batch_norm_train", &batch_norm_train, input, weight, bias, eps);
  m.def("batch_norm_eval", &batch_norm_eval, input, mean, var, weight, bias, eps);
  m.def("batch_norm_grad", &batch_norm_grad, input, grad, mean, var, weight, eps, py::arg("training"));
}

}  // namespace pydl
