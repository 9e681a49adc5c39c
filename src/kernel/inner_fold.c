// Reduction inner loops. A sum runs in 4 vectors of 64 bytes, whatever the machine's width, and these
// lanes are added in a fixed order: the same bits on every instruction set (the squares excepted, where
// a fused multiply-add rounds once instead of twice).
#include "kernel/real.h"
#include "kernel/table.h"

typedef real lanes __attribute__((vector_size(64)));
#if GR_REAL_BITS == 64
typedef int64_t lane_bits __attribute__((vector_size(64)));
#else
typedef int32_t lane_bits __attribute__((vector_size(64)));
#endif
typedef real unaligned_lanes __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));
#define LANES ((int)(64 / sizeof(real)))

static double total_of(const lanes *v) {
  double part[LANES];
  for (int i = 0; i < LANES; i++) part[i] = (*v)[i];
  for (int width = LANES / 2; width; width /= 2)
    for (int i = 0; i < width; i++) part[i] += part[i + width];
  return part[0];
}

// Few numbers are added from left to right, as one would by hand. The lanes are floats: callers bring blocks
// short enough for that, and add the blocks as doubles.
static double sum_fold(const void *a, double center, int64_t n) {
  const real *p = a;
  const unaligned_lanes *v = a;
  int64_t i = 0;
  double sum = 0;
  if (n >= 4 * LANES) {
    lanes s0 = v[0], s1 = v[1], s2 = v[2], s3 = v[3];
    for (i = 4 * LANES; i + 4 * LANES <= n; i += 4 * LANES) {
      v += 4;
      s0 += v[0], s1 += v[1], s2 += v[2], s3 += v[3];
    }
    s0 = (s0 + s1) + (s2 + s3);
    sum = total_of(&s0);
  }
  for (; i < n; i++) sum += p[i];
  return sum;
}

static double squares_fold(const void *a, double center, int64_t n) {
  const real *p = a, c = (real)center;
  const double rest = center - c;  // what a float loses of the mean
  const unaligned_lanes *v = a;
  int64_t i = 0;
  double sum = 0;
  if (n >= 4 * LANES && rest == 0) {
    lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (; i + 4 * LANES <= n; i += 4 * LANES, v += 4) {
      lanes d0 = v[0] - c, d1 = v[1] - c, d2 = v[2] - c, d3 = v[3] - c;
      s0 += d0 * d0, s1 += d1 * d1, s2 += d2 * d2, s3 += d3 * d3;
    }
    s0 = (s0 + s1) + (s2 + s3);
    sum = total_of(&s0);
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

// Extremes: NaN wins, and since comparisons lose it, it is looked for beside them. Choices between
// vectors are made with masks: a comparison of vectors gives all ones or all zeros for each element.
static inline double extreme_of(const real *p, bool least, int64_t n) {
  const unaligned_lanes *v = (const unaligned_lanes *)p;
  lane_bits nan = {0};
  int64_t i = 0;
  real best = p[0];
  bool found_nan = false;
  if (n >= 2 * LANES) {
    lanes b0 = v[0], b1 = v[1];
    for (; i + 2 * LANES <= n; i += 2 * LANES, v += 2) {
      lanes x0 = v[0], x1 = v[1];
      lane_bits m0 = least ? x0 < b0 : x0 > b0, m1 = least ? x1 < b1 : x1 > b1;
      b0 = (lanes)(((lane_bits)x0 & m0) | ((lane_bits)b0 & ~m0));
      b1 = (lanes)(((lane_bits)x1 & m1) | ((lane_bits)b1 & ~m1));
      nan |= (x0 != x0) | (x1 != x1);
    }
    for (int j = 0; j < LANES; j++) {
      best = (least ? b0[j] < best : b0[j] > best) ? b0[j] : best;
      best = (least ? b1[j] < best : b1[j] > best) ? b1[j] : best;
      found_nan |= nan[j] != 0;
    }
  }
  for (; i < n; i++) {
    best = (least ? p[i] < best : p[i] > best) ? p[i] : best;
    found_nan |= p[i] != p[i];
  }
  return found_nan ? __builtin_nan("") : best;
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

// A row of accumulators, in double, and a row of numbers: n independent results side by side, which
// vectorises without changing the order of any sum. The caller keeps the accumulators in the first cache.
#define ROWS(expression)                         \
  do {                                           \
    const real *p = a;                           \
    for (int64_t i = 0; i < n; i++) {            \
      const double s = accumulator[i], x = p[i]; \
      accumulator[i] = expression;               \
    }                                            \
  } while (0)

static void sum_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                     int64_t n) {
  ROWS(s + x);
}
static void squares_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                         int64_t n) {
  ROWS(s + (x - center[i]) * (x - center[i]));
}
static void prod_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                      int64_t n) {
  ROWS(s * x);
}
static void min_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                     int64_t n) {
  ROWS(s <= x || s != s ? s : x);
}
static void max_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                     int64_t n) {
  ROWS(s >= x || s != s ? s : x);
}
static void any_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                     int64_t n) {
  ROWS(s != 0 || x != 0);
}
static void all_rows(double *restrict accumulator, const void *restrict a, const double *restrict center,
                     int64_t n) {
  ROWS(s != 0 && x != 0);
}

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
