// Winograd's F(2×2, 5×5) and F(5×5, 2×2), for 5×5 taps and stride 1: a tile of 6×6 pixels and 5×5 taps make
// 2×2 results, or the same tile and 2×2 of the results' gradient make 5×5 taps, by 36 products.
//
// The points, and so what pixels become, are those of kernel3.h.
#pragma once
#include "cpu/winograd/kernel3.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Kernel5 {
  static constexpr int stride = 1;
  static constexpr int side = 6, taps = 5;  // along an axis of a phase
  static constexpr int width = 5;           // of the whole kernel
  static constexpr int results = 2;         // of a tile

  using PixelsToPoints = Kernel3::PixelsToPoints;

  struct TapsToPoints {
    using V = Vec<float>;
    static constexpr int in = taps, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      const V even = (g[0] + g[2]) + g[4], odd = g[1] + g[3], q(0.25f), f(4.0f);
      t[0] = g[0];
      t[1] = V(1.0f / 3) * (even + odd);
      t[2] = V(1.0f / 3) * (odd - even);
      t[3] = V(-16.0f / 15) * fma(V(0.5f), fma(q, g[3], g[1]), fma(q, fma(q, g[4], g[2]), g[0]));
      t[4] = V(1.0f / 15) * fma(V(-2.0f), fma(f, g[3], g[1]), fma(f, fma(f, g[4], g[2]), g[0]));
      t[5] = g[4];
    }
  };

  struct PointsToResults {
    using V = Vec<float>;
    static constexpr int in = side, out = results;
    static void apply(const V (&m)[in], V (&y)[out]) {
      y[0] = ((m[0] + (m[1] + m[2])) + m[3]) + m[4];
      y[1] = fma(V(-2.0f), m[4], fma(V(0.5f), m[3], (m[1] - m[2]) + m[5]));
    }
  };

  // Without the factors 1/3, -1/3, -16/15 and 1/15 of the points 1 … -2, which come with PointsToTaps.
  struct ResultsToPoints {
    using V = Vec<float>;
    static constexpr int in = results, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      t[0] = g[0];
      t[1] = g[0] + g[1];
      t[2] = g[0] - g[1];
      t[3] = fma(V(0.5f), g[1], g[0]);
      t[4] = fma(V(-2.0f), g[1], g[0]);
      t[5] = g[1];
    }
  };

  struct PointsToTaps {
    using V = Vec<float>;
    static constexpr int in = side, out = taps;
    static void apply(const V (&m)[in], V (&w)[out]) {
      const V third(1.0f / 3), a = third * (m[1] - m[2]), b = third * (m[1] + m[2]);
      const V half = V(-16.0f / 15) * m[3], two = V(1.0f / 15) * m[4];
      w[0] = m[0] + a + half + two;
      w[1] = fma(V(-2.0f), two, fma(V(0.5f), half, b));
      w[2] = fma(V(4.0f), two, fma(V(0.25f), half, a));
      w[3] = fma(V(-8.0f), two, fma(V(0.125f), half, b));
      w[4] = fma(V(16.0f), two, fma(V(0.0625f), half, a + m[5]));
    }
  };
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
