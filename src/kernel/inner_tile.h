// What the tiles of inner_conv.c and inner_winograd.c share: their width, and the end of a sum of products.
#ifndef GR_KERNEL_INNER_TILE_H
#define GR_KERNEL_INNER_TILE_H

#include "kernel/inner_vector.h"

// How wide tiles of at most `most` should be, in steps of `step`, so that little is computed twice where the
// last one moves back over its neighbour: a tile costs about half a column beside its own.
static inline int64_t tile_width(int64_t all, int64_t most, int64_t step) {
  if (all <= most) return all;
  int64_t best = most, cost = INT64_MAX;
  for (int64_t width = most / step * step; width > most / 2; width -= step) {
    const int64_t now = (all + width - 1) / width * (2 * width + 1);
    if (now < cost) {
      cost = now;
      best = width;
    }
  }
  return best;
}

// For a loop whose length has to be known when it is compiled: case n: call(n).
#define CASES_TO_6(call)  \
  case 1: call(1); break; \
  case 2: call(2); break; \
  case 3: call(3); break; \
  case 4: call(4); break; \
  case 5: call(5); break; \
  case 6:                 \
    call(6);              \
    break;
#define CASES_7_TO_12(call) \
  case 7: call(7); break;   \
  case 8: call(8); break;   \
  case 9: call(9); break;   \
  case 10: call(10); break; \
  case 11: call(11); break; \
  case 12:                  \
    call(12);               \
    break;
#define CASES_13_TO_14(call) \
  case 13: call(13); break;  \
  case 14: call(14); break;

// A 2x2 square of sums, row-major: the greatest, the first of equals, NaN if one is. `cell`: which it was;
// with `relu`, the greater of it and 0, and 4 where it was not above 0.
static ALWAYS_INLINE vf greatest_of_square(vf a, vf b, vf c, vf d, bool relu, vi *cell) {
  const lane_mask right = greater(b, a), right_below = greater(d, c);
  const vf top = greater_of(b, a), bottom = greater_of(d, c);
  const lane_mask down = greater(bottom, top), broken = either_nan(a, b) | either_nan(c, d);
  vf most = greater_of(bottom, top);
  *cell = choose_int(down, of_int(2) + one_where(right_below), one_where(right));
  if (relu) {
    const lane_mask alive = greater(most, (vf){0});
    most = greater_of(most, (vf){0});
    *cell = choose_int(alive, *cell, of_int(4));
  }
  return choose(broken, of_one(__builtin_nanf("")), most);
}

// All ones in the lanes whose sign is negative.
static ALWAYS_INLINE vi where_negative(vf x) { return (vi)x >> 31; }

// The same with `relu`, of finite numbers. A comparison takes the place of a multiply-add; here the signs of
// differences say as much, which processors compute beside them. (That -0 and 0 differ by -0 does not matter:
// neither is above 0.)
static ALWAYS_INLINE vf greatest_of_finite(vf a, vf b, vf c, vf d, vi *cell) {
  const vf top = greater_of(b, a), bottom = greater_of(d, c);
  const vi right = where_negative(a - b), right_below = where_negative(c - d);
  const vi down = where_negative(top - bottom);
  const vi minus_cell = (down & (right_below - 2)) | (~down & right);
  const vf most = greater_of(greater_of(bottom, top), (vf){0});
  const vi dead = ((vi)most - 1) >> 31;
  *cell = (~dead & -minus_cell) | (dead & 4);
  return most;
}

// The same without asking which it was.
static ALWAYS_INLINE vf greatest_alone(vf a, vf b, vf c, vf d, bool relu) {
  const lane_mask broken = either_nan(a, b) | either_nan(c, d);
  vf most = greater_of(greater_of(a, b), greater_of(c, d));
  if (relu) most = greater_of(most, (vf){0});
  return choose(broken, of_one(__builtin_nanf("")), most);
}

#endif
