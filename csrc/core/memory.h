// Memory of results. Fresh pages from the system cost more than most kernels that fill them, so a block that
// is given back is kept for the next result of its size.
//
// Sizes are rounded up to one of eight steps between powers of two; blocks are aligned to 64 bytes. The
// pool holds at most a quarter (and 16 MiB) more than was lately in use at one time; what is beyond
// that goes back to the system, longest unused first; before it comes to that, a result is given a block of
// up to twice its size. A forked child may use what it inherits.
#pragma once
#include <cstdint>

namespace pydl {

struct MemoryBlock {
  void* data;
  int64_t bytes;  // at least those asked for
};

// Null where there is no memory.
MemoryBlock* take_block(int64_t bytes);

// On any thread.
void give_block(MemoryBlock* block);

// In bytes.
struct MemoryUse {
  int64_t in_use, kept;
};
MemoryUse memory_use();

// Gives all that is kept back to the system.
void empty_cache();

}  // namespace pydl
