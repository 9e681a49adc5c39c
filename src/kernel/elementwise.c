// Elementwise operations on tensors of any strides and dtypes. Axes that all operands cross in step are
// merged; what is left is run row by row where rows are long, and otherwise in blocks gathered across rows.
#include "kernel/elementwise.h"

#include <inttypes.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/integers.h"
#include "kernel/table.h"
#include "kernel/walk.h"

// A row shorter than this is not worth a call of its own.
#define SHORT_ROW 24

static const char *const unary_names[GR_N_UNARY] = {
    [GR_NEG] = "neg",           [GR_ABS] = "abs",
    [GR_SIGN] = "sign",         [GR_SQUARE] = "square",
    [GR_SQRT] = "sqrt",         [GR_RECIPROCAL] = "reciprocal",
    [GR_EXP] = "exp",           [GR_EXPM1] = "expm1",
    [GR_LOG] = "log",           [GR_LOG1P] = "log1p",
    [GR_LOG2] = "log2",         [GR_LOG10] = "log10",
    [GR_SIN] = "sin",           [GR_COS] = "cos",
    [GR_TAN] = "tan",           [GR_ASIN] = "asin",
    [GR_ACOS] = "acos",         [GR_ATAN] = "atan",
    [GR_SINH] = "sinh",         [GR_COSH] = "cosh",
    [GR_TANH] = "tanh",         [GR_FLOOR] = "floor",
    [GR_CEIL] = "ceil",         [GR_ROUND] = "round",
    [GR_SIGMOID] = "sigmoid",   [GR_RELU] = "relu",
    [GR_SOFTPLUS] = "softplus", [GR_ISNAN] = "isnan",
    [GR_ISFINITE] = "isfinite", [GR_NOT] = "logical_not",
    [GR_STEP] = "step",         [GR_CBRT] = "cbrt",
    [GR_ERF] = "erf",           [GR_NORMAL_CDF] = "normal_cdf",
    [GR_ISINF] = "isinf",
};

static const char *const binary_names[GR_N_BINARY] = {
    [GR_ADD] = "add",         [GR_SUB] = "sub",
    [GR_MUL] = "mul",         [GR_DIV] = "div",
    [GR_POW] = "pow",         [GR_MAXIMUM] = "maximum",
    [GR_MINIMUM] = "minimum", [GR_FMOD] = "mod",
    [GR_EQ] = "eq",           [GR_NE] = "ne",
    [GR_LT] = "lt",           [GR_LE] = "le",
    [GR_GT] = "gt",           [GR_GE] = "ge",
    [GR_AND] = "logical_and", [GR_OR] = "logical_or",
    [GR_XOR] = "logical_xor", [GR_ATAN2] = "atan2",
    [GR_HYPOT] = "hypot",     [GR_LEAKY_RELU] = "leaky_relu",
    [GR_ELU] = "elu",
};

const char *gr_unary_name(gr_unary_op op) { return unary_names[op]; }
const char *gr_binary_name(gr_binary_op op) { return binary_names[op]; }

bool gr_binary_of_integers(gr_binary_op op, gr_dtype a, gr_dtype b) {
  return !gr_dtype_is_float(a) && !gr_dtype_is_float(b) && gr_integer_loop(op);
}

static gr_code check_out(const gr_tensor *out, gr_dtype dtype, const char *name, gr_err *err) {
  if (out->dtype == dtype) return GR_OK;
  return gr_fail(err, GR_ERR_TYPE, "%s gives %s here, and the result was prepared as %s", name,
                 gr_dtype_name(dtype), gr_dtype_name(out->dtype));
}

// One operation in the table's terms: exactly one of the loops is set.
typedef struct step {
  gr_unary_loop *unary;
  gr_binary_loop *binary;
} step;

static void run_step(const step *s, void *out, const void *a, const void *b, gr_form form, int64_t n) {
  if (s->unary)
    s->unary(out, a, n);
  else
    s->binary(out, a, b, form, n);
}

// All operands contiguous (or one a single number) and of the right dtype: no bookkeeping at all. What takes
// no time needs no interrupt either.
static gr_code run_flat(const step *s, gr_dtype compute, gr_dtype result, void *out, const void *a,
                        const void *b, gr_form form, int64_t n, gr_err *err) {
  if (n <= GR_POLL_ELEMENTS) {
    run_step(s, out, a, b, form, n);
    return GR_OK;
  }
  int64_t size = (int64_t)gr_dtype_size(compute), out_size = (int64_t)gr_dtype_size(result);
  for (int64_t i = 0; i < n;) {
    int64_t part = n - i < GR_POLL_ELEMENTS ? n - i : GR_POLL_ELEMENTS;
    run_step(s, (char *)out + i * out_size, (const char *)a + (form == GR_SCALAR_FIRST ? 0 : i * size),
             b ? (const char *)b + (form == GR_SCALAR_SECOND ? 0 : i * size) : NULL, form, part);
    i += part;
    if (i < n) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

static void start_walk(gr_walk *w, const gr_tensor *t, gr_dtype wanted, int ndim, const int64_t *shape,
                       const int64_t *stride, bool merge) {
  int64_t own_shape[GR_MAX_DIMS], own_stride[1][GR_MAX_DIMS];
  memcpy(own_shape, shape, sizeof own_shape);
  memcpy(own_stride[0], stride, sizeof own_stride[0]);
  if (merge) ndim = gr_coalesce(ndim, own_shape, 1, own_stride);
  gr_walk_start(w, t->data, t->dtype, wanted, ndim, own_shape, own_stride[0]);
}

// Elements after which a walk repeats itself, as a short row added to every row of a matrix does; 0 if it
// does not.
static int64_t period_of(const gr_walk *w) {
  if (w->last == 0 || w->step[0] != 0) return 0;
  int64_t period = 1;
  for (int i = 1; i <= w->last; i++) period *= w->shape[i];
  return period <= GR_BLOCK ? period : 0;
}

// The general case. `in` holds one or two operands.
static gr_code run_strided(const step *s, gr_dtype compute, gr_tensor *out, const gr_tensor *const *in,
                           int n_in, gr_err *err) {
  int64_t shape[GR_MAX_DIMS], stride[3][GR_MAX_DIMS];
  memcpy(shape, out->shape, sizeof shape);
  memcpy(stride[0], out->stride, sizeof stride[0]);
  for (int k = 0; k < n_in; k++) {
    gr_tensor view;
    gr_code code = gr_tensor_view_broadcast(&view, in[k], out->ndim, out->shape, err);
    if (code) return code;
    memcpy(stride[k + 1], view.stride, sizeof stride[0]);
  }
  int64_t total = gr_tensor_size(out);
  if (total == 0) return GR_OK;
  int ndim = gr_coalesce(out->ndim, shape, n_in + 1, stride);
  int64_t row = shape[ndim - 1];
  bool by_rows = ndim == 1 || row >= SHORT_ROW;

  // Blocks that cross rows need not agree on what a row is: each operand merges its own axes.
  gr_walk to, from[2];
  start_walk(&to, out, out->dtype, ndim, shape, stride[0], !by_rows);
  for (int k = 0; k < n_in; k++) start_walk(&from[k], in[k], compute, ndim, shape, stride[k + 1], !by_rows);

  // A second operand without stride along the row is a number to the inner loop; so is the first, unless
  // both are.
  gr_form form = GR_BOTH_VECTORS;
  if (by_rows && n_in == 2 && stride[2][ndim - 1] == 0)
    form = GR_SCALAR_SECOND;
  else if (by_rows && n_in == 2 && stride[1][ndim - 1] == 0)
    form = GR_SCALAR_FIRST;
  bool in_place = by_rows && to.in_place && (form == GR_SCALAR_FIRST || from[0].in_place) &&
                  (n_in == 1 || form == GR_SCALAR_SECOND || from[1].in_place);
  int64_t most = in_place ? GR_POLL_ELEMENTS : GR_BLOCK;
  // The second operand, if it repeats itself, is gathered once: a block holds whole periods.
  int64_t period = !by_rows && n_in == 2 ? period_of(&from[1]) : 0;
  if (period) most = GR_BLOCK / period * period;

  gr_block out_block, block[2];
  const void *b = NULL;
  for (int64_t done = 0, at = 0, polled = 0; done < total;) {
    int64_t n = by_rows ? row - at : total - done;
    if (n > most) n = most;
    const void *a = form == GR_SCALAR_FIRST ? gr_walk_read_one(&from[0], &block[0], n)
                                            : gr_walk_read(&from[0], &block[0], n);
    if (form == GR_SCALAR_SECOND)
      b = gr_walk_read_one(&from[1], &block[1], n);
    else if (n_in == 2 && (done == 0 || !period))
      b = gr_walk_read(&from[1], &block[1], n);
    void *target = gr_walk_target(&to, &out_block, n);
    run_step(s, target, a, b, form, n);
    gr_walk_put(&to, target, n);
    done += n;
    at = by_rows && at + n < row ? at + n : 0;
    if (done - polled >= GR_POLL_ELEMENTS) {
      polled = done;
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

// How many elements the operands have if all are `dtype` and lie one behind the other as those of `out` do,
// which is what run_flat takes; otherwise -1. One pass over the axes, since for a few numbers it is most of
// the work. `b` may be `a`.
static int64_t flat_size(const gr_tensor *out, const gr_tensor *a, const gr_tensor *b, gr_dtype dtype) {
  if (a->dtype != dtype || b->dtype != dtype || a->ndim != out->ndim || b->ndim != out->ndim) return -1;
  int64_t n = 1;
  for (int i = out->ndim; i-- > 0;) {
    int64_t size = out->shape[i];
    if (a->shape[i] != size || b->shape[i] != size) return -1;
    if (size != 1 && (out->stride[i] != n || a->stride[i] != n || b->stride[i] != n)) return -1;
    n *= size;
  }
  return n;
}

gr_code gr_unary(gr_tensor *out, gr_unary_op op, const gr_tensor *a, gr_err *err) {
  gr_dtype compute = gr_dtype_promote(a->dtype, a->dtype), result = gr_unary_dtype(op, a->dtype);
  gr_code code = check_out(out, result, unary_names[op], err);
  if (code) return code;
  step s = {.unary = gr_kernels()->map[compute]->unary[op]};
  int64_t n = flat_size(out, a, a, compute);
  if (n >= 0) return run_flat(&s, compute, result, out->data, a->data, NULL, GR_BOTH_VECTORS, n, err);
  return run_strided(&s, compute, out, &a, 1, err);
}

// Integers beside a float64 are compared as such, and so must not pass through a float32 that is not there.
static gr_dtype compute_dtype(gr_binary_op op, gr_dtype a, gr_dtype b) {
  if (gr_binary_of_integers(op, a, b)) return GR_I64;
  if (gr_binary_gives_mask(op) && (a == GR_I64 || b == GR_I64)) return GR_F64;
  return gr_dtype_promote(a, b);
}

static gr_binary_loop *loop_of(gr_binary_op op, gr_dtype compute) {
  return compute == GR_I64 ? gr_integer_loop(op) : gr_kernels()->map[compute]->binary[op];
}

gr_code gr_binary(gr_tensor *out, gr_binary_op op, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  gr_dtype compute = compute_dtype(op, a->dtype, b->dtype), result = gr_binary_dtype(op, a->dtype, b->dtype);
  gr_code code = check_out(out, result, binary_names[op], err);
  if (code) return code;
  step s = {.binary = loop_of(op, compute)};
  int64_t n = flat_size(out, a, b, compute);
  if (n >= 0) return run_flat(&s, compute, result, out->data, a->data, b->data, GR_BOTH_VECTORS, n, err);
  return run_strided(&s, compute, out, (const gr_tensor *const[]){a, b}, 2, err);
}

gr_code gr_binary_scalar(gr_tensor *out, gr_binary_op op, const gr_tensor *a, double b, bool scalar_first,
                         gr_err *err) {
  gr_dtype compute = gr_dtype_promote(a->dtype, a->dtype), result = gr_binary_dtype(op, a->dtype, compute);
  gr_code code = check_out(out, result, binary_names[op], err);
  if (code) return code;
  float b32 = (float)b;
  void *value = compute == GR_F32 ? (void *)&b32 : (void *)&b;
  step s = {.binary = gr_kernels()->map[compute]->binary[op]};
  int64_t n = flat_size(out, a, a, compute);
  if (n >= 0)
    return run_flat(&s, compute, result, out->data, scalar_first ? value : a->data,
                    scalar_first ? a->data : value, scalar_first ? GR_SCALAR_FIRST : GR_SCALAR_SECOND, n,
                    err);
  const gr_tensor number = {.data = value, .dtype = (uint8_t)compute};
  const gr_tensor *first = scalar_first ? &number : a, *second = scalar_first ? a : &number;
  return run_strided(&s, compute, out, (const gr_tensor *const[]){first, second}, 2, err);
}
