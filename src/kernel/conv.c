// Convolution as a matrix product: the windows of an image are laid out as the rows of a matrix (pixels of
// the output, kh * kw * ci) and multiplied with the kernel (kh * kw * ci, co). One image at a time, and of a
// large image a band of output rows at a time, so that the matrix is still in the cache when BLAS reads it:
// twice as fast as one matrix for the whole batch. A 1x1 kernel with stride 1 reads the image itself.
#include <inttypes.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/check.h"
#include "kernel/matmul.h"
#include "kernel/table.h"

// Bytes of the matrix of windows, at least one output row: half of a common second cache.
#define BAND_BYTES (512 * 1024)

gr_code gr_window_output(int64_t out[2], gr_window *w, const int64_t in[2], bool same, gr_err *err) {
  static const char *const axis_name[2] = {"rows", "columns"};
  for (int axis = 0; axis < 2; axis++) {
    const int64_t size = w->size[axis], stride = w->stride[axis], dilation = w->dilation[axis];
    if (size < 1 || stride < 1 || dilation < 1)
      return gr_fail(err, GR_ERR_VALUE,
                     "a window's size, stride and dilation are 1 or more, not %" PRId64 ", %" PRId64
                     " and %" PRId64 " (%s)",
                     size, stride, dilation, axis_name[axis]);
    int64_t extent;
    if (__builtin_mul_overflow(size - 1, dilation, &extent) || extent >= INT64_MAX / 4 ||
        stride >= INT64_MAX / 4)
      return gr_fail(err, GR_ERR_VALUE,
                     "a window of %" PRId64 " %s with dilation %" PRId64 " and stride %" PRId64
                     " is beyond any image",
                     size, axis_name[axis], dilation, stride);
    extent += 1;
    const int64_t n = in[axis];
    if (same) {
      if (n < 1)
        return gr_fail(err, GR_ERR_SHAPE,
                       "an image of shape (%" PRId64 ", %" PRId64 ") has no %s for a window "
                       "to run over",
                       in[0], in[1], axis_name[axis]);
      out[axis] = (n - 1) / stride + 1;
      int64_t last;  // where the last window begins in an image without padding
      if (__builtin_mul_overflow(out[axis] - 1, stride, &last)) last = n;
      const int64_t total = last + extent - n;
      w->pad_before[axis] = total > 0 ? total / 2 : 0;
    } else {
      if (n < extent)
        return gr_fail(err, GR_ERR_SHAPE,
                       "a window of %" PRId64 " %s%s is larger than the image with its %" PRId64
                       ": use a smaller window, fewer pooling layers or padding \"same\"",
                       extent, axis_name[axis], dilation > 1 ? " (with dilation)" : "", n);
      out[axis] = (n - extent) / stride + 1;
      w->pad_before[axis] = 0;
    }
  }
  return GR_OK;
}

// The image is its own matrix of windows. The output's size says that the stride is 1.
static bool is_pointwise(const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *out) {
  return kernel->shape[0] == 1 && kernel->shape[1] == 1 && x->shape[1] == out->shape[1] &&
         x->shape[2] == out->shape[2];
}

// Output rows whose windows fit into a band.
static int64_t band_rows(const gr_tensor *kernel, const gr_tensor *out) {
  const int64_t row = out->shape[2] * kernel->shape[0] * kernel->shape[1] * kernel->shape[2] *
                      (int64_t)gr_dtype_size(out->dtype);
  if (row == 0) return out->shape[1];
  const int64_t rows = BAND_BYTES / row;
  return rows < 1 ? 1 : rows < out->shape[1] ? rows : out->shape[1];
}

size_t gr_conv2d_scratch(const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *out) {
  if (is_pointwise(x, kernel, out)) return 0;
  return (size_t)(band_rows(kernel, out) * out->shape[2] * kernel->shape[0] * kernel->shape[1] *
                  kernel->shape[2]) *
         gr_dtype_size(out->dtype);
}

// memcpy of a few pixels, where a call costs more than the copy: two moves that may overlap.
static inline void copy_run(char *to, const char *from, size_t bytes) {
#define TWO_MOVES(n)                     \
  do {                                   \
    char head[n], tail[n];               \
    memcpy(head, from, n);               \
    memcpy(tail, from + bytes - (n), n); \
    memcpy(to, head, n);                 \
    memcpy(to + bytes - (n), tail, n);   \
  } while (0)
  if (bytes > 64 || bytes < 4)
    memcpy(to, from, bytes);
  else if (bytes >= 32)
    TWO_MOVES(32);
  else if (bytes >= 16)
    TWO_MOVES(16);
  else if (bytes >= 8)
    TWO_MOVES(8);
  else
    TWO_MOVES(4);
#undef TWO_MOVES
}

// Output pixel, then row of the window. Without dilation a row of the window is one run of the image's
// memory, with zeros before and after it where the window hangs over the edge.
static void image_to_columns(void *columns, const void *image, const gr_window_view *view, size_t element) {
  const gr_window *w = &view->window;
  const size_t pixel = (size_t)view->channels * element;
  if (pixel == 0) return;
  char *to = columns;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++)
    for (int64_t ox = 0; ox < view->out_width; ox++) {
      const int64_t x0 = ox * w->stride[1] - w->pad_before[1];
      for (int64_t ky = 0; ky < w->size[0]; ky++) {
        const int64_t y = oy * w->stride[0] - w->pad_before[0] + ky * w->dilation[0];
        const char *row = (const char *)image + (size_t)(y * view->width) * pixel;
        if (y < 0 || y >= view->height) {
          memset(to, 0, (size_t)w->size[1] * pixel);
          to += (size_t)w->size[1] * pixel;
        } else if (w->dilation[1] == 1) {
          int64_t before = x0 < 0 ? -x0 : 0;
          int64_t end = view->width - x0 < w->size[1] ? view->width - x0 : w->size[1];
          if (before > 0) memset(to, 0, (size_t)before * pixel);
          copy_run(to + (size_t)before * pixel, row + (size_t)(x0 + before) * pixel,
                   (size_t)(end - before) * pixel);
          if (end < w->size[1]) memset(to + (size_t)end * pixel, 0, (size_t)(w->size[1] - end) * pixel);
          to += (size_t)w->size[1] * pixel;
        } else {
          for (int64_t kx = 0; kx < w->size[1]; kx++, to += pixel) {
            const int64_t px = x0 + kx * w->dilation[1];
            if (px < 0 || px >= view->width)
              memset(to, 0, pixel);
            else
              memcpy(to, row + (size_t)px * pixel, pixel);
          }
        }
      }
    }
}

// ---- checks ---------------------------------------------------------------------------------------------

gr_code gr_check_convolution(const gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel,
                             const gr_window *w, int64_t groups, gr_err *err) {
  gr_code code = gr_check_float(x, NULL, "the input of a convolution", err);
  if (!code) code = gr_check_float(kernel, x, "the kernel of a convolution", err);
  if (!code) code = gr_check_float(out, x, "the output of a convolution", err);
  if (!code)
    code = gr_check_ndim(x, 4, "the input of a convolution", "(images, rows, columns, channels)", err);
  if (!code)
    code =
        gr_check_ndim(kernel, 4, "the kernel of a convolution", "(rows, columns, channels in, filters)", err);
  if (!code)
    code = gr_check_ndim(out, 4, "the output of a convolution", "(images, rows, columns, filters)", err);
  if (code) return code;
  char images[GR_SHAPE_TEXT], filters[GR_SHAPE_TEXT], result[GR_SHAPE_TEXT];
  gr_shape_text(images, 4, x->shape);
  gr_shape_text(filters, 4, kernel->shape);
  if (x->shape[3] != kernel->shape[2] * groups)
    return gr_fail(err, GR_ERR_SHAPE,
                   "the input of shape %s has %" PRId64 " channels (axis 4), but the kernel of "
                   "shape %s reads %" PRId64 " (axis 3)",
                   images, x->shape[3], filters, kernel->shape[2] * groups);
  bool fits = out->shape[0] == x->shape[0] && out->shape[3] == kernel->shape[3];
  for (int axis = 0; axis < 2; axis++) {
    if (kernel->shape[axis] != w->size[axis])
      return gr_fail(err, GR_ERR_SHAPE, "the kernel of shape %s is not %" PRId64 "x%" PRId64, filters,
                     w->size[0], w->size[1]);
    // Each window begins in the image or in the padding before it, and is never in the padding altogether.
    const int64_t pad = w->pad_before[axis], extent = (w->size[axis] - 1) * w->dilation[axis] + 1;
    fits = fits && w->stride[axis] > 0 && w->dilation[axis] > 0 && pad >= 0 && pad < extent &&
           (out->shape[axis + 1] - 1) * w->stride[axis] - pad < x->shape[axis + 1];
  }
  if (!fits)
    return gr_fail(err, GR_ERR_SHAPE,
                   "the windows of the kernel of shape %s over the input of shape %s do not "
                   "give an output of shape %s",
                   filters, images, gr_shape_text(result, 4, out->shape));
  return GR_OK;
}

gr_code gr_check_convolution_bias(const gr_tensor *bias, const gr_tensor *kernel, gr_err *err) {
  gr_code code = gr_check_float(bias, kernel, "the bias of a convolution", err);
  if (code) return code;
  if (bias->ndim == 1 && bias->shape[0] == kernel->shape[3]) return GR_OK;
  char text[GR_SHAPE_TEXT];
  return gr_fail(err, GR_ERR_SHAPE,
                 "the bias of a convolution with %" PRId64 " filters has shape (%" PRId64 ",), not %s",
                 kernel->shape[3], kernel->shape[3], gr_shape_text(text, bias->ndim, bias->shape));
}

// ---- forward and backward -------------------------------------------------------------------------------

static gr_tensor matrix(void *data, gr_dtype dtype, int64_t rows, int64_t columns) {
  return (gr_tensor){
      .data = data, .dtype = (uint8_t)dtype, .ndim = 2, .shape = {rows, columns}, .stride = {columns, 1}};
}

// A band of output rows of one image: its window, and where its numbers are.
typedef struct band {
  gr_window_view view;
  char *x, *out;      // the image; the band's first output pixel
  gr_tensor columns;  // (pixels, kh * kw * ci), in scratch or the image itself
  gr_tensor pixels;   // (pixels, co)
} band;

static band band_at(const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *out, const gr_window *w,
                    void *scratch, int64_t image, int64_t row) {
  const size_t element = gr_dtype_size(x->dtype);
  const int64_t most = band_rows(kernel, out), left = out->shape[1] - row;
  const int64_t depth = kernel->shape[0] * kernel->shape[1] * kernel->shape[2], co = kernel->shape[3];
  band b = {.view = {.window = *w,
                     .height = x->shape[1],
                     .width = x->shape[2],
                     .channels = x->shape[3],
                     .out_width = out->shape[2],
                     .row = row,
                     .rows = left < most ? left : most}};
  const int64_t pixels = b.view.rows * out->shape[2];
  b.x = (char *)x->data + (size_t)(image * x->shape[1] * x->shape[2] * x->shape[3]) * element;
  b.out = (char *)out->data + (size_t)((image * out->shape[1] + row) * out->shape[2] * co) * element;
  void *columns =
      is_pointwise(x, kernel, out) ? b.x + (size_t)(row * x->shape[2] * x->shape[3]) * element : scratch;
  b.columns = matrix(columns, x->dtype, pixels, depth);
  b.pixels = matrix(b.out, x->dtype, pixels, co);
  return b;
}

static gr_tensor kernel_matrix(const gr_tensor *kernel) {
  return matrix(kernel->data, kernel->dtype, kernel->shape[0] * kernel->shape[1] * kernel->shape[2],
                kernel->shape[3]);
}

// Doubling what is there takes few, long copies.
void gr_fill_rows(const gr_tensor *pixels, const gr_tensor *bias) {
  const size_t all = gr_tensor_bytes(pixels), row = bias ? gr_tensor_bytes(bias) : all;
  if (all == 0) return;
  if (bias)
    memcpy(pixels->data, bias->data, row);
  else
    memset(pixels->data, 0, all);
  for (size_t done = row; done < all;) {
    const size_t next = done < all - done ? done : all - done;
    memcpy((char *)pixels->data + done, pixels->data, next);
    done += next;
  }
}

gr_code gr_conv2d(gr_tensor *out, const gr_tensor *x, const gr_tensor *kernel, const gr_tensor *bias,
                  const gr_window *w, void *scratch, gr_err *err) {
  gr_code code = gr_check_convolution(out, x, kernel, w, 1, err);
  if (!code && bias) code = gr_check_convolution_bias(bias, kernel, err);
  const gr_tensor weights = kernel_matrix(kernel);
  const int64_t step = code ? 0 : band_rows(kernel, out);
  for (int64_t image = 0; !code && image < x->shape[0]; image++) {
    code = gr_interrupt_poll(err);
    for (int64_t row = 0; !code && row < out->shape[1]; row += step) {
      band b = band_at(x, kernel, out, w, scratch, image, row);
      if (b.columns.data == scratch) image_to_columns(scratch, b.x, &b.view, gr_dtype_size(x->dtype));
      if (bias) gr_fill_rows(&b.pixels, bias);
      code = gr_matmul(&b.pixels, &b.columns, &weights, bias != NULL, err);
    }
  }
  return code;
}

gr_code gr_check_convolution_gradients(const gr_tensor *dx, const gr_tensor *dkernel, const gr_tensor *dbias,
                                       const gr_tensor *x, const gr_tensor *kernel, gr_err *err) {
  gr_code code = GR_OK;
  if (dx) code = gr_check_float(dx, x, "the gradient of a convolution's input", err);
  if (dx && !code)
    code = gr_check_same_shape(dx, x, "the gradient of a convolution's input", "the input", err);
  if (dkernel && !code) code = gr_check_float(dkernel, x, "the gradient of a convolution's kernel", err);
  if (dkernel && !code)
    code = gr_check_same_shape(dkernel, kernel, "the gradient of a convolution's kernel", "the kernel", err);
  if (dbias && !code) code = gr_check_convolution_bias(dbias, kernel, err);
  return code;
}

void gr_clear_unless(bool accumulate, gr_tensor *t) {
  if (t && !accumulate && gr_tensor_bytes(t)) memset(t->data, 0, gr_tensor_bytes(t));
}

// Per band: dkernel += columns^T dout, dbias += the rows of dout, and dout kernel^T, which takes the place of
// the columns in scratch, is added back to the pixels it was read from.
gr_code gr_conv2d_backward(gr_tensor *dx, gr_tensor *dkernel, gr_tensor *dbias, const bool accumulate[3],
                           const gr_tensor *dout, const gr_tensor *x, const gr_tensor *kernel,
                           const gr_window *w, void *scratch, gr_err *err) {
  gr_code code = gr_check_convolution(dout, x, kernel, w, 1, err);
  if (!code) code = gr_check_convolution_gradients(dx, dkernel, dbias, x, kernel, err);
  if (code) return code;
  gr_clear_unless(accumulate[0], dx);
  gr_clear_unless(accumulate[1], dkernel);
  gr_clear_unless(accumulate[2], dbias);

  const gr_network_table *loops = gr_kernels()->network[x->dtype];
  const bool pointwise = is_pointwise(x, kernel, dout);
  const gr_tensor weights = kernel_matrix(kernel), weights_t = gr_tensor_transposed(&weights);
  gr_tensor dweights = dkernel ? kernel_matrix(dkernel) : (gr_tensor){0};
  const int64_t step = band_rows(kernel, dout);
  for (int64_t image = 0; !code && image < x->shape[0]; image++) {
    code = gr_interrupt_poll(err);
    for (int64_t row = 0; !code && row < dout->shape[1]; row += step) {
      band b = band_at(x, kernel, dout, w, scratch, image, row);
      if (dbias) loops->sum_rows(dbias->data, b.out, b.pixels.shape[0], b.pixels.shape[1]);
      if (dkernel) {
        if (!pointwise) image_to_columns(scratch, b.x, &b.view, gr_dtype_size(x->dtype));
        const gr_tensor columns_t = gr_tensor_transposed(&b.columns);
        code = gr_matmul(&dweights, &columns_t, &b.pixels, true, err);
      }
      if (dx && !code) {
        band d = band_at(dx, kernel, dout, w, scratch, image, row);
        code = gr_matmul(&d.columns, &d.pixels, &weights_t, pointwise, err);
        if (!code && !pointwise) loops->columns_to_image(d.x, scratch, &d.view);
      }
    }
  }
  return code;
}
