// gradus.core.text: Markdown for the lessons, JSON for the files of networks, base64 for pictures in text.
// No learner sees it, so it has no help.
#include "bind/bind.h"

#include <string.h>

#include "text/json.h"
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

// ---- JSON ----

typedef struct json_box {
  gr_json *root;
} json_box;

static int json_gc(lua_State *L) {
  json_box *box = lua_touserdata(L, 1);
  gr_json_free(box->root);
  box->root = NULL;
  return 0;
}

// Recursion is as deep as the text nests, which libcjson ends at 1000.
static void push_json(lua_State *L, const gr_json *value) {
  luaL_checkstack(L, 4, "JSON that nests too deep");
  gr_json_kind kind = gr_json_kind_of(value);
  double number = gr_json_number(value);
  bool list = kind == GR_JSON_ARRAY;
  lua_Integer n = 0;
  switch (kind) {
    case GR_JSON_NULL: lua_pushnil(L); break;
    case GR_JSON_FALSE:
    case GR_JSON_TRUE: lua_pushboolean(L, kind == GR_JSON_TRUE); break;
    case GR_JSON_NUMBER:
      // JSON has one kind of number: a whole one of 53 bits is Lua's integer.
      if (number >= -0x1p53 && number <= 0x1p53 && number == (double)(lua_Integer)number)
        lua_pushinteger(L, (lua_Integer)number);
      else
        lua_pushnumber(L, number);
      break;
    case GR_JSON_STRING: lua_pushstring(L, gr_json_text(value)); break;
    case GR_JSON_ARRAY:
    case GR_JSON_OBJECT:
      lua_createtable(L, list ? (int)gr_json_count(value) : 0, list ? 0 : (int)gr_json_count(value));
      for (const gr_json *each = gr_json_first(value); each; each = gr_json_next(each)) {
        push_json(L, each);
        if (list)
          lua_seti(L, -2, ++n);
        else
          lua_setfield(L, -2, gr_json_key(each));
      }
      break;
  }
}

// json(text, name) -> a value: lists and objects become tables, null becomes nil. `name` is for messages.
static int text_json(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length), *name = luaL_checkstring(L, 2);
  json_box *box = gr_push_owned(L, sizeof *box, "gradus.json", json_gc);
  GR_TRY(L, gr_json_parse(&box->root, text, length, name, &err));
  push_json(L, box->root);
  gr_json_free(box->root);
  box->root = NULL;
  return 1;
}

// base64(bytes) -> text
static int text_base64(lua_State *L) {
  size_t length;
  const char *bytes = luaL_checklstring(L, 1, &length);
  gr_str *text = gr_push_str(L);
  gr_str_append_base64(text, bytes, length);
  return gr_return_str(L, text);
}

static const gr_function functions[] = {
    {"base64", text_base64, NULL},
    {"json", text_json, NULL},
    {"markdown", text_markdown, NULL},
    {NULL, NULL, NULL},
};

int gr_open_text(lua_State *L) {
  lua_createtable(L, 0, 8);
  gr_register(L, NULL, functions);
  return 1;
}
