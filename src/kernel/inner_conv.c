// Direct convolution, forward: conv_table.h says in which form it gets its operands.
//
// For each block of filters, tiles of output pixels, 2 rows by up to COLUMNS: their sums stay in registers
// while the window's numbers go by, for each one vector of weights, and from each pixel of the tile one
// number that all lanes share. A window's numbers that follow each other in memory are one loop. The tile's
// size is the processor's number of registers less a few, so that 2 loads feed 2 or more multiply-adds and
// these are what limits it. The last tile of a row moves back over its neighbour and computes a few pixels
// twice.
#include "kernel/conv_table.h"
#include "kernel/inner_tile.h"

#if LANES == 16
#define COLUMNS 14  // 28 sums of 32 registers
#else
#define COLUMNS 6  // 12 of 16
#endif

static void pack(float *packed, const float *kernel, int64_t runs, int64_t filters) {
  for (int64_t first = 0; first < filters; first += LANES)
    for (int64_t i = 0; i < runs; i++, packed += LANES)
      store(packed, load_some(kernel + i * filters + first, filters - first));
}

// Adds to the sums of a tile of `rows` x `columns` pixels, whose first window is at x, the products with the
// rows of runs first..last-1 of it.
static ALWAYS_INLINE void add_products(vf sums[2 * COLUMNS], const float *x, const float *weights,
                                       const gr_conv_walk *w, int64_t first, int64_t last, const int rows,
                                       const int columns) {
  const int64_t run = w->run, pixel = w->pixel, across = w->runs_across;
  weights += first * across * run * LANES;
  for (int64_t down = first; down < last; down++)
    for (int64_t right = 0; right < across; right++) {
      const float *above = x + down * w->run_line + right * w->run_step, *below = above + w->line;
      for (int64_t i = 0; i < run; i++, weights += LANES) {
        const vf weight = load(weights);
        UNROLL for (int c = 0; c < columns; c++) sums[c] += above[i + c * pixel] * weight;
        if (rows == 2)
          UNROLL for (int c = 0; c < columns; c++) sums[COLUMNS + c] += below[i + c * pixel] * weight;
      }
    }
}

typedef struct tile {
  float *out;
  uint8_t *arg;
  const float *x, *weights, *bias;
  int64_t first, last, lanes;
  bool relu;
} tile;

static ALWAYS_INLINE void plain_tile(const tile *t, const gr_conv_walk *w, const int rows,
                                     const int columns) {
  vf sums[2 * COLUMNS];
  const vf bias = load(t->bias);
  UNROLL for (int c = 0; c < columns; c++) sums[c] = sums[COLUMNS + c] = bias;
  add_products(sums, t->x, t->weights, w, t->first, t->last, rows, columns);
  UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < columns; c++) {
    const vf sum = sums[r * COLUMNS + c];
    store_some(t->out + r * w->out_line + c * w->out_pixel, t->relu ? relu_of(sum) : sum, t->lanes);
  }
}

static ALWAYS_INLINE void pooled_tile(const tile *t, const gr_conv_walk *w, const bool winners,
                                      const int columns) {
  vf sums[2 * COLUMNS];
  const vf bias = load(t->bias);
  UNROLL for (int c = 0; c < columns; c++) sums[c] = sums[COLUMNS + c] = bias;
  add_products(sums, t->x, t->weights, w, t->first, t->last, 2, columns);
  UNROLL for (int c = 0; c < columns; c += 2) {
    const vf i = sums[c], j = sums[c + 1], k = sums[COLUMNS + c], l = sums[COLUMNS + c + 1];
    if (winners) {
      vi cell;
      store_some(t->out + c / 2 * w->out_pixel, greatest_of_square(i, j, k, l, t->relu, &cell), t->lanes);
      store_bytes_some(t->arg + c / 2 * w->out_pixel, bytes_of(cell), t->lanes);
    } else {
      store_some(t->out + c / 2 * w->out_pixel, greatest_alone(i, j, k, l, t->relu), t->lanes);
    }
  }
}

// ---- one channel, 3x3, pooled ---------------------------------------------------------------------------
//
// A tile of such windows would have hardly begun when it ends. Here it is one square of a pooling: all
// weights stay in registers (AVX-512), of the 4x4 pixels under a square each is read once, and the end of a
// square is computed in the middle of the next one, when its sums are there and nothing waits for them. What
// is left to limit it are the 36 multiply-adds of a square.

// What two of the four rows of pixels add to the sums.
static ALWAYS_INLINE void add_rows_of_one(vf sums[4], const float *x, int64_t line, const vf weights[9],
                                          const int first) {
  UNROLL for (int row = first; row < first + 2; row++) {
    vf pixel[4];
    UNROLL for (int i = 0; i < 4; i++) pixel[i] = of_one(x[row * line + i]);
    UNROLL for (int k = 0; k < 3; k++) UNROLL for (int i = 0; i < 2; i++) {
      if (row < 3) sums[i] += pixel[i + k] * weights[3 * row + k];
      if (row > 0) sums[2 + i] += pixel[i + k] * weights[3 * row - 3 + k];
    }
  }
}

static bool is_of_one(const gr_conv_walk *w) {
  return w->runs_down == 3 && w->runs_across == 1 && w->run == 3 && w->pixel == 1 && w->run_line == w->line;
}

// A row of squares. `quick`: by the signs of differences, which is right for finite sums; returns whether
// they were.
static ALWAYS_INLINE bool row_of_one(float *out, uint8_t *arg, const float *x, const vf weights[9], vf bias,
                                     bool relu, const gr_conv_walk *w, const bool winners, const bool quick) {
  const int64_t line = w->line, pixel = w->out_pixel;
  vf sums[4] = {bias, bias, bias, bias}, all = {0};
  add_rows_of_one(sums, x, line, weights, 0);
  for (int64_t left = w->columns / 2;;) {
    add_rows_of_one(sums, x, line, weights, 2);
    const vf a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    left--;
    if (left) {
      x += 2;
      UNROLL for (int i = 0; i < 4; i++) sums[i] = bias;
      add_rows_of_one(sums, x, line, weights, 0);
    }
    if (winners) {
      vi cell;
      store(out, quick ? greatest_of_finite(a, b, c, d, &cell) : greatest_of_square(a, b, c, d, relu, &cell));
      store_bytes(arg, bytes_of(cell));
      arg += pixel;
    } else if (quick) {
      const vf most = greater_of(greater_of(a, b), greater_of(c, d));
      store(out, relu ? relu_of(most) : most);
    } else {
      store(out, greatest_alone(a, b, c, d, relu));
    }
    if (quick) all += (a + b) + (c + d);
    out += pixel;
    if (!left) return !quick || !is_any_broken(all);
  }
}

static ALWAYS_INLINE void pooled_of_one(const tile *t, const gr_conv_walk *w, const bool winners) {
  vf weights[9];
  UNROLL for (int i = 0; i < 9; i++) weights[i] = load(t->weights + i * LANES);
  const vf bias = load(t->bias);
  for (int64_t y = 0; y < w->rows / 2; y++) {
    const float *x = t->x + 2 * y * w->line;
    float *out = t->out + y * w->out_line;
    uint8_t *arg = winners ? t->arg + y * w->out_line : NULL;
    const bool may = t->relu || !winners;
    if (may && row_of_one(out, arg, x, weights, bias, t->relu, w, winners, true)) continue;
    row_of_one(out, arg, x, weights, bias, t->relu, w, winners, false);
  }
}

// The rows of runs that lie in the image for one of two rows of windows: the others read zeros.
static void run_range(int64_t *first, int64_t *last, const gr_conv_walk *w, int64_t row, int64_t rows) {
  const int64_t above = w->pad - (row + rows - 1) * w->stride, to = w->pad + w->height - row * w->stride;
  *first = above <= 0 ? 0 : (above + w->dilation - 1) / w->dilation;
  *last = to <= 0 ? 0 : (to + w->dilation - 1) / w->dilation;
  if (*last > w->runs_down) *last = w->runs_down;
  if (*first > *last) *first = *last;
}

#if COLUMNS == 14
#define CASES(call) CASES_TO_6(call) CASES_7_TO_12(call) CASES_13_TO_14(call)
#else
#define CASES(call) CASES_TO_6(call)
#endif

static void one_row(const tile *t, const gr_conv_walk *w, int64_t columns) {
#define CALL(n) plain_tile(t, w, 1, n)
  switch (columns) { CASES(CALL) }
#undef CALL
}

static void two_rows(const tile *t, const gr_conv_walk *w, int64_t columns) {
#define CALL(n) plain_tile(t, w, 2, n)
  switch (columns) { CASES(CALL) }
#undef CALL
}

#if COLUMNS == 14
#define EVEN_CASES(call)    \
  case 2: call(2); break;   \
  case 4: call(4); break;   \
  case 6: call(6); break;   \
  case 8: call(8); break;   \
  case 10: call(10); break; \
  case 12: call(12); break; \
  case 14:                  \
    call(14);               \
    break;
#else
#define EVEN_CASES(call)  \
  case 2: call(2); break; \
  case 4: call(4); break; \
  case 6:                 \
    call(6);              \
    break;
#endif

static void two_rows_pooled(const tile *t, const gr_conv_walk *w, int64_t columns) {
#define CALL(n) pooled_tile(t, w, false, n)
  switch (columns) { EVEN_CASES(CALL) }
#undef CALL
}

static void two_rows_with_winners(const tile *t, const gr_conv_walk *w, int64_t columns) {
#define CALL(n) pooled_tile(t, w, true, n)
  switch (columns) { EVEN_CASES(CALL) }
#undef CALL
}

static const float no_bias[LANES];

static void forward(float *out, const float *x, const float *packed, const float *bias, bool relu,
                    const gr_conv_walk *w) {
  const int64_t wide = tile_width(w->columns, COLUMNS, 1);
  const int64_t block = w->runs_down * w->runs_across * w->run * LANES;
  for (int64_t filter = 0; filter < w->filters; filter += LANES, packed += block) {
    tile t = {.weights = packed,
              .bias = bias ? bias + filter : no_bias,
              .lanes = w->filters - filter,
              .relu = relu};
    for (int64_t y = 0; y < w->rows; y += 2) {
      const int64_t rows = w->rows - y < 2 ? 1 : 2;
      run_range(&t.first, &t.last, w, y, rows);
      for (int64_t next = 0; next < w->columns; next += wide) {
        const int64_t at = next + wide <= w->columns ? next : w->columns - wide;
        t.x = x + y * w->line + at * w->pixel;
        t.out = out + y * w->out_line + at * w->out_pixel + filter;
        (rows == 2 ? two_rows : one_row)(&t, w, wide);
      }
    }
  }
}

static void forward_pooled(float *out, uint8_t *arg, const float *x, const float *packed, const float *bias,
                           bool relu, const gr_conv_walk *w) {
  const int64_t rows = w->rows / 2 * 2, columns = w->columns / 2 * 2, wide = tile_width(columns, COLUMNS, 2);
  const int64_t block = w->runs_down * w->runs_across * w->run * LANES;
  for (int64_t filter = 0; filter < w->filters; filter += LANES, packed += block) {
    tile t = {.weights = packed,
              .bias = bias ? bias + filter : no_bias,
              .lanes = w->filters - filter,
              .relu = relu};
    if (is_of_one(w) && t.lanes >= LANES) {
      t.x = x;
      t.out = out + filter;
      t.arg = arg ? arg + filter : NULL;
      if (arg)
        pooled_of_one(&t, w, true);
      else
        pooled_of_one(&t, w, false);
      continue;
    }
    for (int64_t y = 0; y < rows; y += 2) {
      run_range(&t.first, &t.last, w, y, 2);
      for (int64_t next = 0; next < columns; next += wide) {
        const int64_t at = next + wide <= columns ? next : columns - wide;
        const int64_t to = y / 2 * w->out_line + at / 2 * w->out_pixel + filter;
        t.x = x + y * w->line + at * w->pixel;
        t.out = out + to;
        t.arg = arg ? arg + to : NULL;
        (arg ? two_rows_with_winners : two_rows_pooled)(&t, w, wide);
      }
    }
  }
}

extern const gr_conv_table GR_TABLE;
const gr_conv_table GR_TABLE = {
    .lanes = LANES,
    .pack = pack,
    .forward = forward,
    .forward_pooled = forward_pooled,
};
