// Sorting along an axis, and looking things up in what is sorted. NaN is greater than every number and comes
// last, in descending order too.
#ifndef GR_KERNEL_SORT_H
#define GR_KERNEL_SORT_H

#include "tensor/tensor.h"

// `out` has a's shape and dtype; it may be `a` itself.
gr_code gr_sort(gr_tensor *out, const gr_tensor *a, int axis, bool descending, gr_err *err);
// positions[i] (int64, 0-based, a's shape) is where the i-th of the sorted line stands in a: equal ones in
// their order in a. `sorted`, of a's shape and dtype, may be NULL.
gr_code gr_argsort(gr_tensor *positions, gr_tensor *sorted, const gr_tensor *a, int axis, bool descending,
                   gr_err *err);

// out[i] (int64, x's shape): how many elements of `sorted` (ascending, one axis) are less than x[i], or with
// `right` not greater.
gr_code gr_search_sorted(gr_tensor *out, const gr_tensor *sorted, const gr_tensor *x, bool right,
                         gr_err *err);

// Where the q-th quantile of n sorted numbers lies: part `t` of the way from number `below` to number `above`
// (0-based). q NAN is the median, the mean of the middle one or two.
typedef struct gr_quantile_place {
  int64_t below, above;
  double t;
  bool median;
} gr_quantile_place;

gr_quantile_place gr_quantile_place_of(double q, int64_t n);
// Between the numbers at those two places: linearly, as NumPy rounds it.
double gr_quantile_between(const gr_quantile_place *place, double below, double above);

// The q-th quantiles of rows that are sorted already: rows (results, n) contiguous float64 or float32, n > 0;
// out (results) contiguous, the same dtype. A row with a NaN gives NaN.
gr_code gr_quantile_of_sorted(gr_tensor *out, const gr_tensor *rows, double q, gr_err *err);

#endif
