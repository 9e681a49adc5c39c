// Products against three plain loops.
#include "kernel/matmul.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/interrupt.h"
#include "every_isa.h"

static gr_err err;

// Small whole numbers: every order of summation gives the same bits, in float32 too.
static void fill(gr_tensor *t, int seed) {
  for (int64_t i = 0; i < t->shape[0]; i++)
    for (int64_t j = 0; j < t->shape[1]; j++)
      gr_tensor_set(t, (int64_t[]){i, j}, (double)((i * 7 + j * 13 + seed) % 11 - 5));
}

static gr_tensor fresh(gr_dtype dtype, int64_t rows, int64_t columns) {
  gr_tensor t;
  assert_int_equal(gr_tensor_init(&t, dtype, 2, (int64_t[]){rows, columns}, &err), GR_OK);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) gr_tensor_set(&t, (int64_t[]){i, j}, NAN);
  return t;
}

enum layout { PLAIN, TRANSPOSED, EVERY_SECOND, REVERSED, GAP_BETWEEN_ROWS, BROADCAST, N_LAYOUTS };

// A (rows, columns) view in some layout; the owner of its memory goes to *owner.
static gr_tensor operand(gr_tensor *owner, enum layout layout, gr_dtype dtype, int64_t rows,
                         int64_t columns) {
  gr_tensor view;
  switch (layout) {
    case TRANSPOSED:
      *owner = fresh(dtype, columns, rows);
      gr_tensor_view_permute(&view, owner, (int[]){1, 0}, &err);
      break;
    case EVERY_SECOND:
      *owner = fresh(dtype, rows, columns * 2 + 1);
      gr_tensor_view_slice(&view, owner, 1, 1, 2, columns);
      break;
    case REVERSED:
      *owner = fresh(dtype, rows, columns);
      gr_tensor_view_slice(&view, owner, 0, rows ? rows - 1 : 0, -1, rows);
      break;
    case GAP_BETWEEN_ROWS:
      *owner = fresh(dtype, rows, columns + 3);
      gr_tensor_view_slice(&view, owner, 1, 2, 1, columns);
      break;
    case BROADCAST:
      *owner = fresh(dtype, 1, columns);
      gr_tensor_view_broadcast(&view, owner, 2, (int64_t[]){rows, columns}, &err);
      break;
    default: *owner = fresh(dtype, rows, columns); view = *owner;
  }
  return view;
}

static void check_product(gr_dtype dtype, int64_t m, int64_t k, int64_t n, enum layout left,
                          enum layout right, bool accumulate) {
  gr_tensor a_owner, b_owner;
  gr_tensor a = operand(&a_owner, left, dtype, m, k), b = operand(&b_owner, right, dtype, k, n);
  fill(left == BROADCAST ? &a_owner : &a, 3);
  fill(right == BROADCAST ? &b_owner : &b, 5);
  gr_tensor out = fresh(dtype, m, n);
  if (accumulate) fill(&out, 1);
  gr_tensor before = fresh(dtype, m, n);
  if (accumulate) fill(&before, 1);
  assert_int_equal(gr_matmul(&out, &a, &b, accumulate, &err), GR_OK);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = accumulate ? gr_tensor_get(&before, (int64_t[]){i, j}) : 0;
      for (int64_t l = 0; l < k; l++)
        sum += gr_tensor_get(&a, (int64_t[]){i, l}) * gr_tensor_get(&b, (int64_t[]){l, j});
      if (gr_tensor_get(&out, (int64_t[]){i, j}) != sum)
        fail_msg("(%d, %d) @ (%d, %d), layouts %d and %d, accumulate %d: [%d, %d] is %g, not %g", (int)m,
                 (int)k, (int)k, (int)n, left, right, accumulate, (int)i, (int)j,
                 gr_tensor_get(&out, (int64_t[]){i, j}), sum);
    }
  gr_tensor_finish(&a_owner);
  gr_tensor_finish(&b_owner);
  gr_tensor_finish(&out);
  gr_tensor_finish(&before);
}

static void products_equal_the_plain_sum_for_any_shape_and_layout(void **state) {
  static const int64_t sizes[][3] = {{1, 1, 1},    {4, 3, 1},    {1, 5, 4},  {3, 1, 7},
                                     {1, 70, 50},  {60, 70, 1},  {1, 90, 1}, {40, 1, 70},
                                     {17, 19, 23}, {33, 20, 41}, {0, 3, 4},  {3, 4, 0}};
  for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++)
    for (int dtype = GR_F64; dtype <= GR_F32; dtype++)
      for (int left = 0; left < N_LAYOUTS; left++)
        for (int right = 0; right < N_LAYOUTS; right++)
          for (int accumulate = 0; accumulate < 2; accumulate++)
            check_product(dtype, sizes[s][0], sizes[s][1], sizes[s][2], left, right, accumulate);
}

static void products_beyond_one_block_equal_the_plain_sum(void **state) {
  check_product(GR_F32, 3, 4100, 5, PLAIN, PLAIN, false);
  check_product(GR_F64, 2100, 3, 4, TRANSPOSED, PLAIN, true);
  check_product(GR_F64, 2, 3, 2049, PLAIN, TRANSPOSED, false);
}

static void a_product_over_nothing_is_zero(void **state) {
  gr_tensor a = fresh(GR_F64, 3, 0), b = fresh(GR_F64, 0, 2), out = fresh(GR_F64, 3, 2);
  assert_int_equal(gr_matmul(&out, &a, &b, false, &err), GR_OK);
  for (int i = 0; i < 6; i++) assert_true(((double *)out.data)[i] == 0);
  ((double *)out.data)[4] = 7;
  assert_int_equal(gr_matmul(&out, &a, &b, true, &err), GR_OK);
  assert_true(((double *)out.data)[4] == 7);
  gr_tensor_finish(&a);
  gr_tensor_finish(&b);
  gr_tensor_finish(&out);
}

static void a_nan_or_infinity_reaches_the_result_also_through_zero(void **state) {
  for (int64_t k = 3; k <= 60; k += 57) {
    gr_tensor a = fresh(GR_F64, k, k), b = fresh(GR_F64, k, k), out = fresh(GR_F64, k, k);
    fill(&a, 1);
    for (int64_t i = 0; i < k * k; i++) ((double *)b.data)[i] = 0;
    ((double *)a.data)[k + 1] = INFINITY;
    ((double *)a.data)[2 * k] = NAN;
    assert_int_equal(gr_matmul(&out, &a, &b, false, &err), GR_OK);
    const double *z = out.data;
    for (int64_t j = 0; j < k; j++) {
      assert_true(z[j] == 0);
      assert_true(isnan(z[k + j]));
      assert_true(isnan(z[2 * k + j]));
    }
    gr_tensor_finish(&a);
    gr_tensor_finish(&b);
    gr_tensor_finish(&out);
  }
}

static void shapes_that_do_not_fit_are_explained(void **state) {
  gr_tensor a = fresh(GR_F64, 4, 3), b = fresh(GR_F64, 4, 1), c = fresh(GR_F32, 3, 1),
            out = fresh(GR_F64, 4, 1);
  assert_int_equal(gr_matmul(&out, &a, &b, false, &err), GR_ERR_SHAPE);
  assert_string_equal(err.text,
                      "shapes (4, 3) and (4, 1) do not fit a matrix product: axis 2 of the first (3) "
                      "must equal axis 1 of the second (4)");
  assert_int_equal(gr_matmul(&out, &a, &c, false, &err), GR_ERR_TYPE);
  gr_tensor_finish(&a);
  gr_tensor_finish(&b);
  gr_tensor_finish(&c);
  gr_tensor_finish(&out);
}

static void an_interrupt_stops_a_large_product(void **state) {
  gr_tensor a = fresh(GR_F64, 100, 100), out = fresh(GR_F64, 100, 100);
  gr_interrupt_raise();
  assert_int_equal(gr_matmul(&out, &a, &a, false, &err), GR_ERR_INTERRUPT);
  gr_interrupt_clear();
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
}

static void the_kernel_of_openblas_has_a_name(void **state) {
  const char *name = NULL;
  assert_int_equal(gr_matmul_core_name(&name, &err), GR_OK);
  assert_true(name[0] != '\0');
}

int main(int argc, char **argv) {
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_equal_the_plain_sum_for_any_shape_and_layout),
      cmocka_unit_test(products_beyond_one_block_equal_the_plain_sum),
      cmocka_unit_test(a_product_over_nothing_is_zero),
      cmocka_unit_test(a_nan_or_infinity_reaches_the_result_also_through_zero),
      cmocka_unit_test(shapes_that_do_not_fit_are_explained),
      cmocka_unit_test(an_interrupt_stops_a_large_product),
      cmocka_unit_test(the_kernel_of_openblas_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
