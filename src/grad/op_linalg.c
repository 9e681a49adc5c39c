// Solving systems of equations, and determinants, with their derivatives: Giles, "Collected matrix derivative
// results for forward and reverse mode algorithmic differentiation" (2008).
#include <math.h>

#include "grad/matrices.h"
#include "kernel/lapack.h"
#include "kernel/matmul.h"

// In functions that have a gr_code `code`: goes on when the call succeeds.
#define DO(call)                      \
  do {                                \
    if ((code = (call))) return code; \
  } while (0)

// ---- a x = b; without b, the inverse ----

static const char *solve_name(const gr_call *c) { return c->in[1] ? "solve" : "inv"; }

// The vectors of b, and those of x then, as matrices of one column.
static gr_tensor as_matrices(const gr_call *c, const gr_tensor *t) {
  return c->in[1] && c->in[1]->ndim == 1 ? gr_as_column(t) : *t;
}

// What gr_call_give needs to add the gradients of a stretched b up.
static size_t spare_bytes(const gr_call *c) {
  return c->in[1] ? 2 * gr_scratch_round((size_t)gr_tensor_size(c->in[1]) * sizeof(double)) : 0;
}

static gr_code solve_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1];
  int64_t shape[GR_MAX_DIMS];
  int ndim;
  gr_code code;
  DO(gr_solve_shape(&ndim, shape, a, b ? b : a, err));
  DO(gr_tensor_layout(c->out, (gr_dtype)a->dtype, ndim, shape, err));
  *scratch = gr_scratch_round(gr_tensor_bytes(c->out)) + spare_bytes(c);
  return gr_tensor_layout(c->aux, GR_F64, 0, NULL, err);  // the least reciprocal condition number
}

static gr_code solve_forward(gr_call *c, gr_err *err) {
  gr_tensor x = as_matrices(c, c->out), b;
  if (c->in[1]) b = as_matrices(c, c->in[1]);
  return gr_solve_stack(gr_title_of(c, solve_name(c), false).text, &x, c->aux->data, c->in[0],
                        c->in[1] ? &b : NULL, err);
}

// a dx = db - da x, so that db = a^-T dout and da = -db x^T; of a matrix or a right-hand side that many
// share, the sum.
static gr_code solve_backward(gr_call *c, gr_err *err) {
  const gr_tensor at = gr_tensor_transposed(c->in[0]), dout = as_matrices(c, c->dout),
                  x = as_matrices(c, c->out), xt = gr_tensor_transposed(&x);
  gr_tensor db, flat;
  double rcond;
  gr_code code;
  DO(gr_check_finite_gradient(c, solve_name(c), err));
  DO(gr_tensor_layout(&db, (gr_dtype)x.dtype, x.ndim, x.shape, err));
  db.data = c->scratch;
  DO(gr_solve_stack(gr_title_of(c, solve_name(c), true).text, &db, &rcond, &at, &dout, err));
  if (c->inputs > 1 && c->din[1]) {
    DO(gr_tensor_view_reshape(&flat, &db, c->out->ndim, c->out->shape, err));
    DO(gr_call_give(c, 1, &flat, (char *)c->scratch + gr_scratch_round(gr_tensor_bytes(&db)), err));
  }
  if (!c->din[0]) return GR_OK;
  DO(gr_unary(&db, GR_NEG, &db, err));
  return gr_matmul(c->din[0], &db, &xt, c->accumulate[0], err);
}

// Each row is a matrix or a stack of them, and all rows have the other operand in common, or each its own.
static bool solve_by_rows(const gr_call *c, unsigned rows) {
  const bool vector = c->in[1] && c->in[1]->ndim == 1;
  const int ndim = c->out->ndim + vector;
  for (int i = 0; i < c->inputs && c->in[i]; i++) {
    const gr_tensor *t = c->in[i];
    const bool spans = t->ndim + (i == 1 && vector) == ndim;
    if (rows & 1u << i ? !spans : spans && t->shape[0] != 1) return false;
  }
  return ndim > 2;
}

const gr_op gr_op_solve = {"solve",        solve_plan,    solve_forward,
                           solve_backward, solve_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- determinants ----

// out: one number a matrix or, for slogdet, sign and logarithm along a last axis.
static gr_code det_layout(gr_call *c, int64_t numbers, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  const int64_t n = a->shape[a->ndim - 1];
  int64_t shape[GR_MAX_DIMS];
  int ndim = a->ndim - 2;
  for (int i = 0; i < ndim; i++) shape[i] = a->shape[i];
  if (numbers > 1) shape[ndim++] = numbers;
  *scratch = gr_matrices_scratch(c, 4 * n * n + n);
  return gr_tensor_layout(c->out, (gr_dtype)a->dtype, ndim, shape, err);
}

static gr_code det_plan(gr_call *c, size_t *scratch, gr_err *err) { return det_layout(c, 1, scratch, err); }

static gr_code det_forward(gr_call *c, gr_err *err) {
  return gr_det_stack(gr_title_of(c, "det", false).text, c->out, NULL, NULL, c->in[0], err);
}

// The product of all numbers but number `left_out`, times `scale`. On the way it may leave the range of
// numbers, so it is kept as mantissa and exponent.
static double product_of_others(const double *numbers, int64_t n, int64_t left_out, double scale) {
  int more;
  int64_t exponent = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i == left_out) continue;
    scale = frexp(scale * numbers[i], &more);
    exponent += more;
  }
  return scalbln(scale, exponent > 4096 ? 4096 : exponent < -4096 ? -4096 : (long)exponent);
}

// d det(a) = sum of the cofactors times da. By the singular values, a = u diag(s) vt, the cofactors are
// det(u) det(vt) u diag(products of the others of s) vt, for a singular matrix too; when there is an inverse
// worth the name, they are det(a) a^-T, which is quicker.
static gr_code det_back(gr_way_back *w, gr_err *err) {
  const double scale = gr_tensor_get(w->dout, NULL);
  const int64_t n = w->a->shape[0];
  double rcond, *work = w->work;
  gr_tensor inverse = gr_work_matrix(&work, n, n);
  const gr_tensor wide = gr_work_copy(&work, w->a, 0, n, n);
  gr_code code = gr_solve(&inverse, &rcond, &wide, NULL, err);
  if (!code && rcond >= sqrt(gr_epsilon(GR_F64))) {
    const gr_tensor t = gr_tensor_transposed(&inverse);
    DO(gr_binary_scalar(&inverse, GR_MUL, &inverse, scale * gr_tensor_get(w->out, NULL), false, err));
    return gr_copy(w->da, &t, err);
  }
  if (code && code != GR_ERR_VALUE) return code;
  gr_determinant left, right;
  gr_tensor u = gr_work_matrix(&work, n, n), vt = gr_work_matrix(&work, n, n),
            s = gr_work_matrix(&work, 1, n);
  gr_tensor row = s;
  gr_tensor_view_select(&row, &s, 0, 0);
  DO(gr_svd(&u, &row, &vt, &wide, err));
  DO(gr_det(&left, &u, err));
  DO(gr_det(&right, &vt, err));
  for (int64_t i = 0; i < n; i++) {
    const double others = product_of_others(gr_numbers(&s), n, i, scale * left.sign * right.sign);
    for (int64_t j = 0; j < n; j++) gr_numbers(&vt)[i * n + j] *= others;
  }
  DO(gr_matmul(&inverse, &u, &vt, false, err));
  return gr_copy(w->da, &inverse, err);
}

static gr_code det_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "det", 0, det_back, err);
}

const gr_op gr_op_det = {
    "det", det_plan, det_forward, det_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};

static gr_code slogdet_plan(gr_call *c, size_t *scratch, gr_err *err) {
  return det_layout(c, 2, scratch, err);
}

static gr_code slogdet_forward(gr_call *c, gr_err *err) {
  gr_tensor sign, logarithm;
  gr_tensor_view_select(&sign, c->out, c->out->ndim - 1, 0);
  gr_tensor_view_select(&logarithm, c->out, c->out->ndim - 1, 1);
  return gr_det_stack(gr_title_of(c, "slogdet", false).text, NULL, &sign, &logarithm, c->in[0], err);
}

// d log |det(a)| = trace(a^-1 da): da = dout a^-T. The sign is the same all around.
static gr_code slogdet_back(gr_way_back *w, gr_err *err) {
  const double scale = gr_tensor_get(w->dout, (int64_t[]){1});
  const int64_t n = w->a->shape[0];
  double rcond, *work = w->work;
  if (scale == 0) return gr_fill(w->da, 0, err);
  gr_tensor inverse = gr_work_matrix(&work, n, n);
  const gr_tensor wide = gr_work_copy(&work, w->a, 0, n, n), t = gr_tensor_transposed(&inverse);
  gr_code code = gr_solve(&inverse, &rcond, &wide, NULL, err);
  if (code == GR_ERR_VALUE)
    return gr_fail(
        err, code,
        "the matrix is singular, and near it the logarithm of the determinant falls to -inf: there "
        "is no derivative. linalg.det has one there too; A + d * eye(n) with a small d helps when "
        "rounding is to blame");
  if (code) return code;
  DO(gr_binary_scalar(&inverse, GR_MUL, &inverse, scale, false, err));
  return gr_copy(w->da, &t, err);
}

static gr_code slogdet_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "slogdet", 1, slogdet_back, err);
}

const gr_op gr_op_slogdet = {"slogdet",        slogdet_plan,        slogdet_forward,
                             slogdet_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};
