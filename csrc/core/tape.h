// A recorded step: every kernel of one call, with the addresses it was called with, to be run again in order.
//
// While a tape records on a thread, results made there come from a pool of its own, in which memory that was
// given back is used again by later results. So the lifetimes of the recorded call plan the memory of every
// replay.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/memory.h"
#include "kernels/random.h"

namespace pydl {

class Tape {
 public:
  using Operation = std::function<void()>;

  Tape() : pool_(make_pool()) {}
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Record on this thread, on which nothing else is recorded.
  void begin();
  void end();

  void add(Operation operation) { operations_.push_back(std::move(operation)); }
  size_t size() const { return operations_.size(); }

  // Runs every operation in the order of recording; an exception ends it, after `done` of them.
  void replay() {
    for (done = 0; done < operations_.size(); ++done) operations_[done]();
  }
  size_t done = 0;

  // A result has this memory of the pool.
  void note_block(const void* data, int64_t bytes) { blocks_[static_cast<const char*>(data)] = bytes; }
  bool owns(const void* data) const;
  int64_t bytes() const;

  // Something that an operation needs alive.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

  // Where the numbers of a generator begin in this run; new numbers are drawn from stream `current`, -1:
  // none.
  std::deque<RandomStream> streams;
  int current = -1;

 private:
  MemoryPool* const pool_;
  std::unique_ptr<UsePool> use_;  // while it records
  std::map<const char*, int64_t> blocks_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<Operation> operations_;  // gone before what they need
};

// The tape that records on this thread, or null.
Tape* recording();

// The stream of one kernel: as far from the beginning of its generator in every replay as in the recording.
class DrawnStream {
 public:
  explicit DrawnStream(RandomStream from);
  RandomStream now() const {
    return base_ ? RandomStream{base_->seed, base_->offset + from_.offset, from_.stream} : from_;
  }

 private:
  RandomStream from_;
  const RandomStream* base_ = nullptr;
};

}  // namespace pydl
