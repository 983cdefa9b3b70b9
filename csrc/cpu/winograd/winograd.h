// Convolutions of float images with one group, of 3×3 taps and stride 1 with 36 products for what takes 144,
// of 5×5 taps with 36 for 100, or, with stride 2 and dilation 1, of 3×3 taps with 81 for 144 and of 4×4 taps
// with 100 for 256: the contracts of kernels/conv.h, to the accuracy of docs/reliability.md.
//
// The order of summation is fixed by the shapes alone: over the phases of the stride and channels (in
// weight_grad over tiles) in chains of a fixed length from the first on, each chain added to the sum of those
// before; parts of weight_grad's tiles are added as a binary tree.
//
// Source: Lavin and Gray, Fast algorithms for convolutional neural networks, 2015.
#pragma once
#include "core/view.h"
#include "core/window.h"

namespace pydl {
namespace PYDL_ISA {

void winograd_forward(const View& x, const View& w, const View* bias, const View& y, const Window2d& window);
void winograd_transposed(const View& y, const View& w, const View* bias, const View& x,
                         const Window2d& window);
void winograd_weight_grad(const View& x, const View& y, const View& w, const Window2d& window);

}  // namespace PYDL_ISA
}  // namespace pydl
