// Reduction inner loops. A sum runs in 256 bytes of accumulators, whatever the machine's width, and these are
// added in a fixed order: the same bits on every instruction set (the squares excepted, where a fused
// multiply-add rounds once instead of twice).
#include <stdbool.h>

#include "kernel/real.h"
#include "kernel/table.h"

// The machine's own vectors: wider ones, which the language allows too, gcc takes apart badly.
#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif
typedef real vector __attribute__((vector_size(WIDTH)));
typedef real unaligned_vector __attribute__((vector_size(WIDTH), aligned(sizeof(real)), may_alias));
#define LANES ((int)(64 / sizeof(real)))  // of a quarter of the accumulators
#define QUARTER (64 / WIDTH)              // the same, in vectors
#define EACH_VECTOR _Pragma("GCC unroll 16") for (int k = 0; k < 4 * QUARTER; k++)

// The accumulators' sum, as double from where they are few.
static inline double total_of(const vector *s) {
  double part[LANES];
  for (int k = 0; k < QUARTER; k++) {
    vector v = (s[k] + s[k + QUARTER]) + (s[k + 2 * QUARTER] + s[k + 3 * QUARTER]);
    for (int i = 0; i < LANES / QUARTER; i++) part[k * (LANES / QUARTER) + i] = v[i];
  }
  for (int width = LANES / 2; width; width /= 2)
    for (int i = 0; i < width; i++) part[i] += part[i + width];
  return part[0];
}

// Few numbers are added from left to right, as one would by hand. The lanes are floats: callers bring blocks
// short enough for that, and add the blocks as doubles.
static double sum_fold(const void *a, double center, int64_t n) {
  const real *p = a;
  const unaligned_vector *v = a;
  int64_t i = 0;
  double sum = 0;
  if (n >= 4 * LANES) {
    vector s[4 * QUARTER];
    EACH_VECTOR s[k] = v[k];
    for (i = 4 * LANES; i + 4 * LANES <= n; i += 4 * LANES) {
      v += 4 * QUARTER;
      EACH_VECTOR s[k] += v[k];
    }
    sum = total_of(s);
  }
  for (; i < n; i++) sum += p[i];
  return sum;
}

static double squares_fold(const void *a, double center, int64_t n) {
  const real *p = a, c = (real)center;
  const double rest = center - c;  // what a float loses of the mean
  const unaligned_vector *v = a;
  int64_t i = 0;
  double sum = 0;
  if (n >= 4 * LANES && rest == 0) {
    vector s[4 * QUARTER];
    EACH_VECTOR s[k] = (vector){0};
    for (; i + 4 * LANES <= n; i += 4 * LANES, v += 4 * QUARTER) {
      EACH_VECTOR {
        const vector d = v[k] - c;
        s[k] += d * d;
      }
    }
    sum = total_of(s);
  }
  double part[8] = {0};  // of a float: in double
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) part[j] += (p[i + j] - center) * (p[i + j] - center);
  for (int j = 0; j < 8; j++) sum += part[j];
  for (; i < n; i++) sum += (p[i] - center) * (p[i] - center);
  return sum;
}

static double prod_fold(const void *a, double center, int64_t n) {
  const real *p = a;
  double product = 1, part[4] = {1, 1, 1, 1};
  int64_t i = 0;
  if (n >= 16)
    for (; i + 4 <= n; i += 4)
      for (int j = 0; j < 4; j++) part[j] *= p[i + j];
  for (; i < n; i++) product *= p[i];
  return (part[0] * part[1]) * (part[2] * part[3]) * product;
}

// Extremes: NaN wins, and since comparisons lose it, it is looked for beside them, two numbers at once. The
// candidates stand side by side in the first cache, four numbers to each in one look; what is left at the end
// is taken together with numbers seen before, which changes nothing.
enum { CANDIDATES = 64 };
static inline double extreme_of(const real *p, bool least, int64_t n) {
  real best = p[0];
  real_bits nan = 0;
  if (n >= 4 * CANDIDATES) {
    real b[CANDIDATES];
    memcpy(b, p, sizeof b);
    for (int64_t i = 0; i < n; i += 4 * CANDIDATES) {
      const real *q = p + (i + 4 * CANDIDATES <= n ? i : n - 4 * CANDIDATES);
      for (int j = 0; j < CANDIDATES; j++) {
        const real x0 = q[j], x1 = q[j + CANDIDATES], x2 = q[j + 2 * CANDIDATES], x3 = q[j + 3 * CANDIDATES];
        const real y0 = (least ? x0 < x1 : x0 > x1) ? x0 : x1, y1 = (least ? x2 < x3 : x2 > x3) ? x2 : x3;
        const real y = (least ? y0 < y1 : y0 > y1) ? y0 : y1;
        b[j] = (least ? y < b[j] : y > b[j]) ? y : b[j];
        nan |= __builtin_isunordered(x0, x1) | __builtin_isunordered(x2, x3) ? 1 : 0;
      }
    }
    for (int width = CANDIDATES / 2; width; width /= 2)
      for (int j = 0; j < width; j++)
        b[j] = (least ? b[j] < b[j + width] : b[j] > b[j + width]) ? b[j] : b[j + width];
    best = b[0];
  } else {
    for (int64_t i = 0; i < n; i++) {
      best = (least ? p[i] < best : p[i] > best) ? p[i] : best;
      nan |= p[i] != p[i];
    }
  }
  return nan ? __builtin_nan("") : best;
}

static double min_fold(const void *a, double center, int64_t n) { return extreme_of(a, true, n); }
static double max_fold(const void *a, double center, int64_t n) { return extreme_of(a, false, n); }

static double any_fold(const void *a, double center, int64_t n) {
  const real *p = a;
  int any = 0;
  for (int64_t i = 0; i < n; i++) any |= p[i] != 0;
  return any;
}

static double all_fold(const void *a, double center, int64_t n) {
  const real *p = a;
  int all = 1;
  for (int64_t i = 0; i < n; i++) all &= p[i] != 0;
  return all;
}

// A row of accumulators, in double, and rows of numbers, `step` bytes apart: n independent results side by
// side, which vectorises without changing the order of any sum. The caller keeps the accumulators in the
// first cache; four rows at a time, so that they are fetched and stored once for four additions.
#define ROWS(join, four)                                                                   \
  do {                                                                                     \
    const char *at = a;                                                                    \
    for (; rows >= 4; rows -= 4, at += 4 * step) {                                         \
      const real *p = (const real *)at, *p1 = (const real *)(at + step);                   \
      const real *p2 = (const real *)(at + 2 * step), *p3 = (const real *)(at + 3 * step); \
      for (int64_t i = 0; i < n; i++) {                                                    \
        double s = accumulator[i];                                                         \
        const real x0 = p[i], x1 = p1[i], x2 = p2[i], x3 = p3[i];                          \
        accumulator[i] = four;                                                             \
      }                                                                                    \
    }                                                                                      \
    for (; rows > 0; rows--, at += step) {                                                 \
      const real *p = (const real *)at;                                                    \
      for (int64_t i = 0; i < n; i++) accumulator[i] = join(accumulator[i], p[i]);         \
    }                                                                                      \
  } while (0)
#define IN_TURN(join) join(join(join(join(s, x0), x1), x2), x3)
#define ROWS_FUNCTION(name, join, four)                                                              \
  static void name(double *restrict accumulator, const void *restrict a, int64_t step, int64_t rows, \
                   const double *restrict center, int64_t n) {                                       \
    ROWS(join, four);                                                                                \
  }

#define PLUS(s, x) ((s) + (x))
#define PLUS_SQUARE(s, x) ((s) + ((x)-center[i]) * ((x)-center[i]))
#define TIMES(s, x) ((s) * (x))
#define EITHER(s, x) (((s) != 0) | ((x) != 0))
#define BOTH(s, x) (((s) != 0) & ((x) != 0))

// NaN wins. Of four numbers it is looked for beside the comparisons, as above.
static inline double less(double s, double x) { return s <= x || s != s ? s : x; }
static inline double more(double s, double x) { return s >= x || s != s ? s : x; }
static inline real least_of(real x0, real x1, real x2, real x3) {
  const real y0 = x0 < x1 ? x0 : x1, y1 = x2 < x3 ? x2 : x3, y = y0 < y1 ? y0 : y1;
  return __builtin_isunordered(x0, x1) | __builtin_isunordered(x2, x3) ? x0 + x1 + x2 + x3 : y;
}
static inline real most_of(real x0, real x1, real x2, real x3) {
  const real y0 = x0 > x1 ? x0 : x1, y1 = x2 > x3 ? x2 : x3, y = y0 > y1 ? y0 : y1;
  return __builtin_isunordered(x0, x1) | __builtin_isunordered(x2, x3) ? x0 + x1 + x2 + x3 : y;
}

ROWS_FUNCTION(sum_rows, PLUS, IN_TURN(PLUS))
ROWS_FUNCTION(squares_rows, PLUS_SQUARE, IN_TURN(PLUS_SQUARE))
ROWS_FUNCTION(prod_rows, TIMES, IN_TURN(TIMES))
ROWS_FUNCTION(min_rows, less, less(s, least_of(x0, x1, x2, x3)))
ROWS_FUNCTION(max_rows, more, more(s, most_of(x0, x1, x2, x3)))
ROWS_FUNCTION(any_rows, EITHER, IN_TURN(EITHER))
ROWS_FUNCTION(all_rows, BOTH, IN_TURN(BOTH))

extern const gr_fold_table GR_TABLE;
const gr_fold_table GR_TABLE = {
    .fold = {[GR_FOLD_SUM] = sum_fold,
             [GR_FOLD_SQUARES] = squares_fold,
             [GR_FOLD_PROD] = prod_fold,
             [GR_FOLD_MIN] = min_fold,
             [GR_FOLD_MAX] = max_fold,
             [GR_FOLD_ANY] = any_fold,
             [GR_FOLD_ALL] = all_fold},
    .rows = {[GR_FOLD_SUM] = sum_rows,
             [GR_FOLD_SQUARES] = squares_rows,
             [GR_FOLD_PROD] = prod_rows,
             [GR_FOLD_MIN] = min_rows,
             [GR_FOLD_MAX] = max_rows,
             [GR_FOLD_ANY] = any_rows,
             [GR_FOLD_ALL] = all_rows},
};
