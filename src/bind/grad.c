// The module grad as learners see it, and gradus.core.grad, which has what our own Lua calls besides.
#include "bind/bind.h"
#include "bind/moving.h"

static int track(lua_State *L) {
  if (lua_type(L, 1) == LUA_TNUMBER) {
    double *number = gr_push_tensor(L, GR_F64, 0, NULL)->data;
    *number = lua_tonumber(L, 1);
    lua_replace(L, 1);
  }
  gr_table_to_tensor(L, 1);
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (!gr_dtype_is_float(t->dtype))
    return luaL_error(L, "track: gradients need float64 or float32, not %s: x:astype(\"float64\")",
                      gr_dtype_name(t->dtype));
  gr_push_tracked_leaf(L, t, true);
  return 1;
}

static int backward(lua_State *L) {
  gr_node *node = gr_check_node(L, 1, "backward");
  GR_TRY(L, gr_node_backward(node, &gr_runtime_of(L)->run, &err));
  return 0;
}

static int zero_gradient(lua_State *L) {
  gr_tensor_finish(&gr_check_node(L, 1, "zero_grad")->gradient);
  return 0;
}

static int detach(lua_State *L) {
  gr_check_tensor(L, 1);
  gr_box *box = gr_test_box(L, 1);
  if (!box->node) return lua_settop(L, 1), 1;
  gr_values_leave(L, &box->tensor);
  gr_push_view(L, &box->tensor, 1);
  return 1;
}

// is_computed(t) -> whether t came from tracked tensors, so that no gradient is kept in it
static int is_computed(lua_State *L) {
  const gr_box *box = gr_test_box(L, 1);
  lua_pushboolean(L, box && box->node && box->node->op);
  return 1;
}

static const gr_function learner[] = {
    {"track", track,
     "grad.track(t) -> tracked tensor\n\n"
     "A copy of t (a tensor, a number or a list of numbers) that remembers what is computed from it. "
     "Operations on tracked tensors give tracked "
     "tensors; y:backward() from one\n"
     "number y then adds to x.grad, which is nil before, the derivative of y by each element of x "
     "(reverse-mode automatic "
     "differentiation;\n"
     "Baydin et al., JMLR 18(153), 2018). Gradients are kept in what grad.track made, not in results: a step "
     "down the slope\n"
     "makes a new x of the plain numbers, x:detach(), as below. All operations that have a derivative are "
     "tracked; comparisons and positions (gt, argmax, argsort) give plain numbers, and what changes a tensor "
     "in "
     "place is refused.\n\n"
     "> x = grad.track(tensor{2, 5})\n"
     "> y = sum(x * x)\n"
     "> y:backward()\n"
     "> x.grad\n"
     "[ 4. 10.]\n"
     "> x = grad.track(x:detach() - 0.1 * x.grad)\n"
     "> x\n"
     "[1.6 4. ]"},
    {NULL},
};

static const gr_function methods[] = {
    {"backward", backward,
     "y:backward()\n\n"
     "From one tracked number, adds the derivative of y by every tracked tensor it was computed from to that "
     "tensor's gradient.\n\n"
     "> x = grad.track(tensor{3})\n"
     "> y = sum(x ^ 2)\n"
     "> y:backward()\n"
     "> x.grad\n"
     "[6.]"},
    {"zero_grad", zero_gradient,
     "x:zero_grad()\n\n"
     "Forgets the gradient of a tracked tensor, so that the next backward starts from zero.\n\n"
     "> x = grad.track(tensor{1})\n"
     "> x:zero_grad()\n"
     "> x.grad"},
    {"detach", detach,
     "y:detach() -> tensor\n\n"
     "The same numbers without the history: a plain tensor over the same memory.\n\n"
     "> grad.track(tensor{1, 2}):detach()\n"
     "[1. 2.]"},
    {NULL},
};

static const gr_function internal[] = {
    {"is_computed", is_computed},
    {"record", gr_program_record},
    {"shuffle_order", gr_shuffle_order},
    {"is_batch", gr_is_batch},
    {NULL},
};

int gr_open_grad(lua_State *L) {
  gr_register_program(L);
  lua_createtable(L, 0, 24);
  gr_register(L, NULL, internal);
  gr_add_network(L);
  gr_add_optimizer(L);
  gr_add_graph(L);
  gr_add_custom(L);
  lua_createtable(L, 0, 4);
  gr_register(L, "grad", learner);
  lua_setfield(L, -2, "learner");
  lua_rawgeti(L, LUA_REGISTRYINDEX, gr_runtime_of(L)->tensor_metatable);
  lua_getfield(L, -1, "__methods");
  gr_register(L, "tensor", methods);
  lua_pop(L, 2);
  return 1;
}
