// gradus.core.text: Markdown for the lessons. No learner sees it, so it has no help.
#include "bind/bind.h"

#include <string.h>

#include "text/markdown.h"

static int markdown_gc(lua_State *L) {
  gr_markdown_finish(lua_touserdata(L, 1));
  return 0;
}

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
  gr_markdown *m = gr_push_owned(L, sizeof *m, "gradus.markdown", markdown_gc);
  GR_TRY(L, gr_markdown_parse(m, text, length, &err));
  lua_createtable(L, (int)m->block_count, 0);
  for (size_t i = 0; i < m->block_count; i++) {
    push_block(L, m, &m->blocks[i]);
    lua_seti(L, -2, (lua_Integer)i + 1);
  }
  gr_markdown_finish(m);
  return 1;
}

static const gr_function functions[] = {
    {"markdown", text_markdown, NULL},
    {NULL, NULL, NULL},
};

int gr_open_text(lua_State *L) {
  lua_createtable(L, 0, 8);
  gr_register(L, NULL, functions);
  return 1;
}
