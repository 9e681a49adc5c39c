#include "base/random.h"

void gr_random_seed(gr_random *r, uint32_t seed) {
  r->key[0] = seed;
  for (int i = 1; i < 624; i++) r->key[i] = 1812433253u * (r->key[i - 1] ^ (r->key[i - 1] >> 30)) + (uint32_t)i;
  r->position = 624;
  r->has_gauss = false;
}
