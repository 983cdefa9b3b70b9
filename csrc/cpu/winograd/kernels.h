// The kernels of Winograd's convolutions by their windows.
#pragma once
#include "core/window.h"
#include "cpu/winograd/kernel3.h"
#include "cpu/winograd/kernel4.h"
#include "cpu/winograd/kernel5.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

// body(kernel) for the kernel of a window: 3×3, 4×4 or 5×5 taps.
template <class Body>
static void with_kernel(const Window2d& window, Body&& body) {
  if (window.stride[0] == 1) return window.kernel[0] == 3 ? body(Kernel3{}) : body(Kernel5{});
  window.kernel[0] == 3 ? body(Kernel3Strided{}) : body(Kernel4{});
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
