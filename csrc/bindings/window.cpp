#include "bindings/window.h"

namespace pydl {
namespace {

std::string shown(py::handle value) { return py::repr(value); }

bool is_integer(py::handle value) { return PyIndex_Check(value.ptr()) && !PyBool_Check(value.ptr()); }

bool is_sequence(py::handle value) { return PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()); }

std::string range(int64_t least, int64_t most) {
  return ">= " + std::to_string(least) + (most == kMaxWindow ? "" : " and <= " + std::to_string(most));
}

// `value` as an integer, or an error that shows `whole`, the argument it came in.
int64_t integer_in(py::handle value, py::handle whole, const char* function, const std::string& expected,
                   int64_t least, int64_t most) {
  if (!is_integer(value)) fail<TypeError>(function, expected, shown(whole));
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) throw py::error_already_set();
  int overflow = 0;
  const int64_t n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow || n < least || n > most) fail(function, expected, shown(whole));
  return n;
}

// ((top, bottom), (left, right))
bool is_nested(py::handle value) {
  if (!is_sequence(value)) return false;
  const auto axes = py::reinterpret_borrow<py::sequence>(value);
  return axes.size() == 2 && is_sequence(axes[0]) && is_sequence(axes[1]);
}

void set_nested_padding(Window2d& w, py::handle value, const char* function) {
  const auto axes = py::reinterpret_borrow<py::sequence>(value);
  for (int a = 0; a < 2; ++a) {
    int64_t ends[2];
    parse_pair(axes[a], function, "padding", 0, ends);
    w.padding[a] = ends[0];
    w.padding_end[a] = ends[1];
  }
}

void set_named_padding(Window2d& w, const std::string& name, const char* function) {
  if (name != "same" && name != "valid")
    fail(function, "padding of integers >= 0, \"same\" or \"valid\"", "'" + name + "'");
  if (name == "same" && (w.stride[0] != 1 || w.stride[1] != 1))
    fail(function, "stride 1 with padding=\"same\"",
         "(" + std::to_string(w.stride[0]) + ", " + std::to_string(w.stride[1]) + ")");
  for (int a = 0; a < 2; ++a) {
    const int64_t total = name == "same" ? window_extent(w, a) - 1 : 0;
    w.padding[a] = total / 2;
    w.padding_end[a] = total - total / 2;
  }
}

void set_plain_padding(Window2d& w, py::handle value, const char* function) {
  parse_pair(value, function, "padding", 0, w.padding);
  for (int a = 0; a < 2; ++a) w.padding_end[a] = w.padding[a];
}

}  // namespace

int64_t parse_integer(py::handle value, const char* function, const char* argument, int64_t least,
                      int64_t most) {
  const std::string expected = std::string(argument) + " to be an integer " + range(least, most);
  return integer_in(value, value, function, expected, least, most);
}

void parse_pair(py::handle value, const char* function, const char* argument, int64_t least,
                int64_t (&pair)[2]) {
  const std::string expected =
      std::string(argument) + " to be one or two integers " + range(least, kMaxWindow);
  if (!is_sequence(value)) {
    pair[0] = pair[1] = integer_in(value, value, function, expected, least, kMaxWindow);
    return;
  }
  const auto items = py::reinterpret_borrow<py::sequence>(value);
  if (items.size() != 2) fail(function, expected, shown(value));
  for (int a = 0; a < 2; ++a)
    pair[a] = integer_in(py::object(items[a]), value, function, expected, least, kMaxWindow);
}

Window2d conv_window(const char* function, const int64_t (&kernel)[2], py::handle stride, py::handle padding,
                     py::handle dilation) {
  Window2d w{};
  for (int a = 0; a < 2; ++a) {
    w.kernel[a] = kernel[a];
    if (kernel[a] < 1 || kernel[a] > kMaxWindow)
      fail(function, "a kernel of size 1 … 2^31-1", size_string(kernel[0], kernel[1]));
  }
  parse_pair(stride, function, "stride", 1, w.stride);
  parse_pair(dilation, function, "dilation", 1, w.dilation);
  if (py::isinstance<py::str>(padding)) {
    set_named_padding(w, padding.cast<std::string>(), function);
  } else if (is_nested(padding)) {
    set_nested_padding(w, padding, function);
  } else {
    set_plain_padding(w, padding, function);
  }
  return w;
}

Window2d pool_window(const char* function, py::handle kernel_size, py::handle stride, py::handle padding,
                     py::handle dilation) {
  Window2d w{};
  parse_pair(kernel_size, function, "kernel_size", 1, w.kernel);
  parse_pair(stride.is_none() ? kernel_size : stride, function, "stride", 1, w.stride);
  parse_pair(dilation, function, "dilation", 1, w.dilation);
  set_plain_padding(w, padding, function);
  return w;
}

}  // namespace pydl
