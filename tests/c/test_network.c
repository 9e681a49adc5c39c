// Convolution, pooling, softmax, losses, metrics and updates: against plain loops, against central
// differences, and against the numbers that Keras gives.
#include "kernel/network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/matmul.h"

static gr_err err;
static uint64_t seed;

static uint64_t next(void) {  // a linear congruence is random enough for shapes and numbers
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 33;
}
static int64_t between(int64_t low, int64_t high) {
  return low + (int64_t)(next() % (uint64_t)(high - low + 1));
}
static double number(void) { return (double)next() / 1073741824.0 - 1; }

static gr_tensor fresh(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t;
  assert_int_equal(gr_tensor_init_zeros(&t, dtype, ndim, shape, &err), GR_OK);
  return t;
}
#define SHAPE(...) \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }

static double get(const gr_tensor *t, int64_t i) {
  switch (t->dtype) {
    case GR_F64: return ((double *)t->data)[i];
    case GR_F32: return ((float *)t->data)[i];
    case GR_I64: return (double)((int64_t *)t->data)[i];
    default: return ((uint8_t *)t->data)[i];
  }
}
static void set(gr_tensor *t, int64_t i, double x) {
  switch (t->dtype) {
    case GR_F64: ((double *)t->data)[i] = x; break;
    case GR_F32: ((float *)t->data)[i] = (float)x; break;
    case GR_I64: ((int64_t *)t->data)[i] = (int64_t)x; break;
    default: ((uint8_t *)t->data)[i] = (uint8_t)x;
  }
}
static void fill(gr_tensor *t) {
  for (int64_t i = 0; i < gr_tensor_size(t); i++) set(t, i, number());
}
static gr_tensor random_tensor(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t = fresh(dtype, ndim, shape);
  fill(&t);
  return t;
}
static gr_tensor of_numbers(gr_dtype dtype, int ndim, const int64_t *shape, const double *numbers) {
  gr_tensor t = fresh(dtype, ndim, shape);
  for (int64_t i = 0; i < gr_tensor_size(&t); i++) set(&t, i, numbers[i]);
  return t;
}
static void assert_near(double x, double expected, double tolerance) {
  if (!(fabs(x - expected) <= tolerance * fmax(1, fabs(expected))))
    fail_msg("%.17g is not %.17g within %g", x, expected, tolerance);
}
static double tolerance_of(gr_dtype dtype) { return dtype == GR_F64 ? 1e-12 : 2e-5; }

// ---- windows --------------------------------------------------------------------------------------------

static void output_sizes_and_padding_follow_keras(void **state) {
  static const struct {
    int64_t n, size, stride, dilation;
    bool same;
    int64_t out, pad;
  } cases[] = {{50, 3, 1, 1, false, 48, 0}, {23, 2, 2, 1, false, 11, 0}, {23, 2, 2, 1, true, 12, 0},
               {5, 3, 1, 1, true, 5, 1},    {6, 3, 2, 1, true, 3, 0},    {7, 3, 2, 1, true, 4, 1},
               {5, 4, 1, 1, true, 5, 1},    {5, 3, 1, 2, false, 1, 0},   {5, 3, 1, 2, true, 5, 2},
               {1, 3, 3, 1, true, 1, 1},    {9, 1, 3, 1, true, 3, 0},    {2, 1, 5, 1, false, 1, 0}};
  for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
    gr_window w = {
        .size = {cases[i].size, 1}, .stride = {cases[i].stride, 1}, .dilation = {cases[i].dilation, 1}};
    int64_t out[2];
    assert_int_equal(gr_window_output(out, &w, (int64_t[]){cases[i].n, 4}, cases[i].same, &err), GR_OK);
    assert_int_equal(out[0], cases[i].out);
    assert_int_equal(w.pad_before[0], cases[i].pad);
    assert_int_equal(out[1], 4);
    assert_int_equal(w.pad_before[1], 0);
  }
}

static void a_window_larger_than_the_image_is_explained(void **state) {
  gr_window w = {.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
  int64_t out[2];
  assert_int_equal(gr_window_output(out, &w, (int64_t[]){5, 2}, false, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "3 columns is larger than the image with its 2"));
  w.stride[0] = 0;
  assert_int_equal(gr_window_output(out, &w, (int64_t[]){5, 5}, true, &err), GR_ERR_VALUE);
}

// ---- convolution ----------------------------------------------------------------------------------------

typedef struct geometry {
  gr_window w;
  int64_t n, h, width, ci, co, out[2];
} geometry;

static geometry random_geometry(void) {
  for (;;) {
    geometry g = {.w = {.size = {between(1, 5), between(1, 5)},
                        .stride = {between(1, 3), between(1, 3)},
                        .dilation = {between(1, 2), between(1, 2)}},
                  .n = between(1, 2),
                  .h = between(1, 9),
                  .width = between(1, 9),
                  .ci = between(1, 17),
                  .co = between(1, 17)};
    if (gr_window_output(g.out, &g.w, (int64_t[]){g.h, g.width}, between(0, 1), &err) == GR_OK) return g;
  }
}

// Calls visit(x index, kernel index, out index) for each product of the convolution.
typedef void (*visitor)(void *context, int64_t x, int64_t k, int64_t o);
static void each_product(const geometry *g, visitor visit, void *context) {
  for (int64_t i = 0; i < g->n; i++)
    for (int64_t oy = 0; oy < g->out[0]; oy++)
      for (int64_t ox = 0; ox < g->out[1]; ox++)
        for (int64_t ky = 0; ky < g->w.size[0]; ky++)
          for (int64_t kx = 0; kx < g->w.size[1]; kx++) {
            const int64_t y = oy * g->w.stride[0] - g->w.pad_before[0] + ky * g->w.dilation[0];
            const int64_t x = ox * g->w.stride[1] - g->w.pad_before[1] + kx * g->w.dilation[1];
            if (y < 0 || y >= g->h || x < 0 || x >= g->width) continue;
            for (int64_t c = 0; c < g->ci; c++)
              for (int64_t f = 0; f < g->co; f++)
                visit(context, ((i * g->h + y) * g->width + x) * g->ci + c,
                      ((ky * g->w.size[1] + kx) * g->ci + c) * g->co + f,
                      ((i * g->out[0] + oy) * g->out[1] + ox) * g->co + f);
          }
}

typedef struct convolution {
  geometry g;
  gr_tensor x, kernel, bias, out, dout, dx, dkernel, dbias;
  double *expected, *dx_expected, *dkernel_expected;
  void *scratch;
} convolution;

static void add_product(void *context, int64_t x, int64_t k, int64_t o) {
  convolution *c = context;
  c->expected[o] += get(&c->x, x) * get(&c->kernel, k);
  c->dx_expected[x] += get(&c->dout, o) * get(&c->kernel, k);
  c->dkernel_expected[k] += get(&c->dout, o) * get(&c->x, x);
}

static void setup(convolution *c, gr_dtype dtype) {
  const geometry *g = &c->g;
  c->x = random_tensor(dtype, SHAPE(g->n, g->h, g->width, g->ci));
  c->kernel = random_tensor(dtype, SHAPE(g->w.size[0], g->w.size[1], g->ci, g->co));
  c->bias = random_tensor(dtype, SHAPE(g->co));
  c->out = random_tensor(dtype, SHAPE(g->n, g->out[0], g->out[1], g->co));
  c->dout = random_tensor(dtype, SHAPE(g->n, g->out[0], g->out[1], g->co));
  c->dx = random_tensor(dtype, SHAPE(g->n, g->h, g->width, g->ci));
  c->dkernel = random_tensor(dtype, SHAPE(g->w.size[0], g->w.size[1], g->ci, g->co));
  c->dbias = random_tensor(dtype, SHAPE(g->co));
  c->expected = calloc((size_t)gr_tensor_size(&c->out) + 1, sizeof(double));
  c->dx_expected = calloc((size_t)gr_tensor_size(&c->x) + 1, sizeof(double));
  c->dkernel_expected = calloc((size_t)gr_tensor_size(&c->kernel) + 1, sizeof(double));
  c->scratch = malloc(gr_conv2d_scratch(&c->x, &c->kernel, &c->out));  // exactly: a byte more would be seen
  each_product(g, add_product, c);
}

static void finish(convolution *c) {
  gr_tensor *all[] = {&c->x, &c->kernel, &c->bias, &c->out, &c->dout, &c->dx, &c->dkernel, &c->dbias};
  for (int i = 0; i < 8; i++) gr_tensor_finish(all[i]);
  free(c->expected);
  free(c->dx_expected);
  free(c->dkernel_expected);
  free(c->scratch);
}

static void check_convolution(const geometry *g, gr_dtype dtype) {
  convolution c = {.g = *g};
  setup(&c, dtype);
  const double tolerance = tolerance_of(dtype);
  const bool with_bias = between(0, 1);
  assert_int_equal(gr_conv2d(&c.out, &c.x, &c.kernel, with_bias ? &c.bias : NULL, &g->w, c.scratch, &err),
                   GR_OK);
  for (int64_t i = 0; i < gr_tensor_size(&c.out); i++)
    assert_near(get(&c.out, i), c.expected[i] + (with_bias ? get(&c.bias, i % g->co) : 0), tolerance);

  bool accumulate[3];
  gr_tensor before[3] = {random_tensor(dtype, 4, c.dx.shape), random_tensor(dtype, 4, c.dkernel.shape),
                         random_tensor(dtype, 1, c.dbias.shape)};
  gr_tensor *gradients[3] = {&c.dx, &c.dkernel, &c.dbias};
  for (int i = 0; i < 3; i++) {
    accumulate[i] = between(0, 1);
    memcpy(before[i].data, gradients[i]->data, gr_tensor_bytes(gradients[i]));
  }
  const bool want_dx = between(0, 3), want_dkernel = between(0, 3), want_dbias = between(0, 3);
  assert_int_equal(gr_conv2d_backward(want_dx ? &c.dx : NULL, want_dkernel ? &c.dkernel : NULL,
                                      want_dbias ? &c.dbias : NULL, accumulate, &c.dout, &c.x, &c.kernel,
                                      &g->w, c.scratch, &err),
                   GR_OK);
  for (int64_t i = 0; want_dx && i < gr_tensor_size(&c.dx); i++)
    assert_near(get(&c.dx, i), c.dx_expected[i] + (accumulate[0] ? get(&before[0], i) : 0), tolerance);
  for (int64_t i = 0; want_dkernel && i < gr_tensor_size(&c.dkernel); i++)
    assert_near(get(&c.dkernel, i), c.dkernel_expected[i] + (accumulate[1] ? get(&before[1], i) : 0),
                tolerance);
  for (int64_t f = 0; want_dbias && f < g->co; f++) {
    double sum = accumulate[2] ? get(&before[2], f) : 0;
    for (int64_t i = f; i < gr_tensor_size(&c.dout); i += g->co) sum += get(&c.dout, i);
    assert_near(get(&c.dbias, f), sum, tolerance);
  }
  for (int i = 0; i < 3; i++) gr_tensor_finish(&before[i]);
  finish(&c);
}

static void convolution_and_its_gradients_equal_the_plain_sums_for_any_geometry(void **state) {
  seed = 1;
  for (int i = 0; i < 400; i++) {
    const geometry g = random_geometry();
    check_convolution(&g, i % 2 ? GR_F32 : GR_F64);
  }
}

static void a_pointwise_convolution_needs_no_scratch(void **state) {
  seed = 2;
  geometry g = {.w = {.size = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}},
                .n = 3,
                .h = 5,
                .width = 4,
                .ci = 6,
                .co = 7,
                .out = {5, 4}};
  convolution c = {.g = g};
  setup(&c, GR_F64);
  assert_int_equal(gr_conv2d_scratch(&c.x, &c.kernel, &c.out), 0);
  finish(&c);
  for (int i = 0; i < 8; i++) check_convolution(&g, GR_F64);
}

static void a_large_image_is_convolved_in_bands(void **state) {
  seed = 3;
  geometry g = {.w = {.size = {3, 5}, .stride = {1, 2}, .dilation = {2, 1}},
                .n = 2,
                .h = 90,
                .width = 97,
                .ci = 9,
                .co = 2};
  assert_int_equal(gr_window_output(g.out, &g.w, (int64_t[]){g.h, g.width}, true, &err), GR_OK);
  for (int i = 0; i < 2; i++) check_convolution(&g, GR_F64);
}

static void no_images_and_no_channels_convolve_to_nothing_and_to_the_bias(void **state) {
  gr_window w = {.size = {2, 2}, .stride = {1, 1}, .dilation = {1, 1}};
  gr_tensor none = fresh(GR_F64, SHAPE(0, 3, 3, 1)), kernel = fresh(GR_F64, SHAPE(2, 2, 1, 2));
  gr_tensor out = fresh(GR_F64, SHAPE(0, 2, 2, 2)), dkernel = random_tensor(GR_F64, SHAPE(2, 2, 1, 2));
  double scratch[64];
  assert_int_equal(gr_conv2d(&out, &none, &kernel, NULL, &w, scratch, &err), GR_OK);
  assert_int_equal(
      gr_conv2d_backward(NULL, &dkernel, NULL, (bool[3]){0}, &out, &none, &kernel, &w, scratch, &err), GR_OK);
  for (int i = 0; i < 8; i++) assert_true(get(&dkernel, i) == 0);
  gr_tensor hollow = fresh(GR_F64, SHAPE(1, 3, 3, 0)), no_kernel = fresh(GR_F64, SHAPE(2, 2, 0, 2));
  gr_tensor bias = of_numbers(GR_F64, SHAPE(2), (double[]){3, 4});
  gr_tensor flat = random_tensor(GR_F64, SHAPE(1, 2, 2, 2));
  assert_int_equal(gr_conv2d(&flat, &hollow, &no_kernel, &bias, &w, scratch, &err), GR_OK);
  for (int i = 0; i < 8; i++) assert_true(get(&flat, i) == 3 + i % 2);
  assert_int_equal(gr_conv2d(&flat, &hollow, &no_kernel, NULL, &w, scratch, &err), GR_OK);
  for (int i = 0; i < 8; i++) assert_true(get(&flat, i) == 0);
  gr_tensor *all[] = {&none, &kernel, &out, &dkernel, &hollow, &no_kernel, &bias, &flat};
  for (int i = 0; i < 8; i++) gr_tensor_finish(all[i]);
}

static void convolutions_that_do_not_fit_are_explained(void **state) {
  gr_window w = {.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
  gr_tensor x = fresh(GR_F64, SHAPE(2, 5, 5, 3)), flat = fresh(GR_F64, SHAPE(2, 5, 5));
  gr_tensor kernel = fresh(GR_F64, SHAPE(3, 3, 1, 4)), out = fresh(GR_F64, SHAPE(2, 4, 3, 4));
  gr_tensor kernel_3 = fresh(GR_F64, SHAPE(3, 3, 3, 4)), kernel_32 = fresh(GR_F32, SHAPE(3, 3, 3, 4));
  assert_int_equal(gr_conv2d(&out, &flat, &kernel, NULL, &w, NULL, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "(images, rows, columns, channels)"));
  assert_int_equal(gr_conv2d(&out, &x, &kernel, NULL, &w, NULL, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "has 3 channels (axis 4), but the kernel of shape (3, 3, 1, 4) reads 1"));
  assert_int_equal(gr_conv2d(&out, &x, &kernel_32, NULL, &w, NULL, &err), GR_ERR_TYPE);
  gr_tensor beyond = fresh(GR_F64, SHAPE(2, 9, 3, 4));  // windows that begin beyond the image
  assert_int_equal(gr_conv2d(&beyond, &x, &kernel_3, NULL, &w, NULL, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "do not give an output of shape (2, 9, 3, 4)"));
  gr_tensor *all[] = {&x, &flat, &kernel, &out, &kernel_3, &kernel_32, &beyond};
  for (int i = 0; i < 7; i++) gr_tensor_finish(all[i]);
}

// ---- pooling --------------------------------------------------------------------------------------------

static void check_pooling(const geometry *g, gr_dtype dtype) {
  gr_tensor x = fresh(dtype, SHAPE(g->n, g->h, g->width, g->ci)),
            out = fresh(dtype, SHAPE(g->n, g->out[0], g->out[1], g->ci));
  gr_tensor arg = fresh(GR_U8, 4, out.shape), dout = random_tensor(dtype, 4, out.shape);
  gr_tensor dx = random_tensor(dtype, 4, x.shape), plain = fresh(dtype, 4, out.shape);
  for (int64_t i = 0; i < gr_tensor_size(&x); i++) set(&x, i, (double)between(-3, -1));  // with ties, below 0
  const bool accumulate = between(0, 1);
  double *dx_expected = calloc((size_t)gr_tensor_size(&x), sizeof(double));
  for (int64_t i = 0; accumulate && i < gr_tensor_size(&x); i++) dx_expected[i] = get(&dx, i);
  assert_int_equal(gr_max_pool2d(&out, &arg, &x, &g->w, &err), GR_OK);
  assert_int_equal(gr_max_pool2d(&plain, NULL, &x, &g->w, &err), GR_OK);
  assert_memory_equal(out.data, plain.data, gr_tensor_bytes(&out));
  assert_int_equal(gr_max_pool2d_backward(&dx, &dout, &arg, &g->w, accumulate, &err), GR_OK);
  int64_t o = 0;
  for (int64_t i = 0; i < g->n; i++)
    for (int64_t oy = 0; oy < g->out[0]; oy++)
      for (int64_t ox = 0; ox < g->out[1]; ox++)
        for (int64_t c = 0; c < g->ci; c++, o++) {
          double most = -INFINITY;
          int64_t winner = -1, from = -1;
          for (int64_t cell = 0; cell < g->w.size[0] * g->w.size[1]; cell++) {
            const int64_t y = oy * g->w.stride[0] - g->w.pad_before[0] + cell / g->w.size[1];
            const int64_t px = ox * g->w.stride[1] - g->w.pad_before[1] + cell % g->w.size[1];
            if (y < 0 || y >= g->h || px < 0 || px >= g->width) continue;
            const int64_t at = ((i * g->h + y) * g->width + px) * g->ci + c;
            if (get(&x, at) <= most) continue;
            most = get(&x, at);
            winner = cell;
            from = at;
          }
          assert_true(get(&out, o) == most);
          assert_int_equal(get(&arg, o), winner);
          dx_expected[from] += get(&dout, o);
        }
  for (int64_t i = 0; i < gr_tensor_size(&x); i++)
    assert_near(get(&dx, i), dx_expected[i], tolerance_of(dtype));
  free(dx_expected);
  gr_tensor *all[] = {&x, &out, &arg, &dout, &dx, &plain};
  for (int i = 0; i < 6; i++) gr_tensor_finish(all[i]);
}

static void pooling_and_its_gradient_equal_the_plain_maximum_for_any_geometry(void **state) {
  seed = 4;
  for (int i = 0; i < 300; i++) {
    geometry g = random_geometry();
    g.w.dilation[0] = g.w.dilation[1] = 1;
    if (gr_window_output(g.out, &g.w, (int64_t[]){g.h, g.width}, between(0, 1), &err)) continue;
    check_pooling(&g, i % 2 ? GR_F32 : GR_F64);
  }
}

static void pooling_by_two_drops_the_last_odd_row_and_column(void **state) {
  geometry g = {
      .w = {.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}}, .n = 2, .h = 23, .width = 23, .ci = 16};
  assert_int_equal(gr_window_output(g.out, &g.w, (int64_t[]){23, 23}, false, &err), GR_OK);
  assert_int_equal(g.out[0], 11);
  check_pooling(&g, GR_F32);
}

static void a_nan_wins_a_pooling_and_so_does_minus_infinity_over_nothing(void **state) {
  gr_window w = {.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};
  gr_tensor x = of_numbers(GR_F64, SHAPE(1, 2, 2, 2),
                           (double[]){1, -INFINITY, NAN, -INFINITY, 3, -INFINITY, NAN, -INFINITY});
  gr_tensor out = fresh(GR_F64, SHAPE(1, 1, 1, 2)), arg = fresh(GR_U8, SHAPE(1, 1, 1, 2));
  assert_int_equal(gr_max_pool2d(&out, &arg, &x, &w, &err), GR_OK);
  assert_true(isnan(get(&out, 0)) && get(&arg, 0) == 1);
  assert_true(get(&out, 1) == -INFINITY && get(&arg, 1) == 0);
  gr_tensor_finish(&x);
  gr_tensor_finish(&out);
  gr_tensor_finish(&arg);
}

// ---- softmax --------------------------------------------------------------------------------------------

// The gradient of sum(dout * f(x)) by central differences, for any operation.
typedef void (*operation)(gr_tensor *out, const gr_tensor *x, void *context);
static void check_gradient(operation f, void *context, gr_tensor *x, const gr_tensor *dout,
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

static void softmax_gives_the_lectures_numbers_also_far_from_zero(void **state) {
  static const double expected[4] = {0.10534996557400216, 0.0523152446589804, 0.7784368056467147,
                                     0.06389798412030276};
  for (int shift = 0; shift <= 1000; shift += 1000) {
    gr_tensor x = of_numbers(GR_F64, SHAPE(4), (double[]){shift + 1., shift + .3, shift + 3., shift + .5});
    gr_tensor y = fresh(GR_F64, SHAPE(4));
    assert_int_equal(gr_softmax(&y, &x, &err), GR_OK);
    for (int i = 0; i < 4; i++) assert_near(get(&y, i), expected[i], shift ? 1e-12 : 1e-15);
    gr_tensor_finish(&x);
    gr_tensor_finish(&y);
  }
}

static void apply_softmax(gr_tensor *out, const gr_tensor *x, void *context) {
  assert_int_equal(gr_softmax(out, x, &err), GR_OK);
}

static void the_gradient_of_softmax_equals_central_differences(void **state) {
  seed = 5;
  gr_tensor x = random_tensor(GR_F64, SHAPE(2, 3, 5)), dout = random_tensor(GR_F64, SHAPE(2, 3, 5));
  gr_tensor y = fresh(GR_F64, SHAPE(2, 3, 5)), dx = fresh(GR_F64, SHAPE(2, 3, 5));
  apply_softmax(&y, &x, NULL);
  assert_int_equal(gr_softmax_backward(&dx, &dout, &y, false, &err), GR_OK);
  check_gradient(apply_softmax, NULL, &x, &dout, &dx, 1e-9);
  gr_tensor *all[] = {&x, &dout, &y, &dx};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

// ---- losses ---------------------------------------------------------------------------------------------

static void check_loss(gr_loss loss, gr_dtype dtype, gr_dtype label_dtype, int64_t rows, int64_t columns,
                       const double *p, const double *t, const double *expected, double tolerance) {
  gr_tensor probabilities = of_numbers(dtype, SHAPE(rows, columns), p), out = fresh(dtype, SHAPE(rows));
  gr_tensor labels = loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY
                         ? of_numbers(label_dtype, SHAPE(rows), t)
                         : of_numbers(label_dtype, SHAPE(rows, columns), t);
  assert_int_equal(gr_loss_forward(&out, loss, &probabilities, &labels, &err), GR_OK);
  for (int64_t i = 0; i < rows; i++) assert_near(get(&out, i), expected[i], tolerance);
  gr_tensor_finish(&probabilities);
  gr_tensor_finish(&labels);
  gr_tensor_finish(&out);
}

static void losses_give_keras_numbers_whatever_the_dtype_of_the_labels(void **state) {
  static const double p[] = {.3, .7, .6, .4, 1, 0}, one_hot[] = {0, 1, 1, 0, 0, 1}, sparse[] = {1, 0, 1};
  static const double cross[] = {0.35667494393873245, 0.5108256237659907, 16.11809565095832};
  static const double q[] = {.1, .9, 0, 1}, truth[] = {0, 1, 1, 0};
  static const double binary[] = {0.10536051565782628, 0.10536051565782628, 16.11809565095832,
                                  16.118095651484676};
  static const double binary_32[] = {0.10536053, 0.10536053, 16.11809539794922, 15.942384719848633};
  static const double squares[] = {.01, .01, 1, 1};
  for (int labels = 0; labels < GR_N_DTYPES; labels++) {
    check_loss(GR_CATEGORICAL_CROSSENTROPY, GR_F64, labels, 3, 2, p, one_hot, cross, 1e-15);
    check_loss(GR_SPARSE_CATEGORICAL_CROSSENTROPY, GR_F64, labels, 3, 2, p, sparse, cross, 1e-15);
    check_loss(GR_BINARY_CROSSENTROPY, GR_F64, labels, 4, 1, q, truth, binary, 1e-15);
    check_loss(GR_BINARY_CROSSENTROPY, GR_F32, labels, 4, 1, q, truth, binary_32, 2e-7);
    check_loss(GR_MEAN_SQUARED_ERROR, GR_F64, labels, 4, 1, q, truth, squares, 1e-15);
  }
  check_loss(GR_BINARY_CROSSENTROPY, GR_F64, GR_F64, 1, 4, q, truth,
             (double[]){(2 * 0.10536051565782628 + 16.11809565095832 + 16.118095651484676) / 4}, 1e-15);
}

static void a_nan_among_the_probabilities_is_a_nan_in_the_loss(void **state) {
  for (int loss = 0; loss < GR_N_LOSSES; loss++) {
    gr_tensor p = of_numbers(GR_F32, SHAPE(1, 2), (double[]){.5, NAN}), out = fresh(GR_F32, SHAPE(1));
    gr_tensor t =
        loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY ? fresh(GR_I64, SHAPE(1)) : fresh(GR_U8, SHAPE(1, 2));
    assert_int_equal(gr_loss_forward(&out, loss, &p, &t, &err), GR_OK);
    assert_true(isnan(get(&out, 0)));
    gr_tensor_finish(&p);
    gr_tensor_finish(&out);
    gr_tensor_finish(&t);
  }
}

typedef struct loss_context {
  gr_loss loss;
  const gr_tensor *t;
} loss_context;

static void apply_loss(gr_tensor *out, const gr_tensor *p, void *context) {
  const loss_context *c = context;
  assert_int_equal(gr_loss_forward(out, c->loss, p, c->t, &err), GR_OK);
}

static void the_gradients_of_the_losses_equal_central_differences(void **state) {
  seed = 6;
  for (int loss = 0; loss < GR_N_LOSSES; loss++)
    for (int accumulate = 0; accumulate < 2; accumulate++) {
      gr_tensor p = fresh(GR_F64, SHAPE(6, 4)), dout = random_tensor(GR_F64, SHAPE(6)),
                dp = fresh(GR_F64, SHAPE(6, 4));
      const bool sparse = loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY;
      gr_tensor t = sparse ? fresh(GR_I64, SHAPE(6, 1)) : fresh(GR_F64, SHAPE(6, 4));
      for (int64_t i = 0; i < 24; i++) set(&p, i, .5 + .4 * number());
      set(&p, 3, 1.5);  // beyond the clip
      set(&p, 5, -.2);
      for (int64_t i = 0; i < gr_tensor_size(&t); i++)
        set(&t, i, sparse ? (double)between(0, 3) : .5 + .5 * number());
      for (int64_t i = 0; i < 24; i++) set(&dp, i, accumulate ? 10 : NAN);
      assert_int_equal(gr_loss_backward(&dp, loss, &dout, &p, &t, accumulate, &err), GR_OK);
      for (int64_t i = 0; accumulate && i < 24; i++) set(&dp, i, get(&dp, i) - 10);
      check_gradient(apply_loss, &(loss_context){loss, &t}, &p, &dout, &dp, 1e-8);
      gr_tensor *all[] = {&p, &dout, &dp, &t};
      for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
    }
}

static void labels_that_are_no_class_are_named(void **state) {
  gr_tensor p = fresh(GR_F32, SHAPE(3, 2)), out = fresh(GR_F32, SHAPE(3));
  const gr_loss loss = GR_SPARSE_CATEGORICAL_CROSSENTROPY;
  gr_tensor t = of_numbers(GR_I64, SHAPE(3), (double[]){1, 2, 1}),
            f = of_numbers(GR_F64, SHAPE(3), (double[]){0, 1, .5});
  assert_int_equal(gr_loss_forward(&out, loss, &p, &t, &err), GR_ERR_VALUE);
  assert_string_equal(err.text,
                      "label 2 in row 2 is none of the 2 classes 0..1 that the predictions have: labels "
                      "count from 0, subtract 1 from them if yours count from 1");
  assert_int_equal(gr_hit_forward(&out, GR_SPARSE_CATEGORICAL_ACCURACY, &p, &t, &err), GR_ERR_VALUE);
  set(&t, 1, -1);
  assert_int_equal(gr_loss_forward(&out, loss, &p, &t, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "label -1 in row 2"));
  assert_int_equal(gr_loss_forward(&out, loss, &p, &f, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "label 0.5 in row 3 is not a whole number"));
  set(&f, 2, NAN);
  assert_int_equal(gr_loss_forward(&out, loss, &p, &f, &err), GR_ERR_VALUE);
  gr_tensor *all[] = {&p, &out, &t, &f};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

static void losses_never_broadcast(void **state) {
  gr_tensor p = fresh(GR_F64, SHAPE(3, 2)), t = fresh(GR_F64, SHAPE(3, 1)), out = fresh(GR_F64, SHAPE(3));
  assert_int_equal(gr_loss_forward(&out, GR_MEAN_SQUARED_ERROR, &p, &t, &err), GR_ERR_SHAPE);
  assert_int_equal(gr_loss_forward(&out, GR_CATEGORICAL_CROSSENTROPY, &p, &t, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "one_hot"));
  assert_int_equal(gr_hit_forward(&out, GR_SPARSE_CATEGORICAL_ACCURACY, &p, &p, &err), GR_ERR_SHAPE);
  gr_tensor_finish(&p);
  gr_tensor_finish(&t);
  gr_tensor_finish(&out);
}

static void hits_are_counted_as_keras_counts_them(void **state) {
  gr_tensor p = of_numbers(GR_F32, SHAPE(3, 2), (double[]){.3, .7, .5, .5, .9, .1}),
            out = fresh(GR_F32, SHAPE(3));
  gr_tensor hot = of_numbers(GR_U8, SHAPE(3, 2), (double[]){0, 1, 1, 0, 0, 1});
  gr_tensor t = of_numbers(GR_U8, SHAPE(3), (double[]){1, 0, 1});
  static const double classes[3] = {1, 1, 0}, binary[3] = {1, .5, 0};
  assert_int_equal(gr_hit_forward(&out, GR_CATEGORICAL_ACCURACY, &p, &hot, &err), GR_OK);
  for (int i = 0; i < 3; i++) assert_true(get(&out, i) == classes[i]);
  assert_int_equal(gr_hit_forward(&out, GR_SPARSE_CATEGORICAL_ACCURACY, &p, &t, &err), GR_OK);
  for (int i = 0; i < 3; i++) assert_true(get(&out, i) == classes[i]);
  assert_int_equal(gr_hit_forward(&out, GR_BINARY_ACCURACY, &p, &hot, &err), GR_OK);
  for (int i = 0; i < 3; i++) assert_true(get(&out, i) == binary[i]);
  gr_tensor *all[] = {&p, &out, &hot, &t};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

// ---- updates --------------------------------------------------------------------------------------------

// Five steps on f(w) = (w1^2 + 10 w2^2) / 2 from (1, 1).
static void check_descent(const char *rule, double first, double second) {
  gr_tensor w = of_numbers(GR_F64, SHAPE(2), (double[]){1, 1}), g = fresh(GR_F64, SHAPE(2));
  gr_tensor m = fresh(GR_F64, SHAPE(2)), v = fresh(GR_F64, SHAPE(2));
  for (int t = 1; t <= 5; t++) {
    set(&g, 0, get(&w, 0));
    set(&g, 1, 10 * get(&w, 1));
    gr_code code;
    if (!strcmp(rule, "adam"))
      code = gr_adam_update(&w, &g, &m, &v, .001 * sqrt(1 - pow(.999, t)) / (1 - pow(.9, t)), .9, .999, 1e-7,
                            &err);
    else if (!strcmp(rule, "sgd"))
      code = gr_sgd_update(&w, &g, NULL, .01, 0, false, &err);
    else
      code = gr_sgd_update(&w, &g, &m, .01, .9, !strcmp(rule, "nesterov"), &err);
    assert_int_equal(code, GR_OK);
  }
  assert_near(get(&w, 0), first, 1e-12);
  assert_near(get(&w, 1), second, 1e-12);
  gr_tensor *all[] = {&w, &g, &m, &v};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

static void optimizers_descend_as_in_keras(void **state) {
  check_descent("sgd", 0.9509900499, 0.5904900000000001);
  check_descent("momentum", 0.8716340258999999, -0.029159999999999964);
  check_descent("nesterov", 0.8384407633205009, -0.1045816839000001);
  check_descent("adam", 0.9950004462572977, 0.9950004370503661);
}

static void momentum_without_a_velocity_is_explained(void **state) {
  gr_tensor w = fresh(GR_F64, SHAPE(2)), g = fresh(GR_F64, SHAPE(2)), h = fresh(GR_F64, SHAPE(3));
  assert_int_equal(gr_sgd_update(&w, &g, NULL, .01, .9, false, &err), GR_ERR_VALUE);
  assert_int_equal(gr_sgd_update(&w, &h, NULL, .01, 0, false, &err), GR_ERR_SHAPE);
  gr_tensor_finish(&w);
  gr_tensor_finish(&g);
  gr_tensor_finish(&h);
}

int main(void) {
  gr_matmul_startup();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_sizes_and_padding_follow_keras),
      cmocka_unit_test(a_window_larger_than_the_image_is_explained),
      cmocka_unit_test(convolution_and_its_gradients_equal_the_plain_sums_for_any_geometry),
      cmocka_unit_test(a_pointwise_convolution_needs_no_scratch),
      cmocka_unit_test(a_large_image_is_convolved_in_bands),
      cmocka_unit_test(no_images_and_no_channels_convolve_to_nothing_and_to_the_bias),
      cmocka_unit_test(convolutions_that_do_not_fit_are_explained),
      cmocka_unit_test(pooling_and_its_gradient_equal_the_plain_maximum_for_any_geometry),
      cmocka_unit_test(pooling_by_two_drops_the_last_odd_row_and_column),
      cmocka_unit_test(a_nan_wins_a_pooling_and_so_does_minus_infinity_over_nothing),
      cmocka_unit_test(softmax_gives_the_lectures_numbers_also_far_from_zero),
      cmocka_unit_test(the_gradient_of_softmax_equals_central_differences),
      cmocka_unit_test(losses_give_keras_numbers_whatever_the_dtype_of_the_labels),
      cmocka_unit_test(a_nan_among_the_probabilities_is_a_nan_in_the_loss),
      cmocka_unit_test(the_gradients_of_the_losses_equal_central_differences),
      cmocka_unit_test(labels_that_are_no_class_are_named),
      cmocka_unit_test(losses_never_broadcast),
      cmocka_unit_test(hits_are_counted_as_keras_counts_them),
      cmocka_unit_test(optimizers_descend_as_in_keras),
      cmocka_unit_test(momentum_without_a_velocity_is_explained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
