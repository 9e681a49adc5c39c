// Errors, arguments, help and the runtime: what every binding uses.
#include "bind/bind.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

int gr_raise(lua_State *L, const gr_err *err) { return luaL_error(L, "%s", err->text); }

void *gr_push_owned(lua_State *L, size_t size, const char *type, lua_CFunction finish) {
  void *owned = memset(lua_newuserdatauv(L, size, 0), 0, size);
  if (luaL_newmetatable(L, type)) {
    lua_pushcfunction(L, finish);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return owned;
}

static int str_gc(lua_State *L) {
  gr_str_finish(lua_touserdata(L, 1));
  return 0;
}

gr_str *gr_push_str(lua_State *L) { return gr_push_owned(L, sizeof(gr_str), "gradus.str", str_gc); }

int gr_return_str(lua_State *L, gr_str *text) {
  GR_TRY(L, gr_str_check(text, &err));
  lua_pushlstring(L, text->text ? text->text : "", text->length);
  gr_str_finish(text);  // now, not when the collector comes
  return 1;
}

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
    lua_pushinteger(L, f->kind);
    lua_pushcclosure(L, f->function, 1);
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

void gr_register_both(lua_State *L, const gr_tensor_tables *tables, const gr_function *functions) {
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  for (const gr_function *f = functions; f->name; f++) {
    lua_getfield(L, -1, f->name);
    lua_setfield(L, tables->methods, f->name);
  }
  lua_pop(L, 1);
}

// How many letters to change, add, drop or swap with their neighbour to get from a to b; capitals count as
// small.
static int distance(const char *a, const char *b) {
  enum { MAX = 40 };
  int n = (int)strlen(a), m = (int)strlen(b), d[MAX + 1][MAX + 1];
  if (n > MAX || m > MAX) return INT_MAX;
  for (int i = 0; i <= n; i++) d[i][0] = i;
  for (int j = 0; j <= m; j++) d[0][j] = j;
  for (int i = 1; i <= n; i++)
    for (int j = 1; j <= m; j++) {
      int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
      int best = d[i - 1][j - 1] + (x != y);
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]) &&
          d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[n][m];
}

const char *gr_nearest(const char *word, const char *const *names) {
  const char *best = NULL;
  int length = (int)strlen(word);
  int least = length >= 6 ? length / 3 + 1 : 2;  // a third of the letters may be wrong, at least one
  for (; *names; names++) {
    int d = distance(word, *names);
    if (d < least && d < length) {
      least = d;
      best = *names;
    }
  }
  return best;
}

gr_dtype gr_check_dtype(lua_State *L, int index) {
  const char *name = luaL_checkstring(L, index), *names[GR_N_DTYPES + 1] = {NULL};
  for (int i = 0; i < GR_N_DTYPES; i++) {
    names[i] = gr_dtype_name((gr_dtype)i);
    if (strcmp(name, names[i]) == 0) return (gr_dtype)i;
  }
  const char *near = gr_nearest(name, names);
  luaL_error(L, "there is no dtype \"%s\": the dtypes are float64, float32, int64, uint8 and bool%s%s%s",
             name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
  return GR_F64;
}

static int64_t check_size(lua_State *L, int index, int position) {
  int is_integer;
  lua_Integer n = lua_tointegerx(L, index, &is_integer);
  const char *quote = lua_type(L, index) == LUA_TSTRING ? "\"" : "";
  if (!is_integer)
    luaL_error(L, "size %d of the shape is %s%s%s; a shape is made of whole numbers", position, quote,
               lua_istable(L, index) ? "a table" : luaL_tolstring(L, index, NULL), quote);
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

void gr_refuse_more(lua_State *L, int most, const char *name) {
  if (lua_isnoneornil(L, most + 1)) return;
  luaL_error(L, "%s takes %s, and this call gives %d (what stands before a colon is the first)", name,
             most == 1 ? "one value" : "two values", lua_gettop(L));
}

void gr_call_method(lua_State *L, const char *name, int n) {
  lua_getfield(L, -n - 1, name);
  lua_insert(L, -n - 2);
  lua_call(L, n + 1, 1);
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
    if (!names[0]) luaL_error(L, "%s has no options, and \"%s\" is one", function, key);
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

int gr_check_axis(lua_State *L, int index, int ndim, const char *name) {
  lua_Integer axis = luaL_checkinteger(L, index);
  if (ndim == 0)
    luaL_error(L, "%s: axis %I does not exist: this tensor is a single number, without axes", name, axis);
  if (axis == 0 || axis > ndim || axis < -ndim)
    luaL_error(L,
               "%s: axis %I does not exist in a tensor of %d axes: count from 1 to %d, or from -1 (the last) "
               "down to %d",
               name, axis, ndim, ndim, -ndim);
  return (int)(axis > 0 ? axis - 1 : axis + ndim);
}

uint32_t gr_check_seed(lua_State *L, int index) {
  int is_integer;
  lua_Integer seed = lua_tointegerx(L, index, &is_integer);
  if (!is_integer || lua_type(L, index) != LUA_TNUMBER || seed < 0 || seed > UINT32_MAX)
    luaL_error(L, "a seed is a whole number from 0 to 4294967295, not %s", luaL_tolstring(L, index, NULL));
  return (uint32_t)seed;
}

const gr_tensor *gr_check_operand(lua_State *L, int index, gr_dtype dtype, gr_tensor *number, double *value) {
  const gr_tensor *t = gr_test_tensor(L, index);
  if (t) return t;
  if (lua_type(L, index) != LUA_TNUMBER) {
    luaL_typeerror(L, index, "tensor or number");
    return NULL;
  }
  *number = (gr_tensor){.data = value, .dtype = (uint8_t)dtype};
  if (dtype == GR_F32)
    *(float *)value = (float)lua_tonumber(L, index);
  else
    *value = lua_tonumber(L, index);
  return number;
}

void gr_push_element(lua_State *L, const gr_tensor *t, const int64_t *index) {
  switch ((gr_dtype)t->dtype) {
    case GR_I64: {
      int64_t offset = 0;
      for (int i = 0; i < t->ndim; i++) offset += index[i] * t->stride[i];
      lua_pushinteger(L, ((const int64_t *)t->data)[offset]);  // a double would round beyond 2^53
      return;
    }
    case GR_U8: lua_pushinteger(L, (lua_Integer)gr_tensor_get(t, index)); return;
    case GR_BOOL: lua_pushboolean(L, gr_tensor_get(t, index) != 0); return;
    case GR_F64:
    case GR_F32: lua_pushnumber(L, gr_tensor_get(t, index)); return;
  }
}

int gr_creation_dtype(lua_State *L, const char *name, gr_dtype *dtype) {
  int last = lua_gettop(L);
  if (last < 1 || !lua_istable(L, last)) return last;
  // Options stand in a table of their own, or in the table of the shape: zeros{2, 3, dtype="float32"}.
  static const char *const names[] = {"dtype", NULL};
  gr_check_options(L, last, name, names);
  bool has_sizes = luaL_len(L, last) > 0, named = gr_option(L, last, "dtype");
  if (named) {
    *dtype = gr_check_dtype(L, -1);
    lua_pop(L, 1);
  }
  // An empty table behind sizes is options too, of which none is set; zeros{} alone has no axes.
  return !has_sizes && (named || last > 1) ? last - 1 : last;
}
