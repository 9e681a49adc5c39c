// Sums and other reductions. Over everything they give a number, over some axes a tensor.
#include "bind/bind.h"

#include <math.h>

#include "kernel/elementwise.h"
#include "kernel/reduce.h"

// Reads (t), (t, axis), (t, {axis, ..}) or (t, {axis=, keepdims=}) into a mask of axes. `axis` may be a table
// of axes.
static unsigned read_axes(lua_State *L, const char *name, int ndim, bool *keepdims) {
  unsigned all = ndim ? (1u << ndim) - 1 : 0, axes = 0;
  int at = 2;
  *keepdims = false;
  if (lua_isnoneornil(L, 2)) return all;
  if (lua_istable(L, 2)) {
    static const char *const names[] = {"axis", "keepdims", NULL};
    gr_check_options(L, 2, name, names);
    if (gr_option(L, 2, "keepdims")) {
      *keepdims = lua_toboolean(L, -1);
      lua_pop(L, 1);
    }
    if (gr_option(L, 2, "axis"))
      at = lua_gettop(L);
    else if (luaL_len(L, 2) == 0)
      return all;
  }
  if (!lua_istable(L, at)) return 1u << gr_check_axis(L, at, ndim, name);
  lua_Integer n = luaL_len(L, at);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, at, i);
    axes |= 1u << gr_check_axis(L, -1, ndim, name);
    lua_pop(L, 1);
  }
  return axes;
}

// Pushes t reduced over `axes`: a number when nothing is left.
static void reduce(lua_State *L, const gr_tensor *t, gr_reduce_op op, unsigned axes, bool keepdims) {
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_reduce_shape(shape, t, axes, keepdims);
  gr_tensor *out = gr_push_tensor(L, gr_reduce_dtype(op, t->dtype), ndim, shape);
  GR_TRY(L, gr_reduce(out, op, t, axes, &err));
  if (op == GR_ARGMIN || op == GR_ARGMAX) {  // positions count from 1
    int64_t *at = out->data, n = gr_tensor_size(out);
    for (int64_t i = 0; i < n; i++) at[i]++;
  }
  if (ndim == 0) gr_push_element(L, out, NULL);
}

static int reduction(lua_State *L) {
  gr_reduce_op op = (gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1));
  const gr_tensor *t = gr_check_tensor(L, 1);
  bool keepdims;
  unsigned axes = read_axes(L, gr_reduce_name(op), t->ndim, &keepdims);
  if ((op == GR_SUM || op == GR_MEAN) && gr_is_tracked(t)) {
    gr_op_args args = {.kind = (int)op, .axes = axes, .keepdims = keepdims};
    return gr_apply_tracked(L, &gr_op_reduce, &args, 1, (int[]){1});
  }
  if (op == GR_PROD || op == GR_MIN || op == GR_MAX || op == GR_VAR)
    gr_refuse_tracked(L, 1, gr_reduce_name(op));
  reduce(L, t, op, axes, keepdims);
  return 1;
}

// max and min of two numbers are Lua's own habit (math.max): be kind to those who write max(0, x) for
// tensors.
static int extreme(lua_State *L) {
  if (lua_type(L, 1) == LUA_TNUMBER || (gr_test_tensor(L, 1) && gr_test_tensor(L, 2)))
    return luaL_error(L, "%s reduces one tensor; element by element it is %simum(a, b)",
                      gr_reduce_name((gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1))),
                      gr_reduce_name((gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1))));
  return reduction(L);
}

static int standard_deviation(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  bool keepdims;
  gr_refuse_tracked(L, 1, "std");
  unsigned axes = read_axes(L, "std", t->ndim, &keepdims);
  reduce(L, t, GR_VAR, axes, keepdims);
  gr_tensor *variance = gr_test_tensor(L, -1);
  if (variance)
    GR_TRY(L, gr_unary(variance, GR_SQRT, variance, &err));
  else
    lua_pushnumber(L, sqrt(lua_tonumber(L, -1)));
  return 1;
}

static int cumsum(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_refuse_tracked(L, 1, "cumsum");
  int axis = lua_isnoneornil(L, 2) ? 0 : gr_check_axis(L, 2, t->ndim, "cumsum");
  if (t->ndim != 1 && lua_isnoneornil(L, 2))
    return luaL_error(L, "cumsum of a tensor of %d axes needs the axis: cumsum(t, 1)", t->ndim);
  gr_tensor *out = gr_push_tensor(L, gr_reduce_dtype(GR_SUM, t->dtype), t->ndim, t->shape);
  GR_TRY(L, gr_cumsum(out, t, axis, &err));
  return 1;
}

#define AXES                                                                                            \
  "Over all axes (a number), over one, sum(t, 1), or several, sum(t, {1, 2}); {axis=1, keepdims=true} " \
  "keeps them with size 1."

static const gr_function both[] = {
    {"sum", reduction,
     "sum(t, axis) -> number or tensor\n\n"
     "The sum. " AXES " Summed pairwise, so that rounding hardly grows.\n\n"
     "> sum(tensor{{1, 2}, {3, 4}}, 1)\n"
     "[4. 6.]",
     GR_SUM},
    {"mean", reduction,
     "mean(t, axis) -> number or tensor\n\n"
     "The arithmetic mean, over axes as in sum.\n\n"
     "> mean(tensor{1, 2, 6})\n"
     "3.0",
     GR_MEAN},
    {"prod", reduction,
     "prod(t, axis) -> number or tensor\n\n"
     "The product, over axes as in sum.\n\n"
     "> prod(tensor{2, 3, 4})\n"
     "24.0",
     GR_PROD},
    {"min", extreme,
     "min(t, axis) -> number or tensor\n\n"
     "The least element, over axes as in sum; nan if there is one.\n\n"
     "> min(tensor{3, 1, 2})\n"
     "1.0",
     GR_MIN},
    {"max", extreme,
     "max(t, axis) -> number or tensor\n\n"
     "The greatest element, over axes as in sum; nan if there is one.\n\n"
     "> max(tensor{{3, 1}, {2, 5}}, 2)\n"
     "[3. 5.]",
     GR_MAX},
    {"any", reduction,
     "any(t, axis) -> boolean or mask\n\n"
     "Whether one element is true (not 0), over axes as in sum.\n\n"
     "> any(gt(tensor{1, 2}, 1))\n"
     "true",
     GR_ANY},
    {"all", reduction,
     "all(t, axis) -> boolean or mask\n\n"
     "Whether every element is true (not 0), over axes as in sum.\n\n"
     "> all(gt(tensor{1, 2}, 1))\n"
     "false",
     GR_ALL},
    {"argmin", reduction,
     "argmin(t, axis) -> integer or tensor\n\n"
     "The position of the least element, counted from 1, over axes as in sum; over several it counts in "
     "row-major order. The first of equals, and of nans if there are any.\n\n"
     "> argmin(tensor{3, 1, 2})\n"
     "2",
     GR_ARGMIN},
    {"argmax", reduction,
     "argmax(t, axis) -> integer or tensor\n\n"
     "The position of the greatest element, counted from 1, over axes as in sum; over several it counts in "
     "row-major order. The first of equals, and of nans if there are any.\n\n"
     "> argmax(tensor{{3, 1}, {2, 5}}, 2)\n"
     "[1 2]",
     GR_ARGMAX},
    {"var", reduction,
     "var(t, axis) -> number or tensor\n\n"
     "The variance: the mean square distance from the mean (divided by n, NumPy's ddof=0),\n"
     "over axes as in sum.\n\n"
     "> var(tensor{1, 2, 3, 4})\n"
     "1.25",
     GR_VAR},
    {"std", standard_deviation,
     "std(t, axis) -> number or tensor\n\n"
     "The standard deviation: the square root of var.\n\n"
     "> std(tensor{1, 1, 3, 3})\n"
     "1.0"},
    {"cumsum", cumsum,
     "cumsum(t, axis) -> tensor\n\n"
     "The running sum along an axis, in the shape of t. A tensor of one axis needs none named.\n\n"
     "> cumsum(tensor{1, 2, 3})\n"
     "[1. 3. 6.]"},
    {NULL},
};

void gr_add_reductions(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
