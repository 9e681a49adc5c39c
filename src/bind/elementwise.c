// Arithmetic: operators, functions of one and two operands, where, clip. On plain numbers they give numbers.
#include "bind/bind.h"

#include <math.h>
#include <stdlib.h>

#include "kernel/elementwise.h"

// ---- two operands ----

// An operation in which both sides are repeated, (3, 1) + (3,), combines each with each: seldom what was
// meant.
static void note_stretch(lua_State *L, const gr_tensor *a, const gr_tensor *b, const gr_tensor *out) {
  int64_t size = gr_tensor_size(out);
  if (gr_tensor_size(a) >= size || gr_tensor_size(b) >= size) return;
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT], to[GR_SHAPE_TEXT];
  gr_shape_text(ta, a->ndim, a->shape);
  gr_shape_text(tb, b->ndim, b->shape);
  const char *fix = gr_tensor_size(a) == gr_tensor_size(b)
                        ? "; to combine them one by one, reshape one like the other"
                        : "";
  gr_note(L, "both sides stretch: %s and %s give %s, each element with each%s", ta, tb,
          gr_shape_text(to, out->ndim, out->shape), fix);
}

// A Lua integer that the operation takes as such, beside integers (comparisons, maximum): as a tensor, else
// NULL.
static const gr_tensor *exact_operand(lua_State *L, gr_binary_op op, int index, gr_dtype beside, gr_tensor *t,
                                      int64_t *value) {
  if (!lua_isinteger(L, index) || !gr_binary_of_integers(op, beside, GR_I64)) return NULL;
  *value = lua_tointeger(L, index);
  *t = (gr_tensor){.data = value, .dtype = GR_I64};
  return t;
}

// The scalar kernels serve a number beside a tensor; so that small cases stay fast no 0-d tensor is made for
// it.
static int binary(lua_State *L, gr_binary_op op) {
  gr_box *box_a = gr_test_box(L, 1), *box_b = gr_test_box(L, 2);
  bool plain = gr_binary_gives_mask(op) && !gr_runtime_of(L)->recording;
  if (!plain && ((box_a && box_a->node) || (box_b && box_b->node))) {
    gr_op_args args = {.kind = (int)op};
    if (gr_apply_tracked(L, &gr_op_binary, &args, 2, (int[]){1, 2})) {
      if (box_a && box_b) note_stretch(L, &box_a->tensor, &box_b->tensor, gr_test_tensor(L, -1));
      return 1;
    }
  }
  const gr_tensor *a = box_a ? &box_a->tensor : NULL, *b = box_b ? &box_b->tensor : NULL;
  if (a) gr_values_leave(L, a);
  if (b) gr_values_leave(L, b);
  gr_tensor *out, number[2];
  int64_t whole[2];
  if (a && !b)
    b = exact_operand(L, op, 2, a->dtype, &number[1], &whole[1]);
  else if (b && !a)
    a = exact_operand(L, op, 1, b->dtype, &number[0], &whole[0]);
  if (a && b) {
    int ndim = a->ndim;
    int64_t shape[GR_MAX_DIMS];
    const int64_t *result = a->shape;
    if (!gr_tensor_same_shape(a, b)) {
      GR_TRY(L, gr_broadcast_shape(&ndim, shape, a, b, &err));
      result = shape;
    }
    out = gr_push_tensor(L, gr_binary_dtype(op, a->dtype, b->dtype), ndim, result);
    GR_TRY(L, gr_binary(out, op, a, b, &err));
    if (result == shape) note_stretch(L, a, b, out);
    return 1;
  }
  const gr_tensor *t = box_a ? &box_a->tensor : box_b ? &box_b->tensor : NULL;
  int other = box_a ? 2 : 1;
  if (!t || lua_type(L, other) != LUA_TNUMBER) {
    if (t && lua_isboolean(L, other))
      return luaL_error(L,
                        "%s of a tensor and a boolean: Lua's == on a tensor and a number gives a plain "
                        "boolean; masks come from "
                        "eq(t, x), lt(t, x), gt(t, x), ...",
                        gr_binary_name(op));
    if (t) return luaL_typeerror(L, other, "tensor or number");
    // Two numbers: the function of them, as a number.
    for (int i = 1; i <= 2; i++)
      if (!lua_isnumber(L, i)) return luaL_typeerror(L, i, "tensor or number");
    if (lua_isinteger(L, 1) && (b = exact_operand(L, op, 2, GR_I64, &number[1], &whole[1]))) {
      int64_t memory;
      gr_tensor exact = {.data = &memory, .dtype = (uint8_t)gr_binary_dtype(op, GR_I64, GR_I64)};
      a = exact_operand(L, op, 1, GR_I64, &number[0], &whole[0]);
      GR_TRY(L, gr_binary(&exact, op, a, b, &err));
      gr_push_element(L, &exact, NULL);
      return 1;
    }
    double x = lua_tonumber(L, 1), y = lua_tonumber(L, 2), z;
    gr_tensor scalar = {.data = &x, .dtype = GR_F64}, result = {.data = &z};
    result.dtype = (uint8_t)gr_binary_dtype(op, GR_F64, GR_F64);
    GR_TRY(L, gr_binary_scalar(&result, op, &scalar, y, false, &err));
    gr_push_element(L, &result, NULL);
    return 1;
  }
  gr_dtype dtype = gr_dtype_is_float(t->dtype) ? (gr_dtype)t->dtype : GR_F64;
  out = gr_push_tensor(L, gr_binary_dtype(op, dtype, dtype), t->ndim, t->shape);
  GR_TRY(L, gr_binary_scalar(out, op, t, lua_tonumber(L, other), !box_a, &err));
  return 1;
}

static int binary_function(lua_State *L) {
  gr_binary_op op = (gr_binary_op)lua_tointeger(L, lua_upvalueindex(1));
  gr_refuse_more(L, 2, gr_binary_name(op));
  return binary(L, op);
}

// ---- one operand ----

static int unary(lua_State *L, gr_unary_op op) {
  gr_box *box = gr_test_box(L, 1);
  if (!box) {
    if (!lua_isnumber(L, 1)) return luaL_typeerror(L, 1, "tensor or number");
    double x = lua_tonumber(L, 1), y;
    gr_tensor in = {.data = &x, .dtype = GR_F64},
              out = {.data = &y, .dtype = (uint8_t)gr_unary_dtype(op, GR_F64)};
    GR_TRY(L, gr_unary(&out, op, &in, &err));
    gr_push_element(L, &out, NULL);
    return 1;
  }
  if (box->node && (!gr_unary_gives_mask(op) || gr_runtime_of(L)->recording)) {
    gr_op_args args = {.kind = (int)op};
    if (gr_apply_tracked(L, &gr_op_unary, &args, 1, (int[]){1})) return 1;
  }
  const gr_tensor *t = &box->tensor;
  gr_values_leave(L, t);
  gr_tensor *out = gr_push_tensor(L, gr_unary_dtype(op, t->dtype), t->ndim, t->shape);
  GR_TRY(L, gr_unary(out, op, t, &err));
  return 1;
}

static int unary_function(lua_State *L) {
  gr_unary_op op = (gr_unary_op)lua_tointeger(L, lua_upvalueindex(1));
  gr_refuse_more(L, 1, gr_unary_name(op));
  return unary(L, op);
}

// ---- operators ----

static int floor_divide(lua_State *L) {
  lua_settop(L, 2);
  binary(L, GR_DIV);
  lua_replace(L, 1);
  return unary(L, GR_FLOOR);
}

// The one number that an operand is, a loss, say; false for a tensor with axes and for anything else.
static bool is_single(lua_State *L, int index, double *value) {
  const gr_box *box = gr_test_box(L, index);
  if (!box) return *value = lua_tonumber(L, index), lua_type(L, index) == LUA_TNUMBER;
  if (box->tensor.ndim > 0) return false;
  gr_values_leave(L, &box->tensor);
  *value = gr_tensor_get(&box->tensor, NULL);
  return true;
}

static int compare(lua_State *L) {
  static const char *const names[][2] = {{"==", "eq"}, {"<", "lt"}, {"<=", "le"}};
  const int i = (int)lua_tointeger(L, lua_upvalueindex(1));
  double a, b;
  if (is_single(L, 1, &a) && is_single(L, 2, &b)) {
    lua_pushboolean(L, i == 0 ? a == b : i == 1 ? a < b : a <= b);
    return 1;
  }
  return luaL_error(
      L,
      "Lua's %s gives one boolean, not a mask: use %s(a, b) for a mask, and all(%s(a, b)) for one answer%s",
      names[i][0], names[i][1], names[i][1], i == 0 ? "" : " (and gt, ge for the other direction)");
}

// A function each, without upvalues: Lua calls those faster, and operators are what small tensors meet most.
static int add(lua_State *L) { return binary(L, GR_ADD); }
static int subtract(lua_State *L) { return binary(L, GR_SUB); }
static int multiply(lua_State *L) { return binary(L, GR_MUL); }
static int divide(lua_State *L) { return binary(L, GR_DIV); }
static int power(lua_State *L) { return binary(L, GR_POW); }
static int modulo(lua_State *L) { return binary(L, GR_FMOD); }
static int negate(lua_State *L) { return unary(L, GR_NEG); }

static void add_operators(lua_State *L, int metatable) {
  static const struct {
    const char *name;
    lua_CFunction function;
    int kind;  // upvalue of compare
  } operators[] = {
      {"__add", add, -1},   {"__sub", subtract, -1}, {"__mul", multiply, -1}, {"__div", divide, -1},
      {"__pow", power, -1}, {"__mod", modulo, -1},   {"__unm", negate, -1},   {"__idiv", floor_divide, -1},
      {"__eq", compare, 0}, {"__lt", compare, 1},    {"__le", compare, 2},
  };
  for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
    int upvalues = operators[i].kind >= 0;
    if (upvalues) lua_pushinteger(L, operators[i].kind);
    lua_pushcclosure(L, operators[i].function, upvalues);
    lua_setfield(L, metatable, operators[i].name);
  }
}

// ---- where and clip ----

static int where(lua_State *L) {
  const gr_tensor *condition = gr_check_tensor(L, 1);
  if (condition->dtype != GR_BOOL)
    return luaL_error(L, "where chooses by a bool tensor, as gt(x, 0) gives; this one is %s",
                      gr_dtype_name(condition->dtype));
  lua_settop(L, 3);
  if (gr_apply_tracked(L, &gr_op_where, &(gr_op_args){0}, 3, (int[]){1, 2, 3})) return 1;
  const gr_tensor *ta = gr_test_tensor(L, 2), *tb = gr_test_tensor(L, 3);
  gr_dtype dtype = ta && tb
                       ? ta->dtype == tb->dtype ? (gr_dtype)ta->dtype : gr_dtype_promote(ta->dtype, tb->dtype)
                   : ta ? (gr_dtype)ta->dtype
                   : tb ? (gr_dtype)tb->dtype
                        : GR_F64;
  if (!(ta && tb) && !gr_dtype_is_float(dtype)) dtype = GR_F64;
  gr_tensor number[2];
  double value[2];
  const gr_tensor *source[2];
  int64_t shape[GR_MAX_DIMS];
  gr_tensor all = *condition;
  for (int i = 0; i < 2; i++) {
    source[i] = gr_check_operand(L, i + 2, dtype, &number[i], &value[i]);
    if (source[i]->dtype != dtype) {
      gr_tensor *converted = gr_push_tensor(L, dtype, source[i]->ndim, source[i]->shape);
      GR_TRY(L, gr_copy(converted, source[i], &err));
      source[i] = converted;
    }
    int ndim;
    GR_TRY(L, gr_broadcast_shape(&ndim, shape, &all, source[i], &err));
    GR_TRY(L, gr_tensor_layout(&all, GR_BOOL, ndim, shape, &err));
  }
  gr_tensor *out = gr_push_tensor(L, dtype, all.ndim, all.shape);
  GR_TRY(L, gr_where(out, condition, source[0], source[1], &err));
  return 1;
}

void gr_call_binary(lua_State *L, gr_binary_op op, int a, int b) {
  a = lua_absindex(L, a);
  b = lua_absindex(L, b);
  lua_pushinteger(L, op);
  lua_pushcclosure(L, binary_function, 1);
  lua_pushvalue(L, a);
  lua_pushvalue(L, b);
  lua_call(L, 2, 1);
}

void gr_call_unary(lua_State *L, gr_unary_op op, int a) {
  a = lua_absindex(L, a);
  lua_pushinteger(L, op);
  lua_pushcclosure(L, unary_function, 1);
  lua_pushvalue(L, a);
  lua_call(L, 1, 1);
}

static int round_decimals(lua_State *L) {
  const lua_Integer decimals = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, decimals >= -300 && decimals <= 300, 2, "from -300 to 300 decimals");
  gr_refuse_more(L, 2, "round");
  lua_settop(L, 1);
  if (decimals == 0) return unary(L, GR_ROUND);
  lua_pushnumber(L, pow(10, (double)llabs(decimals)));
  gr_call_binary(L, decimals > 0 ? GR_MUL : GR_DIV, 1, 2);
  gr_call_unary(L, GR_ROUND, 3);
  gr_call_binary(L, decimals > 0 ? GR_DIV : GR_MUL, 4, 2);
  return 1;
}

static int clip(lua_State *L) {
  luaL_checkany(L, 3);
  gr_call_binary(L, GR_MAXIMUM, 1, 2);
  gr_call_binary(L, GR_MINIMUM, lua_gettop(L), 3);
  return 1;
}

#define UNARY(name, op, text, example) \
  { name, unary_function, name "(x) -> tensor or number\n\n" text "\n\n" example, op }
#define BINARY(name, op, text, example) \
  { name, binary_function, name "(a, b) -> tensor or number\n\n" text "\n\n" example, op }

static const gr_function both[] = {
    UNARY("exp", GR_EXP, "e to the power of each element.", "> exp(tensor{0, 1})\n[1.         2.71828183]"),
    UNARY("expm1", GR_EXPM1, "exp(x) - 1, accurate near 0.", "> expm1(1e-10)\n1.00000000005e-10"),
    UNARY("log", GR_LOG, "The natural logarithm; log(0) is -inf, of a negative number nan.",
          "> log(tensor{1, exp(1)})\n[0. 1.]"),
    UNARY("log1p", GR_LOG1P, "log(1 + x), accurate near 0.", "> log1p(1e-20)\n1e-20"),
    UNARY("log2", GR_LOG2, "The logarithm to base 2.", "> log2(8)\n3.0"),
    UNARY("log10", GR_LOG10, "The logarithm to base 10.", "> log10(1000)\n3.0"),
    UNARY("sqrt", GR_SQRT, "The square root; nan of a negative number.", "> sqrt(tensor{4, 9})\n[2. 3.]"),
    UNARY("square", GR_SQUARE, "Each element times itself.", "> square(tensor{-2, 3})\n[4. 9.]"),
    UNARY("abs", GR_ABS, "The absolute value.", "> abs(tensor{-2, 3})\n[2. 3.]"),
    UNARY("sign", GR_SIGN, "-1, 0 or 1.", "> sign(tensor{-2, 0, 3})\n[-1.  0.  1.]"),
    UNARY("sin", GR_SIN, "The sine of an angle in radians.", "> sin(0)\n0.0"),
    UNARY("cos", GR_COS, "The cosine of an angle in radians.", "> cos(0)\n1.0"),
    UNARY("tan", GR_TAN, "The tangent of an angle in radians.", "> tan(0)\n0.0"),
    UNARY("asin", GR_ASIN, "The inverse sine, in radians.", "> asin(0)\n0.0"),
    UNARY("acos", GR_ACOS, "The inverse cosine, in radians.", "> acos(1)\n0.0"),
    UNARY("atan", GR_ATAN, "The inverse tangent, in radians.", "> atan(0)\n0.0"),
    UNARY("sinh", GR_SINH, "The hyperbolic sine.", "> sinh(0)\n0.0"),
    UNARY("cosh", GR_COSH, "The hyperbolic cosine.", "> cosh(0)\n1.0"),
    UNARY("tanh", GR_TANH,
          "The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x): an activation between -1 and 1.",
          "> tanh(tensor{0, 1})\n[0.         0.76159416]"),
    UNARY("floor", GR_FLOOR, "The next whole number below.", "> floor(tensor{1.5, -1.5})\n[ 1. -2.]"),
    UNARY("ceil", GR_CEIL, "The next whole number above.", "> ceil(tensor{1.5, -1.5})\n[ 2. -1.]"),
    {"round", round_decimals,
     "round(x, decimals) -> tensor or number\n\n"
     "The nearest number with so many decimals (0: a whole number; -1: a multiple of ten); halves go to the "
     "even one. As numpy.round: x * 10^decimals, rounded, / 10^decimals.\n\n"
     "> round(tensor{0.5, 1.5, 2.4})\n"
     "[0. 2. 2.]\n"
     "> round(tensor{0.126, 2}, 2)\n"
     "[0.13 2.  ]"},
    UNARY("sigmoid", GR_SIGMOID, "1 / (1 + e^-x), between 0 and 1.",
          "> sigmoid(tensor{0, 2})\n[0.5        0.88079708]"),
    UNARY("relu", GR_RELU, "max(0, x): the rectified linear unit.", "> relu(tensor{-2, 3})\n[0. 3.]"),
    UNARY("softplus", GR_SOFTPLUS, "log(1 + e^x): a smooth relu.", "> softplus(0)\n0.6931471805599453"),
    UNARY("reciprocal", GR_RECIPROCAL, "1 / x.", "> reciprocal(tensor{2, 4})\n[0.5  0.25]"),
    UNARY("cbrt", GR_CBRT, "The cube root, of negative numbers too.", "> cbrt(tensor{27, -8})\n[ 3. -2.]"),
    UNARY("erf", GR_ERF,
          "The error function: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. It is the "
          "probability that a "
          "normal number of variance 1/2 lies between -x and x.",
          "> erf(tensor{0, 1})\n[0.         0.84270079]"),
    UNARY("normal_cdf", GR_NORMAL_CDF,
          "The probability that a standard normal number is below x: (1 + erf(x / sqrt 2)) / 2, accurate far "
          "out "
          "on the left too.",
          "> normal_cdf(tensor{-10, 0, 1.96})\n[7.61985302e-24 5.00000000e-01 9.75002105e-01]"),
    UNARY("step", GR_STEP, "1 where x is above 0, 0 elsewhere: the perceptron's activation.",
          "> step(tensor{-2, 0, 3})\n[0. 0. 1.]"),
    UNARY("isinf", GR_ISINF, "A mask: true where the element is infinite.",
          "> isinf(tensor{1, 1/0, -1/0})\n[False  True  True]"),
    UNARY("isnan", GR_ISNAN, "A mask: true where the element is not a number.",
          "> isnan(tensor{1, 0/0})\n[False  True]"),
    UNARY("isfinite", GR_ISFINITE, "A mask: true where the element is neither infinite nor nan.",
          "> isfinite(tensor{1, 1/0})\n[ True False]"),
    UNARY("logical_not", GR_NOT, "A mask with true and false exchanged.",
          "> logical_not(tensor{true, false})\n[False  True]"),
    BINARY("maximum", GR_MAXIMUM, "The larger of the two, element by element. Shapes broadcast.",
           "> maximum(0, tensor{-2, 3})\n[0. 3.]"),
    BINARY("minimum", GR_MINIMUM, "The smaller of the two, element by element. Shapes broadcast.",
           "> minimum(0, tensor{-2, 3})\n[-2.  0.]"),
    BINARY("pow", GR_POW, "a to the power of b, as a ^ b. Of a negative a with a broken b nan.",
           "> pow(tensor{1, 2, 3}, 2)\n[1. 4. 9.]"),
    BINARY("mod", GR_FMOD,
           "The remainder a - b * floor(a / b), as a % b: it has the sign of b, as in Python and NumPy.",
           "> mod(tensor{7, -7}, 3)\n[1. 2.]"),
    BINARY("atan2", GR_ATAN2,
           "The angle of the point (b, a), seen from the origin against the positive x axis, from -pi to pi; "
           "atan(a / b) "
           "knows only half of the circle.",
           "> atan2(tensor{1, 1}, tensor{1, -1})\n[0.78539816 2.35619449]"),
    BINARY("hypot", GR_HYPOT, "sqrt(a^2 + b^2), without overflow on the way.",
           "> hypot(tensor{3, 5}, tensor{4, 12})\n[ 5. 13.]"),
    BINARY("eq", GR_EQ, "A mask: true where a equals b. Lua's == cannot give one.",
           "> eq(tensor{1, 2}, 2)\n[False  True]"),
    BINARY("ne", GR_NE, "A mask: true where a differs from b.", "> ne(tensor{1, 2}, 2)\n[ True False]"),
    BINARY("lt", GR_LT, "A mask: true where a < b.", "> lt(tensor{1, 2}, 2)\n[ True False]"),
    BINARY("le", GR_LE, "A mask: true where a <= b.", "> le(tensor{1, 2}, 2)\n[ True  True]"),
    BINARY("gt", GR_GT, "A mask: true where a > b.", "> gt(tensor{1, 2}, 1)\n[False  True]"),
    BINARY("ge", GR_GE, "A mask: true where a >= b.", "> ge(tensor{1, 2}, 1)\n[ True  True]"),
    BINARY("logical_and", GR_AND, "A mask: true where both are.",
           "> logical_and(tensor{true, true}, tensor{true, false})\n[ True False]"),
    BINARY("logical_or", GR_OR, "A mask: true where one is.",
           "> logical_or(tensor{true, false}, tensor{false, false})\n[ True False]"),
    BINARY("logical_xor", GR_XOR, "A mask: true where one is and the other is not.",
           "> logical_xor(tensor{true, false}, tensor{true, true})\n[False  True]"),
    {"clip", clip,
     "clip(x, low, high) -> tensor or number\n\n"
     "Each element, but not below low nor above high. Shapes broadcast; nan stays nan.\n\n"
     "> clip(tensor{-1, 0.5, 2}, 0, 1)\n"
     "[0.  0.5 1. ]"},
    {NULL},
};

static const gr_function functions[] = {
    {"where", where,
     "where(condition, a, b) -> tensor\n\n"
     "Element by element a where the mask is true and b where it is not. Shapes broadcast; a and b may be "
     "numbers. A gradient goes to the one that was chosen.\n\n"
     "> x = tensor{-2, 3}\n"
     "> where(gt(x, 0), x, 0.1 * x)\n"
     "[-0.2  3. ]"},
    {NULL},
};

void gr_add_elementwise(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
  add_operators(L, tables->metatable);
}
