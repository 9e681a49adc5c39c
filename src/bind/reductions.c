// Sums and other reductions. Over everything they give a number, over some axes a tensor.
#include "bind/bind.h"

#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/reduce.h"

static const char *const plain_options[] = {"axis", "keepdims", NULL};

void gr_push_reduced(lua_State *L, int index, gr_reduce_op op, const gr_axes *axes, double ddof) {
  const gr_tensor *t = gr_check_tensor(L, index);
  bool position = op == GR_ARGMIN || op == GR_ARGMAX;
  if (gr_is_tracked(t) && !position && op != GR_ANY && op != GR_ALL) {  // those have no derivative
    gr_op_args args = {.kind = (int)op, .axes = axes->mask, .keepdims = axes->keepdims, .ddof = ddof};
    gr_apply_tracked(L, &gr_op_reduce, &args, 1, &index);
    return;
  }
  gr_values_leave(L, t);
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_reduce_shape(shape, t, axes->mask, axes->keepdims);
  const gr_dtype dtype = gr_reduce_dtype(op, t->dtype);
  union {
    double f64;
    float f32;
    int64_t i64;
    uint8_t u8;
  } room;
  gr_tensor number, *out = &number;
  if (ndim > 0) {
    out = gr_push_tensor(L, dtype, ndim, shape);
  } else {  // a Lua number, which needs no tensor
    GR_TRY(L, gr_tensor_layout(&number, dtype, 0, NULL, &err));
    number.data = &room;
  }
  GR_TRY(L, gr_reduce_spread(out, op, t, axes->mask, ddof, &err));
  if (position) {  // they count from 1
    int64_t *at = out->data, n = gr_tensor_size(out);
    for (int64_t i = 0; i < n; i++) at[i]++;
  }
  if (ndim == 0) gr_push_element(L, out, NULL);
}

static int reduction(lua_State *L) {
  gr_reduce_op op = (gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1));
  // A comparison of numbers is one boolean, which is its own answer: all(gt(sum(x), 0)) for any x.
  if (lua_isboolean(L, 1) && (op == GR_ANY || op == GR_ALL)) return lua_settop(L, 1), 1;
  int ndim = gr_check_tensor(L, 1)->ndim;
  gr_axes axes = gr_read_axes(L, 2, gr_reduce_name(op), ndim, plain_options);
  gr_push_reduced(L, 1, op, &axes, 0);
  return 1;
}

// max and min of two numbers are Lua's own habit (math.max): be kind to those who write max(0, x) for
// tensors.
static int extreme(lua_State *L) {
  const char *name = gr_reduce_name((gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1)));
  if (lua_type(L, 1) == LUA_TNUMBER || (gr_test_tensor(L, 1) && gr_test_tensor(L, 2)))
    return luaL_error(L, "%s reduces one tensor; element by element it is %simum(a, b)", name, name);
  return reduction(L);
}

static int spread(lua_State *L) {
  static const char *const names[] = {"axis", "keepdims", "ddof", NULL};
  gr_reduce_op op = (gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1));
  int ndim = gr_check_tensor(L, 1)->ndim;
  gr_axes axes = gr_read_axes(L, 2, gr_reduce_name(op), ndim, names);
  gr_push_reduced(L, 1, op, &axes, gr_number_option(L, axes.options, gr_reduce_name(op), "ddof", 0));
  return 1;
}

static int peak_to_peak(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 2, "ptp", t->ndim, plain_options);
  gr_push_reduced(L, 1, GR_MAX, &axes, 0);
  gr_push_reduced(L, 1, GR_MIN, &axes, 0);
  lua_arith(L, LUA_OPSUB);
  const gr_tensor *out = gr_test_tensor(L, -1);
  if (out && !gr_dtype_is_float(t->dtype))  // whole numbers stay that
    GR_TRY(L, gr_copy(gr_push_tensor(L, GR_I64, out->ndim, out->shape), out, &err));
  return 1;
}

static int running(lua_State *L) {
  static const char *const axis_option[] = {"axis", NULL};
  gr_reduce_op op = (gr_reduce_op)lua_tointeger(L, lua_upvalueindex(1));
  const char *name = op == GR_SUM ? "cumsum" : "cumprod";
  const gr_tensor *t = gr_check_tensor(L, 1);
  int options, axis = gr_read_axis(L, 2, name, t->ndim, axis_option, &options);
  if (axis < 0 && t->ndim != 1)
    return luaL_error(L, "%s of a tensor of %d axes needs the axis: %s(t, 1)", name, t->ndim, name);
  if (axis < 0) axis = 0;
  gr_op_args args = {.kind = (int)op, .axes = 1u << axis};
  if (gr_is_tracked(t))
    return gr_apply_tracked(L, op == GR_SUM ? &gr_op_cumsum : &gr_op_cumprod, &args, 1, (int[]){1});
  gr_tensor *out = gr_push_tensor(L, gr_reduce_dtype(op, t->dtype), t->ndim, t->shape);
  GR_TRY(L, gr_scan(out, op, t, axis, false, &err));
  return 1;
}

static int logsumexp(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 2, "logsumexp", t->ndim, plain_options);
  if (gr_is_tracked(t)) {
    gr_op_args args = {.axes = axes.mask, .keepdims = axes.keepdims};
    return gr_apply_tracked(L, &gr_op_logsumexp, &args, 1, (int[]){1});
  }
  gr_dtype dtype = gr_dtype_promote(t->dtype, t->dtype);
  if (t->dtype != dtype) {
    gr_tensor *converted = gr_push_tensor(L, dtype, t->ndim, t->shape);
    GR_TRY(L, gr_copy(converted, t, &err));
    t = converted;
  }
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_reduce_shape(shape, t, axes.mask, axes.keepdims);
  gr_tensor *out = gr_push_tensor(L, dtype, ndim, shape);
  int at = lua_gettop(L);
  int64_t bytes = (int64_t)gr_logsumexp_scratch(t, gr_tensor_size(out));
  void *scratch = gr_push_tensor(L, GR_U8, 1, &bytes)->data;
  GR_TRY(L, gr_logsumexp(out, t, axes.mask, scratch, &err));
  lua_settop(L, at);
  if (ndim == 0) gr_push_element(L, out, NULL);
  return 1;
}

// ---- norms ----

// A matrix by its singular values: the greatest, the least, or the sum of all.
static int spectral_norm(lua_State *L, const char *order, gr_reduce_op op, const gr_axes *axes) {
  const unsigned ndim = gr_check_tensor(L, 1)->ndim;
  if (axes->mask != 3u << (ndim - 2) || axes->keepdims)
    return luaL_error(L, "norm of order %s is for matrices along the last two axes, without keepdims", order);
  const gr_tensor *values = gr_push_singular_values(L, "norm");
  gr_axes last = {.mask = 1u << (values->ndim - 1)};
  gr_push_reduced(L, lua_gettop(L), op, &last, 0);
  return 1;
}

// A matrix as a map: the largest (least) sum of absolute values in a column for 1 (-1), in a row for inf
// (-inf).
static int matrix_norm(lua_State *L, double order, gr_axes axes) {
  if (fabs(order) != 1 && fabs(order) != 2 && !isinf(order))
    return luaL_error(
        L, "norm: of a matrix the orders are \"fro\" (all squares), \"nuc\", 1, -1, 2, -2, inf and "
           "-inf; for the length of each row name one axis: norm(t, 2, 2)");
  if (fabs(order) == 2) return spectral_norm(L, "2", order > 0 ? GR_MAX : GR_MIN, &axes);
  int first = __builtin_ctz(axes.mask), second = __builtin_ctz(axes.mask & (axes.mask - 1));
  int summed = fabs(order) == 1 ? first : second;
  gr_axes sums = {.mask = 1u << summed, .keepdims = true};
  lua_pushvalue(L, 1);
  gr_call_method(L, "abs", 0);
  gr_push_reduced(L, lua_gettop(L), GR_SUM, &sums, 0);
  gr_push_reduced(L, lua_gettop(L), order > 0 ? GR_MAX : GR_MIN, &axes, 0);
  return 1;
}

static void raise_to(lua_State *L, double power) {
  lua_pushnumber(L, power);
  lua_arith(L, LUA_OPPOW);
}

static int norm(lua_State *L) {
  static const char *const names[] = {"axis", "keepdims", "ord", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  int at = lua_istable(L, 2) ? 2 : 3;  // of the axis: ord stands before it
  gr_axes axes = gr_read_axes(L, at, "norm", t->ndim, names);
  int given = at == 3 && !lua_isnoneornil(L, 2) ? 2 : 0;
  if (axes.options && gr_option(L, axes.options, "ord")) given = lua_gettop(L);
  double order = 2;
  const char *named = given && lua_type(L, given) == LUA_TSTRING ? lua_tostring(L, given) : "";
  const bool frobenius = !given || strcmp(named, "fro") == 0, nuclear = strcmp(named, "nuc") == 0;
  if (given && !frobenius && !nuclear && lua_type(L, given) != LUA_TNUMBER)
    return luaL_error(L, "norm: the order is a number (1, 2, math.huge, ...), \"fro\" or \"nuc\", not %s",
                      luaL_tolstring(L, given, NULL));
  if (given && !frobenius && !nuclear) order = lua_tonumber(L, given);
  int over = axes.count ? axes.count : t->ndim;
  if (nuclear && over != 2)
    return luaL_error(L, "norm of order \"nuc\" is for matrices (two axes), and these are %d axes", over);
  if (nuclear) return spectral_norm(L, "\"nuc\"", GR_SUM, &axes);
  if (!frobenius && over == 2) return matrix_norm(L, order, axes);
  if (!frobenius && over > 2)
    return luaL_error(L,
                      "norm of order %f is for vectors (one axis) or matrices (two), and these are %d axes",
                      order, over);
  if (frobenius || order == 2) {
    gr_push_reduced(L, 1, GR_NORM, &axes, 0);
    return 1;
  }
  lua_pushvalue(L, 1);
  if (order == 0) {  // how many are not 0
    gr_refuse_derivative(L, 1, "norm of order 0", "it counts, which jumps and has no derivative");
    gr_tensor *mask = gr_push_tensor(L, GR_BOOL, t->ndim, t->shape);
    GR_TRY(L, gr_binary_scalar(mask, GR_NE, t, 0, false, &err));
    gr_tensor *counts = gr_push_tensor(L, gr_dtype_promote(t->dtype, t->dtype), t->ndim, t->shape);
    GR_TRY(L, gr_copy(counts, mask, &err));
    gr_push_reduced(L, lua_gettop(L), GR_SUM, &axes, 0);
    return 1;
  }
  gr_call_method(L, "abs", 0);
  if (!isinf(order) && order != 1) raise_to(L, order);
  gr_push_reduced(L, lua_gettop(L), isinf(order) ? order > 0 ? GR_MAX : GR_MIN : GR_SUM, &axes, 0);
  if (!isinf(order) && order != 1) raise_to(L, 1 / order);
  return 1;
}

// ---- without nan, and weighted ----

// Pushes the mask of what is no nan, and t with 0 where it is one.
static void push_without_nan(lua_State *L, const gr_tensor *t) {
  gr_dtype dtype = gr_dtype_promote(t->dtype, t->dtype);
  gr_tensor *mask = gr_push_tensor(L, GR_BOOL, t->ndim, t->shape);
  gr_tensor *copy = gr_push_tensor(L, dtype, t->ndim, t->shape);
  gr_tensor zero = {.data = &(double){0}, .dtype = dtype};  // all bits 0 are 0 in float32 too
  GR_TRY(L, gr_copy(copy, t, &err));
  GR_TRY(L, gr_binary(mask, GR_EQ, copy, copy, &err));
  GR_TRY(L, gr_where(copy, mask, copy, &zero, &err));
}

// The same of the tracked tensor at 1, through which gradients go to what is no nan.
static void push_tracked_without_nan(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  gr_tensor *mask = gr_push_tensor(L, GR_BOOL, t->ndim, t->shape);
  GR_TRY(L, gr_binary(mask, GR_EQ, t, t, &err));
  int at = lua_gettop(L);
  lua_pushnumber(L, 0);
  gr_apply_tracked(L, &gr_op_where, &(gr_op_args){0}, 3, (int[]){at, 1, at + 1});
  lua_remove(L, at + 1);
}

static int sum_without_nan(lua_State *L) {
  bool mean = lua_tointeger(L, lua_upvalueindex(1)) == GR_MEAN;
  const char *name = mean ? "nanmean" : "nansum";
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 2, name, t->ndim, plain_options);
  if (gr_is_tracked(t))
    push_tracked_without_nan(L);
  else
    push_without_nan(L, t);
  int copy = lua_gettop(L);
  gr_push_reduced(L, copy, GR_SUM, &axes, 0);
  if (!mean) return 1;
  gr_push_reduced(L, copy - 1, GR_SUM, &axes, 0);
  lua_arith(L, LUA_OPDIV);
  return 1;
}

static int average(lua_State *L) {
  static const char *const names[] = {"axis", "keepdims", "weights", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 2, "average", t->ndim, names);
  if (!axes.options || !gr_option(L, axes.options, "weights")) {
    gr_push_reduced(L, 1, GR_MEAN, &axes, 0);
    return 1;
  }
  int weights = lua_gettop(L);
  const gr_tensor *w = gr_test_tensor(L, weights);
  if (!w) return luaL_error(L, "average: weights is a tensor, not %s", luaL_tolstring(L, weights, NULL));
  if (!gr_tensor_same_shape(t, w)) {
    int axis = axes.count == 1 ? __builtin_ctz(axes.mask) : -1;
    char tt[GR_SHAPE_TEXT], tw[GR_SHAPE_TEXT];
    if (axis < 0 || w->ndim != 1 || w->shape[0] != t->shape[axis])
      return luaL_error(
          L,
          "average: the weights have shape %s and the numbers %s; they need the same shape, or one "
          "axis and as many weights as that is long",
          gr_shape_text(tw, w->ndim, w->shape), gr_shape_text(tt, t->ndim, t->shape));
    lua_pushvalue(L, weights);
    for (int i = 0; i < t->ndim; i++) lua_pushinteger(L, i == axis ? w->shape[0] : 1);
    gr_call_method(L, "reshape", t->ndim);
    weights = lua_gettop(L);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, weights);
  lua_arith(L, LUA_OPMUL);
  gr_push_reduced(L, lua_gettop(L), GR_SUM, &axes, 0);
  // The weights stretched as the numbers are, so that their sum has the same shape.
  gr_axes weight_axes = axes;
  if (gr_check_tensor(L, weights)->ndim == 0) weight_axes.mask = 0;
  lua_pushvalue(L, weights);
  gr_push_reduced(L, weights, GR_SUM, &weight_axes, 0);
  const gr_tensor *total = gr_test_tensor(L, -1);
  bool zero = !total && lua_tonumber(L, -1) == 0;
  for (int64_t i = 0; total && i < gr_tensor_size(total); i++) {
    gr_tensor flat = *total;
    flat.ndim = 1, flat.shape[0] = gr_tensor_size(total), flat.stride[0] = 1;
    zero |= gr_tensor_get(&flat, &i) == 0;
  }
  if (zero) return luaL_error(L, "average: the weights sum to 0, so there is nothing to divide by");
  lua_remove(L, -2);
  lua_arith(L, LUA_OPDIV);
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
     "The least element, over axes as in sum; nan if there is one. Of a tracked tensor, equal ones share the "
     "gradient "
     "evenly.\n\n"
     "> min(tensor{3, 1, 2})\n"
     "1.0",
     GR_MIN},
    {"max", extreme,
     "max(t, axis) -> number or tensor\n\n"
     "The greatest element, over axes as in sum; nan if there is one. Of a tracked tensor, equal ones share "
     "the gradient "
     "evenly.\n\n"
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
    {"var", spread,
     "var(t, axis, {ddof=0}) -> number or tensor\n\n"
     "The variance: the sum of squared distances from the mean, divided by n - ddof, over axes as in sum. "
     "ddof=1 "
     "estimates the variance of what a sample was drawn from.\n\n"
     "> var(tensor{1, 2, 3, 4})\n"
     "1.25\n"
     "> var(tensor{1, 2, 3, 4}, {ddof=1})\n"
     "1.6666666666666667",
     GR_VAR},
    {"std", spread,
     "std(t, axis, {ddof=0}) -> number or tensor\n\n"
     "The standard deviation: the square root of var, with the same options.\n\n"
     "> std(tensor{1, 1, 3, 3})\n"
     "1.0",
     GR_STD},
    {"ptp", peak_to_peak,
     "ptp(t, axis) -> number or tensor\n\n"
     "Peak to peak: the greatest element less the least, over axes as in sum.\n\n"
     "> ptp(tensor{3, -1, 2})\n"
     "4.0"},
    {"logsumexp", logsumexp,
     "logsumexp(t, axis) -> number or tensor\n\n"
     "log(sum(exp(t))), over axes as in sum, without overflow: a smooth maximum. Its derivative is the "
     "softmax.\n\n"
     "> logsumexp(tensor{1000, 1000})\n"
     "1000.6931471805599"},
    {"norm", norm,
     "norm(t, ord, axis, {keepdims=false}) -> number or tensor\n\n"
     "The length: the root of the sum of squares over all axes, or over those named, norm{axis=2} of each "
     "row. Other "
     "orders of a vector x: 1, the sum of |x|; math.huge, the greatest |x|; 0, how many are not 0; p, (sum "
     "of "
     "|x|^p)^(1/p). Over two axes, a matrix: 1 and math.huge, the greatest sum of a column and of a row; "
     "2, the "
     "greatest singular value; \"nuc\", their sum; \"fro\", all squares. As numpy.linalg.norm.\n\n"
     "> norm(tensor{3, 4})\n"
     "5.0\n"
     "> norm(tensor{3, -4}, 1)\n"
     "7.0\n"
     "> tensor{{3, 4}, {6, 8}}:norm{axis=2}\n"
     "[ 5. 10.]"},
    {"nansum", sum_without_nan,
     "nansum(t, axis) -> number or tensor\n\n"
     "The sum of all that is not nan, over axes as in sum.\n\n"
     "> nansum(tensor{1, 0/0, 2})\n"
     "3.0",
     GR_SUM},
    {"nanmean", sum_without_nan,
     "nanmean(t, axis) -> number or tensor\n\n"
     "The mean of all that is not nan, over axes as in sum; nan where nothing else is left.\n\n"
     "> nanmean(tensor{1, 0/0, 2})\n"
     "1.5",
     GR_MEAN},
    {"average", average,
     "average(t, axis, {weights=w}) -> number or tensor\n\n"
     "The weighted mean: sum(w * t) / sum(w), over axes as in sum. The weights have the shape of t or, along "
     "one axis, "
     "one weight for each of its positions.\n\n"
     "> average(tensor{1, 2, 4}, {weights=tensor{1, 1, 2}})\n"
     "2.75"},
    {"cumsum", running,
     "cumsum(t, axis) -> tensor\n\n"
     "The running sum along an axis, in the shape of t. A tensor of one axis needs none named.\n\n"
     "> cumsum(tensor{1, 2, 3})\n"
     "[1. 3. 6.]",
     GR_SUM},
    {"cumprod", running,
     "cumprod(t, axis) -> tensor\n\n"
     "The running product along an axis, as cumsum. Gradients are right where factors are 0, too.\n\n"
     "> cumprod(tensor{1, 2, 3})\n"
     "[1. 2. 6.]",
     GR_PROD},
    {NULL},
};

void gr_add_reductions(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
