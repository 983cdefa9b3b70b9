// Every kernel of one backend, by family. The CPU has one table per instruction set; CUDA fills the same one.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/optim.h"
#include "kernels/random.h"
#include "kernels/reduce.h"
#include "kernels/softmax.h"

namespace pydl {

struct Kernels {
  ElementwiseKernels elementwise;
  ReduceKernels reduce;
  SoftmaxKernels softmax;
  GemmKernels gemm;
  RandomKernels random;
  OptimKernels optim;
};

}  // namespace pydl
