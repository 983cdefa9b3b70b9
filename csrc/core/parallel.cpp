#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pydl {
namespace {

// Subnormals make vector arithmetic up to forty times slower; they are flushed inside kernels only.
class FlushSubnormals {
 public:
#if defined(__x86_64__)
  FlushSubnormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }
  ~FlushSubnormals() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#endif
};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Each thread has a share of the items, one after another, and takes from the others' when its own is done.
// So a thread meets the part of an array that it wrote in the kernel before, in the cache of its core.
class Job {
 public:
  std::exception_ptr error{};

  Job(ItemFunction fn, void* context, int64_t items, int threads)
      : fn_(fn), context_(context), shares_(std::min(threads, kMostShares)) {
    for (int i = 0; i < shares_; ++i) {
      share_[i].next.store(items * i / shares_, std::memory_order_relaxed);
      share_[i].end = items * (i + 1) / shares_;
    }
  }

  void work(int thread) {
    FlushSubnormals guard;
    for (int i = 0; i < shares_; ++i) {
      Share& share = share_[(thread + i) % shares_];
      for (;;) {
        const int64_t item = share.next.fetch_add(1, std::memory_order_relaxed);
        if (item >= share.end) break;
        run(item);
      }
    }
  }

 private:
  static constexpr int kMostShares = 64;

  struct alignas(64) Share {
    std::atomic<int64_t> next;
    int64_t end;
  };

  void run(int64_t item) {
    try {
      fn_(context_, item);
    } catch (...) {
      if (!failed_.exchange(true)) error = std::current_exception();
      for (int i = 0; i < shares_; ++i) share_[i].next.store(share_[i].end);  // later items are not started
    }
  }

  ItemFunction fn_;
  void* context_;
  int shares_;
  std::atomic<bool> failed_{false};
  Share share_[kMostShares];
};

// The gap between two kernels of one training step; who waits longer sleeps.
constexpr std::chrono::microseconds kSpin(100);

// Waits for done() with the processor in hand; false where it is not true within kSpin.
template <class F>
bool spin_until(F&& done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// One job at a time, that of the caller who holds use_:
//   it sets job_, and makes the job known by storing a state_ of a new number that is open;
//   a worker joins by a compare-exchange that counts it as active, which fails where the state is that of
//   another job, or the job is closed or has all the helpers it may have;
//   the caller works too, closes the job when no item is left to begin, and waits until no one is active.
// job_ need not be atomic: only workers that have joined read it, after the store that made the job known,
// and it is not set again before all of them have left.
class Pool {
 public:
  // True when the job was run; false when the pool is in use by another thread.
  bool try_run(Job& job, int threads) {
    std::unique_lock<std::mutex> use(use_, std::try_to_lock);
    if (!use.owns_lock()) return false;
    grow(threads - 1);
    const uint64_t helpers = std::min<uint64_t>(threads - 1, workers_);
    job_ = &job;
    generation_ += kGeneration;
    state_.store(generation_ | helpers * kHelper | kOpen);
    if (sleepers_.load() > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      wake_.notify_all();
    }
    job.work(0);
    state_.fetch_and(~kOpen);
    const auto all_done = [this] { return (state_.load(std::memory_order_acquire) & kActive) == 0; };
    if (!spin_until(all_done)) {
      std::unique_lock<std::mutex> lock(mutex_);
      state_.fetch_or(kWaiting);
      done_.wait(lock, all_done);
    }
    return true;
  }

 private:
  // Parts of state_: workers in the job, how many of them may be, whether one may still join, whether the
  // caller sleeps until they are done; above them the number of the job.
  static constexpr uint64_t kActive = 0xffff, kHelper = uint64_t(1) << 16, kHelpers = 0xffff * kHelper,
                            kOpen = uint64_t(1) << 32, kWaiting = kOpen << 1, kGeneration = kOpen << 2;

  static uint64_t generation(uint64_t state) { return state & ~(kGeneration - 1); }

  void grow(int wanted) {
    while (workers_ < wanted) {
      // Signals belong to the interpreter's thread.
      sigset_t all, before;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
      bool started = true;
      try {
        std::thread([this, number = workers_ + 1] { serve(number); }).detach();
      } catch (const std::exception&) {
        started = false;  // no more threads to be had, or no memory for one: fewer are used
      }
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      if (!started) return;
      ++workers_;
    }
  }

  // The worker of that number, from 1 on.
  void serve(int number) {
    uint64_t seen = 0;
    for (;;) {
      const auto has_more = [&] { return generation(state_.load()) != seen; };
      if (!spin_until(has_more)) sleep_until(has_more);
      uint64_t state = state_.load(std::memory_order_acquire);
      seen = generation(state);
      if (!join(state, number)) continue;
      job_->work(number);
      leave();
    }
  }

  // The caller looks for sleepers after it has made a job known, a sleeper for a job after it has become one:
  // one of them sees the other.
  template <class F>
  void sleep_until(F&& has_more) {
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1);
    wake_.wait(lock, has_more);
    sleepers_.fetch_sub(1);
  }

  // Whether the worker has become one of the job of `state`: until it leaves, the caller waits.
  bool join(uint64_t state, uint64_t number) {
    const uint64_t job = generation(state);
    while (generation(state) == job && (state & kOpen) && number <= (state & kHelpers) / kHelper)
      if (state_.compare_exchange_weak(state, state + 1)) return true;
    return false;
  }

  void leave() {
    const uint64_t before = state_.fetch_sub(1);
    if ((before & kActive) != 1 || !(before & kWaiting)) return;
    std::lock_guard<std::mutex> lock(mutex_);
    done_.notify_one();
  }

  // Read together by a worker that begins.
  alignas(64) std::atomic<uint64_t> state_{0};
  Job* job_ = nullptr;

  alignas(64) std::atomic<int> sleepers_{0};
  std::mutex use_;                       // held by the caller whose job this is
  std::mutex mutex_;                     // of those who sleep
  std::condition_variable wake_, done_;  // of workers, of the caller
  uint64_t generation_ = 0;
  int workers_ = 0;
};

std::atomic<Pool*> g_pool{nullptr};
std::atomic<int> g_threads{0};

// Whether this thread is a caller whose job runs. Such a one must not try to lock use_ again, which it holds;
// a worker may, and is refused as long as the job it works on lasts.
thread_local bool t_inside = false;

// The parent's threads do not exist in the child and its locks may be held for ever: leave them behind.
void forget_pool() {
  g_pool.store(nullptr);
  t_inside = false;
}

Pool& pool() {
  Pool* current = g_pool.load(std::memory_order_acquire);
  if (current) return *current;
  static std::once_flag registered;
  std::call_once(registered, [] { pthread_atfork(nullptr, nullptr, forget_pool); });
  Pool* fresh = new Pool;  // never destroyed: its threads may outlive static destructors
  if (g_pool.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

int default_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

int num_threads() {
  int n = g_threads.load(std::memory_order_relaxed);
  if (n > 0) return n;
  const int fresh = default_threads();
  return g_threads.compare_exchange_strong(n, fresh) ? fresh : n;  // another thread may have set it meanwhile
}

void set_num_threads(int n) { g_threads.store(n); }

void parallel_items(int64_t items, ItemFunction fn, void* context) {
  if (items <= 0) return;
  const int threads = static_cast<int>(std::min<int64_t>(num_threads(), items));
  Job job(fn, context, items, threads);
  bool done = false;
  if (threads > 1 && !t_inside) {
    t_inside = true;
    try {
      done = pool().try_run(job, threads);
    } catch (...) {
      t_inside = false;
      throw;
    }
    t_inside = false;
  }
  if (!done) job.work(0);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace pydl
