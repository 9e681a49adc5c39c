// The singular values and what is made of them, with their derivatives.
//
// All have the same form. With a = u diag(s) vt, v = vt^T and k = min(m, n) singular values, a gradient by a
// is
//
//   da = (u core + left) vt + u right^T
//
// core (k, k) is its part inside both bases, left (m, k) and right (n, k) are those orthogonal to one of
// them; of these at most one has anything to say, since one of the bases spans all of its space.
#include <math.h>

#include "grad/matrices.h"
#include "kernel/lapack.h"
#include "kernel/matmul.h"

// In functions that have a gr_code `code`: goes on when the call succeeds.
#define DO(call)                      \
  do {                                \
    if ((code = (call))) return code; \
  } while (0)

typedef struct sides {
  int64_t m, n, k;
} sides;

static sides sides_of(const gr_tensor *a) {
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
  return (sides){m, n, m < n ? m : n};
}

// part = (x - basis inside) diag(factor): what of the columns x lies outside those of the basis.
static gr_code outside(gr_tensor *part, const gr_tensor *x, const gr_tensor *basis, const gr_tensor *inside,
                       const double *factor, gr_err *err) {
  const int64_t k = part->shape[1];
  gr_code code = gr_matmul(part, basis, inside, false, err);
  for (int64_t i = 0; !code && i < part->shape[0]; i++)
    for (int64_t j = 0; j < k; j++) {
      double *p = gr_numbers(part) + i * k + j;
      *p = (gr_numbers(x)[i * x->stride[0] + j * x->stride[1]] - *p) * factor[j];
    }
  return code;
}

// The gradient by a. `left` is read for m > k only, and overwritten; `right` is read for n > k only.
static gr_code lift(gr_tensor *da, const gr_tensor *u, const gr_tensor *core, gr_tensor *left,
                    const gr_tensor *vt, const gr_tensor *right, gr_err *err) {
  const int64_t k = u->shape[1];
  const gr_tensor right_t = gr_tensor_transposed(right);
  gr_code code;
  DO(gr_matmul(left, u, core, u->shape[0] > k, err));
  DO(gr_matmul(da, left, vt, false, err));
  return vt->shape[1] > k ? gr_matmul(da, u, &right_t, true, err) : GR_OK;
}

// ---- u, s and vt, one after the other along one axis; or s alone, the others kept for the way back ----

static gr_code svd_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  const sides d = sides_of(a);
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < a->ndim - 2; i++) shape[i] = a->shape[i];
  shape[a->ndim - 2] = d.m * d.k + d.k + d.k * d.n + 1;
  *scratch = gr_matrices_scratch(c, d.m * d.n + 3 * d.k * (d.m + d.n + d.k + 1));
  return gr_tensor_layout(c->out, (gr_dtype)a->dtype, a->ndim - 1, shape, err);
}

static gr_code svdvals_plan(gr_call *c, size_t *scratch, gr_err *err) {
  gr_code code = svd_plan(c, scratch, err);
  if (code) return code;
  *c->aux = *c->out;
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < c->aux->ndim; i++) shape[i] = c->aux->shape[i];
  shape[c->aux->ndim - 1] = sides_of(c->in[0]).k;
  return gr_tensor_layout(c->out, (gr_dtype)c->aux->dtype, c->aux->ndim, shape, err);
}

static gr_code decompose(const char *name, const gr_call *c, const gr_tensor *packed, gr_err *err) {
  const sides d = sides_of(c->in[0]);
  gr_tensor u = gr_packed_matrices(packed, 0, d.m, d.k), s = gr_packed(packed, d.m * d.k, d.k);
  gr_tensor vt = gr_packed_matrices(packed, d.m * d.k + d.k, d.k, d.n);
  gr_clear_mark(packed);
  return gr_svd_stack(gr_title_of(c, name, false).text, &u, &s, &vt, c->in[0], err);
}

static gr_code svd_forward(gr_call *c, gr_err *err) { return decompose("svd", c, c->out, err); }

static gr_code svdvals_forward(gr_call *c, gr_err *err) {
  const sides d = sides_of(c->in[0]);
  const gr_tensor s = gr_packed(c->aux, d.m * d.k, d.k);
  gr_code code = decompose("svdvals", c, c->aux, err);
  return code ? code : gr_copy(c->out, &s, err);
}

// What one matrix's way back through u, s and vt is computed from; dv is a transposed view.
typedef struct bases {
  sides d;
  gr_tensor u, s, vt, du, ds, dv;
  double close;  // singular values that differ by no more are equal
} bases;

// Whether anything comes back to singular value `i` or its vectors.
static bool used(const bases *b, int64_t i) {
  return gr_numbers(&b->ds)[i] != 0 || gr_column_is_used(&b->du, i) || gr_column_is_used(&b->dv, i);
}

// Townsend, "Differentiating the singular value decomposition" (2016). With P and Q what is antisymmetric in
// u^T du and v^T dv,
//
//   core_ij = (P_ij s_j + s_i Q_ij) / (s_j^2 - s_i^2) = 1/2 ((P + Q)_ij / (s_j - s_i) + (P - Q)_ij / (s_i +
//   s_j))
//
// Between equal s the vectors are any basis of what they span: what op_decompositions.c says of eigenvectors
// holds for them too.
static gr_code svd_core(gr_tensor *core, const bases *b, const gr_tensor *mu, const gr_tensor *mv,
                        gr_err *err) {
  const int64_t k = b->d.k;
  const double *s = gr_numbers(&b->s), *U = gr_numbers(mu), *V = gr_numbers(mv);
  double *K = gr_numbers(core);
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = i + 1; j < k; j++) {
      if (s[i] - s[j] <= b->close) {
        if (used(b, i) || used(b, j))
          return gr_fail(
              err, GR_ERR_VALUE,
              "singular values %lld and %lld are equal but for rounding (%g and %g), so that their vectors "
              "may "
              "turn into one another and there is no gradient through those. What depends on singular values "
              "alone has one: take those from linalg.svdvals(A). Otherwise compute it without the vectors, "
              "or "
              "set the values apart: A + 1e-6 * random.randn(m, n)",
              (long long)i + 1, (long long)j + 1, s[i], s[j]);
        K[i * k + j] = K[j * k + i] = 0;
        continue;
      }
      const double p = U[i * k + j] - U[j * k + i], q = V[i * k + j] - V[j * k + i];
      const double turn = (p + q) / (s[j] - s[i]) / 2, slide = (p - q) / (s[i] + s[j]) / 2;
      K[i * k + j] = turn + slide;
      K[j * k + i] = turn - slide;
    }
  return GR_OK;
}

// The part of du (or dv) outside the basis u (or v), divided by the singular values.
static gr_code svd_outside(gr_tensor *part, const bases *b, const gr_tensor *dx, const gr_tensor *basis,
                           const gr_tensor *inside, double *factor, gr_err *err) {
  const double *s = gr_numbers(&b->s);
  for (int64_t j = 0; j < b->d.k; j++) {
    factor[j] = s[j] > b->close ? 1 / s[j] : 0;
    if (factor[j] == 0 && used(b, j))
      return gr_fail(
          err, GR_ERR_VALUE,
          "singular value %lld is 0 but for rounding (%g), so that its vectors may turn and there is "
          "no gradient through them. What depends on singular values alone has one: take those "
          "from linalg.svdvals(A). linalg.pinv(A) has one too; A + 1e-6 * random.randn(m, n) is a "
          "matrix of full rank nearby",
          (long long)j + 1, s[j]);
  }
  return outside(part, dx, basis, inside, factor, err);
}

static gr_code svd_back(gr_way_back *w, gr_err *err) {
  const sides d = sides_of(w->a);
  const gr_tensor *packed = w->aux ? w->aux : w->out;
  double *work = w->work;
  bases b = {.d = d};
  b.u = gr_work_copy(&work, packed, 0, d.m, d.k);
  b.s = gr_work_copy(&work, packed, d.m * d.k, 1, d.k);
  b.vt = gr_work_copy(&work, packed, d.m * d.k + d.k, d.k, d.n);
  b.ds = gr_work_copy(&work, w->dout, w->aux ? 0 : d.m * d.k, 1, d.k);
  gr_tensor core = gr_work_matrix(&work, d.k, d.k), da = gr_work_matrix(&work, d.m, d.n);
  gr_tensor left = gr_work_matrix(&work, d.m, d.k), right = gr_work_matrix(&work, d.n, d.k);
  gr_code code;
  DO(gr_fill(&core, 0, err));
  DO(gr_fill(&left, 0, err));
  DO(gr_fill(&right, 0, err));
  if (!w->aux) {
    b.du = gr_work_copy(&work, w->dout, 0, d.m, d.k);
    const gr_tensor dvt = gr_work_copy(&work, w->dout, d.m * d.k + d.k, d.k, d.n);
    b.dv = gr_tensor_transposed(&dvt);
    b.close = gr_indistinct((gr_dtype)w->out->dtype, d.m > d.n ? d.m : d.n) * gr_numbers(&b.s)[0];
    if (gr_mark(w->dout) != 0 || gr_is_used(&b.du) || gr_is_used(&b.dv)) {
      gr_tensor mu = gr_work_matrix(&work, d.k, d.k), mv = gr_work_matrix(&work, d.k, d.k);
      const gr_tensor ut = gr_tensor_transposed(&b.u), v = gr_tensor_transposed(&b.vt);
      DO(gr_matmul(&mu, &ut, &b.du, false, err));
      DO(gr_matmul(&mv, &b.vt, &b.dv, false, err));
      DO(svd_core(&core, &b, &mu, &mv, err));
      if (d.m > d.k) DO(svd_outside(&left, &b, &b.du, &b.u, &mu, work, err));
      if (d.n > d.k) DO(svd_outside(&right, &b, &b.dv, &v, &mv, work, err));
    }
  }
  for (int64_t i = 0; i < d.k; i++) gr_numbers(&core)[i * d.k + i] = gr_numbers(&b.ds)[i];
  DO(lift(&da, &b.u, &core, &left, &b.vt, &right, err));
  return gr_copy(w->da, &da, err);
}

static gr_code svd_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "svd", 1, svd_back, err);
}

static gr_code svdvals_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "svdvals", 1, svd_back, err);
}

const gr_op gr_op_svd = {
    "svd", svd_plan, svd_forward, svd_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};
const gr_op gr_op_svdvals = {"svdvals",        svdvals_plan,        svdvals_forward,
                             svdvals_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- the pseudo-inverse ----

static gr_code pinv_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  const sides d = sides_of(a);
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < a->ndim - 2; i++) shape[i] = a->shape[i];
  shape[a->ndim - 2] = d.n, shape[a->ndim - 1] = d.m;
  *scratch = gr_matrices_scratch(c, 2 * d.m * d.n + d.k * (3 * (d.m + d.n) + 2 * d.k + 2));
  return gr_tensor_layout(c->out, (gr_dtype)a->dtype, a->ndim, shape, err);
}

static gr_code pinv_forward(gr_call *c, gr_err *err) {
  return gr_pinv_stack(gr_title_of(c, "pinv", false).text, c->out, c->in[0], c->args->rate, err);
}

// The result is v diag(f) u^T with f = 1 / s, or 0 where s counts as 0; an s that does so keeps doing it for
// small changes of a. With g = dout^T and G = u^T g v,
//
//   left = (g v - u G) diag(f^2),  right = (g^T u - v G^T) diag(f^2)
//
// and core is -G^T_ij / (s_i s_j) between two that count, 0 between two that do not, and otherwise, with z
// the smaller of s_i and s_j and s the larger, (G_ij + z / s G^T_ij) / (s^2 - z^2). Equal singular values are
// no special case. For z = 0 this is the derivative of Golub and Pereyra, "The differentiation of
// pseudo-inverses" (1973), for changes that leave the rank as it is.
static gr_code pinv_back(gr_way_back *w, gr_err *err) {
  const sides d = sides_of(w->a);
  const int64_t k = d.k;
  double *work = w->work;
  const gr_tensor gt = gr_work_copy(&work, w->dout, 0, d.n, d.m);
  gr_tensor u = gr_work_matrix(&work, d.m, k), vt = gr_work_matrix(&work, k, d.n), s;
  gr_tensor values = gr_work_matrix(&work, 1, k), squares = gr_work_matrix(&work, 1, k);
  gr_tensor gv_t = gr_work_matrix(&work, k, d.m), gt_u = gr_work_matrix(&work, d.n, k);
  gr_tensor G_t = gr_work_matrix(&work, k, k), core = gr_work_matrix(&work, k, k);
  gr_tensor left = gr_work_matrix(&work, d.m, k), right = gr_work_matrix(&work, d.n, k);
  gr_tensor da = gr_work_matrix(&work, d.m, d.n);
  const gr_tensor v = gr_tensor_transposed(&vt), gv = gr_tensor_transposed(&gv_t),
                  G = gr_tensor_transposed(&G_t);
  gr_code code;
  gr_tensor_view_select(&s, &values, 0, 0);
  DO(gr_svd(&u, &s, &vt, w->a, err));  // in the dtype of a, so that the same values count
  const double *x = gr_numbers(&values), *g = gr_numbers(&G_t), bound = w->args->rate * x[0];
  double *f2 = gr_numbers(&squares);
  for (int64_t i = 0; i < k; i++) f2[i] = x[i] > bound ? 1 / (x[i] * x[i]) : 0;
  DO(gr_matmul(&gv_t, &vt, &gt, false, err));
  DO(gr_matmul(&gt_u, &gt, &u, false, err));
  DO(gr_matmul(&G_t, &gv_t, &u, false, err));
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < k; j++) {
      const double there = g[j * k + i], back = g[i * k + j], s1 = fmax(x[i], x[j]), z = fmin(x[i], x[j]);
      gr_numbers(&core)[i * k + j] = z > bound    ? -back / (x[i] * x[j])
                                     : s1 > bound ? (there + z / s1 * back) / ((s1 - z) * (s1 + z))
                                                  : 0;
    }
  if (d.m > k) DO(outside(&left, &gv, &u, &G, f2, err));
  if (d.n > k) DO(outside(&right, &gt_u, &v, &G_t, f2, err));
  DO(lift(&da, &u, &core, &left, &vt, &right, err));
  return gr_copy(w->da, &da, err);
}

static gr_code pinv_backward(gr_call *c, gr_err *err) {
  return gr_back_through_matrices(c, "pinv", 2, pinv_back, err);
}

const gr_op gr_op_pinv = {"pinv",        pinv_plan,           pinv_forward,
                          pinv_backward, gr_matrices_by_rows, GR_TANGENT_BY_BACKWARD};
