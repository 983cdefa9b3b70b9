// A grid of threads on the host, one after the other, for kernels without barriers. Every thread runs on its
// own, so an index computed wrongly is an index out of range here as there; the order of threads is reversed,
// so that nothing can lean on it.
#pragma once
#include <cstdint>

#define PYDL_FN static inline
#define PYDL_KERNEL static
#define __restrict__ __restrict

struct Dim {
  unsigned x;
};

static thread_local Dim blockIdx, threadIdx, gridDim, blockDim;

#define PYDL_LAUNCH(kernel, blocks, threads, ...)                             \
  do {                                                                        \
    gridDim = {(blocks)};                                                     \
    blockDim = {static_cast<unsigned>(threads)};                              \
    for (blockIdx.x = gridDim.x; blockIdx.x-- > 0;)                           \
      for (threadIdx.x = blockDim.x; threadIdx.x-- > 0;) kernel(__VA_ARGS__); \
  } while (0)
