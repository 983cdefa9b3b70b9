// Errors of one form: "[function] expected <argument and what it should be>, got <what came>".
#pragma once
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

#include "core/view.h"

namespace pydl {

struct TypeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct IndexError : std::out_of_range {
  using std::out_of_range::out_of_range;
};

template <class Error = std::invalid_argument>
[[noreturn]] inline void fail(const std::string& function, const std::string& expected,
                              const std::string& got) {
  throw Error("[" + function + "] expected " + expected + ", got " + got);
}

inline std::string to_string(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "float32";
    case DType::f64:
      return "float64";
    case DType::i64:
      return "int64";
    case DType::u8:
      return "uint8";
    case DType::b8:
      return "bool";
  }
  return "unknown";
}

// "(2, 3)", "(4,)", "()"
inline std::string shape_string(const int64_t* shape, int ndim) {
  std::ostringstream text;
  text << "(";
  for (int i = 0; i < ndim; ++i) text << (i ? ", " : "") << shape[i];
  text << (ndim == 1 ? ",)" : ")");
  return text.str();
}

inline std::string shape_string(const View& v) { return shape_string(v.shape, v.ndim); }

// a * b for sizes that must be representable; an overflow is the caller's impossible argument.
inline int64_t checked_mul(const std::string& function, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    fail(function, "sizes whose product fits in 63 bits", std::to_string(a) + " * " + std::to_string(b));
  return product;
}

inline int64_t checked_add(const std::string& function, int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    fail(function, "sizes whose sum fits in 63 bits", std::to_string(a) + " + " + std::to_string(b));
  return sum;
}

}  // namespace pydl
