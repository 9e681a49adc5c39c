// Dropout in two passes: the mask, a draw of the stream for each number, which is the slower one; then the
// product. The backward pass reads the mask again, so that it drops what the forward pass dropped.
#include <math.h>

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

// What a draw's 53 bits are at least where gr_stream_double, which is 2^-53 times them, is at least the rate.
static uint64_t least_bits(double rate) { return (uint64_t)ceil(rate * 0x1p53); }

// Along a shared axis the draw does not count on: its stride is 0. It is made again for each number that
// shares it, so this takes as long as a draw of each.
static void draw_shared(uint8_t *kept, const gr_tensor *x, double rate, unsigned shared, gr_stream stream,
                        uint64_t first) {
  const uint64_t least = least_bits(rate);
  int64_t stride[GR_MAX_DIMS], at[GR_MAX_DIMS] = {0}, size = gr_tensor_size(x), draws = 1, draw = 0;
  for (int d = x->ndim; d-- > 0;) {
    stride[d] = shared >> d & 1 ? 0 : draws;
    if (stride[d]) draws *= x->shape[d];
  }
  for (int64_t i = 0; i < size; i++) {
    kept[i] = gr_stream_bits(stream, first + (uint64_t)draw) >= least;
    for (int d = x->ndim; d-- > 0;) {  // the next place, as of an odometer
      draw += stride[d];
      if (++at[d] < x->shape[d]) break;
      draw -= stride[d] * x->shape[d];
      at[d] = 0;
    }
  }
}

gr_code gr_dropout(gr_tensor *out, gr_tensor *mask, const gr_tensor *x, double rate, unsigned shared,
                   gr_stream stream, uint64_t first, gr_err *err) {
  gr_code code = check(out, mask, x, rate, err);
  if (code) return code;
  const int64_t size = gr_tensor_size(x);
  uint8_t *kept = mask->data;
  if (shared)
    draw_shared(kept, x, rate, shared, stream, first);
  else
    gr_kernels()->network[x->dtype]->draw_kept(kept, stream, first, size, least_bits(rate));
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
