// What the operations of networks ask of their tensors, with the messages.
#ifndef GR_KERNEL_CHECK_H
#define GR_KERNEL_CHECK_H

#include "tensor/tensor.h"

// A contiguous float tensor; with `like`, of its dtype too. `what` names it: "the input of a convolution".
gr_code gr_check_float(const gr_tensor *t, const gr_tensor *like, const char *what, gr_err *err);
gr_code gr_check_ndim(const gr_tensor *t, int ndim, const char *what, const char *axes, gr_err *err);
gr_code gr_check_same_shape(const gr_tensor *a, const gr_tensor *b, const char *what_a, const char *what_b,
                            gr_err *err);
gr_code gr_check_mask(const gr_tensor *mask, const gr_tensor *like, const char *what, gr_err *err);

#endif
