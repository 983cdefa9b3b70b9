// Products of matrices, and of batches of them.
#include "kernels/gemm.h"

#include "core/dispatch.h"
#include "cpu/product/matrices.h"
#include "cpu/product/outer.h"

namespace pydl {
namespace PYDL_ISA {

GemmKernels gemm_kernels();

namespace {

// The leading dimensions and a matrix's own two, as axes.
struct Matrices {
  Axis batch, rows, cols;

  explicit Matrices(const View& v) {
    for (int d = 0; d < v.ndim - 2; ++d) batch.push(v.shape[d], v.strides[d]);
    rows.push(v.shape[v.ndim - 2], v.strides[v.ndim - 2]);
    cols.push(v.shape[v.ndim - 1], v.strides[v.ndim - 1]);
  }
};

bool is_repeated(const View& v) {
  for (int d = 0; d < v.ndim - 2; ++d)
    if (v.shape[d] != 1 && v.strides[d] != 0) return false;
  return true;
}

// All leading dimensions and the rows, as one index.
Axis all_rows(const View& v) {
  Axis axis;
  for (int d = 0; d < v.ndim - 1; ++d) axis.push(v.shape[d], v.strides[d]);
  return axis;
}

// Of the matrix that begins `at` elements into c.
template <class T>
Result<T> make_result(const View& c, int64_t at, const Axis& rows, const Axis& cols, const GemmOptions& o) {
  Result<T> r{data_as<T>(c) + at, rows, cols};
  r.relu = o.relu;
  r.gate = o.gate ? data_as<T>(*o.gate) + at : nullptr;
  if (o.bias) {
    r.col_bias = data_as<T>(*o.bias);
    r.col_bias_step = o.bias->strides[0];
  }
  return r;
}

template <class T>
void run_product(const Strided<T>& a, const Strided<T>& b, const Result<T>& c, int64_t m, int64_t n,
                 int64_t k, bool shared) {
  if (const Outer<T> outer{a, b, c, n}; (k == 1 || k == 2) && n >= Vec<T>::size && outer.fits())
    return k == 1 ? outer.template run<1>(m) : outer.template run<2>(m);
  multiply_matrices(a, b, c, m, n, k, shared);
}

template <class T>
void gemm(const View& a, const View& b, const View& c, const GemmOptions& options) {
  const int64_t k = a.shape[a.ndim - 1], n = c.shape[c.ndim - 1];
  const Matrices am(a), bm(b), cm(c);
  if (numel(c) == 0) return;
  if (is_repeated(b)) {
    const Strided<T> left{data_as<T>(a), all_rows(a), am.cols}, right{data_as<T>(b), bm.cols, bm.rows};
    const Result<T> result = make_result<T>(c, 0, all_rows(c), cm.cols, options);
    return run_product(left, right, result, numel(c) / n, n, k, true);
  }
  const int64_t m = c.shape[c.ndim - 2], matrices = numel(c) / (m * n);
  const bool shared = matrices < 8;
  const auto one = [&](int64_t i) {
    const Strided<T> left{data_as<T>(a) + am.batch.offset(i), am.rows, am.cols};
    const Strided<T> right{data_as<T>(b) + bm.batch.offset(i), bm.cols, bm.rows};
    const Result<T> result = make_result<T>(c, cm.batch.offset(i), cm.rows, cm.cols, options);
    run_product(left, right, result, m, n, k, shared);
  };
  if (shared) {
    for (int64_t i = 0; i < matrices; ++i) one(i);
    return;
  }
  const double work = double(m) * double(n) * double(max64(k, 1));
  const int64_t grain = work >= double(kItemWork) ? 1 : int64_t(double(kItemWork) / work);
  parallel_ranges(matrices, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) one(i);
  });
}

void run_gemm(const View& a, const View& b, const View& c, const GemmOptions& options) {
  dispatch_float(c.dtype, [&](auto zero) { gemm<decltype(zero)>(a, b, c, options); });
}

}  // namespace

GemmKernels gemm_kernels() { return {run_gemm}; }

}  // namespace PYDL_ISA
}  // namespace pydl
