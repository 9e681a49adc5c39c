// The tensor module: making tensors, and their metatable.
#include "bind/bind.h"

#include <string.h>

static int tensor_zeros(lua_State *L) {
  int last = lua_gettop(L);
  gr_dtype dtype = GR_F64;
  if (last > 1 && lua_istable(L, last)) {
    static const char *const names[] = {"dtype", NULL};
    gr_check_options(L, last, "zeros", names);
    if (gr_option(L, last, "dtype")) dtype = gr_check_dtype(L, -1), lua_pop(L, 1);
    last--;
  }
  int64_t shape[GR_MAX_DIMS];
  int ndim = gr_check_shape(L, 1, last, shape);
  gr_tensor *t = gr_push_tensor(L, dtype, ndim, shape);
  if (t->data) memset(t->data, 0, gr_tensor_bytes(t));
  return 1;
}

static const gr_function functions[] = {
    {"zeros", tensor_zeros,
     "zeros(d1, d2, ..., {dtype=\"float64\"}) -> tensor\n\n"
     "A tensor of zeros of the given shape.\n\n"
     "> zeros(2)\n"
     "[0. 0.]"},
    {NULL, NULL, NULL},
};

int gr_open_tensor(lua_State *L) {
  lua_createtable(L, 0, 64);
  gr_register(L, NULL, functions);
  lua_createtable(L, 0, 64);
  lua_pushvalue(L, -1);
  gr_runtime_of(L)->tensor_metatable = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_setfield(L, -2, "metatable");
  return 1;
}
