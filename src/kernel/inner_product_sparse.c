// Products out (m, n) = a (m, k) b (k, n) of which b has many zeros, in float32: the gradient of a dense
// layer's weights, x^T d, behind a ReLU, which lets no gradient through where it was 0.
//
// Up to 8 vectors of rows by 128 columns at a time. The sums of one column, 8 vectors, stay in registers
// while the numbers of that column that are not 0 run by: each is shared by all lanes, and meets a row of
// a^T, which comes from the first cache (`rows`, 16 KiB: copied there for 32 of them). Loop order: blocks of
// 32 rows of b, columns, live numbers. What is not multiplied adds nothing, and the order of the others is
// that of inner_product.c: the sums have the same bits.
//
// Limited by the loads of the first cache: one for each multiply-add, one more for 8. A live number costs 1.2
// times (k = 32) to 1.4 times (k = 128) what it costs in inner_product.c, and each number of out 0.45 cycles
// to be stored, since the sums lie across and are turned.
#include "kernel/inner_vector.h"
#include "kernel/table.h"

#define VECTORS 8
#define ROWS (VECTORS * LANES)
#define PAIRS (LANES == 16)  // 32 registers have room for the sums of two columns

// Column j of out, ROWS numbers, += the block's rows times the live numbers of b's column.
static ALWAYS_INLINE void column(float *sums, float (*rows)[ROWS], const float *numbers, uint32_t live,
                                 const bool first) {
  vf sum[VECTORS];
  UNROLL for (int v = 0; v < VECTORS; v++) sum[v] = first ? (vf){0} : load(sums + v * LANES);
  for (; live; live &= live - 1) {
    const int l = __builtin_ctz(live);
    const vf b = of_one(numbers[l]);
    UNROLL for (int v = 0; v < VECTORS; v++) sum[v] += b * load(rows[l] + v * LANES);
  }
  UNROLL for (int v = 0; v < VECTORS; v++) store(sums + v * LANES, sum[v]);
}

// The same for two columns without a zero, which share what is loaded.
static ALWAYS_INLINE void two_columns(float *sums_1, float *sums_2, float (*rows)[ROWS],
                                      const float *numbers_1, const float *numbers_2, int64_t k,
                                      const bool first) {
  vf sum_1[VECTORS], sum_2[VECTORS];
  UNROLL for (int v = 0; v < VECTORS; v++) {
    sum_1[v] = first ? (vf){0} : load(sums_1 + v * LANES);
    sum_2[v] = first ? (vf){0} : load(sums_2 + v * LANES);
  }
  for (int64_t l = 0; l < k; l++) {
    const vf b_1 = of_one(numbers_1[l]), b_2 = of_one(numbers_2[l]);
    UNROLL for (int v = 0; v < VECTORS; v++) {
      const vf a =
          *(const volatile vf *)(rows[l] + v * LANES);  // once: gcc would load it for each of the two
      sum_1[v] += b_1 * a;
      sum_2[v] += b_2 * a;
    }
  }
  UNROLL for (int v = 0; v < VECTORS; v++) {
    store(sums_1 + v * LANES, sum_1[v]);
    store(sums_2 + v * LANES, sum_2[v]);
  }
}

// Rows become columns, by numbers, pairs and fours of them that two vectors exchange: each is one instruction
// (those that may move any number anywhere take half as long again).
#if LANES == 16
#define LOW_TWOS 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_TWOS 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define EVEN_FOURS 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define ODD_FOURS 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#elif LANES == 8
#define LOW_TWOS 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_TWOS 2, 3, 10, 11, 6, 7, 14, 15
#define EVEN_FOURS 0, 1, 2, 3, 8, 9, 10, 11
#define ODD_FOURS 4, 5, 6, 7, 12, 13, 14, 15
#else
#define LOW_TWOS 0, 1, 4, 5
#define HIGH_TWOS 2, 3, 6, 7
#endif

static ALWAYS_INLINE void turn(vf r[LANES]) {
  vf t[LANES];
  UNROLL for (int i = 0; i < LANES; i += 2) {
    t[i] = __builtin_shufflevector(r[i], r[i + 1], LOW_ONES);
    t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], HIGH_ONES);
  }
  UNROLL for (int i = 0; i < LANES; i += 4) UNROLL for (int k = 0; k < 2; k++) {
    r[i + 2 * k] = __builtin_shufflevector(t[i + k], t[i + k + 2], LOW_TWOS);
    r[i + 2 * k + 1] = __builtin_shufflevector(t[i + k], t[i + k + 2], HIGH_TWOS);
  }
  // Now four q of r[4 g + c] has the numbers of column 4 q + c in rows 4 g to 4 g + 3.
#if LANES == 16
  UNROLL for (int g = 0; g < LANES; g += 8) UNROLL for (int c = g; c < g + 4; c++) {
    t[c] = __builtin_shufflevector(r[c], r[c + 4], EVEN_FOURS);
    t[c + 4] = __builtin_shufflevector(r[c], r[c + 4], ODD_FOURS);
  }
  UNROLL for (int c = 0; c < 8; c++) {
    r[c] = __builtin_shufflevector(t[c], t[c + 8], EVEN_FOURS);
    r[c + 8] = __builtin_shufflevector(t[c], t[c + 8], ODD_FOURS);
  }
#elif LANES == 8
  UNROLL for (int c = 0; c < 4; c++) t[c] = r[c + 4];
  UNROLL for (int c = 0; c < 4; c++) {
    r[c + 4] = __builtin_shufflevector(r[c], t[c], ODD_FOURS);
    r[c] = __builtin_shufflevector(r[c], t[c], EVEN_FOURS);
  }
#endif
}

// A bit for each lane that is not 0.
static ALWAYS_INLINE uint32_t live_lanes(vf x) {
#if LANES == 16
  return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif LANES == 8
  return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
#else
  uint32_t live = 0;
  for (int l = 0; l < LANES; l++) live |= (uint32_t)(x[l] != 0) << l;
  return live;
#endif
}

// Loop order: blocks, vectors of columns, vectors of rows.
static int64_t lay_out(gr_sparse_factor *s, const float *b, int64_t lead, int64_t k) {
  int64_t count = 0;
  s->dense = b;
  for (int64_t from = 0; from < k; from += GR_SPARSE_BLOCK)
    for (int64_t j = 0; j < s->columns; j += LANES) {
      const int64_t place = from / GR_SPARSE_BLOCK * s->columns + j, left = s->columns - j;
      const int64_t columns = left < LANES ? left : LANES;
      uint32_t live[LANES] = {0};
      for (int64_t l = 0; l < GR_SPARSE_BLOCK; l += LANES) {
        vf r[LANES];
        for (int i = 0; i < LANES; i++)
          r[i] = from + l + i < k ? load_some(b + (from + l + i) * lead + j, columns) : (vf){0};
        turn(r);
        for (int64_t c = 0; c < columns; c++) {
          store(s->numbers + (place + c) * GR_SPARSE_BLOCK + l, r[c]);
          live[c] |= live_lanes(r[c]) << l;
        }
      }
      for (int64_t c = 0; c < columns; c++) {
        s->live[place + c] = live[c];
        count += __builtin_popcount(live[c]);
      }
    }
  return count;
}

static void multiply_sparse(const gr_product *p, const gr_sparse_factor *b) {
  _Alignas(64) static const float nothing[ROWS];
  _Alignas(64) float rows[GR_SPARSE_BLOCK][ROWS], sums[GR_SPARSE_COLUMNS][ROWS];
  // Where each column's sums are: those of a column of zeros nowhere, and neither are those beyond the last
  // one.
  const float *at[GR_SPARSE_COLUMNS];
  const int64_t first_column = p->b - b->dense;
  for (int64_t j = 0; j < GR_SPARSE_COLUMNS; j++) at[j] = nothing;
  for (int64_t from = 0; from < p->k; from += GR_SPARSE_BLOCK) {
    const int64_t k = p->k - from < GR_SPARSE_BLOCK ? p->k - from : GR_SPARSE_BLOCK;
    for (int64_t l = 0; l < k; l++) {
      const float *a = p->a + (from + l) * p->a_stride[1];
      if (p->a_stride[0] == 1)
        memcpy(rows[l], a, (size_t)p->m * sizeof *a);
      else
        for (int64_t i = 0; i < p->m; i++) rows[l][i] = a[i * p->a_stride[0]];
      memset(rows[l] + p->m, 0, (size_t)(ROWS - p->m) * sizeof *a);
    }
    const int64_t place = from / GR_SPARSE_BLOCK * b->columns + first_column;
    const uint32_t *live = b->live + place, every = (uint32_t)-1 >> (GR_SPARSE_BLOCK - k);
    const float *numbers = b->numbers + place * GR_SPARSE_BLOCK;
    int64_t waiting = -1;  // a column without a zero, for another one
    for (int64_t j = 0; j < p->n; j++) {
      if (!live[j]) continue;
      const bool is_first = at[j] == nothing;
      at[j] = sums[j];
      if (!PAIRS || is_first != (from == 0) || live[j] != every) {
        column(sums[j], rows, numbers + j * GR_SPARSE_BLOCK, live[j], is_first);
      } else if (waiting < 0) {
        waiting = j;
      } else {
        two_columns(sums[waiting], sums[j], rows, numbers + waiting * GR_SPARSE_BLOCK,
                    numbers + j * GR_SPARSE_BLOCK, k, is_first);
        waiting = -1;
      }
    }
    if (waiting >= 0) column(sums[waiting], rows, numbers + waiting * GR_SPARSE_BLOCK, every, from == 0);
  }
  for (int64_t i = 0; i < p->m; i += LANES)
    for (int64_t j = 0; j < p->n; j += LANES) {
      vf r[LANES];
      const int64_t columns = p->n - j, left = p->m - i;
      UNROLL for (int l = 0; l < LANES; l++) r[l] = load(at[j + l] + i);
      turn(r);
      float *out = p->out + i * p->out_lead + j;
      if (columns >= LANES && left >= LANES)
        UNROLL for (int l = 0; l < LANES; l++) store(out + l * p->out_lead, r[l]);
      else
        for (int l = 0; l < LANES && l < left; l++) store_some(out + l * p->out_lead, r[l], columns);
    }
}

extern const gr_product_sparse_table GR_TABLE;
const gr_product_sparse_table GR_TABLE = {lay_out, multiply_sparse, ROWS};
