// Images as kernels take them: (N, C, L), or (N, C, H, W).
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

// (N, C, H, W) as it is, (C, H, W) as a batch of one.
View batch_view(const View& v, const char* function, const char* argument);

// The same of a float array with at least one channel, row and column.
View float_images(py::handle array, const char* function, const char* argument);

}  // namespace pydl
