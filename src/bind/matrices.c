// Tensors with a pattern in them: diagonals, triangles, grids, one-hot rows.
#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"

// ---- the identity ----

static int eye(lua_State *L) {
  gr_dtype dtype = GR_F64;
  int last = gr_creation_dtype(L, "eye", &dtype);
  int64_t n = luaL_checkinteger(L, 1), m = last > 1 ? luaL_checkinteger(L, 2) : n;
  gr_tensor *t = gr_push_tensor(L, dtype, 2, (int64_t[]){n, m});
  GR_TRY(L, gr_fill(t, 0, &err));
  for (int64_t i = 0; i < n && i < m; i++) {
    gr_tensor_set(t, (int64_t[]){i, i}, 1);
    gr_poll_sometimes(L, i);
  }
  return 1;
}

// ---- picks out of a tensor and one zero ----

// Of a tracked tensor at index 1, whose last `axes` axes count as one: pushes the entries that the int64
// tensor on top of the stack names among them, 0-based, where the number behind the last stands for a zero.
// So a pattern of numbers and zeros is two recorded operations, through which NaN and infinities pass as they
// are.
static void push_pattern(lua_State *L, const gr_tensor *t, int axes) {
  int positions = lua_gettop(L), kept = t->ndim - axes;
  int64_t shape[GR_MAX_DIMS], size = 1;
  for (int i = 0; i < kept; i++) shape[i] = t->shape[i];
  for (int i = kept; i < t->ndim; i++) size *= t->shape[i];
  shape[kept] = size;
  gr_push_reshaped(L, 1, kept + 1, shape);
  gr_op_args one_behind = {0};
  one_behind.shape[kept] = 1;
  gr_apply_tracked(L, &gr_op_pad, &one_behind, 1, (int[]){positions + 1});
  gr_push_picked(L, -1, kept, 1, positions);
}

// ---- diagonals ----

static int diag(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_Integer k = luaL_optinteger(L, 2, 0);
  char text[GR_SHAPE_TEXT];
  if (t->ndim != 1 && t->ndim != 2)
    return luaL_error(L,
                      "diag takes a vector, for a matrix with it as its diagonal, or a matrix; not shape %s",
                      gr_shape_text(text, t->ndim, t->shape));
  luaL_argcheck(L, k > -(1LL << 31) && k < 1LL << 31, 2, "no matrix has such a diagonal");
  int64_t row = k < 0 ? -k : 0, column = k > 0 ? k : 0;  // where the diagonal begins
  if (t->ndim == 2) {
    int64_t rows = t->shape[0] - row, columns = t->shape[1] - column, n = rows < columns ? rows : columns;
    if (n < 0) n = 0;
    if (gr_is_tracked(t)) {
      int64_t *at = gr_push_tensor(L, GR_I64, 1, &n)->data;
      for (int64_t i = 0; i < n; i++) at[i] = (row + i) * t->shape[1] + column + i;
      gr_push_picked(L, 1, 0, 2, lua_gettop(L));
      return 1;
    }
    gr_tensor view = *t;
    if (n)
      gr_tensor_view_slice(&view, &view, 0, row, 1, n), gr_tensor_view_slice(&view, &view, 1, column, 1, n);
    view.ndim = 1;
    view.shape[0] = n;
    view.stride[0] = t->stride[0] + t->stride[1];
    gr_push_view(L, &view, 1);
    return 1;
  }
  int64_t n = t->shape[0], side = n + row + column, shape[] = {side, side};
  if (gr_is_tracked(t)) {
    gr_tensor *at = gr_push_tensor(L, GR_I64, 2, shape);
    GR_TRY(L, gr_fill(at, (double)n, &err));
    for (int64_t i = 0; i < n; i++) ((int64_t *)at->data)[(row + i) * side + column + i] = i;
    push_pattern(L, t, 1);
    return 1;
  }
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)t->dtype, 2, shape), line = *out;
  GR_TRY(L, gr_fill(out, 0, &err));
  if (n == 0) return 1;
  line.data = (char *)out->data + (row * side + column) * (int64_t)gr_dtype_size((gr_dtype)t->dtype);
  line.ndim = 1;
  line.shape[0] = n;
  line.stride[0] = side + 1;
  GR_TRY(L, gr_copy(&line, t, &err));
  return 1;
}

// ---- triangles ----

// The columns from..to-1 of row i that the triangle keeps, of m.
static void kept_columns(bool lower, int64_t i, int64_t k, int64_t m, int64_t *from, int64_t *to) {
  int64_t edge = i + k + lower;  // the first column beyond (lower) or within (upper)
  if (edge < 0) edge = 0;
  if (edge > m) edge = m;
  *from = lower ? 0 : edge;
  *to = lower ? edge : m;
}

static int triangle(lua_State *L) {
  bool lower = lua_tointeger(L, lua_upvalueindex(1));
  const char *name = lower ? "tril" : "triu";
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_Integer k = luaL_optinteger(L, 2, 0);
  char text[GR_SHAPE_TEXT];
  if (t->ndim < 2)
    return luaL_error(L, "%s takes a matrix, or several along further axes in front, not shape %s", name,
                      gr_shape_text(text, t->ndim, t->shape));
  luaL_argcheck(L, k > -(1LL << 31) && k < 1LL << 31, 2, "no matrix has such a diagonal");
  int64_t n = t->shape[t->ndim - 2], m = t->shape[t->ndim - 1], from, to;
  if (gr_is_tracked(t)) {
    gr_tensor *at = gr_push_tensor(L, GR_I64, 2, (int64_t[]){n, m});
    GR_TRY(L, gr_fill(at, (double)(n * m), &err));
    for (int64_t i = 0; m > 0 && i < n; i++) {
      kept_columns(lower, i, k, m, &from, &to);
      for (int64_t c = from; c < to; c++) ((int64_t *)at->data)[i * m + c] = i * m + c;
    }
    push_pattern(L, t, 2);
    return 1;
  }
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)t->dtype, t->ndim, t->shape);
  if (gr_tensor_size(out) == 0) return 1;  // of however many rows
  GR_TRY(L, gr_fill(out, 0, &err));
  for (int64_t i = 0; i < n; i++) {  // row i of every matrix at once
    gr_tensor source, target;
    kept_columns(lower, i, k, m, &from, &to);
    gr_tensor_view_slice(&source, t, t->ndim - 2, i, 1, 1);
    gr_tensor_view_slice(&source, &source, t->ndim - 1, from, 1, to - from);
    gr_tensor_view_slice(&target, out, t->ndim - 2, i, 1, 1);
    gr_tensor_view_slice(&target, &target, t->ndim - 1, from, 1, to - from);
    GR_TRY(L, gr_copy(&target, &source, &err));
    gr_poll_sometimes(L, i);
  }
  return 1;
}

// ---- grids ----

static int meshgrid(lua_State *L) {
  static const char *const names[] = {"indexing", NULL};
  int n = lua_gettop(L);
  bool xy = true;
  if (n && lua_istable(L, n)) {
    gr_check_options(L, n, "meshgrid", names);
    if (gr_option(L, n, "indexing")) {
      const char *order = luaL_checkstring(L, -1);
      if (strcmp(order, "xy") != 0 && strcmp(order, "ij") != 0)
        return luaL_error(L, "meshgrid: indexing is \"xy\" or \"ij\", not \"%s\"", order);
      xy = order[0] == 'x';
    }
    lua_settop(L, --n);
  }
  if (n == 0 || n > GR_MAX_DIMS)
    return luaL_error(L, "meshgrid takes 1 to %d vectors, as in X, Y = meshgrid(x, y)", GR_MAX_DIMS);
  int64_t shape[GR_MAX_DIMS], column[GR_MAX_DIMS];
  int axis[GR_MAX_DIMS];
  for (int i = 0; i < n; i++) {
    const gr_tensor *t = gr_check_tensor(L, i + 1);
    if (t->ndim != 1)
      return luaL_error(L, "meshgrid takes vectors (tensors of one axis), and number %d has %d axes", i + 1,
                        t->ndim);
    axis[i] = xy && n > 1 && i < 2 ? 1 - i : i;
    shape[axis[i]] = t->shape[0];
  }
  luaL_checkstack(L, 4 * n, "meshgrid");
  for (int i = 0; i < n; i++) {
    const gr_tensor *t = gr_check_tensor(L, i + 1);
    for (int k = 0; k < n; k++) column[k] = k == axis[i] ? shape[k] : 1;
    gr_push_reshaped(L, i + 1, n, column);
    gr_push_expanded(L, -1, n, shape);
    if (!gr_is_tracked(t)) {
      const gr_tensor *view = gr_check_tensor(L, -1);
      GR_TRY(L, gr_copy(gr_push_tensor(L, (gr_dtype)t->dtype, n, shape), view, &err));
      lua_replace(L, -2);
    }
    lua_replace(L, i + 1);
    lua_settop(L, n);
  }
  return n;
}

// ---- one-hot rows ----

static int one_hot(lua_State *L) {
  gr_dtype dtype = GR_F64;
  int last = gr_creation_dtype(L, "one_hot", &dtype);
  gr_table_to_tensor(L, 1);
  gr_refuse_derivative(L, 1, "one_hot", "labels are names of classes, by which there is no derivative");
  gr_tensor number;
  double value;
  const gr_tensor *given = gr_check_operand(L, 1, GR_F64, &number, &value);
  bool named = last >= 2 && !lua_isnil(L, 2);
  lua_Integer classes = named ? luaL_checkinteger(L, 2) : 0;
  if (named && classes < 1) return luaL_error(L, "one_hot: there is at least one class, not %I", classes);
  if (given->ndim == GR_MAX_DIMS) return luaL_error(L, "one_hot: a tensor has at most %d axes", GR_MAX_DIMS);
  gr_tensor *labels = gr_push_tensor(L, GR_I64, given->ndim, given->shape);
  GR_TRY(L, gr_copy(labels, given, &err));
  const int64_t *label = labels->data;
  int64_t n = gr_tensor_size(labels), greatest = -1, shape[GR_MAX_DIMS];
  for (int64_t i = 0; i < n; i++) {
    if (label[i] < 0)
      return luaL_error(L,
                        "one_hot: label %I (number %I of them) is negative: labels are data and count from 0",
                        (lua_Integer)label[i], (lua_Integer)i + 1);
    if (named && label[i] >= classes)
      return luaL_error(
          L,
          "one_hot: label %I (number %I of them) is none of %I classes: labels are data and count from "
          "0, here to %I",
          (lua_Integer)label[i], (lua_Integer)i + 1, classes, classes - 1);
    if (label[i] > greatest) greatest = label[i];
  }
  if (!named) classes = greatest + (greatest < INT64_MAX);
  memcpy(shape, labels->shape, sizeof shape);
  shape[labels->ndim] = classes;
  gr_tensor *out = gr_push_tensor(L, dtype, labels->ndim + 1, shape), flat;
  GR_TRY(L, gr_fill(out, 0, &err));
  GR_TRY(L, gr_tensor_view_reshape(&flat, out, 2, (int64_t[]){n, classes}, &err));
  for (int64_t i = 0; i < n; i++) {
    gr_tensor_set(&flat, (int64_t[]){i, label[i]}, 1);
    gr_poll_sometimes(L, i);
  }
  return 1;
}

static const gr_function both[] = {
    {"diag", diag,
     "diag(t, k=0) -> tensor\n\n"
     "Of a matrix its diagonal, as a view; of a vector the matrix with that diagonal and zeros elsewhere, a "
     "copy. k "
     "counts diagonals from the main one: above it for positive k, below for negative.\n\n"
     "> diag(tensor{{1, 2}, {3, 4}})\n"
     "[1. 4.]\n"
     "> diag(tensor{5, 6})\n"
     "[[5. 0.]\n"
     " [0. 6.]]"},
    {"tril", triangle,
     "tril(t, k=0) -> tensor\n\n"
     "The lower triangle of a matrix, or of each matrix along the last two axes: zeros above diagonal k. A "
     "copy.\n\n"
     "> tril(ones(2, 3))\n"
     "[[1. 0. 0.]\n"
     " [1. 1. 0.]]",
     1},
    {"triu", triangle,
     "triu(t, k=0) -> tensor\n\n"
     "The upper triangle of a matrix, or of each matrix along the last two axes: zeros below diagonal k. A "
     "copy.\n\n"
     "> triu(ones(2, 3), 1)\n"
     "[[0. 1. 1.]\n"
     " [0. 0. 1.]]",
     0},
    {"one_hot", one_hot,
     "one_hot(labels, classes, {dtype=\"float64\"}) -> tensor\n\n"
     "For each class label a row of zeros with a 1 at its class. Labels are data and count from 0, as in "
     "files: "
     "label 0 is the first column. Their shape gets one more axis, of size `classes`, which is the greatest "
     "label "
     "plus one when it is not given.\n\n"
     "> one_hot({0, 2, 1}, 3)\n"
     "[[1. 0. 0.]\n"
     " [0. 0. 1.]\n"
     " [0. 1. 0.]]"},
    {NULL},
};

static const gr_function functions[] = {
    {"eye", eye,
     "eye(n, m=n, {dtype=\"float64\"}) -> tensor\n\n"
     "The identity: an (n, m) matrix with 1 on its diagonal and 0 elsewhere.\n\n"
     "> eye(2)\n"
     "[[1. 0.]\n"
     " [0. 1.]]"},
    {"meshgrid", meshgrid,
     "meshgrid(x, y, ..., {indexing=\"xy\"}) -> tensor, tensor, ...\n\n"
     "The coordinates of all points of a grid: from vectors of n and m numbers two (m, n) matrices, the "
     "first with "
     "x along its rows, the second with y down its columns. With indexing=\"ij\" axis i belongs to vector i, "
     "so "
     "that they are (n, m). Copies.\n\n"
     "> X, Y = meshgrid(tensor{1, 2, 3}, tensor{10, 20})\n"
     "> X + Y\n"
     "[[11. 12. 13.]\n"
     " [21. 22. 23.]]"},
    {NULL},
};

void gr_add_matrices(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
}
