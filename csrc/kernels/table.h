// Every kernel of one backend, by family. The CPU has one table per instruction set; CUDA fills the same one.
#pragma once
#include "kernels/conv.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/loss.h"
#include "kernels/norm.h"
#include "kernels/optim.h"
#include "kernels/pool.h"
#include "kernels/random.h"
#include "kernels/reduce.h"
#include "kernels/resample.h"
#include "kernels/softmax.h"

namespace pydl {

struct Kernels {
  ElementwiseKernels elementwise;
  ReduceKernels reduce;
  SoftmaxKernels softmax;
  LossKernels loss;
  PoolKernels pool;
  GemmKernels gemm;
  RandomKernels random;
  ConvKernels conv;
  NormKernels norm;
  SampleNormKernels sample_norm;
  OptimKernels optim;
  ResampleKernels resample;
};

}  // namespace pydl
