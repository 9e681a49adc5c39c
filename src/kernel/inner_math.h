// Exponential and logarithm and what is made of them, in plain C that compilers vectorise: no branches
// (both sides of a choice are computed), no tables, no conversions between integers and floats.
// Compiled for double and for float; within 2 ulp of the true value everywhere (tests/c/test_elementwise.c).
//
// Most functions come twice: f_of is right for every number, f_quick where its comment says, at half the
// price. Where both are, they give the same bits. Polynomials are minimax, found with Remez's algorithm; the
// error given is relative to the function and would be reached in exact arithmetic.
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
static inline real magnitude(real x) { return REAL(__builtin_fabs, __builtin_fabsf)(x); }
static inline real with_sign(real x, real sign) {
  return REAL(__builtin_copysign, __builtin_copysignf)(x, sign);
}

// x 2^k, k given as k + SHIFTER, when x and the result are normal numbers.
static inline real scaled(real x, real shifted) {
  return real_of(bits_of(x) + (bits_of(shifted) << MANTISSA_BITS));
}

// 2^k for a whole k of the normal exponents' range.
static inline real power_of_two(real k) { return scaled(1, k + SHIFTER); }

// ---- the exponential ----

// x = k ln 2 + r, |r| <= ln 2 / 2. Returned is r, rounded; *rest is what the rounding lost.
static inline real reduce_by_ln2(real x, real *shifted, real *rest) {
  *shifted = muladd(x, LOG2_E, SHIFTER);
  real k = *shifted - SHIFTER, high = muladd(-k, LN2_HIGH, x), low = k * LN2_LOW, r = high - low;
  *rest = (high - r) - low;
  return r;
}

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, to 2^-58 (float: 2^-28).
static inline real exp_polynomial(real r) {
#if GR_REAL_BITS == 64
  real q = 0x1.af85a55874ef7p-26;
  q = muladd(q, r, 0x1.28b046a39732fp-22);
  q = muladd(q, r, 0x1.71dddfb542fbap-19);
  q = muladd(q, r, 0x1.a0199698366e5p-16);
  q = muladd(q, r, 0x1.a01a01baeead5p-13);
  q = muladd(q, r, 0x1.6c16c185a4c31p-10);
  q = muladd(q, r, 0x1.111111110d60cp-7);
  q = muladd(q, r, 0x1.5555555550041p-5);
  q = muladd(q, r, 0x1.5555555555561p-3);
  return muladd(q, r, 0x1.000000000000bp-1);
#else
  real q = 0x1.6db428p-10f;
  q = muladd(q, r, 0x1.123b56p-7f);
  q = muladd(q, r, 0x1.55545ep-5f);
  q = muladd(q, r, 0x1.55548ep-3f);
  return muladd(q, r, 0.5f);
#endif
}

static inline real exp_reduced(real x, real *shifted) {
  real rest, r = reduce_by_ln2(x, shifted, &rest);
  return 1 + muladd(r * r, exp_polynomial(r), r);
}

// |x| up to this: e^x, e^-x and what comes between are normal numbers.
#define EXP_QUICK REAL(707, 86)

static inline real exp_quick(real x) {
  real shifted, m = exp_reduced(x, &shifted);
  return scaled(m, shifted);
}

// Beyond these e^x is infinite or rounds to 0. NaN passes.
static inline real clipped_for_exp(real x) {
  const real low = REAL(-746.0, -105.0f), high = REAL(711.0, 90.0f);
  x = x < low ? low : x;
  return x > high ? high : x;
}

// e^x 2^shift. 2^k goes on in two factors: k reaches past the range of normal exponents at both ends, and a
// denormal result must be rounded once only.
static inline real exp_shifted(real x, real shift) {
  real shifted, m = exp_reduced(clipped_for_exp(x), &shifted), k = (shifted - SHIFTER) + shift;
  real half = nearest(k * (real)0.5);
  return m * power_of_two(half) * power_of_two(k - half);
}

static inline real exp_of(real x) { return exp_shifted(x, 0); }

// e^x - 1 = 2^k (r + r^2 q) + (2^k - 1), what is largest added last; 2^k = first / second.
static inline real expm1_joined(real r, real rest, real first, real second) {
  real tail = muladd(r * r, exp_polynomial(r), rest);
  return muladd(first, tail, muladd(first, r, first - second));
}
static inline real expm1_quick(real x) {
  real shifted, rest, r = reduce_by_ln2(x, &shifted, &rest);
  real y = expm1_joined(r, rest, scaled(1, shifted), 1);
  return x == 0 ? x : y;  // keeps -0
}
// The 1 is subtracted between the two factors of 2^k.
static inline real expm1_of(real x) {
  real shifted, rest, r = reduce_by_ln2(clipped_for_exp(x), &shifted, &rest);
  real k = shifted - SHIFTER, half = nearest(k * (real)0.5);
  real y = expm1_joined(r, rest, power_of_two(half), power_of_two(half - k)) * power_of_two(k - half);
  return x == 0 ? x : y;
}

// ---- logarithms ----

// log m for m = 1 + f in [sqrt(1/2), sqrt(2)): f - f^2/2 + s (f^2/2 + R(s^2)) with s = f / (2 + f), the form
// of FreeBSD's msun (e_log.c), which rounds little because f is exact. R to 2^-58 (float: 2^-29) of the
// logarithm. Returned is the part after f; `f + rest` is the logarithm.
static inline real log_rest(real f) {
  real s = f / (2 + f), z = s * s, half_square = (real)0.5 * f * f;
#if GR_REAL_BITS == 64
  real r = 0x1.2f0610fb62a97p-3;
  r = muladd(r, z, 0x1.39a1aa541179bp-3);
  r = muladd(r, z, 0x1.74663f827a495p-3);
  r = muladd(r, z, 0x1.c71c520699c82p-3);
  r = muladd(r, z, 0x1.24924941f452fp-2);
  r = muladd(r, z, 0x1.999999997fd82p-2);
  r = muladd(r, z, 0x1.5555555555592p-1);
#else
  real r = 0x1.31e34ep-2f;
  r = muladd(r, z, 0x1.995eb8p-2f);
  r = muladd(r, z, 0x1.55557ap-1f);
#endif
  return muladd(s, muladd(r, z, half_square), -half_square);
}

// x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), for a normal positive x; k is returned.
static inline real split_normal(real x, real *f) {
  const real_bits one = bits_of(1), root = bits_of(REAL(0x1.6a09e667f3bcdp-1, 0x1.6a09e6p-1f));
  const real_bits fraction = ((real_bits)1 << MANTISSA_BITS) - 1;
  const real integer = REAL(0x1p52, 0x1p23f);
  real_bits bits = bits_of(x) + (one - root);
  *f = real_of((bits & fraction) + root) - 1;
  // The biased exponent becomes a float by planting it in the fraction of 2^MANTISSA_BITS.
  return (real_of((bits >> MANTISSA_BITS) | bits_of(integer)) - integer) - EXPONENT_BIAS;
}

#define LEAST_NORMAL REAL(0x1p-1022, 0x1p-126f)
#define LARGEST REAL(0x1.fffffffffffffp1023, 0x1.fffffep127f)

// The same for a denormal x too.
static inline real split_for_log(real x, real *f) {
  const real integer = REAL(0x1p52, 0x1p23f);
  real k = split_normal(x < LEAST_NORMAL ? x * integer : x, f);
  return x < LEAST_NORMAL ? k - MANTISSA_BITS : k;
}

// What a logarithm is where its formula does not hold: log 0 = -inf, log inf = inf, NaN below 0.
static inline real log_edges(real x, real y) {
  y = x == (real)INFINITY ? x : y;
  y = x == 0 ? -(real)INFINITY : y;
  return x >= 0 ? y : (real)NAN;
}

// Quick: x is a normal positive number.
static inline real log_joined(real k, real f) {
  return muladd(k, LN2_HIGH, f + muladd(k, LN2_LOW, log_rest(f)));
}
static inline real log_quick(real x) {
  real f, k = split_normal(x, &f);
  return log_joined(k, f);
}
static inline real log_of(real x) {
  real f, k = split_for_log(x, &f);
  return log_edges(x, log_joined(k, f));
}

// log(u + c) = log u + c / u, where u is 1 + x rounded and c what the rounding lost. Quick: -1 < x, finite.
static inline real log1p_quick(real x) {
  real u = 1 + x, f, k = split_normal(u, &f);
  real c = (u >= 2 ? 1 - (u - x) : x - (u - 1)) / u;
  real y = muladd(k, LN2_HIGH, f + (log_rest(f) + muladd(k, LN2_LOW, c)));
  return x == 0 ? x : y;  // keeps -0
}
static inline real log1p_of(real x) { return log_edges(1 + x, log1p_quick(x)); }

// The factor that changes the base is in two parts, so that it costs no accuracy; powers of 2 are exact.
static inline real log2_joined(real k, real f) {
  const real high = LOG2_E, low = REAL(0x1.777d0ffda0d24p-56, 0x1.4ae0cp-26f);
  real l = f + log_rest(f);
  return k + muladd(l, high, l * low);
}
static inline real log2_quick(real x) {
  real f, k = split_normal(x, &f);
  return log2_joined(k, f);
}
static inline real log2_of(real x) {
  real f, k = split_for_log(x, &f);
  return log_edges(x, log2_joined(k, f));
}

// Powers of 10 come out exact: the rounding error of everything but the last addition is far below their ulp.
static inline real log10_joined(real k, real f) {
  const real high = REAL(0x1.bcb7b1526e50ep-2, 0x1.bcb7b2p-2f);
  const real low = REAL(0x1.95355baaafad3p-57, -0x1.5b235ep-27f);
  const real two_high = REAL(3.01029995663611771306e-01, 0x1.344p-2f);  // log10(2), as ln 2 above
  const real two_low = REAL(3.69423907715893078616e-13, 0x1.3509f8p-18f);
  real l = f + log_rest(f);
  return muladd(k, two_high, muladd(l, high, muladd(l, low, k * two_low)));
}
static inline real log10_quick(real x) {
  real f, k = split_normal(x, &f);
  return log10_joined(k, f);
}
static inline real log10_of(real x) {
  real f, k = split_for_log(x, &f);
  return log_edges(x, log10_joined(k, f));
}

// ---- hyperbolic functions ----

// cosh(r) - 1 and sinh(r) for |r| <= ln 2 / 2, to 2^-70 and 2^-61 (float: 2^-34, 2^-37).
static inline real cosh_tail(real r) {
  real z = r * r;
#if GR_REAL_BITS == 64
  real c = 0x1.1f95492a4b2c5p-29;
  c = muladd(c, z, 0x1.27e4c4ff158d0p-22);
  c = muladd(c, z, 0x1.a01a01b180771p-16);
  c = muladd(c, z, 0x1.6c16c16c13f21p-10);
  c = muladd(c, z, 0x1.555555555555cp-5);
#else
  real c = 0x1.6d9792p-10f;
  c = muladd(c, z, 0x1.55547ep-5f);
#endif
  return muladd(c, z, (real)0.5) * z;
}
static inline real sinh_reduced(real r, real rest) {
  real z = r * r;
#if GR_REAL_BITS == 64
  real s = 0x1.af5ebc9c7a8cfp-26;
  s = muladd(s, z, 0x1.71ddf855db029p-19);
  s = muladd(s, z, 0x1.a01a01afe3de9p-13);
  s = muladd(s, z, 0x1.111111110f6b3p-7);
  s = muladd(s, z, 0x1.5555555555559p-3);
#else
  real s = 0x1.a16ff4p-13f;
  s = muladd(s, z, 0x1.1110b2p-7f);
  s = muladd(s, z, 0x1.555556p-3f);
#endif
  return r + muladd(s, z * r, rest);
}

// With |x| = k ln 2 + r and a = sinh(k ln 2), b = cosh(k ln 2), which need no more than two powers of 2:
// sinh |x| = a cosh r + b sinh r, cosh x = b cosh r + a sinh r. What a and b lose in their own rounding is
// added to what is small. Quick: |x| <= EXP_QUICK.
static inline real sinh_quick(real x) {
  real shifted, rest, r = reduce_by_ln2(magnitude(x), &shifted, &rest), back = 2 * SHIFTER - shifted;
  real grows = scaled((real)0.5, shifted), shrinks = scaled((real)0.5, back);
  real a = grows - shrinks, b = grows + shrinks, lost = (grows - a) - shrinks;
  return with_sign(a + muladd(b, sinh_reduced(r, rest), muladd(a, cosh_tail(r), lost)), x);
}
static inline real cosh_quick(real x) {
  real shifted, rest, r = reduce_by_ln2(magnitude(x), &shifted, &rest), back = 2 * SHIFTER - shifted;
  real grows = scaled((real)0.5, shifted), shrinks = scaled((real)0.5, back);
  real a = grows - shrinks, b = grows + shrinks, lost = (grows - b) + shrinks;
  return b + muladd(a, sinh_reduced(r, rest), muladd(b, cosh_tail(r), lost));
}
// Beyond, e^-|x| is nothing beside e^|x|.
static inline real sinh_beyond(real x) { return with_sign(exp_shifted(magnitude(x), -1), x); }
static inline real cosh_beyond(real x) { return exp_shifted(magnitude(x), -1); }

#if GR_REAL_BITS == 64
// The quotient of the two, with w = e^(-2 k ln 2); from 20 on it rounds to 1. What numerator and denominator
// lost is made good to first order, 1 / bottom being taken as a straight line, right within a fifth.
static inline real tanh_of(real x) {
  real a = magnitude(x), shifted, rest;
  a = a > 20 ? 20 : a;
  real r = reduce_by_ln2(a, &shifted, &rest), k = shifted - SHIFTER;
  real w = power_of_two(-2 * k), less = 1 - w, more = 1 + w, c = cosh_tail(r), s = sinh_reduced(r, rest);
  real above = muladd(more, s, less * c), below = muladd(less, s, more * c);
  real top = less + above, bottom = more + below, y = top / bottom;
  real lost = muladd(-y, below - (bottom - more), above - (top - less));
  return with_sign(muladd(lost, muladd(-0.62, bottom, 1.75), y), x);
}
#else
// x P(x^2) / Q(x^2), to 2^-27 up to 8; the 1 beyond is 4 ulp too much where it begins. What limits it are the
// multiplications, not the division beside them: nine, since Q begins with a bare x^8. Short, and therefore
// the one function here that is up to 4 ulp off (5 without fused multiply-adds).
static inline real tanh_of(real x) {
  real a = magnitude(x), z = a * a, p = 0x1.24cc34p-6f, q = z + 0x1.90457ep+8f;
  p = muladd(p, z, 0x1.9b0ca4p+4f);
  q = muladd(q, z, 0x1.dfb28p+14f);
  p = muladd(p, z, 0x1.05ed02p+12f);
  q = muladd(q, z, 0x1.0c01bep+19f);
  p = muladd(p, z, 0x1.341cfep+17f);
  q = muladd(q, z, 0x1.1e77bep+20f);
  p = muladd(p, z, 0x1.1e77bep+20f);
  real y = a * p / q;
  return with_sign(a > 8 ? 1 : y, x);
}
#endif

// ---- the logistic function and its integral ----

// e^-|x| never overflows: 1/(1 + e) on the right, e/(1 + e) on the left. What the rounding of 1 + e lost
// is made good to first order, with 1/s on [1, 2] as a straight line; without it the error passes 2 ulp.
static inline real sigmoid_from(real x, real e) {
  real s = 1 + e, lost = e - (s - 1);
  real y = (x < 0 ? e : 1) / s;
  return y - y * (lost * muladd((real)-0.5, s, (real)1.5));
}
static inline real sigmoid_quick(real x) { return sigmoid_from(x, exp_quick(-magnitude(x))); }
static inline real sigmoid_of(real x) { return sigmoid_from(x, exp_of(-magnitude(x))); }

// log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|; 1 + e is split as in log1p, but lies in [1, 2].
static inline real softplus_from(real x, real e) {
  int upper = e > REAL(0x1.a827999fcef32p-2, 0x1.a8279ap-2f);  // sqrt(2) - 1
  real f = upper ? muladd((real)0.5, e, (real)-0.5) : e, k = upper ? 1 : 0;
  return (x > 0 ? x : 0) + log_joined(k, f);
}
static inline real softplus_quick(real x) { return softplus_from(x, exp_quick(-magnitude(x))); }
static inline real softplus_of(real x) { return x != x ? x : softplus_from(x, exp_of(-magnitude(x))); }

#endif
