#include "kernels/conv.h"

#include "core/algorithm.h"
#include "core/dispatch.h"
#include "cpu/conv_transposed.h"
#include "cpu/conv_weight_grad.h"
#include "cpu/correlation.h"
#include "cpu/winograd.h"

namespace pydl {
namespace PYDL_ISA {

ConvKernels conv_kernels();

namespace {

constexpr int64_t kFewChannels = 16;  // below, the transforms of Winograd's algorithm cost what it saves
constexpr double kWorthwhile = 0.65;  // the most of the direct products that it may take

template <class T>
void forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
             int64_t groups) {
  Correlation<T> c{};
  c.windows = conv_windows<T>(x, window, y.shape + 2, groups);
  c.groups = groups;
  c.images = x.shape[0];
  c.filters = w.shape[0] / groups;
  c.weights = data_as<T>(w);
  c.filter_step = w.strides[0];
  c.channel_step = w.strides[1];
  c.weight_group_step = c.filters * w.strides[0];
  c.result = data_as<T>(y);
  c.result_image_step = y.strides[0];
  c.result_channel_step = y.strides[1];
  for (int a = 0; a < 2; ++a) {
    c.tap_step[a] = w.strides[2 + a];
    c.result_step[a] = y.strides[2 + a];
  }
  set_bias(c, bias);
  c.run();
}

// Whether `results`, made by a convolution of `channels` with `filters`, take Winograd's algorithm: by what
// one sample is, so that its results do not depend on the others.
bool takes_winograd(const View& results, int64_t channels, int64_t filters, const Window2d& window,
                    int64_t groups) {
  if (results.dtype != DType::f32 || groups != 1 || min64(channels, filters) < kFewChannels) return false;
  for (int a = 0; a < 2; ++a)
    if (window.kernel[a] != 3 || window.stride[a] != 1 || window.dilation[a] != 1) return false;
  if (conv_algorithm() == ConvAlgorithm::direct) return false;
  const double tiles = double(ceil_div(results.shape[2], 4)) * double(ceil_div(results.shape[3], 4));
  return 36 * tiles < kWorthwhile * 9 * double(results.shape[2]) * double(results.shape[3]);
}

void run_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
                 int64_t groups) {
  if (numel(y) == 0) return;
  if (takes_winograd(y, w.shape[1], w.shape[0], window, groups))
    return winograd_forward(x, w, bias, y, window);
  dispatch_float(y.dtype, [&](auto zero) { forward<decltype(zero)>(x, w, bias, y, window, groups); });
}

void run_transposed(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                    int64_t groups) {
  if (numel(x) == 0) return;
  if (takes_winograd(x, w.shape[0], w.shape[1], window, groups))
    return winograd_transposed(y, w, bias, x, window);
  dispatch_float(x.dtype, [&](auto zero) { transposed<decltype(zero)>(y, w, bias, x, window, groups); });
}

void run_weight_grad(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups) {
  if (numel(w) == 0) return;
  if (numel(y) > 0 && takes_winograd(y, w.shape[1], w.shape[0], window, groups))
    return winograd_weight_grad(x, y, w, window);
  dispatch_float(w.dtype, [&](auto zero) { weight_grad<decltype(zero)>(x, y, w, window, groups); });
}

}  // namespace

ConvKernels conv_kernels() { return {run_forward, run_transposed, run_weight_grad}; }

}  // namespace PYDL_ISA
}  // namespace pydl
