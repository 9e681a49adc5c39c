// Reductions, running sums and their derivatives.
//
// Below, x is the input, y the result and g the derivative by y; the last two are seen in x's shape, with
// stride 0 along the reduced axes. The derivative of each kind is one line of the table in reduce_backward.
#include "grad/op.h"

#include <string.h>

// Scratch is handed out piece by piece.
static gr_tensor piece(char **at, gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t;
  gr_err unused;
  gr_tensor_layout(&t, dtype, ndim, shape, &unused);  // no larger than the input, whose layout exists
  t.data = *at;
  *at += gr_scratch_round(gr_tensor_bytes(&t));
  return t;
}

// The shape of the result with its reduced axes kept.
static void kept_shape(int64_t *shape, const gr_call *c) {
  gr_reduce_shape(shape, c->in[0], c->args->axes, true);
}

// A tensor of the result's shape seen in the input's.
static gr_tensor stretched(const gr_call *c, const gr_tensor *t) {
  const gr_tensor *x = c->in[0];
  gr_tensor view = *t;
  view.ndim = x->ndim;
  for (int i = 0, k = 0; i < x->ndim; i++) {
    bool gone = c->args->axes & 1u << i;
    view.shape[i] = x->shape[i];
    view.stride[i] = gone ? 0 : t->stride[k];
    k += !gone || c->args->keepdims;
  }
  return view;
}

static gr_code reduce_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_reduce_shape(shape, x, c->args->axes, c->args->keepdims);
  gr_code code =
      gr_tensor_layout(c->out, gr_reduce_dtype((gr_reduce_op)c->args->kind, x->dtype), ndim, shape, err);
  if (code) return code;
  size_t numbers = gr_scratch_round((size_t)gr_tensor_size(x) * sizeof(double));
  size_t results = gr_scratch_round((size_t)gr_tensor_size(c->out) * sizeof(double));
  *scratch = 2 * numbers + results;
  return GR_OK;
}

static gr_code reduce_forward(gr_call *c, gr_err *err) {
  return gr_reduce_spread(c->out, (gr_reduce_op)c->args->kind, c->in[0], c->args->axes, c->args->ddof, err);
}

// In functions that have a gr_code `code`: goes on when the call succeeds.
#define DO(call)                      \
  do {                                \
    if ((code = (call))) return code; \
  } while (0)

// What attains an extreme shares its gradient evenly, as in PyTorch's amax.
static gr_code extreme_backward(gr_call *c, const gr_tensor *g, const gr_tensor *y, gr_err *err) {
  const gr_tensor *x = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  char *at = c->scratch;
  gr_code code;
  kept_shape(shape, c);
  gr_tensor share = piece(&at, x->dtype, x->ndim, x->shape), mask = piece(&at, GR_BOOL, x->ndim, x->shape);
  gr_tensor count = piece(&at, GR_I64, x->ndim, shape);
  DO(gr_binary(&mask, GR_EQ, x, y, err));
  DO(gr_reduce(&count, GR_SUM, &mask, c->args->axes, err));
  DO(gr_binary(&share, GR_DIV, g, &count, err));
  DO(gr_binary(&share, GR_MUL, &share, &mask, err));
  return gr_call_give(c, 0, &share, NULL, err);
}

// Rows of factors and their gradients, in float64 and scratch: what is reduced, or one axis of it, lies last.
typedef struct products {
  gr_tensor factors, d;
  int order[GR_MAX_DIMS];
} products;

static gr_code products_begin(products *p, char **at, gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  gr_reduce_order(p->order, x, c->args->axes);
  gr_tensor rows;
  gr_code code;
  DO(gr_tensor_view_permute(&rows, x, p->order, err));
  p->factors = piece(at, GR_F64, rows.ndim, rows.shape);
  p->d = piece(at, GR_F64, rows.ndim, rows.shape);
  return gr_copy(&p->factors, &rows, err);
}

// d in x's order of axes: a view.
static gr_code products_in_place(gr_tensor *out, const products *p, gr_err *err) {
  int back[GR_MAX_DIMS];
  for (int i = 0; i < p->d.ndim; i++) back[p->order[i]] = i;
  return gr_tensor_view_permute(out, &p->d, back, err);
}

// Gives d to x. The factors are done with: a conversion takes their place.
static gr_code products_end(const products *p, gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  gr_tensor in_place;
  gr_code code;
  DO(products_in_place(&in_place, p, err));
  if (x->dtype == GR_F64) return gr_call_give(c, 0, &in_place, NULL, err);
  char *at = c->scratch;
  gr_tensor narrow = piece(&at, x->dtype, x->ndim, x->shape);
  DO(gr_copy(&narrow, &in_place, err));
  return gr_call_give(c, 0, &narrow, NULL, err);
}

// dy/dx_i is the product of all other factors: of those before times of those behind, so that zeros are no
// special case.
static gr_code prod_backward(gr_call *c, gr_err *err) {
  products p;
  char *at = c->scratch;
  gr_code code;
  DO(products_begin(&p, &at, c, err));
  gr_tensor g = piece(&at, GR_F64, c->dout->ndim, c->dout->shape);
  DO(gr_copy(&g, c->dout, err));
  int64_t results = gr_tensor_size(&g), count = results ? gr_tensor_size(&p.factors) / results : 0;
  for (int64_t r = 0; r < results; r++) {
    const double *f = (const double *)p.factors.data + r * count;
    double *out = (double *)p.d.data + r * count, product = ((const double *)g.data)[r];
    for (int64_t i = 0; i < count; i++) {
      out[i] = product;
      product *= f[i];
    }
    product = 1;
    for (int64_t i = count; i-- > 0;) {
      out[i] *= product;
      product *= f[i];
    }
  }
  return products_end(&p, c, err);
}

// Writes 0 into w where y is 0: there a root has no derivative, and 0 is the one that does no harm.
static gr_code zero_where_root_ends(gr_tensor *w, const gr_tensor *y, gr_tensor *mask, gr_err *err) {
  gr_tensor zero = {.data = &(double){0}, .dtype = w->dtype};  // all bits 0 are 0 in float32 too
  gr_code code;
  DO(gr_binary_scalar(mask, GR_NE, y, 0, false, err));
  return gr_where(w, mask, w, &zero, err);
}

// var: 2 (x - mean) / (n - ddof) g, and a root on top of it for std: (x - mean) / ((n - ddof) y) g
static gr_code spread_backward(gr_call *c, const gr_tensor *g, const gr_tensor *y, gr_err *err) {
  const gr_tensor *x = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  char *at = c->scratch;
  gr_code code;
  kept_shape(shape, c);
  gr_tensor w = piece(&at, x->dtype, x->ndim, x->shape), mask = piece(&at, GR_BOOL, x->ndim, x->shape);
  gr_tensor mean = piece(&at, x->dtype, x->ndim, shape);
  int64_t results = gr_tensor_size(&mean);
  double count = results ? (double)(gr_tensor_size(x) / results) : 0, freedom = count - c->args->ddof;
  bool root = c->args->kind == GR_STD;
  DO(gr_reduce(&mean, GR_MEAN, x, c->args->axes, err));
  DO(gr_binary(&w, GR_SUB, x, &mean, err));
  DO(gr_binary_scalar(&w, GR_MUL, &w, (root ? 1 : 2) / (freedom > 0 ? freedom : 0), false, err));
  if (root) {
    DO(gr_binary(&w, GR_DIV, &w, y, err));
    DO(zero_where_root_ends(&w, y, &mask, err));
  }
  DO(gr_binary(&w, GR_MUL, &w, g, err));
  return gr_call_give(c, 0, &w, NULL, err);
}

// x / y g
static gr_code norm_backward(gr_call *c, const gr_tensor *g, const gr_tensor *y, gr_err *err) {
  const gr_tensor *x = c->in[0];
  char *at = c->scratch;
  gr_code code;
  gr_tensor w = piece(&at, x->dtype, x->ndim, x->shape), mask = piece(&at, GR_BOOL, x->ndim, x->shape);
  DO(gr_binary(&w, GR_DIV, x, y, err));
  DO(zero_where_root_ends(&w, y, &mask, err));
  DO(gr_binary(&w, GR_MUL, &w, g, err));
  return gr_call_give(c, 0, &w, NULL, err);
}

static gr_code mean_backward(gr_call *c, const gr_tensor *g, gr_err *err) {
  const gr_tensor *x = c->in[0];
  char *at = c->scratch;
  gr_code code;
  gr_tensor share = piece(&at, x->dtype, x->ndim, x->shape);
  int64_t results = gr_tensor_size(c->dout);
  DO(gr_binary_scalar(&share, GR_DIV, g, results ? (double)(gr_tensor_size(x) / results) : 1, false, err));
  return gr_call_give(c, 0, &share, NULL, err);
}

static gr_code reduce_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_tensor g = stretched(c, c->dout), y = stretched(c, c->out);
  switch ((gr_reduce_op)c->args->kind) {
    case GR_MEAN: return mean_backward(c, &g, err);
    case GR_PROD: return prod_backward(c, err);
    case GR_MIN:
    case GR_MAX: return extreme_backward(c, &g, &y, err);
    case GR_VAR:
    case GR_STD: return spread_backward(c, &g, &y, err);
    case GR_NORM: return norm_backward(c, &g, &y, err);
    default: return gr_call_give(c, 0, &g, NULL, err);  // each summand counts once
  }
}

static bool reduce_by_rows(const gr_call *c, unsigned rows) { return !(c->args->axes & 1u); }

const gr_op gr_op_reduce = {"reduce",        reduce_plan,    reduce_forward,
                            reduce_backward, reduce_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- log(sum(exp(x))) ----

static gr_code logsumexp_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_reduce_shape(shape, x, c->args->axes, c->args->keepdims);
  gr_code code = gr_tensor_layout(c->out, x->dtype, ndim, shape, err);
  if (code) return code;
  *scratch = gr_scratch_round(gr_logsumexp_scratch(x, gr_tensor_size(c->out)));
  return GR_OK;
}

static gr_code logsumexp_forward(gr_call *c, gr_err *err) {
  return gr_logsumexp(c->out, c->in[0], c->args->axes, c->scratch, err);
}

// The softmax of x: e^(x - y) g
static gr_code logsumexp_backward(gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  if (!c->din[0]) return GR_OK;
  gr_tensor g = stretched(c, c->dout), y = stretched(c, c->out);
  char *at = c->scratch;
  gr_code code;
  gr_tensor w = piece(&at, x->dtype, x->ndim, x->shape);
  DO(gr_binary(&w, GR_SUB, x, &y, err));
  DO(gr_unary(&w, GR_EXP, &w, err));
  DO(gr_binary(&w, GR_MUL, &w, &g, err));
  return gr_call_give(c, 0, &w, NULL, err);
}

const gr_op gr_op_logsumexp = {"logsumexp",        logsumexp_plan, logsumexp_forward,
                               logsumexp_backward, reduce_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- running sums and products ----

static int scanned_axis(const gr_call *c) { return __builtin_ctz(c->args->axes); }

static gr_code scan_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  *scratch = 2 * gr_scratch_round((size_t)gr_tensor_size(x) * sizeof(double));
  return gr_tensor_layout(c->out, gr_reduce_dtype((gr_reduce_op)c->args->kind, x->dtype), x->ndim, x->shape,
                          err);
}

static gr_code scan_forward(gr_call *c, gr_err *err) {
  return gr_scan(c->out, (gr_reduce_op)c->args->kind, c->in[0], scanned_axis(c), false, err);
}

// A summand is in all sums from its own on: the running sum of g from the end.
static gr_code cumsum_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  char *at = c->scratch;
  gr_code code;
  gr_tensor sums = piece(&at, c->dout->dtype, c->dout->ndim, c->dout->shape);
  DO(gr_scan(&sums, GR_SUM, c->dout, scanned_axis(c), true, err));
  return gr_call_give(c, 0, &sums, NULL, err);
}

static bool scan_by_rows(const gr_call *c, unsigned rows) { return scanned_axis(c) != 0; }

const gr_op gr_op_cumsum = {"cumsum",        scan_plan,    scan_forward,
                            cumsum_backward, scan_by_rows, GR_TANGENT_LINEAR};

// y_k is x_1 ... x_k, so that dx_i is the sum over k >= i of g_k times x_1 ... x_k without x_i: what is
// before x_i, times s_i, the sum over k >= i of g_k x_(i+1) ... x_k, which follows from s_(i+1). No division:
// zeros are no special case.
static gr_code cumprod_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  products p;
  char *at = c->scratch;
  gr_code code;
  DO(products_begin(&p, &at, c, err));
  gr_tensor g;
  const int64_t count = c->in[0]->shape[scanned_axis(c)], total = gr_tensor_size(c->in[0]);
  DO(gr_tensor_view_permute(&g, c->dout, p.order, err));
  DO(gr_copy(&p.d, &g, err));
  for (int64_t start = 0; start < total; start += count) {
    const double *f = (const double *)p.factors.data + start;
    double *d = (double *)p.d.data + start, before = 1;
    for (int64_t i = count - 1; i-- > 0;) d[i] += f[i + 1] * d[i + 1];
    for (int64_t i = 0; i < count; i++) {
      d[i] *= before;
      before *= f[i];
    }
  }
  return products_end(&p, c, err);
}

// dy_k = dy_(k-1) x_k + y_(k-1) dx_k
static gr_code cumprod_carry(gr_call *c, gr_tensor *out, const gr_tensor *const *changes, gr_err *err) {
  products p;
  char *at = c->scratch;
  gr_tensor v, result;
  gr_code code;
  DO(products_begin(&p, &at, c, err));
  DO(gr_tensor_view_permute(&v, changes[0], p.order, err));
  DO(gr_copy(&p.d, &v, err));
  const int64_t count = c->in[0]->shape[scanned_axis(c)], total = gr_tensor_size(c->in[0]);
  for (int64_t start = 0; start < total; start += count) {
    const double *f = (const double *)p.factors.data + start;
    double *d = (double *)p.d.data + start, before = 1, change = 0;
    for (int64_t i = 0; i < count; i++) {
      d[i] = change = change * f[i] + before * d[i];
      before *= f[i];
    }
  }
  DO(products_in_place(&result, &p, err));
  return gr_copy(out, &result, err);
}

const gr_op gr_op_cumprod = {"cumprod",    scan_plan,      scan_forward,          cumprod_backward,
                             scan_by_rows, GR_TANGENT_OWN, .carry = cumprod_carry};
