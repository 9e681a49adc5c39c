// The one door to libcjson.
#include "text/json.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"

// A gr_json is a cJSON: the one is never looked into, the other never named outside.
static const cJSON *item(const gr_json *value) { return (const cJSON *)value; }

// A value takes libcjson a node of 64 bytes and an allocation, and as little as two bytes of text ("0,").
#define NODE_BYTES 40

static bool holds_zero(const char *text, size_t length) {
  if (memchr(text, 0, length)) return true;
  // "\\u0000" is an escaped backslash and five letters: escapes are passed over in pairs.
  for (size_t i = 0; i + 6 <= length; i++)
    if (text[i] == '\\') {
      if (memcmp(text + i, "\\u0000", 6) == 0) return true;
      i++;
    }
  return false;
}

gr_code gr_json_parse(gr_json **out, const char *text, size_t length, const char *name, gr_err *err) {
  *out = NULL;
  if (length > 1 << 20 && length > gr_mem_available() / NODE_BYTES)  // asking costs a read of /proc
    return gr_fail(err, GR_ERR_MEMORY, "%s: there is no memory for %zu bytes of JSON", name, length);
  if (holds_zero(text, length))
    return gr_fail(err, GR_ERR_FORMAT, "%s: it holds a zero byte, which its names and texts may not", name);
  // A copy with a zero byte behind it: before 1.7.18 libcjson read one byte past a text such as {"a":1,
  void *block;
  if (gr_alloc(&block, length + 1, name, err)) return err->code;
  char *copy = block;
  if (length) memcpy(copy, text, length);
  copy[length] = '\0';
  const char *end = NULL;
  cJSON *root = cJSON_ParseWithLengthOpts(copy, length, &end, false);
  size_t at = end ? (size_t)(end - copy) : 0;
  if (root)
    while (at < length && strchr(" \t\r\n", copy[at])) at++;
  gr_free(block);
  if (root && at == length) {
    *out = (gr_json *)root;
    return GR_OK;
  }
  cJSON_Delete(root);
  return gr_fail(err, GR_ERR_FORMAT, "%s: it is no JSON from byte %zu on", name, at + 1);
}

void gr_json_free(gr_json *root) { cJSON_Delete((cJSON *)root); }

gr_json_kind gr_json_kind_of(const gr_json *value) {
  switch (item(value)->type & 0xff) {
    case cJSON_False: return GR_JSON_FALSE;
    case cJSON_True: return GR_JSON_TRUE;
    case cJSON_Number: return GR_JSON_NUMBER;
    case cJSON_String: return GR_JSON_STRING;
    case cJSON_Array: return GR_JSON_ARRAY;
    case cJSON_Object: return GR_JSON_OBJECT;
    default: return GR_JSON_NULL;
  }
}

const char *gr_json_text(const gr_json *value) {
  const char *text = cJSON_IsString(item(value)) ? item(value)->valuestring : NULL;
  return text ? text : "";
}

double gr_json_number(const gr_json *value) {
  return cJSON_IsNumber(item(value)) ? item(value)->valuedouble : 0;
}

const char *gr_json_key(const gr_json *value) { return item(value)->string ? item(value)->string : ""; }

const gr_json *gr_json_first(const gr_json *value) {
  return cJSON_IsArray(item(value)) || cJSON_IsObject(item(value)) ? (const gr_json *)item(value)->child
                                                                   : NULL;
}

const gr_json *gr_json_next(const gr_json *value) { return (const gr_json *)item(value)->next; }

size_t gr_json_count(const gr_json *value) {
  size_t n = 0;
  for (const gr_json *each = gr_json_first(value); each; each = gr_json_next(each)) n++;
  return n;
}
