// The random changes of pictures in training, as an operation: x and a recipe, the numbers of a gr_recipe.
//
// It goes by rows: each sample draws from a stream that its number in the batch names, so that a recorded
// step gives the same pictures whatever the slices and threads.
#include "grad/op.h"

#include <string.h>

#include "kernel/augment.h"
#include "kernel/check.h"

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
  if (code) return code;
  const int64_t rows = x->ndim ? shape[0] : 1;
  if (args->kind != GR_AUGMENT_ANYTHING && rows) *scratch = gr_tensor_bytes(c->out) / (size_t)rows;
  return GR_OK;
}

static gr_code augment_forward(gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0];
  const bool pictures = c->args->kind != GR_AUGMENT_ANYTHING, crop = c->args->kind == GR_AUGMENT_CROP;
  if (!c->run->training && !crop) return gr_copy(c->out, x, err);
  gr_code code = gr_check_float(x, NULL, "the input of a random change", err);
  if (code) return code;
  const int64_t rows = x->ndim ? x->shape[0] : 1;
  if (rows == 0) return GR_OK;
  // What is no picture is one row of numbers.
  int64_t in[2] = {1, gr_tensor_size(x) / rows}, out[2], channels = 1;
  if (pictures) {
    memcpy(in, x->shape + 1, sizeof in);
    channels = x->shape[3];
  }
  memcpy(out, pictures ? c->out->shape + 1 : in, sizeof out);
  const gr_stream stream = gr_stream_derive(c->run->stream, c->args->layer);
  const size_t in_bytes = gr_tensor_bytes(x) / (size_t)rows,
               out_bytes = gr_tensor_bytes(c->out) / (size_t)rows;
  for (int64_t i = 0; i < rows; i++) {
    const char *from = (const char *)x->data + (size_t)i * in_bytes;
    char *to = (char *)c->out->data + (size_t)i * out_bytes;
    if (c->run->training && in[0] >= out[0] && in[1] >= out[1])
      gr_augment_picture(to, out, from, in, channels, (gr_dtype)x->dtype, c->in[1]->data,
                         gr_stream_derive(stream, c->run->first_row + (uint64_t)i), c->scratch);
    else
      gr_crop_middle(to, out, from, in, channels, (gr_dtype)x->dtype);
  }
  return GR_OK;
}

static gr_code augment_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  const bool same =
      c->args->kind == GR_AUGMENT_ANYTHING;  // noise is added: what it is added to moves the sum
  if (same || (!c->run->training && c->args->kind != GR_AUGMENT_CROP))
    return gr_call_give(c, 0, c->dout, NULL, err);
  return gr_fail(
      err, GR_ERR_VALUE,
      "random changes of pictures (RandomFlip and its kin) hand no gradient back: they stand before the "
      "first layer with weights, and before whatever else is to be learnt");
}

const gr_op gr_op_augment = {
    "a random change of pictures", augment_plan, augment_forward, augment_backward, gr_first_by_rows,
    GR_TANGENT_BY_BACKWARD};
