// One function a family adds its bindings to the module.
#pragma once
#include <pybind11/pybind11.h>

namespace pydl {

void bind_memory(pybind11::module_& m);
void bind_copy(pybind11::module_& m);
void bind_elementwise(pybind11::module_& m);
void bind_reduce(pybind11::module_& m);
void bind_softmax(pybind11::module_& m);
void bind_loss(pybind11::module_& m);
void bind_pool(pybind11::module_& m);
void bind_gemm(pybind11::module_& m);
void bind_random(pybind11::module_& m);
void bind_conv(pybind11::module_& m);
void bind_norm(pybind11::module_& m);
void bind_optim(pybind11::module_& m);
void bind_resample(pybind11::module_& m);
void bind_tape(pybind11::module_& m);
void bind_guards(pybind11::module_& m);

}  // namespace pydl
