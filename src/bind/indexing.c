// t[i], t[{i, {a, b}}], t["1:3, :"] and assignment through them. Positions are 1-based, ranges include both
// ends, and negative positions count from the end.
#include "bind/bind.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/elementwise.h"

static const char *shape_of(const gr_tensor *t, char *text) { return gr_shape_text(text, t->ndim, t->shape); }

// The 0-based position of `i` along `axis`, or an error with the index, the axis and its size.
static int64_t position(lua_State *L, const gr_tensor *whole, int axis, int64_t size, int64_t i) {
  char text[GR_SHAPE_TEXT];
  if (i == 0)
    luaL_error(
        L, "index 0 along axis %d of a tensor of shape %s: positions count from 1 (NumPy's 0 is gradus's 1)",
        axis + 1, shape_of(whole, text));
  if (i > size || i < -size)
    luaL_error(L, "index %I is out of range along axis %d, which has size %I (shape %s)", (lua_Integer)i,
               axis + 1, (lua_Integer)size, shape_of(whole, text));
  return i > 0 ? i - 1 : i + size;
}

// Restricts `axis` of `view` to first..last in steps (1-based, both ends included).
static void restrict_axis(lua_State *L, gr_tensor *view, const gr_tensor *whole, int axis, int whole_axis,
                          int64_t first, int64_t last, int64_t step) {
  int64_t size = view->shape[axis];
  if (step == 0) luaL_error(L, "the step of a range cannot be 0");
  int64_t from = position(L, whole, whole_axis, size, first), to = position(L, whole, whole_axis, size, last);
  int64_t count = (to - from) / step + 1;
  if ((step > 0 && to < from) || (step < 0 && to > from)) count = 0;
  if (count <= 1) step = 1;  // a huge one would overflow the stride, which nobody needs
  gr_tensor_view_slice(view, view, axis, from, step, count);
}

static lua_Integer index_number(lua_State *L, int at, int axis) {
  int whole;
  lua_Integer i = lua_tointegerx(L, at, &whole);
  if (!whole) {
    const char *got = luaL_tolstring(L, at, NULL);
    luaL_error(L, "index %s along axis %d is no whole number%s", got, axis + 1,
               lua_isboolean(L, at) ? ": Lua's == on a tensor and a number gives a plain boolean; masks come "
                                      "from eq(t, x), gt(t, x), ..."
                                    : "");
  }
  return i;
}

// t[{2, {1, 3}, {}}]: a number selects, {first, last, step} restricts, {} keeps the axis.
static gr_tensor view_by_table(lua_State *L, const gr_tensor *t, int at) {
  gr_tensor view = *t;
  lua_Integer n = luaL_len(L, at);
  char text[GR_SHAPE_TEXT];
  if (n > t->ndim)
    luaL_error(L, "%I indices for a tensor of %d axes (shape %s)", n, t->ndim, shape_of(t, text));
  int axis = 0;
  for (int i = 0; i < n; i++) {
    lua_geti(L, at, i + 1);
    if (lua_istable(L, -1)) {
      lua_Integer m = luaL_len(L, -1);
      if (m == 1 || m > 3)
        luaL_error(L, "a range is {}, {first, last} or {first, last, step}, not a table of %I", m);
      if (m) {
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        lua_geti(L, -3, 3);
        int64_t step = lua_isnil(L, -1) ? 1 : index_number(L, -1, i);
        restrict_axis(L, &view, t, axis, i, index_number(L, -3, i), index_number(L, -2, i), step);
        lua_pop(L, 3);
      }
      axis++;
    } else {
      int64_t k = position(L, t, i, view.shape[axis], index_number(L, -1, i));
      gr_tensor_view_select(&view, &view, axis, k);
    }
    lua_pop(L, 1);
  }
  return view;
}

// t["2, 1:3, :"]: NumPy's notation, 1-based and inclusive; first:last:step with any part left out.
static gr_tensor view_by_text(lua_State *L, const gr_tensor *t, const char *text) {
  gr_tensor view = *t;
  int axis = 0, i = 0;
  const char *p = text;
  for (bool more = true; more; i++) {
    if (i >= t->ndim) {
      char shape[GR_SHAPE_TEXT];
      luaL_error(L, "\"%s\" has more indices than the tensor has axes (shape %s)", text, shape_of(t, shape));
    }
    int64_t part[3] = {0};
    bool given[3] = {false};
    int parts = 0;
    for (bool inside = true; inside;) {
      char *end;
      while (isspace((unsigned char)*p)) p++;
      long long value = strtoll(p, &end, 10);
      if (end != p) {
        part[parts] = value;
        given[parts] = true;
        p = end;
      }
      while (isspace((unsigned char)*p)) p++;
      parts++;
      inside = *p == ':' && parts < 3;
      if (inside) p++;
    }
    more = *p == ',';
    if ((!more && *p) || (parts == 1 && !given[0]))
      luaL_error(L,
                 "cannot read the index \"%s\": it is made of positions and ranges first:last:step, as in "
                 "\"2, 1:3, :\"",
                 text);
    if (more) p++;
    if (parts == 1) {
      gr_tensor_view_select(&view, &view, axis, position(L, t, i, view.shape[axis], part[0]));
      continue;
    }
    int64_t step = given[2] ? part[2] : 1, size = view.shape[axis];
    if (size > 0)
      restrict_axis(L, &view, t, axis, i,
                    given[0]   ? part[0]
                    : step > 0 ? 1
                               : size,
                    given[1]   ? part[1]
                    : step > 0 ? size
                               : 1,
                    step);
    axis++;
  }
  return view;
}

// The view that the key at stack index 2 names.
static gr_tensor view_by_key(lua_State *L, const gr_tensor *t) {
  switch (lua_type(L, 2)) {
    case LUA_TNUMBER: {
      if (t->ndim == 0)
        luaL_error(L, "a tensor without axes has no elements to index: it is one number, t:item()");
      gr_tensor view;
      gr_tensor_view_select(&view, t, 0, position(L, t, 0, t->shape[0], index_number(L, 2, 0)));
      return view;
    }
    case LUA_TTABLE: return view_by_table(L, t, 2);
    case LUA_TSTRING: return view_by_text(L, t, lua_tostring(L, 2));
    default: index_number(L, 2, 0); return *t;  // says what is wrong with it
  }
}

static bool looks_like_index(const char *s) {
  while (isspace((unsigned char)*s)) s++;
  return *s == ':' || *s == '-' || isdigit((unsigned char)*s);
}

// Rows of t by an int64 tensor of positions, or those where a bool tensor is true. A copy.
static int take_rows(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1), *rows = gr_check_tensor(L, 2);
  char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
  if (t->ndim == 0 || rows->ndim != 1)
    return luaL_error(L, "take: rows are named by a tensor of one axis, not one of shape %s",
                      shape_of(rows, a));
  int64_t shape[GR_MAX_DIMS], n = rows->shape[0], count = 0;
  bool mask = rows->dtype == GR_BOOL;
  gr_refuse_tracked(L, 1, "take");
  if (mask && n != t->shape[0])
    return luaL_error(L, "take: a mask of shape %s does not fit the rows of shape %s", shape_of(rows, a),
                      shape_of(t, b));
  for (int64_t i = 0; mask && i < n; i++) count += gr_tensor_get(rows, &i) != 0;
  memcpy(shape, t->shape, sizeof shape);
  shape[0] = mask ? count : n;
  gr_tensor *out = gr_push_tensor(L, t->dtype, t->ndim, shape);
  for (int64_t i = 0, to = 0; i < n; i++) {
    double value = gr_tensor_get(rows, &i);
    if (mask && value == 0) continue;
    if (!mask && !(fabs(value) < 0x1p63 && value == floor(value)))
      return luaL_error(L, "take: %f is no position: positions are whole numbers from 1", value);
    gr_poll_sometimes(L, i);
    gr_tensor from, into;
    gr_tensor_view_select(&from, t, 0, mask ? i : position(L, t, 0, t->shape[0], (int64_t)value));
    gr_tensor_view_select(&into, out, 0, to++);
    GR_TRY(L, gr_copy(&into, &from, &err));
  }
  return 1;
}

// Methods (upvalue 1), properties, then elements and slices.
static int tensor_index(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    const char *name = lua_tostring(L, 2);
    if (gr_tensor_property(L, t, name)) return 1;
    if (!looks_like_index(name)) {
      // Names of all methods, for the suggestion.
      int count = 0;
      const char *names[256];
      lua_pushnil(L);
      while (lua_next(L, lua_upvalueindex(1)) && count < 250) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
      }
      static const char *const properties[] = {"T", "shape", "ndim", "size", "dtype"};
      for (int i = 0; i < 5; i++) names[count++] = properties[i];
      names[count] = NULL;
      const char *near = gr_nearest(name, names);
      return luaL_error(L, "a tensor has no method or property \"%s\"%s%s%s", name,
                        near ? ": did you mean \"" : "", near ? near : "",
                        near ? "\"?" : "; ?tensor lists them");
    }
  }
  gr_refuse_tracked(L, 1, "an element or slice");
  if (gr_test_tensor(L, 2)) return take_rows(L);
  gr_tensor view = view_by_key(L, t);
  if (view.ndim == 0)
    gr_push_element(L, &view, NULL);
  else
    gr_push_view(L, &view, 1);
  return 1;
}

// The mask at stack index 2 for assignment to t: its axes are the first ones of t, as in t[mask], and it
// must not change while it is read.
static gr_tensor check_mask(lua_State *L, const gr_tensor *t) {
  const gr_tensor *given = gr_check_tensor(L, 2);
  if (given->dtype != GR_BOOL)
    luaL_error(L, "assignment through a tensor takes a mask (a bool tensor), not %s",
               gr_dtype_name(given->dtype));
  bool fits = given->ndim <= t->ndim;
  for (int i = 0; fits && i < given->ndim; i++) fits = given->shape[i] == t->shape[i];
  if (!fits) {
    char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
    luaL_error(
        L, "a mask of shape %s does not fit a tensor of shape %s: it needs its shape, or that of its rows",
        shape_of(given, a), shape_of(t, b));
  }
  if (gr_tensor_overlap(given, t)) {
    gr_tensor *own = gr_push_tensor(L, GR_BOOL, given->ndim, given->shape);
    GR_TRY(L, gr_copy(own, given, &err));
    given = own;
  }
  gr_tensor mask = *given;
  for (; mask.ndim < t->ndim; mask.ndim++) mask.shape[mask.ndim] = mask.stride[mask.ndim] = 1;
  return mask;
}

static int tensor_newindex(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING && !looks_like_index(lua_tostring(L, 2)))
    return luaL_error(L, "a tensor's \"%s\" cannot be set; elements are, as in t[1] = 0 or t[\"1:3, :\"] = 0",
                      lua_tostring(L, 2));
  gr_refuse_tracked(L, 3, "assignment");
  gr_tensor view, number;
  double value;
  if (gr_test_tensor(L, 2)) {
    gr_tensor whole = *t, mask = check_mask(L, t);
    if (lua_isboolean(L, 3)) {
      lua_pushinteger(L, lua_toboolean(L, 3));
      lua_replace(L, 3);
    }
    const gr_tensor *source =
        gr_check_operand(L, 3, gr_dtype_is_float(t->dtype) ? t->dtype : GR_F64, &number, &value);
    gr_tensor *converted = gr_push_tensor(L, t->dtype, source->ndim, source->shape);
    GR_TRY(L, gr_copy(converted, source, &err));
    gr_buffer_changes(t->buffer);
    GR_TRY(L, gr_where(&whole, &mask, converted, &whole, &err));
    return 0;
  }
  view = view_by_key(L, t);
  if (lua_isboolean(L, 3)) {
    gr_buffer_changes(t->buffer);
    GR_TRY(L, gr_fill(&view, lua_toboolean(L, 3), &err));
    return 0;
  }
  if (lua_istable(L, 3)) {
    lua_getfield(L, LUA_REGISTRYINDEX, "gradus.tensor");
    lua_pushvalue(L, 3);
    lua_call(L, 1, 1);
    lua_replace(L, 3);
  }
  const gr_tensor *source = gr_check_operand(L, 3, GR_F64, &number, &value);
  if (gr_tensor_overlap(&view, source)) {
    // t["2:"] = t["1:-2"]: elements would be read after they were written.
    gr_tensor *own = gr_push_tensor(L, source->dtype, source->ndim, source->shape);
    GR_TRY(L, gr_copy(own, source, &err));
    source = own;
  }
  gr_buffer_changes(t->buffer);
  GR_TRY(L, gr_copy(&view, source, &err));
  return 0;
}

static int tensor_item(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  char text[GR_SHAPE_TEXT];
  if (gr_tensor_size(t) != 1)
    return luaL_error(L, "item: a tensor of shape %s is not one number", shape_of(t, text));
  int64_t zero[GR_MAX_DIMS] = {0};
  gr_push_element(L, t, zero);
  return 1;
}

static void push_nested(lua_State *L, const gr_tensor *t) {
  if (t->ndim == 0) {
    gr_push_element(L, t, NULL);
    return;
  }
  luaL_checkstack(L, 3, "nested tables");
  int64_t n = t->shape[0];
  lua_createtable(L, n > INT32_MAX ? 0 : (int)n, 0);
  for (int64_t i = 0; i < n; i++) {
    gr_tensor row;
    gr_tensor_view_select(&row, t, 0, i);
    push_nested(L, &row);
    gr_poll_sometimes(L, i);
    lua_rawseti(L, -2, i + 1);
  }
}

static int tensor_totable(lua_State *L) {
  push_nested(L, gr_check_tensor(L, 1));
  return 1;
}

static const gr_function both[] = {
    {"take", take_rows,
     "take(t, rows) -> tensor\n\n"
     "The rows of t (entries along axis 1) at the positions in the int64 tensor `rows`, or those where a "
     "bool tensor is true.\n"
     "A copy, not a view. t[rows] is the same.\n\n"
     "> take(tensor{10, 20, 30}, tensor{3, 1})\n"
     "[30. 10.]"},
    {"item", tensor_item,
     "item(t) -> number\n\n"
     "The one number in a tensor of one element, whatever its axes.\n\n"
     "> tensor{{42}}:item()\n"
     "42.0"},
    {"totable", tensor_totable,
     "totable(t) -> table\n\n"
     "The numbers as a Lua table, nested once for each axis.\n\n"
     "> #tensor{{1, 2}, {3, 4}}:totable()\n"
     "2"},
    {NULL},
};

void gr_add_indexing(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->methods);
  lua_pushcclosure(L, tensor_index, 1);
  lua_setfield(L, tables->metatable, "__index");
  lua_pushcfunction(L, tensor_newindex);
  lua_setfield(L, tables->metatable, "__newindex");
  lua_getfield(L, tables->module, "tensor");
  lua_setfield(L, LUA_REGISTRYINDEX, "gradus.tensor");
}
