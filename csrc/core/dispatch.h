// From a run-time dtype to a compile-time type: float is computed as float, double as double.
#pragma once
#include "core/view.h"

namespace pydl {

// Calls f(T{}) with T = float or double. Bindings have refused every other dtype before.
template <class F>
static inline void dispatch_float(DType dtype, F&& f) {
  if (dtype == DType::f64) {
    f(double{});
  } else {
    f(float{});
  }
}

}  // namespace pydl
