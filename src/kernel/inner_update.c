// Inner loops of optimizers: w -= ..., over contiguous memory, a number at a time and none depending on
// another. All are limited by memory beyond the second cache (three to seven numbers in and out a weight),
// and by the division and the root where there is one. Multiply-adds are written out, so that a number gets
// the same bits in a vector and in a tail, however the weights are cut into pieces. See update.h for the
// rules.
#include <tgmath.h>  // the sqrt of a real

#include "kernel/inner_math.h"
#include "kernel/inner_vector.h"
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

// ---- Adam ----
//
// On numbers one by one, which the compiler puts into vectors, or on vectors of floats, whose quotient is
// quicker than a division: one unit divides and takes roots, 16 cycles for the two of 16 numbers on Zen 4,
// and everything else is done in that time.
#if GR_REAL_BITS == 32 && LANES > 4
#define WIDTH LANES
typedef vf some;

static ALWAYS_INLINE some some_at(const real *p, int64_t n) { return load_some(p, n); }
static ALWAYS_INLINE void put(real *p, some x, int64_t n) { store_some(p, x, n); }
static ALWAYS_INLINE some all(real x) { return of_one(x); }
static ALWAYS_INLINE some within(some most, some x) { return greater_of(-most, lesser_of(most, x)); }
#if LANES == 16
static ALWAYS_INLINE some fused(some a, some b, some c) {
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
static ALWAYS_INLINE some root(some x) { return (vf)_mm512_sqrt_ps((__m512)x); }
static ALWAYS_INLINE some nearly_one_over(some x) { return (vf)_mm512_rcp14_ps((__m512)x); }
#else
static ALWAYS_INLINE some fused(some a, some b, some c) {
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
static ALWAYS_INLINE some root(some x) { return (vf)_mm256_sqrt_ps((__m256)x); }
static ALWAYS_INLINE some nearly_one_over(some x) { return (vf)_mm256_rcp_ps((__m256)x); }
#endif
// w - a / b for b > 0, the quotient to 3 ulp: the processor's estimate of 1 / b, which is right to 11 bits or
// more, and a step of Newton's. An infinite b, for which that is 0 times infinity, counts as the greatest one
// whose estimate is a normal number.
static ALWAYS_INLINE some less_quotient(some w, some a, some b) {
  b = lesser_of(all(0x1p126f), b);
  const some y = nearly_one_over(b);
  return fused(-a, fused(fused(-b, y, all(1)), y, y), w);
}
#else
#define WIDTH 1
typedef real some;

static inline some some_at(const real *p, int64_t n) { return *p; }
static inline void put(real *p, some x, int64_t n) { *p = x; }
static inline some all(real x) { return x; }
static inline some within(some most, some x) { return x > most ? most : x < -most ? -most : x; }
static inline some fused(some a, some b, some c) { return muladd(a, b, c); }
static inline some root(some x) { return sqrt(x); }
static inline some less_quotient(some w, some a, some b) { return w - a / b; }
#endif

typedef struct adam_numbers {
  some rate, new_1, new_2, epsilon, stays, scale, most;
} adam_numbers;

// Of n numbers, at most WIDTH. `as_it_is`: the gradient is neither scaled nor cut, nothing decays.
static ALWAYS_INLINE void adam_step(real *w, const real *g, real *mean, real *square, int64_t n,
                                    adam_numbers c, const bool as_it_is) {
  const some given = some_at(g, n), x = as_it_is ? given : within(c.most, given * c.scale);
  const some m = some_at(mean, n), v = some_at(square, n);
  const some m_now = fused(x - m, c.new_1, m), v_now = fused(fused(x, x, -v), c.new_2, v);
  put(mean, m_now, n);
  put(square, v_now, n);
  const some w_then = as_it_is ? some_at(w, n) : some_at(w, n) * c.stays;
  put(w, less_quotient(w_then, m_now * c.rate, root(v_now) + c.epsilon), n);
}

// Three streams in and out are more than the processor foresees alone: they are asked for 512 bytes ahead
// (2 % of a step; twice as far is no better).
#define SOON (512 / (int)sizeof(real))

static ALWAYS_INLINE void adam_all(real *restrict w, const real *restrict g, real *restrict mean,
                                   real *restrict square, int64_t n, adam_numbers c, const bool as_it_is) {
  int64_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    __builtin_prefetch(w + i + SOON, 1);
    __builtin_prefetch(mean + i + SOON, 1);
    __builtin_prefetch(square + i + SOON, 1);
    adam_step(w + i, g + i, mean + i, square + i, WIDTH, c, as_it_is);
  }
  if (i < n) adam_step(w + i, g + i, mean + i, square + i, n - i, c, as_it_is);
}

static void adam(void *weight, const void *gradient, void *m, void *v, int64_t n, const gr_update *u) {
  const adam_numbers c = {.rate = all((real)u->rate),
                          .new_1 = all((real)(1 - u->a)),
                          .new_2 = all((real)(1 - u->b)),
                          .epsilon = all((real)u->epsilon),
                          .stays = all((real)(1 - u->decay)),
                          .scale = all((real)u->scale),
                          .most = all((real)u->most)};
  if (u->scale == 1 && u->most == INFINITY && u->decay == 0)
    adam_all(weight, gradient, m, v, n, c, true);
  else
    adam_all(weight, gradient, m, v, n, c, false);
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
