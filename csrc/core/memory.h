// Memory of results. Fresh pages from the system cost more than most kernels that fill them, so a block that
// is given back is kept for the next result of its size.
//
// Sizes are rounded up to one of eight steps between powers of two; blocks are aligned to 64 bytes. The
// shared pool holds at most an eighth (and 16 MiB) more than was lately in use at one time; what is beyond
// that goes back to the system, longest unused first. A forked child may use what it inherits.
//
// A private pool is for who keeps the addresses of blocks, as a recorded step does: blocks come back to the
// pool they were taken from, and while it is not released it neither lends them elsewhere nor gives them up.
#pragma once
#include <cstdint>

namespace pydl {

struct MemoryBlock {
  void* data;
  int64_t bytes;  // at least those asked for
};

// A block from the calling thread's pool; null where there is no memory.
MemoryBlock* take_block(int64_t bytes);

// Back to the pool it came from, on any thread.
void give_block(MemoryBlock* block);

class MemoryPool;

MemoryPool* make_pool();

// Its free blocks go to the system now, those in use when they are given back, the pool itself with the last.
void release_pool(MemoryPool* pool);

// Makes a private pool the calling thread's for as long as it lives.
class UsePool {
 public:
  explicit UsePool(MemoryPool* pool);
  ~UsePool();
  UsePool(const UsePool&) = delete;
  UsePool& operator=(const UsePool&) = delete;

 private:
  MemoryPool* const before_;
};

// Whether the calling thread's pool is a private one: then every result must come from it, however small.
bool in_private_pool();

// Of the shared pool, in bytes.
struct MemoryUse {
  int64_t in_use, kept;
};
MemoryUse memory_use();

// Gives all that the shared pool keeps back to the system.
void empty_cache();

}  // namespace pydl
