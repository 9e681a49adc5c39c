// Entries repeated, reversed, moved around and added at the edges: mostly picks along one axis.
#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"

static int64_t modulo(int64_t a, int64_t n) {
  int64_t r = a % n;
  return r < 0 ? r + n : r;
}

// An axis of the tensor at index 1, named at `index`; the tensor is flattened in its place when none is.
static int axis_or_flat(lua_State *L, int index, const char *name) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (!lua_isnoneornil(L, index)) return gr_check_axis(L, index, t->ndim, name);
  int64_t size = gr_tensor_size(t);
  gr_push_reshaped(L, 1, 1, &size);
  lua_replace(L, 1);
  return 0;
}

// ---- repeat and tile ----

static int repeat_interleave(lua_State *L) {
  int axis = axis_or_flat(L, 3, "repeat_interleave");
  const gr_tensor *t = gr_check_tensor(L, 1);
  int64_t size = t->shape[axis], total = 0;
  gr_table_to_tensor(L, 2);
  gr_tensor number;
  double value;
  gr_refuse_derivative(L, 2, "repeat_interleave",
                       "how often is a whole number, by which there is no derivative");
  const gr_tensor *given = gr_check_operand(L, 2, GR_F64, &number, &value);
  if (given->ndim > 1 || (given->ndim == 1 && given->shape[0] != size && given->shape[0] != 1)) {
    char text[GR_SHAPE_TEXT];
    return luaL_error(
        L,
        "repeat_interleave: how often is one number, or one for each of the %I entries along axis "
        "%d, not a tensor of shape %s",
        (lua_Integer)size, axis + 1, gr_shape_text(text, given->ndim, given->shape));
  }
  gr_tensor *counts = gr_push_tensor(L, GR_I64, 1, &size);
  GR_TRY(L, gr_copy(counts, given, &err));
  const int64_t *count = counts->data;
  for (int64_t i = 0; i < size; i++)
    if (count[i] < 0 || __builtin_add_overflow(total, count[i], &total))
      return luaL_error(L, "repeat_interleave: an entry is repeated 0 times or more, not %I",
                        (lua_Integer)count[i]);
  int64_t *at = gr_push_tensor(L, GR_I64, 1, &total)->data;
  for (int64_t i = 0, k = 0; i < size; i++)
    for (int64_t r = 0; r < count[i]; r++, k++) {
      at[k] = i;
      gr_poll_sometimes(L, k);
    }
  gr_push_picked(L, 1, axis, 1, lua_gettop(L));
  return 1;
}

static int tile(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int64_t times[GR_MAX_DIMS], shape[GR_MAX_DIMS];
  int n = gr_check_shape(L, 2, lua_gettop(L), times), ndim = n > t->ndim ? n : t->ndim;
  if (n == 0) return luaL_error(L, "tile: say how often along each axis, as in tile(t, 2, 1)");
  for (int i = 0; i < ndim; i++) {
    int from = i - (ndim - t->ndim);
    shape[i] = from < 0 ? 1 : t->shape[from];
    if (i >= ndim - n && times[i - (ndim - n)] < 0)
      return luaL_error(L, "tile: a tensor is repeated 0 times or more, not %I",
                        (lua_Integer)times[i - (ndim - n)]);
  }
  gr_push_reshaped(L, 1, ndim, shape);
  bool copied = false;
  for (int i = ndim; i-- > ndim - n;) {
    int64_t count, size = shape[i];
    if (times[i - (ndim - n)] == 1) continue;
    copied = true;
    if (__builtin_mul_overflow(size, times[i - (ndim - n)], &count)) count = INT64_MAX;
    int64_t *at = gr_push_tensor(L, GR_I64, 1, &count)->data;
    for (int64_t k = 0, from = 0; k < count; k++) {
      at[k] = from;
      if (++from == size) from = 0;
      gr_poll_sometimes(L, k);
    }
    gr_push_picked(L, -2, i, 1, lua_gettop(L));
  }
  if (!copied && !gr_is_tracked(t)) {
    const gr_tensor *view = gr_check_tensor(L, -1);
    GR_TRY(L, gr_copy(gr_push_tensor(L, (gr_dtype)view->dtype, view->ndim, view->shape), view, &err));
  }
  return 1;
}

// ---- flip and roll ----

static int flip(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  int n = lua_gettop(L);
  unsigned axes = n == 1 ? (1u << t->ndim) - 1 : 0;
  for (int i = 2; i <= n; i++) axes |= 1u << gr_check_axis(L, i, t->ndim, "flip");
  gr_op_args slice;
  gr_slice_whole(&slice);
  for (int i = 0; i < t->ndim; i++) {
    if (!(axes & 1u << i)) continue;
    slice.start[i] = t->shape[i] - 1;
    slice.step[i] = -1;
    slice.shape[i] = t->shape[i];
  }
  gr_push_sliced(L, 1, &slice);
  return 1;
}

static int roll(lua_State *L) {
  const gr_tensor *whole = gr_check_tensor(L, 1);
  lua_Integer shift = luaL_checkinteger(L, 2);
  int64_t shape[GR_MAX_DIMS], ndim = whole->ndim;
  memcpy(shape, whole->shape, sizeof shape);
  bool flat = lua_isnoneornil(L, 3);
  int axis = axis_or_flat(L, 3, "roll");
  int64_t n = gr_check_tensor(L, 1)->shape[axis];
  int64_t *at = gr_push_tensor(L, GR_I64, 1, &n)->data;
  int64_t from = n ? modulo(-(shift % n), n) : 0;
  for (int64_t i = 0; i < n; i++) {
    at[i] = from;
    if (++from == n) from = 0;
    gr_poll_sometimes(L, i);
  }
  gr_push_picked(L, 1, axis, 1, lua_gettop(L));
  if (flat) gr_push_reshaped(L, -1, (int)ndim, shape);
  return 1;
}

// ---- pad ----

typedef enum pad_mode { CONSTANT, EDGE, REFLECT, SYMMETRIC, WRAP } pad_mode;
static const char *const pad_modes[] = {"constant", "edge", "reflect", "symmetric", "wrap", NULL};

// Where entry i of an axis of n comes from, i counted from the first of them and outside of them.
static int64_t pad_source(pad_mode mode, int64_t i, int64_t n) {
  switch (mode) {
    case EDGE: return i < 0 ? 0 : i >= n ? n - 1 : i;
    case REFLECT: {  // the outermost entry is the mirror: 3 2 1 2 3
      int64_t k = n == 1 ? 0 : modulo(i, 2 * (n - 1));
      return k < n ? k : 2 * (n - 1) - k;
    }
    case SYMMETRIC: {  // the mirror is beyond it: 2 1 1 2
      int64_t k = modulo(i, 2 * n);
      return k < n ? k : 2 * n - 1 - k;
    }
    default: return modulo(i, n);
  }
}

// The pair at stack index `at`: a number for both sides, or {before, after}.
static void read_widths(lua_State *L, int at, int64_t width[2]) {
  at = lua_absindex(L, at);
  for (int i = 0; i < 2; i++) {
    int whole;
    if (lua_istable(L, at))
      lua_geti(L, at, i + 1);
    else
      lua_pushvalue(L, at);
    width[i] = lua_tointegerx(L, -1, &whole);
    if (!whole || width[i] < 0 || width[i] > INT64_MAX / 4)
      luaL_error(
          L,
          "pad: a width is a whole number, 0 or more, not %s; widths are a number, {before, after}, or one "
          "of these for each axis",
          luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
  }
}

// A number for all sides, {before, after} for all axes, or a table with one of these for each axis.
static void read_all_widths(lua_State *L, int ndim, int64_t before[], int64_t after[]) {
  bool each = false;
  lua_Integer n = lua_istable(L, 2) ? luaL_len(L, 2) : 0;
  for (lua_Integer i = 1; i <= n && i <= GR_MAX_DIMS; i++) {
    lua_geti(L, 2, i);
    each |= lua_istable(L, -1);
    lua_pop(L, 1);
  }
  if (!each && n == ndim && n > 2)
    luaL_error(L,
               "pad: %I numbers, but {before, after} has two; for each axis write a pair, as in "
               "{{before, after}, {before, after}, ...}",
               n);
  if (lua_istable(L, 2) && (each ? n != ndim : n != 2))
    luaL_error(L, "pad: a tensor of %d axes takes one width for all, {before, after}, or %d of these, not %I",
               ndim, ndim, n);
  for (int i = 0; i < ndim; i++) {
    int64_t width[2];
    if (each)
      lua_geti(L, 2, i + 1);
    else
      lua_pushvalue(L, 2);
    read_widths(L, -1, width);
    lua_pop(L, 1);
    before[i] = width[0];
    after[i] = width[1];
  }
}

// Pushes a tensor of that shape: `value` at the edges and t inside, or 0 when t is tracked and added later.
static void push_frame(lua_State *L, const gr_tensor *t, const int64_t *shape, const int64_t *before,
                       double value) {
  gr_tensor *out = gr_push_tensor(L, (gr_dtype)t->dtype, t->ndim, shape), inside = *out;
  GR_TRY(L, gr_fill(out, value, &err));
  for (int i = 0; i < t->ndim; i++) gr_tensor_view_slice(&inside, &inside, i, before[i], 1, t->shape[i]);
  GR_TRY(L, gr_is_tracked(t) ? gr_fill(&inside, 0, &err) : gr_copy(&inside, t, &err));
}

static int pad(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  static const char *const names[] = {"mode", "value", NULL};
  lua_settop(L, 3);
  gr_check_options(L, 3, "pad", names);
  int mode = CONSTANT;
  double value = 0;
  if (gr_option(L, 3, "value")) value = luaL_checknumber(L, -1);
  if (gr_option(L, 3, "mode")) {
    const char *name = luaL_checkstring(L, -1);
    for (mode = 0; pad_modes[mode] && strcmp(pad_modes[mode], name) != 0;) mode++;
    const char *near = gr_nearest(name, pad_modes);
    if (!pad_modes[mode])
      return luaL_error(
          L, "pad has no mode \"%s\": the modes are constant, edge, reflect, symmetric and wrap%s%s%s", name,
          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
  }
  int64_t before[GR_MAX_DIMS], after[GR_MAX_DIMS], shape[GR_MAX_DIMS];
  read_all_widths(L, t->ndim, before, after);
  for (int i = 0; i < t->ndim; i++) shape[i] = before[i] + t->shape[i] + after[i];
  if (mode == CONSTANT && !gr_is_tracked(t)) {
    push_frame(L, t, shape, before, value);
    return 1;
  }
  if (mode == CONSTANT) {
    gr_op_args args = {0};
    memcpy(args.start, before, sizeof args.start);
    memcpy(args.shape, after, sizeof args.shape);
    gr_apply_tracked(L, &gr_op_pad, &args, 1, (int[]){1});
    if (value == 0) return 1;
    int inside = lua_gettop(L);
    push_frame(L, t, shape, before, value);
    args = (gr_op_args){.kind = GR_ADD};
    gr_apply_tracked(L, &gr_op_binary, &args, 2, (int[]){inside, inside + 1});
    return 1;
  }
  lua_pushvalue(L, 1);
  for (int i = 0; i < t->ndim; i++) {
    if (before[i] + after[i] == 0) continue;
    if (t->shape[i] == 0)
      return luaL_error(L, "pad: axis %d is empty, so that \"%s\" has nothing to repeat along it", i + 1,
                        pad_modes[mode]);
    int64_t *at = gr_push_tensor(L, GR_I64, 1, &shape[i])->data;
    for (int64_t k = 0; k < shape[i]; k++) {
      at[k] = pad_source((pad_mode)mode, k - before[i], t->shape[i]);
      gr_poll_sometimes(L, k);
    }
    gr_push_picked(L, -2, i, 1, lua_gettop(L));
  }
  if (gr_check_tensor(L, -1) == t && !gr_is_tracked(t))  // no width at all: still a copy
    push_frame(L, t, shape, before, 0);
  return 1;
}

static const gr_function both[] = {
    {"repeat_interleave", repeat_interleave,
     "repeat_interleave(t, times, axis) -> tensor\n\n"
     "Each entry of t several times, one behind the other: NumPy's repeat, under PyTorch's name, since "
     "`repeat` is "
     "a word of Lua's own. `times` is a number, or a table or tensor with one for each entry. Without an "
     "axis, all "
     "numbers of t along one. A copy. To repeat t as a whole there is tile.\n\n"
     "> repeat_interleave(tensor{1, 2, 3}, 2)\n"
     "[1. 1. 2. 2. 3. 3.]\n"
     "> repeat_interleave(tensor{{1, 2}, {3, 4}}, {2, 1}, 1)\n"
     "[[1. 2.]\n"
     " [1. 2.]\n"
     " [3. 4.]]"},
    {"tile", tile,
     "tile(t, n1, n2, ...) -> tensor\n\n"
     "t repeated as a whole, so often along each axis; the numbers may be one table. With fewer of them than "
     "axes "
     "they are for the last ones; with more, t gets new axes in front. A copy.\n\n"
     "> tile(tensor{1, 2}, 3)\n"
     "[1. 2. 1. 2. 1. 2.]\n"
     "> tile(tensor{1, 2}, 2, 1)\n"
     "[[1. 2.]\n"
     " [1. 2.]]"},
    {"flip", flip,
     "flip(t, axis1, ...) -> tensor\n\n"
     "t with the order along those axes reversed; along all of them when none is named. A view. A picture of "
     "shape "
     "(height, width, channels) is mirrored by flip(picture, 2).\n\n"
     "> flip(tensor{{1, 2}, {3, 4}}, 2)\n"
     "[[2. 1.]\n"
     " [4. 3.]]"},
    {"roll", roll,
     "roll(t, shift, axis) -> tensor\n\n"
     "t moved along an axis; what leaves at the end comes in at the beginning. A negative shift moves the "
     "other "
     "way. Without an axis, all numbers in row-major order are moved. A copy.\n\n"
     "> roll(tensor{1, 2, 3, 4}, 1)\n"
     "[4. 1. 2. 3.]"},
    {"pad", pad,
     "pad(t, widths, {mode=\"constant\", value=0}) -> tensor\n\n"
     "t with entries added at its edges. `widths` is how many: a number for every side, {before, after} for "
     "every "
     "axis, or a table with one of these for each axis. Modes: \"constant\" adds `value`; \"edge\" repeats "
     "the "
     "outermost entry; \"reflect\" mirrors at it (3 2 1 2 3), \"symmetric\" beyond it (2 1 1 2); \"wrap\" "
     "goes on at "
     "the other end. A copy.\n\n"
     "> pad(tensor{1, 2, 3}, 2, {mode=\"reflect\"})\n"
     "[3. 2. 1. 2. 3. 2. 1.]\n"
     "> pad(ones(1, 2), {{1, 0}, 1})\n"
     "[[0. 0. 0. 0.]\n"
     " [0. 1. 1. 0.]]"},
    {NULL},
};

void gr_add_repeating(lua_State *L, const gr_tensor_tables *tables) { gr_register_both(L, tables, both); }
