// The kernel table of a GPU. A family that has no CUDA kernels yet is left out of the module, not stubbed.
#include "core/isa.h"

namespace pydl {

namespace cuda {
ElementwiseKernels elementwise_kernels();
}

const Kernels& kernels() {
  static const Kernels table = [] {
    Kernels t{};
    t.elementwise = cuda::elementwise_kernels();
    return t;
  }();
  return table;
}

const char* isa_name() { return "cuda"; }

}  // namespace pydl
