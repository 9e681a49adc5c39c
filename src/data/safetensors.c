#include "data/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"

#define PREFIX 8                         // the header's length
#define MOST_HEADER ((size_t)100 << 20)  // more than a hundred thousand tensors need
#define MOST_EXACT 9007199254740992.0    // 2^53: JSON's numbers are read as doubles

static const struct {
  const char *name;
  gr_number number;
} dtypes[] = {{"F32", GR_NUMBER_F32},   {"F64", GR_NUMBER_F64},   {"I64", GR_NUMBER_I64},
              {"U8", GR_NUMBER_U8},     {"BOOL", GR_NUMBER_BOOL}, {"F16", GR_NUMBER_F16},
              {"BF16", GR_NUMBER_BF16}, {"I32", GR_NUMBER_I32},   {"I16", GR_NUMBER_I16},
              {"I8", GR_NUMBER_I8},     {"U16", GR_NUMBER_U16},   {"U32", GR_NUMBER_U32},
              {"U64", GR_NUMBER_U64}};
#define N_DTYPES (sizeof dtypes / sizeof dtypes[0])

static uint64_t u64(const uint8_t *p) {
  uint64_t v = 0;
  for (int i = PREFIX; i-- > 0;) v = v << 8 | p[i];
  return v;
}

bool gr_is_safetensors(const uint8_t *data, size_t size) {
  return size > PREFIX && data[PREFIX] == '{' && u64(data) <= MOST_HEADER;
}

void gr_safetensors_close(gr_safetensors *s) {
  for (size_t i = 0; i < s->n; i++) free(s->entries[i].name);
  for (size_t i = 0; i < s->n_metadata; i++) {
    free(s->metadata[i].key);
    free(s->metadata[i].text);
  }
  free(s->entries);
  free(s->metadata);
  gr_bytes_finish(&s->file);
  *s = (gr_safetensors){0};
}

// ---- the header ----

static gr_code no_memory(const gr_safetensors *s, gr_err *err) {
  return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", s->path);
}

static gr_code bad_tensor(const gr_safetensors *s, const gr_safetensor *e, const char *what, gr_err *err) {
  return gr_fail(err, GR_ERR_FORMAT, "%s: %.120s: %s: the file is damaged", s->path, e->name, what);
}

// A whole number from 0 that a double holds exactly.
static bool whole(int64_t *out, const gr_json *value) {
  double v = value && gr_json_kind_of(value) == GR_JSON_NUMBER ? gr_json_number(value) : -1;
  if (!(v >= 0 && v <= MOST_EXACT)) return false;
  *out = (int64_t)v;
  return (double)*out == v;
}

static gr_code set_dtype(gr_safetensor *e, const gr_safetensors *s, const gr_json *value, gr_err *err) {
  const char *name = gr_json_text(value);
  for (size_t i = 0; i < N_DTYPES; i++)
    if (strcmp(dtypes[i].name, name) == 0) {
      e->number = dtypes[i].number;
      return GR_OK;
    }
  return gr_fail(err, GR_ERR_FORMAT,
                 "%s: %.120s: numbers of dtype \"%.20s\" are not read; those that are: F64, F32, F16, BF16, "
                 "I64, I32, I16, I8, U64, U32, U16, U8, BOOL. Save it again from Python in one of these, as "
                 "with tensor.float()",
                 s->path, e->name, name);
}

static gr_code set_shape(gr_safetensor *e, const gr_safetensors *s, const gr_json *value, gr_err *err) {
  if (gr_json_kind_of(value) != GR_JSON_ARRAY) return bad_tensor(s, e, "its shape is no list", err);
  for (const gr_json *size = gr_json_first(value); size; size = gr_json_next(size)) {
    if (e->ndim == GR_MAX_DIMS)
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: %.120s has more than %d axes, which is the most a tensor has here", s->path,
                     e->name, GR_MAX_DIMS);
    if (!whole(&e->shape[e->ndim++], size))
      return bad_tensor(s, e, "its shape is not made of whole numbers", err);
  }
  return GR_OK;
}

static gr_code set_offsets(gr_safetensor *e, const gr_safetensors *s, const gr_json *value, gr_err *err) {
  int64_t begin = 0, end = 0;
  const gr_json *first = gr_json_kind_of(value) == GR_JSON_ARRAY ? gr_json_first(value) : NULL;
  const gr_json *second = first ? gr_json_next(first) : NULL;
  if (!whole(&begin, first) || !whole(&end, second) || gr_json_next(second))
    return bad_tensor(s, e, "its data_offsets are not two whole numbers", err);
  if (begin > end) return bad_tensor(s, e, "its data_offsets end before they begin", err);
  size_t held = s->file.size - s->start;
  if ((uint64_t)end > held)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: %.120s: its numbers should end at byte %" PRId64
                   ", and the file holds %zu bytes of numbers: it is truncated; copy or save it again",
                   s->path, e->name, end, held);
  e->begin = (size_t)begin;
  e->end = (size_t)end;
  return GR_OK;
}

static gr_code check_size(const gr_safetensor *e, const gr_safetensors *s, gr_err *err) {
  gr_tensor t;
  gr_err inner;
  char shape[GR_SHAPE_TEXT];
  size_t wanted, held = e->end - e->begin;
  // In the dtype it arrives in, then in the one it is stored in: both must be sizes that exist.
  if (gr_tensor_layout(&t, gr_number_dtype(e->number), e->ndim, e->shape, &inner))
    return bad_tensor(s, e, inner.text, err);
  if (__builtin_mul_overflow((size_t)gr_tensor_size(&t), gr_number_size(e->number), &wanted) ||
      wanted != held)
    return gr_fail(
        err, GR_ERR_FORMAT,
        "%s: %.120s: shape %s of %s does not take the %zu bytes that its data_offsets span: the file "
        "is damaged",
        s->path, e->name, gr_shape_text(shape, e->ndim, e->shape), gr_number_name(e->number), held);
  return GR_OK;
}

static gr_code read_tensor(gr_safetensor *e, const gr_safetensors *s, const gr_json *value, gr_err *err) {
  e->name = strdup(gr_json_key(value));
  if (!e->name) return no_memory(s, err);
  if (gr_json_kind_of(value) != GR_JSON_OBJECT)
    return bad_tensor(s, e, "what the header says of it is no {...}", err);
  bool has_dtype = false, has_shape = false, has_offsets = false;
  for (const gr_json *field = gr_json_first(value); field; field = gr_json_next(field)) {
    const char *key = gr_json_key(field);
    bool *seen, offsets = strcmp(key, "data_offsets") == 0, shape = strcmp(key, "shape") == 0;
    if (!offsets && !shape && strcmp(key, "dtype") != 0) continue;
    seen = offsets ? &has_offsets : shape ? &has_shape : &has_dtype;
    if (*seen) return bad_tensor(s, e, "dtype, shape or data_offsets comes twice", err);
    *seen = true;
    gr_code code = offsets ? set_offsets(e, s, field, err)
                   : shape ? set_shape(e, s, field, err)
                           : set_dtype(e, s, field, err);
    if (code) return code;
  }
  if (!has_dtype || !has_shape || !has_offsets)
    return bad_tensor(s, e, "dtype, shape or data_offsets is missing", err);
  return check_size(e, s, err);
}

static gr_code read_metadata(gr_safetensors *s, const gr_json *value, gr_err *err) {
  if (s->metadata)
    return gr_fail(err, GR_ERR_FORMAT, "%s: __metadata__ comes twice: the file is damaged", s->path);
  if (gr_json_kind_of(value) != GR_JSON_OBJECT)
    return gr_fail(err, GR_ERR_FORMAT, "%s: __metadata__ is no {...}: the file is damaged", s->path);
  s->metadata = calloc(gr_json_count(value) + 1, sizeof *s->metadata);
  if (!s->metadata) return no_memory(s, err);
  for (const gr_json *each = gr_json_first(value); each; each = gr_json_next(each)) {
    if (gr_json_kind_of(each) != GR_JSON_STRING)
      return gr_fail(err, GR_ERR_FORMAT, "%s: __metadata__: %.100s is no text: the file is damaged", s->path,
                     gr_json_key(each));
    gr_pair *pair = &s->metadata[s->n_metadata++];
    pair->key = strdup(gr_json_key(each));
    pair->text = strdup(gr_json_text(each));
    if (!pair->key || !pair->text) return no_memory(s, err);
  }
  return GR_OK;
}

static int by_place(const void *a, const void *b) {
  const gr_safetensor *x = *(const gr_safetensor *const *)a, *y = *(const gr_safetensor *const *)b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

// One after the other, from the first byte of the numbers to the last.
static gr_code check_places(const gr_safetensors *s, const gr_safetensor **sorted, gr_err *err) {
  size_t at = 0, held = s->file.size - s->start;
  for (size_t i = 0; i < s->n; i++) sorted[i] = &s->entries[i];
  qsort(sorted, s->n, sizeof *sorted, by_place);
  for (size_t i = 0; i < s->n; i++) {
    if (sorted[i]->begin < at)
      return gr_fail(err, GR_ERR_FORMAT, "%s: the numbers of %.100s and %.100s overlap: the file is damaged",
                     s->path, sorted[i - 1]->name, sorted[i]->name);
    if (sorted[i]->begin > at)
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: %zu bytes before %.100s belong to no tensor: the file is damaged", s->path,
                     sorted[i]->begin - at, sorted[i]->name);
    at = sorted[i]->end;
  }
  if (at == held) return GR_OK;
  return gr_fail(err, GR_ERR_FORMAT, "%s: the last %zu bytes belong to no tensor: the file is damaged",
                 s->path, held - at);
}

static gr_code check_all(const gr_safetensors *s, gr_err *err) {
  const void **sorted = malloc((s->n ? s->n : 1) * sizeof *sorted);
  if (!sorted) return no_memory(s, err);
  gr_code code = check_places(s, (const gr_safetensor **)sorted, err);
  if (!code) {
    for (size_t i = 0; i < s->n; i++) sorted[i] = s->entries[i].name;
    const char *twice = gr_name_twice((const char **)sorted, s->n);
    if (twice)
      code = gr_fail(err, GR_ERR_FORMAT, "%s: two tensors are named \"%.100s\": the file is damaged", s->path,
                     twice);
  }
  free(sorted);
  return code;
}

static gr_code read_header(gr_safetensors *s, const gr_json *root, gr_err *err) {
  if (gr_json_kind_of(root) != GR_JSON_OBJECT)
    return gr_fail(err, GR_ERR_FORMAT, "%s: its header is no {...}: the file is damaged", s->path);
  s->entries = calloc(gr_json_count(root) + 1, sizeof *s->entries);
  if (!s->entries) return no_memory(s, err);
  for (const gr_json *each = gr_json_first(root); each; each = gr_json_next(each)) {
    gr_code code = strcmp(gr_json_key(each), "__metadata__") == 0
                       ? read_metadata(s, each, err)
                       : read_tensor(&s->entries[s->n++], s, each, err);
    if (code) return code;
  }
  return check_all(s, err);
}

static gr_code open_file(gr_safetensors *s, gr_err *err) {
  if (s->file.size < PREFIX + 2)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: truncated: a .safetensors file has at least %d bytes, and this one ends after %zu",
                   s->path, PREFIX + 2, s->file.size);
  uint64_t length = u64(s->file.data);
  if (length > MOST_HEADER)
    return gr_fail(
        err, GR_ERR_FORMAT,
        "%s: its first 8 bytes say that the header has %" PRIu64
        " bytes, and no header of a .safetensors file has more than %zu: it is another kind of file, or "
        "damaged",
        s->path, length, MOST_HEADER);
  if (length > s->file.size - PREFIX)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: truncated: its header should have %" PRIu64
                   " bytes, and the file ends after %zu of them",
                   s->path, length, s->file.size - PREFIX);
  s->start = PREFIX + (size_t)length;
  char what[300];
  snprintf(what, sizeof what, "%s: its header", s->path);
  gr_json *root;
  if (gr_json_parse(&root, (const char *)s->file.data + PREFIX, (size_t)length, what, err)) return err->code;
  gr_code code = read_header(s, root, err);
  gr_json_free(root);
  return code;
}

gr_code gr_safetensors_open(gr_safetensors *out, gr_bytes *file, const char *path, gr_err *err) {
  *out = (gr_safetensors){.file = *file};
  *file = (gr_bytes){0};
  snprintf(out->path, sizeof out->path, "%s", path);
  gr_code code = open_file(out, err);
  if (code) gr_safetensors_close(out);
  return code;
}

gr_code gr_safetensors_tensor(gr_tensor *out, const gr_safetensors *s, size_t i, gr_err *err) {
  const gr_safetensor *e = &s->entries[i];
  char name[400];
  gr_tensor t;
  *out = (gr_tensor){0};
  snprintf(name, sizeof name, "%s: %.120s", s->path, e->name);
  if (gr_tensor_init(&t, gr_number_dtype(e->number), e->ndim, e->shape, err)) return err->code;
  const uint8_t *bytes = s->file.data + s->start + e->begin;
  gr_code code = gr_convert_numbers(t.data, bytes, gr_tensor_size(&t), e->number, false, name, err);
  if (code)
    gr_tensor_finish(&t);
  else
    *out = t;
  return code;
}

// ---- writing ----

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the numbers are written as they lie in memory");

static void append_quoted(gr_str *s, const char *text) {
  gr_str_append(s, "\"");
  for (const char *p = text; *p; p++) {
    if (*p == '"' || *p == '\\')
      gr_str_format(s, "\\%c", *p);
    else if ((unsigned char)*p < 0x20)
      gr_str_format(s, "\\u%04x", (unsigned)*p);
    else
      gr_str_append_n(s, p, 1);
  }
  gr_str_append(s, "\"");
}

static void append_tensor(gr_str *s, const gr_named *item, size_t at) {
  static const char *const names[GR_N_DTYPES] = {
      [GR_F64] = "F64", [GR_F32] = "F32", [GR_I64] = "I64", [GR_U8] = "U8", [GR_BOOL] = "BOOL"};
  const gr_tensor *t = &item->tensor;
  gr_str_append(s, s->length > PREFIX + 1 ? "," : "");
  append_quoted(s, item->name);
  gr_str_format(s, ":{\"dtype\":\"%s\",\"shape\":[", names[t->dtype]);
  for (int i = 0; i < t->ndim; i++) gr_str_format(s, i ? ",%" PRId64 : "%" PRId64, t->shape[i]);
  gr_str_format(s, "],\"data_offsets\":[%zu,%zu]}", at, at + gr_tensor_bytes(t));
}

// The header into `s` and the tensors' bytes into `pieces`, in one order.
static void lay_out(gr_str *s, gr_piece *pieces, const gr_named_list *tensors, const gr_pair *metadata,
                    size_t n_metadata) {
  gr_str_append_char(s, '\0', PREFIX);
  gr_str_append(s, "{");
  if (n_metadata) gr_str_append(s, "\"__metadata__\":{");
  for (size_t i = 0; i < n_metadata; i++) {
    gr_str_append(s, i ? "," : "");
    append_quoted(s, metadata[i].key);
    gr_str_append(s, ":");
    append_quoted(s, metadata[i].text);
  }
  if (n_metadata) gr_str_append(s, "}");
  size_t at = 0;
  for (size_t width = 8; width; width /= 2)
    for (size_t i = 0; i < tensors->n; i++) {
      const gr_tensor *t = &tensors->items[i].tensor;
      if (gr_dtype_size((gr_dtype)t->dtype) != width) continue;
      append_tensor(s, &tensors->items[i], at);
      *pieces++ = (gr_piece){t->data, gr_tensor_bytes(t)};
      at += gr_tensor_bytes(t);
    }
  gr_str_append(s, "}");
  gr_str_append_char(s, ' ', (8 - s->length % 8) % 8);  // the numbers begin at a multiple of 8 bytes
}

gr_code gr_safetensors_write(const char *path, const gr_named_list *tensors, const gr_pair *metadata,
                             size_t n_metadata, gr_err *err) {
  for (size_t i = 0; i < tensors->n; i++)
    if (strcmp(tensors->items[i].name, "__metadata__") == 0)
      return gr_fail(err, GR_ERR_VALUE,
                     "\"%.200s\": no tensor may be named __metadata__, which holds the texts", path);
  gr_piece *pieces = malloc((tensors->n + 1) * sizeof *pieces);
  if (!pieces) return gr_fail(err, GR_ERR_MEMORY, "\"%.200s\": out of memory", path);
  gr_str header = {0};
  lay_out(&header, pieces + 1, tensors, metadata, n_metadata);
  gr_code code = gr_str_check(&header, err);
  size_t length = header.length - PREFIX;
  if (!code && length > MOST_HEADER)
    code = gr_fail(err, GR_ERR_VALUE,
                   "\"%.200s\": names and texts of %zu bytes are more than the %zu that a "
                   "header may have",
                   path, length, MOST_HEADER);
  if (!code) {
    for (int i = 0; i < PREFIX; i++) header.text[i] = (char)(length >> 8 * i & 0xff);
    pieces[0] = (gr_piece){header.text, header.length};
    code = gr_file_write(path, pieces, (int)tensors->n + 1, err);
  }
  gr_str_finish(&header);
  free(pieces);
  return code;
}
