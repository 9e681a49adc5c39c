// The random changes of pictures in training, as an operation: x and a recipe, the numbers of a gr_recipe.
//
// It goes by rows: each sample draws from a stream that its number in the batch names, so that a recorded
// step gives the same pictures whatever the slices and threads.
#include "base/interrupt.h"
#include "grad/op.h"

#include <string.h>

#include "kernel/augment.h"
#include "kernel/check.h"
#include "kernel/walk.h"

// Always where it draws from a seed of its own, as data.augment; otherwise in training.
static bool acts(const gr_call *c) { return c->args->same || c->run->training; }

// A picture's sizes and channels; what is no picture is one row of numbers.
typedef struct sizes {
  int64_t rows, in[2], out[2], channels;
  bool crops_middle;  // no piece that is drawn: in prediction, and where the picture is too small for one
} sizes;

static sizes sizes_of(const gr_call *c) {
  const gr_tensor *x = c->in[0];
  sizes s = {.rows = x->ndim ? x->shape[0] : 1, .in = {1, 0}, .channels = 1};
  s.in[1] = s.rows ? gr_tensor_size(x) / s.rows : 0;
  memcpy(s.out, s.in, sizeof s.out);
  if (c->args->kind != GR_AUGMENT_ANYTHING) {
    memcpy(s.in, x->shape + 1, sizeof s.in);
    memcpy(s.out, c->out->shape + 1, sizeof s.out);
    s.channels = x->shape[3];
  }
  s.crops_middle = c->run && (!acts(c) || s.in[0] < s.out[0] || s.in[1] < s.out[1]);
  return s;
}

static int64_t numbers(const int64_t size[2], int64_t channels) { return size[0] * size[1] * channels; }

// Scratch, in backward: of one picture the gradient that comes, the one that goes, and what a picture needs.
static gr_code augment_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  const gr_op_args *args = c->args;
  int64_t shape[GR_MAX_DIMS];
  *scratch = 0;
  gr_code code = GR_OK;
  if (args->kind != GR_AUGMENT_ANYTHING)
    code = gr_check_images("a random change of pictures", x, err);
  else if (!gr_dtype_is_float((gr_dtype)x->dtype))
    code = gr_fail(err, GR_ERR_TYPE, "noise is added to float32 or float64, not %s",
                   gr_dtype_name((gr_dtype)x->dtype));
  if (code) return code;
  memcpy(shape, x->shape, sizeof shape);
  if (args->kind == GR_AUGMENT_CROP) memcpy(shape + 1, args->shape, 2 * sizeof *shape);
  code = gr_tensor_layout(c->out, (gr_dtype)x->dtype, x->ndim, shape, err);
  if (code || args->kind == GR_AUGMENT_ANYTHING) return code;
  const sizes s = sizes_of(c);
  *scratch = (size_t)(3 * numbers(s.out, s.channels) + numbers(s.in, s.channels)) * sizeof(double);
  return GR_OK;
}

static gr_stream stream_of(const gr_call *c, int64_t row) {
  const gr_stream own = {{c->args->layer, 0}};
  const gr_stream layer =
      c->args->same ? gr_stream_derive(own, 0) : gr_stream_derive(c->run->stream, c->args->layer);
  return gr_stream_derive(layer, c->run->first_row + (uint64_t)row);
}

static gr_code augment_forward(gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  if (!acts(c) && c->args->kind != GR_AUGMENT_CROP) return gr_copy(c->out, x, err);
  gr_code code = gr_check_float(x, NULL, "the input of a random change", err);
  if (code) return code;
  const sizes s = sizes_of(c);
  const gr_dtype dtype = (gr_dtype)x->dtype;
  const size_t size = gr_dtype_size(dtype);
  for (int64_t i = 0; !code && i < s.rows; i++) {
    const char *from = (const char *)x->data + (size_t)(i * numbers(s.in, s.channels)) * size;
    char *to = (char *)c->out->data + (size_t)(i * numbers(s.out, s.channels)) * size;
    if (s.crops_middle)
      gr_crop_middle(to, s.out, from, s.in, s.channels, dtype);
    else
      gr_augment_picture(to, s.out, from, s.in, s.channels, dtype, c->in[1]->data, stream_of(c, i),
                         c->scratch);
    code = gr_interrupt_poll(err);
  }
  return code;
}

static gr_code augment_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  // Noise is added: what it is added to moves the sum.
  if (c->args->kind == GR_AUGMENT_ANYTHING || (!acts(c) && c->args->kind != GR_AUGMENT_CROP))
    return gr_call_give(c, 0, c->dout, NULL, err);
  const gr_tensor *x = c->in[0];
  const sizes s = sizes_of(c);
  const int64_t in = numbers(s.in, s.channels), out = numbers(s.out, s.channels);
  double *g = c->scratch, *d = g + out, *rest = d + in;
  gr_code code = GR_OK;
  for (int64_t i = 0; !code && i < s.rows; i++) {
    const size_t bytes = gr_dtype_size(x->dtype);
    const char *from = (const char *)x->data + (size_t)(i * in) * bytes;
    gr_convert(g, GR_F64, sizeof *g, (const char *)c->dout->data + (size_t)(i * out) * bytes,
               (gr_dtype)x->dtype, (int64_t)bytes, out);
    if (s.crops_middle)
      gr_crop_middle_backward(d, g, s.out, s.in, s.channels);
    else
      gr_augment_picture_backward(d, g, s.out, from, s.in, s.channels, (gr_dtype)x->dtype, c->in[1]->data,
                                  stream_of(c, i), rest);
    for (int64_t k = 0; k < in; k++) {
      const int64_t to = i * in + k;
      if (x->dtype == GR_F64) {
        double *sum = (double *)c->din[0]->data + to;
        *sum = (c->accumulate[0] ? *sum : 0) + d[k];
      } else {
        float *sum = (float *)c->din[0]->data + to;
        *sum = (c->accumulate[0] ? *sum : 0) + (float)d[k];
      }
    }
    code = gr_interrupt_poll(err);
  }
  return code;
}

const gr_op gr_op_augment = {
    "a random change of pictures", augment_plan, augment_forward, augment_backward, gr_first_by_rows,
    GR_TANGENT_BY_BACKWARD};
