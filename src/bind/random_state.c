// The state of the module `random`'s generator: seeds, saving and restoring, keys for the counter-based
// streams.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bind/bind.h"

static gr_random *generator(lua_State *L) { return &gr_runtime_of(L)->random; }

static int random_seed(lua_State *L) {
  gr_random *r = generator(L);
  if (lua_isnoneornil(L, 1)) {
    uint32_t entropy[8];
    if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy)
      return luaL_error(L, "the system gave no random numbers: give a seed, as in random.seed(1)");
    gr_random_seed_array(r, entropy, 8);
  } else if (lua_istable(L, 1)) {
    lua_Integer n = luaL_len(L, 1);
    if (n == 0) return luaL_error(L, "seed got an empty list: give at least one number, as in seed{1, 2}");
    uint32_t *seeds = lua_newuserdatauv(L, (size_t)n * sizeof *seeds, 0);
    for (lua_Integer i = 0; i < n; i++) {
      lua_geti(L, 1, i + 1);
      seeds[i] = gr_check_seed(L, -1);
      lua_pop(L, 1);
    }
    gr_random_seed_array(r, seeds, (size_t)n);
  } else {
    gr_random_seed(r, gr_check_seed(L, 1));
  }
  return 0;
}

// "MT19937", the position, whether a normal waits, which, and the 624 words in hexadecimal: text, so that a
// session can be saved in a file that one can read.
static int random_state(lua_State *L) {
  const gr_random *r = generator(L);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  char text[64];
  snprintf(text, sizeof text, "MT19937 %d %d %a ", r->position, r->has_gauss, r->gauss);
  luaL_addstring(&b, text);
  for (int i = 0; i < 624; i++) {
    snprintf(text, sizeof text, "%08" PRIx32, r->key[i]);
    luaL_addlstring(&b, text, 8);
  }
  luaL_pushresult(&b);
  return 1;
}

static bool read_state(gr_random *r, const char *text) {
  int has_gauss, used = 0;
  if (sscanf(text, "MT19937 %d %d %la %n", &r->position, &has_gauss, &r->gauss, &used) != 3 || used == 0)
    return false;
  if (r->position < 0 || r->position > 624) return false;
  if (has_gauss < 0 || has_gauss > 1 || !isfinite(r->gauss)) return false;
  r->has_gauss = has_gauss;
  text += used;
  if (strlen(text) != 624 * 8 || strspn(text, "0123456789abcdef") != 624 * 8) return false;
  uint32_t any = 0;
  for (int i = 0; i < 624; i++) {
    char word[9] = {0};
    memcpy(word, text + 8 * i, 8);
    any |= r->key[i] = (uint32_t)strtoul(word, NULL, 16);
  }
  return any != 0;  // the generator never leaves the state of all zeros
}

static int random_set_state(lua_State *L) {
  gr_random r;
  if (lua_type(L, 1) != LUA_TSTRING || !read_state(&r, lua_tostring(L, 1)))
    return luaL_error(L, "set_state takes what random.state() gave, unchanged; to start anew, seed");
  *generator(L) = r;
  return 0;
}

// Two numbers, the key of a gr_stream: for fit, Dropout and augmentation.
static int random_new_key(lua_State *L) {
  for (int i = 0; i < 2; i++) lua_pushinteger(L, (lua_Integer)gr_random_u64(generator(L)));
  return 2;
}

static const gr_function functions[] = {
    {"seed", random_seed,
     "seed(n)\n\n"
     "Starts the random numbers anew: after the same seed come the same numbers, those of NumPy's "
     "numpy.random.seed. n is a whole number from 0 to 4294967295 or a list of such numbers; without n the "
     "system chooses.\n\n"
     "> random.seed(1)\n"
     "> random.randint(0, 10, 5)\n"
     "[5 8 9 5 0]"},
    {"state", random_state,
     "state() -> string\n\n"
     "Where the random numbers stand, for set_state.\n\n"
     "> random.seed(1); before = random.state()\n"
     "> random.randint(0, 10, 3)\n"
     "[5 8 9]\n"
     "> random.set_state(before)\n"
     "> random.randint(0, 10, 3)\n"
     "[5 8 9]"},
    {"set_state", random_set_state,
     "set_state(state)\n\n"
     "Goes back to where the random numbers stood when random.state() gave this state.\n\n"
     "> random.seed(1); random.randn(); before = random.state()\n"
     "> random.randn(2)\n"
     "[-0.61175641 -0.52817175]\n"
     "> random.set_state(before); random.randn(2)\n"
     "[-0.61175641 -0.52817175]"},
    {"new_key", random_new_key, NULL},
    {NULL},
};

void gr_add_random_state(lua_State *L) { gr_register(L, "random", functions); }
