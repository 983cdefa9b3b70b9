#include "core/scratch.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace pydl {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t(1)
                             << 21;         // for large blocks: kernels write to many places of one in turn
constexpr size_t kKept = size_t(48) << 20;  // bytes that a thread holds on to

struct Block {
  void* data = nullptr;
  size_t capacity = 0;
};

// AddressSanitizer takes all of a block for the kernel's own: it is told how much of it is, if any. Of these
// bytes all bits are set (NaN, -1), so that tests see what is read before it is written.
void mark(const Block& block, size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(block.data, block.capacity);
  __asan_unpoison_memory_region(block.data, bytes);
  std::memset(block.data, 0xff, bytes);
#else
  (void)block, (void)bytes;
#endif
}

// The free blocks of one thread: the next call of a training step finds its pages mapped.
struct Cache {
  static constexpr int kSlots = 6;
  Block slots[kSlots];

  ~Cache() {
    for (Block& slot : slots) std::free(slot.data);
  }

  // The smallest free block that is large enough.
  Block take(size_t bytes) {
    Block* best = nullptr;
    for (Block& slot : slots)
      if (slot.data && slot.capacity >= bytes && (!best || slot.capacity < best->capacity)) best = &slot;
    if (!best) return {};
    const Block found = *best;
    *best = {};
    return found;
  }

  // Keeps the block in place of an empty slot or of the smallest one; returns what is to be freed.
  void* keep(Block block) {
    Block* smallest = &slots[0];
    size_t held = 0;
    for (Block& slot : slots) {
      held += slot.capacity;
      if (slot.capacity < smallest->capacity) smallest = &slot;
    }
    if (held - smallest->capacity + block.capacity > kKept || block.capacity < smallest->capacity)
      return block.data;
    void* const dropped = smallest->data;
    *smallest = block;
    return dropped;
  }
};

thread_local Cache t_cache;

// One block in use; back in the cache however its user ends.
class Lease {
 public:
  explicit Lease(size_t bytes) : block_(t_cache.take(bytes)) {
    if (!block_.data) allocate(bytes);
    mark(block_, bytes);
  }
  ~Lease() {
    mark(block_, 0);
    std::free(t_cache.keep(block_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  void* data() const { return block_.data; }

 private:
  void allocate(size_t bytes) {
    if (bytes > SIZE_MAX - kHugePage) throw std::bad_alloc();
    const size_t page = bytes < kHugePage ? kPage : kHugePage;
    block_.capacity = bytes < page ? page : (bytes + page - 1) / page * page;
    block_.data = std::aligned_alloc(page, block_.capacity);
    if (!block_.data) throw std::bad_alloc();
    if (page == kHugePage) madvise(block_.data, block_.capacity, MADV_HUGEPAGE);
  }

  Block block_;
};

}  // namespace

void with_scratch_bytes(int64_t bytes, void (*fn)(void* context, void* memory), void* context) {
  if (bytes < 0) throw std::bad_alloc();
  const Lease lease(static_cast<size_t>(bytes));
  fn(context, lease.data());
}

}  // namespace pydl
