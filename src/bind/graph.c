// The recorded graph as Lua tables: what traces, forward mode and gradient checks are made from.
#include "bind/bind.h"

// The graph's operation by the name that a learner knows: "log" and not "unary".
static const char *operation_name(const gr_node *node) {
  if (node->op == &gr_op_unary) return gr_unary_name((gr_unary_op)node->args.kind);
  if (node->op == &gr_op_binary) return gr_binary_name((gr_binary_op)node->args.kind);
  if (node->op == &gr_op_reduce) return gr_reduce_name((gr_reduce_op)node->args.kind);
  if (node->op == &gr_op_fft) return (const char *[]){"fft", "ifft", "rfft", "irfft"}[node->args.kind];
  return node->op->name;
}

static void set_tensor(lua_State *L, const char *field, const gr_tensor *t) {
  if (!t->buffer) return;
  gr_push_shared(L, t);
  lua_setfield(L, -2, field);
}

// The list of nodes is C memory that an error must not lose.
typedef struct node_list {
  gr_node **nodes;
} node_list;

static int node_list_gc(lua_State *L) {
  node_list *list = lua_touserdata(L, 1);
  gr_free(list->nodes);
  list->nodes = NULL;
  return 0;
}

// What the node adds to each input's gradient: {tensor or false, ...}.
static void push_contributions(lua_State *L, gr_node *node, const gr_run *run) {
  lua_createtable(L, node->inputs, 0);
  for (int i = 0; i < node->inputs; i++) {
    lua_pushboolean(L, false);
    if (node->in[i] && node->in[i]->needs_gradient) {
      gr_tensor part = {0};
      gr_err err;
      gr_push_empty(L);
      gr_code code = gr_node_contribution(&part, node, i, run, &err);
      gr_box_adopt(L, -1, &part);
      if (code) gr_raise(L, &err);
      lua_replace(L, -2);
    }
    lua_rawseti(L, -2, i + 1);
  }
}

// nodes(y, {x1, x2, ...}) -> list in the order of the computation. Each is a table:
//   leaf: the position in the list of x, or 0 for a constant      (leaves)
//   op: its name, inputs: positions in this list, 0 for an absent one      (operations)
//   value, gradient, tangent: tensors, where there are some; tracked: whether it gets a gradient
//   contributions: what it adds to each input's gradient, after a backward pass
static int nodes(lua_State *L) {
  gr_node *root = gr_check_node(L, 1, "a trace");
  const gr_run *run = &gr_runtime_of(L)->run;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  node_list *list = gr_push_owned(L, sizeof *list, "gradus.nodes", node_list_gc);
  size_t count;
  GR_TRY(L, gr_node_collect(&list->nodes, &count, &root, 1, &err));
  lua_newtable(L);  // 4: position by address
  for (size_t i = 0; i < count; i++) {
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawsetp(L, 4, list->nodes[i]);
  }
  lua_newtable(L);  // 5: number of the leaf by address
  for (lua_Integer i = 1; i <= luaL_len(L, 2); i++) {
    lua_geti(L, 2, i);
    gr_node *leaf = gr_check_node(L, -1, "a trace");
    lua_pushinteger(L, i);
    lua_rawsetp(L, 5, leaf);
    lua_pop(L, 1);
  }
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    gr_node *node = list->nodes[i];
    lua_createtable(L, 0, 8);
    if (!node->op) {
      if (lua_rawgetp(L, 5, node) == LUA_TNIL) lua_pushinteger(L, 0), lua_replace(L, -2);
      lua_setfield(L, -2, "leaf");
    } else {
      lua_pushstring(L, operation_name(node));
      lua_setfield(L, -2, "op");
      lua_createtable(L, node->inputs, 0);
      for (int j = 0; j < node->inputs; j++) {
        if (node->in[j])
          lua_rawgetp(L, 4, node->in[j]);
        else
          lua_pushinteger(L, 0);
        lua_rawseti(L, -2, j + 1);
      }
      lua_setfield(L, -2, "inputs");
      if (node->gradient.buffer) {
        push_contributions(L, node, run);
        lua_setfield(L, -2, "contributions");
      }
    }
    set_tensor(L, "value", &node->value);
    set_tensor(L, "gradient", &node->gradient);
    set_tensor(L, "tangent", &node->tangent);
    lua_pushboolean(L, node->needs_gradient);
    lua_setfield(L, -2, "tracked");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

// set_tangent(x, t or nil): where forward mode starts from; t has x's shape.
static int set_tangent(lua_State *L) {
  gr_node *node = gr_check_node(L, 1, "forward mode");
  gr_tensor_finish(&node->tangent);
  if (lua_isnoneornil(L, 2)) return 0;
  const gr_tensor *given = gr_check_tensor(L, 2), *v = &node->value;
  char a[GR_SHAPE_TEXT], b[GR_SHAPE_TEXT];
  if (!gr_tensor_same_shape(given, v))
    return luaL_error(L, "forward mode: a change of a tensor has its shape %s, not %s",
                      gr_shape_text(a, v->ndim, v->shape), gr_shape_text(b, given->ndim, given->shape));
  GR_TRY(L, gr_tensor_init(&node->tangent, v->dtype, v->ndim, v->shape, &err));
  GR_TRY(L, gr_copy(&node->tangent, given, &err));
  return 0;
}

// forward_mode(y) -> the tangent of y, from those that set_tangent gave to leaves
static int forward_mode(lua_State *L) {
  gr_node *node = gr_check_node(L, 1, "forward mode");
  GR_TRY(L, gr_node_forward_mode(node, &gr_runtime_of(L)->run, &err));
  if (node->tangent.buffer)
    gr_push_shared(L, &node->tangent);
  else  // y does not depend on what was changed
    GR_TRY(L, gr_fill(gr_push_tensor(L, node->value.dtype, node->value.ndim, node->value.shape), 0, &err));
  return 1;
}

void gr_add_graph(lua_State *L) {
  static const gr_function internal[] = {
      {"nodes", nodes}, {"set_tangent", set_tangent}, {"forward_mode", forward_mode}, {NULL}};
  gr_register(L, NULL, internal);
}
