// log(sum(exp(x))) without overflow: the greatest number is taken out of the sum first.
#include <math.h>

#include "kernel/elementwise.h"
#include "kernel/reduce.h"

size_t gr_logsumexp_scratch(const gr_tensor *x, int64_t results) {
  return (size_t)(gr_tensor_size(x) + results) * gr_dtype_size((gr_dtype)x->dtype);
}

// An infinite maximum is left in: subtracting it would make nan of what is inf or -inf.
static void make_finite(gr_tensor *shift, int64_t n) {
  double *d = shift->data;
  float *f = shift->data;
  for (int64_t i = 0; i < n; i++)
    if (shift->dtype == GR_F64)
      d[i] = isfinite(d[i]) ? d[i] : 0;
    else
      f[i] = isfinite(f[i]) ? f[i] : 0;
}

gr_code gr_logsumexp(gr_tensor *out, const gr_tensor *x, unsigned axes, void *scratch, gr_err *err) {
  int64_t shape[GR_MAX_DIMS], results = gr_tensor_size(out);
  gr_tensor shift, terms, sums;
  if (gr_tensor_size(x) == 0) return gr_fill(out, -INFINITY, err);  // the logarithm of nothing summed
  gr_reduce_shape(shape, x, axes, true);
  gr_code code = gr_tensor_layout(&terms, x->dtype, x->ndim, x->shape, err);
  if (!code) code = gr_tensor_layout(&shift, x->dtype, x->ndim, shape, err);
  if (code) return code;
  sums = shift;
  terms.data = scratch;
  shift.data = (char *)scratch + gr_tensor_bytes(&terms);
  sums.data = out->data;
  code = gr_reduce(&shift, GR_MAX, x, axes, err);
  if (code) return code;
  make_finite(&shift, results);
  code = gr_binary(&terms, GR_SUB, x, &shift, err);
  if (!code) code = gr_unary(&terms, GR_EXP, &terms, err);
  if (!code) code = gr_reduce(&sums, GR_SUM, &terms, axes, err);
  if (!code) code = gr_unary(&sums, GR_LOG, &sums, err);
  return code ? code : gr_binary(&sums, GR_ADD, &sums, &shift, err);
}
