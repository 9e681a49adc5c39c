// The eager graph: each tracked result remembers the operation and the inputs it came from.
//
// There is no global tape. Nodes are counted; the graph lives as long as somebody holds its end. The order in
// which nodes were made is a topological order, and what a program (program.h) is made from.
#ifndef GR_GRAD_GRAPH_H
#define GR_GRAD_GRAPH_H

#include "grad/op.h"

typedef struct gr_node gr_node;
struct gr_node {
  int references;
  uint64_t order;   // 1 + the greatest of its inputs'
  const gr_op *op;  // NULL for a leaf
  gr_op_args args;
  int inputs;
  gr_node *in[GR_OP_INPUTS];
  uint64_t version[GR_OP_INPUTS];  // of the inputs' buffers when they were read
  gr_tensor value, aux;
  gr_tensor gradient;   // empty until a backward pass has reached this node
  gr_tensor tangent;    // empty: zero. Of a leaf, what forward mode starts from; of the others, what it found
  bool needs_gradient;  // a leaf that asks for it, or something computed from one
  bool visited;         // used by passes over the graph; false between them
  gr_node *next_dead;   // used by gr_node_release
};

// A leaf over the same memory as `value` (which must hang on a counted buffer).
gr_code gr_node_leaf(gr_node **out, const gr_tensor *value, bool needs_gradient, gr_err *err);
// Runs the operation forward on the nodes' values. in[i] may be NULL for an absent optional input.
gr_code gr_node_apply(gr_node **out, const gr_op *op, const gr_op_args *args, int inputs, gr_node *const *in,
                      const gr_run *run, gr_err *err);
// A node whose value was computed elsewhere (over a counted buffer); retains `custom`.
gr_code gr_node_custom(gr_node **out, const gr_tensor *value, int inputs, gr_node *const *in,
                       gr_custom *custom, gr_err *err);
// Retains the inputs of a new node and notes what follows from them.
void gr_node_take_inputs(gr_node *node, int inputs, gr_node *const *in);
gr_node *gr_node_retain(gr_node *node);  // accepts NULL
void gr_node_release(gr_node *node);     // accepts NULL

// Adds d root / d node to the gradient of every node below `root` that needs one. `root` holds one number.
// The gradients of inner nodes start from zero at each call; those of leaves add up, as in PyTorch. Fails
// when numbers that a derivative needs have been overwritten since: the gradient would be of something that
// was never computed.
gr_code gr_node_backward(gr_node *root, const gr_run *run, gr_err *err);

// Forward mode: from the tangents of the leaves below `root`, those of everything computed from them, into
// the nodes.
gr_code gr_node_forward_mode(gr_node *root, const gr_run *run, gr_err *err);

// What `node` adds to the gradient of its input `i`, of that input's shape, after a backward pass; `out` is
// empty before.
gr_code gr_node_contribution(gr_tensor *out, gr_node *node, int i, const gr_run *run, gr_err *err);

// A call of a node's operation on what it has computed, for its backward; `*scratch` is how many bytes that
// needs. Fails when numbers that it needs have been overwritten since.
gr_code gr_node_call(gr_call *call, size_t *scratch, gr_node *node, const gr_run *run, gr_err *err);

// Runs the operation's backward for such a call whose dout, din and scratch are set.
gr_code gr_node_go_back(gr_node *node, gr_call *call, gr_err *err);

// Cross-entropy of a softmax (binary: of a sigmoid) loses its gradient where a probability has rounded to 0
// or 1. When `p` is such an output of `*loss`, returns the node of the scores behind it and makes `*loss` the
// loss on scores, as Keras does; otherwise returns p.
gr_node *gr_node_scores(gr_node *p, gr_loss *loss);

// The nodes below `roots` in topological order, each once, into a fresh array. gr_free it.
gr_code gr_node_collect(gr_node ***out, size_t *count, gr_node *const *roots, size_t n_roots, gr_err *err);

#endif
