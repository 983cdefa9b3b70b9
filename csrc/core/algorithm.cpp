#include "core/algorithm.h"

#include <atomic>

namespace pydl {
namespace {

std::atomic<ConvAlgorithm> g_conv{ConvAlgorithm::automatic};

}  // namespace

ConvAlgorithm conv_algorithm() { return g_conv.load(std::memory_order_relaxed); }
void set_conv_algorithm(ConvAlgorithm algorithm) { g_conv.store(algorithm, std::memory_order_relaxed); }

}  // namespace pydl
