#include "grad/graph.h"

#include <stdlib.h>
#include <string.h>

static gr_code node_new(gr_node **out, gr_err *err) {
  *out = calloc(1, sizeof **out);
  if (!*out) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a node of the graph");
  (*out)->references = 1;
  return GR_OK;
}

gr_node *gr_node_retain(gr_node *node) {
  if (node) node->references++;
  return node;
}

// A long chain (10,000 steps of a loop) must not recurse 10,000 deep: dying nodes wait on a list of their
// own.
void gr_node_release(gr_node *node) {
  if (!node || --node->references) return;
  node->next_dead = NULL;
  for (gr_node *dead = node; dead;) {
    gr_node *next = dead->next_dead;
    for (int i = 0; i < dead->inputs; i++) {
      gr_node *in = dead->in[i];
      if (!in || --in->references) continue;
      in->next_dead = next;
      next = in;
    }
    gr_custom *custom = dead->args.custom;
    if (custom && --custom->references == 0) custom->release(custom);
    gr_tensor_finish(&dead->value);
    gr_tensor_finish(&dead->aux);
    gr_tensor_finish(&dead->gradient);
    gr_tensor_finish(&dead->tangent);
    free(dead);
    dead = next;
  }
}

gr_code gr_node_leaf(gr_node **out, const gr_tensor *value, bool needs_gradient, gr_err *err) {
  gr_code code = node_new(out, err);
  if (code) return code;
  gr_tensor_share(&(*out)->value, value);
  (*out)->needs_gradient = needs_gradient;
  return GR_OK;
}

// Calls plan with the inputs' values, then gives out and aux memory.
static gr_code prepare(gr_node *node, size_t *scratch, gr_call *call, const gr_run *run, gr_err *err) {
  *call = (gr_call){
      .args = &node->args, .inputs = node->inputs, .out = &node->value, .aux = &node->aux, .run = run};
  for (int i = 0; i < node->inputs; i++) call->in[i] = node->in[i] ? &node->in[i]->value : NULL;
  return node->op->plan(call, scratch, err);
}

void gr_node_take_inputs(gr_node *node, int inputs, gr_node *const *in) {
  node->inputs = inputs;
  for (int i = 0; i < inputs; i++) {
    node->in[i] = gr_node_retain(in[i]);
    if (!in[i]) continue;
    if (in[i]->value.buffer) node->version[i] = in[i]->value.buffer->version;
    node->needs_gradient |= in[i]->needs_gradient;
    if (in[i]->order > node->order) node->order = in[i]->order;
  }
  node->order++;
}

// Here a batch is whole: its sums live in the node's aux.
static void set_batch(gr_node *node, gr_call *call) {
  if (!node->op->barrier) return;
  call->batch = node->aux.data;
  call->batch_rows = call->in[0]->shape[0];
}

static void begin_barrier(gr_node *node, gr_call *call) {
  if (!node->op->barrier) return;
  set_batch(node, call);
  memset(node->aux.data, 0, gr_tensor_bytes(&node->aux));
  node->op->barrier->gather(call, call->batch);
}

gr_code gr_node_apply(gr_node **out, const gr_op *op, const gr_op_args *args, int inputs, gr_node *const *in,
                      const gr_run *run, gr_err *err) {
  gr_node *node;
  gr_code code = node_new(&node, err);
  *out = NULL;
  if (code) return code;
  node->op = op;
  node->args = *args;
  gr_node_take_inputs(node, inputs, in);
  gr_call call;
  size_t scratch_bytes;
  gr_tensor out_layout, aux_layout;
  void *scratch = NULL;
  code = prepare(node, &scratch_bytes, &call, run, err);
  if (code) {  // plan has written layouts without memory: nothing of theirs to release
    node->value = node->aux = (gr_tensor){0};
    goto fail;
  }
  out_layout = node->value;
  aux_layout = node->aux;
  node->value = node->aux = (gr_tensor){0};
  node->needs_gradient &= gr_dtype_is_float(out_layout.dtype);  // a mask has no derivative
  code = gr_tensor_init(&node->value, out_layout.dtype, out_layout.ndim, out_layout.shape, err);
  if (!code) code = gr_tensor_init(&node->aux, aux_layout.dtype, aux_layout.ndim, aux_layout.shape, err);
  if (!code) code = gr_alloc(&scratch, scratch_bytes, "scratch memory of an operation", err);
  call.scratch = scratch;
  if (!code) begin_barrier(node, &call);
  if (!code) code = op->forward(&call, err);
  gr_free(scratch);
  if (code) goto fail;
  *out = node;
  return GR_OK;
fail:
  gr_node_release(node);
  return code;
}

gr_node *gr_node_scores(gr_node *p, gr_loss *loss) {
  bool softmax = p->op == &gr_op_softmax, sigmoid = p->op == &gr_op_unary && p->args.kind == GR_SIGMOID;
  if (softmax && *loss == GR_CATEGORICAL_CROSSENTROPY)
    *loss = GR_CATEGORICAL_CROSSENTROPY_LOGITS;
  else if (softmax && *loss == GR_SPARSE_CATEGORICAL_CROSSENTROPY)
    *loss = GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS;
  else if (sigmoid && *loss == GR_BINARY_CROSSENTROPY)
    *loss = GR_BINARY_CROSSENTROPY_LOGITS;
  else
    return p;
  return p->in[0];
}

static int by_order(const void *a, const void *b) {
  uint64_t x = (*(gr_node *const *)a)->order, y = (*(gr_node *const *)b)->order;
  return x < y ? -1 : x > y;
}

gr_code gr_node_collect(gr_node ***out, size_t *count, gr_node *const *roots, size_t n_roots, gr_err *err) {
  size_t capacity = 64, n = 0, done = 0;
  gr_node **list = malloc(capacity * sizeof *list);
  gr_code code = list ? GR_OK : GR_ERR_MEMORY;
  // Breadth first without recursion: `list` is the queue and the result.
  for (size_t r = 0; !code && (r < n_roots || done < n);) {
    gr_node *const *next = r < n_roots ? roots + r : list[done]->in;
    int many = r < n_roots ? 1 : list[done]->inputs;
    if (r < n_roots)
      r++;
    else
      done++;
    for (int i = 0; i < many; i++) {
      if (!next[i] || next[i]->visited) continue;
      if (n == capacity) {
        gr_node **more = realloc(list, 2 * capacity * sizeof *list);
        if (!more) {
          code = GR_ERR_MEMORY;
          break;
        }
        // The inputs of list[done - 1] are read through the node, not through the list: moving the list is
        // safe.
        list = more;
        capacity *= 2;
      }
      next[i]->visited = true;
      list[n++] = next[i];
    }
  }
  for (size_t i = 0; i < n; i++) list[i]->visited = false;
  if (code) {
    free(list);
    return gr_fail(err, code, "out of memory: the graph has more than %zu operations", capacity);
  }
  qsort(list, n, sizeof *list, by_order);
  *out = list;
  *count = n;
  return GR_OK;
}

// Whether the numbers that the operation read and wrote are still there.
static gr_code check_unchanged(const gr_node *node, gr_err *err) {
  bool changed = node->value.buffer && node->value.buffer->version != 0;
  for (int i = 0; i < node->inputs && !changed; i++)
    changed =
        node->in[i] && node->in[i]->value.buffer && node->in[i]->value.buffer->version != node->version[i];
  if (!changed) return GR_OK;
  return gr_fail(
      err, GR_ERR_VALUE,
      "numbers that this gradient needs have been overwritten since they were used: compute the result again "
      "before backward, or change a clone of them");
}

gr_code gr_node_call(gr_call *call, size_t *scratch, gr_node *node, const gr_run *run, gr_err *err) {
  gr_tensor out, aux = {0};  // plan writes layouts; what the node has is kept
  *call = (gr_call){.args = &node->args, .inputs = node->inputs, .out = &out, .aux = &aux, .run = run};
  for (int i = 0; i < node->inputs; i++) call->in[i] = node->in[i] ? &node->in[i]->value : NULL;
  *scratch = 0;
  gr_code code = check_unchanged(node, err);
  if (!code && !node->op->backward) code = gr_fail(err, GR_ERR_VALUE, "%s has no derivative", node->op->name);
  if (!code) code = node->op->plan(call, scratch, err);
  call->out = &node->value;
  call->aux = &node->aux;
  call->dout = &node->gradient;
  set_batch(node, call);
  return code;
}

gr_code gr_node_go_back(gr_node *node, gr_call *call, gr_err *err) {
  const gr_barrier *barrier = node->op->barrier;
  if (barrier) {
    double *sums = call->batch + barrier->numbers(call);
    memset(sums, 0, barrier->numbers(call) * sizeof *sums);
    barrier->gather_backward(call, sums);
  }
  return node->op->backward(call, err);
}

static gr_code backward_through(gr_node *node, const gr_run *run, void **scratch, size_t *scratch_size,
                                gr_err *err) {
  gr_call call;
  size_t bytes;
  gr_code code = gr_node_call(&call, &bytes, node, run, err);
  if (code) return code;
  if (bytes > *scratch_size) {
    gr_free(*scratch);
    *scratch_size = 0;
    code = gr_alloc(scratch, bytes, "scratch memory of a backward pass", err);
    if (code) return code;
    *scratch_size = bytes;
  }
  call.scratch = *scratch;
  for (int i = 0; i < node->inputs; i++) {
    gr_node *in = node->in[i];
    if (!in || !in->needs_gradient) continue;
    // The same tensor twice, as in x * x: the second contribution must not overwrite the first.
    call.accumulate[i] = true;
    call.din[i] = &in->gradient;
  }
  return gr_node_go_back(node, &call, err);
}

gr_code gr_node_contribution(gr_tensor *out, gr_node *node, int i, const gr_run *run, gr_err *err) {
  gr_call call;
  size_t bytes;
  void *scratch = NULL;
  const gr_tensor *in = &node->in[i]->value;
  gr_code code = gr_node_call(&call, &bytes, node, run, err);
  if (!code) code = gr_alloc(&scratch, bytes, "scratch memory of a backward pass", err);
  if (!code) code = gr_tensor_init_zeros(out, in->dtype, in->ndim, in->shape, err);
  call.scratch = scratch;
  call.din[i] = out;
  if (!code) code = gr_node_go_back(node, &call, err);
  gr_free(scratch);
  return code;
}

gr_code gr_node_backward(gr_node *root, const gr_run *run, gr_err *err) {
  char text[GR_SHAPE_TEXT];
  if (gr_tensor_size(&root->value) != 1)
    return gr_fail(err, GR_ERR_SHAPE,
                   "backward starts from one number, but this tensor has shape %s: sum or mean it first",
                   gr_shape_text(text, root->value.ndim, root->value.shape));
  gr_node **nodes;
  size_t count, scratch_size = 0;
  void *scratch = NULL;
  gr_code code = gr_node_collect(&nodes, &count, &root, 1, err);
  if (code) return code;
  for (size_t i = 0; !code && i < count; i++) {
    gr_node *n = nodes[i];
    if (!n->needs_gradient || (!n->op && n->gradient.ndim == n->value.ndim && n->gradient.buffer)) continue;
    gr_tensor_finish(&n->gradient);
    code = gr_tensor_init_zeros(&n->gradient, n->value.dtype, n->value.ndim, n->value.shape, err);
  }
  // Of a leaf that is its own root the derivative is 1 too, and adds up like any other.
  if (!code && root->needs_gradient)
    code = root->op ? gr_fill(&root->gradient, 1, err)
                    : gr_binary_scalar(&root->gradient, GR_ADD, &root->gradient, 1, false, err);
  for (size_t i = count; !code && i-- > 0;)
    if (nodes[i]->op && nodes[i]->needs_gradient)
      code = backward_through(nodes[i], run, &scratch, &scratch_size, err);
  gr_free(scratch);
  gr_free(nodes);
  return code;
}
