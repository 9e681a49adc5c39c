// Softmax, losses, metrics, dropout and updates: against the numbers that Keras gives, and gradients against
// central differences.
#include "kernel/network.h"
#include "kernel/update.h"

#include "random_tensor.h"

// ---- softmax --------------------------------------------------------------------------------------------

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
  random_state = 5;
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
  gr_tensor labels = gr_loss_takes_classes(loss) ? of_numbers(label_dtype, SHAPE(rows), t)
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
    gr_tensor t = gr_loss_takes_classes((gr_loss)loss) ? fresh(GR_I64, SHAPE(1)) : fresh(GR_U8, SHAPE(1, 2));
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
  random_state = 6;
  for (int loss = 0; loss < GR_N_LOSSES; loss++)
    for (int accumulate = 0; accumulate < 2; accumulate++) {
      gr_tensor p = fresh(GR_F64, SHAPE(6, 4)), dout = random_tensor(GR_F64, SHAPE(6)),
                dp = fresh(GR_F64, SHAPE(6, 4));
      const bool sparse = gr_loss_takes_classes((gr_loss)loss);
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

// ---- dropout --------------------------------------------------------------------------------------------

static void dropout_keeps_its_share_and_divides_it_whatever_the_slices(void **state) {
  const gr_stream stream = {{1, 2}};
  const int64_t n = 20000, half = 7777;
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
    gr_tensor x = fresh(dtype, SHAPE(n)), y = fresh(dtype, SHAPE(n)), mask = fresh(GR_U8, SHAPE(n));
    gr_tensor parts = fresh(dtype, SHAPE(n)), part_masks = fresh(GR_U8, SHAPE(n)),
              other = fresh(GR_U8, SHAPE(n));
    for (int64_t i = 0; i < n; i++) set(&x, i, 3);
    assert_int_equal(gr_dropout(&y, &mask, &x, .25, 0, stream, 100, &err), GR_OK);
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
      assert_true(get(&mask, i) == 0 || get(&mask, i) == 1);
      assert_true(get(&y, i) == (get(&mask, i) ? 4 : 0));
      kept += get(&mask, i) == 1;
    }
    assert_in_range(kept, 14700, 15300);  // 15000 give or take five standard deviations of 61

    for (int part = 0; part < 2; part++) {
      gr_tensor in, out, bits;
      const int64_t first = part ? half : 0, count = part ? n - half : half;
      gr_tensor_view_slice(&in, &x, 0, first, 1, count);
      gr_tensor_view_slice(&out, &parts, 0, first, 1, count);
      gr_tensor_view_slice(&bits, &part_masks, 0, first, 1, count);
      assert_int_equal(gr_dropout(&out, &bits, &in, .25, 0, stream, 100 + (uint64_t)first, &err), GR_OK);
    }
    assert_memory_equal(mask.data, part_masks.data, (size_t)n);
    assert_memory_equal(y.data, parts.data, gr_tensor_bytes(&y));
    assert_int_equal(gr_dropout(&y, &other, &x, .25, 0, gr_stream_derive(stream, 1), 100, &err), GR_OK);
    assert_true(memcmp(mask.data, other.data, (size_t)n) != 0);
    gr_tensor *all[] = {&x, &y, &mask, &parts, &part_masks, &other};
    for (int i = 0; i < 6; i++) gr_tensor_finish(all[i]);
  }
}

// Each draw is that of the number's place in x without the shared axes, which a loop over all indices says
// again.
static void dropout_keeps_what_the_draw_of_its_place_says(void **state) {
  static const double rates[] = {0, 0x1p-53, .1, 1. / 3, .5, .999, 1 - 0x1p-53};
  const gr_stream stream = {{12345, 678}};
  for (int r = 0; r < 7; r++)
    for (int dtype = GR_F64; dtype <= GR_F32; dtype++)
      for (int64_t n = 1; n < 150; n += 13) {
        gr_tensor x = random_tensor((gr_dtype)dtype, SHAPE(n)), y = fresh((gr_dtype)dtype, SHAPE(n));
        gr_tensor mask = fresh(GR_U8, SHAPE(n));
        assert_int_equal(gr_dropout(&y, &mask, &x, rates[r], 0, stream, 1000, &err), GR_OK);
        for (int64_t i = 0; i < n; i++)
          assert_int_equal(((uint8_t *)mask.data)[i],
                           gr_stream_double(stream, 1000 + (uint64_t)i) >= rates[r]);
        gr_tensor_finish(&x);
        gr_tensor_finish(&y);
        gr_tensor_finish(&mask);
      }
}

static void dropout_along_shared_axes_is_one_draw(void **state) {
  const gr_stream stream = {{1, 2}};
  const int64_t shape[3] = {3, 4, 5};
  for (unsigned shared = 0; shared < 8; shared++) {
    gr_tensor x = fresh(GR_F32, SHAPE(3, 4, 5)), y = fresh(GR_F32, SHAPE(3, 4, 5)),
              mask = fresh(GR_U8, SHAPE(3, 4, 5));
    for (int64_t i = 0; i < 60; i++) set(&x, i, 1);
    assert_int_equal(gr_dropout(&y, &mask, &x, .5, shared, stream, 7, &err), GR_OK);
    for (int64_t i = 0; i < 60; i++) {
      const int64_t at[3] = {i / 20, i / 5 % 4, i % 5};
      uint64_t draw = 0;
      for (int d = 0; d < 3; d++)
        if (!(shared >> d & 1)) draw = draw * (uint64_t)shape[d] + (uint64_t)at[d];
      assert_int_equal(get(&mask, i), gr_stream_double(stream, 7 + draw) >= .5);
      assert_true(get(&y, i) == 2 * get(&mask, i));
    }
    gr_tensor_finish(&x);
    gr_tensor_finish(&y);
    gr_tensor_finish(&mask);
  }
}

static void the_gradient_of_dropout_passes_where_the_number_passed(void **state) {
  gr_tensor dout = of_numbers(GR_F64, SHAPE(3), (double[]){3, NAN, 6});
  gr_tensor mask = of_numbers(GR_U8, SHAPE(3), (double[]){1, 0, 1});
  gr_tensor dx = of_numbers(GR_F64, SHAPE(3), (double[]){1, 2, 3});
  assert_int_equal(gr_dropout_backward(&dx, &dout, &mask, .25, true, &err), GR_OK);
  assert_true(get(&dx, 0) == 5 && get(&dx, 1) == 2 && get(&dx, 2) == 11);
  assert_int_equal(gr_dropout_backward(&dx, &dout, &mask, .25, false, &err), GR_OK);
  assert_true(get(&dx, 0) == 4 && get(&dx, 1) == 0 && get(&dx, 2) == 8);
  assert_int_equal(gr_dropout_backward(&dx, &dout, &mask, 1, false, &err), GR_ERR_VALUE);
  assert_int_equal(gr_dropout_backward(&dx, &dout, &mask, NAN, false, &err), GR_ERR_VALUE);
  gr_tensor_finish(&dout);
  gr_tensor_finish(&mask);
  gr_tensor_finish(&dx);
}

// ---- updates --------------------------------------------------------------------------------------------

// Five steps on f(w) = (w1^2 + 10 w2^2) / 2 from (1, 1), in the middle of more weights that have no gradient.
static void check_descent(gr_update u, double start, double first, double second) {
  gr_tensor w = of_numbers(GR_F64, SHAPE(4), (double[]){7, 1, 1, 7}), g = fresh(GR_F64, SHAPE(4));
  gr_tensor v = of_numbers(GR_F64, SHAPE(4), (double[]){start, start, start, start});
  gr_tensor m = of_numbers(GR_F64, SHAPE(4), (double[]){0, 0, 0, 0});
  gr_updated weight = {&w, &g, {&v, &m}};
  set(&g, 0, 0);
  set(&g, 3, 0);
  const double rate = u.rate;
  for (int t = 1; t <= 5; t++) {
    set(&g, 1, get(&w, 1));
    set(&g, 2, 10 * get(&w, 2));
    if (u.rule == GR_UPDATE_ADAM) u.rate = rate * sqrt(1 - pow(u.b, t)) / (1 - pow(u.a, t));
    assert_int_equal(gr_update_weight(&weight, &u, NULL, &err), GR_OK);
  }
  assert_near(get(&w, 1), first, 1e-12);
  assert_near(get(&w, 2), second, 1e-12);
  assert_true(get(&w, 0) == 7 && get(&w, 3) == 7);
  gr_tensor *all[] = {&w, &g, &m, &v};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

#define RULE(...) \
  (gr_update) { .scale = 1, .most = INFINITY, __VA_ARGS__ }

static void optimizers_descend_as_in_keras(void **state) {
  check_descent(RULE(.rule = GR_UPDATE_SGD, .rate = .01), 0, 0.9509900499, 0.5904900000000001);
  check_descent(RULE(.rule = GR_UPDATE_MOMENTUM, .rate = .01, .a = .9), 0, 0.8716340258999999,
                -0.029159999999999964);
  check_descent(RULE(.rule = GR_UPDATE_NESTEROV, .rate = .01, .a = .9), 0, 0.8384407633205009,
                -0.1045816839000001);
  check_descent(RULE(.rule = GR_UPDATE_ADAM, .rate = .001, .a = .9, .b = .999, .epsilon = 1e-7), 0,
                0.9950004462572977, 0.9950004370503661);
  check_descent(RULE(.rule = GR_UPDATE_RMSPROP, .rate = .001, .a = .9, .epsilon = 1e-7), 0,
                0.9893736634787558, 0.9893736605314915);
  check_descent(RULE(.rule = GR_UPDATE_RMSPROP_MOMENTUM, .rate = .001, .a = .9, .b = 0, .epsilon = 1e-7), 0,
                0.9893736634787558, 0.9893736605314915);
  check_descent(RULE(.rule = GR_UPDATE_ADAGRAD, .rate = .001, .epsilon = 1e-7), .1, 0.9968537004638702,
                0.9967710969873568);
}

static void a_gradient_is_scaled_then_cut_and_the_weight_decays_first(void **state) {
  gr_tensor w = of_numbers(GR_F64, SHAPE(3), (double[]){1, 1, 1});
  gr_tensor g = of_numbers(GR_F64, SHAPE(3), (double[]){3, -8, .5});
  gr_updated weight = {&w, &g, {NULL}};
  gr_update u = {.rule = GR_UPDATE_SGD, .rate = .1, .decay = .01, .scale = .5, .most = 2};
  assert_int_equal(gr_update_weight(&weight, &u, NULL, &err), GR_OK);
  assert_near(get(&w, 0), .99 - .15, 1e-15);
  assert_near(get(&w, 1), .99 + .2, 1e-15);
  assert_near(get(&w, 2), .99 - .025, 1e-15);
  set(&g, 0, NAN);  // is not cut to a number
  assert_int_equal(gr_update_weight(&weight, &u, NULL, &err), GR_OK);
  assert_true(isnan(get(&w, 0)));
  gr_tensor_finish(&w);
  gr_tensor_finish(&g);
}

static void threads_change_no_bit_of_an_update(void **state) {
  enum { N = 100003 };
  gr_tensor t[2][4];
  gr_pool *pool;
  assert_int_equal(gr_pool_new(&pool, 3, &err), GR_OK);
  for (int i = 0; i < 2; i++) {
    random_state = 5;
    for (int k = 0; k < 4; k++) {
      t[i][k] = fresh(GR_F32, SHAPE(N));
      for (int64_t j = 0; j < N; j++) ((float *)t[i][k].data)[j] = (float)uniform(0, 1);
    }
    gr_updated weight = {&t[i][0], &t[i][1], {&t[i][2], &t[i][3]}};
    gr_update u = RULE(.rule = GR_UPDATE_ADAM, .rate = .1, .a = .9, .b = .999, .epsilon = 1e-7);
    assert_int_equal(gr_update_weight(&weight, &u, i ? pool : NULL, &err), GR_OK);
  }
  for (int k = 0; k < 4; k++) assert_memory_equal(t[0][k].data, t[1][k].data, N * sizeof(float));
  for (int i = 0; i < 8; i++) gr_tensor_finish(&t[i / 4][i % 4]);
  gr_pool_free(pool);
}

// Each rule, for shapes with and without whole vectors, on one thread and on three, with few zeros in d and
// with many, with and without room to pass them over.
static void an_update_by_a_product_has_the_bits_of_one_by_its_gradient(void **state) {
  gr_pool *pool;
  assert_int_equal(gr_pool_new(&pool, 3, &err), GR_OK);
  for (int round = 0; round < 120; round++) {
    const int64_t rows = between(1, 80), k = between(1, 300),
                  n = round % 2 ? 16 * between(1, 9) : between(1, 300);
    gr_tensor x = random_tensor(GR_F32, SHAPE(rows, k)), d = random_tensor(GR_F32, SHAPE(rows, n));
    const double zeros = uniform(0, 1);
    for (int64_t e = 0; e < rows * n; e++)
      if (uniform(0, 1) < zeros) set(&d, e, 0);
    void *room = round % 4 ? malloc(gr_update_room(&d)) : NULL;
    gr_tensor t[2][4];
    for (int i = 0; i < 2; i++) {
      random_state = (uint64_t)round;
      for (int j = 0; j < 4; j++) {
        t[i][j] = fresh(GR_F32, SHAPE(k, n));
        for (int64_t e = 0; e < k * n; e++) set(&t[i][j], e, uniform(0, 1));
      }
    }
    gr_kernels()->product->multiply(&(gr_product){.out = t[0][1].data,
                                                  .a = x.data,
                                                  .b = d.data,
                                                  .out_lead = n,
                                                  .a_stride = {1, k},
                                                  .b_lead = n,
                                                  .m = k,
                                                  .n = n,
                                                  .k = rows});
    gr_update u =
        RULE(.rule = (gr_update_rule)(round % GR_N_UPDATES), .rate = .1, .a = .9, .b = .99, .epsilon = 1e-3);
    gr_updated first = {&t[0][0], &t[0][1], {&t[0][2], &t[0][3]}};
    gr_updated second = {&t[1][0], NULL, {&t[1][2], &t[1][3]}};
    assert_int_equal(gr_update_weight(&first, &u, NULL, &err), GR_OK);
    assert_true(gr_updates_by_product(&t[1][0], &x, &d));
    assert_int_equal(gr_update_by_product(&second, &u, &x, &d, room, round % 3 ? pool : NULL, &err), GR_OK);
    for (int j = 0; j < 4; j++)
      if (j != 1) assert_memory_equal(t[0][j].data, t[1][j].data, gr_tensor_bytes(&t[0][j]));
    for (int i = 0; i < 8; i++) gr_tensor_finish(&t[i / 4][i % 4]);
    gr_tensor_finish(&x);
    gr_tensor_finish(&d);
    free(room);
  }
  gr_pool_free(pool);
}

static void what_an_optimizer_remembers_never_fades_into_slow_numbers(void **state) {
  gr_tensor w = of_numbers(GR_F32, SHAPE(1), (double[]){1}), g = of_numbers(GR_F32, SHAPE(1), (double[]){0});
  gr_tensor m = of_numbers(GR_F32, SHAPE(1), (double[]){1.2e-38}), v = fresh(GR_F32, SHAPE(1));
  gr_updated weight = {&w, &g, {&m, &v}};
  gr_update u = RULE(.rule = GR_UPDATE_ADAM, .rate = .1, .a = .9, .b = .999, .epsilon = 1e-7);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(gr_update_weight(&weight, &u, NULL, &err), GR_OK);
    assert_int_not_equal(fpclassify((float)get(&m, 0)), FP_SUBNORMAL);
  }
  // Elsewhere such numbers are what they were.
  volatile float small = 1e-38f;
  assert_true(small / 16 != 0);
  gr_tensor *all[] = {&w, &g, &m, &v};
  for (int i = 0; i < 4; i++) gr_tensor_finish(all[i]);
}

static void a_gradient_that_does_not_fit_its_weight_is_explained(void **state) {
  gr_tensor w = fresh(GR_F64, SHAPE(2)), g = fresh(GR_F64, SHAPE(3));
  gr_updated weight = {&w, &g, {NULL}};
  gr_update u = RULE(.rule = GR_UPDATE_SGD, .rate = .1);
  assert_int_equal(gr_update_weight(&weight, &u, NULL, &err), GR_ERR_SHAPE);
  gr_tensor_finish(&w);
  gr_tensor_finish(&g);
}

int main(int argc, char **argv) {
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(softmax_gives_the_lectures_numbers_also_far_from_zero),
      cmocka_unit_test(the_gradient_of_softmax_equals_central_differences),
      cmocka_unit_test(losses_give_keras_numbers_whatever_the_dtype_of_the_labels),
      cmocka_unit_test(a_nan_among_the_probabilities_is_a_nan_in_the_loss),
      cmocka_unit_test(the_gradients_of_the_losses_equal_central_differences),
      cmocka_unit_test(labels_that_are_no_class_are_named),
      cmocka_unit_test(losses_never_broadcast),
      cmocka_unit_test(hits_are_counted_as_keras_counts_them),
      cmocka_unit_test(dropout_keeps_its_share_and_divides_it_whatever_the_slices),
      cmocka_unit_test(dropout_keeps_what_the_draw_of_its_place_says),
      cmocka_unit_test(dropout_along_shared_axes_is_one_draw),
      cmocka_unit_test(the_gradient_of_dropout_passes_where_the_number_passed),
      cmocka_unit_test(optimizers_descend_as_in_keras),
      cmocka_unit_test(a_gradient_is_scaled_then_cut_and_the_weight_decays_first),
      cmocka_unit_test(threads_change_no_bit_of_an_update),
      cmocka_unit_test(an_update_by_a_product_has_the_bits_of_one_by_its_gradient),
      cmocka_unit_test(what_an_optimizer_remembers_never_fades_into_slow_numbers),
      cmocka_unit_test(a_gradient_that_does_not_fit_its_weight_is_explained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
