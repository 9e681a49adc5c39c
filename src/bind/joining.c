// Several tensors into one, and one into several.
#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"

// ---- concatenate and stack ----

// A list of tensors that are joined: the table at stack index `list`.
typedef struct joint {
  const char *name;
  bool new_axis;  // stack: every tensor is one entry of a new axis
  int list, n, axis, ndim;
  bool tracked;  // one of them is
} joint;

static const gr_tensor *entry(lua_State *L, const joint *j, int i) {
  lua_geti(L, j->list, i);
  const gr_tensor *t = gr_check_tensor(L, -1);
  lua_pop(L, 1);  // the table keeps it
  return t;
}

static void check_entry(lua_State *L, const joint *j, int i, const gr_tensor *first) {
  const gr_tensor *t = entry(L, j, i);
  bool fits = t->ndim == first->ndim;
  for (int a = 0; fits && a < t->ndim; a++)
    fits = t->shape[a] == first->shape[a] || (!j->new_axis && a == j->axis);
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (!fits)
    luaL_error(L, "%s: entry %d has shape %s and the first has %s; %s", j->name, i,
               gr_shape_text(ta, t->ndim, t->shape), gr_shape_text(tb, first->ndim, first->shape),
               j->new_axis ? "all must be the same" : "they may differ only along the axis that is joined");
}

static joint check_joint(lua_State *L, const char *name, bool new_axis) {
  joint j = {.name = name, .new_axis = new_axis, .list = 1};
  if (gr_test_tensor(L, 1))
    luaL_error(L, "%s takes its tensors in one table: %s({a, b}, axis), or %s{a, b}", name, name, name);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 1);
  if (n == 0) luaL_error(L, "%s needs at least one tensor", name);
  luaL_argcheck(L, n <= INT32_MAX, 1, "too many tensors");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 1, i);
    const gr_tensor *t = gr_test_tensor(L, -1);
    if (!t)
      luaL_error(L, "%s takes a table of tensors, but entry %I is %s", name, i, luaL_typename(L, -1));
    else
      j.tracked |= gr_is_tracked(t);
    lua_pop(L, 1);
  }
  const gr_tensor *first = entry(L, &j, 1);
  j.n = (int)n;
  j.ndim = first->ndim + new_axis;
  if (j.ndim == 0)
    luaL_error(L, "%s: tensors without axes have none to be joined along: stack them along a new one", name);
  if (j.ndim > GR_MAX_DIMS) luaL_error(L, "%s: a tensor has at most %d axes", name, GR_MAX_DIMS);
  j.axis = lua_isnoneornil(L, 2) ? 0 : gr_check_axis(L, 2, j.ndim, name);
  for (int i = 2; i <= j.n; i++) check_entry(L, &j, i, first);
  return j;
}

// Pushes entries first..last of plain tensors, joined.
static void push_plain(lua_State *L, const joint *j, int first, int last) {
  const gr_tensor *one = entry(L, j, first);
  int64_t shape[GR_MAX_DIMS], at = 0;
  gr_dtype dtype = (gr_dtype)one->dtype;
  for (int a = 0, k = 0; a < j->ndim; a++) shape[a] = j->new_axis && a == j->axis ? 0 : one->shape[k++];
  shape[j->axis] = 0;
  for (int i = first; i <= last; i++) {
    const gr_tensor *t = entry(L, j, i);
    shape[j->axis] += j->new_axis ? 1 : t->shape[j->axis];
    if (t->dtype != dtype) dtype = gr_dtype_promote(dtype, (gr_dtype)t->dtype);
  }
  gr_tensor *out = gr_push_tensor(L, dtype, j->ndim, shape);
  for (int i = first; i <= last; i++) {
    const gr_tensor *t = entry(L, j, i);
    gr_tensor part;
    if (j->new_axis)
      gr_tensor_view_select(&part, out, j->axis, at++);
    else {
      gr_tensor_view_slice(&part, out, j->axis, at, 1, t->shape[j->axis]);
      at += t->shape[j->axis];
    }
    GR_TRY(L, gr_copy(&part, t, &err));
  }
}

// The recorded operation joins two. Halves are joined first, so that a long list is copied log2 n times, not
// n times.
static void push_tracked(lua_State *L, const joint *j, int first, int last) {
  bool tracked = false;
  for (int i = first; i <= last && !tracked; i++) tracked = gr_is_tracked(entry(L, j, i));
  if (!tracked) {
    push_plain(L, j, first, last);
    return;
  }
  luaL_checkstack(L, 8, j->name);
  if (first == last) {
    lua_geti(L, j->list, first);
    const gr_tensor *t = gr_check_tensor(L, -1);
    if (!j->new_axis) return;
    int64_t shape[GR_MAX_DIMS];
    for (int a = 0, k = 0; a < j->ndim; a++) shape[a] = a == j->axis ? 1 : t->shape[k++];
    gr_push_reshaped(L, -1, j->ndim, shape);
  } else {
    int middle = first + (last - first) / 2, top = lua_gettop(L);
    push_tracked(L, j, first, middle);
    push_tracked(L, j, middle + 1, last);
    gr_op_args args = {.start = {j->axis}};
    gr_apply_tracked(L, &gr_op_join, &args, 2, (int[]){top + 1, top + 2});
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return;
  }
  lua_remove(L, -2);
}

static int join(lua_State *L, const char *name, bool new_axis) {
  joint j = check_joint(L, name, new_axis);
  push_tracked(L, &j, 1, j.n);
  return 1;
}

void gr_push_joined(lua_State *L, int a, int b, int axis) {
  const int pair[2] = {lua_absindex(L, a), lua_absindex(L, b)};
  joint j = {.name = "concatenate", .n = 2, .axis = axis, .ndim = gr_check_tensor(L, pair[0])->ndim};
  lua_createtable(L, 2, 0);
  j.list = lua_gettop(L);
  for (int i = 0; i < 2; i++) {
    lua_pushvalue(L, pair[i]);
    lua_rawseti(L, j.list, i + 1);
  }
  push_tracked(L, &j, 1, 2);
  lua_remove(L, j.list);
}

static int concatenate(lua_State *L) { return join(L, "concatenate", false); }
static int stack(lua_State *L) { return join(L, "stack", true); }

// ---- split ----

// Appends the entries from..to-1 (0-based) along the axis to the list on top of the stack.
static void add_part(lua_State *L, int axis, int64_t from, int64_t to) {
  gr_op_args slice;
  gr_slice_whole(&slice);
  slice.start[axis] = from;
  slice.step[axis] = 1;
  slice.shape[axis] = to - from;
  gr_push_sliced(L, 1, &slice);
  lua_seti(L, -2, luaL_len(L, -2) + 1);
}

static int split(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (t->ndim == 0) return luaL_error(L, "split: a tensor without axes is one number");
  int axis = lua_isnoneornil(L, 3) ? 0 : gr_check_axis(L, 3, t->ndim, "split");
  int64_t size = t->shape[axis];
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_Integer n = luaL_checkinteger(L, 2);
    if (n < 1 || size % n || (n > size && n > 1))
      return luaL_error(L,
                        "split: axis %d has size %I, which %I equal parts do not divide; other parts by the "
                        "positions where they begin, as in split(t, {3, 6})",
                        axis + 1, (lua_Integer)size, n);
    lua_createtable(L, n > size ? 0 : (int)n, 0);
    for (lua_Integer i = 0; i < n; i++) {
      add_part(L, axis, i * (size / n), (i + 1) * (size / n));
      gr_poll_sometimes(L, i);
    }
    return 1;
  }
  const gr_tensor *at = gr_push_positions(L, 2, t, axis);
  if (at->ndim != 1) return luaL_error(L, "split takes a number of parts, or a list of positions");
  const int64_t *begin = at->data;
  int64_t from = 0;
  lua_newtable(L);
  for (int64_t i = 0; i <= at->shape[0]; i++) {
    int64_t to = i < at->shape[0] ? begin[i] : size;
    if (to < from)
      return luaL_error(L, "split: the positions where parts begin must rise, and %I follows %I",
                        (lua_Integer)to + 1, (lua_Integer)from + 1);
    add_part(L, axis, from, to);
    from = to;
  }
  return 1;
}

static const gr_function functions[] = {
    {"concatenate", concatenate,
     "concatenate({t1, t2, ...}, axis=1) -> tensor\n\n"
     "The tensors one behind the other along an axis; their other sizes must be equal. Dtypes that differ "
     "become "
     "the one that arithmetic on them has. A copy.\n\n"
     "> concatenate{tensor{1, 2}, tensor{3}}\n"
     "[1. 2. 3.]\n"
     "> concatenate({zeros(2, 3), ones(2, 1)}, 2)\n"
     "[[0. 0. 0. 1.]\n"
     " [0. 0. 0. 1.]]"},
    {"stack", stack,
     "stack({t1, t2, ...}, axis=1) -> tensor\n\n"
     "Tensors of one shape along a new axis. A copy.\n\n"
     "> stack{tensor{1, 2}, tensor{3, 4}}\n"
     "[[1. 2.]\n"
     " [3. 4.]]\n"
     "> stack({tensor{1, 2}, tensor{3, 4}}, 2)\n"
     "[[1. 3.]\n"
     " [2. 4.]]"},
    {NULL},
};

static const gr_function both[] = {
    {"split", split,
     "split(t, parts, axis=1) -> table of tensors\n\n"
     "Cuts t along an axis: into a number of equal parts, which must divide its size, or before each of a "
     "list of "
     "rising positions, which begin a new part (NumPy's numbers plus one). Views: they share t's numbers.\n\n"
     "> split(arange(6), 3)[2]\n"
     "[2. 3.]\n"
     "> first, rest = table.unpack(split(arange(6), {3}))\n"
     "> rest\n"
     "[2. 3. 4. 5.]"},
    {NULL},
};

void gr_add_joining(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
}
