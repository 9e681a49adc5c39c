#include "grad/matrices.h"

#include <math.h>
#include <stdio.h>

#include "kernel/lapack.h"

bool gr_matrices_by_rows(const gr_call *c, unsigned rows) { return false; }

const char *gr_way_back_name(char text[GR_WAY_BACK_NAME], const char *name) {
  snprintf(text, GR_WAY_BACK_NAME, "the gradient of linalg.%s", name);
  return text;
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

// ---- from matrix to matrix ----

size_t gr_matrices_scratch(const gr_call *c, int64_t numbers) {
  return gr_scratch_round(gr_tensor_bytes(c->in[0])) + (size_t)numbers * sizeof(double);
}

gr_code gr_check_finite_gradient(const gr_call *c, const char *name, gr_err *err) {
  const int64_t size = gr_tensor_size(c->dout);
  for (int64_t i = 0; i < size; i++) {
    const double x = element(c->dout, i);
    if (!isfinite(x))
      return gr_fail(err, GR_ERR_VALUE,
                     "the gradient of linalg.%s: what comes back to it is %s, so what was computed from its "
                     "result has no derivative there: a division by 0, perhaps, or a root or logarithm of 0",
                     name,
                     isnan(x) ? "nan"
                     : x > 0  ? "inf"
                              : "-inf");
  }
  return GR_OK;
}

static bool all_zero(const gr_tensor *part) {
  const int last = part->ndim - 1;
  const int64_t columns = part->ndim ? part->shape[last] : 1, rows = part->ndim == 2 ? part->shape[0] : 1;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++)
      if (element(part,
                  (part->ndim == 2 ? i * part->stride[0] : 0) + (part->ndim ? j * part->stride[last] : 0)))
        return false;
  return true;
}

typedef struct way {
  gr_go_back *f;
  const gr_op_args *args;
  double *work;
} way;

static gr_code go_back(gr_tensor *const *part, void *context, gr_err *err) {
  const way *how = context;
  gr_way_back w = {how->args, part[0], part[1], part[2], part[3], part[4], how->work};
  return all_zero(w.dout) ? gr_fill(w.da, 0, err) : how->f(&w, err);
}

gr_code gr_back_through_matrices(gr_call *c, const char *name, int tail, gr_go_back *f, gr_err *err) {
  char text[GR_WAY_BACK_NAME];
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
  code = gr_each_item(gr_way_back_name(text, name), tensors, 5, go_back, &how, err);
  return code ? code : gr_call_give(c, 0, &da, NULL, err);
}
