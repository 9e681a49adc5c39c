// The generator of NumPy's RandomState, and counter-based streams. Compiled with -ffp-contract=off: a fused
// multiply-add in the polar method changes the last bit of a normal.
#include "base/random.h"

#include <math.h>
#include <string.h>

#include "base/interrupt.h"

// ---- MT19937 ----
//
// M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM Transactions on Modeling and Computer Simulation 8
// (1998), with the initialisation of 2002. A block of 624 words is made at a time, and tempered at a time: no
// word waits for the one before it, so that both loops run on vectors.

#define WORDS GR_RANDOM_WORDS
#define MIDDLE 397

static inline uint32_t twist(uint32_t high, uint32_t low) {
  uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return (y >> 1) ^ (-(low & 1) & 0x9908b0dfu);
}

static void temper(gr_random *r) {
  for (int i = 0; i < WORDS; i++) {
    uint32_t y = r->key[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    r->words[i] = y ^ (y >> 18);
  }
}

void gr_random_next_block(gr_random *r) {
  uint32_t *k = r->key;
  int i = 0;
  for (; i < WORDS - MIDDLE; i++) k[i] = k[i + MIDDLE] ^ twist(k[i], k[i + 1]);
  for (; i < WORDS - 1; i++) k[i] = k[i + MIDDLE - WORDS] ^ twist(k[i], k[i + 1]);
  k[WORDS - 1] = k[MIDDLE - 1] ^ twist(k[WORDS - 1], k[0]);
  r->position = 0;
  temper(r);
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

void gr_random_restore(gr_random *r, const uint32_t *key, int position, bool has_gauss, double gauss) {
  memcpy(r->key, key, sizeof r->key);
  temper(r);
  r->position = position;
  r->has_gauss = has_gauss;
  r->gauss = gauss;
}

// ---- real numbers, as RandomState draws them ----

static inline double to_double(const uint32_t *words) {
  // Both parts are below 2^31: signed, they convert on vectors.
  return ((int32_t)(words[0] >> 5) * 67108864.0 + (int32_t)(words[1] >> 6)) / 9007199254740992.0;
}

void gr_random_doubles(gr_random *r, double *out, int64_t n) {
  while (n > 0) {
    if (r->position == WORDS) gr_random_next_block(r);
    int64_t pairs = (WORDS - r->position) / 2, count = pairs < n ? pairs : n;
    if (count == 0) {  // one word is left: this number takes its second from the next block
      *out++ = gr_random_double(r);
      n--;
      continue;
    }
    const uint32_t *words = r->words + r->position;
    for (int64_t i = 0; i < count; i++) out[i] = to_double(words + 2 * i);
    r->position += 2 * (int)count;
    out += count;
    n -= count;
  }
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

// At most `wanted` pairs of normals out of the words that are left in the block; returns how many there were.
// The points of the square that miss the disc are squeezed out without a branch: one in five misses, which no
// processor predicts. The logarithm is the C library's, since the stream is defined by it.
static int gauss_pairs(gr_random *r, double *out, int wanted) {
  enum { MOST = WORDS / 4 };
  double x1[MOST], x2[MOST], r2[MOST];
  int used[MOST];  // words, up to and including this point's
  int points = (WORDS - r->position) / 4, found = 0;
  const uint32_t *words = r->words + r->position;
  for (int i = 0; i < points && found < wanted; i++) {
    double a = 2.0 * to_double(words + 4 * i) - 1.0, b = 2.0 * to_double(words + 4 * i + 2) - 1.0;
    double square = a * a + b * b;
    x1[found] = a;
    x2[found] = b;
    r2[found] = square;
    used[found] = 4 * (i + 1);
    found += (square < 1.0) & (square != 0.0);
  }
  r->position += found == wanted ? used[found - 1] : 4 * points;
  for (int i = 0; i < found; i++) out[2 * i] = log(r2[i]);
  for (int i = 0; i < found; i++) {
    double f = sqrt(-2.0 * out[2 * i] / r2[i]);
    out[2 * i] = f * x2[i];
    out[2 * i + 1] = f * x1[i];
  }
  return found;
}

void gr_random_gausses(gr_random *r, double *out, int64_t n) {
  if (n > 0 && r->has_gauss) {
    *out++ = gr_random_gauss(r);
    n--;
  }
  while (n >= 2) {
    if (WORDS - r->position < 4) {  // these two straddle two blocks
      *out++ = gr_random_gauss(r);
      *out++ = gr_random_gauss(r);
      n -= 2;
      continue;
    }
    int pairs = gauss_pairs(r, out, n / 2 < WORDS ? (int)(n / 2) : WORDS);
    out += 2 * pairs;
    n -= 2 * pairs;
  }
  if (n == 1) *out = gr_random_gauss(r);
}

// ---- whole numbers ----

static uint64_t mask_of(uint64_t max) { return max ? UINT64_MAX >> __builtin_clzll(max) : 0; }

uint64_t gr_random_interval(gr_random *r, uint64_t max) {
  if (max == 0) return 0;  // draws nothing, as NumPy
  uint64_t mask = mask_of(max), value;
  if (max <= UINT32_MAX)
    while ((value = gr_random_u32(r) & mask) > max) continue;
  else
    while ((value = gr_random_u64(r) & mask) > max) continue;
  return value;
}

void gr_random_intervals(gr_random *r, uint64_t *out, int64_t n, uint64_t max) {
  if (max == 0 || max > UINT32_MAX) {
    for (int64_t i = 0; i < n; i++) out[i] = gr_random_interval(r, max);
    return;
  }
  uint32_t mask = (uint32_t)mask_of(max), most = (uint32_t)max;
  for (int64_t i = 0; i < n;) {
    if (r->position == WORDS) gr_random_next_block(r);
    while (i < n && r->position < WORDS) {  // keeps the value or writes over it: no branch to mispredict
      uint32_t value = r->words[r->position++] & mask;
      out[i] = value;
      i += value <= most;
    }
  }
}

// Draws with which of the items 0..i to swap item i, then i - 1, and so on: `count` of them, at most i, for
// i < 2^32. What is drawn does not depend on the items, so that many swaps are under way at a time.
static void draw_partners(gr_random *r, uint32_t *out, uint32_t i, int count) {
  for (int k = 0; k < count;) {
    if (r->position == WORDS) gr_random_next_block(r);
    uint32_t most = i - (uint32_t)k, mask = (uint32_t)mask_of(most), least = mask / 2 + 1;
    while (k < count && most >= least && r->position < WORDS) {
      uint32_t value = r->words[r->position++] & mask;
      out[k] = value;
      uint32_t accepted = value <= most;
      k += (int)accepted;
      most -= accepted;
    }
  }
}

gr_code gr_random_shuffle(gr_random *r, int64_t *items, int64_t n, gr_err *err) {
  enum { AT_ONCE = 1024 };
  uint32_t partners[AT_ONCE];
  int64_t i = n - 1;
  for (; i > UINT32_MAX; i--) {
    int64_t j = (int64_t)gr_random_interval(r, (uint64_t)i), item = items[i];
    items[i] = items[j];
    items[j] = item;
    gr_code code = (i & 0xffff) ? GR_OK : gr_interrupt_poll(err);
    if (code) return code;
  }
  while (i > 0) {
    int count = i < AT_ONCE ? (int)i : AT_ONCE;
    draw_partners(r, partners, (uint32_t)i, count);
    for (int k = 0; k < count; k++, i--) {
      int64_t j = partners[k], item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
  }
  return GR_OK;
}

gr_code gr_random_permutation(gr_random *r, int64_t *out, int64_t n, gr_err *err) {
  enum { AT_ONCE = 1 << 16 };
  for (int64_t i = 0; i < n;) {  // fresh memory may come slowly
    const int64_t end = n - i < AT_ONCE ? n : i + AT_ONCE;
    for (; i < end; i++) out[i] = i;
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
  }
  return gr_random_shuffle(r, out, n, err);
}

// ---- counter-based streams ----

gr_stream gr_stream_derive(gr_stream parent, uint64_t purpose) {
  // The keys of children come from streams of their own, so that they are never numbers the parent also
  // gives. (The constants are digits of pi.)
  gr_stream first = {{parent.key[1] ^ 0x243f6a8885a308d3u, parent.key[0]}};
  gr_stream second = {{parent.key[1] ^ 0x13198a2e03707344u, parent.key[0]}};
  return (gr_stream){{gr_stream_u64(first, purpose), gr_stream_u64(second, purpose)}};
}
