// gradus: what only C can do at the start (signals, the Lua state); the command line itself is read in
// lua/gradus/shell/command_line.lua.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/interrupt.h"
#include "bind/state.h"
#include "shell/readline.h"

// Written once, before the handler is set: a signal handler has no other way to reach them.
static lua_State *interrupted_state;
static pthread_t main_thread;

static void on_interrupt(int number) {
  if (!pthread_equal(pthread_self(), main_thread)) {  // a thread of the pool: Lua is not theirs
    pthread_kill(main_thread, number);
    return;
  }
  if (!gr_readline_interrupt()) gr_state_interrupt(interrupted_state);
}

static void catch_signals(lua_State *L) {
  interrupted_state = L;
  main_thread = pthread_self();
  // Without SA_RESTART: a read that waits for input ends, so that the interrupt is noticed.
  struct sigaction interrupt = {.sa_handler = on_interrupt};
  sigemptyset(&interrupt.sa_mask);
  sigaction(SIGINT, &interrupt, NULL);
  // A broken pipe, or a file that grows beyond its limit, is an error that the writer hears of.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

static int run(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "gradus.shell.command_line");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

int main(int argc, char **argv) {
  lua_State *L = gr_state_new(&(gr_state_options){0});
  if (!L) {
    fputs("gradus: not enough memory to start\n", stderr);
    return 1;
  }
  catch_signals(L);
  lua_pushcfunction(L, traceback);
  lua_pushcfunction(L, gr_open_readline);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_insert(L, -2);
  lua_setfield(L, -2, "gradus.core.readline");
  lua_pop(L, 1);
  lua_pushcfunction(L, run);
  lua_createtable(L, argc, 0);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_seti(L, -2, i);
  }
  int status = 1;
  if (lua_pcall(L, 1, 1, 1) == LUA_OK) {
    status = (int)lua_tointeger(L, -1);
  } else if (gr_interrupt_pending()) {  // before the command line could catch it itself
    status = 130;
    fputs("gradus: interrupted\n", stderr);
  } else {
    fprintf(stderr, "gradus: %s\n", lua_tostring(L, -1));
  }
  // What is still in the buffer may have no place to go.
  if (fflush(stdout) != 0 && status == 0) {
    status = 1;
    fprintf(stderr, "gradus: the output cannot be written: %s\n", strerror(errno));
  }
  signal(SIGINT, SIG_DFL);  // nothing to interrupt from here on
  gr_state_free(L);
  return status;
}
