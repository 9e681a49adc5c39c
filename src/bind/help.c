// The table of help texts, as a module: name -> {text=..., value=...}. Filled by gr_register and gradus.help.
#include "bind/bind.h"

int gr_open_help(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, "gradus.help");
  return 1;
}
