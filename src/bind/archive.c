#include "bind/archive.h"

#include <string.h>

#include "data/file.h"
#include "data/npy.h"

static int loaded_gc(lua_State *L) {
  gr_loaded_finish(lua_touserdata(L, 1));
  return 0;
}

gr_loaded *gr_push_loaded(lua_State *L) {
  return gr_push_owned(L, sizeof(gr_loaded), "gradus.loaded", loaded_gc);
}

static size_t count(const gr_loaded *l) { return l->is_archive ? l->archive.n : l->safetensors.n; }

static const char *name_of(const gr_loaded *l, size_t i) {
  return l->is_archive ? l->archive.entries[i].name : l->safetensors.entries[i].name;
}

// Pushes member `i`; `otherwise` is what to say behind an error.
static void push_member(lua_State *L, gr_loaded *l, size_t i, const char *otherwise) {
  gr_err err;
  gr_push_empty(L);
  gr_code code = l->is_archive ? gr_npz_tensor(&l->tensor, &l->archive, i, &err)
                               : gr_safetensors_tensor(&l->tensor, &l->safetensors, i, &err);
  if (code == GR_ERR_FORMAT && *otherwise) luaL_error(L, "%s. %s", err.text, otherwise);
  if (code) gr_raise(L, &err);
  gr_box_adopt(L, -1, &l->tensor);
}

// load(path, skip, only) -> tensor, or a table of tensors by name. `only`, a set of names or nil, picks
// members.
static int data_load(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  lua_Integer skip = luaL_optinteger(L, 2, 0);
  bool all = lua_isnoneornil(L, 3);
  lua_settop(L, 3);
  gr_loaded *loaded = gr_push_loaded(L);
  GR_TRY(L, gr_load(loaded, path, skip, &err));
  if (!loaded->is_archive && !loaded->is_safetensors) {
    if (!all) return luaL_error(L, "%s holds one array without a name: leave out \"only\"", path);
    gr_push_empty(L);
    gr_box_adopt(L, -1, &loaded->tensor);
    return 1;
  }
  lua_createtable(L, 0, (int)count(loaded));
  for (size_t i = 0; i < count(loaded); i++) {
    const char *name = name_of(loaded, i);
    bool wanted = all || (lua_getfield(L, 3, name) != LUA_TNIL);
    if (!all) lua_pop(L, 1);
    if (!wanted) continue;
    push_member(L, loaded, i, all && count(loaded) > 1 ? "The others: data.load(path, {only={...}})" : "");
    lua_setfield(L, -2, name);
  }
  gr_loaded_finish(loaded);  // the file's bytes, without waiting for the collector
  return 1;
}

// read_archive(path) -> {names in the file's order}, {name = tensor}, {key = text}. The texts are those of a
// .safetensors file.
static int data_read_archive(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  gr_loaded *loaded = gr_push_loaded(L);
  GR_TRY(L, gr_load(loaded, path, 0, &err));
  if (!loaded->is_archive && !loaded->is_safetensors)
    return luaL_error(
        L, "%s holds one array without a name, not the named arrays of a .safetensors or .npz file", path);
  lua_createtable(L, (int)count(loaded), 0);
  lua_createtable(L, 0, (int)count(loaded));
  for (size_t i = 0; i < count(loaded); i++) {
    lua_pushstring(L, name_of(loaded, i));
    lua_seti(L, 3, (lua_Integer)i + 1);
    push_member(L, loaded, i, "");
    lua_setfield(L, 4, name_of(loaded, i));
  }
  lua_createtable(L, 0, (int)loaded->safetensors.n_metadata);
  for (size_t i = 0; i < loaded->safetensors.n_metadata; i++) {
    lua_pushstring(L, loaded->safetensors.metadata[i].text);
    lua_setfield(L, -2, loaded->safetensors.metadata[i].key);
  }
  gr_loaded_finish(loaded);
  return 3;
}

// save(path, tensor)
static int data_save(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  const gr_tensor *t = gr_check_tensor(L, 2);
  GR_TRY(L, gr_npy_write(path, t, &err));
  return 0;
}

// ---- writing many ----

static int list_gc(lua_State *L) {
  gr_named_finish(lua_touserdata(L, 1));
  return 0;
}

static const char *text_at(lua_State *L, int index) {
  size_t length;
  const char *text = luaL_checklstring(L, index, &length);
  if (strlen(text) != length) luaL_error(L, "a name or text that is saved holds a zero byte");
  return text;
}

// Pushes what keeps it alive, and returns the list of the tensors in the table at `tensors` whose names the
// list at `names` holds.
static gr_named_list *push_list(lua_State *L, int names, int tensors, const char *path) {
  size_t n = (size_t)luaL_len(L, names);
  const char **name = lua_newuserdatauv(L, (n + 1) * sizeof *name, 0);
  const gr_tensor **tensor = lua_newuserdatauv(L, (n + 1) * sizeof *tensor, 0);
  for (size_t i = 0; i < n; i++) {  // both stay where they are, in the two tables
    lua_geti(L, names, (lua_Integer)i + 1);
    name[i] = text_at(L, -1);
    lua_getfield(L, tensors, name[i]);
    tensor[i] = gr_check_tensor(L, -1);
    lua_pop(L, 2);
  }
  gr_named_list *list = gr_push_owned(L, sizeof *list, "gradus.named_list", list_gc);
  GR_TRY(L, gr_named_init(list, n, name, tensor, path, &err));
  return list;
}

// save_archive(path, {names in order}, {name = tensor}, deflated or {{key, text}, ...}): a .npz file where
// the last is a boolean, otherwise a .safetensors file with those texts
static int data_save_archive(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 4);
  gr_named_list *list = push_list(L, 2, 3, path);
  if (lua_isboolean(L, 4)) {
    GR_TRY(L, gr_npz_write(path, list, lua_toboolean(L, 4), &err));
  } else {
    luaL_checktype(L, 4, LUA_TTABLE);
    size_t n = (size_t)luaL_len(L, 4);
    gr_pair *pairs = lua_newuserdatauv(L, (n + 1) * sizeof *pairs, 0);
    for (size_t i = 0; i < n; i++) {
      lua_geti(L, 4, (lua_Integer)i + 1);
      lua_geti(L, -1, 1);
      lua_geti(L, -2, 2);
      pairs[i] = (gr_pair){(char *)(uintptr_t)text_at(L, -2), (char *)(uintptr_t)text_at(L, -1)};
      lua_pop(L, 3);
    }
    GR_TRY(L, gr_safetensors_write(path, list, pairs, n, &err));
  }
  gr_named_finish(list);
  return 0;
}

// checksum(t, before) -> the CRC-32 of its numbers as they lie in memory, behind those that gave `before` (0:
// none)
static int data_checksum(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  uint32_t before = (uint32_t)luaL_checkinteger(L, 2);
  if (!gr_tensor_is_contiguous(t)) return luaL_error(L, "checksum takes a contiguous tensor");
  lua_pushinteger(L, (lua_Integer)gr_crc32(before, t->data, gr_tensor_bytes(t)));
  return 1;
}

static const gr_function functions[] = {
    {"checksum", data_checksum, NULL},         {"load", data_load, NULL},
    {"read_archive", data_read_archive, NULL}, {"save", data_save, NULL},
    {"save_archive", data_save_archive, NULL}, {NULL, NULL, NULL},
};

void gr_add_archives(lua_State *L) { gr_register(L, NULL, functions); }
