#include "kernels/table.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();
ReduceKernels reduce_kernels();
SoftmaxKernels softmax_kernels();

Kernels make_kernels();
Kernels make_kernels() {
  Kernels table{};
  table.elementwise = elementwise_kernels();
  table.reduce = reduce_kernels();
  table.softmax = softmax_kernels();
  return table;
}
GemmKernels gemm_kernels();

Kernels make_kernels();
Kernels make_kernels() { return {elementwise_kernels(), reduce_kernels(), gemm_kernels()}; }

}  // namespace PYDL_ISA
}  // namespace pydl
