// Tensors as text. The rules are those of numpy/core/arrayprint.py (NumPy 1.24): one walk finds the largest
// and the smallest number, a second the widths, a third prints.
#include "tensor/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"

const gr_format gr_format_default = {.precision = 8, .threshold = 1000, .edge = 3, .width = 75};

#define MAX_PRECISION 40  // decimals: more than any double needs from 1e-16 up
#define TEXT 64           // room for one number: sign, 9 digits, point and MAX_PRECISION decimals

// ---- shortest digits ----

// A finite number as digits: 0.00123 is {"123", count 3, exponent -3}, that is 1.23e-3.
typedef struct decimal {
  char digits[20];
  int count, exponent;
} decimal;

// Reads back "d.ddde+xx" as digits without trailing zeros.
static void read_decimal(decimal *d, const char *text) {
  d->count = 0;
  const char *p = text;
  for (; *p && *p != 'e'; p++)
    if (*p >= '0' && *p <= '9') d->digits[d->count++] = *p;
  d->exponent = *p ? atoi(p + 1) : 0;
  while (d->count > 1 && d->digits[d->count - 1] == '0') d->count--;
}

static bool reads_back(const char *text, double x, bool single) {
  return single ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x;
}

// The fewest digits that read back as |x|, nearest to it among those. Any text of at most 15 digits (6 of a
// float) survives the way through a normal number: so rounding to that many, without the trailing zeros,
// finds all shorter ones at once. Subnormal numbers have fewer good digits and are tried from the start.
static void shortest(decimal *d, double x, bool single) {
  char text[40];
  x = fabs(x);
  int first = single ? 6 : 15, last = single ? 9 : 17;
  if (x < (single ? 0x1p-126 : 0x1p-1022)) first = 1;
  int binary;
  bool power_of_two = frexp(x, &binary) == 0.5;
  for (int n = first; n <= last; n++) {
    snprintf(text, sizeof text, "%.*e", n - 1, x);
    if (reads_back(text, x, single)) break;
    if (!power_of_two) continue;
    // Below a power of two numbers lie twice as close as above it: the text just above may read back where
    // the nearest, below, does not.
    char *e = strchr(text, 'e'), *digit = e - 1;
    while (digit > text && *digit == '9') digit--;
    if (*digit == '9' || *digit == '.') continue;
    for (char *p = digit + 1; p < e; p++)
      if (*p != '.') *p = '0';
    ++*digit;
    if (reads_back(text, x, single)) break;
  }
  read_decimal(d, text);
}

// Sign, digits with a point somewhere, at least one digit before it; trailing "." kept: "-0.05", "120.".
static void lay_out(char *text, const decimal *d, bool negative) {
  char *p = text;
  if (negative) *p++ = '-';
  int place = d->exponent;  // of the next digit
  if (place < 0) {
    *p++ = '0';
    *p++ = '.';
    for (int i = -1; i > place; i--) *p++ = '0';
  }
  for (int i = 0; i < d->count || place >= 0; i++, place--) {
    *p++ = i < d->count ? d->digits[i] : '0';
    if (place == 0) *p++ = '.';
  }
  *p = '\0';
}

static void scalar_text(char *text, double x, bool single) {
  if (isnan(x)) {
    strcpy(text, "nan");
    return;
  }
  if (isinf(x)) {
    strcpy(text, x < 0 ? "-inf" : "inf");
    return;
  }
  decimal d;
  shortest(&d, x, single);
  if (x == 0 || (fabs(x) >= 1e-4 && fabs(x) < 1e16)) {
    lay_out(text, &d, signbit(x));
    if (text[strlen(text) - 1] == '.') strcat(text, "0");
    return;
  }
  snprintf(text, 32, "%s%c%s%.*se%+03d", signbit(x) ? "-" : "", d.digits[0], d.count > 1 ? "." : "",
           d.count - 1, d.digits + 1, d.exponent);
}

void gr_double_text(char *text, double x) { scalar_text(text, x, false); }
void gr_float_text(char *text, float x) { scalar_text(text, x, true); }

// ---- how the numbers of one tensor are written ----

typedef struct style {
  gr_dtype dtype;
  int precision;  // most decimals; with an exponent, all numbers have this many
  bool suppress;
  double largest, smallest;  // absolute values, without zeros; nan before there is one
  bool exponents, special, negative_infinity;
  int left, right;  // columns before and after the point
  int exponent_digits;
  int width;  // of a number without point
} style;

static double read_float(gr_dtype dtype, const void *p) {
  return dtype == GR_F32 ? (double)*(const float *)p : *(const double *)p;
}

static int64_t read_integer(gr_dtype dtype, const void *p) {
  return dtype == GR_I64 ? *(const int64_t *)p : *(const uint8_t *)p;
}

static void trim_zeros(char *text) {
  char *end = text + strlen(text);
  while (end > text && end[-1] == '0') end--;
  *end = '\0';
}

// "-12.5", "3.": the shortest digits where `precision` decimals hold them, else rounded to those.
static void positional_text(char *text, double x, const style *s) {
  decimal d;
  shortest(&d, x, s->dtype == GR_F32);
  if (x == 0 || d.count - 1 - d.exponent <= s->precision) {
    lay_out(text, &d, signbit(x));
    return;
  }
  snprintf(text, TEXT, "%#.*f", s->precision, x);
  trim_zeros(text);
}

// "-1.25e+07" as mantissa and exponent. `full`: with all of `precision` decimals, not only those that are
// needed.
static int scientific_text(char *mantissa, double x, const style *s, bool full) {
  decimal d;
  shortest(&d, x, s->dtype == GR_F32);
  int decimals = d.count - 1;
  if (full ? decimals == s->precision : decimals <= s->precision) {
    int exponent = d.exponent;
    d.exponent = 0;
    lay_out(mantissa, &d, signbit(x));
    return exponent;
  }
  char text[TEXT];
  snprintf(text, sizeof text, "%#.*e", s->precision, x);
  char *e = strchr(text, 'e');
  *e = '\0';
  strcpy(mantissa, text);
  if (!full) trim_zeros(mantissa);
  return atoi(e + 1);
}

static void widen(int *width, int to) {
  if (*width < to) *width = to;
}

static void measure_range(style *s, const void *p) {
  double x = read_float(s->dtype, p), magnitude = fabs(x);
  if (!isfinite(x)) {
    s->special = true;
    if (isinf(x) && x < 0) s->negative_infinity = true;
    return;
  }
  if (x == 0) return;
  if (!(s->largest >= magnitude)) s->largest = magnitude;
  if (!(s->smallest <= magnitude)) s->smallest = magnitude;
}

static void measure_width(style *s, const void *p) {
  char text[TEXT];
  if (!gr_dtype_is_float(s->dtype)) {
    int digits = snprintf(text, sizeof text, "%" PRId64, read_integer(s->dtype, p));
    widen(&s->width, s->dtype == GR_BOOL ? 5 : digits);  // "False", " True"
    return;
  }
  double x = read_float(s->dtype, p);
  if (!isfinite(x)) return;
  if (s->exponents) {
    int exponent = scientific_text(text, x, s, false), magnitude = abs(exponent);
    widen(&s->exponent_digits, magnitude < 100 ? 2 : 3);
  } else {
    positional_text(text, x, s);
  }
  int left = (int)(strchr(text, '.') - text);
  widen(&s->left, left);
  widen(&s->right, (int)strlen(text) - left - 1);
}

// One element in its full width.
static void print_element(gr_str *out, const style *s, const void *p) {
  char text[TEXT];
  if (s->dtype == GR_BOOL) {
    gr_str_append(out, *(const uint8_t *)p ? " True" : "False");
    return;
  }
  if (!gr_dtype_is_float(s->dtype)) {
    gr_str_format(out, "%*" PRId64, s->width, read_integer(s->dtype, p));
    return;
  }
  double x = read_float(s->dtype, p);
  if (!isfinite(x)) {
    gr_str_format(out, "%*s", s->width, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
    return;
  }
  int exponent = 0;
  if (s->exponents)
    exponent = scientific_text(text, x, s, true);
  else
    positional_text(text, x, s);
  int left = (int)(strchr(text, '.') - text), right = (int)strlen(text) - left - 1;
  gr_str_append_char(out, ' ', left < s->left ? (size_t)(s->left - left) : 0);
  gr_str_append(out, text);
  if (s->exponents)
    gr_str_format(out, "e%c%0*d", exponent < 0 ? '-' : '+', s->exponent_digits, abs(exponent));
  else
    gr_str_append_char(out, ' ', right < s->right ? (size_t)(s->right - right) : 0);
}

// ---- walking ----

typedef struct printer {
  const gr_tensor *t;
  style style;
  int64_t edge;  // items shown at each end of a longer axis; 0: all of them
  int width;
  gr_str *out;
  int64_t looked_at;  // items, on all walks
  bool stopped;       // by an interrupt
} printer;

// To be asked at each item: whether the walk is to end here.
static bool stops(printer *p) {
  if ((++p->looked_at & 0xfff) == 0 && gr_interrupt_pending()) p->stopped = true;
  return p->stopped || p->out->failed;
}

// The items of an axis that are shown are 0..head-1 and tail..size-1; between them stands "..." when they
// do not meet.
static void shown(const printer *p, int axis, int64_t *head, int64_t *tail) {
  int64_t size = p->t->shape[axis];
  bool summary = p->edge && size > 2 * p->edge;
  *head = summary ? p->edge : 0;
  *tail = summary ? size - p->edge : 0;
}

static const char *item(const printer *p, const char *data, int axis, int64_t i) {
  return data + i * p->t->stride[axis] * (int64_t)gr_dtype_size(p->t->dtype);
}

static void measure(printer *p, int axis, const char *data, void (*f)(style *, const void *)) {
  if (axis == p->t->ndim) {
    f(&p->style, data);
    return;
  }
  int64_t head, tail;
  shown(p, axis, &head, &tail);
  for (int64_t i = 0; i < p->t->shape[axis] && !stops(p); i++) {
    if (i == head && i < tail) i = tail;
    measure(p, axis + 1, item(p, data, axis, i), f);
  }
}

// Makes room for a word of `length` columns in a line that is `column` long, or begins a new one.
static int make_room(printer *p, int column, int length, int indent, int width) {
  if (column + length <= width || column <= indent) return column;
  gr_str *out = p->out;
  while (out->length > 0 && out->text[out->length - 1] == ' ') out->text[--out->length] = '\0';
  gr_str_append_char(out, '\n', 1);
  gr_str_append_char(out, ' ', (size_t)indent);
  return indent;
}

// The last axis: words in lines, broken where they would not fit. `column` counts the brackets as well.
static void print_row(printer *p, int axis, const char *data) {
  int indent = axis + 1, column = indent, width = p->width - axis - 1, word = p->style.width;
  int64_t head, tail;
  shown(p, axis, &head, &tail);
  for (int64_t i = 0; i < p->t->shape[axis] && !stops(p); i++) {
    if (i == head && i < tail) {
      column = make_room(p, column, 3, indent, width);
      gr_str_append(p->out, "... ");
      column += 4;
      i = tail;
    }
    column = make_room(p, column, word, indent, width);
    print_element(p->out, &p->style, item(p, data, axis, i));
    column += word;
    if (i < p->t->shape[axis] - 1) {
      gr_str_append_char(p->out, ' ', 1);
      column++;
    }
  }
}

static void print_axis(printer *p, int axis, const char *data) {
  gr_str *out = p->out;
  gr_str_append_char(out, '[', 1);
  int left = p->t->ndim - axis;
  if (left == 1) {
    print_row(p, axis, data);
  } else {
    int64_t head, tail;
    shown(p, axis, &head, &tail);
    for (int64_t i = 0; i < p->t->shape[axis] && !stops(p); i++) {
      if (i) {
        gr_str_append_char(out, '\n', (size_t)(left - 1));
        gr_str_append_char(out, ' ', (size_t)axis + 1);
      }
      if (i == head && i < tail) {
        gr_str_append(out, "...");
        gr_str_append_char(out, '\n', (size_t)(left - 1));
        gr_str_append_char(out, ' ', (size_t)axis + 1);
        i = tail;
      }
      print_axis(p, axis + 1, item(p, data, axis, i));
    }
  }
  gr_str_append_char(out, ']', 1);
}

// A tensor without axes prints as its number does.
static void print_scalar(gr_str *out, const gr_tensor *t) {
  char text[TEXT];
  if (gr_dtype_is_float(t->dtype))
    scalar_text(text, read_float(t->dtype, t->data), t->dtype == GR_F32);
  else if (t->dtype == GR_BOOL)
    strcpy(text, *(const uint8_t *)t->data ? "True" : "False");
  else
    snprintf(text, sizeof text, "%" PRId64, read_integer(t->dtype, t->data));
  gr_str_append(out, text);
}

// What the walks found, as decisions. The thresholds are NumPy's; a float32's ratio is taken in float32.
static bool wants_exponents(const style *s) {
  if (isnan(s->largest)) return false;
  double ratio = s->largest / s->smallest;
  if (s->dtype == GR_F32) ratio = (float)s->largest / (float)s->smallest;
  return s->largest >= 1e8 || (!s->suppress && (s->smallest < 1e-4 || ratio > 1000));
}

// With `edge` items at each end of a longer axis; 0: all of them.
static void format_items(gr_str *out, const gr_tensor *t, const gr_format *format, int64_t edge) {
  int precision = format->precision < MAX_PRECISION ? format->precision : MAX_PRECISION;
  if (precision < 0) precision = 0;
  printer p = {.t = t, .width = format->width, .out = out, .edge = edge};
  p.style = (style){.dtype = t->dtype,
                    .precision = precision,
                    .suppress = format->suppress,
                    .largest = NAN,
                    .smallest = NAN};
  style *s = &p.style;
  bool is_float = gr_dtype_is_float(t->dtype);
  if (is_float) {
    measure(&p, 0, t->data, measure_range);
    s->exponents = wants_exponents(s);
  }
  measure(&p, 0, t->data, measure_width);
  if (is_float) {
    if (s->exponents) s->precision = s->right;
    s->width = s->left + 1 + s->right + (s->exponents ? s->exponent_digits + 2 : 0);
    int special = s->special ? 3 + s->negative_infinity : 0;  // "nan" and "inf", or "-inf"
    if (s->width < special) {
      s->left += special - s->width;
      s->width = special;
    }
  }
  print_axis(&p, 0, t->data);
}

static int lines_of(const gr_str *s, size_t start) {
  int lines = 1;
  for (size_t i = start; i < s->length; i++) lines += s->text[i] == '\n';
  return lines;
}

static void cut(gr_str *s, size_t length) {
  s->length = length;
  if (s->text) s->text[length] = '\0';
}

// Leaves all but one of the lines that there may be, and says in that how many are gone.
static void cut_lines(gr_str *s, size_t start, int lines, int most) {
  size_t end = start;
  for (int left = most > 1 ? most - 1 : 1; left > 0 && end < s->length; end++) left -= s->text[end] == '\n';
  cut(s, end);
  gr_str_format(s, "... (%d more lines)", lines - (most > 1 ? most - 1 : 1));
}

void gr_tensor_format(gr_str *out, const gr_tensor *t, const gr_format *format) {
  int64_t size = gr_tensor_size(t), edge = format->edge < 1 ? 1 : format->edge;
  if (size == 0 || !t->data) {
    gr_str_append(out, "[]");
    return;
  }
  if (t->ndim == 0) {
    print_scalar(out, t);
    return;
  }
  size_t start = out->length;
  bool summary = size > format->threshold;
  format_items(out, t, format, summary ? edge : 0);
  if (format->lines <= 0 || out->failed) return;
  int lines;
  while ((lines = lines_of(out, start)) > format->lines && !(summary && edge == 1)) {
    if (summary) edge--;
    summary = true;
    cut(out, start);
    format_items(out, t, format, edge);
  }
  if (lines > format->lines) cut_lines(out, start, lines, format->lines);
}
