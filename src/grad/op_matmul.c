// Matrix products and their derivatives.
#include "grad/op.h"
#include "kernel/matmul.h"

static gr_code matmul_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1];
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  *scratch = 0;
  gr_code code = gr_matmul_shape(&ndim, shape, a, b, err);
  return code ? code : gr_tensor_layout(c->out, gr_dtype_promote(a->dtype, b->dtype), ndim, shape, err);
}

static gr_code matmul_forward(gr_call *c, gr_err *err) {
  gr_tensor out = *c->out, a = *c->in[0], b = *c->in[1];
  gr_matmul_matrices(&out, &a, &b);
  return gr_matmul(&out, &a, &b, false, err);
}

// The gradient of an operand as a matrix, a vector with its axis of size 1.
static gr_tensor like(const gr_tensor *d, const gr_tensor *matrix) {
  gr_tensor t = *matrix;
  t.buffer = NULL;
  t.data = d->data;
  int64_t step = 1;
  for (int i = t.ndim; i-- > 0; step *= t.shape[i]) t.stride[i] = step;
  return t;
}

// da = dout b^T, db = a^T dout; of an operand with fewer matrices than the result, their sum.
static gr_code matmul_backward(gr_call *c, gr_err *err) {
  gr_tensor dout = *c->dout, a = *c->in[0], b = *c->in[1];
  gr_matmul_matrices(&dout, &a, &b);
  const gr_tensor at = gr_tensor_transposed(&a), bt = gr_tensor_transposed(&b);
  gr_code code = GR_OK;
  if (c->din[0]) {
    gr_tensor da = like(c->din[0], &a);
    code = gr_matmul(&da, &dout, &bt, c->accumulate[0], err);
  }
  if (!code && c->din[1]) {
    gr_tensor db = like(c->din[1], &b);
    code = gr_matmul(&db, &at, &dout, c->accumulate[1], err);
  }
  return code;
}

// Rows of the left matrix are rows of the result. Of stacks, the matrices are, when each operand that has
// rows spans all axes of the result and no other has more than one matrix along axis 0.
static bool matmul_by_rows(const gr_call *c, unsigned rows) {
  const gr_tensor *a = c->in[0], *b = c->in[1];
  const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
  if (ndim <= 2) return rows == 1 && a->ndim == 2;
  for (int i = 0; i < 2; i++) {
    const gr_tensor *t = c->in[i];
    const bool spans = t->ndim == ndim;
    if (rows & 1u << i ? !spans : spans && t->shape[0] != 1) return false;
  }
  return true;
}

const gr_op gr_op_matmul = {"matmul",        matmul_plan,    matmul_forward,
                            matmul_backward, matmul_by_rows, GR_TANGENT_PRODUCT};
