// Distributions beyond the uniform and the normal, as NumPy's RandomState draws them (its legacy algorithms,
// frozen at 1.16): the same numbers out of the same stream. Parameters are in range; the caller has looked.
#ifndef GR_BASE_DISTRIBUTIONS_H
#define GR_BASE_DISTRIBUTIONS_H

#include "base/random.h"

// All fill `out` with n draws. The second parameter of those that have one only is not looked at.
typedef void gr_draw_reals(gr_random *r, double *out, int64_t n, double a, double b);
typedef void gr_draw_counts(gr_random *r, int64_t *out, int64_t n, double a, double b);

gr_draw_reals gr_draw_uniform;      // [low, high)
gr_draw_reals gr_draw_normal;       // mean, standard deviation >= 0
gr_draw_reals gr_draw_exponential;  // scale >= 0, the mean
gr_draw_reals gr_draw_laplace;      // location, scale >= 0
gr_draw_reals gr_draw_gamma;        // shape >= 0, scale >= 0
gr_draw_reals gr_draw_beta;         // a > 0, b > 0

// The largest rate of a Poisson distribution whose counts fit into 63 bits: ten deviations below 2^63.
#define GR_MOST_RATE 9.223372006484771e18

gr_draw_counts gr_draw_binomial;  // n tries (a whole number, 0 to 2^53), each with probability 0 <= p <= 1
gr_draw_counts gr_draw_poisson;   // 0 <= rate <= GR_MOST_RATE

#endif
