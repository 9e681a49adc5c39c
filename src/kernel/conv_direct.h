// The fast path of float32 convolutions beside the plain one of network.h: direct loops over images that stay
// in the cache, with bias, ReLU and 2x2 max pooling done while a result is still in registers. Images,
// kernels and outputs are contiguous as in network.h.
#ifndef GR_KERNEL_CONV_DIRECT_H
#define GR_KERNEL_CONV_DIRECT_H

#include "kernel/network.h"

typedef struct gr_conv {
  gr_window window;
  int64_t height, width, channels;  // of an image
  int64_t rows, columns, filters;   // of its convolution, before pooling
  bool relu, pool;                  // what follows: max(0, z); the greatest of each 2x2 square
} gr_conv;

// Of x (n, h, w, ci), kernel (kh, kw, ci, co), out (n, oh, ow, co) before pooling.
gr_conv gr_conv_of(const gr_tensor *x, const gr_tensor *kernel, const int64_t size[2], const gr_window *w);
// Whether there is a fast path; the rest of this header is for such convolutions only.
bool gr_conv_has_direct(const gr_conv *c, gr_dtype dtype);

// The weights in the order in which the loops read them: made once, read for every image.
size_t gr_conv_prepared_bytes(const gr_conv *c);
// `bias` may be NULL; `gradients`: gr_conv_direct_backward will be called, with dx.
void gr_conv_prepare(const gr_conv *c, void *prepared, const float *kernel, const float *bias,
                     bool gradients);

size_t gr_conv_direct_scratch(const gr_conv *c);  // bytes, for both

// out (images, rows, columns, filters), or half of both with pool. `arg`, of out's shape, or NULL: as in
// gr_max_pool2d, and 4 where ReLU let nothing through.
void gr_conv_direct(const gr_conv *c, int64_t images, float *out, uint8_t *arg, const float *x,
                    const void *prepared, void *scratch);

typedef struct gr_conv_gradients {
  float *dx, *dkernel, *dbias;  // each may be NULL
  bool accumulate;              // whether dx is added to; dkernel and dbias always are
} gr_conv_gradients;

// `out` and `arg` are what the forward pass gave: with relu alone it is `out` that says what passed, with
// pool it is `arg`.
gr_code gr_conv_direct_backward(const gr_conv *c, int64_t images, const gr_conv_gradients *to,
                                const float *dout, const float *out, const uint8_t *arg, const float *x,
                                const float *kernel, const void *prepared, void *scratch, gr_err *err);

#endif
