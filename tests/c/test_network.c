// Convolution and pooling against plain loops, for any geometry.
#include "kernel/network.h"

#include "random_tensor.h"

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
  int64_t groups;  // 0: a convolution that knows of none
} geometry;

static int64_t seen_channels(const geometry *g) { return g->groups ? g->ci / g->groups : g->ci; }

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
            const int64_t channels = seen_channels(g);
            for (int64_t c = 0; c < channels; c++)
              for (int64_t f = 0; f < g->co; f++) {
                const int64_t group = g->groups ? f / (g->co / g->groups) : 0;
                visit(context, ((i * g->h + y) * g->width + x) * g->ci + group * channels + c,
                      ((ky * g->w.size[1] + kx) * channels + c) * g->co + f,
                      ((i * g->out[0] + oy) * g->out[1] + ox) * g->co + f);
              }
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
  c->kernel = random_tensor(dtype, SHAPE(g->w.size[0], g->w.size[1], seen_channels(g), g->co));
  c->bias = random_tensor(dtype, SHAPE(g->co));
  c->out = random_tensor(dtype, SHAPE(g->n, g->out[0], g->out[1], g->co));
  c->dout = random_tensor(dtype, SHAPE(g->n, g->out[0], g->out[1], g->co));
  c->dx = random_tensor(dtype, SHAPE(g->n, g->h, g->width, g->ci));
  c->dkernel = random_tensor(dtype, SHAPE(g->w.size[0], g->w.size[1], seen_channels(g), g->co));
  c->dbias = random_tensor(dtype, SHAPE(g->co));
  c->expected = calloc((size_t)gr_tensor_size(&c->out) + 1, sizeof(double));
  c->dx_expected = calloc((size_t)gr_tensor_size(&c->x) + 1, sizeof(double));
  c->dkernel_expected = calloc((size_t)gr_tensor_size(&c->kernel) + 1, sizeof(double));
  // Exactly: a byte more would be seen.
  c->scratch = malloc(g->groups ? gr_grouped_conv2d_scratch(&c->x, &c->kernel)
                                : gr_conv2d_scratch(&c->x, &c->kernel, &c->out));
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
  const gr_tensor *bias = with_bias ? &c.bias : NULL;
  assert_int_equal(g->groups
                       ? gr_grouped_conv2d(&c.out, &c.x, &c.kernel, bias, &g->w, g->groups, c.scratch, &err)
                       : gr_conv2d(&c.out, &c.x, &c.kernel, bias, &g->w, c.scratch, &err),
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
  gr_tensor *dx = want_dx ? &c.dx : NULL, *dkernel = want_dkernel ? &c.dkernel : NULL;
  gr_tensor *dbias = want_dbias ? &c.dbias : NULL;
  assert_int_equal(g->groups ? gr_grouped_conv2d_backward(dx, dkernel, dbias, accumulate, &c.dout, &c.x,
                                                          &c.kernel, &g->w, g->groups, c.scratch, &err)
                             : gr_conv2d_backward(dx, dkernel, dbias, accumulate, &c.dout, &c.x, &c.kernel,
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
  random_state = 1;
  for (int i = 0; i < 400; i++) {
    const geometry g = random_geometry();
    check_convolution(&g, i % 2 ? GR_F32 : GR_F64);
  }
}

static void a_convolution_in_groups_equals_the_plain_sums_for_any_geometry(void **state) {
  random_state = 5;
  for (int i = 0; i < 400; i++) {
    geometry g = random_geometry();
    g.groups = between(1, 6);
    g.ci = g.groups * between(1, 4);
    g.co = g.groups * (i % 3 ? between(1, 7) : g.ci / g.groups);
    if (i % 5 == 0) g.ci = g.co = g.groups = between(1, 40);  // depthwise
    check_convolution(&g, i % 2 ? GR_F32 : GR_F64);
  }
}

static void a_pointwise_convolution_needs_no_scratch(void **state) {
  random_state = 2;
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
  random_state = 3;
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
  random_state = 4;
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

int main(int argc, char **argv) {
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_sizes_and_padding_follow_keras),
      cmocka_unit_test(a_window_larger_than_the_image_is_explained),
      cmocka_unit_test(convolution_and_its_gradients_equal_the_plain_sums_for_any_geometry),
      cmocka_unit_test(a_convolution_in_groups_equals_the_plain_sums_for_any_geometry),
      cmocka_unit_test(a_pointwise_convolution_needs_no_scratch),
      cmocka_unit_test(a_large_image_is_convolved_in_bands),
      cmocka_unit_test(no_images_and_no_channels_convolve_to_nothing_and_to_the_bias),
      cmocka_unit_test(convolutions_that_do_not_fit_are_explained),
      cmocka_unit_test(pooling_and_its_gradient_equal_the_plain_maximum_for_any_geometry),
      cmocka_unit_test(pooling_by_two_drops_the_last_odd_row_and_column),
      cmocka_unit_test(a_nan_wins_a_pooling_and_so_does_minus_infinity_over_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
