// A Lua state as gradus runs it: our core modules preloaded, `require` looking into the tree or the
// binary, and an interrupt that reaches every coroutine.
#ifndef GR_BIND_STATE_H
#define GR_BIND_STATE_H

#include <stddef.h>

#include <lua.h>

typedef struct gr_embedded_file {
  const char *name;  // "lua/gradus/help.lua"
  const char *text;
  size_t length;
} gr_embedded_file;

// embedded(name) -> the text of one of our Lua files, as "lua/gradus/help.lua", or nothing. For Lua.
int gr_embedded_text(lua_State *L);

extern const gr_embedded_file gr_embedded_files[];  // ends with a NULL name

typedef struct gr_state_options {
  int threads;  // 0: as many as the machine has cores
} gr_state_options;

// NULL when there is no memory for it.
lua_State *gr_state_new(const gr_state_options *options);
void gr_state_free(lua_State *L);

// Before an entry is run: the collector goes back to how it works best while the heap is small.
void gr_state_settle(lua_State *L);

// Async-signal-safe: raises the interrupt flag and makes the running Lua code notice.
void gr_state_interrupt(lua_State *L);
// At the prompt: the interrupt has been dealt with.
void gr_state_interrupt_done(lua_State *L);

#endif
