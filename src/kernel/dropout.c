// Dropout in two passes: the mask, a call of the stream for each number, which is the slower one; then the
// product. The backward pass reads the mask again, so that it drops what the forward pass dropped.
#include "kernel/check.h"
#include "kernel/table.h"

static gr_code check(const gr_tensor *out, const gr_tensor *mask, const gr_tensor *x, double rate,
                     gr_err *err) {
  if (!(rate >= 0 && rate < 1))
    return gr_fail(err, GR_ERR_VALUE,
                   "the rate of a dropout is the part that is dropped, at least 0 and less than "
                   "1, not %g",
                   rate);
  gr_code code = gr_check_float(x, NULL, "the input of a dropout", err);
  if (!code) code = gr_check_float(out, x, "the output of a dropout", err);
  if (!code) code = gr_check_same_shape(out, x, "the output of a dropout", "its input", err);
  if (!code) code = gr_check_mask(mask, x, "the mask of a dropout", err);
  return code;
}

gr_code gr_dropout(gr_tensor *out, gr_tensor *mask, const gr_tensor *x, double rate, gr_stream stream,
                   uint64_t first, gr_err *err) {
  gr_code code = check(out, mask, x, rate, err);
  if (code) return code;
  const int64_t size = gr_tensor_size(x);
  uint8_t *kept = mask->data;
  for (int64_t i = 0; i < size; i++) kept[i] = gr_stream_double(stream, first + (uint64_t)i) >= rate;
  gr_kernels()->network[x->dtype]->dropout(out->data, x->data, kept, 1 - rate, size, false);
  return GR_OK;
}

gr_code gr_dropout_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *mask, double rate,
                            bool accumulate, gr_err *err) {
  gr_code code = check(dx, mask, dout, rate, err);
  if (code) return code;
  gr_kernels()->network[dx->dtype]->dropout(dx->data, dout->data, mask->data, 1 - rate, gr_tensor_size(dx),
                                            accumulate);
  return GR_OK;
}
