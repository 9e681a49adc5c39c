// The loops behind warp.h and augment.h that touch every pixel: inner_warp.c, compiled once per type and
// instruction set. Memory comes as `void *` to `real`s, contiguous: nothing in here fails.
#ifndef GR_KERNEL_WARP_TABLE_H
#define GR_KERNEL_WARP_TABLE_H

#include "kernel/warp.h"

typedef struct gr_warp_table {
  void (*warp)(void *out, const void *in, const gr_warp *w);
  // x (pixels, channels) becomes (x - mean) contrast + mean + brightness, by the mean of each channel.
  void (*tone)(void *x, int64_t pixels, int64_t channels, double contrast, double brightness);
  void (*clip)(void *x, int64_t n, double low, double high);
  // x += scale * noise
  void (*add_scaled)(void *x, const void *noise, double scale, int64_t n);
  // out[i] = the sum over k of weight[k] in[i + k - radius], along the middle axis of (outer, n, inner),
  // edges reflected.
  void (*blur)(void *out, const void *in, const double *weight, int64_t radius, int64_t outer, int64_t n,
               int64_t inner);
} gr_warp_table;

#endif
