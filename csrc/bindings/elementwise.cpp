#include "kernels/elementwise.h"

#include <algorithm>
#include <cmath>

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

// `v` as a view of the broadcast shape: new and stretched dimensions get stride 0.
View broadcast_to(const View& v, const int64_t* shape, int ndim) {
  View out{v.data, v.dtype, ndim, {}, {}};
  for (int i = 0; i < ndim; ++i) {
    const int source = i - (ndim - v.ndim);
    out.shape[i] = shape[i];
    out.strides[i] = source < 0 || v.shape[source] == 1 ? 0 : v.strides[source];
  }
  return out;
}

int broadcast_shape(const char* name, const View& a, const View& b, int64_t (&shape)[kMaxDims]) {
  const int ndim = std::max(a.ndim, b.ndim);
  for (int i = 0; i < ndim; ++i) {
    const int ia = i - (ndim - a.ndim), ib = i - (ndim - b.ndim);
    const int64_t na = ia < 0 ? 1 : a.shape[ia], nb = ib < 0 ? 1 : b.shape[ib];
    if (na != nb && na != 1 && nb != 1)
      fail(name, "shapes that broadcast together", shape_string(a) + " and " + shape_string(b));
    shape[i] = na == 1 ? nb : na;
  }
  return ndim;
}

bool has_shape(const View& v, const int64_t* shape, int ndim) {
  return v.ndim == ndim && std::equal(shape, shape + ndim, v.shape);
}

// The caller's `out`, checked, or a new array laid out like `like`.
py::object output(const char* name, py::handle out, const View& like) {
  if (out.is_none()) return empty_like(like);
  const View view = float_view(out, name, "out");
  if (!is_writeable(out)) fail(name, "out to be writeable", "a read-only array");
  if (view.dtype != like.dtype || !has_shape(view, like.shape, like.ndim))
    fail(name, "out of shape " + shape_string(like) + " and dtype " + to_string(like.dtype),
         shape_string(view) + " and " + to_string(view.dtype));
  return py::reinterpret_borrow<py::object>(out);
}

py::object unary(const char* name, Unary op, py::handle x, double a, double b, py::handle out) {
  const View vx = float_view(x, name, "input");
  py::object y = output(name, out, vx);
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
  int64_t shape[kMaxDims];
  const int ndim = broadcast_shape(name, v1, v2, shape);
  const View b1 = broadcast_to(v1, shape, ndim), b2 = broadcast_to(v2, shape, ndim);
  // The result is laid out like an operand of its shape, else row by row.
  py::object y = has_shape(v1, shape, ndim)   ? output(name, out, v1)
                 : has_shape(v2, shape, ndim) ? output(name, out, v2)
                                              : output(name, out, [&] {
                                                  View like{nullptr, v1.dtype, ndim, {}, {}};
                                                  int64_t step = 1;
                                                  for (int i = ndim - 1; i >= 0; --i) {
                                                    like.shape[i] = shape[i];
                                                    like.strides[i] = step;
                                                    step *= shape[i];
                                                  }
                                                  return like;
                                                }());
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
