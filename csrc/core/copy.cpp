#include "core/copy.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"

namespace pydl {
namespace {

constexpr int64_t kGrain = 16384;  // elements in one item of parallel work
constexpr int64_t kBlock = 16;     // floats in a line of the cache
constexpr int64_t kFew = 8;        // lines that lie in one another are read again from the nearest cache

int64_t magnitude(int64_t step) { return step < 0 ? -step : step; }

// The dimensions of more than one element, by the steps of the target: its smallest comes last, so that
// writing goes through memory. Neighbours that lie like one in both arrays are one. Where the source goes
// through memory in another dimension, that is the last but one, and both are cut into blocks.
class Nest {
 public:
  Nest(const View& source, const View& target) {
    int order[kMaxDims], count = 0;
    for (int d = 0; d < target.ndim; ++d) {
      if (target.shape[d] == 1) continue;
      int at = count++;
      for (; at > 0 && magnitude(target.strides[order[at - 1]]) < magnitude(target.strides[d]); --at)
        order[at] = order[at - 1];
      order[at] = d;
    }
    for (int i = 0; i < count; ++i)
      push({target.shape[order[i]], source.strides[order[i]], target.strides[order[i]]});
    while (ndim_ < 2) {
      for (int d = ndim_; d > 0; --d) dims_[d] = dims_[d - 1];
      dims_[0] = {1, 0, 0};
      ++ndim_;
    }
    turn();
  }

  // row(a, b, n, step of a, step of b) for lines that begin at elements a and b: all of them together are the
  // array. Shared out by shape alone.
  template <class F>
  void lines(F&& row) const {
    const int64_t across = dims_[ndim_ - 2].n, along = dims_[ndim_ - 1].n;
    const int64_t high = turned_ ? kBlock : std::max<int64_t>(1, kGrain / along);
    const int64_t wide = turned_ ? kGrain / kBlock : kGrain;
    const int64_t bands = (across + high - 1) / high, pieces = (along + wide - 1) / wide;
    int64_t planes = 1;
    for (int d = 0; d < ndim_ - 2; ++d) planes *= dims_[d].n;
    const int64_t each = kGrain / (high * std::min(wide, along));  // a small plane's parts are few
    parallel_ranges(planes * bands * pieces, each, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t y = i / pieces % bands * high, x = i % pieces * wide;
        part(i / pieces / bands, y, std::min(across, y + high), x, std::min(along, x + wide), row);
      }
    });
  }

 private:
  struct Dim {
    int64_t n, from, to;
  };

  // Lines y … last - 1, from x to end, of one plane of the last two dimensions.
  template <class F>
  void part(int64_t plane, int64_t y, int64_t last, int64_t x, int64_t end, F&& row) const {
    const Dim &across = dims_[ndim_ - 2], &along = dims_[ndim_ - 1];
    int64_t a = 0, b = 0;
    for (int d = ndim_ - 3; d >= 0; plane /= dims_[d--].n) {
      a += plane % dims_[d].n * dims_[d].from;
      b += plane % dims_[d].n * dims_[d].to;
    }
    const int64_t wide = turned_ ? kBlock : kGrain;
    for (; x < end; x += wide)
      for (int64_t i = y; i < last; ++i)
        row(a + i * across.from + x * along.from, b + i * across.to + x * along.to, std::min(wide, end - x),
            along.from, along.to);
  }

  void push(const Dim& next) {
    if (ndim_ > 0) {
      Dim& last = dims_[ndim_ - 1];
      if (last.from == next.from * next.n && last.to == next.to * next.n) {
        last = {last.n * next.n, next.from, next.to};
        return;
      }
    }
    dims_[ndim_++] = next;
  }

  void turn() {
    int smallest = ndim_ - 1;
    for (int d = 0; d < ndim_; ++d)
      if (dims_[d].n > 1 && dims_[d].from != 0 && magnitude(dims_[d].from) < magnitude(dims_[smallest].from))
        smallest = d;
    turned_ = smallest != ndim_ - 1 && dims_[smallest].n >= kFew;
    if (turned_) std::rotate(dims_ + smallest, dims_ + smallest + 1, dims_ + ndim_ - 1);
  }

  int ndim_ = 0;
  Dim dims_[kMaxDims + 2];
  bool turned_ = false;
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
  Nest(from, to).lines([=](int64_t a, int64_t b, int64_t n, int64_t sa, int64_t sb) {
    for (int64_t i = 0; i < n; ++i) target[b + i * sb] = converted<A, B>(source[a + i * sa]);
  });
}

template <class T>
void copy_same(const View& from, const View& to) {
  const T* const source = data_as<const T>(from);
  T* const target = data_as<T>(to);
  Nest(from, to).lines([=](int64_t a, int64_t b, int64_t n, int64_t sa, int64_t sb) {
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
