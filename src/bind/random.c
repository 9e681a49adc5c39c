// The module `random`: what a learner draws, in NumPy's order, from the one generator of the runtime.
#include <math.h>
#include <string.h>

#include "bind/bind.h"
#include "kernel/elementwise.h"
#include "kernel/gather.h"
#include "tensor/format.h"

static gr_random *generator(lua_State *L) { return &gr_runtime_of(L)->random; }

// ---- arguments ----

// What follows the parameters of a draw: sizes, as numbers or as one table, then a table of options. Without
// sizes the draw is a single number.
typedef struct sizes {
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  int options;  // stack index of the table with options; 0 without
  gr_dtype dtype;
} sizes;

static const char *const dtype_only[] = {"dtype", NULL};

static sizes check_sizes(lua_State *L, int first, const char *function, const char *const *names,
                         gr_dtype dtype) {
  sizes s = {.dtype = dtype};
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

static sizes check_float_sizes(lua_State *L, int first, const char *function) {
  sizes s = check_sizes(L, first, function, dtype_only, GR_F64);
  if (!gr_dtype_is_float(s.dtype))
    luaL_error(L, "%s draws float64 or float32, not %s; for whole numbers use random.randint(low, high, ...)",
               function, gr_dtype_name(s.dtype));
  return s;
}

// The two parameters of a distribution at 1 and 2, when there are any; the index of what follows them.
static int check_parameters(lua_State *L, const char *function, double *a, double *b) {
  if (lua_type(L, 1) != LUA_TNUMBER) return 1;
  if (lua_type(L, 2) != LUA_TNUMBER)
    luaL_error(L, "%s takes both of its parameters before the sizes, and the second is %s", function,
               luaL_typename(L, 2));
  *a = lua_tonumber(L, 1);
  *b = lua_tonumber(L, 2);
  if (!isfinite(*a) || !isfinite(*b) || !isfinite(*b - *a))
    luaL_error(L, "%s needs finite parameters, not %f and %f", function, *a, *b);
  return 3;
}

// ---- real numbers ----

typedef double (*distribution)(gr_random *, double, double);

static int push_draws(lua_State *L, const sizes *s, distribution draw, double a, double b) {
  gr_random *r = generator(L);
  bool single = s->dtype == GR_F32;
  if (s->ndim == 0) {
    double x = draw(r, a, b);
    lua_pushnumber(L, single ? (double)(float)x : x);
    return 1;
  }
  gr_tensor *t = gr_push_tensor(L, s->dtype, s->ndim, s->shape);
  int64_t n = gr_tensor_size(t);
  for (int64_t i = 0; i < n; i++) {
    double x = draw(r, a, b);
    if (single)
      ((float *)t->data)[i] = (float)x;
    else
      ((double *)t->data)[i] = x;
    gr_poll_sometimes(L, i);
  }
  return 1;
}

static int random_random(lua_State *L) {
  sizes s = check_float_sizes(L, 1, "random");
  return push_draws(L, &s, gr_random_uniform, 0, 1);
}

static int random_rand(lua_State *L) {
  sizes s = check_float_sizes(L, 1, "rand");
  return push_draws(L, &s, gr_random_uniform, 0, 1);
}

static int random_randn(lua_State *L) {
  sizes s = check_float_sizes(L, 1, "randn");
  return push_draws(L, &s, gr_random_normal, 0, 1);
}

static int random_uniform(lua_State *L) {
  double low = 0, high = 1;
  sizes s = check_float_sizes(L, check_parameters(L, "uniform", &low, &high), "uniform");
  return push_draws(L, &s, gr_random_uniform, low, high);
}

static int random_normal(lua_State *L) {
  double mean = 0, deviation = 1;
  sizes s = check_float_sizes(L, check_parameters(L, "normal", &mean, &deviation), "normal");
  if (deviation < 0)
    return luaL_error(L, "normal(mean, deviation, ...) needs a standard deviation of 0 or more, not %f",
                      deviation);
  return push_draws(L, &s, gr_random_normal, mean, deviation);
}

// random(3, 1): the module itself can be called.
static int call_module(lua_State *L) {
  lua_remove(L, 1);
  return random_random(L);
}

// ---- whole numbers ----

// NumPy cuts small numbers out of one word, lowest bits first, and drops what is left of it after the call:
// uint8 and bool are streams of their own.
typedef struct small_words {
  uint32_t word;
  int left;
} small_words;

static uint32_t draw_bits(gr_random *r, small_words *w, int bits) {
  if (w->left == 0) {
    w->word = gr_random_u32(r);
    w->left = 32 / bits;
  } else {
    w->word >>= bits;
  }
  w->left--;
  return w->word & ((1u << bits) - 1);
}

static uint8_t draw_small(gr_random *r, small_words *w, gr_dtype dtype, int64_t low, uint64_t range) {
  if (range == 0) return (uint8_t)low;
  if (dtype == GR_BOOL) return (uint8_t)draw_bits(r, w, 1);
  uint32_t mask = UINT32_MAX >> __builtin_clz((uint32_t)range), value;
  while ((value = draw_bits(r, w, 8) & mask) > range) continue;
  return (uint8_t)(low + value);
}

static int64_t draw_integer(gr_random *r, int64_t low, uint64_t range) {
  return (int64_t)((uint64_t)low + gr_random_interval(r, range));
}

static int random_randint(lua_State *L) {
  lua_Integer low = 0, high = luaL_checkinteger(L, 1);
  int first = 2;
  if (lua_type(L, 2) == LUA_TNUMBER) {
    low = high;
    high = luaL_checkinteger(L, 2);
    first = 3;
  }
  sizes s = check_sizes(L, first, "randint", dtype_only, GR_I64);
  if (low >= high && first == 2)
    return luaL_error(L, "randint(high) draws from 0 to high - 1, so high is at least 1, not %I", high);
  if (low >= high)
    return luaL_error(L,
                      "randint(low, high, ...) draws from low to high - 1, so low must be less than high, "
                      "and they are %I and %I",
                      low, high);
  if (gr_dtype_is_float(s.dtype))
    return luaL_error(L, "randint draws int64, uint8 or bool, not %s; convert what it gives with :%s()",
                      gr_dtype_name(s.dtype), gr_dtype_name(s.dtype));
  lua_Integer most = s.dtype == GR_BOOL ? 2 : 256;
  if (s.dtype != GR_I64 && (low < 0 || high > most))
    return luaL_error(L, "%s holds 0 to %I, and randint was asked for %I to %I", gr_dtype_name(s.dtype),
                      most - 1, low, high - 1);
  gr_random *r = generator(L);
  uint64_t range = (uint64_t)high - 1 - (uint64_t)low;
  small_words words = {0};
  if (s.ndim == 0) {
    if (s.dtype == GR_I64)
      lua_pushinteger(L, draw_integer(r, low, range));
    else if (s.dtype == GR_U8)
      lua_pushinteger(L, draw_small(r, &words, s.dtype, low, range));
    else
      lua_pushboolean(L, draw_small(r, &words, s.dtype, low, range));
    return 1;
  }
  gr_tensor *t = gr_push_tensor(L, s.dtype, s.ndim, s.shape);
  int64_t n = gr_tensor_size(t);
  for (int64_t i = 0; i < n; i++) {
    if (s.dtype == GR_I64)
      ((int64_t *)t->data)[i] = draw_integer(r, low, range);
    else
      ((uint8_t *)t->data)[i] = draw_small(r, &words, s.dtype, low, range);
    gr_poll_sometimes(L, i);
  }
  return 1;
}

// ---- orders ----

// Pushes the order 0..n-1 shuffled, as int64.
static int64_t *push_order(lua_State *L, int64_t n) {
  gr_tensor *t = gr_push_tensor(L, GR_I64, 1, &n);
  GR_TRY(L, gr_random_permutation(generator(L), t->data, n, &err));
  return t->data;
}

// Row i of `to` becomes row order[i] of `from`. They do not overlap.
static void copy_rows(lua_State *L, gr_tensor *to, const gr_tensor *from, const int64_t *order) {
  const gr_picks picks = {.axes = 1, .position = order, .count = from->shape[0]};
  GR_TRY(L, gr_gather(to, from, &picks, &err));
}

static void check_rows(lua_State *L, const gr_tensor *t, const char *function) {
  gr_refuse_tracked(L, 1, function);
  if (t->ndim == 0)
    luaL_error(L, "%s needs a tensor with at least one axis; this one is a single number", function);
}

static int random_permutation(lua_State *L) {
  gr_tensor *t = gr_test_tensor(L, 1);
  if (t) {
    check_rows(L, t, "permutation");
    int64_t *order = push_order(L, t->shape[0]);
    gr_tensor *out = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
    copy_rows(L, out, t, order);
    return 1;
  }
  if (lua_type(L, 1) != LUA_TNUMBER)
    return luaL_error(L,
                      "permutation takes a number, for the positions 1 to n in random order, or a tensor, "
                      "for a copy with its rows in random order; not %s",
                      luaL_typename(L, 1));
  lua_Integer n = luaL_checkinteger(L, 1);
  if (n < 0) return luaL_error(L, "permutation(n) orders the positions 1 to n: n is 0 or more, not %I", n);
  int64_t *order = push_order(L, n);
  for (int64_t i = 0; i < n; i++) order[i]++;
  return 1;
}

static int random_shuffle(lua_State *L) {
  gr_tensor *t = gr_test_tensor(L, 1);
  if (t) {
    check_rows(L, t, "shuffle");
    for (int axis = 0; axis < t->ndim; axis++)
      if (t->stride[axis] == 0 && t->shape[axis] > 1)
        return luaL_error(L,
                          "shuffle changes the tensor in place, and this one repeats the same "
                          "numbers along axis %d (it was broadcast): shuffle a clone of it",
                          axis + 1);
    gr_tensor *before = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
    int64_t *order = push_order(L, t->shape[0]);
    GR_TRY(L, gr_copy(before, t, &err));
    gr_buffer_changes(t->buffer);
    copy_rows(L, t, before, order);
    return 0;
  }
  if (!lua_istable(L, 1))
    return luaL_error(L,
                      "shuffle takes a tensor or a list, and changes it in place; not %s. For the "
                      "numbers 1 to n in random order there is permutation(n)",
                      luaL_typename(L, 1));
  gr_random *r = generator(L);
  for (lua_Integer i = luaL_len(L, 1); i > 1; i--) {
    lua_Integer j = (lua_Integer)gr_random_interval(r, (uint64_t)i - 1) + 1;
    lua_geti(L, 1, i);
    lua_geti(L, 1, j);
    lua_seti(L, 1, i);
    lua_seti(L, 1, j);
    gr_poll_sometimes(L, i);
  }
  return 0;
}

// ---- choice ----

// Pushes the option `p`, a list or a tensor of n probabilities, as doubles.
static double *push_probabilities(lua_State *L, int index, int64_t n) {
  gr_tensor *given = gr_test_tensor(L, index);
  if (!given && !lua_istable(L, index))
    luaL_error(L, "choice: p is a list or a tensor of %I probabilities, not %s", (lua_Integer)n,
               luaL_typename(L, index));
  if (given && given->ndim != 1) luaL_error(L, "choice: p has one axis, not %d", given->ndim);
  lua_Integer length = given ? given->shape[0] : luaL_len(L, index);
  if (length != n)
    luaL_error(L, "choice among %I positions needs %I probabilities in p, and got %I", (lua_Integer)n,
               (lua_Integer)n, length);
  double *p = gr_push_tensor(L, GR_F64, 1, &n)->data, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    if (given) {
      p[i] = gr_tensor_get(given, &i);
    } else {
      int is_number;
      lua_geti(L, index, i + 1);
      p[i] = lua_tonumberx(L, -1, &is_number);
      if (!is_number)
        luaL_error(L, "choice: p[%I] is %s, not a number", (lua_Integer)i + 1, luaL_typename(L, -1));
      lua_pop(L, 1);
    }
    if (!(p[i] >= 0))
      luaL_error(L, "choice: p[%I] is %f; a probability is 0 or more", (lua_Integer)i + 1, p[i]);
    sum += p[i];
  }
  if (!(fabs(sum - 1) <= 1.5e-8)) {  // NumPy's tolerance
    char text[32];
    gr_double_text(text, sum);
    luaL_error(L, "choice: the probabilities p sum to %s, not 1: divide them by their sum", text);
  }
  return p;
}

static void accumulate(double *sums, const double *p, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sums[i] = sum += p[i];
  for (int64_t i = 0; i < n; i++) sums[i] /= sum;
}

// How many of the sums are at most u: the position, from 0, whose share of [0, 1) holds u.
static int64_t find(const double *sums, int64_t n, double u) {
  int64_t low = 0, high = n;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (sums[middle] <= u)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n ? low : n - 1;
}

// Weighted draws without replacement, as NumPy makes them: draw as many as are missing, keep the first of
// each, give those no weight, and draw again.
static void draw_distinct(lua_State *L, int64_t *out, int64_t count, double *p, double *sums, int64_t n) {
  gr_random *r = generator(L);
  for (int64_t have = 0, before; have < count; have = before) {
    accumulate(sums, p, n);
    before = have;
    for (int64_t i = have; i < count; i++) {
      int64_t k = find(sums, n, gr_random_double(r));
      if (p[k] > 0) out[before++] = k;
      p[k] = 0;
    }
    GR_TRY(L, gr_interrupt_poll(&err));
  }
}

// `count` positions from 0 to n - 1 into out. p: n probabilities, which may be overwritten, or NULL.
static void draw_positions(lua_State *L, int64_t *out, int64_t count, int64_t n, double *p, bool replace) {
  gr_random *r = generator(L);
  double *sums = p ? gr_push_tensor(L, GR_F64, 1, &n)->data : NULL;
  if (p && replace) {
    accumulate(sums, p, n);
    for (int64_t i = 0; i < count; i++) {
      out[i] = find(sums, n, gr_random_double(r));
      gr_poll_sometimes(L, i);
    }
  } else if (p) {
    draw_distinct(L, out, count, p, sums, n);
  } else if (replace) {
    for (int64_t i = 0; i < count; i++) {
      out[i] = (int64_t)gr_random_interval(r, (uint64_t)n - 1);
      gr_poll_sometimes(L, i);
    }
  } else {
    const int64_t *order = push_order(L, n);
    if (count) memcpy(out, order, (size_t)count * sizeof *out);
  }
}

static int random_choice(lua_State *L) {
  if (lua_type(L, 1) != LUA_TNUMBER)
    return luaL_error(L,
                      "choice(n, ...) takes how many there are to choose from, not %s, and gives "
                      "positions from 1 to n: index with them",
                      luaL_typename(L, 1));
  int64_t n = luaL_checkinteger(L, 1);
  static const char *const names[] = {"replace", "p", NULL};
  sizes s = check_sizes(L, 2, "choice", names, GR_I64);
  if (n < 1)
    return luaL_error(L, "choice(n, ...) needs at least one position to choose from; n is %I",
                      (lua_Integer)n);
  bool replace = true;
  if (s.options && gr_option(L, s.options, "replace")) {
    if (!lua_isboolean(L, -1))
      return luaL_error(L, "choice: replace is true or false, not %s", luaL_typename(L, -1));
    replace = lua_toboolean(L, -1);
  }
  double *p = NULL;
  if (s.options && gr_option(L, s.options, "p")) p = push_probabilities(L, lua_gettop(L), n);
  // A single position is drawn as a tensor of one element, so that there is one way to draw.
  int64_t one = 1;
  gr_tensor *t = s.ndim ? gr_push_tensor(L, GR_I64, s.ndim, s.shape) : gr_push_tensor(L, GR_I64, 1, &one);
  int result = lua_gettop(L);
  int64_t count = gr_tensor_size(t), *out = t->data, possible = n;
  if (p && !replace) {
    possible = 0;
    for (int64_t i = 0; i < n; i++) possible += p[i] > 0;
  }
  if (!replace && count > possible)
    return luaL_error(L,
                      "choice cannot draw %I different positions from %I%s: draw fewer, or with "
                      "replace=true",
                      (lua_Integer)count, (lua_Integer)possible, p ? " whose probability is not 0" : "");
  draw_positions(L, out, count, n, p, replace);
  for (int64_t i = 0; i < count; i++) out[i]++;
  if (s.ndim == 0)
    lua_pushinteger(L, out[0]);
  else
    lua_pushvalue(L, result);
  return 1;
}

// ---- the module ----

#define DTYPE_HELP "{dtype=\"float32\"} rounds each number to float32. "

static const gr_function functions[] = {
    {"random", random_random,
     "random(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Uniform numbers in [0, 1), of 53 random bits each, in a tensor of the given sizes, which may also be "
     "one table: random{3, 1}. A single number without sizes. " DTYPE_HELP "Calling the module itself does "
     "the same. The numbers are those of numpy.random.random.\n\n"
     "> random.seed(1)\n"
     "> random.random(2, 2)\n"
     "[[4.17022005e-01 7.20324493e-01]\n"
     " [1.14374817e-04 3.02332573e-01]]\n"
     "> random{3}\n"
     "[0.14675589 0.09233859 0.18626021]"},
    {"rand", random_rand,
     "rand(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Another name for random.random, as in NumPy.\n\n"
     "> random.seed(1)\n"
     "> random.rand(2)\n"
     "[0.417022   0.72032449]"},
    {"randn", random_randn,
     "randn(d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers from the normal distribution of mean 0 and standard deviation 1 (polar method of Marsaglia, "
     "two at a time; the second waits for the next call), in a tensor of the given sizes, or a single "
     "number. " DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.randn(3)\n"
     "[ 1.62434536 -0.61175641 -0.52817175]"},
    {"uniform", random_uniform,
     "uniform(low, high, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Uniform numbers in [low, high); 0 and 1 when no number is given. " DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.uniform(-1, 1, 3, 1)\n"
     "[[-0.16595599]\n"
     " [ 0.44064899]\n"
     " [-0.99977125]]"},
    {"normal", random_normal,
     "normal(mean, deviation, d1, d2, ..., {dtype=\"float64\"}) -> tensor or number\n\n"
     "Numbers from the normal distribution of that mean and standard deviation; 0 and 1 when no number is "
     "given. " DTYPE_HELP "\n\n"
     "> random.seed(1)\n"
     "> random.normal(5, 2, 3)\n"
     "[8.24869073 3.77648717 3.9436565 ]"},
    {"randint", random_randint,
     "randint(low, high, d1, d2, ..., {dtype=\"int64\"}) -> tensor or integer\n\n"
     "Whole numbers from low to high - 1, each as likely as the other. randint(high) draws from 0. These "
     "are values, not positions: class labels start at 0. dtype may also be uint8 or bool, which draw other "
     "numbers, as in NumPy.\n\n"
     "> random.seed(1)\n"
     "> random.randint(0, 10, 12)\n"
     "[5 8 9 5 0 0 1 7 6 9 2 4]\n"
     "> random.randint(0, 2, 4, {dtype=\"bool\"})\n"
     "[False  True  True  True]"},
    {"permutation", random_permutation,
     "permutation(n) -> tensor\n\n"
     "The positions 1 to n in random order, as int64: NumPy's numbers plus one. Given a tensor, a copy of "
     "it with its rows (what lies along the first axis) in random order.\n\n"
     "> random.seed(1)\n"
     "> random.permutation(10)\n"
     "[ 3 10  7  5  1  4  2  8  9  6]"},
    {"shuffle", random_shuffle,
     "shuffle(t)\n\n"
     "Puts the rows of a tensor (what lies along its first axis), or the items of a list, in random order, "
     "in place. To shuffle pictures and labels alike, take one permutation and index both with it.\n\n"
     "> random.seed(1)\n"
     "> t = random.permutation(5); random.seed(1)\n"
     "> random.shuffle(t)\n"
     "> t\n"
     "[5 2 4 3 1]"},
    {"choice", random_choice,
     "choice(n, d1, d2, ..., {replace=true, p=nil}) -> tensor or integer\n\n"
     "Positions from 1 to n, chosen at random: NumPy's numbers plus one. With replace=false no position "
     "comes twice. p is a list or tensor of n probabilities that sum to 1; without it all are alike.\n\n"
     "> random.seed(1)\n"
     "> random.choice(10, 4, {replace=false})\n"
     "[ 3 10  7  5]\n"
     "> random.choice(3, 6, {p={0.2, 0.3, 0.5}})\n"
     "[2 3 3 3 2 3]"},
    {NULL, NULL, NULL},
};

int gr_open_random(lua_State *L) {
  lua_createtable(L, 0, 16);
  gr_register(L, "random", functions);
  gr_add_random_state(L);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, call_module);
  lua_setfield(L, -2, "__call");
  lua_setmetatable(L, -2);
  return 1;
}
