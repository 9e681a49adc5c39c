// Tensors that know what they were computed from: a box with a node of the graph (grad/graph.h) behind it.
#include "bind/bind.h"

#include "kernel/elementwise.h"

// The uservalues of a tracked box: 1 keeps the buffer (as in every large box), 2 the node.
typedef struct node_holder {
  gr_node *node;
} node_holder;

static int node_gc(lua_State *L) {
  node_holder *h = lua_touserdata(L, 1);
  gr_node_release(h->node);
  h->node = NULL;
  return 0;
}

static node_holder *push_node_holder(lua_State *L) {
  return gr_push_owned(L, sizeof(node_holder), "gradus.node", node_gc);
}

// Pushes an empty tracked box and returns its holder, to be given a node by adopt_node.
static node_holder *push_tracked(lua_State *L) {
  gr_check_memory(L);
  gr_push_empty(L);
  node_holder *h = push_node_holder(L);
  lua_setiuservalue(L, -2, 2);
  return h;
}

static void adopt_node(lua_State *L, int index, node_holder *h, gr_node *node) {
  h->node = node;
  gr_tensor shared;
  gr_tensor_share(&shared, &node->value);
  gr_box_adopt(L, index, &shared);
  ((gr_box *)lua_touserdata(L, index))->node = node;
}

gr_node **gr_push_tracked_slot(lua_State *L) { return &push_tracked(L)->node; }

void gr_adopt_tracked(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_getiuservalue(L, index, 2);
  node_holder *h = lua_touserdata(L, -1);
  lua_pop(L, 1);
  adopt_node(L, index, h, h->node);
}

gr_node *gr_held_node(lua_State *L, int index) { return ((node_holder *)lua_touserdata(L, index))->node; }

void gr_push_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient) {
  node_holder *h = push_node_holder(L);
  GR_TRY(L, gr_node_leaf(&h->node, t, needs_gradient, &err));
}

void gr_push_tracked_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient) {
  node_holder *h = push_tracked(L);
  gr_tensor own;
  gr_err err;
  gr_node *node = NULL;
  gr_code code = gr_tensor_init(&own, t->dtype, t->ndim, t->shape, &err);
  if (!code) code = gr_copy(&own, t, &err);
  if (!code) code = gr_node_leaf(&node, &own, needs_gradient, &err);
  gr_tensor_finish(&own);
  if (code) gr_raise(L, &err);
  adopt_node(L, lua_gettop(L), h, node);
}

// A counted tensor with the numbers at `index` (number, boolean or tensor), converted to `dtype` if it is not
// a float. Contiguous, as everything that a graph keeps: a view with gaps, such as a column of a table, is
// copied.
static gr_code constant(lua_State *L, int index, gr_dtype dtype, gr_node **out, gr_err *err) {
  gr_tensor value, number;
  double memory;
  const gr_tensor *source = gr_test_tensor(L, index);
  if (source && source->buffer && gr_dtype_is_float(source->dtype) && gr_tensor_is_contiguous(source))
    return gr_node_leaf(out, source, false, err);
  if (!source) {
    number = (gr_tensor){.data = &memory, .dtype = GR_F64};
    memory = lua_tonumber(L, index);
    source = &number;
  }
  gr_code code =
      gr_tensor_init(&value, gr_dtype_is_float(source->dtype) && source != &number ? source->dtype : dtype,
                     source->ndim, source->shape, err);
  if (!code) code = gr_copy(&value, source, err);
  if (!code) code = gr_node_leaf(out, &value, false, err);
  gr_tensor_finish(&value);
  return code;
}

// The node of `op` on the operands: what is tracked as it is, the rest as constants, which take `dtype` where
// they are numbers or integers.
static gr_code apply_nodes(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands,
                           gr_dtype dtype, gr_node **out, gr_err *err) {
  gr_node *in[GR_OP_INPUTS] = {NULL};
  gr_code code = GR_OK;
  for (int i = 0; !code && i < n; i++) {
    gr_box *box = operands[i] ? gr_test_box(L, operands[i]) : NULL;
    if (box && box->node)
      in[i] = gr_node_retain(box->node);
    else if (operands[i])
      code = constant(L, operands[i], op->whole & 1u << i ? GR_I64 : dtype, &in[i], err);
  }
  if (!code) code = gr_node_apply(out, op, args, n, in, &gr_runtime_of(L)->run, err);
  for (int i = 0; i < n; i++) gr_node_release(in[i]);
  return code;
}

bool gr_apply_tracked(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands) {
  bool tracked = false;
  gr_dtype dtype = GR_F64;
  for (int i = 0; i < n; i++) {
    gr_box *box = operands[i] ? gr_test_box(L, operands[i]) : NULL;
    if (!box && operands[i] && lua_type(L, operands[i]) != LUA_TNUMBER)
      luaL_typeerror(L, operands[i], "tensor or number");
    if (!box || !box->node) continue;
    tracked = true;
    if (gr_dtype_is_float(box->tensor.dtype)) dtype = box->tensor.dtype;
  }
  if (!tracked) return false;
  node_holder *h = push_tracked(L);
  gr_node *node;
  GR_TRY(L, apply_nodes(L, op, args, n, operands, dtype, &node, &err));
  adopt_node(L, lua_gettop(L), h, node);
  return true;
}

// When nothing is tracked, the graph of one node is dropped at once.
int gr_apply(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands) {
  if (gr_apply_tracked(L, op, args, n, operands)) return 1;
  gr_push_empty(L);
  gr_node *node;
  GR_TRY(L, apply_nodes(L, op, args, n, operands, GR_F64, &node, &err));
  gr_tensor shared;
  gr_tensor_share(&shared, &node->value);
  gr_node_release(node);
  gr_box_adopt(L, -1, &shared);
  return 1;
}

void gr_refuse_derivative(lua_State *L, int index, const char *name, const char *why) {
  gr_box *box = gr_test_box(L, index);
  if (box && box->node)
    luaL_error(L, "%s: the tensor is tracked, and %s. t:detach() gives its plain numbers", name, why);
}

gr_node *gr_check_node(lua_State *L, int index, const char *name) {
  gr_check_tensor(L, index);
  gr_box *box = gr_test_box(L, index);
  if (!box->node)
    luaL_error(L, "%s: this tensor is not tracked; start from x = grad.track(tensor{...}) and compute with x",
               name);
  return box->node;
}

int gr_push_gradient(lua_State *L, int index) {
  gr_node *node = gr_check_node(L, index, "grad");
  if (!node->gradient.buffer) return lua_pushnil(L), 1;  // not nothing: type(x.grad) is "nil"
  gr_push_shared(L, &node->gradient);
  return 1;
}
