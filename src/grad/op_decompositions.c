// Cholesky's factor, eigenvalues of symmetric matrices, and qr, with their derivatives. The singular values
// are in op_svd.c.
#include <math.h>

#include "grad/matrices.h"
#include "kernel/lapack.h"
#include "kernel/matmul.h"

// In functions that have a gr_code `code`: goes on when the call succeeds.
#define DO(call)                      \
  do {                                \
    if ((code = (call))) return code; \
  } while (0)

static int64_t side_of(const gr_call *c) { return c->in[0]->shape[c->in[0]->ndim - 1]; }

// The symmetric part of x, which is what a function of symmetric matrices has for a gradient: of changes that
// leave the matrix symmetric no other part can be told. As in PyTorch.
static gr_code give_symmetric(gr_tensor *da, gr_tensor *x, gr_err *err) {
  const int64_t n = x->shape[0];
  double *p = gr_numbers(x);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++) p[i * n + j] = p[j * n + i] = (p[i * n + j] + p[j * n + i]) / 2;
  return gr_copy(da, x, err);
}

// A layout of the stack of in[0] with one more axis.
static gr_code packed_layout(gr_tensor *out, const gr_call *c, int64_t numbers, gr_err *err) {
  const gr_tensor *a = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < a->ndim - 2; i++) shape[i] = a->shape[i];
  shape[a->ndim - 2] = numbers;
  return gr_tensor_layout(out, (gr_dtype)a->dtype, a->ndim - 1, shape, err);
}

// ---- a = l l^T ----

static gr_code cholesky_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  *scratch = gr_matrices_scratch(c, 4 * side_of(c) * side_of(c));
  return gr_tensor_layout(c->out, (gr_dtype)a->dtype, a->ndim, a->shape, err);
}

static gr_code cholesky_forward(gr_call *c, gr_err *err) {
  return gr_cholesky_stack(gr_title_of(c, "cholesky", false).text, c->out, c->in[0], err);
}

// da = l^-T P l^-1, where P is the lower triangle of l^T dl with half of its diagonal. (Murray,
// "Differentiation of the Cholesky decomposition", 2016.)
static gr_code cholesky_back(gr_way_back *w, gr_err *err) {
  const int64_t n = w->a->shape[0];
  double *work = w->work;
  const gr_tensor l = gr_work_copy(&work, w->out, 0, n, n), dl = gr_work_copy(&work, w->dout, 0, n, n);
  const gr_tensor lt = gr_tensor_transposed(&l);
  gr_tensor p = gr_work_matrix(&work, n, n), x = gr_work_matrix(&work, n, n);
  gr_code code;
  DO(gr_matmul(&p, &lt, &dl, false, err));
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i; j < n; j++) gr_numbers(&p)[i * n + j] *= i == j ? 0.5 : 0;
  DO(gr_solve_triangle(&x, &lt, false, &p, err));
  const gr_tensor xt = gr_tensor_transposed(&x);
  DO(gr_solve_triangle(&p, &lt, false, &xt, err));
  return give_symmetric(w->da, &p, err);
}

static gr_code cholesky_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "cholesky", 2, cholesky_back, err);
}

const gr_op gr_op_cholesky = {"cholesky",        cholesky_plan,       cholesky_forward,
                              cholesky_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- a = v diag(w) v^T: w and v one after the other; or w alone, v kept for the way back ----

static gr_code eigh_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const int64_t n = side_of(c);
  *scratch = gr_matrices_scratch(c, 5 * n * n + 2 * n);
  return packed_layout(c->out, c, n + n * n + 1, err);
}

static gr_code eigvalsh_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const int64_t n = side_of(c);
  gr_code code;
  DO(eigh_plan(c, scratch, err));
  DO(packed_layout(c->aux, c, n * n, err));
  return packed_layout(c->out, c, n, err);
}

static gr_code eigh_forward(gr_call *c, gr_err *err) {
  const int64_t n = side_of(c);
  gr_tensor w = gr_packed(c->out, 0, n), v = gr_packed_matrices(c->out, n, n, n);
  gr_clear_mark(c->out);
  return gr_eigh_stack(gr_title_of(c, "eigh", false).text, &w, &v, c->in[0], err);
}

static gr_code eigvalsh_forward(gr_call *c, gr_err *err) {
  const int64_t n = side_of(c);
  gr_tensor v = gr_packed_matrices(c->aux, 0, n, n);
  return gr_eigh_stack(gr_title_of(c, "eigvalsh", false).text, c->out, &v, c->in[0], err);
}

// What comes back through the vectors: core_ij = (M_ij - M_ji) / 2 / (w_j - w_i), M = v^T dv.
//
// Of equal eigenvalues the vectors are any basis of what they span. A function that does not depend on the
// choice has M_ij = M_ji there, but no derivative can be had from 0 / 0: of two functions with the same dv,
// one of the projection on that space and one of a itself, it differs. Nor does a dv of 0 say that there is
// nothing: a = v diag(w) v^T itself has that where w = 0. So only vectors are passed over to which, and to
// whose values, nothing comes back.
static gr_code eigh_core(gr_tensor *core, const double *w, const double *dw, const gr_tensor *dv,
                         const gr_tensor *m, gr_dtype dtype, gr_err *err) {
  const int64_t n = core->shape[0];
  const double *M = gr_numbers(m), close = gr_indistinct(dtype, n) * fmax(fabs(w[0]), fabs(w[n - 1]));
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++) {
      double x = 0;
      if (w[j] - w[i] > close)
        x = (M[i * n + j] - M[j * n + i]) / 2 / (w[j] - w[i]);
      else if (dw[i] != 0 || dw[j] != 0 || gr_column_is_used(dv, i) || gr_column_is_used(dv, j))
        return gr_fail(
            err, GR_ERR_VALUE,
            "eigenvalues %lld and %lld are equal but for rounding (%g and %g), so that their eigenvectors "
            "may "
            "turn into one another and there is no gradient through those. What depends on eigenvalues alone "
            "has one: take those from linalg.eigvalsh(A). Otherwise compute it without eigenvectors, or set "
            "the values apart: A + diag(1e-6 * arange(n))",
            (long long)i + 1, (long long)j + 1, w[i], w[j]);
      gr_numbers(core)[i * n + j] = gr_numbers(core)[j * n + i] = x;
    }
  return GR_OK;
}

// da = v (core + diag(dw)) v^T. (Giles, "Collected matrix derivative results for forward and reverse mode
// algorithmic differentiation", 2008.)
static gr_code eigh_back(gr_way_back *b, gr_err *err) {
  const int64_t n = b->a->shape[0];
  double *work = b->work;
  const gr_tensor v = gr_work_copy(&work, b->aux ? b->aux : b->out, b->aux ? 0 : n, n, n);
  const gr_tensor w = gr_work_copy(&work, b->out, 0, 1, n), dw = gr_work_copy(&work, b->dout, 0, 1, n);
  const gr_tensor vt = gr_tensor_transposed(&v);
  gr_tensor core = gr_work_matrix(&work, n, n), product = gr_work_matrix(&work, n, n);
  gr_code code;
  DO(gr_fill(&core, 0, err));
  if (!b->aux) {
    const gr_tensor dv = gr_work_copy(&work, b->dout, n, n, n);
    DO(gr_matmul(&product, &vt, &dv, false, err));
    if (gr_mark(b->dout) != 0 || gr_is_used(&dv))
      DO(eigh_core(&core, gr_numbers(&w), gr_numbers(&dw), &dv, &product, (gr_dtype)b->out->dtype, err));
  }
  for (int64_t i = 0; i < n; i++) gr_numbers(&core)[i * n + i] = gr_numbers(&dw)[i];
  gr_tensor x = gr_work_matrix(&work, n, n);
  DO(gr_matmul(&product, &v, &core, false, err));
  DO(gr_matmul(&x, &product, &vt, false, err));
  return give_symmetric(b->da, &x, err);
}

static gr_code eigh_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "eigh", 1, eigh_back, err);
}

static gr_code eigvalsh_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "eigvalsh", 1, eigh_back, err);
}

const gr_op gr_op_eigh = {"eigh",        eigh_plan,           eigh_forward,
                          eigh_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};
const gr_op gr_op_eigvalsh = {"eigvalsh",        eigvalsh_plan,       eigvalsh_forward,
                              eigvalsh_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- a = q r: q (m, k) and r (k, n) one after the other, k = min(m, n) ----

static int64_t qr_inner(const gr_tensor *a) {
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
  return m < n ? m : n;
}

static gr_code qr_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const int64_t k = qr_inner(c->in[0]), n = side_of(c), m = c->in[0]->shape[c->in[0]->ndim - 2];
  *scratch = gr_matrices_scratch(c, 3 * m * k + 2 * k * k + 2 * k * n + 2 * m * n);
  return packed_layout(c->out, c, m * k + k * n, err);
}

static gr_code qr_forward(gr_call *c, gr_err *err) {
  const int64_t k = qr_inner(c->in[0]), n = side_of(c), m = c->in[0]->shape[c->in[0]->ndim - 2];
  gr_tensor q = gr_packed_matrices(c->out, 0, m, k), r = gr_packed_matrices(c->out, m * k, k, n);
  return gr_qr_stack(gr_title_of(c, "qr", false).text, &q, &r, c->in[0], err);
}

// q and r are functions of the first k columns only while these are independent.
static gr_code check_independent(const gr_tensor *r, gr_dtype dtype, int64_t side, gr_err *err) {
  const int64_t k = r->shape[0], n = r->shape[1];
  for (int64_t j = 0; j < k; j++) {
    double length = 0;
    for (int64_t i = 0; i <= j; i++) length = hypot(length, gr_numbers(r)[i * n + j]);
    if (fabs(gr_numbers(r)[j * n + j]) <= gr_indistinct(dtype, side) * length)
      return gr_fail(
          err, GR_ERR_VALUE,
          "column %lld of the matrix is %s, so that column %lld of Q may be any direction that is "
          "left, and there is no gradient. It takes independent columns, of a wide matrix the first "
          "%lld; A + 1e-6 * random.randn(m, n) has such",
          (long long)j + 1, length == 0 ? "zero" : "a combination of those before it, but for rounding",
          (long long)j + 1, (long long)k);
  }
  return GR_OK;
}

// For m >= n: da = (dq + q L) r^-T, where L is M = r dr^T - dq^T q with its lower triangle in the place of
// the upper too. (Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with
// application in optimum experimental design", 2012.) A wide a = (x y) has r = (s t), with x = q s and t =
// q^T y, so that y gets q dt, and dq gains y dt^T.
static gr_code qr_back(gr_way_back *w, gr_err *err) {
  const int64_t m = w->a->shape[0], n = w->a->shape[1], k = qr_inner(w->a);
  double *work = w->work;
  const gr_tensor q = gr_work_copy(&work, w->out, 0, m, k), r = gr_work_copy(&work, w->out, m * k, k, n);
  gr_tensor dq = gr_work_copy(&work, w->dout, 0, m, k);
  const gr_tensor dr = gr_work_copy(&work, w->dout, m * k, k, n);
  gr_tensor s, ds, M = gr_work_matrix(&work, k, k), other = gr_work_matrix(&work, k, k);
  gr_code code;
  DO(check_independent(&r, (gr_dtype)w->a->dtype, m > n ? m : n, err));
  gr_tensor_view_slice(&s, &r, 1, 0, 1, k);
  gr_tensor_view_slice(&ds, &dr, 1, 0, 1, k);
  if (n > k) {
    gr_tensor y, dt, da_y, dy = gr_work_matrix(&work, m, n - k);
    const gr_tensor a = gr_work_copy(&work, w->a, 0, m, n);
    gr_tensor_view_slice(&y, &a, 1, k, 1, n - k);
    gr_tensor_view_slice(&dt, &dr, 1, k, 1, n - k);
    gr_tensor_view_slice(&da_y, w->da, 1, k, 1, n - k);
    const gr_tensor dtt = gr_tensor_transposed(&dt);
    DO(gr_matmul(&dq, &y, &dtt, true, err));
    DO(gr_matmul(&dy, &q, &dt, false, err));
    DO(gr_copy(&da_y, &dy, err));
  }
  const gr_tensor dst = gr_tensor_transposed(&ds), dqt = gr_tensor_transposed(&dq);
  DO(gr_matmul(&M, &s, &dst, false, err));
  DO(gr_matmul(&other, &dqt, &q, false, err));
  double *p = gr_numbers(&M);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j <= i; j++)
      p[i * k + j] = p[j * k + i] = p[i * k + j] - gr_numbers(&other)[i * k + j];
  DO(gr_matmul(&dq, &q, &M, true, err));
  // x^T of x r^T = dq is the solution of r x^T = dq^T.
  gr_tensor xt = gr_work_matrix(&work, k, m), da;
  DO(gr_solve_triangle(&xt, &s, false, &dqt, err));
  const gr_tensor x = gr_tensor_transposed(&xt);
  gr_tensor_view_slice(&da, w->da, 1, 0, 1, k);
  return gr_copy(&da, &x, err);
}

static gr_code qr_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "qr", 1, qr_back, err);
}

const gr_op gr_op_qr = {"qr", qr_plan, qr_forward, qr_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};
