// Forward and backward of what networks are made of: convolution, pooling, softmax, losses, dropout,
// optimizer updates. Tensors are contiguous, all of one float dtype unless said; images are NHWC, kernels
// HWIO. A convolution is a matrix product, band by band (conv.c); `scratch` is memory of the
// caller's, so that a training step allocates nothing. A backward with `accumulate` adds to its result.
#ifndef GR_KERNEL_NETWORK_H
#define GR_KERNEL_NETWORK_H

#include "base/random.h"
#include "tensor/tensor.h"

typedef struct gr_window {                  // a convolution's or a pool's geometry
  int64_t size[2], stride[2], dilation[2];  // rows, columns
  int64_t pad_before[2];  // zero rows above, zero columns left; below and right follow from the output's size
} gr_window;

// Keras's rule: valid: floor((n - k_eff)/s) + 1; same: ceil(n/s), the odd padding row or column at
// bottom/right. GR_ERR_SHAPE when the window is larger than the (padded) image.
gr_code gr_window_output(int64_t out[2], gr_window *w, const int64_t in[2], bool same, gr_err *err);

// x (n, h, w, ci), kernel (kh, kw, ci, co), bias (co) or NULL, out (n, oh, ow, co).
size_t gr_conv2d_scratch(const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *out);  // bytes
gr_code gr_conv2d(gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *bias,
                  const gr_window *w, void *scratch, gr_err *err);
// Each of dx, dkernel, dbias may be NULL; `accumulate` is one flag for each, in that order.
gr_code gr_conv2d_backward(gr_tensor *dx, gr_tensor *dkernel, gr_tensor *dbias, const bool accumulate[3],
                           const gr_tensor *dout, const gr_tensor *x, const gr_tensor *kernel,
                           const gr_window *w, void *scratch, gr_err *err);

// In groups of few channels: kernel (kh, kw, ci / groups, co), and filter f looks at the channels of group
// f / (co / groups) alone. The rest is as above.
size_t gr_grouped_conv2d_scratch(const gr_tensor *x, const gr_tensor *kernel);  // bytes
gr_code gr_grouped_conv2d(gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *bias,
                          const gr_window *w, int64_t groups, void *scratch, gr_err *err);
gr_code gr_grouped_conv2d_backward(gr_tensor *dx, gr_tensor *dkernel, gr_tensor *dbias,
                                   const bool accumulate[3], const gr_tensor *dout, const gr_tensor *x,
                                   const gr_tensor *kernel, const gr_window *w, int64_t groups, void *scratch,
                                   gr_err *err);

// arg (uint8, out's shape, or NULL): which cell of the window won, row-major; the first of equals.
gr_code gr_max_pool2d(gr_tensor *out, gr_tensor *arg, const gr_tensor *x, const gr_window *w, gr_err *err);
gr_code gr_max_pool2d_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *arg, const gr_window *w,
                               bool accumulate, gr_err *err);
// The mean of each window, of the pixels in it that lie inside the image.
gr_code gr_average_pool2d(gr_tensor *out, const gr_tensor *x, const gr_window *w, gr_err *err);
gr_code gr_average_pool2d_backward(gr_tensor *dx, const gr_tensor *dout, const gr_window *w, bool accumulate,
                                   gr_err *err);

// Over the last axis, shifted by the row's maximum.
gr_code gr_softmax(gr_tensor *out, const gr_tensor *x, gr_err *err);
gr_code gr_softmax_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *out, bool accumulate,
                            gr_err *err);

// One draw of the stream per element, numbered from `first`; kept elements are divided by 1 - rate. The
// elements along the axes of which `shared` has bits have one draw together. mask is uint8 of x's shape;
// backward: dx (+)= dout * mask / (1 - rate).
gr_code gr_dropout(gr_tensor *out, gr_tensor *mask, const gr_tensor *x, double rate, unsigned shared,
                   gr_stream stream, uint64_t first, gr_err *err);
gr_code gr_dropout_backward(gr_tensor *dx, const gr_tensor *dout, const gr_tensor *mask, double rate,
                            bool accumulate, gr_err *err);

// Losses: one number a sample into out (n), as Keras defines them (probabilities clipped to [1e-7, 1-1e-7]).
// Backward: dp (n, k) (+)= dout (n) times the derivative. Labels are any integer dtype or float, 0-based
// classes.
typedef enum gr_loss {
  GR_MEAN_SQUARED_ERROR,               // p, t (n, k): mean over k
  GR_BINARY_CROSSENTROPY,              // p, t (n, k): mean over k
  GR_CATEGORICAL_CROSSENTROPY,         // p, t (n, k); p is divided by its sum first
  GR_SPARSE_CATEGORICAL_CROSSENTROPY,  // p (n, k), t (n) or (n, 1)
  // The same three on scores (logits) instead of probabilities: sigmoid or softmax are part of the loss,
  // nothing is clipped, and a sample that is wrong by far still teaches.
  GR_BINARY_CROSSENTROPY_LOGITS,
  GR_CATEGORICAL_CROSSENTROPY_LOGITS,
  GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS,
  GR_N_LOSSES
} gr_loss;

// Whether the loss takes one class label a sample instead of a row.
static inline bool gr_loss_takes_classes(gr_loss loss) {
  return loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY || loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS;
}

gr_code gr_loss_forward(gr_tensor *out, gr_loss loss, const gr_tensor *p, const gr_tensor *t, gr_err *err);
gr_code gr_loss_backward(gr_tensor *dp, gr_loss loss, const gr_tensor *dout, const gr_tensor *p,
                         const gr_tensor *t, bool accumulate, gr_err *err);
// The derivative by the truth, where that is numbers and not the names of classes: dt (n, k) (+)=.
gr_code gr_loss_backward_truth(gr_tensor *dt, gr_loss loss, const gr_tensor *dout, const gr_tensor *p,
                               const gr_tensor *t, bool accumulate, gr_err *err);

// Metrics: one number a sample into out (n), 1 where it is right and 0 where it is not.
typedef enum gr_hit {
  GR_BINARY_ACCURACY,              // p, t (n, k): mean over k of (p > 0.5) == (t > 0.5)
  GR_CATEGORICAL_ACCURACY,         // p, t (n, k): the same arg max
  GR_SPARSE_CATEGORICAL_ACCURACY,  // p (n, k), t (n) or (n, 1)
  GR_N_HITS
} gr_hit;
gr_code gr_hit_forward(gr_tensor *out, gr_hit hit, const gr_tensor *p, const gr_tensor *t, gr_err *err);

#endif
