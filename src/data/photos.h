// Many picture files into one tensor of small pictures, on all cores.
#ifndef GR_DATA_PHOTOS_H
#define GR_DATA_PHOTOS_H

#include "base/pool.h"
#include "data/picture.h"

typedef struct gr_photo {
  const char *path;
  gr_err err;  // err.code is GR_OK when it was read
  // The part that is wanted, in pixels of a picture of of_height x of_width, which may be another copy of it,
  // larger or smaller or not yet turned upright. All of it when of_height is 0.
  gr_box_part part;
  double of_height, of_width;
} gr_photo;

// Photo i becomes height x width pixels at out + i * height * width * channels; channels is 1 (grey) or 3
// (RGB). Those that cannot be read leave theirs undefined. After an interrupt the remaining ones fail.
void gr_photos_load(uint8_t *out, gr_photo *photos, int n, int height, int width, int channels,
                    gr_pool *pool);

#endif
