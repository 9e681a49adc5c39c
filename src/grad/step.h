// A step of a recorded program: shared by program.c, which runs them, and fuse.c, which rewrites them.
#ifndef GR_GRAD_STEP_H
#define GR_GRAD_STEP_H

#include "grad/op.h"

// One node of the graph in execution order. Values with rows have a layout for one row here and live in a
// thread's arena at run time; the others (weights, constants) share the node's memory.
typedef struct gr_step {
  const gr_op *op;  // NULL for leaves
  gr_op_args args;
  int inputs, in[GR_OP_INPUTS];  // numbers of steps; -1 where absent
  bool rows;                     // axis 0 counts rows of the batch
  bool needs_gradient;
  bool backward;             // the loss depends on it through operations that need gradients
  bool first[GR_OP_INPUTS];  // in a backward pass this is the first contribution to in[i]'s gradient
  bool lasts;                // its gradient is read after the backward pass, too: a weight's waits for it
  int weight;                // which of the weights, or -1
  gr_tensor value, aux;
  gr_tensor gradient;  // of what the penalty is made of: a step without rows that a backward pass visits
  size_t value_at, aux_at, gradient_at;  // offsets into an arena
  size_t prepared_at, prepared_bytes;    // in the program's prepared memory
  // What that was made of, in prediction, as it was then; prepared anew only when it is something else.
  size_t source_at, source_bytes;
  bool is_prepared;
} gr_step;

// Joins steps that are faster as one: a convolution with the ReLU and the 2x2 max pooling that follow it, and
// in prediction with the scale and shift of its filters that do. Leaves out axes moved there and back again.
// `kept[i]`: somebody outside looks at step i's value. Steps that are gone have neither op nor rows.
void gr_fuse(gr_step *steps, int count, const bool *kept, bool training);

// How many times steps take the value of step `of`.
int gr_uses_of(const gr_step *steps, int count, int of);

// Gives the gradient of each value with rows its place, gradient_at, behind `begin` in an arena for slices of
// `rows` rows; returns where the last one ends.
size_t gr_lay_out_gradients(gr_step *steps, int count, size_t begin, int64_t rows);

#endif
