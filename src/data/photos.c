#include "data/photos.h"

#include <math.h>
#include <string.h>

#include "base/interrupt.h"

typedef struct job {
  uint8_t *out;
  gr_photo *photos;
  int height, width, channels;
} job;

static void gray_to_rgb(uint8_t *pixels, size_t n) {
  for (size_t i = n; i-- > 0;) pixels[3 * i] = pixels[3 * i + 1] = pixels[3 * i + 2] = pixels[i];
}

// How far the sides of a picture are from those that the part was measured in.
static double mismatch(double height, double width, const gr_photo *photo) {
  return fabs(log(height / width * photo->of_width / photo->of_height));
}

static gr_code read_part(gr_picture *p, gr_box_part *part, gr_photo *photo, gr_picture_wish *wish) {
  // As many pixels of the whole as leave enough of the part.
  double down = photo->of_height / photo->part.height, across = photo->of_width / photo->part.width;
  wish->height = (int)fmin(ceil(wish->height * down), 1e6);
  wish->width = (int)fmin(ceil(wish->width * across), 1e6);
  if (gr_picture_read(p, photo->path, wish, &photo->err)) return photo->err.code;
  // Some annotate the picture as it is stored, others as it stands upright: the sides tell.
  if (mismatch(p->height, p->width, photo) > 0.02 && mismatch(p->width, p->height, photo) <= 0.02) {
    gr_picture_finish(p);
    wish->as_stored = true;
    if (gr_picture_read(p, photo->path, wish, &photo->err)) return photo->err.code;
  }
  down = p->height / photo->of_height;
  across = p->width / photo->of_width;
  *part = (gr_box_part){photo->part.top * down, photo->part.left * across, photo->part.height * down,
                        photo->part.width * across};
  return GR_OK;
}

static void load(void *context, int i, int thread) {
  job *j = context;
  gr_photo *photo = &j->photos[i];
  gr_picture p = {0};
  gr_box_part part = {0};
  gr_picture_wish wish = {.height = j->height, .width = j->width, .gray = j->channels == 1};
  bool whole = photo->of_height == 0;
  photo->err.code = GR_OK;
  if (gr_interrupt_poll(&photo->err)) return;
  if (whole ? gr_picture_read(&p, photo->path, &wish, &photo->err) : read_part(&p, &part, photo, &wish))
    return;
  if (j->channels == 1)
    gr_picture_gray(&p);
  else
    gr_picture_flatten(&p);
  size_t pixels = (size_t)j->height * (size_t)j->width;
  uint8_t *out = j->out + (size_t)i * pixels * (size_t)j->channels;
  gr_code code =
      gr_picture_shrink(out, j->height, j->width, &p, whole ? NULL : &part, photo->path, &photo->err);
  if (!code && p.channels < j->channels) gray_to_rgb(out, pixels);
  gr_picture_finish(&p);
}

void gr_photos_load(uint8_t *out, gr_photo *photos, int n, int height, int width, int channels,
                    gr_pool *pool) {
  job j = {out, photos, height, width, channels};
  gr_pool_run(pool, n, load, &j);
}
