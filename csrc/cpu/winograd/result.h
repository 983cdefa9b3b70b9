// Where the results of Winograd's convolutions go: an image of any strides, and the bias of its channels.
#pragma once
#include "cpu/winograd/image.h"
#include "cpu/winograd/products.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Results {
  float* data;
  int64_t channels, size[2];
  int64_t image_step, channel_step, step[2];
  int64_t reach[2];   // from one result of a tile to the next
  const float* bias;  // may be null
  int64_t bias_step;

  Results() = default;
  Results(const View& v, const View* b, const int64_t (&dilation)[2])
      : data(data_as<float>(v)),
        channels(v.shape[1]),
        size{v.shape[2], v.shape[3]},
        image_step(v.strides[0]),
        channel_step(v.strides[1]),
        step{v.strides[2], v.strides[3]},
        reach{dilation[0], dilation[1]},
        bias(b ? data_as<float>(*b) : nullptr),
        bias_step(b ? b->strides[0] : 0) {}

  // The results from (i, j) on that are `stride` apart.
  Results phase(int64_t i, int64_t j, int64_t stride) const {
    Results r = *this;
    r.data += i * step[0] + j * step[1];
    r.size[0] = ceil_div(size[0] - i, stride);
    r.size[1] = ceil_div(size[1] - j, stride);
    r.step[0] *= stride;
    r.step[1] *= stride;
    return r;
  }

  // Brings the lines of a tile's results, a panel of channels from o on, to the cache.
  template <class Kernel>
  void fetch(const Corner& c, int64_t o) const {
    const float* const out = at(c, o);
    for (int64_t i = 0; i < Kernel::results * reach[0] && c.i + i < size[0]; i += reach[0])
      for (int64_t j = 0; j < Kernel::results * reach[1] && c.j + j < size[1]; j += reach[1])
        __builtin_prefetch(out + i * step[0] + j * step[1], 1);
  }

  // A register of the bias from channel o on.
  Vec<float> offset(int64_t o) const {
    if (!bias || o >= channels) return Vec<float>(0.0f);
    return Vec<float>::gather(bias + o * bias_step, bias_step, lanes(o));
  }

  // The results of a tile in a register of channels from o on, whose sums at the points lie `apart`.
  template <class Kernel>
  void write(const Corner& c, int64_t o, Vec<float> offset, const float* sums, int64_t apart) const {
    using Line = typename Kernel::PointsToResults;
    using V = Vec<float>;
    float* const out = at(c, o);
    const auto load = [&](int i, int j) { return V::load(sums + (i * Kernel::side + j) * apart); };
    const int64_t height = size[0] - c.i, width = size[1] - c.j;
    const int64_t down = reach[0] * step[0], across = reach[1] * step[1];
    constexpr int last = Kernel::results - 1;
    const int n = lanes(o);
    if (last * reach[0] < height && last * reach[1] < width && n == V::size && channel_step == 1)
      return transform<Line>(
          load, [&](int i, int j, V value) { (value + offset).store(out + i * down + j * across); });
    transform<Line>(load, [&](int i, int j, V value) {
      if (i * reach[0] < height && j * reach[1] < width)
        (value + offset).scatter(out + i * down + j * across, channel_step, n);
    });
  }

 private:
  int lanes(int64_t o) const { return int(min64(Vec<float>::size, channels - o)); }
  float* at(const Corner& c, int64_t o) const {
    return data + c.n * image_step + o * channel_step + c.i * step[0] + c.j * step[1];
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
