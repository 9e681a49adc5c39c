// JSON as a tree that is walked: read by libcjson, whose names stay behind this door.
#ifndef GR_TEXT_JSON_H
#define GR_TEXT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef enum gr_json_kind {
  GR_JSON_NULL,
  GR_JSON_FALSE,
  GR_JSON_TRUE,
  GR_JSON_NUMBER,
  GR_JSON_STRING,
  GR_JSON_ARRAY,
  GR_JSON_OBJECT,
} gr_json_kind;

typedef struct gr_json gr_json;  // one value, and what is in it

// `name` is for messages: what the text is, as in "weights.safetensors: its header". Zero bytes in strings
// are refused, also written as \u0000: a string in C could not hold them. Nothing but space may follow the
// value.
gr_code gr_json_parse(gr_json **out, const char *text, size_t length, const char *name, gr_err *err);
void gr_json_free(gr_json *root);  // of what gr_json_parse gave; accepts NULL

gr_json_kind gr_json_kind_of(const gr_json *value);
const char *gr_json_text(const gr_json *value);      // of a string, otherwise ""
double gr_json_number(const gr_json *value);         // of a number, otherwise 0
const char *gr_json_key(const gr_json *value);       // under which it stands in an object, otherwise ""
const gr_json *gr_json_first(const gr_json *value);  // of an array or object; NULL when there is none
const gr_json *gr_json_next(const gr_json *value);   // beside it in its array or object, in the text's order
size_t gr_json_count(const gr_json *value);          // of an array or object: how many

#endif
