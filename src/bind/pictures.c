// The primitives behind data.augment, data.resize and data.gray, and the recipes of the random layers. The
// friendly side, with the help, is lua/gradus/data/pictures.lua and augment.lua. Pictures are shared among
// all threads, each computed from its own number alone.
#include "bind/moving.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernel/augment.h"
#include "kernel/walk.h"

// ---- recipes ----

static const struct {
  const char *name;
  size_t at;
  bool pair;
} fields[] = {
    {"flip_rows", offsetof(gr_recipe, flip_rows), false},
    {"flip_columns", offsetof(gr_recipe, flip_columns), false},
    {"zoom_rows", offsetof(gr_recipe, zoom_rows), true},
    {"zoom_columns", offsetof(gr_recipe, zoom_columns), true},
    {"zoom_together", offsetof(gr_recipe, zoom_together), false},
    {"shear", offsetof(gr_recipe, shear), true},
    {"rotate", offsetof(gr_recipe, rotate), true},
    {"shift_rows", offsetof(gr_recipe, shift_rows), true},
    {"shift_columns", offsetof(gr_recipe, shift_columns), true},
    {"crop", offsetof(gr_recipe, crop), false},
    {"fill", offsetof(gr_recipe, fill), false},
    {"fill_value", offsetof(gr_recipe, fill_value), false},
    {"nearest", offsetof(gr_recipe, nearest), false},
    {"blur", offsetof(gr_recipe, blur), true},
    {"contrast", offsetof(gr_recipe, contrast), true},
    {"brightness", offsetof(gr_recipe, brightness), true},
    {"noise", offsetof(gr_recipe, noise), false},
    {"value_range", offsetof(gr_recipe, value_range), true},
    {"cutout", offsetof(gr_recipe, cutout), false},
    {"cutout_value", offsetof(gr_recipe, cutout_value), false},
};

// recipe{name=number or {least, greatest}, ...} -> tensor
static int pictures_recipe(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  gr_recipe recipe = {0};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    double *to = (double *)((char *)&recipe + fields[i].at);
    if (lua_getfield(L, 1, fields[i].name) != LUA_TNIL) {
      for (int k = 0; k <= fields[i].pair; k++) {
        if (fields[i].pair)
          lua_geti(L, -1, k + 1);
        else
          lua_pushvalue(L, -1);
        to[k] = luaL_checknumber(L, -1);
        lua_pop(L, 1);
      }
    }
    lua_pop(L, 1);
  }
  GR_TRY(L, gr_recipe_check(&recipe, &err));
  gr_tensor *t = gr_push_tensor(L, GR_F64, 1, &(int64_t){GR_RECIPE_NUMBERS});
  memcpy(t->data, &recipe, sizeof recipe);
  return 1;
}

static const gr_recipe *check_recipe(lua_State *L, int index) {
  const gr_tensor *t = gr_check_tensor(L, index);
  luaL_argcheck(L,
                t->dtype == GR_F64 && t->ndim == 1 && t->shape[0] == GR_RECIPE_NUMBERS && t->stride[0] == 1,
                index, "a recipe");
  return t->data;
}

// ---- many pictures on all threads ----

typedef struct job job;
struct job {
  void (*one)(const job *j, int64_t i, void *scratch);
  const char *in;
  char *out, *scratch;
  int64_t n, first;  // pictures; number of the first of this piece
  int64_t in_size[2], out_size[2], channels, out_channels;
  size_t in_bytes, out_bytes, scratch_bytes;  // of a picture; of a thread
  gr_dtype dtype;
  const gr_recipe *recipe;
  gr_stream stream;
  int64_t copies;
  gr_resize_axis axis[2];
};

static void run_one(void *context, int i, int thread) {
  const job *j = context;
  j->one(j, j->first + i, j->scratch + (size_t)thread * j->scratch_bytes);
}

// A piece at a time, so that an interrupt is noticed.
static gr_code run_all(lua_State *L, job *j, gr_err *err) {
  enum { PIECE = 64 };
  gr_pool *pool = gr_runtime_pool(L);
  gr_code code = GR_OK;
  for (j->first = 0; !code && j->first < j->n; j->first += PIECE) {
    gr_pool_run(pool, (int)(j->n - j->first < PIECE ? j->n - j->first : PIECE), run_one, j);
    code = gr_interrupt_poll(err);
  }
  return code;
}

// Pictures (n, rows, columns) or (n, rows, columns, channels) at stack index 1, which are replaced by a
// contiguous copy where they are not contiguous.
static const gr_tensor *read_pictures(lua_State *L, job *j, const char *name) {
  const gr_tensor *x = gr_check_tensor(L, 1);
  char text[GR_SHAPE_TEXT];
  if (x->ndim != 3 && x->ndim != 4)
    luaL_error(L,
               "%s takes pictures of shape (n, rows, columns) or (n, rows, columns, channels), but got %s%s",
               name, gr_shape_text(text, x->ndim, x->shape),
               x->ndim == 2 ? "; one picture is x:reshape(1, rows, columns)" : "");
  if (!gr_dtype_is_float((gr_dtype)x->dtype) && x->dtype != GR_U8)
    luaL_error(L, "%s takes pictures of uint8, float32 or float64, not %s: x:astype(\"uint8\")", name,
               gr_dtype_name((gr_dtype)x->dtype));
  if (!gr_tensor_is_contiguous(x)) {
    gr_tensor *copy = gr_push_tensor(L, (gr_dtype)x->dtype, x->ndim, x->shape);
    GR_TRY(L, gr_copy(copy, x, &err));
    lua_replace(L, 1);
    x = copy;
  }
  j->in = x->data;
  j->n = x->shape[0];
  j->dtype = (gr_dtype)x->dtype;
  j->channels = j->out_channels = x->ndim == 4 ? x->shape[3] : 1;
  for (int i = 0; i < 2; i++) j->in_size[i] = j->out_size[i] = x->shape[i + 1];
  j->copies = 1;
  return x;
}

// Pushes the result and the threads' scratch, `scratch_numbers` of `scratch_dtype` for each.
static void push_result(lua_State *L, job *j, const gr_tensor *x, gr_dtype scratch_dtype,
                        int64_t scratch_numbers) {
  const size_t size = gr_dtype_size(j->dtype);
  int64_t shape[GR_MAX_DIMS] = {j->n, j->out_size[0], j->out_size[1], j->out_channels};
  const int threads = gr_pool_threads(gr_runtime_pool(L));
  j->scratch = gr_push_tensor(L, scratch_dtype, 2, (int64_t[]){threads, scratch_numbers})->data;
  j->out = gr_push_shareable(L, j->dtype, x->ndim, shape)->data;
  j->scratch_bytes = (size_t)scratch_numbers * gr_dtype_size(scratch_dtype);
  j->in_bytes = (size_t)(j->in_size[0] * j->in_size[1] * j->channels) * size;
  j->out_bytes = (size_t)(j->out_size[0] * j->out_size[1] * j->out_channels) * size;
}

// ---- augment ----

static void augment_one(const job *j, int64_t i, void *scratch) {
  const int64_t numbers = j->in_size[0] * j->in_size[1] * j->channels;
  const gr_stream stream = gr_stream_derive(j->stream, (uint64_t)i);
  const char *in = j->in + (size_t)(i / j->copies) * j->in_bytes;
  char *out = j->out + (size_t)i * j->out_bytes;
  if (j->dtype != GR_U8) {
    gr_augment_picture(out, j->out_size, in, j->in_size, j->channels, j->dtype, j->recipe, stream, scratch);
    return;
  }
  float *from = scratch, *to = from + numbers;
  gr_convert(from, GR_F32, sizeof(float), in, GR_U8, 1, numbers);
  gr_augment_picture(to, j->out_size, from, j->in_size, j->channels, GR_F32, j->recipe, stream, to + numbers);
  for (int64_t k = 0; k < numbers; k++) {
    const float v = rintf(to[k]);
    ((uint8_t *)out)[k] = v >= 255 ? 255 : v > 0 ? (uint8_t)v : 0;
  }
}

// The same of tracked pictures: the operation of the random layers, with a seed of its own.
static int push_tracked_augmented(lua_State *L, const gr_tensor *x, int64_t copies) {
  const int ndim = x->ndim;
  const int64_t n = x->shape[0] * copies;
  int64_t shape[4] = {n, x->shape[1], x->shape[2], ndim == 4 ? x->shape[3] : 1};
  int64_t *at = gr_push_tensor(L, GR_I64, 1, &n)->data;
  for (int64_t i = 0; i < n; i++) {
    at[i] = i / copies;
    gr_poll_sometimes(L, i);
  }
  lua_pushvalue(L, 1);
  if (copies > 1) gr_push_picked_list(L, -1, 0, n, at);
  gr_push_reshaped(L, -1, 4, shape);
  gr_op_args args = {.layer = (uint64_t)lua_tointeger(L, 3), .kind = GR_AUGMENT_PICTURES, .same = true};
  gr_apply_tracked(L, &gr_op_augment, &args, 2, (int[]){lua_gettop(L), 2});
  gr_push_reshaped(L, -1, ndim, shape);
  return 1;
}

// augment(x, recipe, seed, copies) -> copies of picture 1, copies of picture 2, ...
static int pictures_augment(lua_State *L) {
  lua_settop(L, 4);
  job j = {.one = augment_one};
  const gr_tensor *x = read_pictures(L, &j, "data.augment");
  j.recipe = check_recipe(L, 2);
  j.stream = gr_stream_derive((gr_stream){{(uint64_t)luaL_checkinteger(L, 3), 0}}, 0);
  j.copies = luaL_checkinteger(L, 4);
  luaL_argcheck(L, j.copies >= 1 && j.copies <= 1000000, 4, "how many copies of each picture");
  j.n *= j.copies;
  const int64_t numbers = j.in_size[0] * j.in_size[1] * j.channels;
  if (numbers >= INT32_MAX)
    return luaL_error(L, "data.augment: a picture of %I numbers is too large", (lua_Integer)numbers);
  if (gr_is_tracked(x)) return push_tracked_augmented(L, x, j.copies);
  push_result(L, &j, x, j.dtype == GR_F64 ? GR_F64 : GR_F32, (j.dtype == GR_U8 ? 3 : 1) * numbers);
  GR_TRY(L, run_all(L, &j, &err));
  return 1;
}

// ---- resize and gray ----

static void resize_one(const job *j, int64_t i, void *scratch) {
  gr_resize_picture(j->out + (size_t)i * j->out_bytes, j->in + (size_t)i * j->in_bytes, j->dtype, &j->axis[0],
                    &j->axis[1], j->channels, scratch);
}

// resize(x, rows, columns, method), the method a number as in gr_resizing
static int pictures_resize(lua_State *L) {
  job j = {.one = resize_one};
  const gr_tensor *x = read_pictures(L, &j, "data.resize");
  for (int i = 0; i < 2; i++) {
    j.out_size[i] = luaL_checkinteger(L, 2 + i);
    if (j.in_size[i] == 0) return luaL_error(L, "data.resize: a picture without pixels cannot be resized");
  }
  const gr_resizing how = (gr_resizing)luaL_checkinteger(L, 4);
  if (gr_is_tracked(x)) {
    gr_op_args args = {.kind = how, .shape = {j.out_size[0], j.out_size[1]}};
    return gr_apply_tracked(L, &gr_op_resize, &args, 1, (int[]){1});
  }
  push_result(L, &j, x, GR_F64, j.in_size[1] * j.channels);
  gr_err failure;
  gr_code code = gr_resize_axis_init(&j.axis[0], j.in_size[0], j.out_size[0], how, &failure);
  if (!code) code = gr_resize_axis_init(&j.axis[1], j.in_size[1], j.out_size[1], how, &failure);
  if (!code) code = run_all(L, &j, &failure);
  for (int i = 0; i < 2; i++) gr_resize_axis_finish(&j.axis[i]);
  if (code) return gr_raise(L, &failure);
  return 1;
}

static void gray_one(const job *j, int64_t i, void *scratch) {
  gr_gray(j->out + (size_t)i * j->out_bytes, j->in + (size_t)i * j->in_bytes, j->dtype,
          j->in_size[0] * j->in_size[1]);
}

static int pictures_gray(lua_State *L) {
  job j = {.one = gray_one};
  const gr_tensor *x = read_pictures(L, &j, "data.gray");
  char text[GR_SHAPE_TEXT];
  if (j.channels != 3)
    return luaL_error(
        L, "data.gray makes one channel of three, red, green and blue: (n, rows, columns, 3), not %s",
        gr_shape_text(text, x->ndim, x->shape));
  if (gr_is_tracked(x)) {
    gr_tensor *weights = gr_push_tensor(L, j.dtype, 2, (int64_t[]){3, 1});
    for (int64_t i = 0; i < 3; i++)
      gr_tensor_set(weights, (int64_t[]){i, 0}, (const double[]){0.299, 0.587, 0.114}[i]);
    return gr_apply_tracked(L, &gr_op_matmul, &(gr_op_args){0}, 2, (int[]){1, lua_gettop(L)});
  }
  j.out_channels = 1;
  push_result(L, &j, x, GR_U8, 0);
  GR_TRY(L, run_all(L, &j, &err));
  return 1;
}

// ---- what the detectors ask ----

// fingerprints(x) -> int64 (n): the same number for equal items, and different ones, all but surely, for
// others
static int pictures_fingerprints(lua_State *L) {
  const gr_tensor *x = gr_check_tensor(L, 1);
  if (x->ndim == 0) return luaL_error(L, "a single number has no items");
  const gr_tensor *t = x;
  if (!gr_tensor_is_contiguous(x)) {
    gr_tensor *copy = gr_push_tensor(L, (gr_dtype)x->dtype, x->ndim, x->shape);
    GR_TRY(L, gr_copy(copy, x, &err));
    t = copy;
  }
  int64_t *print = gr_push_tensor(L, GR_I64, 1, t->shape)->data;
  const size_t bytes = t->shape[0] ? gr_tensor_bytes(t) / (size_t)t->shape[0] : 0;
  const gr_stream mixer = {{0x9e3779b97f4a7c15u, 0xd1b54a32d192ed03u}};
  for (int64_t i = 0; i < t->shape[0]; i++) {
    gr_poll_sometimes(L, i);
    const char *item = (const char *)t->data + (size_t)i * bytes;
    uint64_t h = bytes;
    for (size_t at = 0; at < bytes; at += 8) {
      uint64_t word = 0;
      memcpy(&word, item + at, bytes - at < 8 ? bytes - at : 8);
      h = gr_stream_u64(mixer, h ^ word) + h;
    }
    print[i] = (int64_t)h;
  }
  return 1;
}

static const gr_function functions[] = {
    {"recipe", pictures_recipe, NULL},
    {"augment", pictures_augment, NULL},
    {"resize", pictures_resize, NULL},
    {"gray", pictures_gray, NULL},
    {"fingerprints", pictures_fingerprints, NULL},
    {NULL},
};

int gr_open_pictures(lua_State *L) {
  lua_createtable(L, 0, 8);
  gr_register(L, NULL, functions);
  return 1;
}
