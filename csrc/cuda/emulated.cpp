// The device kernels compiled for the host: the same sources, launched through emulation.h.
#include "cuda/elementwise.cu"
