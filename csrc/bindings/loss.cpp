#include "kernels/loss.h"

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "core/dispatch.h"
#include "core/isa.h"

namespace pydl {
namespace {

enum class Reduce { none, mean, sum };

Reduce reduction_of(const std::string& text, const char* name) {
  if (text == "none") return Reduce::none;
  if (text == "mean") return Reduce::mean;
  if (text == "sum") return Reduce::sum;
  fail(name, "reduction \"none\", \"mean\" or \"sum\"", "\"" + text + "\"");
}

// A 0-dimensional array.
py::object scalar(DType dtype, double value) {
  py::object out = empty(dtype, {});
  const View v = view_of_result(out);
  dispatch_float(dtype, [&](auto zero) { *static_cast<decltype(zero)*>(v.data) = decltype(zero)(value); });
  return out;
}

double number_of(py::handle scalar) { return scalar.attr("item")().cast<double>(); }

// The operands of an elementwise loss, contiguous and alike.
struct Operands {
  py::object arrays[4];
  View like;
  LossOperands kernel;

  Operands(const char* name, py::handle input, py::handle target, py::handle weight, py::handle pos_weight)
      : like(float_view(input, name, "input")) {
    const void* data[4] = {};
    const py::handle given[4] = {input, target, weight, pos_weight};
    const char* names[4] = {"input", "target", "weight", "pos_weight"};
    for (int i = 0; i < 4; ++i) {
      if (i >= 2 && given[i].is_none()) continue;
      const View v = float_view(given[i], name, names[i]);
      check_same_dtype(like, v, name, "input", names[i]);
      if (!same_shape(like, v))
        fail(name, std::string(names[i]) + " of shape " + shape_string(like), shape_string(v));
      arrays[i] = contiguous(given[i]);
      data[i] = view_of_result(arrays[i]).data;
    }
    like = view_of_result(arrays[0]);
    kernel = {like.dtype, numel(like), data[0], data[1], data[2], data[3]};
  }
};

py::object element_loss(const char* name, ElementLoss loss, py::handle input, py::handle target,
                        py::handle weight, py::handle pos_weight, const std::string& reduction_name) {
  const Operands o(name, input, target, weight, pos_weight);
  const Reduce reduction = reduction_of(reduction_name, name);
  if (reduction == Reduce::none) {
    py::object y = empty_like(o.like);
    const View vy = view_of_result(y);
    call_kernel(o.kernel.n * 8, [&] { kernels().loss.values(loss, o.kernel, vy.data); });
    return y;
  }
  double total = 0;
  call_kernel(o.kernel.n * 8, [&] { total = kernels().loss.total(loss, o.kernel); });
  return scalar(o.like.dtype, reduction == Reduce::mean ? total / double(o.kernel.n) : total + 0.0);
}

// grad is one number or one for each element; `scale` multiplies the first.
py::object element_loss_grad(const char* name, ElementLoss loss, py::handle input, py::handle target,
                             py::handle weight, py::handle pos_weight, py::handle grad, double scale) {
  const Operands o(name, input, target, weight, pos_weight);
  const View g = float_view(grad, name, "grad");
  check_same_dtype(o.like, g, name, "input", "grad");
  const bool single = g.ndim == 0;
  if (!single && !same_shape(o.like, g)) fail(name, "grad of shape " + shape_string(o.like), shape_string(g));
  const py::object factors = single ? scalar(g.dtype, scale * number_of(grad)) : contiguous(grad);
  const View f = view_of_result(factors);
  py::object dx = empty_like(o.like);
  const View vdx = view_of_result(dx);
  call_kernel(o.kernel.n * 8, [&] { kernels().loss.grad(loss, o.kernel, f.data, single ? 0 : 1, vdx.data); });
  return dx;
}

std::string position_string(int64_t flat, const View& v) {
  int64_t index[kMaxDims];
  for (int d = v.ndim - 1; d >= 0; --d) {
    index[d] = flat % v.shape[d];
    flat /= v.shape[d];
  }
  return shape_string(index, v.ndim);
}

// A contiguous array of one value for each position of x (N, C, L), as (N, 1, L).
View flat_positions(const View& v, const View& x) {
  return View{v.data, v.dtype, 3, {x.shape[0], 1, x.shape[2]}, {x.shape[2], 1, 1}};
}

// Checked operands of cross_entropy, with the weight of all targets together.
struct Classes {
  py::object input, target, weight;
  View x, positions;  // (N, C, L) and the target as it came
  ClassTargets kernel;
  double total = 0;

  Classes(const char* name, py::handle in, py::handle to, py::handle class_weight, int64_t ignore_index,
          double smoothing)
      : input(py::reinterpret_borrow<py::object>(in)) {
    View full = float_view(in, name, "input");
    if (full.ndim < 1) fail(name, "input of shape (N, C, …) or (C,)", shape_string(full));
    if (full.ndim == 1) {
      x = View{full.data, full.dtype, 3, {1, full.shape[0], 1}, {full.shape[0], full.strides[0], 1}};
    } else {
      const Images images(in, name, "input");
      input = images.array;
      x = images.merged;
    }
    if (x.shape[1] < 1) fail(name, "input with at least one class", shape_string(full));
    check_target(name, to, full);
    set_weight(name, class_weight);
    if (!(smoothing >= 0 && smoothing <= 1))
      fail(name, "label_smoothing in 0 … 1", std::to_string(smoothing));
    kernel = {flat_positions(view_of_result(target), x), ignore_index,
              weight.is_none() ? nullptr : view_of_result(weight).data, smoothing};
    call_kernel(numel(positions), [&] { check_indices(name); });
  }

 private:
  void check_target(const char* name, py::handle to, const View& full) {
    positions = view_of(to, name, "target");
    if (positions.dtype != DType::i64)
      fail<TypeError>(name, "target of class indices (int64)", to_string(positions.dtype));
    View expected{nullptr, DType::i64, full.ndim - 1, {}, {}};
    for (int d = 0, e = 0; d < full.ndim; ++d)
      if (d != (full.ndim == 1 ? 0 : 1)) expected.shape[e++] = full.shape[d];
    if (!same_shape(expected, positions))
      fail(name, "target of shape " + shape_string(expected) + " for input " + shape_string(full),
           shape_string(positions));
    target = contiguous(to);
  }
  void set_weight(const char* name, py::handle given) {
    weight = py::none();
    if (given.is_none()) return;
    const View v = float_view(given, name, "weight");
    check_same_dtype(x, v, name, "input", "weight");
    if (v.ndim != 1 || v.shape[0] != x.shape[1])
      fail(name, "weight of shape (" + std::to_string(x.shape[1]) + ",)", shape_string(v));
    weight = contiguous(given);
  }
  void check_indices(const char* name) {
    const int64_t* t = data_as<int64_t>(kernel.target);
    const int64_t count = numel(positions), classes = x.shape[1];
    for (int64_t i = 0; i < count; ++i) {
      if (t[i] == kernel.ignore_index) continue;
      if (t[i] < 0 || t[i] >= classes)
        fail<IndexError>(name,
                         "target in 0 … " + std::to_string(classes - 1) + " (" + std::to_string(classes) +
                             " classes) or ignore_index " + std::to_string(kernel.ignore_index),
                         std::to_string(t[i]) + " at position " + position_string(i, positions));
      total += !kernel.weight          ? 1.0
               : x.dtype == DType::f32 ? double(static_cast<const float*>(kernel.weight)[t[i]])
                                       : static_cast<const double*>(kernel.weight)[t[i]];
    }
  }
};

// (loss, sum of the targets' weights)
py::tuple cross_entropy(py::handle input, py::handle target, py::handle weight, int64_t ignore_index,
                        const std::string& reduction_name, double smoothing) {
  const char* name = "cross_entropy";
  const Classes c(name, input, target, weight, ignore_index, smoothing);
  const Reduce reduction = reduction_of(reduction_name, name);
  const py::object values = empty(c.x.dtype, c.positions.shape, c.positions.ndim);
  const View v = view_of_result(values);
  call_kernel(numel(c.x) * 16, [&] { kernels().loss.cross_entropy(c.x, c.kernel, flat_positions(v, c.x)); });
  if (reduction == Reduce::none) return py::make_tuple(values, c.total);
  py::object sum = scalar(c.x.dtype, 0);
  View flat{v.data, v.dtype, 1, {numel(v)}, {1}}, result = view_of_result(sum);
  result.ndim = 1;
  result.shape[0] = result.strides[0] = 1;
  call_kernel(numel(v), [&] { kernels().reduce.reduce(Reduction::sum, flat, 1, result); });
  if (reduction == Reduce::mean) sum = scalar(c.x.dtype, number_of(sum) / c.total);
  return py::make_tuple(sum, c.total);
}

py::object cross_entropy_grad(py::handle input, py::handle target, py::handle weight, int64_t ignore_index,
                              double smoothing, py::handle grad, double scale) {
  const char* name = "cross_entropy_grad";
  const Classes c(name, input, target, weight, ignore_index, smoothing);
  View g = float_view(grad, name, "grad");
  check_same_dtype(c.x, g, name, "input", "grad");
  const bool single = g.ndim == 0;
  if (!single && !same_shape(c.positions, g))
    fail(name, "grad of shape " + shape_string(c.positions), shape_string(g));
  const py::object factors = single ? scalar(g.dtype, scale * number_of(grad)) : contiguous(grad);
  g = flat_positions(view_of_result(factors), c.x);
  if (single) g.strides[0] = g.strides[2] = 0;
  const View full = view_of_result(c.input);
  const py::object dx = empty_like(full);
  const View vdx =
      full.ndim == 1
          ? View{view_of_result(dx).data, full.dtype, 3, {1, full.shape[0], 1}, {full.shape[0], 1, 1}}
          : Images(dx, name, "result").merged;
  call_kernel(numel(c.x) * 16, [&] { kernels().loss.cross_entropy_grad(c.x, c.kernel, g, vdx); });
  return dx;
}

void bind_element(py::module_& m, const char* name, const char* grad_name, ElementLoss loss) {
  const py::arg input("input"), target("target"), weight("weight"), pos_weight("pos_weight");
  m.def(
      name,
      [=](py::handle x, py::handle t, py::handle w, py::handle p, const std::string& reduction) {
        return element_loss(name, loss, x, t, w, p, reduction);
      },
      input, target, weight, pos_weight, py::arg("reduction"));
  m.def(
      grad_name,
      [=](py::handle x, py::handle t, py::handle w, py::handle p, py::handle g, double scale) {
        return element_loss_grad(grad_name, loss, x, t, w, p, g, scale);
      },
      input, target, weight, pos_weight, py::arg("grad"), py::arg("scale"));
}

}  // namespace

void bind_loss(py::module_& m) {
  bind_element(m, "mse_loss", "mse_loss_grad", ElementLoss::mse);
  bind_element(m, "binary_cross_entropy", "binary_cross_entropy_grad", ElementLoss::bce);
  bind_element(m, "binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits_grad",
               ElementLoss::bce_with_logits);
  const py::arg input("input"), target("target"), weight("weight"), ignore("ignore_index"),
      smoothing("label_smoothing");
  m.def("cross_entropy", &cross_entropy, input, target, weight, ignore, py::arg("reduction"), smoothing);
  m.def("cross_entropy_grad", &cross_entropy_grad, input, target, weight, ignore, smoothing, py::arg("grad"),
        py::arg("scale"));
}

}  // namespace pydl
