// Markdown as blocks, seen from C: kinds, lines, runs, hostile input.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/markdown.h"

static gr_markdown parse(const char *text) {
  gr_markdown m = {0};
  gr_err err;
  assert_int_equal(gr_markdown_parse(&m, text, strlen(text), &err), GR_OK);
  return m;
}

static void assert_piece(const gr_markdown *m, gr_md_text piece, const char *wanted) {
  assert_int_equal(piece.length, strlen(wanted));
  assert_memory_equal(m->pool.text + piece.offset, wanted, piece.length);
}

static void blocks_come_in_order_with_their_lines(void **state) {
  (void)state;
  gr_markdown m = parse("# Title\n\npara\nstill\n\n```lua check\nx = 1\n```\n\n---\n<!-- c -->\n");
  static const struct {
    gr_md_kind kind;
    int first, last;
  } wanted[] = {{GR_MD_HEADING, 1, 1}, {GR_MD_PARAGRAPH, 3, 4}, {GR_MD_CODE, 6, 8}, {GR_MD_RULE, 10, 10}};
  assert_int_equal(m.block_count, 5);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(m.blocks[i].kind, wanted[i].kind);
    assert_int_equal(m.blocks[i].first_line, wanted[i].first);
    assert_int_equal(m.blocks[i].last_line, wanted[i].last);
  }
  assert_int_equal(m.blocks[4].kind, GR_MD_HTML);
  assert_int_equal(m.blocks[0].level, 1);
  assert_piece(&m, m.blocks[2].info, "lua check");
  assert_piece(&m, m.blocks[2].literal, "x = 1\n");
  gr_markdown_finish(&m);
}

static void runs_of_one_style_are_joined(void **state) {
  (void)state;
  gr_markdown m = parse("a & b\nc **d `e`** [f](g) *[h](i)*");
  assert_int_equal(m.block_count, 1);
  static const struct {
    const char *text;
    unsigned style;
  } wanted[] = {{"a & b c ", 0},
                {"d ", GR_MD_STRONG},
                {"e", GR_MD_STRONG | GR_MD_LITERAL},
                {" ", 0},
                {"f", GR_MD_LINK},
                {" ", 0},
                {"h", GR_MD_LINK | GR_MD_EMPHASIS}};
  assert_int_equal(m.run_count, 7);
  for (size_t i = 0; i < 7; i++) {
    assert_piece(&m, m.runs[i].text, wanted[i].text);
    assert_int_equal(m.runs[i].style, wanted[i].style);
  }
  assert_piece(&m, m.runs[4].url, "g");
  assert_piece(&m, m.runs[6].url, "i");
  gr_markdown_finish(&m);
}

static void items_know_their_depth_and_number(void **state) {
  (void)state;
  gr_markdown m = parse("- a\n\n  more\n- b\n\n  3. c\n  4. d\n\n> > q\n");
  assert_int_equal(m.block_count, 6);
  assert_int_equal(m.blocks[0].kind, GR_MD_ITEM);
  assert_int_equal(m.blocks[1].kind, GR_MD_PARAGRAPH);
  assert_int_equal(m.blocks[1].depth, 1);
  assert_int_equal(m.blocks[3].depth, 2);
  assert_int_equal(m.blocks[2].number, 0);
  assert_int_equal(m.blocks[3].number, 3);
  assert_int_equal(m.blocks[4].number, 4);
  assert_int_equal(m.blocks[5].quotes, 2);
  gr_markdown_finish(&m);
}

static void an_empty_item_has_no_text(void **state) {
  (void)state;
  gr_markdown m = parse("-\n- ```\n  x\n  ```\n");
  assert_int_equal(m.block_count, 3);
  assert_int_equal(m.blocks[0].run_count, 0);
  assert_int_equal(m.blocks[1].run_count, 0);
  assert_int_equal(m.blocks[2].kind, GR_MD_CODE);
  gr_markdown_finish(&m);
}

static void any_bytes_are_read(void **state) {
  (void)state;
  uint32_t random = 1;
  static const char letters[] = "#*_`[]()!>-+1.\n\n \t\\&;<x\xff\0~|:";
  for (int round = 0; round < 400; round++) {
    char text[200];
    for (size_t i = 0; i < sizeof text; i++) {
      random = random * 1664525u + 1013904223u;
      text[i] = letters[(random >> 16) % (sizeof letters - 1)];
    }
    gr_markdown m = {0};
    gr_err err;
    assert_int_equal(gr_markdown_parse(&m, text, sizeof text, &err), GR_OK);
    for (size_t i = 0; i < m.block_count; i++)
      assert_true(m.blocks[i].first_run + m.blocks[i].run_count <= m.run_count);
    for (size_t i = 0; i < m.run_count; i++)
      assert_true(m.runs[i].text.offset + m.runs[i].text.length <= m.pool.length);
    gr_markdown_finish(&m);
  }
}

static void a_text_that_is_too_long_is_refused(void **state) {
  (void)state;
  size_t length = 5u << 20;
  char *text = calloc(1, length);
  gr_markdown m = {0};
  gr_err err;
  assert_int_equal(gr_markdown_parse(&m, text, length, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "5242880 bytes is too long"));
  gr_markdown_finish(&m);
  free(text);
}

// ---- files ----

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_come_in_order_with_their_lines),
      cmocka_unit_test(runs_of_one_style_are_joined),
      cmocka_unit_test(items_know_their_depth_and_number),
      cmocka_unit_test(an_empty_item_has_no_text),
      cmocka_unit_test(any_bytes_are_read),
      cmocka_unit_test(a_text_that_is_too_long_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
