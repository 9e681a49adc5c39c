// Pictures moved, bent, resized and spoilt: what a data set is prepared and enlarged with. A picture is
// (rows, columns, channels), contiguous; positions and sizes are pairs {rows, columns}, and pixel (r, c) has
// its centre at (r, c). Nothing here draws by itself: augment.h says what is drawn.
#ifndef GR_KERNEL_WARP_H
#define GR_KERNEL_WARP_H

#include <stdbool.h>

#include "tensor/tensor.h"

// What lies outside a picture whose line is a b c d; Keras's names.
typedef enum gr_filling {
  GR_FILL_CONSTANT,  // k k k k | a b c d | k k k k
  GR_FILL_NEAREST,   // a a a a | a b c d | d d d d
  GR_FILL_REFLECT,   // d c b a | a b c d | d c b a
  GR_FILL_WRAP,      // a b c d | a b c d | a b c d
  GR_N_FILLS
} gr_filling;

// The position inside 0..n-1 that stands for position i, or -1 where the constant does. n >= 1.
static inline int64_t gr_fill_position(gr_filling fill, int64_t i, int64_t n) {
  if (i >= 0 && i < n) return i;
  if (fill == GR_FILL_CONSTANT) return -1;
  if (fill == GR_FILL_NEAREST) return i < 0 ? 0 : n - 1;
  const int64_t period = fill == GR_FILL_WRAP ? n : 2 * n;
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : 2 * n - 1 - i;
}

// Output pixel (r, c) is the input at row map[0] r + map[1] c + map[2], column map[3] r + map[4] c + map[5]:
// between pixels by bilinear interpolation, or that of the nearest pixel. A map of whole numbers (a flip, a
// quarter turn, a shift by whole pixels) copies pixels, bit for bit.
typedef struct gr_warp {
  double map[6];
  gr_filling fill;
  double value;  // of GR_FILL_CONSTANT
  bool nearest;
  int64_t in[2], out[2], channels;  // sizes; `in` at least 1 by 1
} gr_warp;

// Entries of the map that are whole numbers but for rounding become whole.
void gr_warp_settle(gr_warp *w);
// float32 or float64.
void gr_warp_picture(void *out, const void *in, gr_dtype dtype, const gr_warp *w);

typedef enum gr_resizing {
  GR_RESIZE_AREA,      // the mean of what the output pixel covers: OpenCV's INTER_AREA
  GR_RESIZE_BILINEAR,  // between the four nearest pixels, edges repeated: OpenCV's INTER_LINEAR,
                       // tf.image.resize
  GR_RESIZE_NEAREST,   // the pixel under the output pixel's centre
  GR_N_RESIZINGS
} gr_resizing;

// For output pixels 0..out-1 along one axis: the first input pixel that counts, how many do, the weight of
// each, `most` places an output pixel, and what their sum is divided by.
typedef struct gr_resize_axis {
  int64_t in, out, most;
  int64_t *first, *count;
  double *weight, *total;
} gr_resize_axis;

gr_code gr_resize_axis_init(gr_resize_axis *a, int64_t in, int64_t out, gr_resizing how, gr_err *err);
// The way back, for gradients: an input pixel's is the sum of those of the pixels that it counts for.
gr_code gr_resize_axis_transposed(gr_resize_axis *out, const gr_resize_axis *a, gr_err *err);
void gr_resize_axis_finish(gr_resize_axis *a);  // accepts zero bytes
// float32, float64, or uint8, which is rounded (halves to even). `line` has room for columns->in * channels
// doubles. Sums are made in float64.
void gr_resize_picture(void *out, const void *in, gr_dtype dtype, const gr_resize_axis *rows,
                       const gr_resize_axis *columns, int64_t channels, double *line);

// Grey from red, green and blue: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as Pillow and OpenCV weight
// them. uint8 is rounded to the nearest.
void gr_gray(void *out, const void *in, gr_dtype dtype, int64_t pixels);

#endif
