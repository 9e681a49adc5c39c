// Inner loops of networks, over contiguous memory. See network_table.h.
#include <tgmath.h>  // the sqrt of a real

#include "kernel/inner_math.h"
#include "kernel/inner_window.h"

static const gr_dtype real_dtype = REAL(GR_F64, GR_F32);

#define ALWAYS_INLINE inline __attribute__((always_inline))

// x or 0, on the bits: a NaN or infinity that is not kept leaves nothing behind. A choice between a number in
// memory and 0 by a byte will not do: gcc 12 for AVX2 makes masked loads of it, and of 16 in a row made all
// with the mask of the first of them.
static ALWAYS_INLINE real kept(bool keep, real x) { return real_of(bits_of(x) & -(real_bits)keep); }

// ---- products -------------------------------------------------------------------------------------------

// Up to 4 columns. Where the numbers of a column of x lie side by side, as in the gradient of a dense layer's
// weights, 64 rows are summed at once; otherwise a row's sums stay in registers.
static ALWAYS_INLINE void narrow_product(real *restrict z, const real *restrict x, const int64_t x_stride[2],
                                         const real *restrict y, int64_t y_line, int64_t m, int64_t k,
                                         bool accumulate, const int n) {
  enum { ROWS = 64 };
  if (x_stride[0] == 1)
    for (; m >= ROWS; m -= ROWS, x += ROWS, z += ROWS * n) {
      real sums[4 * ROWS];
      for (int i = 0; i < ROWS * n; i++) sums[i] = accumulate ? z[i] : 0;
      for (int64_t l = 0; l < k; l++) {
        const real *restrict row = x + l * x_stride[1], *restrict factors = y + l * y_line;
        for (int i = 0; i < ROWS; i++)
          for (int j = 0; j < n; j++) sums[i * n + j] += row[i] * factors[j];
      }
      for (int i = 0; i < ROWS * n; i++) z[i] = sums[i];
    }
  for (int64_t i = 0; i < m; i++, x += x_stride[0], z += n) {
    real sums[4];
    for (int j = 0; j < n; j++) sums[j] = accumulate ? z[j] : 0;
    for (int64_t l = 0; l < k; l++)
      for (int j = 0; j < n; j++) sums[j] += x[l * x_stride[1]] * y[l * y_line + j];
    for (int j = 0; j < n; j++) z[j] = sums[j];
  }
}

// Sums of up to 4 terms, b lying by columns: the gradient of what a last layer of few outputs reads. Up to 64
// columns of b are turned, then used for all rows of a.
static ALWAYS_INLINE void short_columns(real *restrict z, const real *restrict x, const int64_t x_stride[2],
                                        const real *restrict y, int64_t m, int64_t n, bool accumulate,
                                        const int k, const int64_t width) {
  real turned[4][64];
  for (int64_t c = 0; c < width; c++)
    for (int l = 0; l < k; l++) turned[l][c] = y[c * k + l];
  for (int64_t i = 0; i < m; i++, x += x_stride[0], z += n)
    for (int64_t c = 0; c < width; c++) {
      real sum = accumulate ? z[c] : 0;
      for (int l = 0; l < k; l++) sum += x[l * x_stride[1]] * turned[l][c];
      z[c] = sum;
    }
}

static ALWAYS_INLINE void short_product(real *restrict z, const real *restrict x, const int64_t x_stride[2],
                                        const real *restrict y, int64_t m, int64_t n, bool accumulate,
                                        const int k) {
  int64_t j = 0;
  for (; j + 64 <= n; j += 64) short_columns(z + j, x, x_stride, y + j * k, m, n, accumulate, k, 64);
  if (j < n) short_columns(z + j, x, x_stride, y + j * k, m, n, accumulate, k, n - j);
}

// A row of out at a time, k inside it: b is read along its rows, and one sum stays in a register when out is
// a column. The sums run in the order of k whatever the layout, so that a transposed view changes no bit.
static void small_product(void *out, const void *a, const int64_t a_stride[2], const void *b,
                          const int64_t b_stride[2], int64_t m, int64_t n, int64_t k, bool accumulate) {
  const real *x = a, *y = b;
  real *restrict z = out;
  if (b_stride[0] == 1 && b_stride[1] == k && n > 4) switch (k) {
      case 1: short_product(z, x, a_stride, y, m, n, accumulate, 1); return;
      case 2: short_product(z, x, a_stride, y, m, n, accumulate, 2); return;
      case 3: short_product(z, x, a_stride, y, m, n, accumulate, 3); return;
      case 4: short_product(z, x, a_stride, y, m, n, accumulate, 4); return;
    }
  if (n == 1 || b_stride[1] != 1) {
    const int64_t across = a_stride[1], down = b_stride[0];
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++) {
        const real *row = x + i * a_stride[0], *column = y + j * b_stride[1];
        real sum = accumulate ? z[i * n + j] : 0;
        for (int64_t l = 0; l < k; l++, row += across, column += down) sum += *row * *column;
        z[i * n + j] = sum;
      }
    return;
  }
  switch (n) {
    case 2: narrow_product(z, x, a_stride, y, b_stride[0], m, k, accumulate, 2); return;
    case 3: narrow_product(z, x, a_stride, y, b_stride[0], m, k, accumulate, 3); return;
    case 4: narrow_product(z, x, a_stride, y, b_stride[0], m, k, accumulate, 4); return;
  }
  for (int64_t i = 0; i < m; i++, z += n) {
    if (!accumulate) memset(z, 0, (size_t)n * sizeof(real));
    for (int64_t l = 0; l < k; l++) {
      const real factor = x[i * a_stride[0] + l * a_stride[1]];
      const real *row = y + l * b_stride[0];
      for (int64_t j = 0; j < n; j++) z[j] += factor * row[j];
    }
  }
}

// ---- convolution ----------------------------------------------------------------------------------------

// 64 columns at a time, so that their sums stay in the first cache; rows are summed by 32 and those sums
// added up, which keeps float32 exact enough over the thousands of pixels of an image.
static void sum_rows(void *out, const void *x, int64_t rows, int64_t columns) {
  for (int64_t first = 0; first < columns; first += 64) {
    const int64_t width = columns - first < 64 ? columns - first : 64;
    real *restrict total = (real *)out + first;
    for (int64_t i = 0; i < rows; i += 32) {
      real sum[64] = {0};
      const int64_t end = rows - i < 32 ? rows : i + 32;
      for (int64_t r = i; r < end; r++) {
        const real *restrict row = (const real *)x + r * columns + first;
        for (int64_t c = 0; c < width; c++) sum[c] += row[c];
      }
      for (int64_t c = 0; c < width; c++) total[c] += sum[c];
    }
  }
}

// Output pixel, then row and column of the window: the columns are read once, in order. Without dilation
// the window's row is one run of pixels in the image.
static void columns_to_image(void *image, const void *columns, const gr_window_view *view) {
  const gr_window *w = &view->window;
  const int64_t channels = view->channels;
  const real *column = columns;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++)
    for (int64_t ox = 0; ox < view->out_width; ox++)
      for (int64_t ky = 0; ky < w->size[0]; ky++, column += w->size[1] * channels) {
        const int64_t y = oy * w->stride[0] - w->pad_before[0] + ky * w->dilation[0];
        if (y < 0 || y >= view->height) continue;
        const int64_t x0 = ox * w->stride[1] - w->pad_before[1];
        real *row = (real *)image + y * view->width * channels;
        if (w->dilation[1] == 1) {
          const int64_t from = x0 < 0 ? -x0 : 0;
          const int64_t to = view->width - x0 < w->size[1] ? view->width - x0 : w->size[1];
          real *restrict to_pixel = row + x0 * channels;
          for (int64_t c = from * channels; c < to * channels; c++) to_pixel[c] += column[c];
          continue;
        }
        for (int64_t kx = 0; kx < w->size[1]; kx++) {
          const int64_t px = x0 + kx * w->dilation[1];
          if (px < 0 || px >= view->width) continue;
          real *restrict to_pixel = row + px * channels;
          for (int64_t c = 0; c < channels; c++) to_pixel[c] += column[kx * channels + c];
        }
      }
}

// ---- pooling --------------------------------------------------------------------------------------------

// 16 channels at a time: a loop of known length, of which compilers make whole vectors. With the length open
// they count in vectors of bytes, for arg, and leave the 16 channels of a small network to the scalar rest.
#define LANES 16

static ALWAYS_INLINE void cell_wins(real *restrict out, uint8_t *restrict arg, const real *restrict x,
                                    uint8_t cell, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) {
    const bool wins = (x[c] > out[c]) | ((x[c] != x[c]) & (out[c] == out[c]));
    out[c] = wins ? x[c] : out[c];
    if (arg) arg[c] = wins ? cell : arg[c];
  }
}

static ALWAYS_INLINE void cell_gradient(real *restrict dx, const real *restrict g,
                                        const uint8_t *restrict arg, uint8_t cell, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) dx[c] += kept(arg[c] == cell, g[c]);
}

// Output pixel, then cell, then channels: no branch depends on the data, and the channels go through vector
// registers. Padding never wins. A NaN wins over everything, the first of several.
static ALWAYS_INLINE void max_pool_pixels(real *out, uint8_t *arg, const real *image,
                                          const gr_window_view *view) {
  const int64_t channels = view->channels, whole = channels - channels % LANES;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++) {
    const span rows = span_of(&view->window, 0, oy, view->height);
    for (int64_t ox = 0; ox < view->out_width; ox++, out += channels) {
      const span cols = span_of(&view->window, 1, ox, view->width);
      for (int64_t ky = rows.first; ky < rows.last; ky++)
        for (int64_t kx = cols.first; kx < cols.last; kx++) {
          const real *x = image + ((rows.origin + ky) * view->width + cols.origin + kx) * channels;
          const uint8_t cell = (uint8_t)(ky * view->window.size[1] + kx);
          if (ky == rows.first && kx == cols.first) {
            memcpy(out, x, (size_t)channels * sizeof(real));
            if (arg) memset(arg, cell, (size_t)channels);
            continue;
          }
          for (int64_t c = 0; c < whole; c += LANES)
            cell_wins(out + c, arg ? arg + c : NULL, x + c, cell, LANES);
          cell_wins(out + whole, arg ? arg + whole : NULL, x + whole, cell, channels - whole);
        }
      if (arg) arg += channels;
    }
  }
}

static void max_pool(void *out, uint8_t *arg, const void *image, const gr_window_view *view) {
  if (arg)
    max_pool_pixels(out, arg, image, view);
  else
    max_pool_pixels(out, NULL, image, view);
}

// The same order; every cell of the window adds the gradient or zero: cheaper than finding the winner.
static void max_pool_backward(void *dimage, const void *dout, const uint8_t *arg,
                              const gr_window_view *view) {
  const int64_t channels = view->channels, whole = channels - channels % LANES;
  const real *g = dout;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++) {
    const span rows = span_of(&view->window, 0, oy, view->height);
    for (int64_t ox = 0; ox < view->out_width; ox++, g += channels, arg += channels) {
      const span cols = span_of(&view->window, 1, ox, view->width);
      for (int64_t ky = rows.first; ky < rows.last; ky++)
        for (int64_t kx = cols.first; kx < cols.last; kx++) {
          real *dx = (real *)dimage + ((rows.origin + ky) * view->width + cols.origin + kx) * channels;
          const uint8_t cell = (uint8_t)(ky * view->window.size[1] + kx);
          for (int64_t c = 0; c < whole; c += LANES) cell_gradient(dx + c, g + c, arg + c, cell, LANES);
          cell_gradient(dx + whole, g + whole, arg + whole, cell, channels - whole);
        }
    }
  }
}

// The mean of the cells inside the image; the same order as above, and a multiplication at the end.
static void average_pool(void *result, const void *image, const gr_window_view *view) {
  const int64_t channels = view->channels;
  real *restrict out = result;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++) {
    const span rows = span_of(&view->window, 0, oy, view->height);
    for (int64_t ox = 0; ox < view->out_width; ox++, out += channels) {
      const span cols = span_of(&view->window, 1, ox, view->width);
      memset(out, 0, (size_t)channels * sizeof(real));
      for (int64_t ky = rows.first; ky < rows.last; ky++)
        for (int64_t kx = cols.first; kx < cols.last; kx++) {
          const real *restrict x =
              (const real *)image + ((rows.origin + ky) * view->width + cols.origin + kx) * channels;
          for (int64_t c = 0; c < channels; c++) out[c] += x[c];
        }
      const real share = 1 / (real)((rows.last - rows.first) * (cols.last - cols.first));
      for (int64_t c = 0; c < channels; c++) out[c] *= share;
    }
  }
}

static void average_pool_backward(void *dimage, const void *dout, const gr_window_view *view) {
  const int64_t channels = view->channels;
  const real *restrict g = dout;
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++) {
    const span rows = span_of(&view->window, 0, oy, view->height);
    for (int64_t ox = 0; ox < view->out_width; ox++, g += channels) {
      const span cols = span_of(&view->window, 1, ox, view->width);
      const real share = 1 / (real)((rows.last - rows.first) * (cols.last - cols.first));
      for (int64_t ky = rows.first; ky < rows.last; ky++)
        for (int64_t kx = cols.first; kx < cols.last; kx++) {
          real *restrict dx =
              (real *)dimage + ((rows.origin + ky) * view->width + cols.origin + kx) * channels;
          for (int64_t c = 0; c < channels; c++) dx[c] += g[c] * share;
        }
    }
  }
}

// ---- softmax --------------------------------------------------------------------------------------------

// x, out (rows, columns). Row by row, which stays in the first cache: maximum, exponentials and their sum,
// division. The shift keeps exp from overflowing. The exponentials are what limits it.
static void softmax(void *out, const void *x, int64_t rows, int64_t columns) {
  const real *a = x;
  real *y = out;
  for (int64_t i = 0; i < rows; i++, a += columns, y += columns) {
    real most = a[0];
    for (int64_t j = 1; j < columns; j++) most = a[j] > most ? a[j] : most;
    real sum = 0;
    for (int64_t j = 0; j < columns; j++) sum += y[j] = exp_of(a[j] - most);
    for (int64_t j = 0; j < columns; j++) y[j] /= sum;
  }
}

// dx = y * (dout - sum(dout * y)): the sum is what raising one probability takes from all the others.
static void softmax_backward(void *dx, const void *dout, const void *out, int64_t rows, int64_t columns,
                             bool accumulate) {
  const real *g = dout, *y = out;
  real *d = dx;
  for (int64_t i = 0; i < rows; i++, g += columns, y += columns, d += columns) {
    real sum = 0;
    for (int64_t j = 0; j < columns; j++) sum += g[j] * y[j];
    for (int64_t j = 0; j < columns; j++) d[j] = (accumulate ? d[j] : 0) + y[j] * (g[j] - sum);
  }
}

// ---- dropout --------------------------------------------------------------------------------------------

// Limited by the four 64-bit multiplications of a draw, which AVX-512 has for vectors. The comparison is one
// of signed numbers, for AVX2, which has no other: 53 bits are never negative.
static void draw_kept(uint8_t *kept, gr_stream stream, uint64_t first, int64_t n, uint64_t least) {
  for (int64_t i = 0; i < n; i++)
    kept[i] = (int64_t)gr_stream_bits(stream, first + (uint64_t)i) >= (int64_t)least;
}

// Forward and backward are the same product; a dropped NaN or infinity is 0. One pass, limited by memory.
static void dropout(void *out, const void *x, const uint8_t *mask, double keep, int64_t n, bool accumulate) {
  const real *a = x, divisor = (real)keep;
  real *y = out;
  for (int64_t i = 0; i < n; i++) y[i] = (accumulate ? y[i] : 0) + kept(mask[i] != 0, a[i] / divisor);
}

// ---- losses ---------------------------------------------------------------------------------------------
//
// p (rows, columns), sample by sample, each class in turn. Batches are small beside the layers that made p:
// what limits them is the exponential or logarithm of each element, and they are written to be read.

// Keras's epsilon. In float32, 1 - 1e-7 is the nearest number below 1, 0.99999988.
static const real least = (real)1e-7, greatest = (real)1 - (real)1e-7;

// Written with comparisons so that a NaN stays one.
static ALWAYS_INLINE real clip(real p) { return p < least ? least : p > greatest ? greatest : p; }
// The derivative of the clip, TensorFlow's: 1 on the bounds, 0 outside. See loss.c.
static ALWAYS_INLINE real inside(real p) { return !(p < least || p > greatest); }

static ALWAYS_INLINE real label(gr_label_view t, int64_t i) {
  switch (t.dtype) {
    case GR_F64: return (real)((const double *)t.data)[i];
    case GR_F32: return (real)((const float *)t.data)[i];
    case GR_I64: return (real)((const int64_t *)t.data)[i];
    default: return (real)((const uint8_t *)t.data)[i];
  }
}

static ALWAYS_INLINE int64_t class_label(gr_label_view t, int64_t i) {
  switch (t.dtype) {
    case GR_F64: return (int64_t)((const double *)t.data)[i];
    case GR_F32: return (int64_t)((const float *)t.data)[i];
    case GR_I64: return ((const int64_t *)t.data)[i];
    default: return ((const uint8_t *)t.data)[i];
  }
}

static real row_sum(const real *p, int64_t n) {
  real sum = 0;
  for (int64_t j = 0; j < n; j++) sum += p[j];
  return sum;
}

static real clipped_sum(const real *p, int64_t n) {
  real sum = 0;
  for (int64_t j = 0; j < n; j++) sum += clip(p[j]);
  return sum;
}

// log(sum(exp(z))), shifted by the greatest score.
static real log_sum_exp(const real *z, int64_t n) {
  real most = z[0], sum = 0;
  for (int64_t j = 1; j < n; j++) most = z[j] > most ? z[j] : most;
  for (int64_t j = 0; j < n; j++) sum += exp_of(z[j] - most);
  return most + log_of(sum);
}

// One sample. `from` is the number of its first label in t.
static ALWAYS_INLINE real row_loss(gr_loss loss, const real *p, gr_label_view t, int64_t from, int64_t n) {
  double sum = 0;
  switch (loss) {
    case GR_MEAN_SQUARED_ERROR:
      for (int64_t j = 0; j < n; j++) {
        const real difference = p[j] - label(t, from + j);
        sum += difference * difference;
      }
      return (real)(sum / (double)n);
    case GR_BINARY_CROSSENTROPY:
      for (int64_t j = 0; j < n; j++) {
        const real q = clip(p[j]), y = label(t, from + j);
        sum -= y * log_of(q) + (1 - y) * log_of(1 - q);
      }
      return (real)(sum / (double)n);
    case GR_CATEGORICAL_CROSSENTROPY: {
      const real total = row_sum(p, n);
      for (int64_t j = 0; j < n; j++) sum -= label(t, from + j) * log_of(clip(p[j] / total));
      return (real)sum;
    }
    case GR_BINARY_CROSSENTROPY_LOGITS:  // log(1 + e^z) - y z, without e^z where it overflows
      for (int64_t j = 0; j < n; j++) {
        const real z = p[j], y = label(t, from + j);
        sum += (z > 0 ? z : 0) - y * z + log1p_of(exp_of(z > 0 ? -z : z));
      }
      return (real)(sum / (double)n);
    case GR_CATEGORICAL_CROSSENTROPY_LOGITS: {
      const real whole = log_sum_exp(p, n);
      for (int64_t j = 0; j < n; j++) sum += label(t, from + j) * (whole - p[j]);
      return (real)sum;
    }
    case GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS: return log_sum_exp(p, n) - p[class_label(t, from)];
    default:  // sparse: the clipped probabilities are divided by their sum once more
      return log_of(clipped_sum(p, n)) - log_of(clip(p[class_label(t, from)]));
  }
}

static ALWAYS_INLINE void row_loss_backward(real *d, gr_loss loss, real g, const real *p, gr_label_view t,
                                            int64_t from, int64_t n, bool accumulate) {
  switch (loss) {
    case GR_MEAN_SQUARED_ERROR:
      for (int64_t j = 0; j < n; j++)
        d[j] = (accumulate ? d[j] : 0) + g * 2 * (p[j] - label(t, from + j)) / (real)n;
      return;
    case GR_BINARY_CROSSENTROPY:
      for (int64_t j = 0; j < n; j++) {
        const real q = clip(p[j]), y = label(t, from + j);
        d[j] = (accumulate ? d[j] : 0) + g * inside(p[j]) * ((1 - y) / (1 - q) - y / q) / (real)n;
      }
      return;
    case GR_CATEGORICAL_CROSSENTROPY: {
      // With q = p / sum(p) and h the derivative with respect to q: (h - sum(h q)) / sum(p).
      const real total = row_sum(p, n);
      real sum = 0;
      for (int64_t j = 0; j < n; j++) {
        const real q = p[j] / total;
        sum -= inside(q) * label(t, from + j) / clip(q) * q;
      }
      for (int64_t j = 0; j < n; j++) {
        const real q = p[j] / total, h = -inside(q) * label(t, from + j) / clip(q);
        d[j] = (accumulate ? d[j] : 0) + g * (h - sum) / total;
      }
      return;
    }
    case GR_BINARY_CROSSENTROPY_LOGITS:  // sigmoid(z) - y
      for (int64_t j = 0; j < n; j++)
        d[j] = (accumulate ? d[j] : 0) + g * (sigmoid_of(p[j]) - label(t, from + j)) / (real)n;
      return;
    case GR_CATEGORICAL_CROSSENTROPY_LOGITS: {  // softmax(z) * sum(t) - t
      const real whole = log_sum_exp(p, n);
      real sum = 0;
      for (int64_t j = 0; j < n; j++) sum += label(t, from + j);
      for (int64_t j = 0; j < n; j++)
        d[j] = (accumulate ? d[j] : 0) + g * (exp_of(p[j] - whole) * sum - label(t, from + j));
      return;
    }
    case GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS: {  // softmax(z), minus 1 at the truth
      const int64_t truth = class_label(t, from);
      const real whole = log_sum_exp(p, n);
      for (int64_t j = 0; j < n; j++)
        d[j] = (accumulate ? d[j] : 0) + g * (exp_of(p[j] - whole) - (j == truth));
      return;
    }
    default: {
      const int64_t truth = class_label(t, from);
      const real total = clipped_sum(p, n);
      for (int64_t j = 0; j < n; j++)
        d[j] = (accumulate ? d[j] : 0) + g * inside(p[j]) * (1 / total - (j == truth ? 1 / clip(p[j]) : 0));
    }
  }
}

// The labels of a sample: as many as probabilities, or one.
static int64_t labels_a_row(gr_loss loss, int64_t columns) {
  return gr_loss_takes_classes(loss) ? 1 : columns;
}

static void loss_rows(void *out, gr_loss loss, const void *p, gr_label_view t, int64_t rows,
                      int64_t columns) {
  const int64_t step = labels_a_row(loss, columns);
  for (int64_t i = 0; i < rows; i++)
    ((real *)out)[i] = row_loss(loss, (const real *)p + i * columns, t, i * step, columns);
}

static void loss_rows_backward(void *dp, gr_loss loss, const void *dout, const void *p, gr_label_view t,
                               int64_t rows, int64_t columns, bool accumulate) {
  const int64_t step = labels_a_row(loss, columns);
  for (int64_t i = 0; i < rows; i++)
    row_loss_backward((real *)dp + i * columns, loss, ((const real *)dout)[i], (const real *)p + i * columns,
                      t, i * step, columns, accumulate);
}

static ALWAYS_INLINE int64_t arg_max_labels(gr_label_view t, int64_t from, int64_t n) {
  int64_t best = 0;
  real most = label(t, from);
  for (int64_t j = 1; j < n; j++) {
    const real x = label(t, from + j);
    if (x > most || (x != x && most == most)) {
      most = x;
      best = j;
    }
  }
  return best;
}

static void hit_rows(void *out, gr_hit hit, const void *p, gr_label_view t, int64_t rows, int64_t columns) {
  const gr_label_view guess = {p, real_dtype};
  real *result = out;
  for (int64_t i = 0; i < rows; i++) {
    if (hit == GR_BINARY_ACCURACY) {
      int64_t hits = 0;
      for (int64_t j = i * columns; j < (i + 1) * columns; j++)
        hits += (label(guess, j) > (real)0.5) == (label(t, j) > (real)0.5);
      result[i] = (real)hits / (real)columns;
    } else {
      const int64_t truth =
          hit == GR_CATEGORICAL_ACCURACY ? arg_max_labels(t, i * columns, columns) : class_label(t, i);
      result[i] = arg_max_labels(guess, i * columns, columns) == truth;
    }
  }
}

extern const gr_network_table GR_TABLE;
const gr_network_table GR_TABLE = {
    .small_product = small_product,
    .sum_rows = sum_rows,
    .columns_to_image = columns_to_image,
    .max_pool = max_pool,
    .max_pool_backward = max_pool_backward,
    .average_pool = average_pool,
    .average_pool_backward = average_pool_backward,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .draw_kept = draw_kept,
    .dropout = dropout,
    .loss = loss_rows,
    .loss_backward = loss_rows_backward,
    .hit = hit_rows,
};
