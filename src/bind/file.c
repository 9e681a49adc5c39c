// gradus.core.file: folders and files for our own Lua. Like Lua's io, each gives nil and a message when the
// system says no. No learner sees it, so it has no help.
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bind/bind.h"

static int fail(lua_State *L, const gr_err *err) {
  lua_pushnil(L);
  lua_pushstring(L, err->text);
  return 2;
}

// names(folder) -> sorted list
static int file_names(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  gr_str *names = gr_push_str(L);
  gr_err err;
  if (gr_folder_names(names, path, &err)) return fail(L, &err);
  lua_createtable(L, 16, 0);
  lua_Integer n = 0;
  for (size_t at = 0; at < names->length; at += strlen(names->text + at) + 1) {
    lua_pushstring(L, names->text + at);
    lua_seti(L, -2, ++n);
  }
  return 1;
}

// make_folder(path) -> true
static int file_make_folder(lua_State *L) {
  gr_err err;
  if (gr_folder_make(luaL_checkstring(L, 1), &err)) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

// write(path, text) -> true; the file is never half written
static int file_write(lua_State *L) {
  size_t length;
  const char *path = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &length);
  gr_err err;
  if (gr_file_write(path, &(gr_piece){text, length}, 1, &err)) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

// about(path) -> {kind="file", "folder" or "other", size=, changed= (seconds), id= (the same for two names of
// one thing)}; a link is what it points to
static int file_about(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  if (stat(path, &st)) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(errno));
    return 2;
  }
  lua_createtable(L, 0, 4);
  lua_pushstring(L, S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "folder" : "other");
  lua_setfield(L, -2, "kind");
  lua_pushinteger(L, (lua_Integer)st.st_size);
  lua_setfield(L, -2, "size");
  lua_pushinteger(L, (lua_Integer)st.st_mtime);
  lua_setfield(L, -2, "changed");
  lua_pushfstring(L, "%I:%I", (lua_Integer)st.st_dev, (lua_Integer)st.st_ino);
  lua_setfield(L, -2, "id");
  return 1;
}

// resolve(path) -> the whole path, without links; it has to be there
static int file_resolve(lua_State *L) {
  char whole[PATH_MAX];
  const char *path = luaL_checkstring(L, 1);
  if (!realpath(path, whole)) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(errno));
    return 2;
  }
  lua_pushstring(L, whole);
  return 1;
}

static const gr_function functions[] = {
    {"resolve", file_resolve, NULL},         {"about", file_about, NULL}, {"names", file_names, NULL},
    {"make_folder", file_make_folder, NULL}, {"write", file_write, NULL}, {NULL, NULL, NULL},
};

int gr_open_file(lua_State *L) {
  lua_createtable(L, 0, 4);
  gr_register(L, NULL, functions);
  return 1;
}
