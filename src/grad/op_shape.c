// Reshape, transpose and their derivatives.
#include "grad/op.h"

#include <string.h>

static gr_code reshape_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  int64_t shape[GR_MAX_DIMS];
  int rows = c->args->keepdims, ndim = c->args->ndim + rows;
  *scratch = 0;
  if (ndim > GR_MAX_DIMS) return gr_fail(err, GR_ERR_SHAPE, "a tensor has at most %d axes", GR_MAX_DIMS);
  shape[0] = a->ndim ? a->shape[0] : 1;
  memcpy(shape + rows, c->args->shape, (size_t)c->args->ndim * sizeof shape[0]);
  gr_code code = gr_tensor_layout(c->out, a->dtype, ndim, shape, err);
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (!code && gr_tensor_size(c->out) != gr_tensor_size(a))
    return gr_fail(err, GR_ERR_SHAPE, "cannot reshape %s to %s: the number of elements differs",
                   gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, ndim, shape));
  return code;
}

static gr_code reshape_forward(gr_call *c, gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_view_reshape(&view, c->out, c->in[0]->ndim, c->in[0]->shape, err);
  return code ? code : gr_copy(&view, c->in[0], err);
}

static gr_code reshape_backward(gr_call *c, gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_view_reshape(&view, c->dout, c->in[0]->ndim, c->in[0]->shape, err);
  return code ? code : gr_call_give(c, 0, &view, NULL, err);
}

static bool reshape_by_rows(const gr_call *c, unsigned rows) { return c->args->keepdims; }

const gr_op gr_op_reshape = {"reshape",        reshape_plan,    reshape_forward,
                             reshape_backward, reshape_by_rows, GR_TANGENT_LINEAR};

static gr_code transpose_plan(gr_call *c, size_t *scratch, gr_err *err) {
  gr_tensor view;
  *scratch = 0;
  gr_code code = gr_tensor_view_permute(&view, c->in[0], c->args->order, err);
  return code ? code : gr_tensor_layout(c->out, view.dtype, view.ndim, view.shape, err);
}

static gr_code transpose_forward(gr_call *c, gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_view_permute(&view, c->in[0], c->args->order, err);
  return code ? code : gr_copy(c->out, &view, err);
}

static gr_code transpose_backward(gr_call *c, gr_err *err) {
  int back[GR_MAX_DIMS];
  for (int i = 0; i < c->in[0]->ndim; i++) back[c->args->order[i]] = i;
  gr_tensor view;
  gr_code code = gr_tensor_view_permute(&view, c->dout, back, err);
  return code ? code : gr_call_give(c, 0, &view, NULL, err);
}

static bool transpose_by_rows(const gr_call *c, unsigned rows) {
  return c->in[0]->ndim > 0 && c->args->order[0] == 0;
}

const gr_op gr_op_transpose = {"transpose",        transpose_plan,    transpose_forward,
                               transpose_backward, transpose_by_rows, GR_TANGENT_LINEAR};
