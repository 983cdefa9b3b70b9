#include "kernels/elementwise.h"

#include <algorithm>
#include <initializer_list>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

// An operand: an array's View, or a Python number as an array of one element.
struct Operand {
  View view;
  double number = 0;
  float single = 0;

  // Where it is a number, its View leads into this object.
  const View& get() {
    if (view.is_number) view.data = view.dtype == DType::f32 ? static_cast<void*>(&single) : &number;
    return view;
  }
};

bool is_number(py::handle x) {
  return PyFloat_Check(x.ptr()) || (PyLong_Check(x.ptr()) && !PyBool_Check(x.ptr()));
}

Operand number_operand(py::handle x, DType dtype, const char* name) {
  const double number = PyFloat_AsDouble(x.ptr());
  if (number == -1.0 && PyErr_Occurred()) {
    PyErr_Clear();
    fail(name, "a number that a float holds", "an integer beyond it");
  }
  return {View{nullptr, dtype, 0, {}, {}, true}, number, static_cast<float>(number)};
}

// `v` as a view of like's shape: new and stretched dimensions get stride 0.
View broadcast_to(const View& v, const View& like) {
  View out{v.data, v.dtype, like.ndim, {}, {}, v.is_number};
  for (int i = 0; i < like.ndim; ++i) {
    const int source = i - (like.ndim - v.ndim);
    out.shape[i] = like.shape[i];
    out.strides[i] = source < 0 || v.shape[source] == 1 ? 0 : v.strides[source];
  }
  return out;
}

// The shape to which both are broadcast, without data and laid out row by row.
View broadcast(const char* name, const View& a, const View& b) {
  View out{nullptr, a.dtype, std::max(a.ndim, b.ndim), {}, {}};
  int64_t step = 1;
  for (int i = out.ndim - 1; i >= 0; --i) {
    const int ia = i - (out.ndim - a.ndim), ib = i - (out.ndim - b.ndim);
    const int64_t na = ia < 0 ? 1 : a.shape[ia], nb = ib < 0 ? 1 : b.shape[ib];
    if (na != nb && na != 1 && nb != 1)
      fail(name, "shapes that broadcast together", shape_string(a) + " and " + shape_string(b));
    out.shape[i] = na == 1 ? nb : na;
    out.strides[i] = step;
    step = checked_mul(name, step, out.shape[i]);
  }
  return out;
}

// The caller's `out`, checked, or a new array laid out like `like`.
py::object output(const char* name, py::handle out, const View& like,
                  std::initializer_list<const View*> inputs) {
  if (out.is_none()) return empty_like(like);
  const View view = float_view(out, name, "out");
  check_written(out, view, name, "out");
  if (view.dtype != like.dtype || !same_shape(view, like))
    fail(name, "out of shape " + shape_string(like) + " and dtype " + to_string(like.dtype),
         shape_string(view) + " and " + to_string(view.dtype));
  for (const View* input : inputs) check_overlap(view, *input, name);
  return py::reinterpret_borrow<py::object>(out);
}

py::object unary(const char* name, Unary op, py::handle x, double a, double b, py::handle out) {
  const View vx = float_view(x, name, "input");
  py::object y = output(name, out, vx, {&vx});
  const View vy = view_of_result(y);
  call_kernel(numel(vx), [=] { kernels().elementwise.unary(op, vx, vy, a, b); });
  if (Tape* const tape = recording(); tape && op == Unary::relu) tape->note_rectifier({vx, vy, {}, false});
  return y;
}

py::object binary(const char* name, Binary op, py::handle x1, py::handle x2, double a, double b,
                  py::handle out) {
  Operand p1, p2;
  if (is_number(x1)) {
    p2.view = float_view(x2, name, "other");
    p1 = number_operand(x1, p2.view.dtype, name);
  } else {
    p1.view = float_view(x1, name, "input");
    if (is_number(x2)) {
      p2 = number_operand(x2, p1.view.dtype, name);
    } else {
      p2.view = float_view(x2, name, "other");
    }
  }
  const View v1 = p1.get(), v2 = p2.get();
  check_same_dtype(v1, v2, name, "input", "other");
  const View whole = broadcast(name, v1, v2);
  p1.view = broadcast_to(v1, whole);
  p2.view = broadcast_to(v2, whole);
  // The result is laid out like an operand of its shape, else row by row.
  const View& like = same_shape(v1, whole) ? v1 : same_shape(v2, whole) ? v2 : whole;
  py::object y = output(name, out, like, {&p1.view, &p2.view});
  const View vy = view_of_result(y);
  call_kernel(numel(vy), [=]() mutable { kernels().elementwise.binary(op, p1.get(), p2.get(), vy, a, b); });
  if (Tape* const tape = recording(); tape && op == Binary::relu_grad)
    tape->note_rectifier({p2.view, vy, p1.view, true});
  return y;
}

// An operand of floats of either dtype, or a number.
Operand float_operand(py::handle x, py::handle other, const char* name, const char* argument) {
  if (is_number(x)) return number_operand(x, float_view(other, name, "other").dtype, name);
  Operand operand;
  operand.view = float_view(x, name, argument);
  return operand;
}

// input where the condition (bool) is set, other elsewhere.
py::object where(py::handle condition, py::handle input, py::handle other) {
  const char* name = "where";
  const View mask = view_of(condition, name, "condition");
  if (mask.dtype != DType::b8) fail<TypeError>(name, "condition of dtype bool", to_string(mask.dtype));
  Operand p1 = float_operand(input, other, name, "input"), p2 = float_operand(other, input, name, "other");
  const View v1 = p1.get(), v2 = p2.get();
  check_same_dtype(v1, v2, name, "input", "other");
  View whole = broadcast(name, broadcast(name, v1, v2), mask);
  const View& like = same_shape(v1, whole) ? v1 : same_shape(v2, whole) ? v2 : whole;
  p1.view = broadcast_to(v1, whole);
  p2.view = broadcast_to(v2, whole);
  const View chosen = broadcast_to(mask, whole);
  py::object y = empty_like(like);
  const View vy = view_of_result(y);
  call_kernel(numel(vy), [=]() mutable { kernels().elementwise.choose(chosen, p1.get(), p2.get(), vy); });
  return y;
}

}  // namespace

void rectify(const Rectifier& r) {
  const auto& family = kernels().elementwise;
  if (r.gated) {
    family.binary(Binary::relu_grad, r.gate, r.to, r.to, 0, 0);
  } else {
    family.unary(Unary::relu, r.to, r.to, 0, 0);
  }
}

void bind_elementwise(py::module_& m) {
#define PYDL_DEF(name, functor)                              \
  m.def(                                                     \
      #name,                                                 \
      [](py::handle x, double a, double b, py::handle out) { \
        return unary(#name, Unary::name, x, a, b, out);      \
      },                                                     \
      py::arg("input"), py::arg("a") = 0.0, py::arg("b") = 0.0, py::arg("out") = py::none());
  PYDL_UNARY_OPS(PYDL_DEF)
#undef PYDL_DEF
#define PYDL_DEF(name, functor)                                                   \
  m.def(                                                                          \
      #name,                                                                      \
      [](py::handle x1, py::handle x2, double a, double b, py::handle out) {      \
        return binary(#name, Binary::name, x1, x2, a, b, out);                    \
      },                                                                          \
      py::arg("input"), py::arg("other"), py::arg("a") = 0.0, py::arg("b") = 0.0, \
      py::arg("out") = py::none());
  PYDL_BINARY_OPS(PYDL_DEF)
#undef PYDL_DEF
  if (kernels().elementwise.choose)
    m.def("where", &where, py::arg("condition"), py::arg("input"), py::arg("other"));
}

}  // namespace pydl
