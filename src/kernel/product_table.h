// The loop behind products of few rows or short sums (matmul.c, and the dense layers of a recorded step):
// inner_product.c, compiled once per instruction set, for float32.
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

#endif
