// Winograd's F(4×4, 3×3) and F(3×3, 4×4), for 3×3 taps and stride 1: a tile of 6×6 pixels and 3×3 taps make
// 4×4 results, or the same tile and 4×4 of the results' gradient make 3×3 taps, by 36 products.
//
// The points are 0, 1, -1, 1/2, -2 and ∞, those of the smallest error for six (Barabasz et al., 2020).
#pragma once
#include "cpu/winograd/transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Kernel3 {
  static constexpr int stride = 1;
  static constexpr int side = 6, taps = 3;  // along an axis of a phase
  static constexpr int width = 3;           // of the whole kernel
  static constexpr int results = 4;         // of a tile

  struct PixelsToPoints {
    using V = Vec<float>;
    static constexpr int in = side, out = side;
    static void apply(const V (&d)[in], V (&t)[out]) {
      const V a = d[4] - d[2], b = d[3] - d[1], h(1.5f);
      t[0] = fma(h, b, (d[0] - d[2]) + a);
      t[1] = fma(h, d[2] + d[3], a + b);
      t[2] = fma(h, d[3] - d[2], a - b);
      t[3] = fma(V(2.0f), b, a);
      t[4] = fma(V(-0.5f), b, a);
      t[5] = fma(h, a, (d[5] - d[3]) - b);
    }
  };

  struct TapsToPoints {
    using V = Vec<float>;
    static constexpr int in = taps, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      const V even = g[0] + g[2];
      t[0] = g[0];
      t[1] = V(1.0f / 3) * (even + g[1]);
      t[2] = V(1.0f / 3) * (g[1] - even);
      t[3] = V(-16.0f / 15) * fma(V(0.25f), g[2], fma(V(0.5f), g[1], g[0]));
      t[4] = V(1.0f / 15) * fma(V(4.0f), g[2], fma(V(-2.0f), g[1], g[0]));
      t[5] = g[2];
    }
  };

  struct PointsToResults {
    using V = Vec<float>;
    static constexpr int in = side, out = results;
    static void apply(const V (&m)[in], V (&y)[out]) {
      const V sum = m[1] + m[2], difference = m[1] - m[2];
      y[0] = ((m[0] + sum) + m[3]) + m[4];
      y[1] = fma(V(-2.0f), m[4], fma(V(0.5f), m[3], difference));
      y[2] = fma(V(4.0f), m[4], fma(V(0.25f), m[3], sum));
      y[3] = fma(V(-8.0f), m[4], fma(V(0.125f), m[3], difference + m[5]));
    }
  };

  // Without the factors 1/3, -1/3, -16/15 and 1/15 of the points 1 … -2, which come with PointsToTaps.
  struct ResultsToPoints {
    using V = Vec<float>;
    static constexpr int in = results, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      const V even = g[0] + g[2], odd = g[1] + g[3], q(0.25f), f(4.0f);
      t[0] = g[0];
      t[1] = even + odd;
      t[2] = even - odd;
      t[3] = fma(V(0.5f), fma(q, g[3], g[1]), fma(q, g[2], g[0]));
      t[4] = fma(V(-2.0f), fma(f, g[3], g[1]), fma(f, g[2], g[0]));
      t[5] = g[3];
    }
  };

  struct PointsToTaps {
    using V = Vec<float>;
    static constexpr int in = side, out = taps;
    static void apply(const V (&m)[in], V (&w)[out]) {
      const V third(1.0f / 3), sum = m[1] + m[2], difference = third * (m[1] - m[2]);
      w[0] = fma(V(1.0f / 15), m[4], fma(V(-16.0f / 15), m[3], m[0] + difference));
      w[1] = fma(V(-2.0f / 15), m[4], fma(V(-8.0f / 15), m[3], third * sum));
      w[2] = fma(V(4.0f / 15), m[4], fma(V(-4.0f / 15), m[3], difference + m[5]));
    }
  };
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
