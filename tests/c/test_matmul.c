// Products against three plain loops.
#include "kernel/matmul.h"

#include <stdlib.h>

#include "base/interrupt.h"
#include "kernel_test.h"

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

static void products_with_a_batch_on_one_side_equal_the_plain_sum(void **state) {
  for (int round = 0; round < 40; round++) {
    const int64_t m = 1 + below(40), n = 16 + below(150);
    int64_t k = (1 << 17) / (m * n) + 1 + below(20);
    const enum layout left = below(N_LAYOUTS), right = below(2) ? PLAIN : GAP_BETWEEN_ROWS;
    if (round % 2)
      check_product(GR_F32, m, k, n, left, right, below(2));
    else
      check_product(GR_F32, k, m, n, left, right, below(2));
  }
}

static void a_product_fits_into_columns_of_a_wider_matrix(void **state) {
  static const int64_t sizes[][3] = {{2, 3, 2}, {1, 70, 50}, {60, 70, 1}, {60, 40, 70}, {40, 0, 3}};
  for (int s = 0; s < (int)(sizeof sizes / sizeof sizes[0]); s++)
    for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
      const int64_t m = sizes[s][0], k = sizes[s][1], n = sizes[s][2];
      gr_tensor a = fresh(dtype, m, k), b = fresh(dtype, k, n), wide = fresh(dtype, m, n + 5), out, alone;
      fill(&a, 1);
      fill(&b, 2);
      fill(&wide, 3);
      gr_tensor_view_slice(&out, &wide, 1, 3, 1, n);
      alone = fresh(dtype, m, n);
      assert_int_equal(gr_matmul(&out, &a, &b, false, &err), GR_OK);
      assert_int_equal(gr_matmul(&alone, &a, &b, false, &err), GR_OK);
      gr_tensor untouched = fresh(dtype, m, n + 5);
      fill(&untouched, 3);
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n + 5; j++) {
          const double got = gr_tensor_get(&wide, (int64_t[]){i, j});
          if (j >= 3 && j < n + 3)
            assert_true(got == gr_tensor_get(&alone, (int64_t[]){i, j - 3}));
          else
            assert_true(got == gr_tensor_get(&untouched, (int64_t[]){i, j}));
        }
      gr_tensor *all[] = {&a, &b, &wide, &alone, &untouched};
      for (int i = 0; i < 5; i++) gr_tensor_finish(all[i]);
    }
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

// out (shape of the batch of `out`, m, n) += the sum of products over batch axes that `out` does not have.
static void check_stack(gr_dtype dtype, int axes, const int64_t *batch, const int64_t mkn[3],
                        bool accumulate) {
  gr_tensor owner[2], view[2], out;
  int64_t shape[GR_MAX_DIMS];
  for (int o = 0; o < 2; o++) {
    const int drop = below(axes + 1);  // axes that this operand does not have
    int ndim = 0;
    for (int i = drop; i < axes; i++) shape[ndim++] = below(3) ? batch[i] : 1;
    shape[ndim++] = mkn[o];
    shape[ndim++] = mkn[o + 1];
    view[o] = random_view(dtype, ndim, shape, false, &owner[o]);
  }
  // The result spans its operands' axes, or some of them: those are summed.
  const int drop = below(axes + 1);
  int ndim = 0;
  for (int i = drop; i < axes; i++) shape[ndim++] = below(3) ? batch[i] : 1;
  shape[ndim++] = mkn[0];
  shape[ndim++] = mkn[2];
  out = make(dtype, ndim, shape);
  const int64_t size = gr_tensor_size(&out);
  double *wanted = calloc((size_t)size + 1, sizeof *wanted);
  for (int64_t i = 0; i < size; i++) {
    wanted[i] = accumulate ? (double)(i % 7) : 0;
    if (dtype == GR_F64)
      ((double *)out.data)[i] = accumulate ? wanted[i] : NAN;
    else
      ((float *)out.data)[i] = accumulate ? (float)wanted[i] : NAN;
  }
  // Which batch axes are there at all.
  int64_t all[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0}, count = 1;
  const gr_tensor *t[] = {&out, &view[0], &view[1]};
  for (int i = 0; i < axes; i++) {
    all[i] = 1;
    for (int o = 0; o < 3; o++) {
      int axis = i - (axes - (t[o]->ndim - 2));
      if (axis >= 0 && t[o]->shape[axis] != 1) all[i] = batch[i];
    }
    count *= all[i];
  }
  for (int64_t c = 0; c < count; c++, next_index(index, axes, all))
    for (int64_t i = 0; i < mkn[0]; i++)
      for (int64_t j = 0; j < mkn[2]; j++)
        for (int64_t l = 0; l < mkn[1]; l++) {
          int64_t at[3][GR_MAX_DIMS];
          for (int o = 0; o < 3; o++) {
            for (int d = 0; d < t[o]->ndim - 2; d++)
              at[o][d] = t[o]->shape[d] == 1 ? 0 : index[d + axes - (t[o]->ndim - 2)];
            at[o][t[o]->ndim - 2] = o == 2 ? l : i;
            at[o][t[o]->ndim - 1] = o == 1 ? l : j;
          }
          int64_t flat = 0;
          for (int d = 0; d < out.ndim; d++) flat += at[0][d] * out.stride[d];
          wanted[flat] += gr_tensor_get(&view[0], at[1]) * gr_tensor_get(&view[1], at[2]);
        }
  ok(gr_matmul(&out, &view[0], &view[1], accumulate, &err), &err);
  for (int64_t i = 0; i < size; i++) {
    double got = dtype == GR_F64 ? ((double *)out.data)[i] : (double)((float *)out.data)[i];
    if (!(fabs(got - wanted[i]) <= (dtype == GR_F64 ? 0 : 1e-5 * (1e6 + fabs(wanted[i])))))
      fail_msg("element %d of a stack of products is %g, not %g", (int)i, got, wanted[i]);
  }
  free(wanted);
  gr_tensor_finish(&out);
  for (int o = 0; o < 2; o++) gr_tensor_finish(&owner[o]);
}

static void stacks_of_matrices_broadcast_and_sums_over_the_stack_add_up(void **state) {
  for (int round = 0; round < 3000; round++) {
    int64_t batch[3], mkn[3];
    const int axes = below(4);
    for (int i = 0; i < axes; i++) batch[i] = below(12) ? 1 + below(4) : 0;
    for (int i = 0; i < 3; i++) mkn[i] = below(20) ? 1 + below(below(3) ? 4 : 17) : 0;
    check_stack(below(2) ? GR_F64 : GR_F32, axes, batch, mkn, below(2));
  }
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
      cmocka_unit_test(products_with_a_batch_on_one_side_equal_the_plain_sum),
      cmocka_unit_test(a_product_fits_into_columns_of_a_wider_matrix),
      cmocka_unit_test(a_product_over_nothing_is_zero),
      cmocka_unit_test(a_nan_or_infinity_reaches_the_result_also_through_zero),
      cmocka_unit_test(shapes_that_do_not_fit_are_explained),
      cmocka_unit_test(stacks_of_matrices_broadcast_and_sums_over_the_stack_add_up),
      cmocka_unit_test(an_interrupt_stops_a_large_product),
      cmocka_unit_test(the_kernel_of_openblas_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
