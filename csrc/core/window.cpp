#include "core/window.h"

#include "core/check.h"

namespace pydl {

std::string size_string(int64_t h, int64_t w) { return std::to_string(h) + " x " + std::to_string(w); }

void window_out_size(const char* function, const Window2d& w, const int64_t (&in)[2], int64_t (&out)[2],
                     bool ceil) {
  int64_t padded[2];
  for (int a = 0; a < 2; ++a) padded[a] = checked_add(function, in[a], w.padding[a] + w.padding_end[a]);
  for (int a = 0; a < 2; ++a) {
    const int64_t room = padded[a] - window_extent(w, a);
    const bool beyond = ceil && room > -w.stride[a] && in[a] + w.padding[a] > 0;
    if (room < 0 && !beyond)
      fail(function,
           std::string(ceil ? "a kernel less than a stride beyond" : "a kernel within") +
               " the padded input of " + size_string(padded[0], padded[1]),
           "one that spans " + size_string(window_extent(w, 0), window_extent(w, 1)));
    out[a] = room / w.stride[a] + 1;  // a negative quotient is cut towards zero, and so rounded up
    if (ceil && room % w.stride[a] > 0 && out[a] * w.stride[a] < in[a] + w.padding[a]) ++out[a];
  }
}

void window_transposed_size(const char* function, const Window2d& w, const int64_t (&in)[2],
                            const int64_t (&output_padding)[2], int64_t (&out)[2]) {
  for (int a = 0; a < 2; ++a) {
    const int64_t steps = checked_mul(function, in[a] - 1, w.stride[a]);
    const int64_t added = window_extent(w, a) + output_padding[a] - w.padding[a] - w.padding_end[a];
    out[a] = checked_add(function, steps, added);
  }
  if (out[0] < 1 || out[1] < 1)
    fail(function, "an output of at least 1 x 1", size_string(out[0], out[1]) + " after padding");
}

}  // namespace pydl
