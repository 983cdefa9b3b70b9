// Our exception types as Python's. std::invalid_argument is ValueError, and std::bad_alloc MemoryError, by
// pybind11's own rules.
#pragma once
#include <pybind11/pybind11.h>

namespace pydl {

void register_errors();

}  // namespace pydl
