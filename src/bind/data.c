// The data module's primitives: files of numbers, splits, counts, made pictures. lua/gradus/data is the
// friendly side and has the help; nothing here is called by a learner.
//
// A C function that fails must leave nothing behind when the error is raised: what it makes goes into boxes,
// or into a `gr_loaded` that Lua owns. Reading and writing files of arrays is in archive.c.
#include "bind/archive.h"
#include "bind/bind.h"

#include <string.h>

#include "data/csv.h"
#include "data/rows.h"
#include "data/waste.h"

static int labels_gc(lua_State *L) {
  gr_labels_finish(lua_touserdata(L, 1));
  return 0;
}

static gr_labels *push_labels(lua_State *L) {
  return gr_push_owned(L, sizeof(gr_labels), "gradus.labels", labels_gc);
}

// pictures(path, height, width) -> x, y: a text table of pictures with their labels in the last column
static int data_pictures(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  lua_Integer height = luaL_checkinteger(L, 2), width = luaL_checkinteger(L, 3);
  gr_push_empty(L);
  gr_push_empty(L);
  gr_loaded *loaded = gr_push_loaded(L);
  GR_TRY(L, gr_load(loaded, path, 0, &err));
  if (loaded->tensor.ndim != 2) return luaL_error(L, "%s is no table of numbers", path);
  gr_tensor x, y;
  GR_TRY(L, gr_table_pictures(&x, &y, &loaded->tensor, height, width, path, &err));
  gr_loaded_finish(loaded);
  gr_box_adopt(L, -3, &x);
  gr_box_adopt(L, -2, &y);
  lua_pop(L, 1);
  return 2;
}

// describe(tensor) -> dtype, shape as text, number of axes, size of the first axis
static int data_describe(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  char shape[GR_SHAPE_TEXT];
  lua_pushstring(L, gr_dtype_name(t->dtype));
  lua_pushstring(L, gr_shape_text(shape, t->ndim, t->shape));
  lua_pushinteger(L, t->ndim);
  lua_pushinteger(L, t->ndim ? t->shape[0] : 0);
  return 4;
}

static int data_is_tensor(lua_State *L) {
  lua_pushboolean(L, gr_test_tensor(L, 1) != NULL);
  return 1;
}

// range(tensor) -> least, mean, greatest
static int data_range(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  double least, mean, greatest;
  GR_TRY(L, gr_range(&least, &mean, &greatest, t, &err));
  lua_pushnumber(L, least);
  lua_pushnumber(L, mean);
  lua_pushnumber(L, greatest);
  return 3;
}

// labels(y, name) -> {counts of labels 0, 1, 2, ...}, sorted
static int data_labels(lua_State *L) {
  const gr_tensor *y = gr_check_tensor(L, 1);
  const char *name = luaL_checkstring(L, 2);
  gr_labels *l = push_labels(L);
  GR_TRY(L, gr_labels_init(l, y, name, &err));
  lua_createtable(L, (int)l->n_classes, 0);
  for (int64_t i = 0; i < l->n_classes; i++) {
    lua_pushinteger(L, l->count[i]);
    lua_seti(L, -2, i + 1);
  }
  lua_pushboolean(L, l->sorted);
  gr_labels_finish(l);
  return 2;
}

// split(n, ratios, seed or nil, y or nil) -> {positions of part 1, positions of part 2, ...}
static int data_split(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  double ratios[GR_MAX_PARTS];
  int64_t sizes[GR_MAX_PARTS];
  lua_Integer parts = luaL_len(L, 2);
  luaL_argcheck(L, parts >= 1 && parts <= GR_MAX_PARTS, 2, "between 1 and 16 ratios");
  for (int i = 0; i < parts; i++) {
    lua_geti(L, 2, i + 1);
    ratios[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  gr_random random;
  bool shuffled = !lua_isnoneornil(L, 3);
  if (shuffled) gr_random_seed(&random, gr_check_seed(L, 3));
  gr_labels *l = NULL;
  if (!lua_isnoneornil(L, 4)) {
    const gr_tensor *y = gr_check_tensor(L, 4);
    l = push_labels(L);
    GR_TRY(L, gr_labels_init(l, y, "y", &err));
    if (l->n != n) return luaL_error(L, "there are %I items and %I labels", n, (lua_Integer)l->n);
  }
  int64_t *order = gr_push_tensor(L, GR_I64, 1, &(int64_t){n})->data;
  GR_TRY(L, gr_split(order, sizes, n, ratios, (int)parts, l, shuffled ? &random : NULL, &err));
  lua_createtable(L, (int)parts, 0);
  for (int p = 0; p < parts; p++) {
    int64_t *positions = gr_push_tensor(L, GR_I64, 1, &sizes[p])->data;
    for (int64_t i = 0; i < sizes[p]; i++) positions[i] = *order++ + 1;
    lua_seti(L, -2, p + 1);
  }
  return 1;
}

// waste(parts, size, channels, seed, knobs) -> {{x, y, kinds}, ...}, names of kinds: made pictures for each
// part {items, bottles}; the knobs in the order of gr_knob
static int data_waste(lua_State *L) {
  enum { MOST_PARTS = 3 };
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 5, LUA_TTABLE);
  gr_waste_plan plan = {.size = (int)luaL_checkinteger(L, 2), .channels = (int)luaL_checkinteger(L, 3)};
  gr_random random;
  gr_random_seed(&random, gr_check_seed(L, 4));
  gr_stream stream = {{gr_random_u64(&random), 0}};
  for (int k = 0; k < GR_N_KNOBS; k++) {
    lua_geti(L, 5, k + 1);
    plan.knob[k] = (float)luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  lua_Integer parts = luaL_len(L, 1);
  gr_waste_part part[MOST_PARTS];
  luaL_argcheck(L, parts <= MOST_PARTS, 1, "too many parts");
  lua_createtable(L, (int)parts, 0);
  // Room for all of them before anything is drawn: what does not fit is refused at once.
  for (lua_Integer p = 1; p <= parts; p++) {
    lua_geti(L, 1, p);
    lua_geti(L, -1, 1);
    lua_geti(L, -2, 2);
    int64_t n = luaL_checkinteger(L, -2), bottles = luaL_checkinteger(L, -1);
    lua_pop(L, 3);
    lua_createtable(L, 3, 0);
    const int ndim = plan.channels == 1 ? 3 : 4;
    gr_tensor *x = gr_push_shareable(L, GR_U8, ndim, (int64_t[]){n, plan.size, plan.size, plan.channels});
    gr_tensor *y = gr_push_shareable(L, GR_U8, 1, &n), *kinds = gr_push_shareable(L, GR_U8, 1, &n);
    part[p - 1] = (gr_waste_part){x->data, y->data, kinds->data, n, bottles};
    lua_seti(L, -4, 3);
    lua_seti(L, -3, 2);
    lua_seti(L, -2, 1);
    lua_seti(L, -2, p);
  }
  gr_pool *pool = gr_runtime_pool(L);
  for (lua_Integer p = 0; p < parts; p++)
    GR_TRY(L, gr_waste(&part[p], &plan, gr_stream_derive(stream, (uint64_t)p), pool, &err));
  lua_createtable(L, GR_N_THINGS, 0);
  for (int k = 0; k < GR_N_THINGS; k++) {
    lua_pushstring(L, gr_thing_name((gr_thing_kind)k));
    lua_seti(L, -2, k + 1);
  }
  return 2;
}

static const gr_function functions[] = {
    {"pictures", data_pictures, NULL},   {"describe", data_describe, NULL},
    {"is_tensor", data_is_tensor, NULL}, {"range", data_range, NULL},
    {"labels", data_labels, NULL},       {"split", data_split, NULL},
    {"waste", data_waste, NULL},         {NULL, NULL, NULL},
};

int gr_open_data(lua_State *L) {
  lua_createtable(L, 0, 16);
  gr_register(L, NULL, functions);
  gr_add_archives(L);
  gr_add_readers(L);
  gr_add_making(L);
  return 1;
}
