// What must not pass through float64: comparisons and extremes of integers, which beyond 2^53 have more
// digits than a double. Everything else done with integers is arithmetic, and gives float64.
#include "kernel/integers.h"

#define MAP2(type, expression)                                                         \
  do {                                                                                 \
    type *r = out;                                                                     \
    const int64_t *p = a, *q = b;                                                      \
    const int64_t step_p = form != GR_SCALAR_FIRST, step_q = form != GR_SCALAR_SECOND; \
    for (int64_t i = 0; i < n; i++) {                                                  \
      const int64_t x = p[i * step_p], y = q[i * step_q];                              \
      r[i] = (type)(expression);                                                       \
    }                                                                                  \
  } while (0)
#define LOOP(name, type, expression)                                                   \
  static void name(void *out, const void *a, const void *b, gr_form form, int64_t n) { \
    MAP2(type, expression);                                                            \
  }

LOOP(maximum_loop, int64_t, x >= y ? x : y)
LOOP(minimum_loop, int64_t, x <= y ? x : y)
LOOP(eq_loop, uint8_t, x == y)
LOOP(ne_loop, uint8_t, x != y)
LOOP(lt_loop, uint8_t, x < y)
LOOP(le_loop, uint8_t, x <= y)
LOOP(gt_loop, uint8_t, x > y)
LOOP(ge_loop, uint8_t, x >= y)

gr_binary_loop *gr_integer_loop(gr_binary_op op) {
  switch (op) {
    case GR_MAXIMUM: return maximum_loop;
    case GR_MINIMUM: return minimum_loop;
    case GR_EQ: return eq_loop;
    case GR_NE: return ne_loop;
    case GR_LT: return lt_loop;
    case GR_LE: return le_loop;
    case GR_GT: return gt_loop;
    case GR_GE: return ge_loop;
    default: return NULL;
  }
}
