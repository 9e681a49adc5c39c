// Pictures in another size. Each output pixel is a weighted mean of input pixels, and so the gradient is a
// picture resized with the same weights the other way round.
#include <string.h>

#include "base/interrupt.h"
#include "grad/op.h"
#include "kernel/warp.h"

// How the rows and columns are weighted, or with `back` the gradients.
static gr_code axes_init(gr_resize_axis axes[2], const gr_call *c, bool back, gr_err *err) {
  gr_code code = GR_OK;
  memset(axes, 0, 2 * sizeof *axes);
  for (int i = 0; !code && i < 2; i++) {
    gr_resize_axis axis;
    code = gr_resize_axis_init(&axis, c->in[0]->shape[i + 1], c->out->shape[i + 1],
                               (gr_resizing)c->args->kind, err);
    if (code) break;
    if (back) {
      code = gr_resize_axis_transposed(&axes[i], &axis, err);
      gr_resize_axis_finish(&axis);
    } else {
      axes[i] = axis;
    }
  }
  return code;
}

// All pictures of `from`, resized into `to`, contiguous both.
static gr_code resize_all(gr_tensor *to, const gr_tensor *from, const gr_call *c, bool back, gr_err *err) {
  gr_resize_axis axes[2];
  const int64_t n = from->shape[0], channels = from->ndim == 4 ? from->shape[3] : 1;
  if (n == 0) return GR_OK;
  gr_code code = axes_init(axes, c, back, err);
  const size_t in_bytes = gr_tensor_bytes(from) / (size_t)n, out_bytes = gr_tensor_bytes(to) / (size_t)n;
  for (int64_t i = 0; !code && i < n; i++) {
    gr_resize_picture((char *)to->data + (size_t)i * out_bytes,
                      (const char *)from->data + (size_t)i * in_bytes, (gr_dtype)from->dtype, &axes[0],
                      &axes[1], channels, c->scratch);
    code = gr_interrupt_poll(err);
  }
  for (int i = 0; i < 2; i++) gr_resize_axis_finish(&axes[i]);
  return code;
}

// Scratch: a line of the larger picture, then room for a gradient.
static size_t line_bytes(const gr_call *c) {
  const int64_t in = c->in[0]->shape[2], out = c->out->shape[2];
  const int64_t channels = c->in[0]->ndim == 4 ? c->in[0]->shape[3] : 1;
  return gr_scratch_round((size_t)((in > out ? in : out) * channels) * sizeof(double));
}

static gr_code resize_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  char text[GR_SHAPE_TEXT];
  int64_t shape[GR_MAX_DIMS];
  if ((x->ndim != 3 && x->ndim != 4) || x->shape[1] == 0 || x->shape[2] == 0)
    return gr_fail(err, GR_ERR_SHAPE, "resizing takes pictures, (n, rows, columns, channels), not %s",
                   gr_shape_text(text, x->ndim, x->shape));
  memcpy(shape, x->shape, sizeof shape);
  memcpy(shape + 1, c->args->shape, 2 * sizeof *shape);
  gr_code code = gr_tensor_layout(c->out, (gr_dtype)x->dtype, x->ndim, shape, err);
  if (code) return code;
  *scratch = line_bytes(c) + gr_tensor_bytes(x);
  return GR_OK;
}

static gr_code resize_forward(gr_call *c, gr_err *err) { return resize_all(c->out, c->in[0], c, false, err); }

static gr_code resize_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  if (!c->accumulate[0]) return resize_all(c->din[0], c->dout, c, true, err);
  gr_tensor g = *c->in[0];
  g.data = (char *)c->scratch + line_bytes(c);
  gr_code code = resize_all(&g, c->dout, c, true, err);
  return code ? code : gr_call_give(c, 0, &g, NULL, err);
}

const gr_op gr_op_resize = {"resize",        resize_plan,      resize_forward,
                            resize_backward, gr_first_by_rows, GR_TANGENT_LINEAR};
