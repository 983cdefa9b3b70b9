#include "kernels/pool.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "bindings/window.h"
#include "core/isa.h"

namespace pydl {
namespace {

View images(py::handle array, const char* name, const char* argument) {
  return batch_view(view_of(array, name, argument), name, argument);
}

Window2d checked_window(const char* name, py::handle kernel, py::handle stride, py::handle padding,
                        py::handle dilation) {
  const Window2d w = pool_window(name, kernel, stride, padding, dilation);
  for (int a = 0; a < 2; ++a)
    if (w.padding[a] > window_extent(w, a) / 2)
      fail(name, "padding of at most half the kernel (" + std::to_string(window_extent(w, a)) + ")",
           std::to_string(w.padding[a]));
  if (w.kernel[0] * w.kernel[1] > kMaxWindow)
    fail(name, "a kernel_size of at most 2^31-1 elements", size_string(w.kernel[0], w.kernel[1]));
  return w;
}

// The shape (N, C, h, w), without N where `source` came without it, laid out like `like`.
py::object result(DType dtype, const View& like, py::handle source, int64_t h, int64_t w) {
  View shape = like;
  shape.dtype = dtype;
  shape.shape[2] = h;
  shape.shape[3] = w;
  if (view_of(source, "pool", "array").ndim == 4) return empty_like(shape);
  std::copy(shape.shape + 1, shape.shape + 4, shape.shape);
  std::copy(shape.strides + 1, shape.strides + 4, shape.strides);
  shape.ndim = 3;
  return empty_like(shape);
}

DType index_dtype(const Window2d& w) {
  return w.kernel[0] * w.kernel[1] <= kCompactTaps ? DType::u8 : DType::i64;
}

int64_t work(const View& wide, const Window2d& w) {
  return numel(wide) * std::min<int64_t>(w.kernel[0] * w.kernel[1], 16);
}

// The spatial size of the windows' side, from the geometry and the input's size.
struct Sizes {
  int64_t in[2], out[2];

  Sizes(const char* name, const Window2d& w, int64_t h, int64_t v, bool ceil_mode) : in{h, v}, out{} {
    window_out_size(name, w, in, out, ceil_mode);
  }
  void check(const View& v, const char* name, const char* argument) const {
    if (v.shape[2] != out[0] || v.shape[3] != out[1])
      fail(name, std::string(argument) + " of " + size_string(out[0], out[1]) + " windows", shape_string(v));
  }
};

py::tuple max_pool2d(py::handle input, py::handle kernel, py::handle stride, py::handle padding,
                     py::handle dilation, bool ceil_mode) {
  const char* name = "max_pool2d";
  const View x = float_images(input, name, "input");
  const Window2d w = checked_window(name, kernel, stride, padding, dilation);
  const Sizes sizes(name, w, x.shape[2], x.shape[3], ceil_mode);
  const py::object y = result(x.dtype, x, input, sizes.out[0], sizes.out[1]);
  const py::object index = result(index_dtype(w), x, input, sizes.out[0], sizes.out[1]);
  const View vy = images(y, name, "result"), vi = images(index, name, "result");
  call_kernel(work(x, w), [=] { kernels().pool.max_forward(x, w, vy, vi); });
  return py::make_tuple(y, index);
}

View checked_index(py::handle index, const View& like, const Window2d& w, const char* name) {
  const View v = images(index, name, "index");
  if (v.dtype != index_dtype(w))
    fail<TypeError>(name, "index of dtype " + to_string(index_dtype(w)), to_string(v.dtype));
  if (!same_shape(v, like)) fail(name, "index of shape " + shape_string(like), shape_string(v));
  return v;
}

py::object max_scatter(py::handle grad, py::handle index, int64_t height, int64_t width, py::handle kernel,
                       py::handle stride, py::handle padding, py::handle dilation, bool ceil_mode) {
  const char* name = "max_pool2d_scatter";
  const View g = float_images(grad, name, "grad");
  const Window2d w = checked_window(name, kernel, stride, padding, dilation);
  Sizes(name, w, height, width, ceil_mode).check(g, name, "grad");
  const View vi = checked_index(index, g, w, name);
  const py::object dx = result(g.dtype, vi, grad, height, width);
  const View vdx = images(dx, name, "result");
  call_kernel(work(vdx, w), [=] { kernels().pool.max_scatter(g, vi, w, vdx); });
  offer_join(vdx, [=](const Rectifier& next) {
    kernels().pool.max_scatter(g, vi, w, next.to);
    rectify(next);
  });
  return dx;
}

py::object max_gather(py::handle input, py::handle index, py::handle kernel, py::handle stride,
                      py::handle padding, py::handle dilation, bool ceil_mode) {
  const char* name = "max_pool2d_gather";
  const View x = float_images(input, name, "input");
  const Window2d w = checked_window(name, kernel, stride, padding, dilation);
  const Sizes sizes(name, w, x.shape[2], x.shape[3], ceil_mode);
  const py::object y = result(x.dtype, x, input, sizes.out[0], sizes.out[1]);
  const View vy = images(y, name, "result");
  const View vi = checked_index(index, vy, w, name);
  call_kernel(work(x, w), [=] { kernels().pool.max_gather(x, vi, w, vy); });
  return y;
}

PoolDivisor checked_divisor(const char* name, bool count_padding, py::handle override) {
  if (override.is_none()) return {0, count_padding};
  return {double(parse_integer(override, name, "divisor_override", 1)), count_padding};
}

py::object avg_pool2d(py::handle input, py::handle kernel, py::handle stride, py::handle padding,
                      bool ceil_mode, bool count_padding, py::handle divisor_override) {
  const char* name = "avg_pool2d";
  const View x = float_images(input, name, "input");
  const Window2d w = checked_window(name, kernel, stride, padding, py::int_(1));
  const Sizes sizes(name, w, x.shape[2], x.shape[3], ceil_mode);
  const PoolDivisor divisor = checked_divisor(name, count_padding, divisor_override);
  const py::object y = result(x.dtype, x, input, sizes.out[0], sizes.out[1]);
  const View vy = images(y, name, "result");
  call_kernel(work(x, w), [=] { kernels().pool.mean_forward(x, w, divisor, vy); });
  return y;
}

py::object avg_scatter(py::handle grad, int64_t height, int64_t width, py::handle kernel, py::handle stride,
                       py::handle padding, bool ceil_mode, bool count_padding, py::handle divisor_override) {
  const char* name = "avg_pool2d_scatter";
  const View g = float_images(grad, name, "grad");
  const Window2d w = checked_window(name, kernel, stride, padding, py::int_(1));
  Sizes(name, w, height, width, ceil_mode).check(g, name, "grad");
  const PoolDivisor divisor = checked_divisor(name, count_padding, divisor_override);
  const py::object dx = result(g.dtype, g, grad, height, width);
  const View vdx = images(dx, name, "result");
  call_kernel(work(vdx, w), [=] { kernels().pool.mean_scatter(g, w, divisor, vdx); });
  return dx;
}

}  // namespace

void bind_pool(py::module_& m) {
  const py::arg input("input"), grad("grad"), index("index"), height("height"), width("width"),
      kernel("kernel_size"), stride("stride"), padding("padding"), dilation("dilation"),
      ceil_mode("ceil_mode"), count("count_include_pad"), divisor("divisor_override");
  m.def("max_pool2d", &max_pool2d, input, kernel, stride, padding, dilation, ceil_mode);
  m.def("max_pool2d_scatter", &max_scatter, grad, index, height, width, kernel, stride, padding, dilation,
        ceil_mode);
  m.def("max_pool2d_gather", &max_gather, input, index, kernel, stride, padding, dilation, ceil_mode);
  m.def("avg_pool2d", &avg_pool2d, input, kernel, stride, padding, ceil_mode, count, divisor);
  m.def("avg_pool2d_scatter", &avg_scatter, grad, height, width, kernel, stride, padding, ceil_mode, count,
        divisor);
}

}  // namespace pydl
