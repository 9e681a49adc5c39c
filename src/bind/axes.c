// The arguments of reductions: which axes, and options.
#include "bind/bind.h"

// The options are the last argument when that is a table with a named entry, or one behind the axis. Tables
// without names are axes: sum(t, {1, 2}).
static int find_options(lua_State *L, int at) {
  int top = lua_gettop(L);
  if (top < at || !lua_istable(L, top)) return 0;
  if (top > at) return top;
  lua_pushnil(L);
  while (lua_next(L, top)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    lua_pop(L, 1);
    return top;
  }
  return luaL_len(L, top) == 0 ? top : 0;
}

static void add_axis(lua_State *L, int index, const char *name, int ndim, gr_axes *out) {
  unsigned bit = 1u << gr_check_axis(L, index, ndim, name);
  if (out->mask & bit) luaL_error(L, "%s: axis %I is named twice", name, lua_tointeger(L, index));
  out->mask |= bit;
  out->count++;
}

gr_axes gr_read_axes(lua_State *L, int at, const char *name, int ndim, const char *const *names) {
  gr_axes out = {.options = find_options(L, at)};
  int last = out.options && out.options != at ? at + 1 : at;
  if (lua_gettop(L) > last)
    luaL_error(L, "%s takes one axis, or several in a table, and options behind it: %s(t, {1, 2}, {%s=...})",
               name, name, names[0]);
  if (out.options) gr_check_options(L, out.options, name, names);
  int axis = out.options == at || lua_gettop(L) < at ? 0 : at;
  if (out.options) {
    out.keepdims = gr_boolean_option(L, out.options, name, "keepdims");
    if (gr_option(L, out.options, "axis")) {
      if (axis && !lua_isnil(L, axis)) luaL_error(L, "%s got its axis twice: by position and by name", name);
      axis = lua_gettop(L);
    } else if (out.options == at && luaL_len(L, at) > 0) {
      axis = at;
    }
  }
  if (!axis || lua_isnil(L, axis)) {
    out.mask = ndim ? (1u << ndim) - 1 : 0;
    return out;
  }
  if (lua_istable(L, axis)) {
    lua_Integer n = luaL_len(L, axis);
    for (lua_Integer i = 1; i <= n; i++) {
      lua_geti(L, axis, i);
      add_axis(L, -1, name, ndim, &out);
      lua_pop(L, 1);
    }
    if (n == 0) out.mask = ndim ? (1u << ndim) - 1 : 0;
  } else {
    add_axis(L, axis, name, ndim, &out);
  }
  return out;
}

int gr_read_axis(lua_State *L, int at, const char *name, int ndim, const char *const *names, int *options) {
  gr_axes axes = gr_read_axes(L, at, name, ndim, names);
  if (axes.count > 1) luaL_error(L, "%s goes along one axis, and %d are named", name, axes.count);
  *options = axes.options;
  return axes.count ? __builtin_ctz(axes.mask) : -1;
}

double gr_number_option(lua_State *L, int options, const char *function, const char *name, double otherwise) {
  if (!options || !gr_option(L, options, name)) return otherwise;
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "%s: %s is a number, not %s", function, name, luaL_tolstring(L, -1, NULL));
  double value = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

bool gr_boolean_option(lua_State *L, int options, const char *function, const char *name) {
  if (!options || !gr_option(L, options, name)) return false;
  if (!lua_isboolean(L, -1))
    luaL_error(L, "%s: %s is true or false, not %s", function, name, luaL_tolstring(L, -1, NULL));
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}
