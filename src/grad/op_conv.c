// Convolution, with the scale and shift, the ReLU and the 2x2 max pooling that gr_fuse makes part of it.
// float32 has a fast path (kernel/conv_direct.h), which alone takes what follows along; everything else runs
// on the plain one.
#include <string.h>

#include "base/interrupt.h"
#include "grad/op.h"

static bool is_direct(const gr_call *c, gr_conv *conv) {
  const gr_tensor *x = c->in[0], *k = c->in[1];
  int64_t size[2];
  gr_err unused;
  if (!gr_tensor_is_contiguous(x) || !gr_tensor_is_contiguous(k)) return false;
  if (gr_window_output(size, &c->args->window, (int64_t[]){x->shape[1], x->shape[2]}, c->args->same, &unused))
    return false;
  *conv = gr_conv_of(x, k, size, &c->args->window);
  conv->relu = c->args->relu;
  conv->pool = c->args->pool;
  return gr_conv_has_direct(conv, x->dtype);
}

// Whether groups share the channels and the filters.
static gr_code check_groups(const gr_tensor *x, const gr_tensor *k, int64_t groups, gr_err *err) {
  if (groups < 1 || x->shape[3] % groups || k->shape[3] % groups)
    return gr_fail(
        err, GR_ERR_VALUE,
        "conv2d: %lld groups share neither %lld channels nor %lld filters evenly: their number must "
        "divide both",
        (long long)groups, (long long)x->shape[3], (long long)k->shape[3]);
  return GR_OK;
}

gr_code gr_check_conv2d(const gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0], *k = c->in[1], *bias = c->in[2];
  const int64_t groups = c->args->groups ? c->args->groups : 1;
  char tx[GR_SHAPE_TEXT], tk[GR_SHAPE_TEXT];
  gr_code code = gr_check_images("conv2d", x, err);
  if (!code && k->ndim == 4) code = check_groups(x, k, groups, err);
  if (code) return code;
  if (k->ndim != 4 || k->shape[2] != x->shape[3] / groups)
    return gr_fail(err, GR_ERR_SHAPE,
                   "conv2d: the kernel %s does not fit the images %s%s: it is (rows, columns, channels in, "
                   "channels out)",
                   gr_shape_text(tk, k->ndim, k->shape), gr_shape_text(tx, x->ndim, x->shape),
                   groups > 1 ? ", of whose channels it sees one group" : "");
  if (k->dtype != x->dtype)
    return gr_fail(err, GR_ERR_TYPE,
                   "conv2d: the images are %s and the kernel is %s; make them alike with astype",
                   gr_dtype_name(x->dtype), gr_dtype_name(k->dtype));
  if (bias && (bias->dtype != x->dtype || bias->ndim != 1 || bias->shape[0] != k->shape[3]))
    return gr_fail(err, GR_ERR_SHAPE, "conv2d: the bias of %lld filters is %s of shape (%lld,), not %s of %s",
                   (long long)k->shape[3], gr_dtype_name(x->dtype), (long long)k->shape[3],
                   gr_dtype_name(bias->dtype), gr_shape_text(tk, bias->ndim, bias->shape));
  return GR_OK;
}

// ---- prepared weights ----

static bool is_scaled(const gr_call *c) { return c->inputs > 3 && (c->in[3] || c->in[4]); }

// Behind the weights as the loops want them a scaled kernel and a bias, of which those are made.
static size_t prepared_bytes(const gr_call *c, const gr_conv *conv) {
  const size_t own = gr_scratch_round(gr_conv_prepared_bytes(conv));
  if (!is_scaled(c)) return own;
  const size_t numbers = (size_t)(gr_tensor_size(c->in[1]) + conv->filters);
  return own + gr_scratch_round(numbers * sizeof(float));
}

// (x * kernel + bias) scale + shift = x * (kernel scale) + (bias scale + shift)
static void fold_scale(const gr_call *c, const gr_conv *conv, float *kernel, float *bias) {
  const float *old = c->in[1]->data, *old_bias = c->in[2] ? c->in[2]->data : NULL;
  const float *scale = c->in[3] ? c->in[3]->data : NULL, *shift = c->in[4] ? c->in[4]->data : NULL;
  const int64_t filters = conv->filters, rows = gr_tensor_size(c->in[1]) / filters;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t f = 0; f < filters; f++)
      kernel[i * filters + f] = scale ? old[i * filters + f] * scale[f] : old[i * filters + f];
  for (int64_t f = 0; f < filters; f++)
    bias[f] = (old_bias ? old_bias[f] : 0) * (scale ? scale[f] : 1) + (shift ? shift[f] : 0);
}

static void make_prepared(const gr_call *c, const gr_conv *conv, void *prepared) {
  const float *kernel = c->in[1]->data, *bias = c->in[2] ? c->in[2]->data : NULL;
  if (is_scaled(c)) {
    float *scaled = (float *)((char *)prepared + gr_scratch_round(gr_conv_prepared_bytes(conv)));
    float *shifted = scaled + gr_tensor_size(c->in[1]);
    fold_scale(c, conv, scaled, shifted);
    kernel = scaled;
    bias = shifted;
  }
  gr_conv_prepare(conv, prepared, kernel, bias, c->din[0] != NULL);
}

static size_t conv2d_prepared_bytes(const gr_call *c) {
  gr_conv conv;
  return is_direct(c, &conv) ? prepared_bytes(c, &conv) : 0;
}

static gr_code conv2d_plan(gr_call *c, size_t *scratch, gr_err *err) {
  gr_code code = gr_check_conv2d(c, err);
  if (code) return code;
  const gr_tensor *x = c->in[0], *k = c->in[1];
  gr_window *w = &c->args->window;
  w->size[0] = k->shape[0];
  w->size[1] = k->shape[1];
  int64_t size[2];
  code = gr_window_output(size, w, (int64_t[]){x->shape[1], x->shape[2]}, c->args->same, err);
  const int shrink = c->args->pool ? 2 : 1;
  int64_t shape[] = {x->shape[0], size[0] / shrink, size[1] / shrink, k->shape[3]};
  if (!code) code = gr_tensor_layout(c->out, x->dtype, 4, shape, err);
  if (!code && c->args->pool && c->args->winners) code = gr_tensor_layout(c->aux, GR_U8, 4, shape, err);
  if (code) return code;
  gr_conv conv;
  *scratch = is_direct(c, &conv) ? prepared_bytes(c, &conv) + gr_conv_direct_scratch(&conv)
                                 : gr_conv2d_scratch(x, k, c->out);
  return GR_OK;
}

static void conv2d_prepare(gr_call *c) {
  gr_conv conv;
  if (is_direct(c, &conv)) make_prepared(c, &conv, c->prepared);
}

// The prepared weights, made in scratch where nobody has made them; `scratch` is what is left.
static const void *prepared_of(gr_call *c, const gr_conv *conv, void **scratch) {
  *scratch = (char *)c->scratch + prepared_bytes(c, conv);
  if (c->prepared) return c->prepared;
  make_prepared(c, conv, c->scratch);
  return c->scratch;
}

// Images between two looks at Ctrl-C.
#define CHUNK 32

// The numbers of image i, of any tensor with images along axis 0; NULL without memory.
static float *image_of(const gr_tensor *t, int64_t i) {
  return t && t->data ? (float *)t->data + i * (t->stride[0]) : NULL;
}

static uint8_t *winners_of(const gr_tensor *t, int64_t i) {
  return t->ndim ? (uint8_t *)t->data + i * t->stride[0] : NULL;
}

static gr_code conv2d_forward(gr_call *c, gr_err *err) {
  gr_conv conv;
  if (!is_direct(c, &conv))
    return gr_conv2d(c->out, c->in[0], c->in[1], c->in[2], &c->args->window, c->scratch, err);
  void *scratch;
  const void *prepared = prepared_of(c, &conv, &scratch);
  gr_code code = GR_OK;
  for (int64_t i = 0, left = c->out->shape[0]; !code && left > 0; i += CHUNK, left -= CHUNK) {
    gr_conv_direct(&conv, left < CHUNK ? left : CHUNK, image_of(c->out, i), winners_of(c->aux, i),
                   image_of(c->in[0], i), prepared, scratch);
    code = gr_interrupt_poll(err);
  }
  return code;
}

static void clear_unless(bool accumulate, gr_tensor *t) {
  if (t && !accumulate) memset(t->data, 0, gr_tensor_bytes(t));
}

static gr_code conv2d_backward(gr_call *c, gr_err *err) {
  gr_conv conv;
  if (!is_direct(c, &conv))
    return gr_conv2d_backward(c->din[0], c->din[1], c->din[2], c->accumulate, c->dout, c->in[0], c->in[1],
                              &c->args->window, c->scratch, err);
  clear_unless(c->accumulate[1], c->din[1]);
  clear_unless(c->accumulate[2], c->din[2]);
  void *scratch;
  const void *prepared = prepared_of(c, &conv, &scratch);
  gr_conv_gradients to = {
      .dkernel = image_of(c->din[1], 0), .dbias = image_of(c->din[2], 0), .accumulate = c->accumulate[0]};
  gr_code code = GR_OK;
  for (int64_t i = 0, left = c->dout->shape[0]; !code && left > 0; i += CHUNK, left -= CHUNK) {
    to.dx = image_of(c->din[0], i);
    code = gr_conv_direct_backward(&conv, left < CHUNK ? left : CHUNK, &to, image_of(c->dout, i),
                                   image_of(c->out, i), winners_of(c->aux, i), image_of(c->in[0], i),
                                   c->in[1]->data, prepared, scratch, err);
    if (!code) code = gr_interrupt_poll(err);
  }
  return code;
}

const gr_op gr_op_conv2d = {.name = "conv2d",
                            .plan = conv2d_plan,
                            .forward = conv2d_forward,
                            .backward = conv2d_backward,
                            .by_rows = gr_first_by_rows,
                            .tangent = GR_TANGENT_PRODUCT,
                            .prepared_bytes = conv2d_prepared_bytes,
                            .prepare = conv2d_prepare};
