// Quantiles. The numbers behind each result are sorted as a row, and the result lies at a place between two
// of them: these get its gradient, each as much as it weighs. Of equal numbers it is those that stand first,
// and a row with a nan gives its gradient to a nan: as in PyTorch.
#include <math.h>
#include <string.h>

#include "grad/op.h"
#include "kernel/sort.h"

// x as rows (results, n) of which each gives one result; `order` is that of the axes.
typedef struct rows {
  int order[GR_MAX_DIMS];
  int64_t shape[2];
} rows;

static rows rows_of(const gr_call *c) {
  rows r;
  const gr_tensor *x = c->in[0];
  r.shape[0] = gr_reduce_order(r.order, x, c->args->axes);
  r.shape[1] = 1;
  for (int i = 0; i < x->ndim; i++)
    if (c->args->axes & 1u << i) r.shape[1] *= x->shape[i];
  return r;
}

// A contiguous tensor of those rows, out of scratch.
static gr_tensor piece(char **at, gr_dtype dtype, const rows *r) {
  gr_tensor t;
  gr_err unused;
  gr_tensor_layout(&t, dtype, 2, r->shape, &unused);  // as many elements as x has
  t.data = *at;
  *at += gr_scratch_round(gr_tensor_bytes(&t));
  return t;
}

// The rows in x's own shape and order of axes: a view.
static gr_code in_place(gr_tensor *out, const gr_tensor *t, const gr_tensor *x, const rows *r, gr_err *err) {
  int64_t shape[GR_MAX_DIMS];
  int back[GR_MAX_DIMS];
  gr_tensor moved;
  for (int i = 0; i < x->ndim; i++) {
    shape[i] = x->shape[r->order[i]];
    back[r->order[i]] = i;
  }
  gr_code code = gr_tensor_view_reshape(&moved, t, x->ndim, shape, err);
  return code ? code : gr_tensor_view_permute(out, &moved, back, err);
}

static int64_t count_of(const gr_call *c) { return c->in[1] ? gr_tensor_size(c->in[1]) : 1; }

static double q_of(const gr_call *c, int64_t i) {
  return c->in[1] ? gr_tensor_get(c->in[1], c->in[1]->ndim ? &i : NULL) : NAN;
}

// aux: for each result the positions in its row of the two numbers that it lies between, row after row.
static gr_code quantile_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0], *q = c->in[1];
  const rows r = rows_of(c);
  int64_t shape[GR_MAX_DIMS + 1];
  const bool several = q && q->ndim > 0;
  const int ndim = gr_reduce_shape(shape + several, x, c->args->axes, c->args->keepdims) + several;
  if (several) shape[0] = q->shape[0];
  if (r.shape[1] == 0 && r.shape[0] > 0) return gr_fail(err, GR_ERR_VALUE, "quantile of nothing");
  gr_code code = gr_tensor_layout(c->out, (gr_dtype)x->dtype, ndim, shape, err);
  if (code) return code;
  const int64_t first = ndim && c->out->shape[0] ? c->out->shape[0] : 1;
  code = gr_tensor_layout(c->aux, GR_I64, 2, (int64_t[]){first, 2 * (gr_tensor_size(c->out) / first)}, err);
  const size_t numbers = gr_scratch_round((size_t)gr_tensor_size(x) * sizeof(double));
  *scratch = 3 * numbers + gr_scratch_round((size_t)count_of(c) * sizeof(double));
  return code;
}

static gr_code copy_rows(gr_tensor *to, const gr_tensor *x, const rows *r, gr_err *err) {
  gr_tensor view;
  gr_code code = in_place(&view, to, x, r, err);
  return code ? code : gr_copy(&view, x, err);
}

static gr_code quantile_forward(gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  const rows r = rows_of(c);
  char *at = c->scratch;
  const gr_dtype dtype = (gr_dtype)x->dtype;
  gr_tensor numbers = piece(&at, dtype, &r), sorted = piece(&at, dtype, &r), places = piece(&at, GR_I64, &r);
  if (gr_tensor_size(c->out) == 0) return GR_OK;
  gr_code code = copy_rows(&numbers, x, &r, err);
  if (!code) code = gr_argsort(&places, &sorted, &numbers, 1, false, err);
  const int64_t results = r.shape[0], n = r.shape[1], *place = places.data;
  for (int64_t i = 0; !code && i < count_of(c); i++) {
    const double q = q_of(c, i);
    if (c->in[1] && !(q >= 0 && q <= 1))
      return gr_fail(err, GR_ERR_VALUE, "quantile: q is from 0 to 1, not %g", q);
    const gr_quantile_place between = gr_quantile_place_of(q, n);
    int64_t *found = (int64_t *)c->aux->data + 2 * i * results;
    gr_tensor out = {.dtype = (uint8_t)dtype, .ndim = 1, .shape = {results}, .stride = {1}};
    out.data = (char *)c->out->data + (size_t)(i * results) * gr_dtype_size(dtype);
    code = gr_quantile_of_sorted(&out, &sorted, q, err);
    for (int64_t k = 0; k < results; k++) {
      const bool broken = isnan(gr_tensor_get(&sorted, (int64_t[]){k, n - 1}));
      found[2 * k] = place[k * n + (broken ? n - 1 : between.below)];
      found[2 * k + 1] = place[k * n + (broken ? n - 1 : between.above)];
    }
  }
  return code;
}

// A contiguous tensor as one axis.
static gr_tensor flat(const gr_tensor *t) {
  return (gr_tensor){
      .data = t->data, .dtype = t->dtype, .ndim = 1, .shape = {gr_tensor_size(t)}, .stride = {1}};
}

// dq: the slope between the two numbers, which lie 1 / (n - 1) apart.
static gr_code give_q(gr_call *c, const rows *r, char *at, gr_err *err) {
  gr_tensor numbers = piece(&at, (gr_dtype)c->in[0]->dtype, r), d = *c->in[1];
  gr_code code = copy_rows(&numbers, c->in[0], r, err);
  if (code) return code;
  d.data = at;
  const gr_tensor g = flat(c->dout);
  const int64_t *found = c->aux->data;
  for (int64_t i = 0, k = 0; i < count_of(c); i++) {
    double sum = 0;
    for (int64_t row = 0; row < r->shape[0]; row++, k++) {
      const double below = gr_tensor_get(&numbers, (int64_t[]){row, found[2 * k]}),
                   above = gr_tensor_get(&numbers, (int64_t[]){row, found[2 * k + 1]});
      sum += gr_tensor_get(&g, &k) * (above - below) * (double)(r->shape[1] - 1);
    }
    gr_tensor_set(&d, d.ndim ? &i : NULL, sum);
  }
  return gr_call_give(c, 1, &d, NULL, err);
}

static gr_code quantile_backward(gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  const rows r = rows_of(c);
  char *at = c->scratch;
  gr_tensor d = piece(&at, (gr_dtype)x->dtype, &r), view;
  gr_code code = GR_OK;
  if (c->inputs > 1 && c->din[1]) code = give_q(c, &r, at, err);
  if (code || !c->din[0]) return code;
  code = gr_fill(&d, 0, err);
  const gr_tensor g = flat(c->dout);
  const int64_t *found = c->aux->data;
  for (int64_t i = 0, k = 0; !code && r.shape[1] && i < count_of(c); i++) {
    const double t = gr_quantile_place_of(q_of(c, i), r.shape[1]).t;
    for (int64_t row = 0; row < r.shape[0]; row++, k++) {
      const double whole = gr_tensor_get(&g, &k);
      for (int end = 0; end < 2; end++) {
        const int64_t to[2] = {row, found[2 * k + end]};
        gr_tensor_set(&d, to, gr_tensor_get(&d, to) + whole * (end ? t : 1 - t));
      }
    }
  }
  if (!code) code = in_place(&view, &d, x, &r, err);
  return code ? code : gr_call_give(c, 0, &view, NULL, err);
}

static bool quantile_by_rows(const gr_call *c, unsigned inputs) {
  return inputs == 1 && !(c->args->axes & 1u) && !(c->in[1] && c->in[1]->ndim);
}

// A quantile without q.
const gr_op gr_op_median = {"median",          quantile_plan,    quantile_forward,
                            quantile_backward, quantile_by_rows, GR_TANGENT_BY_BACKWARD};

const gr_op gr_op_quantile = {"quantile",        quantile_plan,    quantile_forward,
                              quantile_backward, quantile_by_rows, GR_TANGENT_BY_BACKWARD};
