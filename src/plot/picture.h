// Pictures of 8-bit red, green and blue: as characters for a terminal, and as numbers for gnuplot.
#ifndef GR_PLOT_PICTURE_H
#define GR_PLOT_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef struct gr_picture {
  int64_t width, height;
  const uint8_t *rgb;  // height rows of width triples
} gr_picture;

// What the terminal can show.
typedef enum gr_ink { GR_INK_NONE, GR_INK_256, GR_INK_TRUE } gr_ink;

// The picture `columns` characters wide, its proportions kept, each line ended by '\n'. With ink a character
// is two pixels, one above the other (the upper half block in the upper pixel's colour on the lower's), or,
// when the terminal knows `ascii` only, a space on one colour; without, a character of the ramp " .:-=+*#%@",
// from black to white. Pixels are averages over the area they cover.
void gr_picture_blocks(gr_str *out, const gr_picture *picture, int columns, gr_ink ink, bool ascii);

// The picture at another size: `out` holds height * width triples. Each is the mean over the area it covers.
void gr_picture_resize(uint8_t *out, int64_t width, int64_t height, const gr_picture *picture);

// As a matrix for gnuplot, one number a pixel: red * 65536 + green * 256 + blue; the first row first. Each
// pixel is repeated `times` along both axes: gnuplot draws no picture of a single row or column.
void gr_picture_numbers(gr_str *out, const gr_picture *picture, int times);

// The escape sequence that sets the colour of the text that follows, or of its background; nothing for
// GR_INK_NONE.
void gr_ink_set(gr_str *out, gr_ink ink, const uint8_t rgb[3], bool background);

#endif
