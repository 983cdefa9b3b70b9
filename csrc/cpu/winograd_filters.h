// Filters of 3×3 taps and their values at the points, as the right operand of the products: for a panel of
// kLanes filters and a chain of channels, point by point, element (channel, filter).
#pragma once
#include "cpu/pack.h"
#include "cpu/winograd_tile.h"
#include "cpu/winograd_transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Filters {
  const float* data;
  int64_t filters, channels;
  int64_t filter_step, channel_step, tap_step[2];
  bool rotated;  // by half a turn

  // From one point to the next, in what transform writes for `channels` channels.
  static int64_t point_step(int64_t channels) { return odd_lines(channels * kLanes); }

  // Filters from o, channels [c, c + n).
  void transform(int64_t o, int64_t c, int64_t n, float* out) const {
    constexpr int W = Vec<float>::size;
    const int64_t step = point_step(n);
    const float* const first = data + o * filter_step + c * channel_step;
    for (int64_t k = 0; k < n; ++k)
      for (int v = 0; v < kLanes && o + v < filters; v += W)
        transform_taps(first + v * filter_step + k * channel_step, int(min64(W, filters - o - v)), step,
                       out + k * kLanes + v);
  }

 private:
  void transform_taps(const float* p, int lanes, int64_t step, float* out) const {
    Vec<float> taps[kTaps * kTaps];
    load(p, lanes, taps);
    const int last = kTaps * kTaps - 1;
    PYDL_ISA::transform<TapsToPoints>(
        [&](int i, int j) { return taps[rotated ? last - i * kTaps - j : i * kTaps + j]; },
        [&](int i, int j, Vec<float> value) {
          float* const to = out + (i * kSide + j) * step;
          __builtin_prefetch(to + 4 * kLanes, 1);
          value.store(to);
        });
  }

  void load(const float* p, int lanes, Vec<float> (&taps)[kTaps * kTaps]) const {
    constexpr int W = Vec<float>::size;
    int t = 0;
    if (lanes == W && tap_step[1] == 1 && tap_step[0] == kTaps) {
      for (; t + W <= kTaps * kTaps; t += W) {
        Vec<float> block[W];
#pragma GCC unroll 16
        for (int i = 0; i < W; ++i) {
          const float* const row = p + i * filter_step + t;
          __builtin_prefetch(row + 8 * channel_step);
          block[i] = Vec<float>::load(row);
        }
        transpose(block);
#pragma GCC unroll 16
        for (int i = 0; i < W; ++i) taps[t + i] = block[i];
      }
    }
    for (; t < kTaps * kTaps; ++t)
      taps[t] = Vec<float>::gather(p + t / kTaps * tap_step[0] + t % kTaps * tap_step[1], filter_step, lanes);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
