#include "kernels/reduce.h"

#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

int axis_of(const char* name, py::handle axis, int ndim) {
  PyObject* index = PyBool_Check(axis.ptr()) ? nullptr : PyNumber_Index(axis.ptr());
  if (!index) {
    PyErr_Clear();
    fail<TypeError>(name, "axis to be an integer, a tuple of integers or None", py::repr(axis));
  }
  const auto number = py::reinterpret_steal<py::int_>(index);
  const int64_t value = PyLong_AsLongLong(number.ptr());
  if (PyErr_Occurred()) PyErr_Clear();  // beyond 64 bits: -1 came back, and the check below must not take it
  const bool huge = value == -1 && !number.equal(py::int_(-1));
  if (huge || value < -ndim || value >= ndim)
    fail<IndexError>(name, "axis in [" + std::to_string(-ndim) + ", " + std::to_string(ndim) + ")",
                     py::str(number));
  return static_cast<int>(value < 0 ? value + ndim : value);
}

// The set of axes as bits; None means all of them.
uint32_t axes_of(const char* name, py::handle axis, int ndim) {
  if (axis.is_none()) return (1u << ndim) - 1;
  if (!py::isinstance<py::tuple>(axis) && !py::isinstance<py::list>(axis))
    return 1u << axis_of(name, axis, ndim);
  uint32_t mask = 0;
  for (py::handle item : axis) {
    const uint32_t bit = 1u << axis_of(name, item, ndim);
    if (mask & bit) fail(name, "axes that differ", py::repr(axis));
    mask |= bit;
  }
  return mask;
}

// The result's array, and the View of it in which every reduced dimension has size 1.
struct Result {
  py::array array;
  View view;

  Result(const View& x, uint32_t mask, bool keepdim, DType dtype) {
    std::vector<int64_t> shape;
    for (int d = 0; d < x.ndim; ++d)
      if (!(mask >> d & 1) || keepdim) shape.push_back(mask >> d & 1 ? 1 : x.shape[d]);
    array = empty(dtype, shape);
    view = View{array.mutable_data(), dtype, x.ndim, {}, {}};
    int64_t step = 1;
    for (int d = x.ndim - 1; d >= 0; --d) {
      view.shape[d] = mask >> d & 1 ? 1 : x.shape[d];
      view.strides[d] = step;
      step *= view.shape[d];
    }
  }
};

// A choice needs something to choose from.
void check_not_empty(const char* name, const View& x, uint32_t mask, const View& y) {
  if (numel(y) == 0) return;
  for (int d = 0; d < x.ndim; ++d)
    if ((mask >> d & 1) && x.shape[d] == 0)
      fail(name, "at least one element along the reduced axes", "input of shape " + shape_string(x));
}

py::array reduce(const char* name, Reduction op, py::handle input, py::handle axis, bool keepdim) {
  const View x = float_view(input, name, "input");
  const uint32_t mask = axes_of(name, axis, x.ndim);
  Result result(x, mask, keepdim, x.dtype);
  if (op == Reduction::amax || op == Reduction::amin) check_not_empty(name, x, mask, result.view);
  call_kernel(numel(x), [=, y = result.view] { kernels().reduce.reduce(op, x, mask, y); });
  return result.array;
}

py::array arg(const char* name, bool largest, py::handle input, py::handle axis, bool keepdim) {
  const View x = float_view(input, name, "input");
  const uint32_t mask = axis.is_none() ? axes_of(name, axis, x.ndim) : 1u << axis_of(name, axis, x.ndim);
  Result result(x, mask, keepdim, DType::i64);
  check_not_empty(name, x, mask, result.view);
  call_kernel(numel(x), [=, y = result.view] { kernels().reduce.arg(largest, x, mask, y); });
  return result.array;
}

// The gradient of broadcasting `shape` to x's shape. x itself where there is nothing to sum.
py::object sum_to(py::handle input, const std::vector<int64_t>& shape) {
  const View x = float_view(input, "sum_to", "input");
  const int ndim = static_cast<int>(shape.size()), extra = x.ndim - ndim;
  bool fits = extra >= 0, same = extra == 0;
  uint32_t mask = extra > 0 ? (1u << extra) - 1 : 0;
  for (int d = 0; d < ndim && fits; ++d) {
    if (shape[d] == x.shape[extra + d]) continue;
    fits = shape[d] == 1;
    same = false;
    mask |= 1u << (extra + d);
  }
  if (!fits) fail("sum_to", "shape that broadcasts to " + shape_string(x), shape_string(shape.data(), ndim));
  if (same) return py::reinterpret_borrow<py::object>(input);
  Result result(x, mask, true, x.dtype);
  call_kernel(numel(x), [=, y = result.view] { kernels().reduce.reduce(Reduction::sum, x, mask, y); });
  return extra > 0 ? py::object(result.array.reshape(shape)) : py::object(result.array);
}

void bind_one(py::module_& m, const char* name, Reduction op) {
  m.def(
      name,
      [name, op](py::handle x, py::handle axis, bool keepdim) { return reduce(name, op, x, axis, keepdim); },
      py::arg("input"), py::arg("axis") = py::none(), py::arg("keepdim") = false);
}

void bind_arg(py::module_& m, const char* name, bool largest) {
  m.def(
      name,
      [name, largest](py::handle x, py::handle axis, bool keepdim) {
        return arg(name, largest, x, axis, keepdim);
      },
      py::arg("input"), py::arg("axis") = py::none(), py::arg("keepdim") = false);
}

}  // namespace

void bind_reduce(py::module_& m) {
  bind_one(m, "sum", Reduction::sum);
  bind_one(m, "mean", Reduction::mean);
  bind_one(m, "prod", Reduction::prod);
  bind_one(m, "amax", Reduction::amax);
  bind_one(m, "amin", Reduction::amin);
  bind_one(m, "sum_squares", Reduction::sum_squares);
  bind_arg(m, "argmax", true);
  bind_arg(m, "argmin", false);
  m.def("sum_to", &sum_to, py::arg("input"), py::arg("shape"));
}

}  // namespace pydl
