#include "bindings/images.h"

namespace pydl {
namespace {

// False where the strides of v do not allow it.
bool merge_images(const View& v, View& out) {
  out = View{v.data, v.dtype, 3, {v.shape[0], v.shape[1], 1}, {v.strides[0], v.strides[1], 1}};
  for (int d = v.ndim - 1; d >= 2; --d) {
    if (v.shape[d] == 1) continue;
    if (out.shape[2] == 1) {
      out.strides[2] = v.strides[d];
    } else if (v.strides[d] != out.strides[2] * out.shape[2]) {
      return false;
    }
    out.shape[2] *= v.shape[d];
  }
  return true;
}

}  // namespace

Images::Images(py::handle object, const char* name, const char* argument)
    : full(float_view(object, name, argument)) {
  if (full.ndim < 2) fail(name, std::string(argument) + " of shape (N, C, …)", shape_string(full));
  array = py::reinterpret_borrow<py::object>(object);
  if (merge_images(full, merged)) return;
  array = contiguous(object);
  full = view_of_result(array);
  merge_images(full, merged);
}

py::object contiguous(py::handle array) { return py::array::ensure(array, py::array::c_style); }

}  // namespace pydl
