// Exponential and logarithm and what is made of them, in plain C that compilers vectorise: no branches
// (both sides of a choice are computed), no tables, no conversions between integers and floats.
// Compiled for double and for float; within 2 ulp of the true value everywhere (tests/c/test_elementwise.c).
#ifndef GR_KERNEL_INNER_MATH_H
#define GR_KERNEL_INNER_MATH_H

#include <math.h>

#include "kernel/real.h"

// Adding this number pushes all fraction bits out: (x + SHIFTER) - SHIFTER is x rounded to an integer, and
// the low bits of x + SHIFTER are that integer in two's complement.
#define SHIFTER REAL(0x1.8p52, 0x1.8p23f)
#define LOG2_E REAL(0x1.71547652b82fep0, 0x1.715476p0f)
// ln 2 = LN2_HIGH + LN2_LOW, the high part short enough that its product with an exponent is exact.
#define LN2_HIGH REAL(0x1.62e42feep-1, 0x1.62e4p-1f)
#define LN2_LOW REAL(0x1.a39ef35793c76p-33, 0x1.7f7d1cp-20f)

static inline real nearest(real x) { return (x + SHIFTER) - SHIFTER; }

// 2^k for a whole k of the normal exponents' range.
static inline real power_of_two(real k) {
  return real_of(bits_of(k + (SHIFTER + EXPONENT_BIAS)) << MANTISSA_BITS);
}

// x = k ln 2 + r with |r| <= ln 2 / 2: k is returned, *p is e^r - 1. The Taylor polynomial of degree 13
// (float: 7): the first term left out is below 4e-18 (5e-9), a twentieth of an ulp. r's own rounding error is
// carried along, to first order.
static inline real reduced_exp(real x, real *p) {
  real k = nearest(x * LOG2_E);
  real high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low, rest = (high - r) - low;
#if GR_REAL_BITS == 64
  real q = 1.0 / 6227020800;
  q = q * r + 1.0 / 479001600;
  q = q * r + 1.0 / 39916800;
  q = q * r + 1.0 / 3628800;
  q = q * r + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
#else
  real q = 1.0f / 5040;
#endif
  q = q * r + (real)(1.0 / 720);
  q = q * r + (real)(1.0 / 120);
  q = q * r + (real)(1.0 / 24);
  q = q * r + (real)(1.0 / 6);
  q = q * r + (real)0.5;
  *p = r + (r * r * q + rest);
  return k;
}

// Beyond these e^x is infinite or rounds to 0. NaN passes.
static inline real clipped_for_exp(real x) {
  const real low = REAL(-746.0, -105.0f), high = REAL(710.0, 89.0f);
  x = x < low ? low : x;
  return x > high ? high : x;
}

// 2^k goes on in two factors: k reaches past the range of normal exponents at both ends, and a denormal
// result must be rounded once only.
static inline real exp_of(real x) {
  real p, k = reduced_exp(clipped_for_exp(x), &p);
  real half = nearest(k * (real)0.5);
  return (1 + p) * power_of_two(half) * power_of_two(k - half);
}

// e^x - 1 = 2^k (p + 1) - 1, the 1 subtracted between the two factors of 2^k.
static inline real expm1_of(real x) {
  real p, k = reduced_exp(clipped_for_exp(x), &p);
  real half = nearest(k * (real)0.5), first = power_of_two(half);
  real y = (first * p + (first - power_of_two(half - k))) * power_of_two(k - half);
  return x == 0 ? x : y;  // keeps -0
}

// log m for m = 1 + f in [sqrt(1/2), sqrt(2)): f - f^2/2 + s (f^2/2 + R(s^2)) with s = f / (2 + f). The
// form and the minimax coefficients of R are those of FreeBSD's msun (e_log.c, e_logf.c), by Sun
// Microsystems. Returned is the part after f; `f + rest` is the logarithm.
static inline real log_rest(real f) {
  real s = f / (2 + f), z = s * s, half_square = (real)0.5 * f * f;
#if GR_REAL_BITS == 64
  real r = 1.479819860511658591e-01;
  r = r * z + 1.531383769920937332e-01;
  r = r * z + 1.818357216161805012e-01;
  r = r * z + 2.222219843214978396e-01;
  r = r * z + 2.857142874366239149e-01;
  r = r * z + 3.999999999940941908e-01;
  r = r * z + 6.666666666666735130e-01;
#else
  real r = 0xf89e26.0p-26f;
  r = r * z + 0x91e9ee.0p-25f;
  r = r * z + 0xccce13.0p-25f;
  r = r * z + 0xaaaaaa.0p-24f;
#endif
  return s * (half_square + r * z) - half_square;
}

// x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), for positive x; k is returned.
static inline real split_for_log(real x, real *f) {
  const real_bits one = bits_of(1), root = bits_of(REAL(0x1.6a09e667f3bcdp-1, 0x1.6a09e6p-1f));
  const real_bits fraction = ((real_bits)1 << MANTISSA_BITS) - 1;
  const real denormal = REAL(0x1p-1022, 0x1p-126f), integer = REAL(0x1p52, 0x1p23f);
  real lifted = x < denormal ? x * integer : x, offset = x < denormal ? MANTISSA_BITS : 0;
  real_bits bits = bits_of(lifted) + (one - root);
  *f = real_of((bits & fraction) + root) - 1;
  // The biased exponent becomes a float by planting it in the fraction of 2^MANTISSA_BITS.
  return (real_of((bits >> MANTISSA_BITS) | bits_of(integer)) - integer) - (EXPONENT_BIAS + offset);
}

// What a logarithm is where its formula does not hold: log 0 = -inf, log inf = inf, NaN below 0.
static inline real log_edges(real x, real y) {
  y = x == (real)INFINITY ? x : y;
  y = x == 0 ? -(real)INFINITY : y;
  return x >= 0 ? y : (real)NAN;
}

static inline real log_of(real x) {
  real f, k = split_for_log(x, &f);
  return log_edges(x, k * LN2_HIGH + (f + (log_rest(f) + k * LN2_LOW)));
}

// log(u + c) = log u + c / u, where u is 1 + x rounded and c what the rounding lost.
static inline real log1p_of(real x) {
  real u = 1 + x, f, k = split_for_log(u, &f);
  real c = (u >= 2 ? 1 - (u - x) : x - (u - 1)) / u;
  real y = log_edges(u, k * LN2_HIGH + (f + (log_rest(f) + (k * LN2_LOW + c))));
  return x == 0 ? x : y;  // keeps -0
}

// The factor that changes the base is in two parts, so that it costs no accuracy; powers of 2 are exact.
static inline real log2_of(real x) {
  const real high = LOG2_E, low = REAL(0x1.777d0ffda0d24p-56, 0x1.4ae0cp-26f);
  real f, k = split_for_log(x, &f), l = f + log_rest(f);
  return log_edges(x, k + (l * high + l * low));
}

// Powers of 10 come out exact: the rounding error of everything but the last addition is far below their ulp.
static inline real log10_of(real x) {
  const real high = REAL(0x1.bcb7b1526e50ep-2, 0x1.bcb7b2p-2f);
  const real low = REAL(0x1.95355baaafad3p-57, -0x1.5b235ep-27f);
  const real two_high = REAL(3.01029995663611771306e-01, 0x1.344p-2f);  // log10(2), as ln 2 above
  const real two_low = REAL(3.69423907715893078616e-13, 0x1.3509f8p-18f);
  real f, k = split_for_log(x, &f), l = f + log_rest(f);
  return log_edges(x, k * two_high + (l * high + (l * low + k * two_low)));
}

// Near 0 a rational function (float: a polynomial) in x^2, Cephes's (S. L. Moshier, tanh.c, tanhf.c);
// beyond 5/8 the exponential, where 1 - 2/(e^2x + 1) loses nothing. Both are base + top / bottom: one
// division.
static inline real tanh_of(real x) {
  real a = x < 0 ? -x : x, sign = x < 0 ? -1 : 1, z = x * x;
#if GR_REAL_BITS == 64
  real p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3;
  real q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
#else
  real p = -5.70498872745e-3f, q = 1;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
#endif
  real e = exp_of(2 * a);
  int near = a < (real)0.625;
  real top = near ? x * z * p : -2 * sign, bottom = near ? q : e + 1, y = (near ? x : sign) + top / bottom;
  return x == 0 ? x : y;  // keeps -0
}

// e^-|x| never overflows: 1/(1 + e) on the right, e/(1 + e) on the left. What the rounding of 1 + e lost
// is made good to first order, with 1/s on [1, 2] as a straight line; without it the error passes 2 ulp.
static inline real sigmoid_of(real x) {
  real e = exp_of(x < 0 ? x : -x), s = 1 + e, lost = e - (s - 1);
  real y = (x < 0 ? e : 1) / s;
  return y - y * (lost * ((real)1.5 - (real)0.5 * s));
}

// log(1 + e^x)
static inline real softplus_of(real x) { return (x > 0 ? x : 0) + log1p_of(exp_of(x < 0 ? x : -x)); }

#endif
