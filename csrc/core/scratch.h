// Working memory of one kernel call: packed panels, partial results. Each thread keeps a few blocks, at most
// 48 MiB, for its next call.
#pragma once
#include <cstdint>

namespace pydl {

// Runs fn(context, memory) with `bytes` of uninitialised memory, aligned to 64, and gives it back however fn
// ends. std::bad_alloc where there is none. (A function of the core, not a class with a destructor: the units
// of cpu/ then hold no clean-up code, whose support symbols the linker would share between instruction sets.)
void with_scratch_bytes(int64_t bytes, void (*fn)(void* context, void* memory), void* context);

// body(T* memory) with room for n items.
template <class T, class F>
static inline void with_scratch(int64_t n, F&& body) {
  struct Call {
    static void run(void* context, void* memory) { (*static_cast<F*>(context))(static_cast<T*>(memory)); }
  };
  with_scratch_bytes(n * static_cast<int64_t>(sizeof(T)), &Call::run,
                     const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace pydl
