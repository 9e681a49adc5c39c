#include "data/made.h"

#include <math.h>
#include <string.h>

#include "base/distributions.h"
#include "base/mem.h"

// Puts the points in the order that scikit-learn's shuffle gives them.
static gr_code shuffle(double *x, uint8_t *y, int64_t n, gr_random *r, gr_err *err) {
  void *block;
  size_t order_bytes = (size_t)n * sizeof(int64_t), x_bytes = (size_t)n * 2 * sizeof(double);
  if (gr_alloc(&block, order_bytes + x_bytes + (size_t)n, "the order of the points", err)) return err->code;
  int64_t *order = block;
  double *old_x = (double *)(order + n);
  uint8_t *old_y = (uint8_t *)(old_x + 2 * n);
  for (int64_t i = 0; i < n; i++) order[i] = i;
  gr_code code = gr_random_shuffle(r, order, n, err);
  if (!code && n > 0) {
    memcpy(old_x, x, x_bytes);
    memcpy(old_y, y, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
      x[2 * i] = old_x[2 * order[i]];
      x[2 * i + 1] = old_x[2 * order[i] + 1];
      y[i] = old_y[order[i]];
    }
  }
  gr_free(block);
  return code;
}

static void add_noise(double *x, int64_t n, double noise, gr_random *r) {
  if (noise > 0)
    for (int64_t i = 0; i < 2 * n; i++) x[i] += 0 + noise * gr_random_gauss(r);
}

// Number i of n from 0 to `last`, as numpy.linspace.
static double spaced(int64_t i, int64_t n, double last) {
  if (n > 1 && i == n - 1) return last;
  return n > 1 ? (double)i * (last / (double)(n - 1)) : 0;
}

gr_code gr_make_moons(double *x, uint8_t *y, int64_t n, double noise, gr_random *r, gr_err *err) {
  int64_t outer = n / 2, inner = n - outer;
  for (int64_t i = 0; i < n; i++) {
    bool in = i >= outer;
    double t = in ? spaced(i - outer, inner, M_PI) : spaced(i, outer, M_PI);
    x[2 * i] = in ? 1 - cos(t) : cos(t);
    x[2 * i + 1] = in ? 1 - sin(t) - 0.5 : sin(t);
    y[i] = in;
  }
  gr_code code = shuffle(x, y, n, r, err);
  if (!code) add_noise(x, n, noise, r);
  return code;
}

gr_code gr_make_circles(double *x, uint8_t *y, int64_t n, double noise, double factor, gr_random *r,
                        gr_err *err) {
  int64_t outer = n / 2, inner = n - outer;
  for (int64_t i = 0; i < n; i++) {
    bool in = i >= outer;
    double t = 2 * M_PI / (double)(in ? inner : outer) * (double)(in ? i - outer : i),
           radius = in ? factor : 1;
    x[2 * i] = cos(t) * radius;
    x[2 * i + 1] = sin(t) * radius;
    y[i] = in;
  }
  gr_code code = shuffle(x, y, n, r, err);
  if (!code) add_noise(x, n, noise, r);
  return code;
}

gr_code gr_make_blobs(double *x, uint8_t *y, int64_t n, int classes, double deviation, gr_random *r,
                      gr_err *err) {
  double centre[2 * 256];
  gr_draw_uniform(r, centre, 2 * classes, -10, 10);
  int64_t at = 0;
  for (int c = 0; c < classes; c++) {
    int64_t count = n / classes + (c < n % classes);
    for (int64_t i = 0; i < count; i++, at++) {
      for (int k = 0; k < 2; k++) x[2 * at + k] = centre[2 * c + k] + deviation * gr_random_gauss(r);
      y[at] = (uint8_t)c;
    }
  }
  return shuffle(x, y, n, r, err);
}

gr_code gr_make_spirals(double *x, uint8_t *y, int64_t n, int classes, double turns, double noise,
                        gr_random *r, gr_err *err) {
  int64_t at = 0;
  for (int c = 0; c < classes; c++) {
    int64_t count = n / classes + (c < n % classes);
    for (int64_t i = 0; i < count; i++, at++) {
      double radius = ((double)i + 0.5) / (double)count;
      double angle = 2 * M_PI * (turns * radius + (double)c / classes);
      x[2 * at] = radius * cos(angle);
      x[2 * at + 1] = radius * sin(angle);
      y[at] = (uint8_t)c;
    }
  }
  gr_code code = shuffle(x, y, n, r, err);
  if (!code) add_noise(x, n, noise, r);
  return code;
}
