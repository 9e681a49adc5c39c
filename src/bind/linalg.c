// The module `linalg`: solving and decomposing matrices, by the names and conventions of numpy.linalg. What
// takes a matrix takes a stack of them too, along the axes before the last two.
#include "bind/bind.h"

#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/lapack.h"

// ---- arguments ----

static void check_matrix(lua_State *L, const gr_tensor *t, const char *name, bool square) {
  char text[GR_SHAPE_TEXT];
  gr_shape_text(text, t->ndim, t->shape);
  if (t->ndim < 2)
    luaL_error(L,
               "linalg.%s takes a matrix (a tensor of two axes, or a stack of them with more), not shape %s",
               name, text);
  if (square && t->shape[t->ndim - 1] != t->shape[t->ndim - 2])
    luaL_error(L,
               "linalg.%s takes a square matrix, not %s: as many rows as columns. For others there are "
               "linalg.lstsq, linalg.pinv and linalg.svd",
               name, text);
}

// The matrix at `index` in a float dtype: integers and masks enter as float64.
static const gr_tensor *read_matrix(lua_State *L, int index, const char *name, bool square) {
  const gr_tensor *t = gr_check_tensor(L, index);
  check_matrix(L, t, name, square);
  gr_refuse_tracked(L, index, name);
  return gr_check_in_dtype(L, index, gr_dtype_promote((gr_dtype)t->dtype, (gr_dtype)t->dtype));
}

// ---- stacks: the parts of a tensor along its last `tail` axes, by number ----

static int64_t parts(const gr_tensor *t, int tail) {
  int64_t n = 1;
  for (int i = 0; i < t->ndim - tail; i++) n *= t->shape[i];
  return n;
}

static gr_tensor part(const gr_tensor *t, int tail, int64_t number) {
  gr_tensor view = *t;
  int64_t offset = 0;
  for (int i = t->ndim - tail; i-- > 0; number /= t->shape[i]) offset += number % t->shape[i] * t->stride[i];
  view.ndim = (uint8_t)tail;
  for (int i = 0; i < tail; i++) {
    view.shape[i] = t->shape[t->ndim - tail + i];
    view.stride[i] = t->stride[t->ndim - tail + i];
  }
  view.data = (char *)t->data + offset * (int64_t)gr_dtype_size((gr_dtype)t->dtype);
  return view;
}

// A result for each matrix of `a`: along the axes of its stack, then `tail` more.
static gr_tensor *push_results(lua_State *L, gr_dtype dtype, const gr_tensor *a, int tail,
                               const int64_t *sizes) {
  int64_t shape[GR_MAX_DIMS];
  int ndim = 0;
  for (int i = 0; i < a->ndim - 2; i++) shape[ndim++] = a->shape[i];
  for (int i = 0; i < tail; i++) shape[ndim++] = sizes[i];
  return gr_push_tensor(L, dtype, ndim, shape);
}

// Makes one number of a result without axes.
static void unwrap(lua_State *L, int index) {
  const gr_tensor *t = gr_test_tensor(L, index);
  if (t->ndim > 0) return;
  index = lua_absindex(L, index);
  gr_push_element(L, t, NULL);
  lua_replace(L, index);
}

// To be looked at before each matrix: one call of LAPACK does not stop.
static void poll(lua_State *L) { GR_TRY(L, gr_interrupt_poll(&err)); }

static void fail(lua_State *L, const char *name, int64_t number, int64_t count, const gr_err *err) {
  if (err->code == GR_ERR_INTERRUPT) gr_raise(L, err);
  if (count > 1)
    luaL_error(L, "linalg.%s, matrix %I of the stack: %s", name, (lua_Integer)number + 1, err->text);
  luaL_error(L, "linalg.%s: %s", name, err->text);
}

// Runs a call on matrix i of `count`, whose last argument is &err.
#define ON_MATRIX(L, name, i, count, call)           \
  do {                                               \
    gr_err err;                                      \
    if (call) fail((L), (name), (i), (count), &err); \
  } while (0)

// ---- systems of equations ----

// Below this reciprocal condition number half of the digits are gone, and the learner is told.
static void note_condition(lua_State *L, const char *name, double rcond, gr_dtype dtype) {
  const double epsilon = gr_epsilon(dtype);
  if (rcond >= sqrt(epsilon)) return;
  const int all = dtype == GR_F32 ? 7 : 16, left = rcond > epsilon ? (int)log10(rcond / epsilon) : 0;
  if (left > 0)
    gr_note(
        L,
        "linalg.%s: the matrix is close to singular (reciprocal condition number %.1e): of the %d digits of "
        "%s trust about %d",
        name, rcond, all, gr_dtype_name(dtype), left);
  else
    gr_note(
        L,
        "linalg.%s: the matrix is so close to singular (reciprocal condition number %.1e) that no digit of "
        "the result can be trusted",
        name, rcond);
}

static int inverse(lua_State *L) {
  lua_settop(L, 1);
  check_matrix(L, gr_check_tensor(L, 1), "inv", true);
  if (gr_apply_tracked(L, &gr_op_solve, &(gr_op_args){0}, 2, (int[]){1, 0})) return 1;
  const gr_tensor *a = read_matrix(L, 1, "inv", true);
  const int64_t count = parts(a, 2);
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape);
  double worst = 1;
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), to = part(out, 2, i);
    double rcond;
    poll(L);
    ON_MATRIX(L, "inv", i, count, gr_solve(&to, &rcond, &from, NULL, &err));
    worst = fmin(worst, rcond);
  }
  note_condition(L, "inv", worst, (gr_dtype)a->dtype);
  return 1;
}

// `t` with an axis of size 1 behind the others.
static gr_tensor as_column(const gr_tensor *t) {
  gr_tensor column = *t;
  column.shape[t->ndim] = column.stride[t->ndim] = 1;
  column.ndim++;
  return column;
}

// What stands for b in A x = b: the rows of A. Raises when they are not.
static void check_right_side(lua_State *L, const char *name, const gr_tensor *a, const gr_tensor *b) {
  const int64_t rows = a->shape[a->ndim - 2];
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (b->ndim == 0 || b->shape[b->ndim == 1 ? 0 : b->ndim - 2] != rows)
    luaL_error(L, "linalg.%s: A is %s, so b must have %I rows: shape (%I,) or (%I, k), and it is %s", name,
               gr_shape_text(ta, a->ndim, a->shape), (lua_Integer)rows, (lua_Integer)rows, (lua_Integer)rows,
               gr_shape_text(tb, b->ndim, b->shape));
}

static int solve(lua_State *L) {
  lua_settop(L, 2);
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  check_matrix(L, a, "solve", true);
  check_right_side(L, "solve", a, b);
  if (gr_apply_tracked(L, &gr_op_solve, &(gr_op_args){0}, 2, (int[]){1, 2})) return 1;
  const gr_dtype dtype = gr_dtype_promote((gr_dtype)a->dtype, (gr_dtype)b->dtype);
  a = gr_check_in_dtype(L, 1, dtype);
  b = gr_check_in_dtype(L, 2, dtype);
  // The stacks broadcast, as in every product.
  const bool vector = b->ndim == 1;
  gr_tensor right = vector ? as_column(b) : *b, left = *a, lead_a = *a, lead_b = right;
  lead_a.ndim -= 2;
  lead_b.ndim -= 2;
  int64_t shape[GR_MAX_DIMS];
  int ndim;
  GR_TRY(L, gr_broadcast_shape(&ndim, shape, &lead_a, &lead_b, &err));
  shape[ndim] = shape[ndim + 1] = a->shape[a->ndim - 1];
  GR_TRY(L, gr_tensor_view_broadcast(&left, a, ndim + 2, shape, &err));
  shape[ndim + 1] = right.shape[right.ndim - 1];
  gr_tensor source = right;
  GR_TRY(L, gr_tensor_view_broadcast(&right, &source, ndim + 2, shape, &err));
  gr_tensor *out = gr_push_tensor(L, dtype, ndim + 2 - vector, shape);
  gr_tensor x = vector ? as_column(out) : *out;
  const int64_t count = parts(&x, 2);
  double worst = 1;
  for (int64_t i = 0; i < count; i++) {
    gr_tensor ai = part(&left, 2, i), bi = part(&right, 2, i), xi = part(&x, 2, i);
    double rcond;
    poll(L);
    ON_MATRIX(L, "solve", i, count, gr_solve(&xi, &rcond, &ai, &bi, &err));
    worst = fmin(worst, rcond);
  }
  note_condition(L, "solve", worst, dtype);
  return 1;
}

static int lstsq(lua_State *L) {
  lua_settop(L, 3);
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  char text[GR_SHAPE_TEXT];
  check_matrix(L, a, "lstsq", false);
  if (a->ndim > 2 || b->ndim > 2)
    return luaL_error(
        L, "linalg.lstsq takes one matrix A and a vector or a matrix b, not stacks of shape %s",
        gr_shape_text(text, a->ndim > 2 ? a->ndim : b->ndim, a->ndim > 2 ? a->shape : b->shape));
  check_right_side(L, "lstsq", a, b);
  gr_refuse_tracked(L, 1, "linalg.lstsq");
  gr_refuse_tracked(L, 2, "linalg.lstsq");
  const gr_dtype dtype = gr_dtype_promote((gr_dtype)a->dtype, (gr_dtype)b->dtype);
  a = gr_check_in_dtype(L, 1, dtype);
  b = gr_check_in_dtype(L, 2, dtype);
  const bool vector = b->ndim == 1;
  const gr_tensor right = vector ? as_column(b) : *b;
  const int64_t m = a->shape[0], n = a->shape[1], r = right.shape[1], least = m < n ? m : n;
  const double cut = luaL_optnumber(L, 3, gr_epsilon(dtype) * (double)(m > n ? m : n));
  gr_tensor *x = gr_push_tensor(L, dtype, 2 - vector, (int64_t[]){n, r});
  gr_tensor *residuals = gr_push_tensor(L, dtype, 1, &r), *s = gr_push_tensor(L, dtype, 1, &least);
  gr_tensor solution = vector ? as_column(x) : *x;
  int rank;
  poll(L);
  ON_MATRIX(L, "lstsq", 0, 1, gr_lstsq(&solution, residuals, &rank, s, a, &right, cut, &err));
  if (rank < n || m <= n) {  // then they are zero, or not known
    gr_push_tensor(L, dtype, 1, (int64_t[]){0});
    lua_replace(L, -3);
  }
  if (rank < n && m >= n)
    gr_note(
        L,
        "linalg.lstsq: only %d of the %d columns of A are independent, so that many x fit equally well: this "
        "is the shortest",
        rank, (int)n);
  lua_pushinteger(L, rank);
  lua_insert(L, -2);
  return 4;
}

static int pinv(lua_State *L) {
  lua_settop(L, 2);
  const gr_tensor *a = read_matrix(L, 1, "pinv", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], count = parts(a, 2);
  const double cut = luaL_optnumber(L, 2, gr_epsilon((gr_dtype)a->dtype) * (double)(m > n ? m : n));
  gr_tensor *out = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){n, m});
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), to = part(out, 2, i);
    poll(L);
    ON_MATRIX(L, "pinv", i, count, gr_pinv(&to, &from, cut, &err));
  }
  return 1;
}

// ---- determinants ----

static int det(lua_State *L) {
  const bool logarithm = lua_tointeger(L, lua_upvalueindex(1));
  const char *name = logarithm ? "slogdet" : "det";
  lua_settop(L, 1);
  check_matrix(L, gr_check_tensor(L, 1), name, true);
  if (!logarithm && gr_apply_tracked(L, &gr_op_det, &(gr_op_args){0}, 1, (int[]){1})) return 1;
  const gr_tensor *a = read_matrix(L, 1, name, true);
  const int64_t count = parts(a, 2);
  gr_tensor *first = push_results(L, (gr_dtype)a->dtype, a, 0, NULL);
  gr_tensor *second = logarithm ? push_results(L, (gr_dtype)a->dtype, a, 0, NULL) : NULL;
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), to = part(first, 0, i);
    gr_determinant d;
    poll(L);
    ON_MATRIX(L, name, i, count, gr_det(&d, &from, &err));
    gr_tensor_set(&to, NULL, logarithm ? d.sign : d.value);
    if (!logarithm) continue;
    to = part(second, 0, i);
    gr_tensor_set(&to, NULL, d.log);
  }
  for (int i = 2; i <= 2 + logarithm; i++) unwrap(L, i);
  return 1 + logarithm;
}

// ---- decompositions ----

// An option of the table at `index` that is true or false.
static bool read_switch(lua_State *L, int index, const char *function, const char *name, bool standard) {
  if (lua_isnoneornil(L, index)) return standard;
  luaL_checktype(L, index, LUA_TTABLE);
  gr_check_options(L, index, function, (const char *const[]){name, NULL});
  if (!gr_option(L, index, name)) return standard;
  if (!lua_isboolean(L, -1)) luaL_error(L, "%s: %s is true or false", function, name);
  const bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static int svd(lua_State *L) {
  lua_settop(L, 2);
  const bool full = read_switch(L, 2, "linalg.svd", "full_matrices", true);
  const gr_tensor *a = read_matrix(L, 1, "svd", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], k = m < n ? m : n, count = parts(a, 2);
  gr_tensor *u = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){m, full ? m : k});
  gr_tensor *s = push_results(L, (gr_dtype)a->dtype, a, 1, &k);
  gr_tensor *vt = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){full ? n : k, n});
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), ui = part(u, 2, i), si = part(s, 1, i), vi = part(vt, 2, i);
    poll(L);
    ON_MATRIX(L, "svd", i, count, gr_svd(&ui, &si, &vi, &from, &err));
  }
  return 3;
}

const gr_tensor *gr_push_singular_values(lua_State *L, const char *name) {
  const gr_tensor *a = read_matrix(L, 1, name, false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], count = parts(a, 2);
  gr_tensor *s = push_results(L, (gr_dtype)a->dtype, a, 1, (int64_t[]){m < n ? m : n});
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), to = part(s, 1, i);
    poll(L);
    ON_MATRIX(L, name, i, count, gr_svd(NULL, &to, NULL, &from, &err));
  }
  return s;
}

static int svdvals(lua_State *L) {
  lua_settop(L, 1);
  gr_push_singular_values(L, "svdvals");
  return 1;
}

static int matrix_rank(lua_State *L) {
  lua_settop(L, 2);
  const gr_tensor *s = gr_push_singular_values(L, "matrix_rank"), *a = gr_check_tensor(L, 1);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], k = m < n ? m : n, count = parts(a, 2);
  const double cut = gr_epsilon((gr_dtype)a->dtype) * (double)(m > n ? m : n);
  gr_tensor *out = push_results(L, GR_I64, a, 0, NULL);
  for (int64_t i = 0; i < count; i++) {
    const gr_tensor values = part(s, 1, i);
    const double largest = k ? gr_tensor_get(&values, (int64_t[]){0}) : 0;
    const double bound = lua_isnil(L, 2) ? cut * largest : luaL_checknumber(L, 2);
    int64_t rank = 0;
    for (int64_t j = 0; j < k; j++) rank += gr_tensor_get(&values, &j) > bound;
    gr_tensor to = part(out, 0, i);
    gr_tensor_set(&to, NULL, (double)rank);
  }
  unwrap(L, -1);
  return 1;
}

static int cond(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *s = gr_push_singular_values(L, "cond"), *a = gr_check_tensor(L, 1);
  const int64_t k = s->shape[s->ndim - 1], count = parts(a, 2);
  if (k == 0) return luaL_error(L, "linalg.cond: a matrix without elements has no condition number");
  gr_tensor *out = push_results(L, (gr_dtype)a->dtype, a, 0, NULL);
  for (int64_t i = 0; i < count; i++) {
    const gr_tensor values = part(s, 1, i);
    const double most = gr_tensor_get(&values, (int64_t[]){0}),
                 least = gr_tensor_get(&values, (int64_t[]){k - 1});
    gr_tensor to = part(out, 0, i);
    gr_tensor_set(&to, NULL, least > 0 ? most / least : HUGE_VAL);
  }
  unwrap(L, -1);
  return 1;
}

static int eigh(lua_State *L) {
  const bool vectors = lua_tointeger(L, lua_upvalueindex(1));
  const char *name = vectors ? "eigh" : "eigvalsh";
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, 1, name, true);
  const int64_t n = a->shape[a->ndim - 1], count = parts(a, 2);
  gr_tensor *w = push_results(L, (gr_dtype)a->dtype, a, 1, &n);
  gr_tensor *v = vectors ? gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape) : NULL;
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), wi = part(w, 1, i), vi;
    if (v) vi = part(v, 2, i);
    poll(L);
    ON_MATRIX(L, name, i, count, gr_eigh(&wi, v ? &vi : NULL, &from, &err));
  }
  return 1 + vectors;
}

static int qr(lua_State *L) {
  static const char *const modes[] = {"reduced", "complete", "r", NULL};
  lua_settop(L, 2);
  const int mode = luaL_checkoption(L, 2, "reduced", modes);
  const gr_tensor *a = read_matrix(L, 1, "qr", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], count = parts(a, 2);
  const int64_t k = mode == 1 || m < n ? m : n;
  gr_tensor *q = mode == 2 ? NULL : push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){m, k});
  gr_tensor *r = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){k, n});
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), ri = part(r, 2, i), qi;
    if (q) qi = part(q, 2, i);
    poll(L);
    ON_MATRIX(L, "qr", i, count, gr_qr(q ? &qi : NULL, &ri, &from, &err));
  }
  return q ? 2 : 1;
}

static int cholesky(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, 1, "cholesky", true);
  const int64_t count = parts(a, 2);
  gr_tensor *l = gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape);
  for (int64_t i = 0; i < count; i++) {
    gr_tensor from = part(a, 2, i), to = part(l, 2, i);
    poll(L);
    ON_MATRIX(L, "cholesky", i, count, gr_cholesky(&to, &from, &err));
  }
  return 1;
}

#define STACKS "Leading axes are a stack of matrices."

static const gr_function functions[] = {
    {"solve", solve,
     "linalg.solve(A, b) -> tensor\n\n"
     "The x for which A x = b: A (n, n), b and x (n,) or (n, k). By elimination with exchange of rows "
     "(LAPACK's "
     "getrf), which is faster\n"
     "and more precise than inv(A):dot(b). A singular A is an error; one that is close to it gives a note on "
     "how many digits to trust.\n"
     "Integers are computed with as float64. " STACKS " As numpy.linalg.solve; gradients go through.\n\n"
     "> A = tensor{{3, 1}, {1, 2}}\n"
     "> linalg.solve(A, tensor{9, 8})\n"
     "[2. 3.]"},
    {"lstsq", lstsq,
     "linalg.lstsq(A, b, rcond) -> x, residuals, rank, s\n\n"
     "Least squares: the x for which the sum of the squares of A x - b is least, for A (m, n) of any shape, "
     "b "
     "(m,) or (m, k). Where many\n"
     "x do equally well it is the shortest. Then that sum for each column of b (nothing unless m > n and A "
     "has "
     "rank n), the rank of A and\n"
     "its singular values, of which those up to rcond times the largest count as 0 (by default the precision "
     "times max(m, n)).\n\n"
     "> x = tensor{0, 1, 2, 3}\n"
     "> A = stack({x, ones(4)}, 2)\n"
     "> (linalg.lstsq(A, 2 * x + 1))\n"
     "[2. 1.]"},
    {"inv", inverse,
     "linalg.inv(A) -> tensor\n\n"
     "The inverse of a square matrix: A:dot(linalg.inv(A)) is eye(n), but for rounding. To solve A x = b, "
     "linalg.solve(A, b) is better.\n"
     "A singular A is an error; one that is close to it gives a note on how many digits to trust. " STACKS
     "\n\n"
     "> linalg.inv(tensor{{2, 0}, {0, 4}})\n"
     "[[0.5  0.  ]\n"
     " [0.   0.25]]"},
    {"pinv", pinv,
     "linalg.pinv(A, rcond) -> tensor\n\n"
     "Moore and Penrose's inverse of a matrix of any shape, (m, n) to (n, m): pinv(A):dot(b) is the x of "
     "linalg.lstsq. Singular values up\n"
     "to rcond times the largest count as 0 (by default the precision times max(m, n)). " STACKS "\n\n"
     "> linalg.pinv(tensor{{1}, {1}})\n"
     "[[0.5 0.5]]"},
    {"det", det,
     "linalg.det(A) -> number or tensor\n\n"
     "The determinant of a square matrix: the product of the pivots of elimination. By rounding that of a "
     "singular matrix may come out as a\n"
     "small number instead of 0: linalg.matrix_rank tells. " STACKS " Gradients go through.\n\n"
     "> linalg.det(tensor{{2, 1}, {0, 3}})\n"
     "6.0"},
    {"slogdet", det,
     "linalg.slogdet(A) -> sign, logarithm\n\n"
     "The sign of the determinant (1, -1, or 0) and the natural logarithm of its absolute value, for "
     "determinants out of the range of\n"
     "numbers. " STACKS "\n\n"
     "> sign, logdet = linalg.slogdet(eye(200) * 1e3)\n"
     "> sign\n"
     "1.0",
     true},
    {"svd", svd,
     "linalg.svd(A, {full_matrices=true}) -> U, S, Vt\n\n"
     "The singular values: A = U diag(S) Vt, U and Vt with orthonormal columns and rows, S (k,) descending, "
     "k = min(m, n) for A (m, n).\n"
     "As numpy.linalg.svd the third is V transposed, U is (m, m) and Vt (n, n); with full_matrices=false "
     "they "
     "are (m, k) and (k, n), which is\n"
     "all one needs for A = (U * S):dot(Vt). " STACKS "\n\n"
     "> U, S, Vt = linalg.svd(tensor{{3, 0}, {0, -4}, {0, 0}}, {full_matrices=false})\n"
     "> S\n"
     "[4. 3.]\n"
     "> round((U * S):dot(Vt))\n"
     "[[ 3.  0.]\n"
     " [ 0. -4.]\n"
     " [ 0.  0.]]"},
    {"svdvals", svdvals,
     "linalg.svdvals(A) -> tensor\n\n"
     "The singular values of a matrix, descending: how much it stretches, direction by direction. " STACKS
     "\n\n"
     "> linalg.svdvals(tensor{{3, 0}, {0, -4}})\n"
     "[4. 3.]"},
    {"matrix_rank", matrix_rank,
     "linalg.matrix_rank(A, tol) -> integer or tensor\n\n"
     "How many columns are independent: the number of singular values above tol, by default the precision "
     "times "
     "max(m, n) times the\n"
     "largest. " STACKS "\n\n"
     "> linalg.matrix_rank(tensor{{1, 2}, {2, 4}})\n"
     "1"},
    {"cond", cond,
     "linalg.cond(A) -> number or tensor\n\n"
     "The condition number: the largest singular value over the least, inf when that is 0. By so much an "
     "error "
     "in b may grow, relatively,\n"
     "in the x of A x = b; log10 of it is the number of digits lost. " STACKS "\n\n"
     "> linalg.cond(tensor{{100, 0}, {0, 1}})\n"
     "100.0"},
    {"eigh", eigh,
     "linalg.eigh(A) -> w, V\n\n"
     "The eigenvalues of a symmetric matrix, ascending, and its eigenvectors, the columns of V: A:dot(V) is "
     "V * w, and A is\n"
     "(V * w):dot(V.T). A matrix that is not symmetric, but for rounding, is an error. " STACKS "\n\n"
     "> w, V = linalg.eigh(tensor{{2, 1}, {1, 2}})\n"
     "> w\n"
     "[1. 3.]\n"
     "> abs(V)\n"
     "[[0.70710678 0.70710678]\n"
     " [0.70710678 0.70710678]]",
     true},
    {"eigvalsh", eigh,
     "linalg.eigvalsh(A) -> tensor\n\n"
     "The eigenvalues of a symmetric matrix, ascending, as linalg.eigh.\n\n"
     "> linalg.eigvalsh(tensor{{0, 1}, {1, 0}})\n"
     "[-1.  1.]"},
    {"qr", qr,
     "linalg.qr(A, mode) -> Q, R\n\n"
     "A = Q:dot(R), the columns of Q orthonormal and R zero below its diagonal (Householder's reflections). "
     "For "
     "A (m, n) and k = min(m, n),\n"
     "Q is (m, k) and R (k, n); with mode \"complete\" (m, m) and (m, n); with \"r\" only R is given. " STACKS
     "\n\n"
     "> Q, R = linalg.qr(tensor{{3, 1}, {4, 2}})\n"
     "> round(Q:dot(R))\n"
     "[[3. 1.]\n"
     " [4. 2.]]"},
    {"cholesky", cholesky,
     "linalg.cholesky(A) -> tensor\n\n"
     "The L, zero above its diagonal, for which A = L:dot(L.T). A is symmetric and positive definite, as a "
     "covariance matrix; where it is\n"
     "not, the error says which leading part. " STACKS "\n\n"
     "> linalg.cholesky(tensor{{4, 2}, {2, 5}})\n"
     "[[2. 0.]\n"
     " [1. 2.]]"},
    {NULL},
};

int gr_open_linalg(lua_State *L) {
  lua_createtable(L, 0, 24);
  gr_register(L, "linalg", functions);
  return 1;
}
