#include "kernels/loss.h"

#include <pybind11/stl.h>

#include <cmath>
#include <memory>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/copy.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "core/copy.h"
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

// A number of a run-time dtype, to be read through a pointer.
struct Scalar {
  float single;
  double number;
  bool is_single;

  Scalar(DType dtype, double value)
      : single(static_cast<float>(value)), number(value), is_single(dtype == DType::f32) {}
  const void* data() const { return is_single ? static_cast<const void*>(&single) : &number; }
};

double read(const View& v) { return v.dtype == DType::f32 ? *data_as<float>(v) : *data_as<double>(v); }

void write(const View& v, double value) {
  dispatch_float(v.dtype, [&](auto zero) { *data_as<decltype(zero)>(v) = decltype(zero)(value); });
}

// The array itself where its elements lie as those of `like`, which are dense, else a copy that does.
py::object laid_as(const View& like, const View& v, py::handle array) {
  bool same = true;
  for (int d = 0; d < v.ndim; ++d) same &= v.shape[d] == 1 || v.strides[d] == like.strides[d];
  if (same) return py::reinterpret_borrow<py::object>(array);
  py::object result = empty_like(like);
  call_kernel(numel(v), [=, to = view_of_result(result)] { copy_view(v, to); });
  return result;
}

// The operands of an elementwise loss, one after the other in memory and all in one order: the input's where
// it is dense, else that of positions.
struct Operands {
  py::object arrays[4];
  View like;
  LossOperands kernel;
  bool in_order;  // of positions

  Operands(const char* name, py::handle input, py::handle target, py::handle weight, py::handle pos_weight,
           double width)
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
      if (i == 0) {
        arrays[0] = is_dense(like) ? py::reinterpret_borrow<py::object>(input) : contiguous(input);
        like = view_of(arrays[0], name, "input");
      } else {
        arrays[i] = laid_as(like, v, given[i]);
      }
      data[i] = view_of(arrays[i], name, names[i]).data;
    }
    in_order = is_contiguous(like);
    kernel = {like.dtype, numel(like), data[0], data[1], data[2], data[3], width};
  }
};

py::object element_loss(const char* name, ElementLoss loss, py::handle input, py::handle target,
                        py::handle weight, py::handle pos_weight, const std::string& reduction_name,
                        double width) {
  const Operands o(name, input, target, weight, pos_weight, width);
  const Reduce reduction = reduction_of(reduction_name, name);
  if (reduction == Reduce::none) {
    py::object y = empty_like(o.like);
    const View vy = view_of_result(y);
    call_kernel(o.kernel.n * 8, [=, k = o.kernel] { kernels().loss.values(loss, k, vy.data); });
    return y;
  }
  py::object y = empty(o.like.dtype, {});
  const View vy = view_of_result(y);
  if (!o.in_order) {
    const py::object values = empty_like(o.like);
    const View from = view_of_result(values);
    call_kernel(o.kernel.n * 8, [=, k = o.kernel] {
      kernels().loss.values(loss, k, from.data);
      View all = vy;
      all.ndim = from.ndim;
      for (int d = 0; d < all.ndim; ++d) all.shape[d] = all.strides[d] = 1;
      kernels().reduce.reduce(Reduction::sum, from, (uint32_t(1) << from.ndim) - 1, all);
      if (reduction == Reduce::mean) write(vy, read(vy) / double(k.n));
    });
    return y;
  }
  call_kernel(o.kernel.n * 8, [=, k = o.kernel] {
    const double total = kernels().loss.total(loss, k);
    write(vy, reduction == Reduce::mean ? total / double(k.n) : total + 0.0);
  });
  return y;
}

// grad is one number or one for each element; `scale` multiplies the first.
py::object element_loss_grad(const char* name, ElementLoss loss, py::handle input, py::handle target,
                             py::handle weight, py::handle pos_weight, py::handle grad, double scale,
                             double width) {
  const Operands o(name, input, target, weight, pos_weight, width);
  const View g = float_view(grad, name, "grad");
  check_same_dtype(o.like, g, name, "input", "grad");
  const bool single = g.ndim == 0;
  if (!single && !same_shape(o.like, g)) fail(name, "grad of shape " + shape_string(o.like), shape_string(g));
  const py::object factors = single ? py::reinterpret_borrow<py::object>(grad) : laid_as(o.like, g, grad);
  const View f = view_of(factors, name, "grad");
  py::object dx = empty_like(o.like);
  const View vdx = view_of_result(dx);
  call_kernel(o.kernel.n * 8, [=, k = o.kernel] {
    if (!single) return kernels().loss.grad(loss, k, f.data, 1, vdx.data);
    const Scalar factor(f.dtype, scale * read(f));
    kernels().loss.grad(loss, k, factor.data(), 0, vdx.data);
  });
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

// The weight of all targets together; IndexError where one is not a class.
double checked_total(const char* name, const View& x, const View& positions, const ClassTargets& targets) {
  const int64_t* t = data_as<int64_t>(targets.target);
  const int64_t count = numel(positions), classes = x.shape[1];
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (t[i] == targets.ignore_index) continue;
    if (t[i] < 0 || t[i] >= classes)
      fail<IndexError>(name,
                       "target in 0 … " + std::to_string(classes - 1) + " (" + std::to_string(classes) +
                           " classes) or ignore_index " + std::to_string(targets.ignore_index),
                       std::to_string(t[i]) + " at position " + position_string(i, positions));
    total += !targets.weight         ? 1.0
             : x.dtype == DType::f32 ? double(static_cast<const float*>(targets.weight)[t[i]])
                                     : static_cast<const double*>(targets.weight)[t[i]];
  }
  return total;
}

// Checked operands of cross_entropy.
struct Classes {
  py::object input, target, weight;
  View x, positions;  // (N, C, L) and the target as it came
  ClassTargets kernel;

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
};

// (loss, sum of the targets' weights)
py::tuple cross_entropy(py::handle input, py::handle target, py::handle weight, int64_t ignore_index,
                        const std::string& reduction_name, double smoothing) {
  const char* name = "cross_entropy";
  const Classes c(name, input, target, weight, ignore_index, smoothing);
  const Reduce reduction = reduction_of(reduction_name, name);
  const py::object values = empty(c.x.dtype, c.positions.shape, c.positions.ndim);
  const View v = view_of_result(values);
  const auto total = std::make_shared<double>(0);
  call_kernel(numel(c.x) * 16, [=, x = c.x, positions = c.positions, targets = c.kernel] {
    *total = checked_total(name, x, positions, targets);
    kernels().loss.cross_entropy(x, targets, flat_positions(v, x));
  });
  if (reduction == Reduce::none) return py::make_tuple(values, *total);
  const py::object sum = empty(c.x.dtype, {});
  const View result = view_of_result(sum);
  call_kernel(numel(v), [=] {
    const View flat{v.data, v.dtype, 1, {numel(v)}, {1}}, one{result.data, result.dtype, 1, {1}, {1}};
    kernels().reduce.reduce(Reduction::sum, flat, 1, one);
    if (reduction == Reduce::mean) write(result, read(result) / *total);
  });
  return py::make_tuple(sum, *total);
}

// grad is one number or one for each position; `scale` multiplies the first, None stands for that of the
// mean.
py::object cross_entropy_grad(py::handle input, py::handle target, py::handle weight, int64_t ignore_index,
                              double smoothing, py::handle grad, std::optional<double> scale) {
  const char* name = "cross_entropy_grad";
  const Classes c(name, input, target, weight, ignore_index, smoothing);
  View g = float_view(grad, name, "grad");
  check_same_dtype(c.x, g, name, "input", "grad");
  const bool single = g.ndim == 0;
  if (!single && !same_shape(c.positions, g))
    fail(name, "grad of shape " + shape_string(c.positions), shape_string(g));
  const py::object factors = contiguous(grad);
  g = view_of_result(factors);
  const View full = view_of_result(c.input);
  const py::object dx = empty_like(full);
  const View vdx =
      full.ndim == 1
          ? View{view_of_result(dx).data, full.dtype, 3, {1, full.shape[0], 1}, {full.shape[0], 1, 1}}
          : Images(dx, name, "result").merged;
  call_kernel(numel(c.x) * 16, [=, x = c.x, positions = c.positions, targets = c.kernel] {
    const double total = checked_total(name, x, positions, targets);
    if (!single) return kernels().loss.cross_entropy_grad(x, targets, flat_positions(g, x), vdx);
    const Scalar factor(g.dtype, read(g) * scale.value_or(total != 0 ? 1 / total : NAN));
    const View same{const_cast<void*>(factor.data()), g.dtype, 3, {x.shape[0], 1, x.shape[2]}, {0, 0, 0}};
    kernels().loss.cross_entropy_grad(x, targets, same, vdx);
  });
  return dx;
}

void bind_element(py::module_& m, const char* name, const char* grad_name, ElementLoss loss) {
  const py::arg input("input"), target("target"), weight("weight"), pos_weight("pos_weight");
  m.def(
      name,
      [=](py::handle x, py::handle t, py::handle w, py::handle p, const std::string& reduction,
          double width) { return element_loss(name, loss, x, t, w, p, reduction, width); },
      input, target, weight, pos_weight, py::arg("reduction"), py::arg("width") = 1.0);
  m.def(
      grad_name,
      [=](py::handle x, py::handle t, py::handle w, py::handle p, py::handle g, double scale, double width) {
        return element_loss_grad(grad_name, loss, x, t, w, p, g, scale, width);
      },
      input, target, weight, pos_weight, py::arg("grad"), py::arg("scale"), py::arg("width") = 1.0);
}

}  // namespace

void bind_loss(py::module_& m) {
  bind_element(m, "mse_loss", "mse_loss_grad", ElementLoss::mse);
  bind_element(m, "l1_loss", "l1_loss_grad", ElementLoss::l1);
  bind_element(m, "huber_loss", "huber_loss_grad", ElementLoss::huber);
  bind_element(m, "smooth_l1_loss", "smooth_l1_loss_grad", ElementLoss::smooth_l1);
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
