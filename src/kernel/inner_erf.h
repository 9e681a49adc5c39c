// The error function and what is made of it, in the manner of inner_math.h.
#ifndef GR_KERNEL_INNER_ERF_H
#define GR_KERNEL_INNER_ERF_H

#include "kernel/inner_power.h"

// erf(x) / x from z = x^2 up to 1, to 2^-62 (float: 2^-29).
static inline real erf_near(real z) {
#if GR_REAL_BITS == 64
  real p = 0x1.0576901cfe18dp-34;
  p = muladd(p, z, -0x1.3869b095f605ap-30);
  p = muladd(p, z, 0x1.f7a3c1e090e69p-27);
  p = muladd(p, z, -0x1.5f1d3019824cdp-23);
  p = muladd(p, z, 0x1.b9def0f02e6eap-20);
  p = muladd(p, z, -0x1.f4d1df2e26b1fp-17);
  p = muladd(p, z, 0x1.f9a321a0adb07p-14);
  p = muladd(p, z, -0x1.c02db3d8eab83p-11);
  p = muladd(p, z, 0x1.565bcd0db029ep-8);
  p = muladd(p, z, -0x1.b82ce3128499fp-6);
  p = muladd(p, z, 0x1.ce2f21a042b21p-4);
  p = muladd(p, z, -0x1.812746b0379e6p-2);
  return muladd(p, z, 0x1.20dd750429b6dp+0);
#else
  real p = 0x1.496680p-14f;
  p = muladd(p, z, -0x1.a3f5e2p-11f);
  p = muladd(p, z, 0x1.540594p-8f);
  p = muladd(p, z, -0x1.b7f90ap-6f);
  p = muladd(p, z, 0x1.ce2cf8p-4f);
  p = muladd(p, z, -0x1.81273ep-2f);
  return muladd(p, z, 0x1.20dd74p+0f);
#endif
}

// e^(x^2) erfc(x) (1 + 2x) for x >= 1/2 from t = (x - 2) / (x + 2) (float: (x - 1.5) / (x + 1.5)): this
// hardly changes over the whole way. To 2^-60 (float: 2^-30).
static inline real erfc_far(real x) {
  real t = (x - REAL(2, 1.5f)) / (x + REAL(2, 1.5f));
#if GR_REAL_BITS == 64
  real p = -0x1.efa69cddb424fp-28;
  p = muladd(p, t, -0x1.5b0e5cd7d9b84p-24);
  p = muladd(p, t, 0x1.8106ac9354186p-23);
  p = muladd(p, t, 0x1.4586de9405c04p-22);
  p = muladd(p, t, -0x1.79ee3e983a1c2p-22);
  p = muladd(p, t, -0x1.fcac259304595p-21);
  p = muladd(p, t, -0x1.43fc82bfe79f1p-21);
  p = muladd(p, t, 0x1.9e2acbdf98f78p-20);
  p = muladd(p, t, 0x1.5b52d387b2e9dp-18);
  p = muladd(p, t, 0x1.f14be551b544ep-19);
  p = muladd(p, t, -0x1.c43b7078be2a9p-17);
  p = muladd(p, t, -0x1.318bc7638fc03p-15);
  p = muladd(p, t, -0x1.9620fb70533e9p-20);
  p = muladd(p, t, 0x1.3cc0bd227cd16p-13);
  p = muladd(p, t, 0x1.b0c8c58bcf387p-13);
  p = muladd(p, t, -0x1.dc69347fced51p-12);
  p = muladd(p, t, -0x1.7de5219e4f857p-10);
  p = muladd(p, t, 0x1.4d461d36f0d97p-10);
  p = muladd(p, t, 0x1.1dd2ec91a24f4p-7);
  p = muladd(p, t, -0x1.074234048cd91p-7);
  p = muladd(p, t, -0x1.bc2b95619a3b3p-5);
  p = muladd(p, t, 0x1.4ffa1e14e27cap-3);
  p = muladd(p, t, -0x1.5407bebf32434p-3);
  p = muladd(p, t, -0x1.7bf5ec1700632p-4);
  p = muladd(p, t, 0x1.46e80e2277953p+0);
#else
  real p = -0x1.708fb6p-11f;
  p = muladd(p, t, 0x1.8685f8p-12f);
  p = muladd(p, t, 0x1.4f8862p-9f);
  p = muladd(p, t, 0x1.e282e8p-10f);
  p = muladd(p, t, -0x1.e7301ap-8f);
  p = muladd(p, t, -0x1.275dccp-6f);
  p = muladd(p, t, 0x1.58739ap-6f);
  p = muladd(p, t, 0x1.d36052p-4f);
  p = muladd(p, t, -0x1.e6e30ep-3f);
  p = muladd(p, t, -0x1.16388cp-5f);
  p = muladd(p, t, 0x1.494db0p+0f);
#endif
  return p / muladd(2, x, 1);
}

// Up to 1 a polynomial, beyond it 1 - e^(-x^2) times one; from 6 (float: 4) on it rounds to 1.
static inline real erf_of(real x) {
  real a = magnitude(x), z = x * x, b = a > 1 ? a : 1;
  b = b > REAL(6, 4) ? REAL(6, 4) : b;
  real far = 1 - exp_quick(-b * b) * erfc_far(b);
  real y = a < 1 ? a * erf_near(z) : far;
  return x != x ? x : with_sign(y, x);
}

// (1 + erf(x / sqrt 2)) / 2; on the left a tail of its own, which keeps its digits. u^2 = x^2 / 2 in two
// parts, since the exponential makes much of a little.
static inline real normal_cdf_of(real x) {
  const real root_half = REAL(0x1.6a09e667f3bcdp-1, 0x1.6a09e6p-1f);
  real a = magnitude(x), u = a * root_half, square = a * a, lost = (real)-0.5 * minus_product(square, a, a);
  real e = exp_of((real)-0.5 * square), far = (real)0.5 * e * erfc_far(u > (real)0.5 ? u : (real)0.5);
  far = a < REAL(40, 16) ? muladd(-far, lost, far) : 0;
  real part = (real)0.5 * u * erf_near(u * u), near = x < 0 ? (real)0.5 - part : (real)0.5 + part;
  real beyond = x < 0 ? far : 1 - far;
  return x != x ? x : u < (real)0.5 ? near : beyond;
}

#endif
