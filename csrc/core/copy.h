// Elements from one array to another of its shape.
#pragma once
#include "core/scratch.h"
#include "core/view.h"

namespace pydl {

// Any strides, no overlap. Between dtypes as C++ converts, to bool as "not zero"; floats never become
// integers.
void copy_view(const View& from, const View& to);

// Images (N, C, H, W) like `v`, at `data` without gaps: channels last, or first.
View dense_images(const View& v, void* data, bool channels_last);

// body(copy) on such a copy.
template <class T, class Body>
static inline void with_dense_copy(const View& v, bool channels_last, Body&& body) {
  with_scratch<T>(numel(v), [&](T* memory) {
    const View copy = dense_images(v, memory, channels_last);
    copy_view(v, copy);
    body(copy);
  });
}

// Every element the number, converted in the same way.
void fill_view(const View& to, double value);

}  // namespace pydl
