// Making a Lua state, finding our Lua files, interrupting it.
#include "bind/state.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/interrupt.h"
#include "base/mem.h"
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
    {"gradus.core.text", gr_open_text},
};

// ---- the interrupt ----
//
// The signal handler sets a hook on the coroutine that runs; a hook that is always there would slow every
// instruction down. Coroutines above it get theirs when control comes back to them (resume).

static void interrupt_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  if (gr_interrupt_pending())
    luaL_error(L, "interrupted");
  else
    lua_sethook(L, NULL, 0, 0);
}

static void notice_interrupt(lua_State *L) {
  lua_sethook(L, interrupt_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void gr_state_interrupt(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  gr_interrupt_raise();
  notice_interrupt(runtime->main);
  notice_interrupt(runtime->running);
}

void gr_state_interrupt_done(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  gr_interrupt_clear();
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
  if (gr_interrupt_pending()) notice_interrupt(thread);
  int status = lua_pcall(L, n, LUA_MULTRET, 0);
  runtime->running = L;
  if (gr_interrupt_pending()) notice_interrupt(L);
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

// ---- finding Lua files ----

// The folder that holds lua/, lessons/ and datasets/: the source tree when the program runs from a build
// folder in it, PREFIX/share/gradus when installed. Pushes a string.
static void push_root(lua_State *L) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
  if (n < 0) n = 0;
  path[n] = '\0';
  // BUILD/src/shell/gradus: the tree is the first parent that has our Lua.
  for (char *slash; (slash = strrchr(path, '/'));) {
    *slash = '\0';
    size_t length = strlen(path);
    strcpy(path + length, "/lua/gradus/help.lua");
    bool found = access(path, R_OK) == 0;
    path[length] = '\0';
    if (found) {
      lua_pushstring(L, path);
      return;
    }
    strcpy(path + length, "/share/gradus");
    found = access(path, R_OK) == 0;
    if (found) {
      lua_pushstring(L, path);
      return;
    }
    path[length] = '\0';
  }
  lua_pushstring(L, GR_DATADIR);
}

static const gr_embedded_file *find_embedded(const char *name) {
  for (const gr_embedded_file *f = gr_embedded_files; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}

// A searcher for `require`: "gradus.nn.dense" is lua/gradus/nn/dense.lua, and "gradus.nn" is
// lua/gradus/nn.lua or lua/gradus/nn/init.lua. The tree first, then the binary. Upvalue: the root.
static int search(lua_State *L) {
  const char *module = luaL_checkstring(L, 1);
  if (strncmp(module, "gradus", 6) != 0) return 0;
  const char *path = luaL_gsub(L, module, ".", "/");
  static const char *const forms[] = {"lua/%s.lua", "lua/%s/init.lua"};
  for (int i = 0; i < 2; i++) {
    const char *name = lua_pushfstring(L, forms[i], path);
    const char *chunk = lua_pushfstring(L, "@%s", name);
    const char *file = lua_pushfstring(L, "%s/%s", lua_tostring(L, lua_upvalueindex(1)), name);
    const gr_embedded_file *embedded = find_embedded(name);
    int status;
    if (access(file, R_OK) == 0) {
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
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "gradus.root");
  lua_pushcclosure(L, search, 1);
  lua_seti(L, -2, 2);
  lua_pop(L, 1);
  lua_getfield(L, -1, "preload");
  for (size_t i = 0; i < sizeof core_modules / sizeof core_modules[0]; i++) {
    lua_pushcfunction(L, core_modules[i].open);
    lua_setfield(L, -2, core_modules[i].name);
  }
  lua_pop(L, 2);
}

// ---- memory ----

// Linux promises memory that it does not have and kills the process that uses it. So, whenever Lua's own
// blocks have grown by MEMORY_STEP, the machine is asked what is left; Lua turns a refusal into "not enough
// memory".
#define MEMORY_STEP ((size_t)64 << 20)

// Every operation on small tensors makes a userdata of a few hundred bytes, which the collector lets go by
// the thousand: more than malloc keeps at hand for its next request, so that it joins them with their
// neighbours and splits them again, at 30 ns each. So some are kept here, by size, the last one freed on top.
// Not where AddressSanitizer is to notice that freed memory is used.
#if defined(__SANITIZE_ADDRESS__)
#define KEEP_BLOCKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_BLOCKS 0
#endif
#endif
#ifndef KEEP_BLOCKS
#define KEEP_BLOCKS 1
#endif
enum { KEPT_STEP = 64, KEPT_FROM = 128, KEPT_TO = 512, KEPT_SIZES = (KEPT_TO - KEPT_FROM) / KEPT_STEP };
#define KEPT_MOST 4096  // blocks of a size
#define KIND_BYTES(kind) ((size_t)(KEPT_FROM + ((kind) + 1) * KEPT_STEP))

typedef struct free_block {
  struct free_block *next;
} free_block;

typedef struct memory {
  size_t used, checked;  // bytes held; bytes up to which nobody needs to ask
  struct {
    free_block *first;
    int count;
  } kept[KEPT_SIZES];  // each of KIND_BYTES
} memory;

// Which of the kept sizes a request has, or -1.
static int kept_size(size_t size) {
  return KEEP_BLOCKS && size > KEPT_FROM && size <= KEPT_TO ? (int)((size - KEPT_FROM - 1) / KEPT_STEP) : -1;
}

static void *take_block(memory *m, int kind) {
  free_block *block = m->kept[kind].first;
  if (!block) return malloc(KIND_BYTES(kind));
  m->kept[kind].first = block->next;
  m->kept[kind].count--;
  return block;
}

// The first blocks of a state are not from take_block, and no larger than they had to be.
static void let_go(memory *m, void *block, size_t size) {
  int kind = kept_size(size);
  if (kind < 0 || m->kept[kind].count == KEPT_MOST || malloc_usable_size(block) < KIND_BYTES(kind)) {
    free(block);
    return;
  }
  free_block *kept = block;
  kept->next = m->kept[kind].first;
  m->kept[kind].first = kept;
  m->kept[kind].count++;
}

static void free_kept(memory *m) {
  for (int i = 0; i < KEPT_SIZES; i++)
    for (free_block *block = m->kept[i].first, *next; block; block = next) {
      next = block->next;
      free(block);
    }
}

// realloc, where a block may change between ours and malloc's sizes.
static void *resized(memory *m, void *block, size_t old_size, size_t size) {
  int from = block ? kept_size(old_size) : -1, to = kept_size(size);
  if (from < 0 && to < 0) return realloc(block, size);
  if (from == to && malloc_usable_size(block) >= KIND_BYTES(to)) return block;
  void *moved = to < 0 ? malloc(size) : take_block(m, to);
  if (moved && block) {
    memcpy(moved, block, old_size < size ? old_size : size);
    let_go(m, block, old_size);
  }
  return moved;
}

static void *allocate(void *context, void *block, size_t old_size, size_t size) {
  memory *m = context;
  if (!block) old_size = 0;  // Lua passes the kind of the object there
  if (size == 0) {
    m->used -= old_size;
    if (block) let_go(m, block, old_size);
    return NULL;
  }
  if (size > old_size && size - old_size > m->checked - m->used) {
    size_t growth = size - old_size, available = gr_mem_available();
    if (growth > available - available / 8) return NULL;
    m->checked = m->used + growth + (available - growth > 2 * MEMORY_STEP ? MEMORY_STEP : 0);
  }
  void *moved = resized(m, block, old_size, size);
  if (moved) {
    m->used += size - old_size;
    if (m->checked < m->used) m->checked = m->used;
  }
  return moved;
}

// ---- the state ----

// What belongs to a state and not to its bindings.
typedef struct state {
  gr_runtime runtime;  // first: gr_runtime_of gives the one for the other
  memory memory;
} state;

static int open_all(lua_State *L) {
  luaL_openlibs(L);
  watch_coroutines(L);
  set_up_require(L);
  return 0;
}

lua_State *gr_state_new(const gr_state_options *options) {
  lua_State *L = luaL_newstate();
  state *s = calloc(1, sizeof *s);
  if (!L || !s) goto fail;
  gr_runtime *runtime = &s->runtime;
  s->memory.used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
  s->memory.checked = s->memory.used + MEMORY_STEP;
  lua_setallocf(L, allocate, &s->memory);
  *(gr_runtime **)lua_getextraspace(L) = runtime;  // new coroutines copy it from the main one
  runtime->main = runtime->running = L;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  runtime->threads = options->threads > 0 ? options->threads : cores > 0 ? (int)cores : 1;
  uint32_t seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed = (uint32_t)getpid();
  gr_random_seed(&runtime->random, seed);
  lua_pushcfunction(L, open_all);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) goto fail;
  return L;
fail:
  if (L) lua_close(L);
  if (s) free_kept(&s->memory);
  free(s);
  return NULL;
}

void gr_state_free(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  lua_close(L);  // buffers go first: nothing of theirs needs the pool
  gr_pool_free(runtime->pool);
  free_kept(&((state *)runtime)->memory);
  free((state *)runtime);
}
