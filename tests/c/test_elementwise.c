// Elementwise operations against long double references, on every instruction set of this machine.
#include "kernel_test.h"

// Distance in units of the last place of the true value.
static double ulps(long double expected, double got, gr_dtype dtype) {
  double rounded = dtype == GR_F32 ? (float)expected : (double)expected;
  if (isnan(rounded) || isnan(got)) return isnan(rounded) && isnan(got) ? 0 : INFINITY;
  if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
  int exponent;
  frexpl(expected, &exponent);
  exponent -= dtype == GR_F32 ? 24 : 53;
  int least = dtype == GR_F32 ? -149 : -1074;
  if (expected == 0 || exponent < least) exponent = least;
  return (double)fabsl(ldexpl((long double)got - expected, -exponent));
}

static long double unary_reference(gr_unary_op op, long double x) {
  switch (op) {
    case GR_NEG: return -x;
    case GR_ABS: return fabsl(x);
    case GR_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;
    case GR_SQUARE: return x * x;
    case GR_SQRT: return sqrtl(x);
    case GR_RECIPROCAL: return 1 / x;
    case GR_EXP: return expl(x);
    case GR_EXPM1: return expm1l(x);
    case GR_LOG: return logl(x);
    case GR_LOG1P: return log1pl(x);
    case GR_LOG2: return log2l(x);
    case GR_LOG10: return log10l(x);
    case GR_SIN: return sinl(x);
    case GR_COS: return cosl(x);
    case GR_TAN: return tanl(x);
    case GR_ASIN: return asinl(x);
    case GR_ACOS: return acosl(x);
    case GR_ATAN: return atanl(x);
    case GR_SINH: return sinhl(x);
    case GR_COSH: return coshl(x);
    case GR_TANH: return tanhl(x);
    case GR_FLOOR: return floorl(x);
    case GR_CEIL: return ceill(x);
    case GR_ROUND: return rintl(x);
    case GR_SIGMOID: return x >= 0 ? 1 / (1 + expl(-x)) : expl(x) / (1 + expl(x));
    case GR_RELU: return x <= 0 ? 0 : x;
    case GR_SOFTPLUS: return (x > 0 ? x : x != x ? x : 0) + log1pl(expl(-fabsl(x)));
    case GR_STEP: return x > 0 ? 1 : x <= 0 ? 0 : x;
    case GR_CBRT: return cbrtl(x);
    case GR_ERF: return erfl(x);
    case GR_NORMAL_CDF: return erfcl(-x * 0.70710678118654752440084436210485L) / 2;
    case GR_ISINF: return isinf(x) != 0;
    case GR_ISNAN: return isnan(x);
    case GR_ISFINITE: return isfinite(x);
    case GR_NOT: return x == 0;
    default: return NAN;
  }
}

static const double special[] = {
    0.0,
    -0.0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    -2.5,
    2,
    3,
    10,
    100,
    1000,
    -1000,
    1e10,
    -1e10,
    0.7071067811865475,
    0.7071067811865476,
    1.4142135623730951,
    0.625,
    -0.625,
    0.6249999,
    0.35,
    -0.35,
    1e-300,
    -1e-300,
    1e300,
    -1e300,
    1e-20,
    -1e-20,
    4.9e-324,
    -4.9e-324,
    2.2250738585072014e-308,
    1e-310,
    1e-40,
    -1e-40,
    1.4e-45,
    1.17549435e-38,
    3.4028234e38,
    709.78,
    709.79,
    710,
    711,
    -708.4,
    -745.1,
    -745.2,
    -746,
    -750,
    88.72,
    88.73,
    89,
    -87.3,
    -103.9,
    -104,
    -105,
    1e-8,
    1e-4,
    -1e-8,
    -0.99999999,
    INFINITY,
    -INFINITY,
    NAN,
    4503599627370497.0,
    9007199254740993.0,
    1 / 3.0,
};
#define N_SPECIAL (sizeof special / sizeof special[0])

static double sample(int kind) {
  switch (kind % 5) {
    case 0: return uniform(-4, 4);
    case 1: return uniform(-750, 750);
    case 2: return uniform(-110, 110);
    case 3: return ldexp(uniform(-2, 2), below(2090) - 1060);
    default: return ldexp(uniform(-2, 2), below(60) - 50);
  }
}

// Two ulps everywhere, but where inner_math.h says why not: the quotients of two functions.
static double unary_limit(gr_unary_op op, gr_dtype dtype) {
  if (op == GR_TANH) return dtype == GR_F32 ? 5.5 : 2.5;
  if (op == GR_NORMAL_CDF) return 6;
  return op == GR_TAN || op == GR_ERF ? 3 : 2;
}

static void unary_functions_are_within_two_ulps(void **state) {
  enum { N = 20011 };
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
    gr_tensor a = make(dtype, 1, (int64_t[]){N});
    for (int i = 0; i < N; i++) set(&a, i, i < (int)N_SPECIAL ? special[i] : sample(i));
    for (int op = 0; op < GR_N_UNARY; op++) {
      gr_tensor out = make(gr_unary_dtype(op, dtype), 1, (int64_t[]){N});
      gr_err err;
      ok(gr_unary(&out, op, &a, &err), &err);
      double worst = 0, where = 0;
      for (int i = 0; i < N; i++) {
        long double expected = unary_reference(op, get(&a, i));
        double u = ulps(expected, get(&out, i), out.dtype == GR_BOOL ? GR_F64 : dtype);
        if (u > worst) worst = u, where = get(&a, i);
        bool same_sign = !signbit(expected) == !signbit(get(&out, i));
        if (expected == 0 && op != GR_RELU && !same_sign && out.dtype != GR_BOOL)
          fail_msg("%s(%g): the sign of zero", gr_unary_name(op), get(&a, i));
      }
      if (worst > unary_limit(op, dtype))
        fail_msg("%s of %s is %g ulps off at %.17g", gr_unary_name(op), gr_dtype_name(dtype), worst, where);
      gr_tensor_finish(&out);
    }
    gr_tensor_finish(&a);
  }
}

// Blocks of ordinary numbers take short formulas; others, tails and single numbers must come to the same
// bits.
static void an_element_has_the_same_bits_alone_in_a_tail_and_beside_any_neighbour(void **state) {
  enum { N = 3001 };
  gr_err err;
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++)
    for (int op = 0; op < GR_N_UNARY; op++) {
      gr_tensor a = make(dtype, 1, (int64_t[]){N}), all = make(gr_unary_dtype(op, dtype), 1, (int64_t[]){N});
      for (int i = 0; i < N; i++) set(&a, i, i < N / 2 ? uniform(-3, 3) : sample(i));
      ok(gr_unary(&all, op, &a, &err), &err);
      const size_t size = gr_dtype_size(dtype), out_size = gr_dtype_size(all.dtype);
      gr_tensor rare = make(dtype, 1, (int64_t[]){N}), among = make(all.dtype, 1, (int64_t[]){N});
      for (int i = 0; i < N; i++) set(&rare, i, i % 7 == 3 ? special[below(N_SPECIAL)] : get(&a, i));
      ok(gr_unary(&among, op, &rare, &err), &err);
      for (int i = 0; i < N; i++) {
        double one, result = 0;
        memcpy(&one, (char *)a.data + (size_t)i * size, size);
        gr_tensor in = {.data = &one, .dtype = dtype}, out = {.data = &result, .dtype = all.dtype};
        ok(gr_unary(&out, op, &in, &err), &err);
        const char *whole = (char *)all.data + (size_t)i * out_size;
        if (memcmp(&result, whole, out_size) && get(&all, i) == get(&all, i))
          fail_msg("%s(%.17g) differs alone", gr_unary_name(op), get(&a, i));
        if (i % 7 != 3 && memcmp((char *)among.data + (size_t)i * out_size, whole, out_size) &&
            get(&all, i) == get(&all, i))
          fail_msg("%s(%.17g) depends on its neighbours", gr_unary_name(op), get(&a, i));
      }
      if (rare.dtype == all.dtype) {
        ok(gr_unary(&rare, op, &rare, &err), &err);  // in place
        assert_memory_equal(rare.data, among.data, N * size);
      }
      gr_tensor_finish(&a), gr_tensor_finish(&all), gr_tensor_finish(&rare), gr_tensor_finish(&among);
    }
}

static long double binary_reference(gr_binary_op op, long double x, long double y) {
  switch (op) {
    case GR_ADD: return x + y;
    case GR_SUB: return x - y;
    case GR_MUL: return x * y;
    case GR_DIV: return x / y;
    case GR_POW: return powl(x, y);
    case GR_MAXIMUM: return isnan(x) || isnan(y) ? NAN : x >= y ? x : y;
    case GR_MINIMUM: return isnan(x) || isnan(y) ? NAN : x <= y ? x : y;
    case GR_FMOD: {
      long double r = fmodl(x, y);
      return r == 0 ? copysignl(0, y) : (r < 0) != (y < 0) ? r + y : r;
    }
    case GR_EQ: return x == y;
    case GR_NE: return x != y;
    case GR_LT: return x < y;
    case GR_LE: return x <= y;
    case GR_GT: return x > y;
    case GR_GE: return x >= y;
    case GR_AND: return x != 0 && y != 0;
    case GR_OR: return x != 0 || y != 0;
    case GR_XOR: return (x != 0) != (y != 0);
    case GR_ATAN2: return atan2l(x, y);
    case GR_HYPOT: return hypotl(x, y);
    case GR_LEAKY_RELU: return x > 0 ? x : y * x;
    case GR_ELU: return x > 0 ? x : y * expm1l(x);
    default: return NAN;
  }
}

static void check_binary(gr_binary_op op, double x, double y, double got, gr_dtype dtype) {
  bool mask = op >= GR_EQ;
  double u = ulps(binary_reference(op, x, y), got, mask ? GR_F64 : dtype);
  // FMOD adds the divisor to fmod's result in its own type: one rounding.
  bool formula = op == GR_POW || op == GR_ATAN2 || op == GR_HYPOT || op == GR_ELU;
  if (u > (mask || op == GR_MAXIMUM || op == GR_MINIMUM ? 0 : formula ? 2 : 0.51))
    fail_msg("%s(%.17g, %.17g) in %s is %.17g, %g ulps off", gr_binary_name(op), x, y, gr_dtype_name(dtype),
             got, u);
}

static void binary_functions_agree_with_libm_in_all_three_forms(void **state) {
  enum { N = 4001 };
  gr_err err;
  for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
    gr_tensor a = make(dtype, 1, (int64_t[]){N}), b = make(dtype, 1, (int64_t[]){N});
    for (int i = 0; i < N; i++) {
      bool from_list = i < 2000;
      set(&a, i, from_list ? special[below(N_SPECIAL)] : sample(i));
      set(&b, i, from_list ? special[below(N_SPECIAL)] : sample(i / 5));
    }
    for (int op = 0; op < GR_N_BINARY; op++) {
      gr_tensor out = make(gr_binary_dtype(op, dtype, dtype), 1, (int64_t[]){N});
      ok(gr_binary(&out, op, &a, &b, &err), &err);
      for (int i = 0; i < N; i++) check_binary(op, get(&a, i), get(&b, i), get(&out, i), dtype);
      for (size_t k = 0; k < N_SPECIAL; k += 3) {
        double number = dtype == GR_F32 ? (float)special[k] : special[k];
        ok(gr_binary_scalar(&out, op, &a, number, false, &err), &err);
        for (int i = 0; i < N; i++) check_binary(op, get(&a, i), number, get(&out, i), dtype);
        ok(gr_binary_scalar(&out, op, &a, number, true, &err), &err);
        for (int i = 0; i < N; i++) check_binary(op, number, get(&a, i), get(&out, i), dtype);
      }
      gr_tensor_finish(&out);
    }
    gr_tensor_finish(&a);
    gr_tensor_finish(&b);
  }
}

static void simple_exponents_and_inplace_operation_work(void **state) {
  gr_err err;
  const double exponents[] = {1, 2, 3, -1, 0.5, 0, -2, 2.5};
  gr_tensor a = make(GR_F64, 1, (int64_t[]){300}), out = make(GR_F64, 1, (int64_t[]){300});
  for (int k = 0; k < 8; k++) {
    for (int i = 0; i < 300; i++) set(&a, i, uniform(0, 20));
    ok(gr_binary_scalar(&out, GR_POW, &a, exponents[k], false, &err), &err);
    for (int i = 0; i < 300; i++) check_binary(GR_POW, get(&a, i), exponents[k], get(&out, i), GR_F64);
    ok(gr_binary_scalar(&a, GR_POW, &a, exponents[k], false, &err), &err);
    for (int i = 0; i < 300; i++) assert_true(get(&a, i) == get(&out, i));
  }
  gr_tensor_finish(&a);
  gr_tensor_finish(&out);
}

static double value_at(const gr_tensor *t, int ndim, const int64_t *index) {
  int64_t own[GR_MAX_DIMS] = {0};
  for (int i = 0; i < t->ndim; i++) own[i] = t->shape[i] == 1 ? 0 : index[i + ndim - t->ndim];
  return gr_tensor_get(t, own);
}

static void any_strides_and_dtypes_give_what_elements_give(void **state) {
  const gr_binary_op ops[] = {GR_ADD, GR_SUB, GR_MUL, GR_LT, GR_MAXIMUM, GR_AND};
  gr_err err;
  for (int round = 0; round < 3000; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    int ndim = random_shape(shape);
    gr_dtype da = below(GR_N_DTYPES), db = below(GR_N_DTYPES);
    gr_binary_op op = ops[below(6)];
    gr_tensor owner_a, owner_b, owner_out, a = random_view(da, ndim, shape, true, &owner_a);
    gr_tensor b = random_view(db, ndim, shape, true, &owner_b);
    int out_ndim;
    ok(gr_broadcast_shape(&out_ndim, shape, &a, &b, &err), &err);
    gr_dtype result = gr_binary_dtype(op, da, db);
    gr_tensor out = random_view(result, out_ndim, shape, false, &owner_out);
    ok(gr_binary(&out, op, &a, &b, &err), &err);
    for (int64_t i = 0, n = gr_tensor_size(&out); i < n; i++, next_index(index, ndim, shape)) {
      double x = value_at(&a, ndim, index), y = value_at(&b, ndim, index);
      assert_true(value_at(&out, ndim, index) == (double)binary_reference(op, x, y));
    }
    memset(index, 0, sizeof index);
    gr_tensor owner_u, u = random_view(gr_unary_dtype(GR_NEG, da), a.ndim, a.shape, false, &owner_u);
    ok(gr_unary(&u, GR_NEG, &a, &err), &err);
    for (int64_t i = 0, n = gr_tensor_size(&u); i < n; i++, next_index(index, ndim, a.shape))
      assert_true(value_at(&u, ndim, index) == -value_at(&a, ndim, index));
    gr_tensor_finish(&owner_a);
    gr_tensor_finish(&owner_b);
    gr_tensor_finish(&owner_out);
    gr_tensor_finish(&owner_u);
  }
}

static void copies_convert_between_all_dtypes_and_strides(void **state) {
  gr_err err;
  for (int round = 0; round < 2000; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    int ndim = random_shape(shape);
    gr_dtype from = below(GR_N_DTYPES), to = below(GR_N_DTYPES);
    if (to == GR_U8 && from != GR_BOOL) from = GR_U8;  // others are refused: below
    gr_tensor owner_a, owner_out, a = random_view(from, ndim, shape, true, &owner_a);
    gr_tensor out = random_view(to, ndim, shape, false, &owner_out);
    ok(gr_copy(&out, &a, &err), &err);
    for (int64_t i = 0, n = gr_tensor_size(&out); i < n; i++, next_index(index, ndim, shape)) {
      double x = value_at(&a, ndim, index);
      assert_true(value_at(&out, ndim, index) == (to == GR_BOOL ? x != 0 : x));
    }
    ok(gr_fill(&out, 1, &err), &err);
    memset(index, 0, sizeof index);
    for (int64_t i = 0, n = gr_tensor_size(&out); i < n; i++, next_index(index, ndim, shape))
      assert_true(value_at(&out, ndim, index) == 1);
    gr_tensor_finish(&owner_a);
    gr_tensor_finish(&owner_out);
  }
}

static void floats_that_an_integer_cannot_hold_are_refused_and_change_nothing(void **state) {
  const struct {
    double x;
    gr_dtype to;
    const char *said;
  } cases[] = {
      {2.5, GR_I64, "2.5 is not a whole number"},
      {NAN, GR_I64, "nan is not a whole number"},
      {INFINITY, GR_U8, "inf is not"},
      {0x1p63, GR_I64, "does not fit into int64"},
      {256, GR_U8, "256 does not fit into uint8"},
      {-1, GR_U8, "-1 does not fit into uint8"},
  };
  gr_err err;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    gr_tensor a = make(GR_F64, 1, (int64_t[]){1000}), out = make(cases[k].to, 1, (int64_t[]){1000});
    ok(gr_fill(&a, 7, &err), &err);
    ok(gr_fill(&out, 9, &err), &err);
    set(&a, 999, cases[k].x);
    assert_int_equal(gr_copy(&out, &a, &err), GR_ERR_VALUE);
    assert_non_null(strstr(err.text, cases[k].said));
    assert_true(get(&out, 0) == 9);
    assert_int_equal(gr_fill(&out, cases[k].x, &err), GR_ERR_VALUE);
    set(&a, 999, cases[k].to == GR_I64 ? -0x1p63 : 255);
    ok(gr_copy(&out, &a, &err), &err);
    gr_tensor_finish(&a);
    gr_tensor_finish(&out);
  }
  gr_tensor k = make(GR_I64, 1, (int64_t[]){3}), u = make(GR_U8, 1, (int64_t[]){3});
  ok(gr_fill(&k, 300, &err), &err);
  assert_int_equal(gr_copy(&u, &k, &err), GR_ERR_VALUE);
  gr_tensor_finish(&k);
  gr_tensor_finish(&u);
}

static void where_chooses_element_by_element(void **state) {
  gr_err err;
  for (int round = 0; round < 1500; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
    int ndim = random_shape(shape);
    gr_dtype dtype = below(GR_N_DTYPES);
    gr_tensor oc, oa, ob, oo;
    gr_tensor c = random_view(GR_BOOL, ndim, shape, true, &oc);
    gr_tensor a = random_view(dtype, ndim, shape, true, &oa);
    gr_tensor b = random_view(dtype, ndim, shape, true, &ob);
    gr_tensor out = random_view(dtype, ndim, shape, false, &oo);
    ok(gr_where(&out, &c, &a, &b, &err), &err);
    for (int64_t i = 0, n = gr_tensor_size(&out); i < n; i++, next_index(index, ndim, shape))
      assert_true(value_at(&out, ndim, index) == value_at(value_at(&c, ndim, index) ? &a : &b, ndim, index));
    gr_tensor_finish(&oc);
    gr_tensor_finish(&oa);
    gr_tensor_finish(&ob);
    gr_tensor_finish(&oo);
  }
  gr_tensor x = make(GR_F64, 0, NULL);
  assert_int_equal(gr_where(&x, &x, &x, &x, &err), GR_ERR_TYPE);
  gr_tensor_finish(&x);
}

static void results_of_the_wrong_shape_or_dtype_are_refused(void **state) {
  gr_err err;
  gr_tensor a = make(GR_F64, 1, (int64_t[]){3}), b = make(GR_F64, 1, (int64_t[]){4});
  gr_tensor m = make(GR_BOOL, 1, (int64_t[]){3});
  assert_int_equal(gr_binary(&a, GR_ADD, &a, &b, &err), GR_ERR_SHAPE);
  assert_int_equal(gr_unary(&b, GR_EXP, &a, &err), GR_ERR_SHAPE);
  assert_int_equal(gr_unary(&m, GR_EXP, &a, &err), GR_ERR_TYPE);
  assert_int_equal(gr_binary(&a, GR_LT, &a, &a, &err), GR_ERR_TYPE);
  gr_tensor_finish(&a);
  gr_tensor_finish(&b);
  gr_tensor_finish(&m);
}

int main(int argc, char **argv) {
  int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unary_functions_are_within_two_ulps),
      cmocka_unit_test(an_element_has_the_same_bits_alone_in_a_tail_and_beside_any_neighbour),
      cmocka_unit_test(binary_functions_agree_with_libm_in_all_three_forms),
      cmocka_unit_test(simple_exponents_and_inplace_operation_work),
      cmocka_unit_test(any_strides_and_dtypes_give_what_elements_give),
      cmocka_unit_test(copies_convert_between_all_dtypes_and_strides),
      cmocka_unit_test(floats_that_an_integer_cannot_hold_are_refused_and_change_nothing),
      cmocka_unit_test(where_chooses_element_by_element),
      cmocka_unit_test(results_of_the_wrong_shape_or_dtype_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
