// Elementwise inner loops: one pass over contiguous blocks, limited by memory where the formula is short and
// by arithmetic where it is a polynomial.
#include <tgmath.h>

#include "kernel/inner_erf.h"
#include "kernel/inner_trig.h"
#include "kernel/table.h"

// One loop: x is the element, `type` what goes out.
#define MAP(type, expression)                     \
  do {                                            \
    type *r = out;                                \
    const real *p = a;                            \
    INDEPENDENT for (int64_t i = 0; i < n; i++) { \
      const real x = p[i];                        \
      r[i] = (type)(expression);                  \
    }                                             \
  } while (0)

// Three loops, x and y the operands: each may be a single number, which then stays in a register.
#define MAP2(type, expression)                      \
  do {                                              \
    type *r = out;                                  \
    const real *p = a, *q = b;                      \
    if (form == GR_BOTH_VECTORS) {                  \
      INDEPENDENT for (int64_t i = 0; i < n; i++) { \
        const real x = p[i], y = q[i];              \
        r[i] = (type)(expression);                  \
      }                                             \
    } else if (form == GR_SCALAR_SECOND) {          \
      const real y = q[0];                          \
      INDEPENDENT for (int64_t i = 0; i < n; i++) { \
        const real x = p[i];                        \
        r[i] = (type)(expression);                  \
      }                                             \
    } else {                                        \
      const real x = p[0];                          \
      INDEPENDENT for (int64_t i = 0; i < n; i++) { \
        const real y = q[i];                        \
        r[i] = (type)(expression);                  \
      }                                             \
    }                                               \
  } while (0)

static void neg_loop(void *out, const void *a, int64_t n) { MAP(real, -x); }
static void abs_loop(void *out, const void *a, int64_t n) { MAP(real, fabs(x)); }
static void sign_loop(void *out, const void *a, int64_t n) {
  MAP(real, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x);
}
static void square_loop(void *out, const void *a, int64_t n) { MAP(real, x * x); }
static void sqrt_loop(void *out, const void *a, int64_t n) { MAP(real, sqrt(x)); }
static void reciprocal_loop(void *out, const void *a, int64_t n) { MAP(real, 1 / x); }

// Blocks that are read twice, from the first cache: is every number of the block inside the range of the
// short formula? Then that is taken, otherwise both, and each element keeps the one that is right for it; so
// its bits do not depend on its neighbours.
#define BLOCK 256
#define MAP_QUICK(inside, quick, otherwise)                                   \
  do {                                                                        \
    real *r = out;                                                            \
    const real *p = a;                                                        \
    for (int64_t left = n; left > 0; left -= BLOCK, r += BLOCK, p += BLOCK) { \
      const int64_t m = left < BLOCK ? left : BLOCK;                          \
      real_bits outside = 0;                                                  \
      for (int64_t i = 0; i < m; i++) {                                       \
        const real x = p[i];                                                  \
        outside |= (inside) ? 0 : 1;                                          \
      }                                                                       \
      if (!outside) {                                                         \
        INDEPENDENT for (int64_t i = 0; i < m; i++) {                         \
          const real x = p[i];                                                \
          r[i] = (quick);                                                     \
        }                                                                     \
      } else {                                                                \
        INDEPENDENT for (int64_t i = 0; i < m; i++) {                         \
          const real x = p[i];                                                \
          const real near = (quick), far = (otherwise);                       \
          r[i] = (inside) ? near : far;                                       \
        }                                                                     \
      }                                                                       \
    }                                                                         \
  } while (0)

// The same with a scalar function for the rare rest: the block is filled with the short formula's results,
// and those that are wrong are computed again. `p` may be `out`, so that all this happens beside it.
#define MAP_RARE(inside, quick, rare)                                         \
  do {                                                                        \
    real *r = out, room[BLOCK];                                               \
    const real *p = a;                                                        \
    for (int64_t left = n; left > 0; left -= BLOCK, r += BLOCK, p += BLOCK) { \
      const int64_t m = left < BLOCK ? left : BLOCK;                          \
      real_bits outside = 0;                                                  \
      INDEPENDENT for (int64_t i = 0; i < m; i++) {                           \
        const real x = p[i];                                                  \
        room[i] = (quick);                                                    \
        outside |= (inside) ? 0 : 1;                                          \
      }                                                                       \
      if (outside)                                                            \
        for (int64_t i = 0; i < m; i++) {                                     \
          const real x = p[i];                                                \
          if (!(inside)) room[i] = (rare);                                    \
        }                                                                     \
      memcpy(r, room, (size_t)m * sizeof room[0]);                            \
    }                                                                         \
  } while (0)

#define EXP_IS_QUICK (magnitude(x) <= EXP_QUICK)
static void exp_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, exp_quick(x), exp_of(x));
}
static void expm1_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, expm1_quick(x), expm1_of(x));
}
static void sinh_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, sinh_quick(x), sinh_beyond(x));
}
static void cosh_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, cosh_quick(x), cosh_beyond(x));
}
static void tanh_loop(void *out, const void *a, int64_t n) { MAP(real, tanh_of(x)); }
static void sigmoid_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, sigmoid_quick(x), sigmoid_of(x));
}
static void softplus_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(EXP_IS_QUICK, softplus_quick(x), softplus_of(x));
}

#define LOG_IS_QUICK ((x >= LEAST_NORMAL) & (x <= LARGEST))
static void log_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(LOG_IS_QUICK, log_quick(x), log_of(x));
}
static void log2_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(LOG_IS_QUICK, log2_quick(x), log2_of(x));
}
static void log10_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK(LOG_IS_QUICK, log10_quick(x), log10_of(x));
}
static void log1p_loop(void *out, const void *a, int64_t n) {
  MAP_QUICK((x > -1) & (x <= LARGEST), log1p_quick(x), log1p_of(x));
}

static void sin_loop(void *out, const void *a, int64_t n) {
  MAP_RARE(trig_is_quick(x), sin_quick(x), sin(x));
}
static void cos_loop(void *out, const void *a, int64_t n) {
  MAP_RARE(trig_is_quick(x), cos_quick(x), cos(x));
}
static void tan_loop(void *out, const void *a, int64_t n) {
  MAP_RARE(trig_is_quick(x), tan_quick(x), tan(x));
}
static void asin_loop(void *out, const void *a, int64_t n) {
  MAP(real, asin_from(x, half_angle(x), sqrt(half_angle(x))));
}
static void acos_loop(void *out, const void *a, int64_t n) {
  MAP(real, acos_from(x, half_angle(x), sqrt(half_angle(x))));
}
static void atan_loop(void *out, const void *a, int64_t n) { MAP(real, atan_of(x)); }

static void floor_loop(void *out, const void *a, int64_t n) { MAP(real, floor(x)); }
static void ceil_loop(void *out, const void *a, int64_t n) { MAP(real, ceil(x)); }
static void round_loop(void *out, const void *a, int64_t n) { MAP(real, rint(x)); }
static void relu_loop(void *out, const void *a, int64_t n) { MAP(real, x <= 0 ? 0 : x); }  // NaN stays

static void step_loop(void *out, const void *a, int64_t n) { MAP(real, x > 0 ? 1 : x <= 0 ? 0 : x); }
static void cbrt_loop(void *out, const void *a, int64_t n) { MAP(real, cbrt_of(x)); }
static void erf_loop(void *out, const void *a, int64_t n) { MAP(real, erf_of(x)); }
static void normal_cdf_loop(void *out, const void *a, int64_t n) { MAP(real, normal_cdf_of(x)); }

static void isinf_loop(void *out, const void *a, int64_t n) { MAP(uint8_t, magnitude(x) > LARGEST); }
static void isnan_loop(void *out, const void *a, int64_t n) { MAP(uint8_t, x != x); }
static void isfinite_loop(void *out, const void *a, int64_t n) { MAP(uint8_t, x - x == 0); }
static void not_loop(void *out, const void *a, int64_t n) { MAP(uint8_t, x == 0); }

static void add_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) { MAP2(real, x + y); }
static void sub_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) { MAP2(real, x - y); }
static void mul_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) { MAP2(real, x * y); }
static void div_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) { MAP2(real, x / y); }

// Two operands, each copied or repeated into a block of its own, and the rare rest one by one as above.
static inline void fill_block(real *block, const real *from, bool repeat, int64_t n) {
  if (repeat)
    for (int64_t i = 0; i < n; i++) block[i] = *from;
  else
    memcpy(block, from, (size_t)n * sizeof block[0]);
}
#define MAP2_RARE(inside, quick, rare)                                                      \
  do {                                                                                      \
    real *r = out, xs[BLOCK], ys[BLOCK];                                                    \
    const real *p = a, *q = b;                                                              \
    for (int64_t from = 0; from < n; from += BLOCK, r += BLOCK) {                           \
      const int64_t m = n - from < BLOCK ? n - from : BLOCK;                                \
      fill_block(xs, form == GR_SCALAR_FIRST ? p : p + from, form == GR_SCALAR_FIRST, m);   \
      fill_block(ys, form == GR_SCALAR_SECOND ? q : q + from, form == GR_SCALAR_SECOND, m); \
      real_bits outside = 0;                                                                \
      for (int64_t i = 0; i < m; i++) {                                                     \
        const real x = xs[i], y = ys[i];                                                    \
        r[i] = (quick);                                                                     \
        outside |= (inside) ? 0 : 1;                                                        \
      }                                                                                     \
      if (outside)                                                                          \
        for (int64_t i = 0; i < m; i++) {                                                   \
          const real x = xs[i], y = ys[i];                                                  \
          if (!(inside)) r[i] = (rare);                                                     \
        }                                                                                   \
    }                                                                                       \
  } while (0)

// Without fused multiply-adds, pairs of doubles cost more than libm does.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define POW_IS_WORTH_IT 1
#else
#define POW_IS_WORTH_IT (GR_REAL_BITS == 32)
#endif
// The exponents that formulas are made of have loops of their own (0.5 as NumPy does it).
static void pow_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  const real exponent = form == GR_SCALAR_SECOND ? *(const real *)b : 0;
  if (exponent == 1)
    MAP(real, x);
  else if (exponent == 2)
    MAP(real, x * x);
  else if (exponent == 3)
    MAP(real, x * x * x);
  else if (exponent == -1)
    MAP(real, 1 / x);
  else if (exponent == (real)0.5)
    MAP(real, sqrt(x));
  else if (POW_IS_WORTH_IT)
    MAP2_RARE(pow_is_quick(x, y), pow_quick(x, y), pow(x, y));
  else
    MAP2(real, pow(x, y));
}

static void maximum_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, x >= y || x != x ? x : y);
}
static void minimum_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, x <= y || x != x ? x : y);
}

static inline real rare_remainder(real x, real y) {
  real r = fmod(x, y);
  if (r == 0) return copysign(r, y);
  return (r < 0) != (y < 0) ? r + y : r;
}
static void fmod_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2_RARE(remainder_is_quick(x, y), remainder_quick(x, y), rare_remainder(x, y));
}
static void atan2_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, atan2_of(x, y));
}
static void hypot_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, hypot_of(x, y));
}
static void leaky_relu_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, x > 0 ? x : y * x);
}
static void elu_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(real, x > 0 ? x : y * expm1_of(x));
}

static void eq_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x == y);
}
static void ne_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x != y);
}
static void lt_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x < y);
}
static void le_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x <= y);
}
static void gt_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x > y);
}
static void ge_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, x >= y);
}
static void and_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, (x != 0) & (y != 0));
}
static void or_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, (x != 0) | (y != 0));
}

static void xor_loop(void *out, const void *a, const void *b, gr_form form, int64_t n) {
  MAP2(uint8_t, (x != 0) ^ (y != 0));
}

extern const gr_map_table GR_TABLE;
const gr_map_table GR_TABLE = {
    .unary =
        {
            [GR_NEG] = neg_loop,           [GR_ABS] = abs_loop,
            [GR_SIGN] = sign_loop,         [GR_SQUARE] = square_loop,
            [GR_SQRT] = sqrt_loop,         [GR_RECIPROCAL] = reciprocal_loop,
            [GR_EXP] = exp_loop,           [GR_EXPM1] = expm1_loop,
            [GR_LOG] = log_loop,           [GR_LOG1P] = log1p_loop,
            [GR_LOG2] = log2_loop,         [GR_LOG10] = log10_loop,
            [GR_SIN] = sin_loop,           [GR_COS] = cos_loop,
            [GR_TAN] = tan_loop,           [GR_ASIN] = asin_loop,
            [GR_ACOS] = acos_loop,         [GR_ATAN] = atan_loop,
            [GR_SINH] = sinh_loop,         [GR_COSH] = cosh_loop,
            [GR_TANH] = tanh_loop,         [GR_FLOOR] = floor_loop,
            [GR_CEIL] = ceil_loop,         [GR_ROUND] = round_loop,
            [GR_SIGMOID] = sigmoid_loop,   [GR_RELU] = relu_loop,
            [GR_SOFTPLUS] = softplus_loop, [GR_ISNAN] = isnan_loop,
            [GR_ISFINITE] = isfinite_loop, [GR_NOT] = not_loop,
            [GR_STEP] = step_loop,         [GR_CBRT] = cbrt_loop,
            [GR_ERF] = erf_loop,           [GR_NORMAL_CDF] = normal_cdf_loop,
            [GR_ISINF] = isinf_loop,
        },
    .binary =
        {
            [GR_ADD] = add_loop,         [GR_SUB] = sub_loop,
            [GR_MUL] = mul_loop,         [GR_DIV] = div_loop,
            [GR_POW] = pow_loop,         [GR_MAXIMUM] = maximum_loop,
            [GR_MINIMUM] = minimum_loop, [GR_FMOD] = fmod_loop,
            [GR_EQ] = eq_loop,           [GR_NE] = ne_loop,
            [GR_LT] = lt_loop,           [GR_LE] = le_loop,
            [GR_GT] = gt_loop,           [GR_GE] = ge_loop,
            [GR_AND] = and_loop,         [GR_OR] = or_loop,
            [GR_XOR] = xor_loop,         [GR_ATAN2] = atan2_loop,
            [GR_HYPOT] = hypot_loop,     [GR_LEAKY_RELU] = leaky_relu_loop,
            [GR_ELU] = elu_loop,
        },
};
