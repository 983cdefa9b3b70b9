#include "core/scratch.h"

#include <cstddef>
#include <memory>
#include <new>

namespace pydl {

void with_scratch_bytes(int64_t bytes, void (*fn)(void* context, void* memory), void* context) {
  struct Free {
    void operator()(void* p) const { ::operator delete(p, std::align_val_t(64)); }
  };
  const std::unique_ptr<void, Free> memory(::operator new(static_cast<size_t>(bytes), std::align_val_t(64)));
  fn(context, memory.get());
}

}  // namespace pydl
