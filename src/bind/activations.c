// Activation functions with a parameter, those made of others, and the derivative of each by name. What is
// composed here is composed of operations that know their gradients, so that all of it works on tracked
// tensors.
#include "bind/bind.h"

// The parameter at 2, a number, a tensor or {name=...}, is brought there; `otherwise` where it is missing.
static void read_parameter(lua_State *L, const char *function, const char *name, double otherwise) {
  lua_settop(L, 2);
  if (lua_istable(L, 2)) {
    const char *const names[] = {name, NULL};
    gr_check_options(L, 2, function, names);
    if (!gr_option(L, 2, name)) lua_pushnil(L);
    lua_replace(L, 2);
  }
  if (lua_isnil(L, 2)) {
    lua_pushnumber(L, otherwise);
    lua_replace(L, 2);
  }
}

// ---- a stack calculator: each takes its operands from the top and leaves its result there ----

static void put(lua_State *L, int index) { lua_pushvalue(L, index); }
static void one(lua_State *L, gr_unary_op op) {
  gr_call_unary(L, op, -1);
  lua_remove(L, -2);
}
static void two(lua_State *L, gr_binary_op op) {
  gr_call_binary(L, op, -2, -1);
  lua_rotate(L, -3, 1);
  lua_pop(L, 2);
}
static void with(lua_State *L, gr_binary_op op, double number) {
  lua_pushnumber(L, number);
  two(L, op);
}
// number - top
static void from(lua_State *L, double number) {
  lua_pushnumber(L, number);
  lua_insert(L, -2);
  two(L, GR_SUB);
}

// ---- activations ----

static int leaky_relu(lua_State *L) {
  read_parameter(L, "leaky_relu", "negative_slope", 0.3);
  gr_call_binary(L, GR_LEAKY_RELU, 1, 2);
  return 1;
}

static int elu(lua_State *L) {
  read_parameter(L, "elu", "alpha", 1);
  gr_call_binary(L, GR_ELU, 1, 2);
  return 1;
}

static int silu(lua_State *L) {
  lua_settop(L, 1);
  put(L, 1);
  one(L, GR_SIGMOID);
  gr_call_binary(L, GR_MUL, 1, -1);
  return 1;
}

// Whether the approximation with tanh is asked for: gelu(x, {approximate=true}).
static bool approximate(lua_State *L, const char *function) {
  static const char *const names[] = {"approximate", NULL};
  lua_settop(L, 2);
  bool asked = false;
  if (lua_istable(L, 2)) {
    gr_check_options(L, 2, function, names);
    asked = gr_option(L, 2, "approximate") && lua_toboolean(L, -1);
  } else if (!lua_isnil(L, 2)) {
    luaL_error(L, "%s: options come in a table: %s(x, {approximate=true})", function, function);
  }
  lua_settop(L, 1);
  return asked;
}

// 2 sqrt(2 / pi) (x + 0.044715 x^3): (1 + tanh u) / 2 is sigmoid(2 u).
#define GELU_SCALE (2 * 0.79788456080286535588)
#define GELU_CUBE 0.044715
static void gelu_argument(lua_State *L) {
  put(L, 1);
  one(L, GR_SQUARE);
  with(L, GR_MUL, GELU_SCALE * GELU_CUBE);
  with(L, GR_ADD, GELU_SCALE);
  put(L, 1);
  two(L, GR_MUL);
}

static int gelu(lua_State *L) {
  if (approximate(L, "gelu")) {
    gelu_argument(L);
    one(L, GR_SIGMOID);
  } else {
    put(L, 1);
    one(L, GR_NORMAL_CDF);
  }
  put(L, 1);
  two(L, GR_MUL);
  return 1;
}

// ---- derivatives ----

// sigmoid(u) sigmoid(-u) of what is on top: s (1 - s), which keeps its digits where s is near 1.
static void sigmoid_slope(lua_State *L) {
  put(L, -1);
  one(L, GR_SIGMOID);
  lua_insert(L, -2);
  one(L, GR_NEG);
  one(L, GR_SIGMOID);
  two(L, GR_MUL);
}

static int sigmoid_derivative(lua_State *L) {
  lua_settop(L, 1);
  sigmoid_slope(L);
  return 1;
}

static int tanh_derivative(lua_State *L) {  // 4 s(2 x) s(-2 x)
  lua_settop(L, 1);
  with(L, GR_MUL, 2);
  sigmoid_slope(L);
  with(L, GR_MUL, 4);
  return 1;
}

static int relu_derivative(lua_State *L) {
  lua_settop(L, 1);
  one(L, GR_STEP);
  return 1;
}

static int leaky_relu_derivative(lua_State *L) {  // b + (1 - b) step(x)
  read_parameter(L, "leaky_relu_derivative", "negative_slope", 0.3);
  put(L, 2);
  from(L, 1);
  put(L, 1);
  one(L, GR_STEP);
  two(L, GR_MUL);
  put(L, 2);
  two(L, GR_ADD);
  return 1;
}

static int elu_derivative(lua_State *L) {  // step(x) + b (1 - step(x)) e^min(x, 0)
  read_parameter(L, "elu_derivative", "alpha", 1);
  put(L, 1);
  with(L, GR_MINIMUM, 0);
  one(L, GR_EXP);
  put(L, 2);
  two(L, GR_MUL);
  put(L, 1);
  one(L, GR_STEP);
  from(L, 1);
  two(L, GR_MUL);
  put(L, 1);
  one(L, GR_STEP);
  two(L, GR_ADD);
  return 1;
}

static int softplus_derivative(lua_State *L) {
  lua_settop(L, 1);
  one(L, GR_SIGMOID);
  return 1;
}

static int silu_derivative(lua_State *L) {  // s + x s (1 - s)
  lua_settop(L, 1);
  put(L, 1);
  sigmoid_slope(L);
  put(L, 1);
  two(L, GR_MUL);
  put(L, 1);
  one(L, GR_SIGMOID);
  two(L, GR_ADD);
  return 1;
}

static int gelu_derivative(lua_State *L) {
  if (approximate(L, "gelu_derivative")) {  // s(u) + x s(u) s(-u) du/dx
    put(L, 1);
    one(L, GR_SQUARE);
    with(L, GR_MUL, 3 * GELU_SCALE * GELU_CUBE);
    with(L, GR_ADD, GELU_SCALE);
    put(L, 1);
    two(L, GR_MUL);
    gelu_argument(L);
    sigmoid_slope(L);
    two(L, GR_MUL);
    gelu_argument(L);
    one(L, GR_SIGMOID);
  } else {  // Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)
    put(L, 1);
    one(L, GR_SQUARE);
    with(L, GR_MUL, -0.5);
    one(L, GR_EXP);
    with(L, GR_MUL, 0.39894228040143267794);
    put(L, 1);
    two(L, GR_MUL);
    put(L, 1);
    one(L, GR_NORMAL_CDF);
  }
  two(L, GR_ADD);
  return 1;
}

// x:reshape(...) on top of the stack, of the value there.
static void reshape(lua_State *L, int rows, int columns) {
  lua_getfield(L, -1, "reshape");
  lua_insert(L, -2);
  lua_pushinteger(L, rows);
  lua_pushinteger(L, columns);
  lua_call(L, 3, 1);
}

// s_i (delta_ij - s_j)
static int softmax_derivative(lua_State *L) {
  const gr_tensor *x = gr_check_tensor(L, 1);
  lua_settop(L, 1);
  if (x->ndim != 1 || x->shape[0] == 0) {
    char text[GR_SHAPE_TEXT];
    return luaL_error(
        L,
        "softmax_derivative gives the matrix of one vector of scores, each output by each score; this "
        "tensor has shape %s: take one of its rows",
        gr_shape_text(text, x->ndim, x->shape));
  }
  const int64_t n = x->shape[0];
  lua_getfield(L, 1, "softmax");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  const int soft = lua_gettop(L);
  gr_tensor *delta = gr_push_tensor(L, x->dtype == GR_F32 ? GR_F32 : GR_F64, 2, (int64_t[]){n, n});
  GR_TRY(L, gr_fill(delta, 0, &err));
  for (int64_t i = 0; i < n; i++) gr_tensor_set(delta, (int64_t[]){i, i}, 1);
  put(L, soft);
  reshape(L, 1, -1);
  two(L, GR_SUB);
  put(L, soft);
  reshape(L, -1, 1);
  two(L, GR_MUL);
  return 1;
}

static const gr_function both[] = {
    {"leaky_relu", leaky_relu,
     "leaky_relu(x, negative_slope) -> tensor or number\n\n"
     "x where it is positive, negative_slope * x (0.3 * x unless given) elsewhere: a relu whose units cannot "
     "die. The "
     "slope may be a tensor, tracked too.\n\n"
     "> leaky_relu(tensor{-2, 3})\n"
     "[-0.6  3. ]\n"
     "> leaky_relu(tensor{-2, 3}, {negative_slope=0.01})\n"
     "[-0.02  3.  ]"},
    {"elu", elu,
     "elu(x, alpha) -> tensor or number\n\n"
     "x where it is positive, alpha * (e^x - 1) elsewhere (alpha is 1 unless given): smooth, and bounded "
     "below by "
     "-alpha. Clevert et al. 2015.\n\n"
     "> elu(tensor{-1, 2})\n"
     "[-0.63212056  2.        ]"},
    {"silu", silu,
     "silu(x) -> tensor or number\n\n"
     "x * sigmoid(x), also called swish: a relu with a soft bend.\n\n"
     "> silu(tensor{-1, 0, 2})\n"
     "[-0.26894142  0.          1.76159416]"},
    {"gelu", gelu,
     "gelu(x, options) -> tensor or number\n\n"
     "x times the probability that a standard normal number is below x: x * (1 + erf(x / sqrt 2)) / 2. With "
     "{approximate=true} the formula x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2 of Hendrycks "
     "and Gimpel "
     "2016.\n\n"
     "> gelu(tensor{-1, 0, 1})\n"
     "[-0.15865525  0.          0.84134475]\n"
     "> gelu(1, {approximate=true})\n"
     "0.8411919906082768"},
    {"sigmoid_derivative", sigmoid_derivative,
     "sigmoid_derivative(x) -> tensor or number\n\n"
     "The slope of sigmoid at x: s * (1 - s) with s = sigmoid(x); 1/4 at most.\n\n"
     "> sigmoid_derivative(tensor{0, 2})\n"
     "[0.25       0.10499359]"},
    {"tanh_derivative", tanh_derivative,
     "tanh_derivative(x) -> tensor or number\n\n"
     "The slope of tanh at x: 1 - tanh(x)^2.\n\n"
     "> tanh_derivative(tensor{0, 1})\n"
     "[1.         0.41997434]"},
    {"relu_derivative", relu_derivative,
     "relu_derivative(x) -> tensor or number\n\n"
     "The slope of relu at x: 1 where x is positive, 0 elsewhere (at 0 too, where relu has no slope).\n\n"
     "> relu_derivative(tensor{-2, 3})\n"
     "[0. 1.]"},
    {"leaky_relu_derivative", leaky_relu_derivative,
     "leaky_relu_derivative(x, negative_slope) -> tensor or number\n\n"
     "The slope of leaky_relu at x: 1 where x is positive, negative_slope (0.3 unless given) elsewhere.\n\n"
     "> leaky_relu_derivative(tensor{-2, 3})\n"
     "[0.3 1. ]"},
    {"elu_derivative", elu_derivative,
     "elu_derivative(x, alpha) -> tensor or number\n\n"
     "The slope of elu at x: 1 where x is positive, alpha * e^x elsewhere (alpha is 1 unless given).\n\n"
     "> elu_derivative(tensor{-1, 2})\n"
     "[0.36787944 1.        ]"},
    {"softplus_derivative", softplus_derivative,
     "softplus_derivative(x) -> tensor or number\n\n"
     "The slope of softplus at x: sigmoid(x).\n\n"
     "> softplus_derivative(0)\n"
     "0.5"},
    {"silu_derivative", silu_derivative,
     "silu_derivative(x) -> tensor or number\n\n"
     "The slope of silu at x: s + x * s * (1 - s) with s = sigmoid(x).\n\n"
     "> silu_derivative(0)\n"
     "0.5"},
    {"gelu_derivative", gelu_derivative,
     "gelu_derivative(x, options) -> tensor or number\n\n"
     "The slope of gelu at x: normal_cdf(x) + x * e^(-x^2 / 2) / sqrt(2 * pi); with {approximate=true} that "
     "of the "
     "approximation.\n\n"
     "> gelu_derivative(tensor{0, 1})\n"
     "[0.5        1.08331547]"},
    {"softmax_derivative", softmax_derivative,
     "softmax_derivative(x) -> tensor (n, n)\n\n"
     "How each output of softmax depends on each of the n scores: row i, column j is s_i * (1 - s_i) where i "
     "= j and "
     "-s_i * s_j elsewhere. For one vector.\n\n"
     "> softmax_derivative(tensor{0, 0})\n"
     "[[ 0.25 -0.25]\n"
     " [-0.25  0.25]]"},
    {NULL},
};

void gr_add_activations(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
