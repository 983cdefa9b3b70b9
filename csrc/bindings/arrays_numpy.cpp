#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "bindings/arrays.h"

namespace pydl {
namespace {

std::string type_name(py::handle object) { return py::str(py::type::of(object).attr("__name__")); }

DType dtype_of(const py::array& array, const char* function, const char* argument) {
  const py::dtype dtype = array.dtype();
  const bool native = dtype.byteorder() == '=' || dtype.byteorder() == '|';
  if (native) {
    switch (dtype.num()) {
      case py::detail::npy_api::NPY_FLOAT_:
        return DType::f32;
      case py::detail::npy_api::NPY_DOUBLE_:
        return DType::f64;
      case py::detail::npy_api::NPY_BOOL_:
        return DType::b8;
      case py::detail::npy_api::NPY_UBYTE_:
        return DType::u8;
      default:
        if (dtype.kind() == 'i' && dtype.itemsize() == 8) return DType::i64;
    }
  }
  fail<TypeError>(
      function,
      std::string(argument) + " of dtype float32, float64, int64, uint8 or bool in native byte order",
      py::str(dtype));
}

}  // namespace

View view_of(py::handle object, const char* function, const char* argument) {
  if (!py::isinstance<py::array>(object))
    fail<TypeError>(function, std::string(argument) + " to be an array", type_name(object));
  const auto array = py::reinterpret_borrow<py::array>(object);
  View view;
  view.dtype = dtype_of(array, function, argument);
  view.ndim = static_cast<int>(array.ndim());
  if (view.ndim > kMaxDims)
    fail(function, std::string(argument) + " of at most 16 dimensions", std::to_string(view.ndim));
  view.data = const_cast<void*>(array.data());
  const int64_t size = array.itemsize();
  if (reinterpret_cast<uintptr_t>(view.data) % size != 0)
    fail<TypeError>(function, std::string(argument) + " to be aligned to its items", "an unaligned array");
  for (int i = 0; i < view.ndim; ++i) {
    view.shape[i] = array.shape(i);
    if (array.strides(i) % size != 0 && view.shape[i] > 1)
      fail<TypeError>(function, std::string(argument) + " with strides of whole items", "an unaligned array");
    view.strides[i] = array.strides(i) / size;
  }
  if (Tape* const tape = recording()) note_used(*tape, object, view);
  return view;
}

static py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return py::dtype::of<float>();
    case DType::f64:
      return py::dtype::of<double>();
    case DType::i64:
      return py::dtype::of<int64_t>();
    case DType::u8:
      return py::dtype::of<uint8_t>();
    case DType::b8:
      return py::dtype::of<bool>();
  }
  throw TypeError("unknown dtype");
}

py::object empty(DType dtype, const int64_t* shape, int ndim) {
  const std::vector<py::ssize_t> sizes(shape, shape + ndim);
  if (Tape* const tape = recording()) return empty_on_tape(*tape, numpy_dtype(dtype), sizes, {});
  return py::array(numpy_dtype(dtype), sizes);
}

py::object empty_like(const View& like) {
  if (is_contiguous(like)) return empty(like.dtype, like.shape, like.ndim);
  std::vector<int> order(like.ndim);  // outermost first
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return std::abs(like.strides[a]) > std::abs(like.strides[b]); });
  const py::dtype dtype = numpy_dtype(like.dtype);
  std::vector<py::ssize_t> shape(like.shape, like.shape + like.ndim), strides(like.ndim);
  py::ssize_t step = dtype.itemsize();
  for (int i = like.ndim - 1; i >= 0; --i) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(shape[order[i]], 1);
  }
  if (Tape* const tape = recording()) return empty_on_tape(*tape, dtype, shape, strides);
  return py::array(dtype, shape, strides);
}

View view_of_result(py::handle array) { return view_of(array, "result", "array"); }

bool is_writeable(py::handle array) { return py::reinterpret_borrow<py::array>(array).writeable(); }

void prepare_device() {}

}  // namespace pydl
