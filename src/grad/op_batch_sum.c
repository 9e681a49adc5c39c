// The sum over all rows of a batch, at each row: for numbers that a batch has as a whole. A row of the output
// depends on every row, and the derivative by a row is the sum of those by all rows of the output: the same
// operation, back.
#include "grad/op.h"
#include "kernel/walk.h"

// Numbers in a row.
static int64_t columns_of(const gr_tensor *x) {
  int64_t n = 1;
  for (int axis = 1; axis < x->ndim; axis++) n *= x->shape[axis];
  return n;
}

static size_t numbers(const gr_call *c) { return (size_t)columns_of(c->in[0]); }

static void add_rows(double *sums, const gr_tensor *t) {
  const int64_t columns = columns_of(t), size = gr_tensor_size(t);
  gr_walk walk;
  gr_block block;
  gr_walk_start(&walk, t->data, (gr_dtype)t->dtype, GR_F64, t->ndim, t->shape, t->stride);
  for (int64_t done = 0, column = 0; done < size;) {
    const int64_t n = size - done < GR_BLOCK ? size - done : GR_BLOCK;
    const double *x = gr_walk_read(&walk, &block, n);
    for (int64_t i = 0; i < n; i++) {
      sums[column] += x[i];
      column = column + 1 < columns ? column + 1 : 0;
    }
    done += n;
  }
}

// The sums as a tensor of the shape of x, in which all rows are one.
static gr_tensor stretched(double *sums, const gr_tensor *x) {
  gr_tensor t;
  gr_err unused;
  gr_tensor_layout(&t, GR_F64, x->ndim, x->shape, &unused);  // as large as the output, whose layout exists
  t.data = sums;
  t.stride[0] = 0;
  return t;
}

static gr_code plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  if (x->ndim == 0 || !gr_dtype_is_float(x->dtype))
    return gr_fail(err, GR_ERR_SHAPE, "the sum of a batch is one of rows of float32 or float64");
  *scratch = 2 * gr_scratch_round((size_t)gr_tensor_size(x) * sizeof(double));
  gr_code code = gr_tensor_layout(c->aux, GR_F64, 1, (int64_t[]){2 * columns_of(x)}, err);
  return code ? code : gr_tensor_layout(c->out, x->dtype, x->ndim, x->shape, err);
}

static void gather(gr_call *c, double *sums) { add_rows(sums, c->in[0]); }

static gr_code forward(gr_call *c, gr_err *err) {
  const gr_tensor sums = stretched(c->batch, c->in[0]);
  return gr_copy(c->out, &sums, err);
}

static void gather_backward(gr_call *c, double *sums) { add_rows(sums, c->dout); }

static gr_code backward(gr_call *c, gr_err *err) {
  const gr_tensor sums = stretched(c->batch + numbers(c), c->in[0]);
  return gr_call_give(c, 0, &sums, c->scratch, err);
}

static const gr_barrier barrier = {numbers, gather, gather_backward};

const gr_op gr_op_batch_sum = {.name = "batch_sum",
                               .plan = plan,
                               .forward = forward,
                               .backward = backward,
                               .by_rows = gr_first_by_rows,
                               .barrier = &barrier};
