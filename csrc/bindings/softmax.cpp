#include "kernels/softmax.h"

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

// An array without dimensions counts as one of a single element.
View at_least_1d(View v) {
  if (v.ndim == 0) {
    v.ndim = 1;
    v.shape[0] = v.strides[0] = 1;
  }
  return v;
}

// dim counted from the front.
int checked_dim(const char* name, const View& v, int64_t dim) {
  if (dim < -v.ndim || dim >= v.ndim)
    fail<IndexError>(name, "dim in " + std::to_string(-v.ndim) + " … " + std::to_string(v.ndim - 1),
                     std::to_string(dim));
  return static_cast<int>(dim < 0 ? dim + v.ndim : dim);
}

using Forward = void (*)(const View&, int, const View&);
using Backward = void (*)(const View&, const View&, int, const View&);

py::array forward(const char* name, Forward kernel, py::handle x, int64_t dim) {
  const View given = float_view(x, name, "input"), vx = at_least_1d(given);
  const int d = checked_dim(name, vx, dim);
  py::array y = empty_like(given);
  const View vy = at_least_1d(view_of_result(y));
  call_kernel(numel(vx) * 16, [=] { kernel(vx, d, vy); });
  return y;
}

py::array logsumexp(py::handle x, int64_t dim, bool keepdim) {
  const View given = float_view(x, "logsumexp", "input"), vx = at_least_1d(given);
  const int d = checked_dim("logsumexp", vx, dim);
  std::vector<int64_t> shape(vx.shape, vx.shape + vx.ndim);
  shape[d] = 1;
  py::array y = empty(vx.dtype, shape);
  const View vy = view_of_result(y);
  call_kernel(numel(vx) * 16, [=] { kernels().softmax.logsumexp(vx, d, vy); });
  if (keepdim && given.ndim > 0) return y;
  shape.erase(shape.begin() + d);
  return y.reshape(shape);
}

py::array backward(const char* name, Backward kernel, py::handle y, py::handle g, int64_t dim) {
  const View given = float_view(y, name, "output"), grad = float_view(g, name, "grad");
  check_same_dtype(given, grad, name, "output", "grad");
  if (!same_shape(given, grad)) fail(name, "grad of shape " + shape_string(given), shape_string(grad));
  const View vy = at_least_1d(given), vg = at_least_1d(grad);
  const int d = checked_dim(name, vy, dim);
  py::array dx = empty_like(given);
  const View vdx = at_least_1d(view_of_result(dx));
  call_kernel(numel(vy) * 4, [=] { kernel(vy, vg, d, vdx); });
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
