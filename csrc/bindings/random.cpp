#include "kernels/random.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

using Shape = std::vector<int64_t>;

// A new array; sizes are checked before their product is used.
py::array result(const char* name, const Shape& shape, DType dtype) {
  int64_t count = 8;
  for (const int64_t size : shape) {
    if (size < 0) fail(name, "sizes >= 0", shape_string(shape.data(), int(shape.size())));
    count = checked_mul(name, count, std::max<int64_t>(size, 1));
  }
  if (shape.size() > kMaxDims) fail(name, "at most 16 dimensions", std::to_string(shape.size()));
  return empty(dtype, shape);
}

DType float_dtype(const char* name, const py::object& dtype) {
  const py::dtype wanted = py::dtype::from_args(dtype);
  if (wanted.equal(py::dtype::of<float>())) return DType::f32;
  if (wanted.equal(py::dtype::of<double>())) return DType::f64;
  fail<TypeError>(name, "dtype float32 or float64", py::str(wanted));
}

void check_finite(const char* name, const char* argument, double value, DType dtype) {
  const bool fits = dtype == DType::f64 ? std::isfinite(value) : std::isfinite(static_cast<float>(value));
  if (!fits) fail(name, std::string("a finite ") + argument, std::to_string(value));
}

// Not on a tape: what a step draws as bits it works on in Python.
py::array bits(int64_t n, uint64_t seed, uint64_t offset, uint64_t stream) {
  if (n < 0) fail("bits", "n >= 0", std::to_string(n));
  checked_mul("bits", n, 4);
  py::array_t<uint32_t> y(n);
  uint32_t* data = y.mutable_data();
  const auto draw = [=] { kernels().random.bits({seed, offset, stream}, data, n); };
  run_kernel(n, draw);
  return y;
}

py::array uniform(const Shape& shape, const py::object& dtype, uint64_t seed, uint64_t offset, double low,
                  double high) {
  const DType type = float_dtype("uniform", dtype);
  check_finite("uniform", "low", low, type);
  check_finite("uniform", "high", high, type);
  if (low > high) fail("uniform", "low <= high", std::to_string(low) + " > " + std::to_string(high));
  check_finite("uniform", "high - low", high - low, type);
  py::array y = result("uniform", shape, type);
  const View view = view_of_result(y);
  const DrawnStream from({seed, offset, 0});
  call_kernel(numel(view), [=] { kernels().random.uniform(from.now(), view, low, high); });
  return y;
}

py::array normal(const Shape& shape, const py::object& dtype, uint64_t seed, uint64_t offset, double mean,
                 double std) {
  const DType type = float_dtype("normal", dtype);
  check_finite("normal", "mean", mean, type);
  check_finite("normal", "std", std, type);
  if (std < 0) fail("normal", "std >= 0", std::to_string(std));
  py::array y = result("normal", shape, type);
  const View view = view_of_result(y);
  const DrawnStream from({seed, offset, 0});
  call_kernel(numel(view), [=] { kernels().random.normal(from.now(), view, mean, std); });
  return y;
}

py::array randint(const Shape& shape, uint64_t seed, uint64_t offset, int64_t low, int64_t high) {
  if (low >= high) fail("randint", "low < high", std::to_string(low) + " >= " + std::to_string(high));
  py::array y = result("randint", shape, DType::i64);
  const View view = view_of_result(y);
  const uint64_t range = uint64_t(high) - uint64_t(low);
  const DrawnStream from({seed, offset, 0});
  call_kernel(numel(view), [=] {
    kernels().random.integers(from.now(), data_as<int64_t>(view), numel(view), low, range);
  });
  return y;
}

py::array bernoulli(const Shape& shape, uint64_t seed, uint64_t offset, double p) {
  if (!(p >= 0 && p <= 1)) fail("bernoulli", "p in [0, 1]", std::to_string(p));
  py::array y = result("bernoulli", shape, DType::u8);
  const View view = view_of_result(y);
  const DrawnStream from({seed, offset, 0});
  call_kernel(numel(view),
              [=] { kernels().random.bernoulli(from.now(), data_as<uint8_t>(view), numel(view), p); });
  return y;
}

// The mask may have size 1 where x has more.
py::array apply_mask(py::handle input, py::handle keep, double scale) {
  const View x = float_view(input, "apply_mask", "input");
  View mask = view_of(keep, "apply_mask", "mask");
  if (mask.dtype != DType::u8) fail<TypeError>("apply_mask", "mask of dtype uint8", to_string(mask.dtype));
  bool fits = mask.ndim == x.ndim;
  for (int d = 0; d < x.ndim && fits; ++d) {
    fits = mask.shape[d] == x.shape[d] || mask.shape[d] == 1;
    if (mask.shape[d] != x.shape[d]) mask.strides[d] = 0;
  }
  if (!fits) fail("apply_mask", "mask that broadcasts to " + shape_string(x), shape_string(mask));
  std::copy(x.shape, x.shape + x.ndim, mask.shape);
  py::array y = empty_like(x);
  const View view = view_of_result(y);
  call_kernel(numel(x), [=] { kernels().random.apply_mask(x, mask, scale, view); });
  return y;
}

}  // namespace

void bind_random(py::module_& m) {
  m.def("bits", &bits, py::arg("n"), py::arg("seed"), py::arg("offset"), py::arg("stream") = 0);
  m.def("uniform", &uniform, py::arg("shape"), py::arg("dtype"), py::arg("seed"), py::arg("offset"),
        py::arg("low") = 0.0, py::arg("high") = 1.0);
  m.def("normal", &normal, py::arg("shape"), py::arg("dtype"), py::arg("seed"), py::arg("offset"),
        py::arg("mean") = 0.0, py::arg("std") = 1.0);
  m.def("randint", &randint, py::arg("shape"), py::arg("seed"), py::arg("offset"), py::arg("low"),
        py::arg("high"));
  m.def("bernoulli", &bernoulli, py::arg("shape"), py::arg("seed"), py::arg("offset"), py::arg("p"));
  m.def("apply_mask", &apply_mask, py::arg("input"), py::arg("mask"), py::arg("scale"));
}

}  // namespace pydl
