// Softmax over the last axis: checks; the other axes, contiguous, are rows to the loops of inner_network.c.
#include "base/interrupt.h"
#include "kernel/check.h"
#include "kernel/table.h"
#include "kernel/walk.h"

static gr_code check(const gr_tensor *x, gr_err *err) {
  gr_code code = gr_check_float(x, NULL, "the input of softmax", err);
  if (!code && x->ndim == 0)
    code = gr_fail(err, GR_ERR_SHAPE, "softmax runs over the last axis, and a tensor of shape () has none");
  return code;
}

gr_code gr_softmax(gr_tensor *out, const gr_tensor *x, gr_err *err) {
  gr_code code = check(x, err);
  if (!code) code = gr_check_float(out, x, "the output of softmax", err);
  if (!code) code = gr_check_same_shape(out, x, "the output of softmax", "its input", err);
  const int64_t size = gr_tensor_size(x);
  if (code || size == 0) return code;
  const int64_t columns = x->shape[x->ndim - 1], all = size / columns;
  const int64_t most = columns < GR_POLL_ELEMENTS ? GR_POLL_ELEMENTS / columns : 1;
  const int64_t row = columns * (int64_t)gr_dtype_size(x->dtype);
  for (int64_t i = 0; i < all && !code; i += most) {
    gr_kernels()->network[x->dtype]->softmax((char *)out->data + i * row, (const char *)x->data + i * row,
                                             all - i < most ? all - i : most, columns);
    if (all > most) code = gr_interrupt_poll(err);
  }
  return code;
}

gr_code gr_softmax_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *out, bool accumulate,
                            gr_err *err) {
  gr_code code = check(out, err);
  if (!code) code = gr_check_float(dx, out, "the gradient of softmax's input", err);
  if (!code) code = gr_check_float(dout, out, "the gradient of softmax's output", err);
  if (!code) code = gr_check_same_shape(dx, out, "the gradient of softmax's input", "its output", err);
  if (!code) code = gr_check_same_shape(dout, out, "the gradient of softmax's output", "its output", err);
  const int64_t size = gr_tensor_size(out);
  if (code || size == 0) return code;
  const int64_t columns = out->shape[out->ndim - 1];
  gr_kernels()->network[out->dtype]->softmax_backward(dx->data, dout->data, out->data, size / columns,
                                                      columns, accumulate);
  return GR_OK;
}
