#include "kernels/elementwise.h"

#include <algorithm>
#include <initializer_list>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

// A Python number as an operand: a View of one element that lives on the caller's stack.
struct Number {
  float single;
  double number;

  View view(DType dtype) {
    single = static_cast<float>(number);
    void* data = dtype == DType::f32 ? static_cast<void*>(&single) : static_cast<void*>(&number);
    return View{data, dtype, 0, {}, {}};
  }
};

bool is_number(py::handle x) {
  return PyFloat_Check(x.ptr()) || (PyLong_Check(x.ptr()) && !PyBool_Check(x.ptr()));
}

// `v` as a view of like's shape: new and stretched dimensions get stride 0.
View broadcast_to(const View& v, const View& like) {
  View out{v.data, v.dtype, like.ndim, {}, {}};
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
  call_kernel(numel(vx), [&] { kernels().elementwise.unary(op, vx, vy, a, b); });
  return y;
}

py::object binary(const char* name, Binary op, py::handle x1, py::handle x2, double a, double b,
                  py::handle out) {
  Number n1, n2;
  View v1, v2;
  if (is_number(x1)) {
    v2 = float_view(x2, name, "other");
    n1.number = x1.cast<double>();
    v1 = n1.view(v2.dtype);
  } else {
    v1 = float_view(x1, name, "input");
    if (is_number(x2)) {
      n2.number = x2.cast<double>();
      v2 = n2.view(v1.dtype);
    } else {
      v2 = float_view(x2, name, "other");
    }
  }
  check_same_dtype(v1, v2, name, "input", "other");
  const View whole = broadcast(name, v1, v2), b1 = broadcast_to(v1, whole), b2 = broadcast_to(v2, whole);
  // The result is laid out like an operand of its shape, else row by row.
  const View& like = same_shape(v1, whole) ? v1 : same_shape(v2, whole) ? v2 : whole;
  py::object y = output(name, out, like, {&b1, &b2});
  const View vy = view_of_result(y);
  call_kernel(numel(vy), [&] { kernels().elementwise.binary(op, b1, b2, vy, a, b); });
  return y;
}

}  // namespace

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
}

}  // namespace pydl
