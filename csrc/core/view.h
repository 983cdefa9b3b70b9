// A View is what every kernel receives: a pointer, a shape and strides. It owns nothing.
//
// Functions in this header are static: the headers are compiled into units with different instruction sets,
// and the linker must never be free to keep the AVX-512 copy of a shared inline function.
#pragma once
#include <cstdint>

namespace pydl {

constexpr int kMaxDims = 16;

enum class DType : uint8_t { f32, f64, i64, u8, b8 };

struct View {
  void* data;
  DType dtype;
  int ndim;
  int64_t shape[kMaxDims];
  int64_t strides[kMaxDims];  // in elements; 0 for broadcast, negative for reversed dimensions
  bool is_number = false;     // one element in the host's memory, whatever device the kernel is of
};

template <class T>
static inline T* data_as(const View& v) {
  return static_cast<T*>(v.data);
}

static inline int64_t numel(const View& v) {
  int64_t n = 1;
  for (int i = 0; i < v.ndim; ++i) n *= v.shape[i];
  return n;
}

static inline int64_t item_size(DType dtype) {
  return dtype == DType::f32 ? 4 : dtype == DType::u8 || dtype == DType::b8 ? 1 : 8;
}

static inline bool same_shape(const View& a, const View& b) {
  bool same = a.ndim == b.ndim;
  for (int i = 0; same && i < a.ndim; ++i) same = a.shape[i] == b.shape[i];
  return same;
}

static inline bool is_contiguous(const View& v) {
  int64_t expected = 1;
  for (int i = v.ndim - 1; i >= 0; --i) {
    if (v.shape[i] != 1 && v.strides[i] != expected) return false;
    expected *= v.shape[i];
  }
  return true;
}

// All dimensions but one.
static inline View without_dim(const View& v, int dim) {
  View out{v.data, v.dtype, 0, {}, {}};
  for (int d = 0; d < v.ndim; ++d) {
    if (d == dim) continue;
    out.shape[out.ndim] = v.shape[d];
    out.strides[out.ndim++] = v.strides[d];
  }
  return out;
}

// Whether the elements fill one stretch of memory, in the order of some of its dimensions.
static inline bool is_dense(const View& v) {
  int64_t expected = 1;
  for (uint32_t left = (uint32_t(1) << v.ndim) - 1; left != 0;) {
    int next = -1;
    for (int d = v.ndim - 1; d >= 0; --d)
      if ((left >> d & 1) && (v.shape[d] == 1 || v.strides[d] == expected)) {
        next = d;
        if (v.shape[d] == 1) break;
      }
    if (next < 0) return false;
    expected *= v.shape[next];
    left &= ~(uint32_t(1) << next);
  }
  return true;
}

}  // namespace pydl
