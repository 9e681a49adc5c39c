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

#if LANES == 16
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES == 8
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#endif

// Rows become columns: zipping the first half of the rows with the second takes a bit of a number's row and
// makes it the lowest of its place in the row; after as many times as there are bits they have changed
// places.
static ALWAYS_INLINE void turn(vf r[LANES]) {
  UNROLL for (int bit = 1; bit < LANES; bit *= 2) {
    vf zipped[LANES];
    UNROLL for (int i = 0; i < LANES / 2; i++) {
      zipped[2 * i] = __builtin_shufflevector(r[i], r[i + LANES / 2], LOW);
      zipped[2 * i + 1] = __builtin_shufflevector(r[i], r[i + LANES / 2], HIGH);
    }
    UNROLL for (int i = 0; i < LANES; i++) r[i] = zipped[i];
  }
}

static void multiply_sparse(const gr_product *p, const gr_sparse_factor *b) {
  _Alignas(64) float rows[GR_SPARSE_BLOCK][ROWS], sums[GR_SPARSE_COLUMNS][ROWS];
  const int64_t first_column = p->b - b->dense;
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
    const int64_t at = from / GR_SPARSE_BLOCK * b->columns + first_column;
    const uint32_t *live = b->live + at;
    const float *numbers = b->numbers + at * GR_SPARSE_BLOCK;
    for (int64_t j = 0; j < p->n; j++, numbers += GR_SPARSE_BLOCK)
      if (from == 0)
        column(sums[j], rows, numbers, live[j], true);
      else if (live[j])
        column(sums[j], rows, numbers, live[j], false);
  }
  for (int64_t i = 0; i < p->m; i += LANES)
    for (int64_t j = 0; j < p->n; j += LANES) {
      vf r[LANES];
      const int64_t columns = p->n - j, left = p->m - i;
      UNROLL for (int l = 0; l < LANES; l++) r[l] = load(sums[l < columns ? j + l : j] + i);
      turn(r);
      float *out = p->out + i * p->out_lead + j;
      if (columns >= LANES && left >= LANES)
        UNROLL for (int l = 0; l < LANES; l++) store(out + l * p->out_lead, r[l]);
      else
        for (int l = 0; l < LANES && l < left; l++) store_some(out + l * p->out_lead, r[l], columns);
    }
}

extern const gr_product_sparse_table GR_TABLE;
const gr_product_sparse_table GR_TABLE = {multiply_sparse, ROWS};
