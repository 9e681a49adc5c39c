// Batches that run whole, as one slice: those of networks whose matrices outweigh their activations. There
// the products are what costs, and each of them is divided among the threads, along an axis and into pieces
// that its shapes alone decide:
//
//   forward   (rows, k) (k, n): along k, so that a thread reads its own rows of the matrix and its own
//   columns
//             of the samples; the pieces' sums are added in their order. Along n, where that has pieces
//             enough.
//   backward  dx (rows, k): along k, which are its columns and rows of the matrix.
//             dw (k, n): along k, each number summed over the whole batch at once.
//
// So there is one gradient of each matrix instead of one for each part of the batch, and nothing to add. It
// need not even exist: a program may leave the gradients of its matrices pending until somebody asks, and the
// optimizer takes them a few rows at a time (gr_program_update), which spares writing and reading them.
#include <string.h>

#include "base/denormals.h"
#include "base/interrupt.h"
#include "grad/replay.h"
#include "kernel/matmul.h"
#include "kernel/table.h"

// More rows than this are sliced, so that an arena does not outgrow what it spares.
#define WHOLE_ROWS 512
#define PIECES 8
// Numbers of a matrix that are worth a piece of their own, and columns: four vectors of AVX-512.
#define PIECE_NUMBERS 32768
#define PIECE_COLUMNS 64
// Numbers of samples that are worth a second thread.
#define LEAST_LOADED 8192
// Numbers that are added up at once.
#define ADD_NUMBERS 4096

bool gr_runs_whole(const gr_program *p, int64_t count, bool wants_backward) {
  const size_t shared = wants_backward ? p->gradient_bytes : p->matrix_bytes;
  return p->dense && !p->n_halts && count <= WHOLE_ROWS && p->row_bytes * (size_t)count < 4 * shared;
}

// A product of samples with a matrix of weights.
static bool is_wide(const gr_program *p, const gr_step *s) {
  if (s->op != &gr_op_matmul || !p->steps[s->in[0]].rows || p->steps[s->in[1]].rows) return false;
  const gr_tensor *x = &p->steps[s->in[0]].value, *w = &p->steps[s->in[1]].value;
  return x->ndim == 2 && w->ndim == 2 && gr_tensor_size(w) >= PIECE_NUMBERS;
}

void gr_mark_lasting(gr_program *p) {
  for (int i = 0; i < p->n_steps; i++) {
    gr_step *s = &p->steps[i];
    s->lasts =
        is_wide(p, s) && p->steps[s->in[1]].weight >= 0 && gr_uses_of(p->steps, p->n_steps, s->in[1]) == 1;
  }
}

// ---- samples ----

static double squares(const gr_tensor *t) {
  return gr_kernels()->fold[t->dtype]->fold[GR_FOLD_SQUARES](t->data, 0, gr_tensor_size(t));
}

// Samples are read where they lie, or copied on all threads: they come from far, and in any order.
typedef struct loading {
  gr_replay *r;
  gr_tensor *x;
  bool in_place;
  int pieces;
  gr_err errors[PIECES];
  double squares[PIECES];
} loading;

static void load_piece(void *context, int i, int thread) {
  loading *l = context;
  const int64_t rows = l->x->shape[0], first = rows * i / l->pieces, n = rows * (i + 1) / l->pieces - first;
  gr_tensor some;
  gr_tensor_view_slice(&some, l->x, 0, first, 1, n);
  if (!l->in_place) gr_replay_gather(&some, l->r->batch->x, l->r->batch, first, n, &l->errors[i]);
  if (!l->errors[i].code && l->r->backward) l->squares[i] = squares(&some);
}

void gr_program_let_go(gr_program *p) {
  gr_buffer_release(p->samples);
  p->samples = NULL;
}

static gr_code load(gr_replay *r, gr_pool *pool, gr_arena *a, gr_err *err) {
  gr_program *p = r->p;
  const gr_batch *batch = r->batch;
  gr_program_let_go(p);
  gr_replay_set_rows(p, a, batch->count);
  loading l = {.r = r, .x = &a->value[p->input]};
  l.in_place = batch->x->buffer && gr_replay_point(l.x, batch->x, batch, 0, batch->count);
  if (l.in_place && r->backward) {
    p->samples = gr_buffer_retain(batch->x->buffer);
    p->samples_version = p->samples->version;
  }
  const int64_t pieces = gr_tensor_size(l.x) / LEAST_LOADED;
  l.pieces = pieces < 1 ? 1 : pieces > PIECES ? PIECES : (int)pieces;
  if (l.pieces > batch->count) l.pieces = (int)batch->count;
  gr_pool_run(pool, l.pieces, load_piece, &l);
  p->input_squares = 0;
  for (int i = 0; i < l.pieces; i++) {
    if (l.errors[i].code) {
      *err = l.errors[i];
      return err->code;
    }
    p->input_squares += l.squares[i];
  }
  return p->target < 0 ? GR_OK
                       : gr_replay_gather(&a->value[p->target], batch->y, batch, 0, batch->count, err);
}

// ---- products in pieces ----

// out = a b in `pieces` pieces of `axis`: rows of out (and a), columns of out (and b), or terms of the sums,
// of which the first goes to out and each other one to its own place in `sums`.
typedef enum axis { ROWS, COLUMNS, TERMS } axis;

typedef struct division {
  axis axis;
  int pieces;
  gr_tensor out, a, b;
  void *sums;
  bool accumulate;
  // By the loop that an optimizer uses which computes a gradient on its way: whether somebody looks at the
  // gradient in between changes no bit.
  bool as_updated;
  gr_err errors[PIECES];
} division;

static gr_tensor part_of(const gr_tensor *t, int along, int64_t first, int64_t n) {
  gr_tensor part;
  gr_tensor_view_slice(&part, t, along, first, 1, n);
  return part;
}

static void multiply_piece(void *context, int i, int thread) {
  division *d = context;
  const int64_t size = d->axis == ROWS      ? d->out.shape[0]
                       : d->axis == COLUMNS ? d->out.shape[1]
                                            : d->a.shape[1];
  const int64_t first = size * i / d->pieces, n = size * (i + 1) / d->pieces - first;
  gr_tensor out = d->out, a = d->a, b = d->b;
  switch (d->axis) {
    case ROWS: out = part_of(&out, 0, first, n), a = part_of(&a, 0, first, n); break;
    case COLUMNS: out = part_of(&out, 1, first, n), b = part_of(&b, 1, first, n); break;
    case TERMS:
      a = part_of(&a, 1, first, n), b = part_of(&b, 0, first, n);
      if (i > 0) out.data = (char *)d->sums + (size_t)(i - 1) * gr_tensor_bytes(&d->out);
  }
  const uint64_t mode = gr_denormals_flush();
  if (d->as_updated) {
    const gr_product product = gr_product_of(&out, &a, &b, d->accumulate);
    gr_kernels()->product->multiply(&product);
  } else {
    gr_matmul(&out, &a, &b, d->accumulate, &d->errors[i]);
  }
  gr_denormals_restore(mode);
}

// Adds the pieces' sums to out, each number in the order of the pieces.
static void add_sums(void *context, int chunk, int thread) {
  division *d = context;
  const int64_t first = (int64_t)chunk * ADD_NUMBERS, all = gr_tensor_size(&d->out);
  const int64_t n = all - first < ADD_NUMBERS ? all - first : ADD_NUMBERS;
  const size_t at = (size_t)first * gr_dtype_size(d->out.dtype);
  gr_err unused;  // one shape, one dtype: nothing can fail but an interrupt, which is polled again
  gr_tensor sum, piece;
  gr_tensor_layout(&sum, d->out.dtype, 1, &n, &unused);
  piece = sum;
  sum.data = (char *)d->out.data + at;
  const uint64_t mode = gr_denormals_flush();
  for (int i = 1; i < d->pieces; i++) {
    piece.data = (char *)d->sums + (size_t)(i - 1) * gr_tensor_bytes(&d->out) + at;
    gr_binary(&sum, GR_ADD, &sum, &piece, &unused);
  }
  gr_denormals_restore(mode);
}

static gr_code divide(division *d, gr_pool *pool, gr_err *err) {
  for (int i = 0; i < d->pieces; i++) d->errors[i].code = GR_OK;
  // From the rows of the matrix that the last update ended with to those that the next one begins with: they
  // are in the second cache of the thread whose share they are (3 % of a step of the course's MLP on two).
  if (d->axis == TERMS)
    gr_pool_run_backwards(pool, d->pieces, multiply_piece, d);
  else
    gr_pool_run(pool, d->pieces, multiply_piece, d);
  for (int i = 0; i < d->pieces; i++)
    if (d->errors[i].code) {
      *err = d->errors[i];
      return err->code;
    }
  if (d->axis == TERMS && d->pieces > 1)
    gr_pool_run(pool, (int)((gr_tensor_size(&d->out) + ADD_NUMBERS - 1) / ADD_NUMBERS), add_sums, d);
  return gr_interrupt_poll(err);
}

static int pieces_of(const gr_tensor *matrix) {
  const int64_t pieces = gr_tensor_size(matrix) / PIECE_NUMBERS;
  return pieces < 1 ? 1 : pieces > PIECES ? PIECES : (int)pieces;
}

static gr_code workspace_for(gr_program *p, size_t bytes, const char *what, gr_err *err) {
  if (bytes <= p->workspace_bytes) return GR_OK;
  gr_free(p->workspace);
  p->workspace = NULL;
  p->workspace_bytes = 0;
  gr_code code = gr_alloc(&p->workspace, bytes, what, err);
  if (!code) p->workspace_bytes = bytes;
  return code;
}

static gr_code forward(gr_replay *r, gr_pool *pool, const gr_call *c, gr_err *err) {
  gr_program *p = r->p;
  division d = {.out = *c->out, .a = *c->in[0], .b = *c->in[1], .pieces = pieces_of(c->in[1])};
  if (d.b.shape[1] >= PIECES * PIECE_COLUMNS) {
    d.axis = COLUMNS;
  } else {
    d.axis = TERMS;
    if (d.b.shape[0] < d.pieces) d.pieces = 1;
    gr_code code =
        workspace_for(p, gr_tensor_bytes(&d.out) * (size_t)(d.pieces - 1), "the sums of a product", err);
    if (code) return code;
    d.sums = p->workspace;
  }
  return divide(&d, pool, err);
}

// dx = dout w^T
static gr_code backward_input(gr_pool *pool, const gr_call *c, gr_err *err) {
  division d = {.axis = COLUMNS,
                .out = *c->din[0],
                .a = *c->dout,
                .b = gr_tensor_transposed(c->in[1]),
                .accumulate = c->accumulate[0],
                .pieces = pieces_of(c->in[1])};
  if (d.out.shape[1] < d.pieces) d.pieces = 1;
  return divide(&d, pool, err);
}

// dw = x^T dout
static gr_code backward_weight(gr_pool *pool, gr_tensor *dw, const gr_tensor *x, const gr_tensor *dout,
                               bool accumulate, gr_err *err) {
  division d = {.axis = ROWS,
                .out = *dw,
                .a = gr_tensor_transposed(x),
                .b = *dout,
                .accumulate = accumulate,
                .as_updated = gr_updates_by_product(dw, x, dout),
                .pieces = pieces_of(dw)};
  if (d.out.shape[0] < d.pieces) d.pieces = 1;
  return divide(&d, pool, err);
}

static gr_code backward(gr_pool *pool, gr_program *p, const gr_call *c, int i, gr_err *err) {
  const gr_step *s = &p->steps[i];
  gr_code code = c->din[0] ? backward_input(pool, c, err) : GR_OK;
  if (code || !c->din[1]) return code;
  if (s->lasts) {
    p->pending[p->steps[s->in[1]].weight] = i;
    return GR_OK;
  }
  return backward_weight(pool, c->din[1], c->in[0], c->dout, c->accumulate[1], err);
}

gr_code gr_run_whole(gr_replay *r, gr_pool *pool, bool keeps, gr_err *err) {
  gr_program *p = r->p;
  gr_arena *a = &p->arenas[0];
  const gr_slice all = {.n = r->batch->count, .is_first = true};
  const gr_run shared = gr_replay_shared(r, &all);
  gr_call c;
  memset(p->sums, 0, GR_PROGRAM_SCORES * sizeof *p->sums);
  gr_code code = load(r, pool, a, err);
  for (int i = 0; !code && i < p->n_steps; i++) {
    const gr_step *s = &p->steps[i];
    if (!s->op || !s->rows) continue;
    gr_replay_call(&c, p, a, i, &shared);
    code = is_wide(p, s) ? forward(r, pool, &c, err) : s->op->forward(&c, err);
  }
  if (!code) code = gr_replay_hand_over(r, a, &all, err);
  if (code || !r->backward) return code;
  code = gr_replay_turn(p, a, 0, r->batch->count, err);
  for (int i = p->n_steps; !code && i-- > 0;) {
    const gr_step *s = &p->steps[i];
    if (!s->op || !s->backward || !s->rows) continue;
    gr_replay_call_back(&c, p, a, i, &shared, true);
    code = is_wide(p, s) ? backward(pool, p, &c, i, err) : s->op->backward(&c, err);
  }
  return code || keeps ? code : gr_program_finish_gradients(p, pool, err);
}

// ---- pending gradients ----

// What the gradient of a weight is the product of, x^T dout; false when it is not pending.
static bool factors(const gr_program *p, int weight, const gr_tensor **x, const gr_tensor **dout) {
  const int i = p->pending ? p->pending[weight] : -1;
  if (i < 0) return false;
  *x = &p->arenas[0].value[p->steps[i].in[0]];
  *dout = &p->arenas[0].gradient[i];
  return true;
}

gr_code gr_program_finish_gradient(gr_program *p, gr_pool *pool, int weight, gr_err *err) {
  const gr_tensor *x, *dout;
  if (!factors(p, weight, &x, &dout)) return GR_OK;
  if (p->samples && p->samples->version != p->samples_version)
    return gr_fail(err, GR_ERR_VALUE,
                   "the gradients of the last step can no longer be told: its samples were changed in place "
                   "since. Look at them before that, or after another step");
  gr_code code = backward_weight(pool, &p->shared_gradient[weight], x, dout, false, err);
  if (!code) p->pending[weight] = -1;
  return code;
}

gr_code gr_program_finish_gradients(gr_program *p, gr_pool *pool, gr_err *err) {
  gr_code code = GR_OK;
  for (int i = 0; !code && i < p->n_weights; i++) code = gr_program_finish_gradient(p, pool, i, err);
  return code;
}

// By Cauchy and Schwarz no number of x^T dout, and no sum on the way to one, is greater than the root of
// this.
bool gr_program_gradient_is_bounded(const gr_program *p, int weight) {
  const gr_tensor *x, *dout;
  if (!factors(p, weight, &x, &dout)) return false;
  return (x == &p->arenas[0].value[p->input] ? p->input_squares : squares(x)) * squares(dout) < 1e76;
}

gr_code gr_program_update(gr_program *p, gr_pool *pool, int i, gr_updated *weight, const gr_update *update,
                          gr_err *err) {
  const gr_tensor *x, *dout;
  if (p && factors(p, i, &x, &dout) && gr_updates_by_product(weight->w, x, dout)) {
    gr_err no_room;  // the update does without
    workspace_for(p, gr_update_room(dout), "a gradient without its zeros", &no_room);
    return gr_update_by_product(weight, update, x, dout, p->workspace, pool, err);
  }
  gr_code code = p ? gr_program_finish_gradient(p, pool, i, err) : GR_OK;
  return code ? code : gr_update_weight(weight, update, pool, err);
}
