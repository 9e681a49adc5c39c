// Sorting, and what is found by it: medians, quantiles, distinct values, places.
#include "bind/bind.h"

#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/reduce.h"
#include "kernel/sort.h"

// ---- sort, argsort, topk ----

// The axis of a sort is the last unless one is named.
static int sorted_axis(lua_State *L, int at, const char *name, const gr_tensor *t, const char *const *names,
                       int *options) {
  if (t->ndim == 0) luaL_error(L, "%s: a tensor without axes is one number; there is nothing to sort", name);
  int axis = gr_read_axis(L, at, name, t->ndim, names, options);
  return axis < 0 ? t->ndim - 1 : axis;
}

static void count_from_one(lua_State *L, gr_tensor *positions) {
  int64_t *at = positions->data, n = gr_tensor_size(positions);
  for (int64_t i = 0; i < n; i++) {
    at[i]++;
    gr_poll_sometimes(L, i);
  }
}

// Pushes the numbers of the tracked tensor at 1 at the positions at `places` (from 1) along an axis: sorting
// moves numbers, and their gradients go back the way that they came.
static void push_moved(lua_State *L, int places, int axis) {
  gr_values_leave(L, gr_check_tensor(L, 1));
  places = lua_absindex(L, places);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, places);
  lua_pushinteger(L, axis + 1);
  gr_call_method(L, "take_along_axis", 2);
}

static int sort(lua_State *L) {
  static const char *const names[] = {"axis", "descending", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  int options, axis = sorted_axis(L, 2, "sort", t, names, &options);
  bool descending = gr_boolean_option(L, options, "sort", "descending");
  gr_op_args args = {.axes = 1u << axis, .same = descending};
  if (gr_apply_tracked(L, &gr_op_sort, &args, 1, (int[]){1})) return 1;
  gr_tensor *out = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
  GR_TRY(L, gr_sort(out, t, axis, descending, &err));
  return 1;
}

static int argsort(lua_State *L) {
  static const char *const names[] = {"axis", "descending", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  int options, axis = sorted_axis(L, 2, "argsort", t, names, &options);
  bool descending = gr_boolean_option(L, options, "argsort", "descending");
  gr_tensor *out = gr_push_tensor(L, GR_I64, t->ndim, t->shape);
  GR_TRY(L, gr_argsort(out, NULL, t, axis, descending, &err));
  count_from_one(L, out);
  return 1;
}

static int topk(lua_State *L) {
  static const char *const names[] = {"axis", "smallest", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_Integer k = luaL_checkinteger(L, 2);
  int options, axis = sorted_axis(L, 3, "topk", t, names, &options);
  bool smallest = gr_boolean_option(L, options, "topk", "smallest");
  if (k < 0 || k > t->shape[axis])
    return luaL_error(L, "topk: axis %d has %I elements, so k is from 0 to %I, not %I", axis + 1,
                      (lua_Integer)t->shape[axis], (lua_Integer)t->shape[axis], k);
  gr_tensor *places = gr_push_tensor(L, GR_I64, t->ndim, t->shape);
  gr_tensor *values = gr_push_tensor(L, t->dtype, t->ndim, t->shape);
  GR_TRY(L, gr_argsort(places, values, t, axis, !smallest, &err));
  count_from_one(L, places);
  const gr_tensor *all[] = {values, places};
  for (int i = 0; i < 2; i++) {
    gr_tensor view;
    gr_tensor_view_slice(&view, all[i], axis, 0, 1, k);
    GR_TRY(L, gr_copy(gr_push_tensor(L, view.dtype, view.ndim, view.shape), &view, &err));
  }
  if (gr_is_tracked(t)) {
    push_moved(L, -1, axis);
    lua_replace(L, -3);
  }
  return 2;
}

// ---- medians and quantiles ----

static void refuse_nothing(lua_State *L, const gr_tensor *t, unsigned mask, const char *name) {
  char text[GR_SHAPE_TEXT];
  int empty = -1;
  for (int i = t->ndim; i-- > 0;) {
    if (t->shape[i] == 0 && !(mask >> i & 1)) return;  // there are no results
    if (t->shape[i] == 0) empty = i;
  }
  if (empty >= 0)
    luaL_error(L, "%s of nothing: axis %d of shape %s is empty", name, empty + 1,
               gr_shape_text(text, t->ndim, t->shape));
}

// Pushes the numbers behind each result as a sorted row, float64 or float32: (results, count).
static gr_tensor *push_sorted_rows(lua_State *L, const gr_tensor *t, unsigned mask) {
  int order[GR_MAX_DIMS];
  int64_t shape[2] = {gr_reduce_order(order, t, mask), 1};
  for (int i = 0; i < t->ndim; i++)
    if (mask >> i & 1) shape[1] *= t->shape[i];
  gr_tensor *rows = gr_push_tensor(L, gr_dtype_promote(t->dtype, t->dtype), 2, shape), moved, as_moved;
  GR_TRY(L, gr_tensor_view_permute(&moved, t, order, &err));
  GR_TRY(L, gr_tensor_view_reshape(&as_moved, rows, moved.ndim, moved.shape, &err));
  GR_TRY(L, gr_copy(&as_moved, &moved, &err));
  GR_TRY(L, gr_sort(rows, rows, 1, false, &err));
  return rows;
}

// Pushes the quantiles of the rows in the shape of a reduction of t, with one more axis in front for several
// q.
static int push_quantiles(lua_State *L, const gr_tensor *t, const gr_tensor *rows, const gr_axes *axes,
                          const double *q, int64_t count, bool several) {
  int64_t shape[GR_MAX_DIMS + 1];
  int ndim = gr_reduce_shape(shape + 1, t, axes->mask, axes->keepdims);
  shape[0] = count;
  gr_tensor *out = gr_push_tensor(L, rows->dtype, ndim + several, several ? shape : shape + 1);
  for (int64_t i = 0; i < count; i++) {
    gr_tensor part = *out;
    if (several) gr_tensor_view_select(&part, out, 0, i);
    if (gr_tensor_size(&part)) GR_TRY(L, gr_quantile_of_sorted(&part, rows, q[i], &err));
  }
  if (out->ndim == 0) gr_push_element(L, out, NULL);
  return 1;
}

static int median(lua_State *L) {
  static const char *const names[] = {"axis", "keepdims", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 2, "median", t->ndim, names);
  refuse_nothing(L, t, axes.mask, "median");
  gr_op_args args = {.axes = axes.mask, .keepdims = axes.keepdims};
  if (gr_apply_tracked(L, &gr_op_median, &args, 1, (int[]){1})) return 1;
  const gr_tensor *rows = push_sorted_rows(L, t, axes.mask);
  return push_quantiles(L, t, rows, &axes, (double[]){NAN}, 1, false);
}

// Pushes q, a number or several in a table or a tensor, from 0 to 1, as a float64 tensor without axes or with
// one. A tracked one is not looked at, so that it can change in a recorded step: the operation does.
static const gr_tensor *push_q(lua_State *L, const char *name, bool percent) {
  const gr_tensor *given = gr_test_tensor(L, 2);
  const bool number = lua_type(L, 2) == LUA_TNUMBER;
  if (!number && !given && !lua_istable(L, 2)) luaL_typeerror(L, 2, "number, table or tensor");
  if (given && given->ndim > 1)
    luaL_error(L, "%s: several q stand along one axis, not %d", name, given->ndim);
  if (given && gr_is_tracked(given)) {
    lua_pushvalue(L, 2);
    if (percent) {
      lua_pushnumber(L, 100);
      lua_arith(L, LUA_OPDIV);
    }
    return gr_check_tensor(L, -1);
  }
  const int64_t count = given ? gr_tensor_size(given) : number ? 1 : luaL_len(L, 2);
  gr_tensor *out = gr_push_tensor(L, GR_F64, given ? given->ndim : !number, &count);
  double *q = out->data;
  for (int64_t i = 0; i < count; i++) {
    if (given)
      q[i] = gr_tensor_get(given, given->ndim ? &i : NULL);
    else {
      if (number)
        lua_pushvalue(L, 2);
      else
        lua_geti(L, 2, i + 1);
      if (lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "%s: q is made of numbers, and number %I is a %s", name, (lua_Integer)i + 1,
                   luaL_typename(L, -1));
      q[i] = lua_tonumber(L, -1);
      lua_pop(L, 1);
    }
    if (!(q[i] >= 0 && q[i] <= (percent ? 100 : 1)))
      luaL_error(L, "%s: q is from 0 to %d, not %f%s", name, percent ? 100 : 1, q[i],
                 !percent && q[i] > 1 && q[i] <= 100 ? "; percentile takes it in percent" : "");
    if (percent) q[i] /= 100;
  }
  return out;
}

static int quantile(lua_State *L) {
  static const char *const names[] = {"axis", "keepdims", NULL};
  bool percent = lua_tointeger(L, lua_upvalueindex(1)) == 100;
  const char *name = percent ? "percentile" : "quantile";
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_axes axes = gr_read_axes(L, 3, name, t->ndim, names);
  const gr_tensor *q = push_q(L, name, percent);
  const bool several = q->ndim > 0;
  refuse_nothing(L, t, axes.mask, name);
  if (several && t->ndim == GR_MAX_DIMS && (axes.keepdims || !axes.mask))
    return luaL_error(L, "a tensor has at most %d axes", GR_MAX_DIMS);
  gr_op_args args = {.axes = axes.mask, .keepdims = axes.keepdims};
  if (gr_apply_tracked(L, &gr_op_quantile, &args, 2, (int[]){1, lua_gettop(L)})) return 1;
  const gr_tensor *rows = push_sorted_rows(L, t, axes.mask);
  return push_quantiles(L, t, rows, &axes, q->data, gr_tensor_size(q), several);
}

// ---- distinct values ----

// t's numbers in one row, in row-major order: a view where they lie so, a copy otherwise. Pushed.
static const gr_tensor *push_flat(lua_State *L, const gr_tensor *t) {
  int64_t size = gr_tensor_size(t);
  gr_tensor *flat = gr_push_tensor(L, t->dtype, 1, &size), shaped;
  GR_TRY(L, gr_tensor_view_reshape(&shaped, flat, t->ndim, t->shape, &err));
  GR_TRY(L, gr_copy(&shaped, t, &err));
  return flat;
}

// Whether elements i and k of the row are one value: nan is one with nan.
static bool same(const gr_tensor *row, int64_t i, int64_t k) {
  if (row->dtype == GR_I64) return ((const int64_t *)row->data)[i] == ((const int64_t *)row->data)[k];
  double x = gr_tensor_get(row, &i), y = gr_tensor_get(row, &k);
  return x == y || (x != x && y != y);
}

static int unique(lua_State *L) {
  static const char *const names[] = {"return_index", "return_inverse", "return_counts", NULL};
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_refuse_derivative(
      L, 1, "unique",
      "numbers that are equal now are not when one of them moves: there would be more values");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  int options = lua_istable(L, 2) ? 2 : 0;
  if (options) gr_check_options(L, options, "unique", names);
  bool wanted[3], any = false;
  for (int i = 0; i < 3; i++) any |= wanted[i] = gr_boolean_option(L, options, "unique", names[i]);
  const gr_tensor *flat = push_flat(L, t);
  int64_t size = flat->shape[0], count = 0;
  gr_tensor *sorted = gr_push_tensor(L, t->dtype, 1, &size), *places = NULL;
  if (any) {
    places = gr_push_tensor(L, GR_I64, 1, &size);
    GR_TRY(L, gr_argsort(places, sorted, flat, 0, false, &err));
  } else {
    GR_TRY(L, gr_sort(sorted, flat, 0, false, &err));
  }
  for (int64_t i = 0; i < size; i++) {
    count += i == 0 || !same(sorted, i, i - 1);
    gr_poll_sometimes(L, i);
  }
  gr_tensor *values = gr_push_tensor(L, t->dtype, 1, &count);
  int at = lua_gettop(L);
  int64_t *first = wanted[0] ? gr_push_tensor(L, GR_I64, 1, &count)->data : NULL;
  int64_t *inverse = wanted[1] ? gr_push_tensor(L, GR_I64, t->ndim, t->shape)->data : NULL;
  int64_t *counts = wanted[2] ? gr_push_tensor(L, GR_I64, 1, &count)->data : NULL;
  const int64_t *place = places ? places->data : NULL;
  size_t bytes = gr_dtype_size(t->dtype);
  for (int64_t i = 0, k = -1; i < size; i++) {
    if (i == 0 || !same(sorted, i, i - 1)) {
      k++;
      memcpy((char *)values->data + k * (int64_t)bytes, (char *)sorted->data + i * (int64_t)bytes, bytes);
      if (first) first[k] = place[i] + 1;
      if (counts) counts[k] = 0;
    }
    if (counts) counts[k]++;
    if (inverse) inverse[place[i]] = k + 1;
    gr_poll_sometimes(L, i);
  }
  return lua_gettop(L) - at + 1;
}

// ---- places in what is sorted ----

// The tensor at `index`, one axis, as float64 (integers as int64), contiguous. Pushed.
static const gr_tensor *push_bins(lua_State *L, int index, const char *name, const char *what) {
  const gr_tensor *t = gr_check_tensor(L, index);
  gr_values_leave(L, t);
  if (t->ndim != 1) luaL_error(L, "%s: %s is a tensor of one axis, and this one has %d", name, what, t->ndim);
  gr_tensor *copy = gr_push_tensor(L, gr_dtype_is_float(t->dtype) ? GR_F64 : GR_I64, 1, t->shape);
  GR_TRY(L, gr_copy(copy, t, &err));
  return copy;
}

// Which way the numbers go: 1 up, -1 down, 0 neither (or nan).
static int direction(const gr_tensor *bins) {
  bool up = true, down = true;
  for (int64_t i = 1; i < bins->shape[0]; i++) {
    int64_t k = i - 1;
    double x = gr_tensor_get(bins, &k), y = gr_tensor_get(bins, &i);
    up &= x <= y || y != y;
    down &= x >= y || x != x;
  }
  return up ? 1 : down ? -1 : 0;
}

// Pushes for each element of x (a tensor, or a number: then an integer) how many of the sorted are before it.
static gr_tensor *push_places(lua_State *L, int index, const gr_tensor *sorted, bool right) {
  gr_tensor number;
  double value;
  const gr_tensor *x = gr_check_operand(L, index, GR_F64, &number, &value);
  if (x != &number) gr_values_leave(L, x);
  if (sorted->dtype == GR_I64 && gr_dtype_is_float(x->dtype)) {  // 2.5 has its place among integers
    gr_tensor *wide = gr_push_tensor(L, GR_F64, 1, sorted->shape);
    GR_TRY(L, gr_copy(wide, sorted, &err));
    sorted = wide;
  }
  gr_tensor *out = gr_push_tensor(L, GR_I64, x->ndim, x->shape);
  GR_TRY(L, gr_search_sorted(out, sorted, x, right, &err));
  return out;
}

static int finish_places(lua_State *L, const gr_tensor *out) {
  if (out->ndim == 0) gr_push_element(L, out, NULL);
  return 1;
}

static int searchsorted(lua_State *L) {
  static const char *const names[] = {"side", NULL};
  gr_check_tensor(L, 1);
  luaL_checkany(L, 2);
  bool right = false;
  gr_check_options(L, 3, "searchsorted", names);
  if (gr_option(L, 3, "side")) {
    const char *side = luaL_checkstring(L, -1);
    right = strcmp(side, "right") == 0;
    if (!right && strcmp(side, "left") != 0)
      return luaL_error(L, "searchsorted: side is \"left\" or \"right\", not \"%s\"", side);
  }
  const gr_tensor *bins = push_bins(L, 1, "searchsorted", "what is searched");
  if (direction(bins) != 1)
    return luaL_error(L, "searchsorted: what is searched must be sorted, the least first: t:sort()");
  gr_tensor *out = push_places(L, 2, bins, right);
  count_from_one(L, out);
  return finish_places(L, out);
}

static int digitize(lua_State *L) {
  static const char *const names[] = {"right", NULL};
  luaL_checkany(L, 2);
  gr_check_options(L, 3, "digitize", names);
  bool right = gr_boolean_option(L, lua_istable(L, 3) ? 3 : 0, "digitize", "right");
  const gr_tensor *bins = push_bins(L, 2, "digitize", "the edges");
  int way = direction(bins);
  if (way == 0) return luaL_error(L, "digitize: the edges go up or down all the way; these do neither");
  gr_tensor view = *bins;
  if (way < 0) gr_tensor_view_slice(&view, bins, 0, bins->shape[0] - 1, -1, bins->shape[0]);
  gr_tensor *out = push_places(L, 1, &view, !right);
  int64_t *place = out->data, n = gr_tensor_size(out);
  for (int64_t i = 0; way < 0 && i < n; i++) place[i] = bins->shape[0] - place[i];
  return finish_places(L, out);
}

static const gr_function both[] = {
    {"sort", sort,
     "sort(t, axis=-1, {descending=false}) -> tensor\n\n"
     "A copy sorted along an axis, the last unless one is named: the least first, or with descending=true "
     "the "
     "greatest; nan comes last either way.\n\n"
     "> sort(tensor{3, 1, 2})\n"
     "[1. 2. 3.]\n"
     "> tensor{{3, 1}, {2, 5}}:sort(1, {descending=true})\n"
     "[[3. 5.]\n"
     " [2. 1.]]"},
    {"argsort", argsort,
     "argsort(t, axis=-1, {descending=false}) -> int64 tensor\n\n"
     "The positions, counted from 1, that sort t along an axis: t[argsort(t)] is sort(t). Equal elements "
     "stay in "
     "their order; nan comes last.\n\n"
     "> argsort(tensor{30, 10, 20})\n"
     "[2 3 1]"},
    {"topk", topk,
     "topk(t, k, axis=-1, {smallest=false}) -> values, positions\n\n"
     "The k greatest elements along an axis, the greatest first, and their positions counted from 1; with "
     "smallest=true the k least.\n\n"
     "> values, positions = topk(tensor{0.1, 0.6, 0.3}, 2)\n"
     "> values\n"
     "[0.6 0.3]\n"
     "> positions\n"
     "[2 3]"},
    {"median", median,
     "median(t, axis) -> number or tensor\n\n"
     "The middle of the sorted numbers, or the mean of the two in the middle, over axes as in sum; nan if "
     "there is "
     "one among them. Of a tracked tensor the gradient goes to the numbers in the middle alone, however far "
     "off the others are.\n\n"
     "> median(tensor{1, 9, 2})\n"
     "2.0\n"
     "> x = grad.track(tensor{1, 9, 2, 3})\n"
     "> median(x):backward()\n"
     "> x.grad\n"
     "[0.  0.  0.5 0.5]"},
    {"quantile", quantile,
     "quantile(t, q, axis) -> number or tensor\n\n"
     "What a part q (0 to 1) of the numbers does not exceed, over axes as in sum; between two numbers it is "
     "interpolated linearly, as in NumPy. Several q, in a table or a tensor, give one more axis in front. "
     "Gradients go to those two numbers, as much "
     "to each as it weighs, and to a tracked q.\n\n"
     "> quantile(tensor{1, 2, 3, 4}, 0.5)\n"
     "2.5\n"
     "> quantile(tensor{1, 2, 3, 4}, {0, 0.25, 1})\n"
     "[1.   1.75 4.  ]",
     1},
    {"percentile", quantile,
     "percentile(t, q, axis) -> number or tensor\n\n"
     "quantile with q in percent, 0 to 100.\n\n"
     "> percentile(tensor{1, 2, 3, 4}, 25)\n"
     "1.75",
     100},
    {"unique", unique,
     "unique(t, {return_index=false, return_inverse=false, return_counts=false}) -> values, ...\n\n"
     "The distinct values of all elements, sorted. Asked for, these follow in this order: the position of "
     "each value's "
     "first occurrence, for each element of t the position of its value, and how often each value occurs. "
     "Positions "
     "count from 1, those in t in row-major order.\n\n"
     "> unique(tensor{2, 1, 2})\n"
     "[1. 2.]\n"
     "> values, counts = unique(tensor{2, 1, 2}, {return_counts=true})\n"
     "> counts\n"
     "[1 2]"},
    {"searchsorted", searchsorted,
     "searchsorted(t, x, {side=\"left\"}) -> integer or tensor\n\n"
     "The position, counted from 1, at which each x would be put into the sorted t: before elements equal to "
     "it, or "
     "with side=\"right\" behind them. From 1 to #t + 1.\n\n"
     "> searchsorted(tensor{10, 20, 30}, 20)\n"
     "2\n"
     "> searchsorted(tensor{10, 20, 30}, tensor{5, 25, 99})\n"
     "[1 3 4]"},
    {"digitize", digitize,
     "digitize(x, edges, {right=false}) -> integer or tensor\n\n"
     "The bin of each x: i where edges[i] <= x < edges[i + 1] (with right=true, edges[i] < x <= edges[i + "
     "1]); 0 below "
     "the first edge and #edges from the last on. Edges that go down are bins from above.\n\n"
     "> digitize(tensor{-1, 0.5, 1, 7}, tensor{0, 1, 5})\n"
     "[0 1 2 3]"},
    {NULL},
};

void gr_add_sorting(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
