// The loops behind products of few rows or short sums (matmul.c, and the dense layers of a recorded step),
// compiled once per instruction set, for float32: inner_product.c, and inner_product_sparse.c where the
// second factor has many zeros.
#ifndef GR_KERNEL_PRODUCT_TABLE_H
#define GR_KERNEL_PRODUCT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

// out (m, n) = a (m, k) b (k, n), or out += a b. a has any strides, in elements; rows of b and out are
// contiguous, `lead` elements apart.
typedef struct gr_product {
  float *out;
  const float *a, *b;
  int64_t out_lead, a_stride[2], b_lead, m, n, k;
  bool accumulate;
} gr_product;

typedef struct gr_product_table {
  void (*multiply)(const gr_product *p);
} gr_product_table;

// A whole b, laid out: for each block of 32 rows, and in it for each column, the block's numbers,
// and a bit for each one that is not 0.
#define GR_SPARSE_BLOCK 32
typedef struct gr_sparse_factor {
  const float *dense;  // b itself
  int64_t columns;
  float *numbers;  // (blocks, columns, GR_SPARSE_BLOCK)
  uint32_t *live;  // (blocks, columns)
} gr_sparse_factor;

// lay_out: makes it of b (k rows, `lead` apart), with columns, numbers and live given, and counts what is not
// 0. multiply: out = a b of up to `rows` rows, at most GR_SPARSE_ROWS, and up to GR_SPARSE_COLUMNS columns;
// `p->b` points to one of the columns of `b`.
#define GR_SPARSE_ROWS 128
#define GR_SPARSE_COLUMNS 128
typedef struct gr_product_sparse_table {
  int64_t (*lay_out)(gr_sparse_factor *s, const float *b, int64_t lead, int64_t k);
  void (*multiply)(const gr_product *p, const gr_sparse_factor *b);
  int64_t rows;
} gr_product_sparse_table;

#endif
