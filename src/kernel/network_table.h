// The loops behind matmul.h and network.h that touch every element: inner_network.c, compiled once per
// type and instruction set, each time exporting one constant table. Memory comes as `void *` to `real`s,
// contiguous unless strides are given, and checked by the callers: nothing in here fails. table.h chooses.
#ifndef GR_KERNEL_NETWORK_TABLE_H
#define GR_KERNEL_NETWORK_TABLE_H

#include "kernel/network.h"

// One image and the window that runs over it; `rows` output rows from `row`.
typedef struct gr_window_view {
  gr_window window;
  int64_t height, width, channels;  // of the image
  int64_t out_width;
  int64_t row, rows;
} gr_window_view;

// All of out's rows over an image of x; `channels` are those that the loops go through.
static inline gr_window_view gr_window_view_of(const gr_tensor *x, const gr_tensor *out, const gr_window *w,
                                               int64_t channels) {
  return (gr_window_view){.window = *w,
                          .height = x->shape[1],
                          .width = x->shape[2],
                          .channels = channels,
                          .out_width = out->shape[2],
                          .rows = out->shape[1]};
}

// The first element of image `i` of contiguous images.
static inline void *gr_image_of(const gr_tensor *t, int64_t i) {
  return (char *)t->data + (size_t)(i * t->shape[1] * t->shape[2] * t->shape[3]) * gr_dtype_size(t->dtype);
}

// Labels of any dtype, read element by element when they are not `real`s.
typedef struct gr_label_view {
  const void *data;
  gr_dtype dtype;
} gr_label_view;

typedef struct gr_network_table {
  // out (m, n) = a b or out += a b; strides in elements, out's rows contiguous.
  void (*small_product)(void *out, const void *a, const int64_t a_stride[2], const void *b,
                        const int64_t b_stride[2], int64_t m, int64_t n, int64_t k, bool accumulate);

  // out (columns) += the sum over rows of x (rows, columns).
  void (*sum_rows)(void *out, const void *x, int64_t rows, int64_t columns);
  // Adds the columns (rows * out_width, kh * kw * channels) of view->rows output rows back to their image.
  void (*columns_to_image)(void *image, const void *columns, const gr_window_view *view);

  // `arg` may be NULL.
  void (*max_pool)(void *out, uint8_t *arg, const void *image, const gr_window_view *view);
  void (*max_pool_backward)(void *dimage, const void *dout, const uint8_t *arg, const gr_window_view *view);
  void (*average_pool)(void *out, const void *image, const gr_window_view *view);
  void (*average_pool_backward)(void *dimage, const void *dout, const gr_window_view *view);

  void (*softmax)(void *out, const void *x, int64_t rows, int64_t columns);
  void (*softmax_backward)(void *dx, const void *dout, const void *out, int64_t rows, int64_t columns,
                           bool accumulate);

  // kept[i]: whether draw `first` + i of the stream has at least those bits.
  void (*draw_kept)(uint8_t *kept, gr_stream stream, uint64_t first, int64_t n, uint64_t least);
  void (*dropout)(void *out, const void *x, const uint8_t *mask, double keep, int64_t n, bool accumulate);

  // The labels of the sparse loss and metric are in range already.
  void (*loss)(void *out, gr_loss loss, const void *p, gr_label_view t, int64_t rows, int64_t columns);
  void (*loss_backward)(void *dp, gr_loss loss, const void *dout, const void *p, gr_label_view t,
                        int64_t rows, int64_t columns, bool accumulate);
  void (*hit)(void *out, gr_hit hit, const void *p, gr_label_view t, int64_t rows, int64_t columns);
} gr_network_table;

// Convolution of one image in groups of few channels (inner_grouped.c). The view's channels are the filters,
// `image` has a number for each, and `cell` is the distance of two cells in the kernel. All but `spread` add.
typedef struct gr_grouped_table {
  void (*forward)(void *out, const void *image, const void *kernel, int64_t cell, const gr_window_view *view);
  void (*image_gradient)(void *dimage, const void *dout, const void *kernel, int64_t cell,
                         const gr_window_view *view);
  // `spare`: a number for each filter and cell.
  void (*kernel_gradient)(void *dkernel, const void *dout, const void *image, int64_t cell, void *spare,
                          const gr_window_view *view);
  // image (pixels, channels) from one of the first group's channels on; to (pixels, filters): for each filter
  // the channel of its own group. `gather` goes the other way.
  void (*spread)(void *to, const void *image, int64_t pixels, int64_t channels, int64_t groups,
                 int64_t filters);
  void (*gather)(void *image, const void *from, int64_t pixels, int64_t channels, int64_t groups,
                 int64_t filters);
} gr_grouped_table;

#endif
