// Linear algebra on stacks: what lapack.h does to one matrix is done to each of those along the axes before
// the last two, which are alike in all operands unless it says otherwise. The interrupt flag is looked at
// before each.
//
// `name` is the function that a learner called, for the sentence of an error, which says which matrix of the
// stack it is about.
#ifndef GR_KERNEL_STACK_H
#define GR_KERNEL_STACK_H

#include "tensor/tensor.h"

// Tensors of one stack, and how many of the last axes of each make up one item. `t` NULL: it is absent.
typedef struct gr_stacked {
  const gr_tensor *t;
  int tail;
} gr_stacked;

// Calls `f` on item after item; part[i] is the view of tensor i, NULL where that is absent.
#define GR_STACKED_MOST 6
typedef gr_code gr_on_item(gr_tensor *const *part, void *context, gr_err *err);
gr_code gr_each_item(const char *name, const gr_stacked *tensors, int count, gr_on_item *f, void *context,
                     gr_err *err);

// `t` with an axis of size 1 behind the others: vectors as matrices of one column.
gr_tensor gr_as_column(const gr_tensor *t);

// The shape of the x in a x = b: a is square, b has its rows (not checked here); a vector b gives vectors.
// The stacks broadcast, as in every product.
gr_code gr_solve_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err);
// x (..., n, r), to whose stack those of a and b are stretched; b NULL: the inverse. `*rcond` is the least.
gr_code gr_solve_stack(const char *name, gr_tensor *x, double *rcond, const gr_tensor *a, const gr_tensor *b,
                       gr_err *err);

// One number for each matrix; any of the three may be NULL.
gr_code gr_det_stack(const char *name, gr_tensor *value, gr_tensor *sign, gr_tensor *log, const gr_tensor *a,
                     gr_err *err);
gr_code gr_svd_stack(const char *name, gr_tensor *u, gr_tensor *s, gr_tensor *vt, const gr_tensor *a,
                     gr_err *err);
gr_code gr_pinv_stack(const char *name, gr_tensor *out, const gr_tensor *a, double cut, gr_err *err);
gr_code gr_eigh_stack(const char *name, gr_tensor *w, gr_tensor *v, const gr_tensor *a, gr_err *err);
gr_code gr_qr_stack(const char *name, gr_tensor *q, gr_tensor *r, const gr_tensor *a, gr_err *err);
gr_code gr_cholesky_stack(const char *name, gr_tensor *l, const gr_tensor *a, gr_err *err);

#endif
