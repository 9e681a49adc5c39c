// Line editing with readline's callback interface: we wait for input ourselves, so that Ctrl-C and the
// end of input come back as values, and nothing jumps out of readline or of Lua.
//
// Readline keeps its state in globals and calls us back without a context: the statics here are what
// it forces.
#include "shell/readline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include <lauxlib.h>
#include <readline/history.h>
#include <readline/readline.h>

#include "bind/state.h"

static volatile sig_atomic_t reading, interrupted, yield_to;
static lua_State *state;  // while reading, for completion
static int completer = LUA_NOREF;
static char *line;  // what the callback got; NULL at the end of input
static bool have_line;

bool gr_readline_interrupt(void) {
  if (!reading) return false;
  interrupted = 1;
  return true;
}

static void got_line(char *text) {
  line = text;
  have_line = true;
  // Removed here, not later: readline would otherwise print the prompt again at once.
  rl_callback_handler_remove();
}

// ---- completion: a Lua function (text, position) -> list of words (set_completer) ----

static size_t match_count, match_next;
static char **matches;

static char *next_match(const char *text, int again) {
  (void)text;
  if (!again) match_next = 0;
  return match_next < match_count ? matches[match_next++] : NULL;  // readline frees it
}

// Copies the list of words on top of the stack. Readline wants malloc'ed strings.
static void take_matches(void) {
  lua_Integer n = luaL_len(state, -1);
  matches = calloc((size_t)n + 1, sizeof *matches);
  match_count = 0;
  for (lua_Integer i = 1; matches && i <= n; i++) {
    lua_geti(state, -1, i);
    const char *word = lua_tostring(state, -1);
    if (word) matches[match_count++] = strdup(word);
    lua_pop(state, 1);
  }
}

static int call_completer(lua_State *L) {  // (text, position)
  lua_rawgeti(L, LUA_REGISTRYINDEX, completer);
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  luaL_checktype(L, -1, LUA_TTABLE);
  return 1;
}

static char **attempt(const char *text, int start, int end) {
  (void)start;
  rl_attempted_completion_over = 1;  // no file names
  rl_completion_append_character = '\0';
  if (completer == LUA_NOREF || !state || !lua_checkstack(state, 8)) return NULL;
  int top = lua_gettop(state);
  char **found = NULL;
  lua_pushcfunction(state, call_completer);
  lua_pushstring(state, rl_line_buffer);
  lua_pushinteger(state, end);
  // A learner's __index may run without end: while it runs, Ctrl-C is that of running code.
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  reading = 0;
  sigprocmask(SIG_UNBLOCK, &interrupt, &before);
  int status = lua_pcall(state, 2, 1, 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
  reading = 1;
  gr_state_interrupt_done(state);
  if (status == LUA_OK) {
    take_matches();
    if (match_count) found = rl_completion_matches(text, next_match);
    free(matches);
    matches = NULL;
  }
  lua_settop(state, top);
  return found;
}

// ---- the module ----

static sigset_t while_waiting;  // lets SIGINT and those below through

// Ctrl-Z, and what ends a program: none may leave the terminal as readline needs it.
static const int yielding[] = {SIGTSTP, SIGTERM, SIGHUP};
enum { N_YIELDING = sizeof yielding / sizeof yielding[0] };

static void on_yield(int number) { yield_to = number; }

// One that a parent has ignored (nohup, say) stays ignored.
static void handle(int number, void (*handler)(int)) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN) return;
  action = (struct sigaction){.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

// Hands the terminal back as it was and lets the signal do what it does. After a stop, the `fg` of the shell
// outside wakes us: takes the terminal again, with the line as it stood.
static void yield(void) {
  int number = yield_to;
  rl_deprep_terminal();
  fputc('\n', rl_outstream);
  fflush(rl_outstream);
  handle(number, SIG_DFL);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &set, &before);  // we stop, or end, here
  sigprocmask(SIG_SETMASK, &before, NULL);
  yield_to = 0;
  handle(number, on_yield);
  rl_prep_terminal(1);
  rl_resize_terminal();
  rl_forced_update_display();
}

// Waits until there is input, or Ctrl-C. Signals get through only while we wait, so none is lost in between.
static bool wait_for_input(void) {
  for (;;) {
    if (interrupted) return false;
    if (yield_to) yield();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    if (pselect(STDIN_FILENO + 1, &set, NULL, NULL, NULL, &while_waiting) > 0) return true;
    if (errno != EINTR) return true;  // reading will say what is wrong
    rl_check_signals();               // the window changed its size
  }
}

// Readline's way to a byte. Ctrl-C also makes the terminal forget what was typed, so that input which was
// there a moment ago may be gone: reading must not wait, or it would wait with SIGINT held back.
static int next_byte(FILE *stream) {
  int fd = fileno(stream);
  for (;;) {
    if (!wait_for_input()) return '\0';  // any key: the line is about to be cleared
    unsigned char byte;
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    ssize_t n = read(fd, &byte, 1);
    int error = errno;
    fcntl(fd, F_SETFL, flags);  // at once: the terminal is shared with other programs
    if (n == 1) return byte;
    if (n == 0 || (error != EINTR && error != EAGAIN)) return EOF;
  }
}

// read(prompt) -> line  or  nil, "eof"  or  nil, "interrupt".
static int readline_read(lua_State *L) {
  const char *prompt = luaL_checkstring(L, 1);
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGINT);
  for (int i = 0; i < N_YIELDING; i++) sigaddset(&block, yielding[i]);
  fflush(stdout);
  sigprocmask(SIG_BLOCK, &block, &before);
  while_waiting = before;
  sigdelset(&while_waiting, SIGINT);
  for (int i = 0; i < N_YIELDING; i++) {
    sigdelset(&while_waiting, yielding[i]);
    handle(yielding[i], on_yield);
  }
  interrupted = yield_to = 0;
  reading = 1;
  state = L;
  have_line = false;
  line = NULL;
  rl_callback_handler_install(prompt, got_line);
  while (!have_line && wait_for_input()) rl_callback_read_char();
  bool was_interrupted = !have_line;
  if (was_interrupted) {
    rl_callback_sigcleanup();
    rl_free_line_state();
    fputs("^C\n", rl_outstream ? rl_outstream : stdout);
    rl_callback_handler_remove();
    fflush(stdout);
  }
  state = NULL;
  reading = 0;
  for (int i = 0; i < N_YIELDING; i++) handle(yielding[i], SIG_DFL);  // code that runs yields at once
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (was_interrupted || !line) {
    lua_pushnil(L);
    lua_pushstring(L, was_interrupted ? "interrupt" : "eof");
    return 2;
  }
  // Freed the next time, even if Lua has no memory for its own copy now.
  static char *kept;
  free(kept);
  kept = line;
  line = NULL;
  lua_pushstring(L, kept);
  return 1;
}

// add_history(entry): may span lines.
static int readline_add_history(lua_State *L) {
  add_history(luaL_checkstring(L, 1));
  return 0;
}

// set_completer(f): f(text, position) returns the list of words that may replace the word before `position`.
static int readline_set_completer(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, completer);
  completer = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

int gr_open_readline(lua_State *L) {
  rl_readline_name = "gradus";
  rl_catch_signals = 0;  // signals are ours
  rl_getc_function = next_byte;
  rl_attempted_completion_function = attempt;
  rl_completer_word_break_characters = " \t\n\"\\'`@$><=;|&{}()[]+-*/^%#~,.:?";
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("blink-matching-paren", "on");
  rl_variable_bind("show-all-if-ambiguous", "on");
  using_history();
  stifle_history(5000);
  static const luaL_Reg functions[] = {
      {"read", readline_read},
      {"add_history", readline_add_history},
      {"set_completer", readline_set_completer},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
