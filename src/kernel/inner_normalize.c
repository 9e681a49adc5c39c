// Inner loops of batch normalization over (n, channels): row after row, the channels of a row going through
// vector registers. Sums are kept in doubles, which the square of a float fits into without rounding; the
// rest reads one or two numbers and writes one: limited by memory.
//
// `per` holds doubles, `channels` of each: see normalize.c.
#include "kernel/inner_math.h"
#include "kernel/table.h"

static void sums(double *restrict sums, const void *x_, int64_t n, int64_t channels) {
  const real *restrict x = x_;
  double *restrict squares = sums + channels;
  for (int64_t i = 0; i < n; i++, x += channels)
    for (int64_t c = 0; c < channels; c++) {
      const double v = (double)x[c];
      sums[c] += v;
      squares[c] += v * v;
    }
}

static void apply(void *y_, const void *x_, int64_t n, int64_t channels, const double *restrict per) {
  const real *x = x_;
  real *y = y_;
  const double *restrict mean = per, *restrict scale = per + channels, *restrict shift = per + 2 * channels;
  for (int64_t i = 0; i < n; i++, x += channels, y += channels)
    for (int64_t c = 0; c < channels; c++) y[c] = (x[c] - (real)mean[c]) * (real)scale[c] + (real)shift[c];
}

static void gradient_sums(double *restrict sums, const void *g_, const void *x_, int64_t n, int64_t channels,
                          const double *restrict per) {
  const real *restrict g = g_, *restrict x = x_;
  const double *restrict mean = per, *restrict scale = per + channels;
  double *restrict products = sums + channels;
  for (int64_t i = 0; i < n; i++, x += channels, g += channels)
    for (int64_t c = 0; c < channels; c++) {
      const double slope = (double)g[c];
      sums[c] += slope;
      products[c] += slope * (((double)x[c] - mean[c]) * scale[c]);
    }
}

static void backward(void *dx_, const void *g_, const void *x_, int64_t n, int64_t channels,
                     const double *restrict per, bool accumulate) {
  const real *restrict g = g_, *restrict x = x_;
  real *restrict dx = dx_;
  const double *restrict mean = per, *restrict a = per + channels, *restrict b = per + 2 * channels,
                         *restrict d = per + 3 * channels;
  for (int64_t i = 0; i < n; i++, x += channels, g += channels, dx += channels)
    for (int64_t c = 0; c < channels; c++) {
      const real slope = g[c] * (real)a[c] + (x[c] - (real)mean[c]) * (real)b[c] + (real)d[c];
      dx[c] = accumulate ? dx[c] + slope : slope;
    }
}

extern const gr_normalize_table GR_TABLE;
const gr_normalize_table GR_TABLE = {sums, apply, gradient_sums, backward};
