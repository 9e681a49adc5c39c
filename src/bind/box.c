// Tensors as Lua values.
#include <string.h>

#include "bind/bind.h"
#include "bind/moving.h"
#include "kernel/elementwise.h"

// What keeps a counted buffer alive: the only tensor memory with a finalizer.
typedef struct holder {
  gr_buffer *buffer;
  size_t counted;  // bytes of it in runtime->held
} holder;

// The collector sees a box of some 200 bytes, however large its buffer. So it is made to look at everything
// each time that the bytes held have grown by this much; by more where there is much to look at.
#define COLLECT_EVERY ((size_t)16 << 20)
#define COLLECT_EVERY_AT_MOST ((size_t)128 << 20)
// What is young is looked at much oftener, so that the result of the operation before the last is free for
// the next one while it is still in a cache, as where references are counted: two buffers take turns. Such a
// look costs a microsecond, or as much as all of the heap when a large table changes all the time: so it
// waits for as many bytes as the heap has.
#define COLLECT_YOUNG_EVERY ((size_t)512 << 10)

static int holder_gc(lua_State *L) {
  holder *h = lua_touserdata(L, 1);
  gr_buffer_release(h->buffer);
  gr_runtime_of(L)->held -= h->counted;
  *h = (holder){0};
  return 0;
}

const char gr_brand;

static gr_box *push_box(lua_State *L, size_t extra, int user_values) {
  gr_box *box = lua_newuserdatauv(L, sizeof *box + extra, user_values);
  // Sizes and strides beyond the axes stay whatever they are: half of the box.
  box->tensor.buffer = NULL;
  box->node = NULL;
  box->brand = &gr_brand;
  lua_rawgeti(L, LUA_REGISTRYINDEX, gr_runtime_of(L)->tensor_metatable);
  lua_setmetatable(L, -2);
  return box;
}

static void collect_young(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  if (!runtime->by_generation || runtime->unaccounted < COLLECT_YOUNG_EVERY) return;
  if (runtime->unaccounted < (size_t)lua_gc(L, LUA_GCCOUNT) * 1024) return;
  runtime->unaccounted = 0;
  lua_gc(L, LUA_GCSTEP, 0);
}

static void account(lua_State *L, size_t bytes) {
  gr_runtime *runtime = gr_runtime_of(L);
  runtime->unchecked += bytes;
  runtime->unaccounted += bytes;
  if (runtime->by_generation) {
    if (runtime->held <= runtime->most) return;
    lua_gc(L, LUA_GCCOLLECT);
    size_t more = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 * 8;
    if (more < COLLECT_EVERY) more = COLLECT_EVERY;
    if (more > COLLECT_EVERY_AT_MOST) more = COLLECT_EVERY_AT_MOST;
    runtime->most = runtime->held + more;
  } else if (runtime->unaccounted >= COLLECT_EVERY) {  // in steps: as if so much had been made of Lua's own
    int kib = runtime->unaccounted / 1024 > INT32_MAX ? INT32_MAX : (int)(runtime->unaccounted / 1024);
    runtime->unaccounted = 0;
    lua_gc(L, LUA_GCSTEP, kib);
  }
}

// Linux promises memory that it does not have, and kills who uses it: what is left is looked at each time
// this many bytes were handed out, and so many must remain.
#define CHECK_EVERY (64u << 20)
#define RESERVE (256u << 20)

void gr_check_memory(lua_State *L) {
  gr_runtime *runtime = gr_runtime_of(L);
  if (runtime->unchecked < CHECK_EVERY) return;
  if (gr_mem_available() < RESERVE) {
    lua_gc(L, LUA_GCCOLLECT);
    size_t left = gr_mem_available();
    if (left < RESERVE)
      luaL_error(L,
                 "not enough memory: this machine has %d MiB left; let go of tensors that you do not need "
                 "(x = nil), or quit other programs",
                 (int)(left >> 20));
  }
  runtime->unchecked = 0;
}

gr_tensor *gr_push_empty(lua_State *L) {
  collect_young(L);
  gr_box *box = push_box(L, 0, 2);  // the second is a tracked tensor's node
  box->tensor = (gr_tensor){0};
  gr_push_owned(L, sizeof(holder), "gradus.buffer", holder_gc);
  lua_setiuservalue(L, -2, 1);
  return &box->tensor;
}

void gr_box_adopt(lua_State *L, int index, gr_tensor *t) {
  index = lua_absindex(L, index);
  gr_box *box = lua_touserdata(L, index);
  lua_getiuservalue(L, index, 1);
  holder *h = lua_touserdata(L, -1);
  lua_pop(L, 1);
  gr_buffer_release(h->buffer);
  h->buffer = t->buffer;
  gr_runtime *runtime = gr_runtime_of(L);
  runtime->held -= h->counted;
  h->counted = h->buffer ? h->buffer->size : 0;
  runtime->held += h->counted;
  box->tensor = *t;
  *t = (gr_tensor){0};
  if (h->buffer) account(L, h->buffer->size);
}

gr_tensor *gr_push_shared(lua_State *L, const gr_tensor *t) {
  gr_tensor *out = gr_push_empty(L), shared;
  gr_tensor_share(&shared, t);
  gr_box_adopt(L, -1, &shared);
  return out;
}

void gr_box_follow(lua_State *L, int index, const gr_tensor *t) {
  index = lua_absindex(L, index);
  gr_push_owned(L, sizeof(holder), "gradus.buffer", holder_gc);  // a new one: views anchor the old
  lua_setiuservalue(L, index, 1);
  gr_tensor shared;
  gr_tensor_share(&shared, t);
  gr_box_adopt(L, index, &shared);
}

gr_tensor *gr_push_shareable(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_check_memory(L);
  gr_tensor *out = gr_push_empty(L), t;
  gr_err err;
  gr_code code = gr_tensor_init(&t, dtype, ndim, shape, &err);
  if (code == GR_ERR_MEMORY) {  // dead tensors may be waiting for the collector
    lua_gc(L, LUA_GCCOLLECT);
    code = gr_tensor_init(&t, dtype, ndim, shape, &err);
  }
  if (code) gr_raise(L, &err);
  gr_box_adopt(L, -1, &t);
  return out;
}

// The bytes of such a tensor, or more than GR_INLINE_BYTES if it is larger or its shape is wrong.
static size_t inline_bytes(gr_dtype dtype, int ndim, const int64_t *shape) {
  size_t bytes = gr_dtype_size(dtype);
  for (int i = 0; i < ndim; i++) {
    if ((uint64_t)shape[i] > GR_INLINE_BYTES || bytes > GR_INLINE_BYTES) return SIZE_MAX;
    bytes *= (size_t)shape[i];
  }
  return bytes;
}

// Every operation on small tensors comes through here: the layout is written into the box and nowhere else.
gr_tensor *gr_push_tensor(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape) {
  size_t bytes = ndim <= GR_MAX_DIMS ? inline_bytes(dtype, ndim, shape) : SIZE_MAX;
  if (bytes > GR_INLINE_BYTES) return gr_push_shareable(L, dtype, ndim, shape);
  gr_box *box = push_box(L, bytes, 0);
  gr_tensor *t = &box->tensor;
  t->data = box + 1;
  t->dtype = (uint8_t)dtype;
  t->ndim = (uint8_t)ndim;
  for (int64_t i = ndim, product = 1; i-- > 0;) {
    t->shape[i] = shape[i];
    t->stride[i] = product;
    product *= shape[i] ? shape[i] : 1;  // as gr_tensor_layout
  }
  return t;
}

gr_tensor *gr_push_view(lua_State *L, const gr_tensor *view, int base) {
  base = lua_absindex(L, base);
  gr_box *box = push_box(L, 0, 1);
  box->tensor = *view;
  // A view of a view anchors what owns the numbers, so that chains of views do not grow.
  gr_box *owner = lua_touserdata(L, base);
  if (owner->tensor.data == owner + 1)
    lua_pushvalue(L, base);  // its numbers are in the box
  else
    lua_getiuservalue(L, base, 1);
  lua_setiuservalue(L, -2, 1);
  return &box->tensor;
}

gr_tensor *gr_check_tensor(lua_State *L, int index) {
  gr_tensor *t = gr_test_tensor(L, index);
  if (!t) luaL_typeerror(L, index, "tensor");
  return t;
}

const gr_tensor *gr_check_in_dtype(lua_State *L, int index, gr_dtype dtype) {
  const gr_tensor *t = gr_check_tensor(L, index);
  if (t->dtype == dtype) return t;
  gr_push_copy(L, index, dtype);
  lua_replace(L, index);
  return gr_check_tensor(L, index);
}
