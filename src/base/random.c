// The generator of NumPy's RandomState, and counter-based streams. Compiled with -ffp-contract=off: a fused
// multiply-add in the polar method changes the last bit of a normal.
#include "base/random.h"

#include <math.h>

#include "base/interrupt.h"

// ---- MT19937 ----
//
// M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM Transactions on Modeling and Computer Simulation 8
// (1998), with the initialisation of 2002.

#define WORDS 624
#define MIDDLE 397

static uint32_t twist(uint32_t high, uint32_t low) {
  uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return (y >> 1) ^ (low & 1 ? 0x9908b0dfu : 0);
}

static void next_block(gr_random *r) {
  uint32_t *k = r->key;
  int i = 0;
  for (; i < WORDS - MIDDLE; i++) k[i] = k[i + MIDDLE] ^ twist(k[i], k[i + 1]);
  for (; i < WORDS - 1; i++) k[i] = k[i + MIDDLE - WORDS] ^ twist(k[i], k[i + 1]);
  k[WORDS - 1] = k[MIDDLE - 1] ^ twist(k[WORDS - 1], k[0]);
  r->position = 0;
}

void gr_random_seed(gr_random *r, uint32_t seed) {
  r->key[0] = seed;
  for (int i = 1; i < WORDS; i++)
    r->key[i] = 1812433253u * (r->key[i - 1] ^ (r->key[i - 1] >> 30)) + (uint32_t)i;
  r->position = WORDS;
  r->has_gauss = false;
  r->gauss = 0;
}

void gr_random_seed_array(gr_random *r, const uint32_t *seeds, size_t n) {
  gr_random_seed(r, 19650218u);
  uint32_t *k = r->key;
  size_t j = 0;
  int i = 1;
  for (size_t left = n > WORDS ? n : WORDS; left; left--) {
    k[i] = (k[i] ^ ((k[i - 1] ^ (k[i - 1] >> 30)) * 1664525u)) + seeds[j] + (uint32_t)j;
    if (++j == n) j = 0;
    if (++i == WORDS) {
      k[0] = k[WORDS - 1];
      i = 1;
    }
  }
  for (int left = WORDS - 1; left; left--) {
    k[i] = (k[i] ^ ((k[i - 1] ^ (k[i - 1] >> 30)) * 1566083941u)) - (uint32_t)i;
    if (++i == WORDS) {
      k[0] = k[WORDS - 1];
      i = 1;
    }
  }
  k[0] = 0x80000000u;  // never all zeros
}

uint32_t gr_random_u32(gr_random *r) {
  if (r->position == WORDS) next_block(r);
  uint32_t y = r->key[r->position++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

// ---- distributions, as RandomState draws them ----

uint64_t gr_random_u64(gr_random *r) {
  uint64_t high = gr_random_u32(r);
  return high << 32 | gr_random_u32(r);
}

double gr_random_double(gr_random *r) {
  uint32_t a = gr_random_u32(r) >> 5, b = gr_random_u32(r) >> 6;
  return (a * 67108864.0 + b) / 9007199254740992.0;  // (a 2^26 + b) / 2^53
}

double gr_random_gauss(gr_random *r) {
  if (r->has_gauss) {
    double kept = r->gauss;
    r->has_gauss = false;
    r->gauss = 0;
    return kept;
  }
  double x1, x2, r2;
  do {
    x1 = 2.0 * gr_random_double(r) - 1.0;
    x2 = 2.0 * gr_random_double(r) - 1.0;
    r2 = x1 * x1 + x2 * x2;
  } while (r2 >= 1.0 || r2 == 0.0);
  double f = sqrt(-2.0 * log(r2) / r2);
  r->gauss = f * x1;
  r->has_gauss = true;
  return f * x2;
}

double gr_random_uniform(gr_random *r, double low, double high) {
  return low + (high - low) * gr_random_double(r);
}

double gr_random_normal(gr_random *r, double mean, double deviation) {
  return mean + deviation * gr_random_gauss(r);
}

uint64_t gr_random_interval(gr_random *r, uint64_t max) {
  if (max == 0) return 0;  // draws nothing, as NumPy
  uint64_t mask = UINT64_MAX >> __builtin_clzll(max), value;
  if (max <= UINT32_MAX)
    while ((value = gr_random_u32(r) & mask) > max) continue;
  else
    while ((value = gr_random_u64(r) & mask) > max) continue;
  return value;
}

gr_code gr_random_shuffle(gr_random *r, int64_t *items, int64_t n, gr_err *err) {
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j = (int64_t)gr_random_interval(r, (uint64_t)i), item = items[i];
    items[i] = items[j];
    items[j] = item;
    gr_code code = (i & 0xffff) ? GR_OK : gr_interrupt_poll(err);
    if (code) return code;
  }
  return GR_OK;
}

gr_code gr_random_permutation(gr_random *r, int64_t *out, int64_t n, gr_err *err) {
  for (int64_t i = 0; i < n; i++) out[i] = i;
  return gr_random_shuffle(r, out, n, err);
}

// ---- counter-based streams ----
//
// A counter goes through two keyed rounds of a 64-bit mixer: a permutation of the 2^64 counters for every
// key. The steps of the counter are the golden ratio, as in SplitMix64 (G. Steele, D. Lea and C. Flood, "Fast
// splittable pseudorandom number generators", OOPSLA 2014); the mixer is variant 13 of D. Stafford ("Better
// bit mixing", 2011), whose avalanche is near ideal. One round is SplitMix64 itself, whose streams differ
// only in where they start; the second round, with the other half of the key between the two, makes streams
// independent also when they share one half. Four multiplications a number and no branch.

static inline uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t gr_stream_u64(gr_stream s, uint64_t counter) {
  return mix(mix(counter * 0x9e3779b97f4a7c15u + s.key[0]) ^ s.key[1]);
}

double gr_stream_double(gr_stream s, uint64_t counter) {
  return (double)(gr_stream_u64(s, counter) >> 11) * 0x1p-53;
}

gr_stream gr_stream_derive(gr_stream parent, uint64_t purpose) {
  // The keys of children come from streams of their own, so that they are never numbers the parent also
  // gives. (The constants are digits of pi.)
  gr_stream first = {{parent.key[1] ^ 0x243f6a8885a308d3u, parent.key[0]}};
  gr_stream second = {{parent.key[1] ^ 0x13198a2e03707344u, parent.key[0]}};
  return (gr_stream){{gr_stream_u64(first, purpose), gr_stream_u64(second, purpose)}};
}
