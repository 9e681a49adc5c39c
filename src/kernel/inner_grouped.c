// Inner loops of convolutions in groups of few channels, for one image x (h, w, ci), kernel (kh, kw, ci /
// groups, co) and out (oh, ow, co).
//
// Filter f looks at ci / groups channels. Taken one of them at a time, the t-th of each filter's, this is
// depthwise convolution: number f of a pixel times number f of the kernel's cell, added to number f of the
// output. So `spread` makes an image (h, w, co) in which number f is the t-th channel that filter f looks at,
// and `gather` adds the gradient of that image back to the channels. With as many groups as channels and
// filters the image is what it is.
//
// Loop order: output row, cell of the window, a register's width of filters, pixels of the row. What is added
// to moves on with each product, so that none waits for the one before; a product takes two loads and, but
// for the kernel's gradient, a store, and that is what limits it. Beside the full convolution of 32 channels
// depthwise convolution takes a quarter of the time, for a thirty-second of its products.
#include "kernel/inner_math.h"
#include "kernel/inner_window.h"
#include "kernel/table.h"

// Of a vector register. With more, gcc 12 for AVX2 leaves the registers.
#if defined(__AVX512F__)
#define LANES (64 / (int)sizeof(real))
#elif defined(__AVX2__)
#define LANES (32 / (int)sizeof(real))
#else
#define LANES (16 / (int)sizeof(real))
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

// What a cell of the window and the pixels of an output row have to do with each other: `count` places, one
// after the other `out_step` and `image_step` numbers apart.
typedef struct line {
  real *out, *image, *kernel;
  int64_t count, out_step, image_step;
} line;

enum target { OUT, IMAGE, KERNEL };

// So many filters of a line: a loop of known length becomes whole vectors. The kernel's numbers are copied,
// so that they stay in a register.
static ALWAYS_INLINE void some_filters(line l, int64_t from, const enum target target, const int lanes) {
  real weight[LANES], *out = l.out + from, *image = l.image + from;
  for (int c = 0; c < lanes; c++) weight[c] = l.kernel[from + c];
  for (int64_t i = 0; i < l.count; i++, out += l.out_step, image += l.image_step) {
    INDEPENDENT
    for (int c = 0; c < lanes; c++) {
      if (target == OUT) out[c] += image[c] * weight[c];
      if (target == IMAGE) image[c] += out[c] * weight[c];
      if (target == KERNEL) weight[c] += out[c] * image[c];
    }
  }
  for (int c = 0; target == KERNEL && c < lanes; c++) l.kernel[from + c] = weight[c];
}

static ALWAYS_INLINE void all_filters(line l, int64_t n, const enum target target) {
  int64_t c = 0;
  for (; n - c >= LANES; c += LANES) some_filters(l, c, target, LANES);
  for (; n - c >= LANES / 2; c += LANES / 2) some_filters(l, c, target, LANES / 2);
  for (; LANES > 4 && n - c >= LANES / 4; c += LANES / 4) some_filters(l, c, target, LANES / 4);
  for (; c < n; c++) some_filters(l, c, target, 1);
}

// A cell of the window and a row of the output, all pixels of it for which the cell lies in the image. One of
// the three is added to, which is known when this is compiled.
static ALWAYS_INLINE void each_line(real *out, real *image, real *kernel, int64_t cell,
                                    const gr_window_view *view, const enum target target) {
  const gr_window *w = &view->window;
  const int64_t n = view->channels, step = w->stride[1];
  for (int64_t oy = view->row; oy < view->row + view->rows; oy++, out += view->out_width * n) {
    const span rows = span_of(w, 0, oy, view->height);
    for (int64_t ky = rows.first; ky < rows.last; ky++)
      for (int64_t kx = 0; kx < w->size[1]; kx++) {
        const int64_t at = kx * w->dilation[1] - w->pad_before[1];  // of the row's first window
        const int64_t fit = (view->width - at + step - 1) / step;
        const int64_t first = at < 0 ? (-at + step - 1) / step : 0;
        const int64_t last = fit < view->out_width ? fit : view->out_width;
        const int64_t y = rows.origin + ky * w->dilation[0];
        all_filters((line){.out = out + first * n,
                           .image = image + (y * view->width + at + first * step) * n,
                           .kernel = kernel + (ky * w->size[1] + kx) * cell,
                           .count = last - first,
                           .out_step = n,
                           .image_step = step * n},
                    n, target);
      }
  }
}

static void forward(void *out, const void *image, const void *kernel, int64_t cell,
                    const gr_window_view *view) {
  each_line(out, (real *)image, (real *)kernel, cell, view, OUT);
}

static void image_gradient(void *dimage, const void *dout, const void *kernel, int64_t cell,
                           const gr_window_view *view) {
  each_line((real *)dout, dimage, (real *)kernel, cell, view, IMAGE);
}

// An output row at a time into `spare` and from there into the sum: float32 stays exact enough over the
// thousands of pixels of an image.
static void kernel_gradient(void *dkernel, const void *dout, const void *image, int64_t cell, void *spare,
                            const gr_window_view *view) {
  const int64_t n = view->channels, cells = view->window.size[0] * view->window.size[1];
  const real *g = dout;
  gr_window_view row = *view;
  row.rows = 1;
  for (; row.row < view->row + view->rows; row.row++, g += view->out_width * n) {
    memset(spare, 0, (size_t)(cells * n) * sizeof(real));
    each_line((real *)g, (real *)image, spare, n, &row, KERNEL);
    for (int64_t i = 0; i < cells; i++) {
      real *restrict sum = (real *)dkernel + i * cell;
      const real *restrict part = (real *)spare + i * n;
      for (int64_t c = 0; c < n; c++) sum[c] += part[c];
    }
  }
}

// `each` filters look at the same channel; the channels that they look at are `apart`.
static ALWAYS_INLINE void spread_pixels(real *restrict to, const real *restrict x, int64_t pixels,
                                        int64_t channels, int64_t groups, int64_t apart, const int64_t each) {
  for (int64_t i = 0; i < pixels; i++, x += channels)
    for (int64_t g = 0; g < groups; g++, to += each)
      for (int64_t j = 0; j < each; j++) to[j] = x[g * apart];
}

static ALWAYS_INLINE void gather_pixels(real *restrict x, const real *restrict from, int64_t pixels,
                                        int64_t channels, int64_t groups, int64_t apart, const int64_t each) {
  for (int64_t i = 0; i < pixels; i++, x += channels)
    for (int64_t g = 0; g < groups; g++, from += each) {
      real sum = 0;
      for (int64_t j = 0; j < each; j++) sum += from[j];
      x[g * apart] += sum;
    }
}

static void spread(void *to, const void *image, int64_t pixels, int64_t channels, int64_t groups,
                   int64_t filters) {
  const int64_t apart = channels / groups, each = filters / groups;
  switch (each) {
    case 1: spread_pixels(to, image, pixels, channels, groups, apart, 1); break;
    case 2: spread_pixels(to, image, pixels, channels, groups, apart, 2); break;
    case 4: spread_pixels(to, image, pixels, channels, groups, apart, 4); break;
    default: spread_pixels(to, image, pixels, channels, groups, apart, each);
  }
}

static void gather(void *image, const void *from, int64_t pixels, int64_t channels, int64_t groups,
                   int64_t filters) {
  const int64_t apart = channels / groups, each = filters / groups;
  switch (each) {
    case 1: gather_pixels(image, from, pixels, channels, groups, apart, 1); break;
    case 2: gather_pixels(image, from, pixels, channels, groups, apart, 2); break;
    case 4: gather_pixels(image, from, pixels, channels, groups, apart, 4); break;
    default: gather_pixels(image, from, pixels, channels, groups, apart, each);
  }
}

extern const gr_grouped_table GR_TABLE;
const gr_grouped_table GR_TABLE = {forward, image_gradient, kernel_gradient, spread, gather};
