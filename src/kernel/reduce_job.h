// What the files of the reductions share: a reduction sorted into kept and reduced axes. reduce.c makes the
// plan and folds floats; reduce_exact.c folds integers and finds positions.
#ifndef GR_KERNEL_REDUCE_JOB_H
#define GR_KERNEL_REDUCE_JOB_H

#include "kernel/reduce.h"
#include "kernel/table.h"
#include "kernel/walk.h"

// A reduced row shorter than this is not worth a call of its own.
#define GR_SHORT_ROW 16

typedef struct gr_reduce_job {
  gr_reduce_op op;
  gr_dtype compute;
  const gr_tensor *a;
  gr_tensor *out;
  double ddof;        // of a variance: its sum is divided by count - ddof
  int kept, reduced;  // axes of each kind after merging, at least 1
  int64_t kept_shape[GR_MAX_DIMS], reduced_shape[GR_MAX_DIMS];
  int64_t kept_stride[2][GR_MAX_DIMS];     // in a, in out
  int64_t reduced_stride[1][GR_MAX_DIMS];  // in a
  int64_t results, count;                  // how many, and elements behind each
  int64_t unpolled;
  gr_err *err;
} gr_reduce_job;

// Says that so many elements are done: polls the interrupt flag now and then.
gr_code gr_reduce_worked(gr_reduce_job *j, int64_t elements);
// Two walks over the kept axes, of which only the positions are used: in a and in out.
void gr_reduce_start(gr_reduce_job *j, gr_walk *from, gr_walk *to);
gr_fold gr_reduce_fold(gr_reduce_op op);
// Whether neighbours in memory go to different results, so that rows of accumulators walk it in order.
bool gr_reduce_by_rows(const gr_reduce_job *j);

gr_code gr_reduce_integers(gr_reduce_job *j);
gr_code gr_reduce_positions(gr_reduce_job *j);

#endif
