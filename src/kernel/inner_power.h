// Powers, roots, remainders and the angle of a point, in the manner of inner_math.h.
#ifndef GR_KERNEL_INNER_POWER_H
#define GR_KERNEL_INNER_POWER_H

#include "kernel/inner_trig.h"

// ---- products with their rounding errors ----

#if GR_REAL_BITS == 64
// x y = result + *lost exactly, but for products near the ends of the range. Without a fused multiply-add the
// factors are split into halves (Dekker).
static inline double product(double x, double y, double *lost) {
  double p = x * y;
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  *lost = __builtin_fma(x, y, -p);
#else
  double cx = 0x8000001p0 * x, cy = 0x8000001p0 * y;
  double xh = cx - (cx - x), yh = cy - (cy - y), xl = x - xh, yl = y - yh;
  *lost = ((xh * yh - p) + xh * yl + xl * yh) + xl * yl;
#endif
  return p;
}
// x - y z where that is a number of the type.
static inline double minus_product(double x, double y, double z) {
  double lost, p = product(y, z, &lost);
  return (x - p) - lost;
}
#else
static inline float minus_product(float x, float y, float z) { return (float)(x - (double)y * z); }
#endif

// ---- x^y ----

// For x > 0: e^(y log x). An error of log x grows by y log x, up to 709 times: the logarithm is needed to 64
// bits.
#if GR_REAL_BITS == 64
static inline double pow_positive(double x, double y) {
  // log m = 2 s + 2/3 s^3 + s^5 R(s^2), s = f / (2 + f), the first two terms as pairs of numbers; R to 2^-65.
  const double third2 = 0x1.5555555555555p-1, third2_low = 0x1.5555555555555p-55;
  double f, k = split_normal(x, &f), d = 2 + f, d_low = f - (d - 2), inverse = 1 / d, s = f * inverse, lost;
  double back = product(s, d, &lost), s_low = (((f - back) - lost) - s * d_low) * inverse;
  double z_low, z = product(s, s, &z_low);
  z_low = muladd(2 * s, s_low, z_low);
  double r = 0x1.0e42912b6ddd8p-3;
  r = muladd(r, z, 0x1.0f7fef9826c84p-3);
  r = muladd(r, z, 0x1.3b1eeb9fdfa18p-3);
  r = muladd(r, z, 0x1.745ce9e6c770ap-3);
  r = muladd(r, z, 0x1.c71c722d5880dp-3);
  r = muladd(r, z, 0x1.2492492457e2fp-2);
  r = muladd(r, z, 0x1.9999999999b2fp-2);
  double w = r * z, c = third2 + w, c_low = (third2 - c) + w + third2_low;
  double q_low, q = product(s, z, &q_low);  // s^3
  q_low += muladd(s, z_low, s_low * z);
  double t_low, t = product(q, c, &t_low);
  t_low += muladd(q, c_low, q_low * c);
  double l = 2 * s + t, l_low = (2 * s - l) + t + (t_low + 2 * s_low);
  // The sum with k ln 2, the product with y, the exponential.
  double whole = k * LN2_HIGH, sum = whole + l, sum_low = (whole - sum) + l + muladd(k, LN2_LOW, l_low);
  double h = sum + sum_low, h_low = (sum - h) + sum_low, e_low, e = product(y, h, &e_low);
  e_low = magnitude(e) < 750 ? muladd(y, h_low, e_low) : 0;
  double shifted, rest, a = reduce_by_ln2(clipped_for_exp(e), &shifted, &rest);
  rest += e_low;
  double moved = a + rest;
  rest = (a - moved) + rest;
  double m = 1 + (moved + muladd(moved * moved, exp_polynomial(moved), rest));
  double exponent = shifted - SHIFTER, half = nearest(exponent * 0.5);
  return m * power_of_two(half) * power_of_two(exponent - half);
}
#define POW_LEAST LEAST_NORMAL
#else
// In double, where 40 bits of the logarithm are enough and nothing overflows.
static inline float pow_positive(float x, float y) {
  const double shifter = 0x1.8p52, integer = 0x1p52, value = x;
  const uint64_t one = 0x3ff0000000000000, root = 0x3fe6a09e667f3bcd, fraction = 0xfffffffffffff;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits += one - root;
  uint64_t mantissa = (bits & fraction) + root, exponent = bits >> 52 | 0x4330000000000000;
  double m, k;
  memcpy(&m, &mantissa, sizeof m);
  memcpy(&k, &exponent, sizeof k);
  k = (k - integer) - 1023;
  double s = (m - 1) / (m + 1), z = s * s;
  double r = 0x1.5ce84284f2a0bp-2;
  r = r * z + 0x1.a58d89bdcfaedp-2;
  r = r * z + 0x1.27777fe67c027p-1;
  r = r * z + 0x1.ec709d12d2488p-1;
  r = r * z + 0x1.71547652bedf0p+1;
  double log2 = k + s * r, e = y * log2;  // to base 2
  e = e < -200 ? -200 : e;
  e = e > 200 ? 200 : e;
  double shifted = e + shifter, a = e - (shifted - shifter);
  double p = 0x1.41d30f2a8d540p-13;
  p = p * a + 0x1.5f4597e784a55p-10;
  p = p * a + 0x1.3b2dbc68f5791p-7;
  p = p * a + 0x1.c6aed4604e38cp-5;
  p = p * a + 0x1.ebfbdadb0b07bp-3;
  p = p * a + 0x1.62e430c82912fp-1;
  p = p * a + 1;
  uint64_t scaled_bits, shifted_bits;
  memcpy(&scaled_bits, &p, sizeof p);
  memcpy(&shifted_bits, &shifted, sizeof p);
  scaled_bits += shifted_bits << 52;
  memcpy(&p, &scaled_bits, sizeof p);
  return (float)p;
}
#define POW_LEAST 0x1p-149f
#endif

// Negative x: a whole y gives the power of |x|, with the sign of x if y is odd; any other NaN. Quick: for
// normal x (float: any finite one), for 0 if y > 0; the rest of the standard's table of cases is libm's.
static inline int pow_is_quick(real x, real y) {
  real a = magnitude(x), ay = magnitude(y);
  return (((a >= POW_LEAST) & (a <= LARGEST)) | ((x == 0) & (y > 0))) & (ay < REAL(0x1p51, 0x1p22f));
}
static inline real pow_quick(real x, real y) {
  real halved = (real)0.5 * y, a = magnitude(x), power = a > 0 ? pow_positive(a > 0 ? a : 1, y) : 0;
  int whole = nearest(y) == y, odd = whole & (nearest(halved) != halved);
  real turned = odd ? with_sign(power, x) : power;
  int broken = (x < 0) & !whole;
  return broken ? (real)NAN : turned;
}

// ---- remainder ----

// x - y floor(x / y): with the divisor's sign, zeros included, as Python's and NumPy's %. x - y nearest(x /
// y) is a number of the type, which at most one y too few. Quick: where the quotient's rounding is no matter.
static inline int remainder_is_quick(real x, real y) {
  const real large = REAL(0x1p900, 0x1p120f), small = REAL(0x1p-900, 0x1p-100f);
  real quotient = magnitude(x / y), ax = magnitude(x), ay = magnitude(y);
  return (quotient <= REAL(0x1p50, 0x1p21f)) & (ax < large) & (ay < large) & (ay > small);
}
static inline real remainder_quick(real x, real y) {
  real r = minus_product(x, nearest(x / y), y), other = r + y;
  return r == 0 ? with_sign(0, y) : (r < 0) != (y < 0) ? other : r;
}

// ---- roots ----

// m^(1/3), x = 2^(3 q) m: the inverse root, which Newton's method finds without division, times m.
static inline real cbrt_of(real x) {
  real a = magnitude(x), f, k = split_for_log(a, &f), q = nearest(k * (real)(1 / 3.0)), rest = k - 3 * q;
  real m = (1 + f) * (rest > 0 ? 2 : rest < 0 ? (real)0.5 : 1);
  real y = muladd((real)0.052989037, m, (real)-0.41567588);
  y = muladd(y, m, (real)1.22783932);
  y = muladd(y, m, (real)-1.76357367);
  y = muladd(y, m, (real)1.89186872);
  for (int i = 0; i < REAL(3, 2); i++) y = y * muladd(m * y, y * y * (real)(-1 / 3.0), (real)(4 / 3.0));
  real root = m * y * y;
  root = muladd(muladd(-root * root, root, m), y * y * (real)(1 / 3.0), root);
  real result = with_sign(root * power_of_two(q), x);
  int itself = (x == 0) | !(a <= LARGEST);
  return itself ? x : result;
}

// sqrt(x^2 + y^2), both brought near 1 by the larger one's power of 2: no square overflows.
static inline real hypot_of(real x, real y) {
  const real most = REAL(0x1p1022, 0x1p126f);
  real a = magnitude(x), b = magnitude(y), larger = a > b ? a : b;
  larger = larger < LEAST_NORMAL ? LEAST_NORMAL : larger;
  larger = larger > most ? most : larger;
  real_bits exponent = bits_of(larger) >> MANTISSA_BITS;
  real back = real_of(exponent << MANTISSA_BITS);
  real scale = real_of((2 * EXPONENT_BIAS - exponent) << MANTISSA_BITS), u = x * scale, v = y * scale;
  real result = REAL(__builtin_sqrt, __builtin_sqrtf)(muladd(u, u, v * v)) * back;
  int infinite = (a > LARGEST) | (b > LARGEST);
  return infinite ? (real)INFINITY : result;
}

// ---- the angle of the point (x, y) ----

static inline real atan2_of(real y, real x) {
  real a = magnitude(y), b = magnitude(x), larger = a > b ? a : b;
  // The largest and the smallest numbers are brought to the middle: the sum that is due must not overflow.
  real up = larger < REAL(0x1p-900, 0x1p-100f) ? REAL(0x1p100, 0x1p40f) : 1;
  real scale = larger > REAL(0x1p1000, 0x1p120f) ? REAL(0x1p-60, 0x1p-20f) : up;
  real top = a * scale, base = b * scale;
  base = larger == 0 ? 1 : base;
  // Both infinite: as if both were 1.
  real least = a < b ? a : b;
  top = least > LARGEST ? 1 : top;
  base = least > LARGEST ? 1 : base;
  real r = atan_of_quotient(top, base), left = 2 * HALF_PI - (r - 2 * HALF_PI_LOW);
  real side = with_sign(1, x), result = side < 0 ? left : r;
  result = with_sign(result, y);
  result = x != x ? x : result;
  return y != y ? y : result;
}

#endif
