// Products out (m, n) = a (m, k) b (k, n) whose b is read as it lies, in float32.
//
// A tile of 6 rows by 4 vectors of out (AVX-512; 6 by 2 with AVX2, 4 by 2 without) stays in registers while k
// runs: of b each step reads the vectors of one row, of a one number a row, which all lanes share. Rows of a
// and numbers in a row may be any stride apart, so that a^T b needs no transposed copy: that is the gradient
// of a dense layer's weights. Loop order: blocks of k, vectors of columns, rows, k, so that the block of b at
// hand (64 columns, 64 KiB) comes from the second cache for all rows but the first.
//
// The multiply-adds limit it: 103 to 117 GFLOP/s of 115 on AVX-512, where b fits the second cache or m is
// small. BLAS puts a and b into another order first, which costs a fifth when m or k is a batch of 32.
#include "kernel/inner_vector.h"
#include "kernel/table.h"

#if LANES == 16
#define ROWS 6
#define VECTORS 4
#elif LANES == 8
#define ROWS 6
#define VECTORS 2
#else
#define ROWS 4
#define VECTORS 2
#endif
#define DEPTH 320

// `vectors` vectors of columns from `out` and `b`; of the last one `lanes` lanes exist.
static ALWAYS_INLINE void tile(const gr_product *p, float *out, const float *a, const float *b, int64_t k,
                               bool accumulate, int64_t lanes, const int rows, const int vectors,
                               const bool partial) {
  vf sum[ROWS][2 * VECTORS];
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) {
    const float *at = out + i * p->out_lead + j * LANES;
    sum[i][j] = !accumulate ? (vf){0} : partial ? load_lanes(at, lanes) : load(at);
  }
  for (int64_t l = 0; l < k; l++, a += p->a_stride[1], b += p->b_lead) {
    vf row[2 * VECTORS];
    UNROLL for (int j = 0; j < vectors; j++) row[j] =
        partial ? load_lanes(b + j * LANES, lanes) : load(b + j * LANES);
    UNROLL for (int i = 0; i < rows; i++) {
      const vf x = of_one(a[i * p->a_stride[0]]);
      UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += x * row[j];
    }
  }
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) {
    float *at = out + i * p->out_lead + j * LANES;
    if (partial)
      store_lanes(at, sum[i][j], lanes);
    else
      store(at, sum[i][j]);
  }
}

// All rows of so many vectors of columns. The rows are divided evenly: a last tile of one row would read b
// for little.
static ALWAYS_INLINE void columns(const gr_product *p, int64_t column, int64_t from, int64_t k, int64_t lanes,
                                  const int vectors, const bool partial) {
  const int most = vectors > VECTORS ? ROWS / 2 : ROWS;
  const bool accumulate = p->accumulate || from > 0;
  const float *b = p->b + from * p->b_lead + column;
  const int64_t tiles = (p->m + most - 1) / most;
  for (int64_t t = 0; t < tiles; t++) {
    const int64_t first = p->m * t / tiles, rows = p->m * (t + 1) / tiles - first;
    float *out = p->out + first * p->out_lead + column;
    const float *a = p->a + first * p->a_stride[0] + from * p->a_stride[1];
#define CALL(n) \
  if (n <= most) tile(p, out, a, b, k, accumulate, lanes, n, vectors, partial)
    switch (rows) {
      case 1: CALL(1); break;
      case 2: CALL(2); break;
      case 3: CALL(3); break;
      case 4: CALL(4); break;
#if ROWS > 4
      case 5: CALL(5); break;
      case 6: CALL(6); break;
#endif
    }
#undef CALL
  }
}

static void multiply(const gr_product *p) {
  for (int64_t from = 0; from < p->k; from += DEPTH) {
    const int64_t k = p->k - from < DEPTH ? p->k - from : DEPTH;
    int64_t j = 0;
    if (p->m <= ROWS / 2)  // few rows: longer pieces of b's
      for (; p->n - j >= 2 * VECTORS * LANES; j += 2 * VECTORS * LANES)
        columns(p, j, from, k, LANES, 2 * VECTORS, false);
    for (; p->n - j >= VECTORS * LANES; j += VECTORS * LANES) columns(p, j, from, k, LANES, VECTORS, false);
    if (VECTORS == 4 && p->n - j >= 2 * LANES) {
      columns(p, j, from, k, LANES, 2, false);
      j += 2 * LANES;
    }
    if (p->n - j >= LANES) {
      columns(p, j, from, k, LANES, 1, false);
      j += LANES;
    }
    if (j < p->n) columns(p, j, from, k, p->n - j, 1, true);
  }
}

extern const gr_product_table GR_TABLE;
const gr_product_table GR_TABLE = {multiply};
