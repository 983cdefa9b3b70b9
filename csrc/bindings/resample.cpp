#include "kernels/resample.h"

#include <pybind11/stl.h>

#include <memory>

#include "bindings/arrays.h"
#include "bindings/families.h"
#include "core/isa.h"

namespace pydl {
namespace {

// What Taps points into.
struct OwnTaps {
  std::vector<int64_t> starts, sources;
  std::vector<double> weights;
};

// The sums of x's slices along `axis`: sum number i is of slices sources[t], times weights[t], for t from
// starts[i] to starts[i + 1].
py::object blend(py::handle input, int axis, std::vector<int64_t> starts, std::vector<int64_t> sources,
                 std::vector<double> weights) {
  const char* name = "blend";
  const View x = float_view(input, name, "input");
  if (axis < 0 || axis >= x.ndim) fail(name, "an axis of " + shape_string(x), std::to_string(axis));
  const int64_t taps = int64_t(sources.size());
  bool fits =
      !starts.empty() && starts.front() == 0 && starts.back() == taps && weights.size() == sources.size();
  for (size_t i = 1; i < starts.size(); ++i) fits &= starts[i - 1] <= starts[i];
  if (!fits)
    fail(name, "starts from 0 to the number of sources and weights", std::to_string(taps) + " sources");
  for (int64_t s : sources)
    if (s < 0 || s >= x.shape[axis])
      fail(name, "sources in 0 … " + std::to_string(x.shape[axis] - 1), std::to_string(s));
  View like = x;
  like.shape[axis] = int64_t(starts.size()) - 1;
  py::object y = empty_like(like);
  const View vy = view_of_result(y);
  const auto own =
      std::make_shared<const OwnTaps>(OwnTaps{std::move(starts), std::move(sources), std::move(weights)});
  call_kernel(numel(vy) * 2, [=] {
    kernels().resample.blend(x, axis, {own->starts.data(), own->sources.data(), own->weights.data()}, vy);
  });
  return y;
}

}  // namespace

void bind_resample(py::module_& m) {
  m.def("blend", &blend, py::arg("input"), py::arg("axis"), py::arg("starts"), py::arg("sources"),
        py::arg("weights"));
}

}  // namespace pydl
