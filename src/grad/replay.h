// The inside of a recorded program: program.c makes it from a graph, replay.c runs it.
#ifndef GR_GRAD_REPLAY_H
#define GR_GRAD_REPLAY_H

#include "grad/program.h"
#include "grad/step.h"

// The memory of a slice: one for each thread, which goes from slice to slice; or, where there are barriers,
// one for each slice of the batch, which waits there for the others.
typedef struct gr_arena {
  void *memory, *scratch;
  gr_tensor *value, *aux, *gradient;  // one of each a step, for the slice at hand
} gr_arena;

// A step that needs numbers of the whole batch (gr_barrier in op.h).
typedef struct gr_halt {
  int step;
  size_t numbers, at;  // how many doubles for forward, and again for backward; where in gr_program.batch
} gr_halt;

struct gr_program {
  int n_steps, n_weights, n_scores;
  gr_step *steps;
  int input, target, output, scores[GR_PROGRAM_SCORES], penalty;  // steps; -1: there is none
  bool training;
  int *weights;         // steps
  size_t row_bytes;     // of all values (and gradients) of one row
  size_t matrix_bytes;  // of what rows are multiplied with as a matrix
  bool dense;           // no pictures: products are what costs
  int64_t slice_rows;   // of a full slice; 0 before the first run
  int64_t room_rows;    // that the arenas are laid out for: no more than any batch has had
  size_t arena_bytes, scratch_at;
  int n_arenas;
  gr_arena *arenas;
  void *prepared;           // what operations make of the weights, once a run
  int n_parts;              // that gradients and sums are laid out for
  size_t gradient_bytes;    // of all weights, of one part
  size_t *gradient_offset;  // of each weight within a part
  char *gradients;
  double *sums;  // n_parts x n_scores
  int n_halts;
  gr_halt *halts;       // in the order of the steps
  size_t halt_numbers;  // doubles of all halts
  double *batch;        // those of the batch, and behind them those of each part
  int64_t batch_rows;   // of the batch that runs
  void **scratch;       // one a thread, where there are halts
  int n_scratch;
  gr_tensor *shared_gradient;  // each weight's, of part 0: what the outside sees
  // Of each weight: the product whose backward gives its gradient, which nobody has asked for yet; or -1.
  int *pending;
  void *workspace;  // for one product at a time (whole.c): sums of its parts, a factor without its zeros
  size_t workspace_bytes;
  double input_squares;  // of a batch that runs whole
  // The caller's samples where such a batch was read from them, for as long as gradients may be pending.
  gr_buffer *samples;
  uint64_t samples_version;
};

// One run of a program.
typedef struct gr_replay {
  gr_program *p;
  const gr_batch *batch;
  bool backward;
  int parts;
  bool arena_a_part;  // where there are no more parts than threads
  gr_err *errors;     // one a part; code 0 where all went well
} gr_replay;

// Rows first..first+n-1 of the batch, in that part of it.
typedef struct gr_slice {
  int part;
  int64_t first, n;
  bool is_first;  // of its part
} gr_slice;

// The stations of a slice's way: its samples, calls of step i, scores and outputs handed over; what it goes
// back with.
gr_code gr_replay_load(gr_replay *r, gr_arena *a, const gr_slice *s, gr_err *err);
void gr_replay_set_rows(gr_program *p, gr_arena *a, int64_t rows);
// Makes `to` the rows first..first+n-1 of the batch where they lie in `all`; false where they do not lie as
// operations want them.
bool gr_replay_point(gr_tensor *to, const gr_tensor *all, const gr_batch *batch, int64_t first, int64_t n);
gr_code gr_replay_gather(gr_tensor *out, const gr_tensor *all, const gr_batch *batch, int64_t first,
                         int64_t n, gr_err *err);
gr_run gr_replay_shared(const gr_replay *r, const gr_slice *s);
void gr_replay_call(gr_call *call, gr_program *p, gr_arena *a, int i, const gr_run *shared);
gr_code gr_replay_hand_over(gr_replay *r, gr_arena *a, const gr_slice *s, gr_err *err);
gr_code gr_replay_turn(gr_program *p, gr_arena *a, int part, int64_t count, gr_err *err);
void gr_replay_call_back(gr_call *call, gr_program *p, gr_arena *a, int i, const gr_run *shared,
                         bool first_slice);

// Steps from..to-1, and the same steps back, the last one first.
gr_code gr_replay_forward(gr_program *p, gr_arena *a, const gr_run *shared, int from, int to, gr_err *err);
gr_code gr_replay_backward(gr_program *p, gr_arena *a, const gr_run *shared, bool first_slice, int from,
                           int to, gr_err *err);

// A batch with halts (halting.c): what goes wrong is in the parts' errors.
void gr_run_halting(gr_replay *r, gr_pool *pool, int slices_a_part);

// Marks the steps whose weight's gradient may stay pending.
void gr_mark_lasting(gr_program *p);
// Whether a batch runs as one slice, whose products are divided among the threads (whole.c).
bool gr_runs_whole(const gr_program *p, int64_t count, bool wants_backward);
// `keeps`: gradients of dense weights stay pending.
gr_code gr_run_whole(gr_replay *r, gr_pool *pool, bool keeps, gr_err *err);

// Lets go of the caller's samples.
void gr_program_let_go(gr_program *p);

// Memory for the gradients and sums of `parts` parts.
gr_code gr_program_make_parts(gr_program *p, int parts, gr_err *err);
void gr_program_free_arenas(gr_program *p);

#endif
