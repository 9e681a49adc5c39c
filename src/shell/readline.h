// Line editing, as the Lua module gradus.core.readline. The only door to the readline library.
#ifndef GR_SHELL_READLINE_H
#define GR_SHELL_READLINE_H

#include <stdbool.h>

#include <lua.h>

int gr_open_readline(lua_State *L);

// Async-signal-safe. True when a line is being edited: then the interrupt clears that line and is dealt with.
bool gr_readline_interrupt(void);

#endif
