// What is the same for every kind of array.
#include "bindings/arrays.h"

#include <cxxabi.h>
#include <unistd.h>

namespace pydl {

void ReleasedGil::reacquire() {
  try {
    PyEval_RestoreThread(state_);
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
}

View float_view(py::handle array, const char* function, const char* argument) {
  const View view = view_of(array, function, argument);
  if (view.dtype != DType::f32 && view.dtype != DType::f64)
    fail<TypeError>(function, std::string(argument) + " of dtype float32 or float64", to_string(view.dtype));
  return view;
}

void check_same_dtype(const View& a, const View& b, const char* function, const char* first,
                      const char* second) {
  if (a.dtype != b.dtype)
    fail<TypeError>(function, std::string(first) + " and " + second + " of one dtype",
                    to_string(a.dtype) + " and " + to_string(b.dtype));
}

py::object empty(DType dtype, const std::vector<int64_t>& shape) {
  return empty(dtype, shape.data(), static_cast<int>(shape.size()));
}

}  // namespace pydl
