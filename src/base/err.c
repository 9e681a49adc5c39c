#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

gr_code gr_fail(gr_err *err, gr_code code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(err->text, sizeof err->text, format, args);
  va_end(args);
  err->code = code;
  return code;
}
