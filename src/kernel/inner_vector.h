// Float vectors in the width of the instruction set that a file is compiled for: gcc's and clang's vector
// types, which both compile to the same loops on every processor. The compilers' own vectorisers do not keep
// a tile of sums in registers (a fifteenth of the speed), vector types in unrolled loops of known length do.
#ifndef GR_KERNEL_INNER_VECTOR_H
#define GR_KERNEL_INNER_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
#elif defined(__AVX2__)
#include <immintrin.h>
#define LANES 8
#else
#define LANES 4
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
// A loop of known length whose body names registers: it has to vanish.
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint8_t vb __attribute__((vector_size(LANES)));
typedef float vf_anywhere __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint8_t vb_anywhere __attribute__((vector_size(LANES), aligned(1), may_alias));

// Of two vectors, in fours of lanes, the lower halves in turn or the upper ones: an instruction each.
#if LANES == 16
#define LOW_ONES 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HIGH_ONES 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#elif LANES == 8
#define LOW_ONES 0, 8, 1, 9, 4, 12, 5, 13
#define HIGH_ONES 2, 10, 3, 11, 6, 14, 7, 15
#else
#define LOW_ONES 0, 4, 1, 5
#define HIGH_ONES 2, 6, 3, 7
#endif

static ALWAYS_INLINE vf load(const float *p) { return *(const vf_anywhere *)p; }
static ALWAYS_INLINE void store(float *p, vf v) { *(vf_anywhere *)p = v; }
static ALWAYS_INLINE void store_bytes(uint8_t *p, vb v) { *(vb_anywhere *)p = v; }

// The first n lanes, where fewer channels than lanes are left; the others are 0, and nothing beyond them is
// touched. Out of line where it is a loop: a tile has many stores.
#if LANES == 16
static ALWAYS_INLINE __mmask16 first_lanes(int64_t n) { return (__mmask16)((1u << n) - 1); }
static ALWAYS_INLINE vf load_lanes(const float *p, int64_t n) {
  return (vf)_mm512_maskz_loadu_ps(first_lanes(n), p);
}
static ALWAYS_INLINE void store_lanes(float *p, vf v, int64_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v);
}
#else
static __attribute__((noinline, unused)) vf load_lanes(const float *p, int64_t n) {
  float lanes[LANES] = {0};
  for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
  return load(lanes);
}
static __attribute__((noinline, unused)) void store_lanes(float *p, vf v, int64_t n) {
  float lanes[LANES];
  store(lanes, v);
  for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
}
#endif
static __attribute__((noinline, unused)) void store_byte_lanes(uint8_t *p, vb v, int64_t n) {
  uint8_t lanes[LANES];
  store_bytes(lanes, v);
  for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
}

static __attribute__((noinline, unused)) vb load_byte_lanes(const uint8_t *p, int64_t n) {
  uint8_t lanes[LANES] = {0};
  for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
  return *(const vb_anywhere *)lanes;
}

static ALWAYS_INLINE vf load_some(const float *p, int64_t n) {
  return n >= LANES ? load(p) : load_lanes(p, n);
}
static ALWAYS_INLINE vb load_bytes_some(const uint8_t *p, int64_t n) {
  if (n >= LANES) return *(const vb_anywhere *)p;
  return load_byte_lanes(p, n);
}
static ALWAYS_INLINE void store_some(float *p, vf v, int64_t n) {
  if (n >= LANES)
    store(p, v);
  else
    store_lanes(p, v, n);
}
static ALWAYS_INLINE void store_bytes_some(uint8_t *p, vb v, int64_t n) {
  if (n >= LANES)
    store_bytes(p, v);
  else
    store_byte_lanes(p, v, n);
}

// Choices lane by lane. AVX-512 has registers for masks, which gcc 12 does not use of its own accord.
#if LANES == 16
typedef __mmask16 lane_mask;
static ALWAYS_INLINE lane_mask greater(vf a, vf b) {
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}
static ALWAYS_INLINE lane_mask equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
static ALWAYS_INLINE lane_mask either_nan(vf a, vf b) {
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q);
}
static ALWAYS_INLINE vf choose(lane_mask m, vf yes, vf no) {
  return (vf)_mm512_mask_blend_ps(m, (__m512)no, (__m512)yes);
}
static ALWAYS_INLINE vi choose_int(lane_mask m, vi yes, vi no) {
  return (vi)_mm512_mask_blend_epi32(m, (__m512i)no, (__m512i)yes);
}
static ALWAYS_INLINE vi one_where(lane_mask m) { return (vi)_mm512_maskz_set1_epi32(m, 1); }
static ALWAYS_INLINE vb bytes_of(vi v) { return (vb)_mm512_cvtepi32_epi8((__m512i)v); }
static ALWAYS_INLINE vi ints_of(vb v) { return (vi)_mm512_cvtepu8_epi32((__m128i)v); }
#else
typedef vi lane_mask;
static ALWAYS_INLINE lane_mask greater(vf a, vf b) { return a > b; }
static ALWAYS_INLINE lane_mask equal(vi a, vi b) { return a == b; }
static ALWAYS_INLINE vi one_where(lane_mask m) { return -m; }
#if LANES == 8
static ALWAYS_INLINE lane_mask either_nan(vf a, vf b) {
  return (vi)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q);
}
static ALWAYS_INLINE vf choose(lane_mask m, vf yes, vf no) {
  return (vf)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)m);
}
static ALWAYS_INLINE vi choose_int(lane_mask m, vi yes, vi no) { return (vi)choose(m, (vf)yes, (vf)no); }
#else
static ALWAYS_INLINE lane_mask either_nan(vf a, vf b) { return (a != a) | (b != b); }
static ALWAYS_INLINE vf choose(lane_mask m, vf yes, vf no) { return (vf)(((vi)yes & m) | ((vi)no & ~m)); }
static ALWAYS_INLINE vi choose_int(lane_mask m, vi yes, vi no) { return (yes & m) | (no & ~m); }
#endif
#if LANES == 8  // of conversions gcc 12 makes shuffles of single lanes
static ALWAYS_INLINE vb bytes_of(vi v) {
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
  return (vb)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
}
static ALWAYS_INLINE vi ints_of(vb v) { return (vi)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)v)); }
#else
static ALWAYS_INLINE vb bytes_of(vi v) { return __builtin_convertvector(v, vb); }
static ALWAYS_INLINE vi ints_of(vb v) { return __builtin_convertvector(v, vi); }
#endif
#endif

// The greater of two, b where one is NaN.
#if LANES == 16
static ALWAYS_INLINE vf greater_of(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
#elif LANES == 8
static ALWAYS_INLINE vf greater_of(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
#else
static ALWAYS_INLINE vf greater_of(vf a, vf b) { return choose(greater(a, b), a, b); }
#endif

// The lesser of two, b where one is NaN.
#if LANES == 16
static ALWAYS_INLINE vf lesser_of(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
#elif LANES == 8
static ALWAYS_INLINE vf lesser_of(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
#else
static ALWAYS_INLINE vf lesser_of(vf a, vf b) { return choose(greater(b, a), a, b); }
#endif

// Whether a lane is infinite or NaN.
static ALWAYS_INLINE bool is_any_broken(vf x) {
  x -= x;
#if LANES == 16
  return _mm512_cmp_ps_mask((__m512)x, (__m512)x, _CMP_UNORD_Q) != 0;
#elif LANES == 8
  return _mm256_movemask_ps(_mm256_cmp_ps((__m256)x, (__m256)x, _CMP_UNORD_Q)) != 0;
#else
  const vi broken = x != x;
  int32_t any = 0;
  for (int i = 0; i < LANES; i++) any |= broken[i];
  return any != 0;
#endif
}

static ALWAYS_INLINE vf of_one(float x) { return x - (vf){0}; }
static ALWAYS_INLINE vi of_int(int32_t x) { return x - (vi){0}; }
// The greater of x and 0; NaN stays.
static ALWAYS_INLINE vf relu_of(vf x) { return greater_of((vf){0}, x); }

#endif
