// Tensors as text: what NumPy 1.24 prints for them, recorded.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/format.h"

#define NUMBERS(...) (const double[]){__VA_ARGS__}, 0

typedef struct sample {
  gr_dtype dtype;
  int ndim;
  int64_t shape[4];
  const double *numbers;  // or NULL: 0, step, 2 step, ...
  double step;
  gr_format options;  // zeros stand for the defaults; -1 decimals are none
  const char *text;
} sample;

static const sample samples[] = {
    {GR_F64,
     2,
     {3, 1},
     NUMBERS(-0.165955990594852, 0.4406489868843162, -0.9997712503653102),
     {0},
     "[[-0.16595599]\n"
     " [ 0.44064899]\n"
     " [-0.99977125]]"},
    {GR_F64,
     2,
     {3, 1},
     NUMBERS(9.672993027736892, -0.20784349926631968, -4.62963668773159),
     {0},
     "[[ 9.67299303]\n"
     " [-0.2078435 ]\n"
     " [-4.62963669]]"},
    {GR_F64,
     2,
     {3, 1},
     NUMBERS(0.417022004702574, 0.7203244934421581, 0.00011437481734488664),
     {0},
     "[[4.17022005e-01]\n"
     " [7.20324493e-01]\n"
     " [1.14374817e-04]]"},
    {GR_F64,
     2,
     {4, 3},
     NUMBERS(0, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1),
     {0},
     "[[0. 0. 1.]\n"
     " [1. 1. 1.]\n"
     " [1. 0. 1.]\n"
     " [0. 1. 1.]]"},
    {GR_F64, 1, {3}, NUMBERS(1, 2, 3), {0}, "[1. 2. 3.]"},
    {GR_F64, 1, {3}, NUMBERS(1, -2, 3), {0}, "[ 1. -2.  3.]"},
    {GR_F64, 1, {1}, NUMBERS(0), {0}, "[0.]"},
    {GR_F64, 1, {2}, NUMBERS(-0.0, 0), {0}, "[-0.  0.]"},
    {GR_F64, 1, {3}, NUMBERS(0.5, 0.25, 0.125), {0}, "[0.5   0.25  0.125]"},
    {GR_F64, 1, {3}, NUMBERS(1, 10.5, 100.25), {0}, "[  1.    10.5  100.25]"},
    {GR_F64, 1, {2}, NUMBERS(0.3333333333333333, 0.6666666666666666), {0}, "[0.33333333 0.66666667]"},
    {GR_F64, 1, {2}, NUMBERS(0.1, 0.30000000000000004), {0}, "[0.1 0.3]"},
    {GR_F64, 1, {2}, NUMBERS(1000, 1), {0}, "[1000.    1.]"},
    {GR_F64, 1, {2}, NUMBERS(1001, 1), {0}, "[1.001e+03 1.000e+00]"},
    {GR_F64, 1, {2}, NUMBERS(99999999.0, 100000), {0}, "[99999999.   100000.]"},
    {GR_F64, 1, {1}, NUMBERS(100000000.0), {0}, "[1.e+08]"},
    {GR_F64, 1, {2}, NUMBERS(0.0001, 0.001), {0}, "[0.0001 0.001 ]"},
    {GR_F64, 1, {2}, NUMBERS(9.9e-05, 0.001), {0}, "[9.9e-05 1.0e-03]"},
    {GR_F64, 1, {3}, NUMBERS(1e+100, 1, 0), {0}, "[1.e+100 1.e+000 0.e+000]"},
    {GR_F64, 1, {3}, NUMBERS(-1e-100, 100000, 1.5), {0}, "[-1.0e-100  1.0e+005  1.5e+000]"},
    {GR_F64, 1, {2}, NUMBERS(1.7976931348623157e+308, 5e-324), {0}, "[1.79769313e+308 4.94065646e-324]"},
    {GR_F64, 1, {3}, NUMBERS(123456789.123, 1, 2), {0}, "[1.23456789e+08 1.00000000e+00 2.00000000e+00]"},
    {GR_F64, 1, {2}, NUMBERS(9.999999999, 1), {0}, "[10.  1.]"},
    {GR_F64, 1, {2}, NUMBERS(0.99999999999, 0.5), {0}, "[1.  0.5]"},
    {GR_F64,
     1,
     {3},
     NUMBERS(12345.678912345, 99.5, 3000),
     {0},
     "[12345.67891234    99.5         3000.        ]"},
    {GR_F64, 1, {3}, NUMBERS(NAN, 1, 2), {0}, "[nan  1.  2.]"},
    {GR_F64, 1, {3}, NUMBERS(NAN, INFINITY, -INFINITY), {0}, "[ nan  inf -inf]"},
    {GR_F64, 1, {2}, NUMBERS(INFINITY, 1.5), {0}, "[inf 1.5]"},
    {GR_F64, 1, {2}, NUMBERS(-INFINITY, 1.5), {0}, "[-inf  1.5]"},
    {GR_F64, 1, {1}, NUMBERS(NAN), {0}, "[nan]"},
    {GR_F64, 1, {3}, NUMBERS(NAN, 10000000000.0, 1), {0}, "[   nan 1.e+10 1.e+00]"},
    {GR_F64, 1, {3}, NUMBERS(-INFINITY, 1234.5, -0.25), {0}, "[       -inf  1.2345e+03 -2.5000e-01]"},
    {GR_F64, 0, {0}, NUMBERS(0.1), {0}, "0.1"},
    {GR_F64, 0, {0}, NUMBERS(1e-05), {0}, "1e-05"},
    {GR_F64, 0, {0}, NUMBERS(1e+16), {0}, "1e+16"},
    {GR_F64, 0, {0}, NUMBERS(1.2345678901234568e+17), {0}, "1.2345678901234568e+17"},
    {GR_F64, 0, {0}, NUMBERS(3), {0}, "3.0"},
    {GR_F64, 0, {0}, NUMBERS(-0.0), {0}, "-0.0"},
    {GR_F64, 0, {0}, NUMBERS(NAN), {0}, "nan"},
    {GR_F64, 0, {0}, NUMBERS(-INFINITY), {0}, "-inf"},
    {GR_F32, 1, {3}, NUMBERS(0.1, 0.2, 0.3), {0}, "[0.1 0.2 0.3]"},
    {GR_F32, 1, {2}, NUMBERS(0.3333333333333333, 1), {0}, "[0.33333334 1.        ]"},
    {GR_F32, 1, {2}, NUMBERS(16777216.0, 1), {0}, "[1.6777216e+07 1.0000000e+00]"},
    {GR_F32, 1, {2}, NUMBERS(0.1, 1e-05), {0}, "[1.e-01 1.e-05]"},
    {GR_F32, 1, {2}, NUMBERS(3.4028234663852886e+38, 1e-45), {0}, "[3.4028235e+38 1.4012985e-45]"},
    {GR_F32, 0, {0}, NUMBERS(0.1), {0}, "0.1"},
    {GR_F32, 0, {0}, NUMBERS(0.0001), {0}, "1e-04"},
    {GR_F32, 0, {0}, NUMBERS(16777216.0), {0}, "16777216.0"},
    {GR_I64, 1, {3}, NUMBERS(1, 20, -300), {0}, "[   1   20 -300]"},
    {GR_I64,
     2,
     {2, 2},
     NUMBERS(1, 2, 3, 4),
     {0},
     "[[1 2]\n"
     " [3 4]]"},
    {GR_I64, 0, {0}, NUMBERS(-7), {0}, "-7"},
    {GR_U8, 1, {4}, NUMBERS(0, 7, 42, 255), {0}, "[  0   7  42 255]"},
    {GR_BOOL, 1, {2}, NUMBERS(1, 0), {0}, "[ True False]"},
    {GR_BOOL,
     2,
     {2, 2},
     NUMBERS(1, 1, 0, 1),
     {0},
     "[[ True  True]\n"
     " [False  True]]"},
    {GR_BOOL, 0, {0}, NUMBERS(1), {0}, "True"},
    {GR_F64, 1, {0}, NULL, 0, {0}, "[]"},
    {GR_F64, 3, {2, 0, 3}, NULL, 0, {0}, "[]"},
    {GR_I64, 1, {0}, NULL, 0, {0}, "[]"},
    {GR_F64,
     3,
     {2, 2, 2},
     NULL,
     1,
     {0},
     "[[[0. 1.]\n"
     "  [2. 3.]]\n"
     "\n"
     " [[4. 5.]\n"
     "  [6. 7.]]]"},
    {GR_I64,
     4,
     {2, 1, 2, 2},
     NULL,
     1,
     {0},
     "[[[[0 1]\n"
     "   [2 3]]]\n"
     "\n"
     "\n"
     " [[[4 5]\n"
     "   [6 7]]]]"},
    {GR_F64, 3, {1, 1, 1}, NULL, 1, {0}, "[[[0.]]]"},
    {GR_I64,
     1,
     {30},
     NULL,
     1,
     {0},
     "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
     " 24 25 26 27 28 29]"},
    {GR_F64,
     1,
     {20},
     NULL,
     0.37,
     {0},
     "[0.   0.37 0.74 1.11 1.48 1.85 2.22 2.59 2.96 3.33 3.7  4.07 4.44 4.81\n"
     " 5.18 5.55 5.92 6.29 6.66 7.03]"},
    {GR_F64,
     2,
     {2, 16},
     NULL,
     0.125,
     {0},
     "[[0.    0.125 0.25  0.375 0.5   0.625 0.75  0.875 1.    1.125 1.25  1.375\n"
     "  1.5   1.625 1.75  1.875]\n"
     " [2.    2.125 2.25  2.375 2.5   2.625 2.75  2.875 3.    3.125 3.25  3.375\n"
     "  3.5   3.625 3.75  3.875]]"},
    {GR_F64,
     1,
     {17},
     NULL,
     -10000000.0,
     {0},
     "[-0.0e+00 -1.0e+07 -2.0e+07 -3.0e+07 -4.0e+07 -5.0e+07 -6.0e+07 -7.0e+07\n"
     " -8.0e+07 -9.0e+07 -1.0e+08 -1.1e+08 -1.2e+08 -1.3e+08 -1.4e+08 -1.5e+08\n"
     " -1.6e+08]"},
    {GR_F64, 1, {1001}, NULL, 1, {0}, "[   0.    1.    2. ...  998.  999. 1000.]"},
    {GR_I64,
     2,
     {40, 40},
     NULL,
     1,
     {0},
     "[[   0    1    2 ...   37   38   39]\n"
     " [  40   41   42 ...   77   78   79]\n"
     " [  80   81   82 ...  117  118  119]\n"
     " ...\n"
     " [1480 1481 1482 ... 1517 1518 1519]\n"
     " [1520 1521 1522 ... 1557 1558 1559]\n"
     " [1560 1561 1562 ... 1597 1598 1599]]"},
    {GR_F64,
     3,
     {11, 11, 11},
     NULL,
     0.5,
     {0},
     "[[[0.000e+00 5.000e-01 1.000e+00 ... 4.000e+00 4.500e+00 5.000e+00]\n"
     "  [5.500e+00 6.000e+00 6.500e+00 ... 9.500e+00 1.000e+01 1.050e+01]\n"
     "  [1.100e+01 1.150e+01 1.200e+01 ... 1.500e+01 1.550e+01 1.600e+01]\n"
     "  ...\n"
     "  [4.400e+01 4.450e+01 4.500e+01 ... 4.800e+01 4.850e+01 4.900e+01]\n"
     "  [4.950e+01 5.000e+01 5.050e+01 ... 5.350e+01 5.400e+01 5.450e+01]\n"
     "  [5.500e+01 5.550e+01 5.600e+01 ... 5.900e+01 5.950e+01 6.000e+01]]\n"
     "\n"
     " [[6.050e+01 6.100e+01 6.150e+01 ... 6.450e+01 6.500e+01 6.550e+01]\n"
     "  [6.600e+01 6.650e+01 6.700e+01 ... 7.000e+01 7.050e+01 7.100e+01]\n"
     "  [7.150e+01 7.200e+01 7.250e+01 ... 7.550e+01 7.600e+01 7.650e+01]\n"
     "  ...\n"
     "  [1.045e+02 1.050e+02 1.055e+02 ... 1.085e+02 1.090e+02 1.095e+02]\n"
     "  [1.100e+02 1.105e+02 1.110e+02 ... 1.140e+02 1.145e+02 1.150e+02]\n"
     "  [1.155e+02 1.160e+02 1.165e+02 ... 1.195e+02 1.200e+02 1.205e+02]]\n"
     "\n"
     " [[1.210e+02 1.215e+02 1.220e+02 ... 1.250e+02 1.255e+02 1.260e+02]\n"
     "  [1.265e+02 1.270e+02 1.275e+02 ... 1.305e+02 1.310e+02 1.315e+02]\n"
     "  [1.320e+02 1.325e+02 1.330e+02 ... 1.360e+02 1.365e+02 1.370e+02]\n"
     "  ...\n"
     "  [1.650e+02 1.655e+02 1.660e+02 ... 1.690e+02 1.695e+02 1.700e+02]\n"
     "  [1.705e+02 1.710e+02 1.715e+02 ... 1.745e+02 1.750e+02 1.755e+02]\n"
     "  [1.760e+02 1.765e+02 1.770e+02 ... 1.800e+02 1.805e+02 1.810e+02]]\n"
     "\n"
     " ...\n"
     "\n"
     " [[4.840e+02 4.845e+02 4.850e+02 ... 4.880e+02 4.885e+02 4.890e+02]\n"
     "  [4.895e+02 4.900e+02 4.905e+02 ... 4.935e+02 4.940e+02 4.945e+02]\n"
     "  [4.950e+02 4.955e+02 4.960e+02 ... 4.990e+02 4.995e+02 5.000e+02]\n"
     "  ...\n"
     "  [5.280e+02 5.285e+02 5.290e+02 ... 5.320e+02 5.325e+02 5.330e+02]\n"
     "  [5.335e+02 5.340e+02 5.345e+02 ... 5.375e+02 5.380e+02 5.385e+02]\n"
     "  [5.390e+02 5.395e+02 5.400e+02 ... 5.430e+02 5.435e+02 5.440e+02]]\n"
     "\n"
     " [[5.445e+02 5.450e+02 5.455e+02 ... 5.485e+02 5.490e+02 5.495e+02]\n"
     "  [5.500e+02 5.505e+02 5.510e+02 ... 5.540e+02 5.545e+02 5.550e+02]\n"
     "  [5.555e+02 5.560e+02 5.565e+02 ... 5.595e+02 5.600e+02 5.605e+02]\n"
     "  ...\n"
     "  [5.885e+02 5.890e+02 5.895e+02 ... 5.925e+02 5.930e+02 5.935e+02]\n"
     "  [5.940e+02 5.945e+02 5.950e+02 ... 5.980e+02 5.985e+02 5.990e+02]\n"
     "  [5.995e+02 6.000e+02 6.005e+02 ... 6.035e+02 6.040e+02 6.045e+02]]\n"
     "\n"
     " [[6.050e+02 6.055e+02 6.060e+02 ... 6.090e+02 6.095e+02 6.100e+02]\n"
     "  [6.105e+02 6.110e+02 6.115e+02 ... 6.145e+02 6.150e+02 6.155e+02]\n"
     "  [6.160e+02 6.165e+02 6.170e+02 ... 6.200e+02 6.205e+02 6.210e+02]\n"
     "  ...\n"
     "  [6.490e+02 6.495e+02 6.500e+02 ... 6.530e+02 6.535e+02 6.540e+02]\n"
     "  [6.545e+02 6.550e+02 6.555e+02 ... 6.585e+02 6.590e+02 6.595e+02]\n"
     "  [6.600e+02 6.605e+02 6.610e+02 ... 6.640e+02 6.645e+02 6.650e+02]]]"},
    {GR_F64, 1, {1000}, NULL, 1, {.threshold = 999}, "[  0.   1.   2. ... 997. 998. 999.]"},
    {GR_I64,
     2,
     {4, 300},
     NULL,
     1,
     {0},
     "[[   0    1    2 ...  297  298  299]\n"
     " [ 300  301  302 ...  597  598  599]\n"
     " [ 600  601  602 ...  897  898  899]\n"
     " [ 900  901  902 ... 1197 1198 1199]]"},
    {GR_I64,
     2,
     {300, 4},
     NULL,
     1,
     {0},
     "[[   0    1    2    3]\n"
     " [   4    5    6    7]\n"
     " [   8    9   10   11]\n"
     " ...\n"
     " [1188 1189 1190 1191]\n"
     " [1192 1193 1194 1195]\n"
     " [1196 1197 1198 1199]]"},
    {GR_F64, 1, {9}, NULL, 0.1, {.threshold = 5, .edge = 1}, "[0.  ... 0.8]"},
    {GR_F64,
     1,
     {3},
     NUMBERS(3.14159265358979, 2.71828182845905, 1.4142135623731),
     {.precision = 3},
     "[3.142 2.718 1.414]"},
    {GR_F64, 1, {2}, NUMBERS(0.4, 2.6), {.precision = -1}, "[0. 3.]"},
    {GR_F64, 1, {3}, NUMBERS(1e-10, 1, 0.5), {.suppress = true}, "[0.  1.  0.5]"},
    {GR_F64, 1, {2}, NUMBERS(1e-05, 20000), {.suppress = true}, "[    0.00001 20000.     ]"},
    {GR_F64,
     1,
     {12},
     NULL,
     1.5,
     {.width = 30},
     "[ 0.   1.5  3.   4.5  6.\n"
     "  7.5  9.  10.5 12.  13.5\n"
     " 15.  16.5]"},
};

static void put(gr_tensor *t, int64_t i, double x) {
  switch ((gr_dtype)t->dtype) {
    case GR_F64: ((double *)t->data)[i] = x; break;
    case GR_F32: ((float *)t->data)[i] = (float)x; break;
    case GR_I64: ((int64_t *)t->data)[i] = (int64_t)x; break;
    case GR_U8:
    case GR_BOOL: ((uint8_t *)t->data)[i] = (uint8_t)x; break;
  }
}

static gr_tensor tensor_of(gr_dtype dtype, int ndim, const int64_t *shape, const double *numbers,
                           double step) {
  gr_tensor t;
  gr_err err;
  assert_int_equal(gr_tensor_init(&t, dtype, ndim, shape, &err), GR_OK);
  for (int64_t i = 0; i < gr_tensor_size(&t); i++) put(&t, i, numbers ? numbers[i] : (double)i * step);
  return t;
}

static void assert_prints(const gr_tensor *t, const gr_format *format, const char *wanted) {
  gr_str s = {0};
  gr_tensor_format(&s, t, format);
  assert_false(s.failed);
  assert_string_equal(s.text, wanted);
  gr_str_finish(&s);
}

static void tensors_print_as_numpy_prints_them(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
    const sample *c = &samples[i];
    gr_tensor t = tensor_of(c->dtype, c->ndim, c->shape, c->numbers, c->step);
    gr_format format = gr_format_default;
    if (c->options.precision) format.precision = c->options.precision;
    if (c->options.threshold) format.threshold = c->options.threshold;
    if (c->options.edge) format.edge = c->options.edge;
    if (c->options.width) format.width = c->options.width;
    format.suppress = c->options.suppress;
    assert_prints(&t, &format, c->text);
    gr_tensor_finish(&t);
  }
}

static void views_print_what_they_see(void **state) {
  (void)state;
  gr_tensor t = tensor_of(GR_F64, 2, (int64_t[]){2, 3}, NULL, 1), view;
  gr_err err;
  gr_tensor_view_permute(&view, &t, (int[]){1, 0}, &err);
  assert_prints(&view, &gr_format_default, "[[0. 3.]\n [1. 4.]\n [2. 5.]]");
  gr_tensor_view_slice(&view, &t, 1, 2, -2, 2);
  assert_prints(&view, &gr_format_default, "[[2. 0.]\n [5. 3.]]");
  gr_tensor_view_select(&view, &t, 0, 1);
  assert_prints(&view, &gr_format_default, "[3. 4. 5.]");
  gr_tensor_view_broadcast(&view, &view, 2, (int64_t[]){2, 3}, &err);
  assert_prints(&view, &gr_format_default, "[[3. 4. 5.]\n [3. 4. 5.]]");
  gr_tensor_finish(&t);
}

static void zero_bytes_are_an_empty_tensor_and_print_as_one(void **state) {
  (void)state;
  assert_prints(&(gr_tensor){.ndim = 1}, &gr_format_default, "[]");
}

static void doubles_print_as_pythons_repr(void **state) {
  (void)state;
  static const struct {
    double x;
    const char *text;
  } cases[] = {
      {0.1, "0.1"},
      {1, "1.0"},
      {-0.0, "-0.0"},
      {1e-5, "1e-05"},
      {0.0001, "0.0001"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {123456789012345678.0, "1.2345678901234568e+17"},
      {9.672993027736892, "9.672993027736892"},
      {-0.20784349926631968, "-0.20784349926631968"},
      {5e-324, "5e-324"},
      {0x1p-1022, "2.2250738585072014e-308"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.30000000000000004, "0.30000000000000004"},
      {9007199254740993.0, "9007199254740992.0"},
      {0x1p-44, "5.684341886080802e-14"},
      {1e23, "1e+23"},
      {NAN, "nan"},
      {INFINITY, "inf"},
      {-INFINITY, "-inf"},
      {2.5e-7, "2.5e-07"},
      {1.5e300, "1.5e+300"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[32];
    gr_double_text(text, cases[i].x);
    assert_string_equal(text, cases[i].text);
  }
}

static void floats_print_the_digits_that_a_float_needs(void **state) {
  (void)state;
  static const struct {
    float x;
    const char *text;
  } cases[] = {
      {0.1f, "0.1"},    {1.0f / 3, "0.33333334"}, {16777216, "16777216.0"},
      {1e-4f, "1e-04"}, {1e-45f, "1e-45"},        {3.4028235e38f, "3.4028235e+38"},
      {-2.5f, "-2.5"},  {0.001f, "0.001"},        {1e16f, "1e+16"},
      {NAN, "nan"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[32];
    gr_float_text(text, cases[i].x);
    assert_string_equal(text, cases[i].text);
  }
}

static int lines_of(const char *text) {
  int lines = 1;
  for (; *text; text++) lines += *text == '\n';
  return lines;
}

// Whatever the shape, never more lines than the screen has; and what fits is as without a screen.
static void text_fits_a_screen(void **state) {
  (void)state;
  static const int64_t shapes[][GR_MAX_DIMS] = {
      {1000}, {300, 1}, {7, 7, 7}, {50, 2, 2}, {2, 2, 2, 2, 2, 2, 2, 2}, {20, 30}, {4, 4}, {100, 100, 3, 3}};
  static const int ndims[] = {1, 2, 3, 3, 8, 2, 2, 4};
  static const int screens[] = {1, 2, 5, 10, 21, 60, 400};
  gr_err err;
  for (int i = 0; i < 8; i++) {
    gr_tensor t;
    assert_int_equal(gr_tensor_init_zeros(&t, GR_F64, ndims[i], shapes[i], &err), GR_OK);
    gr_str whole = {0};
    gr_tensor_format(&whole, &t, &gr_format_default);
    for (int k = 0; k < 7; k++) {
      gr_format format = gr_format_default;
      format.lines = screens[k];
      gr_str text = {0};
      gr_str_append(&text, "before\n\n");  // what stands there already does not count
      gr_tensor_format(&text, &t, &format);
      int lines = lines_of(text.text) - 2;
      assert_true(lines <= (screens[k] > 1 ? screens[k] : 2));
      assert_memory_equal(text.text, "before\n\n[", 9);
      if (lines_of(whole.text) <= screens[k])
        assert_string_equal(text.text + 8, whole.text);
      else
        assert_non_null(strstr(text.text, "..."));
      gr_str_finish(&text);
    }
    gr_str_finish(&whole);
    gr_tensor_finish(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_print_as_numpy_prints_them),
      cmocka_unit_test(views_print_what_they_see),
      cmocka_unit_test(zero_bytes_are_an_empty_tensor_and_print_as_one),
      cmocka_unit_test(doubles_print_as_pythons_repr),
      cmocka_unit_test(floats_print_the_digits_that_a_float_needs),
      cmocka_unit_test(text_fits_a_screen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
