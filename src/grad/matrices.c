#include "grad/matrices.h"

#include <math.h>
#include <stdio.h>

#include "kernel/lapack.h"

bool gr_matrices_by_rows(const gr_call *c, unsigned rows) { return c->in[0]->ndim > 2; }

gr_title gr_title_of(const gr_call *c, const char *name, bool back) {
  gr_title title;
  const long long first = (long long)c->run->first_row;
  int length = snprintf(title.text, sizeof title.text, "%slinalg.%s", back ? "the gradient of " : "", name);
  if (first > 0)
    snprintf(title.text + length, sizeof title.text - (size_t)length, ", samples from number %lld on",
             first + 1);
  return title;
}

double gr_indistinct(gr_dtype dtype, int64_t side) { return 64 * sqrt((double)side) * gr_epsilon(dtype); }

// Element `i` of memory of float64 or float32.
static double element(const gr_tensor *t, int64_t i) {
  return t->dtype == GR_F32 ? (double)((const float *)t->data)[i] : ((const double *)t->data)[i];
}

// ---- matrices to work with ----

gr_tensor gr_work_matrix(double **at, int64_t rows, int64_t columns) {
  gr_tensor t = {.data = *at, .dtype = GR_F64, .ndim = 2, .shape = {rows, columns}, .stride = {columns, 1}};
  *at += rows * columns;
  return t;
}

gr_tensor gr_work_copy(double **at, const gr_tensor *t, int64_t from, int64_t rows, int64_t columns) {
  gr_tensor out = gr_work_matrix(at, rows, columns);
  const int64_t step = t->stride[t->ndim - 1], row = t->ndim == 1 ? columns * step : t->stride[0];
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      gr_numbers(&out)[i * columns + j] = element(t, from * step + i * row + j * step);
  return out;
}

bool gr_column_is_used(const gr_tensor *d, int64_t column) {
  for (int64_t i = 0; i < d->shape[0]; i++)
    if (gr_numbers(d)[i * d->stride[0] + column * d->stride[1]] != 0) return true;
  return false;
}

bool gr_is_used(const gr_tensor *d) {
  for (int64_t j = 0; j < d->shape[1]; j++)
    if (gr_column_is_used(d, j)) return true;
  return false;
}

gr_tensor gr_packed(const gr_tensor *packed, int64_t from, int64_t count) {
  gr_tensor view;
  gr_tensor_view_slice(&view, packed, packed->ndim - 1, from, 1, count);
  return view;
}

gr_tensor gr_packed_matrices(const gr_tensor *packed, int64_t from, int64_t rows, int64_t columns) {
  gr_tensor view = gr_packed(packed, from, rows * columns);
  const int last = packed->ndim - 1;
  view.shape[last] = rows, view.stride[last] = columns;
  view.shape[last + 1] = columns, view.stride[last + 1] = 1;
  view.ndim++;
  return view;
}

static gr_tensor last_of(const gr_tensor *packed) {
  return gr_packed(packed, packed->shape[packed->ndim - 1] - 1, 1);
}

void gr_clear_mark(const gr_tensor *packed) {
  gr_tensor mark = last_of(packed);
  gr_err unused;
  gr_fill(&mark, 0, &unused);
}

double gr_mark(const gr_tensor *packed) {
  const gr_tensor mark = last_of(packed);
  return element(&mark, 0);
}

// ---- one of several results ----

// Its numbers in the packed tensor, in its shape.
static gr_tensor part_of(const gr_op_args *args, const gr_tensor *packed) {
  const int last = packed->ndim - 1;
  if (args->ndim == 2) return gr_packed_matrices(packed, args->start[0], args->shape[0], args->shape[1]);
  gr_tensor view = gr_packed(packed, args->start[0], args->ndim ? args->shape[0] : 1);
  if (args->ndim == 0) gr_tensor_view_select(&view, &view, last, 0);
  return view;
}

static gr_code part_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor view = part_of(c->args, c->in[0]);
  *scratch = 0;
  return gr_tensor_layout(c->out, (gr_dtype)view.dtype, view.ndim, view.shape, err);
}

static gr_code part_forward(gr_call *c, gr_err *err) {
  const gr_tensor view = part_of(c->args, c->in[0]);
  return gr_copy(c->out, &view, err);
}

static gr_code part_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_code code = c->accumulate[0] ? GR_OK : gr_fill(c->din[0], 0, err);
  gr_tensor view = part_of(c->args, c->din[0]);
  if (!code) code = gr_binary(&view, GR_ADD, &view, c->dout, err);
  if (code || !c->args->kind) return code;
  gr_tensor mark = last_of(c->din[0]);
  return gr_binary_scalar(&mark, GR_ADD, &mark, 1, false, err);
}

static bool part_by_rows(const gr_call *c, unsigned rows) { return c->in[0]->ndim > 1; }

const gr_op gr_op_part = {"part", part_plan, part_forward, part_backward, part_by_rows, GR_TANGENT_LINEAR};

// ---- from matrix to matrix ----

size_t gr_matrices_scratch(const gr_call *c, int64_t numbers) {
  return gr_scratch_round(gr_tensor_bytes(c->in[0])) + (size_t)numbers * sizeof(double);
}

gr_code gr_check_finite_gradient(const gr_call *c, const char *name, gr_err *err) {
  const int64_t size = gr_tensor_size(c->dout);
  for (int64_t i = 0; i < size; i++) {
    const double x = element(c->dout, i);
    if (!isfinite(x))
      return gr_fail(
          err, GR_ERR_VALUE,
          "%s: what comes back to it is %s, so what was computed from its result has no derivative "
          "there: a division by 0, perhaps, or a root or logarithm of 0",
          gr_title_of(c, name, true).text,
          isnan(x) ? "nan"
          : x > 0  ? "inf"
                   : "-inf");
  }
  return GR_OK;
}

typedef enum finding { ALL_ZERO, FINITE, NOT_FINITE } finding;

// What the numbers of one item are.
static finding look_at(const gr_tensor *part) {
  const int ndim = part->ndim;
  const int64_t rows = ndim == 2 ? part->shape[0] : 1, columns = ndim ? part->shape[ndim - 1] : 1;
  const int64_t down = ndim == 2 ? part->stride[0] : 0, right = ndim ? part->stride[ndim - 1] : 0;
  finding found = ALL_ZERO;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      const double x = element(part, i * down + j * right);
      if (!isfinite(x)) return NOT_FINITE;
      if (x != 0) found = FINITE;
    }
  return found;
}

typedef struct way {
  gr_go_back *f;
  const gr_op_args *args;
  double *work;
} way;

static gr_code go_back(gr_tensor *const *part, void *context, gr_err *err) {
  const way *how = context;
  gr_way_back w = {how->args, part[0], part[1], part[2], part[3], part[4], how->work};
  if (gr_tensor_size(w.da) == 0) return GR_OK;
  if (look_at(w.dout) == ALL_ZERO) return gr_fill(w.da, 0, err);
  gr_code code = how->f(&w, err);
  if (!code && look_at(w.da) == NOT_FINITE)
    code = gr_fail(err, GR_ERR_VALUE,
                   "the derivatives are out of the range of %s: scale the matrix or, for a determinant, take "
                   "its logarithm, linalg.slogdet(A)",
                   gr_dtype_name((gr_dtype)w.da->dtype));
  return code;
}

gr_code gr_back_through_matrices(gr_call *c, const char *name, int tail, gr_go_back *f, gr_err *err) {
  gr_tensor da;
  if (!c->din[0]) return GR_OK;
  gr_code code = gr_check_finite_gradient(c, name, err);
  if (!code) code = gr_tensor_layout(&da, (gr_dtype)c->in[0]->dtype, c->in[0]->ndim, c->in[0]->shape, err);
  if (code) return code;
  da.data = c->scratch;
  way how = {f, c->args, (double *)((char *)c->scratch + gr_scratch_round(gr_tensor_bytes(&da)))};
  const bool kept = c->aux->ndim > 0;
  const gr_stacked tensors[] = {
      {&da, 2}, {c->in[0], 2}, {c->out, tail}, {kept ? c->aux : NULL, 1}, {c->dout, tail}};
  code = gr_each_item(gr_title_of(c, name, true).text, tensors, 5, go_back, &how, err);
  return code ? code : gr_call_give(c, 0, &da, NULL, err);
}
