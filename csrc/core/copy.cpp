#include "core/copy.h"

#include <cstring>

namespace pydl {
namespace {

// Dimensions of more than one element; neighbours that lie in memory like one are one.
struct Nest {
  int ndim = 0;
  int64_t shape[kMaxDims], from[kMaxDims], to[kMaxDims];

  Nest(const View& source, const View& target) {
    for (int d = 0; d < target.ndim; ++d) {
      const int64_t n = target.shape[d], a = source.strides[d], b = target.strides[d];
      if (n == 1) continue;
      if (ndim > 0 && from[ndim - 1] == a * n && to[ndim - 1] == b * n) {
        shape[ndim - 1] *= n;
        from[ndim - 1] = a;
        to[ndim - 1] = b;
      } else {
        shape[ndim] = n;
        from[ndim] = a;
        to[ndim++] = b;
      }
    }
  }

  // row(a, b, n, step of a, step of b) for every innermost line, which begins at elements a and b.
  template <class F>
  void lines(F&& row) const {
    int64_t at[kMaxDims] = {}, a = 0, b = 0;
    if (ndim == 0) return row(0, 0, 1, 1, 1);
    const int last = ndim - 1;
    for (;;) {
      row(a, b, shape[last], from[last], to[last]);
      int d = last - 1;
      for (; d >= 0; --d) {
        a += from[d];
        b += to[d];
        if (++at[d] < shape[d]) break;
        a -= from[d] * shape[d];
        b -= to[d] * shape[d];
        at[d] = 0;
      }
      if (d < 0) return;
    }
  }
};

template <class A, class B>
B converted(A x) {
  return static_cast<B>(x);
}
template <>
bool converted<float, bool>(float x) {
  return x != 0;
}
template <>
bool converted<double, bool>(double x) {
  return x != 0;
}

template <class A, class B>
void copy_as(const View& from, const View& to) {
  const A* const source = data_as<const A>(from);
  B* const target = data_as<B>(to);
  Nest(from, to).lines([&](int64_t a, int64_t b, int64_t n, int64_t sa, int64_t sb) {
    for (int64_t i = 0; i < n; ++i) target[b + i * sb] = converted<A, B>(source[a + i * sa]);
  });
}

template <class T>
void copy_same(const View& from, const View& to) {
  const T* const source = data_as<const T>(from);
  T* const target = data_as<T>(to);
  Nest(from, to).lines([&](int64_t a, int64_t b, int64_t n, int64_t sa, int64_t sb) {
    if (sa == 1 && sb == 1) {
      std::memcpy(target + b, source + a, n * sizeof(T));
      return;
    }
    for (int64_t i = 0; i < n; ++i) target[b + i * sb] = source[a + i * sa];
  });
}

template <class F>
void dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    case DType::i64:
      return f(int64_t{});
    case DType::u8:
      return f(uint8_t{});
    case DType::b8:
      return f(bool{});
  }
}

}  // namespace

void copy_view(const View& from, const View& to) {
  if (numel(to) == 0) return;
  if (from.dtype == to.dtype) {
    const int64_t size = item_size(to.dtype);
    return (size == 8 ? copy_same<uint64_t> : size == 4 ? copy_same<uint32_t> : copy_same<uint8_t>)(from, to);
  }
  dispatch(from.dtype,
           [&](auto a) { dispatch(to.dtype, [&](auto b) { copy_as<decltype(a), decltype(b)>(from, to); }); });
}

void fill_view(const View& to, double value) {
  if (numel(to) == 0) return;
  View one{&value, DType::f64, to.ndim, {}, {}};
  copy_view(one, to);
}

}  // namespace pydl
