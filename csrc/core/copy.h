// Elements from one array to another of its shape.
#pragma once
#include "core/view.h"

namespace pydl {

// Any strides, no overlap. Between dtypes as C++ converts, to bool as "not zero"; floats never become
// integers.
void copy_view(const View& from, const View& to);

// Every element the number, converted in the same way.
void fill_view(const View& to, double value);

}  // namespace pydl
