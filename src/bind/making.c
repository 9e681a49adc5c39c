// The data module's made points, and the normal numbers that a made regression adds: what
// lua/gradus/data/made.lua calls. No learner sees it, so it has no help.
#include "bind/archive.h"
#include "bind/bind.h"

#include <string.h>

#include "base/distributions.h"
#include "data/made.h"

// points(kind, n, seed, noise, shape, classes) -> x, y. `shape` is the factor of circles and the turns of
// spirals.
static int data_points(lua_State *L) {
  const char *kind = luaL_checkstring(L, 1);
  int64_t n = luaL_checkinteger(L, 2);
  gr_random random, *r = &random;
  gr_random_seed(r, gr_check_seed(L, 3));
  double noise = luaL_checknumber(L, 4), shape = luaL_optnumber(L, 5, 0);
  lua_Integer classes = luaL_optinteger(L, 6, 2);
  luaL_argcheck(L, classes >= 1 && classes <= 256, 6, "between 1 and 256 classes");
  int c = (int)classes;
  double *x = gr_push_shareable(L, GR_F64, 2, (int64_t[]){n, 2})->data;
  uint8_t *y = gr_push_shareable(L, GR_U8, 1, &n)->data;
  if (strcmp(kind, "moons") == 0) GR_TRY(L, gr_make_moons(x, y, n, noise, r, &err));
  if (strcmp(kind, "circles") == 0) GR_TRY(L, gr_make_circles(x, y, n, noise, shape, r, &err));
  if (strcmp(kind, "blobs") == 0) GR_TRY(L, gr_make_blobs(x, y, n, c, noise, r, &err));
  if (strcmp(kind, "spirals") == 0) GR_TRY(L, gr_make_spirals(x, y, n, c, shape, noise, r, &err));
  return 2;
}

// line(n, seed) -> u, z: n uniform numbers in -1..1, then n normal ones, each (n, 1)
static int data_line(lua_State *L) {
  int64_t n = luaL_checkinteger(L, 1);
  gr_random r;
  gr_random_seed(&r, gr_check_seed(L, 2));
  double *u = gr_push_shareable(L, GR_F64, 2, (int64_t[]){n, 1})->data;
  double *z = gr_push_shareable(L, GR_F64, 2, (int64_t[]){n, 1})->data;
  gr_draw_uniform(&r, u, n, -1, 1);
  gr_random_gausses(&r, z, n);
  return 2;
}

static const gr_function functions[] = {
    {"points", data_points, NULL},
    {"line", data_line, NULL},
    {NULL, NULL, NULL},
};

void gr_add_making(lua_State *L) { gr_register(L, NULL, functions); }
