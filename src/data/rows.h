// What data sets need of tensors: ranges, counts of labels, splits.
#ifndef GR_DATA_ROWS_H
#define GR_DATA_ROWS_H

#include "base/err.h"
#include "base/random.h"
#include "tensor/tensor.h"

// `out` holds the numbers of `t` one after the other: `t` itself, shared, when they lie so already, otherwise
// a copy.
gr_code gr_contiguous(gr_tensor *out, const gr_tensor *t, gr_err *err);

// The least, mean and greatest number; a NaN anywhere makes all three NaN. All NaN when `t` is empty.
gr_code gr_range(double *least, double *mean, double *greatest, const gr_tensor *t, gr_err *err);

// Labels as classes. `y` has shape (n,) or (n, 1) and whole numbers 0 or more, of any dtype.
#define GR_MAX_CLASSES 100000
typedef struct gr_labels {
  int64_t *label;  // n of them
  int64_t n;
  int64_t *count;     // how often 0..n_classes-1 occur
  int64_t n_classes;  // the greatest label plus one
  bool sorted;        // each label at least the one before, and more than one class
} gr_labels;

// `name` is the argument's name, for messages.
gr_code gr_labels_init(gr_labels *out, const gr_tensor *y, const char *name, gr_err *err);
void gr_labels_finish(gr_labels *l);

#define GR_MAX_PARTS 16
// Divides n items into parts by ratios that add up to 1: order[] becomes the 0-based items of part 0, then of
// part 1, ...; sizes[] how many each has. With `l` every class is divided by the ratios for itself
// (stratified). A NULL `random` shuffles nothing: each part is then a run of items.
gr_code gr_split(int64_t *order, int64_t *sizes, int64_t n, const double *ratios, int n_parts,
                 const gr_labels *l, gr_random *random, gr_err *err);

#endif
