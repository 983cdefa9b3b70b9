// The stream that work on a GPU goes to; the binding sets it before every kernel.
#pragma once
#include <cuda_runtime_api.h>

namespace pydl {

cudaStream_t current_stream();
void set_current_stream(cudaStream_t stream);

}  // namespace pydl
