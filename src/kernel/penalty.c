#include "kernel/penalty.h"

#include "kernel/table.h"
#include "kernel/walk.h"

double gr_sum_of_squares(const gr_tensor *w) {
  gr_fold_loop *squares = gr_kernels()->fold[w->dtype]->fold[GR_FOLD_SQUARES];
  const size_t size = gr_dtype_size(w->dtype);
  const int64_t n = gr_tensor_size(w);
  double sum = 0;
  for (int64_t i = 0; i < n; i += GR_BLOCK)
    sum += squares((const char *)w->data + (size_t)i * size, 0, n - i < GR_BLOCK ? n - i : GR_BLOCK);
  return sum;
}

static double sum_of_sizes(const gr_tensor *w) {
  const gr_kernel_table *kernels = gr_kernels();
  const size_t bytes = gr_dtype_size(w->dtype);
  const int64_t n = gr_tensor_size(w);
  gr_block sizes;
  double sum = 0;
  for (int64_t i = 0; i < n; i += GR_BLOCK) {
    const int64_t count = n - i < GR_BLOCK ? n - i : GR_BLOCK;
    kernels->map[w->dtype]->unary[GR_ABS](&sizes, (const char *)w->data + (size_t)i * bytes, count);
    sum += kernels->fold[w->dtype]->fold[GR_FOLD_SUM](&sizes, 0, count);
  }
  return sum;
}

double gr_penalty(const gr_tensor *w, double l1, double l2) {
  return (l1 != 0 ? l1 * sum_of_sizes(w) : 0) + (l2 != 0 ? l2 * gr_sum_of_squares(w) : 0);
}

void gr_penalty_backward(gr_tensor *dw, const gr_tensor *w, double l1, double l2, double slope,
                         bool accumulate) {
  gr_kernels()->update[w->dtype]->penalty(dw->data, w->data, gr_tensor_size(w), slope * l1, 2 * slope * l2,
                                          accumulate);
}
