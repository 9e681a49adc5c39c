// gradus.core.text: Markdown, folders and files for the lessons. No learner sees it, so it has no help.
#include "bind/bind.h"

#include <string.h>

#include "text/file.h"
#include "text/markdown.h"

// ---- C memory that Lua owns while tables are made of it ----

static int markdown_gc(lua_State *L) {
  gr_markdown_finish(lua_touserdata(L, 1));
  return 0;
}

static int str_gc(lua_State *L) {
  gr_str_finish(lua_touserdata(L, 1));
  return 0;
}

// Pushes `size` zero bytes that `gc` finishes.
static void *push_owned(lua_State *L, size_t size, const char *name, lua_CFunction gc) {
  void *owned = lua_newuserdatauv(L, size, 0);
  memset(owned, 0, size);
  if (luaL_newmetatable(L, name)) {
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return owned;
}

// ---- Markdown ----

static void set_text(lua_State *L, const gr_markdown *m, gr_md_text piece, const char *field) {
  lua_pushlstring(L, piece.length ? m->pool.text + piece.offset : "", piece.length);
  lua_setfield(L, -2, field);
}

static void set_integer(lua_State *L, int value, const char *field) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, field);
}

static void set_true(lua_State *L, bool value, const char *field) {
  if (!value) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, field);
}

static void push_run(lua_State *L, const gr_markdown *m, const gr_md_run *run) {
  lua_createtable(L, 0, 3);
  set_text(L, m, run->text, "text");
  set_true(L, run->style & GR_MD_EMPHASIS, "emphasis");
  set_true(L, run->style & GR_MD_STRONG, "strong");
  set_true(L, run->style & GR_MD_LITERAL, "code");
  if (run->style & GR_MD_LINK) set_text(L, m, run->url, "link");
}

static void push_block(lua_State *L, const gr_markdown *m, const gr_md_block *block) {
  static const char *const kinds[] = {"heading", "paragraph", "code", "item", "rule", "html"};
  lua_createtable(L, 0, 8);
  lua_pushstring(L, kinds[block->kind]);
  lua_setfield(L, -2, "kind");
  set_integer(L, block->first_line, "first_line");
  set_integer(L, block->last_line, "last_line");
  set_integer(L, block->depth, "depth");
  set_integer(L, block->quotes, "quotes");
  if (block->kind == GR_MD_HEADING) set_integer(L, block->level, "level");
  if (block->kind == GR_MD_ITEM && block->number) set_integer(L, block->number, "number");
  if (block->kind == GR_MD_CODE) set_text(L, m, block->info, "info");
  if (block->kind == GR_MD_CODE || block->kind == GR_MD_HTML) set_text(L, m, block->literal, "literal");
  lua_createtable(L, (int)block->run_count, 0);
  for (size_t i = 0; i < block->run_count; i++) {
    push_run(L, m, &m->runs[block->first_run + i]);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "runs");
}

// markdown(text) -> {{kind=, first_line=, last_line=, depth=, quotes=, runs={{text=, emphasis=, strong=,
// code=, link=}...}, level=, number=, info=, literal=}...}
static int text_markdown(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  gr_markdown *m = push_owned(L, sizeof *m, "gradus.markdown", markdown_gc);
  GR_TRY(L, gr_markdown_parse(m, text, length, &err));
  lua_createtable(L, (int)m->block_count, 0);
  for (size_t i = 0; i < m->block_count; i++) {
    push_block(L, m, &m->blocks[i]);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  gr_markdown_finish(m);
  return 1;
}

// ---- folders and files: nil and a message when the system says no, as Lua's io does ----

static int fail(lua_State *L, const gr_err *err) {
  lua_pushnil(L);
  lua_pushstring(L, err->text);
  return 2;
}

// names(folder) -> sorted list
static int text_names(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  gr_str *names = push_owned(L, sizeof *names, "gradus.str", str_gc);
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
static int text_make_folder(lua_State *L) {
  gr_err err;
  if (gr_folder_make(luaL_checkstring(L, 1), &err)) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

// write(path, text) -> true; the file is never half written
static int text_write(lua_State *L) {
  size_t length;
  const char *path = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &length);
  gr_err err;
  if (gr_text_write(path, text, length, &err)) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

// root() -> the folder that holds lua/, lessons/ and datasets/
static int text_root(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "gradus.root");
  return 1;
}

static const gr_function functions[] = {
    {"markdown", text_markdown, NULL}, {"names", text_names, NULL}, {"make_folder", text_make_folder, NULL},
    {"write", text_write, NULL},       {"root", text_root, NULL},   {NULL, NULL, NULL},
};

int gr_open_text(lua_State *L) {
  lua_createtable(L, 0, 8);
  gr_register(L, NULL, functions);
  return 1;
}
