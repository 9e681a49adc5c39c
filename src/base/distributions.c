// How RandomState draws: each algorithm from its paper, in the order of draws and of roundings that fixes the
// stream. Compiled, as random.c, with -ffp-contract=off.
#include "base/distributions.h"

#include <math.h>

// ---- straight transformations ----

void gr_draw_uniform(gr_random *r, double *out, int64_t n, double low, double high) {
  double range = high - low;
  gr_random_doubles(r, out, n);
  for (int64_t i = 0; i < n; i++) out[i] = low + range * out[i];
}

void gr_draw_normal(gr_random *r, double *out, int64_t n, double mean, double deviation) {
  gr_random_gausses(r, out, n);
  for (int64_t i = 0; i < n; i++) out[i] = mean + deviation * out[i];
}

static double standard_exponential(gr_random *r) { return -log(1.0 - gr_random_double(r)); }

void gr_draw_exponential(gr_random *r, double *out, int64_t n, double scale, double unused) {
  (void)unused;
  gr_random_doubles(r, out, n);
  for (int64_t i = 0; i < n; i++) out[i] = scale * -log(1.0 - out[i]);
}

void gr_draw_laplace(gr_random *r, double *out, int64_t n, double location, double scale) {
  for (int64_t i = 0; i < n; i++) {
    double u;
    do u = gr_random_double(r);
    while (u == 0);  // its logarithm is infinite
    out[i] = u >= 0.5 ? location - scale * log(2.0 - u - u) : location + scale * log(u + u);
  }
}

// ---- gamma and beta ----

// shape > 1: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM Transactions
// on Mathematical Software 26 (2000). shape < 1: J. H. Ahrens and U. Dieter, "Computer methods for sampling
// from gamma, beta, Poisson and binomial distributions", Computing 12 (1974), algorithm GS.
static double standard_gamma(gr_random *r, double shape) {
  if (shape == 1.0) return standard_exponential(r);
  if (shape == 0.0) return 0.0;
  if (shape < 1.0) {
    for (;;) {
      double u = gr_random_double(r), v = standard_exponential(r);
      if (u <= 1.0 - shape) {
        double x = pow(u, 1. / shape);
        if (x <= v) return x;
      } else {
        double y = -log((1 - u) / shape), x = pow(1.0 - shape + shape * y, 1. / shape);
        if (x <= v + y) return x;
      }
    }
  }
  double b = shape - 1. / 3., c = 1. / sqrt(9 * b);
  for (;;) {
    double x, v;
    do {
      x = gr_random_gauss(r);
      v = 1.0 + c * x;
    } while (v <= 0.0);
    v = v * v * v;
    double u = gr_random_double(r);
    if (u < 1.0 - 0.0331 * (x * x) * (x * x)) return b * v;
    if (log(u) < 0.5 * x * x + b * (1. - v + log(v))) return b * v;
  }
}

void gr_draw_gamma(gr_random *r, double *out, int64_t n, double shape, double scale) {
  for (int64_t i = 0; i < n; i++) out[i] = scale * standard_gamma(r, shape);
}

// a and b <= 1: M. D. Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", Metrika 8
// (1964); where both powers vanish, their logarithms still tell the share. Otherwise from two gammas.
static double beta(gr_random *r, double a, double b) {
  if (a > 1.0 || b > 1.0) {
    double x = standard_gamma(r, a), y = standard_gamma(r, b);
    return x / (x + y);
  }
  for (;;) {
    double u = gr_random_double(r), v = gr_random_double(r);
    double x = pow(u, 1.0 / a), y = pow(v, 1.0 / b), sum = x + y;
    if (sum > 1.0 || u + v == 0.0) continue;
    if (sum > 0) return x / sum;
    double log_x = log(u) / a, log_y = log(v) / b, larger = log_x > log_y ? log_x : log_y;
    log_x -= larger;
    log_y -= larger;
    return exp(log_x - log(exp(log_x) + exp(log_y)));
  }
}

void gr_draw_beta(gr_random *r, double *out, int64_t n, double a, double b) {
  for (int64_t i = 0; i < n; i++) out[i] = beta(r, a, b);
}

// ---- binomial ----

// What both methods need of n and p, for p <= 1/2.
typedef struct binomial {
  int64_t n;
  double p, q;
  // inversion
  double q_to_n;
  int64_t bound;
  // BTPE: the mode, and the regions under the hat
  int64_t mode;
  double variance, x_mode, x_left, x_right, c, lambda_left, lambda_right, p1, p2, p3, p4;
} binomial;

static void set_up_inversion(binomial *b) {
  double np = (double)b->n * b->p, ten_deviations = np + 10.0 * sqrt(np * b->q + 1);
  b->q_to_n = exp((double)b->n * log(b->q));
  b->bound = (int64_t)fmin((double)b->n, ten_deviations);
}

// The smallest x whose distribution function reaches u, found by adding up probabilities from 0. Beyond ten
// deviations only rounding is left: another u is drawn.
static int64_t draw_by_inversion(gr_random *r, const binomial *b) {
  for (;;) {
    double u = gr_random_double(r), p_x = b->q_to_n;
    int64_t x = 0;
    while (u > p_x && ++x <= b->bound) {
      u -= p_x;
      p_x = ((double)(b->n - x + 1) * b->p * p_x) / ((double)x * b->q);
    }
    if (x <= b->bound) return x;
  }
}

// V. Kachitvichyanukul and B. W. Schmeiser, "Binomial random variate generation", Communications of the ACM
// 31 (1988), algorithm BTPE. The letters are the paper's, as are the steps below.
static void set_up_btpe(binomial *b) {
  double n = (double)b->n, r = b->p, q = b->q, f_mode = n * r + r;
  b->mode = (int64_t)floor(f_mode);
  b->variance = n * r * q;
  b->p1 = floor(2.195 * sqrt(b->variance) - 4.6 * q) + 0.5;
  b->x_mode = (double)b->mode + 0.5;
  b->x_left = b->x_mode - b->p1;
  b->x_right = b->x_mode + b->p1;
  b->c = 0.134 + 20.5 / (15.3 + (double)b->mode);
  double a = (f_mode - b->x_left) / (f_mode - b->x_left * r);
  b->lambda_left = a * (1.0 + a / 2.0);
  a = (b->x_right - f_mode) / (b->x_right * q);
  b->lambda_right = a * (1.0 + a / 2.0);
  b->p2 = b->p1 * (1.0 + 2.0 * b->c);
  b->p3 = b->p2 + b->c / b->lambda_left;
  b->p4 = b->p3 + b->c / b->lambda_right;
}

// The correction of Stirling's formula, in the paper's form.
static double stirling(double x) {
  double x2 = x * x;
  return (13680. - (462. - (132. - (99. - 140. / x2) / x2) / x2) / x2) / x / 166320.;
}

// Step 5: whether y, drawn under the hat at height v, lies under the probabilities.
static bool btpe_accepts(const binomial *b, int64_t y, double v) {
  int64_t n = b->n, m = b->mode, k = y > m ? y - m : m - y;
  double s = b->p / b->q;
  if (k <= 20 || (double)k >= b->variance / 2.0 - 1) {  // 5.1: f(y) / f(m), by recursion
    double a = s * (double)(n + 1), f = 1.0;
    for (int64_t i = m + 1; i <= y; i++) f *= a / (double)i - s;
    for (int64_t i = y + 1; i <= m; i++) f /= a / (double)i - s;
    return v <= f;
  }
  // 5.2: squeezes around its logarithm
  double dk = (double)k, variance = b->variance;
  double rho = (dk / variance) * ((dk * (dk / 3.0 + 0.625) + 0.16666666666666666) / variance + 0.5);
  double t = -dk * dk / (2 * variance), a = log(v);
  if (a < t - rho) return true;
  if (a > t + rho) return false;
  // 5.3: the logarithm itself
  double x1 = (double)(y + 1), f1 = (double)(m + 1), z = (double)(n + 1 - m), w = (double)(n - y + 1);
  return a <= b->x_mode * log(f1 / x1) + ((double)(n - m) + 0.5) * log(z / w) +
                  (double)(y - m) * log(w * b->p / (x1 * b->q)) + stirling(f1) + stirling(z) + stirling(x1) +
                  stirling(w);
}

static int64_t draw_by_btpe(gr_random *r, const binomial *b) {
  for (;;) {
    double u = gr_random_double(r) * b->p4, v = gr_random_double(r);
    double y;
    if (u <= b->p1) return (int64_t)floor(b->x_mode - b->p1 * v + u);  // 1: the triangle, all accepted
    if (u <= b->p2) {                                                  // 2: the parallelogram
      double x = b->x_left + (u - b->p1) / b->c;
      v = v * b->c + 1.0 - fabs((double)b->mode - x + 0.5) / b->p1;
      if (v > 1.0) continue;
      y = floor(x);
    } else if (v == 0.0) {
      continue;               // no logarithm
    } else if (u <= b->p3) {  // 3: the left tail
      y = floor(b->x_left + log(v) / b->lambda_left);
      if (y < 0) continue;
      v = v * (u - b->p2) * b->lambda_left;
    } else {  // 4: the right tail
      y = floor(b->x_right - log(v) / b->lambda_right);
      if (y > (double)b->n) continue;
      v = v * (u - b->p3) * b->lambda_right;
    }
    if (btpe_accepts(b, (int64_t)y, v)) return (int64_t)y;
  }
}

void gr_draw_binomial(gr_random *r, int64_t *out, int64_t n, double tries, double p) {
  bool mirrored = p > 0.5;
  binomial b = {.n = (int64_t)tries, .p = mirrored ? 1.0 - p : p};
  b.q = 1.0 - b.p;
  bool invert = b.p * tries <= 30.0;
  if (invert)
    set_up_inversion(&b);
  else
    set_up_btpe(&b);
  for (int64_t i = 0; i < n; i++) {
    int64_t x = invert ? draw_by_inversion(r, &b) : draw_by_btpe(r, &b);
    out[i] = mirrored ? b.n - x : x;
  }
}

// ---- Poisson ----

// log((x - 1)!) by Stirling's series, whose coefficients are B(2k) / (2k (2k - 1)); where x is small, from
// x + n by the recursion. The C library's lgamma would round otherwise, and with it some draw would turn out
// otherwise.
static double log_gamma(double x) {
  static const double series[] = {
      8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04,
      8.417508417508418e-04, -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02,
      1.796443723688307e-01, -1.39243221690590e+00,
  };
  if (x == 1.0 || x == 2.0) return 0.0;
  int64_t n = x < 7.0 ? (int64_t)(7.0 - x) : 0;
  double high = x + (double)n, y = (1.0 / high) * (1.0 / high), sum = series[9];
  for (int k = 8; k >= 0; k--) sum = sum * y + series[k];
  double result = sum / high + 0.5 * 1.8378770664093453 + (high - 0.5) * log(high) - high;  // log(2 pi)
  for (int64_t k = 0; k < n; k++) {
    high -= 1.0;
    result -= log(high);
  }
  return result;
}

// Multiplies uniform numbers until the product falls to exp(-rate) (D. E. Knuth, "Seminumerical algorithms",
// 3.4.1).
static int64_t draw_by_multiplication(gr_random *r, double least) {
  double product = 1.0;
  for (int64_t count = 0;; count++) {
    product *= gr_random_double(r);
    if (product <= least) return count;
  }
}

// W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance:
// Mathematics and Economics 12 (1993), algorithm PTRS, for rates of 10 and more.
static void draw_by_ptrs(gr_random *r, int64_t *out, int64_t n, double rate) {
  double log_rate = log(rate), b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b;
  double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  for (int64_t i = 0; i < n;) {
    double u = gr_random_double(r) - 0.5, v = gr_random_double(r), us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + rate + 0.43);
    if (us < 0.07 || v > v_r) {
      if (!(k >= 0 && k < 0x1p63) || (us < 0.013 && v > us)) continue;
      if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) > -rate + k * log_rate - log_gamma(k + 1))
        continue;
    }
    out[i++] = (int64_t)k;
  }
}

void gr_draw_poisson(gr_random *r, int64_t *out, int64_t n, double rate, double unused) {
  (void)unused;
  if (rate >= 10) {
    draw_by_ptrs(r, out, n, rate);
  } else if (rate == 0) {
    for (int64_t i = 0; i < n; i++) out[i] = 0;
  } else {
    double least = exp(-rate);
    for (int64_t i = 0; i < n; i++) out[i] = draw_by_multiplication(r, least);
  }
}
