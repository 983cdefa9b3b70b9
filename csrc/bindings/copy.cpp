// Elements moved from one array to another.
#include "bindings/copy.h"

#include <pybind11/stl.h>

#include <utility>
#include <vector>

#include "bindings/families.h"
#include "core/copy.h"

namespace pydl {
namespace {

void copy(py::handle from, py::handle to) {
  View source = view_of(from, "copy", "source");
  const View target = view_of(to, "copy", "target");
  check_written(to, target, "copy", "target");
  const int added = target.ndim - source.ndim;
  View spread{source.data, source.dtype, target.ndim, {}, {}};
  for (int d = 0; d < target.ndim; ++d) {
    spread.shape[d] = target.shape[d];
    const bool same = d >= added && source.shape[d - added] == target.shape[d];
    if (!same && d >= added && source.shape[d - added] != 1)
      fail("copy", "a source that broadcasts to " + shape_string(target), shape_string(source));
    spread.strides[d] = same ? source.strides[d - added] : 0;
  }
  if (added < 0) fail("copy", "a source that broadcasts to " + shape_string(target), shape_string(source));
  call_kernel(numel(target), [=] { copy_view(spread, target); });
}

void fill(py::handle array, double value) {
  const View target = view_of(array, "fill", "array");
  check_written(array, target, "fill", "array");
  call_kernel(numel(target), [=] { fill_view(target, value); });
}

py::object padded(py::handle array, const std::vector<std::pair<int64_t, int64_t>>& widths, double value) {
  const View from = view_of(array, "padded", "array");
  if (static_cast<int>(widths.size()) != from.ndim)
    fail("padded", std::to_string(from.ndim) + " pairs of widths", std::to_string(widths.size()));
  View like = from;
  int64_t start = 0;
  for (int d = 0; d < from.ndim; ++d) {
    const auto [before, after] = widths[d];
    if (before < 0 || after < 0)
      fail("padded", "widths >= 0", std::to_string(before) + " and " + std::to_string(after));
    like.shape[d] += before + after;
  }
  py::object result = empty_like(like);
  const View to = view_of_result(result);
  for (int d = 0; d < from.ndim; ++d) start += widths[d].first * to.strides[d];
  View inner = to;
  inner.data = static_cast<char*>(to.data) + start * item_size(to.dtype);
  for (int d = 0; d < from.ndim; ++d) inner.shape[d] = from.shape[d];
  call_kernel(numel(to), [=] {
    fill_view(to, value);
    copy_view(from, inner);
  });
  return result;
}

py::object joined(const std::vector<py::object>& arrays, int axis) {
  if (arrays.empty()) fail("joined", "at least one array", "none");
  std::vector<View> parts;
  for (const py::object& array : arrays) parts.push_back(view_of(array, "joined", "every array"));
  View like = parts[0];
  if (axis < 0 || axis >= like.ndim) fail("joined", "an axis of " + shape_string(like), std::to_string(axis));
  like.shape[axis] = 0;
  for (const View& part : parts) {
    View expected = like;
    expected.shape[axis] = part.ndim == like.ndim ? part.shape[axis] : 0;
    if (!same_shape(expected, part)) fail("joined", shape_string(expected), shape_string(part));
    check_same_dtype(part, like, "joined", "every array", "the first");
    like.shape[axis] += part.shape[axis];
  }
  py::object result = empty_like(like);
  const View whole = view_of_result(result);
  call_kernel(numel(whole), [=] {
    View to = whole;
    for (const View& part : parts) {
      to.shape[axis] = part.shape[axis];
      copy_view(part, to);
      to.data = static_cast<char*>(to.data) + part.shape[axis] * to.strides[axis] * item_size(to.dtype);
    }
  });
  return result;
}

}  // namespace

py::object copied(py::handle array, bool contiguous) {
  const View from = view_of(array, "copied", "array");
  py::object result = contiguous ? empty(from.dtype, from.shape, from.ndim) : empty_like(from);
  const View to = view_of_result(result);
  call_kernel(numel(to), [=] { copy_view(from, to); });
  return result;
}

py::object contiguous(py::handle array) {
  const bool lies = py::reinterpret_borrow<py::array>(array).flags() & py::array::c_style;
  return lies ? py::reinterpret_borrow<py::object>(array) : copied(array, true);
}

void bind_copy(py::module_& m) {
  m.def("copy", &copy, py::arg("source"), py::arg("target"));
  m.def("fill", &fill, py::arg("array"), py::arg("value"));
  m.def("copied", &copied, py::arg("array"), py::arg("contiguous"));
  m.def("joined", &joined, py::arg("arrays"), py::arg("axis"));
  m.def("padded", &padded, py::arg("array"), py::arg("widths"), py::arg("value"));
}

}  // namespace pydl
