// Contract of the random numbers and of dropout.
//
// Numbers come from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2,
// 3", SC 2011): a function from a 128-bit counter and a 64-bit key to a block of four 32-bit words. The key
// is the seed; the counter's low half is the number of the block, its high half the stream. Element i depends
// on the stream (seed, offset, stream) and i alone, never on threads or the instruction set:
//   bits, bernoulli, float uniform and normal: word i % 4 of block offset + i / 4
//   double uniform and normal:                 words 2(i % 2) and 2(i % 2) + 1 of block offset + i / 2
//   integers:                                  all of block offset + i
// Normal numbers come in pairs from two neighbouring uniform ones (Box and Muller 1958). Words, integers,
// masks and uniform numbers have the same bits everywhere; normal ones may differ in the last place between
// instruction sets. Every y is C-contiguous and overwritten.
#pragma once
#include "core/view.h"

namespace pydl {

struct RandomStream {
  uint64_t seed;
  uint64_t offset;  // number of the first block
  uint64_t stream;
};

struct RandomKernels {
  void (*bits)(RandomStream from, uint32_t* y, int64_t n);
  void (*uniform)(RandomStream from, const View& y, double low, double high);  // [low, high), high >= low
  void (*normal)(RandomStream from, const View& y, double mean, double std);
  // low … low + range - 1, each with probability 1/range to within 2⁻⁶⁴; range 0 means 2⁶⁴.
  void (*integers)(RandomStream from, int64_t* y, int64_t n, int64_t low, uint64_t range);
  // 1 with probability p (in steps of 2⁻³²), else 0.
  void (*bernoulli)(RandomStream from, uint8_t* y, int64_t n, double p);
  // y = mask ? x · scale : 0. Any strides; mask is uint8 with x's shape (0-strides where it is broadcast); y
  // may be x.
  void (*apply_mask)(const View& x, const View& mask, double scale, const View& y);
};

}  // namespace pydl
