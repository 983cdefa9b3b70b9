// Winograd's F(4×4, 2×2) and F(2×2, 4×4), for the four phases of 4×4 taps and stride 2: a tile of 5×5 pixels
// of a phase and 2×2 taps make 4×4 results, or the same tile and 4×4 of the results' gradient make 2×2 taps,
// by 25 products. The same for 3×3 taps and stride 2, which are 4×4 with zeros at the end.
//
// The points are 0, -1, 1/2, 2 and ∞, whose error was the smallest of seventeen choices of five.
#pragma once
#include "cpu/winograd/transform.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

struct Kernel4 {
  static constexpr int stride = 2;
  static constexpr int side = 5, taps = 2;  // along an axis of a phase
  static constexpr int width = 4;           // of the whole kernel
  static constexpr int results = 4;         // of a tile

  struct PixelsToPoints {
    using V = Vec<float>;
    static constexpr int in = side, out = side;
    static void apply(const V (&d)[in], V (&t)[out]) {
      const V h(-1.5f);
      t[0] = fma(h, d[1] + d[2], d[0] + d[3]);
      t[1] = fma(V(-2.5f), d[2], d[1] + d[3]);
      t[2] = fma(V(-2.0f), d[1], d[3] - d[2]);
      t[3] = fma(V(0.5f), d[2] - d[1], d[3]);
      t[4] = fma(h, d[2] + d[3], d[1] + d[4]);
    }
  };

  struct TapsToPoints {
    using V = Vec<float>;
    static constexpr int in = taps, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      t[0] = g[0];
      t[1] = V(2.0f / 9) * (g[1] - g[0]);
      t[2] = V(-8.0f / 9) * fma(V(0.5f), g[1], g[0]);
      t[3] = V(1.0f / 9) * fma(V(2.0f), g[1], g[0]);
      t[4] = g[1];
    }
  };

  struct PointsToResults {
    using V = Vec<float>;
    static constexpr int in = side, out = results;
    static void apply(const V (&m)[in], V (&y)[out]) {
      y[0] = ((m[0] + m[1]) + m[2]) + m[3];
      y[1] = fma(V(2.0f), m[3], fma(V(0.5f), m[2], -m[1]));
      y[2] = fma(V(4.0f), m[3], fma(V(0.25f), m[2], m[1]));
      y[3] = fma(V(8.0f), m[3], fma(V(0.125f), m[2], m[4] - m[1]));
    }
  };

  // Without the factors -2/9, -8/9 and 1/9 of the points -1, 1/2 and 2, which come with PointsToTaps.
  struct ResultsToPoints {
    using V = Vec<float>;
    static constexpr int in = results, out = side;
    static void apply(const V (&g)[in], V (&t)[out]) {
      const V q(0.25f), f(4.0f);
      t[0] = g[0];
      t[1] = (g[0] + g[2]) - (g[1] + g[3]);
      t[2] = fma(V(0.5f), fma(q, g[3], g[1]), fma(q, g[2], g[0]));
      t[3] = fma(V(2.0f), fma(f, g[3], g[1]), fma(f, g[2], g[0]));
      t[4] = g[3];
    }
  };

  struct PointsToTaps {
    using V = Vec<float>;
    static constexpr int in = side, out = taps;
    static void apply(const V (&m)[in], V (&w)[out]) {
      w[0] = fma(V(1.0f / 9), m[3], fma(V(-8.0f / 9), m[2], fma(V(-2.0f / 9), m[1], m[0])));
      w[1] = fma(V(2.0f / 9), m[3], fma(V(-4.0f / 9), m[2], fma(V(2.0f / 9), m[1], m[4])));
    }
  };
};

// 3×3 taps and stride 2: the same with a fourth row and column of zeros. A phase of one tap has no value at
// the point ∞, which leaves 81 of the 100 products.
struct Kernel3Strided : Kernel4 {
  static constexpr int width = 3;
};

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
