// Direct convolution, backward: the gradient of the kernel. (That of the input is a forward convolution of
// the output's gradient; conv_direct.c.)
//
// dkernel[i][filter] = sum over the pixels of x[pixel + i] * g[pixel][filter]. The sums of up to SUMS numbers
// i of a window, for one block of filters, stay in registers while the pixels of a band of rows go by: one
// vector of g a pixel, and for each sum one number of x that all lanes share. Bands are a few rows, so that
// the second block of filters and the second chunk of the window find x and g in the first cache. A window
// whose rows are short (one channel) is taken three rows at a time. Limited by the multiply-adds.
#include "kernel/conv_table.h"
#include "kernel/inner_vector.h"

#if LANES == 16
#define SUMS 16
#else
#define SUMS 12
#endif
#define BAND_BYTES 8192
#define BAND_PIXELS 64  // fewer would not pay for loading and storing the sums

typedef struct chunk {
  float *to;           // dkernel at its first number and filter
  const float *x, *g;  // at the first pixel of the band
  int64_t rows, lanes;
  int64_t to_line;  // floats of dkernel from a row of runs to the next
} chunk;

static ALWAYS_INLINE void add_chunk(const chunk *c, const gr_conv_walk *w, const int down, const int run) {
  vf sums[SUMS];
  const int64_t pixel = w->pixel, g_pixel = w->out_pixel;
  UNROLL for (int d = 0; d < down; d++) UNROLL for (int i = 0; i < run; i++) sums[d * run + i] =
      load_some(c->to + d * c->to_line + i * w->filters, c->lanes);
  for (int64_t y = 0; y < c->rows; y++) {
    const float *x = c->x + y * w->line, *x1 = x + w->run_line, *x2 = x1 + w->run_line;
    const float *g = c->g + y * w->out_line;
    for (int64_t left = w->columns; left > 0; left--, g += g_pixel, x += pixel, x1 += pixel, x2 += pixel) {
      const vf slope = load(g);
      UNROLL for (int i = 0; i < run; i++) sums[i] += x[i] * slope;
      if (down == 3) {
        UNROLL for (int i = 0; i < run; i++) sums[run + i] += x1[i] * slope;
        UNROLL for (int i = 0; i < run; i++) sums[2 * run + i] += x2[i] * slope;
      }
    }
  }
  UNROLL for (int d = 0; d < down; d++) UNROLL for (int i = 0; i < run; i++)
      store_some(c->to + d * c->to_line + i * w->filters, sums[d * run + i], c->lanes);
}

static void add_run(const chunk *c, const gr_conv_walk *w, int64_t run) {
#define CASE(n) \
  case n: add_chunk(c, w, 1, n); break;
  switch (run) {
    CASE(1)
    CASE(2)
    CASE(3)
    CASE(4)
    CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#if SUMS == 16
        CASE(13) CASE(14) CASE(15) CASE(16)
#endif
  }
#undef CASE
}

static void add_three_runs(const chunk *c, const gr_conv_walk *w, int64_t run) {
#define CASE(n) \
  case n: add_chunk(c, w, 3, n); break;
  switch (run) {
    CASE(1)
    CASE(2)
    CASE(3)
    CASE(4)
#if SUMS == 16
    CASE(5)
#endif
  }
#undef CASE
}

static void kernel_gradient(float *dkernel, const float *x, const float *g, const gr_conv_walk *w) {
  const int64_t run = w->run, run_floats = run * w->filters, window_line = w->runs_across * run_floats;
  const int64_t line_bytes = (w->line + w->out_line) * (int64_t)sizeof(float);
  const int64_t enough = (BAND_PIXELS + w->columns - 1) / w->columns, fit = BAND_BYTES / line_bytes;
  const int64_t band = fit > enough ? fit : enough;
  const int64_t parts = (run + SUMS - 1) / SUMS, most = (run + parts - 1) / parts;
  for (int64_t y = 0; y < w->rows; y += band)
    for (int64_t filter = 0; filter < w->filters; filter += LANES)
      for (int64_t down = 0; down < w->runs_down;) {
        const bool three = 3 * run <= SUMS && w->runs_down - down >= 3 && w->runs_across == 1;
        for (int64_t right = 0; right < w->runs_across; right++)
          for (int64_t i = 0; i < run; i += most) {
            chunk c = {.to = dkernel + down * window_line + right * run_floats + i * w->filters + filter,
                       .x = x + y * w->line + down * w->run_line + right * w->run_step + i,
                       .g = g + y * w->out_line + filter,
                       .rows = w->rows - y < band ? w->rows - y : band,
                       .lanes = w->filters - filter,
                       .to_line = window_line};
            (three ? add_three_runs : add_run)(&c, w, run - i < most ? run - i : most);
          }
        down += three ? 3 : 1;
      }
}

// One pass, limited by memory.
static void pass_relu(float *g, float *dbias, const float *dout, const float *out, int64_t rows,
                      int64_t columns, int64_t channels, int64_t g_line, int64_t g_pixel) {
  const vf zero = {0};
  for (int64_t first = 0; first < g_pixel; first += LANES) {
    const int64_t lanes = channels - first;
    vf sum = zero;
    for (int64_t y = 0; y < rows; y++) {
      const int64_t line = y * columns * channels + first;
      for (int64_t x = 0; x < columns; x++) {
        const int64_t at = line + x * channels;
        vf slope = load_some(dout + at, lanes);
        if (out) slope = choose(greater(load_some(out + at, lanes), zero), slope, zero);
        store_some(g + y * g_line + x * g_pixel + first, slope, g_pixel - first);
        sum += slope;
      }
    }
    if (dbias) store_some(dbias + first, load_some(dbias + first, lanes) + sum, lanes);
  }
}

// dout, arg (rows, columns, channels): one pass, four stores a vector.
static void pass_pool(float *g, float *dbias, const float *dout, const uint8_t *arg, int64_t rows,
                      int64_t columns, int64_t channels, int64_t g_line, int64_t g_pixel) {
  const vf zero = {0};
  for (int64_t first = 0; first < channels; first += LANES) {
    const int64_t lanes = channels - first;
    vf sum = zero;
    for (int64_t y = 0; y < rows; y++)
      for (int64_t x = 0; x < columns; x++) {
        const int64_t at = (y * columns + x) * channels + first;
        const vf slope = load_some(dout + at, lanes);
        const vi cell = ints_of(load_bytes_some(arg + at, lanes));
        float *to = g + 2 * y * g_line + 2 * x * g_pixel + first;
        UNROLL for (int k = 0; k < 4; k++) {
          const vf part = choose(equal(cell, of_int(k)), slope, zero);
          store_some(to + k / 2 * g_line + k % 2 * g_pixel, part, g_pixel - first);
          sum += part;
        }
      }
    if (dbias) store_some(dbias + first, load_some(dbias + first, lanes) + sum, lanes);
  }
}

extern const gr_conv_gradient_table GR_TABLE;
const gr_conv_gradient_table GR_TABLE = {
    .kernel_gradient = kernel_gradient,
    .pass_relu = pass_relu,
    .pass_pool = pass_pool,
};
