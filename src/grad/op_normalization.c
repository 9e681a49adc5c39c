// Batch normalization of the last axis: a row of the output depends on every row of the batch, through two
// sums a channel.
#include "grad/op.h"
#include "kernel/normalize.h"

static int64_t channels_of(const gr_call *c) { return c->in[0]->shape[c->in[0]->ndim - 1]; }

// How many numbers a channel has in the whole batch: pixels count, too.
static int64_t count_of(const gr_call *c) {
  int64_t channels = channels_of(c), rows = c->in[0]->shape[0];
  return rows && channels ? c->batch_rows * (gr_tensor_size(c->in[0]) / channels / rows) : 0;
}

static size_t numbers(const gr_call *c) { return 2 * (size_t)channels_of(c); }

// Scratch: the moments, and what the kernels write per channel.
static gr_batch_moments moments_of(const gr_call *c) {
  int64_t channels = channels_of(c);
  double *mean = c->scratch, *inverse = mean + channels;
  gr_batch_moments_of(mean, inverse, c->batch, channels, count_of(c), c->args->rate);
  return (gr_batch_moments){channels, mean, inverse};
}

static double *rest_of_scratch(const gr_call *c) { return (double *)c->scratch + 2 * channels_of(c); }

static gr_code plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  if (x->ndim < 2)
    return gr_fail(err, GR_ERR_SHAPE,
                   "batch normalization takes a batch, (samples, ..., features), not one axis");
  for (int i = 1; i < 3; i++)
    if (c->in[i] && (c->in[i]->ndim != 1 || c->in[i]->shape[0] != channels_of(c)))
      return gr_fail(err, GR_ERR_SHAPE, "batch normalization of %lld features has as many gammas and betas",
                     (long long)channels_of(c));
  *scratch = 6 * (size_t)channels_of(c) * sizeof(double);
  gr_code code = gr_tensor_layout(c->aux, GR_F64, 1, (int64_t[]){2 * (int64_t)numbers(c)}, err);
  return code ? code : gr_tensor_layout(c->out, x->dtype, x->ndim, x->shape, err);
}

static void gather(gr_call *c, double *sums) { gr_batch_sums(sums, c->in[0]); }

static gr_code forward(gr_call *c, gr_err *err) {
  gr_batch_moments m = moments_of(c);
  gr_batch_normalize(c->out, c->in[0], &m, c->in[1], c->in[2], rest_of_scratch(c));
  return GR_OK;
}

static void gather_backward(gr_call *c, double *sums) {
  gr_batch_moments m = moments_of(c);
  gr_batch_gradient_sums(sums, c->dout, c->in[0], &m, rest_of_scratch(c));
}

static gr_code backward(gr_call *c, gr_err *err) {
  int64_t channels = channels_of(c);
  gr_batch_moments m = moments_of(c);
  const double *sums = c->batch + numbers(c);
  if (c->din[1] || c->din[2]) {  // of gamma and beta: what the rows at hand contribute
    double *own = rest_of_scratch(c) + 2 * channels;
    for (int64_t i = 0; i < 2 * channels; i++) own[i] = 0;
    gr_batch_gradient_sums(own, c->dout, c->in[0], &m, rest_of_scratch(c));
    for (int i = 1; i < 3; i++) {
      gr_tensor g = {.data = i == 1 ? own + channels : own,
                     .dtype = GR_F64,
                     .ndim = 1,
                     .shape = {channels},
                     .stride = {1}};
      double *spare = rest_of_scratch(c);
      gr_code code = gr_call_give(c, i, &g, spare, err);
      if (code) return code;
    }
  }
  if (c->din[0])
    gr_batch_normalize_backward(c->din[0], c->dout, c->in[0], &m, c->in[1], sums, count_of(c),
                                c->accumulate[0], rest_of_scratch(c));
  return GR_OK;
}

static bool by_rows(const gr_call *c, unsigned rows) { return rows == 1; }

static const gr_barrier barrier = {numbers, gather, gather_backward};

const gr_op gr_op_batch_normalization = {.name = "batch_normalization",
                                         .plan = plan,
                                         .forward = forward,
                                         .backward = backward,
                                         .by_rows = by_rows,
                                         .barrier = &barrier};
