#include "core/memory.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>

namespace pydl {
namespace {

constexpr int kSteps = 8;                        // sizes from one power of two to the next
constexpr int64_t kLeast = 512;                  // bytes
constexpr int64_t kMost = INT64_C(1) << 46;      // no processor addresses more
constexpr int64_t kMapped = INT64_C(256) << 10;  // from here on a block is a mapping of its own
constexpr int64_t kHugePage = INT64_C(2) << 20;
constexpr int64_t kSlack = INT64_C(16) << 20;  // kept whatever was in use
constexpr int64_t kWindow = 4096;              // blocks taken: how long "lately" is, at least
constexpr int kShelves = (47 - 6) * kSteps;

// The sizes are m · 2^shift with m in 8 … 15.
struct SizeClass {
  int shelf;
  int64_t bytes;

  explicit SizeClass(int64_t wanted) {
    const int64_t least = std::max(wanted, kLeast);
    const int shift = 63 - __builtin_clzll(static_cast<uint64_t>(least)) - 3;
    const int64_t m = (least + (INT64_C(1) << shift) - 1) >> shift;
    shelf = (shift - 6) * kSteps + static_cast<int>(m - kSteps);
    bytes = m << shift;
  }
};

// A free block hangs on its shelf, where the newest is taken first and the oldest is given up first.
struct PooledBlock : MemoryBlock {
  int shelf;
  int64_t put;  // when it was put on its shelf
  PooledBlock *older, *newer;
};

// `number` counts the blocks of a size, which gives each a place.
PooledBlock* block_from_system(const SizeClass& size, uint64_t number) {
  auto* const block = new (std::nothrow) PooledBlock{};
  if (!block) return nullptr;
  const bool placed = size.bytes >= kPlaced;
  void* const start = size.bytes >= kMapped ? map_pages(size.bytes + kPage)
                      : placed              ? std::aligned_alloc(kPage, size.bytes + kPage)
                                            : std::aligned_alloc(64, size.bytes);
  if (start) {
    block->data = static_cast<char*>(start) + (placed ? place_in_page(number) : 0);
    block->bytes = size.bytes;
    block->shelf = size.shelf;
    return block;
  }
  delete block;
  return nullptr;
}

void block_to_system(PooledBlock* block) {
  char* const data = static_cast<char*>(block->data);
  char* const start = block->bytes >= kPlaced ? data - reinterpret_cast<uintptr_t>(data) % kPage : data;
  if (block->bytes >= kMapped) {
    unmap_pages(start, block->bytes + kPage);
  } else {
    std::free(start);
  }
  delete block;
}

// Held for the moving of a pointer, and by a thread that has Python's lock anyway.
std::mutex g_mutex;

// Every function is called with the lock held.
class Pool {
 public:
  PooledBlock* take(int64_t wanted) {
    const SizeClass size(wanted);
    PooledBlock* block = shelves_[size.shelf].newest;
    if (!block && use_.kept > most_kept() - size.bytes) block = larger(size.shelf);
    if (block) {
      unhang(block);
    } else {
      block = fresh(size);
      if (!block) return nullptr;
    }
    use_.in_use += block->bytes;
    note_peak();
    return block;
  }

  void give(PooledBlock* block) {
    use_.in_use -= block->bytes;
    hang(block);
    keep_at_most(most_kept());
  }

  void keep_at_most(int64_t bytes) {
    while (use_.kept > 0 && use_.kept > bytes) {
      PooledBlock* const block = oldest();
      unhang(block);
      block_to_system(block);
    }
  }

  MemoryUse use() const { return use_; }

 private:
  struct Shelf {
    PooledBlock *newest = nullptr, *oldest = nullptr;
    uint64_t made = 0;
  };

  // A block of up to twice the size, which a fresh one would cost: null if there is none.
  PooledBlock* larger(int shelf) const {
    for (int s = shelf + 1; s <= shelf + kSteps && s < kShelves; ++s)
      if (shelves_[s].newest) return shelves_[s].newest;
    return nullptr;
  }

  PooledBlock* fresh(const SizeClass& size) {
    keep_at_most(most_kept() - size.bytes);
    const uint64_t number = shelves_[size.shelf].made++;
    PooledBlock* const block = block_from_system(size, number);
    if (block || use_.kept == 0) return block;
    keep_at_most(0);
    return block_from_system(size, number);
  }

  int64_t most_kept() const {
    const int64_t peak = std::max(std::max(peak_, peak_before_), use_.in_use);
    return peak + peak / 4 + kSlack - use_.in_use;
  }

  void note_peak() {
    peak_ = std::max(peak_, use_.in_use);
    if (++clock_ % kWindow != 0) return;
    peak_before_ = peak_;
    peak_ = use_.in_use;
  }

  void hang(PooledBlock* block) {
    Shelf& shelf = shelves_[block->shelf];
    block->put = clock_;
    block->newer = nullptr;
    block->older = shelf.newest;
    (shelf.newest ? shelf.newest->newer : shelf.oldest) = block;
    shelf.newest = block;
    use_.kept += block->bytes;
  }

  void unhang(PooledBlock* block) {
    Shelf& shelf = shelves_[block->shelf];
    (block->newer ? block->newer->older : shelf.newest) = block->older;
    (block->older ? block->older->newer : shelf.oldest) = block->newer;
    use_.kept -= block->bytes;
  }

  PooledBlock* oldest() const {
    PooledBlock* found = nullptr;
    for (const Shelf& shelf : shelves_)
      if (shelf.oldest && (!found || shelf.oldest->put < found->put)) found = shelf.oldest;
    return found;
  }

  Shelf shelves_[kShelves];
  MemoryUse use_{0, 0};
  int64_t clock_ = 0;                   // blocks taken
  int64_t peak_ = 0, peak_before_ = 0;  // most in use, in this window and in the one before
};

// Never destroyed: arrays may outlive static objects.
Pool& shared_pool() {
  static Pool* const pool = [] {
    // The lock is never held across a fork, so the child finds it free and the shelves whole.
    pthread_atfork([] { g_mutex.lock(); }, [] { g_mutex.unlock(); }, [] { g_mutex.unlock(); });
    return new Pool;
  }();
  return *pool;
}

}  // namespace

MemoryBlock* take_block(int64_t bytes) {
  if (bytes < 0 || bytes > kMost) return nullptr;
  Pool& pool = shared_pool();
  const std::lock_guard<std::mutex> lock(g_mutex);
  return pool.take(bytes);
}

void give_block(MemoryBlock* block) {
  Pool& pool = shared_pool();
  const std::lock_guard<std::mutex> lock(g_mutex);
  pool.give(static_cast<PooledBlock*>(block));
}

MemoryUse memory_use() {
  Pool& pool = shared_pool();
  const std::lock_guard<std::mutex> lock(g_mutex);
  return pool.use();
}

void empty_cache() {
  Pool& pool = shared_pool();
  const std::lock_guard<std::mutex> lock(g_mutex);
  pool.keep_at_most(0);
}

void* map_pages(int64_t bytes) {
  const int64_t spare = bytes >= 2 * kHugePage ? kHugePage : 0;
  void* const start =
      mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  if (spare == 0) return start;
  char* const from = static_cast<char*>(start);
  const int64_t head = -reinterpret_cast<intptr_t>(from) & (kHugePage - 1);
  if (head > 0) munmap(from, head);
  if (spare > head) munmap(from + head + bytes, spare - head);
  madvise(from + head, bytes, MADV_HUGEPAGE);
  return from + head;
}

void unmap_pages(void* start, int64_t bytes) { munmap(start, bytes); }

}  // namespace pydl
