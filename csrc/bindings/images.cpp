#include "bindings/images.h"

#include <algorithm>

#include "bindings/copy.h"

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

View batch_view(const View& v, const char* function, const char* argument) {
  if (v.ndim != 3 && v.ndim != 4)
    fail(function, std::string(argument) + " of shape (N, C, H, W) or (C, H, W)", shape_string(v));
  if (v.ndim == 4) return v;
  View out{v.data, v.dtype, 4, {1}, {v.shape[0] * v.strides[0]}};
  std::copy_n(v.shape, 3, out.shape + 1);
  std::copy_n(v.strides, 3, out.strides + 1);
  return out;
}

View float_images(py::handle array, const char* function, const char* argument) {
  const View v = float_view(array, function, argument), images = batch_view(v, function, argument);
  for (int d = 1; d < 4; ++d)
    if (images.shape[d] < 1)
      fail(function, std::string(argument) + " with at least one channel, row and column", shape_string(v));
  return images;
}

}  // namespace pydl
