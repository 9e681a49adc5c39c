// Errors, arguments, help and the runtime: what every binding uses.
#include "bind/bind.h"

#include <string.h>

int gr_raise(lua_State *L, const gr_err *err) { return luaL_error(L, "%s", err->text); }

gr_runtime *gr_runtime_of(lua_State *L) { return *(gr_runtime **)lua_getextraspace(L); }

gr_pool *gr_runtime_pool(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  gr_err err;
  if (!runtime->pool && runtime->threads > 1 && gr_pool_new(&runtime->pool, runtime->threads, &err))
    gr_raise(L, &err);
  return runtime->pool;
}

void gr_register(lua_State *L, const char *prefix, const gr_function *functions) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, "gradus.help");
  for (const gr_function *f = functions; f->name; f++) {
    lua_pushcfunction(L, f->function);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, f->name);
    if (f->help) {
      lua_createtable(L, 0, 2);
      lua_insert(L, -2);
      lua_setfield(L, -2, "value");
      lua_pushstring(L, f->help);
      lua_setfield(L, -2, "text");
      if (prefix)
        lua_pushfstring(L, "%s.%s", prefix, f->name);
      else
        lua_pushstring(L, f->name);
      lua_insert(L, -2);
      lua_rawset(L, -3);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

// Edit distance with transpositions, for short names.
static int distance(const char *a, const char *b) {
  enum { MAX = 40 };
  int n = (int)strlen(a), m = (int)strlen(b), d[MAX + 1][MAX + 1];
  if (n > MAX || m > MAX) return MAX;
  for (int i = 0; i <= n; i++) d[i][0] = i;
  for (int j = 0; j <= m; j++) d[0][j] = j;
  for (int i = 1; i <= n; i++)
    for (int j = 1; j <= m; j++) {
      int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[n][m];
}

const char *gr_nearest(const char *word, const char *const *names) {
  const char *best = NULL;
  int least = (int)strlen(word) / 3 + 2;  // a third of the letters may be wrong
  for (; *names; names++) {
    int d = distance(word, *names);
    if (d < least) {
      least = d;
      best = *names;
    }
  }
  return best;
}

static const char *const dtype_names[] = {"float64", "float32", "int64", "uint8", "bool", NULL};

gr_dtype gr_check_dtype(lua_State *L, int index) {
  const char *name = luaL_checkstring(L, index);
  for (int i = 0; dtype_names[i]; i++)
    if (strcmp(name, dtype_names[i]) == 0) return (gr_dtype)i;
  const char *near = gr_nearest(name, dtype_names);
  luaL_error(L, "there is no dtype \"%s\": the dtypes are float64, float32, int64, uint8 and bool%s%s%s", name,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
  return GR_F64;
}

static int64_t check_size(lua_State *L, int index, int position) {
  int is_integer;
  lua_Integer n = lua_tointegerx(L, index, &is_integer);
  if (!is_integer)
    luaL_error(L, "size %d of the shape is %s; a shape is made of whole numbers", position, luaL_tolstring(L, index, NULL));
  return n;
}

int gr_check_shape(lua_State *L, int first, int last, int64_t *shape) {
  int ndim = 0;
  if (last >= first && lua_istable(L, first)) {
    lua_Integer n = luaL_len(L, first);
    if (n > GR_MAX_DIMS) luaL_error(L, "a tensor has at most %d axes, not %I", GR_MAX_DIMS, n);
    for (; ndim < n; ndim++) {
      lua_geti(L, first, ndim + 1);
      shape[ndim] = check_size(L, -1, ndim + 1);
      lua_pop(L, 1);
    }
    return ndim;
  }
  if (last - first + 1 > GR_MAX_DIMS)
    luaL_error(L, "a tensor has at most %d axes, not %d", GR_MAX_DIMS, last - first + 1);
  for (int i = first; i <= last; i++) shape[ndim++] = check_size(L, i, i - first + 1);
  return ndim;
}

bool gr_option(lua_State *L, int index, const char *name) {
  if (!lua_istable(L, index)) return false;
  if (lua_getfield(L, index, name) != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

void gr_check_options(lua_State *L, int index, const char *function, const char *const *names) {
  if (!lua_istable(L, index)) return;
  index = lua_absindex(L, index);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    const char *key = lua_tostring(L, -1);
    bool known = false;
    for (const char *const *n = names; *n && !known; n++) known = strcmp(key, *n) == 0;
    if (known) continue;
    const char *near = gr_nearest(key, names);
    if (near) luaL_error(L, "%s has no option \"%s\": did you mean \"%s\"?", function, key, near);
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (const char *const *n = names; *n; n++) {
      if (n != names) luaL_addstring(&list, ", ");
      luaL_addstring(&list, *n);
    }
    luaL_pushresult(&list);
    luaL_error(L, "%s has no option \"%s\"; its options are: %s", function, key, lua_tostring(L, -1));
  }
}
