#include "bind/moving.h"

#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/gather.h"

static gr_tensor *boxed(lua_State *L, int base) { return &((gr_box *)lua_touserdata(L, base))->tensor; }

void gr_push_reshaped(lua_State *L, int base, int ndim, const int64_t *shape) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base);
  if (gr_is_tracked(t)) {
    // Where axis 0 stays, say so: rows then remain rows, also in a recorded step over other numbers of them.
    bool rows = t->ndim > 0 && ndim > 0 && shape[0] == t->shape[0];
    gr_op_args args = {.ndim = ndim - rows, .keepdims = rows};
    memcpy(args.shape, shape + rows, (size_t)(ndim - rows) * sizeof shape[0]);
    gr_apply_tracked(L, &gr_op_reshape, &args, 1, &base);
    return;
  }
  gr_tensor view, layout;
  gr_err refused;
  if (!gr_tensor_view_reshape(&view, t, ndim, shape, &refused)) {
    gr_push_view(L, &view, base);
    return;
  }
  if (gr_tensor_layout(&layout, (gr_dtype)t->dtype, ndim, shape, &refused) ||
      gr_tensor_size(&layout) != gr_tensor_size(t))
    gr_raise(L, &refused);
  gr_tensor *copy = gr_push_tensor(L, (gr_dtype)t->dtype, ndim, shape);
  GR_TRY(L, gr_tensor_view_reshape(&view, copy, t->ndim, t->shape, &err));
  GR_TRY(L, gr_copy(&view, t, &err));
}

void gr_push_permuted(lua_State *L, int base, const int *axes) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base);
  if (gr_is_tracked(t)) {
    gr_op_args args = {0};
    memcpy(args.order, axes, t->ndim * sizeof axes[0]);
    gr_apply_tracked(L, &gr_op_transpose, &args, 1, &base);
    return;
  }
  gr_tensor *view = gr_push_view(L, t, base);
  GR_TRY(L, gr_tensor_view_permute(view, t, axes, &err));
}

int gr_push_transposed(lua_State *L, int base) {
  const gr_tensor *t = boxed(L, base);
  if (t->ndim == 2 && !gr_is_tracked(t)) {  // the most frequent
    gr_tensor *view = gr_push_view(L, t, base);
    for (int i = 0; i < 2; i++) {
      view->shape[i] = t->shape[1 - i];
      view->stride[i] = t->stride[1 - i];
    }
    return 1;
  }
  int axes[GR_MAX_DIMS];
  for (int i = 0; i < t->ndim; i++) axes[i] = t->ndim - 1 - i;
  gr_push_permuted(L, base, axes);
  return 1;
}

void gr_slice_whole(gr_op_args *slice) {
  *slice = (gr_op_args){0};
  for (int i = 0; i < GR_MAX_DIMS; i++) slice->shape[i] = -1;
}

void gr_push_sliced(lua_State *L, int base, const gr_op_args *slice) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base);
  if (gr_is_tracked(t)) {
    gr_apply_tracked(L, &gr_op_slice, slice, 1, &base);
    return;
  }
  gr_tensor view = gr_slice_view(slice, t);
  gr_push_view(L, &view, base);
}

void gr_push_expanded(lua_State *L, int base, int ndim, const int64_t *shape) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base);
  if (gr_is_tracked(t)) {
    gr_op_args args = {.kind = t->dtype, .ndim = ndim};
    memcpy(args.shape, shape, (size_t)ndim * sizeof shape[0]);
    if (ndim > 0 && ndim == t->ndim && shape[0] == t->shape[0]) args.shape[0] = -1;
    gr_apply_tracked(L, &gr_op_expand, &args, 1, &base);
    return;
  }
  gr_tensor view;
  GR_TRY(L, gr_tensor_view_broadcast(&view, t, ndim, shape, &err));
  gr_push_view(L, &view, base);
}

void gr_push_copy(lua_State *L, int base, gr_dtype dtype) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base);
  if (gr_is_tracked(t)) {
    gr_op_args args = {.kind = dtype, .ndim = t->ndim};
    memcpy(args.shape, t->shape, sizeof args.shape);
    if (t->ndim) args.shape[0] = -1;
    gr_apply_tracked(L, &gr_op_expand, &args, 1, &base);
    return;
  }
  GR_TRY(L, gr_copy(gr_push_tensor(L, dtype, t->ndim, t->shape), t, &err));
}

void gr_push_picked(lua_State *L, int base, int axis, int axes, int positions) {
  base = lua_absindex(L, base);
  const gr_tensor *t = boxed(L, base), *named = boxed(L, lua_absindex(L, positions));
  int64_t shape[GR_MAX_DIMS + 1], count = gr_tensor_size(named);
  int after = t->ndim - axis - axes, ndim = axis + named->ndim + after;
  if (ndim > GR_MAX_DIMS)
    luaL_error(L, "the result would have %d axes: a tensor has at most %d", ndim, GR_MAX_DIMS);
  memcpy(shape, t->shape, (size_t)axis * sizeof shape[0]);
  memcpy(shape + axis, named->shape, named->ndim * sizeof shape[0]);
  memcpy(shape + axis + named->ndim, t->shape + axis + axes, (size_t)after * sizeof shape[0]);
  if (gr_is_tracked(t)) {
    gr_op_args args = {.start = {axis}, .step = {axes}};
    gr_push_reshaped(L, positions, 1, &count);
    gr_apply_tracked(L, &gr_op_take, &args, 2, (int[]){base, lua_gettop(L)});
    if (named->ndim != 1) gr_push_reshaped(L, -1, ndim, shape);
    return;
  }
  const gr_picks picks = {.axis = axis, .axes = axes, .position = named->data, .count = count};
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)t->dtype, ndim, shape), flat = *out;
  // The result with one axis for the positions.
  memcpy(shape + axis + 1, t->shape + axis + axes, (size_t)after * sizeof shape[0]);
  shape[axis] = count;
  GR_TRY(L, gr_tensor_view_reshape(&flat, out, axis + 1 + after, shape, &err));
  GR_TRY(L, gr_gather(&flat, t, &picks, &err));
}

void gr_push_picked_list(lua_State *L, int base, int axis, int64_t n, const int64_t *at) {
  base = lua_absindex(L, base);
  gr_tensor *positions = gr_push_tensor(L, GR_I64, 1, &n);
  if (n) memcpy(positions->data, at, (size_t)n * sizeof *at);
  gr_push_picked(L, base, axis, 1, lua_gettop(L));
}

gr_tensor *gr_push_positions(lua_State *L, int index, const gr_tensor *t, int axis) {
  index = lua_absindex(L, index);
  gr_table_to_tensor(L, index);
  gr_tensor number;
  double value;
  gr_refuse_derivative(L, index, "an index",
                       "positions are whole numbers: nothing changes by a little with them");
  const gr_tensor *named = gr_check_operand(L, index, GR_F64, &number, &value);
  if (named->dtype == GR_BOOL)
    luaL_error(L, "positions are whole numbers, and this is a mask: t[mask] picks by one");
  gr_tensor *out = gr_push_tensor(L, GR_I64, named->ndim, named->shape);
  GR_TRY(L, gr_read_positions(out->data, named, t, axis, &err));
  return out;
}

void gr_check_writable(lua_State *L, const gr_tensor *t, const char *name) {
  for (int axis = 0; axis < t->ndim; axis++)
    if (t->stride[axis] == 0 && t->shape[axis] > 1)
      luaL_error(
          L,
          "%s changes the tensor in place, and this one repeats the same numbers along axis %d (it was "
          "broadcast): change a clone of it",
          name, axis + 1);
}

void gr_table_to_tensor(lua_State *L, int index) {
  if (!lua_istable(L, index)) return;
  index = lua_absindex(L, index);
  lua_getfield(L, LUA_REGISTRYINDEX, "gradus.tensor");
  lua_pushvalue(L, index);
  lua_call(L, 1, 1);
  lua_replace(L, index);
}
