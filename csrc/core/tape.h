// A recorded step: every kernel of one call, with the addresses it was called with, to be run again in order.
//
// While a tape records on a thread, results made there come from its arena, in which memory that was given
// back is used again by later results. The lifetimes of the recorded call thus plan the memory of every
// replay.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/view.h"
#include "kernels/random.h"

namespace pydl {

// The memory of a tape's results. It lives as long as the tape or one of its blocks.
class Arena : public std::enable_shared_from_this<Arena> {
 public:
  ~Arena();
  // Memory of at least `bytes`, aligned to 64, given back when the last copy of the pointer is gone.
  std::shared_ptr<void> allocate(size_t bytes);
  bool owns(const void* data) const;
  // Of the living result that begins there, unlike that of any before; 0 where there is none.
  uint64_t serial(const void* data);
  // While it holds, memory that is given back is not used again.
  void hold();
  void let_go();
  // The memory of the living results, by first byte and size.
  std::vector<std::pair<char*, size_t>> living();
  size_t size() const { return size_; }
  // Between two replays: the pages that no living result occupies go back to the system until they are
  // written.
  void rest();

 private:
  char* placed(char* free, size_t bytes) const;
  char* take(size_t bytes);
  void give(char* data, size_t bytes);
  void list(char* data, size_t bytes);
  void unlist(std::map<char*, size_t>::iterator block);

  std::map<const char*, size_t> chunks_;        // by first byte
  std::map<char*, size_t> free_;                // by first byte, no two side by side
  std::set<std::pair<size_t, char*>> by_size_;  // the same
  size_t size_ = 0;
  struct Living {
    size_t bytes;
    uint64_t serial;
  };
  std::map<char*, Living> living_;  // by first byte
  uint64_t last_serial_ = 0;
  bool holds_ = false;
  std::vector<std::pair<char*, size_t>> held_;
  std::mutex mutex_;
};

// ReLU, or its gradient: `to` is max(from, 0), or `from` where `gate` is above 0 and else 0.
struct Rectifier {
  View from, to, gate;
  bool gated;
};

class Tape {
 public:
  using Operation = std::function<void()>;

  void add(Operation operation) {
    if (offer_ && offer_->end < operations_.size()) settle();
    operations_.push_back(std::move(operation));
  }
  // Nothing more is recorded.
  void finish() { settle(); }

  // The last operation's result, and how the operation is made that does it and, in the same pass, what a
  // Rectifier does to that result. One that comes next joins it, if the result between is gone by the time of
  // the operation after: nothing else has read it then. What the operation reads stays as it is until the
  // Rectifier has its memory.
  using Join = std::function<Operation(const Rectifier&)>;
  void offer_join(const View& result, Join join);
  void note_rectifier(const Rectifier& rectifier);
  size_t joined = 0;  // rectifiers

  // Runs every operation in the order of recording; an exception ends it, after `done` of them.
  void replay() {
    for (done = 0; done < operations_.size(); ++done) operations_[done]();
  }
  size_t size() const { return operations_.size(); }
  Arena& arena() { return *arena_; }

  // Something that an operation needs alive.
  void keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

  size_t done = 0;

  // Where the numbers of a generator begin in this run; new numbers are drawn from stream `current`, -1:
  // none.
  std::deque<RandomStream> streams;
  int current = -1;

 private:
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<Operation> operations_;  // gone before what they need

  void settle();

  struct Offer {
    size_t end;  // operations when it was made
    View result;
    Join join;
    Rectifier rectifier{};
    uint64_t serial = 0;  // of the result, once there is a rectifier
  };
  std::optional<Offer> offer_;
};

// The tape that records on this thread, or null.
Tape* recording();
void set_recording(Tape* tape);

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
