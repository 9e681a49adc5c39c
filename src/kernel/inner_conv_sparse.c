// Direct 3x3 convolution, backward through a 2x2 max pooling: of the four pixels of a square only the winner
// has a gradient, for each filter another one, and with a ReLU none where nothing was above 0. These loops
// visit the winners alone: a quarter of the multiply-adds, or less, of those over all pixels.
//
// dout and arg are (rows, columns, filters) of the pooled output, arg as forward_pooled leaves it: 0..3, or 4
// where there is no gradient. Limited by the multiply-adds, each of which reads a vector from the first
// cache.
#include "kernel/conv_table.h"
#include "kernel/inner_vector.h"

#if LANES >= 8

// The gradient that passes the winners: 0 where there is none, cell 4. A comparison of whole vectors would
// take the place of a multiply-add.
#if LANES == 16
static ALWAYS_INLINE vf of_winners(vf slope, vb cells) {
  return (vf)_mm512_maskz_mov_ps(_mm_cmpneq_epi8_mask((__m128i)cells, _mm_set1_epi8(4)), (__m512)slope);
}
#else
static ALWAYS_INLINE vf of_winners(vf slope, vb cells) {
  return (vf)((vi)slope & ~((ints_of(cells) << 29) >> 31));
}
#endif

// ---- one channel ----------------------------------------------------------------------------------------
//
// Lanes are filters. The winner's window is 3x3 of the 4x4 pixels under a square: of two rows of four pixels
// in one register a permutation picks for each lane the one that its winner multiplies with a cell of the
// kernel. Nine sums, in registers from the first square to the last.

// Two rows of four pixels in one register, for each row of the kernel; in the lower half of it (AVX-512).
#if LANES == 16
typedef __m512 patch[3];
static ALWAYS_INLINE void load_patch(patch p, const float *x, int64_t line) {
  UNROLL for (int ky = 0; ky < 3; ky++) p[ky] = _mm512_zextps256_ps512(_mm256_insertf128_ps(
      _mm256_castps128_ps256(_mm_loadu_ps(x + ky * line)), _mm_loadu_ps(x + (ky + 1) * line), 1));
}
static ALWAYS_INLINE vf pick(const patch p, vi origin, int ky, int kx) {
  return (vf)_mm512_permutexvar_ps((__m512i)(origin + kx), p[ky]);
}
// Where the winner's window begins among them; 0 where there is none.
static ALWAYS_INLINE vi origin_of(vb cells) {
  const __m128i origins = _mm_setr_epi8(0, 1, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  return ints_of((vb)_mm_shuffle_epi8(origins, (__m128i)cells));
}
#else
typedef __m256 patch[3];
static ALWAYS_INLINE void load_patch(patch p, const float *x, int64_t line) {
  UNROLL for (int ky = 0; ky < 3; ky++) p[ky] = _mm256_insertf128_ps(
      _mm256_castps128_ps256(_mm_loadu_ps(x + ky * line)), _mm_loadu_ps(x + (ky + 1) * line), 1);
}
static ALWAYS_INLINE vf pick(const patch p, vi origin, int ky, int kx) {
  return (vf)_mm256_permutevar8x32_ps(p[ky], (__m256i)(origin + kx));
}
static ALWAYS_INLINE vi origin_of(vb cells) {
  const vi cell = ints_of(cells);
  return (cell & 1) + ((cell & 2) << 1);
}
#endif

static void kernel_gradient_of_one(float *dkernel, float *dbias, const float *x, int64_t line,
                                   const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                                   int64_t filters) {
  for (int64_t first = 0; first < filters; first += LANES) {
    const int64_t lanes = filters - first;
    vf sums[9], all = {0};
    UNROLL for (int i = 0; i < 9; i++) sums[i] = load_some(dkernel + i * filters + first, lanes);
    for (int64_t y = 0; y < rows; y++) {
      const float *top = x + 2 * y * line;
      for (int64_t column = 0; column < columns; column++, top += 2) {
        const int64_t at = (y * columns + column) * filters + first;
        const vb cells = load_bytes_some(arg + at, lanes);
        const vf slope = of_winners(load_some(dout + at, lanes), cells);
        const vi origin = origin_of(cells);
        patch pixels;
        load_patch(pixels, top, line);
        UNROLL for (int ky = 0; ky < 3; ky++) UNROLL for (int kx = 0; kx < 3; kx++) sums[3 * ky + kx] +=
            pick(pixels, origin, ky, kx) * slope;
        all += slope;
      }
    }
    UNROLL for (int i = 0; i < 9; i++) store_some(dkernel + i * filters + first, sums[i], lanes);
    if (dbias) store_some(dbias + first, load_some(dbias + first, lanes) + all, lanes);
  }
}

// ---- many channels --------------------------------------------------------------------------------------

// The winners of one filter in a band of rows.
typedef struct winner {
  int32_t at;  // floats from the band's first pixel to the winner's window
  float slope;
} winner;

#define GROUP 16       // filters whose lists are made together
#define MOST_LIST 128  // squares in a band

// Where lane i of two vectors lies after the pairs of the lower lanes and those of the upper ones.
static ALWAYS_INLINE int place_of(int lane) { return lane % 4 / 2 * (LANES / 2) + lane / 4 * 2 + lane % 2; }

// Without a branch: each square is written to the end of its filter's list, which grows if it counts. What is
// written is computed by vectors, whose lanes are filters. dbias (or NULL) += the slopes.
static ALWAYS_INLINE void list_winners(winner lists[GROUP][MOST_LIST], int32_t lengths[GROUP], float *dbias,
                                       const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                                       int64_t filters, int64_t line, int64_t pixel) {
  vf all[GROUP / LANES] = {{0}};
  memset(lengths, 0, GROUP * sizeof lengths[0]);
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < columns; x++, dout += filters, arg += filters) {
      const int32_t here = (int32_t)(2 * (y * line + x * pixel));
      UNROLL for (int part = 0; part < GROUP / LANES; part++) {
        _Alignas(4 * LANES) winner fresh[LANES];
        _Alignas(4 * LANES) int32_t ends[LANES];
        const vb cells = load_bytes_some(arg + part * LANES, LANES);
        const vi cell = ints_of(cells);
        const vf slope = of_winners(load(dout + part * LANES), cells);
        const vi at = here + (-(cell & 1) & (int32_t)pixel) + (-((cell >> 1) & 1) & (int32_t)line);
        const vf low = __builtin_shufflevector((vf)at, slope, LOW_ONES);
        const vf high = __builtin_shufflevector((vf)at, slope, HIGH_ONES);
        memcpy(fresh, &low, sizeof low);
        memcpy(fresh + LANES / 2, &high, sizeof high);
        vi length;
        memcpy(&length, lengths + part * LANES, sizeof length);
        memcpy(ends, &length, sizeof ends);
        length += 1 - (cell >> 2);
        memcpy(lengths + part * LANES, &length, sizeof length);
        UNROLL for (int f = 0; f < LANES; f++) lists[part * LANES + f][ends[f]] = fresh[place_of(f)];
        all[part] += slope;
      }
    }
  for (int part = 0; dbias && part < GROUP / LANES; part++)
    store(dbias + part * LANES, load(dbias + part * LANES) + all[part]);
}

// Lanes are channels; turned (9, filters, channels) += the winners' windows. A list at a time, its nine sums
// in registers.
static void kernel_gradient(float *turned, float *dbias, const float *x, int64_t line, int64_t channels,
                            const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                            int64_t filters) {
  winner lists[GROUP][MOST_LIST];
  _Alignas(4 * LANES) int32_t lengths[GROUP];
  const int64_t across = columns < MOST_LIST ? columns : MOST_LIST;
  const int64_t down = MOST_LIST / across < 6 ? MOST_LIST / across : 6;
  for (int64_t y = 0; y < rows; y += down)
    for (int64_t column = 0; column < columns; column += across)
      for (int64_t first = 0; first < filters; first += GROUP) {
        const int64_t square = (y * columns + column) * filters + first;
        const int64_t some_rows = rows - y < down ? rows - y : down;
        const int64_t some = columns - column < across ? columns - column : across;
        list_winners(lists, lengths, dbias ? dbias + first : NULL, dout + square, arg + square, some_rows,
                     some, filters, line, channels);
        for (int64_t block = 0; block < channels; block += LANES) {
          const float *band = x + 2 * (y * line + column * channels) + block;
          for (int f = 0; f < GROUP; f++) {
            float *to = turned + (first + f) * channels + block;
            vf sums[9];
            UNROLL for (int i = 0; i < 9; i++) sums[i] = load(to + i * filters * channels);
            for (int64_t i = 0; i < lengths[f]; i++) {
              const float *window = band + lists[f][i].at;
              const vf slope = of_one(lists[f][i].slope);
              UNROLL for (int ky = 0; ky < 3; ky++) UNROLL for (int kx = 0; kx < 3; kx++) sums[3 * ky + kx] +=
                  load(window + ky * line + kx * channels) * slope;
            }
            UNROLL for (int i = 0; i < 9; i++) store(to + i * filters * channels, sums[i]);
          }
        }
      }
}

// Which of 16 filters have their winner in `cell`, a bit each.
static ALWAYS_INLINE uint32_t filters_with(__m128i cells, int cell) {
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(cells, _mm_set1_epi8((char)cell)));
}

// Adds to the 3x3 sums at `sums` (rows of them `step` apart) what the filters in `set` give their winner.
#define ADD_FILTERS(set, sums, step)                                                                       \
  for (uint32_t left = set; left; left &= left - 1) {                                                      \
    const int f = __builtin_ctz(left);                                                                     \
    const float *w = weights + f * 9 * LANES;                                                              \
    const vf slope = of_one(dout[f]);                                                                      \
    UNROLL for (int ky = 0; ky < 3; ky++) UNROLL for (int kx = 0; kx < 3; kx++)(sums)[ky * (step) + kx] += \
        load(w + (3 * ky + kx) * LANES) * slope;                                                           \
  }

#if LANES == 16
// The 4x4 pixels under a square are in registers. The next square lies two columns further: the other two
// stay where they are, and what enters starts with what the squares above have left there.
static void gradient_of_block(float *dx, int64_t line, int64_t pixel, const float *weights, const float *dout,
                              const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters) {
  const float *first_weights = weights;
  for (int64_t y = 0; y < rows; y++) {
    float *to = dx + 2 * y * line;
    vf sums[16];
    UNROLL for (int i = 0; i < 16; i++) sums[i] =
        y == 0 || i >= 8 || i % 4 >= 2 ? (vf){0} : load(to + i / 4 * line + i % 4 * pixel);
    for (int64_t x = 0; x < columns; x++, to += 2 * pixel) {
      UNROLL for (int i = 0; i < 16; i++) if (i % 4 >= 2) sums[i] =
          y == 0 || i >= 8 ? (vf){0} : load(to + i / 4 * line + i % 4 * pixel);
      weights = first_weights;
      for (int64_t group = 0; group < filters;
           group += 16, weights += 16 * 9 * LANES, dout += 16, arg += 16) {
        const __m128i cells = _mm_loadu_si128((const __m128i *)arg);
        ADD_FILTERS(filters_with(cells, 0), sums, 4)
        ADD_FILTERS(filters_with(cells, 1), sums + 1, 4)
        ADD_FILTERS(filters_with(cells, 2), sums + 4, 4)
        ADD_FILTERS(filters_with(cells, 3), sums + 5, 4)
      }
      UNROLL for (int i = 0; i < 16; i++) {
        if (i % 4 >= 2) continue;
        store(to + i / 4 * line + i % 4 * pixel, sums[i]);
        sums[i] = sums[i + 2];
      }
    }
    UNROLL for (int i = 0; i < 16; i++) if (i % 4 < 2) store(to + i / 4 * line + i % 4 * pixel, sums[i]);
  }
}

// Zeros where no window of a square reaches.
static void clear_rest(float *dx, int64_t height, int64_t width, int64_t channels, int64_t rows,
                       int64_t columns) {
  const int64_t reached = 2 * columns + 2, line = width * channels;
  for (int64_t y = 0; y < height; y++) {
    const int64_t from = y < 2 * rows + 2 ? reached * channels : 0;
    memset(dx + y * line + from, 0, (size_t)(line - from) * sizeof *dx);
  }
}
#else
// Sixteen registers hold the 3x3 pixels of one of the four windows.
static void gradient_of_block(float *dx, int64_t line, int64_t pixel, const float *weights, const float *dout,
                              const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters) {
  const float *first_weights = weights;
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < columns; x++) {
      weights = first_weights;
      for (int64_t group = 0; group < filters;
           group += 16, weights += 16 * 9 * LANES, dout += 16, arg += 16) {
        const __m128i cells = _mm_loadu_si128((const __m128i *)arg);
        for (int cell = 0; cell < 4; cell++) {
          float *window = dx + (2 * y + cell / 2) * line + (2 * x + cell % 2) * pixel;
          vf sums[9];
          UNROLL for (int i = 0; i < 9; i++) sums[i] = load(window + i / 3 * line + i % 3 * pixel);
          ADD_FILTERS(filters_with(cells, cell), sums, 3)
          UNROLL for (int i = 0; i < 9; i++) store(window + i / 3 * line + i % 3 * pixel, sums[i]);
        }
      }
    }
}

static void clear_rest(float *dx, int64_t height, int64_t width, int64_t channels, int64_t rows,
                       int64_t columns) {
  memset(dx, 0, (size_t)(height * width * channels) * sizeof *dx);
}
#endif

// Lanes are channels; packed (block of channels, filter, cell of the kernel, lane).
static void input_gradient(float *dx, int64_t height, int64_t width, int64_t channels, const float *packed,
                           const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                           int64_t filters) {
  clear_rest(dx, height, width, channels, rows, columns);
  for (int64_t block = 0; block < channels; block += LANES, packed += filters * 9 * LANES)
    gradient_of_block(dx + block, width * channels, channels, packed, dout, arg, rows, columns, filters);
}

extern const gr_conv_sparse_table GR_TABLE;
const gr_conv_sparse_table GR_TABLE = {
    .lanes = LANES,
    .kernel_gradient_of_one = kernel_gradient_of_one,
    .kernel_gradient = kernel_gradient,
    .input_gradient = input_gradient,
};

#else

// Without permutations and masks of bytes there is nothing to gain.
extern const gr_conv_sparse_table GR_TABLE;
const gr_conv_sparse_table GR_TABLE = {0};

#endif
