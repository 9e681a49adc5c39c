// The tensor module and the metatable of its values, put together from one file a theme.
#include "bind/bind.h"

#include <string.h>

#include "bind/moving.h"

static int tensor_len(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (t->ndim == 0) return luaL_error(L, "a tensor without axes has no length");
  lua_pushinteger(L, t->shape[0]);
  return 1;
}

static int tensor_concat(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

static int push_shape(lua_State *L, const gr_tensor *t) {
  lua_createtable(L, t->ndim, 0);
  for (int i = 0; i < t->ndim; i++) {
    lua_pushinteger(L, t->shape[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

// What t.name gives when it is no method: a property. Pushes it and returns 1, or returns 0.
int gr_tensor_property(lua_State *L, const gr_tensor *t, const char *name) {
  if (strcmp(name, "T") == 0) return gr_push_transposed(L, 1);
  if (strcmp(name, "shape") == 0) return push_shape(L, t);
  if (strcmp(name, "ndim") == 0) return lua_pushinteger(L, t->ndim), 1;
  if (strcmp(name, "size") == 0) return lua_pushinteger(L, gr_tensor_size(t)), 1;
  if (strcmp(name, "grad") == 0) return gr_push_gradient(L, 1);
  if (strcmp(name, "dtype") == 0) return lua_pushstring(L, gr_dtype_name(t->dtype)), 1;
  return 0;
}

static const luaL_Reg metamethods[] = {{"__len", tensor_len}, {"__concat", tensor_concat}, {NULL, NULL}};

int gr_open_tensor(lua_State *L) {
  gr_tensor_tables tables;
  lua_createtable(L, 0, 128);
  tables.module = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, gr_runtime_of(L)->tensor_metatable);
  tables.metatable = lua_gettop(L);
  lua_createtable(L, 0, 128);
  tables.methods = lua_gettop(L);

  lua_pushvalue(L, tables.metatable);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
  lua_pushstring(L, "tensor");
  lua_setfield(L, tables.metatable, "__name");
  gr_add_creation(L, &tables);
  gr_add_indexing(L, &tables);
  gr_add_picking(L, &tables);
  gr_add_shaping(L, &tables);
  gr_add_joining(L, &tables);
  gr_add_repeating(L, &tables);
  gr_add_matrices(L, &tables);
  gr_add_elementwise(L, &tables);
  gr_add_activations(L, &tables);
  gr_add_in_place(L, &tables);
  gr_add_reductions(L, &tables);
  gr_add_printing(L, &tables);
  gr_add_sorting(L, &tables);
  gr_add_statistics(L, &tables);
  gr_add_products(L, &tables);

  lua_pushvalue(L, tables.methods);
  lua_setfield(L, tables.metatable, "__methods");  // for completion, help and the methods that Lua adds
  lua_settop(L, tables.metatable);
  lua_setfield(L, tables.module, "metatable");
  return 1;
}
