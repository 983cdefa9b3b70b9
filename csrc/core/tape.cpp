#include "core/tape.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace pydl {
namespace {

constexpr size_t kAlign = 64, kChunk = size_t(1) << 20;
constexpr uintptr_t kPage = 4096;
thread_local Tape* t_recording = nullptr;

}  // namespace

Tape* recording() { return t_recording; }

void set_recording(Tape* tape) { t_recording = tape; }

Arena::~Arena() {
  for (const auto& [first, bytes] : chunks_) std::free(const_cast<char*>(first));
}

// The smallest free block that is large enough, unless most of it would be wasted; else new memory.
void* Arena::take(size_t bytes) {
  const auto found = free_.lower_bound(bytes);
  if (found != free_.end() && found->first <= 2 * bytes) {
    void* const data = found->second;
    free_.erase(found);
    return data;
  }
  if (static_cast<size_t>(end_ - next_) < bytes) {
    const size_t chunk = std::max(bytes, std::min(kChunk, std::max(size_, kChunk / 16)));
    next_ = static_cast<char*>(std::aligned_alloc(kAlign, chunk));
    end_ = next_ ? next_ + chunk : nullptr;
    if (!next_) throw std::bad_alloc();
    chunks_.emplace(next_, chunk);
    size_ += chunk;
  }
  void* const data = next_;
  next_ += bytes;
  return data;
}

std::shared_ptr<void> Arena::allocate(size_t bytes) {
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
  bytes = std::max(kAlign, (bytes + kAlign - 1) / kAlign * kAlign);
  std::lock_guard<std::mutex> lock(mutex_);
  return std::shared_ptr<void>(take(bytes), [arena = shared_from_this(), bytes](void* data) {
    std::lock_guard<std::mutex> lock(arena->mutex_);
    arena->free_.emplace(bytes, data);
  });
}

void Arena::rest() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [bytes, data] : free_) {
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

DrawnStream::DrawnStream(RandomStream from) : from_(from) {
  Tape* const tape = recording();
  if (!tape || tape->current < 0) return;
  base_ = &tape->streams[tape->current];
  from_.offset -= base_->offset;
}

}  // namespace pydl
