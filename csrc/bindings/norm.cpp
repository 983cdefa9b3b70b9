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

void check_grad(const View& x, const View& g, const char* name) {
  check_same_dtype(x, g, name, "input", "grad");
  if (!same_shape(x, g)) fail(name, "grad of shape " + shape_string(x), shape_string(g));
}

void check_eps(double eps, const char* name) {
  if (!(eps >= 0) || std::isinf(eps)) fail(name, "eps >= 0", std::to_string(eps));
}

// What the kernels take for weight, bias and eps, and the arrays that it points into.
struct Parameters {
  py::object weight, bias;
  NormAffine affine;

  Parameters(const Images& x, const char* name, py::handle w, py::handle b, double eps)
      : weight(parameter(w, x, name, "weight")),
        bias(parameter(b, x, name, "bias")),
        affine{data(weight), data(bias), eps} {
    check_eps(eps, name);
  }

 private:
  static const void* data(const py::object& p) { return p.is_none() ? nullptr : view_of_result(p).data; }
};

// Contiguous statistics of samples, `count` numbers.
View sample_statistic(py::handle object, const View& x, int64_t count, const char* name,
                      const char* argument) {
  const View v = float_view(object, name, argument);
  check_same_dtype(x, v, name, "input", argument);
  if (numel(v) != count || !is_contiguous(v))
    fail(name, std::string(argument) + " of " + std::to_string(count) + " numbers", shape_string(v));
  return v;
}

void check_groups(const Images& x, int64_t groups, const char* name) {
  if (groups < 1 || x.channels() % groups != 0 || numel(x.full) == 0)
    fail(name, "groups that divide " + std::to_string(x.channels()) + " channels of at least one number",
         std::to_string(groups) + " and input of shape " + shape_string(x.full));
}

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
  check_grad(x.full, g.full, name);
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

// (y, mean, variance) of groups of channels; mean and variance are (N, groups).
py::tuple group_norm(py::handle input, int64_t groups, py::handle weight, py::handle bias, double eps) {
  const char* name = "group_norm";
  const Images x(input, name, "input");
  check_groups(x, groups, name);
  const Parameters p(x, name, weight, bias, eps);
  const int64_t n = x.full.shape[0];
  const py::object y = empty_like(x.full), mean = empty(x.full.dtype, {n, groups}),
                   var = empty(x.full.dtype, {n, groups});
  const Images out(y, name, "result");
  const View vm = view_of_result(mean), vv = view_of_result(var);
  call_kernel(numel(x.full), [=, from = x.merged, affine = p.affine, to = out.merged] {
    kernels().sample_norm.group_train(from, groups, affine, vm, vv, to);
  });
  return py::make_tuple(y, mean, var);
}

// (dx, dweight, dbias)
py::tuple group_norm_grad(py::handle input, py::handle grad, int64_t groups, py::handle mean, py::handle var,
                          py::handle weight, double eps) {
  const char* name = "group_norm_grad";
  const Images x(input, name, "input"), g(grad, name, "grad");
  check_grad(x.full, g.full, name);
  check_groups(x, groups, name);
  const View vm = sample_statistic(mean, x.full, x.full.shape[0] * groups, name, "mean");
  const View vv = sample_statistic(var, x.full, x.full.shape[0] * groups, name, "var");
  const Parameters p(x, name, weight, py::none(), eps);
  const py::object dx = empty_like(x.full), dweight = channel_result(x), dbias = channel_result(x);
  const Images out(dx, name, "result");
  const View vw = view_of_result(dweight), vb = view_of_result(dbias);
  call_kernel(numel(x.full), [=, from = x.merged, by = g.merged, affine = p.affine, to = out.merged] {
    kernels().sample_norm.group_backward(from, by, groups, affine, vm, vv, to, vw, vb);
  });
  return py::make_tuple(dx, dweight, dbias);
}

// Rows of `length` numbers, and what lies along one.
struct Rows {
  py::object array;
  View full, rows;

  Rows(py::handle object, int64_t length, const char* name, const char* argument)
      : array((float_view(object, name, argument), contiguous(object))), full(view_of_result(array)) {
    const int64_t size = numel(full);
    if (length < 1 || size == 0 || size % length != 0)
      fail(name, "rows of at least one number in " + std::string(argument),
           std::to_string(length) + " of " + std::to_string(size));
    rows = {full.data, full.dtype, 2, {size / length, length}, {length, 1}};
  }
};

struct RowParameter {
  py::object array;
  const void* data = nullptr;

  RowParameter(py::handle object, const Rows& x, const char* name, const char* argument) : array(py::none()) {
    if (object.is_none()) return;
    const View v = float_view(object, name, argument);
    check_same_dtype(x.full, v, name, "input", argument);
    if (numel(v) != x.rows.shape[1])
      fail(name, std::string(argument) + " of " + std::to_string(x.rows.shape[1]) + " numbers",
           shape_string(v));
    array = contiguous(object);
    data = view_of_result(array).data;
  }
};

// (y, mean, variance) of rows of `length` numbers; mean and variance have one number a row.
py::tuple layer_norm(py::handle input, int64_t length, py::handle weight, py::handle bias, double eps) {
  const char* name = "layer_norm";
  const Rows x(input, length, name, "input");
  const RowParameter w(weight, x, name, "weight"), b(bias, x, name, "bias");
  check_eps(eps, name);
  const py::object y = empty(x.full.dtype, x.full.shape, x.full.ndim),
                   mean = empty(x.full.dtype, {x.rows.shape[0]}),
                   var = empty(x.full.dtype, {x.rows.shape[0]});
  const View vy = view_of_result(y), vm = view_of_result(mean), vv = view_of_result(var);
  const NormAffine affine{w.data, b.data, eps};
  call_kernel(numel(x.full),
              [=, from = x.rows] { kernels().sample_norm.layer_train(from, affine, vm, vv, vy); });
  return py::make_tuple(y, mean, var);
}

// (dx, dweight, dbias); the last two, of `length` numbers, None without `affine`.
py::tuple layer_norm_grad(py::handle input, py::handle grad, int64_t length, py::handle mean, py::handle var,
                          py::handle weight, double eps, bool affine) {
  const char* name = "layer_norm_grad";
  const Rows x(input, length, name, "input"), g(grad, length, name, "grad");
  check_grad(x.full, g.full, name);
  const View vm = sample_statistic(mean, x.full, x.rows.shape[0], name, "mean");
  const View vv = sample_statistic(var, x.full, x.rows.shape[0], name, "var");
  const RowParameter w(weight, x, name, "weight");
  check_eps(eps, name);
  const py::object dx = empty(x.full.dtype, x.full.shape, x.full.ndim);
  const auto sums = [&]() -> py::object { return affine ? empty(x.full.dtype, {length}) : py::none(); };
  const py::object dweight = sums(), dbias = sums();
  const View nothing{nullptr, x.full.dtype, 0, {}, {}}, to = view_of_result(dx);
  const View vw = affine ? view_of_result(dweight) : nothing, vb = affine ? view_of_result(dbias) : nothing;
  const NormAffine parameters{w.data, nullptr, eps};
  call_kernel(numel(x.full), [=, from = x.rows, by = g.rows] {
    kernels().sample_norm.layer_backward(from, by, parameters, vm, vv, to, vw, vb);
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
  const py::arg groups("groups"), length("length");
  m.def("group_norm", &group_norm, input, groups, weight, bias, eps);
  m.def("group_norm_grad", &group_norm_grad, input, grad, groups, mean, var, weight, eps);
  m.def("layer_norm", &layer_norm, input, length, weight, bias, eps);
  m.def("layer_norm_grad", &layer_norm_grad, input, grad, length, mean, var, weight, eps, py::arg("affine"));
  m.def("move_statistics", &move_statistics, py::arg("running"), py::arg("value"), py::arg("momentum"),
        py::arg("factor"));
}

}  // namespace pydl
