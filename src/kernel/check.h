// What the operations of networks ask of their tensors, with the messages.
#ifndef GR_KERNEL_CHECK_H
#define GR_KERNEL_CHECK_H

#include "kernel/network.h"

// A contiguous float tensor; with `like`, of its dtype too. `what` names it: "the input of a convolution".
gr_code gr_check_float(const gr_tensor *t, const gr_tensor *like, const char *what, gr_err *err);
gr_code gr_check_ndim(const gr_tensor *t, int ndim, const char *what, const char *axes, gr_err *err);
gr_code gr_check_same_shape(const gr_tensor *a, const gr_tensor *b, const char *what_a, const char *what_b,
                            gr_err *err);
gr_code gr_check_mask(const gr_tensor *mask, const gr_tensor *like, const char *what, gr_err *err);

// Of a convolution in so many groups of channels, each with its own part of the kernel's filters (conv.c).
gr_code gr_check_convolution(const gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel,
                             const gr_window *w, int64_t groups, gr_err *err);
gr_code gr_check_convolution_bias(const gr_tensor *bias, const gr_tensor *kernel, gr_err *err);
gr_code gr_check_convolution_gradients(const gr_tensor *dx, const gr_tensor *dkernel, const gr_tensor *dbias,
                                       const gr_tensor *x, const gr_tensor *kernel, gr_err *err);
// Every row of `pixels` becomes the bias, or 0 without one.
void gr_fill_rows(const gr_tensor *pixels, const gr_tensor *bias);
// Zeros, unless what is there is to be added to. `t` may be NULL.
void gr_clear_unless(bool accumulate, gr_tensor *t);

#endif
