#include "kernel/matmul.h"

#include <cblas.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/elementwise.h"
#include "kernel/table.h"

// Up to this many multiplications the plain loop (1 ns each) beats the call (some 100 ns).
#define SMALL 128
// Side of the largest product given to BLAS at once: a third of a second in float64, between two polls.
#define BLOCK 2048

// ---- OpenBLAS ----
//
// It is loaded by the first product that is worth a call, not linked: it is 35 MB with 13,000 relocations, a
// third of the time to the prompt, and starts one spinning thread a core before main() could tell it not to.

#define LIBRARY "libopenblas.so.0"

// Written once, by need_blas; read only after it.
static struct {
  __typeof__(cblas_dgemm) *dgemm;
  __typeof__(cblas_sgemm) *sgemm;
  __typeof__(openblas_get_corename) *core_name;
  gr_err problem;  // why it could not be loaded
} blas;

static void load_blas(void) {
  // Its own threads change bits and stall after idling; we slice the work ourselves. It reads the number
  // while it is loaded; programs that a learner starts are to find what was there before. Our other threads
  // never look.
  const char *name = "OPENBLAS_NUM_THREADS", *value = getenv(name);
  char *before = value ? strdup(value) : NULL;
  setenv(name, "1", 1);
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (before)
    setenv(name, before, 1);
  else
    unsetenv(name);
  free(before);
  if (library) {  // the casts: ISO C keeps pointers to functions and to data apart, POSIX does not
    *(void **)&blas.dgemm = dlsym(library, "cblas_dgemm");
    *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
    *(void **)&blas.core_name = dlsym(library, "openblas_get_corename");
  }
  if (blas.dgemm && blas.sgemm && blas.core_name) return;
  const char *why = dlerror();
  gr_fail(&blas.problem, GR_ERR_IO,
          "matrix products need OpenBLAS, which cannot be loaded (%s): install it with "
          "`apt install libopenblas0-pthread` and start gradus again",
          why ? why : "no reason given");
}

static gr_code need_blas(gr_err *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load_blas);
  if (!blas.problem.code) return GR_OK;
  return gr_fail(err, blas.problem.code, "%s", blas.problem.text);
}

gr_code gr_matmul_core_name(const char **out, gr_err *err) {
  gr_code code = need_blas(err);
  if (!code) *out = blas.core_name();
  return code;
}

// ---- products ----

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
  gr_code code = gr_tensor_init(out, t->dtype, 2, t->shape, err);
  return code ? code : gr_copy(out, t, err);
}

static int block(int64_t from, int64_t size) { return (int)(size - from < BLOCK ? size - from : BLOCK); }

static gr_code blocks(const gr_tensor *out, const operand *a, const operand *b, int64_t k, bool accumulate,
                      gr_err *err) {
  const int64_t m = out->shape[0], n = out->shape[1];
  const int64_t size = (int64_t)gr_dtype_size(out->dtype);
  for (int64_t i = 0; i < m; i += BLOCK)
    for (int64_t j = 0; j < n; j += BLOCK)
      for (int64_t l = 0; l < k; l += BLOCK) {
        gr_code code = gr_interrupt_poll(err);
        if (code) return code;
        const void *x = a->data + (i * a->stride[0] + l * a->stride[1]) * size;
        const void *y = b->data + (l * b->stride[0] + j * b->stride[1]) * size;
        void *z = (char *)out->data + (i * n + j) * size;
        const bool add = accumulate || l > 0;  // BLAS does not read what it multiplies by 0
        const int rows = block(i, m), columns = block(j, n), depth = block(l, k);
        if (out->dtype == GR_F64)
          blas.dgemm(CblasRowMajor, a->transposed, b->transposed, rows, columns, depth, 1, x, a->lead, y,
                     b->lead, add, z, (int)n);
        else
          blas.sgemm(CblasRowMajor, a->transposed, b->transposed, rows, columns, depth, 1, x, a->lead, y,
                     b->lead, add, z, (int)n);
      }
  return GR_OK;
}

static gr_code check(const gr_tensor *out, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  if (a->ndim != 2 || b->ndim != 2 || out->ndim != 2)
    return gr_fail(err, GR_ERR_SHAPE, "a matrix product takes two tensors of 2 axes, not of %d and %d",
                   a->ndim, b->ndim);
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT], result[GR_SHAPE_TEXT];
  if (a->shape[1] != b->shape[0])
    return gr_fail(err, GR_ERR_SHAPE,
                   "shapes %s and %s do not fit a matrix product: axis 2 of the first (%lld) "
                   "must equal axis 1 of the second (%lld)",
                   gr_shape_text(left, 2, a->shape), gr_shape_text(right, 2, b->shape),
                   (long long)a->shape[1], (long long)b->shape[0]);
  if (!gr_dtype_is_float(a->dtype) || a->dtype != b->dtype || a->dtype != out->dtype)
    return gr_fail(err, GR_ERR_TYPE, "a matrix product takes float64 or float32 on both sides, not %s and %s",
                   gr_dtype_name(a->dtype), gr_dtype_name(b->dtype));
  if (out->shape[0] != a->shape[0] || out->shape[1] != b->shape[1])
    return gr_fail(err, GR_ERR_SHAPE, "the product of shapes %s and %s does not go into shape %s",
                   gr_shape_text(left, 2, a->shape), gr_shape_text(right, 2, b->shape),
                   gr_shape_text(result, 2, out->shape));
  if (!gr_tensor_is_contiguous(out))
    return gr_fail(err, GR_ERR_VALUE, "the result of a matrix product must be contiguous memory");
  return GR_OK;
}

gr_code gr_matmul(gr_tensor *out, const gr_tensor *a, const gr_tensor *b, bool accumulate, gr_err *err) {
  gr_code code = check(out, a, b, err);
  if (code) return code;
  const int64_t m = a->shape[0], k = a->shape[1], n = b->shape[1];
  if (m == 0 || n == 0) return GR_OK;
  if (k == 0) {
    if (!accumulate) memset(out->data, 0, gr_tensor_bytes(out));
    return GR_OK;
  }
  // Each side first: the product of three large sides overflows.
  if (m <= SMALL && n <= SMALL && k <= SMALL && m * n * k <= SMALL) {
    gr_kernels()->network[out->dtype]->small_product(out->data, a->data, a->stride, b->data, b->stride, m, n,
                                                     k, accumulate);
    return GR_OK;
  }
  if (n > INT_MAX || k > INT_MAX)
    return gr_fail(err, GR_ERR_SHAPE, "the rows of a matrix product have at most %d elements, not %lld",
                   INT_MAX, (long long)(n > k ? n : k));
  code = need_blas(err);
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
  if (!code) code = blocks(out, &x, &y, k, accumulate, err);
  gr_tensor_finish(&copies[0]);
  gr_tensor_finish(&copies[1]);
  return code;
}
