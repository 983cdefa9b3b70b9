// All kernels of one instruction set, family by family.
#include "kernels/table.h"

namespace pydl {
namespace PYDL_ISA {

ElementwiseKernels elementwise_kernels();
ReduceKernels reduce_kernels();
SoftmaxKernels softmax_kernels();
LossKernels loss_kernels();
PoolKernels pool_kernels();
GemmKernels gemm_kernels();
RandomKernels random_kernels();
ConvKernels conv_kernels();
NormKernels norm_kernels();
SampleNormKernels sample_norm_kernels();
OptimKernels optim_kernels();
ResampleKernels resample_kernels();

Kernels make_kernels();
Kernels make_kernels() {
  Kernels table{};
  table.elementwise = elementwise_kernels();
  table.reduce = reduce_kernels();
  table.softmax = softmax_kernels();
  table.loss = loss_kernels();
  table.pool = pool_kernels();
  table.gemm = gemm_kernels();
  table.random = random_kernels();
  table.conv = conv_kernels();
  table.norm = norm_kernels();
  table.sample_norm = sample_norm_kernels();
  table.optim = optim_kernels();
  table.resample = resample_kernels();
  return table;
}

}  // namespace PYDL_ISA
}  // namespace pydl
