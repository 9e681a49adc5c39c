// An operation that somebody else computes, a learner in Lua: the graph knows its result and whom to ask for
// the derivative.
#include "grad/graph.h"

static gr_code custom_plan(gr_call *c, size_t *scratch, gr_err *err) {
  *scratch = 0;
  return gr_tensor_layout(c->out, (gr_dtype)c->args->kind, c->args->ndim, c->args->shape, err);
}

static gr_code custom_forward(gr_call *c, gr_err *err) {
  return gr_fail(err, GR_ERR_VALUE, "an operation written in Lua cannot run again without Lua");
}

static gr_code custom_backward(gr_call *c, gr_err *err) {
  return c->args->custom->backward(c->args->custom, c, err);
}

static bool never(const gr_call *c, unsigned rows) { return false; }

const gr_op gr_op_custom = {
    "an operation written in Lua", custom_plan, custom_forward, custom_backward, never,
    GR_TANGENT_BY_BACKWARD};

gr_code gr_node_custom(gr_node **out, const gr_tensor *value, int inputs, gr_node *const *in,
                       gr_custom *custom, gr_err *err) {
  gr_node *node;
  gr_code code = gr_node_leaf(&node, value, false, err);
  if (code) return code;
  node->op = &gr_op_custom;
  node->args = (gr_op_args){.kind = value->dtype, .ndim = value->ndim, .custom = custom};
  for (int i = 0; i < value->ndim; i++) node->args.shape[i] = value->shape[i];
  gr_node_take_inputs(node, inputs, in);
  custom->references++;
  *out = node;
  return GR_OK;
}
