// Convolution in groups of few channels, image by image, as a sum of depthwise convolutions: one for each
// channel that a filter looks at. There is no matrix to multiply, and the filters of all groups go through
// the vector registers side by side. The loops are in inner_grouped.c.
#include <string.h>

#include "base/interrupt.h"
#include "kernel/check.h"
#include "kernel/table.h"

// The image is the one that the loops want.
static bool is_depthwise(const gr_tensor *x, const gr_tensor *kernel) {
  return kernel->shape[2] == 1 && kernel->shape[3] == x->shape[3];
}

// Bytes of an image with a number for each filter.
static size_t spread_bytes(const gr_tensor *x, const gr_tensor *kernel) {
  if (is_depthwise(x, kernel)) return 0;
  return (size_t)(x->shape[1] * x->shape[2] * kernel->shape[3]) * gr_dtype_size(x->dtype);
}

size_t gr_grouped_conv2d_scratch(const gr_tensor *x, const gr_tensor *kernel) {
  return spread_bytes(x, kernel) + gr_tensor_bytes(kernel);
}

static gr_tensor pixels_of(const gr_tensor *t, int64_t i) {
  return (gr_tensor){.data = gr_image_of(t, i),
                     .dtype = t->dtype,
                     .ndim = 2,
                     .shape = {t->shape[1] * t->shape[2], t->shape[3]},
                     .stride = {t->shape[3], 1}};
}

// The kernel's first cell of the t-th channel that filters look at.
static void *plane_of(const gr_tensor *kernel, int64_t t) {
  return (char *)kernel->data + (size_t)(t * kernel->shape[3]) * gr_dtype_size(kernel->dtype);
}

// The image whose number f is the t-th channel that filter f looks at: x's own memory, or `spare`.
static const void *spread(const gr_tensor *x, int64_t i, const gr_tensor *kernel, int64_t t, void *spare) {
  const gr_grouped_table *loops = gr_kernels()->grouped[x->dtype];
  const int64_t groups = x->shape[3] / kernel->shape[2];
  const char *from = gr_image_of(x, i);
  if (is_depthwise(x, kernel)) return from;
  loops->spread(spare, from + (size_t)t * gr_dtype_size(x->dtype), x->shape[1] * x->shape[2], x->shape[3],
                groups, kernel->shape[3]);
  return spare;
}

gr_code gr_grouped_conv2d(gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *bias,
                          const gr_window *w, int64_t groups, void *scratch, gr_err *err) {
  gr_code code = gr_check_convolution(out, x, kernel, w, groups, err);
  if (!code && bias) code = gr_check_convolution_bias(bias, kernel, err);
  if (code) return code;
  const gr_grouped_table *loops = gr_kernels()->grouped[x->dtype];
  const gr_window_view view = gr_window_view_of(x, out, w, out->shape[3]);
  const int64_t channels = kernel->shape[2], cell = channels * kernel->shape[3];
  for (int64_t i = 0; !code && i < x->shape[0]; i++) {
    const gr_tensor pixels = pixels_of(out, i);
    gr_fill_rows(&pixels, bias);
    for (int64_t t = 0; !code && t < channels; t++) {
      loops->forward(pixels.data, spread(x, i, kernel, t, scratch), plane_of(kernel, t), cell, &view);
      code = gr_interrupt_poll(err);
    }
  }
  return code;
}

// dx of one image, by the t-th channel of each filter.
static void image_backward(const gr_tensor *dx, int64_t i, const gr_tensor *dout, const gr_tensor *kernel,
                           int64_t t, const gr_window_view *view, void *spare) {
  const gr_grouped_table *loops = gr_kernels()->grouped[dx->dtype];
  const int64_t cell = kernel->shape[2] * kernel->shape[3], groups = dx->shape[3] / kernel->shape[2];
  char *to = gr_image_of(dx, i);
  if (is_depthwise(dx, kernel)) {
    loops->image_gradient(to, gr_image_of(dout, i), kernel->data, cell, view);
    return;
  }
  memset(spare, 0, spread_bytes(dx, kernel));
  loops->image_gradient(spare, gr_image_of(dout, i), plane_of(kernel, t), cell, view);
  loops->gather(to + (size_t)t * gr_dtype_size(dx->dtype), spare, dx->shape[1] * dx->shape[2], dx->shape[3],
                groups, kernel->shape[3]);
}

gr_code gr_grouped_conv2d_backward(gr_tensor *dx, gr_tensor *dkernel, gr_tensor *dbias,
                                   const bool accumulate[3], const gr_tensor *dout, const gr_tensor *x,
                                   const gr_tensor *kernel, const gr_window *w, int64_t groups, void *scratch,
                                   gr_err *err) {
  gr_code code = gr_check_convolution(dout, x, kernel, w, groups, err);
  if (!code) code = gr_check_convolution_gradients(dx, dkernel, dbias, x, kernel, err);
  if (code) return code;
  gr_clear_unless(accumulate[0], dx);
  gr_clear_unless(accumulate[1], dkernel);
  gr_clear_unless(accumulate[2], dbias);
  const gr_grouped_table *loops = gr_kernels()->grouped[x->dtype];
  const gr_window_view view = gr_window_view_of(x, dout, w, dout->shape[3]);
  const int64_t channels = kernel->shape[2], cell = channels * kernel->shape[3];
  void *kernel_spare = (char *)scratch + spread_bytes(x, kernel);
  for (int64_t i = 0; !code && i < x->shape[0]; i++) {
    const gr_tensor g = pixels_of(dout, i);
    if (dbias) gr_kernels()->network[x->dtype]->sum_rows(dbias->data, g.data, g.shape[0], g.shape[1]);
    for (int64_t t = 0; !code && t < channels; t++) {
      if (dkernel)
        loops->kernel_gradient(plane_of(dkernel, t), g.data, spread(x, i, kernel, t, scratch), cell,
                               kernel_spare, &view);
      if (dx) image_backward(dx, i, dout, kernel, t, &view, scratch);  // the image is not needed any more
      code = gr_interrupt_poll(err);
    }
  }
  return code;
}
