// Discrete Fourier transforms. A graph's operation has one result, and a transform two, the real and the
// imaginary parts: they stand behind each other along the transformed axis, and slices take them apart.
//
// All are linear, so that a gradient goes back through the adjoint: of the transform, which is the conjugate
// transposed matrix, through the inverse without its division, and the other way round. An input that was cut
// off has no gradient behind the cut; of one that was filled up, what would go to the zeros is dropped.
#include <string.h>

#include "grad/op.h"
#include "kernel/fft.h"

static int axis_of(const gr_call *c) { return (int)c->args->start[0]; }

// Complex numbers of the result of a transform of n real ones: the others mirror them.
static int64_t half_of(int64_t n) { return n / 2 + 1; }

static gr_code layout(gr_tensor *out, const gr_call *c, int64_t size, gr_err *err) {
  int64_t shape[GR_MAX_DIMS];
  memcpy(shape, c->in[0]->shape, sizeof shape);
  shape[axis_of(c)] = size;
  return gr_tensor_layout(out, (gr_dtype)c->in[0]->dtype, c->in[0]->ndim, shape, err);
}

static gr_code fft_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *re = c->in[0], *im = c->in[1];
  const int64_t n = c->args->shape[0];
  if (im && (im->dtype != re->dtype || !gr_tensor_same_shape(re, im)))
    return gr_fail(err, GR_ERR_SHAPE, "a Fourier transform takes real and imaginary parts alike");
  gr_tensor part;  // the largest of those that backward makes
  gr_code code = layout(&part, c, n > half_of(n) ? n : half_of(n), err);
  if (code) return code;
  *scratch = 3 * gr_scratch_round(gr_tensor_bytes(&part));
  switch ((gr_transform)c->args->kind) {
    case GR_RFFT: return layout(c->out, c, 2 * half_of(n), err);
    case GR_IRFFT: return layout(c->out, c, n, err);
    default: return layout(c->out, c, 2 * n, err);
  }
}

// The real (0) or imaginary (1) parts in a tensor that has both.
static gr_tensor part_of(const gr_call *c, const gr_tensor *both, int which) {
  gr_tensor view;
  const int axis = axis_of(c);
  const int64_t size = both->shape[axis] / 2;
  gr_tensor_view_slice(&view, both, axis, which * size, 1, size);
  return view;
}

static gr_code scale(const gr_call *c, gr_tensor *t, gr_err *err) {
  return c->args->rate == 1 ? GR_OK : gr_binary_scalar(t, GR_MUL, t, c->args->rate, false, err);
}

static gr_code fft_forward(gr_call *c, gr_err *err) {
  const gr_transform what = (gr_transform)c->args->kind;
  const int axis = axis_of(c);
  gr_code code;
  if (what == GR_IRFFT) {
    code = gr_irfft(c->out, c->in[0], c->in[1], axis, err);
  } else {
    gr_tensor re = part_of(c, c->out, 0), im = part_of(c, c->out, 1);
    code = what == GR_RFFT ? gr_rfft(&re, &im, c->in[0], c->args->shape[0], axis, err)
                           : gr_fft(&re, &im, c->in[0], c->in[1], axis, what == GR_IFFT, err);
  }
  return code ? code : scale(c, c->out, err);
}

// Gives `g`, one element for each point of the transform, to input i, which may be longer or shorter.
static gr_code give(gr_call *c, int i, gr_tensor *g, gr_err *err) {
  gr_tensor *d = i < c->inputs ? c->din[i] : NULL;
  if (!d) return GR_OK;
  const int axis = axis_of(c);
  const int64_t points = g->shape[axis], size = d->shape[axis], n = points < size ? points : size;
  gr_tensor from, to;
  gr_code code = scale(c, g, err);
  if (!code && n < size && !c->accumulate[i]) code = gr_fill(d, 0, err);
  gr_tensor_view_slice(&from, g, axis, 0, 1, n);
  gr_tensor_view_slice(&to, d, axis, 0, 1, n);
  if (code) return code;
  return c->accumulate[i] ? gr_binary(&to, GR_ADD, &to, &from, err) : gr_copy(&to, &from, err);
}

// Of the half that says all, the numbers that the other half mirrors: all but that of frequency 0 and, where
// n is even, the last.
static gr_code scale_mirrored(const gr_call *c, gr_tensor *half, double factor, gr_err *err) {
  gr_tensor mirrored;
  gr_tensor_view_slice(&mirrored, half, axis_of(c), 1, 1, (c->args->shape[0] - 1) / 2);
  return gr_binary_scalar(&mirrored, GR_MUL, &mirrored, factor, false, err);
}

static gr_code fft_backward(gr_call *c, gr_err *err) {
  const gr_transform what = (gr_transform)c->args->kind;
  const int axis = axis_of(c);
  const int64_t n = c->args->shape[0];
  gr_tensor piece[3];
  char *at = c->scratch;
  gr_code code = GR_OK;
  for (int i = 0; i < 3; i++) {
    const bool half = what == GR_IRFFT || (what == GR_RFFT && i < 2);
    code = layout(&piece[i], c, half ? half_of(n) : n, err);
    if (code) return code;
    piece[i].data = at;
    at += gr_scratch_round(gr_tensor_bytes(&piece[i]));
  }
  gr_tensor *re = &piece[0], *im = &piece[1];
  if (what == GR_IRFFT) {  // each of the mirrored numbers came in twice
    code = gr_rfft(re, im, c->dout, n, axis, err);
    if (!code) code = scale_mirrored(c, re, 2, err);
    if (!code) code = scale_mirrored(c, im, 2, err);
  } else {
    const gr_tensor dre = part_of(c, c->dout, 0), dim = part_of(c, c->dout, 1);
    if (what != GR_RFFT) {
      code = gr_fft(re, im, &dre, &dim, axis, what == GR_FFT, err);
    } else {  // the way back counts the mirrored ones twice, and they have come once
      code = gr_copy(re, &dre, err);
      if (!code) code = gr_copy(im, &dim, err);
      if (!code) code = scale_mirrored(c, re, 0.5, err);
      if (!code) code = scale_mirrored(c, im, 0.5, err);
      if (!code) code = gr_irfft(&piece[2], re, im, axis, err);
      return code ? code : give(c, 0, &piece[2], err);
    }
  }
  if (!code) code = give(c, 0, re, err);
  return code ? code : give(c, 1, im, err);
}

static bool fft_by_rows(const gr_call *c, unsigned rows) {
  return axis_of(c) > 0 && rows == (c->in[1] ? 3u : 1u);
}

const gr_op gr_op_fft = {"fft", fft_plan, fft_forward, fft_backward, fft_by_rows, GR_TANGENT_LINEAR};
