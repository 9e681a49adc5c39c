// Batch normalization: per channel the few numbers that a row needs, then the loops of inner_normalize.c.
#include "kernel/normalize.h"

#include <math.h>

#include "kernel/table.h"

static int64_t rows_of(const gr_tensor *x, int64_t channels) {
  return channels ? gr_tensor_size(x) / channels : 0;
}

static int64_t channels_of(const gr_tensor *x) { return x->shape[x->ndim - 1]; }

static const gr_normalize_table *loops_of(const gr_tensor *x) { return gr_kernels()->normalize[x->dtype]; }

static double at(const gr_tensor *t, int64_t i, double absent) { return t ? gr_tensor_get(t, &i) : absent; }

void gr_batch_sums(double *sums, const gr_tensor *x) {
  int64_t channels = channels_of(x);
  loops_of(x)->sums(sums, x->data, rows_of(x, channels), channels);
}

void gr_batch_moments_of(double *mean, double *inverse_deviation, const double *sums, int64_t channels,
                         int64_t rows, double epsilon) {
  for (int64_t c = 0; c < channels; c++) {
    mean[c] = sums[c] / (double)rows;
    double variance = sums[channels + c] / (double)rows - mean[c] * mean[c];
    // Rounding may leave less than nothing of a constant channel; a NaN stays one.
    inverse_deviation[c] = 1 / sqrt((variance < 0 ? 0 : variance) + epsilon);
  }
}

void gr_batch_normalize(gr_tensor *y, const gr_tensor *x, const gr_batch_moments *m, const gr_tensor *gamma,
                        const gr_tensor *beta, double *scratch) {
  int64_t channels = m->channels;
  for (int64_t c = 0; c < channels; c++) {
    scratch[c] = m->mean[c];
    scratch[channels + c] = m->inverse_deviation[c] * at(gamma, c, 1);
    scratch[2 * channels + c] = at(beta, c, 0);
  }
  loops_of(x)->apply(y->data, x->data, rows_of(x, channels), channels, scratch);
}

void gr_batch_gradient_sums(double *sums, const gr_tensor *g, const gr_tensor *x, const gr_batch_moments *m,
                            double *scratch) {
  int64_t channels = m->channels;
  for (int64_t c = 0; c < channels; c++) {
    scratch[c] = m->mean[c];
    scratch[channels + c] = m->inverse_deviation[c];
  }
  loops_of(x)->gradient_sums(sums, g->data, x->data, rows_of(x, channels), channels, scratch);
}

void gr_batch_normalize_backward(gr_tensor *dx, const gr_tensor *g, const gr_tensor *x,
                                 const gr_batch_moments *m, const gr_tensor *gamma, const double *sums,
                                 int64_t rows, bool accumulate, double *scratch) {
  int64_t channels = m->channels;
  // dx = a g + b (x - mean) + d
  for (int64_t c = 0; c < channels; c++) {
    double a = m->inverse_deviation[c] * at(gamma, c, 1);
    scratch[c] = m->mean[c];
    scratch[channels + c] = a;
    scratch[2 * channels + c] = -a * m->inverse_deviation[c] * sums[channels + c] / (double)rows;
    scratch[3 * channels + c] = -a * sums[c] / (double)rows;
  }
  loops_of(x)->backward(dx->data, g->data, x->data, rows_of(x, channels), channels, scratch, accumulate);
}
