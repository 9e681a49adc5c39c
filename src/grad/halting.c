// Runs of programs with a barrier, an operation that needs sums over the whole batch.
//
// Between two halts the slices run by themselves, as ever; at a halt all wait until the last one has added
// what it contributes to the sums of the batch. So every slice has an arena of its own, and the activations
// of the whole batch stay in memory. Forward stops in front of each halt and begins again with it; backward
// stops behind each and begins again with it. Parts add up by themselves and are then added in their order.
#include <string.h>

#include "base/denormals.h"
#include "base/interrupt.h"
#include "grad/replay.h"

typedef struct phase {
  gr_replay *run;
  int segment;  // of the steps: 0 before the first halt
  bool backward;
  int slices_a_part;
} phase;

static int segment_begin(const gr_program *p, int segment) {
  return segment ? p->halts[segment - 1].step : 0;
}

static int segment_end(const gr_program *p, int segment) {
  return segment < p->n_halts ? p->halts[segment].step : p->n_steps;
}

// Where a part adds up for a halt; forward's numbers, then backward's.
static double *part_sums(const gr_program *p, const gr_halt *halt, int part) {
  return p->batch + (size_t)(part + 1) * p->halt_numbers + halt->at;
}

static gr_code forward_phase(const phase *f, gr_arena *a, const gr_slice *s, gr_err *err) {
  gr_program *p = f->run->p;
  gr_run shared = gr_replay_shared(f->run, s);
  gr_code code = f->segment == 0 ? gr_replay_load(f->run, a, s, err) : GR_OK;
  if (!code)
    code = gr_replay_forward(p, a, &shared, segment_begin(p, f->segment), segment_end(p, f->segment), err);
  if (code || f->segment == p->n_halts) return code ? code : gr_replay_hand_over(f->run, a, s, err);
  const gr_halt *halt = &p->halts[f->segment];
  gr_call call;
  gr_replay_call(&call, p, a, halt->step, &shared);
  p->steps[halt->step].op->barrier->gather(&call, part_sums(p, halt, s->part));
  return GR_OK;
}

static gr_code backward_phase(const phase *f, gr_arena *a, const gr_slice *s, gr_err *err) {
  gr_program *p = f->run->p;
  gr_run shared = gr_replay_shared(f->run, s);
  int from = segment_begin(p, f->segment), to = segment_end(p, f->segment);
  bool last = f->segment == p->n_halts;
  gr_code code = last ? gr_replay_turn(p, a, s->part, f->run->batch->count, err) : GR_OK;
  // The halt at the segment's end goes back now that its sums are known; the one at its begin must wait.
  if (!code)
    code =
        gr_replay_backward(p, a, &shared, s->is_first, f->segment ? from + 1 : from, last ? to : to + 1, err);
  if (code || f->segment == 0) return code;
  const gr_halt *halt = &p->halts[f->segment - 1];
  if (!p->steps[halt->step].backward) return GR_OK;
  gr_call call;
  gr_replay_call_back(&call, p, a, halt->step, &shared, s->is_first);
  p->steps[halt->step].op->barrier->gather_backward(&call, part_sums(p, halt, s->part) + halt->numbers);
  return GR_OK;
}

static void run_phase(void *context, int part, int thread) {
  const phase *f = context;
  gr_replay *r = f->run;
  gr_program *p = r->p;
  int64_t count = r->batch->count, begin = count * part / r->parts, end = count * (part + 1) / r->parts;
  gr_err *err = &r->errors[part];
  int index = part * f->slices_a_part;
  const uint64_t mode = gr_denormals_flush();
  for (int64_t first = begin; first < end && !err->code; first += p->slice_rows, index++) {
    int64_t n = end - first < p->slice_rows ? end - first : p->slice_rows;
    gr_slice s = {part, first, n, first == begin};
    gr_arena *a = &p->arenas[index];
    a->scratch = p->scratch[thread];
    if (gr_interrupt_poll(err)) break;
    if (f->backward)
      backward_phase(f, a, &s, err);
    else
      forward_phase(f, a, &s, err);
  }
  gr_denormals_restore(mode);
}

// Adds the parts' sums for a halt, of forward or of backward, in their order.
static void add_sums(gr_program *p, const gr_halt *halt, int parts, bool backward) {
  size_t skip = backward ? halt->numbers : 0;
  double *total = p->batch + halt->at + skip;
  memset(total, 0, halt->numbers * sizeof *total);
  for (int part = 0; part < parts; part++) {
    const double *add = part_sums(p, halt, part) + skip;
    for (size_t i = 0; i < halt->numbers; i++) total[i] += add[i];
  }
}

static bool any_error(const gr_replay *r) {
  for (int i = 0; i < r->parts; i++)
    if (r->errors[i].code) return true;
  return false;
}

void gr_run_halting(gr_replay *r, gr_pool *pool, int slices_a_part) {
  gr_program *p = r->p;
  memset(p->batch, 0, (size_t)(r->parts + 1) * p->halt_numbers * sizeof *p->batch);
  memset(p->sums, 0, (size_t)r->parts * GR_PROGRAM_SCORES * sizeof *p->sums);
  phase f = {.run = r, .slices_a_part = slices_a_part};
  for (f.segment = 0; f.segment <= p->n_halts; f.segment++) {
    gr_pool_run(pool, r->parts, run_phase, &f);
    if (any_error(r)) return;
    if (f.segment < p->n_halts) add_sums(p, &p->halts[f.segment], r->parts, false);
  }
  if (!r->backward) return;
  f.backward = true;
  for (f.segment = p->n_halts; f.segment >= 0; f.segment--) {
    gr_pool_run(pool, r->parts, run_phase, &f);
    if (any_error(r)) return;
    if (f.segment > 0) add_sums(p, &p->halts[f.segment - 1], r->parts, true);
  }
}

const double *gr_program_batch_numbers(const gr_program *p, uint64_t layer, int place, int64_t *rows,
                                       const gr_tensor **output) {
  for (int i = 0; i < p->n_halts; i++) {
    const gr_step *step = &p->steps[p->halts[i].step];
    if (step->args.layer != layer || --place > 0) continue;
    *rows = p->batch_rows;
    *output = &step->value;
    return p->batch + p->halts[i].at;
  }
  return NULL;
}
