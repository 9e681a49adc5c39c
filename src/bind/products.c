// Products of matrices and vectors, and softmax.
#include "bind/bind.h"

#include "kernel/elementwise.h"
#include "kernel/matmul.h"

// The tensor at `index` in `dtype`: itself, or a converted copy that is pushed.
static const gr_tensor *in_dtype(lua_State *L, int index, gr_dtype dtype) {
  const gr_tensor *t = gr_check_tensor(L, index);
  if (t->dtype == dtype) return t;
  gr_tensor *copy = gr_push_tensor(L, dtype, t->ndim, t->shape);
  GR_TRY(L, gr_copy(copy, t, &err));
  return copy;
}

// A vector as a matrix: a row on the left, a column on the right.
static gr_tensor as_matrix(const gr_tensor *t, bool left) {
  gr_tensor m = *t;
  if (t->ndim == 2) return m;
  m.ndim = 2;
  m.shape[left] = t->shape[0];
  m.stride[left] = t->stride[0];
  m.shape[!left] = 1;
  m.stride[!left] = 1;
  return m;
}

static void shape_error(lua_State *L, const gr_tensor *a, const gr_tensor *b, int64_t columns, int64_t rows) {
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  const char *fix = "";
  if (a->ndim == 2 && a->shape[0] == rows)
    fix = "; with A.T on the left they would fit";
  else if (b->ndim == 2 && b->shape[1] == columns)
    fix = "; with B.T on the right they would fit";
  luaL_error(L,
             "dot: %s times %s does not fit: the left has %I columns and the right has %I rows, and they "
             "must be equal%s",
             gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape), (lua_Integer)columns,
             (lua_Integer)rows, fix);
}

static int dot(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  lua_settop(L, 2);
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (a->ndim < 1 || a->ndim > 2 || b->ndim < 1 || b->ndim > 2)
    return luaL_error(L, "dot multiplies matrices and vectors (1 or 2 axes), not %s and %s",
                      gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape));
  if (a->shape[a->ndim - 1] != b->shape[0]) shape_error(L, a, b, a->shape[a->ndim - 1], b->shape[0]);
  if (gr_is_tracked(a) || gr_is_tracked(b)) {
    if (a->ndim == 2 && b->ndim == 2)
      return gr_apply_tracked(L, &gr_op_matmul, &(gr_op_args){0}, 2, (int[]){1, 2});
    gr_refuse_tracked(L, gr_is_tracked(a) ? 1 : 2, "dot with a vector");
  }
  gr_dtype dtype = gr_dtype_promote(a->dtype, b->dtype);
  gr_tensor ma = as_matrix(in_dtype(L, 1, dtype), true), mb = as_matrix(in_dtype(L, 2, dtype), false);
  // The result has the axes that were there: (m, n), (m,), (n,) or none.
  int64_t shape[2];
  int ndim = 0;
  if (a->ndim == 2) shape[ndim++] = ma.shape[0];
  if (b->ndim == 2) shape[ndim++] = mb.shape[1];
  gr_tensor *out = gr_push_tensor(L, dtype, ndim, shape), matrix;
  GR_TRY(L, gr_tensor_view_reshape(&matrix, out, 2, (int64_t[]){ma.shape[0], mb.shape[1]}, &err));
  GR_TRY(L, gr_matmul(&matrix, &ma, &mb, false, &err));
  if (ndim == 0) gr_push_element(L, out, NULL);
  return 1;
}

static int outer(lua_State *L) {
  const gr_tensor *a = gr_check_tensor(L, 1), *b = gr_check_tensor(L, 2);
  if (a->ndim != 1 || b->ndim != 1) return luaL_error(L, "outer takes two vectors (tensors of one axis)");
  gr_refuse_tracked(L, 1, "outer");
  gr_refuse_tracked(L, 2, "outer");
  gr_tensor column = as_matrix(a, false), row = as_matrix(b, true);
  gr_tensor *out = gr_push_tensor(L, gr_binary_dtype(GR_MUL, a->dtype, b->dtype), 2,
                                  (int64_t[]){a->shape[0], b->shape[0]});
  GR_TRY(L, gr_binary(out, GR_MUL, &column, &row, &err));
  return 1;
}

static int softmax(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (gr_is_tracked(t)) return gr_apply_tracked(L, &gr_op_softmax, &(gr_op_args){0}, 1, (int[]){1});
  if (t->ndim == 0) return luaL_error(L, "softmax needs at least one axis of scores");
  lua_settop(L, 1);
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
     "two vectors give a number. (`*` multiplies element by element.)\n\n"
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
    {"softmax", softmax,
     "softmax(x) -> tensor\n\n"
     "e^x divided by its sum, along the last axis: scores become probabilities. Shifted by the greatest "
     "score first, which changes\n"
     "nothing but keeps e^x finite: softmax(x + 1000) works where exp(x)/sum(exp(x)) gives nan.\n\n"
     "> softmax(tensor{1, 0.3, 3, 0.5})\n"
     "[0.10534997 0.05231524 0.77843681 0.06389798]"},
    {NULL},
};

void gr_add_products(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
