#include "kernels/conv.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "bindings/images.h"
#include "bindings/window.h"
#include "core/algorithm.h"
#include "core/isa.h"

namespace pydl {
namespace {

// Images as (N, C, H, W); single where the caller gave no N.
struct Batch {
  View view;
  bool single;

  Batch(py::handle array, const char* function, const char* argument)
      : view(float_images(array, function, argument)),
        single(float_view(array, function, argument).ndim == 3) {}
};

View parse_weight(py::handle array, const char* function, const char* shape) {
  const View w = float_view(array, function, "weight");
  if (w.ndim != 4) fail(function, std::string("weight of shape ") + shape, shape_string(w));
  if (numel(w) == 0) fail(function, "weight of no dimension 0", shape_string(w));
  return w;
}

void check_groups(const char* function, int64_t groups, int64_t channels, const char* of) {
  if (channels % groups != 0)
    fail(function, "groups that divide the " + std::to_string(channels) + " channels of " + of,
         std::to_string(groups));
}

// The channels that a weight takes, which the input must have.
void check_channels(const char* function, const View& image, const View& weight, int64_t channels,
                    int64_t groups) {
  if (image.shape[1] != channels)
    fail(function,
         "input with " + std::to_string(channels) + " channels (weight " + shape_string(weight) +
             ", groups " + std::to_string(groups) + ")",
         std::to_string(image.shape[1]));
}

// Channels are the fastest dimension.
bool is_channels_last(const View& v) {
  if (is_contiguous(v) || v.shape[1] == 1) return false;
  for (int d = 2; d < 4; ++d)
    if (v.shape[d] > 1 && std::abs(v.strides[d]) <= std::abs(v.strides[1])) return false;
  return v.strides[1] != 0;
}

constexpr int64_t kManyChannels = 16;  // from here on, registers of channels are what kernels like best

// An uninitialised (N, C, H, W) or (C, H, W): channels-last where it has many channels or an image with these
// strides would be, those of `input` unless given.
py::array empty_images(const Batch& input, int64_t channels, const int64_t (&size)[2], const char* function,
                       const std::optional<std::vector<int64_t>>& strides = std::nullopt) {
  View like{nullptr, input.view.dtype, 4, {input.view.shape[0], channels, size[0], size[1]}, {}};
  int64_t bytes = sizeof(double);
  for (int d = 0; d < 4; ++d) bytes = checked_mul(function, bytes, like.shape[d]);
  View model = input.view;
  if (strides) {
    const int dims = input.single ? 3 : 4;
    if (int(strides->size()) != dims)
      fail(function, std::to_string(dims) + " strides", std::to_string(strides->size()));
    std::copy_n(like.shape, 4, model.shape);
    std::copy_n(strides->begin(), dims, model.strides + 4 - dims);
  }
  const bool last = channels >= kManyChannels || is_channels_last(model);
  const int order[] = {0, last ? 2 : 1, last ? 3 : 2, last ? 1 : 3};  // outermost first
  int64_t step = 1;
  for (int k = 3; k >= 0; --k) {
    like.strides[order[k]] = step;
    step *= like.shape[order[k]];
  }
  py::object result = empty_like(like);
  if (input.single) result = result[py::int_(0)];
  return result;
}

// Multiply-adds, for the decision to release the GIL.
int64_t work_of(const View& maps, const View& weight) {
  const double work = double(numel(maps)) * double(numel(weight)) / double(maps.shape[1]);
  return work < 4e18 ? static_cast<int64_t>(work) : INT64_C(1) << 62;
}

// The caller's wish for fewer windows than there are.
void crop(py::handle out_size, const char* function, int64_t (&out)[2]) {
  if (out_size.is_none()) return;
  int64_t wanted[2];
  parse_pair(out_size, function, "out_size", 1, wanted);
  if (wanted[0] > out[0] || wanted[1] > out[1])
    fail(function, "out_size of at most " + size_string(out[0], out[1]), size_string(wanted[0], wanted[1]));
  out[0] = wanted[0];
  out[1] = wanted[1];
}

py::array conv2d(py::handle input, py::handle weight, py::handle bias, py::handle stride, py::handle padding,
                 py::handle dilation, py::handle groups, py::handle out_size) {
  const char* const name = "conv2d";
  const Batch x(input, name, "input");
  const View w = parse_weight(weight, name, "(out, in/groups, kH, kW)");
  check_same_dtype(x.view, w, name, "input", "weight");
  const Window2d window = conv_window(name, {w.shape[2], w.shape[3]}, stride, padding, dilation);
  const int64_t g = parse_integer(groups, name, "groups", 1);
  check_channels(name, x.view, w, checked_mul(name, w.shape[1], g), g);
  check_groups(name, g, w.shape[0], "the output");
  const OptionalView b = bias_view(bias, x.view, w.shape[0], name);
  int64_t out[2];
  window_out_size(name, window, {x.view.shape[2], x.view.shape[3]}, out);
  crop(out_size, name, out);
  py::array y = empty_images(x, w.shape[0], out, name);
  const View vy = batch_view(view_of_result(y), name, "result");
  const auto run = [=, image = x.view](const View& to, bool relu) {
    return kernels().conv.forward(image, w, b.get(), to, window, g, relu);
  };
  call_kernel(work_of(vy, w), [=] { run(vy, false); });
  offer_join(vy, [=](const Rectifier& next) {
    const bool rectified = run(next.to, !next.gated);
    if (next.gated || !rectified) rectify(next);
  });
  return y;
}

void check_output_padding(const char* function, const Window2d& w, const int64_t (&added)[2]) {
  for (int a = 0; a < 2; ++a)
    if (added[a] >= std::max(w.stride[a], w.dilation[a]))
      fail(function,
           "output_padding smaller than stride or dilation, which are " +
               size_string(w.stride[0], w.stride[1]) + " and " + size_string(w.dilation[0], w.dilation[1]),
           size_string(added[0], added[1]));
}

py::array conv_transpose2d(py::handle input, py::handle weight, py::handle bias, py::handle stride,
                           py::handle padding, py::handle output_padding, py::handle groups,
                           py::handle dilation, const std::optional<std::vector<int64_t>>& strides) {
  const char* const name = "conv_transpose2d";
  const Batch y(input, name, "input");
  const View w = parse_weight(weight, name, "(in, out/groups, kH, kW)");
  check_same_dtype(y.view, w, name, "input", "weight");
  if (py::isinstance<py::str>(padding))
    fail<TypeError>(name, "padding to be one or two integers >= 0", py::repr(padding));
  const Window2d window = conv_window(name, {w.shape[2], w.shape[3]}, stride, padding, dilation);
  int64_t added[2], size[2];
  parse_pair(output_padding, name, "output_padding", 0, added);
  check_output_padding(name, window, added);
  const int64_t g = parse_integer(groups, name, "groups", 1);
  check_channels(name, y.view, w, w.shape[0], g);
  check_groups(name, g, w.shape[0], "the input");
  const int64_t channels = checked_mul(name, w.shape[1], g);
  const OptionalView b = bias_view(bias, y.view, channels, name);
  window_transposed_size(name, window, {y.view.shape[2], y.view.shape[3]}, added, size);
  py::array x = empty_images(y, channels, size, name, strides);
  const View vx = batch_view(view_of_result(x), name, "result");
  const auto run = [=, maps = y.view](const View& to) {
    kernels().conv.transposed(maps, w, b.get(), to, window, g);
  };
  call_kernel(work_of(y.view, w), [=] { run(vx); });
  offer_join(vx, [=](const Rectifier& next) {
    run(next.to);
    rectify(next);
  });
  return x;
}

py::array conv2d_weight_grad(py::handle input, py::handle grad, py::handle kernel_size, py::handle stride,
                             py::handle padding, py::handle dilation, py::handle groups) {
  const char* const name = "conv2d_weight_grad";
  const Batch x(input, name, "input"), y(grad, name, "grad");
  check_same_dtype(x.view, y.view, name, "input", "grad");
  int64_t kernel[2], out[2];
  parse_pair(kernel_size, name, "kernel_size", 1, kernel);
  const Window2d window = conv_window(name, kernel, stride, padding, dilation);
  const int64_t g = parse_integer(groups, name, "groups", 1);
  check_groups(name, g, x.view.shape[1], "the input");
  check_groups(name, g, y.view.shape[1], "grad");
  window_out_size(name, window, {x.view.shape[2], x.view.shape[3]}, out);
  if (x.single != y.single || x.view.shape[0] != y.view.shape[0] || y.view.shape[2] > out[0] ||
      y.view.shape[3] > out[1])
    fail(name,
         "grad of a convolution of input " + shape_string(float_view(input, name, "input")) + ", at most " +
             size_string(out[0], out[1]),
         shape_string(float_view(grad, name, "grad")));
  py::array w = empty(x.view.dtype, {y.view.shape[1], x.view.shape[1] / g, kernel[0], kernel[1]});
  const View vw = view_of_result(w);
  call_kernel(work_of(y.view, vw),
              [=, image = x.view, maps = y.view] { kernels().conv.weight_grad(image, maps, vw, window, g); });
  return w;
}

void set_algorithm(const std::string& name) {
  if (name != "auto" && name != "direct") fail("set_conv_algorithm", "\"auto\" or \"direct\"", name);
  set_conv_algorithm(name == "direct" ? ConvAlgorithm::direct : ConvAlgorithm::automatic);
}

const char* algorithm() { return conv_algorithm() == ConvAlgorithm::direct ? "direct" : "auto"; }

}  // namespace

void bind_conv(py::module_& m) {
  m.def("conv_algorithm", &algorithm);
  m.def("set_conv_algorithm", &set_algorithm, py::arg("name"));
  m.def("conv2d", &conv2d, py::arg("input"), py::arg("weight"), py::arg("bias") = py::none(),
        py::arg("stride") = 1, py::arg("padding") = 0, py::arg("dilation") = 1, py::arg("groups") = 1,
        py::arg("out_size") = py::none());
  m.def("conv_transpose2d", &conv_transpose2d, py::arg("input"), py::arg("weight"),
        py::arg("bias") = py::none(), py::arg("stride") = 1, py::arg("padding") = 0,
        py::arg("output_padding") = 0, py::arg("groups") = 1, py::arg("dilation") = 1,
        py::arg("strides") = py::none());
  m.def("conv2d_weight_grad", &conv2d_weight_grad, py::arg("input"), py::arg("grad"), py::arg("kernel_size"),
        py::arg("stride") = 1, py::arg("padding") = 0, py::arg("dilation") = 1, py::arg("groups") = 1);
}

}  // namespace pydl
