// Pooling: checks, then image by image through the loops of inner_network.c, which say how they run.
#include <inttypes.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/check.h"
#include "kernel/table.h"

static gr_code check(const gr_tensor *out, const gr_tensor *x, const gr_window *w, gr_err *err) {
  gr_code code = gr_check_float(x, NULL, "the input of a pooling", err);
  if (!code) code = gr_check_float(out, x, "the output of a pooling", err);
  if (!code) code = gr_check_ndim(x, 4, "the input of a pooling", "(images, rows, columns, channels)", err);
  if (!code)
    code = gr_check_ndim(out, 4, "the output of a pooling", "(images, rows, columns, channels)", err);
  if (code) return code;
  bool fits = out->shape[0] == x->shape[0] && out->shape[3] == x->shape[3];
  for (int axis = 0; axis < 2; axis++) {
    if (w->dilation[axis] != 1)
      return gr_fail(err, GR_ERR_VALUE,
                     "the window of a pooling has no gaps: its dilation is 1, not %" PRId64,
                     w->dilation[axis]);
    // Each window has at least one cell inside the image.
    const int64_t pad = w->pad_before[axis];
    fits = fits && w->size[axis] > 0 && w->stride[axis] > 0 && pad >= 0 && pad < w->size[axis] &&
           (out->shape[axis + 1] - 1) * w->stride[axis] - pad < x->shape[axis + 1];
  }
  char images[GR_SHAPE_TEXT], result[GR_SHAPE_TEXT];
  if (!fits)
    return gr_fail(err, GR_ERR_SHAPE,
                   "windows of %" PRId64 "x%" PRId64 " over the input of shape %s do not give "
                   "an output of shape %s",
                   w->size[0], w->size[1], gr_shape_text(images, 4, x->shape),
                   gr_shape_text(result, 4, out->shape));
  return GR_OK;
}

// A cell's number has to fit into a byte.
static gr_code check_arg(const gr_tensor *arg, const gr_tensor *out, const gr_window *w, gr_err *err) {
  if (w->size[0] > 256 || w->size[1] > 256 || w->size[0] * w->size[1] > 256)
    return gr_fail(err, GR_ERR_VALUE,
                   "a pooling window of %" PRId64 "x%" PRId64 " has more than 256 cells, the "
                   "most that training can follow: pool in two steps",
                   w->size[0], w->size[1]);
  return gr_check_mask(arg, out, "the winners of a pooling", err);
}

gr_code gr_max_pool2d(gr_tensor *out, gr_tensor *arg, const gr_tensor *x, const gr_window *w, gr_err *err) {
  gr_code code = check(out, x, w, err);
  if (!code && arg) code = check_arg(arg, out, w, err);
  if (code) return code;
  const gr_window_view view = gr_window_view_of(x, out, w, x->shape[3]);
  if (gr_tensor_size(out) == 0) return GR_OK;
  for (int64_t i = 0; !code && i < x->shape[0]; i++) {
    gr_kernels()->network[x->dtype]->max_pool(gr_image_of(out, i), arg ? gr_image_of(arg, i) : NULL,
                                              gr_image_of(x, i), &view);
    code = gr_interrupt_poll(err);
  }
  return code;
}

gr_code gr_max_pool2d_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *arg, const gr_window *w,
                               bool accumulate, gr_err *err) {
  gr_code code = check(dout, dx, w, err);
  if (!code) code = check_arg(arg, dout, w, err);
  if (code) return code;
  const gr_window_view view = gr_window_view_of(dx, dout, w, dx->shape[3]);
  if (!accumulate && gr_tensor_bytes(dx)) memset(dx->data, 0, gr_tensor_bytes(dx));
  if (gr_tensor_size(dout) == 0) return GR_OK;
  for (int64_t i = 0; !code && i < dx->shape[0]; i++) {
    gr_kernels()->network[dx->dtype]->max_pool_backward(gr_image_of(dx, i), gr_image_of(dout, i),
                                                        gr_image_of(arg, i), &view);
    code = gr_interrupt_poll(err);
  }
  return code;
}

gr_code gr_average_pool2d(gr_tensor *out, const gr_tensor *x, const gr_window *w, gr_err *err) {
  gr_code code = check(out, x, w, err);
  if (code) return code;
  const gr_window_view view = gr_window_view_of(x, out, w, x->shape[3]);
  if (gr_tensor_size(out) == 0) return GR_OK;
  for (int64_t i = 0; !code && i < x->shape[0]; i++) {
    gr_kernels()->network[x->dtype]->average_pool(gr_image_of(out, i), gr_image_of(x, i), &view);
    code = gr_interrupt_poll(err);
  }
  return code;
}

gr_code gr_average_pool2d_backward(gr_tensor *dx, const gr_tensor *dout, const gr_window *w, bool accumulate,
                                   gr_err *err) {
  gr_code code = check(dout, dx, w, err);
  if (code) return code;
  const gr_window_view view = gr_window_view_of(dx, dout, w, dx->shape[3]);
  if (!accumulate && gr_tensor_bytes(dx)) memset(dx->data, 0, gr_tensor_bytes(dx));
  if (gr_tensor_size(dout) == 0) return GR_OK;
  for (int64_t i = 0; !code && i < dx->shape[0]; i++) {
    gr_kernels()->network[dx->dtype]->average_pool_backward(gr_image_of(dx, i), gr_image_of(dout, i), &view);
    code = gr_interrupt_poll(err);
  }
  return code;
}
