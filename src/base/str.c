#include "base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(gr_str *s, size_t more) {
  if (s->failed) return false;
  if (s->length + more + 1 <= s->capacity) return true;
  size_t capacity = s->capacity ? s->capacity : 64;
  while (capacity < s->length + more + 1) capacity *= 2;
  char *text = realloc(s->text, capacity);
  if (!text) {
    s->failed = true;
    return false;
  }
  s->text = text;
  s->capacity = capacity;
  return true;
}

void gr_str_append_n(gr_str *s, const char *text, size_t n) {
  if (!reserve(s, n)) return;
  memcpy(s->text + s->length, text, n);
  s->length += n;
  s->text[s->length] = '\0';
}

void gr_str_append(gr_str *s, const char *text) { gr_str_append_n(s, text, strlen(text)); }

void gr_str_append_char(gr_str *s, char c, size_t times) {
  if (!reserve(s, times)) return;
  memset(s->text + s->length, c, times);
  s->length += times;
  s->text[s->length] = '\0';
}

void gr_str_format(gr_str *s, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (n >= 0 && reserve(s, (size_t)n)) {
    vsnprintf(s->text + s->length, (size_t)n + 1, format, again);
    s->length += (size_t)n;
  }
  va_end(again);
}

void gr_str_append_base64(gr_str *s, const void *bytes, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *from = bytes;
  for (size_t i = 0; i < n; i += 3) {
    size_t left = n - i;
    uint32_t three =
        (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
    char four[4] = {digits[three >> 18], digits[three >> 12 & 63], left > 1 ? digits[three >> 6 & 63] : '=',
                    left > 2 ? digits[three & 63] : '='};
    gr_str_append_n(s, four, 4);
  }
}

gr_code gr_str_check(const gr_str *s, gr_err *err) {
  if (!s->failed) return GR_OK;
  return gr_fail(err, GR_ERR_MEMORY, "out of memory while building a text of %zu characters", s->length);
}

void gr_str_finish(gr_str *s) {
  free(s->text);
  *s = (gr_str){0};
}
