// JPEG through libjpeg-turbo: grey, RGB, CMYK (as RGB), baseline and progressive, turned as EXIF says.
#ifndef GR_DATA_JPEG_H
#define GR_DATA_JPEG_H

#include "data/picture.h"

bool gr_is_jpeg(const uint8_t *data, size_t size);
// A wish for fewer pixels is met while decoding, which then takes a fraction of the time: the picture is
// decoded at 1/2, 1/4 or 1/8 of its size, as long as no side gets smaller than wished.
gr_code gr_jpeg_parse(gr_picture *out, const uint8_t *data, size_t size, const gr_picture_wish *wish,
                      const char *name, gr_err *err);

#endif
