#include "core/check.h"

namespace pydl {

std::string to_string(DType dtype) {
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

// No stream: beside a library that carries another C++ runtime its locale may be that one's, and crash.
std::string shape_string(const int64_t* shape, int ndim) {
  std::string text = "(";
  for (int i = 0; i < ndim; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (ndim == 1 ? ",)" : ")");
}

std::string shape_string(const View& v) { return shape_string(v.shape, v.ndim); }

int64_t checked_mul(const std::string& function, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    fail(function, "sizes whose product fits in 63 bits", std::to_string(a) + " * " + std::to_string(b));
  return product;
}

int64_t checked_add(const std::string& function, int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    fail(function, "sizes whose sum fits in 63 bits", std::to_string(a) + " + " + std::to_string(b));
  return sum;
}

}  // namespace pydl
