#include "data/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "data/convert.h"
#include "data/rows.h"

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

bool gr_is_npy(const uint8_t *data, size_t size) {
  return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

// ---- the header: just enough Python ----

typedef struct cursor {
  const char *at, *end;
} cursor;

typedef struct header {
  gr_number number;  // how a number is stored
  bool big_endian, fortran;
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  size_t start;  // of the numbers
} header;

static void skip_space(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r')) c->at++;
}

static bool take(cursor *c, char wanted) {
  skip_space(c);
  if (c->at >= c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool take_word(cursor *c, const char *word) {
  size_t n = strlen(word);
  skip_space(c);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return false;
  c->at += n;
  return true;
}

// A quoted string without escapes, which is all that headers hold.
static bool take_string(cursor *c, char *text, size_t room) {
  skip_space(c);
  if (c->at >= c->end || (*c->at != '\'' && *c->at != '"')) return false;
  char quote = *c->at++;
  const char *from = c->at;
  while (c->at < c->end && *c->at != quote) c->at++;
  size_t n = (size_t)(c->at - from);
  if (c->at >= c->end || n >= room) return false;
  memcpy(text, from, n);
  text[n] = '\0';
  c->at++;
  return true;
}

static bool take_size(cursor *c, int64_t *size) {
  skip_space(c);
  if (c->at >= c->end || *c->at < '0' || *c->at > '9') return false;
  for (*size = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, *c->at - '0', size))
      return false;
  if (c->at < c->end && *c->at == 'L') c->at++;  // Python 2 wrote (3L, 4L)
  return true;
}

static gr_code bad_header(const char *name, const char *what, gr_err *err) {
  return gr_fail(err, GR_ERR_FORMAT,
                 "%s: the header of this .npy file cannot be read (%s); expected something like {'descr': "
                 "'<f8', 'fortran_order': False, 'shape': (3, 4), }: the file is damaged",
                 name, what);
}

static gr_code take_shape(header *h, cursor *c, const char *name, gr_err *err) {
  if (!take(c, '(')) return bad_header(name, "its shape is no tuple", err);
  while (!take(c, ')')) {
    int64_t size;
    if (!take_size(c, &size)) return bad_header(name, "its shape is not made of whole numbers", err);
    if (h->ndim == GR_MAX_DIMS)
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: the array has more than %d axes, which is the most a tensor has here", name,
                     GR_MAX_DIMS);
    h->shape[h->ndim++] = size;
    if (!take(c, ',') && (c->at >= c->end || *c->at != ')'))
      return bad_header(name, "its shape does not end", err);
  }
  return GR_OK;
}

// '<f8': byte order, kind, bytes.
static gr_code set_descr(header *h, const char *descr, const char *name, gr_err *err) {
  static const struct {
    const char *code;
    gr_number number;
  } known[] = {{"b1", GR_NUMBER_BOOL}, {"u1", GR_NUMBER_U8},  {"i1", GR_NUMBER_I8},  {"u2", GR_NUMBER_U16},
               {"i2", GR_NUMBER_I16},  {"u4", GR_NUMBER_U32}, {"i4", GR_NUMBER_I32}, {"u8", GR_NUMBER_U64},
               {"i8", GR_NUMBER_I64},  {"f2", GR_NUMBER_F16}, {"f4", GR_NUMBER_F32}, {"f8", GR_NUMBER_F64}};
  const char *code = descr + (*descr && strchr("<>|=", *descr) ? 1 : 0);
  h->big_endian = *descr == '>';
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(code, known[i].code) == 0) {
      h->number = known[i].number;
      return GR_OK;
    }
  switch (*code) {
    case 'O':
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: this is an object array (dtype '%s'): Python objects, pickled, not numbers. "
                     "Unpickling runs code from the file, so it is never done here (no allow_pickle). Save "
                     "it again in Python with a numeric dtype: np.save(path, np.array(a.tolist(), "
                     "dtype=\"float32\")); rows of different lengths must be padded or cut first",
                     name, descr);
    case 'U':
    case 'S':
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: this array holds texts (dtype '%s'), and a tensor holds numbers. Save their "
                     "numbers from Python: names, y = np.unique(a, return_inverse=True); np.save(path, y)",
                     name, descr);
    case 'c':
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: complex numbers (dtype '%s') are not read. Save the parts as two arrays: a.real "
                     "and a.imag",
                     name, descr);
    case 'V':
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: this is a structured array (dtype '%s'). Save each field as an array of its own: "
                     "np.save(path, a[\"field\"])",
                     name, descr);
    default:
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: numbers of dtype '%s' are not read; those that are: bool, int8..int64, "
                     "uint8..uint64, float16..float64. Save it again from Python: np.save(path, "
                     "a.astype(\"float64\"))",
                     name, descr);
  }
}

static gr_code parse_dictionary(header *h, cursor c, const char *name, gr_err *err) {
  bool has_descr = false, has_order = false, has_shape = false;
  if (!take(&c, '{')) return bad_header(name, "it does not begin with {", err);
  while (!take(&c, '}')) {
    char key[24], descr[64];
    if (!take_string(&c, key, sizeof key) || !take(&c, ':')) return bad_header(name, "a key is missing", err);
    gr_code code = GR_OK;
    bool *seen;
    if (strcmp(key, "descr") == 0) {
      seen = &has_descr;
      if (take(&c, '['))  // a list of fields
        code = set_descr(h, "V", name, err);
      else if (take_string(&c, descr, sizeof descr))
        code = set_descr(h, descr, name, err);
      else
        code = bad_header(name, "its descr is no text", err);
    } else if (strcmp(key, "fortran_order") == 0) {
      seen = &has_order;
      h->fortran = take_word(&c, "True");
      if (!h->fortran && !take_word(&c, "False"))
        code = bad_header(name, "fortran_order is not True or False", err);
    } else if (strcmp(key, "shape") == 0) {
      seen = &has_shape;
      code = *seen ? GR_OK : take_shape(h, &c, name, err);
    } else {
      return bad_header(name, "it has a key other than descr, fortran_order and shape", err);
    }
    if (code) return code;
    if (*seen) return bad_header(name, "a key comes twice", err);
    *seen = true;
    if (!take(&c, ',') && (c.at >= c.end || *c.at != '}')) return bad_header(name, "it does not end", err);
  }
  if (!has_descr || !has_order || !has_shape)
    return bad_header(name, "descr, fortran_order or shape is missing", err);
  return GR_OK;
}

static gr_code parse_header(header *h, const uint8_t *data, size_t size, const char *name, gr_err *err) {
  *h = (header){0};
  if (!gr_is_npy(data, size))
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: not a .npy file: it should begin with the bytes 93 4E 55 4D 50 59 (\\x93NUMPY)",
                   name);
  if (size < 10)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: truncated: a .npy file has at least 10 bytes, and this one ends after %zu", name,
                   size);
  int version = data[6];
  if (version < 1 || version > 3)
    return gr_fail(err, GR_ERR_FORMAT, "%s: .npy version %d.%d is unknown; versions 1, 2 and 3 are read",
                   name, version, data[7]);
  size_t prefix = version == 1 ? 10 : 12, length = data[8] | (size_t)data[9] << 8;
  if (version > 1 && size >= prefix) length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
  if (size < prefix || length > size - prefix)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: truncated: its header should have %zu bytes, and the file ends before", name, length);
  h->start = prefix + length;
  const char *text = (const char *)data + prefix;
  return parse_dictionary(h, (cursor){text, text + length}, name, err);
}

// ---- the numbers ----

gr_code gr_npy_parse(gr_tensor *out, const uint8_t *data, size_t size, const char *name, gr_err *err) {
  header h;
  gr_tensor t;
  char shape[GR_SHAPE_TEXT];
  *out = (gr_tensor){0};
  if (parse_header(&h, data, size, name, err)) return err->code;
  gr_err inner;
  if (gr_tensor_layout(&t, gr_number_dtype(h.number), h.ndim, h.shape, &inner))
    return gr_fail(err, GR_ERR_FORMAT, "%s: %s: the file is damaged", name, inner.text);
  size_t held = size - h.start, wanted = (size_t)gr_tensor_size(&t) * gr_number_size(h.number);
  if (held != wanted)
    return gr_fail(err, GR_ERR_FORMAT, "%s: %s: shape %s of %s needs %zu bytes, and the file holds %zu%s",
                   name, held < wanted ? "truncated" : "it holds more than one array",
                   gr_shape_text(shape, h.ndim, h.shape), gr_number_name(h.number), wanted, held,
                   held < wanted ? ": copy or save it again"
                                 : ": save each array to a file of its own, or all with np.savez");
  // In Fortran's order the first axis runs fastest: read as the transposed array, then turn the axes round.
  int64_t stored[GR_MAX_DIMS];
  for (int i = 0; i < h.ndim; i++) stored[i] = h.fortran ? h.shape[h.ndim - 1 - i] : h.shape[i];
  if (gr_tensor_init(&t, gr_number_dtype(h.number), h.ndim, stored, err)) return err->code;
  gr_code code =
      gr_convert_numbers(t.data, data + h.start, gr_tensor_size(&t), h.number, h.big_endian, name, err);
  if (!code && h.fortran && h.ndim > 1) {
    int axes[GR_MAX_DIMS];
    for (int i = 0; i < h.ndim; i++) axes[i] = h.ndim - 1 - i;
    gr_tensor turned, copy;
    code = gr_tensor_view_permute(&turned, &t, axes, err);
    if (!code) code = gr_contiguous(&copy, &turned, err);
    gr_tensor_finish(&t);
    if (!code) t = copy;
  } else if (code) {
    gr_tensor_finish(&t);
  }
  if (!code) *out = t;
  return code;
}

// ---- writing ----

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "gr_npy_header says '<' of this machine's bytes");

size_t gr_npy_header(char out[GR_NPY_HEADER], const gr_tensor *t) {
  static const char *const descr[GR_N_DTYPES] = {
      [GR_F64] = "<f8", [GR_F32] = "<f4", [GR_I64] = "<i8", [GR_U8] = "|u1", [GR_BOOL] = "|b1"};
  char shape[GR_SHAPE_TEXT + 8 * 20];
  int used = 0;
  for (int i = 0; i < t->ndim; i++)
    used += snprintf(shape + used, sizeof shape - (size_t)used, i ? " %" PRId64 "," : "%" PRId64 ",",
                     t->shape[i]);
  if (t->ndim > 1) used--;  // (3, 4) but (3,)
  shape[used] = '\0';
  int n = snprintf(out, GR_NPY_HEADER, "%.6s%c%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                   (const char *)magic, 1, ' ', ' ', ' ', descr[t->dtype], shape);
  // The numbers begin at a multiple of 64 bytes, so that they can be mapped: the header is padded.
  int total = (n + 1 + 63) / 64 * 64;
  memset(out + n, ' ', (size_t)(total - n - 1));
  out[total - 1] = '\n';
  out[7] = 0;
  out[8] = (char)((total - 10) & 0xff);
  out[9] = (char)((total - 10) >> 8);
  return (size_t)total;
}

gr_code gr_npy_write(const char *path, const gr_tensor *t, gr_err *err) {
  char head[GR_NPY_HEADER];
  size_t n = gr_npy_header(head, t);
  gr_tensor whole;
  if (gr_contiguous(&whole, t, err)) return err->code;
  gr_piece pieces[] = {{head, n}, {whole.data, gr_tensor_bytes(&whole)}};
  gr_code code = gr_file_write(path, pieces, 2, err);
  gr_tensor_finish(&whole);
  return code;
}
