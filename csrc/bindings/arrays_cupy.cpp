#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "bindings/arrays.h"
#include "cuda/stream.h"

namespace pydl {
namespace {

// Never a static object: it would be released after the interpreter.
py::module_ cupy() { return py::module_::import("cupy"); }

DType dtype_of(py::handle array, const char* function, const char* argument) {
  const std::string name = py::str(array.attr("dtype"));
  for (DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8, DType::b8})
    if (name == to_string(dtype)) return dtype;
  fail<TypeError>(function, std::string(argument) + " of dtype float32, float64, int64, uint8 or bool", name);
}

}  // namespace

View view_of(py::handle array, const char* function, const char* argument) {
  if (py::isinstance<py::array>(array))
    fail(function, "operands on one device", std::string(argument) + " on the CPU beside others on a GPU");
  if (!py::hasattr(array, "__cuda_array_interface__"))
    fail<TypeError>(function, std::string(argument) + " to be an array on the GPU",
                    py::str(py::type::of(array).attr("__name__")));
  View view{};
  view.dtype = dtype_of(array, function, argument);
  const py::tuple shape = array.attr("shape"), strides = array.attr("strides");
  if (shape.size() > kMaxDims)
    fail(function, std::string(argument) + " of at most 16 dimensions", std::to_string(shape.size()));
  view.ndim = static_cast<int>(shape.size());
  view.data = reinterpret_cast<void*>(array.attr("data").attr("ptr").cast<uintptr_t>());
  for (int i = 0; i < view.ndim; ++i) {
    view.shape[i] = shape[i].cast<int64_t>();
    view.strides[i] = strides[i].cast<int64_t>() / item_size(view.dtype);
  }
  return view;
}

py::object empty(DType dtype, const int64_t* shape, int ndim) {
  return cupy().attr("empty")(py::tuple(py::cast(std::vector<int64_t>(shape, shape + ndim))),
                              to_string(dtype));
}

py::object empty_like(const View& like) {
  std::vector<int> order(like.ndim);  // outermost first
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return std::abs(like.strides[a]) > std::abs(like.strides[b]); });
  std::vector<int64_t> shape(like.ndim);
  std::vector<int> inverse(like.ndim);
  for (int i = 0; i < like.ndim; ++i) {
    shape[i] = like.shape[order[i]];
    inverse[order[i]] = i;
  }
  return empty(like.dtype, shape.data(), like.ndim).attr("transpose")(py::tuple(py::cast(inverse)));
}

View view_of_result(py::handle array) { return view_of(array, "result", "array"); }

bool is_writeable(py::handle) { return true; }

void prepare_device() {
  const py::object stream = cupy().attr("cuda").attr("get_current_stream")();
  set_current_stream(reinterpret_cast<cudaStream_t>(stream.attr("ptr").cast<uintptr_t>()));
}

}  // namespace pydl
