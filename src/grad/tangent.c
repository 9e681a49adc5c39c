// Forward mode: how a small change of the leaves changes everything that was computed from them.
//
// A tangent is carried along each recorded operation in the order of the computation: the dual numbers of the
// survey (Baydin et al. 2018, section 3.1) with the value already there. Nearly no operation has a second
// implementation of its derivative: what its row in the table says about it (gr_tangent_rule) is enough to
// get the tangent out of its forward or its backward.
#include "base/interrupt.h"
#include "grad/graph.h"

// One execution of a node's operation, with memory of its own.
typedef struct work {
  gr_call call;
  gr_tensor out, aux;  // of the call, where it does not write into the node's
  void *scratch;
} work;

static void work_finish(work *w) {
  gr_tensor_finish(&w->out);
  gr_tensor_finish(&w->aux);
  gr_free(w->scratch);
}

// A call on the given inputs whose results are its own.
static gr_code work_init(work *w, gr_node *node, const gr_tensor *const *in, const gr_run *run, gr_err *err) {
  size_t bytes;
  gr_tensor out = {0}, aux = {0};
  *w = (work){.call = {.args = &node->args, .inputs = node->inputs, .out = &out, .aux = &aux, .run = run}};
  for (int i = 0; i < node->inputs; i++) w->call.in[i] = in[i];
  gr_code code = node->op->plan(&w->call, &bytes, err);
  if (!code) code = gr_tensor_init(&w->out, out.dtype, out.ndim, out.shape, err);
  if (!code) code = gr_tensor_init(&w->aux, aux.dtype, aux.ndim, aux.shape, err);
  if (!code) code = gr_alloc(&w->scratch, bytes, "scratch memory of forward mode", err);
  w->call.out = &w->out;
  w->call.aux = &w->aux;
  w->call.scratch = w->scratch;
  return code;
}

// Adds what the operation gives for the inputs `in`.
static gr_code add_forward(gr_node *node, const gr_tensor *const *in, const gr_run *run, gr_err *err) {
  work w;
  gr_code code = work_init(&w, node, in, run, err);
  if (!code) code = node->op->forward(&w.call, err);
  if (!code) code = gr_binary(&node->tangent, GR_ADD, &node->tangent, &w.out, err);
  work_finish(&w);
  return code;
}

// The change of an input, or zeros of its shape.
static gr_code change_of(gr_tensor *out, const gr_node *in, gr_err *err) {
  if (in->tangent.buffer) return gr_tensor_share(out, &in->tangent), GR_OK;
  return gr_tensor_init_zeros(out, in->value.dtype, in->value.ndim, in->value.shape, err);
}

static gr_code linear(gr_node *node, const gr_run *run, gr_err *err) {
  gr_tensor changes[GR_OP_INPUTS] = {{0}};
  const gr_tensor *in[GR_OP_INPUTS] = {NULL};
  gr_code code = GR_OK;
  for (int i = 0; !code && i < node->inputs; i++)
    if (node->in[i]) {
      bool whole = node->op->whole & 1u << i;  // positions stay what they are
      if (!whole) code = change_of(&changes[i], node->in[i], err);
      in[i] = whole ? &node->in[i]->value : &changes[i];
    }
  if (!code) code = add_forward(node, in, run, err);
  for (int i = 0; i < node->inputs; i++) gr_tensor_finish(&changes[i]);
  return code;
}

// d(a b + c) = da b + a db + dc
static gr_code product(gr_node *node, const gr_run *run, gr_err *err) {
  gr_node *const *in = node->in;
  gr_code code = GR_OK;
  for (int i = 0; !code && i < 2; i++) {
    if (!in[i]->tangent.buffer) continue;
    const gr_tensor *with[GR_OP_INPUTS] = {i == 0 ? &in[0]->tangent : &in[0]->value,
                                           i == 1 ? &in[1]->tangent : &in[1]->value};
    code = add_forward(node, with, run, err);
  }
  if (!code && node->inputs > 2 && in[2] && in[2]->tangent.buffer)
    code = gr_binary(&node->tangent, GR_ADD, &node->tangent, &in[2]->tangent, err);
  return code;
}

// Backward of an elementwise operation multiplies what it is given by the derivative, which is just what a
// tangent needs, except that it sums over the axes along which an input was stretched: so each input is taken
// to have out's shape.
static gr_code elementwise(gr_node *node, const gr_run *run, gr_err *err) {
  const gr_tensor *out = &node->value;
  gr_tensor piece = {0}, stretched;
  gr_call call;
  void *scratch = NULL;
  size_t bytes;
  gr_code code = gr_node_call(&call, &bytes, node, run, err);
  if (!code) code = gr_alloc(&scratch, bytes, "scratch memory of forward mode", err);
  if (!code) code = gr_tensor_init(&piece, out->dtype, out->ndim, out->shape, err);
  call.scratch = scratch;
  call.dout = &stretched;
  for (int i = 0; !code && i < node->inputs; i++) {
    if (!node->in[i] || !node->in[i]->tangent.buffer) continue;
    gr_tensor change = {0};
    code = gr_tensor_init(&change, out->dtype, out->ndim, out->shape, err);
    if (!code) code = gr_copy(&change, &node->in[i]->tangent, err);
    stretched = change;
    call.din[i] = &piece;
    if (!code) code = gr_node_go_back(node, &call, err);
    if (!code) code = gr_binary(&node->tangent, GR_ADD, &node->tangent, &piece, err);
    call.din[i] = NULL;
    gr_tensor_finish(&change);
  }
  gr_tensor_finish(&piece);
  gr_free(scratch);
  return code;
}

static gr_code own(gr_node *node, const gr_run *run, gr_err *err) {
  const gr_tensor *changes[GR_OP_INPUTS] = {NULL};
  gr_call call;
  size_t bytes;
  for (int i = 0; i < node->inputs; i++)
    if (node->in[i] && node->in[i]->tangent.buffer) changes[i] = &node->in[i]->tangent;
  gr_code code = gr_node_call(&call, &bytes, node, run, err);
  void *scratch = NULL;
  if (!code) code = gr_alloc(&scratch, bytes, "scratch memory of forward mode", err);
  call.scratch = scratch;
  if (!code) code = node->op->carry(&call, &node->tangent, changes, err);
  gr_free(scratch);
  return code;
}

// Row after row of the Jacobian: backward from one output gives its derivative by every input.
static gr_code by_backward(gr_node *node, const gr_run *run, gr_err *err) {
  gr_tensor dout = {0}, din[GR_OP_INPUTS] = {{0}}, flat_dout, flat_tangent;
  gr_call call;
  void *scratch = NULL;
  size_t bytes;
  const gr_tensor *out = &node->value;
  int64_t n = gr_tensor_size(out);
  gr_code code = gr_node_call(&call, &bytes, node, run, err);
  if (!code) code = gr_alloc(&scratch, bytes, "scratch memory of forward mode", err);
  if (!code) code = gr_tensor_init_zeros(&dout, out->dtype, out->ndim, out->shape, err);
  for (int i = 0; !code && i < node->inputs; i++) {
    if (!node->in[i] || !node->in[i]->tangent.buffer) continue;
    const gr_tensor *value = &node->in[i]->value;
    code = gr_tensor_init_zeros(&din[i], value->dtype, value->ndim, value->shape, err);
    call.din[i] = &din[i];
  }
  call.scratch = scratch;
  call.dout = &dout;
  if (!code) code = gr_tensor_view_reshape(&flat_dout, &dout, 1, &n, err);
  if (!code) code = gr_tensor_view_reshape(&flat_tangent, &node->tangent, 1, &n, err);
  for (int64_t j = 0; !code && j < n; j++) {
    code = gr_interrupt_poll(err);
    if (code) break;
    gr_tensor_set(&flat_dout, &j, 1);
    code = gr_node_go_back(node, &call, err);
    gr_tensor_set(&flat_dout, &j, 0);
    double sum = 0;
    for (int i = 0; !code && i < node->inputs; i++) {
      if (!call.din[i]) continue;
      double part;
      gr_tensor one = {.data = &part, .dtype = GR_F64}, wide = {0};
      code = gr_tensor_init(&wide, GR_F64, din[i].ndim, din[i].shape, err);
      if (!code) code = gr_copy(&wide, &node->in[i]->tangent, err);
      if (!code) code = gr_binary(&wide, GR_MUL, &wide, &din[i], err);
      if (!code) code = gr_reduce(&one, GR_SUM, &wide, (1u << wide.ndim) - 1, err);
      gr_tensor_finish(&wide);
      sum += part;
    }
    if (!code) gr_tensor_set(&flat_tangent, &j, sum);
  }
  for (int i = 0; i < node->inputs; i++) gr_tensor_finish(&din[i]);
  gr_tensor_finish(&dout);
  gr_free(scratch);
  return code;
}

static gr_code carry(gr_node *node, const gr_run *run, gr_err *err) {
  bool any = false;
  for (int i = 0; i < node->inputs; i++) any |= node->in[i] && node->in[i]->tangent.buffer;
  if (!any) return GR_OK;
  if (!node->op->backward) return gr_fail(err, GR_ERR_VALUE, "%s has no derivative", node->op->name);
  const gr_tensor *v = &node->value;
  gr_code code = gr_tensor_init_zeros(&node->tangent, v->dtype, v->ndim, v->shape, err);
  if (code) return code;
  switch (node->op->tangent) {
    case GR_TANGENT_LINEAR: return linear(node, run, err);
    case GR_TANGENT_PRODUCT: return product(node, run, err);
    case GR_TANGENT_ELEMENTWISE: return elementwise(node, run, err);
    case GR_TANGENT_OWN: return own(node, run, err);
    case GR_TANGENT_BY_BACKWARD: return by_backward(node, run, err);
  }
  return GR_OK;
}

gr_code gr_node_forward_mode(gr_node *root, const gr_run *run, gr_err *err) {
  gr_node **nodes;
  size_t count;
  gr_code code = gr_node_collect(&nodes, &count, &root, 1, err);
  if (code) return code;
  for (size_t i = 0; !code && i < count; i++) {
    if (!nodes[i]->op) continue;
    gr_tensor_finish(&nodes[i]->tangent);
    code = carry(nodes[i], run, err);
  }
  gr_free(nodes);
  return code;
}
