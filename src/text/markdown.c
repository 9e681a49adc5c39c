// The one door to libcmark: its tree, flattened in one walk.
#include "text/markdown.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmark.h>

// libcmark aborts the program when an allocation fails. A text of this size takes it some hundred megabytes
// at the very worst; a lesson has some tens of kilobytes.
#define MAX_BYTES (4u << 20)

// Where the walk stands.
typedef struct walk {
  gr_markdown *out;
  int depth, quotes;
  unsigned style;
  gr_md_text url;
  bool in_block;  // runs go to the last block
  bool failed;    // no memory
} walk;

static gr_md_text pool_add(walk *w, const char *text) {
  gr_str *pool = &w->out->pool;
  size_t length = text ? strlen(text) : 0;
  gr_md_text piece = {pool->length, length};
  gr_str_append_n(pool, text ? text : "", length);
  return piece;
}

// Room for one more element of `size` bytes, zeroed; NULL when there is no memory.
static void *grow(void **array, size_t *count, size_t *capacity, size_t size) {
  if (*count == *capacity) {
    size_t wanted = *capacity ? 2 * *capacity : 32;
    void *larger = realloc(*array, wanted * size);
    if (!larger) return NULL;
    *array = larger;
    *capacity = wanted;
  }
  void *element = (char *)*array + (*count)++ * size;
  memset(element, 0, size);
  return element;
}

static gr_md_block *add_block(walk *w, gr_md_kind kind, cmark_node *node) {
  gr_markdown *m = w->out;
  gr_md_block *block = grow((void **)&m->blocks, &m->block_count, &m->block_capacity, sizeof *block);
  if (!block) {
    w->failed = true;
    return NULL;
  }
  block->kind = kind;
  block->first_line = cmark_node_get_start_line(node);
  block->last_line = cmark_node_get_end_line(node);
  block->depth = w->depth;
  block->quotes = w->quotes;
  block->first_run = m->run_count;
  return block;
}

// Appends to the last block; text in the style and link of the last run joins it.
static void add_text(walk *w, const char *text, unsigned style) {
  gr_markdown *m = w->out;
  if (!w->in_block || !text || !*text) return;
  gr_md_block *block = &m->blocks[m->block_count - 1];
  if (block->run_count) {
    gr_md_run *last = &m->runs[m->run_count - 1];
    if (last->style == style && last->url.offset == w->url.offset && last->url.length == w->url.length) {
      last->text.length += pool_add(w, text).length;
      return;
    }
  }
  gr_md_run *run = grow((void **)&m->runs, &m->run_count, &m->run_capacity, sizeof *run);
  if (!run) {
    w->failed = true;
    return;
  }
  run->style = style;
  run->text = pool_add(w, text);
  run->url = w->url;
  block->run_count++;
}

static void enter_item(walk *w, cmark_node *node) {
  gr_md_block *block = add_block(w, GR_MD_ITEM, node);
  cmark_node *list = cmark_node_parent(node);
  if (block && cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
    // The list carries the number of its next item: counting siblings would be quadratic.
    intptr_t passed = (intptr_t)cmark_node_get_user_data(list);
    block->number = cmark_node_get_list_start(list) + (int)passed;
    cmark_node_set_user_data(list, (void *)(passed + 1));
  }
  w->in_block = false;
}

static bool is_text_of_item(cmark_node *node) {
  cmark_node *parent = cmark_node_parent(node);
  return parent && cmark_node_get_type(parent) == CMARK_NODE_ITEM && !cmark_node_previous(node);
}

static void enter(walk *w, cmark_node *node) {
  gr_md_block *block;
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE: w->quotes++; break;
    case CMARK_NODE_LIST: w->depth++; break;
    case CMARK_NODE_ITEM: enter_item(w, node); break;
    case CMARK_NODE_CODE_BLOCK:
      if ((block = add_block(w, GR_MD_CODE, node))) {
        block->info = pool_add(w, cmark_node_get_fence_info(node));
        block->literal = pool_add(w, cmark_node_get_literal(node));
      }
      break;
    case CMARK_NODE_HTML_BLOCK:
      if ((block = add_block(w, GR_MD_HTML, node)))
        block->literal = pool_add(w, cmark_node_get_literal(node));
      break;
    case CMARK_NODE_THEMATIC_BREAK: add_block(w, GR_MD_RULE, node); break;
    case CMARK_NODE_PARAGRAPH:
      w->in_block = is_text_of_item(node) || add_block(w, GR_MD_PARAGRAPH, node);
      break;
    case CMARK_NODE_HEADING:
      if ((block = add_block(w, GR_MD_HEADING, node))) block->level = cmark_node_get_heading_level(node);
      w->in_block = block != NULL;
      break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_HTML_INLINE: add_text(w, cmark_node_get_literal(node), w->style); break;
    case CMARK_NODE_CODE: add_text(w, cmark_node_get_literal(node), w->style | GR_MD_LITERAL); break;
    case CMARK_NODE_SOFTBREAK: add_text(w, " ", w->style); break;
    case CMARK_NODE_LINEBREAK: add_text(w, "\n", w->style); break;
    case CMARK_NODE_EMPH: w->style |= GR_MD_EMPHASIS; break;
    case CMARK_NODE_STRONG: w->style |= GR_MD_STRONG; break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
      w->style |= GR_MD_LINK;
      w->url = pool_add(w, cmark_node_get_url(node));
      break;
    default: break;
  }
}

// Emphasis within emphasis ends with the inner one: nobody sees the difference in a terminal.
static void leave(walk *w, cmark_node *node) {
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE: w->quotes--; break;
    case CMARK_NODE_LIST: w->depth--; break;
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING: w->in_block = false; break;
    case CMARK_NODE_EMPH: w->style &= ~GR_MD_EMPHASIS; break;
    case CMARK_NODE_STRONG: w->style &= ~GR_MD_STRONG; break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
      w->style &= ~GR_MD_LINK;
      w->url = (gr_md_text){0, 0};
      break;
    default: break;
  }
}

gr_code gr_markdown_parse(gr_markdown *out, const char *text, size_t length, gr_err *err) {
  if (length > MAX_BYTES)
    return gr_fail(err, GR_ERR_VALUE, "a Markdown text of %zu bytes is too long: at most %u MiB are read",
                   length, MAX_BYTES >> 20);
  cmark_node *document = cmark_parse_document(text, length, CMARK_OPT_VALIDATE_UTF8);
  cmark_iter *iter = cmark_iter_new(document);
  walk w = {.out = out};
  cmark_event_type event;
  while (!w.failed && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
    if (event == CMARK_EVENT_ENTER)
      enter(&w, cmark_iter_get_node(iter));
    else
      leave(&w, cmark_iter_get_node(iter));
  }
  cmark_iter_free(iter);
  cmark_node_free(document);
  if (w.failed)
    return gr_fail(err, GR_ERR_MEMORY, "not enough memory for a Markdown text of %zu bytes", length);
  return gr_str_check(&out->pool, err);
}

void gr_markdown_finish(gr_markdown *m) {
  free(m->blocks);
  free(m->runs);
  gr_str_finish(&m->pool);
  *m = (gr_markdown){0};
}
