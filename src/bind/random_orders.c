// Orders and choices: permutation, shuffle, choice, multinomial.
#include "bind/random.h"

#include <math.h>
#include <string.h>

#include "base/distributions.h"
#include "bind/moving.h"
#include "kernel/elementwise.h"
#include "tensor/format.h"

#define AT_ONCE (1 << 16)  // draws between two looks for an interrupt

// Pushes the order 0..n-1 shuffled, as int64.
static int64_t *push_order(lua_State *L, int64_t n) {
  gr_tensor *t = gr_push_tensor(L, GR_I64, 1, &n);
  GR_TRY(L, gr_random_permutation(gr_generator(L), t->data, n, &err));
  return t->data;
}

static void check_rows(lua_State *L, const gr_tensor *t, const char *function) {
  if (t->ndim == 0)
    luaL_error(L, "%s needs a tensor with at least one axis; this one is a single number", function);
}

static int random_permutation(lua_State *L) {
  gr_tensor *t = gr_test_tensor(L, 1);
  if (t) {
    check_rows(L, t, "permutation");
    push_order(L, t->shape[0]);
    gr_push_picked(L, 1, 0, 1, lua_gettop(L));
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
    gr_refuse_derivative(
        L, 1, "shuffle",
        "what changes numbers in place keeps no way back for gradients: random.permutation(t) "
        "makes a new tensor, with one");
    gr_check_writable(L, t, "shuffle");
    push_order(L, t->shape[0]);
    gr_push_picked(L, 1, 0, 1, lua_gettop(L));
    gr_buffer_changes(t->buffer);
    GR_TRY(L, gr_copy(t, gr_check_tensor(L, -1), &err));
    return 0;
  }
  if (!lua_istable(L, 1))
    return luaL_error(L,
                      "shuffle takes a tensor or a list, and changes it in place; not %s. For the "
                      "numbers 1 to n in random order there is permutation(n)",
                      luaL_typename(L, 1));
  gr_random *r = gr_generator(L);
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

// Pushes the list or tensor of probabilities at `index` as doubles: *n of them, or, when that is -1, any
// number, which *n then is.
static double *push_probabilities(lua_State *L, int index, const char *function, int64_t *n) {
  gr_tensor *given = gr_test_tensor(L, index);
  if (!given && !lua_istable(L, index))
    luaL_error(L, "%s: p is a list or a tensor of probabilities, not %s", function, luaL_typename(L, index));
  if (given && given->ndim != 1) luaL_error(L, "%s: p has one axis, not %d", function, given->ndim);
  gr_refuse_derivative(L, index, function, "a draw has no derivative by the probabilities");
  int64_t wanted = *n;
  *n = given ? given->shape[0] : luaL_len(L, index);
  if (wanted >= 0 && *n != wanted)
    luaL_error(L, "%s among %I positions needs %I probabilities in p, and got %I", function,
               (lua_Integer)wanted, (lua_Integer)wanted, (lua_Integer)*n);
  double *p = gr_push_tensor(L, GR_F64, 1, n)->data, sum = 0;
  char text[32];
  for (int64_t i = 0; i < *n; i++) {
    if (given) {
      p[i] = gr_tensor_get(given, &i);
    } else {
      int is_number;
      lua_geti(L, index, i + 1);
      p[i] = lua_tonumberx(L, -1, &is_number);
      if (!is_number)
        luaL_error(L, "%s: p[%I] is %s, not a number", function, (lua_Integer)i + 1, luaL_typename(L, -1));
      lua_pop(L, 1);
    }
    if (!(p[i] >= 0)) {
      gr_double_text(text, p[i]);
      luaL_error(L, "%s: p[%I] is %s; a probability is 0 or more", function, (lua_Integer)i + 1, text);
    }
    sum += p[i];
  }
  if (!(fabs(sum - 1) <= 1.5e-8)) {  // NumPy's tolerance
    gr_double_text(text, sum);
    luaL_error(L, "%s: the probabilities p sum to %s, not 1: divide them by their sum", function, text);
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
  gr_random *r = gr_generator(L);
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
  gr_random *r = gr_generator(L);
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
    for (int64_t i = 0; i < count; i += AT_ONCE) {
      gr_random_intervals(r, (uint64_t *)out + i, count - i < AT_ONCE ? count - i : AT_ONCE, (uint64_t)n - 1);
      GR_TRY(L, gr_interrupt_poll(&err));
    }
  } else {
    const int64_t *order = push_order(L, n);
    if (count) memcpy(out, order, (size_t)count * sizeof *out);
  }
}

// How many there are to choose from: a number, the rows of a tensor, the items of a list.
static int64_t check_choices(lua_State *L) {
  const gr_tensor *t = gr_test_tensor(L, 1);
  int64_t n;
  if (t) {
    check_rows(L, t, "choice");
    n = t->shape[0];
  } else if (lua_istable(L, 1)) {
    n = luaL_len(L, 1);
  } else if (lua_type(L, 1) == LUA_TNUMBER) {
    n = luaL_checkinteger(L, 1);
  } else {
    return luaL_error(
        L,
        "choice takes how many positions there are to choose from, or a tensor or list whose rows to "
        "choose from, not %s",
        luaL_typename(L, 1));
  }
  if (n < 1)
    luaL_error(L,
               t || lua_istable(L, 1) ? "choice needs at least one row to choose from, and there is none"
                                      : "choice(n, ...) needs at least one position to choose from; n is %I",
               (lua_Integer)n);
  return n;
}

// Pushes what was chosen out of the argument by the positions (from 0) in the tensor at `chosen`: positions
// from 1, rows, or items.
static int push_chosen(lua_State *L, const gr_sizes *s, int chosen, int64_t count) {
  int64_t *rows = gr_check_tensor(L, chosen)->data;
  const gr_tensor *t = gr_test_tensor(L, 1);
  if (t) {
    gr_push_picked(L, 1, 0, 1, chosen);
    if (t->ndim + s->ndim == 1 && !gr_is_tracked(t)) gr_push_element(L, gr_check_tensor(L, -1), NULL);
  } else if (lua_istable(L, 1) && s->ndim == 0) {
    lua_geti(L, 1, rows[0] + 1);
  } else if (lua_istable(L, 1)) {
    lua_newtable(L);
    for (int64_t i = 0; i < count; i++) {
      lua_geti(L, 1, rows[i] + 1);
      lua_seti(L, -2, i + 1);
      gr_poll_sometimes(L, i);
    }
  } else if (s->ndim == 0) {
    lua_pushinteger(L, rows[0] + 1);
  } else {
    for (int64_t i = 0; i < count; i++) {
      rows[i]++;
      gr_poll_sometimes(L, i);
    }
  }
  return 1;
}

static int random_choice(lua_State *L) {
  int64_t n = check_choices(L);
  static const char *const names[] = {"replace", "p", NULL};
  gr_sizes s = gr_check_sizes(L, 2, "choice", names, GR_I64);
  if (lua_istable(L, 1) && s.ndim > 1)
    return luaL_error(L, "choice gives a list of items of a list, for which there is one size, not %d",
                      s.ndim);
  bool replace = true;
  if (s.options && gr_option(L, s.options, "replace")) {
    if (!lua_isboolean(L, -1))
      return luaL_error(L, "choice: replace is true or false, not %s", luaL_typename(L, -1));
    replace = lua_toboolean(L, -1);
  }
  double *p = NULL;
  if (s.options && gr_option(L, s.options, "p")) p = push_probabilities(L, lua_gettop(L), "choice", &n);
  gr_tensor *t = gr_push_tensor(L, GR_I64, s.ndim, s.shape);  // a single position has no axes
  int result = lua_gettop(L);
  int64_t count = gr_tensor_size(t), possible = n;
  if (p && !replace) {
    possible = 0;
    for (int64_t i = 0; i < n; i++) possible += p[i] > 0;
  }
  if (!replace && count > possible)
    return luaL_error(L,
                      "choice cannot draw %I different positions from %I%s: draw fewer, or with "
                      "replace=true",
                      (lua_Integer)count, (lua_Integer)possible, p ? " whose probability is not 0" : "");
  draw_positions(L, t->data, count, n, p, replace);
  lua_pushvalue(L, result);
  return push_chosen(L, &s, result, count);
}

// ---- multinomial ----

// How often each of k outcomes comes in n throws: the first by itself, the next among the throws that are
// left, and so on, which is NumPy's order of draws. What cannot come is not drawn for.
static void throw_dice(gr_random *r, int64_t *counts, int64_t n, const double *p, int64_t k) {
  double rest = 1.0;
  memset(counts, 0, (size_t)k * sizeof *counts);
  for (int64_t i = 0; i < k - 1 && n > 0; i++) {
    if (p[i] == 0) continue;
    gr_draw_binomial(r, &counts[i], 1, (double)n, p[i] / rest);
    n -= counts[i];
    rest -= p[i];
  }
  counts[k - 1] += n;
}

static int random_multinomial(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  if (n < 0 || n > (lua_Integer)1 << 53)
    return luaL_error(L, "multinomial(n, p, ...) throws n times: n is 0 or more, not %I", n);
  int64_t k = -1;
  gr_sizes s = gr_check_sizes(L, 3, "multinomial", (const char *const[]){NULL}, GR_I64);
  const double *p = push_probabilities(L, 2, "multinomial", &k);
  if (s.ndim == GR_MAX_DIMS)
    return luaL_error(L, "multinomial adds an axis to the sizes, and a tensor has at most %d", GR_MAX_DIMS);
  s.shape[s.ndim++] = k;
  gr_tensor *t = gr_push_tensor(L, GR_I64, s.ndim, s.shape);
  for (int64_t i = 0, rows = gr_tensor_size(t) / k; i < rows; i++) {
    throw_dice(gr_generator(L), (int64_t *)t->data + i * k, n, p, k);
    gr_poll_sometimes(L, i);
  }
  return 1;
}

static const gr_function functions[] = {
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
     "Positions from 1 to n, chosen at random: NumPy's numbers plus one. Of a tensor, its rows (what lies "
     "along the "
     "first axis), and of a list its items. With replace=false no row comes twice. p is a list or tensor of "
     "n "
     "probabilities that sum to 1; without it all are alike.\n\n"
     "> random.seed(1)\n"
     "> random.choice(10, 4, {replace=false})\n"
     "[ 3 10  7  5]\n"
     "> random.choice(3, 6, {p={0.2, 0.3, 0.5}})\n"
     "[2 3 3 3 2 3]\n"
     "> random.choice({\"red\", \"green\", \"blue\"}, 3)\n"
     "{\"red\", \"blue\", \"red\"}"},
    {"multinomial", random_multinomial,
     "multinomial(n, p, d1, d2, ...) -> tensor\n\n"
     "How often each outcome comes in n throws of a die whose sides have the probabilities p, a list or "
     "tensor "
     "that sums to 1: int64, with one more axis than the sizes, along which the counts sum to n.\n\n"
     "> random.seed(1)\n"
     "> random.multinomial(20, {0.2, 0.3, 0.5}, 2)\n"
     "[[ 4  7  9]\n"
     " [ 0  6 14]]"},
    {NULL, NULL, NULL},
};

void gr_add_random_orders(lua_State *L) { gr_register(L, "random", functions); }
