// The module `random`: what a learner draws, in NumPy's order, from the one generator of the runtime. Here
// its distributions; whole numbers, orders and the state have files of their own.
#include "bind/random.h"

#include <math.h>
#include <string.h>

#include "base/distributions.h"
#include "kernel/elementwise.h"
#include "tensor/format.h"

// ---- arguments ----

const char *const gr_dtype_only[] = {"dtype", NULL};

gr_sizes gr_check_sizes(lua_State *L, int first, const char *function, const char *const *names,
                        gr_dtype dtype) {
  gr_sizes s = {.dtype = dtype};
  int last = lua_gettop(L);
  if (last >= first && lua_istable(L, last)) {
    gr_check_options(L, last, function, names);
    s.options = last;
    if (gr_option(L, last, "dtype")) {
      s.dtype = gr_check_dtype(L, -1);
      lua_pop(L, 1);
    }
    if (lua_rawlen(L, last) == 0) last--;
  }
  if (last > first && (lua_istable(L, first) || lua_istable(L, last)))
    luaL_error(L, "%s takes the sizes as numbers or as one table, not both, as in %s(3, 1) or %s{3, 1}",
               function, function, function);
  s.ndim = gr_check_shape(L, first, last, s.shape);
  return s;
}

// ---- distributions ----

typedef enum limit { FINITE, NOT_NEGATIVE, POSITIVE, PROBABILITY, TRIES, RATE } limit;

static bool is_within(limit allowed, double x) {
  switch (allowed) {
    case FINITE: return isfinite(x);
    case NOT_NEGATIVE: return isfinite(x) && x >= 0;
    case POSITIVE: return isfinite(x) && x > 0;
    case PROBABILITY: return x >= 0 && x <= 1;
    case TRIES: return x >= 0 && x <= 0x1p53 && x == floor(x);
    case RATE: return x >= 0 && x <= GR_MOST_RATE;
  }
  return false;
}

static const char *const limit_texts[] = {
    [FINITE] = "a finite number",
    [NOT_NEGATIVE] = "0 or more",
    [POSITIVE] = "more than 0",
    [PROBABILITY] = "a probability, from 0 to 1",
    [TRIES] = "a whole number, 0 or more",
    [RATE] = "0 or more, and less than 9.22e18",
};

typedef struct parameter {
  const char *name;
  limit limit;
  double absent;  // its value when no parameter is given
} parameter;

typedef struct distribution {
  const char *name;
  int n;          // parameters: all of them are given, or none
  bool required;  // not none
  parameter parameters[2];
  gr_draw_reals *reals;    // float64 or float32
  gr_draw_counts *counts;  // int64
} distribution;

enum { RANDOM, RAND, RANDN, UNIFORM, NORMAL, EXPONENTIAL, LAPLACE, GAMMA, BETA, BINOMIAL, POISSON };

static const distribution distributions[] = {
    [RANDOM] = {"random", 0, false, {{"low", FINITE, 0}, {"high", FINITE, 1}}, gr_draw_uniform, NULL},
    [RAND] = {"rand", 0, false, {{"low", FINITE, 0}, {"high", FINITE, 1}}, gr_draw_uniform, NULL},
    [RANDN] = {"randn", 0, false, {{"mean", FINITE, 0}, {"deviation", FINITE, 1}}, gr_draw_normal, NULL},
    [UNIFORM] = {"uniform", 2, false, {{"low", FINITE, 0}, {"high", FINITE, 1}}, gr_draw_uniform, NULL},
    [NORMAL] =
        {"normal", 2, false, {{"mean", FINITE, 0}, {"deviation", NOT_NEGATIVE, 1}}, gr_draw_normal, NULL},
    [EXPONENTIAL] = {"exponential", 1, false, {{"scale", NOT_NEGATIVE, 1}}, gr_draw_exponential, NULL},
    [LAPLACE] =
        {"laplace", 2, false, {{"location", FINITE, 0}, {"scale", NOT_NEGATIVE, 1}}, gr_draw_laplace, NULL},
    [GAMMA] =
        {"gamma", 2, true, {{"shape", NOT_NEGATIVE, 0}, {"scale", NOT_NEGATIVE, 1}}, gr_draw_gamma, NULL},
    [BETA] = {"beta", 2, true, {{"a", POSITIVE, 0}, {"b", POSITIVE, 0}}, gr_draw_beta, NULL},
    [BINOMIAL] = {"binomial", 2, true, {{"n", TRIES, 0}, {"p", PROBABILITY, 0}}, NULL, gr_draw_binomial},
    [POISSON] = {"poisson", 1, false, {{"rate", RATE, 1}}, NULL, gr_draw_poisson},
};

static void check_value(lua_State *L, const distribution *d, int i, double x) {
  const parameter *p = &d->parameters[i];
  if (is_within(p->limit, x)) return;
  char text[32];
  gr_double_text(text, x);
  luaL_error(L, "%s: %s must be %s, not %s", d->name, p->name, limit_texts[p->limit], text);
}

static void check_values(lua_State *L, const distribution *d, double a, double b) {
  if (d->n > 0) check_value(L, d, 0, a);
  if (d->n > 1) check_value(L, d, 1, b);
  if (d->reals == gr_draw_uniform && !(a <= b && isfinite(b - a))) {
    char low[32], high[32];
    gr_double_text(low, a);
    gr_double_text(high, b);
    luaL_error(L,
               "%s(low, high, ...) draws from low up to high, so low is the smaller one; they are %s and %s",
               d->name, low, high);
  }
}

// How many parameters are given: numbers or tensors, before the sizes.
static int count_parameters(lua_State *L, const distribution *d) {
  int given = 0;
  while (given < d->n && (lua_type(L, given + 1) == LUA_TNUMBER || gr_test_tensor(L, given + 1))) given++;
  if (given == d->n || (given == 0 && !d->required)) return given;
  const char *first = d->parameters[0].name, *second = d->parameters[1].name;
  return luaL_error(L, "%s(%s, %s, ...) takes both of its parameters before the sizes, and %s is %s", d->name,
                    first, second, given ? second : first, luaL_typename(L, given + 1));
}

static gr_sizes check_draw_sizes(lua_State *L, const distribution *d, int first) {
  gr_sizes s = gr_check_sizes(L, first, d->name, gr_dtype_only, d->counts ? GR_I64 : GR_F64);
  if (d->counts && s.dtype != GR_I64)
    luaL_error(L, "%s counts, as int64, not %s; convert what it gives with :%s()", d->name,
               gr_dtype_name(s.dtype), gr_dtype_name(s.dtype));
  if (d->reals && !gr_dtype_is_float(s.dtype))
    luaL_error(L, "%s draws float64 or float32, not %s; for whole numbers use random.randint(low, high, ...)",
               d->name, gr_dtype_name(s.dtype));
  return s;
}

#define AT_ONCE 2048

// `n` draws with the same parameters into numbers of that dtype; an interrupt is looked for now and then.
static void fill(lua_State *L, const distribution *d, gr_dtype dtype, void *data, int64_t n, double a,
                 double b) {
  gr_random *r = gr_generator(L);
  double buffer[AT_ONCE];
  for (int64_t at = 0; at < n; at += AT_ONCE) {
    int64_t count = n - at < AT_ONCE ? n - at : AT_ONCE;
    if (d->counts) {
      d->counts(r, (int64_t *)data + at, count, a, b);
    } else if (dtype == GR_F64) {
      d->reals(r, (double *)data + at, count, a, b);
    } else {
      d->reals(r, buffer, count, a, b);
      for (int64_t i = 0; i < count; i++) ((float *)data)[at + i] = (float)buffer[i];
    }
    GR_TRY(L, gr_interrupt_poll(&err));
  }
}

static int push_single(lua_State *L, const distribution *d, gr_dtype dtype, double a, double b) {
  union {
    double f64;
    float f32;
    int64_t i64;
  } number;
  fill(L, d, dtype, &number, 1, a, b);
  gr_tensor t = {.data = &number, .dtype = (uint8_t)dtype};
  gr_push_element(L, &t, NULL);
  return 1;
}

// Pushes parameter i, broadcast to the shape of the result, as float64, and returns its numbers.
static const double *push_parameter(lua_State *L, const distribution *d, int i, const gr_tensor *given,
                                    const gr_sizes *s) {
  gr_tensor view, *t = gr_push_tensor(L, GR_F64, s->ndim, s->shape);
  char text[GR_SHAPE_TEXT], shape[GR_SHAPE_TEXT];
  gr_err unused;
  if (gr_tensor_view_broadcast(&view, given, s->ndim, s->shape, &unused))
    luaL_error(L, "%s: %s of shape %s does not fit draws of shape %s", d->name, d->parameters[i].name,
               gr_shape_text(text, given->ndim, given->shape), gr_shape_text(shape, s->ndim, s->shape));
  GR_TRY(L, gr_copy(t, &view, &err));
  return t->data;
}

// A draw for each element of the parameters, which broadcast to the sizes or, without, to each other.
static int draw_each(lua_State *L, const distribution *d) {
  gr_tensor numbers[2] = {0};
  double values[2] = {d->parameters[0].absent, d->parameters[1].absent};
  const gr_tensor *given[2];
  for (int i = 0; i < 2; i++) {
    numbers[i] = (gr_tensor){.data = &values[i], .dtype = GR_F64};
    given[i] = i < d->n ? gr_check_operand(L, i + 1, GR_F64, &numbers[i], &values[i]) : &numbers[i];
    gr_refuse_derivative(
        L, i + 1, d->name,
        "a draw has no derivative by its parameters: what is computed from a draw has one, as "
        "mean + deviation * random.randn(...)");
  }
  gr_sizes s = check_draw_sizes(L, d, d->n + 1);
  if (s.ndim == 0) GR_TRY(L, gr_broadcast_shape(&s.ndim, s.shape, given[0], given[1], &err));
  const double *a = push_parameter(L, d, 0, given[0], &s), *b = push_parameter(L, d, 1, given[1], &s);
  gr_tensor *t = gr_push_tensor(L, s.dtype, s.ndim, s.shape);
  int64_t n = gr_tensor_size(t);
  size_t size = gr_dtype_size(s.dtype);
  for (int64_t i = 0; i < n; i++) check_values(L, d, a[i], b[i]);
  for (int64_t i = 0; i < n; i++) fill(L, d, s.dtype, (char *)t->data + (size_t)i * size, 1, a[i], b[i]);
  if (s.ndim == 0) gr_push_element(L, t, NULL);
  return 1;
}

static int draw_from(lua_State *L, const distribution *d) {
  int given = count_parameters(L, d);
  for (int i = 1; i <= given; i++)
    if (gr_test_tensor(L, i)) return draw_each(L, d);
  gr_sizes s = check_draw_sizes(L, d, given + 1);
  double a = given > 0 ? lua_tonumber(L, 1) : d->parameters[0].absent;
  double b = given > 1 ? lua_tonumber(L, 2) : d->parameters[1].absent;
  check_values(L, d, a, b);
  if (s.ndim == 0) return push_single(L, d, s.dtype, a, b);
  gr_tensor *t = gr_push_tensor(L, s.dtype, s.ndim, s.shape);
  fill(L, d, s.dtype, t->data, gr_tensor_size(t), a, b);
  return 1;
}

static int draw(lua_State *L) { return draw_from(L, &distributions[lua_tointeger(L, lua_upvalueindex(1))]); }

// random(3, 1): the module itself can be called.
static int call_module(lua_State *L) {
  lua_remove(L, 1);
  return draw_from(L, &distributions[RANDOM]);
}

// ---- the module ----

#define DTYPE_HELP "{dtype=\"float32\"} rounds each number to float32. "
#define EACH_HELP                                                                          \
  "A parameter may be a tensor: then each of its elements has a draw of its own, and the " \
  "parameters and sizes broadcast. "

static const gr_function functions[] = {
    {"random", draw,
     "random(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Uniform numbers in [0, 1), of 53 random bits each, in a tensor of the given sizes, which may also be "
     "one table: random{3, 1}. A single number without sizes. " DTYPE_HELP "Calling the module itself does "
     "the same. The numbers are those of numpy.random.random.\n\n"
     "> random.seed(1)\n"
     "> random.random(2, 2)\n"
     "[[4.17022005e-01 7.20324493e-01]\n"
     " [1.14374817e-04 3.02332573e-01]]\n"
     "> random{3}\n"
     "[0.14675589 0.09233859 0.18626021]",
     RANDOM},
    {"rand", draw,
     "rand(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Another name for random.random, as in NumPy.\n\n"
     "> random.seed(1)\n"
     "> random.rand(2)\n"
     "[0.417022   0.72032449]",
     RAND},
    {"randn", draw,
     "randn(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers from the normal distribution of mean 0 and standard deviation 1 (polar method of Marsaglia, "
     "two at a time; the second waits for the next call), in a tensor of the given sizes, or a single "
     "number. " DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.randn(3)\n"
     "[ 1.62434536 -0.61175641 -0.52817175]",
     RANDN},
    {"uniform", draw,
     "uniform(low, high, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Uniform numbers in [low, high); 0 and 1 when no number is given. " EACH_HELP DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.uniform(-1, 1, 3, 1)\n"
     "[[-0.16595599]\n"
     " [ 0.44064899]\n"
     " [-0.99977125]]\n"
     "> random.uniform(0, tensor{1, 10, 100})\n"
     "[0.30233257 1.46755891 9.23385948]",
     UNIFORM},
    {"normal", draw,
     "normal(mean, deviation, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers from the normal distribution of that mean and standard deviation; 0 and 1 when no number is "
     "given. " EACH_HELP DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.normal(5, 2, 3)\n"
     "[8.24869073 3.77648717 3.9436565 ]",
     NORMAL},
    {"exponential", draw,
     "exponential(scale, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Waiting times: numbers of density exp(-x / scale) / scale for x >= 0. The scale, their mean, is 1 when "
     "no "
     "number is given. " EACH_HELP DTYPE_HELP "The logarithm of a uniform number.\n\n"
     "> random.seed(1)\n"
     "> random.exponential(2, 3)\n"
     "[1.07921167e+00 2.54825051e+00 2.28762717e-04]",
     EXPONENTIAL},
    {"laplace", draw,
     "laplace(location, scale, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers of density exp(-|x - location| / scale) / (2 scale); 0 and 1 when no number is "
     "given. " EACH_HELP DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.laplace(0, 1, 3)\n"
     "[-0.18146911  0.58097807 -8.38288245]",
     LAPLACE},
    {"gamma", draw,
     "gamma(shape, scale, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers of a density proportional to x^(shape - 1) exp(-x / scale) for x > 0; their mean is shape * "
     "scale. " EACH_HELP DTYPE_HELP
     "Marsaglia and Tsang's method (2000), Ahrens and Dieter's (1974) for a shape below 1.\n\n"
     "> random.seed(1)\n"
     "> random.gamma(3, 2, 3)\n"
     "[12.59183093  3.57445726  3.78762499]",
     GAMMA},
    {"beta", draw,
     "beta(a, b, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers in [0, 1] of a density proportional to x^(a - 1) (1 - x)^(b - 1), for a and b above 0; their "
     "mean is "
     "a / (a + b). " EACH_HELP DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.beta(2, 5, 3)\n"
     "[0.57897128 0.28364127 0.61324322]",
     BETA},
    {"binomial", draw,
     "binomial(n, p, d1, d2, ...) -> tensor or integer\n\n"
     "How many of n tries succeed when each does with probability p: whole numbers from 0 to n, as "
     "int64. " EACH_HELP
     "By inversion, or by BTPE (Kachitvichyanukul and Schmeiser 1988) when n min(p, 1 - p) is above 30.\n\n"
     "> random.seed(1)\n"
     "> random.binomial(10, 0.5, 8)\n"
     "[5 6 0 4 3 3 4 4]",
     BINOMIAL},
    {"poisson", draw,
     "poisson(rate, d1, d2, ...) -> tensor or integer\n\n"
     "How many events happen where `rate` are expected: whole numbers from 0, as int64. The rate is 1 when "
     "no "
     "number is given. " EACH_HELP
     "By multiplication (Knuth), or by PTRS (Hormann 1993) from a rate of 10.\n\n"
     "> random.seed(1)\n"
     "> random.poisson(4, 8)\n"
     "[2 2 3 4 4 6 1 5]",
     POISSON},
    {NULL, NULL, NULL},
};

int gr_open_random(lua_State *L) {
  lua_createtable(L, 0, 32);
  gr_register(L, "random", functions);
  gr_add_random_integers(L);
  gr_add_random_orders(L);
  gr_add_random_state(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, call_module);
  lua_setfield(L, -2, "__call");
  lua_setmetatable(L, -2);
  return 1;
}
