#include "kernel/lapack.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/matmul.h"
#include "kernel/openblas.h"

// In functions that have a gr_code `code` and a place `done` where memory is given back.
#define TRY(call)                   \
  do {                              \
    if ((code = (call))) goto done; \
  } while (0)

double gr_epsilon(gr_dtype dtype) { return dtype == GR_F32 ? FLT_EPSILON : DBL_EPSILON; }

// ---- matrices as LAPACK has them ----

// A transposed view: of contiguous memory, the matrix whose columns follow one another there.
static gr_tensor flipped(const gr_tensor *t) {
  gr_tensor view = *t;
  for (int i = 0; i < 2; i++) {
    view.shape[i] = t->shape[1 - i];
    view.stride[i] = t->stride[1 - i];
  }
  return view;
}

// `out` (columns, rows): memory for such a matrix. To be finished, also after a failure.
static gr_code columns_init(gr_tensor *out, gr_dtype dtype, int64_t rows, int64_t columns, gr_err *err) {
  return gr_tensor_init(out, dtype, 2, (int64_t[]){columns, rows}, err);
}

static double number(const gr_tensor *memory, int64_t i) {
  return memory->dtype == GR_F32 ? (double)((const float *)memory->data)[i]
                                 : ((const double *)memory->data)[i];
}

static gr_code check_finite(const gr_tensor *columns, const char *what, gr_err *err) {
  const int64_t rows = columns->shape[1], size = gr_tensor_size(columns);
  for (int64_t i = 0; i < size; i++) {
    const double x = number(columns, i);
    if (!isfinite(x))
      return gr_fail(err, GR_ERR_VALUE,
                     "element {%lld, %lld} of %s is %s, and linear algebra needs finite numbers: isfinite(A) "
                     "shows where they are",
                     (long long)(i % rows + 1), (long long)(i / rows + 1), what,
                     isnan(x) ? "nan" : (x > 0 ? "inf" : "-inf"));
  }
  return GR_OK;
}

// A copy of a finite matrix. `out` must be finished, also after a failure.
static gr_code columns_from(gr_tensor *out, const gr_tensor *a, const char *what, gr_err *err) {
  *out = (gr_tensor){0};
  if (a->shape[0] > INT_MAX || a->shape[1] > INT_MAX)
    return gr_fail(err, GR_ERR_SHAPE, "a side of a matrix is at most %d", INT_MAX);
  gr_code code = columns_init(out, a->dtype, a->shape[0], a->shape[1], err);
  if (code) return code;
  gr_tensor view = flipped(out);
  code = gr_copy(&view, a, err);
  return code ? code : check_finite(out, what, err);
}

static gr_code copy_columns(gr_tensor *out, const gr_tensor *columns, gr_err *err) {
  const gr_tensor view = flipped(columns);
  return gr_copy(out, &view, err);
}

// Zero beyond a diagonal of such a matrix: keeps element (row, column) with row <= column or, for `lower`,
// row >= column.
static void keep_triangle(gr_tensor *columns, bool lower) {
  const int64_t rows = columns->shape[1], size = (int64_t)gr_dtype_size(columns->dtype);
  for (int64_t j = 0; j < columns->shape[0]; j++) {
    const int64_t from = lower ? 0 : j + 1, to = lower ? (j < rows ? j : rows) : rows;
    if (to > from) memset((char *)columns->data + (j * rows + from) * size, 0, (size_t)((to - from) * size));
  }
}

static gr_code fill_identity(gr_tensor *t, gr_err *err) {
  gr_code code = gr_fill(t, 0, err);
  for (int64_t i = 0; !code && i < t->shape[0] && i < t->shape[1]; i++)
    gr_tensor_set(t, (int64_t[]){i, i}, 1);
  return code;
}

// The routines of a dtype.
static gr_code routines(const gr_lapack **out, gr_dtype dtype, gr_err *err) {
  const gr_openblas *blas;
  gr_code code = gr_openblas_need(&blas, err);
  *out = &blas->lapack[dtype];
  return code;
}

// The working memory that a routine has asked for by the number at `wanted`; goes to *out, its size to *size.
static gr_code workspace(void **out, int *size, const void *wanted, gr_dtype dtype, gr_err *err) {
  double n = dtype == GR_F32 ? (double)*(const float *)wanted : *(const double *)wanted;
  if (dtype == GR_F32) n = ceil(n * (1 + FLT_EPSILON));  // the float may have been rounded down
  if (n > INT_MAX)
    return gr_fail(err, GR_ERR_SHAPE, "the matrix is too large: LAPACK would need %.0f numbers to work with",
                   n);
  *size = n < 1 ? 1 : (int)n;
  return gr_alloc(out, (size_t)*size * gr_dtype_size(dtype), "what LAPACK works with", err);
}

static gr_code whole_workspace(int **out, int64_t n, gr_err *err) {
  return gr_alloc((void **)out, (size_t)(n > 0 ? n : 1) * sizeof **out, "what LAPACK works with", err);
}

static gr_code no_convergence(const char *what, gr_err *err) {
  return gr_fail(err, GR_ERR_VALUE,
                 "the iteration for the %s did not converge; scaling the matrix (A / max(abs(A))) may help",
                 what);
}

// ---- elimination ----

// P a = l u: below the diagonal l, whose own is 1, on and above it u.
typedef struct lu {
  gr_tensor columns;
  int *pivots;  // row i was exchanged with row pivots[i], from 1
  int zero;     // the first pivot that is 0, from 1; 0 when there is none
  double norm;  // the 1-norm of a: its largest column sum of absolute values
} lu;

static gr_code lu_init(lu *f, const gr_lapack *lapack, const gr_tensor *a, gr_err *err) {
  const int n = (int)a->shape[0], lead = n > 0 ? n : 1;
  gr_code code = columns_from(&f->columns, a, "the matrix", err);
  if (!code) code = whole_workspace(&f->pivots, n, err);
  if (code) return code;
  for (int j = 0; j < n; j++) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fabs(number(&f->columns, (int64_t)j * n + i));
    if (sum > f->norm) f->norm = sum;
  }
  lapack->getrf(&n, &n, f->columns.data, &lead, f->pivots, &f->zero);
  return GR_OK;
}

static void lu_finish(lu *f) {
  gr_tensor_finish(&f->columns);
  gr_free(f->pivots);
}

// The first pivot, from 1, that is 0 or nothing but rounding error: it is what is left of a sum of products l
// u that are larger than it by the precision. (A small pivot is no such sign: all of a may be small.) 0:
// none.
static gr_code lost_pivot(int *lost, const lu *f, gr_err *err) {
  const int64_t n = f->columns.shape[0];
  gr_tensor sums;
  gr_code code = gr_tensor_init_zeros(&sums, GR_F64, 1, &n, err);
  if (code) return code;
  double *sum = sums.data;
  for (int64_t k = 0; k < n; k++)
    for (int64_t i = k + 1; i < n; i++)
      sum[i] += fabs(number(&f->columns, k * n + i) * number(&f->columns, i * n + k));
  *lost = f->zero;
  const double noise = 8 * gr_epsilon((gr_dtype)f->columns.dtype);
  for (int64_t i = 0; i < (*lost ? *lost - 1 : n); i++)
    if (fabs(number(&f->columns, i * n + i)) <= noise * sum[i]) {
      *lost = (int)i + 1;
      break;
    }
  gr_tensor_finish(&sums);
  return GR_OK;
}

static gr_code estimate_condition(double *rcond, const lu *f, const gr_lapack *lapack, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)f->columns.dtype;
  const int n = (int)f->columns.shape[0];
  void *work = NULL;
  int *whole = NULL, info = 0;
  gr_code code = gr_alloc(&work, (size_t)n * 4 * gr_dtype_size(dtype), "what LAPACK works with", err);
  if (!code) code = whole_workspace(&whole, n, err);
  if (!code) {
    double norm = f->norm, result = 0;
    float norm_float = (float)norm, result_float = 0;
    const bool single = dtype == GR_F32;
    lapack->gecon("1", &n, f->columns.data, &n, single ? (void *)&norm_float : &norm,
                  single ? (void *)&result_float : &result, work, whole, &info, 1);
    *rcond = single ? (double)result_float : result;
  }
  gr_free(whole);
  gr_free(work);
  return code;
}

gr_code gr_solve(gr_tensor *x, double *rcond, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  const gr_lapack *lapack;
  const int n = (int)a->shape[0], columns = (int)x->shape[1];
  int lost, info = 0;
  lu f = {0};
  gr_tensor right = {0};
  *rcond = 1;
  gr_code code;
  TRY(routines(&lapack, (gr_dtype)a->dtype, err));
  if (b) {
    TRY(columns_from(&right, b, "the right-hand side", err));
  } else {
    TRY(columns_init(&right, (gr_dtype)a->dtype, n, n, err));
    TRY(fill_identity(&right, err));
  }
  TRY(lu_init(&f, lapack, a, err));
  if (n == 0 || columns == 0) goto done;
  TRY(lost_pivot(&lost, &f, err));
  if (lost) {
    code = gr_fail(err, GR_ERR_VALUE,
                   "the matrix is singular: %s%s, so it has no inverse, and A x = b has no solution or many; "
                   "linalg.lstsq(A, b) gives the best x there is, linalg.pinv(A) the nearest to an inverse",
                   f.zero == lost ? "" : "but for rounding ",
                   lost == 1 ? "column 1 is zero" : "a column is a combination of the columns before it");
    goto done;
  }
  TRY(estimate_condition(rcond, &f, lapack, err));
  lapack->getrs("N", &n, &columns, f.columns.data, &n, f.pivots, right.data, &n, &info, 1);
  code = copy_columns(x, &right, err);
done:
  lu_finish(&f);
  gr_tensor_finish(&right);
  return code;
}

gr_code gr_solve_triangle(gr_tensor *x, const gr_tensor *a, bool lower, const gr_tensor *b, gr_err *err) {
  const gr_lapack *lapack;
  const int n = (int)a->shape[0], columns = (int)x->shape[1];
  int info = 0;
  gr_tensor triangle = {0}, right = {0};
  gr_code code;
  TRY(routines(&lapack, (gr_dtype)a->dtype, err));
  TRY(columns_from(&triangle, a, "the matrix", err));
  TRY(columns_from(&right, b, "the right-hand side", err));
  if (n > 0 && columns > 0)
    lapack->trtrs(lower ? "L" : "U", "N", "N", &n, &columns, triangle.data, &n, right.data, &n, &info, 1, 1,
                  1);
  if (info > 0)
    TRY(gr_fail(err, GR_ERR_VALUE, "element {%d, %d} of a triangular matrix is 0: it is singular", info,
                info));
  code = copy_columns(x, &right, err);
done:
  gr_tensor_finish(&right);
  gr_tensor_finish(&triangle);
  return code;
}

gr_code gr_det(gr_determinant *out, const gr_tensor *a, gr_err *err) {
  const gr_lapack *lapack;
  const int64_t n = a->shape[0];
  lu f = {0};
  gr_code code = routines(&lapack, (gr_dtype)a->dtype, err);
  if (!code) code = lu_init(&f, lapack, a, err);
  // The product of the pivots as mantissa and exponent: on the way it may leave the range of numbers.
  double mantissa = 1, logarithm = 0;
  int64_t exponent = 0;
  for (int64_t i = 0; !code && i < n; i++) {
    const double pivot = number(&f.columns, i * n + i);
    int more;
    mantissa = frexp(mantissa * (f.pivots[i] == i + 1 ? pivot : -pivot), &more);
    exponent += more;
    logarithm += log(fabs(pivot));
  }
  lu_finish(&f);
  if (code) return code;
  const int most = 4 * DBL_MAX_EXP;
  out->value = ldexp(mantissa, exponent > most ? most : exponent < -most ? -most : (int)exponent);
  out->sign = mantissa > 0 ? 1 : mantissa < 0 ? -1 : 0;
  out->log = logarithm;
  return GR_OK;
}

// ---- singular values ----

gr_code gr_svd(gr_tensor *u, gr_tensor *s, gr_tensor *vt, const gr_tensor *a, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)a->dtype;
  const gr_lapack *lapack;
  const int m = (int)a->shape[0], n = (int)a->shape[1], least = m < n ? m : n;
  const int left = u ? (int)u->shape[1] : 0, right = vt ? (int)vt->shape[0] : 0;
  const int lead = m > 0 ? m : 1, lead_vt = right > 0 ? right : 1, query = -1;
  const char *job = !u ? "N" : left == least && right == least ? "S" : "A";
  double wanted = 0;
  void *work = NULL;
  int *whole = NULL, size, info = 0;
  gr_tensor columns = {0}, values = {0}, basis = {0}, rows = {0};
  gr_code code;
  TRY(routines(&lapack, dtype, err));
  TRY(columns_from(&columns, a, "the matrix", err));
  if (least == 0) {  // nothing to decompose; whole bases are any
    if (u) TRY(fill_identity(u, err));
    if (vt) TRY(fill_identity(vt, err));
    goto done;
  }
  TRY(gr_tensor_init(&values, dtype, 1, (int64_t[]){least}, err));
  TRY(columns_init(&basis, dtype, m, left, err));
  TRY(columns_init(&rows, dtype, right, n, err));
  TRY(whole_workspace(&whole, 8 * (int64_t)least, err));
  lapack->gesdd(job, &m, &n, columns.data, &lead, values.data, basis.data, &lead, rows.data, &lead_vt,
                &wanted, &query, whole, &info, 1);
  TRY(workspace(&work, &size, &wanted, dtype, err));
  lapack->gesdd(job, &m, &n, columns.data, &lead, values.data, basis.data, &lead, rows.data, &lead_vt, work,
                &size, whole, &info, 1);
  if (info > 0) TRY(no_convergence("singular values", err));
  TRY(gr_copy(s, &values, err));
  if (u) TRY(copy_columns(u, &basis, err));
  if (vt) TRY(copy_columns(vt, &rows, err));
done:
  gr_free(work);
  gr_free(whole);
  gr_tensor_finish(&rows);
  gr_tensor_finish(&basis);
  gr_tensor_finish(&values);
  gr_tensor_finish(&columns);
  return code;
}

gr_code gr_pinv(gr_tensor *out, const gr_tensor *a, double cut, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)a->dtype;
  const int64_t m = a->shape[0], n = a->shape[1], least = m < n ? m : n;
  gr_tensor u = {0}, s = {0}, vt = {0};
  gr_code code;
  TRY(gr_tensor_init(&u, dtype, 2, (int64_t[]){m, least}, err));
  TRY(gr_tensor_init(&s, dtype, 1, &least, err));
  TRY(gr_tensor_init(&vt, dtype, 2, (int64_t[]){least, n}, err));
  TRY(gr_svd(&u, &s, &vt, a, err));
  const double bound = least ? cut * number(&s, 0) : 0;
  for (int64_t i = 0; i < least; i++) {
    const double x = number(&s, i);
    gr_tensor_set(&s, &i, x > bound ? 1 / x : 0);
  }
  // v diag(1/s) u^T
  gr_tensor scale, v = flipped(&vt), ut = flipped(&u);
  TRY(gr_tensor_view_reshape(&scale, &s, 2, (int64_t[]){least, 1}, err));
  TRY(gr_binary(&vt, GR_MUL, &vt, &scale, err));
  code = gr_matmul(out, &v, &ut, false, err);
done:
  gr_tensor_finish(&vt);
  gr_tensor_finish(&s);
  gr_tensor_finish(&u);
  return code;
}

// ---- symmetric matrices ----

// Symmetric up to half of the digits: what was computed is never symmetric to the last.
static gr_code check_symmetric(const gr_tensor *columns, gr_err *err) {
  const int64_t n = columns->shape[0];
  double most = 0, largest = 0;
  int64_t row = 0, column = 0;
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i <= j; i++) {
      const double x = number(columns, j * n + i), y = number(columns, i * n + j), off = fabs(x - y);
      if (off > most) most = off, row = i, column = j;
      largest = fmax(largest, fmax(fabs(x), fabs(y)));
    }
  if (most <= sqrt(gr_epsilon((gr_dtype)columns->dtype)) * largest) return GR_OK;
  return gr_fail(err, GR_ERR_VALUE,
                 "the matrix is not symmetric: element {%lld, %lld} is %g and element {%lld, %lld} is %g; "
                 "(A + A.T) / 2 is its symmetric part",
                 (long long)row + 1, (long long)column + 1, number(columns, column * n + row),
                 (long long)column + 1, (long long)row + 1, number(columns, row * n + column));
}

gr_code gr_eigh(gr_tensor *w, gr_tensor *v, const gr_tensor *a, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)a->dtype;
  const gr_lapack *lapack;
  const int n = (int)a->shape[0], query = -1;
  const char *job = v ? "V" : "N";
  double wanted = 0;
  int whole_wanted = 0, size, info = 0, *whole = NULL;
  void *work = NULL;
  gr_tensor columns = {0}, values = {0};
  gr_code code;
  TRY(routines(&lapack, dtype, err));
  TRY(columns_from(&columns, a, "the matrix", err));
  TRY(check_symmetric(&columns, err));
  if (n == 0) goto done;
  TRY(gr_tensor_init(&values, dtype, 1, (int64_t[]){n}, err));
  lapack->syevd(job, "L", &n, columns.data, &n, values.data, &wanted, &query, &whole_wanted, &query, &info, 1,
                1);
  TRY(workspace(&work, &size, &wanted, dtype, err));
  TRY(whole_workspace(&whole, whole_wanted, err));
  lapack->syevd(job, "L", &n, columns.data, &n, values.data, work, &size, whole, &whole_wanted, &info, 1, 1);
  if (info > 0) TRY(no_convergence("eigenvalues", err));
  TRY(gr_copy(w, &values, err));
  if (v) code = copy_columns(v, &columns, err);
done:
  gr_free(whole);
  gr_free(work);
  gr_tensor_finish(&values);
  gr_tensor_finish(&columns);
  return code;
}

gr_code gr_cholesky(gr_tensor *l, const gr_tensor *a, gr_err *err) {
  const gr_lapack *lapack;
  const int n = (int)a->shape[0];
  int info = 0;
  gr_tensor columns = {0};
  gr_code code;
  TRY(routines(&lapack, (gr_dtype)a->dtype, err));
  TRY(columns_from(&columns, a, "the matrix", err));
  TRY(check_symmetric(&columns, err));
  if (n == 0) goto done;
  lapack->potrf("L", &n, columns.data, &n, &info, 1);
  if (info > 0) {
    code = gr_fail(err, GR_ERR_VALUE,
                   "the matrix is not positive definite: the determinant of its first %d rows and columns is "
                   "not above 0 (all eigenvalues must be: linalg.eigvalsh(A)); A + d * eye(n) with a small d "
                   "helps when rounding is to blame",
                   info);
    goto done;
  }
  keep_triangle(&columns, true);
  code = copy_columns(l, &columns, err);
done:
  gr_tensor_finish(&columns);
  return code;
}

// ---- orthogonal columns, least squares ----

gr_code gr_qr(gr_tensor *q, gr_tensor *r, const gr_tensor *a, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)a->dtype;
  const gr_lapack *lapack;
  const int m = (int)a->shape[0], n = (int)a->shape[1], least = m < n ? m : n;
  const int wide = q ? (int)q->shape[1] : least, lead = m > 0 ? m : 1, query = -1;
  double wanted = 0;
  int size, info = 0;
  void *work = NULL, *more = NULL;
  gr_tensor columns = {0}, tau = {0}, basis = {0};
  gr_code code;
  TRY(routines(&lapack, dtype, err));
  TRY(columns_from(&columns, a, "the matrix", err));
  if (least == 0) {
    if (q) TRY(fill_identity(q, err));
    code = gr_fill(r, 0, err);
    goto done;
  }
  TRY(gr_tensor_init(&tau, dtype, 1, (int64_t[]){least}, err));
  lapack->geqrf(&m, &n, columns.data, &lead, tau.data, &wanted, &query, &info);
  TRY(workspace(&work, &size, &wanted, dtype, err));
  lapack->geqrf(&m, &n, columns.data, &lead, tau.data, work, &size, &info);
  if (q) {  // from the reflections below the diagonal
    TRY(columns_init(&basis, dtype, m, wide, err));
    memset(basis.data, 0, gr_tensor_bytes(&basis));
    memcpy(basis.data, columns.data, (size_t)m * (size_t)(n < wide ? n : wide) * gr_dtype_size(dtype));
    lapack->orgqr(&m, &wide, &least, basis.data, &lead, tau.data, &wanted, &query, &info);
    TRY(workspace(&more, &size, &wanted, dtype, err));
    lapack->orgqr(&m, &wide, &least, basis.data, &lead, tau.data, more, &size, &info);
    TRY(copy_columns(q, &basis, err));
  }
  keep_triangle(&columns, false);
  gr_tensor rows = flipped(&columns);
  gr_tensor_view_slice(&rows, &rows, 0, 0, 1, r->shape[0]);
  code = gr_copy(r, &rows, err);
done:
  gr_free(more);
  gr_free(work);
  gr_tensor_finish(&basis);
  gr_tensor_finish(&tau);
  gr_tensor_finish(&columns);
  return code;
}

// The sum of squares of each column of `t`.
static void square_columns(gr_tensor *out, const gr_tensor *t) {
  for (int64_t j = 0; j < t->shape[1]; j++) {
    double sum = 0;
    for (int64_t i = 0; i < t->shape[0]; i++) {
      const double x = gr_tensor_get(t, (int64_t[]){i, j});
      sum += x * x;
    }
    gr_tensor_set(out, &j, sum);
  }
}

gr_code gr_lstsq(gr_tensor *x, gr_tensor *residuals, int *rank, gr_tensor *s, const gr_tensor *a,
                 const gr_tensor *b, double cut, gr_err *err) {
  const gr_dtype dtype = (gr_dtype)a->dtype;
  const gr_lapack *lapack;
  const int m = (int)a->shape[0], n = (int)a->shape[1], least = m < n ? m : n, most = m > n ? m : n;
  const int right = (int)b->shape[1], lead = m > 0 ? m : 1, query = -1;
  const float cut_float = (float)cut;
  const void *bound = dtype == GR_F32 ? (const void *)&cut_float : &cut;
  double wanted = 0;
  int size, info = 0, whole_wanted = 0, *whole = NULL;
  void *work = NULL;
  gr_tensor columns = {0}, both = {0}, given = {0}, values = {0};
  gr_code code;
  *rank = 0;
  TRY(routines(&lapack, dtype, err));
  TRY(columns_from(&columns, a, "the matrix", err));
  TRY(columns_from(&given, b, "the right-hand side", err));
  if (least == 0 || right == 0) {
    TRY(gr_fill(x, 0, err));
    if (least > 0) code = gr_svd(NULL, s, NULL, a, err);
    if (residuals) square_columns(residuals, b);
    goto done;
  }
  // b comes and x goes in one place, which has rows for both.
  TRY(columns_init(&both, dtype, most, right, err));
  gr_tensor solution = flipped(&both), rest, rows_of_b;
  gr_tensor_view_slice(&rows_of_b, &solution, 0, 0, 1, m);
  TRY(copy_columns(&rows_of_b, &given, err));
  TRY(gr_tensor_init(&values, dtype, 1, (int64_t[]){least}, err));
  lapack->gelsd(&m, &n, &right, columns.data, &lead, both.data, &most, values.data, bound, rank, &wanted,
                &query, &whole_wanted, &info);
  TRY(workspace(&work, &size, &wanted, dtype, err));
  TRY(whole_workspace(&whole, whole_wanted, err));
  lapack->gelsd(&m, &n, &right, columns.data, &lead, both.data, &most, values.data, bound, rank, work, &size,
                whole, &info);
  if (info > 0) TRY(no_convergence("singular values", err));
  gr_tensor_view_slice(&rest, &solution, 0, n, 1, most - n);
  gr_tensor_view_slice(&solution, &solution, 0, 0, 1, n);
  TRY(gr_copy(x, &solution, err));
  TRY(gr_copy(s, &values, err));
  if (residuals) square_columns(residuals, &rest);
done:
  gr_free(whole);
  gr_free(work);
  gr_tensor_finish(&values);
  gr_tensor_finish(&both);
  gr_tensor_finish(&given);
  gr_tensor_finish(&columns);
  return code;
}
