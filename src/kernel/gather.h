// Pieces of a tensor picked by position, and put back: rows of a batch, elements through index tensors.
#ifndef GR_KERNEL_GATHER_H
#define GR_KERNEL_GATHER_H

#include "tensor/tensor.h"

// What is picked: along `axes` neighbouring axes from `axis` on, whose elements are numbered together in
// row-major order. One axis is the usual case; all of them pick single numbers.
typedef struct gr_picks {
  int axis, axes;
  const int64_t *position;  // `count` of them, every one inside: nothing is checked here
  int64_t count;
  int64_t first;  // what the first position is called: 0, or 1 as in an order that Lua has seen
} gr_picks;

// out[.., k, ..] = t[.., position[k], ..]: `out` has one axis of size `count` where t has the picked ones.
// out's dtype is t's, or any float. They do not overlap, here and below.
gr_code gr_gather(gr_tensor *out, const gr_tensor *t, const gr_picks *picks, gr_err *err);
// t[.., position[k], ..] = from[.., k, ..], of the same dtype; of equal positions the last one stays.
gr_code gr_scatter(gr_tensor *t, const gr_tensor *from, const gr_picks *picks, gr_err *err);
// t[.., position[k], ..] += from[.., k, ..], float tensors of the same dtype, in the order of k.
gr_code gr_scatter_add(gr_tensor *t, const gr_tensor *from, const gr_picks *picks, gr_err *err);

// The positions that a tensor of whole numbers (of any dtype but bool) names along `axis` of `t`: 1-based,
// negative from the end. 0-based into out[], which has room for all of them. `axis` -1: positions among all
// elements of t. Fails at the first that is no whole number or outside.
gr_code gr_read_positions(int64_t *out, const gr_tensor *named, const gr_tensor *t, int axis, gr_err *err);

// How many elements of a mask (a bool tensor) are true, and their 0-based positions in row-major order, for
// which out[] has room.
int64_t gr_count_true(const gr_tensor *mask);
gr_code gr_true_positions(int64_t *out, const gr_tensor *mask, gr_err *err);

#endif
