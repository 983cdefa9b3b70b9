// Between Python's arrays and Views: the checks every binding makes before any work, and the allocation of
// results. arrays_numpy.cpp does it for NumPy in pydl._cpu, arrays_cupy.cpp for CuPy in pydl._cuda.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <exception>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/tape.h"
#include "core/view.h"

namespace pydl {

namespace py = pybind11;

// The View of an array; TypeError where it is not one, or its dtype, byte order or alignment is not ours.
View view_of(py::handle array, const char* function, const char* argument);

// The same, for float32 and float64 alone.
View float_view(py::handle array, const char* function, const char* argument);

// TypeError unless both have the same dtype.
void check_same_dtype(const View& a, const View& b, const char* function, const char* first,
                      const char* second);

// A View that may be missing.
struct OptionalView {
  View view;
  bool present = false;
  const View* get() const { return present ? &view : nullptr; }
};

// The view of a bias of length n; missing where it is None.
OptionalView bias_view(py::handle bias, const View& like, int64_t n, const char* function);

// ValueError unless the array may be written and has memory for every element.
void check_written(py::handle array, const View& view, const char* function, const char* argument);

// ValueError unless `out` is exactly `in` or lies clear of it, as far as the first and last elements tell.
void check_overlap(const View& out, const View& in, const char* function);

// An uninitialised array, C-contiguous.
py::object empty(DType dtype, const int64_t* shape, int ndim);
py::object empty(DType dtype, const std::vector<int64_t>& shape);

// An uninitialised array of `like`'s shape and order of strides (dense).
py::object empty_like(const View& like);

// View of an array made here.
View view_of_result(py::handle array);

bool is_writeable(py::handle array);

// Before a kernel is called: on a GPU, work goes to the stream that is current in Python.
void prepare_device();

// Releases the GIL for as long as it lives; `reacquire` ends it. Not pybind11's: when the interpreter exits
// while a daemon thread is inside a kernel, Python ends that thread as it asks for the GIL, by unwinding its
// stack. Here the thread sleeps instead until the process is gone, as from Python 3.14 on.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;
  void reacquire();

 private:
  PyThreadState* state_;
};

// Runs the kernel; the GIL is released where the work is worth it.
template <class F>
void run_kernel(int64_t work, F& kernel) {
  if (work < 4096) return kernel();
  std::exception_ptr error;
  ReleasedGil released;
  try {
    kernel();
  } catch (...) {
    error = std::current_exception();
  }
  released.reacquire();
  if (error) std::rethrow_exception(error);
}

// Runs the kernel, and keeps it where a step is recorded, to be run again: it holds all it needs by value.
template <class F>
void call_kernel(int64_t work, F&& kernel) {
  prepare_device();
  run_kernel(work, kernel);
  if (Tape* const tape = recording()) tape->add(std::forward<F>(kernel));
}

// What a Rectifier does, in place of what lies at its `to`.
void rectify(const Rectifier& rectifier);

// While a step is recorded: both(rectifier) does the last kernel and what a Rectifier does to its result.
template <class F>
void offer_join(const View& result, F&& both) {
  Tape* const tape = recording();
  if (!tape) return;
  tape->offer_join(result, [both = std::forward<F>(both)](const Rectifier& next) -> Tape::Operation {
    return [both, next] { both(next); };
  });
}

// While a step is recorded: `array` must stay alive for its replays; it is changed by them.
void note_used(Tape& tape, py::handle array, const View& view);
void note_written(Tape& tape, py::handle array, const View& view);

// While a step is recorded: renew(…) gives an operation other numbers before a replay.
void note_numbers(Tape& tape, py::object renew);

// While a step is recorded: what results are, a type of NumPy's arrays.
PyTypeObject* array_type(Tape& tape);

}  // namespace pydl
