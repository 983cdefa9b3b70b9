// The table of the family.
#include "cpu/pool/pool.h"

namespace pydl {
namespace PYDL_ISA {

PoolKernels pool_kernels();
PoolKernels pool_kernels() {
  return {pool_max_forward, pool_max_scatter, pool_max_gather, pool_mean_forward, pool_mean_scatter};
}

}  // namespace PYDL_ISA
}  // namespace pydl
