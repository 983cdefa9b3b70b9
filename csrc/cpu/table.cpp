#include "kernels/table.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();
ReduceKernels reduce_kernels();

Kernels make_kernels();
Kernels make_kernels() { return {elementwise_kernels(), reduce_kernels()}; }

}  // namespace PYDL_ISA
}  // namespace pydl
