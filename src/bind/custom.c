// Operations written in Lua, and the eager step that runs them: on a whole batch, operation by operation.
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"

// ---- operations written in Lua ----

typedef struct lua_operation {
  gr_custom custom;
  gr_runtime *runtime;
  int backward;  // registry reference: a function of dout that returns a gradient an input
} lua_operation;

static void release(gr_custom *custom) {
  lua_operation *o = (lua_operation *)custom;
  luaL_unref(o->runtime->main, LUA_REGISTRYINDEX, o->backward);
  free(o);
}

typedef struct backward_call {
  lua_operation *operation;
  gr_call *call;
} backward_call;

// Runs under lua_pcall: whatever Lua does, no jump goes through the graph's C code.
static int call_backward(lua_State *L) {
  const backward_call *b = lua_touserdata(L, 1);
  gr_call *c = b->call;
  lua_rawgeti(L, LUA_REGISTRYINDEX, b->operation->backward);
  gr_push_shared(L, c->dout);
  lua_call(L, 1, c->inputs);
  for (int i = 0; i < c->inputs; i++) {
    if (!c->din[i]) continue;
    int index = 2 + i;
    if (lua_isnil(L, index))
      return luaL_error(
          L, "backward returned no gradient for input %d; it returns one an input, in their order", i + 1);
    gr_tensor number, whole;
    double value;
    const gr_tensor *g = gr_check_operand(L, index, (gr_dtype)c->din[i]->dtype, &number, &value);
    char have[GR_SHAPE_TEXT], want[GR_SHAPE_TEXT];
    if (!gr_tensor_same_shape(g, c->din[i]))
      return luaL_error(
          L,
          "backward returned a gradient of shape %s for input %d, which has shape %s: a gradient "
          "has the shape of what it belongs to",
          gr_shape_text(have, g->ndim, g->shape), i + 1,
          gr_shape_text(want, c->din[i]->ndim, c->din[i]->shape));
    if (g->dtype != c->din[i]->dtype) {  // gr_call_give adds like to like
      whole = *gr_push_tensor(L, (gr_dtype)c->din[i]->dtype, g->ndim, g->shape);
      GR_TRY(L, gr_copy(&whole, g, &err));
      g = &whole;
    }
    GR_TRY(L, gr_call_give(c, i, g, NULL, &err));
  }
  return 0;
}

static gr_code lua_backward(gr_custom *custom, gr_call *call, gr_err *err) {
  lua_operation *o = (lua_operation *)custom;
  lua_State *L = o->runtime->running;
  backward_call b = {o, call};
  if (!lua_checkstack(L, 8)) return gr_fail(err, GR_ERR_MEMORY, "the stack of Lua is full");
  lua_pushcfunction(L, call_backward);
  lua_pushlightuserdata(L, &b);
  int status = lua_pcall(L, 1, 0, 0);
  if (status == LUA_OK) return GR_OK;
  const char *text = lua_tostring(L, -1);
  gr_fail(err, status == LUA_ERRMEM ? GR_ERR_MEMORY : GR_ERR_VALUE, "%s",
          text ? text : "backward failed with an error that is no text");
  lua_pop(L, 1);
  return err->code;
}

// attach(value, backward, input...) -> tracked tensor: a copy of `value` that says it was computed from the
// inputs, and that backward(dout) gives their gradients.
static int attach(lua_State *L) {
  const gr_tensor *value = gr_check_tensor(L, 1);
  int inputs = lua_gettop(L) - 2;
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_argcheck(L, inputs >= 1 && inputs <= GR_CUSTOM_INPUTS, 3, "one to three inputs");
  gr_node *in[GR_OP_INPUTS] = {NULL};
  for (int i = 0; i < inputs; i++) {
    gr_box *box = gr_test_box(L, 3 + i);
    in[i] = box ? box->node : NULL;  // what is not tracked gets no gradient
  }
  gr_tensor *own = gr_push_shareable(L, gr_dtype_is_float(value->dtype) ? value->dtype : GR_F64, value->ndim,
                                     value->shape);
  GR_TRY(L, gr_copy(own, value, &err));
  gr_node **slot = gr_push_tracked_slot(L);
  lua_pushvalue(L, 2);
  int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_operation *o = calloc(1, sizeof *o);
  gr_err err;
  if (!o) {
    luaL_unref(L, LUA_REGISTRYINDEX, reference);
    return luaL_error(L, "out of memory: an operation written in Lua");
  }
  *o = (lua_operation){{1, lua_backward, release}, gr_runtime_of(L), reference};
  gr_code code = gr_node_custom(slot, own, inputs, in, &o->custom, &err);
  if (--o->custom.references == 0) release(&o->custom);
  if (code) gr_raise(L, &err);
  gr_adopt_tracked(L, -1);
  return 1;
}

// plain(t): the numbers of a tracked tensor for an operation that takes care of the derivative itself.
static int plain(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (!gr_is_tracked(t)) return lua_settop(L, 1), 1;
  gr_push_view(L, t, 1);
  return 1;
}

// ---- the eager step ----

// eagerly(weights, training, key1, key2, number, f) -> gradients: calls f() with the weights tracked, and
// returns the gradient that backward left on each, or nil where it left none. Dropout draws as in step
// `number` of the key's.
static int eagerly(lua_State *L) {
  lua_settop(L, 6);
  luaL_checktype(L, 6, LUA_TFUNCTION);
  gr_runtime *runtime = gr_runtime_of(L);
  gr_run before = runtime->run;
  gr_run run = {.training = lua_toboolean(L, 2), .stream = gr_check_stream(L, 3)};
  gr_marks marks;
  gr_push_marks(L, 1, &marks);
  int results = lua_gettop(L);
  lua_pushvalue(L, 6);
  runtime->run = run;
  gr_mark_weights(L, &marks);
  int status = lua_pcall(L, 0, 0, 0);
  gr_unmark_weights(L, &marks);
  runtime->run = before;
  if (status) return lua_error(L);
  lua_createtable(L, marks.n, 0);
  for (int i = 0; i < marks.n; i++) {
    lua_rawgeti(L, marks.nodes, i + 1);
    const gr_tensor *g = &gr_held_node(L, -1)->gradient;
    if (g->buffer) {
      gr_push_shared(L, g);
      lua_rawseti(L, results + 1, i + 1);
    }
    lua_pop(L, 1);
  }
  return 1;
}

void gr_add_custom(lua_State *L) {
  static const gr_function internal[] = {{"attach", attach}, {"plain", plain}, {"eagerly", eagerly}, {NULL}};
  gr_register(L, NULL, internal);
}
