// Line editing with readline's callback interface: we wait for input ourselves, so that Ctrl-C and the
// end of input come back as values, and nothing jumps out of readline or of Lua.
//
// Readline keeps its state in globals and calls us back without a context: the statics here are what
// it forces.
#include "shell/readline.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
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
enum { COMPLETE, PASTE, N_HOOKS };
static int hooks[N_HOOKS] = {LUA_NOREF, LUA_NOREF};  // Lua functions
static char *line;                                   // what the callback got; NULL at the end of input
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

// ---- what Lua decides: set_completer, set_paste_filter ----

// Calls a hook with the arguments on top of the stack; it may take long: while it runs, Ctrl-C is that of
// code that runs. False when it failed.
static bool call_hook(int hook, int arguments, int results) {
  lua_rawgeti(state, LUA_REGISTRYINDEX, hooks[hook]);
  lua_insert(state, -arguments - 1);
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  reading = 0;
  sigprocmask(SIG_UNBLOCK, &interrupt, &before);
  int status = lua_pcall(state, arguments, results, 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
  reading = 1;
  gr_state_interrupt_done(state);
  return status == LUA_OK;
}

static bool has_hook(int hook) { return hooks[hook] != LUA_NOREF && state && lua_checkstack(state, 8); }

// ---- Tab ----

static void show_list(const char *text) {
  rl_crlf();
  fputs(text, rl_outstream);
  rl_crlf();
  rl_on_new_line();
}

static void replace_word(int from, const char *word) {
  if (strlen(word) == (size_t)(rl_point - from) && memcmp(rl_line_buffer + from, word, strlen(word)) == 0)
    return;
  rl_begin_undo_group();
  rl_delete_text(from, rl_point);
  rl_point = from;
  rl_insert_text(word);
  rl_end_undo_group();
}

static int complete(int count, int key) {
  (void)count;
  (void)key;
  if (!has_hook(COMPLETE)) return 0;
  int top = lua_gettop(state);
  lua_pushstring(state, rl_line_buffer);
  lua_pushinteger(state, rl_point);
  if (call_hook(COMPLETE, 2, 3) && lua_isinteger(state, -3) && lua_isstring(state, -2)) {
    replace_word((int)lua_tointeger(state, -3) - 1, lua_tostring(state, -2));
    if (lua_isstring(state, -1)) show_list(lua_tostring(state, -1));
  } else {
    rl_ding();
  }
  lua_settop(state, top);
  return 0;
}

// ---- pasted text: bracketed by the terminal, so that its lines do not arrive as if each had been typed ----

static int paste(int count, int key) {
  static const char end[] = "\033[201~";
  enum { END = sizeof end - 1 };
  (void)count;
  (void)key;
  size_t length = 0, room = 0;
  char *text = NULL;
  while (!interrupted && (length < END || memcmp(text + length - END, end, END) != 0)) {
    if (length + 2 > room) {
      char *more = realloc(text, room = 2 * room + 256);
      if (!more) break;
      text = more;
    }
    int c = rl_read_key();
    if (c == EOF || interrupted) break;
    text[length++] = (char)(c == '\r' ? '\n' : c);
  }
  bool whole = length >= END && memcmp(text + length - END, end, END) == 0;
  if (whole) {
    text[length -= END] = '\0';
    const char *cleaned = text;
    int top = state ? lua_gettop(state) : 0;
    if (has_hook(PASTE)) {
      lua_pushstring(state, text);  // ends at a zero byte, which no line can hold
      if (call_hook(PASTE, 1, 1) && lua_isstring(state, -1)) cleaned = lua_tostring(state, -1);
    }
    rl_insert_text(cleaned);
    if (state) lua_settop(state, top);
  }
  free(text);
  return 0;
}

// Alt-Enter: a new line in the same entry.
static int new_line(int count, int key) {
  (void)count;
  (void)key;
  rl_insert_text("\n");
  return 0;  // not how many were inserted: to readline that would be the end of the input
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

// Terminals speak UTF-8, also where nobody has told the system so: in a locale of ASCII alone readline would
// take the bytes of an "ü" for keys with Meta held. At each prompt it asks the environment, which the
// learner's programs are to find unchanged.
static void show_prompt(const char *prompt) {
  setlocale(LC_CTYPE, "");
  const char *given = getenv("LC_ALL");
  char *before = given ? strdup(given) : NULL;
  bool is_ascii = strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0 && (before || !given);
  if (is_ascii) setenv("LC_ALL", "C.UTF-8", 1);
  rl_callback_handler_install(prompt, got_line);
  if (is_ascii && before)
    setenv("LC_ALL", before, 1);
  else if (is_ascii)
    unsetenv("LC_ALL");
  free(before);
}

// read(prompt) -> line  or  nil, "eof"  or  nil, "interrupt", whether the line was empty.
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
  show_prompt(prompt);
  while (!have_line && wait_for_input()) rl_callback_read_char();
  bool was_interrupted = !have_line, was_empty = rl_end == 0;
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
    lua_pushboolean(L, was_empty);
    return 3;
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

// set_completer(f): f(text, position) returns where the word before `position` begins (from 1), what it
// becomes, and a list to show when that changes nothing; or nil.
static int set_hook(lua_State *L, int hook) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, hooks[hook]);
  hooks[hook] = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static int readline_set_completer(lua_State *L) { return set_hook(L, COMPLETE); }

// set_paste_filter(f): f(text) returns what of a pasted text is put into the line.
static int readline_set_paste_filter(lua_State *L) { return set_hook(L, PASTE); }

// Keys of ours. Where a learner's inputrc binds them otherwise, it is read later and wins.
static void bind_keys(void) {
  rl_add_defun("gradus-complete", complete, '\t');
  rl_bind_key_in_map('\t', complete, vi_insertion_keymap);
  rl_bind_keyseq("\\e[200~", paste);
  rl_bind_keyseq("\\e\\C-m", new_line);
  rl_bind_keyseq("\\e\\C-j", new_line);
  // What stands before the cursor chooses among the entries.
  rl_bind_keyseq("\\e[A", rl_history_search_backward);
  rl_bind_keyseq("\\eOA", rl_history_search_backward);
  rl_bind_keyseq("\\e[B", rl_history_search_forward);
  rl_bind_keyseq("\\eOB", rl_history_search_forward);
}

int gr_open_readline(lua_State *L) {
  rl_readline_name = "gradus";
  rl_catch_signals = 0;  // signals are ours
  rl_getc_function = next_byte;
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("blink-matching-paren", "on");
  bind_keys();
  using_history();
  stifle_history(5000);
  static const luaL_Reg functions[] = {
      {"read", readline_read},
      {"add_history", readline_add_history},
      {"set_completer", readline_set_completer},
      {"set_paste_filter", readline_set_paste_filter},
      {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
