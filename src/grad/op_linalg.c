// Solving systems of equations, and determinants, with their derivatives: of one matrix, not of stacks.
#include "grad/op.h"
#include "kernel/lapack.h"
#include "kernel/matmul.h"

static gr_code check_square(const char *name, const gr_tensor *a, gr_err *err) {
  char text[GR_SHAPE_TEXT];
  if (a->ndim != 2 || a->shape[0] != a->shape[1])
    return gr_fail(err, GR_ERR_SHAPE, "linalg.%s of tracked tensors takes one square matrix A, not shape %s",
                   name, gr_shape_text(text, a->ndim, a->shape));
  if (gr_dtype_is_float((gr_dtype)a->dtype)) return GR_OK;
  return gr_fail(err, GR_ERR_TYPE, "linalg.%s of tracked tensors takes float64 or float32, not %s", name,
                 gr_dtype_name((gr_dtype)a->dtype));
}

// ---- a x = b; without b, the inverse ----

static gr_code solve_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1];
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  gr_code code = check_square(b ? "solve" : "inv", a, err);
  if (code) return code;
  if (b && (b->ndim < 1 || b->ndim > 2 || b->shape[0] != a->shape[0]))
    return gr_fail(err, GR_ERR_SHAPE,
                   "linalg.solve: A is %s, so b must have %lld rows, and its shape is %s (of tracked tensors "
                   "no stack is solved)",
                   gr_shape_text(ta, a->ndim, a->shape), (long long)a->shape[0],
                   gr_shape_text(tb, b->ndim, b->shape));
  if (b && b->dtype != a->dtype)
    return gr_fail(err, GR_ERR_TYPE, "linalg.solve: A is %s and b is %s: make them alike with astype",
                   gr_dtype_name((gr_dtype)a->dtype), gr_dtype_name((gr_dtype)b->dtype));
  const gr_tensor *like = b ? b : a;
  code = gr_tensor_layout(c->out, (gr_dtype)a->dtype, like->ndim, like->shape, err);
  *scratch = code ? 0 : gr_tensor_bytes(c->out);
  return code;
}

// A vector as a matrix of one column.
static gr_tensor as_matrix(const gr_tensor *t) {
  gr_tensor matrix = *t;
  if (t->ndim == 2) return matrix;
  matrix.ndim = 2;
  matrix.shape[1] = matrix.stride[1] = 1;
  return matrix;
}

static gr_code solve_forward(gr_call *c, gr_err *err) {
  gr_tensor x = as_matrix(c->out), b;
  double rcond;
  if (c->in[1]) b = as_matrix(c->in[1]);
  return gr_solve(&x, &rcond, c->in[0], c->in[1] ? &b : NULL, err);
}

// a dx = db - da x, so that db = a^-T dout and da = -db x^T. (Giles, "Collected matrix derivative results for
// forward and reverse mode algorithmic differentiation", 2008.)
static gr_code solve_backward(gr_call *c, gr_err *err) {
  const gr_tensor at = gr_tensor_transposed(c->in[0]), dout = as_matrix(c->dout), x = as_matrix(c->out);
  const gr_tensor xt = gr_tensor_transposed(&x);
  gr_tensor db, flat;
  double rcond;
  gr_code code = gr_tensor_layout(&db, (gr_dtype)x.dtype, 2, x.shape, err);
  if (code) return code;
  db.data = c->scratch;
  code = gr_solve(&db, &rcond, &at, &dout, err);
  if (!code && c->inputs > 1 && c->din[1]) {
    code = gr_tensor_view_reshape(&flat, &db, c->out->ndim, c->out->shape, err);
    if (!code) code = gr_call_give(c, 1, &flat, NULL, err);
  }
  if (code || !c->din[0]) return code;
  code = gr_unary(&db, GR_NEG, &db, err);
  return code ? code : gr_matmul(c->din[0], &db, &xt, c->accumulate[0], err);
}

static bool never_by_rows(const gr_call *c, unsigned rows) { return false; }

const gr_op gr_op_solve = {"solve",        solve_plan,    solve_forward,
                           solve_backward, never_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- the determinant ----

static gr_code det_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  gr_code code = check_square("det", a, err);
  if (code) return code;
  *scratch = gr_tensor_bytes(a);
  return gr_tensor_layout(c->out, (gr_dtype)a->dtype, 0, NULL, err);
}

static gr_code det_forward(gr_call *c, gr_err *err) {
  gr_determinant det;
  gr_code code = gr_det(&det, c->in[0], err);
  if (!code) gr_tensor_set(c->out, NULL, det.value);
  return code;
}

// d det(a) = det(a) trace(a^-1 da): da = dout det(a) a^-T.
static gr_code det_backward(gr_call *c, gr_err *err) {
  gr_tensor inverse;
  double rcond;
  if (!c->din[0]) return GR_OK;
  gr_code code = gr_tensor_layout(&inverse, (gr_dtype)c->out->dtype, 2, c->in[0]->shape, err);
  if (code) return code;
  inverse.data = c->scratch;
  code = gr_solve(&inverse, &rcond, c->in[0], NULL, err);
  if (code) return code;
  const double scale = gr_tensor_get(c->dout, NULL) * gr_tensor_get(c->out, NULL);
  code = gr_binary_scalar(&inverse, GR_MUL, &inverse, scale, false, err);
  const gr_tensor t = gr_tensor_transposed(&inverse);
  return code ? code : gr_call_give(c, 0, &t, NULL, err);
}

const gr_op gr_op_det = {"det", det_plan, det_forward, det_backward, never_by_rows, GR_TANGENT_BY_BACKWARD};
