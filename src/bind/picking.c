// Numbers by their positions, as functions: take, put and what finds positions.
#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"
#include "kernel/gather.h"

// The axis at stack index `index`, or `absent` (0-based) when there is none.
static int axis_or(lua_State *L, int index, const gr_tensor *t, int absent, const char *name) {
  if (t->ndim == 0) luaL_error(L, "%s: a tensor without axes has no positions: it is one number", name);
  return lua_isnoneornil(L, index) ? absent : gr_check_axis(L, index, t->ndim, name);
}

static int take(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int axis = axis_or(L, 3, t, 0, "take");
  const gr_tensor *mask = gr_test_tensor(L, 2);
  if (!mask || mask->dtype != GR_BOOL) {
    gr_push_positions(L, 2, t, axis);
  } else {
    char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
    if (mask->ndim != 1 || mask->shape[0] != t->shape[axis])
      return luaL_error(L, "take: a mask of shape %s does not fit axis %d of shape %s",
                        gr_shape_text(a, mask->ndim, mask->shape), axis + 1,
                        gr_shape_text(b, t->ndim, t->shape));
    int64_t count = gr_count_true(mask);
    int64_t *at = gr_push_tensor(L, GR_I64, 1, &count)->data;
    GR_TRY(L, gr_true_positions(at, mask, &err));
  }
  gr_push_picked(L, 1, axis, 1, lua_gettop(L));
  if (t->ndim == 1 && gr_check_tensor(L, -1)->ndim == 0 && !gr_is_tracked(t))
    gr_push_element(L, gr_check_tensor(L, -1), NULL);
  return 1;
}

// Pushes for each position along `axis` where it lies among all elements of t: the other axes go along with
// those of t, one of size 1 with every entry of the other.
static void push_along(lua_State *L, const gr_tensor *t, int positions, int axis, const char *name) {
  const gr_tensor *at = gr_check_tensor(L, positions);
  char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
  int64_t shape[GR_MAX_DIMS], unit[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0};
  bool fits = at->ndim == t->ndim;
  for (int i = t->ndim; fits && i-- > 0;) {
    shape[i] = i == axis || t->shape[i] == 1 ? at->shape[i] : t->shape[i];
    unit[i] = i + 1 == t->ndim ? 1 : unit[i + 1] * t->shape[i + 1];
    fits = i == axis || t->shape[i] == 1 || at->shape[i] == 1 || at->shape[i] == t->shape[i];
  }
  if (!fits)
    luaL_error(L,
               "%s: positions of shape %s beside a tensor of shape %s: they need as many axes, and the same "
               "sizes but along axis %d",
               name, gr_shape_text(a, at->ndim, at->shape), gr_shape_text(b, t->ndim, t->shape), axis + 1);
  for (int i = 0; i < t->ndim; i++)
    if (i != axis && t->shape[i] == 1) unit[i] = 0;
  gr_tensor *out = gr_push_tensor(L, GR_I64, t->ndim, shape);
  GR_TRY(L, gr_copy(out, at, &err));
  int64_t *to = out->data, total = gr_tensor_size(out);
  for (int64_t i = 0; i < total; i++) {
    to[i] *= unit[axis];
    for (int k = 0; k < t->ndim; k++)
      if (k != axis) to[i] += index[k] * unit[k];
    for (int k = t->ndim; k-- > 0 && ++index[k] == shape[k];) index[k] = 0;
    gr_poll_sometimes(L, i);
  }
}

static int take_along_axis(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int axis = axis_or(L, 3, t, t->ndim - 1, "take_along_axis");
  gr_push_positions(L, 2, t, axis);
  push_along(L, t, lua_gettop(L), axis, "take_along_axis");
  gr_push_picked(L, 1, 0, t->ndim, lua_gettop(L));
  return 1;
}

static int put(lua_State *L) {
  gr_tensor *t = gr_check_tensor(L, 1), number;
  double memory;
  for (int i = 1; i <= 3; i += 2)
    gr_refuse_derivative(
        L, i, "put",
        "what changes numbers in place keeps no way back for gradients: where and concatenate "
        "make a new tensor, with one");
  gr_check_writable(L, t, "put");
  const gr_tensor *at = gr_push_positions(L, 2, t, -1);
  gr_table_to_tensor(L, 3);
  const gr_tensor *value = gr_check_operand(L, 3, GR_F64, &number, &memory);
  gr_tensor *own = gr_push_tensor(L, (gr_dtype)t->dtype, at->ndim, at->shape), flat;
  GR_TRY(L, gr_copy(own, value, &err));
  int64_t count = gr_tensor_size(at);
  if (count == 0) return 0;
  GR_TRY(L, gr_tensor_view_reshape(&flat, own, 1, &count, &err));
  const gr_picks picks = {.axes = t->ndim, .position = at->data, .count = count};
  gr_buffer_changes(t->buffer);
  GR_TRY(L, gr_scatter(t, &flat, &picks, &err));
  return 0;
}

// Pushes where t is not 0: an int64 tensor of shape (count, axes) of 1-based positions.
static gr_tensor *push_where_true(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  gr_tensor *mask = gr_push_tensor(L, GR_BOOL, t->ndim, t->shape);
  GR_TRY(L, gr_copy(mask, t, &err));
  int64_t count = gr_count_true(mask), axes = t->ndim;
  int64_t *at = gr_push_tensor(L, GR_I64, 1, &count)->data;
  GR_TRY(L, gr_true_positions(at, mask, &err));
  gr_tensor *out = gr_push_tensor(L, GR_I64, 2, (int64_t[]){count, axes});
  int64_t *to = out->data;
  for (int64_t i = 0; i < count; i++) {
    for (int64_t k = axes, left = at[i]; k-- > 0; left /= t->shape[k])
      to[i * axes + k] = left % t->shape[k] + 1;
    gr_poll_sometimes(L, i);
  }
  return out;
}

static int argwhere(lua_State *L) {
  push_where_true(L);
  return 1;
}

static int nonzero(lua_State *L) {
  int axes = gr_check_tensor(L, 1)->ndim;
  if (axes == 0) return luaL_error(L, "nonzero: a tensor without axes has no positions: it is one number");
  gr_tensor *all = push_where_true(L), column;
  int base = lua_gettop(L);
  for (int i = 0; i < axes; i++) {
    gr_tensor_view_select(&column, all, 1, i);
    gr_tensor *out = gr_push_tensor(L, GR_I64, 1, all->shape);
    GR_TRY(L, gr_copy(out, &column, &err));
  }
  lua_remove(L, base);
  return axes;
}

static const gr_function both[] = {
    {"take", take,
     "take(t, positions, axis=1) -> tensor\n\n"
     "The entries of t along an axis (the rows, by default) at the positions in a table or tensor of whole "
     "numbers, counted from 1, negative from the end; their axes take the place of that axis. Or those where "
     "a "
     "bool tensor is true. A copy, not a view. A position may come several times. Along the rows, "
     "t[positions] is "
     "the same. (NumPy's take counts along all elements unless it is told an axis.)\n\n"
     "> take(tensor{10, 20, 30}, {3, 1})\n"
     "[30. 10.]\n"
     "> tensor{{1, 2, 3}, {4, 5, 6}}:take({3, 3, 1}, 2)\n"
     "[[3. 3. 1.]\n"
     " [6. 6. 4.]]"},
    {"take_along_axis", take_along_axis,
     "take_along_axis(t, positions, axis=-1) -> tensor\n\n"
     "One position for each row, not the same ones for all: out[{i, j}] is t[{i, positions[{i, j}]}] along "
     "the "
     "last axis of a matrix. `positions` has as many axes as t, and the same sizes but along that axis (or "
     "1). A "
     "copy. With what argmax finds, it gives the greatest.\n\n"
     "> t = tensor{{3, 9, 4}, {8, 1, 7}}\n"
     "> take_along_axis(t, t:argmax{axis=2, keepdims=true}, 2)\n"
     "[[9.]\n"
     " [8.]]"},
    {"put", put,
     "put(t, positions, values)\n\n"
     "Writes values into t at positions counted from 1 along all its elements, row after row. `values` is a "
     "number or a tensor that broadcasts to the positions. All positions are checked before anything is "
     "written.\n\n"
     "> t = zeros(2, 3)\n"
     "> t:put({1, 6}, {7, 8})\n"
     "> t\n"
     "[[7. 0. 0.]\n"
     " [0. 0. 8.]]"},
    {"nonzero", nonzero,
     "nonzero(t) -> tensor, tensor, ...\n\n"
     "Where t is not 0 (or is true): one int64 tensor of positions for each axis, counted from 1, row after "
     "row. "
     "t[{nonzero(t)}] are those numbers. argwhere gives the same as one tensor.\n\n"
     "> rows, columns = nonzero(tensor{{0, 5}, {6, 0}})\n"
     "> rows\n"
     "[1 2]\n"
     "> columns\n"
     "[2 1]"},
    {"argwhere", argwhere,
     "argwhere(t) -> tensor\n\n"
     "The positions where t is not 0 (or is true), one a row, counted from 1: shape (how many, axes of "
     "t).\n\n"
     "> argwhere(tensor{{0, 5}, {6, 0}})\n"
     "[[1 2]\n"
     " [2 1]]"},
    {NULL},
};

void gr_add_picking(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
