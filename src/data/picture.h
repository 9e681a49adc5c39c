// Pictures as bytes: one format for every reader and writer of picture files, and what is done to pictures
// while they are loaded.
#ifndef GR_DATA_PICTURE_H
#define GR_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// Rows from the top, pixels from the left, channels side by side: grey (1), grey and alpha (2), RGB (3),
// RGB and alpha (4).
typedef struct gr_picture {
  uint8_t *data;
  int height, width, channels;
} gr_picture;

// More pixels than a camera makes, fewer than would fill a laptop's memory.
#define GR_MAX_PIXELS ((int64_t)1 << 28)

// What the caller is going to do with the picture, so that a reader can spare itself work.
typedef struct gr_picture_wish {
  int height, width;  // it will be made this small: fewer pixels will do, but no fewer than these; 0: all
  bool gray;          // grey is enough
  bool as_stored;     // not turned upright
} gr_picture_wish;

// Fails unless it is between 1x1 and GR_MAX_PIXELS, and `bytes` is what a file of `packed` bytes can hold.
gr_code gr_picture_check_size(int64_t height, int64_t width, int channels, size_t most, const char *name,
                              gr_err *err);
gr_code gr_picture_init(gr_picture *out, int height, int width, int channels, const char *name, gr_err *err);
void gr_picture_finish(gr_picture *p);  // accepts zero bytes

bool gr_is_picture(const uint8_t *data, size_t size);  // PNG or JPEG, by its first bytes
// `wish` may be NULL. A JPEG's EXIF orientation is honoured: the picture stands upright.
gr_code gr_picture_parse(gr_picture *out, const uint8_t *data, size_t size, const gr_picture_wish *wish,
                         const char *name, gr_err *err);
gr_code gr_picture_read(gr_picture *out, const char *path, const gr_picture_wish *wish, gr_err *err);

// All of these work in place.
void gr_picture_flatten(gr_picture *p);  // lays what is transparent on white
void gr_picture_gray(gr_picture *p);     // ITU-R 601: 0.299 R + 0.587 G + 0.114 B, as Pillow and OpenCV
gr_code gr_picture_orient(gr_picture *p, int orientation, const char *name, gr_err *err);  // EXIF's 1..8

// A part of a picture, in pixels that need not be whole.
typedef struct gr_box_part {
  double top, left, height, width;
} gr_box_part;

// The part (NULL: all) of `p` as height x width pixels of `p->channels` at `out`. Each is the mean of the
// area that it covers, fractions of pixels by their share: Pillow's BOX, OpenCV's INTER_AREA. Where it is
// enlarged, pixels repeat.
gr_code gr_picture_shrink(uint8_t *out, int height, int width, const gr_picture *p, const gr_box_part *part,
                          const char *name, gr_err *err);

#endif
