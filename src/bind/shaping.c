// The same numbers under another shape, in another order of axes, or of another dtype.
#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"

// Works out the one size that is -1.
static void complete_shape(lua_State *L, const gr_tensor *t, int ndim, int64_t *shape) {
  int64_t known = 1, size = gr_tensor_size(t);
  int free_axis = -1;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] != -1) {
      if (__builtin_mul_overflow(known, shape[i], &known)) known = INT64_MAX;  // divides nothing
      continue;
    }
    if (free_axis >= 0) luaL_error(L, "reshape: only one size can be -1 (the one to be worked out)");
    free_axis = i;
  }
  if (free_axis < 0) return;
  if (known == 0 || size % known) {
    char text[GR_SHAPE_TEXT];
    luaL_error(L, "reshape: %I elements (shape %s) cannot be divided into rows of %I", (lua_Integer)size,
               gr_shape_text(text, t->ndim, t->shape), (lua_Integer)known);
  }
  shape[free_axis] = size / known;
}

static int reshape(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_check_shape(L, 2, lua_gettop(L), shape);
  complete_shape(L, t, ndim, shape);
  gr_push_reshaped(L, 1, ndim, shape);
  return 1;
}

static int flatten(lua_State *L) {
  int64_t size = gr_tensor_size(gr_check_tensor(L, 1));
  gr_push_reshaped(L, 1, 1, &size);
  return 1;
}

static int transpose(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (lua_istable(L, 2)) {  // transpose(t, {2, 1}), as NumPy's tuple
    lua_Integer n = luaL_len(L, 2);
    luaL_argcheck(L, n <= GR_MAX_DIMS, 2, "too many axes");
    for (lua_Integer i = 1; i <= n; i++) lua_geti(L, 2, i);
    lua_remove(L, 2);
  }
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

static int swapaxes(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int a = gr_check_axis(L, 2, t->ndim, "swapaxes"), b = gr_check_axis(L, 3, t->ndim, "swapaxes");
  int axes[GR_MAX_DIMS];
  for (int i = 0; i < t->ndim; i++) axes[i] = i == a ? b : i == b ? a : i;
  gr_push_permuted(L, 1, axes);
  return 1;
}

static int moveaxis(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int from = gr_check_axis(L, 2, t->ndim, "moveaxis"), to = gr_check_axis(L, 3, t->ndim, "moveaxis");
  int axes[GR_MAX_DIMS];
  for (int i = 0, k = 0; i < t->ndim; i++) {
    if (k == from) k++;
    axes[i] = i == to ? from : k++;
  }
  gr_push_permuted(L, 1, axes);
  return 1;
}

static int expand_dims(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int axis = gr_check_axis(L, 2, t->ndim + 1, "expand_dims");
  if (t->ndim == GR_MAX_DIMS) return luaL_error(L, "expand_dims: a tensor has at most %d axes", GR_MAX_DIMS);
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i <= t->ndim; i++) shape[i] = i == axis ? 1 : t->shape[i - (i > axis)];
  gr_push_reshaped(L, 1, t->ndim + 1, shape);
  return 1;
}

static int squeeze(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  bool any = lua_isnoneornil(L, 2);
  int only = any ? -1 : gr_check_axis(L, 2, t->ndim, "squeeze"), ndim = 0;
  int64_t shape[GR_MAX_DIMS];
  if (!any && t->shape[only] != 1)
    return luaL_error(L, "squeeze: axis %d has size %I; only an axis of size 1 can go", only + 1,
                      (lua_Integer)t->shape[only]);
  for (int i = 0; i < t->ndim; i++)
    if (any ? t->shape[i] != 1 : i != only) shape[ndim++] = t->shape[i];
  gr_push_reshaped(L, 1, ndim, shape);
  return 1;
}

static int broadcast_to(lua_State *L) {
  gr_check_tensor(L, 1);
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_check_shape(L, 2, lua_gettop(L), shape);
  gr_push_expanded(L, 1, ndim, shape);
  return 1;
}

static int clone(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_push_copy(L, 1, (gr_dtype)t->dtype);
  return 1;
}

static int astype(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_dtype dtype = gr_check_dtype(L, 2);
  if (gr_is_tracked(t) && !gr_dtype_is_float(dtype))
    return luaL_error(
        L,
        "astype: gradients need float64 or float32, and %s has none: t:detach():astype(\"%s\") gives "
        "the plain numbers",
        gr_dtype_name(dtype), gr_dtype_name(dtype));
  gr_push_copy(L, 1, dtype);
  return 1;
}

static const gr_function both[] = {
    {"reshape", reshape,
     "reshape(t, d1, d2, ...) -> tensor\n\n"
     "The same numbers in row-major order under another shape, given as numbers or as one table; one size "
     "may be "
     "-1 and is worked out. A view of t where its numbers lie so that it can be (changing one then changes "
     "the "
     "other), a copy otherwise, as of a transpose.\n\n"
     "> arange(6):reshape(2, -1)\n"
     "[[0. 1. 2.]\n"
     " [3. 4. 5.]]"},
    {"flatten", flatten,
     "flatten(t) -> tensor\n\n"
     "All numbers along one axis, row after row. A view where t's numbers lie in order, a copy otherwise.\n\n"
     "> tensor{{1, 2}, {3, 4}}:flatten()\n"
     "[1. 2. 3. 4.]"},
    {"transpose", transpose,
     "transpose(t, axis1, axis2, ...) -> tensor\n\n"
     "The axes in another order: axis i of the result is the i-th one named. Without any, in reverse order, "
     "as "
     "t.T. A view.\n\n"
     "> tensor{{1, 2, 3}}:transpose()\n"
     "[[1.]\n"
     " [2.]\n"
     " [3.]]\n"
     "> zeros(2, 3, 4):transpose(3, 1, 2).shape\n"
     "{4, 2, 3}"},
    {"swapaxes", swapaxes,
     "swapaxes(t, axis1, axis2) -> tensor\n\n"
     "t with two axes exchanged. A view.\n\n"
     "> swapaxes(zeros(2, 3, 4), 1, 3).shape\n"
     "{4, 3, 2}"},
    {"moveaxis", moveaxis,
     "moveaxis(t, from, to) -> tensor\n\n"
     "t with one axis at another place; the others keep their order. Pictures with their channels first, "
     "(channels, height, width), become the (height, width, channels) of this program with moveaxis(t, 1, "
     "-1). A "
     "view.\n\n"
     "> moveaxis(zeros(3, 28, 32), 1, -1).shape\n"
     "{28, 32, 3}"},
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
    {"broadcast_to", broadcast_to,
     "broadcast_to(t, d1, d2, ...) -> tensor\n\n"
     "t stretched to a shape as arithmetic would stretch it: axes of size 1 are repeated, and new ones stand "
     "in "
     "front. A view, which repeats numbers instead of copying them: clone it before you change it.\n\n"
     "> broadcast_to(tensor{1, 2, 3}, 2, 3)\n"
     "[[1. 2. 3.]\n"
     " [1. 2. 3.]]"},
    {"clone", clone,
     "clone(t) -> tensor\n\n"
     "A copy with memory of its own. The copy of a tracked tensor is tracked: gradients flow through it.\n\n"
     "> t = tensor{1, 2}\n"
     "> c = clone(t)\n"
     "> c[1] = 5\n"
     "> t\n"
     "[1. 2.]"},
    {"astype", astype,
     "astype(t, dtype) -> tensor\n\n"
     "A copy with numbers of another dtype: float64, float32, int64, uint8 or bool. A number that the dtype "
     "cannot "
     "hold (2.5, 300 or NaN as uint8) is an error that names it and its place, never wrapped or cut off: "
     "round or "
     "clip first. As bool, 0 is false and everything else true.\n\n"
     "> tensor{1, 2}:astype(\"uint8\")\n"
     "[1 2]"},
    {NULL},
};

void gr_add_shaping(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
