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
};

// Memory for the gradients and sums of `parts` parts.
gr_code gr_program_make_parts(gr_program *p, int parts, gr_err *err);
void gr_program_free_arenas(gr_program *p);

#endif
