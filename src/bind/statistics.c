// Histograms, counts of labels, covariance.
#include "bind/moving.h"

#include <math.h>

#include "kernel/elementwise.h"
#include "kernel/histogram.h"
#include "kernel/reduce.h"

// Counts are kept as float64 while they are summed, exact up to 2^53; without weights they are whole. Pushed.
static void push_whole(lua_State *L, const gr_tensor *counts) {
  GR_TRY(L, gr_copy(gr_push_tensor(L, GR_I64, counts->ndim, counts->shape), counts, &err));
}

// The weights option, of the tensor's shape; NULL without. Pushed where given.
static const gr_tensor *weights_option(lua_State *L, int options, const char *name, const gr_tensor *t) {
  char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
  if (!options || !gr_option(L, options, "weights")) return NULL;
  const gr_tensor *w = gr_test_tensor(L, -1);
  if (!w) luaL_error(L, "%s: weights is a tensor, not %s", name, luaL_tolstring(L, -1, NULL));
  if (!gr_tensor_same_shape(w, t))
    luaL_error(L, "%s: each number has its weight, but the weights have shape %s and the numbers %s", name,
               gr_shape_text(a, w->ndim, w->shape), gr_shape_text(b, t->ndim, t->shape));
  return w;
}

// How many there are does not change when a number moves by a little, and then jumps.
static void refuse_counted(lua_State *L, const char *name) {
  gr_refuse_derivative(L, 1, name, "what it counts changes by jumps (by the weights there is a derivative)");
}

// Pushes the sums of the tracked weights at `weights` by the bins (from 0) of their numbers; -1 is none.
static void push_weights_in_bins(lua_State *L, int weights, const int64_t *bin, int64_t bins) {
  int64_t n = gr_tensor_size(gr_check_tensor(L, weights)), kept = 0;
  int64_t *at = gr_push_tensor(L, GR_I64, 1, &n)->data;
  for (int64_t i = 0; i < n; i++)
    if (bin[i] >= 0) at[kept++] = i;
  gr_push_copy(L, weights, GR_F64);
  gr_push_reshaped(L, -1, 1, &n);
  if (kept < n) gr_push_picked_list(L, -1, 0, kept, at);
  const int w = lua_gettop(L);
  int64_t *to = gr_push_tensor(L, GR_I64, 1, &kept)->data;
  for (int64_t i = 0; i < kept; i++) to[i] = bin[at[i]];
  gr_apply_tracked(L, &gr_op_bincount, &(gr_op_args){.shape = {bins}}, 2, (int[]){w, w + 1});
}

// ---- histogram ----

static double extreme_of(const gr_tensor *t, gr_reduce_op op, lua_State *L) {
  gr_axes all = {.mask = t->ndim ? (1u << t->ndim) - 1 : 0};
  gr_push_reduced(L, 1, op, &all, 0);
  double value = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

// What n equal bins span: the range option, or all numbers; NumPy's (0, 1) for none, and half of 1 to each
// side of a single value.
static void read_range(lua_State *L, const gr_tensor *t, int options, double range[2]) {
  if (options && gr_option(L, options, "range")) {
    for (int i = 0; i < 2; i++) {
      if (lua_istable(L, -1))
        lua_geti(L, -1, i + 1);
      else
        lua_pushnil(L);
      if (lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "histogram: range is two numbers, as in range={0, 1}");
      range[i] = lua_tonumber(L, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (!(range[0] <= range[1]) || !isfinite(range[0]) || !isfinite(range[1]))
      luaL_error(L, "histogram: the range goes from a finite number up to another, not from %f to %f",
                 range[0], range[1]);
  } else if (gr_tensor_size(t) == 0) {
    range[0] = 0, range[1] = 1;
  } else {
    range[0] = extreme_of(t, GR_MIN, L), range[1] = extreme_of(t, GR_MAX, L);
    if (!isfinite(range[0]) || !isfinite(range[1]))
      luaL_error(
          L,
          "histogram: the numbers go from %f to %f; name a finite range={low, high}, which leaves out the "
          "others",
          range[0], range[1]);
  }
  if (!isfinite(range[1] - range[0]))
    luaL_error(L,
               "histogram: from %f to %f is further than a float64 reaches; name a shorter range={low, high}",
               range[0], range[1]);
  if (range[0] == range[1]) range[0] -= 0.5, range[1] += 0.5;
}

static gr_tensor *push_even_edges(lua_State *L, int64_t bins, const double range[2]) {
  gr_tensor *edges = gr_push_tensor(L, GR_F64, 1, (int64_t[]){bins + 1});
  double *edge = edges->data, step = (range[1] - range[0]) / (double)bins;
  for (int64_t i = 0; i <= bins; i++) {
    edge[i] = range[0] + (double)i * step;
    gr_poll_sometimes(L, i);
  }
  edge[bins] = range[1];
  return edges;
}

// Edges that were given, as a tensor or a table. Pushed.
static gr_tensor *push_given_edges(lua_State *L, int index) {
  const gr_tensor *given = gr_test_tensor(L, index);
  int64_t n = given ? gr_tensor_size(given) : luaL_len(L, index);
  if (n < 2 || (given && given->ndim != 1))
    luaL_error(L, "histogram: edges stand along one axis, at least two of them");
  if (given) gr_values_leave(L, given);
  gr_tensor *edges = gr_push_tensor(L, GR_F64, 1, &n);
  double *edge = edges->data;
  for (int64_t i = 0; i < n; i++) {
    if (given) {
      edge[i] = gr_tensor_get(given, &i);
    } else {
      lua_geti(L, index, i + 1);
      edge[i] = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
      lua_pop(L, 1);
    }
    if (isnan(edge[i]) || (i > 0 && edge[i] < edge[i - 1]))
      luaL_error(L, "histogram: the edges of bins are numbers that ascend; edge %I does not",
                 (lua_Integer)i + 1);
    gr_poll_sometimes(L, i);
  }
  return edges;
}

static void push_tracked_histogram(lua_State *L, const gr_tensor *t, int weights, const gr_tensor *edges,
                                   bool even, bool density) {
  const int64_t n = gr_tensor_size(t), bins = edges->shape[0] - 1;
  int64_t *bin = gr_push_tensor(L, GR_I64, 1, &n)->data;
  GR_TRY(L, gr_histogram_bins(bin, edges, even, t, &err));
  push_weights_in_bins(L, weights, bin, bins);
  if (!density) return;
  const int sums = lua_gettop(L);
  const double *edge = edges->data;
  double *width = gr_push_tensor(L, GR_F64, 1, &bins)->data;
  for (int64_t i = 0; i < bins; i++) width[i] = edge[i + 1] - edge[i];
  lua_pushvalue(L, sums);
  lua_insert(L, -2);
  lua_arith(L, LUA_OPDIV);
  gr_push_reduced(L, sums, GR_SUM, &(gr_axes){.mask = 1}, 0);
  lua_arith(L, LUA_OPDIV);
}

static int histogram(lua_State *L) {
  static const char *const names[] = {"bins", "range", "weights", "density", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  refuse_counted(L, "histogram");
  lua_settop(L, 3);
  int bins_at = 2, options = lua_istable(L, 3) ? 3 : 0;
  if (lua_istable(L, 2) && luaL_len(L, 2) == 0) bins_at = 0, options = 2;  // names only
  if (options) gr_check_options(L, options, "histogram", names);
  if (options && gr_option(L, options, "bins")) bins_at = lua_gettop(L);
  bool even = !bins_at || lua_isnil(L, bins_at) || lua_type(L, bins_at) == LUA_TNUMBER;
  const gr_tensor *w = weights_option(L, options, "histogram", t), *edges;
  const int weights = lua_gettop(L);
  bool density = gr_boolean_option(L, options, "histogram", "density");
  if (even) {
    double range[2];
    int whole = 1;
    int64_t bins = !bins_at || lua_isnil(L, bins_at) ? 10 : lua_tointegerx(L, bins_at, &whole);
    if (!whole || bins < 1 || bins > 1000000000)
      return luaL_error(L, "histogram: bins is a whole number from 1, or the edges between them, not %s",
                        luaL_tolstring(L, bins_at, NULL));
    read_range(L, t, options, range);
    edges = push_even_edges(L, bins, range);
  } else {
    if (!gr_test_tensor(L, bins_at) && !lua_istable(L, bins_at))
      return luaL_error(L, "histogram: bins is a whole number, or a table or tensor of edges, not %s",
                        luaL_tolstring(L, bins_at, NULL));
    edges = push_given_edges(L, bins_at);
  }
  int edges_at = lua_gettop(L);
  if (w && gr_is_tracked(w)) {
    push_tracked_histogram(L, t, weights, edges, even, density);
    lua_pushvalue(L, edges_at);
    return 2;
  }
  gr_tensor *counts = gr_push_tensor(L, GR_F64, 1, (int64_t[]){edges->shape[0] - 1});
  GR_TRY(L, gr_fill(counts, 0, &err));
  GR_TRY(L, gr_histogram(counts, edges, even, t, w, &err));
  if (density) {  // so that the areas of all bars sum to 1
    double *count = counts->data, total = 0;
    const double *edge = edges->data;
    for (int64_t i = 0; i < counts->shape[0]; i++) total += count[i];
    for (int64_t i = 0; i < counts->shape[0]; i++) count[i] = count[i] / (edge[i + 1] - edge[i]) / total;
  } else if (!w) {
    push_whole(L, counts);
  }
  lua_pushvalue(L, edges_at);
  return 2;
}

// ---- bincount ----

static int bincount(lua_State *L) {
  static const char *const names[] = {"minlength", "weights", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  refuse_counted(L, "bincount");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  int options = lua_istable(L, 2) ? 2 : 0;
  if (options) gr_check_options(L, options, "bincount", names);
  double least = gr_number_option(L, options, "bincount", "minlength", 0);
  if (!(least >= 0 && least <= 1e15 && least == floor(least)))
    return luaL_error(L, "bincount: minlength is a whole number from 0, not %f", least);
  const gr_tensor *w = weights_option(L, options, "bincount", t);
  const int weights = lua_gettop(L);
  int64_t size = (int64_t)least;
  if (gr_tensor_size(t) > 0) {
    if (gr_dtype_is_float(t->dtype)) {  // labels typed as numbers: whole ones are as good
      gr_tensor *whole = gr_push_tensor(L, GR_I64, t->ndim, t->shape);
      gr_err err;
      if (gr_copy(whole, t, &err))
        return luaL_error(L, "bincount counts labels, whole numbers from 0: %s", err.text);
      t = whole;
      lua_replace(L, 1);
    }
    double low = extreme_of(t, GR_MIN, L), high = extreme_of(t, GR_MAX, L);
    if (low < 0)
      return luaL_error(L, "bincount counts labels, whole numbers from 0, and there is a %I among these",
                        (lua_Integer)low);
    if (high >= (double)size) size = (int64_t)high + 1;
  }
  if (w && gr_is_tracked(w)) {
    gr_tensor *labels = gr_push_tensor(L, GR_I64, t->ndim, t->shape);
    GR_TRY(L, gr_copy(labels, t, &err));
    push_weights_in_bins(L, weights, labels->data, size);
    return 1;
  }
  gr_tensor *counts = gr_push_tensor(L, GR_F64, 1, &size);
  GR_TRY(L, gr_fill(counts, 0, &err));
  GR_TRY(L, gr_count_values(counts, t, w, &err));
  if (!w) push_whole(L, counts);
  return 1;
}

// ---- covariance ----

// Pushes the tensor at `index` as variables in rows: its rows, or its columns without rowvar. float64, or
// float32 as it is.
static const gr_tensor *push_variables(lua_State *L, int index, const char *name, bool rowvar) {
  const gr_tensor *t = gr_check_tensor(L, index);
  char text[GR_SHAPE_TEXT];
  if (t->ndim != 1 && t->ndim != 2)
    luaL_error(L, "%s: variables are the rows of a matrix, or one of them a vector; this has shape %s", name,
               gr_shape_text(text, t->ndim, t->shape));
  if (t->ndim == 1)
    gr_push_reshaped(L, index, 2, (int64_t[]){1, t->shape[0]});
  else if (!rowvar)
    gr_push_transposed(L, index);
  else
    lua_pushvalue(L, index);
  if (!gr_dtype_is_float((gr_dtype)t->dtype)) return gr_check_in_dtype(L, lua_gettop(L), GR_F64);
  return gr_check_tensor(L, -1);
}

// Divides each covariance, on top of the stack, by both standard deviations.
static void push_correlations(lua_State *L) {
  const int cov = lua_gettop(L);
  const int64_t n = gr_check_tensor(L, cov)->shape[0];
  lua_pushvalue(L, cov);
  gr_call_method(L, "diag", 0);
  gr_call_unary(L, GR_SQRT, cov + 1);
  gr_push_reshaped(L, cov + 2, 2, (int64_t[]){n, 1});
  gr_call_binary(L, GR_DIV, cov, cov + 3);
  gr_call_binary(L, GR_DIV, cov + 4, cov + 2);
  lua_pushnumber(L, 1);  // rounding must not lead beyond 1
  gr_call_binary(L, GR_MINIMUM, cov + 5, cov + 6);
  lua_pushnumber(L, -1);
  gr_call_binary(L, GR_MAXIMUM, cov + 7, cov + 8);
}

// Made of other operations: what is tracked stays tracked.
static int covariance(lua_State *L) {
  static const char *const names[] = {"rowvar", "ddof", NULL};
  bool correlation = lua_tointeger(L, lua_upvalueindex(1));
  const char *name = correlation ? "corrcoef" : "cov";
  lua_settop(L, 3);
  int options = lua_istable(L, 2) ? 2 : 3;  // a nil in the second's place is passed over
  if (options == 3 && !lua_isnoneornil(L, 2) && !gr_test_tensor(L, 2))
    return luaL_typeerror(L, 2, "tensor or table of options");
  bool has_options = lua_istable(L, options);
  if (has_options)
    gr_check_options(L, options, name, names);
  else if (!lua_isnoneornil(L, options))
    return luaL_typeerror(L, options, "table of options");
  bool rowvar = !has_options || lua_getfield(L, options, "rowvar") == LUA_TNIL || lua_toboolean(L, -1);
  double ddof = gr_number_option(L, has_options ? options : 0, name, "ddof", 1);
  const gr_tensor *x = push_variables(L, 1, name, rowvar);
  if (gr_test_tensor(L, 2)) {
    const gr_tensor *y = push_variables(L, 2, name, rowvar);
    if (x->shape[1] != y->shape[1])
      return luaL_error(L, "%s: the first has %I observations and the second %I; they need the same number",
                        name, (lua_Integer)x->shape[1], (lua_Integer)y->shape[1]);
    gr_push_joined(L, -2, -1, 0);
    x = gr_check_tensor(L, -1);
  }
  const int at = lua_gettop(L);
  const int64_t n = x->shape[0];
  double freedom = (double)x->shape[1] - ddof;
  gr_push_reduced(L, at, GR_MEAN, &(gr_axes){.mask = 2, .count = 1, .keepdims = true}, 0);
  gr_call_binary(L, GR_SUB, at, at + 1);
  lua_pushvalue(L, at + 2);
  gr_push_transposed(L, at + 2);
  gr_call_method(L, "dot", 1);
  lua_pushnumber(L, freedom > 0 ? freedom : 0);
  lua_arith(L, LUA_OPDIV);
  if (correlation) push_correlations(L);
  if (n != 1) return 1;
  gr_push_reshaped(L, -1, 0, (int64_t[]){1});
  const gr_tensor *number = gr_check_tensor(L, -1);
  if (!gr_is_tracked(number)) gr_push_element(L, number, NULL);
  return 1;
}

static const gr_function both[] = {
    {"histogram", histogram,
     "histogram(t, bins=10, {range={low, high}, weights=w, density=false}) -> counts, edges\n\n"
     "How many numbers fall into each bin. bins is their number, equally wide from the least number to the "
     "greatest "
     "(or over range), or their edges, in a table or tensor. Bin i holds edges[i] <= x < edges[i + 1], the "
     "last one "
     "its right edge too; nan, and what lies outside, is left out. Counts have no derivative by the numbers; "
     "by "
     "the weights they have. density=true scales the counts so that "
     "the bars' "
     "areas sum to 1. As numpy.histogram.\n\n"
     "> counts, edges = histogram(tensor{1, 2, 2, 4}, 3)\n"
     "> counts\n"
     "[1 2 1]\n"
     "> edges\n"
     "[1. 2. 3. 4.]"},
    {"bincount", bincount,
     "bincount(t, {weights=w, minlength=0}) -> tensor\n\n"
     "How often each label 0, 1, 2, ... occurs: element i + 1 counts label i. With weights, the sum of each "
     "label's "
     "weights, through which gradients go.\n\n"
     "> bincount(tensor{0, 2, 2})\n"
     "[1 0 2]"},
    {"cov", covariance,
     "cov(t, u, {rowvar=true, ddof=1}) -> number or tensor\n\n"
     "The covariance of each two variables: the mean product of their distances from their means, divided by "
     "n - ddof. "
     "Variables are the rows of t, as in NumPy (the columns with rowvar=false), and those of u below them if "
     "it is "
     "given.\n\n"
     "> cov(tensor{{1, 2, 3}, {6, 4, 2}})\n"
     "[[ 1. -2.]\n"
     " [-2.  4.]]"},
    {"corrcoef", covariance,
     "corrcoef(t, u, {rowvar=true}) -> number or tensor\n\n"
     "Pearson's correlation of each two variables, from -1 to 1: cov divided by both standard deviations.\n\n"
     "> corrcoef(tensor{1, 2, 3}, tensor{1, 2, 4})\n"
     "[[1.         0.98198051]\n"
     " [0.98198051 1.        ]]",
     1},
    {NULL},
};

void gr_add_statistics(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
