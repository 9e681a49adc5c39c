// Reductions against the naive loop in long double, on every instruction set of this machine.
#include "kernel/reduce.h"

#include "kernel_test.h"

static long double naive(gr_reduce_op op, const long double *x, int64_t n) {
  long double r = op == GR_PROD || op == GR_ALL ? 1 : op == GR_MIN || op == GR_MAX ? x[0] : 0;
  int64_t best = 0;
  for (int64_t i = 0; i < n; i++) switch (op) {
      case GR_PROD: r *= x[i]; break;
      case GR_MIN: r = isnan(r) || r <= x[i] ? r : x[i]; break;
      case GR_MAX: r = isnan(r) || r >= x[i] ? r : x[i]; break;
      case GR_ANY: r = r || x[i] != 0; break;
      case GR_ALL: r = r && x[i] != 0; break;
      case GR_ARGMIN:
        if (!isnan(x[best]) && !(x[best] <= x[i])) best = i;
        break;
      case GR_ARGMAX:
        if (!isnan(x[best]) && !(x[best] >= x[i])) best = i;
        break;
      case GR_NORM: r += x[i] * x[i]; break;
      default: r += x[i];
    }
  if (op == GR_ARGMIN || op == GR_ARGMAX) return best;
  if (op == GR_NORM) return sqrtl(r);
  bool spread = op == GR_VAR || op == GR_STD;
  if (op != GR_MEAN && !spread) return r;
  r /= n;
  if (op == GR_MEAN) return r;
  long double v = 0;
  for (int64_t i = 0; i < n; i++) v += (x[i] - r) * (x[i] - r);
  return op == GR_STD ? sqrtl(v / n) : v / n;
}

static void check_one(gr_reduce_op op, gr_dtype dtype, double got, const long double *x, int64_t n) {
  long double expected = naive(op, x, n), scale = fabsl(expected);
  for (int64_t i = 0; i < n && (op == GR_SUM || op == GR_MEAN || op == GR_VAR || op == GR_STD); i++)
    if (scale < fabsl(x[i])) scale = fabsl(x[i]);
  if (isnan(got) && isnan(expected)) return;
  double tolerance = dtype == GR_F32 ? 1e-6 : 1e-13;
  if (!((double)expected == got || fabsl(got - expected) <= tolerance * scale))
    fail_msg("%s of %d numbers of %s: %.17g, expected %.17Lg", gr_reduce_name(op), (int)n,
             gr_dtype_name(dtype), got, expected);
}

// Any axes of any view, into the keepdims form (strided too) or a flat result.
static void reductions_over_any_axes_agree_with_the_naive_loop(void **state) {
  gr_err err;
  for (int round = 0; round < 3000; round++) {
    int64_t shape[GR_MAX_DIMS];
    int ndim = random_shape(shape);
    if (round % 3 == 0 && ndim >= 2) shape[below(ndim)] = 1 + below(700);
    gr_dtype dtype = below(GR_N_DTYPES);
    gr_reduce_op op = below(GR_N_REDUCE);
    gr_tensor owner, a = random_view(dtype, ndim, shape, false, &owner);
    if (gr_tensor_size(&a) == 0) {
      gr_tensor_finish(&owner);
      continue;
    }
    unsigned axes = (unsigned)below(1 << ndim);
    if ((op == GR_ARGMIN || op == GR_ARGMAX) && ndim) axes = below(2) ? (1u << ndim) - 1 : 1u << below(ndim);
    if (op == GR_PROD)  // 1 and -1, and at most 20 twos
      for (int64_t i = 0, n = gr_tensor_size(&owner); i < n; i++) {
        gr_tensor flat = owner;
        flat.ndim = 1, flat.shape[0] = n, flat.stride[0] = 1;
        bool two = i % (n / 20 + 1) == 5 && dtype != GR_BOOL;
        bool negative = dtype != GR_U8 && dtype != GR_BOOL && below(3) == 0;
        set(&flat, i, two ? 2 : negative ? -1 : 1);
      }
    int64_t kept[GR_MAX_DIMS], results = 1;
    for (int i = 0; i < ndim; i++) results *= kept[i] = axes >> i & 1 ? 1 : shape[i];
    gr_dtype result = gr_reduce_dtype(op, dtype);
    bool flat_form = below(2);
    gr_tensor out_owner, out;
    if (flat_form)
      out = out_owner = make(result, 1, &results);
    else
      out = random_view(result, ndim, kept, false, &out_owner);
    ok(gr_reduce(&out, op, &a, axes, &err), &err);

    long double *x = malloc((size_t)gr_tensor_size(&a) * sizeof *x);
    int64_t index[GR_MAX_DIMS] = {0};
    for (int64_t r = 0; r < results; r++, next_index(index, ndim, kept)) {
      int64_t inner[GR_MAX_DIMS], n = 0, count = gr_tensor_size(&a) / results, reduced[GR_MAX_DIMS];
      memcpy(inner, index, sizeof inner);
      for (int i = 0; i < ndim; i++) reduced[i] = axes >> i & 1 ? shape[i] : 1;
      int64_t offset[GR_MAX_DIMS] = {0};
      for (; n < count; n++, next_index(offset, ndim, reduced)) {
        for (int i = 0; i < ndim; i++) inner[i] = index[i] + offset[i];
        x[n] = gr_tensor_get(&a, inner);
      }
      check_one(op, dtype, flat_form ? get(&out, r) : gr_tensor_get(&out, index), x, n);
    }
    free(x);
    gr_tensor_finish(&owner);
    gr_tensor_finish(&out_owner);
  }
}

static void long_and_odd_lengths_agree_with_the_naive_loop(void **state) {
  gr_err err;
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++)
    for (int n = 1; n < 20000; n = n < 150 ? n + 1 : n * 2 + below(50)) {
      gr_tensor a = make(dtype, 1, (int64_t[]){n});
      long double *x = malloc((size_t)n * sizeof *x);
      for (int i = 0; i < n; i++) set(&a, i, uniform(-1, 3)), x[i] = get(&a, i);
      if (n % 7 == 3) set(&a, n / 2, NAN), x[n / 2] = NAN;
      if (n % 7 == 4) set(&a, n - 1, INFINITY), x[n - 1] = INFINITY;
      for (int op = 0; op < GR_N_REDUCE; op++) {
        gr_tensor out = make(gr_reduce_dtype(op, dtype), 0, NULL);
        ok(gr_reduce(&out, op, &a, 1, &err), &err);
        if (op != GR_PROD || n < 100) check_one(op, dtype, gr_tensor_get(&out, NULL), x, n);
        gr_tensor_finish(&out);
      }
      free(x);
      gr_tensor_finish(&a);
    }
}

static void a_float32_sum_of_ten_million_numbers_holds_six_digits(void **state) {
  enum { N = 10000000 };
  gr_err err;
  gr_tensor a = make(GR_F32, 1, (int64_t[]){N}), out = make(GR_F32, 0, NULL);
  ok(gr_fill(&a, 0.1, &err), &err);
  ok(gr_reduce(&out, GR_SUM, &a, 1, &err), &err);
  assert_true(fabs(gr_tensor_get(&out, NULL) - 1e6) < 0.5);
  gr_tensor columns = a;  // the same as (1250000, 8), summed over rows
  columns.ndim = 2;
  columns.shape[0] = N / 8, columns.shape[1] = 8, columns.stride[0] = 8, columns.stride[1] = 1;
  gr_tensor sums = make(GR_F32, 1, (int64_t[]){8});
  ok(gr_reduce(&sums, GR_SUM, &columns, 1, &err), &err);
  for (int i = 0; i < 8; i++) assert_true(fabs(get(&sums, i) - 125000) < 0.06);
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
  gr_tensor_finish(&sums);
}

static void variance_of_numbers_far_from_zero_is_right(void **state) {
  gr_err err;
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
    gr_tensor a = make(dtype, 2, (int64_t[]){1000, 40}), out = make(dtype, 0, NULL);
    gr_tensor rows = make(dtype, 1, (int64_t[]){40});
    double base = dtype == GR_F64 ? 1e9 : 1e5;
    for (int64_t i = 0; i < 1000; i++)
      for (int64_t k = 0; k < 40; k++) gr_tensor_set(&a, (int64_t[]){i, k}, base + (double)(i % 2));
    ok(gr_reduce(&out, GR_VAR, &a, 3, &err), &err);
    assert_true(fabs(gr_tensor_get(&out, NULL) - 0.25) < 1e-6);
    ok(gr_reduce(&rows, GR_VAR, &a, 1, &err), &err);
    for (int k = 0; k < 40; k++) assert_true(fabs(get(&rows, k) - 0.25) < 1e-6);
    gr_tensor_finish(&a);
    gr_tensor_finish(&out);
    gr_tensor_finish(&rows);
  }
}

static void nothing_has_a_sum_and_a_product_but_no_extremes(void **state) {
  gr_err err;
  gr_tensor a = make(GR_F64, 2, (int64_t[]){0, 3});
  for (int op = 0; op < GR_N_REDUCE; op++) {
    gr_tensor out = make(gr_reduce_dtype(op, GR_F64), 1, (int64_t[]){3});
    gr_tensor none = make(out.dtype, 1, (int64_t[]){0});
    gr_code code = gr_reduce(&out, op, &a, 1, &err);
    if (op == GR_MIN || op == GR_MAX || op == GR_ARGMIN || op == GR_ARGMAX) {
      assert_int_equal(code, GR_ERR_VALUE);
      assert_non_null(strstr(err.text, "of nothing: axis 1 of shape (0, 3) is empty"));
    } else {
      assert_int_equal(code, GR_OK);
      double x = get(&out, 2);
      if (op == GR_MEAN || op == GR_VAR || op == GR_STD)
        assert_true(isnan(x));
      else
        assert_true(x == (op == GR_PROD || op == GR_ALL));
    }
    ok(gr_reduce(&none, op, &a, 2, &err), &err);
    gr_tensor_finish(&out);
    gr_tensor_finish(&none);
  }
  gr_tensor_finish(&a);
}

static void integers_are_exact_or_refused(void **state) {
  gr_err err;
  gr_tensor a = make(GR_I64, 1, (int64_t[]){3}), out = make(GR_I64, 0, NULL);
  int64_t *p = a.data, *r = out.data;
  p[0] = 9007199254740993, p[1] = 9007199254740992, p[2] = 1;
  ok(gr_reduce(&out, GR_SUM, &a, 1, &err), &err);
  assert_true(*r == 18014398509481986);
  ok(gr_reduce(&out, GR_ARGMAX, &a, 1, &err), &err);
  assert_true(*r == 0);
  ok(gr_reduce(&out, GR_MAX, &a, 1, &err), &err);
  assert_true(*r == 9007199254740993);
  assert_int_equal(gr_reduce(&out, GR_PROD, &a, 1, &err), GR_ERR_VALUE);
  p[0] = INT64_MAX;
  assert_int_equal(gr_reduce(&out, GR_SUM, &a, 1, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "2^63"));
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
}

// From either end, into any view. Factors are 1, -1 and a few twos.
static void running_sums_and_products_go_along_one_axis(void **state) {
  gr_err err;
  for (int round = 0; round < 1000; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    int ndim = random_shape(shape);
    if (ndim == 0) continue;
    int axis = below(ndim);
    bool product = below(2), reverse = below(2);
    gr_dtype dtype = below(GR_N_DTYPES);
    gr_reduce_op op = product ? GR_PROD : GR_SUM;
    gr_tensor oa, oo, a = random_view(dtype, ndim, shape, false, &oa);
    for (int64_t i = 0, n = gr_tensor_size(&a); product && i < n; i++, next_index(index, ndim, shape))
      gr_tensor_set(&a, index, index[axis] % 29 == 5 ? 2 : gr_dtype_is_float(dtype) && below(2) ? -1 : 1);
    gr_tensor out = random_view(gr_reduce_dtype(op, dtype), ndim, shape, false, &oo);
    ok(gr_scan(&out, op, &a, axis, reverse, &err), &err);
    memset(index, 0, sizeof index);
    for (int64_t i = 0, n = gr_tensor_size(&a); i < n; i++, next_index(index, ndim, shape)) {
      double x = gr_tensor_get(&a, index);
      int64_t before[GR_MAX_DIMS];
      memcpy(before, index, sizeof before);
      before[axis] += reverse ? 1 : -1;
      if (before[axis] >= 0 && before[axis] < shape[axis])
        x = product ? x * gr_tensor_get(&out, before) : x + gr_tensor_get(&out, before);
      assert_true(gr_tensor_get(&out, index) == x);
    }
    gr_tensor_finish(&oa);
    gr_tensor_finish(&oo);
  }
  gr_tensor t = make(GR_F64, 0, NULL);
  assert_int_equal(gr_scan(&t, GR_SUM, &t, 0, false, &err), GR_ERR_SHAPE);
  gr_tensor_finish(&t);
}

static void a_spread_divides_by_the_count_less_ddof(void **state) {
  gr_err err;
  gr_tensor a = make(GR_F64, 1, (int64_t[]){4}), out = make(GR_F64, 0, NULL);
  for (int i = 0; i < 4; i++) set(&a, i, i + 1);
  ok(gr_reduce_spread(&out, GR_VAR, &a, 1, 1, &err), &err);
  assert_true(fabs(gr_tensor_get(&out, NULL) - 5.0 / 3) < 1e-15);
  ok(gr_reduce_spread(&out, GR_STD, &a, 1, 4, &err), &err);
  assert_true(isinf(gr_tensor_get(&out, NULL)));
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
}

int main(int argc, char **argv) {
  int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reductions_over_any_axes_agree_with_the_naive_loop),
      cmocka_unit_test(long_and_odd_lengths_agree_with_the_naive_loop),
      cmocka_unit_test(a_float32_sum_of_ten_million_numbers_holds_six_digits),
      cmocka_unit_test(variance_of_numbers_far_from_zero_is_right),
      cmocka_unit_test(nothing_has_a_sum_and_a_product_but_no_extremes),
      cmocka_unit_test(integers_are_exact_or_refused),
      cmocka_unit_test(running_sums_and_products_go_along_one_axis),
      cmocka_unit_test(a_spread_divides_by_the_count_less_ddof),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
