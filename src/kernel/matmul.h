// Products on OpenBLAS (the only place that sees cblas.h). Small ones are a plain loop: a call costs more.
// OpenBLAS is loaded when it is first needed, and runs single-threaded; products larger than 2048 a side run
// in blocks, between which the interrupt flag is polled (a jump out of BLAS would leave its lock held).
#ifndef GR_KERNEL_MATMUL_H
#define GR_KERNEL_MATMUL_H

#include "tensor/tensor.h"

// "Haswell", "SkylakeX" ...: what OpenBLAS picked for this machine, for `gradus doctor`. Loads it.
gr_code gr_matmul_core_name(const char **out, gr_err *err);

// out = a b for 2-d views a (m, k) and b (k, n), out (m, n), all float64 or all float32; with `accumulate`
// out += a b. Row- or column-major views go to BLAS as they are, others are copied. `out` must be contiguous.
gr_code gr_matmul(gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate, gr_err *err);

#endif
