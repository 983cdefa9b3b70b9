#include "kernels/gemm.h"

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

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

// A product with all that the call needs, by value.
struct Product {
  View a, b, c;
  OptionalView bias, gate;
  bool relu = false;

  void operator()() const { kernels().gemm.gemm(a, b, c, {bias.get(), relu, gate.get()}); }

  void operator()(const Rectifier& next) const {
    Product both = *this;
    both.c = next.to;
    both.relu = !next.gated;
    if (next.gated) both.gate = {next.gate, true};
    both();
  }
};

void multiply(const Product& product) {
  const View &a = product.a, &c = product.c;
  call_kernel(work_of(numel(c), a.shape[a.ndim - 1]), Product(product));
  if (!product.relu && !product.gate.present) offer_join(c, product);
}

py::array matmul(py::handle a, py::handle b, py::handle gate) {
  const View va = at_least_2d(a, "matmul", "input"), vb = at_least_2d(b, "matmul", "other");
  check_same_dtype(va, vb, "matmul", "input", "other");
  const auto shape = product_shape(va, vb, "matmul");
  checked_size(shape, "matmul");
  py::array out = empty(va.dtype, shape);
  Product product{with_batch(va, shape), with_batch(vb, shape), view_of_result(out), {}, {}};
  if (!gate.is_none()) {
    product.gate = {float_view(gate, "matmul", "gate"), true};
    check_same_dtype(va, product.gate.view, "matmul", "input", "gate");
    if (!same_shape(product.gate.view, product.c) || !is_contiguous(product.gate.view))
      fail("matmul", "a contiguous gate of shape " + shape_string(product.c),
           shape_string(product.gate.view));
  }
  multiply(product);
  return out;
}

py::array linear(py::handle input, py::handle weight, py::handle bias, bool relu) {
  const View x = float_view(input, "linear", "input"), w = float_view(weight, "linear", "weight");
  check_same_dtype(x, w, "linear", "input", "weight");
  if (w.ndim != 2) fail("linear", "weight of shape (out, in)", shape_string(w));
  if (x.ndim < 1 || x.shape[x.ndim - 1] != w.shape[1])
    fail("linear", "input of shape (…, " + std::to_string(w.shape[1]) + ") for weight " + shape_string(w),
         shape_string(x));
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
  const View transposed{w.data, w.dtype, 2, {w.shape[1], w.shape[0]}, {w.strides[1], w.strides[0]}};
  const View right = with_batch(transposed, std::vector<int64_t>(y.shape, y.shape + y.ndim));
  multiply({rows, right, y, vbias, {}, relu});
  return out;
}

}  // namespace

void bind_gemm(py::module_& m) {
  m.def("matmul", &matmul, py::arg("input"), py::arg("other"), py::arg("gate") = py::none());
  m.def("linear", &linear, py::arg("input"), py::arg("weight"), py::arg("bias") = py::none(),
        py::arg("relu") = false);
}

}  // namespace pydl
