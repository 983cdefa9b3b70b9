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
#include <system_error>
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
constexpr std::chrono::microseconds kSpin(50);

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

class Pool {
 public:
  // True when the job was run; false when the pool is in use by another thread.
  bool try_run(Job& job, int threads) {
    std::unique_lock<std::mutex> use(use_, std::try_to_lock);
    if (!use.owns_lock()) return false;
    grow(threads - 1);
    const int helpers = std::min<int>(threads - 1, static_cast<int>(workers_));
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = &job;
      helpers_ = helpers;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job.work(0);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = nullptr;  // a worker that comes late finds nothing
    }
    const auto all_done = [this] { return active_.load(std::memory_order_acquire) == 0; };
    if (!spin_until(all_done)) {
      std::unique_lock<std::mutex> lock(mutex_);
      done_.wait(lock, all_done);
    }
    return true;
  }

 private:
  void grow(int wanted) {
    while (workers_ < wanted) {
      // Signals belong to the interpreter's thread.
      sigset_t all, before;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
      bool started = true;
      try {
        std::thread([this, number = workers_ + 1] { serve(number); }).detach();
      } catch (const std::system_error&) {
        started = false;  // no more threads to be had: fewer are used
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
      spin_until([&] { return generation_.load(std::memory_order_acquire) != seen; });
      Job* job = nullptr;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
        seen = generation_.load(std::memory_order_relaxed);
        if (job_ && number <= helpers_) {
          job = job_;
          active_.fetch_add(1, std::memory_order_relaxed);
        }
      }
      if (job) {
        job->work(number);
        leave();
      }
    }
  }

  void leave() {
    if (active_.fetch_sub(1, std::memory_order_release) != 1) return;
    // With the lock, the caller has either seen the last one leave or sleeps already.
    std::lock_guard<std::mutex> lock(mutex_);
    done_.notify_one();
  }

  std::mutex use_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;  // of workers, of the caller
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> active_{0};
  Job* job_ = nullptr;
  int helpers_ = 0;  // workers that take part in it
  int workers_ = 0;
};

std::atomic<Pool*> g_pool{nullptr};
std::atomic<int> g_threads{0};
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
  if (n == 0) g_threads.store(n = default_threads());
  return n;
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
