// The module `linalg`: solving and decomposing matrices, by the names and conventions of numpy.linalg. What
// takes a matrix takes a stack of them too, along the axes before the last two.
#include "bind/bind.h"
#include "bind/moving.h"

#include <math.h>
#include <stdio.h>

#include "kernel/elementwise.h"
#include "kernel/lapack.h"
#include "kernel/stack.h"

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

// The matrix at index 1 in a float dtype: integers and masks enter as float64.
static const gr_tensor *read_matrix(lua_State *L, const char *name, bool square) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  check_matrix(L, t, name, square);
  return gr_check_in_dtype(L, 1, gr_dtype_promote((gr_dtype)t->dtype, (gr_dtype)t->dtype));
}

// ---- results ----

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

// When the matrix at index 1 is tracked: pushes what the operation gives and returns true.
static bool apply_tracked(lua_State *L, const gr_op *op, double cut) {
  return gr_apply_tracked(L, op, &(gr_op_args){.rate = cut}, 1, (int[]){1});
}

// What one of several results is of the packed tensor: where it begins, its own axes, and whether it is
// vectors.
typedef struct result {
  int64_t from;
  int ndim;
  int64_t shape[2];
  bool vectors;
} result;

// Pushes them, one by one, of what is on top. Returns how many.
static int push_parts(lua_State *L, int count, const result *results) {
  const int packed = lua_gettop(L);
  for (int i = 0; i < count; i++) {
    const result *r = &results[i];
    const gr_op_args part = {
        .start = {r->from}, .ndim = r->ndim, .shape = {r->shape[0], r->shape[1]}, .kind = r->vectors};
    gr_apply_tracked(L, &gr_op_part, &part, 1, &packed);
  }
  return count;
}

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

// The same of what was solved on the graph.
static void note_tracked(lua_State *L, const char *name) {
  const gr_node *node = gr_check_node(L, -1, name);
  note_condition(L, name, gr_tensor_get(&node->aux, NULL), (gr_dtype)node->value.dtype);
}

static int inverse(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "inv", true);
  if (gr_apply_tracked(L, &gr_op_solve, &(gr_op_args){0}, 2, (int[]){1, 0})) return note_tracked(L, "inv"), 1;
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape);
  double rcond;
  GR_TRY(L, gr_solve_stack("linalg.inv", out, &rcond, a, NULL, &err));
  note_condition(L, "inv", rcond, (gr_dtype)a->dtype);
  return 1;
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

// Puts A and b, at indices 1 and 2, into the dtype in which both are computed with.
static gr_dtype make_alike(lua_State *L) {
  const gr_dtype dtype =
      gr_dtype_promote((gr_dtype)gr_check_tensor(L, 1)->dtype, (gr_dtype)gr_check_tensor(L, 2)->dtype);
  gr_check_in_dtype(L, 1, dtype);
  gr_check_in_dtype(L, 2, dtype);
  return dtype;
}

static int solve(lua_State *L) {
  lua_settop(L, 2);
  check_matrix(L, gr_check_tensor(L, 1), "solve", true);
  check_right_side(L, "solve", gr_check_tensor(L, 1), gr_check_tensor(L, 2));
  const gr_dtype dtype = make_alike(L);
  if (gr_apply_tracked(L, &gr_op_solve, &(gr_op_args){0}, 2, (int[]){1, 2}))
    return note_tracked(L, "solve"), 1;
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  int64_t shape[GR_MAX_DIMS];
  int ndim;
  double rcond;
  GR_TRY(L, gr_solve_shape(&ndim, shape, a, b, &err));
  gr_tensor *out = gr_push_tensor(L, dtype, ndim, shape);
  const bool vector = b->ndim == 1;
  gr_tensor x = vector ? gr_as_column(out) : *out, right = vector ? gr_as_column(b) : *b;
  GR_TRY(L, gr_solve_stack("linalg.solve", &x, &rcond, a, &right, &err));
  note_condition(L, "solve", rcond, dtype);
  return 1;
}

// For each column of b the sum of the squares of A x - b, which are at indices 1, 2 and `x`; tracked, since
// one of them is.
static void push_tracked_residuals(lua_State *L, int x) {
  gr_apply_tracked(L, &gr_op_matmul, &(gr_op_args){0}, 2, (int[]){1, x});
  gr_call_binary(L, GR_SUB, lua_gettop(L), 2);
  gr_call_unary(L, GR_SQUARE, lua_gettop(L));
  const gr_axes rows = {.mask = 1, .keepdims = gr_check_tensor(L, -1)->ndim == 1};
  gr_push_reduced(L, lua_gettop(L), GR_SUM, &rows, 0);
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
  const gr_dtype dtype = make_alike(L);
  a = gr_check_tensor(L, 1), b = gr_check_tensor(L, 2);
  const bool vector = b->ndim == 1, tracked = gr_is_tracked(a) || gr_is_tracked(b);
  const gr_tensor right = vector ? gr_as_column(b) : *b;
  const int64_t m = a->shape[0], n = a->shape[1], r = right.shape[1], least = m < n ? m : n;
  const double cut = luaL_optnumber(L, 3, gr_epsilon(dtype) * (double)(m > n ? m : n));
  gr_tensor *x = gr_push_tensor(L, dtype, 2 - vector, (int64_t[]){n, r});
  gr_tensor *residuals = gr_push_tensor(L, dtype, 1, &r), *s = gr_push_tensor(L, dtype, 1, &least);
  gr_tensor solution = vector ? gr_as_column(x) : *x;
  gr_err problem;
  int rank;
  gr_values_leave(L, a), gr_values_leave(L, b);  // the rank is a number
  if (gr_interrupt_poll(&problem)) return gr_raise(L, &problem);
  if (gr_lstsq(&solution, residuals, &rank, s, a, &right, cut, &problem))
    return luaL_error(L, "linalg.lstsq: %s", problem.text);
  const bool known = rank == n && m > n;  // the residuals; otherwise they are zero, or not known
  if (!known) {
    gr_push_tensor(L, dtype, 1, (int64_t[]){0});
    lua_replace(L, 5);
  }
  if (rank < n && m >= n)
    gr_note(
        L,
        "linalg.lstsq: only %d of the %d columns of A are independent, so that many x fit equally well: this "
        "is the shortest",
        rank, (int)n);
  if (tracked) {  // the same x, by what has a derivative
    if (!gr_is_tracked(a) || !apply_tracked(L, &gr_op_pinv, cut))
      GR_TRY(L, gr_pinv_stack("linalg.lstsq", gr_push_tensor(L, dtype, 2, (int64_t[]){n, m}), a, cut, &err));
    gr_apply_tracked(L, &gr_op_matmul, &(gr_op_args){0}, 2, (int[]){lua_gettop(L), 2});
    lua_replace(L, 4);
    if (known) push_tracked_residuals(L, 4), lua_replace(L, 5);
    if (gr_is_tracked(a)) apply_tracked(L, &gr_op_svdvals, 0), lua_replace(L, 6);
    lua_settop(L, 6);
  }
  lua_pushinteger(L, rank);
  lua_insert(L, -2);
  return 4;
}

static int pinv(lua_State *L) {
  lua_settop(L, 2);
  const gr_tensor *a = read_matrix(L, "pinv", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
  const double cut = luaL_optnumber(L, 2, gr_epsilon((gr_dtype)a->dtype) * (double)(m > n ? m : n));
  if (apply_tracked(L, &gr_op_pinv, cut)) return 1;
  gr_tensor *out = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){n, m});
  GR_TRY(L, gr_pinv_stack("linalg.pinv", out, a, cut, &err));
  return 1;
}

// ---- determinants ----

static int det(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "det", true);
  if (apply_tracked(L, &gr_op_det, 0)) return 1;
  gr_tensor *value = push_results(L, (gr_dtype)a->dtype, a, 0, NULL);
  GR_TRY(L, gr_det_stack("linalg.det", value, NULL, NULL, a, &err));
  unwrap(L, 2);
  return 1;
}

static int slogdet(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "slogdet", true);
  if (apply_tracked(L, &gr_op_slogdet, 0)) return push_parts(L, 2, (result[]){{0}, {1}});
  gr_tensor *sign = push_results(L, (gr_dtype)a->dtype, a, 0, NULL);
  gr_tensor *logarithm = push_results(L, (gr_dtype)a->dtype, a, 0, NULL);
  GR_TRY(L, gr_det_stack("linalg.slogdet", NULL, sign, logarithm, a, &err));
  unwrap(L, 2);
  unwrap(L, 3);
  return 2;
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

// Refuses a tracked matrix the rest of a basis, behind the first `k` of it; `without` gives none.
static void refuse_rest(lua_State *L, const char *name, const char *of, int64_t k, const char *without) {
  const char *why = lua_pushfstring(
      L, "%s beyond the first %I may be any basis of what is left, without a derivative: %s leaves them out",
      of, (lua_Integer)k, without);
  gr_refuse_derivative(L, 1, name, why);
  lua_pop(L, 1);
}

static int svd(lua_State *L) {
  lua_settop(L, 2);
  const bool full = read_switch(L, 2, "linalg.svd", "full_matrices", true);
  const gr_tensor *a = read_matrix(L, "svd", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], k = m < n ? m : n;
  if (full && m != n)
    refuse_rest(L, "linalg.svd", m > n ? "columns of U" : "rows of Vt", k,
                "linalg.svd(A, {full_matrices=false})");
  if (apply_tracked(L, &gr_op_svd, 0))
    return push_parts(L, 3, (result[]){{0, 2, {m, k}, true}, {m * k, 1, {k}}, {m * k + k, 2, {k, n}, true}});
  gr_tensor *u = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){m, full ? m : k});
  gr_tensor *s = push_results(L, (gr_dtype)a->dtype, a, 1, &k);
  gr_tensor *vt = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){full ? n : k, n});
  GR_TRY(L, gr_svd_stack("linalg.svd", u, s, vt, a, &err));
  return 3;
}

// Pushes the singular values as plain numbers.
static const gr_tensor *push_plain_values(lua_State *L, const char *name, const gr_tensor *a) {
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
  char full[32];
  gr_tensor *s = push_results(L, (gr_dtype)a->dtype, a, 1, (int64_t[]){m < n ? m : n});
  snprintf(full, sizeof full, "linalg.%s", name);
  GR_TRY(L, gr_svd_stack(full, NULL, s, NULL, a, &err));
  return s;
}

// Those of matrix `number` of the stack.
static gr_tensor row_of(const gr_tensor *s, int64_t number) {
  gr_tensor row = *s;  // contiguous
  row.ndim = 1, row.shape[0] = s->shape[s->ndim - 1], row.stride[0] = 1;
  row.data = (char *)s->data + number * row.shape[0] * (int64_t)gr_dtype_size((gr_dtype)s->dtype);
  return row;
}

const gr_tensor *gr_push_singular_values(lua_State *L, const char *name) {
  const gr_tensor *a = read_matrix(L, name, false);
  return apply_tracked(L, &gr_op_svdvals, 0) ? gr_check_tensor(L, -1) : push_plain_values(L, name, a);
}

static int svdvals(lua_State *L) {
  lua_settop(L, 1);
  gr_push_singular_values(L, "svdvals");
  return 1;
}

static int matrix_rank(lua_State *L) {
  lua_settop(L, 2);
  const gr_tensor *a = read_matrix(L, "matrix_rank", false);
  gr_values_leave(L, a);  // a number that is counted has no derivative
  const gr_tensor *s = push_plain_values(L, "matrix_rank", a);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1], k = m < n ? m : n;
  const double cut = gr_epsilon((gr_dtype)a->dtype) * (double)(m > n ? m : n);
  gr_tensor *out = push_results(L, GR_I64, a, 0, NULL);
  const int64_t count = gr_tensor_size(out);
  for (int64_t i = 0; i < count; i++) {
    const gr_tensor values = row_of(s, i);
    const double largest = k ? gr_tensor_get(&values, (int64_t[]){0}) : 0;
    const double bound = lua_isnil(L, 2) ? cut * largest : luaL_checknumber(L, 2);
    int64_t rank = 0;
    for (int64_t j = 0; j < k; j++) rank += gr_tensor_get(&values, &j) > bound;
    ((int64_t *)out->data)[i] = rank;
  }
  unwrap(L, -1);
  return 1;
}

// The largest singular value over the least, inf where that is 0, of the tracked values at index 2.
static int tracked_cond(lua_State *L) {
  const int last = gr_check_tensor(L, 2)->ndim - 1;
  const int64_t k = gr_check_tensor(L, 2)->shape[last];
  for (int i = 0; i < 2; i++) {
    gr_op_args one;
    gr_slice_whole(&one);
    one.start[last] = i ? k - 1 : 0, one.step[last] = one.shape[last] = 1, one.axes = 1u << last;
    gr_push_sliced(L, 2, &one);
  }
  lua_pushnumber(L, 0);
  lua_pushnumber(L, HUGE_VAL);
  gr_call_binary(L, GR_EQ, 4, 5);
  gr_call_binary(L, GR_DIV, 3, 4);
  return gr_apply_tracked(L, &gr_op_where, &(gr_op_args){0}, 3, (int[]){7, 6, 8});
}

static int cond(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *s = gr_push_singular_values(L, "cond"), *a = gr_check_tensor(L, 1);
  const int64_t k = s->shape[s->ndim - 1];
  if (k == 0) return luaL_error(L, "linalg.cond: a matrix without elements has no condition number");
  if (gr_is_tracked(s)) return tracked_cond(L);
  gr_tensor *out = push_results(L, (gr_dtype)a->dtype, a, 0, NULL), flat = *out;
  const int64_t count = gr_tensor_size(out);
  for (int64_t i = 0; i < count; i++) {
    const gr_tensor values = row_of(s, i);
    const double most = gr_tensor_get(&values, (int64_t[]){0}),
                 least = gr_tensor_get(&values, (int64_t[]){k - 1});
    flat.ndim = 1, flat.shape[0] = count, flat.stride[0] = 1;
    gr_tensor_set(&flat, &i, least > 0 ? most / least : HUGE_VAL);
  }
  unwrap(L, -1);
  return 1;
}

static int eigh(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "eigh", true);
  const int64_t n = a->shape[a->ndim - 1];
  if (apply_tracked(L, &gr_op_eigh, 0))
    return push_parts(L, 2, (result[]){{0, 1, {n}}, {n, 2, {n, n}, true}});
  gr_tensor *w = push_results(L, (gr_dtype)a->dtype, a, 1, &n);
  gr_tensor *v = gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape);
  GR_TRY(L, gr_eigh_stack("linalg.eigh", w, v, a, &err));
  return 2;
}

static int eigvalsh(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "eigvalsh", true);
  if (apply_tracked(L, &gr_op_eigvalsh, 0)) return 1;
  gr_tensor *w = push_results(L, (gr_dtype)a->dtype, a, 1, &a->shape[a->ndim - 1]);
  GR_TRY(L, gr_eigh_stack("linalg.eigvalsh", w, NULL, a, &err));
  return 1;
}

static int qr(lua_State *L) {
  static const char *const modes[] = {"reduced", "complete", "r", NULL};
  enum { REDUCED, COMPLETE, R };
  lua_settop(L, 2);
  const int mode = luaL_checkoption(L, 2, "reduced", modes);
  const gr_tensor *a = read_matrix(L, "qr", false);
  const int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
  const int64_t k = mode == COMPLETE || m < n ? m : n;
  if (k > n) refuse_rest(L, "linalg.qr", "columns of Q", n, "linalg.qr(A)");
  if (apply_tracked(L, &gr_op_qr, 0)) {
    const result both[] = {{0, 2, {m, k}}, {m * k, 2, {k, n}}};
    return mode == R ? push_parts(L, 1, both + 1) : push_parts(L, 2, both);
  }
  gr_tensor *q = mode == R ? NULL : push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){m, k});
  gr_tensor *r = push_results(L, (gr_dtype)a->dtype, a, 2, (int64_t[]){k, n});
  GR_TRY(L, gr_qr_stack("linalg.qr", q, r, a, &err));
  return q ? 2 : 1;
}

static int cholesky(lua_State *L) {
  lua_settop(L, 1);
  const gr_tensor *a = read_matrix(L, "cholesky", true);
  if (apply_tracked(L, &gr_op_cholesky, 0)) return 1;
  gr_tensor *l = gr_push_tensor(L, (gr_dtype)a->dtype, a->ndim, a->shape);
  GR_TRY(L, gr_cholesky_stack("linalg.cholesky", l, a, &err));
  return 1;
}

#define STACKS "Leading axes are a stack of matrices."

static const gr_function functions[] = {
    {"solve", solve,
     "linalg.solve(A, b) -> tensor\n\n"
     "The x for which A x = b: A (n, n), b and x (n,) or (n, k). By elimination with exchange of rows "
     "(LAPACK's getrf), which is faster and more precise than inv(A):dot(b). A singular A is an error; one "
     "that is close to it gives a note on how many digits to trust. Integers are computed with as "
     "float64. " STACKS " As numpy.linalg.solve; gradients go through.\n\n"
     "> A = tensor{{3, 1}, {1, 2}}\n"
     "> linalg.solve(A, tensor{9, 8})\n"
     "[2. 3.]"},
    {"lstsq", lstsq,
     "linalg.lstsq(A, b, rcond) -> x, residuals, rank, s\n\n"
     "Least squares: the x for which the sum of the squares of A x - b is least, for A (m, n) of any shape, "
     "b "
     "(m,) or (m, k). Where many x do equally well it is the shortest. Then that sum for each column of b "
     "(nothing unless m > n and A has rank n), the rank of A and its singular values, of which those up to "
     "rcond times the largest count as 0 (by default the precision times max(m, n)). Gradients go through x, "
     "the residuals and s, as those of linalg.pinv; the rank is a plain number.\n\n"
     "> x = tensor{0, 1, 2, 3}\n"
     "> A = stack({x, ones(4)}, 2)\n"
     "> (linalg.lstsq(A, 2 * x + 1))\n"
     "[2. 1.]"},
    {"inv", inverse,
     "linalg.inv(A) -> tensor\n\n"
     "The inverse of a square matrix: A:dot(linalg.inv(A)) is eye(n), but for rounding. To solve A x = b, "
     "linalg.solve(A, b) is better. A singular A is an error; one that is close to it gives a note on how "
     "many "
     "digits to trust. " STACKS " Gradients go through.\n\n"
     "> linalg.inv(tensor{{2, 0}, {0, 4}})\n"
     "[[0.5  0.  ]\n"
     " [0.   0.25]]"},
    {"pinv", pinv,
     "linalg.pinv(A, rcond) -> tensor\n\n"
     "Moore and Penrose's inverse of a matrix of any shape, (m, n) to (n, m): pinv(A):dot(b) is the x of "
     "linalg.lstsq. Singular values up to rcond times the largest count as 0 (by default the precision times "
     "max(m, n)). " STACKS " Gradients go through; where the rank is not full they are those of changes that "
     "leave it as it is (Golub and Pereyra 1973), for the others make the result jump.\n\n"
     "> linalg.pinv(tensor{{1}, {1}})\n"
     "[[0.5 0.5]]"},
    {"det", det,
     "linalg.det(A) -> number or tensor\n\n"
     "The determinant of a square matrix: the product of the pivots of elimination. By rounding that of a "
     "singular matrix may come out as a small number instead of 0: linalg.matrix_rank tells. " STACKS
     " Gradients go through: they are the cofactors, of a singular matrix too.\n\n"
     "> linalg.det(tensor{{2, 1}, {0, 3}})\n"
     "6.0\n"
     "> A = grad.track(tensor{{1, 2}, {3, 5}})\n"
     "> linalg.det(A):backward()\n"
     "> A.grad\n"
     "[[ 5. -3.]\n"
     " [-2.  1.]]"},
    {"slogdet", slogdet,
     "linalg.slogdet(A) -> sign, logarithm\n\n"
     "The sign of the determinant (1, -1, or 0) and the natural logarithm of its absolute value, for "
     "determinants out of the range of numbers. " STACKS
     " Gradients go through the logarithm, linalg.inv(A).T; "
     "a singular matrix has none.\n\n"
     "> sign, logdet = linalg.slogdet(eye(200) * 1e3)\n"
     "> sign\n"
     "1.0"},
    {"svd", svd,
     "linalg.svd(A, {full_matrices=true}) -> U, S, Vt\n\n"
     "The singular values: A = U diag(S) Vt, U and Vt with orthonormal columns and rows, S (k,) descending, "
     "k = min(m, n) for A (m, n). As numpy.linalg.svd the third is V transposed, U is (m, m) and Vt (n, n); "
     "with "
     "full_matrices=false they are (m, k) and (k, n), which is all one needs for A = (U * S):dot(Vt). " STACKS
     " Gradients go through, of a matrix that is not square with full_matrices=false (Townsend 2016). "
     "Vectors of "
     "equal singular values are not determined, nor those of singular values of 0 where m is not n: what "
     "needs "
     "them has no gradient there, and backward says so. S alone has.\n\n"
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
     " Gradients go through, where values are equal too.\n\n"
     "> linalg.svdvals(tensor{{3, 0}, {0, -4}})\n"
     "[4. 3.]"},
    {"matrix_rank", matrix_rank,
     "linalg.matrix_rank(A, tol) -> integer or tensor\n\n"
     "How many columns are independent: the number of singular values above tol, by default the precision "
     "times max(m, n) times the largest. " STACKS " Plain numbers, of a tracked tensor too.\n\n"
     "> linalg.matrix_rank(tensor{{1, 2}, {2, 4}})\n"
     "1"},
    {"cond", cond,
     "linalg.cond(A) -> number or tensor\n\n"
     "The condition number: the largest singular value over the least, inf when that is 0. By so much an "
     "error "
     "in b may grow, relatively, in the x of A x = b; log10 of it is the number of digits lost. " STACKS
     " Gradients go through.\n\n"
     "> linalg.cond(tensor{{100, 0}, {0, 1}})\n"
     "100.0"},
    {"eigh", eigh,
     "linalg.eigh(A) -> w, V\n\n"
     "The eigenvalues of a symmetric matrix, ascending, and its eigenvectors, the columns of V: A:dot(V) is "
     "V * w, and A is (V * w):dot(V.T). A matrix that is not symmetric, but for rounding, is an "
     "error. " STACKS
     " Gradients go through, and are symmetric as A is: to check them, let the function take (x + x.T) / 2. "
     "Eigenvectors of equal eigenvalues are not determined: what needs them has no gradient there, and "
     "backward "
     "says so. Eigenvalues alone have, linalg.eigvalsh(A).\n\n"
     "> w, V = linalg.eigh(tensor{{2, 1}, {1, 2}})\n"
     "> w\n"
     "[1. 3.]\n"
     "> abs(V)\n"
     "[[0.70710678 0.70710678]\n"
     " [0.70710678 0.70710678]]"},
    {"eigvalsh", eigvalsh,
     "linalg.eigvalsh(A) -> tensor\n\n"
     "The eigenvalues of a symmetric matrix, ascending, as linalg.eigh. Gradients go through, where values "
     "are "
     "equal too. That of one eigenvalue is the outer product of its eigenvector with itself.\n\n"
     "> A = grad.track(tensor{{2, 1}, {1, 2}})\n"
     "> w = linalg.eigvalsh(A)\n"
     "> w:detach()\n"
     "[1. 3.]\n"
     "> w[1]:backward()\n"
     "> A.grad\n"
     "[[ 0.5 -0.5]\n"
     " [-0.5  0.5]]"},
    {"qr", qr,
     "linalg.qr(A, mode) -> Q, R\n\n"
     "A = Q:dot(R), the columns of Q orthonormal and R zero below its diagonal (Householder's reflections). "
     "For "
     "A (m, n) and k = min(m, n), Q is (m, k) and R (k, n); with mode \"complete\" (m, m) and (m, n); with "
     "\"r\" "
     "only R is given. " STACKS
     " Gradients go through while the first k columns of A are independent (Walter "
     "and Lehmann 2012), in mode \"complete\" only for m up to n.\n\n"
     "> Q, R = linalg.qr(tensor{{3, 1}, {4, 2}})\n"
     "> round(Q:dot(R))\n"
     "[[3. 1.]\n"
     " [4. 2.]]"},
    {"cholesky", cholesky,
     "linalg.cholesky(A) -> tensor\n\n"
     "The L, zero above its diagonal, for which A = L:dot(L.T). A is symmetric and positive definite, as a "
     "covariance matrix; where it is not, the error says which leading part. " STACKS
     " Gradients go through, and "
     "are symmetric as A is (Murray 2016).\n\n"
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
