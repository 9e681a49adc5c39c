// Fewer points that look the same: gnuplot takes minutes for a line of a hundred thousand.
#ifndef GR_PLOT_THIN_H
#define GR_PLOT_THIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// The part of the plane that is seen, between two finite numbers each; an axis may be logarithmic.
typedef struct gr_seen {
  double x[2], y[2];
  bool log_x, log_y;
} gr_seen;

// Below this number of points nothing is left out.
#define GR_THIN_FROM 10000

// Both take n points, and put those that are left, in their order, into the front of `kept` (positions from 0
// on, room for n of them); they return how many. A point that is not finite, or not positive on a logarithmic
// axis, is a gap.

// Of a line: of those that follow one another in a column of pixels the first, the lowest, the highest and
// the last; if these are still too many to be told apart, every k-th of them. Gaps stay.
size_t gr_thin_line(size_t *kept, const double *x, const double *y, size_t n, const gr_seen *window);

// Of points: the first in each cell of a fine grid; what is not seen, and gaps, are left out. GR_ERR_MEMORY
// when there is no room for the grid.
gr_code gr_thin_points(size_t *count, size_t *kept, const double *x, const double *y, size_t n,
                       const gr_seen *window, gr_err *err);

#endif
