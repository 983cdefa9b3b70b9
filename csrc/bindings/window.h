// From Python's integers and tuples to a Window2d. A wrong type is TypeError, a wrong value ValueError; both
// name the function and the argument.
#pragma once
#include "bindings/arrays.h"
#include "core/window.h"

namespace pydl {

// An integer (not a bool) in least … most.
int64_t parse_integer(py::handle value, const char* function, const char* argument, int64_t least,
                      int64_t most = kMaxWindow);

// One integer for both axes, or a tuple or list of two, each in least … 2^31-1.
void parse_pair(py::handle value, const char* function, const char* argument, int64_t least,
                int64_t (&pair)[2]);

// The window of a convolution over `kernel`. Padding may also be a pair of pairs ((top, bottom), (left,
// right)), "valid" (none) or "same" (as much as keeps the input's size, the odd element at the end; stride
// 1).
Window2d conv_window(const char* function, const int64_t (&kernel)[2], py::handle stride, py::handle padding,
                     py::handle dilation);

// The window of a pooling; stride None means the kernel's size.
Window2d pool_window(const char* function, py::handle kernel_size, py::handle stride, py::handle padding,
                     py::handle dilation);

}  // namespace pydl
