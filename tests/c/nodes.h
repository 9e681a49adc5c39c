// For tests of graphs: leaves and operations that have to succeed.
#ifndef GR_TESTS_NODES_H
#define GR_TESTS_NODES_H

#include "grad/graph.h"
#include "random_tensor.h"

static const gr_run eager = {.training = false};

static inline gr_node *leaf(const gr_tensor *t, bool needs_gradient) {
  gr_node *node;
  assert_int_equal(gr_node_leaf(&node, t, needs_gradient, &err), GR_OK);
  return node;
}

static inline gr_node *apply(const gr_op *op, gr_op_args args, int n, gr_node *const *in) {
  gr_node *node;
  if (gr_node_apply(&node, op, &args, n, in, &eager, &err)) fail_msg("%s", err.text);
  return node;
}

#endif
