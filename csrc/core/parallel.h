// One thread pool for every kernel. No thread exists before the first call of two items or more, none is
// joined at exit, and a forked child forgets its parent's pool and starts its own.
//
// Results must not depend on the number of threads: callers cut work into items by shape alone, and each item
// owns what it writes.
#pragma once
#include <cstdint>

namespace pydl {

using ItemFunction = void (*)(void* context, int64_t item);

// Runs fn(context, 0 … items-1), each exactly once, on the calling thread and the pool's. The first exception
// thrown by an item is rethrown here, after every running item has ended. A nested call, or one made while
// another thread uses the pool, runs its items on the calling thread alone. Subnormals are flushed to zero
// inside.
void parallel_items(int64_t items, ItemFunction fn, void* context);

int num_threads();
void set_num_threads(int n);  // n >= 1; bindings check

template <class F>
static inline void parallel(int64_t items, F&& body) {
  struct Call {
    static void run(void* context, int64_t item) { (*static_cast<F*>(context))(item); }
  };
  parallel_items(items, &Call::run, const_cast<void*>(static_cast<const void*>(&body)));
}

// Cuts [0, total) into ranges of `grain` (the last may be shorter) and runs body(begin, end) on each. Ranges
// depend on total and grain only.
template <class F>
static inline void parallel_ranges(int64_t total, int64_t grain, F&& body) {
  if (grain < 1) grain = 1;
  parallel((total + grain - 1) / grain, [&](int64_t item) {
    const int64_t begin = item * grain;
    body(begin, begin + grain < total ? begin + grain : total);
  });
}

}  // namespace pydl
