#include "core/memory.h"

#include <memory>

#include "bindings/families.h"

namespace py = pybind11;

namespace pydl {
namespace {

// with PrivatePool() as pool: results made on this thread are the pool's, as core/memory.h says.
class PrivatePool {
 public:
  PrivatePool() : pool_(make_pool()) {}
  ~PrivatePool() {
    exit();
    release_pool(pool_);
  }
  PrivatePool(const PrivatePool&) = delete;
  PrivatePool& operator=(const PrivatePool&) = delete;

  void enter() { use_ = std::make_unique<UsePool>(pool_); }
  void exit() { use_.reset(); }

 private:
  MemoryPool* const pool_;
  std::unique_ptr<UsePool> use_;
};

}  // namespace

void bind_memory(py::module_& m) {
  // Bytes of results that are alive, and bytes that are kept for the next ones.
  m.def("memory_use", [] {
    const MemoryUse use = memory_use();
    return py::make_tuple(use.in_use, use.kept);
  });
  m.def("empty_cache", &empty_cache);
  py::class_<PrivatePool>(m, "PrivatePool")
      .def(py::init<>())
      .def("__enter__", [](py::object self) { return self.cast<PrivatePool&>().enter(), self; })
      .def("__exit__", [](PrivatePool& pool, const py::args&) { pool.exit(); });
}

}  // namespace pydl
