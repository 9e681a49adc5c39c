#include "data/table.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "tensor/format.h"

typedef struct reader {
  const char *at, *end;
  int64_t line;
  char separator, decimal;  // separator ' ': any number of blanks
  locale_t c_locale;        // strtod follows the user's locale, files do not
  const char *name;
  gr_str cell;  // the last cell read: without quotes and the blanks around it
  bool quoted;
} reader;

// ---- cells ----

static bool at_newline(const reader *r) { return r->at < r->end && *r->at == '\n'; }
static bool is_blank(char c) { return c == ' ' || c == '\r' || c == '\t'; }

static void skip_blanks(reader *r) {
  while (r->at < r->end && is_blank(*r->at) && (r->separator == ' ' || *r->at != r->separator)) r->at++;
}

// RFC 4180: "" inside quotes is one quote; separators and line ends inside them are text.
static gr_code read_quoted(reader *r, gr_err *err) {
  int64_t began = r->line;
  for (r->at++; r->at < r->end; r->at++) {
    if (*r->at == '"') {
      if (r->at + 1 >= r->end || r->at[1] != '"') {
        r->at++;
        return GR_OK;
      }
      r->at++;
    }
    if (*r->at == '\n') r->line++;
    gr_str_append_char(&r->cell, *r->at, 1);
  }
  return gr_fail(err, GR_ERR_FORMAT, "%s: the quotation mark on line %" PRId64 " is never closed", r->name,
                 began);
}

// Reads one cell and stops at what ends it: a separator, a line end, the end.
static gr_code read_cell(reader *r, gr_err *err) {
  r->cell.length = 0;
  skip_blanks(r);
  r->quoted = r->at < r->end && *r->at == '"';
  if (r->quoted) {
    if (read_quoted(r, err)) return err->code;
    skip_blanks(r);
    if (r->at < r->end && *r->at != r->separator && *r->at != '\n' && r->separator != ' ')
      return gr_fail(err, GR_ERR_FORMAT, "%s: line %" PRId64 ": text follows a closed quotation mark",
                     r->name, r->line);
  } else {
    const char *from = r->at;
    while (r->at < r->end && *r->at != '\n' && *r->at != r->separator &&
           !(r->separator == ' ' && is_blank(*r->at)))
      r->at++;
    const char *to = r->at;
    while (to > from && is_blank(to[-1])) to--;
    gr_str_append_n(&r->cell, from, (size_t)(to - from));
  }
  if (r->separator == ' ') skip_blanks(r);
  if (!r->cell.text) gr_str_append_n(&r->cell, "", 0);
  if (memchr(r->cell.text, 0, r->cell.length))
    return gr_fail(err, GR_ERR_FORMAT, "%s: line %" PRId64 " holds a zero byte: it is no text", r->name,
                   r->line);
  return gr_str_check(&r->cell, err);
}

// The next cell of the line. False at its end, which is passed.
static bool next_cell(reader *r) {
  if (r->at < r->end && *r->at == r->separator && r->separator != ' ') return r->at++, true;
  if (r->separator == ' ' && r->at < r->end && *r->at != '\n') return true;
  if (at_newline(r)) r->at++, r->line++;
  return false;
}

static void skip_empty_lines(reader *r) {
  for (;;) {
    const char *p = r->at;
    while (p < r->end && (*p == ' ' || *p == '\r' || (*p == '\t' && r->separator != '\t'))) p++;
    if (p < r->end && *p != '\n') return;
    if (p >= r->end) {
      r->at = p;
      return;
    }
    r->at = p + 1;
    r->line++;
  }
}

static bool is_missing(const reader *r) {
  static const char *const words[] = {"", "NA", "N/A", "NaN", "null", "None", "?", "-"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcasecmp(r->cell.text, words[i]) == 0) return !r->quoted || i == 0;
  return false;
}

static bool to_number(const reader *r, double *value) {
  char text[64], *stop;
  size_t n = r->cell.length;
  if (n == 0 || n >= sizeof text) return false;
  memcpy(text, r->cell.text, n + 1);
  if (strpbrk(text, "xX(")) return false;  // hexadecimal numbers, nan(...)
  if (r->decimal != '.') {
    char *comma = strchr(text, r->decimal);
    if (strchr(text, '.')) return false;
    if (comma) *comma = '.';
  }
  *value = strtod_l(text, &stop, r->c_locale);
  return *stop == '\0';
}

// ---- the different texts of a column ----

// Open addressing: a slot holds the position of a text plus one.
typedef struct texts {
  char **items;
  int64_t n, room;
  uint32_t *slots;
  size_t n_slots;
} texts;

static uint64_t hash(const char *text) {
  uint64_t h = 1469598103934665603u;  // FNV-1a
  for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
  return h;
}

static size_t slot_of(const texts *t, const char *text) {
  size_t at = hash(text) & (t->n_slots - 1);
  while (t->slots[at] && strcmp(t->items[t->slots[at] - 1], text) != 0) at = (at + 1) & (t->n_slots - 1);
  return at;
}

static bool grow(texts *t) {
  size_t larger = t->n_slots ? 2 * t->n_slots : 64;
  // A quarter as many texts will come, some 100 bytes each until they are Lua's.
  if (larger > 100000 && larger * 32 > gr_mem_available()) return false;
  char **items = realloc(t->items, larger / 2 * sizeof *items);
  if (!items) return false;
  t->items = items;
  uint32_t *slots = calloc(larger, sizeof *slots);
  if (!slots) return false;
  free(t->slots);
  t->slots = slots;
  t->n_slots = larger;
  t->room = (int64_t)larger / 2;
  for (int64_t i = 0; i < t->n; i++) t->slots[slot_of(t, t->items[i])] = (uint32_t)i + 1;
  return true;
}

// The position of the text, -1 without memory.
static int64_t position_of(texts *t, const char *text) {
  if (t->n == t->room && (t->n >= UINT32_MAX / 4 || !grow(t))) return -1;
  size_t at = slot_of(t, text);
  if (!t->slots[at]) {
    char *copy = strdup(text);
    if (!copy) return -1;
    t->items[t->n] = copy;
    t->slots[at] = (uint32_t)++t->n;
  }
  return t->slots[at] - 1;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

// Sorts the texts, and says in `rank` where each has gone.
static bool sort_texts(texts *t, double *rank) {
  char **before = malloc(((size_t)t->n + 1) * sizeof *before);
  if (!before) return false;
  memcpy(before, t->items, (size_t)t->n * sizeof *before);
  qsort(t->items, (size_t)t->n, sizeof *t->items, by_bytes);
  for (int64_t i = 0; i < t->n; i++) {
    char **found = bsearch(&before[i], t->items, (size_t)t->n, sizeof *t->items, by_bytes);
    rank[i] = (double)(found - t->items);
  }
  free(before);
  return true;
}

// ---- the table ----

#define MOST_COLUMNS 100000

static char find_separator(const reader *r) {
  static const char kinds[] = ",;\t";
  int count[3] = {0};
  bool quoted = false;
  for (const char *p = r->at; p < r->end && (*p != '\n' || quoted); p++) {
    if (*p == '"') quoted = !quoted;
    for (int k = 0; k < 3; k++) count[k] += !quoted && *p == kinds[k];
  }
  if (r->decimal == ',' && count[1] + count[2] > 0) count[0] = 0;
  int best = 0;
  for (int k = 1; k < 3; k++)
    if (count[k] > count[best]) best = k;
  return count[best] ? kinds[best] : ' ';
}

// The first line: how many columns, what they are called, whether it is a header.
static gr_code read_names(gr_table *t, reader *r, int header, gr_err *err) {
  reader first = *r;
  first.cell = (gr_str){0};
  int64_t n = 0, room = 0;
  bool numbers = false;
  gr_code code = GR_OK;
  do {
    double value;
    code = read_cell(&first, err);
    if (n == MOST_COLUMNS)
      code = gr_fail(err, GR_ERR_FORMAT, "%s: its first line has more than %d cells: is it a table?", r->name,
                     MOST_COLUMNS);
    if (code) break;
    if (n == room) {
      room = room ? 2 * room : 16;
      gr_table_column *more = realloc(t->columns, (size_t)room * sizeof *more);
      if (!more) code = gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", r->name);
      if (!more) break;
      t->columns = more;
    }
    t->columns[n] = (gr_table_column){.name = strdup(first.cell.text)};
    if (!t->columns[n].name) code = gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", r->name);
    numbers |= to_number(&first, &value);
    t->n_columns = ++n;
  } while (!code && next_cell(&first));
  t->has_header = header >= 0 ? header : !numbers;
  if (!code && t->has_header) {
    r->at = first.at;
    r->line = first.line;
  }
  gr_str_finish(&first.cell);
  for (int64_t i = 0; i < t->n_columns; i++) {
    gr_table_column *c = &t->columns[i];
    if (t->has_header && c->name && *c->name) continue;
    char name[32];
    snprintf(name, sizeof name, "column%" PRId64, i + 1);
    free(c->name);
    c->name = strdup(name);
    if (!c->name && !code) code = gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", r->name);
  }
  return code;
}

// Goes through the rows. With `values` NULL it counts them and marks in `is_text` the columns that hold other
// than numbers; otherwise it fills them in.
static gr_code read_rows(gr_table *t, reader *r, int64_t *rows, bool *is_text, texts *columns, gr_err *err) {
  bool fills = t->values.data != NULL;
  double *out = t->values.data;
  *rows = 0;
  for (skip_empty_lines(r); r->at < r->end; skip_empty_lines(r)) {
    int64_t line = r->line, n = 0;
    if ((*rows & 1023) == 0 && gr_interrupt_poll(err)) return err->code;
    do {
      double value = NAN;
      if (read_cell(r, err)) return err->code;
      if (n >= t->n_columns) {
        n++;
        continue;
      }
      bool missing = is_missing(r), number = !missing && !is_text[n] && to_number(r, &value);
      if (!fills)
        is_text[n] |= !missing && !number;
      else if (missing)
        t->columns[n].missing++;
      else if (is_text[n] && (value = (double)position_of(&columns[n], r->cell.text)) < 0)
        return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", r->name);
      if (fills) *out++ = value;
      n++;
    } while (next_cell(r));
    if (n != t->n_columns)
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: line %" PRId64 " has %" PRId64 " cells; the first row has %" PRId64, r->name, line,
                     n, t->n_columns);
    if (fills) ((int64_t *)t->lines.data)[*rows] = line;
    ++*rows;
  }
  return GR_OK;
}

static gr_code rank_texts(gr_table *t, int64_t rows, const bool *is_text, texts *columns, gr_err *err) {
  for (int64_t c = 0; c < t->n_columns; c++) {
    if (!is_text[c]) continue;
    double *rank = malloc(((size_t)columns[c].n + 1) * sizeof *rank), *values = t->values.data;
    bool ok = rank && sort_texts(&columns[c], rank);
    for (int64_t i = 0; ok && i < rows; i++) {
      double *v = &values[i * t->n_columns + c];
      if (!isnan(*v)) *v = rank[(int64_t)*v];
    }
    free(rank);
    if (!ok) return gr_fail(err, GR_ERR_MEMORY, "out of memory");
    t->columns[c].texts = columns[c].items;
    t->columns[c].n_texts = columns[c].n;
    columns[c].items = NULL;
    columns[c].n = 0;
  }
  return GR_OK;
}

static gr_code parse(gr_table *t, reader *r, const gr_table_options *o, gr_err *err) {
  for (int64_t i = 0; i < o->skip && r->at < r->end; i++) {
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->at = newline ? newline + 1 : r->end;
    r->line++;
  }
  skip_empty_lines(r);
  if (r->at >= r->end) return gr_fail(err, GR_ERR_FORMAT, "%s: there is no table in it", r->name);
  r->separator = o->separator ? o->separator : find_separator(r);
  gr_code code = read_names(t, r, o->header, err);
  if (code) return code;
  size_t n = (size_t)t->n_columns;
  bool *is_text = calloc(n, sizeof *is_text);
  texts *columns = calloc(n, sizeof *columns);
  reader again = *r;
  int64_t rows = 0;
  if (!is_text || !columns) code = gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", r->name);
  if (!code) code = read_rows(t, r, &rows, is_text, columns, err);
  if (!code && rows == 0)
    code = gr_fail(err, GR_ERR_FORMAT,
                   "%s: it has a header and no rows (header=false if the first line is a row)", r->name);
  if (!code) code = gr_tensor_init(&t->values, GR_F64, 2, (int64_t[]){rows, t->n_columns}, err);
  if (!code) code = gr_tensor_init(&t->lines, GR_I64, 1, &rows, err);
  if (!code) {
    gr_str cell = r->cell;  // its memory goes on being used
    *r = again;
    r->cell = cell;
    code = read_rows(t, r, &rows, is_text, columns, err);
  }
  if (!code) code = rank_texts(t, rows, is_text, columns, err);
  for (size_t c = 0; columns && c < n; c++) {
    for (int64_t i = 0; i < columns[c].n; i++) free(columns[c].items[i]);
    free(columns[c].items);
    free(columns[c].slots);
  }
  free(columns);
  free(is_text);
  return code;
}

gr_code gr_table_parse(gr_table *out, const uint8_t *data, size_t size, const gr_table_options *options,
                       const char *name, gr_err *err) {
  reader r = {.at = (const char *)data,
              .end = (const char *)data + size,
              .line = 1,
              .decimal = options->decimal,
              .name = name};
  *out = (gr_table){0};
  if (size >= 2 && (memcmp(data, "\xFF\xFE", 2) == 0 || memcmp(data, "\xFE\xFF", 2) == 0))
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: it is text in UTF-16: save it again in UTF-8 (spreadsheets call that \"CSV UTF-8\")",
                   name);
  if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) r.at += 3;  // a byte-order mark
  r.c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  if (!r.c_locale) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  gr_code code = parse(out, &r, options, err);
  freelocale(r.c_locale);
  gr_str_finish(&r.cell);
  if (code) gr_table_finish(out);
  return code;
}

void gr_table_finish(gr_table *t) {
  gr_tensor_finish(&t->values);
  gr_tensor_finish(&t->lines);
  for (int64_t c = 0; c < t->n_columns; c++) {
    free(t->columns[c].name);
    for (int64_t i = 0; i < t->columns[c].n_texts; i++) free(t->columns[c].texts[i]);
    free(t->columns[c].texts);
  }
  free(t->columns);
  *t = (gr_table){0};
}

// ---- writing ----

static void append_name(gr_str *out, const char *name) {
  if (!strpbrk(name, ",;\t\"\n\r ")) {
    gr_str_append(out, name);
    return;
  }
  gr_str_append_char(out, '"', 1);
  for (; *name; name++) gr_str_append_char(out, *name, *name == '"' ? 2 : 1);
  gr_str_append_char(out, '"', 1);
}

static void append_number(gr_str *out, double value) {
  if (value == floor(value) && fabs(value) < 1e15 && !(value == 0 && signbit(value))) {
    gr_str_format(out, "%.0f", value);
    return;
  }
  char text[32];
  gr_double_text(text, value);
  gr_str_append(out, text);
}

gr_code gr_table_format(gr_str *out, const gr_tensor *t, const char *const *names, gr_err *err) {
  char shape[GR_SHAPE_TEXT];
  if (t->ndim != 1 && t->ndim != 2)
    return gr_fail(
        err, GR_ERR_SHAPE,
        "a tensor of shape %s is no table: a CSV file has rows and columns (reshape it, or save it as .npy)",
        gr_shape_text(shape, t->ndim, t->shape));
  int64_t columns = t->ndim == 2 ? t->shape[1] : 1;
  for (int64_t c = 0; names && c < columns; c++) {
    if (c) gr_str_append_char(out, ',', 1);
    append_name(out, names[c]);
  }
  if (names) gr_str_append_char(out, '\n', 1);
  for (int64_t i = 0; i < t->shape[0]; i++) {
    if ((i & 1023) == 0 && gr_interrupt_poll(err)) return err->code;
    for (int64_t c = 0; c < columns; c++) {
      if (c) gr_str_append_char(out, ',', 1);
      append_number(out, gr_tensor_get(t, (int64_t[]){i, c}));
    }
    gr_str_append_char(out, '\n', 1);
  }
  return gr_str_check(out, err);
}
