// Recorded programs: made from a graph, compared, freed.
#include "grad/program.h"

#include <stdlib.h>
#include <string.h>

#include "grad/replay.h"

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
  const gr_step *derived = NULL;  // an input that is computed from weights alone and has a gradient
  for (int k = 0; k < n->inputs; k++) {
    s->in[k] = n->in[k] ? find(nodes, count, n->in[k]) : -1;
    call.in[k] = n->in[k] ? &n->in[k]->value : NULL;
    if (s->in[k] < 0) continue;
    const gr_step *in = &p->steps[s->in[k]];
    if (in->rows)
      rows |= 1u << k;
    else if (in->op && in->needs_gradient)
      derived = in;
  }
  if (rows && derived &&
      p->training)  // each slice would have to go back through it: only a penalty does, once
    return gr_fail(err, GR_ERR_SHAPE, "%s computes with weights alone", derived->op->name);
  if (n->op == &gr_op_custom) return gr_fail(err, GR_ERR_SHAPE, "a layer has an operation written in Lua");
  if (rows) {
    s->rows = true;
    if (!n->op->by_rows(&call, rows) || n->value.ndim == 0)
      return gr_fail(err, GR_ERR_SHAPE, "%s mixes the samples of a batch", n->op->name);
  }
  if (s->rows) {
    s->value = one_row(&n->value);
    if (n->aux.ndim && !n->op->barrier) s->aux = one_row(&n->aux);
  } else if (n->op) {
    // What weights and constants alone decide is computed anew in each run: they may have changed.
    gr_code code = gr_tensor_init(&s->value, n->value.dtype, n->value.ndim, n->value.shape, err);
    if (!code) code = gr_copy(&s->value, &n->value, err);  // two recordings are compared by it
    if (!code) code = gr_tensor_init(&s->aux, n->aux.dtype, n->aux.ndim, n->aux.shape, err);
    if (!code && n->needs_gradient && p->training)
      code = gr_tensor_init(&s->gradient, n->value.dtype, n->value.ndim, n->value.shape, err);
    return code;
  } else {
    gr_tensor_share(&s->value, &n->value);
  }
  return GR_OK;
}

// Which steps a backward pass visits (an output beside the loss has no gradient), and which contribution to
// each gradient comes first: it writes, the others add. Those of the slices come before that of the penalty.
static gr_code mark_steps(gr_program *p, bool rows, gr_err *err) {
  for (int i = p->n_steps; i-- > 0;) {
    gr_step *s = &p->steps[i];
    if (!s->backward || !s->op || s->rows != rows) continue;
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

static gr_code mark_backward(gr_program *p, gr_err *err) {
  if (p->n_scores) p->steps[p->scores[0]].backward = p->steps[p->scores[0]].needs_gradient;
  gr_code code = mark_steps(p, true, err);
  if (code || p->penalty < 0) return code;
  p->steps[p->penalty].backward = p->steps[p->penalty].needs_gradient;
  return mark_steps(p, false, err);
}

static gr_code make_weights(gr_program *p, const gr_program_spec *spec, gr_node *const *nodes, size_t count,
                            gr_err *err) {
  p->n_weights = spec->n_weights;
  p->weights = calloc((size_t)spec->n_weights + 1, sizeof *p->weights);
  p->gradient_offset = calloc((size_t)spec->n_weights + 1, sizeof *p->gradient_offset);
  p->shared_gradient = calloc((size_t)spec->n_weights + 1, sizeof *p->shared_gradient);
  p->pending = calloc((size_t)spec->n_weights + 1, sizeof *p->pending);
  if (!p->weights || !p->gradient_offset || !p->shared_gradient || !p->pending)
    return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  for (int i = 0; i < spec->n_weights; i++) {
    p->pending[i] = -1;
    p->weights[i] = find(nodes, count, spec->weights[i]);
    p->gradient_offset[i] = p->gradient_bytes;
    if (p->training) p->gradient_bytes += gr_scratch_round(gr_tensor_bytes(&spec->weights[i]->value));
    gr_tensor_layout(&p->shared_gradient[i], spec->weights[i]->value.dtype, spec->weights[i]->value.ndim,
                     spec->weights[i]->value.shape, err);
    if (p->weights[i] >= 0) p->steps[p->weights[i]].weight = i;
  }
  return GR_OK;
}

gr_code gr_program_make_parts(gr_program *p, int parts, gr_err *err) {
  gr_buffer *buffer;
  gr_code code = gr_buffer_new(&buffer, p->gradient_bytes * (size_t)parts, "the gradients of a batch", err);
  if (code) return code;
  double *sums = realloc(p->sums, (size_t)parts * GR_PROGRAM_SCORES * sizeof *sums);
  if (!sums) {
    gr_buffer_release(buffer);
    return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
  }
  p->sums = sums;
  if (p->n_halts) {
    double *batch = realloc(p->batch, (size_t)(parts + 1) * p->halt_numbers * sizeof *batch);
    if (!batch) {
      gr_buffer_release(buffer);
      return gr_fail(err, GR_ERR_MEMORY, "out of memory: a training step");
    }
    p->batch = batch;
  }
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

static gr_code find_halts(gr_program *p, gr_err *err) {
  for (int i = 0; i < p->n_steps; i++) p->n_halts += p->steps[i].op && p->steps[i].op->barrier;
  if (p->n_halts == 0) return GR_OK;
  p->halts = calloc((size_t)p->n_halts, sizeof *p->halts);
  if (!p->halts) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  for (int i = 0, k = 0; i < p->n_steps; i++) {
    const gr_step *s = &p->steps[i];
    if (!s->op || !s->op->barrier) continue;
    gr_call call = {.args = &p->steps[i].args, .inputs = s->inputs};
    for (int input = 0; input < s->inputs; input++)
      call.in[input] = s->in[input] >= 0 ? &p->steps[s->in[input]].value : NULL;
    p->halts[k] = (gr_halt){.step = i, .numbers = s->op->barrier->numbers(&call), .at = p->halt_numbers};
    p->halt_numbers += 2 * p->halts[k++].numbers;
  }
  return GR_OK;
}

gr_code gr_program_new(gr_program **out, const gr_program_spec *spec, gr_err *err) {
  *out = NULL;
  gr_node *roots[GR_PROGRAM_SCORES + 4] = {spec->output, spec->input, spec->target, spec->penalty};
  memcpy(roots + 4, spec->scores, (size_t)spec->n_scores * sizeof roots[0]);
  gr_node **nodes = NULL;
  size_t count;
  gr_program *p = calloc(1, sizeof *p);
  if (!p) return gr_fail(err, GR_ERR_MEMORY, "out of memory: a program");
  gr_code code = gr_node_collect(&nodes, &count, roots, (size_t)spec->n_scores + 4, err);
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
  p->penalty = spec->penalty ? find(nodes, count, spec->penalty) : -1;
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
  if (!code && p->penalty >= 0 && (p->steps[p->penalty].rows || p->steps[p->penalty].value.ndim))
    code = gr_fail(err, GR_ERR_SHAPE, "a penalty is one number, made of weights alone");
  if (!code) code = fuse(p, err);
  if (!code) code = mark_backward(p, err);
  if (!code) code = find_halts(p, err);
  if (code) goto fail;
  p->dense = true;
  for (int i = 0; i < p->n_steps; i++) {
    const gr_step *s = &p->steps[i];
    if (!s->rows) continue;
    if (s->op == &gr_op_conv2d || s->op == &gr_op_grouped_conv2d || s->op == &gr_op_max_pool2d ||
        s->op == &gr_op_average_pool2d || s->op == &gr_op_augment)
      p->dense = false;
    p->row_bytes +=
        gr_tensor_bytes(&s->value) * (1 + (p->training && s->needs_gradient)) + gr_tensor_bytes(&s->aux);
    if (s->op == &gr_op_matmul && !p->steps[s->in[1]].rows)
      p->matrix_bytes += gr_tensor_bytes(&p->steps[s->in[1]].value);
  }
  if (p->dense && p->training) gr_mark_lasting(p);
  // Gradients can be looked at before the first run: they are 0.
  if (p->training) code = gr_program_make_parts(p, 1, err);
  if (code) goto fail;
  gr_free(nodes);
  *out = p;
  return GR_OK;
fail:
  gr_free(nodes);
  gr_program_free(p);
  return code;
}

void gr_program_free_arenas(gr_program *p) {
  for (int i = 0; i < p->n_arenas; i++) {
    gr_free(p->arenas[i].memory);
    free(p->arenas[i].value);
  }
  free(p->arenas);
  p->arenas = NULL;
  p->n_arenas = 0;
  for (int i = 0; i < p->n_scratch; i++) gr_free(p->scratch[i]);
  free(p->scratch);
  p->scratch = NULL;
  p->n_scratch = 0;
}

void gr_program_rest(gr_program *p) {
  gr_err unused;  // an interrupt: then the slices stay, and what waits in them
  if (gr_program_finish_gradients(p, NULL, &unused)) return;
  gr_program_free_arenas(p);
  gr_program_let_go(p);
  gr_free(p->workspace);
  p->workspace = NULL;
  p->workspace_bytes = 0;
}

void gr_program_free(gr_program *p) {
  if (!p) return;
  gr_program_free_arenas(p);
  free(p->halts);
  free(p->batch);
  gr_free(p->prepared);
  for (int i = 0; i < p->n_steps; i++) {
    gr_tensor_finish(&p->steps[i].value);
    gr_tensor_finish(&p->steps[i].aux);
    gr_tensor_finish(&p->steps[i].gradient);
  }
  for (int i = 0; i < p->n_weights && p->shared_gradient; i++) gr_tensor_finish(&p->shared_gradient[i]);
  free(p->steps);
  free(p->weights);
  free(p->gradient_offset);
  free(p->shared_gradient);
  free(p->pending);
  gr_program_let_go(p);
  gr_free(p->workspace);
  free(p->sums);
  free(p);
}

gr_program_memory gr_program_memory_of(const gr_program *p) {
  gr_program_memory m = {.parts = p->n_parts, .rows = p->n_arenas * p->room_rows};
  m.gradients = p->gradient_bytes * (size_t)p->n_parts;
  m.slices = (size_t)p->n_arenas * (p->n_halts ? p->scratch_at : p->arena_bytes) +
             (size_t)p->n_scratch * (p->arena_bytes - p->scratch_at) + p->workspace_bytes;
  for (int i = 0; i < p->n_steps; i++) {
    m.prepared += p->steps[i].prepared_bytes + p->steps[i].source_bytes;
    if (!p->steps[i].rows && p->steps[i].op) m.prepared += gr_tensor_bytes(&p->steps[i].value);
    m.prepared += gr_tensor_bytes(&p->steps[i].gradient);
  }
  return m;
}

// ---- comparing ----

static bool same_args(const gr_op_args *a, const gr_op_args *b) {
  return a->kind == b->kind && a->rate == b->rate && a->l1 == b->l1 && a->l2 == b->l2 && a->same == b->same &&
         a->axes == b->axes && a->ddof == b->ddof && a->keepdims == b->keepdims && a->ndim == b->ndim &&
         a->layer == b->layer && a->groups == b->groups &&
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
  if (a->n_steps != b->n_steps || a->penalty != b->penalty) return false;
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

const gr_tensor *gr_program_input(const gr_program *p) { return &p->steps[p->input].value; }

const gr_tensor *gr_program_output(const gr_program *p) { return &p->steps[p->output].value; }
