// What the session core needs from C: running a learner's code so that any failure comes back as a value with
// its frames, the interrupt, and a few facts about the terminal.
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "bind/bind.h"
#include "bind/state.h"
#include "kernel/fft.h"
#include "kernel/matmul.h"
#include "kernel/table.h"
#include "tensor/format.h"

enum { FIRST_FRAMES = 24, LAST_FRAMES = 12 };  // a runaway recursion has 200,000

static int session_call(lua_State *L);

static bool is_session_call(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "f", ar);
  bool is = lua_tocfunction(L, -1) == session_call;
  lua_pop(L, 1);
  return is;
}

static void push_frame(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "Slnt", ar);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, ar->source);
  lua_setfield(L, -2, "source");
  lua_pushstring(L, ar->short_src);
  lua_setfield(L, -2, "short");
  lua_pushstring(L, ar->what);
  lua_setfield(L, -2, "what");
  lua_pushinteger(L, ar->currentline);
  lua_setfield(L, -2, "line");
  lua_pushstring(L, ar->name);
  lua_setfield(L, -2, "name");
  lua_pushboolean(L, ar->istailcall);
  lua_setfield(L, -2, "tail");
}

// Pushes what the frame at `level` was called with: {name=, how= ("method", "global", "metamethod"...), n=,
// values...}. Of a C function these are the first slots of its stack, of which it may have changed or added
// some.
static void push_call(lua_State *L, int level) {
  enum { MOST = 8 };
  lua_Debug ar;
  lua_getstack(L, level, &ar);
  lua_createtable(L, MOST, 4);
  lua_getinfo(L, "Snuf", &ar);
  lua_setfield(L, -2, "func");
  lua_pushstring(L, ar.name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, ar.namewhat);
  lua_setfield(L, -2, "how");
  int most = *ar.what == 'C' || ar.nparams > MOST ? MOST : ar.nparams, n = 0;
  while (n < most && lua_getlocal(L, &ar, n + 1)) lua_rawseti(L, -2, ++n);
  for (int i = 1; *ar.what != 'C' && n < most + ar.isvararg * MOST && lua_getlocal(L, &ar, -i); i++)
    lua_rawseti(L, -2, ++n);
  lua_pushinteger(L, n);
  lua_setfield(L, -2, "n");
}

// Pushes the local variables and upvalues that the frame at `level` sees, by name.
static void push_variables(lua_State *L, int level) {
  lua_Debug ar;
  lua_getstack(L, level, &ar);
  lua_newtable(L);
  const char *name;
  lua_getinfo(L, "f", &ar);
  for (int i = 1; (name = lua_getupvalue(L, -1, i)); i++) lua_setfield(L, -3, name);
  lua_pop(L, 1);
  for (int i = 1; (name = lua_getlocal(L, &ar, i)); i++) lua_setfield(L, -2, name);  // inner ones come later
}

// The message handler. It is C because a hook may be waiting to interrupt the next Lua instruction.
//
// The error value becomes {value=, interrupted=, frames={{source=, short=, what=, line=, name=, tail=}...}}.
// Of a deep stack the frames in the middle are left out: `skipped` of them, behind frame `skipped_after`.
// Of the innermost frame that is the learner's it holds the `variables`, and the `call` made from there.
static int describe_error(lua_State *L) {
  lua_settop(L, 1);
  lua_createtable(L, 0, 5);
  lua_insert(L, 1);
  lua_setfield(L, 1, "value");
  lua_pushboolean(L, gr_interrupt_pending());
  lua_setfield(L, 1, "interrupted");
  lua_createtable(L, 8, 0);
  lua_Debug ar;
  int depth = 1, written = 0;
  bool found = false;
  // How deep the stack is: galloping, then bisecting.
  for (int step = 1; lua_getstack(L, depth + step, &ar); step *= 2) depth += step;
  int low = depth, high = 2 * depth + 2;
  while (low + 1 < high) {
    int middle = low + (high - low) / 2;
    if (lua_getstack(L, middle, &ar))
      low = middle;
    else
      high = middle;
  }
  for (int level = 1; level <= low; level++) {
    if (level == FIRST_FRAMES && low > FIRST_FRAMES + LAST_FRAMES) {
      lua_pushinteger(L, low - LAST_FRAMES - level);
      lua_setfield(L, -2, "skipped");
      lua_pushinteger(L, written);
      lua_setfield(L, -2, "skipped_after");
      level = low - LAST_FRAMES;
    }
    // Below our own call are the front end's frames.
    if (!lua_getstack(L, level, &ar) || is_session_call(L, &ar)) break;
    push_frame(L, &ar);
    lua_seti(L, -2, ++written);
    if (!found && gr_is_learners(L, &ar)) {
      found = true;
      push_variables(L, level);
      lua_setfield(L, 1, "variables");
      if (level > 1) {
        push_call(L, level - 1);
        lua_setfield(L, 1, "call");
      }
    }
  }
  lua_setfield(L, 1, "frames");
  return 1;
}

// call(f, ...) -> true, results...  or  false, the record of describe_error (a string when memory ran out).
//
// An interrupt stays raised until the outermost call or loop is left: nothing in between can swallow it.
static int session_call(lua_State *L) {
  luaL_checkany(L, 1);
  gr_runtime *runtime = gr_runtime_of(L);
  lua_pushcfunction(L, describe_error);
  lua_insert(L, 1);
  runtime->calls++;
  int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
  lua_checkstack(L, LUA_MINSTACK);  // many results leave no room
  if (--runtime->calls == 0) gr_state_interrupt_done(L);
  lua_pushboolean(L, status == LUA_OK);
  lua_replace(L, 1);
  return lua_gettop(L);
}

// loop(step, report): calls step() until it returns true. When it fails, report(record). A front end's
// own code runs inside step, so that Ctrl-C at any moment ends one step and never the loop.
static int session_loop(lua_State *L) {
  enum { HOPELESS = 20 };  // failures in a row that are no interrupts: a broken terminal, say
  gr_runtime *runtime = gr_runtime_of(L);
  lua_settop(L, 2);
  lua_pushcfunction(L, describe_error);
  int failures = 0;
  for (;;) {
    gr_state_interrupt_done(L);
    gr_state_settle(L);
    lua_pushvalue(L, 1);
    runtime->calls++;
    int status = lua_pcall(L, 0, 1, 3);
    runtime->calls--;
    bool interrupted = gr_interrupt_pending();
    gr_state_interrupt_done(L);
    if (status == LUA_OK) {
      failures = 0;
      if (lua_toboolean(L, -1)) return 0;
      lua_pop(L, 1);
      continue;
    }
    if (!interrupted && ++failures == HOPELESS) return lua_error(L);
    lua_pushvalue(L, 2);
    lua_insert(L, -2);
    lua_pcall(L, 1, 0, 0);
    lua_settop(L, 3);
  }
}

static int session_interrupt(lua_State *L) {
  gr_state_interrupt(L);
  return 0;
}

// on_note(f): f(text, place) is called with every remark about the learner's code; place names the line.
static int session_on_note(lua_State *L) {
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "gradus.note");
  return 0;
}

// hold(on): from now on the first Ctrl-C asks for a pause instead of interrupting, or not.
static int session_hold(lua_State *L) {
  gr_runtime_of(L)->pause = lua_toboolean(L, 1) ? GR_PAUSE_HELD : GR_PAUSE_OFF;
  return 0;
}

static int session_pause_asked(lua_State *L) {
  lua_pushboolean(L, gr_runtime_of(L)->pause == GR_PAUSE_ASKED);
  return 1;
}

static int session_interrupted(lua_State *L) {
  lua_pushboolean(L, gr_interrupt_pending());
  return 1;
}

static const char *const streams[] = {"stdin", "stdout", "stderr", NULL};

static int session_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty(luaL_checkoption(L, 1, "stdout", streams)));
  return 1;
}

// Zeros when standard output is no terminal, or one that does not know its size.
static struct winsize terminal_size(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size : (struct winsize){0};
}

// screen(is_terminal): from now on tensors are written for this terminal's size, or for no screen.
static int session_screen(lua_State *L) {
  struct winsize size = lua_toboolean(L, 1) ? terminal_size() : (struct winsize){0};
  gr_runtime_of(L)->columns = size.ws_col;
  gr_runtime_of(L)->lines = size.ws_row;
  return 0;
}

// width() -> columns of the terminal; 80 when it has none to tell.
static int session_width(lua_State *L) {
  int columns = terminal_size().ws_col;
  lua_pushinteger(L, columns > 0 ? columns : 80);
  return 1;
}

// height() -> rows of the terminal; 24 when it has none to tell.
static int session_height(lua_State *L) {
  int rows = terminal_size().ws_row;
  lua_pushinteger(L, rows > 0 ? rows : 24);
  return 1;
}

static int session_set_environment(lua_State *L) {
  setenv(luaL_checkstring(L, 1), luaL_checkstring(L, 2), 1);
  return 0;
}

// threads([n]): how many threads compute. Can be set until they first start.
static int session_threads(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  if (!lua_isnoneornil(L, 1)) {
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= 1024, 1, "the number of threads is between 1 and 1024");
    if (runtime->pool)
      return luaL_error(L, "the threads have started already; set their number at the start of gradus");
    runtime->threads = (int)n;
  }
  lua_pushinteger(L, runtime->threads);
  return 1;
}

// Seconds from some fixed point, for measuring how long something takes.
static int session_clock(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + 1e-9 * (lua_Number)now.tv_nsec);
  return 1;
}

// number_text(x): the shortest digits that read back as x, written as Python does.
static int session_number_text(lua_State *L) {
  char text[32];
  gr_double_text(text, luaL_checknumber(L, 1));
  lua_pushstring(L, text);
  return 1;
}

// machine() -> {kernels=, blas= or blas_problem=, fftw= or fftw_problem=, memory= (bytes left)}: what the
// numbers are computed with.
static int session_machine(lua_State *L) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, gr_kernels()->isa);
  lua_setfield(L, -2, "kernels");
  gr_err err = {0};
  const char *core = NULL;
  if (gr_matmul_core_name(&core, &err)) {
    lua_pushstring(L, err.text);
    lua_setfield(L, -2, "blas_problem");
  } else {
    lua_pushstring(L, core);
    lua_setfield(L, -2, "blas");
  }
  const char *version = NULL;
  if (gr_fft_version(&version, &err)) {
    lua_pushstring(L, err.text);
    lua_setfield(L, -2, "fftw_problem");
  } else {
    lua_pushstring(L, version);
    lua_setfield(L, -2, "fftw");
  }
  lua_pushnumber(L, (lua_Number)gr_mem_available());
  lua_setfield(L, -2, "memory");
  return 1;
}

static const gr_function functions[] = {
    {"call", session_call, NULL},
    {"loop", session_loop, NULL},
    {"interrupt", session_interrupt, NULL},
    {"interrupted", session_interrupted, NULL},
    {"hold", session_hold, NULL},
    {"pause_asked", session_pause_asked, NULL},
    {"on_note", session_on_note, NULL},
    {"is_terminal", session_is_terminal, NULL},
    {"screen", session_screen, NULL},
    {"width", session_width, NULL},
    {"height", session_height, NULL},
    {"set_environment", session_set_environment, NULL},
    {"threads", session_threads, NULL},
    {"clock", session_clock, NULL},
    {"number_text", session_number_text, NULL},
    {"machine", session_machine, NULL},
    {"embedded", gr_embedded_text, NULL},
    {NULL, NULL, NULL},
};

int gr_open_session(lua_State *L) {
  lua_createtable(L, 0, 16);
  gr_register(L, NULL, functions);
  lua_pushliteral(L, GR_VERSION);
  lua_setfield(L, -2, "version");
  lua_getfield(L, LUA_REGISTRYINDEX, "gradus.root");
  lua_setfield(L, -2, "root");
  return 1;
}
