// Views and copies in another shape, order or dtype.
#include "bind/bind.h"

#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"

// A contiguous version of the tensor at `index`: itself, or a clone that is pushed and whose index is
// returned.
static int contiguous(lua_State *L, int index) {
  const gr_tensor *t = gr_check_tensor(L, index);
  if (gr_tensor_is_contiguous(t)) return index;
  gr_tensor *copy = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
  GR_TRY(L, gr_copy(copy, t, &err));
  return lua_gettop(L);
}

static int reshape(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int64_t shape[GR_MAX_DIMS], known = 1;
  int ndim = gr_check_shape(L, 2, lua_gettop(L), shape), free_axis = -1;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] != -1) {
      if (__builtin_mul_overflow(known, shape[i] ? shape[i] : 1, &known))
        known = INT64_MAX;  // divides nothing
      continue;
    }
    if (free_axis >= 0) return luaL_error(L, "reshape: only one size can be -1 (the one to be worked out)");
    free_axis = i;
  }
  int64_t size = gr_tensor_size(t);
  if (free_axis >= 0) {
    if (size % known) {
      char text[GR_SHAPE_TEXT];
      return luaL_error(L, "reshape: %I elements (shape %s) cannot be divided into rows of %I",
                        (lua_Integer)size, gr_shape_text(text, t->ndim, t->shape), (lua_Integer)known);
    }
    shape[free_axis] = size / known;
  }
  if (gr_is_tracked(t)) {
    gr_op_args args = {.ndim = ndim};
    memcpy(args.shape, shape, sizeof shape);
    return gr_apply_tracked(L, &gr_op_reshape, &args, 1, (int[]){1});
  }
  int base = contiguous(L, 1);
  gr_tensor view;
  GR_TRY(L, gr_tensor_view_reshape(&view, gr_check_tensor(L, base), ndim, shape, &err));
  gr_push_view(L, &view, base);
  return 1;
}

static int flatten(lua_State *L) {
  gr_refuse_tracked(L, 1, "flatten");
  int base = contiguous(L, 1);
  const gr_tensor *t = gr_check_tensor(L, base);
  int64_t size = gr_tensor_size(t);
  gr_tensor view;
  GR_TRY(L, gr_tensor_view_reshape(&view, t, 1, &size, &err));
  gr_push_view(L, &view, base);
  return 1;
}

static int transpose(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int axes[GR_MAX_DIMS], n = lua_gettop(L) - 1;
  if (n != 0 && n != t->ndim)
    return luaL_error(
        L,
        "transpose: a tensor of %d axes needs %d of them in their new order, or none to reverse them; got %d",
        t->ndim, t->ndim, n);
  for (int i = 0; i < t->ndim; i++)
    axes[i] = n ? gr_check_axis(L, i + 2, t->ndim, "transpose") : t->ndim - 1 - i;
  gr_push_permuted(L, 1, axes);
  return 1;
}

static int expand_dims(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int axis = gr_check_axis(L, 2, t->ndim + 1, "expand_dims");
  gr_refuse_tracked(L, 1, "expand_dims");
  if (t->ndim == GR_MAX_DIMS) return luaL_error(L, "expand_dims: a tensor has at most %d axes", GR_MAX_DIMS);
  gr_tensor view = *t;
  view.ndim++;
  for (int i = t->ndim; i > axis; i--) {
    view.shape[i] = t->shape[i - 1];
    view.stride[i] = t->stride[i - 1];
  }
  view.shape[axis] = 1;
  view.stride[axis] = 0;
  gr_push_view(L, &view, 1);
  return 1;
}

static int squeeze(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_refuse_tracked(L, 1, "squeeze");
  gr_tensor view = *t;
  int only = lua_isnoneornil(L, 2) ? -1 : gr_check_axis(L, 2, t->ndim, "squeeze");
  if (only >= 0 && t->shape[only] != 1)
    return luaL_error(L, "squeeze: axis %d has size %I; only an axis of size 1 can go", only + 1,
                      (lua_Integer)t->shape[only]);
  view.ndim = 0;
  for (int i = 0; i < t->ndim; i++)
    if (t->shape[i] != 1 || (only >= 0 && i != only)) {
      view.shape[view.ndim] = t->shape[i];
      view.stride[view.ndim++] = t->stride[i];
    }
  gr_push_view(L, &view, 1);
  return 1;
}

static int clone(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_refuse_tracked(L, 1, "clone");
  GR_TRY(L, gr_copy(gr_push_tensor(L, t->dtype, t->ndim, t->shape), t, &err));
  return 1;
}

static int astype(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_refuse_tracked(L, 1, "astype");
  gr_dtype dtype = gr_check_dtype(L, 2);
  GR_TRY(L, gr_copy(gr_push_tensor(L, dtype, t->ndim, t->shape), t, &err));
  return 1;
}

// The tensors of the table at index 1 as boxes: numbers and tables in it become tensors. Returns how many.
static int check_list(lua_State *L, const char *name) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 1);
  if (n == 0) return luaL_error(L, "%s needs at least one tensor", name);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 1, i);
    if (!gr_test_tensor(L, -1))
      return luaL_error(L, "%s takes a table of tensors, but entry %I is %s", name, i, luaL_typename(L, -1));
    gr_refuse_tracked(L, -1, name);
    lua_pop(L, 1);
  }
  return (int)n;
}

static const gr_tensor *entry(lua_State *L, int i) {
  lua_geti(L, 1, i);
  const gr_tensor *t = gr_check_tensor(L, -1);
  lua_pop(L, 1);  // the table keeps it
  return t;
}

// concatenate joins along an axis that is there; stack makes a new one (every part then has size 1 along it).
static int join(lua_State *L, const char *name, bool new_axis) {
  int n = check_list(L, name);
  const gr_tensor *first = entry(L, 1);
  int ndim = first->ndim + new_axis;
  if (ndim == 0 || ndim > GR_MAX_DIMS)
    return luaL_error(L, "%s: a tensor has 1 to %d axes", name, GR_MAX_DIMS);
  int axis = lua_isnoneornil(L, 2) ? 0 : gr_check_axis(L, 2, ndim, name);
  int64_t shape[GR_MAX_DIMS] = {0};
  for (int i = 0, k = 0; i < ndim; i++) shape[i] = new_axis && i == axis ? 0 : first->shape[k++];
  if (!new_axis) shape[axis] = 0;
  gr_dtype dtype = first->dtype;
  for (int i = 1; i <= n; i++) {
    const gr_tensor *t = entry(L, i);
    bool fits = t->ndim == first->ndim;
    for (int a = 0; fits && a < t->ndim; a++)
      fits = t->shape[a] == first->shape[a] || (!new_axis && a == axis);
    char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
    if (!fits)
      return luaL_error(
          L, "%s: entry %d has shape %s and the first has %s; %s", name, i,
          gr_shape_text(ta, t->ndim, t->shape), gr_shape_text(tb, first->ndim, first->shape),
          new_axis ? "all must be the same" : "they may differ only along the axis that is joined");
    shape[axis] += new_axis ? 1 : t->shape[axis];
    if (t->dtype != dtype) dtype = gr_dtype_promote(dtype, t->dtype);
  }
  gr_tensor *out = gr_push_tensor(L, dtype, ndim, shape);
  int64_t at = 0;
  for (int i = 1; i <= n; i++) {
    const gr_tensor *t = entry(L, i);
    gr_tensor part;
    if (new_axis)
      gr_tensor_view_select(&part, out, axis, at++);
    else {
      gr_tensor_view_slice(&part, out, axis, at, 1, t->shape[axis]);
      at += t->shape[axis];
    }
    GR_TRY(L, gr_copy(&part, t, &err));
  }
  return 1;
}

static int concatenate(lua_State *L) { return join(L, "concatenate", false); }
static int stack(lua_State *L) { return join(L, "stack", true); }

static const gr_function both[] = {
    {"reshape", reshape,
     "reshape(t, d1, d2, ...) -> tensor\n\n"
     "The same numbers in row-major order under another shape; one size may be -1 and is worked out. A view "
     "of t where its numbers\n"
     "lie in order (changing one changes the other), a copy otherwise.\n\n"
     "> arange(6):reshape(2, -1)\n"
     "[[0. 1. 2.]\n"
     " [3. 4. 5.]]"},
    {"flatten", flatten,
     "flatten(t) -> tensor\n\n"
     "All numbers along one axis, row after row. A view where t's numbers lie in order.\n\n"
     "> tensor{{1, 2}, {3, 4}}:flatten()\n"
     "[1. 2. 3. 4.]"},
    {"transpose", transpose,
     "transpose(t, axis1, axis2, ...) -> tensor\n\n"
     "The axes in another order; without any, in reverse order, as t.T. A view.\n\n"
     "> tensor{{1, 2, 3}}:transpose()\n"
     "[[1.]\n"
     " [2.]\n"
     " [3.]]"},
    {"expand_dims", expand_dims,
     "expand_dims(t, axis) -> tensor\n\n"
     "A view with one more axis, of size 1, at position `axis`. expand_dims(x, -1) gives grey pictures their "
     "channel axis.\n\n"
     "> expand_dims(zeros(4, 50, 50), -1).shape\n"
     "{4, 50, 50, 1}"},
    {"squeeze", squeeze,
     "squeeze(t, axis) -> tensor\n\n"
     "A view without its axes of size 1, or without the one named, which must have size 1.\n\n"
     "> tensor{{1, 2, 3}}:squeeze()\n"
     "[1. 2. 3.]"},
    {"clone", clone,
     "clone(t) -> tensor\n\n"
     "A copy with memory of its own.\n\n"
     "> clone(tensor{1, 2})\n"
     "[1. 2.]"},
    {"astype", astype,
     "astype(t, dtype) -> tensor\n\n"
     "A copy with numbers of another dtype: float64, float32, int64, uint8 or bool. A number that the dtype "
     "cannot hold (2.5 or\n"
     "300 as uint8) is an error that names it, never wrapped or cut off; round or clip first.\n\n"
     "> tensor{1, 2}:astype(\"uint8\")\n"
     "[1 2]"},
    {NULL},
};

static const gr_function functions[] = {
    {"concatenate", concatenate,
     "concatenate({t1, t2, ...}, axis=1) -> tensor\n\n"
     "The tensors one behind the other along an axis; their other sizes must be equal. Dtypes that differ "
     "become the one that arithmetic on them has.\n\n"
     "> concatenate{tensor{1, 2}, tensor{3}}\n"
     "[1. 2. 3.]"},
    {"stack", stack,
     "stack({t1, t2, ...}, axis=1) -> tensor\n\n"
     "Tensors of one shape along a new axis.\n\n"
     "> stack{tensor{1, 2}, tensor{3, 4}}\n"
     "[[1. 2.]\n"
     " [3. 4.]]"},
    {NULL},
};

void gr_add_shaping(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
}
