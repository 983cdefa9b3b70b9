// Which instruction set runs: the best the processor has, or what PYDL_ISA asks for.
#pragma once
#include "kernels/table.h"

namespace pydl {

// The kernels in use. Chosen once, at the first call; PYDL_ISA=baseline|avx2|avx512 overrides the choice, and
// an unknown or unsupported name throws std::runtime_error.
const Kernels& kernels();

// Name of the instruction set that kernels() uses.
const char* isa_name();

}  // namespace pydl
