// Products of matrices and of stacks of them, on OpenBLAS (openblas.h). Small ones are a plain loop: a call
// costs more. In float32 those with a batch on one side run on inner_product.c. Products larger than 1536 a
// side run in blocks, between which the interrupt flag is polled (a jump out of BLAS would leave its lock
// held).
#ifndef GR_KERNEL_MATMUL_H
#define GR_KERNEL_MATMUL_H

#include "kernel/product_table.h"
#include "tensor/tensor.h"

// "Haswell", "SkylakeX" ...: what OpenBLAS picked for this machine, for `gradus doctor`. Loads it.
gr_code gr_matmul_core_name(const char **out, gr_err *err);

// out = a b for views a (..., m, k) and b (..., k, n), out (..., m, n), all float64 or all float32; with
// `accumulate` out += a b. The batch axes before the last two broadcast; where those of `out` have size 1, or
// are not there, the products along them are added up (what the gradient of a broadcast operand needs). Row-
// or column-major matrices go to BLAS as they are, others are copied. `out` must be contiguous, or a matrix
// of contiguous rows.
gr_code gr_matmul(gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate, gr_err *err);

// The product of float32 matrices as inner_product.c takes it; rows of b and out are contiguous.
gr_product gr_product_of(const gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate);

// What matmul gives by NumPy's rule: a vector counts as a row on the left and as a column on the right, and
// leaves no axis in the result. The sentence of GR_ERR_SHAPE is for the learner who wrote the product.
gr_code gr_matmul_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err);
// Makes views by that rule matrices that gr_matmul takes: vectors get their axis of size 1, and so does the
// result.
void gr_matmul_matrices(gr_tensor *out, gr_tensor *a, gr_tensor *b);

#endif
