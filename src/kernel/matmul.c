#include "kernel/matmul.h"

#include <cblas.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/elementwise.h"
#include "kernel/openblas.h"
#include "kernel/table.h"

// Up to this many multiplications the plain loop (1 ns each) beats the call (some 100 ns).
#define SMALL 128
// So few columns, and so short sums, are faster in the plain loop however many rows there are: the gradient
// of the last layer of a network has one column a class, and a sum over the few samples of a slice. So are
// sums of so few terms: the gradient of what that layer read has one for each class.
#define NARROW 4
#define SHORT 32
// Products in float32 whose sums or columns are no longer than this, as with a batch on one side, are faster
// without BLAS, which puts both operands into another order first; at least so many multiplications, so that
// ends of rows do not matter, and at most so many between two polls (0.02 s).
#define BATCH 512
#define LEAST_DIRECT (1 << 17)
#define MOST_DIRECT (1 << 30)
// The largest matrix that is multiplied with a vector in one call: 0.02 s.
#define MOST_VECTOR (1 << 26)
// Side of the largest product given to BLAS at once: 0.15 s in float64 between two polls, on a busy core 0.3.
#define BLOCK 1536

gr_code gr_matmul_core_name(const char **out, gr_err *err) {
  const gr_openblas *blas;
  gr_code code = gr_openblas_need(&blas, err);
  if (!code) *out = blas->core_name();
  return code;
}

// ---- one product ----

// An operand as BLAS takes it: rows or columns one after the other, `lead` elements apart.
typedef struct operand {
  const char *data;
  CBLAS_TRANSPOSE transposed;
  int64_t stride[2];
  int lead;
} operand;

// False when neither axis has stride 1, or the other one is negative, repeats (0) or overlaps.
static bool operand_from(operand *o, const gr_tensor *t) {
  const int64_t rows = t->shape[0], columns = t->shape[1];
  int64_t s0 = t->stride[0], s1 = t->stride[1];
  // An axis of size 1 has whatever stride suits.
  if (columns == 1) s1 = 1;
  if (rows == 1) s0 = s1 == 1 ? columns : 1;
  if (columns == 1 && rows == 1) s0 = s1 = 1;
  *o = (operand){.data = t->data, .stride = {s0, s1}};
  if (s1 == 1 && s0 >= columns && s0 <= INT_MAX) {
    o->transposed = CblasNoTrans;
    o->lead = (int)s0;
    return true;
  }
  if (s0 == 1 && s1 >= rows && s1 <= INT_MAX) {
    o->transposed = CblasTrans;
    o->lead = (int)s1;
    return true;
  }
  return false;
}

// A contiguous copy of a view that BLAS does not take. `out` must be finished, also after a failure.
static gr_code copy_of(gr_tensor *out, const gr_tensor *t, gr_err *err) {
  gr_code code = gr_tensor_init(out, t->dtype, t->ndim, t->shape, err);
  return code ? code : gr_copy(out, t, err);
}

static int block(int64_t from, int64_t size) { return (int)(size - from < BLOCK ? size - from : BLOCK); }

static gr_code blocks(const gr_openblas *blas, const gr_tensor *out, const operand *a, const operand *b,
                      int64_t k, bool accumulate, gr_err *err) {
  const int64_t m = out->shape[0], n = out->shape[1], lead = out->stride[0];
  const int64_t size = (int64_t)gr_dtype_size(out->dtype);
  for (int64_t i = 0; i < m; i += BLOCK)
    for (int64_t j = 0; j < n; j += BLOCK)
      for (int64_t l = 0; l < k; l += BLOCK) {
        gr_code code = gr_interrupt_poll(err);
        if (code) return code;
        const void *x = a->data + (i * a->stride[0] + l * a->stride[1]) * size;
        const void *y = b->data + (l * b->stride[0] + j * b->stride[1]) * size;
        void *z = (char *)out->data + (i * lead + j) * size;
        const bool add = accumulate || l > 0;  // BLAS does not read what it multiplies by 0
        const int rows = block(i, m), columns = block(j, n), depth = block(l, k);
        if (out->dtype == GR_F64)
          blas->dgemm(CblasRowMajor, a->transposed, b->transposed, rows, columns, depth, 1, x, a->lead, y,
                      b->lead, add, z, (int)lead);
        else
          blas->sgemm(CblasRowMajor, a->transposed, b->transposed, rows, columns, depth, 1, x, a->lead, y,
                      b->lead, add, z, (int)lead);
      }
  return GR_OK;
}

// A vector times a matrix, and the other way round: read the matrix once, where a product of matrices would
// put it in another order first. y += a x or a^T x.
static void by_vector(const gr_openblas *blas, gr_dtype dtype, const operand *matrix, bool turned, int rows,
                      int columns, const operand *vector, int64_t step, void *y) {
  // An operand that is stored by columns is its transpose, stored by rows.
  const bool stored = matrix->transposed == CblasTrans;
  const CBLAS_TRANSPOSE how = stored == turned ? CblasNoTrans : CblasTrans;
  const int m = stored ? columns : rows, n = stored ? rows : columns;
  if (dtype == GR_F64)
    blas->dgemv(CblasRowMajor, how, m, n, 1, (const double *)matrix->data, matrix->lead,
                (const double *)vector->data, (int)step, 1, y, 1);
  else
    blas->sgemv(CblasRowMajor, how, m, n, 1, (const float *)matrix->data, matrix->lead,
                (const float *)vector->data, (int)step, 1, y, 1);
}

static void products(const gr_openblas *blas, gr_tensor *out, const operand *a, const operand *b, int64_t k,
                     bool accumulate) {
  const int m = (int)out->shape[0], n = (int)out->shape[1];
  if (!accumulate) memset(out->data, 0, gr_tensor_bytes(out));
  if (m == 1)
    by_vector(blas, out->dtype, b, true, (int)k, n, a, k == 1 ? 1 : a->stride[1], out->data);
  else
    by_vector(blas, out->dtype, a, false, m, (int)k, b, k == 1 ? 1 : b->stride[0], out->data);
}

static bool is_direct(const gr_tensor *b, int64_t m, int64_t n, int64_t k) {
  if (b->dtype != GR_F32 || n < 16 || b->stride[1] != 1 || (m > BATCH && k > BATCH)) return false;
  const double products = (double)m * (double)n * (double)k;
  return products >= LEAST_DIRECT && products <= MOST_DIRECT;
}

gr_product gr_product_of(const gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate) {
  return (gr_product){.out = out->data,
                      .a = a->data,
                      .b = b->data,
                      .out_lead = out->stride[0],
                      .a_stride = {a->stride[0], a->stride[1]},
                      .b_lead = b->stride[0],
                      .m = a->shape[0],
                      .n = b->shape[1],
                      .k = a->shape[1],
                      .accumulate = accumulate};
}

static void clear(gr_tensor *out) {
  const size_t size = gr_dtype_size(out->dtype);
  for (int64_t i = 0; i < out->shape[0]; i++)
    memset((char *)out->data + (size_t)(i * out->stride[0]) * size, 0, (size_t)out->shape[1] * size);
}

// Two matrices whose shapes and dtypes are known to fit.
static gr_code multiply(gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate,
                        gr_err *err) {
  const int64_t m = a->shape[0], k = a->shape[1], n = b->shape[1];
  if (m == 0 || n == 0) return GR_OK;
  if (k == 0) {
    if (!accumulate) clear(out);
    return GR_OK;
  }
  // Each side first: the product of three large sides overflows.
  const bool tiny = m <= SMALL && n <= SMALL && k <= SMALL && m * n * k <= SMALL;
  const bool whole = gr_tensor_is_contiguous(out);
  const bool narrow = n <= NARROW && k <= SHORT && m <= MOST_VECTOR && b->stride[1] == 1;
  const bool few_terms =
      k <= NARROW && n > NARROW && m <= MOST_VECTOR / n && b->stride[0] == 1 && b->stride[1] == k;
  if (whole && (tiny || narrow || few_terms)) {
    gr_kernels()->network[out->dtype]->small_product(out->data, a->data, a->stride, b->data, b->stride, m, n,
                                                     k, accumulate);
    return GR_OK;
  }
  if (is_direct(b, m, n, k)) {
    const gr_product product = gr_product_of(out, a, b, accumulate);
    gr_kernels()->product->multiply(&product);
    return GR_OK;
  }
  if (n > INT_MAX || k > INT_MAX)
    return gr_fail(err, GR_ERR_SHAPE, "the rows of a matrix product have at most %d elements, not %lld",
                   INT_MAX, (long long)(n > k ? n : k));
  const gr_openblas *blas;
  gr_code code = gr_openblas_need(&blas, err);
  if (code) return code;
  gr_tensor copies[2] = {0};
  operand x, y;
  if (!operand_from(&x, a)) {
    code = copy_of(&copies[0], a, err);
    if (!code) operand_from(&x, &copies[0]);
  }
  if (!code && !operand_from(&y, b)) {
    code = copy_of(&copies[1], b, err);
    if (!code) operand_from(&y, &copies[1]);
  }
  if (!code && whole && (m == 1 || n == 1) && m <= INT_MAX && m * n <= MOST_VECTOR &&
      k <= MOST_VECTOR / (m * n))
    products(blas, out, &x, &y, k, accumulate);
  else if (!code)
    code = blocks(blas, out, &x, &y, k, accumulate, err);
  gr_tensor_finish(&copies[0]);
  gr_tensor_finish(&copies[1]);
  return code;
}

// ---- stacks of matrices ----

// The size of the n-th batch axis from the right; 1 where `t` has none.
static int64_t batch_size(const gr_tensor *t, int n) {
  return t->ndim < n + 3 ? 1 : t->shape[t->ndim - 3 - n];
}

static gr_code misfit(gr_err *err, const gr_tensor *a, const gr_tensor *b, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static gr_code misfit(gr_err *err, const gr_tensor *a, const gr_tensor *b, const char *format, ...) {
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT], why[300];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, sizeof why, format, arguments);
  va_end(arguments);
  return gr_fail(err, GR_ERR_SHAPE, "dot: %s times %s does not fit: %s",
                 gr_shape_text(left, a->ndim, a->shape), gr_shape_text(right, b->ndim, b->shape), why);
}

gr_code gr_matmul_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  if (a->ndim == 0 || b->ndim == 0)
    return misfit(err, a, b,
                  "the %s is a single number, without axes; a number times a tensor is written with *",
                  a->ndim == 0 ? "left" : "right");
  const int64_t columns = a->shape[a->ndim - 1], rows = b->shape[b->ndim == 1 ? 0 : b->ndim - 2];
  if (columns != rows) {
    const char *fix = "";
    if (a->ndim == 2 && a->shape[0] == rows)
      fix = "; with A.T on the left they would fit";
    else if (b->ndim == 2 && b->shape[1] == columns)
      fix = "; with B.T on the right they would fit";
    return misfit(err, a, b,
                  "the left has %lld columns and the right has %lld rows, and they must be equal%s",
                  (long long)columns, (long long)rows, fix);
  }
  const int most = a->ndim > b->ndim ? a->ndim : b->ndim, axes = most > 2 ? most - 2 : 0;
  for (int n = 0; n < axes; n++) {
    const int64_t x = batch_size(a, n), y = batch_size(b, n);
    if (x != y && x != 1 && y != 1)
      return misfit(err, a, b,
                    "the matrices are the last two axes, and of the axes before them, axis %d of the left is "
                    "%lld and axis %d of the right %lld, and neither is 1",
                    a->ndim - 2 - n, (long long)x, b->ndim - 2 - n, (long long)y);
    shape[axes - 1 - n] = x == 1 ? y : x;
  }
  *ndim = axes;
  if (a->ndim > 1) shape[(*ndim)++] = a->shape[a->ndim - 2];
  if (b->ndim > 1) shape[(*ndim)++] = b->shape[b->ndim - 1];
  return GR_OK;
}

// `t` with one more axis, of size 1, before its axis `at`.
static void insert_axis(gr_tensor *t, int at) {
  for (int i = t->ndim; i > at; i--) {
    t->shape[i] = t->shape[i - 1];
    t->stride[i] = t->stride[i - 1];
  }
  t->shape[at] = t->stride[at] = 1;
  t->ndim++;
}

void gr_matmul_matrices(gr_tensor *out, gr_tensor *a, gr_tensor *b) {
  const bool row = a->ndim == 1, column = b->ndim == 1;
  if (row) insert_axis(a, 0);
  if (column) insert_axis(b, 1);
  if (column) insert_axis(out, out->ndim);
  if (row) insert_axis(out, out->ndim - 1);
}

enum { OUT, A, B, N_OPERANDS };

// Matrices by position: `matrix` holds the first of each operand, and one step along batch axis i moves on by
// stride[i]; 0 where the operand has one matrix for all.
typedef struct stack {
  int axes;
  int64_t shape[GR_MAX_DIMS], stride[N_OPERANDS][GR_MAX_DIMS];
  gr_tensor matrix[N_OPERANDS];
} stack;

static gr_code check(const gr_tensor *out, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  if (a->ndim < 2 || b->ndim < 2 || out->ndim < 2)
    return gr_fail(err, GR_ERR_SHAPE,
                   "a matrix product takes two tensors of 2 axes or more, not of %d and %d", a->ndim,
                   b->ndim);
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT], result[GR_SHAPE_TEXT];
  if (a->shape[a->ndim - 1] != b->shape[b->ndim - 2])
    return gr_fail(err, GR_ERR_SHAPE,
                   "shapes %s and %s do not fit a matrix product: axis %d of the first (%lld) "
                   "must equal axis %d of the second (%lld)",
                   gr_shape_text(left, a->ndim, a->shape), gr_shape_text(right, b->ndim, b->shape), a->ndim,
                   (long long)a->shape[a->ndim - 1], b->ndim - 1, (long long)b->shape[b->ndim - 2]);
  if (!gr_dtype_is_float(a->dtype) || a->dtype != b->dtype || a->dtype != out->dtype)
    return gr_fail(err, GR_ERR_TYPE,
                   "a matrix product takes float64 or float32 on both sides, not %s and %s: make them alike "
                   "with astype",
                   gr_dtype_name(a->dtype), gr_dtype_name(b->dtype));
  if (out->shape[out->ndim - 2] != a->shape[a->ndim - 2] ||
      out->shape[out->ndim - 1] != b->shape[b->ndim - 1])
    return gr_fail(err, GR_ERR_SHAPE, "the product of shapes %s and %s does not go into shape %s",
                   gr_shape_text(left, a->ndim, a->shape), gr_shape_text(right, b->ndim, b->shape),
                   gr_shape_text(result, out->ndim, out->shape));
  const bool has_rows = out->ndim == 2 && out->stride[1] == 1 && out->stride[0] >= out->shape[1];
  if (!has_rows && !gr_tensor_is_contiguous(out))
    return gr_fail(err, GR_ERR_VALUE,
                   "the result of a matrix product must be contiguous memory, or a matrix of such rows");
  return GR_OK;
}

// The last two axes of `t` as a matrix, its first.
static gr_tensor first_matrix(const gr_tensor *t) {
  gr_tensor matrix = *t;
  matrix.ndim = 2;
  for (int i = 0; i < 2; i++) {
    matrix.shape[i] = t->shape[t->ndim - 2 + i];
    matrix.stride[i] = t->stride[t->ndim - 2 + i];
  }
  return matrix;
}

static gr_code stack_from(stack *s, const gr_tensor *const t[N_OPERANDS], gr_err *err) {
  s->axes = 0;
  for (int o = 0; o < N_OPERANDS; o++) {
    s->matrix[o] = first_matrix(t[o]);
    if (t[o]->ndim - 2 > s->axes) s->axes = t[o]->ndim - 2;
  }
  for (int i = 0; i < s->axes; i++) {
    s->shape[i] = 1;
    for (int o = 0; o < N_OPERANDS; o++) {
      int axis = i - (s->axes - (t[o]->ndim - 2));
      int64_t size = axis < 0 ? 1 : t[o]->shape[axis];
      s->stride[o][i] = size == 1 ? 0 : t[o]->stride[axis];
      if (size == 1) continue;
      if (s->shape[i] != 1 && s->shape[i] != size)
        return gr_fail(err, GR_ERR_SHAPE,
                       "the stacks of a matrix product do not fit: %lld matrices against %lld, and neither "
                       "is 1",
                       (long long)s->shape[i], (long long)size);
      s->shape[i] = size;
    }
  }
  return GR_OK;
}

// Makes the innermost batch axis a part of a matrix axis where memory allows: one large product is faster
// than many small ones. Rows times one matrix: (batch, m, k) (k, n) is (batch m, k) (k, n). And a sum over
// the batch, as in the gradient of that matrix: (k, batch m) (batch m, n).
static bool merge_last(stack *s) {
  const int i = s->axes - 1;
  gr_tensor *out = &s->matrix[OUT], *a = &s->matrix[A], *b = &s->matrix[B];
  const int64_t m = a->shape[0], k = a->shape[1], n = b->shape[1], size = s->shape[i];
  const int64_t to = s->stride[OUT][i], from_a = s->stride[A][i], from_b = s->stride[B][i];
  if (size > 1 && from_b == 0 && to == m * n && (m == 1 || from_a == m * a->stride[0])) {
    if (m == 1) a->stride[0] = from_a;
    out->shape[0] = a->shape[0] = m * size;
  } else if (size > 1 && to == 0 && (k == 1 || (from_a == k * a->stride[1] && from_b == k * b->stride[0]))) {
    if (k == 1) a->stride[1] = from_a, b->stride[0] = from_b;
    a->shape[1] = b->shape[0] = k * size;
  } else if (size != 1) {
    return false;
  }
  s->axes--;
  return true;
}

static gr_code multiply_stack(stack *s, bool accumulate, gr_err *err) {
  int64_t index[GR_MAX_DIMS] = {0}, count = 1;
  for (int i = 0; i < s->axes; i++) count *= s->shape[i];
  const int64_t size = (int64_t)gr_dtype_size(s->matrix[OUT].dtype);
  for (int64_t done = 0; done < count; done++) {
    bool again = false;  // whether this place of the result has a product already
    for (int i = 0; i < s->axes; i++) again |= s->stride[OUT][i] == 0 && index[i] > 0;
    gr_code code = gr_interrupt_poll(err);
    if (!code) code = multiply(&s->matrix[OUT], &s->matrix[A], &s->matrix[B], accumulate || again, err);
    if (code) return code;
    for (int i = s->axes; i-- > 0;) {
      const bool ends = ++index[i] == s->shape[i];
      for (int o = 0; o < N_OPERANDS; o++)
        s->matrix[o].data = (char *)s->matrix[o].data + (ends ? 1 - s->shape[i] : 1) * s->stride[o][i] * size;
      if (!ends) break;
      index[i] = 0;
    }
  }
  return GR_OK;
}

gr_code gr_matmul(gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate, gr_err *err) {
  gr_code code = check(out, a, b, err);
  if (code) return code;
  if (out->ndim == 2 && a->ndim == 2 && b->ndim == 2) return multiply(out, a, b, accumulate, err);
  stack s;
  code = stack_from(&s, (const gr_tensor *[]){out, a, b}, err);
  if (code) return code;
  // Nothing to add up, but something to write.
  if (!accumulate && gr_tensor_size(out) > 0 && (gr_tensor_size(a) == 0 || gr_tensor_size(b) == 0)) {
    memset(out->data, 0, gr_tensor_bytes(out));
    return GR_OK;
  }
  // What BLAS does not take is copied once, not once a product.
  gr_tensor copies[N_OPERANDS] = {0};
  const gr_tensor *t[] = {out, a, b};
  for (int o = A; o <= B && !code; o++) {
    operand unused;
    if (operand_from(&unused, &s.matrix[o])) continue;
    code = copy_of(&copies[o], t[o], err);
    t[o] = &copies[o];
  }
  if (!code) code = stack_from(&s, t, err);
  while (!code && s.axes > 0 && merge_last(&s)) continue;
  if (!code) code = multiply_stack(&s, accumulate, err);
  for (int o = A; o <= B; o++) gr_tensor_finish(&copies[o]);
  return code;
}
