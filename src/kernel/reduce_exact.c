// Reductions whose results are whole numbers: sums and extremes of integers, which are exact or refused, and
// the positions of extremes. As with floats there are two orders: a result at a time where the reduced axis
// is the inner one, and otherwise a row of up to 512 results at a time, so that memory is read in order.
#include <string.h>

#include "kernel/reduce_job.h"

static gr_code overflowed(gr_reduce_job *j) {
  return gr_fail(j->err, GR_ERR_VALUE,
                 "the %s of these integers passes 2^63 on its way: convert to float64 first",
                 gr_reduce_name(j->op));
}

static gr_code fold_integers(gr_reduce_job *j, const int64_t *p, int64_t n, int64_t *value) {
  bool overflow = false;
  int64_t v = *value;
  switch (j->op) {
    case GR_SUM:
      for (int64_t i = 0; i < n; i++) overflow |= __builtin_add_overflow(v, p[i], &v);
      break;
    case GR_PROD:
      for (int64_t i = 0; i < n; i++) overflow |= __builtin_mul_overflow(v, p[i], &v);
      break;
    case GR_MIN:
      for (int64_t i = 0; i < n; i++) v = p[i] < v ? p[i] : v;
      break;
    default:
      for (int64_t i = 0; i < n; i++) v = p[i] > v ? p[i] : v;
  }
  *value = v;
  return overflow ? overflowed(j) : GR_OK;
}

// n neighbouring results, each taking in its number of the row p.
static gr_code fold_integer_row(gr_reduce_job *j, const int64_t *p, int64_t n, int64_t *value) {
  bool overflow = false;
  switch (j->op) {
    case GR_SUM:
      for (int64_t i = 0; i < n; i++) overflow |= __builtin_add_overflow(value[i], p[i], &value[i]);
      break;
    case GR_PROD:
      for (int64_t i = 0; i < n; i++) overflow |= __builtin_mul_overflow(value[i], p[i], &value[i]);
      break;
    case GR_MIN:
      for (int64_t i = 0; i < n; i++) value[i] = p[i] < value[i] ? p[i] : value[i];
      break;
    default:
      for (int64_t i = 0; i < n; i++) value[i] = p[i] > value[i] ? p[i] : value[i];
  }
  return overflow ? overflowed(j) : GR_OK;
}

static int64_t first_value(const gr_reduce_job *j) {
  return j->op == GR_MIN ? INT64_MAX : j->op == GR_MAX ? INT64_MIN : j->op == GR_PROD;
}

// ---- a result at a time ----

static gr_code integers_along(gr_reduce_job *j, void *at, int64_t *result) {
  gr_walk w;
  gr_block block;
  *result = first_value(j);
  gr_walk_start(&w, at, j->a->dtype, GR_I64, j->reduced, j->reduced_shape, j->reduced_stride[0]);
  for (int64_t done = 0; done < j->count;) {
    int64_t n = j->count - done < GR_BLOCK ? j->count - done : GR_BLOCK;
    gr_code code = fold_integers(j, gr_walk_read(&w, &block, n), n, result);
    if (!code) code = gr_reduce_worked(j, n);
    if (code) return code;
    done += n;
  }
  return GR_OK;
}

// The first element of the block that is `best`; a NaN looks for a NaN.
static int64_t find(const void *block, gr_dtype dtype, double best, int64_t best_integer) {
  const double *d = block;
  const float *f = block;
  const int64_t *k = block;
  int64_t i = 0;
  if (dtype == GR_I64)
    while (k[i] != best_integer) i++;
  else if (dtype == GR_F64)
    while (!(d[i] == best || (best != best && d[i] != d[i]))) i++;
  else
    while (!(f[i] == best || (best != best && f[i] != f[i]))) i++;
  return i;
}

// A block's extreme is found first, which vectorises, and looked up only if it beats what there was.
static gr_code position_along(gr_reduce_job *j, void *at, int64_t *position) {
  bool least = j->op == GR_ARGMIN, integers = j->compute == GR_I64;
  gr_fold_loop *loop = integers ? NULL : gr_kernels()->fold[j->compute]->fold[gr_reduce_fold(j->op)];
  gr_reduce_job extreme = *j;
  extreme.op = least ? GR_MIN : GR_MAX;
  double best = 0;
  int64_t best_integer = 0;
  gr_walk w;
  gr_block block;
  if (!integers && j->reduced == 1 && j->count <= GR_SHORT_ROW) {  // as for ten classes: one plain look
    gr_convert(block.f64, GR_F64, sizeof(double), at, j->a->dtype,
               j->reduced_stride[0][0] * (int64_t)gr_dtype_size(j->a->dtype), j->count);
    const double *x = block.f64;
    int64_t first = 0;
    for (int64_t i = 1; i < j->count; i++) {
      bool beaten = least ? !(x[first] <= x[i]) : !(x[first] >= x[i]);
      first = beaten && x[first] == x[first] ? i : first;
    }
    *position = first;
    return gr_reduce_worked(j, j->count);
  }
  gr_walk_start(&w, at, j->a->dtype, j->compute, j->reduced, j->reduced_shape, j->reduced_stride[0]);
  for (int64_t done = 0; done < j->count;) {
    int64_t n = j->count - done < GR_BLOCK ? j->count - done : GR_BLOCK;
    const void *p = gr_walk_read(&w, &block, n);
    bool better = done == 0;
    if (integers) {
      int64_t value = *(const int64_t *)p;
      fold_integers(&extreme, p, n, &value);
      better |= least ? value < best_integer : value > best_integer;
      if (better) best_integer = value;
    } else {
      double value = loop(p, 0, n);
      better |= best == best && (value != value || (least ? value < best : value > best));
      if (better) best = value;
    }
    if (better) *position = done + find(p, j->compute, best, best_integer);
    done += n;
    gr_code code = gr_reduce_worked(j, n);
    if (code) return code;
  }
  return GR_OK;
}

// ---- a row of results at a time ----

// The rows behind n neighbouring results, read one after another: as `wanted`, at `*row`.
typedef struct rows {
  gr_walk walk;
  gr_block block;
  gr_dtype wanted;
  int64_t step, n;
  bool in_place;
} rows;

static void start_rows(rows *r, const gr_reduce_job *j, void *at, gr_dtype wanted, int64_t n) {
  int64_t size = (int64_t)gr_dtype_size(j->a->dtype);
  r->step = j->kept_stride[0][j->kept - 1] * size;
  r->in_place = j->a->dtype == wanted && r->step == size;
  r->wanted = wanted;
  r->n = n;
  gr_walk_start(&r->walk, at, j->a->dtype, j->a->dtype, j->reduced, j->reduced_shape, j->reduced_stride[0]);
}

static const void *next_row(rows *r) {
  const void *row = r->walk.at;
  if (!r->in_place) {
    gr_convert(&r->block, r->wanted, (int64_t)gr_dtype_size(r->wanted), row, r->walk.memory, r->step, r->n);
    row = &r->block;
  }
  gr_walk_skip(&r->walk, 1);
  return row;
}

static gr_code integers_by_rows(gr_reduce_job *j, void *at, int64_t n, int64_t *result) {
  rows r;
  start_rows(&r, j, at, GR_I64, n);
  for (int64_t i = 0; i < n; i++) result[i] = first_value(j);
  for (int64_t row = 0; row < j->count; row++) {
    gr_code code = fold_integer_row(j, next_row(&r), n, result);
    if (!code) code = gr_reduce_worked(j, n);
    if (code) return code;
  }
  return GR_OK;
}

// Where element i of the row beats best[i], it becomes that, and `row` its position. A NaN beats all but a
// NaN.
#define LOOK(type, beats)                   \
  do {                                      \
    const type *x = p;                      \
    type *best = (type *)&champion;         \
    for (int64_t i = 0; i < n; i++) {       \
      bool better = beats;                  \
      best[i] = better ? x[i] : best[i];    \
      result[i] = better ? row : result[i]; \
    }                                       \
  } while (0)
#define LOOK_FLOATS(type)                                    \
  do {                                                       \
    if (least)                                               \
      LOOK(type, !(best[i] <= x[i]) & (best[i] == best[i])); \
    else                                                     \
      LOOK(type, !(best[i] >= x[i]) & (best[i] == best[i])); \
  } while (0)

static gr_code positions_by_rows(gr_reduce_job *j, void *at, int64_t n, int64_t *result) {
  bool least = j->op == GR_ARGMIN;
  gr_block champion;
  rows r;
  start_rows(&r, j, at, j->compute, n);
  for (int64_t row = 0; row < j->count; row++) {
    const void *p = next_row(&r);
    if (row == 0) {
      memcpy(&champion, p, (size_t)n * gr_dtype_size(j->compute));
      memset(result, 0, (size_t)n * sizeof result[0]);
    } else if (j->compute == GR_F64)
      LOOK_FLOATS(double);
    else if (j->compute == GR_F32)
      LOOK_FLOATS(float);
    else if (least)
      LOOK(int64_t, x[i] < best[i]);
    else
      LOOK(int64_t, x[i] > best[i]);
    gr_code code = gr_reduce_worked(j, n);
    if (code) return code;
  }
  return GR_OK;
}

// ---- both orders ----

typedef gr_code one_result(gr_reduce_job *j, void *at, int64_t *result);
typedef gr_code row_of_results(gr_reduce_job *j, void *at, int64_t n, int64_t *result);

static gr_code each_result(gr_reduce_job *j, one_result *one, row_of_results *several) {
  gr_walk from, to;
  gr_reduce_start(j, &from, &to);
  bool by_rows = gr_reduce_by_rows(j);
  int64_t result[GR_BLOCK], row = j->kept_shape[j->kept - 1];
  for (int64_t i = 0, at = 0, n; i < j->results; i += n) {
    n = !by_rows ? 1 : row - at < GR_BLOCK ? row - at : GR_BLOCK;
    gr_code code = by_rows ? several(j, from.at, n, result) : one(j, from.at, result);
    if (code) return code;
    gr_convert(to.at, GR_I64, to.step[to.last], result, GR_I64, sizeof result[0], n);
    gr_walk_skip(&from, n);
    gr_walk_skip(&to, n);
    at = at + n < row ? at + n : 0;
  }
  return GR_OK;
}

gr_code gr_reduce_integers(gr_reduce_job *j) { return each_result(j, integers_along, integers_by_rows); }
gr_code gr_reduce_positions(gr_reduce_job *j) { return each_result(j, position_along, positions_by_rows); }
