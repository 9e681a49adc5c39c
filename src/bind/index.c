#include "bind/index.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// ---- reading ----

static gr_index_item *add(lua_State *L, gr_index *index, gr_index_kind kind) {
  if (index->n == GR_INDEX_ITEMS)
    luaL_error(L,
               "an index of more than %d parts: a tensor has at most %d axes. A list of positions along one "
               "axis is a tensor, as in t[tensor(list)]",
               GR_INDEX_ITEMS, GR_MAX_DIMS);
  gr_index_item *item = &index->item[index->n++];
  item->kind = kind;
  item->first = item->last = 0;
  item->step = 1;
  item->given[0] = item->given[1] = item->given[2] = false;
  item->tensor = 0;
  return item;
}

static lua_Integer whole_number(lua_State *L, int at, int part) {
  int whole;
  at = lua_absindex(L, at);
  lua_Integer i = lua_tointegerx(L, at, &whole);
  if (whole && lua_type(L, at) == LUA_TNUMBER) return i;
  const bool is_nan = lua_type(L, at) == LUA_TNUMBER && lua_tonumber(L, at) != lua_tonumber(L, at);
  const char *got = is_nan ? "nan" : luaL_tolstring(L, at, NULL);  // 0/0 is "-nan" to the C library
  if (lua_type(L, at) == LUA_TNUMBER)
    luaL_error(L, "index %s along axis %d is no whole number: positions are 1, 2, 3, ...", got, part);
  luaL_error(L, "index %s along axis %d is no whole number%s", got, part,
             lua_isboolean(L, at) ? ": Lua's == on a tensor and a number gives a plain boolean; masks come "
                                    "from eq(t, x), gt(t, x), ..."
                                  : "");
  return 0;
}

static void skip_space(const char **p) {
  while (isspace((unsigned char)**p)) ++*p;
}

static bool word(const char **p, const char *word) {
  size_t n = strlen(word);
  if (strncmp(*p, word, n) != 0 || isalnum((unsigned char)(*p)[n])) return false;
  *p += n;
  return true;
}

// "2", "1:3", "::-1", "...", "newaxis", with commas between: NumPy's notation, 1-based, both ends included.
static void read_text(lua_State *L, gr_index *index, const char *text) {
  const char *p = text;
  for (bool more = true; more;) {
    gr_index_item *item = add(L, index, GR_INDEX_RANGE);
    skip_space(&p);
    bool good = true;
    if (strncmp(p, "...", 3) == 0) {
      item->kind = GR_INDEX_ELLIPSIS;
      p += 3;
    } else if (word(&p, "newaxis") || word(&p, "None")) {
      item->kind = GR_INDEX_NEW_AXIS;
      index->new_axes++;
    } else {
      int64_t part[3] = {0, 0, 1};
      int parts = 0;
      for (bool inside = true; inside;) {
        char *end;
        skip_space(&p);
        long long value = strtoll(p, &end, 10);
        if (end != p) {
          part[parts] = value;
          item->given[parts] = true;
          p = end;
        }
        skip_space(&p);
        parts++;
        inside = *p == ':' && parts < 3;
        if (inside) p++;
      }
      item->first = part[0];
      item->last = part[1];
      item->step = part[2];
      if (parts == 1) item->kind = GR_INDEX_POSITION;
      good = parts > 1 || item->given[0];
    }
    skip_space(&p);
    more = *p == ',';
    if (!good || (!more && *p))
      luaL_error(L,
                 "cannot read the index \"%s\": it is made of positions, ranges first:last:step, \"...\" and "
                 "\"newaxis\", as in \"2, 1:3, :\"",
                 text);
    if (more) p++;
  }
}

// {}, {first}, {first, last} or {first, last, step}.
static void read_range(lua_State *L, gr_index *index, int at) {
  lua_Integer n = luaL_len(L, at);
  if (n > 3)
    luaL_error(
        L,
        "a range is {}, {first, last} or {first, last, step}, not a table of %I: a list of positions is "
        "a tensor, as in t[{tensor{1, 3, 4, 7}, {}}]",
        n);
  gr_index_item *item = add(L, index, GR_INDEX_RANGE);
  int64_t *part[3] = {&item->first, &item->last, &item->step};
  for (int i = 0; i < n; i++) {
    lua_geti(L, at, i + 1);
    *part[i] = whole_number(L, -1, index->n);
    item->given[i] = true;
    lua_pop(L, 1);
  }
  if (n == 1) {
    item->last = item->first;
    item->given[1] = true;
  }
}

static void read_tensor(lua_State *L, gr_index *index, int at) {
  const gr_tensor *t = gr_test_tensor(L, at);
  if (!t) {
    luaL_error(L, "an index is made of positions, ranges, masks and tensors of positions, not %s",
               luaL_tolstring(L, at, NULL));
    return;
  }
  if (gr_is_tracked(t))
    luaL_error(L,
               "an index that hangs on numbers which a network computes picks something else at each step: "
               "where(mask, a, b) chooses without one; %s:detach() gives the plain numbers",
               t->dtype == GR_BOOL ? "mask" : "positions");
  gr_index_item *item = add(L, index, t->dtype == GR_BOOL ? GR_INDEX_MASK : GR_INDEX_POSITIONS);
  item->tensor = lua_absindex(L, at);
  item->axes = t->dtype == GR_BOOL ? t->ndim : 1;
  if (item->axes == 0)
    luaL_error(L, "a mask without axes picks nothing: give true and false for each row, as in gt(t, 0)");
  index->tensors++;
}

// One entry of a table, on top of the stack; tensors stay there, the rest is popped.
static void read_entry(lua_State *L, gr_index *index) {
  switch (lua_type(L, -1)) {
    case LUA_TTABLE: read_range(L, index, lua_gettop(L)); break;
    case LUA_TSTRING: read_text(L, index, lua_tostring(L, -1)); break;
    case LUA_TUSERDATA: read_tensor(L, index, -1); return;
    default: {
      lua_Integer i = whole_number(L, -1, index->n + 1);
      add(L, index, GR_INDEX_POSITION)->first = i;
    }
  }
  lua_pop(L, 1);
}

// ---- resolving ----

static void resolve_range(lua_State *L, gr_index_item *item, const gr_tensor *t) {
  int64_t size = t->shape[item->axis], from = 0, to = size - 1;
  if (item->step == 0) luaL_error(L, "the step of a range cannot be 0");
  if (item->step < 0) from = size - 1, to = 0;
  if (item->given[0]) GR_TRY(L, gr_tensor_position(&from, t, item->axis, item->first, &err));
  if (item->given[1]) GR_TRY(L, gr_tensor_position(&to, t, item->axis, item->last, &err));
  bool none = size == 0 || (item->step > 0 ? to < from : to > from);
  item->start = from;
  item->count = none ? 0 : (to - from) / item->step + 1;
  if (item->count <= 1) item->step = 1;  // a huge one would overflow the stride, which nobody needs
}

static void resolve_mask(lua_State *L, const gr_index_item *item, const gr_tensor *t) {
  const gr_tensor *mask = gr_check_tensor(L, item->tensor);
  bool fits = true;
  for (int i = 0; i < mask->ndim; i++) fits = fits && mask->shape[i] == t->shape[item->axis + i];
  if (fits) return;
  char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
  luaL_error(L,
             "a mask of shape %s does not fit a tensor of shape %s: it needs its shape, or that of its rows",
             gr_shape_text(a, mask->ndim, mask->shape), gr_shape_text(b, t->ndim, t->shape));
}

// Gives each item its axes, and checks it against them.
static void resolve(lua_State *L, gr_index *index, const gr_tensor *t) {
  int used = 0, ellipsis = -1;
  for (int i = 0; i < index->n; i++) {
    gr_index_item *item = &index->item[i];
    if (item->kind == GR_INDEX_ELLIPSIS) {
      if (ellipsis >= 0) luaL_error(L, "an index has at most one \"...\"");
      ellipsis = i;
      continue;
    }
    if (item->kind == GR_INDEX_NEW_AXIS)
      item->axes = 0;
    else if (item->kind == GR_INDEX_POSITION || item->kind == GR_INDEX_RANGE)
      item->axes = 1;
    used += item->axes;
  }
  char text[GR_SHAPE_TEXT];
  if (t->ndim == 0 && used)
    luaL_error(L, "a tensor without axes has no elements to index: it is one number, t:item()");
  if (used > t->ndim)
    luaL_error(L, "%d indices for a tensor of %d axes (shape %s)", used, t->ndim,
               gr_shape_text(text, t->ndim, t->shape));
  if (ellipsis >= 0) index->item[ellipsis].axes = t->ndim - used;
  for (int i = 0, axis = 0; i < index->n; i++) {
    gr_index_item *item = &index->item[i];
    item->axis = axis;
    axis += item->axes;
    if (item->kind == GR_INDEX_POSITION)
      GR_TRY(L, gr_tensor_position(&item->start, t, item->axis, item->first, &err));
    if (item->kind == GR_INDEX_RANGE) resolve_range(L, item, t);
    if (item->kind == GR_INDEX_MASK) resolve_mask(L, item, t);
  }
}

void gr_index_read(lua_State *L, gr_index *index, const gr_tensor *t, int key) {
  index->n = index->tensors = index->new_axes = 0;
  switch (lua_type(L, key)) {
    case LUA_TTABLE: {
      lua_Integer n = luaL_len(L, key);
      luaL_checkstack(L, GR_INDEX_ITEMS + 8, "an index");
      for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, key, i);
        read_entry(L, index);
      }
      break;
    }
    case LUA_TSTRING: read_text(L, index, lua_tostring(L, key)); break;
    case LUA_TUSERDATA: read_tensor(L, index, key); break;
    default: {
      lua_Integer i = whole_number(L, key, 1);
      add(L, index, GR_INDEX_POSITION)->first = i;
    }
  }
  resolve(L, index, t);
}

bool gr_index_is_text(const char *text) {
  if (strcmp(text, "newaxis") == 0 || strcmp(text, "None") == 0) return true;
  const char *p = text;
  skip_space(&p);
  return *p == '\0' || isdigit((unsigned char)*p) || strchr(":-+.", *p) || strpbrk(p, ",:");
}
