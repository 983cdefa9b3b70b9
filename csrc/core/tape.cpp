#include "core/tape.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <new>

#include "core/memory.h"

namespace pydl {
namespace {

constexpr size_t kAlign = 64, kLeastChunk = size_t(1) << 16, kMostChunk = size_t(1) << 26;
constexpr size_t kMapped = size_t(1) << 22;  // from here on a chunk is a mapping of its own
thread_local Tape* t_recording = nullptr;

}  // namespace

Tape* recording() { return t_recording; }

void set_recording(Tape* tape) { t_recording = tape; }

Arena::~Arena() {
  for (const auto& [first, bytes] : chunks_) {
    char* const data = const_cast<char*>(first);
    bytes < kMapped ? std::free(data) : unmap_pages(data, bytes);
  }
}

// Where memory of a size may begin at or after `free`: what is large has its place in a page (core/memory.h).
char* Arena::placed(char* free, size_t bytes) const {
  const uintptr_t at = reinterpret_cast<uintptr_t>(free);
  return bytes < kPlaced ? free : free + (place_in_page(last_serial_) - at) % kPage;
}

// In the smallest free block that is large enough; in a new one where there is none.
char* Arena::take(size_t bytes) {
  const auto find = [&] {
    auto block = by_size_.lower_bound({bytes, nullptr});
    while (block != by_size_.end() && placed(block->second, bytes) + bytes > block->second + block->first)
      ++block;
    return block;
  };
  auto found = find();
  if (found == by_size_.end()) {
    const size_t least = bytes + 2 * kPage;  // wherever its place, and whole pages
    const size_t chunk = std::max(least, std::min(kMostChunk, std::max(size_, kLeastChunk))) / kPage * kPage;
    void* const memory = chunk < kMapped ? std::aligned_alloc(kPage, chunk) : map_pages(chunk);
    if (!memory) throw std::bad_alloc();
    char* const data = static_cast<char*>(memory);
    chunks_.emplace(data, chunk);
    size_ += chunk;
    list(data, chunk);
    found = find();
  }
  const auto [length, free] = *found;
  char *const data = placed(free, bytes), *const end = free + length;
  unlist(free_.find(free));
  if (free < data) list(free, data - free);
  if (data + bytes < end) list(data + bytes, end - data - bytes);
  living_[data] = {bytes, ++last_serial_};
  return data;
}

// Becomes one with the free blocks beside it.
void Arena::give(char* data, size_t bytes) {
  living_.erase(data);
  if (holds_) return held_.emplace_back(data, bytes), void();
  auto next = free_.lower_bound(data);
  if (next != free_.end() && next->first == data + bytes) {
    bytes += next->second;
    unlist(next++);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == data) {
      data = before->first;
      bytes += before->second;
      unlist(before);
    }
  }
  list(data, bytes);
}

void Arena::list(char* data, size_t bytes) {
  free_.emplace(data, bytes);
  by_size_.emplace(bytes, data);
}

void Arena::unlist(std::map<char*, size_t>::iterator block) {
  by_size_.erase({block->second, block->first});
  free_.erase(block);
}

std::shared_ptr<void> Arena::allocate(size_t bytes) {
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
  bytes = std::max(kAlign, (bytes + kAlign - 1) / kAlign * kAlign);
  void* const data = [&] {
    std::lock_guard<std::mutex> lock(mutex_);
    return take(bytes);
  }();
  return std::shared_ptr<void>(data, [arena = shared_from_this(), bytes](void* block) {
    std::lock_guard<std::mutex> lock(arena->mutex_);
    arena->give(static_cast<char*>(block), bytes);
  });
}

void Arena::rest() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [data, bytes] : free_) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(data);
    const uintptr_t first = (at + kPage - 1) / kPage * kPage, last = (at + bytes) / kPage * kPage;
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
}

bool Arena::owns(const void* data) const {
  const char* const at = static_cast<const char*>(data);
  auto chunk = chunks_.upper_bound(at);
  return chunk != chunks_.begin() && at < (--chunk)->first + chunk->second;
}

uint64_t Arena::serial(const void* data) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = living_.find(static_cast<char*>(const_cast<void*>(data)));
  return found == living_.end() ? 0 : found->second.serial;
}

std::vector<std::pair<char*, size_t>> Arena::living() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<char*, size_t>> blocks;
  for (const auto& [data, block] : living_) blocks.emplace_back(data, block.bytes);
  return blocks;
}

void Arena::hold() {
  std::lock_guard<std::mutex> lock(mutex_);
  holds_ = true;
}

void Arena::let_go() {
  std::lock_guard<std::mutex> lock(mutex_);
  holds_ = false;
  for (const auto& [data, bytes] : held_) give(data, bytes);
  held_.clear();
}

void Tape::offer_join(const View& result, Join join) {
  settle();
  offer_ = Offer{operations_.size(), result, std::move(join)};
  arena_->hold();
}

void Tape::note_rectifier(const Rectifier& rectifier) {
  if (!offer_ || offer_->serial != 0 || offer_->end + 1 != operations_.size()) return;
  const View& result = offer_->result;
  const auto lies_as_result = [&](const View& v) {
    return v.dtype == result.dtype && same_shape(v, result) &&
           std::equal(v.strides, v.strides + v.ndim, result.strides);
  };
  const auto& [from, to, gate, gated] = rectifier;
  const bool fits = lies_as_result(from) && lies_as_result(to) && (!gated || lies_as_result(gate));
  const uint64_t serial = arena_->serial(result.data);
  if (!fits || from.data != result.data || arena_->serial(to.data) <= serial) return;
  offer_->rectifier = rectifier;
  offer_->serial = serial;
}

// The joined operation runs where its rectifier did; the place of the first stays, as others are counted.
void Tape::settle() {
  if (offer_ && offer_->serial != 0 && arena_->serial(offer_->result.data) != offer_->serial) {
    operations_[offer_->end] = offer_->join(offer_->rectifier);
    operations_[offer_->end - 1] = [] {};
    ++joined;
  }
  offer_.reset();
  arena_->let_go();
}

DrawnStream::DrawnStream(RandomStream from) : from_(from) {
  Tape* const tape = recording();
  if (!tape || tape->current < 0) return;
  base_ = &tape->streams[tape->current];
  from_.offset -= base_->offset;
}

}  // namespace pydl
