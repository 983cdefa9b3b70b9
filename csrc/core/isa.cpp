#include "core/isa.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace pydl {

namespace baseline {
Kernels make_kernels();
}
namespace avx2 {
Kernels make_kernels();
}
namespace avx512 {
Kernels make_kernels();
}

namespace {

struct Choice {
  const char* name;
  bool (*supported)();
  Kernels (*make)();
};

// Best first.
const Choice kChoices[] = {
#ifdef PYDL_HAS_AVX512
    {"avx512",
     [] {
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
     },
     avx512::make_kernels},
#endif
#ifdef PYDL_HAS_AVX2
    {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); },
     avx2::make_kernels},
#endif
    {"baseline", [] { return true; }, baseline::make_kernels},
};

const Choice& choose() {
  const char* wanted = std::getenv("PYDL_ISA");
  if (!wanted || !*wanted) {
    for (const Choice& choice : kChoices)
      if (choice.supported()) return choice;
  }
  std::string known;
  for (const Choice& choice : kChoices) {
    if (std::string(choice.name) == wanted) {
      if (choice.supported()) return choice;
      throw std::runtime_error(std::string("[PYDL_ISA] expected an instruction set of this processor, got ") +
                               wanted);
    }
    known = std::string(choice.name) + (known.empty() ? "" : ", ") + known;
  }
  throw std::runtime_error("[PYDL_ISA] expected one of " + known + ", got " + wanted);
}

struct Chosen {
  const char* name;
  Kernels kernels;
};

const Chosen& chosen() {
  static const Chosen instance = [] {
    const Choice& choice = choose();
    return Chosen{choice.name, choice.make()};
  }();
  return instance;
}

}  // namespace

const Kernels& kernels() { return chosen().kernels; }
const char* isa_name() { return chosen().name; }

}  // namespace pydl
