#include "kernels/gemm.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

Activation parse_activation(const std::string& name, const char* function) {
  static const char* const names[] = {"none", "relu", "leaky_relu", "sigmoid", "tanh"};
  for (int i = 0; i < 5; ++i)
    if (name == names[i]) return static_cast<Activation>(i);
  fail(function, "activation none, relu, leaky_relu, sigmoid or tanh", "'" + name + "'");
}

View at_least_2d(py::handle array, const char* function, const char* argument) {
  const View v = float_view(array, function, argument);
  if (v.ndim < 2)
    fail(function, std::string(argument) + " of at least 2 dimensions", "shape " + shape_string(v));
  return v;
}

// `v` with the leading dimensions of `shape`; stretched ones get stride 0.
View with_batch(const View& v, const std::vector<int64_t>& shape) {
  const int ndim = static_cast<int>(shape.size()), added = ndim - v.ndim;
  View out{v.data, v.dtype, ndim, {}, {}};
  for (int d = 0; d < ndim; ++d) {
    const bool own = d >= added, matrix = d >= ndim - 2;
    out.shape[d] = matrix ? v.shape[d - added] : shape[d];
    out.strides[d] = own && (matrix || v.shape[d - added] != 1) ? v.strides[d - added] : 0;
  }
  return out;
}

// Shape of a @ b, or ValueError.
std::vector<int64_t> product_shape(const View& a, const View& b, const char* function) {
  const auto mismatch = [&] {
    fail(function, "shapes (…, M, K) and (…, K, N) whose leading dimensions broadcast",
         shape_string(a) + " and " + shape_string(b));
  };
  if (a.shape[a.ndim - 1] != b.shape[b.ndim - 2]) mismatch();
  const int ndim = std::max(a.ndim, b.ndim);
  std::vector<int64_t> shape(ndim);
  for (int d = 0; d < ndim - 2; ++d) {
    const int da = d - (ndim - a.ndim), db = d - (ndim - b.ndim);
    const int64_t na = da < 0 ? 1 : a.shape[da], nb = db < 0 ? 1 : b.shape[db];
    if (na != nb && na != 1 && nb != 1) mismatch();
    shape[d] = na == 1 ? nb : na;
  }
  shape[ndim - 2] = a.shape[a.ndim - 2];
  shape[ndim - 1] = b.shape[b.ndim - 1];
  return shape;
}

int64_t checked_size(const std::vector<int64_t>& shape, const char* function) {
  int64_t n = 1;
  for (const int64_t size : shape) n = checked_mul(function, n, size);
  checked_mul(function, n, sizeof(double));
  return n;
}

// Multiply-adds, at most 2^62: only ever compared.
int64_t work_of(int64_t results, int64_t k) {
  const double work = double(results) * double(k);
  return work < 4e18 ? static_cast<int64_t>(work) : INT64_C(1) << 62;
}

void multiply(const View& a, const View& b, const View& c, GemmOptions options, const OptionalView& bias) {
  call_kernel(work_of(numel(c), a.shape[a.ndim - 1]), [=]() mutable {
    options.bias = bias.get();
    kernels().gemm.gemm(a, b, c, options);
  });
}

py::array product(const View& a, const View& b, py::array out, const std::vector<int64_t>& shape,
                  const GemmOptions& options, const OptionalView& bias = {}) {
  multiply(with_batch(a, shape), with_batch(b, shape), view_of_result(out), options, bias);
  return out;
}

py::array matmul(py::handle a, py::handle b) {
  const View va = at_least_2d(a, "matmul", "input"), vb = at_least_2d(b, "matmul", "other");
  check_same_dtype(va, vb, "matmul", "input", "other");
  const auto shape = product_shape(va, vb, "matmul");
  checked_size(shape, "matmul");
  return product(va, vb, empty(va.dtype, shape), shape, {});
}

// activation(alpha · a @ b + beta · c + bias)
py::array gemm(py::handle a, py::handle b, py::handle c, double alpha, double beta, py::handle bias,
               const std::string& activation, double slope) {
  const View va = at_least_2d(a, "gemm", "a"), vb = at_least_2d(b, "gemm", "b");
  check_same_dtype(va, vb, "gemm", "a", "b");
  const auto shape = product_shape(va, vb, "gemm");
  checked_size(shape, "gemm");
  GemmOptions options{alpha, beta, nullptr, parse_activation(activation, "gemm"), slope};
  const OptionalView vbias = bias_view(bias, va, shape.back(), "gemm");
  if (c.is_none()) {
    options.beta = 0;
    return product(va, vb, empty(va.dtype, shape), shape, options, vbias);
  }
  const View vc = float_view(c, "gemm", "c");
  check_same_dtype(va, vc, "gemm", "a", "c");
  if (std::vector<int64_t>(vc.shape, vc.shape + vc.ndim) != shape)
    fail("gemm", "c of shape " + shape_string(shape.data(), static_cast<int>(shape.size())),
         shape_string(vc));
  py::array out = c.attr("copy")();
  return product(va, vb, out, shape, options, vbias);
}

py::array linear(py::handle input, py::handle weight, py::handle bias, const std::string& activation,
                 double slope) {
  const View x = float_view(input, "linear", "input"), w = float_view(weight, "linear", "weight");
  check_same_dtype(x, w, "linear", "input", "weight");
  if (w.ndim != 2) fail("linear", "weight of shape (out, in)", shape_string(w));
  if (x.ndim < 1 || x.shape[x.ndim - 1] != w.shape[1])
    fail("linear", "input of shape (…, " + std::to_string(w.shape[1]) + ") for weight " + shape_string(w),
         shape_string(x));
  GemmOptions options;
  options.activation = parse_activation(activation, "linear");
  options.slope = slope;
  const OptionalView vbias = bias_view(bias, x, w.shape[0], "linear");
  std::vector<int64_t> shape(x.shape, x.shape + x.ndim);
  shape.back() = w.shape[0];
  checked_size(shape, "linear");
  py::array out = empty(x.dtype, shape);
  View y = view_of_result(out), rows = x;
  if (x.ndim == 1) {  // one row
    rows = View{x.data, x.dtype, 2, {1, x.shape[0]}, {0, x.strides[0]}};
    y = View{y.data, y.dtype, 2, {1, w.shape[0]}, {0, 1}};
  }
  View transposed{w.data, w.dtype, 2, {w.shape[1], w.shape[0]}, {w.strides[1], w.strides[0]}};
  const View right = with_batch(transposed, std::vector<int64_t>(y.shape, y.shape + y.ndim));
  multiply(rows, right, y, options, vbias);
  return out;
}

}  // namespace

void bind_gemm(py::module_& m) {
  m.def("matmul", &matmul, py::arg("input"), py::arg("other"));
  m.def("gemm", &gemm, py::arg("a"), py::arg("b"), py::arg("c") = py::none(), py::arg("alpha") = 1.0,
        py::arg("beta") = 0.0, py::arg("bias") = py::none(), py::arg("activation") = "none",
        py::arg("slope") = 0.01);
  m.def("linear", &linear, py::arg("input"), py::arg("weight"), py::arg("bias") = py::none(),
        py::arg("activation") = "none", py::arg("slope") = 0.01);
}

}  // namespace pydl
