#include "data/idx.h"

#include "data/convert.h"

static bool type_of(gr_number *number, uint8_t type) {
  switch (type) {
    case 0x08: *number = GR_NUMBER_U8; return true;
    case 0x09: *number = GR_NUMBER_I8; return true;
    case 0x0B: *number = GR_NUMBER_I16; return true;
    case 0x0C: *number = GR_NUMBER_I32; return true;
    case 0x0D: *number = GR_NUMBER_F32; return true;
    case 0x0E: *number = GR_NUMBER_F64; return true;
    default: return false;
  }
}

bool gr_is_idx(const uint8_t *data, size_t size) {
  gr_number number;
  return size >= 4 && data[0] == 0 && data[1] == 0 && type_of(&number, data[2]) && data[3] > 0;
}

static gr_code parse_header(gr_tensor *t, gr_number *number, size_t *start, const uint8_t *data, size_t size,
                            const char *name, gr_err *err) {
  if (!gr_is_idx(data, size) || !type_of(number, data[2]))
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: not an IDX file: it should begin with 0, 0, a type (8, 9, 11..14) and a number of "
                   "axes",
                   name);
  int ndim = data[3];
  if (ndim > GR_MAX_DIMS)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: an IDX file of %d axes; a tensor has at most %d: the file is damaged", name, ndim,
                   GR_MAX_DIMS);
  *start = 4 + 4 * (size_t)ndim;
  if (size < *start)
    return gr_fail(err, GR_ERR_FORMAT, "%s: truncated: its header should have %zu bytes, and there are %zu",
                   name, *start, size);
  int64_t shape[GR_MAX_DIMS];
  for (int i = 0; i < ndim; i++) {
    const uint8_t *p = data + 4 + 4 * i;
    shape[i] = (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
  }
  gr_err inner;
  if (gr_tensor_layout(t, gr_number_dtype(*number), ndim, shape, &inner))
    return gr_fail(err, GR_ERR_FORMAT, "%s: %s: the file is damaged", name, inner.text);
  return GR_OK;
}

gr_code gr_idx_size(size_t *total, const uint8_t *data, size_t size, const char *name, gr_err *err) {
  gr_tensor t;
  gr_number number;
  size_t start;
  if (parse_header(&t, &number, &start, data, size, name, err)) return err->code;
  *total = start + (size_t)gr_tensor_size(&t) * gr_number_size(number);
  return GR_OK;
}

gr_code gr_idx_parse(gr_tensor *out, const uint8_t *data, size_t size, const char *name, gr_err *err) {
  gr_tensor t;
  gr_number number;
  size_t start;
  *out = (gr_tensor){0};
  if (parse_header(&t, &number, &start, data, size, name, err)) return err->code;
  size_t wanted = (size_t)gr_tensor_size(&t) * gr_number_size(number), held = size - start;
  char shape[GR_SHAPE_TEXT];
  if (held != wanted)
    return gr_fail(err, GR_ERR_FORMAT, "%s: %s: shape %s of %s needs %zu bytes, and the file holds %zu", name,
                   held < wanted ? "truncated" : "damaged", gr_shape_text(shape, t.ndim, t.shape),
                   gr_number_name(number), wanted, held);
  if (gr_tensor_init(&t, t.dtype, t.ndim, t.shape, err)) return err->code;
  gr_code code = gr_convert_numbers(t.data, data + start, gr_tensor_size(&t), number, true, name, err);
  if (code)
    gr_tensor_finish(&t);
  else
    *out = t;
  return code;
}
