// Making a Lua state, finding our Lua files, interrupting it.
#include "bind/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/heap.h"
#include "base/interrupt.h"
#include "bind/bind.h"

static const struct {
  const char *name;
  lua_CFunction open;
} core_modules[] = {
    {"gradus.core.data", gr_open_data},       {"gradus.core.file", gr_open_file},
    {"gradus.core.grad", gr_open_grad},       {"gradus.core.help", gr_open_help},
    {"gradus.core.nearest", gr_open_nearest}, {"gradus.core.session", gr_open_session},
    {"gradus.core.math", gr_open_math},       {"gradus.core.random", gr_open_random},
    {"gradus.core.tensor", gr_open_tensor},   {"gradus.core.plot", gr_open_plot},
    {"gradus.core.text", gr_open_text},       {"gradus.core.linalg", gr_open_linalg},
    {"gradus.core.fft", gr_open_fft},         {"gradus.core.pictures", gr_open_pictures},
};

// What belongs to a state and not to its bindings.
typedef struct state {
  gr_runtime runtime;  // first: gr_runtime_of gives the one for the other
  gr_heap heap;
  bool warns, in_warning;
} state;

static state *state_of(lua_State *L) { return (state *)gr_runtime_of(L); }

// ---- the collector ----
//
// Someone who computes with small tensors makes garbage that is young, beside some 400 KB of our own Lua that
// stays: by generations the collector looks at the young only, while they are still in a cache. But now and
// then it looks at everything at once, and nothing can interrupt that. So a heap that has grown large is
// collected in small steps instead, and lets garbage grow to three times what is alive.

#define LARGE_HEAP ((size_t)48 << 20)
#define COLLECT_AT_PERCENT 400
#define YOUNG_PERCENT 40

static void notice(lua_State *L);

// In the middle of an allocation: the mode can be changed at the next instruction.
static void heap_has_grown(void *context) {
  state *s = context;
  s->runtime.by_generation = false;
  notice(s->runtime.main);
  notice(s->runtime.running);
}

static void collect_in_steps(lua_State *L) { lua_gc(L, LUA_GCINC, COLLECT_AT_PERCENT, 0, 0); }

static void collect_by_generation(lua_State *L) {
  state *s = state_of(L);
  lua_gc(L, LUA_GCGEN, YOUNG_PERCENT, 0);
  s->runtime.by_generation = true;
  s->heap.large = LARGE_HEAP;
  s->heap.context = s;
  s->heap.grown = heap_has_grown;
}

void gr_state_settle(lua_State *L) {
  state *s = state_of(L);
  if (!s->runtime.by_generation && s->heap.used < LARGE_HEAP / 4) collect_by_generation(L);
}

// ---- the interrupt ----
//
// The signal handler sets a hook on the coroutine that runs; a hook that is always there would slow every
// instruction down. Coroutines above it get theirs when control comes back to them (resume).

static void hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (gr_interrupt_pending()) luaL_error(L, "interrupted");
  lua_sethook(L, NULL, 0, 0);
  if (!gr_runtime_of(L)->by_generation) collect_in_steps(L);
}

static void notice(lua_State *L) {
  lua_sethook(L, hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void gr_state_interrupt(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  if (runtime->pause == GR_PAUSE_HELD) {
    runtime->pause = GR_PAUSE_ASKED;
    return;
  }
  gr_interrupt_raise();
  notice(runtime->main);
  notice(runtime->running);
}

void gr_state_interrupt_done(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  gr_interrupt_clear();
  runtime->pause = GR_PAUSE_OFF;
  lua_sethook(runtime->main, NULL, 0, 0);
  runtime->running = runtime->main;
}

// coroutine.resume, with a note of who runs. Upvalue: the original.
static int resume(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  lua_State *thread = lua_tothread(L, 1);
  luaL_argexpected(L, thread, 1, "coroutine");
  int n = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  runtime->running = thread;  // before the question: a signal in between finds the right one
  if (gr_interrupt_pending()) notice(thread);
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  runtime->running = L;
  if (gr_interrupt_pending()) notice(L);
  if (status) return lua_error(L);
  return lua_gettop(L);
}

// The body of a wrapped coroutine. Upvalues: our resume, the coroutine.
static int wrapped(lua_State *L) {
  int n = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_rotate(L, 1, 2);
  lua_call(L, n + 1, LUA_MULTRET);
  bool ok = lua_toboolean(L, 1);
  lua_remove(L, 1);
  if (ok) return lua_gettop(L);
  lua_State *thread = lua_tothread(L, lua_upvalueindex(2));
  int status = lua_status(thread);
  // It died of an error: what it wanted closed is closed now, which may be another error.
  if (status != LUA_OK && status != LUA_YIELD && lua_resetthread(thread) != LUA_OK) lua_xmove(thread, L, 1);
  return lua_error(L);
}

// coroutine.wrap. Upvalues: coroutine.create, our resume.
static int wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  lua_pushcclosure(L, wrapped, 2);
  return 1;
}

static void watch_coroutines(lua_State *L) {
  lua_getglobal(L, "coroutine");
  lua_getfield(L, -1, "create");
  lua_getfield(L, -2, "resume");
  lua_pushcclosure(L, resume, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "resume");
  lua_pushcclosure(L, wrap, 2);
  lua_setfield(L, -2, "wrap");
  lua_pop(L, 1);
}

// ---- finding our files ----

// The folder of the running program. False when the system does not tell.
static bool program_folder(char *path, size_t size) {
  ssize_t n = readlink("/proc/self/exe", path, size - 1);
  if (n > 0) {
    path[n] = '\0';
  } else {  // no /proc, as in a bare chroot: the name under which we were started
    const char *started_as = (const char *)getauxval(AT_EXECFN);
    char *real = started_as ? realpath(started_as, NULL) : NULL;
    bool fits = real && strlen(real) < size;
    if (fits) strcpy(path, real);
    free(real);
    if (!fits) return false;
  }
  char *slash = strrchr(path, '/');
  if (!slash) return false;
  *slash = '\0';
  return true;
}

// The source tree, when the program lies in a build folder: the build leaves the tree's name beside it, in a
// file that is never installed. Nothing else makes a tree, above all no folder that merely lies around the
// program.
static bool find_tree(char *tree, size_t size, const char *folder) {
  char path[4200];
  snprintf(path, sizeof path, "%s/source_root", folder);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  size_t n = fread(tree, 1, size - 1, f);
  fclose(f);
  tree[n] = '\0';
  if (*tree != '/') {  // from the program's folder
    snprintf(path, sizeof path, "%s/%s", folder, tree);
    char *real = realpath(path, NULL);
    bool fits = real && strlen(real) < size;
    if (fits) strcpy(tree, real);
    free(real);
    if (!fits) return false;
  }
  snprintf(path, sizeof path, "%s/lua/gradus/help.lua", tree);
  return access(path, R_OK) == 0;
}

// Pushes the folder that holds lessons/ and datasets/, and then the one that holds lua/, or nil where our Lua
// is that in the binary. GR_DATADIR is relative to the program's folder where it can be: an installed gradus
// may be moved as a whole.
static void push_root(lua_State *L) {
  char folder[4096], tree[4096];
  bool known = program_folder(folder, sizeof folder);
  if (known && find_tree(tree, sizeof tree, folder)) {
    lua_pushstring(L, tree);
    lua_pushvalue(L, -1);
    return;
  }
  const char *data = GR_DATADIR;
  for (; known && strncmp(data, "../", 3) == 0; data += 3) {
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
  }
  if (*data == '/' || !known)
    lua_pushstring(L, data);
  else
    lua_pushfstring(L, "%s/%s", folder, data);
  lua_pushnil(L);
}

static const gr_embedded_file *find_embedded(const char *name) {
  for (const gr_embedded_file *f = gr_embedded_files; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}

int gr_embedded_text(lua_State *L) {
  const gr_embedded_file *file = find_embedded(luaL_checkstring(L, 1));
  if (!file) return 0;
  lua_pushlstring(L, file->text, file->length);
  return 1;
}

// A searcher for `require`: "gradus.nn.dense" is lua/gradus/nn/dense.lua, and "gradus.nn" is
// lua/gradus/nn.lua or lua/gradus/nn/init.lua. The tree first, if we run from one, then the binary. Upvalue:
// the tree, or nil.
static int search(lua_State *L) {
  const char *module = luaL_checkstring(L, 1);
  if (strncmp(module, "gradus", 6) != 0) return 0;
  const char *path = luaL_gsub(L, module, ".", "/");
  static const char *const forms[] = {"lua/%s.lua", "lua/%s/init.lua"};
  for (int i = 0; i < 2; i++) {
    const char *name = lua_pushfstring(L, forms[i], path);
    const char *chunk = lua_pushfstring(L, "@%s", name);
    const char *tree = lua_tostring(L, lua_upvalueindex(1));
    const char *file = tree ? lua_pushfstring(L, "%s/%s", tree, name) : NULL;
    const gr_embedded_file *embedded = find_embedded(name);
    int status;
    if (file && access(file, R_OK) == 0) {
      status = LUA_ERRFILE;
      FILE *f = fopen(file, "rb");
      if (f) {
        luaL_Buffer text;
        luaL_buffinit(L, &text);
        size_t n;
        do {
          char *room = luaL_prepbuffer(&text);
          n = fread(room, 1, LUAL_BUFFERSIZE, f);
          luaL_addsize(&text, n);
        } while (n);
        fclose(f);
        luaL_pushresult(&text);
        size_t length;
        const char *code = lua_tolstring(L, -1, &length);
        status = luaL_loadbufferx(L, code, length, chunk, "t");
      }
    } else if (embedded) {
      status = luaL_loadbufferx(L, embedded->text, embedded->length, chunk, "t");
    } else {
      continue;
    }
    if (status != LUA_OK) return lua_error(L);
    lua_pushstring(L, name);
    return 2;
  }
  lua_pushfstring(L, "\n\tno file 'lua/%s.lua' in gradus", path);
  return 1;
}

static void set_up_require(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  // Before Lua's own searchers of files: a module of ours never comes from the current folder.
  for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) {
    lua_geti(L, -1, i);
    lua_seti(L, -2, i + 1);
  }
  push_root(L);
  lua_pushcclosure(L, search, 1);
  lua_seti(L, -3, 2);
  lua_setfield(L, LUA_REGISTRYINDEX, "gradus.root");
  lua_pop(L, 1);
  lua_getfield(L, -1, "preload");
  for (size_t i = 0; i < sizeof core_modules / sizeof core_modules[0]; i++) {
    lua_pushcfunction(L, core_modules[i].open);
    lua_setfield(L, -2, core_modules[i].name);
  }
  lua_pop(L, 2);
}

// ---- the state ----

// What warn() writes and when, as in Lua's own program: on stderr, from warn("@on") on.
static void warn(void *context, const char *message, int more) {
  state *s = context;
  bool is_control = !s->in_warning && !more && message[0] == '@';
  if (is_control && strcmp(message, "@on") == 0) s->warns = true;
  if (is_control && strcmp(message, "@off") == 0) s->warns = false;
  if (!is_control && s->warns)
    fprintf(stderr, "%s%s%s", s->in_warning ? "" : "Lua warning: ", message, more ? "" : "\n");
  s->in_warning = more;
}

static int panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "gradus: an error that nothing caught: %s\n", message ? message : "no message");
  return 0;  // Lua aborts
}

static int open_all(lua_State *L) {
  collect_by_generation(L);
  // The first reference in the registry is in its array, and found at once; a later one may not be.
  lua_createtable(L, 0, 32);
  gr_runtime_of(L)->tensor_metatable = luaL_ref(L, LUA_REGISTRYINDEX);
  luaL_openlibs(L);
  watch_coroutines(L);
  set_up_require(L);
  return 0;
}

lua_State *gr_state_new(const gr_state_options *options) {
  state *s = calloc(1, sizeof *s);
  lua_State *L = s ? lua_newstate(gr_heap_allocate, &s->heap) : NULL;
  if (!L) goto fail;
  lua_atpanic(L, panic);
  lua_setwarnf(L, warn, s);
  gr_runtime *runtime = &s->runtime;
  s->heap.depth = &runtime->calls;
  *(gr_runtime **)lua_getextraspace(L) = runtime;  // new coroutines copy it from the main one
  runtime->main = runtime->running = L;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  runtime->threads = options->threads > 0 ? options->threads : cores > 0 ? (int)cores : 1;
  runtime->format = gr_format_default;
  uint32_t seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = (uint32_t)getpid();
  gr_random_seed(&runtime->random, seed);
  lua_pushcfunction(L, open_all);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) goto fail;
  return L;
fail:
  if (L) lua_close(L);
  if (s) gr_heap_finish(&s->heap);
  free(s);
  return NULL;
}

void gr_state_free(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  lua_close(L);  // buffers go first: nothing of theirs needs the pool
  gr_pool_free(runtime->pool);
  gr_heap_finish(&((state *)runtime)->heap);
  free((state *)runtime);
}
