// Memory of results. Fresh pages from the system cost more than most kernels that fill them, so a block that
// is given back is kept for the next result of its size.
//
// Sizes are rounded up to one of eight steps between powers of two. The pool holds at most a quarter (and
// 16 MiB) more than was lately in use at one time; what is beyond that goes back to the system, longest
// unused first; before it comes to that, a result is given a block of up to twice its size. A forked child
// may use what it inherits.
//
// Blocks are aligned to 64 bytes.
#pragma once
#include <cstdint>

namespace pydl {

// Large blocks begin at one of several places in a page, in turn: a load waits for a store just before it
// whose address is a few bytes off modulo a page, and arrays that lie alike in their pages can push each
// other out of the first cache. A step of Adam was seen to take three quarters longer then.
constexpr int64_t kPage = 4096;
constexpr int64_t kPlaced = 16 * kPage;  // the smallest block that has a place

// Of the block of that number. So many that tensors of one size rarely come in a multiple of them.
constexpr int64_t place_in_page(uint64_t number) { return static_cast<int64_t>(number % 13) * 256; }

struct MemoryBlock {
  void* data;
  int64_t bytes;  // at least those asked for
};

// Null where there is no memory.
MemoryBlock* take_block(int64_t bytes);

// On any thread.
void give_block(MemoryBlock* block);

// In bytes, without the page that gives a large block its place.
struct MemoryUse {
  int64_t in_use, kept;
};
MemoryUse memory_use();

// Gives all that is kept back to the system.
void empty_cache();

// Pages from the system, huge ones where some fit; null where there is no memory.
void* map_pages(int64_t bytes);
void unmap_pages(void* start, int64_t bytes);

}  // namespace pydl
