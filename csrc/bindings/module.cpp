#include "bindings/errors.h"
#include "bindings/families.h"
#include "core/check.h"
#include "core/isa.h"
#include "core/parallel.h"

namespace py = pybind11;

namespace pydl {
namespace {

void checked_set_num_threads(int64_t n) {
  if (n < 1 || n > 1024) fail("set_num_threads", "n in 1 … 1024", std::to_string(n));
  set_num_threads(static_cast<int>(n));
}

}  // namespace
}  // namespace pydl

PYBIND11_MODULE(_cpu, m) {
  using namespace pydl;
  register_errors();
  m.attr("__version__") = PYDL_VERSION;
  m.def("isa_name", &isa_name);
  m.def("num_threads", &num_threads);
  m.def("set_num_threads", &checked_set_num_threads, py::arg("n"));
  kernels();  // a bad PYDL_ISA is an error of the import, not of the first kernel
  bind_memory(m);
  bind_copy(m);
  bind_elementwise(m);
  bind_reduce(m);
  bind_softmax(m);
  bind_loss(m);
  bind_pool(m);
  bind_gemm(m);
  bind_random(m);
  bind_conv(m);
  bind_norm(m);
  bind_optim(m);
  bind_resample(m);
  bind_tape(m);
  bind_guards(m);
}
