// The kernels of pooling: the contracts of kernels/pool.h.
#pragma once
#include "kernels/pool.h"

namespace pydl {
namespace PYDL_ISA {

// forward.cpp
void pool_max_forward(const View& x, const Window2d& w, const View& y, const View& index);
void pool_max_gather(const View& x, const View& index, const Window2d& w, const View& y);
void pool_mean_forward(const View& x, const Window2d& w, const PoolDivisor& divisor, const View& y);

// scatter.cpp
void pool_max_scatter(const View& g, const View& index, const Window2d& w, const View& dx);
void pool_mean_scatter(const View& g, const Window2d& w, const PoolDivisor& divisor, const View& dx);

}  // namespace PYDL_ISA
}  // namespace pydl
