// PNG through libpng: every kind that the format has (grey, palette, RGB, alpha, 1 to 16 bits, interlaced).
#ifndef GR_DATA_PNG_H
#define GR_DATA_PNG_H

#include "base/str.h"
#include "data/picture.h"

bool gr_is_png(const uint8_t *data, size_t size);
// Palettes become RGB, fewer than 8 bits are stretched to 0..255, 16 bits are rounded to 8. With a
// transparent colour or an alpha channel the picture has 2 or 4 channels.
gr_code gr_png_parse(gr_picture *out, const uint8_t *data, size_t size, const char *name, gr_err *err);
// Appends the file to `out`.
gr_code gr_png_format(gr_str *out, const gr_picture *p, const char *name, gr_err *err);

#endif
