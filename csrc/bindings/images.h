// Arrays of shape (N, C, …) as kernels of (N, C, L) take them.
#pragma once
#include "bindings/arrays.h"

namespace pydl {

// An array of two dimensions or more and its view as (N, C, L), all dimensions after the second as one; a
// copy where the strides ask for one.
struct Images {
  py::object array;
  View full, merged;

  Images(py::handle object, const char* name, const char* argument);
  int64_t channels() const { return full.shape[1]; }
  int64_t count() const { return merged.shape[0] * merged.shape[2]; }  // values in a channel
};

// The array itself where it is C-contiguous, else a copy that is.
py::object contiguous(py::handle array);

}  // namespace pydl
