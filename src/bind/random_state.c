// The state of the module `random`'s generator: seeds, saving and restoring, keys for the counter-based
// streams.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bind/random.h"

// A seed of the tensor at `index`, whose elements are whole numbers.
static uint32_t seed_at(lua_State *L, const gr_tensor *t, int64_t i) {
  gr_push_element(L, t, &i);
  uint32_t seed = gr_check_seed(L, -1);
  lua_pop(L, 1);
  return seed;
}

static void seed_from_list(lua_State *L) {
  const gr_tensor *t = gr_test_tensor(L, 1);
  if (t && t->ndim != 1)
    luaL_error(L, "seed takes a number or a list of numbers: this tensor has %d axes", t->ndim);
  lua_Integer n = t ? t->shape[0] : luaL_len(L, 1);
  if (n == 0) luaL_error(L, "seed got an empty list: give at least one number, as in seed{1, 2}");
  uint32_t *seeds = gr_push_tensor(L, GR_U8, 1, &(int64_t){n * (lua_Integer)sizeof *seeds})->data;
  for (lua_Integer i = 0; i < n; i++) {
    if (t) {
      seeds[i] = seed_at(L, t, i);
    } else {
      lua_geti(L, 1, i + 1);
      seeds[i] = gr_check_seed(L, -1);
      lua_pop(L, 1);
    }
    gr_poll_sometimes(L, i);
  }
  gr_random_seed_array(gr_generator(L), seeds, (size_t)n);
}

int gr_random_seed_from(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    uint32_t entropy[8];
    if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy)
      return luaL_error(L, "the system gave no random numbers: give a seed, as in random.seed(1)");
    gr_random_seed_array(gr_generator(L), entropy, 8);
  } else if (lua_istable(L, 1) || gr_test_tensor(L, 1)) {
    seed_from_list(L);
  } else {
    gr_random_seed(gr_generator(L), gr_check_seed(L, 1));
  }
  return 0;
}

// "MT19937", the position, whether a normal waits, which, and the 624 words in hexadecimal: text, so that a
// session can be saved in a file that one can read.
static int random_get_state(lua_State *L) {
  const gr_random *r = gr_generator(L);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  char text[64];
  snprintf(text, sizeof text, "MT19937 %d %d %a ", r->position, r->has_gauss, r->gauss);
  luaL_addstring(&b, text);
  for (int i = 0; i < GR_RANDOM_WORDS; i++) {
    snprintf(text, sizeof text, "%08" PRIx32, r->key[i]);
    luaL_addlstring(&b, text, 8);
  }
  luaL_pushresult(&b);
  return 1;
}

static bool read_state(gr_random *r, const char *text) {
  int position, has_gauss, used = 0;
  double gauss;
  if (sscanf(text, "MT19937 %d %d %la %n", &position, &has_gauss, &gauss, &used) != 3 || used == 0)
    return false;
  if (position < 0 || position > GR_RANDOM_WORDS || has_gauss < 0 || has_gauss > 1 || !isfinite(gauss))
    return false;
  uint32_t key[GR_RANDOM_WORDS], any = 0;
  text += used;
  if (strlen(text) != GR_RANDOM_WORDS * 8 || strspn(text, "0123456789abcdef") != GR_RANDOM_WORDS * 8)
    return false;
  for (int i = 0; i < GR_RANDOM_WORDS; i++) {
    char word[9] = {0};
    memcpy(word, text + 8 * i, 8);
    any |= key[i] = (uint32_t)strtoul(word, NULL, 16);
  }
  if (any == 0) return false;  // the generator never leaves the state of all zeros
  gr_random_restore(r, key, position, has_gauss, gauss);
  return true;
}

static int random_set_state(lua_State *L) {
  gr_random r;
  if (lua_type(L, 1) != LUA_TSTRING || !read_state(&r, lua_tostring(L, 1)))
    return luaL_error(L, "set_state takes what random.get_state() gave, unchanged; to start anew, seed");
  *gr_generator(L) = r;
  return 0;
}

// Two numbers, the key of a gr_stream: for fit, Dropout and augmentation.
static int random_new_key(lua_State *L) {
  for (int i = 0; i < 2; i++) lua_pushinteger(L, (lua_Integer)gr_random_u64(gr_generator(L)));
  return 2;
}

static const gr_function functions[] = {
    {"seed", gr_random_seed_from,
     "seed(n)\n\n"
     "Starts the random numbers anew: after the same seed come the same numbers, those of NumPy's "
     "numpy.random.seed. n is a whole number from 0 to 4294967295, or a list or tensor of such numbers; "
     "without n "
     "the system chooses. Lua's math.random draws from the same generator.\n\n"
     "> random.seed(1)\n"
     "> random.randint(0, 10, 5)\n"
     "[5 8 9 5 0]"},
    {"get_state", random_get_state,
     "get_state() -> string\n\n"
     "Where the random numbers stand, for set_state.\n\n"
     "> random.seed(1); before = random.get_state()\n"
     "> random.randint(0, 10, 3)\n"
     "[5 8 9]\n"
     "> random.set_state(before)\n"
     "> random.randint(0, 10, 3)\n"
     "[5 8 9]"},
    {"set_state", random_set_state,
     "set_state(state)\n\n"
     "Goes back to where the random numbers stood when random.get_state() gave this state.\n\n"
     "> random.seed(1); random.randn(); before = random.get_state()\n"
     "> random.randn(2)\n"
     "[-0.61175641 -0.52817175]\n"
     "> random.set_state(before); random.randn(2)\n"
     "[-0.61175641 -0.52817175]"},
    {"new_key", random_new_key, NULL},
    {NULL},
};

void gr_add_random_state(lua_State *L) { gr_register(L, "random", functions); }
