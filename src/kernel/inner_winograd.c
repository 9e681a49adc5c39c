// 3x3 convolution with stride 1 by Winograd's algorithm F(2x2, 3x3) (Lavin and Gray 2016): a 2x2 square of
// outputs from 16 products instead of 36, each a sum over the channels.
//
// A 4x4 patch d of the image becomes B^T d B, a kernel g becomes G g G^T (once, in `pack`), their products
// summed over the channels m become the square A^T m A:
//
//   B^T = 1  0 -1  0    G = 1    0    0     A^T = 1  1  1  0
//         0  1  1  0        1/2  1/2  1/2         0  1 -1 -1
//         0 -1  1  0        1/2 -1/2  1/2
//         0  1  0 -1        0    0    1
//
// A square of outputs is also what a 2x2 pooling takes. Squares of a row of the output go together, as many
// as the registers hold sums, so that their patches and products stay in the first cache; for each of the 16
// places a product of matrices (squares, channels) (channels, filters), in which a vector of weights serves
// all squares. In both transforms lanes are channels. As exact as the direct sum (the factors are 1 and 1/2).
// Limited by the multiply-adds for 16 channels and more; for few channels the transforms weigh more than they
// save.
#include "kernel/conv_table.h"
#include "kernel/inner_tile.h"

#if LANES == 16
#define SQUARES 14
#else
#define SQUARES 12
#endif

// One cell of the kernels of a block: of `from` inputs and `to` outputs. Turned, as the gradient of the input
// needs it, the kernel is upside down and its inputs are the convolution's filters.
static vf kernel_cell(const float *kernel, int cell, int64_t in, int64_t out, const gr_winograd_kernel *k) {
  if (!k->turned) return load_some(kernel + (cell * k->in + in) * k->out + out, k->out - out);
  float lanes[LANES] = {0};
  const float *from = kernel + (8 - cell) * k->in * k->out + out * k->in + in;
  for (int64_t i = 0; i < LANES && out + i < k->out; i++) lanes[i] = from[i * k->in];
  return load(lanes);
}

static void pack(float *packed, const float *kernel, const gr_winograd_kernel *k) {
  const int64_t step = k->padded_in * LANES;
  for (int64_t first = 0; first < k->out; first += LANES, packed += 16 * step) {
    for (int64_t in = 0; in < k->in; in++) {
      vf g[9], half[12];
      UNROLL for (int i = 0; i < 9; i++) g[i] = kernel_cell(kernel, i, in, first, k);
      UNROLL for (int x = 0; x < 3; x++) {  // G g
        half[x] = g[x];
        half[3 + x] = (g[x] + g[3 + x] + g[6 + x]) * 0.5f;
        half[6 + x] = (g[x] - g[3 + x] + g[6 + x]) * 0.5f;
        half[9 + x] = g[6 + x];
      }
      float *to = packed + in * LANES;
      UNROLL for (int y = 0; y < 4; y++) {
        const vf a = half[3 * y], b = half[3 * y + 1], c = half[3 * y + 2];
        store(to + (4 * y) * step, a);
        store(to + (4 * y + 1) * step, (a + b + c) * 0.5f);
        store(to + (4 * y + 2) * step, (a - b + c) * 0.5f);
        store(to + (4 * y + 3) * step, c);
      }
    }
    for (int place = 0; place < 16; place++)
      memset(packed + place * step + k->in * LANES, 0,
             (size_t)((k->padded_in - k->in) * LANES) * sizeof(float));
  }
}

// B^T d B of the patch at x, for a block of channels, to 16 places `step` floats apart.
static ALWAYS_INLINE void transform_patch(float *to, int64_t step, const float *x, int64_t line,
                                          int64_t pixel, int64_t lanes) {
  vf half[16];
  UNROLL for (int i = 0; i < 4; i++) {
    const float *column = x + i * pixel;
    const vf a = load_some(column, lanes), b = load_some(column + line, lanes);
    const vf c = load_some(column + 2 * line, lanes), d = load_some(column + 3 * line, lanes);
    half[i] = a - c;
    half[4 + i] = b + c;
    half[8 + i] = c - b;
    half[12 + i] = b - d;
  }
  UNROLL for (int y = 0; y < 4; y++) {
    const vf *row = half + 4 * y;
    float *out = to + 4 * y * step;
    store(out, row[0] - row[2]);
    store(out + step, row[1] + row[2]);
    store(out + 2 * step, row[2] - row[1]);
    store(out + 3 * step, row[1] - row[3]);
  }
}

// products (squares, LANES) = patches (squares, channels with `pitch` floats each) * weights (channels,
// LANES)
static ALWAYS_INLINE void multiply(float *products, const float *patches, int64_t pitch, const float *weights,
                                   int64_t channels, const int squares) {
  vf sums[SQUARES] = {{0}};
  for (int64_t channel = 0; channel < channels; channel++, weights += LANES) {
    const vf weight = load(weights);
    UNROLL for (int i = 0; i < squares; i++) sums[i] += patches[i * pitch + channel] * weight;
  }
  UNROLL for (int i = 0; i < squares; i++) store(products + i * LANES, sums[i]);
}

static void multiply_squares(float *products, const float *patches, int64_t pitch, const float *weights,
                             int64_t channels, int64_t squares) {
#define CALL(n) multiply(products, patches, pitch, weights, channels, n)
  switch (squares) {
    CASES_TO_6(CALL)
    CASES_7_TO_12(CALL)
#if SQUARES == 14
    CASES_13_TO_14(CALL)
#endif
  }
#undef CALL
}

// A^T m A, the 16 places `step` floats apart, plus the bias.
static ALWAYS_INLINE void transform_products(vf out[4], const float *m, int64_t step, vf bias) {
  vf top[4], bottom[4];
  UNROLL for (int x = 0; x < 4; x++) {
    const vf a = load(m + x * step), b = load(m + (4 + x) * step);
    const vf c = load(m + (8 + x) * step), d = load(m + (12 + x) * step);
    top[x] = a + b + c;
    bottom[x] = b - c - d;
  }
  out[0] = top[0] + top[1] + top[2] + bias;
  out[1] = top[1] - top[2] - top[3] + bias;
  out[2] = bottom[0] + bottom[1] + bottom[2] + bias;
  out[3] = bottom[1] - bottom[2] - bottom[3] + bias;
}

static int64_t pitch_of(int64_t channels) { return (channels + LANES - 1) / LANES * LANES; }

static int64_t spare_floats(int64_t channels) { return 16 * SQUARES * (pitch_of(channels) + LANES); }

// Where the outputs of a square go: one pixel, pooled, or four.
typedef struct target {
  int64_t line, pixel, lanes;
  bool relu, pool;
} target;

static ALWAYS_INLINE void finish_square(float *out, uint8_t *arg, const target *t, const vf square[4]) {
  if (t->pool && !arg) {
    store_some(out, greatest_alone(square[0], square[1], square[2], square[3], t->relu), t->lanes);
    return;
  }
  if (t->pool) {
    vi cell;
    store_some(out, greatest_of_square(square[0], square[1], square[2], square[3], t->relu, &cell), t->lanes);
    store_bytes_some(arg, bytes_of(cell), t->lanes);
    return;
  }
  UNROLL for (int k = 0; k < 4; k++) store_some(out + k / 2 * t->line + k % 2 * t->pixel,
                                                t->relu ? relu_of(square[k]) : square[k], t->lanes);
}

// The first pixel of square i of a line of n: where n is odd the last square moves back by one.
static ALWAYS_INLINE int64_t start_of(int64_t i, int64_t n) { return 2 * i + 2 <= n ? 2 * i : n - 2; }

static void forward(float *out, uint8_t *arg, const float *x, const float *packed, const float *bias,
                    bool relu, bool pool, float *spare, const gr_conv_walk *w) {
  const int64_t channels = w->pixel, pitch = pitch_of(channels), block = 16 * channels * LANES;
  const int64_t rows = pool ? w->rows / 2 * 2 : w->rows, columns = pool ? w->columns / 2 * 2 : w->columns;
  const int64_t across = (columns + 1) / 2, squares = tile_width(across, SQUARES, 1), place = squares * pitch;
  float *patches = spare, *products = spare + 16 * place;
  for (int64_t row = 0; row < (rows + 1) / 2; row++)
    for (int64_t next = 0; next < across; next += squares) {
      // The last squares of a row move back over their neighbours.
      const int64_t y = start_of(row, rows), at = next + squares <= across ? next : across - squares;
      for (int64_t i = 0; i < squares; i++)
        for (int64_t first = 0; first < channels; first += LANES)
          transform_patch(patches + i * pitch + first, place,
                          x + y * w->line + start_of(at + i, columns) * w->pixel + first, w->line, w->pixel,
                          channels - first);
      const float *weights = packed;
      for (int64_t filter = 0; filter < w->filters; filter += LANES, weights += block) {
        for (int k = 0; k < 16; k++)
          multiply_squares(products + k * squares * LANES, patches + k * place, pitch,
                           weights + k * channels * LANES, channels, squares);
        const target t = {w->out_line, w->out_pixel, w->filters - filter, relu, pool};
        const vf start = bias ? load(bias + filter) : (vf){0};
        for (int64_t i = 0; i < squares; i++) {
          const int64_t column = start_of(at + i, columns), shrink = pool ? 2 : 1;
          const int64_t to = y / shrink * w->out_line + column / shrink * w->out_pixel + filter;
          vf square[4];
          transform_products(square, products + i * LANES, squares * LANES, start);
          finish_square(out + to, arg ? arg + to : NULL, &t, square);
        }
      }
    }
}

extern const gr_winograd_table GR_TABLE;
const gr_winograd_table GR_TABLE = {.pack = pack, .spare_floats = spare_floats, .forward = forward};
