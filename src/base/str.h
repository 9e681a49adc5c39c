// A string that grows. After the first failed allocation it keeps what it has and stays `failed`, so
// that a caller appends freely and asks once, at the end, with gr_str_check.
#ifndef GR_BASE_STR_H
#define GR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct gr_str {
  char *text;  // always ends in '\0' once anything was appended; NULL before
  size_t length, capacity;
  bool failed;
} gr_str;

void gr_str_append(gr_str *s, const char *text);
void gr_str_append_n(gr_str *s, const char *text, size_t n);
void gr_str_append_char(gr_str *s, char c, size_t times);
void gr_str_format(gr_str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gr_str_append_base64(gr_str *s, const void *bytes, size_t n);
gr_code gr_str_check(const gr_str *s, gr_err *err);
void gr_str_finish(gr_str *s);

#endif
