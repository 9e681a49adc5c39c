// NumPy's RandomState, bit for bit (NumPy's legacy stream, frozen at 1.16): MT19937, and the
// distributions as it draws them. Everything a learner draws comes from one of these.
#ifndef GR_BASE_RANDOM_H
#define GR_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GR_RANDOM_WORDS 624

typedef struct gr_random {
  uint32_t key[GR_RANDOM_WORDS];    // the state of MT19937
  uint32_t words[GR_RANDOM_WORDS];  // the numbers that this state gives; valid from `position` on
  int position;                     // the next of them; GR_RANDOM_WORDS when a new block is due
  bool has_gauss;                   // the polar method makes two normals at a time
  double gauss;
} gr_random;

void gr_random_seed(gr_random *r, uint32_t seed);
void gr_random_seed_array(gr_random *r, const uint32_t *seeds, size_t n);  // n >= 1
// Goes on from a saved state: the key, the position in it (0 to GR_RANDOM_WORDS), the normal that waits.
void gr_random_restore(gr_random *r, const uint32_t *key, int position, bool has_gauss, double gauss);
void gr_random_next_block(gr_random *r);

static inline uint32_t gr_random_u32(gr_random *r) {
  if (r->position == GR_RANDOM_WORDS) gr_random_next_block(r);
  return r->words[r->position++];
}

static inline uint64_t gr_random_u64(gr_random *r) {  // high word first
  uint64_t high = gr_random_u32(r);
  return high << 32 | gr_random_u32(r);
}

static inline double gr_random_double(gr_random *r) {  // [0, 1), 53 bits: (a 2^26 + b) / 2^53
  uint32_t a = gr_random_u32(r) >> 5, b = gr_random_u32(r) >> 6;
  return (a * 67108864.0 + b) / 9007199254740992.0;
}

double gr_random_gauss(gr_random *r);                     // N(0, 1), polar
uint64_t gr_random_interval(gr_random *r, uint64_t max);  // 0..max inclusive, masked rejection
// Many at once: the same numbers, and the generator left in the same state, as n calls would.
void gr_random_doubles(gr_random *r, double *out, int64_t n);
void gr_random_gausses(gr_random *r, double *out, int64_t n);
void gr_random_intervals(gr_random *r, uint64_t *out, int64_t n, uint64_t max);
// The items in another order, in place (Fisher and Yates, from the end, as NumPy's). Fails on an interrupt
// only.
gr_code gr_random_shuffle(gr_random *r, int64_t *items, int64_t n, gr_err *err);
// 0..n-1 shuffled. Fails on an interrupt only.
gr_code gr_random_permutation(gr_random *r, int64_t *out, int64_t n, gr_err *err);

// Counter-based streams for `fit`, Dropout and augmentation: number `counter` of the stream `key`
// depends on nothing else, so that slices of a batch drawn by any thread in any order agree.
typedef struct gr_stream {
  uint64_t key[2];
} gr_stream;

gr_stream gr_stream_derive(gr_stream parent, uint64_t purpose);  // an independent stream

// Here for the loops of the kernels, which draw many numbers at once.
//
// A counter goes through two keyed rounds of a 64-bit mixer: a permutation of the 2^64 counters for every
// key. The steps of the counter are the golden ratio, as in SplitMix64 (G. Steele, D. Lea and C. Flood, "Fast
// splittable pseudorandom number generators", OOPSLA 2014); the mixer is variant 13 of D. Stafford ("Better
// bit mixing", 2011), whose avalanche is near ideal. One round is SplitMix64 itself, whose streams differ
// only in where they start; the second round, with the other half of the key between the two, makes streams
// independent also when they share one half. Four multiplications a number and no branch.
static inline uint64_t gr_stream_mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static inline uint64_t gr_stream_u64(gr_stream s, uint64_t counter) {
  return gr_stream_mix(gr_stream_mix(counter * 0x9e3779b97f4a7c15u + s.key[0]) ^ s.key[1]);
}

// 53 bits, and what they are in [0, 1).
static inline uint64_t gr_stream_bits(gr_stream s, uint64_t counter) {
  return gr_stream_u64(s, counter) >> 11;
}
static inline double gr_stream_double(gr_stream s, uint64_t counter) {
  return (double)gr_stream_bits(s, counter) * 0x1p-53;
}

#endif
