// Reductions. Axes are sorted into kept and reduced ones, each set merged where memory allows, and then
// one of two orders is taken: along memory when the reduced axis is the inner one (a fold per result), or
// a row of accumulators when the kept axis is (512 results at a time).
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/reduce_job.h"

// Elements that a fold adds in lanes of its own type; folds of blocks are added pairwise, as doubles.
#define LEAF 1024
// Rows added to one row of accumulators before that is added to the row of totals.
#define ROWS_PER_TOTAL 256

static const char *const names[GR_N_REDUCE] = {
    [GR_SUM] = "sum",       [GR_MEAN] = "mean", [GR_PROD] = "prod", [GR_MIN] = "min",
    [GR_MAX] = "max",       [GR_ANY] = "any",   [GR_ALL] = "all",   [GR_ARGMIN] = "argmin",
    [GR_ARGMAX] = "argmax", [GR_VAR] = "var",   [GR_STD] = "std",   [GR_NORM] = "norm",
};

const char *gr_reduce_name(gr_reduce_op op) { return names[op]; }

gr_dtype gr_reduce_dtype(gr_reduce_op op, gr_dtype a) {
  switch (op) {
    case GR_ANY:
    case GR_ALL: return GR_BOOL;
    case GR_ARGMIN:
    case GR_ARGMAX: return GR_I64;
    case GR_SUM:
    case GR_PROD:
    case GR_MIN:
    case GR_MAX: return gr_dtype_is_float(a) ? a : GR_I64;
    default: return gr_dtype_promote(a, a);
  }
}

int gr_reduce_shape(int64_t *shape, const gr_tensor *a, unsigned axes, bool keepdims) {
  int ndim = 0;
  for (int i = 0; i < a->ndim; i++) {
    bool gone = axes & 1u << i;
    if (!gone || keepdims) shape[ndim++] = gone ? 1 : a->shape[i];
  }
  return ndim;
}

int64_t gr_reduce_order(int order[GR_MAX_DIMS], const gr_tensor *a, unsigned axes) {
  int64_t rows = 1;
  int n = 0;
  for (int i = 0; i < a->ndim; i++)
    if (!(axes & 1u << i)) {
      order[n++] = i;
      rows *= a->shape[i];
    }
  for (int i = 0; i < a->ndim; i++)
    if (axes & 1u << i) order[n++] = i;
  return rows;
}

gr_code gr_reduce_worked(gr_reduce_job *j, int64_t elements) {
  j->unpolled += elements;
  if (j->unpolled < GR_POLL_ELEMENTS) return GR_OK;
  j->unpolled = 0;
  return gr_interrupt_poll(j->err);
}

gr_fold gr_reduce_fold(gr_reduce_op op) {
  switch (op) {
    case GR_PROD: return GR_FOLD_PROD;
    case GR_MIN:
    case GR_ARGMIN: return GR_FOLD_MIN;
    case GR_MAX:
    case GR_ARGMAX: return GR_FOLD_MAX;
    case GR_ANY: return GR_FOLD_ANY;
    case GR_ALL: return GR_FOLD_ALL;
    case GR_NORM: return GR_FOLD_SQUARES;
    default: return GR_FOLD_SUM;
  }
}

// What a fold starts from, as good as nothing.
static double neutral(gr_fold fold) {
  switch (fold) {
    case GR_FOLD_PROD:
    case GR_FOLD_ALL: return 1;
    case GR_FOLD_MIN: return INFINITY;
    case GR_FOLD_MAX: return -INFINITY;
    default: return 0;
  }
}

static double combine(gr_fold fold, double x, double y) {
  switch (fold) {
    case GR_FOLD_PROD: return x * y;
    case GR_FOLD_MIN: return x <= y || x != x ? x : y;
    case GR_FOLD_MAX: return x >= y || x != x ? x : y;
    case GR_FOLD_ANY: return x != 0 || y != 0;
    case GR_FOLD_ALL: return x != 0 && y != 0;
    default: return x + y;
  }
}

// Pairwise addition of a stream: level i holds the sum of 2^i blocks, as the bits of a counter.
typedef struct cascade {
  double level[48];
  uint64_t blocks;
} cascade;

static void cascade_add(cascade *c, double x) {
  int i = 0;
  for (uint64_t bits = c->blocks++; bits & 1; bits >>= 1) x += c->level[i++];
  c->level[i] = x;
}

static double cascade_total(const cascade *c) {
  double x = 0;
  int i = 0;
  for (uint64_t bits = c->blocks; bits; bits >>= 1, i++)
    if (bits & 1) x += c->level[i];
  return x;
}

// The fold over everything behind one result, which starts at `at`.
static gr_code fold_one(gr_reduce_job *j, gr_fold fold, void *at, double center, double *result) {
  gr_fold_loop *loop = gr_kernels()->fold[j->compute]->fold[fold];
  gr_dtype dtype = j->a->dtype;
  if (dtype == j->compute && j->reduced == 1 && j->reduced_stride[0][0] == 1 && j->count <= LEAF) {
    *result = loop(at, center, j->count);
    return gr_reduce_worked(j, j->count);
  }
  bool sums = fold == GR_FOLD_SUM || fold == GR_FOLD_SQUARES;
  const int64_t leaf = sums ? LEAF : GR_POLL_ELEMENTS;
  double value = neutral(fold);
  cascade c;
  c.blocks = 0;
  gr_walk w;
  gr_block block;
  gr_walk_start(&w, at, dtype, j->compute, j->reduced, j->reduced_shape, j->reduced_stride[0]);
  for (int64_t done = 0; done < j->count;) {
    int64_t left = w.shape[w.last] - w.index[w.last], n = j->count - done;
    if (w.in_place && left > GR_BLOCK)
      n = left < leaf ? left : leaf;
    else if (n > GR_BLOCK)
      n = GR_BLOCK;
    double part = loop(gr_walk_read(&w, &block, n), center, n);
    if (sums)
      cascade_add(&c, part);
    else
      value = combine(fold, value, part);
    done += n;
    gr_code code = gr_reduce_worked(j, n);
    if (code) return code;
  }
  *result = sums ? cascade_total(&c) : value;
  return GR_OK;
}

static bool is_spread(gr_reduce_op op) { return op == GR_VAR || op == GR_STD; }

// The sum of squared distances from the mean as variance or deviation. Fewer numbers than ddof leave nothing
// to divide by: NumPy's nan or inf.
static double spread(const gr_reduce_job *j, double squares) {
  double freedom = (double)j->count - j->ddof, variance = squares / (freedom > 0 ? freedom : 0);
  return j->op == GR_STD ? sqrt(variance) : variance;
}

static gr_code reduce_one(gr_reduce_job *j, void *at, double *result) {
  gr_code code = fold_one(j, gr_reduce_fold(j->op), at, 0, result);
  if (code) return code;
  if (j->op == GR_NORM) *result = sqrt(*result);
  if (j->op != GR_MEAN && !is_spread(j->op)) return GR_OK;
  *result /= (double)j->count;
  if (j->op == GR_MEAN) return GR_OK;
  code = fold_one(j, GR_FOLD_SQUARES, at, *result, result);
  *result = spread(j, *result);
  return code;
}

void gr_reduce_start(gr_reduce_job *j, gr_walk *from, gr_walk *to) {
  gr_walk_start(from, j->a->data, j->a->dtype, j->a->dtype, j->kept, j->kept_shape, j->kept_stride[0]);
  gr_walk_start(to, j->out->data, j->out->dtype, j->out->dtype, j->kept, j->kept_shape, j->kept_stride[1]);
}

static gr_code reduce_along(gr_reduce_job *j) {
  gr_walk from, to;
  gr_reduce_start(j, &from, &to);
  for (int64_t i = 0; i < j->results; i++) {
    double value;
    gr_code code = reduce_one(j, from.at, &value);
    if (code) return code;
    gr_convert(to.at, j->out->dtype, 0, &value, GR_F64, 0, 1);
    gr_walk_skip(&from, 1);
    gr_walk_skip(&to, 1);
  }
  return GR_OK;
}

// Folds n neighbouring results, which start at `at`, into total[n].
static gr_code fold_rows(gr_reduce_job *j, gr_fold fold, char *at, int64_t n, const double *center,
                         double *total) {
  gr_rows_loop *loop = gr_kernels()->fold[j->compute]->rows[fold];
  int64_t size = (int64_t)gr_dtype_size(j->a->dtype), step = j->kept_stride[0][j->kept - 1] * size;
  bool sums = fold == GR_FOLD_SUM || fold == GR_FOLD_SQUARES;
  bool in_place = j->a->dtype == j->compute && step == size;
  double partial[GR_BLOCK], *accumulator = sums ? partial : total;
  gr_walk w;
  gr_block block;
  for (int64_t i = 0; i < n; i++) total[i] = partial[i] = neutral(fold);
  gr_walk_start(&w, at, j->a->dtype, j->a->dtype, j->reduced, j->reduced_shape, j->reduced_stride[0]);
  for (int64_t r = 0; r < j->count;) {
    int64_t rows = 1;  // as many as are evenly spaced, if they can be read where they are
    if (in_place) {
      rows = w.shape[w.last] - w.index[w.last];
      if (rows > ROWS_PER_TOTAL - r % ROWS_PER_TOTAL) rows = ROWS_PER_TOTAL - r % ROWS_PER_TOTAL;
    } else {
      gr_convert(&block, j->compute, (int64_t)gr_dtype_size(j->compute), w.at, j->a->dtype, step, n);
    }
    loop(accumulator, in_place ? (void *)w.at : (void *)&block, w.step[w.last], rows, center, n);
    gr_walk_skip(&w, rows);
    r += rows;
    if (sums && (r % ROWS_PER_TOTAL == 0 || r == j->count))
      for (int64_t i = 0; i < n; i++) {
        total[i] += partial[i];
        partial[i] = 0;
      }
    gr_code code = gr_reduce_worked(j, rows * n);
    if (code) return code;
  }
  return GR_OK;
}

static gr_code reduce_rows(gr_reduce_job *j) {
  gr_walk from, to;
  gr_reduce_start(j, &from, &to);
  int64_t row = j->kept_shape[j->kept - 1];
  for (int64_t i = 0, at = 0; i < j->results;) {
    int64_t n = row - at < GR_BLOCK ? row - at : GR_BLOCK;
    double total[GR_BLOCK], center[GR_BLOCK] = {0};
    gr_code code = fold_rows(j, gr_reduce_fold(j->op), from.at, n, center, total);
    if (code) return code;
    if (j->op == GR_NORM)
      for (int64_t k = 0; k < n; k++) total[k] = sqrt(total[k]);
    if (j->op == GR_MEAN || is_spread(j->op))
      for (int64_t k = 0; k < n; k++) total[k] /= (double)j->count;
    if (is_spread(j->op)) {
      memcpy(center, total, (size_t)n * sizeof center[0]);
      code = fold_rows(j, GR_FOLD_SQUARES, from.at, n, center, total);
      if (code) return code;
      for (int64_t k = 0; k < n; k++) total[k] = spread(j, total[k]);
    }
    gr_convert(to.at, j->out->dtype, to.step[to.last], total, GR_F64, sizeof total[0], n);
    gr_walk_skip(&from, n);
    gr_walk_skip(&to, n);
    i += n;
    at = at + n < row ? at + n : 0;
  }
  return GR_OK;
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

// Smallest stride innermost: insertion sort, stable, so that row-major stays row-major.
static void sort_axes(int ndim, int64_t *shape, int operands, int64_t (*stride)[GR_MAX_DIMS]) {
  for (int i = 1; i < ndim; i++)
    for (int k = i; k > 0 && magnitude(stride[0][k - 1]) < magnitude(stride[0][k]); k--) {
      int64_t t = shape[k];
      shape[k] = shape[k - 1], shape[k - 1] = t;
      for (int o = 0; o < operands; o++) {
        t = stride[o][k];
        stride[o][k] = stride[o][k - 1], stride[o][k - 1] = t;
      }
    }
}

static gr_code plan(gr_reduce_job *j, unsigned axes) {
  const gr_tensor *a = j->a, *out = j->out;
  char text_a[GR_SHAPE_TEXT], text_out[GR_SHAPE_TEXT];
  bool keepdims = out->ndim == a->ndim;
  j->results = j->count = 1;
  for (int i = 0; i < a->ndim; i++) {
    bool reduce = axes >> i & 1;
    keepdims = keepdims && out->shape[i] == (reduce ? 1 : a->shape[i]);
    if (reduce) {
      j->reduced_shape[j->reduced] = a->shape[i];
      j->reduced_stride[0][j->reduced++] = a->stride[i];
      j->count *= a->shape[i];
    } else {
      j->kept_shape[j->kept] = a->shape[i];
      j->kept_stride[1][j->kept] = keepdims ? out->stride[i] : 0;
      j->kept_stride[0][j->kept++] = a->stride[i];
      j->results *= a->shape[i];
    }
  }
  if (axes >> a->ndim)
    return gr_fail(j->err, GR_ERR_SHAPE, "%s over an axis that a tensor with %d axes does not have",
                   names[j->op], a->ndim);
  if (gr_tensor_size(out) != j->results || (!keepdims && !gr_tensor_is_contiguous(out)))
    return gr_fail(j->err, GR_ERR_SHAPE,
                   "%s of shape %s gives %" PRId64 " results here, and there is room for shape %s",
                   names[j->op], gr_shape_text(text_a, a->ndim, a->shape), j->results,
                   gr_shape_text(text_out, out->ndim, out->shape));
  if (!keepdims) {
    int64_t stride = 1;
    for (int i = j->kept; i-- > 0;) {
      j->kept_stride[1][i] = stride;
      stride *= j->kept_shape[i];
    }
  }
  if (j->results == 0 || j->count == 0) return GR_OK;
  // Where the order of the elements does not name them, it follows memory.
  if (j->op != GR_ARGMIN && j->op != GR_ARGMAX) sort_axes(j->reduced, j->reduced_shape, 1, j->reduced_stride);
  sort_axes(j->kept, j->kept_shape, 2, j->kept_stride);
  j->reduced = gr_coalesce(j->reduced, j->reduced_shape, 1, j->reduced_stride);
  j->kept = gr_coalesce(j->kept, j->kept_shape, 2, j->kept_stride);
  return GR_OK;
}

bool gr_reduce_by_rows(const gr_reduce_job *j) {
  if (j->results == 1) return false;
  int64_t reduced = j->reduced_shape[j->reduced - 1], kept = j->kept_shape[j->kept - 1];
  int64_t reduced_stride = j->reduced_stride[0][j->reduced - 1], kept_stride = j->kept_stride[0][j->kept - 1];
  bool reduced_is_inner = magnitude(reduced_stride) <= magnitude(kept_stride);
  return reduced_is_inner ? reduced < GR_SHORT_ROW && kept >= GR_SHORT_ROW : kept >= 4 || kept >= reduced;
}

static gr_code reduce_nothing(gr_reduce_job *j, unsigned axes) {
  const gr_tensor *a = j->a;
  if (j->op == GR_MIN || j->op == GR_MAX || j->op == GR_ARGMIN || j->op == GR_ARGMAX) {
    char text[GR_SHAPE_TEXT];
    int empty = 0;
    while (!(axes >> empty & 1) || a->shape[empty] != 0) empty++;
    return gr_fail(j->err, GR_ERR_VALUE,
                   "%s of nothing: axis %d of shape %s is empty, and no number is the %s of none",
                   names[j->op], empty + 1, gr_shape_text(text, a->ndim, a->shape),
                   j->op == GR_MIN || j->op == GR_ARGMIN ? "least" : "greatest");
  }
  bool no_number = j->op == GR_MEAN || is_spread(j->op);
  return gr_fill(j->out, no_number ? NAN : neutral(gr_reduce_fold(j->op)), j->err);
}

static gr_code reduce(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, unsigned axes, double ddof,
                      gr_err *err) {
  gr_dtype result = gr_reduce_dtype(op, a->dtype);
  if (out->dtype != result)
    return gr_fail(err, GR_ERR_TYPE, "%s of %s is %s, and the result was prepared as %s", names[op],
                   gr_dtype_name(a->dtype), gr_dtype_name(result), gr_dtype_name(out->dtype));
  gr_reduce_job j = {.op = op,
                     .a = a,
                     .out = out,
                     .err = err,
                     .ddof = ddof,
                     .compute = gr_dtype_promote(a->dtype, a->dtype)};
  gr_code code = plan(&j, axes);
  if (code || j.results == 0) return code;
  if (j.count == 0) return reduce_nothing(&j, axes);
  bool integers = !gr_dtype_is_float(a->dtype);
  if (op == GR_ARGMIN || op == GR_ARGMAX) {
    if (integers) j.compute = GR_I64;
    return gr_reduce_positions(&j);
  }
  if (integers && result == GR_I64) return gr_reduce_integers(&j);
  return gr_reduce_by_rows(&j) ? reduce_rows(&j) : reduce_along(&j);
}

gr_code gr_reduce(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, unsigned axes, gr_err *err) {
  return reduce(out, op, a, axes, 0, err);
}

gr_code gr_reduce_spread(gr_tensor *out, gr_reduce_op op, const gr_tensor *a, unsigned axes, double ddof,
                         gr_err *err) {
  return reduce(out, op, a, axes, ddof, err);
}
