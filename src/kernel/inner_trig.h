// Circular functions and their inverses, in the manner of inner_math.h: branch-free, within 2 ulp.
#ifndef GR_KERNEL_INNER_TRIG_H
#define GR_KERNEL_INNER_TRIG_H

#include "kernel/inner_math.h"

// x = k pi/2 + r + rest, |r| <= pi/4, for |x| up to this. Larger angles are libm's.
#define TRIG_QUICK REAL(1e6, 1e7f)
// NaN and infinities give NaN in the short formula too.
static inline int trig_is_quick(real x) {
  real a = magnitude(x);
  return !(a > TRIG_QUICK) | (a > LARGEST);
}
#define TWO_OVER_PI 0x1.45f306dc9c883p-1

#if GR_REAL_BITS == 64
// a - b rounded, *lost the rest of it (Knuth's two-sum).
static inline double difference(double a, double b, double *lost) {
  double d = a - b, back = d - a;
  *lost = (a - (d - back)) - (b + back);
  return d;
}

// pi/2 in three pieces of 33 bits, whose products with k < 2^20 are exact, and a last one.
static inline real reduce_by_half_pi(real x, real *quarters, real *rest) {
  const double p1 = 0x1.921fb544p0, p2 = 0x1.0b4611a6p-34, p3 = 0x1.3198a2ep-69, p4 = 0x1.b839a252p-104;
  double lost1, lost2;
  *quarters = muladd(x, TWO_OVER_PI, SHIFTER);
  double k = *quarters - SHIFTER;
  double high = difference(difference(x - k * p1, k * p2, &lost1), k * p3, &lost2);
  double low = muladd(-k, p4, lost1 + lost2), r = high + low;
  *rest = (high - r) + low;
  return r;
}
#else
// In double: one product is exact, the other has 53 bits to lose from.
static inline real reduce_by_half_pi(real x, real *quarters, real *rest) {
  const double shifter = 0x1.8p52;
  double k = (x * TWO_OVER_PI + shifter) - shifter, whole = (k * 0.25 + shifter) - shifter;
  double r = (x - k * 0x1.921fb54p0) - k * 0x1.10b4611a62633p-30;
  *quarters = (float)(k - 4 * whole) + SHIFTER;
  *rest = (float)(r - (float)r);
  return (float)r;
}
#endif

// sin(r + rest) to 2^-58 (float: 2^-28), cos(r + rest) to 2^-64 (2^-33).
static inline real sin_reduced(real r, real rest) {
  real z = r * r;
#if GR_REAL_BITS == 64
  real s = 0x1.5d93010ea8fbep-33;
  s = muladd(s, z, -0x1.ae5e663ad8384p-26);
  s = muladd(s, z, 0x1.71de3577b7016p-19);
  s = muladd(s, z, -0x1.a01a019c1199dp-13);
  s = muladd(s, z, 0x1.111111110f87ap-7);
  s = muladd(s, z, -0x1.5555555555549p-3);
#else
  real s = -0x1.994e54p-13f;
  s = muladd(s, z, 0x1.110760p-7f);
  s = muladd(s, z, -0x1.555546p-3f);
#endif
  return r + muladd(s, z * r, rest * muladd((real)-0.5, z, 1));
}
static inline real cos_reduced(real r, real rest) {
  real z = r * r, half = (real)0.5 * z, most = 1 - half;
#if GR_REAL_BITS == 64
  real c = -0x1.8fae9ffbe35d5p-37;
  c = muladd(c, z, 0x1.1ee9ebf30d856p-29);
  c = muladd(c, z, -0x1.27e4f80a05593p-22);
  c = muladd(c, z, 0x1.a01a019cb1e65p-16);
  c = muladd(c, z, -0x1.6c16c16c15180p-10);
  c = muladd(c, z, 0x1.555555555554cp-5);
#else
  real c = 0x1.9a022ap-16f;
  c = muladd(c, z, -0x1.6c0c8cp-10f);
  c = muladd(c, z, 0x1.55554ap-5f);
#endif
  return most + (((1 - most) - half) + muladd(c, z * z, -r * rest));
}

// Which quarter of the circle: the last two bits of `quarters` exchange sine and cosine and turn signs.
static inline real_bits sign_from_bit_1(real_bits q) { return (q & 2) << (8 * sizeof q - 2); }

static inline real sin_quick(real x) {
  real quarters, rest, r = reduce_by_half_pi(x, &quarters, &rest);
  real s = sin_reduced(r, rest), c = cos_reduced(r, rest);
  real_bits q = bits_of(quarters);
  real y = real_of(bits_of(q & 1 ? c : s) ^ sign_from_bit_1(q));
  return x == 0 ? x : y;  // keeps -0
}
static inline real cos_quick(real x) {
  real quarters, rest, r = reduce_by_half_pi(x, &quarters, &rest);
  real s = sin_reduced(r, rest), c = cos_reduced(r, rest);
  real_bits q = bits_of(quarters);
  return real_of(bits_of(q & 1 ? s : c) ^ sign_from_bit_1(q + 1));
}
static inline real tan_quick(real x) {
  real quarters, rest, r = reduce_by_half_pi(x, &quarters, &rest);
  real s = sin_reduced(r, rest), c = cos_reduced(r, rest);
  real_bits q = bits_of(quarters);
  real y = (q & 1 ? -c : s) / (q & 1 ? s : c);
  return x == 0 ? x : y;
}

// pi/2 and pi as a number and what it lacks.
#define HALF_PI REAL(0x1.921fb54442d18p0, 0x1.921fb6p0f)
#define HALF_PI_LOW REAL(0x1.1a62633145c07p-54, -0x1.777a5cp-25f)

// atan(a / b) of what is not negative, nor both 0: up to tan(3 pi/16) a polynomial, to 2^-62 (float: 2^-27);
// far out pi/2 + atan(-b/a), and between, where both are long, pi/4 + atan((a - b)/(a + b)).
static inline real atan_of_quotient(real a, real b) {
  const real low = REAL(0.66817863791929887, 0.668178638f), high = REAL(1.4966057626654890, 1.49660576f);
  int far = a > high * b, between = (a > low * b) & (a <= high * b);
  real t = (far ? -b : between ? a - b : a) / (far ? a : between ? a + b : b), z = t * t;
#if GR_REAL_BITS == 64
  real p = 0x1.6cdd1525c6ed5p-10;
  p = muladd(p, z, -0x1.b9f1c55d763a4p-8);
  p = muladd(p, z, 0x1.0aaa45fc49605p-6);
  p = muladd(p, z, -0x1.b8e68d94ff1dap-6);
  p = muladd(p, z, 0x1.242be8e229c0bp-5);
  p = muladd(p, z, -0x1.5885bc69ea1d4p-5);
  p = muladd(p, z, 0x1.832c39f808652p-5);
  p = muladd(p, z, -0x1.ae99c61f49c4ep-5);
  p = muladd(p, z, 0x1.e1cd6b20d68d0p-5);
  p = muladd(p, z, -0x1.110ffafff4a44p-4);
  p = muladd(p, z, 0x1.3b139beee4acap-4);
  p = muladd(p, z, -0x1.745d1623b30f0p-4);
  p = muladd(p, z, 0x1.c71c71bcfb93cp-4);
  p = muladd(p, z, -0x1.24924924772fap-3);
  p = muladd(p, z, 0x1.99999999994fdp-3);
  p = muladd(p, z, -0x1.5555555555553p-2);
#else
  real p = 0x1.8efed6p-6f;
  p = muladd(p, z, -0x1.116946p-4f);
  p = muladd(p, z, 0x1.ada84cp-4f);
  p = muladd(p, z, -0x1.22d35cp-3f);
  p = muladd(p, z, 0x1.997cb4p-3f);
  p = muladd(p, z, -0x1.555504p-2f);
#endif
  real part = far ? 1 : between ? (real)0.5 : 0;
  return muladd(part, HALF_PI, t + muladd(p, z * t, part * HALF_PI_LOW));
}
static inline real atan_of(real x) { return with_sign(atan_of_quotient(magnitude(x), 1), x); }

// (asin(x) - x) / x^3 from z = x^2 up to 1/4, to 2^-59 (float: 2^-27) of the arc sine.
static inline real asin_polynomial(real z) {
#if GR_REAL_BITS == 64
  real p = 0x1.0be599a4bf145p-5;
  p = muladd(p, z, -0x1.59faa89cf9753p-6);
  p = muladd(p, z, 0x1.65052eb647357p-6);
  p = muladd(p, z, 0x1.e14fde7fa52d9p-9);
  p = muladd(p, z, 0x1.618b8e38acd01p-7);
  p = muladd(p, z, 0x1.7577636ff9967p-7);
  p = muladd(p, z, 0x1.ca2149f8945b3p-7);
  p = muladd(p, z, 0x1.1c49ddbd3e676p-6);
  p = muladd(p, z, 0x1.6e8bdfeaf295fp-6);
  p = muladd(p, z, 0x1.f1c71a8b6e463p-6);
  p = muladd(p, z, 0x1.6db6db722bfb7p-5);
  p = muladd(p, z, 0x1.333333332df05p-4);
  return muladd(p, z, 0x1.5555555555578p-3);
#else
  real p = 0x1.59f148p-5f;
  p = muladd(p, z, 0x1.8b8adcp-6f);
  p = muladd(p, z, 0x1.748e70p-5f);
  p = muladd(p, z, 0x1.33013ep-4f);
  return muladd(p, z, 0x1.5555cap-3f);
#endif
}

// Beyond 1/2: asin x = pi/2 - 2 asin sqrt((1 - x)/2), where 1 - x is exact. `root` is that of z.
static inline real asin_from(real x, real z, real root) {
  int far = magnitude(x) > (real)0.5;
  real a = far ? root : x, tail = asin_polynomial(z) * (z * a);
  real y = HALF_PI - 2 * a - (2 * tail - HALF_PI_LOW);
  return far ? with_sign(y, x) : a + tail;
}
static inline real acos_from(real x, real z, real root) {
  int far = magnitude(x) > (real)0.5;
  real a = far ? root : x, tail = asin_polynomial(z) * (z * a);
  real twice = 2 * (a + tail);  // of the small angle from the near end
  real y = x < 0 ? 2 * HALF_PI - (twice - 2 * HALF_PI_LOW) : twice;
  return far ? y : HALF_PI - (a + (tail - HALF_PI_LOW));
}
static inline real half_angle(real x) {
  real a = magnitude(x);
  return a > (real)0.5 ? (real)0.5 * (1 - a) : x * x;
}

#endif
