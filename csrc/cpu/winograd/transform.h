// The transforms of Winograd's convolutions. Pixels, taps and results along an axis are coefficients of
// polynomials, a transform their values at some points; what interpolates is on the side of the pixels. Every
// lane of a register is a tile of its own.
//
// A convolution with a stride is the sum, over the phases of the stride, of convolutions without one: of
// every stride-th pixel with every stride-th tap. A kernel (kernel3.h, kernel4.h, kernel5.h) says how those
// are made: its stride, the side of a transformed tile, the taps of a phase along an axis and the transforms.
#pragma once
#include "cpu/simd/vec.h"

namespace pydl {
namespace PYDL_ISA {
namespace {

template <class Kernel>
constexpr int kPoints = Kernel::side * Kernel::side;  // products of a tile and a phase
template <class Kernel>
constexpr int kPhases = Kernel::stride * Kernel::stride;

// Of which taps, and results of a transposed convolution, phase f is: every stride-th from there on. Those
// that share their rows, or their columns, follow one another.
template <int Stride>
constexpr int row_phase(int f) {
  return f / Stride;
}
template <int Stride>
constexpr int column_phase(int f) {
  return Stride == 1 ? 0 : f == 0 || f == 3;
}

// Taps of a phase along an axis.
template <class Kernel>
constexpr int phase_taps(int phase) {
  return (Kernel::width - phase + Kernel::stride - 1) / Kernel::stride;
}

// Products of a tile of results and a channel: of every phase, those at the points where it has a value.
template <class Kernel>
constexpr int64_t tile_products() {
  int64_t along = 0;
  for (int phase = 0; phase < Kernel::stride; ++phase)
    along += Kernel::side - Kernel::taps + phase_taps<Kernel>(phase);
  return along * along;
}

// The phases that have a value at a point: all but those of one tap at ∞, the last one along an axis.
template <class Kernel>
struct PhaseRange {
  int begin = 0, end = kPhases<Kernel>;

  explicit PhaseRange(int point) {
    if (Kernel::width == Kernel::stride * Kernel::taps) return;
    if (point / Kernel::side == Kernel::side - 1) end = 2;
    if (point % Kernel::side == Kernel::side - 1) begin = 1, end = end < 3 ? end : 3;
  }
  bool has(int f) const { return begin <= f && f < end; }
};

// Line's transform along both axes: element (i, j) comes from load(i, j) and goes to store(i, j, value).
template <class Line, class Load, class Store>
static inline __attribute__((always_inline)) void transform(Load&& load, Store&& store) {
  using V = Vec<float>;
  V half[Line::out][Line::in];
  for (int j = 0; j < Line::in; ++j) {
    V x[Line::in], y[Line::out];
#pragma GCC unroll 6
    for (int i = 0; i < Line::in; ++i) x[i] = load(i, j);
    Line::apply(x, y);
#pragma GCC unroll 6
    for (int i = 0; i < Line::out; ++i) half[i][j] = y[i];
  }
  for (int i = 0; i < Line::out; ++i) {
    V y[Line::out];
    Line::apply(half[i], y);
#pragma GCC unroll 6
    for (int j = 0; j < Line::out; ++j) store(i, j, y[j]);
  }
}

}  // namespace
}  // namespace PYDL_ISA
}  // namespace pydl
