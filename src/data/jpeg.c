// libjpeg reports an error by a function that may not return: it jumps to where setjmp was called. What is
// jumped over owns nothing: a decoder holds all there is to free, and only gr_jpeg_parse, below the jump,
// frees it.
#include "data/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/interrupt.h"
#include "base/mem.h"

typedef struct decoder {
  struct jpeg_error_mgr errors;  // first: libjpeg knows it by this address
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  struct jpeg_decompress_struct info;
  const gr_picture_wish *wish;
  gr_picture picture;
  uint8_t *row;  // of CMYK
  int orientation;
  const char *name;
  gr_err *err;
} decoder;

// A progressive file of a few bytes a scan could make us go through the whole picture again and again.
#define MOST_SCANS 100

bool gr_is_jpeg(const uint8_t *data, size_t size) {
  return size >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;
}

static void on_error(j_common_ptr info) {
  decoder *d = (decoder *)info->err;
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  gr_fail(d->err, GR_ERR_FORMAT, "%s: not a JPEG picture that can be read: %s", d->name, message);
  longjmp(d->jump, 1);
}

// libjpeg goes on after damage and fills what is missing with grey. A learner should not train on that; what
// else it warns of (odd bytes between segments, an unknown colour transform) is of no consequence.
static void on_message(j_common_ptr info, int level) {
  decoder *d = (decoder *)info->err;
  if (level >= 0) return;
  const char *what;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER: what = "it ends too early, or a part of it is missing"; break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_MUST_RESYNC: what = "its data is damaged"; break;
    default: return;
  }
  gr_fail(d->err, GR_ERR_FORMAT, "%s: not a whole JPEG picture: %s: copy it again", d->name, what);
  longjmp(d->jump, 1);
}

static void on_output(j_common_ptr info) {}

static void on_progress(j_common_ptr info) {
  decoder *d = (decoder *)info->err;
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > MOST_SCANS) {
    gr_fail(d->err, GR_ERR_FORMAT, "%s: a JPEG picture of more than %d scans is not read", d->name,
            MOST_SCANS);
    longjmp(d->jump, 1);
  }
  if (gr_interrupt_poll(d->err)) longjmp(d->jump, 1);
}

// ---- EXIF ----

static unsigned number(const uint8_t *p, int bytes, bool big) {
  unsigned v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[big ? i : bytes - 1 - i];
  return v;
}

// Tag 0x0112 of the first directory of the TIFF file that an APP1 segment holds; 1 (upright) when there is
// none.
static int orientation_of(const uint8_t *data, size_t size) {
  if (size < 14 || memcmp(data, "Exif\0\0", 6) != 0) return 1;
  const uint8_t *tiff = data + 6;
  size_t left = size - 6;
  bool big = tiff[0] == 'M';
  if (memcmp(tiff, big ? "MM\0*" : "II*\0", 4) != 0) return 1;
  size_t at = number(tiff + 4, 4, big);
  if (at > left || left - at < 2) return 1;
  size_t entries = number(tiff + at, 2, big);
  at += 2;
  for (size_t i = 0; i < entries && left - at >= 12; i++, at += 12)
    if (number(tiff + at, 2, big) == 0x0112) {
      unsigned v = number(tiff + at + 8, 2, big);
      return v >= 1 && v <= 8 ? (int)v : 1;
    }
  return 1;
}

// ---- decoding ----

// The smallest of 8/8, 4/8, 2/8 and 1/8 that leaves no fewer pixels than wished.
static unsigned eighths(int height, int width, const gr_picture_wish *wish, bool swapped) {
  int h = swapped ? wish->width : wish->height, w = swapped ? wish->height : wish->width;
  unsigned n = 8;
  if (h < 1 || w < 1) return n;
  while (n > 1 && height >= h * (16 / (int)n) && width >= w * (16 / (int)n)) n /= 2;
  return n;
}

// Adobe's programs store ink inverted (255: none), others do not.
static void ink_to_rgb(uint8_t *out, const uint8_t *in, int width, bool inverted) {
  for (int x = 0; x < width; x++, in += 4, out += 3) {
    unsigned black = inverted ? in[3] : 255u - in[3];
    for (int c = 0; c < 3; c++) out[c] = (uint8_t)(((inverted ? in[c] : 255u - in[c]) * black + 127) / 255);
  }
}

static gr_code check_header(decoder *d, size_t size) {
  struct jpeg_decompress_struct *info = &d->info;
  int64_t height = info->image_height, width = info->image_width;
  int channels = info->num_components >= 3 ? 3 : 1;
  // A block of 8x8 numbers takes at least one bit.
  size_t most = size > SIZE_MAX / 2048 ? SIZE_MAX : size * 512;
  if (gr_picture_check_size(height, width, 1, most, d->name, d->err)) return d->err->code;
  // A progressive picture is kept as 2 bytes a coefficient until its last scan is read.
  size_t kept = jpeg_has_multiple_scans(info) ? 2 * (size_t)info->num_components : 0;
  size_t needed = (size_t)height * (size_t)width * (kept + (size_t)channels);
  if (needed > (size_t)16 << 20 && needed > gr_mem_available())
    return gr_fail(d->err, GR_ERR_MEMORY,
                   "%s: a picture of %dx%d pixels takes %zu MB to decode, more than this machine has left",
                   d->name, (int)width, (int)height, needed >> 20);
  return GR_OK;
}

static gr_code decode(decoder *d, const uint8_t *data, size_t size) {
  if (setjmp(d->jump)) return d->err->code;
  struct jpeg_decompress_struct *info = &d->info;
  jpeg_create_decompress(info);
  info->progress = &d->progress;
  jpeg_mem_src(info, data, size);
  jpeg_save_markers(info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(info, TRUE);
  if (check_header(d, size)) return d->err->code;
  for (jpeg_saved_marker_ptr m = info->marker_list;
       m && d->orientation == 1 && !(d->wish && d->wish->as_stored); m = m->next)
    d->orientation = orientation_of(m->data, m->data_length);
  bool ink = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  // Grey of YCbCr is Y, by the same weights: the colours need not be decoded at all.
  bool gray = info->jpeg_color_space == JCS_GRAYSCALE ||
              (d->wish && d->wish->gray && info->jpeg_color_space == JCS_YCbCr);
  info->out_color_space = ink ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
  if (d->wish) {
    info->scale_num = eighths((int)info->image_height, (int)info->image_width, d->wish, d->orientation >= 5);
    info->scale_denom = 8;
  }
  jpeg_start_decompress(info);
  int width = (int)info->output_width;
  if (gr_picture_init(&d->picture, (int)info->output_height, width, gray ? 1 : 3, d->name, d->err))
    return d->err->code;
  void *row = NULL;
  if (ink && gr_alloc(&row, (size_t)width * 4, d->name, d->err)) return d->err->code;
  d->row = row;
  size_t stride = (size_t)width * (size_t)d->picture.channels;
  while (info->output_scanline < info->output_height) {
    if ((info->output_scanline & 63) == 0 && gr_interrupt_poll(d->err)) return d->err->code;
    uint8_t *out = d->picture.data + info->output_scanline * stride;
    JSAMPROW target = ink ? d->row : out;
    jpeg_read_scanlines(info, &target, 1);
    if (ink) ink_to_rgb(out, d->row, width, info->saw_Adobe_marker);
  }
  jpeg_finish_decompress(info);
  return GR_OK;
}

gr_code gr_jpeg_parse(gr_picture *out, const uint8_t *data, size_t size, const gr_picture_wish *wish,
                      const char *name, gr_err *err) {
  decoder d = {.wish = wish, .orientation = 1, .name = name, .err = err};
  *out = (gr_picture){0};
  d.info.err = jpeg_std_error(&d.errors);
  d.errors.error_exit = on_error;
  d.errors.emit_message = on_message;
  d.errors.output_message = on_output;
  d.progress.progress_monitor = on_progress;
  gr_code code = decode(&d, data, size);
  jpeg_destroy_decompress(&d.info);
  gr_free(d.row);
  if (!code) code = gr_picture_orient(&d.picture, d.orientation, name, err);
  if (code)
    gr_picture_finish(&d.picture);
  else
    *out = d.picture;
  return code;
}
