// What the derivatives of linear algebra share (op_linalg.c, op_decompositions.c): each goes back through one
// matrix of a stack after the other, in float64 whatever the dtype is. That costs little beside the
// decompositions, and the digits that a difference of two near numbers loses are not missed.
#ifndef GR_GRAD_MATRICES_H
#define GR_GRAD_MATRICES_H

#include "grad/op.h"
#include "kernel/stack.h"

// One matrix on its way back, all of them views without their stack: from `dout` to `da`, which is to be
// written. `work` is scratch for as many numbers as the plan named. Not called where dout is zero throughout.
typedef struct gr_way_back {
  const gr_op_args *args;
  gr_tensor *da;
  const gr_tensor *a, *out, *aux, *dout;  // aux: NULL where the operation keeps nothing
  double *work;
} gr_way_back;
typedef gr_code gr_go_back(gr_way_back *w, gr_err *err);

// Scratch for gr_back_through_matrices with `numbers` doubles of work.
size_t gr_matrices_scratch(const gr_call *c, int64_t numbers);
// The gradient of input 0, a stack of matrices; the last `tail` axes of out belong to one of them, and the
// last axis of aux. `name` is the function's in the module linalg, for errors, here and below.
gr_code gr_back_through_matrices(gr_call *c, const char *name, int tail, gr_go_back *f, gr_err *err);
// GR_ERR_VALUE unless dout is finite: what LAPACK and products make of others says nothing.
gr_code gr_check_finite_gradient(const gr_call *c, const char *name, gr_err *err);

// A fresh matrix out of the work at `*at`.
gr_tensor gr_work_matrix(double **at, int64_t rows, int64_t columns);
// The same with the numbers of `t`, of one or two axes, from element `from` of a `t` of one axis on.
gr_tensor gr_work_copy(double **at, const gr_tensor *t, int64_t from, int64_t rows, int64_t columns);
static inline double *gr_numbers(const gr_tensor *t) { return t->data; }

// Operations with several results put them one after the other along one last axis: `count` numbers from
// `from` on, and the stack of matrices that lie there row after row.
gr_tensor gr_packed(const gr_tensor *packed, int64_t from, int64_t count);
gr_tensor gr_packed_matrices(const gr_tensor *packed, int64_t from, int64_t rows, int64_t columns);

// Values of a decomposition of a matrix with `side` rows or columns that differ by no more than this,
// relative to the largest, are equal as far as their vectors can tell: a gradient through those divides by
// the difference, and LAPACK's rounding, some sqrt(side) epsilon, leaves it one digit or two.
double gr_indistinct(gr_dtype dtype, int64_t side);

// "the gradient of linalg.eigh": how errors on the way back begin.
#define GR_WAY_BACK_NAME 64
const char *gr_way_back_name(char text[GR_WAY_BACK_NAME], const char *name);
// by_rows of all: a stack is not cut into slices, so that errors number its matrices rightly.
bool gr_matrices_by_rows(const gr_call *c, unsigned rows);

#endif
