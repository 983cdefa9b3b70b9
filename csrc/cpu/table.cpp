#include "kernels/table.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();

Kernels make_kernels();
Kernels make_kernels() { return {elementwise_kernels()}; }

}  // namespace PYDL_ISA
}  // namespace pydl
