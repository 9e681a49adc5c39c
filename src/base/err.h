// How the C code reports failure: a fallible function returns a gr_code and writes one sentence into
// the caller's gr_err. Nothing here prints, aborts or jumps; only src/bind turns a gr_err into a Lua error.
#ifndef GR_BASE_ERR_H
#define GR_BASE_ERR_H

typedef enum gr_code {
  GR_OK = 0,
  GR_ERR_MEMORY,     // not enough memory, or more than this machine has left
  GR_ERR_SHAPE,      // shapes, axes or sizes that do not fit
  GR_ERR_TYPE,       // a dtype that the operation does not take
  GR_ERR_VALUE,      // an argument outside its domain
  GR_ERR_IO,         // the operating system said no
  GR_ERR_FORMAT,     // a file that is not what it claims to be
  GR_ERR_INTERRUPT,  // Ctrl-C
} gr_code;

typedef struct gr_err {
  gr_code code;
  char text[640];  // one sentence: what was given, what was expected, how to fix it
} gr_err;

// Writes the sentence and returns `code`, so that a failure is one line: `return gr_fail(err, ...);`.
gr_code gr_fail(gr_err *err, gr_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
