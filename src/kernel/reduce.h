// Reductions over any set of axes. Sums are pairwise over blocks with several lanes, in a fixed order.
#ifndef GR_KERNEL_REDUCE_H
#define GR_KERNEL_REDUCE_H

#include "tensor/tensor.h"

typedef enum gr_reduce_op {
  GR_SUM,
  GR_MEAN,
  GR_PROD,
  GR_MIN,
  GR_MAX,
  GR_ANY,
  GR_ALL,
  GR_ARGMIN,
  GR_ARGMAX,  // one axis or all; int64, 0-based: bind adds 1. The first of equals; NaN wins
  GR_VAR,     // biased (NumPy's ddof=0); two passes
  GR_STD,     // its root
  GR_NORM,    // the root of the sum of squares
  GR_N_REDUCE
} gr_reduce_op;

const char *gr_reduce_name(gr_reduce_op op);
// float32 stays float32; integers give float64 (sum, prod, min, max of integers: int64); any/all: bool.
gr_dtype gr_reduce_dtype(gr_reduce_op op, gr_dtype a);

// The shape of a reduction of `a` over `axes`, which keep size 1 with `keepdims` and go without; returns its
// ndim.
int gr_reduce_shape(int64_t *shape, const gr_tensor *a, unsigned axes, bool keepdims);
// The order of axes that makes rows of what is reduced: those that are kept first. Returns how many rows.
int64_t gr_reduce_order(int order[GR_MAX_DIMS], const gr_tensor *a, unsigned axes);

// Bit i of `axes` reduces axis i. `out` has those axes with size 1 (keepdims form) or, with the same number
// of elements, any contiguous shape. min, max, argmin, argmax of nothing is GR_ERR_VALUE.
gr_code gr_reduce(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, unsigned axes, gr_err *err);
// GR_VAR and GR_STD, dividing by count - ddof.
gr_code gr_reduce_spread(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, unsigned axes, double ddof,
                         gr_err *err);

// The running sum (GR_SUM) or product (GR_PROD) along an axis, in the shape of `a` and the dtype of that
// reduction; with `reverse` from the end of the axis.
gr_code gr_scan(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, int axis, bool reverse, gr_err *err);

// log(sum(exp(x))) over `axes`, where no exponential overflows. x and out are float64 or float32, the same;
// out is contiguous and need not keep the axes. `scratch` has room for gr_logsumexp_scratch bytes.
gr_code gr_logsumexp(gr_tensor *out, const gr_tensor *x, unsigned axes, void *scratch, gr_err *err);
size_t gr_logsumexp_scratch(const gr_tensor *x, int64_t results);

#endif
