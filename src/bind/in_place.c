// Methods that change a tensor in place. They are named as in PyTorch: the operation's name and a line under
// it.
#include <string.h>

#include "bind/bind.h"
#include "bind/moving.h"

// The tensor at 1, which may be written to. A step that a gradient depends on must not change behind its
// back.
static gr_tensor *check_target(lua_State *L, const char *name) {
  gr_tensor *x = gr_check_tensor(L, 1);
  if (gr_is_tracked(x))
    luaL_error(
        L,
        "%s changes a tensor in place, and this one is tracked: its gradients need the numbers that were "
        "computed with. Make a new one, as in x = x + 1, or change x:detach()",
        name);
  gr_check_writable(L, x, name);
  return x;
}

static void refuse_operand(lua_State *L, int index, const char *name) {
  gr_refuse_derivative(
      L, index, name,
      "what changes numbers in place keeps no way back for gradients: a new tensor has one, as "
      "in x = x + y");
}

// x keeps its shape and dtype: the result on top of the stack must fit. Returns x.
static int store(lua_State *L, gr_tensor *x, const char *name) {
  const gr_tensor *result = gr_test_tensor(L, -1);
  double number;
  gr_tensor single = {.data = &number, .dtype = GR_F64};
  if (!result) {
    number = lua_tonumber(L, -1);
    result = &single;
  }
  char tx[GR_SHAPE_TEXT], tr[GR_SHAPE_TEXT];
  if (result->ndim != 0 && !gr_tensor_same_shape(x, result))
    return luaL_error(
        L,
        "%s keeps the shape of the tensor that it changes, %s, and the result has shape %s: make a new "
        "tensor, as in x = x + y",
        name, gr_shape_text(tx, x->ndim, x->shape), gr_shape_text(tr, result->ndim, result->shape));
  if (x->dtype == GR_BOOL && result->dtype != GR_BOOL)
    return luaL_error(
        L, "%s gives numbers, and a bool tensor holds only true and false: x:astype(\"float64\") first",
        name);
  gr_err err;
  if (gr_copy(x, result, &err))
    return luaL_error(
        L, "%s keeps the dtype of the tensor that it changes, %s: %s; or use x:astype(\"float64\")", name,
        gr_dtype_name(x->dtype), err.text);
  gr_buffer_changes(x->buffer);
  lua_settop(L, 1);
  return 1;
}

// Without a detour when the kernel can write where it reads: the result has the dtype of x, and y is x
// itself, or memory of its own.
static bool is_direct(const gr_tensor *x, const gr_tensor *y, gr_binary_op op) {
  if (gr_binary_dtype(op, x->dtype, y->dtype) != x->dtype) return false;
  gr_err unused;
  gr_tensor stretched;
  if (y->ndim > x->ndim || gr_tensor_view_broadcast(&stretched, y, x->ndim, x->shape, &unused)) return false;
  bool same = y->data == x->data && gr_tensor_same_shape(x, y) && y->dtype == x->dtype &&
              memcmp(x->stride, y->stride, (size_t)x->ndim * sizeof x->stride[0]) == 0;
  return same || !gr_tensor_overlap(x, y);
}

static int binary_in_place(lua_State *L) {
  const gr_binary_op op = (gr_binary_op)lua_tointeger(L, lua_upvalueindex(1));
  lua_settop(L, 2);
  const char *name = lua_pushfstring(L, "%s_", gr_binary_name(op));
  gr_tensor *x = check_target(L, name);
  refuse_operand(L, 2, name);
  const gr_tensor *y = gr_test_tensor(L, 2);
  if (y && is_direct(x, y, op)) {
    GR_TRY(L, gr_binary(x, op, x, y, &err));
  } else if (!y && lua_type(L, 2) == LUA_TNUMBER && gr_dtype_is_float(x->dtype)) {
    GR_TRY(L, gr_binary_scalar(x, op, x, lua_tonumber(L, 2), false, &err));
  } else {
    gr_call_binary(L, op, 1, 2);
    return store(L, x, name);
  }
  gr_buffer_changes(x->buffer);
  lua_settop(L, 1);
  return 1;
}

static int unary_in_place(lua_State *L) {
  const gr_unary_op op = (gr_unary_op)lua_tointeger(L, lua_upvalueindex(1));
  lua_settop(L, 1);
  const char *name = lua_pushfstring(L, "%s_", gr_unary_name(op));
  gr_tensor *x = check_target(L, name);
  if (!gr_dtype_is_float(x->dtype)) {
    gr_call_unary(L, op, 1);
    return store(L, x, name);
  }
  GR_TRY(L, gr_unary(x, op, x, &err));
  gr_buffer_changes(x->buffer);
  lua_settop(L, 1);
  return 1;
}

static int clip_in_place(lua_State *L) {
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  gr_tensor *x = check_target(L, "clip_");
  refuse_operand(L, 2, "clip_");
  refuse_operand(L, 3, "clip_");
  gr_call_binary(L, GR_MAXIMUM, 1, 2);
  gr_call_binary(L, GR_MINIMUM, -1, 3);
  return store(L, x, "clip_");
}

static int fill_in_place(lua_State *L) {
  lua_settop(L, 2);
  gr_tensor *x = check_target(L, "fill_");
  double number;
  int64_t whole;
  gr_tensor value = {.data = &number, .dtype = GR_F64};
  if (lua_isboolean(L, 2)) {
    number = lua_toboolean(L, 2);
  } else if (lua_isinteger(L, 2)) {
    whole = lua_tointeger(L, 2);
    value = (gr_tensor){.data = &whole, .dtype = GR_I64};
  } else {
    number = luaL_checknumber(L, 2);
  }
  GR_TRY(L, gr_copy(x, &value, &err));
  gr_buffer_changes(x->buffer);
  lua_settop(L, 1);
  return 1;
}

#define SHARES " Views of x (x[1], x.T, slices) share its numbers and change with it; a clone does not."
#define UNARY(name, op, result) \
  { name "_", unary_in_place, "x:" name "_() -> x\n\nReplaces each element by its " result "." SHARES, op }
#define BINARY(name, op, what, example)                                                                     \
  {                                                                                                         \
    name "_", binary_in_place,                                                                              \
        "x:" name "_(y) -> x\n\n" what " y is a number or a tensor that broadcasts to the shape of x; the " \
        "result has to fit the dtype of x." SHARES "\n\n" example,                                          \
        op                                                                                                  \
  }

static const gr_function methods[] = {
    BINARY("add", GR_ADD, "Adds y to x in place.",
           "> x = tensor{1, 2}\n> row = x[\"1:1\"]\n> x:add_(10)\n[11. 12.]\n> row\n[11.]"),
    BINARY("sub", GR_SUB, "Subtracts y from x in place.", "> tensor{1, 2}:sub_(1)\n[0. 1.]"),
    BINARY("mul", GR_MUL, "Multiplies x by y in place.", "> tensor{1, 2}:mul_(tensor{3, 4})\n[3. 8.]"),
    BINARY("div", GR_DIV, "Divides x by y in place.", "> tensor{1, 2}:div_(2)\n[0.5 1. ]"),
    BINARY("pow", GR_POW, "Raises x to the power of y in place.", "> tensor{1, 3}:pow_(2)\n[1. 9.]"),
    UNARY("neg", GR_NEG, "negative"),
    UNARY("abs", GR_ABS, "absolute value"),
    UNARY("sign", GR_SIGN, "sign: -1, 0 or 1"),
    UNARY("square", GR_SQUARE, "square"),
    UNARY("sqrt", GR_SQRT, "square root"),
    UNARY("reciprocal", GR_RECIPROCAL, "reciprocal, 1 / x"),
    UNARY("exp", GR_EXP, "exponential"),
    UNARY("expm1", GR_EXPM1, "exponential minus 1"),
    UNARY("log", GR_LOG, "natural logarithm"),
    UNARY("log1p", GR_LOG1P, "log(1 + x)"),
    UNARY("log2", GR_LOG2, "logarithm to base 2"),
    UNARY("log10", GR_LOG10, "logarithm to base 10"),
    UNARY("sin", GR_SIN, "sine"),
    UNARY("cos", GR_COS, "cosine"),
    UNARY("tan", GR_TAN, "tangent"),
    UNARY("asin", GR_ASIN, "inverse sine"),
    UNARY("acos", GR_ACOS, "inverse cosine"),
    UNARY("atan", GR_ATAN, "inverse tangent"),
    UNARY("sinh", GR_SINH, "hyperbolic sine"),
    UNARY("cosh", GR_COSH, "hyperbolic cosine"),
    UNARY("tanh", GR_TANH, "hyperbolic tangent"),
    UNARY("floor", GR_FLOOR, "next whole number below"),
    UNARY("ceil", GR_CEIL, "next whole number above"),
    UNARY("round", GR_ROUND, "nearest whole number, halves to the even one"),
    UNARY("sigmoid", GR_SIGMOID, "sigmoid"),
    UNARY("relu", GR_RELU, "relu, max(0, x)"),
    UNARY("softplus", GR_SOFTPLUS, "softplus, log(1 + e^x)"),
    UNARY("cbrt", GR_CBRT, "cube root"),
    UNARY("erf", GR_ERF, "error function"),
    UNARY("normal_cdf", GR_NORMAL_CDF, "normal_cdf"),
    UNARY("step", GR_STEP, "step: 1 above 0, else 0"),
    {"clip_", clip_in_place,
     "x:clip_(low, high) -> x\n\n"
     "Brings each element of x between low and high, in place." SHARES "\n\n"
     "> tensor{-1, 0.5, 2}:clip_(0, 1)\n"
     "[0.  0.5 1. ]"},
    {"fill_", fill_in_place,
     "x:fill_(value) -> x\n\n"
     "Sets every element of x, which has to be able to hold the value." SHARES "\n\n"
     "> tensor{1, 2}:fill_(7)\n"
     "[7. 7.]"},
    {NULL},
};

void gr_add_in_place(lua_State *L, const gr_tensor_tables *tables) {
  lua_pushvalue(L, tables->methods);
  gr_register(L, "tensor", methods);
  lua_pop(L, 1);
}
