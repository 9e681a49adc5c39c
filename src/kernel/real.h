// The type that an inner loop is compiled for, and what is written differently for each of the two.
// meson sets GR_REAL_BITS to 64 or 32.
#ifndef GR_KERNEL_REAL_H
#define GR_KERNEL_REAL_H

#include <stdint.h>
#include <string.h>

#if GR_REAL_BITS == 64
typedef double real;
typedef uint64_t real_bits;
#define REAL(f64, f32) (f64)  // a constant that differs between the types
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#else
typedef float real;
typedef uint32_t real_bits;
#define REAL(f64, f32) (f32)
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#endif

// Iterations are independent even when `out` is one of the inputs: each reads only its own element.
#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

// a * b + c, in one rounding where the machine has an instruction for it. The elementwise loops are compiled
// with -ffp-contract=off and say where they want it: a number then gets the same bits alone, in the middle of
// a vector and in its tail.
static inline real muladd(real a, real b, real c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return REAL(__builtin_fma, __builtin_fmaf)(a, b, c);
#else
  return a * b + c;
#endif
}

static inline real_bits bits_of(real x) {
  real_bits bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline real real_of(real_bits bits) {
  real x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

#endif
