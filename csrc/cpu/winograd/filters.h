// Filters and their values at the points, as the right operand of the products: for a panel of kLanes filters
// and a chain of channels, point by point, element (channel, filter). Phases that are added follow one
// another at every point, those that are apart have all their points together.
#pragma once
#include "cpu/product/pack.h"
#include "cpu/winograd/products.h"
#include "cpu/winograd/transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// What becomes of the phases of a stride: they are added by one product, or each has a product of its own.
enum class Phases { added, apart };

// Between the phases of n channels that are added: whole registers.
static inline int64_t phase_step(int64_t n) { return round_up(n, Vec<float>::size); }

template <class Kernel, Phases Are>
struct Filters {
  const float* data;
  int64_t filters, channels;
  int64_t filter_step, channel_step, tap_step[2];
  bool rotated;  // the taps of a phase by half a turn

  // Products in a chain of n channels, of all phases or of so many.
  static int64_t depth(int64_t n, int phases = kAdded) { return (phases - 1) * phase_step(n) + n; }
  // From one point to the next in what transform writes for n channels, and all points.
  static int64_t point_step(int64_t n) { return odd_lines(depth(n) * kLanes); }
  static int64_t size(int64_t n) { return kPoints<Kernel> * point_step(n); }

  // Filters from o, channels [c, c + n), in all phases.
  void transform(int64_t o, int64_t c, int64_t n, float* out) const {
    constexpr int W = Vec<float>::size;
    const float* const first = data + o * filter_step + c * channel_step;
    for (int64_t k = 0; k < n; ++k)
      for (int v = 0; v < kLanes && o + v < filters; v += W)
        transform_taps(first + v * filter_step + k * channel_step, int(min64(W, filters - o - v)), n,
                       out + k * kLanes + v);
    for (int64_t k = n; k < phase_step(n); ++k) clear(n, out + k * kLanes);
  }

 private:
  static constexpr int kAdded = Are == Phases::added ? kPhases<Kernel> : 1;
  static constexpr int kWidth = Kernel::width, kArea = kWidth * kWidth;

  static int64_t phase_size(int64_t n) { return kAdded > 1 ? phase_step(n) * kLanes : size(n); }

  // What lies between added phases is multiplied by zeros and may be no NaN.
  static void clear(int64_t n, float* out) {
    for (int f = 0; f + 1 < kAdded; ++f)
      for (int p = 0; p < kPoints<Kernel>; ++p)
        __builtin_memset(out + f * phase_size(n) + p * point_step(n), 0, kLanes * sizeof(float));
  }

  void transform_taps(const float* p, int lanes, int64_t n, float* out) const {
    Vec<float> taps[kArea];
    load(p, lanes, taps);
#pragma GCC unroll 4
    for (int f = 0; f < kPhases<Kernel>; ++f, out += phase_size(n))
      PYDL_ISA::transform<typename Kernel::TapsToPoints>(
          [&](int i, int j) {
            const int row = tap(i, row_phase<Kernel::stride>(f)),
                      column = tap(j, column_phase<Kernel::stride>(f));
            return row < 0 || column < 0 ? Vec<float>(0.0f) : taps[row * kWidth + column];
          },
          [&](int i, int j, Vec<float> value) {
            float* const to = out + (i * Kernel::side + j) * point_step(n);
            __builtin_prefetch(to + 4 * kLanes, 1);
            value.store(to);
          });
  }

  // Where the i-th tap of a phase lies along an axis of the whole kernel; -1 where the phase has no more.
  int tap(int i, int phase) const {
    const int n = phase_taps<Kernel>(phase);
    return i < n ? (rotated ? n - 1 - i : i) * Kernel::stride + phase : -1;
  }

  void load(const float* p, int lanes, Vec<float> (&taps)[kArea]) const {
    constexpr int W = Vec<float>::size;
    int t = 0;
    // A tail of half a register and more costs less so than to be gathered.
    if (lanes == W && tap_step[1] == 1 && tap_step[0] == kWidth) {
      for (; t + W / 2 <= kArea; t += W) {
        const int n = kArea - t < W ? kArea - t : W;
        Vec<float> block[W];
#pragma GCC unroll 16
        for (int i = 0; i < W; ++i) {
          const float* const row = p + i * filter_step + t;
          __builtin_prefetch(row + 8 * channel_step);
          block[i] = n == W ? Vec<float>::load(row) : Vec<float>::load_partial(row, n);
        }
        transpose(block);
#pragma GCC unroll 16
        for (int i = 0; i < n; ++i) taps[t + i] = block[i];
      }
    }
    for (; t < kArea; ++t)
      taps[t] =
          Vec<float>::gather(p + t / kWidth * tap_step[0] + t % kWidth * tap_step[1], filter_step, lanes);
  }
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
