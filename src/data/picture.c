#include "data/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "data/file.h"
#include "data/jpeg.h"
#include "data/png.h"

gr_code gr_picture_check_size(int64_t height, int64_t width, int channels, size_t most, const char *name,
                              gr_err *err) {
  if (height < 1 || width < 1)
    return gr_fail(err, GR_ERR_FORMAT, "%s: a picture of %" PRId64 "x%" PRId64 " pixels: the file is damaged",
                   name, width, height);
  if (width > GR_MAX_PIXELS / height)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: a picture of %" PRId64 "x%" PRId64 " pixels; the most that is read is %" PRId64
                   " million pixels: make it smaller, or cut it",
                   name, width, height, GR_MAX_PIXELS / 1000000);
  size_t bytes = (size_t)height * (size_t)width * (size_t)channels;
  if (bytes > most)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: it declares %" PRId64 "x%" PRId64
                   " pixels, %zu bytes, but a file of its size can hold "
                   "%zu at most: it is damaged or truncated",
                   name, width, height, bytes, most);
  return GR_OK;
}

gr_code gr_picture_init(gr_picture *out, int height, int width, int channels, const char *name, gr_err *err) {
  char what[400];
  snprintf(what, sizeof what, "the picture %.300s", name);
  *out = (gr_picture){.height = height, .width = width, .channels = channels};
  void *block;
  if (gr_alloc(&block, (size_t)height * (size_t)width * (size_t)channels, what, err)) return err->code;
  out->data = block;
  return GR_OK;
}

void gr_picture_finish(gr_picture *p) {
  gr_free(p->data);
  *p = (gr_picture){0};
}

bool gr_is_picture(const uint8_t *data, size_t size) {
  return gr_is_png(data, size) || gr_is_jpeg(data, size);
}

gr_code gr_picture_parse(gr_picture *out, const uint8_t *data, size_t size, const gr_picture_wish *wish,
                         const char *name, gr_err *err) {
  *out = (gr_picture){0};
  if (gr_is_png(data, size)) return gr_png_parse(out, data, size, name, err);
  if (gr_is_jpeg(data, size)) return gr_jpeg_parse(out, data, size, wish, name, err);
  static const struct {
    size_t at;
    const char *bytes, *what;
  } others[] = {{0, "GIF8", "a GIF"},
                {0, "BM", "a BMP"},
                {8, "WEBP", "a WebP"},
                {4, "ftyphe", "a HEIC (an iPhone's; it can be set to take JPEGs)"},
                {4, "ftypmif1", "a HEIC (an iPhone's; it can be set to take JPEGs)"},
                {4, "ftypmsf1", "a HEIC (an iPhone's; it can be set to take JPEGs)"},
                {4, "ftypavi", "an AVIF"},
                {4, "ftyp", "a video"},
                {0, "%PDF", "a PDF"},
                {0, "II*", "a TIFF"},
                {0, "MM", "a TIFF"}};
  if (size == 0) return gr_fail(err, GR_ERR_FORMAT, "%s: the file is empty", name);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    size_t n = strlen(others[i].bytes);
    if (size >= others[i].at + n && memcmp(data + others[i].at, others[i].bytes, n) == 0)
      return gr_fail(err, GR_ERR_FORMAT, "%s: it is %s; PNG and JPEG pictures are read: convert it", name,
                     others[i].what);
  }
  return gr_fail(err, GR_ERR_FORMAT, "%s: it is neither a PNG nor a JPEG picture", name);
}

gr_code gr_picture_read(gr_picture *out, const char *path, const gr_picture_wish *wish, gr_err *err) {
  gr_bytes file;
  char name[256];
  *out = (gr_picture){0};
  snprintf(name, sizeof name, "%s", path);
  if (gr_file_read(&file, path, err)) return err->code;
  gr_code code = gr_picture_parse(out, file.data, file.size, wish, name, err);
  gr_bytes_finish(&file);
  return code;
}

// ---- colours ----

void gr_picture_flatten(gr_picture *p) {
  if (p->channels != 2 && p->channels != 4) return;
  int colours = p->channels - 1;
  size_t n = (size_t)p->height * (size_t)p->width;
  const uint8_t *in = p->data;
  uint8_t *out = p->data;
  for (size_t i = 0; i < n; i++, in += p->channels, out += colours) {
    unsigned alpha = in[colours];
    for (int c = 0; c < colours; c++) out[c] = (uint8_t)((in[c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  p->channels = colours;
}

void gr_picture_gray(gr_picture *p) {
  gr_picture_flatten(p);
  if (p->channels != 3) return;
  size_t n = (size_t)p->height * (size_t)p->width;
  const uint8_t *in = p->data;
  // In 16 bits behind the point, as Pillow has it; the weights add up to 1.
  for (size_t i = 0; i < n; i++, in += 3)
    p->data[i] = (uint8_t)((in[0] * 19595u + in[1] * 38470u + in[2] * 7471u + 0x8000) >> 16);
  p->channels = 1;
}

// ---- turning ----

gr_code gr_picture_orient(gr_picture *p, int orientation, const char *name, gr_err *err) {
  if (orientation < 2 || orientation > 8) return GR_OK;
  bool swapped = orientation >= 5;
  gr_picture turned;
  if (gr_picture_init(&turned, swapped ? p->width : p->height, swapped ? p->height : p->width, p->channels,
                      name, err))
    return err->code;
  // EXIF: on which side of the upright picture the file's first row lies, and on which its first column.
  // 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom,
  // 8 left bottom.
  bool last_row = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  bool last_column = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  uint8_t *out = turned.data;
  const size_t channels = (size_t)p->channels;
  for (int y = 0; y < turned.height; y++)
    for (int x = 0; x < turned.width; x++, out += channels) {
      int row = last_row ? turned.height - 1 - y : y, column = last_column ? turned.width - 1 - x : x;
      size_t at = swapped ? (size_t)column * (size_t)p->width + (size_t)row
                          : (size_t)row * (size_t)p->width + (size_t)column;
      memcpy(out, p->data + at * channels, channels);
    }
  gr_picture_finish(p);
  *p = turned;
  return GR_OK;
}

// ---- shrinking ----

// Which pixels lie under each of `n` new ones that divide start .. start + length evenly, and their shares.
// Returns the most that one needs; `weight` has room for `stride` a pixel.
typedef struct span {
  int first, count;
} span;

static void make_spans(span *spans, float *weight, int stride, int n, double start, double length, int size) {
  for (int i = 0; i < n; i++) {
    double from = start + length * i / n, to = start + length * (i + 1) / n;
    if (to - from < 1) {  // enlarged: the pixel under the middle
      from = floor((from + to) / 2);
      to = from + 1;
    }
    if (from < 0) from = 0;
    if (to > size) to = size;
    int first = (int)floor(from), last = (int)ceil(to) - 1;
    if (first > size - 1) first = size - 1;
    if (last < first) last = first;
    if (last > size - 1) last = size - 1;
    if (last - first >= stride) last = first + stride - 1;
    spans[i] = (span){first, last - first + 1};
    double sum = 0;
    for (int k = first; k <= last; k++) {
      double low = k > from ? k : from, high = k + 1 < to ? k + 1 : to;
      weight[i * stride + k - first] = (float)(high > low ? high - low : 0);
      sum += high > low ? high - low : 0;
    }
    for (int k = 0; k < spans[i].count; k++)
      weight[i * stride + k] = sum > 0 ? (float)(weight[i * stride + k] / sum) : 1.0f / (float)spans[i].count;
  }
}

// Rows first, each added with its share to a row of sums (one pass over the picture, contiguous, which the
// compiler makes vectors of), then the columns of that one row.
gr_code gr_picture_shrink(uint8_t *out, int height, int width, const gr_picture *p, const gr_box_part *part,
                          const char *name, gr_err *err) {
  gr_box_part all = {0, 0, p->height, p->width};
  if (!part) part = &all;
  int rows = (int)(part->height / height) + 3, columns = (int)(part->width / width) + 3;
  size_t row_size = (size_t)p->width * (size_t)p->channels;
  size_t floats = (size_t)height * (size_t)rows + (size_t)width * (size_t)columns + row_size;
  void *block;
  if (gr_alloc(&block, floats * sizeof(float) + (size_t)(height + width) * sizeof(span), name, err))
    return err->code;
  float *row_weight = block, *column_weight = row_weight + (size_t)height * (size_t)rows;
  float *sums = column_weight + (size_t)width * (size_t)columns;
  span *row_span = (span *)(sums + row_size), *column_span = row_span + height;
  make_spans(row_span, row_weight, rows, height, part->top, part->height, p->height);
  make_spans(column_span, column_weight, columns, width, part->left, part->width, p->width);
  int channels = p->channels;
  size_t low = (size_t)column_span[0].first * (size_t)channels;
  size_t high = (size_t)(column_span[width - 1].first + column_span[width - 1].count) * (size_t)channels;
  for (int y = 0; y < height; y++) {
    for (int k = 0; k < row_span[y].count; k++) {
      const uint8_t *row = p->data + (size_t)(row_span[y].first + k) * row_size;
      float w = row_weight[y * rows + k];
      if (k == 0)
        for (size_t i = low; i < high; i++) sums[i] = w * (float)row[i];
      else
        for (size_t i = low; i < high; i++) sums[i] += w * (float)row[i];
    }
    for (int x = 0; x < width; x++)
      for (int c = 0; c < channels; c++) {
        float sum = 0.5f;
        const float *from = sums + (size_t)column_span[x].first * (size_t)channels + c;
        for (int k = 0; k < column_span[x].count; k++)
          sum += column_weight[x * columns + k] * from[k * channels];
        *out++ = sum >= 255 ? 255 : (uint8_t)sum;
      }
  }
  gr_free(block);
  return GR_OK;
}
