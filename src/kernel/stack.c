#include "kernel/stack.h"

#include "base/interrupt.h"
#include "kernel/lapack.h"

// Item `number` of a stack, which ends in `tail` axes.
static gr_tensor item(const gr_tensor *t, int tail, int64_t number) {
  gr_tensor view = *t;
  int64_t offset = 0;
  for (int i = t->ndim - tail; i-- > 0; number /= t->shape[i]) offset += number % t->shape[i] * t->stride[i];
  view.ndim = (uint8_t)tail;
  for (int i = 0; i < tail; i++) {
    view.shape[i] = t->shape[t->ndim - tail + i];
    view.stride[i] = t->stride[t->ndim - tail + i];
  }
  view.data = (char *)t->data + offset * (int64_t)gr_dtype_size((gr_dtype)t->dtype);
  return view;
}

gr_code gr_each_item(const char *name, const gr_stacked *tensors, int count, gr_on_item *f, void *context,
                     gr_err *err) {
  int64_t items = 1;
  for (int i = 0; i < tensors[0].t->ndim - tensors[0].tail; i++) items *= tensors[0].t->shape[i];
  for (int64_t number = 0; number < items; number++) {
    gr_tensor views[GR_STACKED_MOST], *part[GR_STACKED_MOST];
    for (int i = 0; i < count; i++) {
      part[i] = tensors[i].t ? &views[i] : NULL;
      if (tensors[i].t) views[i] = item(tensors[i].t, tensors[i].tail, number);
    }
    gr_err problem;
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
    code = f(part, context, &problem);
    if (code == GR_ERR_INTERRUPT) return gr_fail(err, code, "%s", problem.text);
    if (code && items == 1) return gr_fail(err, code, "%s: %s", name, problem.text);
    if (code)
      return gr_fail(err, code, "%s, matrix %lld of the stack: %s", name, (long long)number + 1,
                     problem.text);
  }
  return GR_OK;
}

gr_tensor gr_as_column(const gr_tensor *t) {
  gr_tensor column = *t;
  column.shape[t->ndim] = column.stride[t->ndim] = 1;
  column.ndim++;
  return column;
}

// ---- systems of equations ----

gr_code gr_solve_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  const bool vector = b->ndim == 1;
  gr_tensor stack_a = *a, stack_b = *b;
  stack_a.ndim -= 2;
  stack_b.ndim -= vector ? 1 : 2;
  gr_code code = gr_broadcast_shape(ndim, shape, &stack_a, &stack_b, err);
  if (code) return code;
  shape[(*ndim)++] = a->shape[a->ndim - 1];
  if (!vector) shape[(*ndim)++] = b->shape[b->ndim - 1];
  return GR_OK;
}

static gr_code on_system(gr_tensor *const *part, void *context, gr_err *err) {
  double rcond, *least = context;
  gr_code code = gr_solve(part[0], &rcond, part[1], part[2], err);
  if (!code && rcond < *least) *least = rcond;
  return code;
}

// A view of `t` whose stack is that of x.
static gr_code stretch(gr_tensor *out, const gr_tensor *t, const gr_tensor *x, gr_err *err) {
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < x->ndim - 2; i++) shape[i] = x->shape[i];
  for (int i = 2; i > 0; i--) shape[x->ndim - i] = t->shape[t->ndim - i];
  return gr_tensor_view_broadcast(out, t, x->ndim, shape, err);
}

gr_code gr_solve_stack(const char *name, gr_tensor *x, double *rcond, const gr_tensor *a, const gr_tensor *b,
                       gr_err *err) {
  gr_tensor left, right;
  *rcond = 1;
  gr_code code = stretch(&left, a, x, err);
  if (!code && b) code = stretch(&right, b, x, err);
  if (code) return code;
  const gr_stacked tensors[] = {{x, 2}, {&left, 2}, {b ? &right : NULL, 2}};
  return gr_each_item(name, tensors, 3, on_system, rcond, err);
}

// ---- the others ----

static gr_code on_det(gr_tensor *const *part, void *context, gr_err *err) {
  gr_determinant d;
  gr_code code = gr_det(&d, part[0], err);
  if (code) return code;
  if (part[1]) gr_tensor_set(part[1], NULL, d.value);
  if (part[2]) gr_tensor_set(part[2], NULL, d.sign);
  if (part[3]) gr_tensor_set(part[3], NULL, d.log);
  return GR_OK;
}

gr_code gr_det_stack(const char *name, gr_tensor *value, gr_tensor *sign, gr_tensor *log, const gr_tensor *a,
                     gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {value, 0}, {sign, 0}, {log, 0}};
  return gr_each_item(name, tensors, 4, on_det, NULL, err);
}

static gr_code on_svd(gr_tensor *const *part, void *context, gr_err *err) {
  return gr_svd(part[1], part[2], part[3], part[0], err);
}

gr_code gr_svd_stack(const char *name, gr_tensor *u, gr_tensor *s, gr_tensor *vt, const gr_tensor *a,
                     gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {u, 2}, {s, 1}, {vt, 2}};
  return gr_each_item(name, tensors, 4, on_svd, NULL, err);
}

static gr_code on_pinv(gr_tensor *const *part, void *context, gr_err *err) {
  return gr_pinv(part[1], part[0], *(const double *)context, err);
}

gr_code gr_pinv_stack(const char *name, gr_tensor *out, const gr_tensor *a, double cut, gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {out, 2}};
  return gr_each_item(name, tensors, 2, on_pinv, &cut, err);
}

static gr_code on_eigh(gr_tensor *const *part, void *context, gr_err *err) {
  return gr_eigh(part[1], part[2], part[0], err);
}

gr_code gr_eigh_stack(const char *name, gr_tensor *w, gr_tensor *v, const gr_tensor *a, gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {w, 1}, {v, 2}};
  return gr_each_item(name, tensors, 3, on_eigh, NULL, err);
}

static gr_code on_qr(gr_tensor *const *part, void *context, gr_err *err) {
  return gr_qr(part[1], part[2], part[0], err);
}

gr_code gr_qr_stack(const char *name, gr_tensor *q, gr_tensor *r, const gr_tensor *a, gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {q, 2}, {r, 2}};
  return gr_each_item(name, tensors, 3, on_qr, NULL, err);
}

static gr_code on_cholesky(gr_tensor *const *part, void *context, gr_err *err) {
  return gr_cholesky(part[1], part[0], err);
}

gr_code gr_cholesky_stack(const char *name, gr_tensor *l, const gr_tensor *a, gr_err *err) {
  const gr_stacked tensors[] = {{a, 2}, {l, 2}};
  return gr_each_item(name, tensors, 2, on_cholesky, NULL, err);
}
