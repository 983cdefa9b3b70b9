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

// A dimension of a copy: its elements, and the steps to the next one in the source and in the target.
struct Dim {
  int64_t n, from, to;
};

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

  // tile(a, b, across, along) for rectangles that begin at elements a and b: all of them together are the
  // array. Shared out by shape alone.
  template <class F>
  void tiles(F&& tile) const {
    const int64_t across = dims_[ndim_ - 2].n, along = dims_[ndim_ - 1].n;
    const int64_t high =
        turned_ ? std::max(kBlock, kBlock * kBlock / along) : std::max<int64_t>(1, kGrain / along);
    const int64_t wide = turned_ ? kGrain / kBlock : kGrain;
    const int64_t bands = (across + high - 1) / high, pieces = (along + wide - 1) / wide;
    int64_t planes = 1;
    for (int d = 0; d < ndim_ - 2; ++d) planes *= dims_[d].n;
    const int64_t each =
        kGrain / (std::min(high, across) * std::min(wide, along));  // a small plane's parts are few
    parallel_ranges(planes * bands * pieces, each, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t y = i / pieces % bands * high, x = i % pieces * wide;
        part(i / pieces / bands, y, std::min(high, across - y), x, std::min(wide, along - x), tile);
      }
    });
  }

 private:
  // `high` lines from the y-th on, `wide` elements from the x-th on, of one plane of the last two dimensions.
  template <class F>
  void part(int64_t plane, int64_t y, int64_t high, int64_t x, int64_t wide, F&& tile) const {
    Dim across = dims_[ndim_ - 2], along = dims_[ndim_ - 1];
    int64_t a = y * across.from + x * along.from, b = y * across.to + x * along.to;
    for (int d = ndim_ - 3; d >= 0; plane /= dims_[d--].n) {
      a += plane % dims_[d].n * dims_[d].from;
      b += plane % dims_[d].n * dims_[d].to;
    }
    across.n = high;
    for (int64_t done = 0; done < wide; done += along.n) {
      along.n = std::min(turned_ ? kBlock : kGrain, wide - done);
      tile(a + done * along.from, b + done * along.to, across, along);
    }
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

// Element by element, the longer dimension innermost.
template <class A, class B>
void copy_elements(const A* source, B* target, Dim across, Dim along) {
  if (across.n > along.n) std::swap(across, along);
  for (int64_t i = 0; i < across.n; ++i, source += across.from, target += across.to) {
    if (along.from == 1 && along.to == 1) {
      for (int64_t j = 0; j < along.n; ++j) target[j] = converted<A, B>(source[j]);
    } else {
      for (int64_t j = 0; j < along.n; ++j) target[j * along.to] = converted<A, B>(source[j * along.from]);
    }
  }
}

// Lines that are consecutive in both arrays.
template <class T>
void copy_lines(const T* source, T* target, const Dim& across, int64_t n) {
  constexpr int64_t few = 64, chunk = 16 / sizeof(T);
  if (n < chunk) return copy_elements(source, target, across, Dim{n, 1, 1});
  for (int64_t i = 0; i < across.n; ++i, source += across.from, target += across.to) {
    if (n > few) {
      std::memcpy(target, source, n * sizeof(T));
      continue;
    }
    for (int64_t j = 0; j + chunk <= n; j += chunk) std::memcpy(target + j, source + j, 16);
    std::memcpy(target + n - chunk, source + n - chunk, 16);
  }
}

// The registers that every processor has.
template <class T>
struct Register;
template <>
struct Register<uint32_t> {
  typedef uint32_t type __attribute__((vector_size(16)));
  static constexpr int lanes = 4;

  static void transpose(type (&r)[lanes]) {
    const type a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5),
               b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7),
               c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5),
               d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
  }
};
template <>
struct Register<uint64_t> {
  typedef uint64_t type __attribute__((vector_size(16)));
  static constexpr int lanes = 2;

  static void transpose(type (&r)[lanes]) {
    const type a = r[0];
    r[0] = __builtin_shufflevector(a, r[1], 0, 2);
    r[1] = __builtin_shufflevector(a, r[1], 1, 3);
  }
};

// Consecutive in the source along one dimension, in the target along the other.
template <class T>
void copy_turned(const T* source, T* target, const Dim& across, const Dim& along) {
  using R = Register<T>;
  constexpr int64_t L = R::lanes;
  const int64_t high = across.n / L * L, wide = along.n / L * L;
  for (int64_t i = 0; i < high; i += L)
    for (int64_t j = 0; j < wide; j += L) {
      typename R::type block[L];
      for (int k = 0; k < L; ++k) std::memcpy(block + k, source + i + (j + k) * along.from, 16);
      R::transpose(block);
      for (int k = 0; k < L; ++k) std::memcpy(target + (i + k) * across.to + j, block + k, 16);
    }
  if (wide < along.n)
    copy_elements(source + wide * along.from, target + wide, across, Dim{along.n - wide, along.from, 1});
  if (high < across.n)
    copy_elements(source + high, target + high * across.to, Dim{across.n - high, 1, across.to},
                  Dim{wide, along.from, 1});
}

template <class A, class B>
void copy_as(const View& from, const View& to) {
  const A* const source = data_as<const A>(from);
  B* const target = data_as<B>(to);
  Nest(from, to).tiles([=](int64_t a, int64_t b, const Dim& across, const Dim& along) {
    copy_elements(source + a, target + b, across, along);
  });
}

template <class T>
void copy_same(const View& from, const View& to) {
  const T* const source = data_as<const T>(from);
  T* const target = data_as<T>(to);
  Nest(from, to).tiles([=](int64_t a, int64_t b, const Dim& across, const Dim& along) {
    if (along.from == 1 && along.to == 1) return copy_lines(source + a, target + b, across, along.n);
    if (along.from == 0 && along.to == 1) {
      for (int64_t i = 0; i < across.n; ++i)
        std::fill_n(target + b + i * across.to, along.n, source[a + i * across.from]);
      return;
    }
    if constexpr (sizeof(T) >= 4)
      if (across.from == 1 && along.to == 1) return copy_turned(source + a, target + b, across, along);
    copy_elements(source + a, target + b, across, along);
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

View dense_images(const View& v, void* data, bool channels_last) {
  const int64_t C = v.shape[1], H = v.shape[2], W = v.shape[3];
  View out{data, v.dtype, 4, {v.shape[0], C, H, W}, {C * H * W, H * W, W, 1}};
  if (channels_last) {
    out.strides[1] = 1;
    out.strides[2] = W * C;
    out.strides[3] = C;
  }
  return out;
}

void fill_view(const View& to, double value) {
  if (numel(to) == 0) return;
  dispatch(to.dtype, [&](auto zero) {
    auto number = static_cast<decltype(zero)>(value);
    copy_view(View{&number, to.dtype, to.ndim, {}, {}}, to);
  });
}

}  // namespace pydl
