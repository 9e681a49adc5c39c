// Operations that move numbers without computing with them: what was read from a place gets its gradient
// back there.
#include "grad/op.h"

#include <string.h>

#include "kernel/gather.h"

// A gradient that is about to be added to piece by piece: zeros, unless others have contributed before.
static gr_code begin(gr_call *c, int i, gr_err *err) {
  return c->accumulate[i] ? GR_OK : gr_fill(c->din[i], 0, err);
}

// ---- slice ----

// The part of `t` that the arguments name, with all its axes.
static gr_tensor part_of(const gr_op_args *args, const gr_tensor *t) {
  gr_tensor view = *t;
  for (int i = 0; i < t->ndim; i++)
    if (args->shape[i] >= 0)
      gr_tensor_view_slice(&view, &view, i, args->start[i], args->step[i], args->shape[i]);
  return view;
}

gr_tensor gr_slice_view(const gr_op_args *args, const gr_tensor *t) {
  gr_tensor view = part_of(args, t);
  int kept = 0;
  for (int i = 0; i < t->ndim; i++) {
    if (args->axes & 1u << i) continue;
    view.shape[kept] = view.shape[i];
    view.stride[kept++] = view.stride[i];
  }
  view.ndim = (uint8_t)kept;
  return view;
}

static gr_code slice_plan(gr_call *c, size_t *scratch, gr_err *err) {
  gr_tensor view = gr_slice_view(c->args, c->in[0]);
  *scratch = 0;
  return gr_tensor_layout(c->out, view.dtype, view.ndim, view.shape, err);
}

static gr_code slice_forward(gr_call *c, gr_err *err) {
  gr_tensor view = gr_slice_view(c->args, c->in[0]);
  return gr_copy(c->out, &view, err);
}

static gr_code slice_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_code code = begin(c, 0, err);
  gr_tensor view = gr_slice_view(c->args, c->din[0]);
  return code ? code : gr_binary(&view, GR_ADD, &view, c->dout, err);
}

static bool slice_by_rows(const gr_call *c, unsigned rows) {
  return c->args->shape[0] < 0 && !(c->args->axes & 1u);
}

const gr_op gr_op_slice = {"slice",        slice_plan,    slice_forward,
                           slice_backward, slice_by_rows, GR_TANGENT_LINEAR};

// ---- take ----

static gr_picks picks_of(const gr_call *c) {
  const gr_tensor *positions = c->in[1];
  return (gr_picks){.axis = (int)c->args->start[0],
                    .axes = (int)c->args->step[0],
                    .position = positions->data,
                    .count = positions->shape[0]};
}

static gr_code take_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  gr_picks picks = picks_of(c);
  int64_t shape[GR_MAX_DIMS];
  int ndim = a->ndim - picks.axes + 1;
  memcpy(shape, a->shape, (size_t)picks.axis * sizeof shape[0]);
  shape[picks.axis] = picks.count;
  for (int i = picks.axis + 1; i < ndim; i++) shape[i] = a->shape[i + picks.axes - 1];
  *scratch = 0;
  return gr_tensor_layout(c->out, a->dtype, ndim, shape, err);
}

static gr_code take_forward(gr_call *c, gr_err *err) {
  gr_picks picks = picks_of(c);
  return gr_gather(c->out, c->in[0], &picks, err);
}

static gr_code take_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_picks picks = picks_of(c);
  gr_code code = begin(c, 0, err);
  return code ? code : gr_scatter_add(c->din[0], c->dout, &picks, err);
}

static bool take_by_rows(const gr_call *c, unsigned rows) { return rows == 1 && c->args->start[0] > 0; }

const gr_op gr_op_take = {"take",       take_plan,         take_forward, take_backward,
                          take_by_rows, GR_TANGENT_LINEAR, .whole = 2};

// ---- bincount: take backwards ----

static gr_picks bins_of(const gr_call *c) {
  return (gr_picks){.axes = 1, .position = c->in[1]->data, .count = c->in[1]->shape[0]};
}

static gr_code bincount_plan(gr_call *c, size_t *scratch, gr_err *err) {
  *scratch = gr_tensor_bytes(c->in[0]);
  return gr_tensor_layout(c->out, c->in[0]->dtype, 1, c->args->shape, err);
}

static gr_code bincount_forward(gr_call *c, gr_err *err) {
  gr_picks picks = bins_of(c);
  gr_code code = gr_fill(c->out, 0, err);
  return code ? code : gr_scatter_add(c->out, c->in[0], &picks, err);
}

static gr_code bincount_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_picks picks = bins_of(c);
  gr_tensor g = *c->in[0];
  g.data = c->scratch;
  gr_code code = gr_gather(&g, c->dout, &picks, err);
  return code ? code : gr_call_give(c, 0, &g, NULL, err);
}

static bool never_by_rows(const gr_call *c, unsigned rows) { return false; }

const gr_op gr_op_bincount = {"bincount",    bincount_plan,     bincount_forward, bincount_backward,
                              never_by_rows, GR_TANGENT_LINEAR, .whole = 2};

// ---- expand ----

static gr_code expand_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  gr_tensor view;
  int64_t shape[GR_MAX_DIMS];
  memcpy(shape, c->args->shape, sizeof shape);
  if (c->args->ndim && shape[0] < 0) shape[0] = a->shape[0];
  *scratch = 2 * gr_scratch_round((size_t)gr_tensor_size(a) * sizeof(double));
  gr_code code = gr_tensor_view_broadcast(&view, a, c->args->ndim, shape, err);
  return code ? code : gr_tensor_layout(c->out, (gr_dtype)c->args->kind, c->args->ndim, shape, err);
}

static gr_code expand_forward(gr_call *c, gr_err *err) { return gr_copy(c->out, c->in[0], err); }
static gr_code expand_backward(gr_call *c, gr_err *err) {
  return gr_call_give(c, 0, c->dout, c->scratch, err);
}

static bool expand_by_rows(const gr_call *c, unsigned rows) {
  return c->args->ndim == c->in[0]->ndim && c->args->shape[0] < 0;
}

const gr_op gr_op_expand = {"broadcast_to",  expand_plan,    expand_forward,
                            expand_backward, expand_by_rows, GR_TANGENT_LINEAR};

// ---- pad ----

// The place of the input in `t`, which has the output's shape.
static gr_tensor inside_of(const gr_call *c, const gr_tensor *t) {
  gr_tensor view = *t;
  for (int i = 0; i < t->ndim; i++)
    gr_tensor_view_slice(&view, &view, i, c->args->start[i], 1, c->in[0]->shape[i]);
  return view;
}

static gr_code pad_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < a->ndim; i++) shape[i] = c->args->start[i] + a->shape[i] + c->args->shape[i];
  *scratch = 0;
  return gr_tensor_layout(c->out, a->dtype, a->ndim, shape, err);
}

static gr_code pad_forward(gr_call *c, gr_err *err) {
  gr_tensor inside = inside_of(c, c->out);
  gr_code code = gr_fill(c->out, 0, err);
  return code ? code : gr_copy(&inside, c->in[0], err);
}

static gr_code pad_backward(gr_call *c, gr_err *err) {
  gr_tensor inside = inside_of(c, c->dout);
  return gr_call_give(c, 0, &inside, NULL, err);
}

static bool pad_by_rows(const gr_call *c, unsigned rows) {
  return c->args->start[0] == 0 && c->args->shape[0] == 0;
}

const gr_op gr_op_pad = {"pad", pad_plan, pad_forward, pad_backward, pad_by_rows, GR_TANGENT_LINEAR};

// ---- concatenate ----

static gr_code join_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1];
  int axis = (int)c->args->start[0];
  int64_t shape[GR_MAX_DIMS];
  memcpy(shape, a->shape, sizeof shape);
  shape[axis] += b->shape[axis];
  int64_t larger = gr_tensor_size(a) > gr_tensor_size(b) ? gr_tensor_size(a) : gr_tensor_size(b);
  *scratch = 2 * gr_scratch_round((size_t)larger * sizeof(double));
  gr_dtype dtype = a->dtype == b->dtype ? (gr_dtype)a->dtype : gr_dtype_promote(a->dtype, b->dtype);
  return gr_tensor_layout(c->out, dtype, a->ndim, shape, err);
}

// Input i's place in `t`, which has the output's shape.
static gr_tensor piece_of(const gr_call *c, const gr_tensor *t, int i) {
  gr_tensor view;
  int axis = (int)c->args->start[0];
  gr_tensor_view_slice(&view, t, axis, i ? c->in[0]->shape[axis] : 0, 1, c->in[i]->shape[axis]);
  return view;
}

static gr_code join_forward(gr_call *c, gr_err *err) {
  gr_code code = GR_OK;
  for (int i = 0; i < 2 && !code; i++) {
    gr_tensor place = piece_of(c, c->out, i);
    code = gr_copy(&place, c->in[i], err);
  }
  return code;
}

static gr_code join_backward(gr_call *c, gr_err *err) {
  gr_code code = GR_OK;
  for (int i = 0; i < 2 && !code; i++) {
    gr_tensor place = piece_of(c, c->dout, i);
    code = gr_call_give(c, i, &place, c->scratch, err);
  }
  return code;
}

static bool join_by_rows(const gr_call *c, unsigned rows) { return rows == 3 && c->args->start[0] > 0; }

const gr_op gr_op_join = {"concatenate", join_plan,    join_forward,
                          join_backward, join_by_rows, GR_TANGENT_LINEAR};
