#include "kernels/softmax.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

// dim counted from the front; an array without dimensions counts as one of a single element.
int checked_dim(const char* name, View& v, int64_t dim) {
  if (v.ndim == 0) {
    v.ndim = 1;
    v.shape[0] = v.strides[0] = 1;
  }
  if (dim < -v.ndim || dim >= v.ndim)
    fail<IndexError>(name, "dim in " + std::to_string(-v.ndim) + " … " + std::to_string(v.ndim - 1),
                     std::to_string(dim));
  return static_cast<int>(dim < 0 ? dim + v.ndim : dim);
}

using Forward = void (*)(const View&, int, const View&);
using Backward = void (*)(const View&, const View&, int, const View&);

py::array forward(const char* name, Forward kernel, py::handle x, int64_t dim) {
  View vx = float_view(x, name, "input");
  py::array y = empty_like(vx);
  View vy = view_of_result(y);
  dim = checked_dim(name, vx, dim);
  checked_dim(name, vy, dim);
  call_kernel(numel(vx) * 16, [&] { kernel(vx, static_cast<int>(dim), vy); });
  return y;
}

py::array logsumexp(py::handle x, int64_t dim, bool keepdim) {
  View vx = float_view(x, "logsumexp", "input");
  const bool scalar = vx.ndim == 0;
  dim = checked_dim("logsumexp", vx, dim);
  std::vector<int64_t> shape(vx.shape, vx.shape + vx.ndim);
  shape[dim] = 1;
  py::array y = empty(vx.dtype, shape);
  const View vy = view_of_result(y);
  call_kernel(numel(vx) * 16, [&] { kernels().softmax.logsumexp(vx, static_cast<int>(dim), vy); });
  if (keepdim && !scalar) return y;
  shape.erase(shape.begin() + dim);
  return y.reshape(shape);
}

py::array backward(const char* name, Backward kernel, py::handle y, py::handle g, int64_t dim) {
  View vy = float_view(y, name, "output"), vg = float_view(g, name, "grad");
  check_same_dtype(vy, vg, name, "output", "grad");
  if (vy.ndim != vg.ndim || !std::equal(vy.shape, vy.shape + vy.ndim, vg.shape))
    fail(name, "grad of shape " + shape_string(vy), shape_string(vg));
  py::array dx = empty_like(vy);
  View vdx = view_of_result(dx);
  dim = checked_dim(name, vy, dim);
  checked_dim(name, vg, dim);
  checked_dim(name, vdx, dim);
  call_kernel(numel(vy) * 4, [&] { kernel(vy, vg, static_cast<int>(dim), vdx); });
  return dx;
}

}  // namespace

void bind_softmax(py::module_& m) {
  const py::arg input("input"), output("output"), grad("grad"), dim("dim");
  m.def(
      "softmax", [](py::handle x, int64_t d) { return forward("softmax", kernels().softmax.softmax, x, d); },
      input, dim);
  m.def(
      "log_softmax",
      [](py::handle x, int64_t d) { return forward("log_softmax", kernels().softmax.log_softmax, x, d); },
      input, dim);
  m.def("logsumexp", &logsumexp, input, dim, py::arg("keepdim") = false);
  m.def(
      "softmax_grad",
      [](py::handle y, py::handle g, int64_t d) {
        return backward("softmax_grad", kernels().softmax.softmax_grad, y, g, d);
      },
      output, grad, dim);
  m.def(
      "log_softmax_grad",
      [](py::handle y, py::handle g, int64_t d) {
        return backward("log_softmax_grad", kernels().softmax.log_softmax_grad, y, g, d);
      },
      output, grad, dim);
}

}  // namespace pydl
