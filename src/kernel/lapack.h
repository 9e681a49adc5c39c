// Linear algebra on the LAPACK in OpenBLAS (openblas.h). Each takes one matrix `a` (m, n), a view of any
// strides, float64 or float32, works on a copy whose columns follow one another, as LAPACK wants it, and
// writes results of the same dtype into views of any strides. Shapes are the caller's to prepare. Sides may
// be 0.
//
// One call cannot be interrupted. A nan or an infinity in a matrix is GR_ERR_VALUE: LAPACK gives no answer
// for it, or does not come back. Sentences of errors begin without a function's name, which the caller puts
// before.
#ifndef GR_KERNEL_LAPACK_H
#define GR_KERNEL_LAPACK_H

#include "tensor/tensor.h"

// The spacing of the dtype's numbers at 1.
double gr_epsilon(gr_dtype dtype);

// a x = b for square a: x and b (n, r), or b NULL for the inverse. `*rcond` estimates 1 / condition number
// (in the 1-norm): so much of the precision is left. A matrix whose elimination meets a pivot that is zero,
// or nothing but rounding error, is GR_ERR_VALUE.
gr_code gr_solve(gr_tensor *x, double *rcond, const gr_tensor *a, const gr_tensor *b, gr_err *err);

// a x = b for a triangular a (its other triangle is not read) whose diagonal has no zero; x and b (n, r).
gr_code gr_solve_triangle(gr_tensor *x, const gr_tensor *a, bool lower, const gr_tensor *b, gr_err *err);

// The determinant of a square matrix, which may be beyond the range of numbers when its logarithm is not.
typedef struct gr_determinant {
  double value;
  double sign, log;  // of |value|: -inf when it is 0
} gr_determinant;
gr_code gr_det(gr_determinant *out, const gr_tensor *a, gr_err *err);

// a = u diag(s) vt, s (k,) descending, k = min(m, n); u (m, k), vt (k, n), or the whole bases (m, m), (n, n),
// both or neither. u and vt may be NULL: the values only.
gr_code gr_svd(gr_tensor *u, gr_tensor *s, gr_tensor *vt, const gr_tensor *a, gr_err *err);
// Moore and Penrose's inverse, out (n, m) contiguous: singular values up to `cut` times the largest count as
// 0.
gr_code gr_pinv(gr_tensor *out, const gr_tensor *a, double cut, gr_err *err);

// a = v diag(w) v^T for symmetric a: w (n,) ascending, v (n, n), its columns orthonormal, may be NULL. Reads
// the lower triangle; a matrix that is not symmetric but for rounding is GR_ERR_VALUE.
gr_code gr_eigh(gr_tensor *w, gr_tensor *v, const gr_tensor *a, gr_err *err);

// a = q r: q (m, k), its columns orthonormal, and r (k, n) with zeros below its diagonal, k = min(m, n) or m.
// q may be NULL.
gr_code gr_qr(gr_tensor *q, gr_tensor *r, const gr_tensor *a, gr_err *err);

// a = l l^T for symmetric a that is positive definite; l has zeros above its diagonal.
gr_code gr_cholesky(gr_tensor *l, const gr_tensor *a, gr_err *err);

// The x (n, r) of least length among those for which the columns of a x - b (m, r) are shortest. Singular
// values up to `cut` times the largest count as 0; `s` (k,) are all of them. `residuals` (r,) are the squared
// lengths of those columns; NULL if nobody asks. They are right only for m > n and rank n.
gr_code gr_lstsq(gr_tensor *x, gr_tensor *residuals, int *rank, gr_tensor *s, const gr_tensor *a,
                 const gr_tensor *b, double cut, gr_err *err);

#endif
