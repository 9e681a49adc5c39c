// gradus: the command line.
#include <stdio.h>

#include <lauxlib.h>
#include <lualib.h>

#include "bind/state.h"

int main(int argc, char **argv) {
  lua_State *L = gr_state_new(&(gr_state_options){0});
  if (!L) {
    fputs("gradus: not enough memory to start\n", stderr);
    return 1;
  }
  lua_createtable(L, argc, 0);
  for (int i = 1; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_seti(L, -2, i);
  }
  lua_setglobal(L, "arg");
  int status = luaL_dostring(L, "assert(load(arg[2]))()");
  if (status) fprintf(stderr, "gradus: %s\n", lua_tostring(L, -1));
  gr_state_free(L);
  return status ? 1 : 0;
}
