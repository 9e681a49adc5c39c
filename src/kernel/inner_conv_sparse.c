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

static void bias_gradient(float *dbias, const float *dout, const uint8_t *arg, int64_t pixels,
                          int64_t filters) {
  for (int64_t first = 0; first < filters; first += LANES) {
    vf sum = {0};
    for (int64_t i = 0; i < pixels; i++) {
      const int64_t at = i * filters + first;
      const vi cell = ints_of(load_bytes_some(arg + at, filters - first));
      sum += choose(equal(cell, of_int(4)), (vf){0}, load_some(dout + at, filters - first));
    }
    store_some(dbias + first, load_some(dbias + first, filters - first) + sum, filters - first);
  }
}

// ---- one channel ----------------------------------------------------------------------------------------
//
// Lanes are filters. The winner's window is 3x3 of the 4x4 pixels under a square: of two rows of four pixels
// in one register a permutation picks for each lane the one that its winner multiplies with a cell of the
// kernel. Nine sums, in registers from the first square to the last.

#if LANES == 16
// Eight floats in the lower half.
typedef __m512 two_rows;
static ALWAYS_INLINE two_rows load_two_rows(const float *upper, const float *lower) {
  return _mm512_zextps256_ps512(
      _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(lower), 1));
}
static ALWAYS_INLINE vf pick(two_rows from, vi index) {
  return (vf)_mm512_permutexvar_ps((__m512i)index, from);
}
#else
typedef __m256 two_rows;
static ALWAYS_INLINE two_rows load_two_rows(const float *upper, const float *lower) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(lower), 1);
}
static ALWAYS_INLINE vf pick(two_rows from, vi index) {
  return (vf)_mm256_permutevar8x32_ps(from, (__m256i)index);
}
#endif

static void kernel_gradient_of_one(float *dkernel, const float *x, int64_t line, const float *dout,
                                   const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters) {
  for (int64_t first = 0; first < filters; first += LANES) {
    const int64_t lanes = filters - first;
    vf sums[9];
    UNROLL for (int i = 0; i < 9; i++) sums[i] = load_some(dkernel + i * filters + first, lanes);
    for (int64_t y = 0; y < rows; y++) {
      const float *top = x + 2 * y * line;
      for (int64_t column = 0; column < columns; column++, top += 2) {
        const int64_t at = (y * columns + column) * filters + first;
        const vi cell = ints_of(load_bytes_some(arg + at, lanes));
        const vf slope = choose(equal(cell, of_int(4)), (vf){0}, load_some(dout + at, lanes));
        // 0, 1, 4, 5: where the winner's window begins among the two rows; 0 where there is none.
        const vi origin = (cell & 1) + ((cell & 2) << 1);
        UNROLL for (int ky = 0; ky < 3; ky++) {
          const two_rows both = load_two_rows(top + ky * line, top + (ky + 1) * line);
          UNROLL for (int kx = 0; kx < 3; kx++) sums[3 * ky + kx] += pick(both, origin + kx) * slope;
        }
      }
    }
    UNROLL for (int i = 0; i < 9; i++) store_some(dkernel + i * filters + first, sums[i], lanes);
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

// Without a branch: each square is written to the end of its filter's list, which grows if it counts.
static void list_winners(winner lists[GROUP][MOST_LIST], int64_t lengths[GROUP], const float *dout,
                         const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters, int64_t line,
                         int64_t pixel) {
  const int32_t offset[5] = {0, (int32_t)pixel, (int32_t)line, (int32_t)(line + pixel), 0};
  memset(lengths, 0, GROUP * sizeof lengths[0]);
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < columns; x++, dout += filters, arg += filters) {
      const int32_t at = (int32_t)(2 * (y * line + x * pixel));
      UNROLL for (int f = 0; f < GROUP; f++) {
        lists[f][lengths[f]] = (winner){at + offset[arg[f]], dout[f]};
        lengths[f] += arg[f] != 4;
      }
    }
}

// Lanes are channels; turned (9, filters, channels) += the winners' windows. A list at a time, its nine sums
// in registers.
static void kernel_gradient(float *turned, const float *x, int64_t line, int64_t channels, const float *dout,
                            const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters) {
  winner lists[GROUP][MOST_LIST];
  int64_t lengths[GROUP];
  const int64_t across = columns < MOST_LIST ? columns : MOST_LIST;
  const int64_t down = MOST_LIST / across < 4 ? MOST_LIST / across : 4;
  for (int64_t y = 0; y < rows; y += down)
    for (int64_t column = 0; column < columns; column += across)
      for (int64_t first = 0; first < filters; first += GROUP) {
        const int64_t square = (y * columns + column) * filters + first;
        const int64_t some_rows = rows - y < down ? rows - y : down;
        const int64_t some = columns - column < across ? columns - column : across;
        list_winners(lists, lengths, dout + square, arg + square, some_rows, some, filters, line, channels);
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
// The 4x4 pixels under a square in registers.
static ALWAYS_INLINE void add_square(float *dx, int64_t line, int64_t pixel, const float *weights,
                                     const float *dout, const uint8_t *arg, int64_t groups) {
  vf sums[16] = {{0}};
  for (int64_t group = 0; group < groups; group++, weights += 16 * 9 * LANES, dout += 16, arg += 16) {
    const __m128i cells = _mm_loadu_si128((const __m128i *)arg);
    ADD_FILTERS(filters_with(cells, 0), sums, 4)
    ADD_FILTERS(filters_with(cells, 1), sums + 1, 4)
    ADD_FILTERS(filters_with(cells, 2), sums + 4, 4)
    ADD_FILTERS(filters_with(cells, 3), sums + 5, 4)
  }
  UNROLL for (int y = 0; y < 4; y++) UNROLL for (int x = 0; x < 4; x++) {
    float *to = dx + y * line + x * pixel;
    store(to, load(to) + sums[4 * y + x]);
  }
}
#else
// Sixteen registers hold the 3x3 pixels of one of the four windows.
static ALWAYS_INLINE void add_square(float *dx, int64_t line, int64_t pixel, const float *weights,
                                     const float *dout, const uint8_t *arg, int64_t groups) {
  for (int64_t group = 0; group < groups; group++, weights += 16 * 9 * LANES, dout += 16, arg += 16) {
    const __m128i cells = _mm_loadu_si128((const __m128i *)arg);
    for (int cell = 0; cell < 4; cell++) {
      float *window = dx + cell / 2 * line + cell % 2 * pixel;
      vf sums[9];
      UNROLL for (int i = 0; i < 9; i++) sums[i] = load(window + i / 3 * line + i % 3 * pixel);
      ADD_FILTERS(filters_with(cells, cell), sums, 3)
      UNROLL for (int i = 0; i < 9; i++) store(window + i / 3 * line + i % 3 * pixel, sums[i]);
    }
  }
}
#endif

// Lanes are channels; packed (block of channels, filter, cell of the kernel, lane).
static void input_gradient(float *dx, int64_t line, int64_t channels, const float *packed, const float *dout,
                           const uint8_t *arg, int64_t rows, int64_t columns, int64_t filters) {
  for (int64_t block = 0; block < channels; block += LANES, packed += filters * 9 * LANES)
    for (int64_t y = 0; y < rows; y++)
      for (int64_t x = 0; x < columns; x++) {
        const int64_t at = (y * columns + x) * filters;
        add_square(dx + 2 * (y * line + x * channels) + block, line, channels, packed, dout + at, arg + at,
                   filters / 16);
      }
}

extern const gr_conv_sparse_table GR_TABLE;
const gr_conv_sparse_table GR_TABLE = {
    .lanes = LANES,
    .bias_gradient = bias_gradient,
    .kernel_gradient_of_one = kernel_gradient_of_one,
    .kernel_gradient = kernel_gradient,
    .input_gradient = input_gradient,
};

#else

// Without permutations and masks of bytes there is nothing to gain.
extern const gr_conv_sparse_table GR_TABLE;
const gr_conv_sparse_table GR_TABLE = {0};

#endif
