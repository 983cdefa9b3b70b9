#include <algorithm>
#include <cstdlib>

#include "bindings/arrays.h"
#include "core/memory.h"

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
  if (!py::isinstance<py::array>(object)) {
    if (py::hasattr(object, "__cuda_array_interface__"))
      fail(function, "operands on one device", std::string(argument) + " on a GPU beside others on the CPU");
    fail<TypeError>(function, std::string(argument) + " to be an array", type_name(object));
  }
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

namespace {

// Smaller results are as quick from NumPy's own cache. AddressSanitizer sees the end of an array only where
// the array's memory is all there is.
#if defined(__SANITIZE_ADDRESS__)
constexpr int64_t kLeastPooled = INT64_MAX;
#else
constexpr int64_t kLeastPooled = 1024;
#endif

int type_number(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return py::detail::npy_api::NPY_FLOAT_;
    case DType::f64:
      return py::detail::npy_api::NPY_DOUBLE_;
    case DType::i64:
      return py::detail::npy_api::NPY_INT64_;
    case DType::u8:
      return py::detail::npy_api::NPY_UBYTE_;
    case DType::b8:
      return py::detail::npy_api::NPY_BOOL_;
  }
  throw TypeError("unknown dtype");
}

// Memory for a result, and the object that gives it back when the array is gone; null where NumPy is to find
// the memory, or to say that there is none.
struct Memory {
  void* data = nullptr;
  PyObject* owner = nullptr;
};

Memory pooled(int64_t bytes) {
  MemoryBlock* const block = take_block(bytes);
  if (!block) return {};
  PyObject* const owner = PyCapsule_New(block, nullptr, [](PyObject* capsule) {
    give_block(static_cast<MemoryBlock*>(PyCapsule_GetPointer(capsule, nullptr)));
  });
  if (!owner) give_block(block);
  return {block->data, owner};
}

Memory on_tape(Tape& tape, int64_t bytes) {
  auto* const block = new std::shared_ptr<void>(tape.arena().allocate(static_cast<size_t>(bytes)));
  PyObject* const owner = PyCapsule_New(block, nullptr, [](PyObject* capsule) {
    delete static_cast<std::shared_ptr<void>*>(PyCapsule_GetPointer(capsule, nullptr));
  });
  void* const data = block->get();
  if (!owner) delete block;
  return {data, owner};
}

Memory memory_for(Tape* tape, DType dtype, const int64_t* shape, int ndim) {
  int64_t bytes = item_size(dtype);
  for (int i = 0; i < ndim; ++i)
    if (__builtin_mul_overflow(bytes, shape[i], &bytes)) return {};
  if (tape) return on_tape(*tape, bytes);
  return bytes >= kLeastPooled ? pooled(bytes) : Memory{};
}

// Strides are in bytes; null for row by row.
py::object new_array(DType dtype, const int64_t* shape, const int64_t* strides, int ndim) {
  static_assert(sizeof(Py_intptr_t) == sizeof(int64_t), "sizes of NumPy are of 64 bits");
  const auto& api = py::detail::npy_api::get();
  Tape* const tape = recording();
  const Memory memory = memory_for(tape, dtype, shape, ndim);
  if (memory.data && !memory.owner) throw py::error_already_set();
  PyObject* const array = api.PyArray_NewFromDescr_(
      tape ? array_type(*tape) : api.PyArray_Type_, api.PyArray_DescrFromType_(type_number(dtype)), ndim,
      reinterpret_cast<const Py_intptr_t*>(shape), reinterpret_cast<const Py_intptr_t*>(strides), memory.data,
      memory.data ? py::detail::npy_api::NPY_ARRAY_WRITEABLE_ : 0, nullptr);
  const py::object result = py::reinterpret_steal<py::object>(array);
  if (!array) Py_XDECREF(memory.owner);
  if (!array || (memory.owner && api.PyArray_SetBaseObject_(array, memory.owner) < 0))
    throw py::error_already_set();
  return result;
}

}  // namespace

py::object empty(DType dtype, const int64_t* shape, int ndim) {
  return new_array(dtype, shape, nullptr, ndim);
}

py::object empty_like(const View& like) {
  if (is_contiguous(like)) return empty(like.dtype, like.shape, like.ndim);
  int order[kMaxDims];  // outermost first
  for (int i = 0; i < like.ndim; ++i) {
    int at = i;
    for (; at > 0 && std::abs(like.strides[order[at - 1]]) < std::abs(like.strides[i]); --at)
      order[at] = order[at - 1];
    order[at] = i;
  }
  int64_t strides[kMaxDims];
  int64_t step = item_size(like.dtype);
  for (int i = like.ndim - 1; i >= 0; --i) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(like.shape[order[i]], 1);
  }
  return new_array(like.dtype, like.shape, strides, like.ndim);
}

View view_of_result(py::handle array) { return view_of(array, "result", "array"); }

bool is_writeable(py::handle array) { return py::reinterpret_borrow<py::array>(array).writeable(); }

void prepare_device() {}

}  // namespace pydl
