// Contract of the convolutions (cross-correlations, as everywhere in deep learning).
//
// Shapes: image x (N, C, H, W), weight w (O, C/groups, kH, kW), maps y (N, O, H', W'), bias (channels of the
// output,) or absent. With p = padding, s = stride, d = dilation of the window:
//
// forward      y[n, o, i, j] = bias[o] + Σ_{c, u, v} x[n, c, i·s + u·d - p, j·s + v·d - p] · w[o, c, u, v]
// transposed   the adjoint of forward in x: given y it makes x (+ bias per channel of x)
// weight_grad  the adjoint in w: w[o, c, u, v] = Σ_{n, i, j} y[n, o, i, j] · x[n, c, i·s + u·d - p, …]
//
// Positions outside x count as zeros. The channels of group g see the g-th part of the other's channels.
// Sizes are those of the views: windows of which y has no element are left out, so every pair of sizes for
// which one of the three is defined works for all. No dimension but N is 0.
//
// Any strides; one dtype, float or double; the result is overwritten and overlaps no input; weight_grad's is
// C-contiguous. An empty sum is zero. The order of summation of the first two depends on the window, the
// channels and the size of an image alone, that of weight_grad on its shapes: never on the number of threads,
// the layout or (first two) the other images of the batch.
//
// float convolutions of 3×3 and 5×5 with stride 1 and any dilation, and of 3×3 and 4×4 with stride 2, with
// enough channels in a group, go by Winograd's algorithm unless core/algorithm.h says otherwise: with an
// error of their own (docs/reliability.md), and tiles whose results are NaN together. The choice depends on
// the shape of one image.
//
// Source: implicit GEMM (Chetlur et al., cuDNN, 2014, section 3.1); rows of windows read in place (Dukhan,
// The Indirect Convolution Algorithm, 2019). The transposed one is a gather: each residue of the output
// modulo the stride is a plain correlation with every s-th tap. Winograd: Lavin and Gray, Fast algorithms for
// convolutional neural networks, 2015.
#pragma once
#include "core/view.h"
#include "core/window.h"

namespace pydl {

struct ConvKernels {
  // With `relu`, whether what is below 0 has become 0: not every loop does that in its pass.
  bool (*forward)(const View& x, const View& w, const View* bias, const View& y, const Window2d& window,
                  int64_t groups, bool relu);
  void (*transposed)(const View& y, const View& w, const View* bias, const View& x, const Window2d& window,
                     int64_t groups);
  void (*weight_grad)(const View& x, const View& y, const View& w, const Window2d& window, int64_t groups);
};

}  // namespace pydl
