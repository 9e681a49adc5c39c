#include "grad/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "grad/step.h"
#include "kernel/gather.h"

// A slice's values, and their gradients, should stay in a core's second-level cache: 1 MiB on the smallest
// machine we care for, half of it left to weights and to whatever the kernels pack.
#define SLICE_BYTES (512u << 10)
#define SLICE_ROWS 256
#define PARTS 8

// The memory of one thread.
typedef struct arena {
  void *memory;
  gr_tensor *value, *aux, *gradient;  // one of each a step, for the slice at hand
} arena;

struct gr_program {
  int n_steps, n_weights, n_scores;
  gr_step *steps;
  int input, target, output, scores[GR_PROGRAM_SCORES];
  bool training;
  int *weights;         // steps
  size_t row_bytes;     // of all values (and gradients) of one row
  size_t matrix_bytes;  // of what rows are multiplied with as a matrix
  int64_t slice_rows;   // that the arenas are laid out for; 0 before the first run
  size_t arena_bytes, scratch_at;
  int n_arenas;
  arena *arenas;
  void *prepared;           // what operations make of the weights, once a run
  int n_parts;              // that gradients and sums are laid out for
  size_t gradient_bytes;    // of all weights, of one part
  size_t *gradient_offset;  // of each weight within a part
  char *gradients;
  double *sums;                // n_parts x n_scores
  gr_tensor *shared_gradient;  // each weight's, of part 0: what the outside sees
};

// ---- making a program ----

static int find(gr_node *const *nodes, size_t count, const gr_node *node) {
  for (size_t i = 0; i < count; i++)
    if (nodes[i] == node) return (int)i;
  return -1;
}

static gr_tensor one_row(const gr_tensor *t) {
  gr_tensor row = *t;
  row.shape[0] = 1;
  row.buffer = NULL;
  row.data = NULL;
  return row;
}

// Fills in step i from its node; says why when rows cannot be told apart.
static gr_code make_step(gr_program *p, int i, gr_node *const *nodes, size_t count, gr_err *err) {
  const gr_node *n = nodes[i];
  gr_step *s = &p->steps[i];
  s->op = n->op;
  s->args = n->args;
  s->inputs = n->inputs;
  s->needs_gradient = n->needs_gradient;
  s->weight = -1;
  s->rows = i == p->input || i == p->target;
  gr_call call = {.args = &s->args, .inputs = n->inputs};
  gr_tensor out = n->value;
  call.out = &out;
  unsigned rows = 0;
  for (int k = 0; k < n->inputs; k++) {
    s->in[k] = n->in[k] ? find(nodes, count, n->in[k]) : -1;
    call.in[k] = n->in[k] ? &n->in[k]->value : NULL;
    if (s->in[k] >= 0 && p->steps[s->in[k]].rows) rows |= 1u << k;
  }
  if (rows) {
    s->rows = true;
    if (!n->op->by_rows(&call, rows) || n->value.ndim == 0)
      return gr_fail(err, GR_ERR_SHAPE, "%s mixes the samples of a batch", n->op->name);
  } else if (n->op && n->needs_gradient) {
    return gr_fail(err, GR_ERR_SHAPE, "%s computes with weights alone", n->op->name);
  }
  if (s->rows) {
    s->value = one_row(&n->value);
    if (n->aux.ndim) s->aux = one_row(&n->aux);
  } else {
    gr_tensor_share(&s->value, &n->value);
  }
  return GR_OK;
}

// Which steps a backward pass visits (an output beside the loss has no gradient), and which contribution to
// each gradient comes first: it writes, the others add.
static gr_code mark_backward(gr_program *p, gr_err *err) {
  if (p->n_scores) p->steps[p->scores[0]].backward = p->steps[p->scores[0]].needs_gradient;
  for (int i = p->n_steps; i-- > 0;) {
    gr_step *s = &p->steps[i];
    if (!s->backward || !s->op) continue;
    if (!s->op->backward)
      return gr_fail(err, GR_ERR_VALUE, "the loss goes through a %s, which has no derivative", s->op->name);
    for (int k = 0; k < s->inputs; k++) {
      gr_step *in = s->in[k] >= 0 ? &p->steps[s->in[k]] : NULL;
      if (!in || !in->needs_gradient) continue;
      s->first[k] = !in->backward;
      in->backward = true;
    }
  }
  return GR_OK;
}

static gr_code make_weights(gr_program *p, const gr_program_spec *spec, gr_node *const *nodes, size_t count,
                            gr_err *err) {
  p->n_weights = spec->n_weights;
  p->weights = calloc((size_t)spec->n_weights + 1, sizeof *p->weights);
  p->gradient_offset = calloc((size_t)spec->n_weights + 1, sizeof *p->gradient_offset);
  p->shared_gradient = calloc((size_t)spec->n_weights + 1, sizeof *p->shared_gradient);
  if (!p->weights || !p->gradient_offset || !p->shared_gradient)
    return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  for (int i = 0; i < spec->n_weights; i++) {
    p->weights[i] = find(nodes, count, spec->weights[i]);
    p->gradient_offset[i] = p->gradient_bytes;
    p->gradient_bytes += gr_scratch_round(gr_tensor_bytes(&spec->weights[i]->value));
    gr_tensor_layout(&p->shared_gradient[i], spec->weights[i]->value.dtype, spec->weights[i]->value.ndim,
                     spec->weights[i]->value.shape, err);
    if (p->weights[i] >= 0) p->steps[p->weights[i]].weight = i;
  }
  return GR_OK;
}

static gr_code make_parts(gr_program *p, int parts, gr_err *err) {
  gr_buffer *buffer;
  gr_code code = gr_buffer_new(&buffer, p->gradient_bytes * (size_t)parts, "the gradients of a batch", err);
  if (code) return code;
  double *sums = realloc(p->sums, (size_t)parts * GR_PROGRAM_SCORES * sizeof *sums);
  if (!sums) {
    gr_buffer_release(buffer);
    return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
  }
  p->sums = sums;
  if (buffer->data)
    memset(buffer->data, 0, buffer->size);  // a weight that the loss does not reach has gradient 0
  for (int i = 0; i < p->n_weights; i++) {
    gr_tensor *g = &p->shared_gradient[i];
    gr_buffer_release(g->buffer);
    g->buffer = gr_buffer_retain(buffer);
    g->data = (char *)buffer->data + p->gradient_offset[i];
  }
  p->gradients = buffer->data;
  gr_buffer_release(buffer);  // the weights' gradients hold it
  p->n_parts = parts;
  return GR_OK;
}

// The output comes row by row from the input, and gradients go to the weights only: any other tracked tensor
// would be left without one, silently.
static gr_code check_leaves(const gr_program *p, gr_err *err) {
  if (!p->steps[p->output].rows)
    return gr_fail(err, GR_ERR_SHAPE, "the output of the network does not depend on its input");
  for (int i = 0; i < p->n_steps; i++)
    if (!p->steps[i].op && p->steps[i].needs_gradient && p->steps[i].weight < 0)
      return gr_fail(err, GR_ERR_VALUE,
                     "the network computes with a tracked tensor that is none of its weights, and would not "
                     "learn it: give it as t:detach()");
  return GR_OK;
}

static gr_code fuse(gr_program *p, gr_err *err) {
  bool *kept = calloc((size_t)p->n_steps, sizeof *kept);
  if (!kept) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  kept[p->input] = kept[p->output] = true;
  for (int i = 0; i < p->n_scores; i++) kept[p->scores[i]] = true;
  gr_fuse(p->steps, p->n_steps, kept, p->training);
  free(kept);
  return GR_OK;
}

gr_code gr_program_new(gr_program **out, const gr_program_spec *spec, gr_err *err) {
  *out = NULL;
  gr_node *roots[GR_PROGRAM_SCORES + 3] = {spec->output, spec->input, spec->target};
  memcpy(roots + 3, spec->scores, (size_t)spec->n_scores * sizeof roots[0]);
  gr_node **nodes = NULL;
  size_t count;
  gr_program *p = calloc(1, sizeof *p);
  if (!p) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  gr_code code = gr_node_collect(&nodes, &count, roots, (size_t)spec->n_scores + 3, err);
  if (code) goto fail;
  p->steps = calloc(count, sizeof *p->steps);
  if (!p->steps) {
    code = gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
    goto fail;
  }
  p->n_steps = (int)count;
  p->training = spec->training;
  p->input = find(nodes, count, spec->input);
  p->target = spec->target ? find(nodes, count, spec->target) : -1;
  p->output = find(nodes, count, spec->output);
  p->n_scores = spec->n_scores;
  for (int i = 0; !code && i < p->n_steps; i++) code = make_step(p, i, nodes, count, err);
  if (!code) code = make_weights(p, spec, nodes, count, err);
  if (!code) code = check_leaves(p, err);
  for (int i = 0; !code && i < spec->n_scores; i++) {
    p->scores[i] = find(nodes, count, spec->scores[i]);
    const gr_step *s = &p->steps[p->scores[i]];
    if (!s->rows || s->value.ndim != 1)
      code = gr_fail(err, GR_ERR_SHAPE, "a loss or metric gives one number a sample");
  }
  if (!code) code = fuse(p, err);
  if (!code) code = mark_backward(p, err);
  if (code) goto fail;
  for (int i = 0; i < p->n_steps; i++) {
    const gr_step *s = &p->steps[i];
    if (!s->rows) continue;
    p->row_bytes +=
        gr_tensor_bytes(&s->value) * (1 + (p->training && s->needs_gradient)) + gr_tensor_bytes(&s->aux);
    if (s->op == &gr_op_matmul && !p->steps[s->in[1]].rows)
      p->matrix_bytes += gr_tensor_bytes(&p->steps[s->in[1]].value);
  }
  // Gradients can be looked at before the first run: they are 0.
  if (p->training) code = make_parts(p, 1, err);
  if (code) goto fail;
  gr_free(nodes);
  *out = p;
  return GR_OK;
fail:
  gr_free(nodes);
  gr_program_free(p);
  return code;
}

static void free_arenas(gr_program *p) {
  for (int i = 0; i < p->n_arenas; i++) {
    gr_free(p->arenas[i].memory);
    free(p->arenas[i].value);
  }
  free(p->arenas);
  p->arenas = NULL;
  p->n_arenas = 0;
}

void gr_program_free(gr_program *p) {
  if (!p) return;
  free_arenas(p);
  gr_free(p->prepared);
  for (int i = 0; i < p->n_steps; i++) gr_tensor_finish(&p->steps[i].value);
  for (int i = 0; i < p->n_weights && p->shared_gradient; i++) gr_tensor_finish(&p->shared_gradient[i]);
  free(p->steps);
  free(p->weights);
  free(p->gradient_offset);
  free(p->shared_gradient);
  free(p->sums);
  free(p);
}

// ---- memory for runs ----

// Gives every value with rows its place in an arena for slices of `rows` rows, and asks each operation for
// its scratch.
static gr_code lay_out(gr_program *p, int64_t rows, gr_err *err) {
  size_t at = 0, scratch = 0, prepared = 0;
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->rows) continue;
    s->value_at = at;
    at += gr_scratch_round(gr_tensor_bytes(&s->value) * (size_t)rows);
    s->aux_at = at;
    at += gr_scratch_round(gr_tensor_bytes(&s->aux) * (size_t)rows);
    s->gradient_at = at;
    if (p->training && s->needs_gradient) at += gr_scratch_round(gr_tensor_bytes(&s->value) * (size_t)rows);
  }
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->rows || !s->op) continue;
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
    if (!s->op->prepared_bytes) continue;
    s->prepared_at = prepared;
    s->prepared_bytes = s->op->prepared_bytes(&call);
    prepared += gr_scratch_round(s->prepared_bytes);
  }
  gr_free(p->prepared);
  gr_code code = gr_alloc(&p->prepared, prepared, "the weights of a network", err);
  if (code) return code;
  p->scratch_at = at;
  p->arena_bytes = at + scratch;
  p->slice_rows = rows;
  return GR_OK;
}

static gr_code make_arenas(gr_program *p, int threads, gr_err *err) {
  p->arenas = calloc((size_t)threads, sizeof *p->arenas);
  if (!p->arenas) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
  for (int t = 0; t < threads; t++) {
    arena *a = &p->arenas[t];
    p->n_arenas = t + 1;
    a->value = calloc(3 * (size_t)p->n_steps, sizeof *a->value);
    if (!a->value) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
    gr_code code = gr_alloc(&a->memory, p->arena_bytes, "the activations of a slice", err);
    if (code) return code;
    a->aux = a->value + p->n_steps;
    a->gradient = a->aux + p->n_steps;
    for (int i = 0; i < p->n_steps; i++) {
      const gr_step *s = &p->steps[i];
      a->value[i] = a->gradient[i] = s->value;
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

typedef struct run {
  gr_program *p;
  const gr_batch *batch;
  bool backward;
  int parts;
  gr_err *errors;  // one a part; code 0 where all went well
} run;

static void set_rows(gr_program *p, arena *a, int64_t rows) {
  for (int i = 0; i < p->n_steps; i++)
    if (p->steps[i].rows) {
      a->value[i].shape[0] = a->gradient[i].shape[0] = rows;
      if (a->aux[i].ndim) a->aux[i].shape[0] = rows;
    }
}

// Rows first..first+n-1 of the batch from `all` into `out`, through the order of the epoch.
static gr_code gather(gr_tensor *out, const gr_tensor *all, const gr_batch *batch, int64_t first, int64_t n,
                      gr_err *err) {
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

static void set_call(gr_call *call, gr_program *p, arena *a, gr_step *s, int i, const gr_run *shared) {
  *call =
      (gr_call){.args = &s->args, .inputs = s->inputs, .out = &a->value[i], .aux = &a->aux[i], .run = shared};
  for (int k = 0; k < s->inputs; k++) call->in[k] = s->in[k] >= 0 ? &a->value[s->in[k]] : NULL;
  call->scratch = (char *)a->memory + p->scratch_at;
  if (s->prepared_bytes) call->prepared = (char *)p->prepared + s->prepared_at;
}

// Weights may have been changed since the last run, by the optimizer or by their owner.
static void prepare(gr_program *p, const gr_run *shared, bool wants_backward) {
  gr_call call;
  arena *a = &p->arenas[0];
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->prepared_bytes) continue;
    set_call(&call, p, a, s, i, shared);
    for (int k = 0; wants_backward && k < s->inputs; k++)
      if (s->in[k] >= 0 && p->steps[s->in[k]].needs_gradient) call.din[k] = &a->gradient[s->in[k]];
    s->op->prepare(&call);
  }
}

static gr_code forward(gr_program *p, arena *a, const gr_run *shared, gr_err *err) {
  gr_call call;
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    if (!s->op || !s->rows) continue;
    set_call(&call, p, a, s, i, shared);
    gr_code code = s->op->forward(&call, err);
    if (code) return code;
  }
  return GR_OK;
}

static gr_code backward(gr_program *p, arena *a, const gr_run *shared, int part, bool first_slice,
                        int64_t count, gr_err *err) {
  gr_call call;
  if (!p->steps[p->scores[0]].backward) return GR_OK;  // no weight is behind the loss
  gr_code code = gr_fill(&a->gradient[p->scores[0]], 1.0 / (double)count, err);
  for (int w = 0; w < p->n_weights; w++)
    if (p->weights[w] >= 0)
      a->gradient[p->weights[w]].data =
          p->gradients + (size_t)part * p->gradient_bytes + p->gradient_offset[w];
  for (int i = p->n_steps; !code && i-- > 0;) {
    gr_step *s = &p->steps[i];
    if (!s->op || !s->backward) continue;
    set_call(&call, p, a, s, i, shared);
    call.dout = &a->gradient[i];
    for (int k = 0; k < s->inputs; k++) {
      if (s->in[k] < 0 || !p->steps[s->in[k]].needs_gradient) continue;
      call.din[k] = &a->gradient[s->in[k]];
      call.accumulate[k] = !s->first[k] || (p->steps[s->in[k]].weight >= 0 && !first_slice);
    }
    code = s->op->backward(&call, err);
  }
  return code;
}

static gr_code run_slice(run *r, arena *a, int part, int64_t first, int64_t n, bool first_slice,
                         gr_err *err) {
  gr_program *p = r->p;
  const gr_batch *batch = r->batch;
  gr_run shared = {.training = p->training, .stream = batch->stream, .first_row = (uint64_t)first};
  set_rows(p, a, n);
  gr_code code = gr_interrupt_poll(err);
  if (!code) code = gather(&a->value[p->input], batch->x, batch, first, n, err);
  if (!code && p->target >= 0) code = gather(&a->value[p->target], batch->y, batch, first, n, err);
  if (!code) code = forward(p, a, &shared, err);
  if (code) return code;
  for (int i = 0; i < p->n_scores; i++) {
    const gr_tensor *score = &a->value[p->scores[i]];
    for (int64_t row = 0; row < n; row++) p->sums[part * GR_PROGRAM_SCORES + i] += gr_tensor_get(score, &row);
  }
  if (batch->predictions) {
    gr_tensor into;
    gr_tensor_view_slice(&into, batch->predictions, 0, first, 1, n);
    code = gr_copy(&into, &a->value[p->output], err);
  }
  if (!code && r->backward) code = backward(p, a, &shared, part, first_slice, batch->count, err);
  return code;
}

static void run_part(void *context, int part, int thread) {
  run *r = context;
  int64_t count = r->batch->count;
  int64_t begin = count * part / r->parts, end = count * (part + 1) / r->parts;
  for (int i = 0; i < r->p->n_scores; i++) r->p->sums[part * GR_PROGRAM_SCORES + i] = 0;
  for (int64_t first = begin; first < end; first += r->p->slice_rows) {
    int64_t n = end - first < r->p->slice_rows ? end - first : r->p->slice_rows;
    if (run_slice(r, &r->p->arenas[thread], part, first, n, first == begin, &r->errors[part])) return;
  }
}

// Adds the parts' gradients into part 0's, each element in the order of the parts.
#define ADD_BYTES (64u << 10)

static void add_parts(void *context, int chunk, int thread) {
  run *r = context;
  gr_program *p = r->p;
  size_t begin = (size_t)chunk * ADD_BYTES, end = begin + ADD_BYTES;
  gr_err err;
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
// matrices less than multiplying with them.
static int choose_parts(const gr_program *p, int64_t count, bool wants_backward) {
  const size_t shared = wants_backward ? p->gradient_bytes : p->matrix_bytes;
  int64_t parts = PARTS;
  if (shared) {
    parts = (int64_t)((double)p->row_bytes * (double)count / (double)shared);
    if (parts < 2) parts = 2;
    if (parts > PARTS) parts = PARTS;
  }
  return (int)(parts < count ? parts : count);
}

gr_code gr_program_run(gr_program *p, gr_pool *pool, const gr_batch *batch, bool wants_backward, double *sums,
                       gr_err *err) {
  gr_code code = check_batch(p, batch, wants_backward, err);
  for (int i = 0; i < p->n_scores; i++) sums[i] = 0;
  if (code || batch->count == 0) return code;
  int parts = choose_parts(p, batch->count, wants_backward), threads = gr_pool_threads(pool);
  if (p->slice_rows == 0) code = lay_out(p, choose_slice(p), err);
  if (!code && p->n_arenas < threads) {
    free_arenas(p);
    code = make_arenas(p, threads, err);
    if (code) free_arenas(p);  // half of them would look like all of them
  }
  if (!code && p->n_parts < parts) code = make_parts(p, parts, err);
  if (code) return code;
  gr_err errors[PARTS];
  for (int i = 0; i < parts; i++) errors[i].code = GR_OK;
  run r = {.p = p, .batch = batch, .backward = wants_backward, .parts = parts, .errors = errors};
  prepare(p, &(gr_run){.training = p->training, .stream = batch->stream}, wants_backward);
  gr_pool_run(pool, parts, run_part, &r);
  for (int i = 0; i < parts; i++)
    if (errors[i].code) {
      *err = errors[i];
      return err->code;
    }
  if (wants_backward && parts > 1)
    gr_pool_run(pool, (int)((p->gradient_bytes + ADD_BYTES - 1) / ADD_BYTES), add_parts, &r);
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < p->n_scores; i++) sums[i] += p->sums[part * GR_PROGRAM_SCORES + i];
  return gr_interrupt_poll(err);  // adding the parts may have stopped half-way
}

const gr_tensor *gr_program_gradient(const gr_program *p, int i) { return &p->shared_gradient[i]; }

// ---- comparing ----

static bool same_args(const gr_op_args *a, const gr_op_args *b) {
  return a->kind == b->kind && a->rate == b->rate && a->same == b->same && a->axes == b->axes &&
         a->ddof == b->ddof && a->keepdims == b->keepdims && a->ndim == b->ndim && a->layer == b->layer &&
         memcmp(&a->window, &b->window, sizeof a->window) == 0 &&
         memcmp(a->shape, b->shape, sizeof a->shape) == 0 &&
         memcmp(a->start, b->start, sizeof a->start) == 0 && memcmp(a->step, b->step, sizeof a->step) == 0 &&
         memcmp(a->order, b->order, sizeof a->order) == 0;
}

// The same numbers; both are contiguous, as everything that a graph keeps.
static bool same_values(const gr_tensor *a, const gr_tensor *b) {
  if (a->dtype != b->dtype || !gr_tensor_same_shape(a, b)) return false;
  return a->data == b->data || gr_tensor_size(a) == 0 || memcmp(a->data, b->data, gr_tensor_bytes(a)) == 0;
}

bool gr_program_same(const gr_program *a, const gr_program *b) {
  if (a->n_steps != b->n_steps) return false;
  for (int i = 0; i < a->n_steps; i++) {
    const gr_step *s = &a->steps[i], *t = &b->steps[i];
    bool same = s->op == t->op && s->inputs == t->inputs && s->rows == t->rows && s->weight == t->weight &&
                s->value.dtype == t->value.dtype && gr_tensor_same_shape(&s->value, &t->value) &&
                same_args(&s->args, &t->args);
    for (int k = 0; same && k < s->inputs; k++) same = s->in[k] == t->in[k];
    if (same && !s->rows) same = same_values(&s->value, &t->value);
    if (!same) return false;
  }
  return true;
}
