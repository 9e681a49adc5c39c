// Made data: points in a plane whose classes a line can or cannot part, as scikit-learn makes them. With the
// same seed moons, circles and blobs are scikit-learn's own points, to the last digits of sine and cosine.
#ifndef GR_DATA_MADE_H
#define GR_DATA_MADE_H

#include <stdint.h>

#include "base/random.h"

// `n` points at x, (n, 2), and their labels at y, in a shuffled order; `noise` is the standard deviation of
// what is added to both coordinates. They fail on an interrupt or without memory only.
gr_code gr_make_moons(double *x, uint8_t *y, int64_t n, double noise, gr_random *r, gr_err *err);
// Two circles around the origin, of radius 1 (label 0) and `factor` (label 1).
gr_code gr_make_circles(double *x, uint8_t *y, int64_t n, double noise, double factor, gr_random *r,
                        gr_err *err);
// `classes` round clouds with this standard deviation, their centres uniform in -10..10.
gr_code gr_make_blobs(double *x, uint8_t *y, int64_t n, int classes, double deviation, gr_random *r,
                      gr_err *err);
// `classes` arms that wind `turns` times around the origin, from radius 0 to 1.
gr_code gr_make_spirals(double *x, uint8_t *y, int64_t n, int classes, double turns, double noise,
                        gr_random *r, gr_err *err);

#endif
