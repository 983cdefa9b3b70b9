// The module of the second backend: the families that have device kernels, over the same bindings.
// PYDL_MODULE is _cuda on CuPy arrays, or _cuda_emulated on NumPy arrays (cuda/emulation.h).
#include "bindings/errors.h"
#include "bindings/families.h"

PYBIND11_MODULE(PYDL_MODULE, m) {
  pydl::register_errors();
  m.attr("__version__") = PYDL_VERSION;
  pydl::bind_elementwise(m);
}
