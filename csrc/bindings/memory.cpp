#include "core/memory.h"

#include "bindings/families.h"

namespace py = pybind11;

namespace pydl {

void bind_memory(py::module_& m) {
  // Bytes of results that are alive, and bytes that are kept for the next ones.
  m.def("memory_use", [] {
    const MemoryUse use = memory_use();
    return py::make_tuple(use.in_use, use.kept);
  });
  m.def("empty_cache", &empty_cache);
}

}  // namespace pydl
