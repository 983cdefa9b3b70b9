// Copies of arrays, as new arrays.
#pragma once
#include "bindings/arrays.h"

namespace pydl {

// Dense: C-contiguous, or with the dimensions in the order in which they lie.
py::object copied(py::handle array, bool contiguous);

// The array itself where it is C-contiguous, else a copy that is.
py::object contiguous(py::handle array);

}  // namespace pydl
