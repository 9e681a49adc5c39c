// Whole numbers: randint, and Lua's own math.random, from the same generator.
#include "bind/random.h"

// NumPy cuts small numbers out of one word, lowest bits first, and drops what is left of it after the call:
// uint8 and bool are streams of their own.
typedef struct small_words {
  uint32_t word;
  int left;
} small_words;

static uint32_t draw_bits(gr_random *r, small_words *w, int bits) {
  if (w->left == 0) {
    w->word = gr_random_u32(r);
    w->left = 32 / bits;
  } else {
    w->word >>= bits;
  }
  w->left--;
  return w->word & ((1u << bits) - 1);
}

static uint8_t draw_small(gr_random *r, small_words *w, gr_dtype dtype, int64_t low, uint64_t range) {
  if (range == 0) return (uint8_t)low;
  if (dtype == GR_BOOL) return (uint8_t)draw_bits(r, w, 1);
  uint32_t mask = UINT32_MAX >> __builtin_clz((uint32_t)range), value;
  while ((value = draw_bits(r, w, 8) & mask) > range) continue;
  return (uint8_t)(low + value);
}

// The last number that may come when `high`, the argument at `index`, may not: 2^63 itself is a float.
static lua_Integer check_last(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) == 0x1p63 && !lua_isinteger(L, index))
    return LUA_MAXINTEGER;
  lua_Integer high = luaL_checkinteger(L, index);
  return high == LUA_MININTEGER ? high : high - 1;
}

// int64 draws low..low + range; the draws first stand as unsigned numbers where the result will.
static void fill_integers(lua_State *L, int64_t *out, int64_t n, int64_t low, uint64_t range) {
  enum { AT_ONCE = 1 << 16 };
  for (int64_t at = 0; at < n; at += AT_ONCE) {
    int64_t count = n - at < AT_ONCE ? n - at : AT_ONCE;
    uint64_t *drawn = (uint64_t *)out + at;
    gr_random_intervals(gr_generator(L), drawn, count, range);
    for (int64_t i = 0; i < count; i++) drawn[i] += (uint64_t)low;
    GR_TRY(L, gr_interrupt_poll(&err));
  }
}

static void fill_small(lua_State *L, uint8_t *out, int64_t n, gr_dtype dtype, int64_t low, uint64_t range) {
  small_words words = {0};
  for (int64_t i = 0; i < n; i++) {
    out[i] = draw_small(gr_generator(L), &words, dtype, low, range);
    gr_poll_sometimes(L, i);
  }
}

static void fill(lua_State *L, gr_tensor *t, int64_t low, uint64_t range) {
  if (t->dtype == GR_I64)
    fill_integers(L, t->data, gr_tensor_size(t), low, range);
  else
    fill_small(L, t->data, gr_tensor_size(t), (gr_dtype)t->dtype, low, range);
}

static int random_randint(lua_State *L) {
  bool has_low = lua_type(L, 2) == LUA_TNUMBER;
  lua_Integer low = has_low ? luaL_checkinteger(L, 1) : 0, last = check_last(L, has_low ? 2 : 1);
  gr_sizes s = gr_check_sizes(L, has_low ? 3 : 2, "randint", gr_dtype_only, GR_I64);
  if (low > last) {
    const char *high = luaL_tolstring(L, has_low ? 2 : 1, NULL);
    if (!has_low)
      return luaL_error(L, "randint(high) draws from 0 to high - 1, so high is at least 1, not %s", high);
    return luaL_error(L,
                      "randint(low, high, ...) draws from low to high - 1, so low must be less than high, "
                      "and they are %I and %s",
                      low, high);
  }
  if (gr_dtype_is_float(s.dtype))
    return luaL_error(L, "randint draws int64, uint8 or bool, not %s; convert what it gives with :%s()",
                      gr_dtype_name(s.dtype), gr_dtype_name(s.dtype));
  lua_Integer most = s.dtype == GR_BOOL ? 1 : 255;
  if (s.dtype != GR_I64 && (low < 0 || last > most))
    return luaL_error(L, "%s holds 0 to %I, and randint was asked for %I to %I", gr_dtype_name(s.dtype), most,
                      low, last);
  uint64_t range = (uint64_t)last - (uint64_t)low;
  if (s.ndim == 0) {
    int64_t number;
    gr_tensor t = {.data = &number, .dtype = (uint8_t)s.dtype};
    fill(L, &t, low, range);
    gr_push_element(L, &t, NULL);
  } else {
    fill(L, gr_push_tensor(L, s.dtype, s.ndim, s.shape), low, range);
  }
  return 1;
}

static const gr_function functions[] = {
    {"randint", random_randint,
     "randint(low, high, d1, d2, ..., {dtype=\"int64\"}) -> tensor or integer\n\n"
     "Whole numbers from low to high - 1, each as likely as the other. randint(high) draws from 0. These "
     "are values, not positions: class labels start at 0. Any range of 64 bits will do, up to high = 2^63. "
     "dtype may also be uint8 or bool, which draw other numbers, as in NumPy.\n\n"
     "> random.seed(1)\n"
     "> random.randint(0, 10, 12)\n"
     "[5 8 9 5 0 0 1 7 6 9 2 4]\n"
     "> random.randint(0, 2, 4, {dtype=\"bool\"})\n"
     "[False  True  True  True]"},
    {NULL, NULL, NULL},
};

void gr_add_random_integers(lua_State *L) { gr_register(L, "random", functions); }

// ---- Lua's own ----

static int math_random(lua_State *L) {
  gr_random *r = gr_generator(L);
  lua_Integer low = 1, high;
  switch (lua_gettop(L)) {
    case 0: lua_pushnumber(L, gr_random_double(r)); return 1;
    case 1:
      high = luaL_checkinteger(L, 1);
      if (high == 0) {
        lua_pushinteger(L, (lua_Integer)gr_random_u64(r));
        return 1;
      }
      if (high < 1)
        return luaL_error(L, "math.random(n) draws from 1 to n, so n is at least 1, not %I", high);
      break;
    case 2:
      low = luaL_checkinteger(L, 1);
      high = luaL_checkinteger(L, 2);
      if (low > high)
        return luaL_error(
            L,
            "math.random(m, n) draws from m to n, both included, so m is at most n; they are %I "
            "and %I",
            low, high);
      break;
    default:
      return luaL_error(
          L, "math.random takes at most two numbers; for tensors there is random.randint(low, high, "
             "d1, d2, ...)");
  }
  lua_pushinteger(L, (lua_Integer)((uint64_t)low + gr_random_interval(r, (uint64_t)high - (uint64_t)low)));
  return 1;
}

// Adds both halves of a number to the seeds: those of an integer, or the bits of a float.
static int add_halves(lua_State *L, int index, uint32_t *seeds) {
  union {
    lua_Integer integer;
    lua_Number number;
    uint64_t bits;
  } value;
  if (lua_isinteger(L, index) || !lua_isnumber(L, index))
    value.integer = luaL_checkinteger(L, index);
  else
    value.number = lua_tonumber(L, index);
  seeds[0] = (uint32_t)value.bits;
  seeds[1] = (uint32_t)(value.bits >> 32);
  return 2;
}

static int math_randomseed(lua_State *L) {
  int given = lua_gettop(L), is_whole;
  lua_Integer seed = lua_tointegerx(L, 1, &is_whole);
  if (given > 2) return luaL_error(L, "math.randomseed takes at most two numbers, and got %d", given);
  if (given == 0 || (given == 1 && is_whole && seed >= 0 && seed <= UINT32_MAX)) {
    if (given) lua_pushinteger(L, seed);  // 1.0 is 1
    if (given) lua_replace(L, 1);
    return gr_random_seed_from(L);
  }
  uint32_t seeds[4];
  int n = 0;
  for (int i = 1; i <= given; i++) n += add_halves(L, i, seeds + n);
  gr_random_seed_array(gr_generator(L), seeds, (size_t)n);
  return 0;
}

static const gr_function lua_functions[] = {
    {"random", math_random,
     "random(m, n) -> number\n\n"
     "Lua's own, drawn from the generator that random.seed starts, so that one seed fixes a session: a float "
     "in [0, 1) "
     "without arguments, as random.random() gives; a whole number from m to n, both included, as "
     "random.randint(m, n + 1) gives; random(n) counts from 1, and random(0) gives 64 random bits.\n\n"
     "> random.seed(1)\n"
     "> math.random()\n"
     "0.417022004702574\n"
     "> math.random(1, 6)\n"
     "5"},
    {"randomseed", math_randomseed,
     "randomseed(n)\n\n"
     "Lua's own name for random.seed(n), which starts all random numbers anew; without n the system chooses. "
     "Lua also "
     "takes numbers that are no seed of 32 bits, and two of them: their bits then make a list of seeds, "
     "those of the "
     "low half first.\n\n"
     "> math.randomseed(1)\n"
     "> math.random()\n"
     "0.417022004702574"},
    {NULL, NULL, NULL},
};

int gr_open_math(lua_State *L) {
  lua_createtable(L, 0, 2);
  gr_register(L, "math", lua_functions);
  return 1;
}
