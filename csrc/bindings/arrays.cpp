// What is the same for every kind of array.
#include "bindings/arrays.h"

#include <cxxabi.h>
#include <unistd.h>

namespace pydl {
namespace {

// The addresses of the first and the last element; there must be one.
struct Extent {
  uintptr_t first, last;

  explicit Extent(const View& v) : first(reinterpret_cast<uintptr_t>(v.data)), last(first) {
    for (int d = 0; d < v.ndim; ++d) {
      const int64_t reach = (v.shape[d] - 1) * v.strides[d] * item_size(v.dtype);
      (reach < 0 ? first : last) += reach;
    }
  }
};

bool same_places(const View& a, const View& b) {
  bool same = a.data == b.data && same_shape(a, b);
  for (int d = 0; same && d < a.ndim; ++d) same = a.shape[d] == 1 || a.strides[d] == b.strides[d];
  return same;
}

}  // namespace

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

OptionalView bias_view(py::handle bias, const View& like, int64_t n, const char* function) {
  if (bias.is_none()) return {};
  const View view = float_view(bias, function, "bias");
  check_same_dtype(like, view, function, "input", "bias");
  if (view.ndim != 1 || view.shape[0] != n)
    fail(function, "bias of shape (" + std::to_string(n) + ",)", shape_string(view));
  return {view, true};
}

void check_written(py::handle array, const View& view, const char* function, const char* argument) {
  if (!is_writeable(array)) fail(function, std::string(argument) + " to be writeable", "a read-only array");
  for (int d = 0; d < view.ndim && numel(view) > 0; ++d)
    if (view.strides[d] == 0 && view.shape[d] > 1)
      fail(function, std::string(argument) + " with memory for every element", "an expanded array");
  if (Tape* const tape = recording()) note_written(*tape, array, view);
}

void check_overlap(const View& out, const View& in, const char* function) {
  if (numel(out) == 0 || numel(in) == 0 || same_places(out, in)) return;
  const Extent a(out), b(in);
  if (a.first <= b.last && b.first <= a.last)
    fail(function, "out to be one of the inputs or clear of them", "arrays that overlap in part");
}

py::object empty(DType dtype, const std::vector<int64_t>& shape) {
  return empty(dtype, shape.data(), static_cast<int>(shape.size()));
}

}  // namespace pydl
