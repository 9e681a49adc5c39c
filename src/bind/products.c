// Products of matrices and vectors, and softmax.
#include "bind/moving.h"
#include "kernel/elementwise.h"
#include "kernel/matmul.h"
#include "kernel/reduce.h"

// The tensor in `dtype`: itself, or a converted copy that is pushed.
static const gr_tensor *in_dtype(lua_State *L, const gr_tensor *t, gr_dtype dtype) {
  if (t->dtype == dtype) return t;
  gr_tensor *copy = gr_push_tensor(L, dtype, t->ndim, t->shape);
  GR_TRY(L, gr_copy(copy, t, &err));
  return copy;
}

static int dot(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  if (lua_gettop(L) > 2) {
    gr_refuse_more(L, 2, "dot");
    lua_settop(L, 2);
  }
  int64_t shape[GR_MAX_DIMS];
  int ndim;
  if (a->ndim == 2 && b->ndim == 2 && a->shape[1] == b->shape[0] && a->dtype == b->dtype &&
      gr_dtype_is_float(a->dtype) && !gr_is_tracked(a) && !gr_is_tracked(b)) {  // the most frequent
    gr_tensor *out = gr_push_tensor(L, a->dtype, 2, (int64_t[]){a->shape[0], b->shape[1]});
    GR_TRY(L, gr_matmul(out, a, b, false, &err));
    return 1;
  }
  GR_TRY(L, gr_matmul_shape(&ndim, shape, a, b, &err));
  if (gr_is_tracked(a) || gr_is_tracked(b))
    return gr_apply_tracked(L, &gr_op_matmul, &(gr_op_args){0}, 2, (int[]){1, 2});
  gr_dtype dtype = gr_dtype_promote(a->dtype, b->dtype);
  a = in_dtype(L, a, dtype);
  b = in_dtype(L, b, dtype);
  gr_tensor *out = gr_push_tensor(L, dtype, ndim, shape);
  gr_tensor left = *a, right = *b, matrices = *out;
  gr_matmul_matrices(&matrices, &left, &right);
  GR_TRY(L, gr_matmul(&matrices, &left, &right, false, &err));
  if (ndim == 0) gr_push_element(L, out, NULL);
  return 1;
}

// ---- products by way of others: what is tracked stays tracked ----

// Replaces the tensor at `index` by itself in another shape.
static void reshape(lua_State *L, int index, int ndim, const int64_t *shape) {
  lua_getfield(L, index, "reshape");
  lua_pushvalue(L, index);
  lua_createtable(L, ndim, 0);
  for (int i = 0; i < ndim; i++) {
    lua_pushinteger(L, shape[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_call(L, 2, 1);
  lua_replace(L, index);
}

static int multiply(lua_State *L) {
  lua_arith(L, LUA_OPMUL);
  return 1;
}

static int outer(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  lua_settop(L, 2);
  if (a->ndim != 1 || b->ndim != 1) {
    char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
    return luaL_error(L,
                      "outer takes two vectors (tensors of one axis), not %s and %s: a:reshape(-1) makes one",
                      gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape));
  }
  reshape(L, 1, 2, (int64_t[]){a->shape[0], 1});
  return multiply(L);
}

// (..., k) and (..., k): the rows of one by the rows of the other.
static int inner(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  lua_settop(L, 2);
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (a->ndim == 0 || b->ndim == 0) return multiply(L);
  const int64_t k = a->shape[a->ndim - 1];
  if (b->shape[b->ndim - 1] != k)
    return luaL_error(L, "inner: %s and %s do not fit: the last axes must be equal, and they are %I and %I",
                      gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape),
                      (lua_Integer)k, (lua_Integer)b->shape[b->ndim - 1]);
  int64_t shape[2 * GR_MAX_DIMS], rows = 1, columns = 1;
  int ndim = 0;
  for (int i = 0; i < a->ndim - 1; i++) rows *= shape[ndim++] = a->shape[i];
  for (int i = 0; i < b->ndim - 1; i++) columns *= shape[ndim++] = b->shape[i];
  if (ndim > GR_MAX_DIMS)
    return luaL_error(L, "inner: the result would have %d axes, at most %d", ndim, GR_MAX_DIMS);
  if (ndim == 0) return dot(L);
  reshape(L, 1, 2, (int64_t[]){rows, k});
  reshape(L, 2, 2, (int64_t[]){columns, k});
  lua_getfield(L, 2, "T");
  lua_replace(L, 2);
  dot(L);
  reshape(L, lua_gettop(L), ndim, shape);
  return 1;
}

static int kron(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  lua_settop(L, 2);
  if (a->ndim != 2 || b->ndim != 2) {
    char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
    return luaL_error(L, "kron takes two matrices (tensors of two axes), not %s and %s",
                      gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape));
  }
  const int64_t m = a->shape[0], n = a->shape[1], p = b->shape[0], q = b->shape[1];
  reshape(L, 1, 4, (int64_t[]){m, 1, n, 1});
  reshape(L, 2, 4, (int64_t[]){1, p, 1, q});
  multiply(L);
  reshape(L, lua_gettop(L), 2, (int64_t[]){m * p, n * q});
  return 1;
}

// The sum along a diagonal, as the sum of all elements times a mask of that diagonal where it is tracked.
static int trace(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  char text[GR_SHAPE_TEXT];
  if (t->ndim != 2)
    return luaL_error(L, "trace takes a matrix (a tensor of two axes), not %s",
                      gr_shape_text(text, t->ndim, t->shape));
  lua_settop(L, 1);
  if (gr_is_tracked(t)) {
    gr_tensor *mask = gr_push_tensor(L, t->dtype, 2, t->shape);
    GR_TRY(L, gr_fill(mask, 0, &err));
    for (int64_t i = 0; i < t->shape[0] && i < t->shape[1]; i++) gr_tensor_set(mask, (int64_t[]){i, i}, 1);
    multiply(L);
    lua_getfield(L, 1, "sum");
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
  }
  gr_tensor diagonal = *t;
  diagonal.ndim = 1;
  diagonal.shape[0] = t->shape[0] < t->shape[1] ? t->shape[0] : t->shape[1];
  diagonal.stride[0] = t->stride[0] + t->stride[1];
  gr_tensor *out = gr_push_tensor(L, gr_reduce_dtype(GR_SUM, t->dtype), 0, NULL);
  GR_TRY(L, gr_reduce(out, GR_SUM, &diagonal, 1, &err));
  gr_push_element(L, out, NULL);
  return 1;
}

// Pushes the tensor at stack index `base` with two axes exchanged.
static void push_exchanged(lua_State *L, int base, int ndim, int a, int b) {
  int order[GR_MAX_DIMS];
  for (int i = 0; i < ndim; i++) order[i] = i == a ? b : i == b ? a : i;
  gr_push_permuted(L, base, order);
}

// The kernel's scores stand along the last axis: another one takes its place, and comes back.
static int softmax(lua_State *L) {
  static const char *const names[] = {"axis", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (t->ndim == 0) return luaL_error(L, "softmax needs at least one axis of scores");
  int options, axis = gr_read_axis(L, 2, "softmax", t->ndim, names, &options), last = t->ndim - 1;
  lua_settop(L, 1);
  if (axis >= 0 && axis != last) {
    push_exchanged(L, 1, t->ndim, axis, last);
    lua_replace(L, 1);
    softmax(L);
    push_exchanged(L, -1, last + 1, axis, last);
    t = gr_check_tensor(L, -1);
    if (!gr_is_tracked(t)) {
      gr_tensor *out = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
      GR_TRY(L, gr_copy(out, t, &err));
    }
    return 1;
  }
  if (gr_is_tracked(t)) return gr_apply_tracked(L, &gr_op_softmax, &(gr_op_args){0}, 1, (int[]){1});
  gr_dtype dtype = gr_dtype_is_float(t->dtype) ? (gr_dtype)t->dtype : GR_F64;
  gr_tensor *in = gr_push_tensor(L, dtype, t->ndim, t->shape);  // contiguous, and ours to overwrite
  GR_TRY(L, gr_copy(in, t, &err));
  GR_TRY(L, gr_softmax(in, in, &err));
  return 1;
}

static const gr_function both[] = {
    {"dot", dot,
     "dot(A, B) -> tensor or number\n\n"
     "The matrix product: A (m, k) times B (k, n) is (m, n). A vector of k counts as a row on the left and a "
     "column on the right;\n"
     "two vectors give a number. Of tensors with more axes the last two are the matrices, and the axes "
     "before "
     "them broadcast, as in\n"
     "numpy.matmul: (10, m, k) times (k, n) is (10, m, n). (`*` multiplies element by element.)\n\n"
     "> X = tensor{{1, 2}, {3, 4}}\n"
     "> X:dot(tensor{{1}, {10}})\n"
     "[[21.]\n"
     " [43.]]"},
    {"matmul", dot,
     "matmul(A, B) -> tensor or number\n\n"
     "The matrix product, as dot.\n\n"
     "> matmul(eye(2), tensor{3, 4})\n"
     "[3. 4.]"},
    {"outer", outer,
     "outer(a, b) -> tensor\n\n"
     "The outer product of two vectors: element (i, j) is a[i] * b[j].\n\n"
     "> outer(tensor{1, 2}, tensor{3, 4})\n"
     "[[3. 4.]\n"
     " [6. 8.]]"},
    {"inner", inner,
     "inner(a, b) -> tensor or number\n\n"
     "The inner product: the sum of a[i] * b[i] over the last axis of both. Two vectors give a number; of "
     "matrices, element (i, j) is\n"
     "row i of a times row j of b, as in numpy.inner.\n\n"
     "> inner(tensor{1, 2, 3}, tensor{4, 5, 6})\n"
     "32.0"},
    {"kron", kron,
     "kron(A, B) -> tensor\n\n"
     "The Kronecker product of two matrices: a copy of B for each element of A, times that element. (m, n) "
     "and (p, q) give (m p, n q).\n\n"
     "> kron(tensor{{1, 10}}, eye(2))\n"
     "[[ 1.  0. 10.  0.]\n"
     " [ 0.  1.  0. 10.]]"},
    {"trace", trace,
     "trace(A) -> number\n\n"
     "The sum of the diagonal of a matrix.\n\n"
     "> trace(tensor{{1, 2}, {3, 4}})\n"
     "5.0"},
    {"softmax", softmax,
     "softmax(x, axis=-1) -> tensor\n\n"
     "e^x divided by its sum along an axis, the last one unless another is named: scores become "
     "probabilities. Shifted by the greatest "
     "score first, which changes\n"
     "nothing but keeps e^x finite: softmax(x + 1000) works where exp(x)/sum(exp(x)) gives nan.\n\n"
     "> softmax(tensor{1, 0.3, 3, 0.5})\n"
     "[0.10534997 0.05231524 0.77843681 0.06389798]\n"
     "> softmax(tensor{{0, 1}, {0, 1}}, 1)\n"
     "[[0.5 0.5]\n"
     " [0.5 0.5]]"},
    {NULL},
};

void gr_add_products(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
