// Sorting against the definition: ordered, a permutation, stable; for every dtype, axis and kind of view.
#include "kernel/sort.h"

#include "base/interrupt.h"
#include "kernel_test.h"

static bool after(double x, double y, bool descending) {  // x must not stand before y
  if (isnan(x)) return !isnan(y);
  return !isnan(y) && (descending ? x < y : x > y);
}

static void put_wild_numbers(gr_tensor *a, int ndim, const int64_t *shape) {
  static const double wild[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 5e-324, -1e300, 1e300, -NAN};
  int64_t index[GR_MAX_DIMS] = {0};
  for (int64_t i = 0, n = gr_tensor_size(a); i < n; i++, next_index(index, ndim, shape))
    if (below(6) == 0) gr_tensor_set(a, index, wild[below(9)]);
}

static void lines_of_any_view_are_sorted_and_their_positions_are_stable(void **state) {
  gr_err err;
  for (int round = 0; round < 1500; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    int ndim = random_shape(shape);
    if (ndim == 0) continue;
    if (round % 7 == 0) shape[below(ndim)] = 1 + below(400);
    if (round % 50 == 0) ndim = 1, shape[0] = 8000 + below(9000);
    int axis = below(ndim);
    bool descending = below(2);
    gr_dtype dtype = below(GR_N_DTYPES);
    gr_tensor oa, oo, op, ov, a = random_view(dtype, ndim, shape, false, &oa);
    if (gr_dtype_is_float(dtype)) put_wild_numbers(&a, ndim, shape);
    gr_tensor out = random_view(dtype, ndim, shape, false, &oo);
    gr_tensor values = random_view(dtype, ndim, shape, false, &ov);
    gr_tensor places = random_view(GR_I64, ndim, shape, false, &op);
    ok(gr_sort(&out, &a, axis, descending, &err), &err);
    ok(gr_argsort(&places, &values, &a, axis, descending, &err), &err);
    for (int64_t i = 0, n = gr_tensor_size(&a); i < n; i++, next_index(index, ndim, shape)) {
      int64_t from[GR_MAX_DIMS], before[GR_MAX_DIMS];
      memcpy(from, index, sizeof from);
      memcpy(before, index, sizeof before);
      from[axis] = (int64_t)gr_tensor_get(&places, index);
      double x = gr_tensor_get(&out, index), y = gr_tensor_get(&values, index), z = gr_tensor_get(&a, from);
      assert_true((x == y && y == z) || (isnan(x) && isnan(y) && isnan(z)));
      if (before[axis]-- == 0) continue;
      double previous = gr_tensor_get(&out, before);
      assert_false(after(previous, x, descending));
      if (previous == x || (isnan(previous) && isnan(x)))
        assert_true(gr_tensor_get(&places, before) < from[axis]);
    }
    gr_tensor_finish(&oa);
    gr_tensor_finish(&oo);
    gr_tensor_finish(&op);
    gr_tensor_finish(&ov);
  }
}

static void a_tensor_is_sorted_in_place(void **state) {
  gr_err err;
  for (int n = 1; n < 20000; n = n * 2 + below(9)) {
    gr_tensor a = make(GR_F64, 1, (int64_t[]){n});
    for (int i = 0; i < n; i++) set(&a, i, uniform(-1, 1) * pow(10, below(600) - 300));
    ok(gr_sort(&a, &a, 0, false, &err), &err);
    for (int i = 1; i < n; i++) assert_true(get(&a, i - 1) <= get(&a, i));
    gr_tensor_finish(&a);
  }
}

static void integers_are_ordered_over_their_whole_range(void **state) {
  static const int64_t numbers[] = {3, INT64_MIN, -1, INT64_MAX, 0, INT64_MIN + 1, 9007199254740993};
  static const int64_t sorted[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 3, 9007199254740993, INT64_MAX};
  gr_err err;
  gr_tensor a = make(GR_I64, 1, (int64_t[]){7}), out = make(GR_I64, 1, (int64_t[]){7});
  memcpy(a.data, numbers, sizeof numbers);
  ok(gr_sort(&out, &a, 0, false, &err), &err);
  assert_memory_equal(out.data, sorted, sizeof sorted);
  ok(gr_sort(&out, &a, 0, true, &err), &err);
  for (int i = 0; i < 7; i++) assert_true(((int64_t *)out.data)[i] == sorted[6 - i]);
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
}

static void a_place_is_the_number_of_elements_before_it(void **state) {
  gr_err err;
  for (int round = 0; round < 300; round++) {
    int64_t n = below(20), shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    gr_tensor sorted = make(GR_F64, 1, &n), owner;
    for (int64_t i = 0; i < n; i++) set(&sorted, i, below(9) == 0 ? NAN : below(8) - 4);
    if (n) ok(gr_sort(&sorted, &sorted, 0, false, &err), &err);
    int ndim = random_shape(shape);
    gr_tensor x = random_view(below(2) ? GR_F64 : GR_I64, ndim, shape, true, &owner);
    gr_tensor out = make(GR_I64, x.ndim, x.shape);
    bool right = below(2);
    ok(gr_search_sorted(&out, &sorted, &x, right, &err), &err);
    for (int64_t i = 0, size = gr_tensor_size(&x); i < size; i++, next_index(index, x.ndim, x.shape)) {
      double v = gr_tensor_get(&x, index);
      int64_t count = 0;
      for (int64_t k = 0; k < n; k++) count += right ? get(&sorted, k) <= v : get(&sorted, k) < v;
      assert_true(gr_tensor_get(&out, index) == count);
    }
    gr_tensor_finish(&sorted);
    gr_tensor_finish(&owner);
    gr_tensor_finish(&out);
  }
}

static void a_long_sort_can_be_interrupted(void **state) {
  gr_err err;
  gr_tensor a = make(GR_F64, 1, (int64_t[]){1000000});
  for (int64_t i = 0; i < 1000000; i++) set(&a, i, uniform(-1, 1));
  gr_interrupt_raise();
  assert_int_equal(gr_sort(&a, &a, 0, false, &err), GR_ERR_INTERRUPT);
  gr_interrupt_clear();
  gr_tensor_finish(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_of_any_view_are_sorted_and_their_positions_are_stable),
      cmocka_unit_test(a_tensor_is_sorted_in_place),
      cmocka_unit_test(integers_are_ordered_over_their_whole_range),
      cmocka_unit_test(a_place_is_the_number_of_elements_before_it),
      cmocka_unit_test(a_long_sort_can_be_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
