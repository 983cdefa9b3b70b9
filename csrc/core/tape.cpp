#include "core/tape.h"

namespace pydl {
namespace {

thread_local Tape* t_recording = nullptr;

}  // namespace

Tape* recording() { return t_recording; }

Tape::~Tape() {
  if (t_recording == this) end();
  release_pool(pool_);
}

void Tape::begin() {
  use_ = std::make_unique<UsePool>(pool_);
  t_recording = this;
}

void Tape::end() {
  t_recording = nullptr;
  use_.reset();
}

bool Tape::owns(const void* data) const {
  const char* const at = static_cast<const char*>(data);
  auto block = blocks_.upper_bound(at);
  return block != blocks_.begin() && at < (--block)->first + block->second;
}

int64_t Tape::bytes() const {
  int64_t total = 0;
  for (const auto& [first, bytes] : blocks_) total += bytes;
  return total;
}

DrawnStream::DrawnStream(RandomStream from) : from_(from) {
  Tape* const tape = recording();
  if (!tape || tape->current < 0) return;
  base_ = &tape->streams[tape->current];
  from_.offset -= base_->offset;
}

}  // namespace pydl
