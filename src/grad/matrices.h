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
// Whether something comes back to a column of such a matrix; to any.
bool gr_column_is_used(const gr_tensor *d, int64_t column);
bool gr_is_used(const gr_tensor *d);
static inline double *gr_numbers(const gr_tensor *t) { return t->data; }

// Operations with several results put them one after the other along one last axis, from which gr_op_part
// takes them: `count` numbers from `from` on, and the stack of matrices that lie there row after row.
gr_tensor gr_packed(const gr_tensor *packed, int64_t from, int64_t count);
gr_tensor gr_packed_matrices(const gr_tensor *packed, int64_t from, int64_t rows, int64_t columns);
// Behind them stands a 0, whose gradient counts how often vectors were taken: what comes back through those
// may be 0, and yet say that they matter.
void gr_clear_mark(const gr_tensor *packed);
double gr_mark(const gr_tensor *packed);  // of one matrix

// Values of a decomposition of a matrix with `side` rows or columns that differ by no more than this,
// relative to the largest, are equal as far as their vectors can tell. A gradient through those divides
// LAPACK's rounding, some sqrt(side) epsilon, by the difference: just above, three digits are left of it.
double gr_indistinct(gr_dtype dtype, int64_t side);

// How errors begin: "linalg.eigh" or, on the way back, "the gradient of linalg.eigh"; of a slice of a batch,
// with where that begins, since the matrices of a stack are numbered within it.
typedef struct gr_title {
  char text[96];
} gr_title;
gr_title gr_title_of(const gr_call *c, const char *name, bool back);

// by_rows of operations on one stack of matrices: each row along its first axis is a matrix, or a stack of
// them.
bool gr_matrices_by_rows(const gr_call *c, unsigned rows);

#endif
