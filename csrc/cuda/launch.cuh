// One way to launch a kernel. Compiled by nvcc it runs on the current stream; compiled as plain C++
// (emulation.h) the same source runs on the host, so that kernels are tested where there is no GPU.
#pragma once
#include <cstdint>

#ifdef __CUDACC__
#include <cuda_runtime.h>

#include "cuda/stream.h"

#define PYDL_FN __host__ __device__ static inline
#define PYDL_KERNEL __global__ static

namespace pydl {

// Throws std::runtime_error naming the kernel; the error is cleared, so the next call works.
void check_launch(const char* kernel);

}  // namespace pydl

#define PYDL_LAUNCH(kernel, blocks, threads, ...)                              \
  do {                                                                         \
    kernel<<<(blocks), (threads), 0, ::pydl::current_stream()>>>(__VA_ARGS__); \
    ::pydl::check_launch(#kernel);                                             \
  } while (0)
#else
#include "cuda/emulation.h"
#endif

namespace pydl {

constexpr int kThreads = 256;

// Blocks for a grid-stride loop over `items`: enough to fill a large GPU several times, no more than needed.
static inline unsigned blocks_for(int64_t items) {
  const int64_t wanted = (items + kThreads - 1) / kThreads;
  return static_cast<unsigned>(wanted < 4096 ? wanted : 4096);
}

}  // namespace pydl
