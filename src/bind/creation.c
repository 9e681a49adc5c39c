// Making tensors: from Lua tables, and of a given shape.
#include "bind/bind.h"

#include <inttypes.h>
#include <math.h>

#include "kernel/elementwise.h"

// ---- tensor{...} ----

// Finds the shape of a nested table by its first elements; `*booleans` says whether the first leaf is a
// boolean.
static int table_shape(lua_State *L, int index, int64_t *shape, bool *booleans) {
  int ndim = 0, top = lua_gettop(L);
  lua_pushvalue(L, index);
  while (lua_istable(L, -1)) {
    if (ndim == GR_MAX_DIMS)
      luaL_error(L, "a tensor has at most %d axes; this table nests deeper", GR_MAX_DIMS);
    luaL_checkstack(L, 2, "nested tables");
    shape[ndim] = luaL_len(L, -1);
    if (shape[ndim++] == 0) break;
    lua_geti(L, -1, 1);
  }
  *booleans = lua_isboolean(L, -1);
  lua_settop(L, top);
  return ndim;
}

typedef struct filler {
  gr_tensor *out;
  char *next;
  int64_t path[GR_MAX_DIMS];  // 1-based position, for messages
} filler;

static const char *path_text(lua_State *L, const filler *f, int depth) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < depth; i++) {
    char digits[32];
    snprintf(digits, sizeof digits, "[%" PRId64 "]", f->path[i]);
    luaL_addstring(&b, digits);
  }
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

static void put(lua_State *L, filler *f, int depth) {
  gr_tensor *t = f->out;
  int kind = lua_type(L, -1);
  if (t->dtype == GR_BOOL ? kind != LUA_TBOOLEAN && kind != LUA_TNUMBER : kind != LUA_TNUMBER) {
    if (gr_test_tensor(L, -1))
      luaL_error(L, "element %s is a tensor: stack{...} makes one tensor out of several",
                 path_text(L, f, depth));
    const char *what = kind == LUA_TNIL ? "a hole (nil)" : luaL_typename(L, -1);
    luaL_error(L, "element %s is %s, but a %s tensor is made of %s", path_text(L, f, depth), what,
               gr_dtype_name(t->dtype), t->dtype == GR_BOOL ? "true and false" : "numbers");
  }
  double value = kind == LUA_TBOOLEAN ? lua_toboolean(L, -1) : lua_tonumber(L, -1);
  switch ((gr_dtype)t->dtype) {
    case GR_F64: *(double *)f->next = value; break;
    case GR_F32: *(float *)f->next = (float)value; break;
    case GR_BOOL: *(uint8_t *)f->next = value != 0; break;
    case GR_I64: {
      int whole;
      *(int64_t *)f->next = lua_tointegerx(L, -1, &whole);
      if (!whole) luaL_error(L, "element %s is %f: int64 holds whole numbers", path_text(L, f, depth), value);
      break;
    }
    case GR_U8:
      if (!(value >= 0 && value <= 255 && value == floor(value)))
        luaL_error(L, "element %s is %f: uint8 holds the whole numbers 0 to 255", path_text(L, f, depth),
                   value);
      *(uint8_t *)f->next = (uint8_t)value;
      break;
  }
  f->next += gr_dtype_size(t->dtype);
}

static void fill_from_table(lua_State *L, filler *f, int depth) {
  if (depth == f->out->ndim) {
    put(L, f, depth);
    return;
  }
  int64_t expected = f->out->shape[depth];
  if (!lua_istable(L, -1))
    luaL_error(L, "element %s is %s, but the first one is a table of %I: every row needs the same length",
               path_text(L, f, depth), lua_typename(L, lua_type(L, -1)), (lua_Integer)expected);
  int64_t n = luaL_len(L, -1);
  if (n != expected)
    luaL_error(L,
               "the table is ragged: row %s has %I elements, and the first one has %I; every row needs the "
               "same length",
               path_text(L, f, depth), (lua_Integer)n, (lua_Integer)expected);
  luaL_checkstack(L, 4, "nested tables");
  for (int64_t i = 1; i <= n; i++) {
    lua_geti(L, -1, i);
    f->path[depth] = i;
    fill_from_table(L, f, depth + 1);
    lua_pop(L, 1);
    gr_poll_sometimes(L, i);
  }
}

#define MOST_BY_HAND 1000

static int make_tensor(lua_State *L) {
  if (lua_isnumber(L, 1) && lua_isnumber(L, 2))
    return luaL_error(L, "tensor takes one table of numbers: with braces, as in tensor{0, 1, 1, 0}");
  if (!lua_isnoneornil(L, 3) || (!lua_isnoneornil(L, 2) && !lua_istable(L, 2)))
    return luaL_error(L,
                      "tensor takes one table of numbers and behind it options, as in tensor({1, 2}, "
                      "{dtype=\"float32\"}); argument %d is neither",
                      lua_isnoneornil(L, 3) ? 2 : 3);
  gr_dtype dtype = GR_F64;
  bool named = false;
  static const char *const names[] = {"dtype", NULL};
  for (int i = 1; i <= 2; i++) {  // tensor({1, 2}, {dtype="int64"}) and tensor{1, 2, dtype="int64"}
    if (gr_option(L, i, "dtype")) {
      dtype = gr_check_dtype(L, -1);
      named = true;
      lua_pop(L, 1);
    }
    // To look for other names takes as long as to read the numbers: not where nobody wrote them by hand.
    if (lua_rawlen(L, i) <= MOST_BY_HAND) gr_check_options(L, i, "tensor", names);
  }
  const gr_tensor *source = gr_test_tensor(L, 1);
  if (source) {
    if (gr_is_tracked(source)) {
      lua_settop(L, 1);
      lua_pushstring(L, gr_dtype_name(named ? dtype : (gr_dtype)source->dtype));
      gr_call_method(L, "astype", 1);
      return 1;
    }
    gr_tensor *out = gr_push_tensor(L, named ? dtype : (gr_dtype)source->dtype, source->ndim, source->shape);
    GR_TRY(L, gr_copy(out, source, &err));
    return 1;
  }
  if (!lua_isnumber(L, 1) && !lua_isboolean(L, 1)) luaL_checktype(L, 1, LUA_TTABLE);
  int64_t shape[GR_MAX_DIMS];
  bool booleans;
  int ndim = table_shape(L, 1, shape, &booleans);
  if (booleans && !named) dtype = GR_BOOL;
  filler f = {.out = gr_push_tensor(L, dtype, ndim, shape)};
  f.next = f.out->data;
  lua_pushvalue(L, 1);
  if (f.next) fill_from_table(L, &f, 0);
  lua_pop(L, 1);
  return 1;
}

// ---- of a given shape ----

static int filled(lua_State *L, const char *name, double value) {
  gr_dtype dtype = GR_F64;
  int last = gr_creation_dtype(L, name, &dtype);
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_check_shape(L, 1, last, shape);
  gr_tensor *t = gr_push_tensor(L, dtype, ndim, shape);
  GR_TRY(L, gr_fill(t, value, &err));
  return 1;
}

static int make_zeros(lua_State *L) { return filled(L, "zeros", 0); }
static int make_ones(lua_State *L) { return filled(L, "ones", 1); }

static int make_full(lua_State *L) {
  gr_dtype dtype = GR_F64;
  int64_t shape[GR_MAX_DIMS];
  luaL_checktype(L, 1, LUA_TTABLE);
  bool mask = lua_isboolean(L, 2);
  double value = mask ? lua_toboolean(L, 2) : luaL_checknumber(L, 2);
  if (mask) dtype = GR_BOOL;
  gr_creation_dtype(L, "full", &dtype);
  int ndim = gr_check_shape(L, 1, 1, shape);
  GR_TRY(L, gr_fill(gr_push_tensor(L, dtype, ndim, shape), value, &err));
  return 1;
}

static int make_like(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  double value = (double)lua_tointeger(L, lua_upvalueindex(1));
  GR_TRY(L, gr_fill(gr_push_tensor(L, t->dtype, t->ndim, t->shape), value, &err));
  return 1;
}

static int make_full_like(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  double value = luaL_checknumber(L, 2);
  GR_TRY(L, gr_fill(gr_push_tensor(L, t->dtype, t->ndim, t->shape), value, &err));
  return 1;
}

// Pushes start + i * step for i = 0..n-1, in `dtype`: computed as float64, so that a number which the dtype
// cannot hold is refused, not wrapped. `last` is the last of them where it is not nan.
static int push_sequence(lua_State *L, gr_dtype dtype, int64_t n, double start, double step, double last) {
  gr_tensor *t = gr_push_tensor(L, GR_F64, 1, &n);
  double *x = t->data;
  for (int64_t i = 0; i < n; i++) {
    x[i] = start + (double)i * step;
    gr_poll_sometimes(L, i);
  }
  if (n && !isnan(last)) x[n - 1] = last;
  if (dtype == GR_F64) return 1;
  GR_TRY(L, gr_copy(gr_push_tensor(L, dtype, 1, &n), t, &err));
  return 1;
}

// NumPy's own rounding: element i is start + i * ((start + step) - start), and there are ceil((stop - start)
// / step).
static int make_arange(lua_State *L) {
  gr_dtype dtype = GR_F64;
  int last = gr_creation_dtype(L, "arange", &dtype);
  double start = 0, stop = luaL_checknumber(L, 1), step = 1;
  if (last >= 2) {
    start = stop;
    stop = luaL_checknumber(L, 2);
  }
  if (last >= 3) step = luaL_checknumber(L, 3);
  if (step == 0 || !isfinite(start) || !isfinite(stop) || !isfinite(step))
    return luaL_error(L, "arange(%f, %f, %f) has no end: start, stop and step are finite, and step is not 0",
                      start, stop, step);
  double count = ceil((stop - start) / step);
  if (count > 1e15)
    return luaL_error(L, "arange(%f, %f, %f) would have %f elements", start, stop, step, count);
  int64_t n = count > 0 ? (int64_t)count : 0;
  return push_sequence(L, dtype, n, start, (start + step) - start, NAN);
}

static int make_linspace(lua_State *L) {
  gr_dtype dtype = GR_F64;
  int last = gr_creation_dtype(L, "linspace", &dtype);
  double start = luaL_checknumber(L, 1), stop = luaL_checknumber(L, 2);
  int64_t n = last >= 3 ? luaL_checkinteger(L, 3) : 50;
  if (n < 0) return luaL_error(L, "linspace: the number of points is 0 or more, not %I", (lua_Integer)n);
  double step = n > 1 ? (stop - start) / (double)(n - 1) : 0;
  return push_sequence(L, dtype, n, start, step, n > 1 ? stop : NAN);
}

static const gr_function functions[] = {
    {"tensor", make_tensor,
     "tensor(table, {dtype=\"float64\"}), tensor{..., dtype=} -> tensor\n\n"
     "A tensor from a table of numbers, nested once for each axis: {1, 2, 3} has shape (3,), {{1, 2, 3}, {4, "
     "5, 6}} has shape (2, 3). A table of true and false gives a bool tensor. Every row needs the same "
     "length. Given a tensor, it makes a copy, of a tracked one a tracked copy. dtypes: float64, float32, "
     "int64, uint8, bool.\n\n"
     "Brackets read and write its parts. Positions count from 1, and from -1 at the end; ranges include both "
     "ends. t[2] is a row, t[{2, 3}] an element, t[{{1, 2}, {}}] and t[\"1:2, :\"] are rows 1 to 2; in text, "
     "\"first:last:step\" with any part left out, \"...\" and \"newaxis\" are as in NumPy. These are views, "
     "which share t's numbers. t[mask] and t[tensor{3, 1}] pick by a mask or by positions, also beside "
     "ranges, as in t[{tensor{3, 1}, {}}]: copies.\n\n"
     "> tensor{{0, 1, 1, 0}}.T\n"
     "[[0.]\n"
     " [1.]\n"
     " [1.]\n"
     " [0.]]\n"
     "> t = arange(6):reshape(2, 3)\n"
     "> t[\":, ::-1\"]\n"
     "[[2. 1. 0.]\n"
     " [5. 4. 3.]]\n"
     "> t[gt(t, 3)] = 9\n"
     "> t\n"
     "[[0. 1. 2.]\n"
     " [3. 9. 9.]]"},
    {"zeros", make_zeros,
     "zeros(d1, d2, ..., {dtype=\"float64\"}) -> tensor\n\n"
     "A tensor of the given shape, filled with 0. The shape may also be one table: zeros{2, 3}.\n\n"
     "> zeros(2, 3)\n"
     "[[0. 0. 0.]\n"
     " [0. 0. 0.]]"},
    {"ones", make_ones,
     "ones(d1, d2, ..., {dtype=\"float64\"}) -> tensor\n\n"
     "A tensor of the given shape, filled with 1.\n\n"
     "> ones(3)\n"
     "[1. 1. 1.]"},
    {"full", make_full,
     "full(shape, value, {dtype=\"float64\"}) -> tensor\n\n"
     "A tensor of the given shape (a table), filled with one value; true and false give a bool tensor.\n\n"
     "> full({2, 2}, 0.5)\n"
     "[[0.5 0.5]\n"
     " [0.5 0.5]]"},
    {"zeros_like", make_like,
     "zeros_like(t) -> tensor\n\n"
     "Zeros in the shape and dtype of t.\n\n"
     "> zeros_like(tensor{7, 8})\n"
     "[0. 0.]",
     0},
    {"ones_like", make_like,
     "ones_like(t) -> tensor\n\n"
     "Ones in the shape and dtype of t.\n\n"
     "> ones_like(tensor{7, 8})\n"
     "[1. 1.]",
     1},
    {"full_like", make_full_like,
     "full_like(t, value) -> tensor\n\n"
     "One value in the shape and dtype of t.\n\n"
     "> full_like(tensor{7, 8}, 3)\n"
     "[3. 3.]"},
    {"arange", make_arange,
     "arange(start=0, stop, step=1, {dtype=\"float64\"}) -> tensor\n\n"
     "Numbers from start up to, but not including, stop. Rounded as NumPy does: element i is start + "
     "i*((start + step) - start),\n"
     "so that arange(-6, 6, 0.1) has 120 points and its 61st is -2.13e-14, not 0. For a given number of "
     "points take linspace.\n\n"
     "> arange(0, 1, 0.25)\n"
     "[0.   0.25 0.5  0.75]"},
    {"linspace", make_linspace,
     "linspace(start, stop, n=50, {dtype=\"float64\"}) -> tensor\n\n"
     "n evenly spaced numbers from start to stop, both included.\n\n"
     "> linspace(0, 1, 5)\n"
     "[0.   0.25 0.5  0.75 1.  ]"},
    {NULL},
};

void gr_add_creation(lua_State *L, const gr_tensor_tables *tables) {
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
}
