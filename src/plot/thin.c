#include "plot/thin.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

// Pixels that are told apart: of lines more than most pages have, of points (several pixels wide) fewer.
enum { COLUMNS = 1500, CELLS_X = 640, CELLS_Y = 400, MOST = 6000 };

// From 0 at one end of the axis to 1 at the other; nan for a gap.
static double part(double v, const double ends[2], bool logarithmic) {
  if (logarithmic) return v > 0 ? (log(v) - log(ends[0])) / (log(ends[1]) - log(ends[0])) : NAN;
  // Halves: the width itself may be beyond the greatest number.
  return (v / 2 - ends[0] / 2) / (ends[1] / 2 - ends[0] / 2);
}

// The column of pixels of a part of the axis; what is beside the picture is one column at each side.
static int column_of(double p) { return p < 0 ? -1 : p >= 1 ? COLUMNS : (int)(p * COLUMNS); }

// The points of one run within a column, at most four, in their order.
static size_t keep_run(size_t *kept, const double *y, size_t first, size_t last) {
  size_t low = first, high = first, count = 0;
  for (size_t i = first; i <= last; i++) {
    if (y[i] < y[low]) low = i;
    if (y[i] > y[high]) high = i;
  }
  size_t chosen[4] = {first, low < high ? low : high, low < high ? high : low, last};
  for (int k = 0; k < 4; k++)
    if (count == 0 || kept[count - 1] < chosen[k]) kept[count++] = chosen[k];
  return count;
}

// One pass over the points. `kept` never runs ahead of the point that is looked at.
size_t gr_thin_line(size_t *kept, const double *x, const double *y, size_t n, const gr_seen *window) {
  size_t count = 0;
  for (size_t i = 0; i < n;) {
    double p = part(x[i], window->x, window->log_x);
    if (!isfinite(p) || !isfinite(y[i])) {
      kept[count++] = i++;
      continue;
    }
    size_t last = i;
    while (last + 1 < n && isfinite(y[last + 1])) {
      double next = part(x[last + 1], window->x, window->log_x);
      if (!isfinite(next) || column_of(next) != column_of(p)) break;
      last++;
    }
    count += keep_run(kept + count, y, i, last);
    i = last + 1;
  }
  if (count <= MOST) return count;
  // It runs to and fro: no eye follows so many lines.
  size_t step = (count + MOST - 1) / MOST, few = 0;
  for (size_t k = 0; k < count; k += step) kept[few++] = kept[k];
  return few;
}

gr_code gr_thin_points(size_t *count, size_t *kept, const double *x, const double *y, size_t n,
                       const gr_seen *window, gr_err *err) {
  uint8_t *taken = calloc((CELLS_X + 1) * (CELLS_Y + 1), 1);
  if (!taken) return gr_fail(err, GR_ERR_MEMORY, "out of memory while preparing to plot %zu points", n);
  size_t few = 0;
  for (size_t i = 0; i < n; i++) {
    double p = part(x[i], window->x, window->log_x), q = part(y[i], window->y, window->log_y);
    if (!(p >= 0 && p <= 1 && q >= 0 && q <= 1)) continue;
    uint8_t *cell = taken + (size_t)(q * CELLS_Y) * (CELLS_X + 1) + (size_t)(p * CELLS_X);
    if (*cell) continue;
    *cell = 1;
    kept[few++] = i;
  }
  free(taken);
  *count = few;
  return GR_OK;
}
