// Running sums and products along an axis. Where that axis is the inner one, a line after another; otherwise
// up to 512 neighbouring lines side by side, a step of all of them at a time, so that memory is walked in
// order. Accumulated as double (integers: exactly) and rounded on the way out.
#include "kernel/reduce_job.h"

typedef struct scan {
  gr_reduce_job job;  // its kept axes are those that are not scanned
  gr_dtype compute;   // float64 or int64
  int64_t step[2];    // bytes along the axis: in a, in out
} scan;

static gr_code accumulate(scan *s, void *total, const void *x, void *out, int64_t n) {
  bool overflow = false, sums = s->job.op == GR_SUM;
  if (s->compute == GR_I64) {
    const int64_t *p = x;
    int64_t *t = total, *r = out;
    for (int64_t i = 0; i < n; i++) {
      overflow |=
          sums ? __builtin_add_overflow(t[i], p[i], &t[i]) : __builtin_mul_overflow(t[i], p[i], &t[i]);
      r[i] = t[i];
    }
  } else {
    const double *p = x;
    double *t = total, *r = out;
    if (sums)
      for (int64_t i = 0; i < n; i++) r[i] = t[i] += p[i];
    else
      for (int64_t i = 0; i < n; i++) r[i] = t[i] *= p[i];
  }
  if (overflow)
    return gr_fail(s->job.err, GR_ERR_VALUE,
                   "the cum%s of these integers passes 2^63 on its way: convert to float64 first",
                   gr_reduce_name(s->job.op));
  return GR_OK;
}

// n neighbouring lines from `from` to `to`; their steps are `across` bytes.
static gr_code scan_lines(scan *s, char *from, char *to, const int64_t *across, int64_t n) {
  gr_reduce_job *j = &s->job;
  gr_block total, row, out;
  gr_dtype in_dtype = j->a->dtype, out_dtype = j->out->dtype;
  for (int64_t i = 0; i < n; i++)
    if (s->compute == GR_I64)
      total.i64[i] = j->op == GR_PROD;
    else
      total.f64[i] = j->op == GR_PROD;
  bool in_place = in_dtype == s->compute && across[0] == 8;
  bool out_in_place = out_dtype == s->compute && across[1] == 8;
  for (int64_t k = 0; k < j->count; k++, from += s->step[0], to += s->step[1]) {
    if (!in_place) gr_convert(&row, s->compute, 8, from, in_dtype, across[0], n);
    gr_code code = accumulate(s, &total, in_place ? (void *)from : &row, out_in_place ? (void *)to : &out, n);
    if (!code) code = gr_reduce_worked(j, n);
    if (code) return code;
    if (!out_in_place) gr_convert(to, out_dtype, across[1], &out, s->compute, 8, n);
  }
  return GR_OK;
}

// One line, in blocks.
static gr_code scan_line(scan *s, char *from, char *to) {
  gr_reduce_job *j = &s->job;
  gr_block row;
  double sum = j->op == GR_PROD;
  int64_t exact = j->op == GR_PROD;
  for (int64_t done = 0, n; done < j->count; done += n) {
    n = j->count - done < GR_BLOCK ? j->count - done : GR_BLOCK;
    gr_convert(&row, s->compute, 8, from, j->a->dtype, s->step[0], n);
    gr_code code = gr_reduce_worked(j, n);
    if (s->compute == GR_I64)
      for (int64_t i = 0; i < n && !code; i++) code = accumulate(s, &exact, &row.i64[i], &row.i64[i], 1);
    else if (j->op == GR_SUM)
      for (int64_t i = 0; i < n; i++) row.f64[i] = sum += row.f64[i];
    else
      for (int64_t i = 0; i < n; i++) row.f64[i] = sum *= row.f64[i];
    if (code) return code;
    gr_convert(to, j->out->dtype, s->step[1], &row, s->compute, 8, n);
    from += n * s->step[0];
    to += n * s->step[1];
  }
  return GR_OK;
}

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

gr_code gr_scan(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, int axis, bool reverse, gr_err *err) {
  gr_dtype result = gr_reduce_dtype(op, a->dtype);
  const char *name = gr_reduce_name(op);
  if (out->dtype != result || !gr_tensor_same_shape(out, a))
    return gr_fail(err, GR_ERR_SHAPE, "cum%s of %s gives %s of the same shape", name, gr_dtype_name(a->dtype),
                   gr_dtype_name(result));
  if (axis < 0 || axis >= a->ndim)
    return gr_fail(err, GR_ERR_SHAPE, "cum%s along axis %d of a tensor with %d axes", name, axis + 1,
                   a->ndim);
  if (gr_tensor_size(a) == 0) return GR_OK;
  gr_tensor from_view = *a, to_view = *out;
  if (reverse) {
    gr_tensor_view_slice(&from_view, a, axis, a->shape[axis] - 1, -1, a->shape[axis]);
    gr_tensor_view_slice(&to_view, out, axis, a->shape[axis] - 1, -1, a->shape[axis]);
  }
  scan s = {.job = {.op = op, .a = &from_view, .out = &to_view, .err = err, .count = a->shape[axis]},
            .compute = result == GR_I64 ? GR_I64 : GR_F64};
  gr_reduce_job *j = &s.job;
  int64_t size[2] = {(int64_t)gr_dtype_size(a->dtype), (int64_t)gr_dtype_size(result)}, across[2];
  j->results = 1;
  for (int i = 0; i < a->ndim; i++)
    if (i != axis) {
      j->kept_shape[j->kept] = a->shape[i];
      j->kept_stride[0][j->kept] = from_view.stride[i];
      j->kept_stride[1][j->kept++] = to_view.stride[i];
      j->results *= a->shape[i];
    }
  j->kept = gr_coalesce(j->kept, j->kept_shape, 2, j->kept_stride);
  int64_t neighbours = j->kept_shape[j->kept - 1];
  bool side_by_side =
      neighbours > 1 && magnitude(j->kept_stride[0][j->kept - 1]) < magnitude(from_view.stride[axis]);
  for (int k = 0; k < 2; k++) {
    s.step[k] = (k ? &to_view : &from_view)->stride[axis] * size[k];
    across[k] = j->kept_stride[k][j->kept - 1] * size[k];
  }
  gr_walk from, to;
  gr_reduce_start(j, &from, &to);
  for (int64_t i = 0, at = 0, n; i < j->results; i += n) {
    n = !side_by_side ? 1 : neighbours - at < GR_BLOCK ? neighbours - at : GR_BLOCK;
    gr_code code = side_by_side ? scan_lines(&s, from.at, to.at, across, n) : scan_line(&s, from.at, to.at);
    if (code) return code;
    gr_walk_skip(&from, n);
    gr_walk_skip(&to, n);
    at = at + n < neighbours ? at + n : 0;
  }
  return GR_OK;
}
