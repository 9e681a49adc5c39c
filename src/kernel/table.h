// What the inner loops export: for each float type and instruction set one table of functions over
// contiguous blocks. The drivers (elementwise.c, reduce.c) bring every tensor into that form.
#ifndef GR_KERNEL_TABLE_H
#define GR_KERNEL_TABLE_H

#include "kernel/conv_table.h"
#include "kernel/elementwise.h"
#include "kernel/network_table.h"
#include "kernel/product_table.h"
#include "kernel/update.h"
#include "kernel/warp_table.h"

// Which operand of a binary operation is a single number.
typedef enum gr_form { GR_BOTH_VECTORS, GR_SCALAR_SECOND, GR_SCALAR_FIRST } gr_form;

// `out` is an array of the table's type, or of bytes 0 and 1 where the operation gives a mask. It may be
// one of the inputs.
typedef void gr_unary_loop(void *out, const void *a, int64_t n);
typedef void gr_binary_loop(void *out, const void *a, const void *b, gr_form form, int64_t n);

typedef struct gr_map_table {
  gr_unary_loop *unary[GR_N_UNARY];
  gr_binary_loop *binary[GR_N_BINARY];
} gr_map_table;

// One number out of a block (`fold`), and a row of accumulators updated by rows of a block that are `step`
// bytes apart: the latter is for a reduction over an outer axis, where neighbours in memory go to different
// results.
typedef double gr_fold_loop(const void *a, double center, int64_t n);
typedef void gr_rows_loop(double *accumulator, const void *a, int64_t step, int64_t rows,
                          const double *center, int64_t n);

typedef enum gr_fold {
  GR_FOLD_SUM,
  GR_FOLD_SQUARES /* of x - center */,
  GR_FOLD_PROD,
  GR_FOLD_MIN,
  GR_FOLD_MAX,
  GR_FOLD_ANY,
  GR_FOLD_ALL,
  GR_N_FOLDS
} gr_fold;

typedef struct gr_fold_table {
  gr_fold_loop *fold[GR_N_FOLDS];
  gr_rows_loop *rows[GR_N_FOLDS];
} gr_fold_table;

typedef void gr_update_loop(void *w, const void *g, void *first, void *second, int64_t n,
                            const gr_update *update);

typedef struct gr_update_table {
  gr_update_loop *loop[GR_N_UPDATES];
  // g (+)= l1 sign(w) + l2 w, for penalty.c
  void (*penalty)(void *g, const void *w, int64_t n, double l1, double l2, bool accumulate);
} gr_update_table;

// Batch normalization over n rows of `channels`; `per` holds numbers per channel (normalize.c).
typedef struct gr_normalize_table {
  void (*sums)(double *sums, const void *x, int64_t n, int64_t channels);
  void (*apply)(void *y, const void *x, int64_t n, int64_t channels, const double *per);
  void (*gradient_sums)(double *sums, const void *g, const void *x, int64_t n, int64_t channels,
                        const double *per);
  void (*backward)(void *dx, const void *g, const void *x, int64_t n, int64_t channels, const double *per,
                   bool accumulate);
} gr_normalize_table;

typedef struct gr_kernel_table {
  const char *isa;             // "avx512", "avx2", "baseline"
  const gr_map_table *map[2];  // float64, float32: the values of gr_dtype
  const gr_fold_table *fold[2];
  const gr_network_table *network[2];
  const gr_update_table *update[2];
  const gr_normalize_table *normalize[2];
  const gr_warp_table *warp[2];
  const gr_grouped_table *grouped[2];
  const gr_conv_table *conv;  // of float32
  const gr_conv_gradient_table *conv_gradient;
  const gr_conv_sparse_table *conv_sparse;
  const gr_winograd_table *winograd;
  const gr_product_table *product;
  const gr_product_sparse_table *product_sparse;  // of float32, as the five before
} gr_kernel_table;

// The tables in use. The choice is made once, before main: the best instruction set that the processor
// has, or what the environment variable GRADUS_ISA names (avx512, avx2, baseline) if the processor has it.
const gr_kernel_table *gr_kernels(void);

#endif
