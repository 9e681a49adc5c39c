// Runs of recorded programs: over slices, on all threads, the same bits whatever their number.
#include "grad/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/denormals.h"
#include "base/interrupt.h"
#include "kernel/gather.h"

// A slice's values, and their gradients, should stay in a core's second-level cache: 1 MiB on the smallest
// machine we care for, half of it left to weights and to whatever the kernels pack.
#define SLICE_BYTES (512u << 10)
#define SLICE_ROWS 256
// So many parts that one who is late, of two threads, is late by a sixteenth; each has its gradients.
#define PARTS 16

// ---- memory ----

// The inputs that weights alone decide.
static const gr_tensor *source_of(const gr_program *p, const gr_step *s, int k) {
  return s->in[k] >= 0 && !p->steps[s->in[k]].rows ? &p->steps[s->in[k]].value : NULL;
}

// Gives every value with rows its place in an arena for slices of `rows` rows, and asks each operation for
// its scratch.
static gr_code lay_out(gr_program *p, int64_t rows, gr_err *err) {
  size_t at = 0, scratch = 0, prepared = 0;
  p->room_rows = 0;  // whatever goes wrong, the next run begins here
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->rows) continue;
    s->value_at = at;
    at += gr_scratch_round(gr_tensor_bytes(&s->value) * (size_t)rows);
    s->aux_at = at;
    at += gr_scratch_round(gr_tensor_bytes(&s->aux) * (size_t)rows);
  }
  if (p->training) at = gr_lay_out_gradients(p->steps, p->n_steps, at, rows);
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->op) continue;
    gr_tensor in[GR_OP_INPUTS], value, aux;
    gr_call call = {.args = &s->args, .inputs = s->inputs, .out = &value, .aux = &aux};
    for (int k = 0; k < s->inputs; k++) {
      if (s->in[k] < 0) continue;
      in[k] = p->steps[s->in[k]].value;
      if (p->steps[s->in[k]].rows) in[k].shape[0] = rows;
      call.in[k] = &in[k];
    }
    size_t bytes;
    aux = (gr_tensor){0};
    gr_code code = s->op->plan(&call, &bytes, err);
    if (code) return code;
    if (bytes > scratch) scratch = bytes;
    if (!s->op->prepared_bytes || !s->rows) continue;
    s->prepared_at = prepared;
    s->prepared_bytes = s->op->prepared_bytes(&call);
    prepared += gr_scratch_round(s->prepared_bytes);
    s->is_prepared = false;
    s->source_at = prepared;
    s->source_bytes = 0;
    for (int k = 0; !p->training && k < s->inputs; k++)
      if (source_of(p, s, k)) s->source_bytes += gr_tensor_bytes(source_of(p, s, k));
    prepared += gr_scratch_round(s->source_bytes);
  }
  gr_free(p->prepared);
  gr_code code = gr_alloc(&p->prepared, prepared, "the weights of a network", err);
  if (code) return code;
  p->scratch_at = at;
  p->arena_bytes = at + scratch;
  p->room_rows = rows;
  return GR_OK;
}

// `count` arenas, with scratch of their own unless the program halts.
static gr_code make_arenas(gr_program *p, int count, gr_err *err) {
  const size_t bytes = p->n_halts ? p->scratch_at : p->arena_bytes;
  gr_code code = gr_mem_expect(
      (size_t)count * bytes, "what a step keeps of its samples",
      p->n_halts ? "batch normalization and losses over a batch need it at a time: take a smaller batch_size"
                 : "take smaller layers, or fewer threads",
      err);
  if (code) return code;
  p->arenas = calloc((size_t)count, sizeof *p->arenas);
  if (!p->arenas) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
  for (int t = 0; t < count; t++) {
    gr_arena *a = &p->arenas[t];
    p->n_arenas = t + 1;
    a->value = calloc(3 * (size_t)p->n_steps, sizeof *a->value);
    if (!a->value) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
    code = gr_alloc(&a->memory, bytes, "what a step keeps of its samples", err);
    if (code) return code;
    a->scratch = (char *)a->memory + p->scratch_at;
    a->aux = a->value + p->n_steps;
    a->gradient = a->aux + p->n_steps;
    for (int i = 0; i < p->n_steps; i++) {
      const gr_step *s = &p->steps[i];
      a->value[i] = a->gradient[i] = s->value;
      if (s->gradient.data) a->gradient[i] = s->gradient;
      a->aux[i] = s->aux;
      if (!s->rows) continue;
      a->value[i].data = (char *)a->memory + s->value_at;
      a->aux[i].data = (char *)a->memory + s->aux_at;
      a->gradient[i].data = (char *)a->memory + s->gradient_at;
    }
  }
  return GR_OK;
}

// ---- a run ----

void gr_replay_set_rows(gr_program *p, gr_arena *a, int64_t rows) {
  // Not where the samples of an earlier batch lay, which may be gone.
  a->value[p->input].data = (char *)a->memory + p->steps[p->input].value_at;
  for (int i = 0; i < p->n_steps; i++)
    if (p->steps[i].rows) {
      a->value[i].shape[0] = a->gradient[i].shape[0] = rows;
      if (a->aux[i].ndim) a->aux[i].shape[0] = rows;
    }
}

// Rows first..first+n-1 of the batch from `all` into `out`, through the order of the epoch.
gr_code gr_replay_gather(gr_tensor *out, const gr_tensor *all, const gr_batch *batch, int64_t first,
                         int64_t n, gr_err *err) {
  if (!batch->order) {
    gr_tensor from;
    gr_tensor_view_slice(&from, all, 0, batch->first + first, 1, n);
    return gr_copy(out, &from, err);
  }
  const gr_picks picks = {.axes = 1,
                          .position = (const int64_t *)batch->order->data + batch->first + first,
                          .count = n,
                          .first = 1};
  return gr_gather(out, all, &picks, err);
}

void gr_replay_call(gr_call *call, gr_program *p, gr_arena *a, int i, const gr_run *shared) {
  gr_step *s = &p->steps[i];
  *call =
      (gr_call){.args = &s->args, .inputs = s->inputs, .out = &a->value[i], .aux = &a->aux[i], .run = shared};
  for (int k = 0; k < s->inputs; k++) call->in[k] = s->in[k] >= 0 ? &a->value[s->in[k]] : NULL;
  call->scratch = a->scratch;
  if (s->prepared_bytes) call->prepared = (char *)p->prepared + s->prepared_at;
  if (!s->op->barrier) return;
  call->batch_rows = p->batch_rows;
  for (int k = 0; k < p->n_halts; k++)
    if (p->halts[k].step == i) call->batch = p->batch + p->halts[k].at;
}

// Whether a step of a prediction still has what it prepared from the same numbers.
static bool is_prepared(const gr_program *p, const gr_step *s) {
  const char *before = (char *)p->prepared + s->source_at;
  bool same = s->is_prepared;
  for (int k = 0; same && k < s->inputs; k++) {
    const gr_tensor *t = source_of(p, s, k);
    if (!t) continue;
    same = memcmp(before, t->data, gr_tensor_bytes(t)) == 0;
    before += gr_tensor_bytes(t);
  }
  return same;
}

static void remember_source(const gr_program *p, gr_step *s) {
  char *to = (char *)p->prepared + s->source_at;
  for (int k = 0; s->source_bytes && k < s->inputs; k++) {
    const gr_tensor *t = source_of(p, s, k);
    if (t) to = (char *)memcpy(to, t->data, gr_tensor_bytes(t)) + gr_tensor_bytes(t);
  }
  s->is_prepared = s->source_bytes > 0;
}

// Weights may have been changed since the last run, by the optimizer or by their owner: what follows from
// them alone is computed anew, and brought into the order that operations want. One prediction after the
// other has the same ones: to see that takes a third of the time of preparing them.
static gr_code prepare(gr_program *p, const gr_run *shared, bool wants_backward, gr_err *err) {
  gr_call call;
  gr_arena *a = &p->arenas[0];
  gr_code code = GR_OK;
  if (p->n_halts) a->scratch = p->scratch[0];
  for (int i = 0; !code && i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->op || (s->rows && !s->prepared_bytes)) continue;
    gr_replay_call(&call, p, a, i, shared);
    if (!s->rows) {
      code = s->op->forward(&call, err);
      continue;
    }
    for (int k = 0; wants_backward && k < s->inputs; k++)
      if (s->in[k] >= 0 && p->steps[s->in[k]].needs_gradient) call.din[k] = &a->gradient[s->in[k]];
    if (is_prepared(p, s)) continue;
    s->op->prepare(&call);
    remember_source(p, s);
  }
  return code;
}

gr_code gr_replay_forward(gr_program *p, gr_arena *a, const gr_run *shared, int from, int to, gr_err *err) {
  gr_call call;
  for (int i = from; i < to; i++) {
    gr_step *s = &p->steps[i];
    if (!s->op || !s->rows) continue;
    gr_replay_call(&call, p, a, i, shared);
    gr_code code = s->op->forward(&call, err);
    if (code) return code;
  }
  return GR_OK;
}

// The weights' gradients are those of the part.
static void place_gradients(gr_program *p, gr_arena *a, int part) {
  for (int w = 0; w < p->n_weights; w++)
    if (p->weights[w] >= 0)
      a->gradient[p->weights[w]].data =
          p->gradients + (size_t)part * p->gradient_bytes + p->gradient_offset[w];
}

// What a slice goes back with: the gradient of its loss, and its part's gradients of the weights.
gr_code gr_replay_turn(gr_program *p, gr_arena *a, int part, int64_t count, gr_err *err) {
  place_gradients(p, a, part);
  return gr_fill(&a->gradient[p->scores[0]], 1.0 / (double)count, err);
}

void gr_replay_call_back(gr_call *call, gr_program *p, gr_arena *a, int i, const gr_run *shared,
                         bool first_slice) {
  gr_step *s = &p->steps[i];
  gr_replay_call(call, p, a, i, shared);
  call->dout = &a->gradient[i];
  for (int k = 0; k < s->inputs; k++) {
    if (s->in[k] < 0 || !p->steps[s->in[k]].needs_gradient) continue;
    call->din[k] = &a->gradient[s->in[k]];
    call->accumulate[k] = !s->first[k] || (p->steps[s->in[k]].weight >= 0 && !first_slice);
  }
}

gr_code gr_replay_backward(gr_program *p, gr_arena *a, const gr_run *shared, bool first_slice, int from,
                           int to, gr_err *err) {
  gr_call call;
  gr_code code = GR_OK;
  for (int i = to; !code && i-- > from;) {
    if (!p->steps[i].op || !p->steps[i].backward || !p->steps[i].rows) continue;
    gr_replay_call_back(&call, p, a, i, shared, first_slice);
    code = p->steps[i].op->backward(&call, err);
  }
  return code;
}

bool gr_replay_point(gr_tensor *to, const gr_tensor *all, const gr_batch *batch, int64_t first, int64_t n) {
  if (batch->order || all->dtype != to->dtype || !gr_tensor_is_contiguous(all)) return false;
  gr_tensor from;
  gr_tensor_view_slice(&from, all, 0, batch->first + first, 1, n);
  to->data = from.data;
  return true;
}

gr_code gr_replay_load(gr_replay *r, gr_arena *a, const gr_slice *s, gr_err *err) {
  const gr_batch *batch = r->batch;
  gr_program *p = r->p;
  gr_replay_set_rows(p, a, s->n);
  gr_tensor *x = &a->value[p->input];
  gr_code code = gr_replay_point(x, batch->x, batch, s->first, s->n)
                     ? GR_OK
                     : gr_replay_gather(x, batch->x, batch, s->first, s->n, err);
  if (!code && p->target >= 0)
    code = gr_replay_gather(&a->value[p->target], batch->y, batch, s->first, s->n, err);
  return code;
}

gr_code gr_replay_hand_over(gr_replay *r, gr_arena *a, const gr_slice *s, gr_err *err) {
  gr_program *p = r->p;
  for (int i = 0; i < p->n_scores; i++) {
    const gr_tensor *score = &a->value[p->scores[i]];
    for (int64_t row = 0; row < s->n; row++)
      p->sums[s->part * GR_PROGRAM_SCORES + i] += gr_tensor_get(score, &row);
  }
  if (!r->batch->predictions) return GR_OK;
  gr_tensor into;
  gr_tensor_view_slice(&into, r->batch->predictions, 0, s->first, 1, s->n);
  return gr_copy(&into, &a->value[p->output], err);
}

gr_run gr_replay_shared(const gr_replay *r, const gr_slice *s) {
  return (gr_run){.training = r->p->training, .stream = r->batch->stream, .first_row = (uint64_t)s->first};
}

static gr_code run_slice(gr_replay *r, gr_arena *a, const gr_slice *s, gr_err *err) {
  gr_program *p = r->p;
  gr_run shared = gr_replay_shared(r, s);
  gr_code code = gr_interrupt_poll(err);
  if (!code) code = gr_replay_load(r, a, s, err);
  if (!code) code = gr_replay_forward(p, a, &shared, 0, p->n_steps, err);
  if (!code) code = gr_replay_hand_over(r, a, s, err);
  if (code || !r->backward) return code;
  code = gr_replay_turn(p, a, s->part, r->batch->count, err);
  return code ? code : gr_replay_backward(p, a, &shared, s->is_first, 0, p->n_steps, err);
}

static void run_part(void *context, int part, int thread) {
  gr_replay *r = context;
  const uint64_t mode = gr_denormals_flush();
  int64_t count = r->batch->count;
  int64_t begin = count * part / r->parts, end = count * (part + 1) / r->parts;
  for (int i = 0; i < r->p->n_scores; i++) r->p->sums[part * GR_PROGRAM_SCORES + i] = 0;
  for (int64_t first = begin; first < end; first += r->p->slice_rows) {
    int64_t n = end - first < r->p->slice_rows ? end - first : r->p->slice_rows;
    if (run_slice(r, &r->p->arenas[r->arena_a_part ? part : thread],
                  &(gr_slice){part, first, n, first == begin}, &r->errors[part]))
      break;
  }
  gr_denormals_restore(mode);
}

// Adds the parts' gradients into part 0's, each element in the order of the parts.
#define ADD_BYTES (8u << 10)  // all of it in a first cache, and several for small networks

static void add_parts(void *context, int chunk, int thread) {
  gr_replay *r = context;
  gr_program *p = r->p;
  size_t begin = (size_t)chunk * ADD_BYTES, end = begin + ADD_BYTES;
  gr_err err;
  const uint64_t mode = gr_denormals_flush();
  for (int w = 0; w < p->n_weights; w++) {
    size_t size = gr_dtype_size(p->shared_gradient[w].dtype), at = p->gradient_offset[w];
    size_t bytes = gr_tensor_bytes(&p->shared_gradient[w]);
    size_t from = begin > at ? begin : at, to = end < at + bytes ? end : at + bytes;
    if (from >= to) continue;
    gr_tensor sum, part;
    int64_t n = (int64_t)((to - from) / size);
    gr_tensor_layout(&sum, p->shared_gradient[w].dtype, 1, &n, &err);
    part = sum;
    sum.data = p->gradients + from;
    for (int k = 1; k < r->parts; k++) {
      part.data = p->gradients + (size_t)k * p->gradient_bytes + from;
      gr_binary(&sum, GR_ADD, &sum, &part,
                &err);  // same shapes, same dtype: nothing can fail but an interrupt
    }
  }
  gr_denormals_restore(mode);
}

// The penalty is of weights and not of samples: its derivative joins the whole batch's gradients, once.
static gr_code penalty_backward(gr_program *p, const gr_run *shared, gr_err *err) {
  if (p->penalty < 0 || !p->steps[p->penalty].backward) return GR_OK;
  gr_arena *a = &p->arenas[0];
  if (p->n_halts) a->scratch = p->scratch[0];
  place_gradients(p, a, 0);
  gr_code code = gr_fill(&a->gradient[p->penalty], 1.0, err);
  for (int i = p->n_steps; !code && i-- > 0;) {
    gr_call call;
    if (!p->steps[i].op || !p->steps[i].backward || p->steps[i].rows) continue;
    gr_replay_call_back(&call, p, a, i, shared, true);
    code = p->steps[i].op->backward(&call, err);
  }
  return code;
}

static gr_code check_batch(const gr_program *p, const gr_batch *batch, bool wants_backward, gr_err *err) {
  const gr_tensor *want = &p->steps[p->input].value, *x = batch->x;
  char got[GR_SHAPE_TEXT], need[GR_SHAPE_TEXT];
  bool fits = x->ndim == want->ndim && x->ndim > 0;
  for (int i = 1; fits && i < x->ndim; i++) fits = x->shape[i] == want->shape[i];
  if (!fits)
    return gr_fail(err, GR_ERR_SHAPE, "x has shape %s, but one sample of this network's input has shape %s",
                   gr_shape_text(got, x->ndim, x->shape),
                   gr_shape_text(need, want->ndim - 1, want->shape + 1));
  int64_t rows = batch->order ? batch->order->shape[0] : x->shape[0];
  if (batch->first < 0 || batch->count < 0 || batch->first > rows || batch->count > rows - batch->first)
    return gr_fail(err, GR_ERR_VALUE, "a batch of %lld samples from number %lld does not fit into %lld",
                   (long long)batch->count, (long long)batch->first + 1, (long long)rows);
  for (int64_t i = 0; batch->order && i < batch->count; i++) {
    int64_t at = batch->first + i,
            position = ((const int64_t *)batch->order->data)[at * batch->order->stride[0]];
    if (position < 1 || position > x->shape[0])
      return gr_fail(err, GR_ERR_VALUE, "the order names sample %lld of %lld", (long long)position,
                     (long long)x->shape[0]);
  }
  if (p->target >= 0) {
    const gr_tensor *target = &p->steps[p->target].value, *y = batch->y;
    if (!y) return gr_fail(err, GR_ERR_VALUE, "this needs the truth, y, beside x");
    fits = y->ndim == target->ndim && y->shape[0] == x->shape[0];
    for (int i = 1; fits && i < y->ndim; i++) fits = y->shape[i] == target->shape[i];
    if (!fits)
      return gr_fail(err, GR_ERR_SHAPE, "y has shape %s, which does not fit %lld samples of x",
                     gr_shape_text(got, y->ndim, y->shape), (long long)x->shape[0]);
  }
  if (batch->predictions) {
    const gr_tensor *output = &p->steps[p->output].value, *room = batch->predictions;
    fits = room->ndim == output->ndim && room->shape[0] >= batch->count;
    for (int i = 1; fits && i < room->ndim; i++) fits = room->shape[i] == output->shape[i];
    if (!fits)
      return gr_fail(err, GR_ERR_SHAPE, "there is room of shape %s for %lld outputs of shape %s",
                     gr_shape_text(got, room->ndim, room->shape), (long long)batch->count,
                     gr_shape_text(need, output->ndim - 1, output->shape + 1));
  }
  if (wants_backward && (!p->training || p->n_scores == 0))
    return gr_fail(err, GR_ERR_VALUE, "this program was recorded without a loss to train on");
  return GR_OK;
}

// As few rows as fill the cache, but so many that a slice reads no more of the matrices of dense layers than
// of its own numbers: those are read anew for each slice, and do little with each number.
static int64_t choose_slice(const gr_program *p) {
  const size_t bytes = p->matrix_bytes > SLICE_BYTES ? p->matrix_bytes : SLICE_BYTES;
  int64_t rows = p->row_bytes ? (int64_t)(bytes / p->row_bytes) : SLICE_ROWS;
  return rows < 1 ? 1 : rows > SLICE_ROWS ? SLICE_ROWS : rows;
}

// As many parts as pay: adding the parts' gradients should cost less than computing them, and reading the
// matrices less than multiplying with them. Two even where that is not so, for a second core, unless a part
// would do little else.
static int choose_parts(const gr_program *p, int64_t count, bool wants_backward) {
  const size_t shared = wants_backward ? p->gradient_bytes : p->matrix_bytes;
  int64_t parts = PARTS;
  if (shared) {
    const double own = (double)p->row_bytes * (double)count / (double)shared;
    parts = own < 1.0 / 3 ? 1 : own < 2 ? 2 : own < PARTS ? (int64_t)own : PARTS;
  }
  return (int)(parts < count ? parts : count);
}

// As many arenas as the run needs, and scratch a thread where they are not a thread's.
static gr_code make_room(gr_program *p, int arenas, int threads, gr_err *err) {
  if (p->n_arenas >= arenas && (!p->n_halts || p->n_scratch >= threads)) return GR_OK;
  gr_program_free_arenas(p);
  gr_code code = make_arenas(p, arenas, err);
  if (!code && p->n_halts) {
    p->scratch = calloc((size_t)threads, sizeof *p->scratch);
    if (!p->scratch) code = gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
    for (int i = 0; !code && i < threads; i++) {
      p->n_scratch = i + 1;
      code = gr_alloc(&p->scratch[i], p->arena_bytes - p->scratch_at, "scratch memory of a slice", err);
    }
  }
  if (code) gr_program_free_arenas(p);  // half of them would look like all of them
  return code;
}

static gr_code run(gr_program *p, gr_pool *pool, const gr_batch *batch, gr_way_back back, double *sums,
                   gr_err *err) {
  const bool wants_backward = back != GR_FORWARD_ONLY;
  gr_code code = check_batch(p, batch, wants_backward, err);
  for (int i = 0; i < p->n_scores; i++) sums[i] = 0;
  if (code || batch->count == 0) return code;
  for (int i = 0; i < p->n_weights; i++) p->pending[i] = -1;
  const bool whole = gr_runs_whole(p, batch->count, wants_backward);
  int parts = whole ? 1 : choose_parts(p, batch->count, wants_backward), threads = gr_pool_threads(pool);
  if (p->slice_rows == 0) p->slice_rows = choose_slice(p);
  const int64_t room = whole || batch->count < p->slice_rows ? batch->count : p->slice_rows;
  if (room > p->room_rows) {
    gr_program_free_arenas(p);
    code = lay_out(p, room, err);
  }
  if (code) return code;
  int64_t part_rows = (batch->count + parts - 1) / parts;
  int slices_a_part = (int)((part_rows + p->slice_rows - 1) / p->slice_rows);
  const bool arena_a_part = parts <= threads;
  code = make_room(p, p->n_halts ? parts * slices_a_part : arena_a_part ? parts : threads, threads, err);
  if (!code && p->n_parts < parts) code = gr_program_make_parts(p, parts, err);
  if (code) return code;
  gr_err errors[PARTS];
  for (int i = 0; i < parts; i++) errors[i].code = GR_OK;
  // Where no weight is behind the loss there is nothing to go back for.
  bool goes_back = wants_backward && p->steps[p->scores[0]].backward;
  gr_replay r = {.p = p,
                 .batch = batch,
                 .backward = goes_back,
                 .parts = parts,
                 .arena_a_part = arena_a_part,
                 .errors = errors};
  p->batch_rows = batch->count;
  const gr_run shared = {.training = p->training, .stream = batch->stream};
  code = prepare(p, &shared, wants_backward, err);
  if (code) return code;
  if (whole)
    gr_run_whole(&r, pool, back == GR_GRADIENTS_PENDING, &errors[0]);
  else if (p->n_halts)
    gr_run_halting(&r, pool, slices_a_part);
  else
    gr_pool_run(pool, parts, run_part, &r);
  for (int i = 0; i < parts; i++)
    if (errors[i].code) {
      *err = errors[i];
      return err->code;
    }
  if (wants_backward && parts > 1)
    gr_pool_run(pool, (int)((p->gradient_bytes + ADD_BYTES - 1) / ADD_BYTES), add_parts, &r);
  if (wants_backward) code = penalty_backward(p, &shared, err);
  if (code) return code;
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < p->n_scores; i++) sums[i] += p->sums[part * GR_PROGRAM_SCORES + i];
  if (p->penalty >= 0 && p->n_scores)
    sums[0] += (double)batch->count * gr_tensor_get(&p->steps[p->penalty].value, NULL);
  return gr_interrupt_poll(err);  // adding the parts may have stopped half-way
}

gr_code gr_program_run(gr_program *p, gr_pool *pool, const gr_batch *batch, gr_way_back back, double *sums,
                       gr_err *err) {
  const uint64_t mode = gr_denormals_flush();
  const gr_code code = run(p, pool, batch, back, sums, err);
  gr_denormals_restore(mode);
  return code;
}

const gr_tensor *gr_program_gradient(const gr_program *p, int i) { return &p->shared_gradient[i]; }
