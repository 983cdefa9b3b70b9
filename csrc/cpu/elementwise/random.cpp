// Random numbers of every distribution, from blocks of Philox; dropout's mask.
#include "kernels/random.h"

#include "core/dispatch.h"
#include "cpu/elementwise/loop.h"
#include "cpu/elementwise/philox.h"
#include "cpu/simd/bytes.h"
#include "cpu/simd/math.h"

namespace pydl {
namespace PYDL_ISA {

RandomKernels random_kernels();

namespace {

// Runs make(batch, out) for every 64 blocks, which fill `per_block` elements each, and copies out to y.
template <class T, class Make>
void fill(RandomStream from, T* y, int64_t n, int per_block, Make&& make) {
  const int64_t size = int64_t(kBatch) * per_block;
  parallel_ranges((n + size - 1) / size, 64, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Batch batch(from, i * kBatch);
      const int64_t left = n - i * size;
      if (left >= size) {
        make(batch, y + i * size);
      } else {
        T out[kBatch * 4];
        make(batch, out);
        std::memcpy(y + i * size, out, left * sizeof(T));
      }
    }
  });
}

// out[i * N + k] = planes[k][i]
template <int N, class T>
static inline void interleave(const T (&planes)[N][kBatch], T* out) {
  for (int i = 0; i < kBatch; ++i)
    for (int k = 0; k < N; ++k) out[i * N + k] = planes[k][i];
}

void bits(RandomStream from, uint32_t* y, int64_t n) {
  fill(from, y, n, 4, [](const Batch& batch, uint32_t* out) { interleave(batch.words, out); });
}

// Uniform numbers of one batch: four floats or two doubles a block.
template <class T>
struct Uniform;

template <>
struct Uniform<float> {
  static constexpr int per_block = 4;
  using V = Vec<float>;
  typedef uint32_t words __attribute__((vector_size(PYDL_VECTOR_BYTES)));

  static words load(const uint32_t* p) {
    words w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }
  static V to_float(words w) { return V(__builtin_convertvector((V::bits)w, V::raw)); }

  // [0, 1) in steps of 2⁻²⁴
  static V closed_below(const Batch& batch, int plane, int i) {
    return to_float(load(batch.words[plane] + i) >> 8) * V(0x1p-24f);
  }
  // (0, 1], the smallest 2⁻³²
  static V closed_above(const Batch& batch, int plane, int i) {
    return (to_float(load(batch.words[plane] + i) >> 1) + V(0.5f)) * V(0x1p-31f);
  }
};

template <>
struct Uniform<double> {
  static constexpr int per_block = 2;
  using V = Vec<double>;

  // 1 + 52 random bits / 2⁵²
  static V one_to_two(const Batch& batch, int plane, int i) {
    uint64_t number[V::size];
    for (int k = 0; k < V::size; ++k)
      number[k] = (uint64_t(batch.words[2 * plane + 1][i + k]) << 32 | batch.words[2 * plane][i + k]) >> 12 |
                  UINT64_C(0x3ff) << 52;
    V::bits raw;
    std::memcpy(&raw, number, sizeof raw);
    return V::from_bits(raw);
  }
  static V closed_below(const Batch& batch, int plane, int i) { return one_to_two(batch, plane, i) - V(1.0); }
  static V closed_above(const Batch& batch, int plane, int i) { return V(2.0) - one_to_two(batch, plane, i); }
};

static inline float towards(float a, float b) { return ::nextafterf(a, b); }
static inline double towards(double a, double b) { return ::nextafter(a, b); }

template <class T>
void uniform(RandomStream from, const View& y, double low, double high) {
  using U = Uniform<T>;
  using V = Vec<T>;
  const V base{T(low)}, range{T(high) - T(low)};
  const V top{high > low ? towards(T(high), T(low)) : T(high)};  // rounding must not reach `high`
  fill(from, data_as<T>(y), numel(y), U::per_block, [&](const Batch& batch, T* out) {
    T planes[U::per_block][kBatch];
    for (int k = 0; k < U::per_block; ++k)
      for (int i = 0; i < kBatch; i += V::size)
        minimum(base + range * U::closed_below(batch, k, i), top).store(planes[k] + i);
    interleave(planes, out);
  });
}

// 1/(2i + 1)! and 1/(2i)!
template <class T, int Terms>
struct CircleSeries {
  T sine[Terms + 1], cosine[Terms + 1];
  constexpr CircleSeries() : sine(), cosine() {
    for (int i = 0; i <= Terms; ++i) {
      sine[i] = T(inverse_factorial(2 * i + 1));
      cosine[i] = T(inverse_factorial(2 * i));
    }
  }
};

// cos and sin of 2πu for u in [0, 1): quarter turns, and Taylor series on ±π/4.
template <class T>
static inline void cos_sin_turn(Vec<T> u, Vec<T>& cosine, Vec<T>& sine) {
  using V = Vec<T>;
  constexpr int terms = sizeof(T) == 4 ? 5 : 9;
  static constexpr CircleSeries<T, terms> series;
  const V quarters = u * V(T(4));
  const V whole = (quarters + V(MathConstants<T>::round)) - V(MathConstants<T>::round);
  const V x = (quarters - whole) * V(T(1.57079632679489661923));
  const V z = -(x * x);
  V s(series.sine[terms]), c(series.cosine[terms]);
  for (int i = terms - 1; i >= 0; --i) {
    s = fma(s, z, V(series.sine[i]));
    c = fma(c, z, V(series.cosine[i]));
  }
  s = s * x;
  const auto odd = (whole == V(T(1))) | (whole == V(T(3)));
  const auto flip_cos = (whole == V(T(1))) | (whole == V(T(2)));
  const auto flip_sin = (whole == V(T(2))) | (whole == V(T(3)));
  const V cos_part = select(odd, s, c), sin_part = select(odd, c, s);
  cosine = select(flip_cos, -cos_part, cos_part);
  sine = select(flip_sin, -sin_part, sin_part);
}

template <class T>
void normal(RandomStream from, const View& y, double mean, double std) {
  using U = Uniform<T>;
  using V = Vec<T>;
  const V centre{T(mean)}, width{T(std)};
  fill(from, data_as<T>(y), numel(y), U::per_block, [&](const Batch& batch, T* out) {
    T planes[U::per_block][kBatch];
    for (int k = 0; k < U::per_block; k += 2)
      for (int i = 0; i < kBatch; i += V::size) {
        const V radius = sqrt(V(T(-2)) * log(U::closed_above(batch, k, i)));
        V cosine, sine;
        cos_sin_turn(U::closed_below(batch, k + 1, i), cosine, sine);
        (centre + width * (radius * cosine)).store(planes[k] + i);
        (centre + width * (radius * sine)).store(planes[k + 1] + i);
      }
    interleave(planes, out);
  });
}

// ⌊x · range / 2¹²⁸⌋ + low for blocks x and a range below 2³²: word by word, carrying the high halves.
void small_integers(RandomStream from, int64_t* y, int64_t n, int64_t low, uint32_t range) {
  fill(from, y, n, 1, [&](const Batch& batch, int64_t* out) {
    for (int i = 0; i < kBatch; i += kLanes64) {
      Lanes64 carry{};
      for (const auto& words : batch.words) {
        Lanes32 word;
        std::memcpy(&word, words + i, sizeof word);
        carry = multiply_low(__builtin_convertvector(word, Lanes64), range) + (carry >> 32);
      }
      carry = (carry >> 32) + uint64_t(low);
      std::memcpy(out + i, &carry, sizeof carry);
    }
  });
}

// ⌊x · range / 2¹²⁸⌋ for a block x of 128 bits (Lemire 2019, without the rejection).
void integers(RandomStream from, int64_t* y, int64_t n, int64_t low, uint64_t range) {
  if (range != 0 && range <= UINT32_MAX) return small_integers(from, y, n, low, uint32_t(range));
  fill(from, y, n, 1, [&](const Batch& batch, int64_t* out) {
    for (int i = 0; i < kBatch; ++i) {
      const uint64_t x0 = uint64_t(batch.words[1][i]) << 32 | batch.words[0][i];
      const uint64_t x1 = uint64_t(batch.words[3][i]) << 32 | batch.words[2][i];
      const auto lower = (static_cast<unsigned __int128>(x0) * range) >> 64;
      const auto upper = static_cast<unsigned __int128>(x1) * range + lower;
      out[i] = int64_t(uint64_t(low) + (range ? uint64_t(upper >> 64) : x1));
    }
  });
}

void bernoulli(RandomStream from, uint8_t* y, int64_t n, double p) {
  const uint64_t threshold = uint64_t(p * 0x1p32 + 0.5);
  const bool always = threshold > UINT32_MAX;
  fill(from, y, n, 4, [&](const Batch& batch, uint8_t* out) {
    for (int i = 0; i < kBatch; ++i)
      for (int k = 0; k < 4; ++k) out[i * 4 + k] = (batch.words[k][i] < uint32_t(threshold)) | always;
  });
}

template <class T>
void mask_row(const T* x, int64_t sx, const uint8_t* mask, int64_t sm, T* y, int64_t sy, int64_t n, T scale) {
  using V = Vec<T>;
  const bool unit = sx == 1 && sy == 1;
  if (unit && sm == 0 && !mask[0]) return void(std::memset(y, 0, n * sizeof(T)));
  int64_t i = 0;
  for (; unit && sm == 0 && i + V::size <= n; i += V::size) (V::load(x + i) * V(scale)).store(y + i);
  for (; unit && sm == 1 && i + V::size <= n; i += V::size) {
    typename V::bits keep;
    widen_bytes(mask + i, keep);
    select(keep != 0, V::load(x + i) * V(scale), V(T(0))).store(y + i);
  }
  for (; i < n; ++i) {
    y[i * sy] = mask[i * sm] ? x[i * sx] * scale : T(0);
    __asm__ volatile("");  // not worth the code that vectors would take
  }
}

void apply_mask(const View& x, const View& mask, double scale, const View& y) {
  dispatch_float(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const LoopNest<3> nest({&y, &x, &mask});
    nest.run([&](const int64_t (&at)[3], int64_t n) {
      mask_row(data_as<T>(x) + at[1], nest.row_stride(1), data_as<uint8_t>(mask) + at[2], nest.row_stride(2),
               data_as<T>(y) + at[0], nest.row_stride(0), n, T(scale));
    });
  });
}

void run_uniform(RandomStream from, const View& y, double low, double high) {
  dispatch_float(y.dtype, [&](auto zero) { uniform<decltype(zero)>(from, y, low, high); });
}

void run_normal(RandomStream from, const View& y, double mean, double std) {
  dispatch_float(y.dtype, [&](auto zero) { normal<decltype(zero)>(from, y, mean, std); });
}

}  // namespace

RandomKernels random_kernels() { return {bits, run_uniform, run_normal, integers, bernoulli, apply_mask}; }

}  // namespace PYDL_ISA
}  // namespace pydl
