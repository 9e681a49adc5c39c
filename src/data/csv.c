#include "data/csv.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"

typedef struct reader {
  const char *at, *end;
  int64_t line;
  locale_t c_locale;  // strtod follows the user's locale, files do not
  const char *name;
} reader;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static bool is_separator(char c) { return c == ',' || c == ';'; }
static bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
         c == '.';
}

// One field that should be a number. The text is copied out, since strtod wants it to end in '\0'.
static gr_code read_number(reader *r, double *value, int64_t column, gr_err *err) {
  char text[64];
  size_t n = 0;
  const char *from = r->at;
  while (r->at < r->end && is_number_char(*r->at) && n < sizeof text - 1) text[n++] = *r->at++;
  text[n] = '\0';
  char *stop = text;
  if (n && !strpbrk(text, "xX")) *value = strtod_l(text, &stop, r->c_locale);
  bool ended = r->at >= r->end || is_blank(*r->at) || is_separator(*r->at) || *r->at == '\n';
  if (n && *stop == '\0' && ended) return GR_OK;
  int shown = 0;
  while (from + shown < r->end && shown < 24 && !is_separator(from[shown]) && from[shown] >= ' ' &&
         from[shown] < 127)
    shown++;
  if (!shown && (from >= r->end || is_separator(*from) || *from == '\n'))
    return gr_fail(err, GR_ERR_FORMAT, "%s: line %" PRId64 ", column %" PRId64 " is empty; expected a number",
                   r->name, r->line, column);
  return gr_fail(err, GR_ERR_FORMAT,
                 "%s: line %" PRId64 ", column %" PRId64 " is \"%.*s\"; expected a number%s", r->name,
                 r->line, column, shown, from,
                 r->line == 1 ? " (if the first line names the columns, pass over it with skip=1)" : "");
}

static void skip_blanks(reader *r) {
  while (r->at < r->end && is_blank(*r->at)) r->at++;
}

static void skip_line(reader *r) {
  const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
  r->at = newline ? newline + 1 : r->end;
  r->line++;
}

// The numbers of one line go to `out` unless it is NULL; `*columns` is how many there were.
static gr_code read_line(reader *r, double *out, int64_t room, int64_t *columns, gr_err *err) {
  *columns = 0;
  skip_blanks(r);
  while (r->at < r->end && *r->at != '\n') {
    double value = 0;
    if (read_number(r, &value, *columns + 1, err)) return err->code;
    if (out && *columns < room) out[*columns] = value;
    ++*columns;
    skip_blanks(r);
    if (r->at < r->end && is_separator(*r->at)) {
      r->at++;
      skip_blanks(r);
      if (r->at >= r->end || *r->at == '\n')
        return gr_fail(err, GR_ERR_FORMAT,
                       "%s: line %" PRId64 " ends in a separator; expected a number after it", r->name,
                       r->line);
    }
  }
  skip_line(r);
  return GR_OK;
}

static void skip_empty(reader *r) {
  for (;;) {
    const char *at = r->at;
    skip_blanks(r);
    if (r->at >= r->end) return;
    if (*r->at != '\n') {
      r->at = at;
      return;
    }
    skip_line(r);
  }
}

static gr_code read_table(gr_tensor *out, reader *r, int64_t skip, gr_err *err) {
  r->line = 1;
  for (int64_t i = 0; i < skip && r->at < r->end; i++) skip_line(r);
  skip_empty(r);
  // The first row says how many columns; the newlines, how many rows there can be.
  reader first = *r;
  int64_t columns = 0, lines = 1;
  if (read_line(&first, NULL, 0, &columns, err)) return err->code;
  if (columns == 0) return gr_fail(err, GR_ERR_FORMAT, "%s: there are no numbers in it", r->name);
  for (const char *p = r->at; (p = memchr(p, '\n', (size_t)(r->end - p))); p++) lines++;
  // A row has at least two bytes a number: the table cannot be larger than the text allows.
  int64_t most = (int64_t)(r->end - r->at + 1) / (2 * columns) + 1, rows = 0;
  gr_tensor t;
  if (gr_tensor_init(&t, GR_F64, 2, (int64_t[]){lines < most ? lines : most, columns}, err)) return err->code;
  for (skip_empty(r); r->at < r->end; skip_empty(r)) {
    int64_t line = r->line, got = 0;
    bool fits = rows < t.shape[0];
    gr_code code = gr_interrupt_poll(err);
    if (!code) code = read_line(r, fits ? (double *)t.data + rows * columns : NULL, columns, &got, err);
    if (!code && (got != columns || !fits))
      code = gr_fail(err, GR_ERR_FORMAT,
                     "%s: line %" PRId64 " has %" PRId64 " numbers; the first row has %" PRId64, r->name,
                     line, got, columns);
    if (code) {
      gr_tensor_finish(&t);
      return code;
    }
    rows++;
  }
  t.shape[0] = rows;  // less than was set aside when there are empty lines
  *out = t;
  return GR_OK;
}

gr_code gr_csv_parse(gr_tensor *out, const uint8_t *data, size_t size, int64_t skip, const char *name,
                     gr_err *err) {
  *out = (gr_tensor){0};
  reader r = {(const char *)data, (const char *)data + size, 1, newlocale(LC_NUMERIC_MASK, "C", (locale_t)0),
              name};
  if (!r.c_locale) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) r.at += 3;  // a byte-order mark
  gr_code code = read_table(out, &r, skip, err);
  freelocale(r.c_locale);
  return code;
}

// ---- pictures ----

static gr_code to_bytes(uint8_t *out, const double *in, int64_t n, int64_t row, const char *name,
                        gr_err *err) {
  for (int64_t i = 0; i < n; i++) {
    if (!(in[i] >= 0 && in[i] <= 255 && in[i] == (int)in[i]))
      return gr_fail(err, GR_ERR_VALUE,
                     "%s: row %" PRId64 " holds %g; pictures and labels are whole numbers 0..255", name,
                     row + 1, in[i]);
    out[i] = (uint8_t)in[i];
  }
  return GR_OK;
}

gr_code gr_table_pictures(gr_tensor *x, gr_tensor *y, const gr_tensor *table, int64_t height, int64_t width,
                          const char *name, gr_err *err) {
  int64_t rows = table->shape[0], columns = table->shape[1], pixels = height * width;
  *x = *y = (gr_tensor){0};
  if (columns != pixels + 1)
    return gr_fail(err, GR_ERR_SHAPE,
                   "%s has %" PRId64 " columns; pictures of %" PRId64 "x%" PRId64 " with a label need "
                   "%" PRId64,
                   name, columns, height, width, pixels + 1);
  gr_code code = gr_tensor_init(x, GR_U8, 3, (int64_t[]){rows, height, width}, err);
  if (!code) code = gr_tensor_init(y, GR_U8, 1, (int64_t[]){rows}, err);
  for (int64_t i = 0; !code && i < rows; i++) {
    const double *row = (const double *)table->data + i * columns;
    code = to_bytes((uint8_t *)x->data + i * pixels, row, pixels, i, name, err);
    if (!code) code = to_bytes((uint8_t *)y->data + i, row + pixels, 1, i, name, err);
  }
  if (code) {
    gr_tensor_finish(x);
    gr_tensor_finish(y);
  }
  return code;
}
