// Inner loops of optimizers: w -= ..., over contiguous memory, a number at a time and none depending on
// another. All are limited by memory beyond the second cache (three to seven numbers in and out a weight),
// and by the division and the root where there is one. Multiply-adds are written out, so that a number gets
// the same bits in a vector and in a tail, however the weights are cut into pieces. See update.h for the
// rules.
#include <tgmath.h>  // the sqrt of a real

#include "kernel/inner_math.h"
#include "kernel/table.h"

// What every rule does first: the gradient scaled and cut (a NaN stays one), the weight decayed.
typedef struct common {
  real scale, most, stays;
} common;

static inline common common_of(const gr_update *u) {
  return (common){(real)u->scale, (real)u->most, (real)(1 - u->decay)};
}

static inline real slope(common c, real g) {
  g *= c.scale;
  g = g > c.most ? c.most : g;
  return g < -c.most ? -c.most : g;
}

static void sgd(void *weight, const void *gradient, void *v, void *m, int64_t n, const gr_update *u) {
  real *restrict w = weight;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate;
  for (int64_t i = 0; i < n; i++) w[i] = muladd(w[i], c.stays, -(rate * slope(c, g[i])));
}

static void momentum(void *weight, const void *gradient, void *v, void *m, int64_t n, const gr_update *u) {
  real *restrict w = weight, *restrict velocity = v;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, a = (real)u->a;
  for (int64_t i = 0; i < n; i++) {
    velocity[i] = muladd(a, velocity[i], -(rate * slope(c, g[i])));
    w[i] = muladd(w[i], c.stays, velocity[i]);
  }
}

static void nesterov(void *weight, const void *gradient, void *v, void *m, int64_t n, const gr_update *u) {
  real *restrict w = weight, *restrict velocity = v;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, a = (real)u->a;
  for (int64_t i = 0; i < n; i++) {
    const real step = rate * slope(c, g[i]);
    velocity[i] = muladd(a, velocity[i], -step);
    w[i] = muladd(w[i], c.stays, muladd(a, velocity[i], -step));
  }
}

static void adam(void *weight, const void *gradient, void *m, void *v, int64_t n, const gr_update *u) {
  real *restrict w = weight, *restrict mean = m, *restrict square = v;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, new_1 = (real)(1 - u->a), new_2 = (real)(1 - u->b);
  const real epsilon = (real)u->epsilon;
  for (int64_t i = 0; i < n; i++) {
    const real x = slope(c, g[i]);
    const real mean_now = muladd(x - mean[i], new_1, mean[i]);
    const real square_now = muladd(muladd(x, x, -square[i]), new_2, square[i]);
    mean[i] = mean_now;
    square[i] = square_now;
    w[i] = muladd(w[i], c.stays, -(mean_now * rate / (sqrt(square_now) + epsilon)));
  }
}

static void rmsprop(void *weight, const void *gradient, void *v, void *m, int64_t n, const gr_update *u) {
  real *restrict w = weight, *restrict square = v;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, a = (real)u->a, epsilon = (real)u->epsilon;
  for (int64_t i = 0; i < n; i++) {
    const real x = slope(c, g[i]);
    square[i] = muladd(a, square[i], (1 - a) * (x * x));
    w[i] = muladd(w[i], c.stays, -(rate * x / sqrt(square[i] + epsilon)));
  }
}

static void rmsprop_momentum(void *weight, const void *gradient, void *v, void *m, int64_t n,
                             const gr_update *u) {
  real *restrict w = weight, *restrict square = v, *restrict velocity = m;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, a = (real)u->a, b = (real)u->b, epsilon = (real)u->epsilon;
  for (int64_t i = 0; i < n; i++) {
    const real x = slope(c, g[i]);
    square[i] = muladd(a, square[i], (1 - a) * (x * x));
    velocity[i] = muladd(b, velocity[i], rate * x / sqrt(square[i] + epsilon));
    w[i] = muladd(w[i], c.stays, -velocity[i]);
  }
}

static void adagrad(void *weight, const void *gradient, void *v, void *m, int64_t n, const gr_update *u) {
  real *restrict w = weight, *restrict square = v;
  const real *restrict g = gradient;
  const common c = common_of(u);
  const real rate = (real)u->rate, epsilon = (real)u->epsilon;
  for (int64_t i = 0; i < n; i++) {
    const real x = slope(c, g[i]);
    square[i] = muladd(x, x, square[i]);
    w[i] = muladd(w[i], c.stays, -(rate * x / sqrt(square[i] + epsilon)));
  }
}

// Limited by memory: two or three numbers in and out a weight.
static void penalty(void *gradient, const void *weight, int64_t n, double by_sign, double by_size,
                    bool accumulate) {
  real *restrict g = gradient;
  const real *restrict w = weight;
  const real l1 = (real)by_sign, l2 = (real)by_size;
  if (accumulate)
    for (int64_t i = 0; i < n; i++) g[i] += (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0) + l2 * w[i];
  else
    for (int64_t i = 0; i < n; i++) g[i] = (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : 0) + l2 * w[i];
}

extern const gr_update_table GR_TABLE;
const gr_update_table GR_TABLE = {.penalty = penalty,
                                  .loop = {
                                      [GR_UPDATE_SGD] = sgd,
                                      [GR_UPDATE_MOMENTUM] = momentum,
                                      [GR_UPDATE_NESTEROV] = nesterov,
                                      [GR_UPDATE_ADAM] = adam,
                                      [GR_UPDATE_RMSPROP] = rmsprop,
                                      [GR_UPDATE_RMSPROP_MOMENTUM] = rmsprop_momentum,
                                      [GR_UPDATE_ADAGRAD] = adagrad,
                                  }};
