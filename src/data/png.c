// libpng reports an error by a jump to where setjmp was called. What is jumped over owns nothing: a codec
// holds all there is to free, and only parse and format, below the jump, free it.
#include "data/png.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "base/interrupt.h"
#include "data/file.h"

typedef struct codec {
  png_structp png;
  png_infop info;
  const uint8_t *data;  // what is read ...
  size_t size, at;
  gr_str *text;  // ... or where to is written
  gr_picture picture;
  const char *name;
  gr_err *err;
} codec;

bool gr_is_png(const uint8_t *data, size_t size) { return size >= 4 && memcmp(data, "\x89PNG", 4) == 0; }

static void on_error(png_structp png, png_const_charp message) {
  codec *c = png_get_error_ptr(png);
  gr_fail(c->err, GR_ERR_FORMAT, "%s: not a PNG picture that can be read: %.200s", c->name, message);
  png_longjmp(png, 1);
}

// About colour profiles and the like, which are not looked at.
static void on_warning(png_structp png, png_const_charp message) {}

// ---- reading ----

static void give(png_structp png, png_bytep out, size_t n) {
  codec *c = png_get_io_ptr(png);
  if (n > c->size - c->at) png_error(png, "truncated: it ends too early; copy it again");
  memcpy(out, c->data + c->at, n);
  c->at += n;
}

static gr_code read_steps(codec *c) {
  if (setjmp(png_jmpbuf(c->png))) return c->err->code;
  png_structp png = c->png;
  png_infop info = c->info;
  png_set_read_fn(png, c, give);
  png_set_user_limits(png, 1000000, 1000000);
  png_read_info(png, info);
  int64_t height = png_get_image_height(png, info), width = png_get_image_width(png, info);
  size_t bits = (size_t)png_get_bit_depth(png, info) * png_get_channels(png, info);
  // What is stored: less than what it becomes when its pixels are less than a byte. The file may be one
  // colour.
  size_t packed_row = ((size_t)width * bits + 7) / 8 + 1;
  if (gr_picture_check_size(height, width, 1, SIZE_MAX, c->name, c->err)) return c->err->code;
  if (packed_row * (size_t)height > gr_inflate_bound(c->size))
    return gr_fail(
        c->err, GR_ERR_FORMAT,
        "%s: it declares %dx%d pixels, but a file of %zu bytes cannot hold as many: it is damaged or "
        "truncated",
        c->name, (int)width, (int)height, c->size);
  png_set_expand(png);  // palettes to RGB, 1, 2 and 4 bits to 8, transparent colours to alpha
  png_set_scale_16(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  int channels = png_get_channels(png, info);
  if (gr_picture_init(&c->picture, (int)height, (int)width, channels, c->name, c->err)) return c->err->code;
  size_t row = png_get_rowbytes(png, info);
  for (int pass = 0; pass < passes; pass++)
    for (int64_t y = 0; y < height; y++) {
      if ((y & 63) == 0 && gr_interrupt_poll(c->err)) return c->err->code;
      png_read_row(png, c->picture.data + (size_t)y * row, NULL);
    }
  png_read_end(png, NULL);
  return GR_OK;
}

gr_code gr_png_parse(gr_picture *out, const uint8_t *data, size_t size, const char *name, gr_err *err) {
  codec c = {.data = data, .size = size, .name = name, .err = err};
  *out = (gr_picture){0};
  c.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
  c.info = c.png ? png_create_info_struct(c.png) : NULL;
  gr_code code = c.info ? read_steps(&c) : gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  png_destroy_read_struct(&c.png, &c.info, NULL);
  if (code)
    gr_picture_finish(&c.picture);
  else
    *out = c.picture;
  return code;
}

// ---- writing ----

static void take(png_structp png, png_bytep data, size_t n) {
  codec *c = png_get_io_ptr(png);
  gr_str_append_n(c->text, (const char *)data, n);
}

static void flush(png_structp png) {}

static gr_code write_steps(codec *c) {
  static const int colour_types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                     PNG_COLOR_TYPE_RGB_ALPHA};
  if (setjmp(png_jmpbuf(c->png))) return c->err->code;
  const gr_picture *p = &c->picture;
  png_set_write_fn(c->png, c, take, flush);
  png_set_IHDR(c->png, c->info, (png_uint_32)p->width, (png_uint_32)p->height, 8, colour_types[p->channels],
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(c->png, c->info);
  for (int y = 0; y < p->height; y++) {
    if ((y & 63) == 0 && gr_interrupt_poll(c->err)) return c->err->code;
    png_write_row(c->png, p->data + (size_t)y * (size_t)p->width * (size_t)p->channels);
  }
  png_write_end(c->png, NULL);
  return gr_str_check(c->text, c->err);
}

gr_code gr_png_format(gr_str *out, const gr_picture *p, const char *name, gr_err *err) {
  codec c = {.text = out, .picture = *p, .name = name, .err = err};
  if (p->height < 1 || p->width < 1)
    return gr_fail(err, GR_ERR_SHAPE, "%s: a picture of %dx%d pixels cannot be written", name, p->width,
                   p->height);
  c.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
  c.info = c.png ? png_create_info_struct(c.png) : NULL;
  gr_code code = c.info ? write_steps(&c) : gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  png_destroy_write_struct(&c.png, &c.info);
  return code;
}
