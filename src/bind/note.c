// Remarks to the learner about code that works but may not be what was meant.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bind/bind.h"

bool gr_is_learners(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "Sl", ar);
  return *ar->what != 'C' && strncmp(ar->source, "@lua/gradus/", 12) != 0;
}

void gr_note(lua_State *L, const char *format, ...) {
  lua_Debug ar;
  if (!lua_getstack(L, 1, &ar) || !gr_is_learners(L, &ar)) return;
  luaL_checkstack(L, 4, "a note");
  if (lua_getfield(L, LUA_REGISTRYINDEX, "gradus.note") != LUA_TFUNCTION) {
    lua_pop(L, 1);
    return;
  }
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  lua_pushstring(L, text);
  lua_pushfstring(L, "%s:%d", ar.source, ar.currentline);
  lua_call(L, 2, 0);
}
