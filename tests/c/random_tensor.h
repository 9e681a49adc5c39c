// For tests of kernels: tensors of random numbers, elements by number, comparisons, gradients by differences.
#ifndef GR_TESTS_RANDOM_TENSOR_H
#define GR_TESTS_RANDOM_TENSOR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "every_isa.h"
#include "tensor/tensor.h"

static gr_err err;

static inline int64_t between(int64_t low, int64_t high) { return low + below((int)(high - low + 1)); }
static inline double number(void) { return uniform(-1, 1); }

static inline gr_tensor fresh(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t;
  assert_int_equal(gr_tensor_init_zeros(&t, dtype, ndim, shape, &err), GR_OK);
  return t;
}
#define SHAPE(...) \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }

static inline double get(const gr_tensor *t, int64_t i) {
  switch (t->dtype) {
    case GR_F64: return ((double *)t->data)[i];
    case GR_F32: return ((float *)t->data)[i];
    case GR_I64: return (double)((int64_t *)t->data)[i];
    default: return ((uint8_t *)t->data)[i];
  }
}
static inline void set(gr_tensor *t, int64_t i, double x) {
  switch (t->dtype) {
    case GR_F64: ((double *)t->data)[i] = x; break;
    case GR_F32: ((float *)t->data)[i] = (float)x; break;
    case GR_I64: ((int64_t *)t->data)[i] = (int64_t)x; break;
    default: ((uint8_t *)t->data)[i] = (uint8_t)x;
  }
}
static inline void fill(gr_tensor *t) {
  for (int64_t i = 0; i < gr_tensor_size(t); i++) set(t, i, number());
}
static inline gr_tensor random_tensor(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t = fresh(dtype, ndim, shape);
  fill(&t);
  return t;
}
static inline gr_tensor of_numbers(gr_dtype dtype, int ndim, const int64_t *shape, const double *numbers) {
  gr_tensor t = fresh(dtype, ndim, shape);
  for (int64_t i = 0; i < gr_tensor_size(&t); i++) set(&t, i, numbers[i]);
  return t;
}
static inline void assert_near(double x, double expected, double tolerance) {
  if (!(fabs(x - expected) <= tolerance * fmax(1, fabs(expected))))
    fail_msg("%.17g is not %.17g within %g", x, expected, tolerance);
}
static inline double tolerance_of(gr_dtype dtype) { return dtype == GR_F64 ? 1e-12 : 2e-5; }

// The gradient of sum(dout * f(x)) by central differences, for any operation.
typedef void (*operation)(gr_tensor *out, const gr_tensor *x, void *context);
static inline void check_gradient(operation f, void *context, gr_tensor *x, const gr_tensor *dout,
                                  const gr_tensor *dx, double tolerance) {
  gr_tensor out = fresh(GR_F64, dout->ndim, dout->shape);
  for (int64_t i = 0; i < gr_tensor_size(x); i++) {
    const double at = get(x, i), h = 1e-5;
    double slope = 0;
    for (int side = -1; side <= 1; side += 2) {
      set(x, i, at + side * h);
      f(&out, x, context);
      for (int64_t j = 0; j < gr_tensor_size(&out); j++)
        slope += side * get(dout, j) * get(&out, j) / (2 * h);
    }
    set(x, i, at);
    assert_near(get(dx, i), slope, tolerance);
  }
  gr_tensor_finish(&out);
}

#endif
