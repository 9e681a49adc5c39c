// A recorded step, replayed without Lua and without allocation.
//
// A program is made from the graph of one small example batch. Replayed over a batch of any size, it takes
// the batch in slices of one or a few rows, so that a slice's activations stay in cache from the first layer
// to the last and back, and shares the slices among the threads of a pool. The batch is divided into parts
// whose number depends on the batch alone; each part has its gradient buffers, which are added in order: the
// same bits come out whatever the number of threads.
#ifndef GR_GRAD_PROGRAM_H
#define GR_GRAD_PROGRAM_H

#include "base/pool.h"
#include "grad/graph.h"
#include "kernel/update.h"

#define GR_PROGRAM_SCORES 8

typedef struct gr_program gr_program;

// What the graph's nodes mean. `input` and `target` are leaves with rows along axis 0 (target may be NULL);
// `weights` are the leaves that get gradients; `output` is the prediction; scores[0] is the loss, if any:
// nodes of one number a row, which are summed over the batch.
typedef struct gr_program_spec {
  gr_node *input, *target, *output;
  int n_scores, n_weights;
  gr_node *scores[GR_PROGRAM_SCORES];
  gr_node *penalty;  // one number that weights alone decide, added to the loss of each sample; or NULL
  gr_node *const *weights;
  bool training;
} gr_program_spec;

// GR_ERR_SHAPE with a sentence when the graph cannot be cut into slices (an operation that mixes rows): the
// caller then works on whole batches, eagerly.
gr_code gr_program_new(gr_program **out, const gr_program_spec *spec, gr_err *err);
void gr_program_free(gr_program *program);  // accepts NULL

// One batch: rows first..first+count-1 of `order` (positions in x, 1-based, int64), or of x itself when
// `order` is NULL.
typedef struct gr_batch {
  const gr_tensor *x, *y;  // all rows; any dtype. y may be NULL when nothing needs a target
  const gr_tensor *order;
  int64_t first, count;
  gr_stream stream;        // for dropout
  gr_tensor *predictions;  // NULL, or a tensor whose rows 0..count-1 receive the output
} gr_batch;

// How far back a run goes: not at all, or to the gradients of the mean loss over the batch. Those of matrices
// may stay pending: they are the product of two tensors that the program has until its next run, and exist
// when somebody asks for them (gr_program_finish_gradients), unless the caller's samples, which may be one of
// the two, have been changed in place since: then that is an error.
typedef enum gr_way_back { GR_FORWARD_ONLY, GR_GRADIENTS, GR_GRADIENTS_PENDING } gr_way_back;

// Forward, and backward. sums[i]: score i summed over the rows. Allocates only when a batch is larger than
// any before, or a pool has more threads.
gr_code gr_program_run(gr_program *program, gr_pool *pool, const gr_batch *batch, gr_way_back back,
                       double *sums, gr_err *err);

// What goes in and comes out: the dtype and, but for axis 0, the shape.
const gr_tensor *gr_program_input(const gr_program *program);
const gr_tensor *gr_program_output(const gr_program *program);

// Gives the memory of the slices back; the next run asks for it anew.
void gr_program_rest(gr_program *program);

// The gradient of weight i after a run with `backward`, as a tensor that shares the program's memory; zeros
// before the first one. Without memory when the program was recorded without training.
const gr_tensor *gr_program_gradient(const gr_program *program, int i);

// Pending gradients: computes all, or one; whether one is known to be finite without having been computed;
// and a step of an optimizer for weight i that computes its gradient on the way, a few rows at a time, if it
// is pending. Otherwise, or without a program, weight->g is its gradient.
gr_code gr_program_finish_gradients(gr_program *program, gr_pool *pool, gr_err *err);
gr_code gr_program_finish_gradient(gr_program *program, gr_pool *pool, int i, gr_err *err);
bool gr_program_gradient_is_bounded(const gr_program *program, int i);
gr_code gr_program_update(gr_program *program, gr_pool *pool, int i, gr_updated *weight,
                          const gr_update *update, gr_err *err);

// What the operation of that layer has gathered from the whole of the last batch (gr_barrier in op.h), at the
// `place` of it, from 1, where a layer stands in several; how many rows the batch had, and the operation's
// output for other rows. NULL when there is no such operation.
const double *gr_program_batch_numbers(const gr_program *p, uint64_t layer, int place, int64_t *rows,
                                       const gr_tensor **output);

// The memory that a program holds by now, apart from the weights themselves.
typedef struct gr_program_memory {
  int parts;         // of a batch
  size_t gradients;  // bytes of the weights' gradients, of all parts
  int64_t rows;      // of all slices at work
  size_t slices;     // bytes of the slices at work: values and gradients of each, and scratch
  size_t prepared;   // what operations make of the weights
} gr_program_memory;

gr_program_memory gr_program_memory_of(const gr_program *program);

// Whether two programs compute the same: the same operations on the same numbers. Recorded from batches of
// different sizes, two programs of one step differ where it used the size, or numbers that are drawn anew.
bool gr_program_same(const gr_program *a, const gr_program *b);

#endif
