// Counting numbers into bins.
#ifndef GR_KERNEL_HISTOGRAM_H
#define GR_KERNEL_HISTOGRAM_H

#include "tensor/tensor.h"

// counts[i] += how many elements of `a` lie in edges[i] <= x < edges[i + 1], the last bin with its right
// edge. Numbers outside, and nan, are left out. `edges` is contiguous float64 and ascends; `even`: its bins
// are equally wide, and are computed instead of searched. `counts` is contiguous float64. `weights`, of a's
// shape, may be NULL: then each element counts 1.
gr_code gr_histogram(gr_tensor *counts, const gr_tensor *edges, bool even, const gr_tensor *a,
                     const gr_tensor *weights, gr_err *err);

// Which bin that is, 0-based, or -1 outside: `bins` (int64) is contiguous, of as many elements as `a`.
gr_code gr_histogram_bins(int64_t *bins, const gr_tensor *edges, bool even, const gr_tensor *a, gr_err *err);

// counts[x] += 1, or the weight, for each element x of `a`, whole numbers from 0 below the size of counts.
gr_code gr_count_values(gr_tensor *counts, const gr_tensor *a, const gr_tensor *weights, gr_err *err);

#endif
