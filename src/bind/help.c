// The table of help texts, as a module: name -> {text=..., value=...}. Filled by gr_register and gradus.help.
// And the function behind every "did you mean".
#include "bind/bind.h"

int gr_open_help(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, "gradus.help");
  return 1;
}

// nearest(word, list of names) -> the name that was probably meant, or nil
static int nearest(lua_State *L) {
  const char *word = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 2);
  // The strings stay in the list, so plain pointers to them are safe as long as it is.
  const char **names = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *names, 0);
  int count = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 2, i) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  names[count] = NULL;
  lua_pushstring(L, gr_nearest(word, names));
  return 1;
}

int gr_open_nearest(lua_State *L) {
  lua_pushcfunction(L, nearest);
  return 1;
}
