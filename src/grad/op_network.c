// The operations of networks: pooling, softmax, dropout, losses and metrics.
#include "grad/op.h"

static gr_code check_float(const char *name, const gr_tensor *t, gr_err *err) {
  if (gr_dtype_is_float(t->dtype)) return GR_OK;
  return gr_fail(err, GR_ERR_TYPE,
                 "%s works on float32 or float64, not %s: x:astype(\"float32\"), and / 255 for pictures",
                 name, gr_dtype_name(t->dtype));
}

gr_code gr_check_images(const char *name, const gr_tensor *x, gr_err *err) {
  char text[GR_SHAPE_TEXT];
  if (x->ndim == 4) return check_float(name, x, err);
  return gr_fail(err, GR_ERR_SHAPE, "%s takes images of shape (n, rows, columns, channels), but got %s%s",
                 name, gr_shape_text(text, x->ndim, x->shape),
                 x->ndim == 3 ? ": grey images need a channel axis, expand_dims(x, -1)" : "");
}

bool gr_first_by_rows(const gr_call *c, unsigned rows) { return rows == 1; }

// ---- pooling ----

static gr_code pool_layout(gr_call *c, const char *name, gr_err *err) {
  const gr_tensor *x = c->in[0];
  int64_t size[2];
  gr_code code = gr_check_images(name, x, err);
  if (!code)
    code =
        gr_window_output(size, &c->args->window, (int64_t[]){x->shape[1], x->shape[2]}, c->args->same, err);
  if (code) return code;
  return gr_tensor_layout(c->out, x->dtype, 4, (int64_t[]){x->shape[0], size[0], size[1], x->shape[3]}, err);
}

static gr_code pool_plan(gr_call *c, size_t *scratch, gr_err *err) {
  *scratch = 0;
  gr_code code = pool_layout(c, "max_pool2d", err);
  return code ? code : gr_tensor_layout(c->aux, GR_U8, 4, c->out->shape, err);
}

static gr_code pool_forward(gr_call *c, gr_err *err) {
  return gr_max_pool2d(c->out, c->aux, c->in[0], &c->args->window, err);
}

static gr_code pool_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  return gr_max_pool2d_backward(c->din[0], c->dout, c->aux, &c->args->window, c->accumulate[0], err);
}

const gr_op gr_op_max_pool2d = {"max_pool2d",  pool_plan,        pool_forward,
                                pool_backward, gr_first_by_rows, GR_TANGENT_BY_BACKWARD};

static gr_code average_plan(gr_call *c, size_t *scratch, gr_err *err) {
  *scratch = 0;
  return pool_layout(c, "average_pool2d", err);
}

static gr_code average_forward(gr_call *c, gr_err *err) {
  return gr_average_pool2d(c->out, c->in[0], &c->args->window, err);
}

static gr_code average_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  return gr_average_pool2d_backward(c->din[0], c->dout, &c->args->window, c->accumulate[0], err);
}

const gr_op gr_op_average_pool2d = {"average_pool2d", average_plan,     average_forward,
                                    average_backward, gr_first_by_rows, GR_TANGENT_LINEAR};

// ---- softmax ----

static gr_code softmax_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  *scratch = 0;
  if (x->ndim == 0) return gr_fail(err, GR_ERR_SHAPE, "softmax needs at least one axis of scores");
  return gr_tensor_layout(c->out, gr_dtype_is_float(x->dtype) ? x->dtype : GR_F64, x->ndim, x->shape, err);
}

static gr_code softmax_forward(gr_call *c, gr_err *err) { return gr_softmax(c->out, c->in[0], err); }

static gr_code softmax_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  return gr_softmax_backward(c->din[0], c->dout, c->out, c->accumulate[0], err);
}

static bool softmax_by_rows(const gr_call *c, unsigned rows) { return c->in[0]->ndim > 1; }

const gr_op gr_op_softmax = {"softmax",        softmax_plan,    softmax_forward,
                             softmax_backward, softmax_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- dropout ----

static gr_code dropout_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  *scratch = 0;
  gr_code code = check_float("dropout", x, err);
  if (code) return code;
  gr_tensor_layout(c->aux, GR_U8, x->ndim, x->shape, err);
  return gr_tensor_layout(c->out, x->dtype, x->ndim, x->shape, err);
}

static gr_code dropout_forward(gr_call *c, gr_err *err) {
  if (!c->run->training) return gr_copy(c->out, c->in[0], err);
  const unsigned shared = c->args->axes;
  uint64_t row_draws = shared & 1 ? 0 : 1;
  for (int d = 1; d < c->in[0]->ndim; d++)
    if (!(shared >> d & 1)) row_draws *= (uint64_t)c->in[0]->shape[d];
  return gr_dropout(c->out, c->aux, c->in[0], c->args->rate, shared,
                    gr_stream_derive(c->run->stream, c->args->layer), c->run->first_row * row_draws, err);
}

static gr_code dropout_backward(gr_call *c, gr_err *err) {
  if (!c->run->training) return gr_call_give(c, 0, c->dout, NULL, err);
  if (!c->din[0]) return GR_OK;
  return gr_dropout_backward(c->din[0], c->dout, c->aux, c->args->rate, c->accumulate[0], err);
}

const gr_op gr_op_dropout = {"dropout",        dropout_plan,     dropout_forward,
                             dropout_backward, gr_first_by_rows, GR_TANGENT_BY_BACKWARD};

// ---- losses and metrics: one number a row ----

static gr_code rows_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *p = c->in[0];
  char text[GR_SHAPE_TEXT];
  *scratch = 0;
  if (p->ndim != 2)
    return gr_fail(err, GR_ERR_SHAPE,
                   "a loss or metric takes predictions of shape (samples, outputs), but got %s",
                   gr_shape_text(text, p->ndim, p->shape));
  return gr_tensor_layout(c->out, p->dtype, 1, p->shape, err);
}

static gr_code loss_forward(gr_call *c, gr_err *err) {
  return gr_loss_forward(c->out, (gr_loss)c->args->kind, c->in[0], c->in[1], err);
}

static gr_code loss_backward(gr_call *c, gr_err *err) {
  gr_code code = GR_OK;
  if (c->din[1])
    code = gr_loss_backward_truth(c->din[1], (gr_loss)c->args->kind, c->dout, c->in[0], c->in[1],
                                  c->accumulate[1], err);
  if (code || !c->din[0]) return code;
  return gr_loss_backward(c->din[0], (gr_loss)c->args->kind, c->dout, c->in[0], c->in[1], c->accumulate[0],
                          err);
}

static bool both_by_rows(const gr_call *c, unsigned rows) { return rows == 3; }

const gr_op gr_op_loss = {"loss",        rows_plan,    loss_forward,
                          loss_backward, both_by_rows, GR_TANGENT_BY_BACKWARD};

static gr_code hit_forward(gr_call *c, gr_err *err) {
  return gr_hit_forward(c->out, (gr_hit)c->args->kind, c->in[0], c->in[1], err);
}

const gr_op gr_op_hit = {"metric", rows_plan, hit_forward, NULL, both_by_rows, GR_TANGENT_BY_BACKWARD};
