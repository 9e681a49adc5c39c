// The direct convolution against the plain one in float64, for any geometry, with what is fused into it.
#include "kernel/conv_direct.h"
#include "kernel/elementwise.h"

#include "random_tensor.h"

typedef struct problem {
  gr_conv c;
  int64_t images, out_rows, out_columns;
  // In float32, and the same numbers in float64.
  gr_tensor x, kernel, bias, out, arg, dout, dx, dkernel, dbias;
  gr_tensor z, pooled, winners, dz, dx64, dkernel64, dbias64;
  bool with_bias, want_dx, want_dkernel, accumulate;
} problem;

static gr_tensor doubled(const gr_tensor *t) {
  gr_tensor out = fresh(GR_F64, t->ndim, t->shape);
  assert_int_equal(gr_copy(&out, t, &err), GR_OK);
  return out;
}

static bool random_problem(problem *p) {
  *p = (problem){0};
  const bool large = between(0, 7) == 0;
  gr_window w = {.size = {between(1, 5), between(1, 5)}, .stride = {1, 1}, .dilation = {1, 1}};
  for (int axis = 0; axis < 2; axis++) {
    if (between(0, 3) == 0) w.stride[axis] = between(2, 3);
    if (between(0, 3) == 0) w.dilation[axis] = 2;
  }
  const int64_t h = between(1, large ? 40 : 12), width = between(1, large ? 40 : 12);
  static const int64_t channels[] = {1, 2, 3, 8, 16, 32};
  // One channel has loops of its own, for windows that lie close to each other.
  const bool flat = between(0, 7) == 0;
  const int64_t ci = flat ? 1 : between(0, 1) ? channels[between(0, 5)] : between(1, 35);
  const int64_t co = between(0, 1) ? channels[between(0, 5)] : between(1, 35);
  int64_t size[2];
  if (between(0, 1)) w = (gr_window){.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
  if (flat)
    w = (gr_window){.size = {3, 3}, .stride = {between(1, 2), 1}, .dilation = {between(1, 2), between(1, 2)}};
  if (gr_window_output(size, &w, (int64_t[]){h, width}, between(0, 1), &err)) return false;
  p->images = between(1, 2);
  p->x = random_tensor(GR_F32, SHAPE(p->images, h, width, ci));
  p->kernel = random_tensor(GR_F32, SHAPE(w.size[0], w.size[1], ci, co));
  p->c = gr_conv_of(&p->x, &p->kernel, size, &w);
  p->c.relu = between(0, 1);
  p->c.pool = size[0] > 1 && size[1] > 1 && between(0, 1);
  p->with_bias = between(0, 3);
  p->want_dx = between(0, 3);
  p->want_dkernel = between(0, 7);
  p->accumulate = between(0, 1);
  p->out_rows = p->c.pool ? size[0] / 2 : size[0];
  p->out_columns = p->c.pool ? size[1] / 2 : size[1];
  p->bias = random_tensor(GR_F32, SHAPE(co));
  if (between(0, 9) == 0)  // ties: nothing but the bias
    memset(p->kernel.data, 0, gr_tensor_bytes(&p->kernel));
  p->out = random_tensor(GR_F32, SHAPE(p->images, p->out_rows, p->out_columns, co));
  p->arg = fresh(GR_U8, 4, p->out.shape);
  p->dout = random_tensor(GR_F32, 4, p->out.shape);
  p->dx = random_tensor(GR_F32, 4, p->x.shape);
  p->dkernel = random_tensor(GR_F32, 4, p->kernel.shape);
  p->dbias = random_tensor(GR_F32, SHAPE(co));
  p->z = fresh(GR_F64, SHAPE(p->images, size[0], size[1], co));
  p->dz = fresh(GR_F64, 4, p->z.shape);
  p->pooled = fresh(GR_F64, 4, p->out.shape);
  p->winners = fresh(GR_U8, 4, p->out.shape);
  p->dx64 = doubled(&p->dx);
  p->dkernel64 = doubled(&p->dkernel);
  p->dbias64 = doubled(&p->dbias);
  return true;
}

static void finish(problem *p) {
  gr_tensor *all[] = {&p->x,       &p->kernel,  &p->bias,      &p->out,    &p->arg, &p->dout,
                      &p->dx,      &p->dkernel, &p->dbias,     &p->z,      &p->dz,  &p->pooled,
                      &p->winners, &p->dx64,    &p->dkernel64, &p->dbias64};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) gr_tensor_finish(all[i]);
}

static const gr_window square = {.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};

// Convolution, ReLU, pooling and their gradients, one after the other, in float64.
static void plainly(problem *p) {
  const gr_conv *c = &p->c;
  gr_tensor x = doubled(&p->x), kernel = doubled(&p->kernel), bias = doubled(&p->bias),
            dout = doubled(&p->dout);
  void *scratch = malloc(gr_conv2d_scratch(&x, &kernel, &p->z) + 1);
  assert_int_equal(gr_conv2d(&p->z, &x, &kernel, p->with_bias ? &bias : NULL, &c->window, scratch, &err),
                   GR_OK);
  for (int64_t i = 0; c->relu && i < gr_tensor_size(&p->z); i++) set(&p->z, i, fmax(get(&p->z, i), 0));
  if (c->pool) {
    assert_int_equal(gr_max_pool2d(&p->pooled, &p->winners, &p->z, &square, &err), GR_OK);
    assert_int_equal(gr_max_pool2d_backward(&p->dz, &dout, &p->winners, &square, false, &err), GR_OK);
  } else {
    memcpy(p->pooled.data, p->z.data, gr_tensor_bytes(&p->z));
    memcpy(p->dz.data, dout.data, gr_tensor_bytes(&dout));
  }
  for (int64_t i = 0; c->relu && i < gr_tensor_size(&p->z); i++)
    if (get(&p->z, i) <= 0) set(&p->dz, i, 0);
  const bool accumulate[3] = {p->accumulate, true, true};
  assert_int_equal(gr_conv2d_backward(&p->dx64, &p->dkernel64, &p->dbias64, accumulate, &p->dz, &x, &kernel,
                                      &c->window, scratch, &err),
                   GR_OK);
  free(scratch);
  gr_tensor *all[] = {&x, &kernel, &bias, &dout};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

static void directly(problem *p) {
  const gr_conv *c = &p->c;
  // Exactly as much as is asked for: a byte more would be seen.
  void *prepared = malloc(gr_conv_prepared_bytes(c)), *scratch = malloc(gr_conv_direct_scratch(c));
  gr_conv_prepare(c, prepared, p->kernel.data, p->with_bias ? p->bias.data : NULL, true);
  gr_conv_direct(c, p->images, p->out.data, c->pool ? p->arg.data : NULL, p->x.data, prepared, scratch);
  if (c->pool) {  // as prediction has it: without the winners
    gr_tensor alone = fresh(GR_F32, 4, p->out.shape);
    gr_conv_direct(c, p->images, alone.data, NULL, p->x.data, prepared, scratch);
    for (int64_t i = 0; i < gr_tensor_size(&alone); i++) assert_true(get(&alone, i) == get(&p->out, i));
    gr_tensor_finish(&alone);
  }
  const gr_conv_gradients to = {.dx = p->want_dx ? p->dx.data : NULL,
                                .dkernel = p->want_dkernel ? p->dkernel.data : NULL,
                                .dbias = p->dbias.data,
                                .accumulate = p->accumulate};
  assert_int_equal(gr_conv_direct_backward(c, p->images, &to, p->dout.data, p->out.data, p->arg.data,
                                           p->x.data, p->kernel.data, prepared, scratch, &err),
                   GR_OK);
  free(prepared);
  free(scratch);
}

static void check_near(const char *what, const problem *p, const gr_tensor *t, const gr_tensor *expected,
                       double terms) {
  const gr_window *w = &p->c.window;
  for (int64_t i = 0; i < gr_tensor_size(t); i++)
    if (!(fabs(get(t, i) - get(expected, i)) <= 1e-6 * sqrt(terms) * fmax(1, fabs(get(expected, i)))))
      fail_msg("%s[%d] is %.9g, not %.9g: kernel %dx%d, stride %d, dilation %d, %dx%dx%d to %dx%dx%d, relu "
               "%d, pool %d",
               what, (int)i, get(t, i), get(expected, i), (int)w->size[0], (int)w->size[1], (int)w->stride[0],
               (int)w->dilation[0], (int)p->c.height, (int)p->c.width, (int)p->c.channels, (int)p->c.rows,
               (int)p->c.columns, (int)p->c.filters, p->c.relu, p->c.pool);
}

// The squares in which a choice between two numbers hangs on rounding: a gradient may go either way.
static bool is_close(const problem *p) {
  const gr_conv *c = &p->c;
  if (!c->relu && !c->pool) return false;
  for (int64_t i = 0; i < gr_tensor_size(&p->out); i++) {
    if (c->relu && get(&p->pooled, i) != 0 && fabs(get(&p->pooled, i)) < 1e-5) return true;
    if ((get(&p->out, i) > 0) != (get(&p->pooled, i) > 0) && c->relu) return true;
    if (c->pool && get(&p->arg, i) != get(&p->winners, i) && !(c->relu && get(&p->pooled, i) <= 0))
      return true;
  }
  return false;
}

static void direct_convolution_equals_the_plain_one_for_any_geometry(void **state) {
  (void)state;
  random_state = 1;
  int done = 0, close = 0;
  while (done < 600) {
    problem p;
    if (!random_problem(&p)) continue;
    done++;
    assert_true(gr_conv_has_direct(&p.c, GR_F32));
    assert_false(gr_conv_has_direct(&p.c, GR_F64));
    plainly(&p);
    directly(&p);
    const double window = (double)(p.c.window.size[0] * p.c.window.size[1]),
                 pixels = (double)(p.images * p.c.rows * p.c.columns);
    check_near("out", &p, &p.out, &p.pooled, window * (double)p.c.channels);
    if (is_close(&p)) {
      close++;
    } else {
      if (p.want_dx) check_near("dx", &p, &p.dx, &p.dx64, window * (double)p.c.filters);
      if (p.want_dkernel) check_near("dkernel", &p, &p.dkernel, &p.dkernel64, pixels);
      check_near("dbias", &p, &p.dbias, &p.dbias64, pixels);
    }
    finish(&p);
  }
  assert_true(close < 60);
}

static void of_equals_the_first_wins_and_a_dead_square_is_marked(void **state) {
  (void)state;
  random_state = 2;
  for (int64_t filters = 1; filters < 40; filters += 7) {
    gr_tensor x = random_tensor(GR_F32, SHAPE(1, 9, 9, 1)), kernel = fresh(GR_F32, SHAPE(3, 3, 1, filters));
    gr_window w = {.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
    gr_conv c = gr_conv_of(&x, &kernel, (int64_t[]){7, 7}, &w);
    c.relu = c.pool = true;
    gr_tensor bias = fresh(GR_F32, SHAPE(filters)), out = fresh(GR_F32, SHAPE(3, 3, filters)),
              arg = fresh(GR_U8, SHAPE(3, 3, filters));
    for (int64_t f = 0; f < filters; f++) set(&bias, f, f % 4 == 3 ? INFINITY : f % 4 - 1.0);
    void *prepared = malloc(gr_conv_prepared_bytes(&c)), *scratch = malloc(gr_conv_direct_scratch(&c));
    gr_conv_prepare(&c, prepared, kernel.data, bias.data, true);
    gr_conv_direct(&c, 1, out.data, arg.data, x.data, prepared, scratch);
    for (int64_t i = 0; i < 9 * filters; i++) {
      const bool alive = i % filters % 4 >= 2;
      assert_true(get(&out, i) == (alive ? get(&bias, i % filters) : 0));
      assert_int_equal(get(&arg, i), alive ? 0 : 4);
    }
    free(prepared);
    free(scratch);
    gr_tensor *all[] = {&x, &kernel, &bias, &out, &arg};
    for (int i = 0; i < 5; i++) gr_tensor_finish(all[i]);
  }
}

// Each output whose window sees a NaN is a NaN, and no other: a training that breaks is found where it broke.
static void a_nan_in_the_image_is_in_each_output_that_sees_it(void **state) {
  (void)state;
  random_state = 3;
  for (int fused = 0; fused < 8; fused++)
    for (int64_t at = 0; at < 10; at += 3) {
      const int64_t channels = fused & 4 ? 1 : 9, filters = fused & 4 ? 19 : 5;
      gr_tensor x = random_tensor(GR_F32, SHAPE(1, 10, 10, channels)),
                kernel = random_tensor(GR_F32, SHAPE(3, 3, channels, filters));
      gr_window w = {.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
      int64_t size[2];
      assert_int_equal(gr_window_output(size, &w, (int64_t[]){10, 10}, true, &err), GR_OK);
      gr_conv c = gr_conv_of(&x, &kernel, size, &w);
      c.relu = fused & 1;
      c.pool = fused & 2;
      set(&x, (at * 10 + at) * channels + channels / 2, NAN);
      const int64_t shrink = c.pool ? 2 : 1, side = 10 / shrink;
      gr_tensor out = fresh(GR_F32, SHAPE(side, side, filters)),
                arg = fresh(GR_U8, SHAPE(side, side, filters));
      void *prepared = malloc(gr_conv_prepared_bytes(&c)), *scratch = malloc(gr_conv_direct_scratch(&c));
      gr_conv_prepare(&c, prepared, kernel.data, NULL, true);
      gr_conv_direct(&c, 1, out.data, at % 2 ? arg.data : NULL, x.data, prepared, scratch);
      for (int64_t y = 0; y < side; y++)
        for (int64_t z = 0; z < side; z++) {
          // The rows that the output's square of windows reads, against the row of the NaN.
          const bool row = at >= y * shrink - 1 && at <= y * shrink + shrink;
          const bool column = at >= z * shrink - 1 && at <= z * shrink + shrink;
          for (int64_t f = 0; f < filters; f++)
            assert_int_equal(isnan(get(&out, (y * side + z) * filters + f)) != 0, row && column);
        }
      free(prepared);
      free(scratch);
      gr_tensor *all[] = {&x, &kernel, &out, &arg};
      for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
    }
}

static void a_dilation_beyond_any_image_is_left_to_the_plain_path(void **state) {
  (void)state;
  gr_tensor x = fresh(GR_F32, SHAPE(1, 8, 8, 1)), kernel = fresh(GR_F32, SHAPE(3, 3, 1, 1));
  gr_window w = {.size = {3, 3}, .stride = {1, 1}, .dilation = {1 << 20, 1 << 20}};
  int64_t size[2];
  assert_int_equal(gr_window_output(size, &w, (int64_t[]){8, 8}, true, &err), GR_OK);
  gr_conv c = gr_conv_of(&x, &kernel, size, &w);
  assert_false(gr_conv_has_direct(&c, GR_F32));
  gr_tensor_finish(&x);
  gr_tensor_finish(&kernel);
}

int main(int argc, char **argv) {
  (void)argc;
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(direct_convolution_equals_the_plain_one_for_any_geometry),
      cmocka_unit_test(of_equals_the_first_wins_and_a_dead_square_is_marked),
      cmocka_unit_test(a_nan_in_the_image_is_in_each_output_that_sees_it),
      cmocka_unit_test(a_dilation_beyond_any_image_is_left_to_the_plain_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
