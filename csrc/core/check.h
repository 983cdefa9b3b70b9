// Errors of one form: "[function] expected <argument and what it should be>, got <what came>".
#pragma once
#include <cstdint>
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
[[noreturn]] static inline void fail(const std::string& function, const std::string& expected,
                                     const std::string& got) {
  throw Error("[" + function + "] expected " + expected + ", got " + got);
}

std::string to_string(DType dtype);

// "(2, 3)", "(4,)", "()"
std::string shape_string(const int64_t* shape, int ndim);
std::string shape_string(const View& v);

// a * b and a + b for sizes that must be representable; an overflow is the caller's impossible argument.
int64_t checked_mul(const std::string& function, int64_t a, int64_t b);
int64_t checked_add(const std::string& function, int64_t a, int64_t b);

}  // namespace pydl
