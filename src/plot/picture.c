#include "plot/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Mean colour over the rectangle [x0, x1) x [y0, y1) of the picture, in pixels and fractions of them. Rows,
// then columns, then the three channels; every pixel of the source is read once or, when enlarging, a few
// times.
static void mean_colour(uint8_t out[3], const gr_picture *p, double x0, double x1, double y0, double y1) {
  double sum[3] = {0}, area = 0;
  int64_t last_x = (int64_t)ceil(x1), last_y = (int64_t)ceil(y1);
  if (last_x > p->width) last_x = p->width;
  if (last_y > p->height) last_y = p->height;
  for (int64_t y = (int64_t)y0; y < last_y; y++) {
    double in_y = fmin(y1, (double)(y + 1)) - fmax(y0, (double)y);
    for (int64_t x = (int64_t)x0; x < last_x; x++) {
      double weight = in_y * (fmin(x1, (double)(x + 1)) - fmax(x0, (double)x));
      if (weight <= 1e-9) continue;
      const uint8_t *pixel = p->rgb + 3 * (y * p->width + x);
      for (int c = 0; c < 3; c++) sum[c] += weight * pixel[c];
      area += weight;
    }
  }
  for (int c = 0; c < 3; c++) out[c] = area > 0 ? (uint8_t)(sum[c] / area + 0.5) : 0;
}

void gr_picture_resize(uint8_t *out, int64_t width, int64_t height, const gr_picture *p) {
  double step_x = (double)p->width / (double)width, step_y = (double)p->height / (double)height;
  for (int64_t y = 0; y < height; y++)
    for (int64_t x = 0; x < width; x++)
      mean_colour(out + 3 * (y * width + x), p, (double)x * step_x, (double)(x + 1) * step_x,
                  (double)y * step_y, (double)(y + 1) * step_y);
}

static int grey_of(const uint8_t c[3]) { return (299 * c[0] + 587 * c[1] + 114 * c[2] + 500) / 1000; }

// The nearest of the 256 colours: the 6x6x6 cube or the 24 greys.
static int colour_256(const uint8_t c[3]) {
  static const int level[6] = {0, 95, 135, 175, 215, 255};
  int cube[3], cube_error = 0;
  for (int i = 0; i < 3; i++) {
    int best = 0;
    for (int k = 1; k < 6; k++)
      if (abs(level[k] - c[i]) < abs(level[best] - c[i])) best = k;
    cube[i] = best;
    cube_error += (level[best] - c[i]) * (level[best] - c[i]);
  }
  int step = (grey_of(c) - 8 + 5) / 10;
  step = step < 0 ? 0 : step > 23 ? 23 : step;
  int grey = 8 + 10 * step, grey_error = 0;
  for (int i = 0; i < 3; i++) grey_error += (grey - c[i]) * (grey - c[i]);
  return grey_error < cube_error ? 232 + step : 16 + 36 * cube[0] + 6 * cube[1] + cube[2];
}

void gr_ink_set(gr_str *out, gr_ink ink, const uint8_t rgb[3], bool background) {
  int first = background ? 48 : 38;
  if (ink == GR_INK_TRUE)
    gr_str_format(out, "\033[%d;2;%d;%d;%dm", first, rgb[0], rgb[1], rgb[2]);
  else if (ink == GR_INK_256)
    gr_str_format(out, "\033[%d;5;%dm", first, colour_256(rgb));
}

void gr_picture_blocks(gr_str *out, const gr_picture *p, int columns, gr_ink ink, bool ascii) {
  static const char ramp[] = " .:-=+*#%@";
  if (p->width == 0 || p->height == 0 || columns <= 0) return;
  // A character is about twice as high as wide: a pixel of the text is a square of this many of ours.
  double step = (double)p->width / columns;
  int64_t rows = (int64_t)((double)p->height / step + 0.5);
  if (rows < 1) rows = 1;
  double step_y = (double)p->height / (double)rows;
  for (int64_t row = 0; row < rows; row += 2) {
    uint8_t above[3], below[3], last_above[3] = {0}, last_below[3] = {0};
    bool half = row + 1 >= rows;  // the last line of an odd number has nothing below
    double y = (double)row * step_y, y_mid = y + step_y, y_end = half ? y_mid : y_mid + step_y;
    for (int i = 0; i < columns; i++) {
      double x = i * step, x_end = (i + 1) * step;
      if (ink == GR_INK_NONE) {
        mean_colour(above, p, x, x_end, y, y_end);
        gr_str_append_char(out, ramp[grey_of(above) * 10 / 256], 1);
        continue;
      }
      if (ascii) {
        mean_colour(above, p, x, x_end, y, y_end);
        if (i == 0 || memcmp(above, last_above, 3) != 0) gr_ink_set(out, ink, above, true);
        memcpy(last_above, above, 3);
        gr_str_append_char(out, ' ', 1);
        continue;
      }
      mean_colour(above, p, x, x_end, y, y_mid);
      if (i == 0 || memcmp(above, last_above, 3) != 0) gr_ink_set(out, ink, above, false);
      if (!half) {
        mean_colour(below, p, x, x_end, y_mid, y_end);
        if (i == 0 || memcmp(below, last_below, 3) != 0) gr_ink_set(out, ink, below, true);
        memcpy(last_below, below, 3);
      }
      memcpy(last_above, above, 3);
      gr_str_append(out, "\xe2\x96\x80");  // U+2580, the upper half block
    }
    if (ink != GR_INK_NONE) gr_str_append(out, "\033[0m");
    gr_str_append_char(out, '\n', 1);
  }
}

void gr_picture_numbers(gr_str *out, const gr_picture *p, int times) {
  int64_t width = p->width * times;
  for (int64_t y = 0; y < p->height * times; y++)
    for (int64_t x = 0; x < width; x++) {
      const uint8_t *c = p->rgb + 3 * (y / times * p->width + x / times);
      gr_str_format(out, x + 1 < width ? "%d " : "%d\n", c[0] << 16 | c[1] << 8 | c[2]);
    }
}
