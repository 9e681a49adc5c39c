// CommonMark as a flat list of blocks with their source lines. Lists and quotes do not nest: an item or a
// paragraph says how deep it stands, which is all that a terminal's layout and a lesson's parser ask.
#ifndef GR_TEXT_MARKDOWN_H
#define GR_TEXT_MARKDOWN_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

typedef enum gr_md_kind {
  GR_MD_HEADING,
  GR_MD_PARAGRAPH,
  GR_MD_CODE,  // fenced or indented
  GR_MD_ITEM,  // of a list; its first paragraph is its own text
  GR_MD_RULE,  // a thematic break
  GR_MD_HTML,
} gr_md_kind;

enum { GR_MD_EMPHASIS = 1, GR_MD_STRONG = 2, GR_MD_LITERAL = 4, GR_MD_LINK = 8 };

// A piece of the document's pool.
typedef struct gr_md_text {
  size_t offset, length;
} gr_md_text;

// A stretch of text in one style. "\n" in it is a hard line break.
typedef struct gr_md_run {
  unsigned style;
  gr_md_text text;
  gr_md_text url;  // of a link or picture
} gr_md_run;

typedef struct gr_md_block {
  gr_md_kind kind;
  int first_line, last_line;  // 1-based, as in the source
  int level;                  // of a heading: 1 to 6
  int depth;                  // how many lists it stands in
  int quotes;                 // how many block quotes it stands in
  int number;                 // of an item in an ordered list; 0 for a bullet
  gr_md_text info;            // what stands behind an opening fence
  gr_md_text literal;         // of code and HTML
  size_t first_run, run_count;
} gr_md_block;

typedef struct gr_markdown {
  gr_md_block *blocks;
  size_t block_count, block_capacity;
  gr_md_run *runs;
  size_t run_count, run_capacity;
  gr_str pool;
} gr_markdown;

// Parses `length` bytes into `*out`, which must be zero bytes. Bad UTF-8 and zero bytes become U+FFFD. Also
// after a failure `out` is the caller's to finish.
gr_code gr_markdown_parse(gr_markdown *out, const char *text, size_t length, gr_err *err);
void gr_markdown_finish(gr_markdown *m);

#endif
