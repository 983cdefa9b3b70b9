#include <stdexcept>
#include <string>

#include "cuda/launch.cuh"

namespace pydl {
namespace {
thread_local cudaStream_t stream = nullptr;
}

cudaStream_t current_stream() { return stream; }
void set_current_stream(cudaStream_t s) { stream = s; }

void check_launch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("[cuda] expected ") + kernel + " to start, got " +
                             cudaGetErrorString(error));
}

}  // namespace pydl
