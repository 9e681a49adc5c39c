// Optimizer updates: checks and threads; the loops are in inner_update.c. A weight of any shape is one run of
// numbers.
#include "kernel/update.h"

#include "base/denormals.h"
#include "kernel/check.h"
#include "kernel/matmul.h"
#include "kernel/table.h"

// A step moves some 30 bytes a number: less than this many are done before a second thread is awake.
#define PIECE 16384

int gr_update_states(gr_update_rule rule) {
  switch (rule) {
    case GR_UPDATE_SGD: return 0;
    case GR_UPDATE_ADAM:
    case GR_UPDATE_RMSPROP_MOMENTUM: return 2;
    default: return 1;
  }
}

typedef struct job {
  gr_update_loop *loop;
  const gr_update *update;
  char *w, *state[GR_UPDATE_STATES];
  const char *g;
  int64_t n;
  size_t size;  // of a number
} job;

static void update_piece(void *context, int i, int thread) {
  const job *j = context;
  int64_t first = (int64_t)i * PIECE, count = j->n - first < PIECE ? j->n - first : PIECE;
  size_t at = (size_t)first * j->size;
  const uint64_t mode = gr_denormals_flush();
  j->loop(j->w + at, j->g + at, j->state[0] ? j->state[0] + at : NULL, j->state[1] ? j->state[1] + at : NULL,
          count, j->update);
  gr_denormals_restore(mode);
}

static gr_code check(const gr_tensor *w, const gr_tensor *other, const char *what, gr_err *err) {
  gr_code code = gr_check_float(other, w, what, err);
  return code ? code : gr_check_same_shape(other, w, what, "the weight", err);
}

// Everything of a job but the gradient.
static gr_code job_of(job *j, const gr_updated *weight, const gr_update *update, gr_err *err) {
  const gr_tensor *w = weight->w;
  gr_code code = gr_check_float(w, NULL, "a weight", err);
  if (code) return code;
  *j = (job){.update = update, .w = w->data, .n = gr_tensor_size(w), .size = gr_dtype_size(w->dtype)};
  for (int i = 0; !code && i < gr_update_states(update->rule); i++) {
    code = check(w, weight->state[i], "what the optimizer keeps beside a weight", err);
    if (!code) j->state[i] = weight->state[i]->data;
  }
  j->loop = gr_kernels()->update[w->dtype]->loop[update->rule];
  return code;
}

gr_code gr_update_weight(const gr_updated *weight, const gr_update *update, gr_pool *pool, gr_err *err) {
  job j;
  gr_code code = job_of(&j, weight, update, err);
  if (!code) code = check(weight->w, weight->g, "the gradient", err);
  if (code) return code;
  j.g = weight->g->data;
  int64_t pieces = (j.n + PIECE - 1) / PIECE;
  gr_pool_run(pieces > 1 ? pool : NULL, (int)pieces, update_piece, &j);
  return GR_OK;
}

// ---- with the gradient computed on the way ----

// Numbers of the gradient at hand: a quarter to a half of a first cache, whose other half is x's and d's. The
// sparse loop has more of them at hand, in the second cache.
#define AT_HAND 4096
#define COLUMNS GR_SPARSE_COLUMNS

typedef struct product_job {
  job job;
  gr_product product;              // of all rows and columns
  const gr_sparse_factor *sparse;  // d without its zeros, or NULL
  int64_t rows, columns;           // of a part
  int64_t across;                  // parts beside each other
} product_job;

static void update_part(void *context, int i, int thread) {
  const product_job *p = context;
  const job *j = &p->job;
  const int64_t row = i / p->across * p->rows, column = i % p->across * p->columns, lead = p->product.n;
  _Alignas(64) float g[GR_SPARSE_ROWS * COLUMNS];
  gr_product some = p->product;
  some.out = g;
  some.a += row * some.a_stride[0];
  some.b += column;
  if (some.m - row < p->rows)
    some.m -= row;
  else
    some.m = p->rows;
  if (some.n - column < p->columns)
    some.n -= column;
  else
    some.n = p->columns;
  some.out_lead = some.n;
  const uint64_t mode = gr_denormals_flush();
  if (p->sparse)
    gr_kernels()->product_sparse->multiply(&some, p->sparse);
  else
    gr_kernels()->product->multiply(&some);
  // Whole rows lie behind each other.
  const int64_t runs = some.n == lead ? 1 : some.m, run = some.m / runs * some.n;
  for (int64_t r = 0; r < runs; r++) {
    const size_t at = (size_t)((row + r) * lead + column) * sizeof *g;
    j->loop(j->w + at, g + r * run, j->state[0] ? j->state[0] + at : NULL,
            j->state[1] ? j->state[1] + at : NULL, run, j->update);
  }
  gr_denormals_restore(mode);
}

bool gr_updates_by_product(const gr_tensor *w, const gr_tensor *x, const gr_tensor *d) {
  return w->dtype == GR_F32 && x->dtype == GR_F32 && d->dtype == GR_F32 && w->ndim == 2 && x->ndim == 2 &&
         d->ndim == 2 && gr_tensor_size(w) > 0 && d->stride[1] == 1;
}

static int64_t blocks_of(const gr_tensor *d) { return (d->shape[0] + GR_SPARSE_BLOCK - 1) / GR_SPARSE_BLOCK; }

size_t gr_update_room(const gr_tensor *d) {
  return (size_t)(blocks_of(d) * d->shape[1]) * (GR_SPARSE_BLOCK * sizeof(float) + sizeof(uint32_t));
}

// What the sparse loop takes, in units of what the other one takes for a number of d: for each live one, and
// for each column, whose part of the gradient has to be turned.
#define LIVE_COST 1.4
#define COLUMN_COST 8

// Lays d out for the sparse loop; false where that is not quicker, or has no room.
static bool make_sparse(gr_sparse_factor *s, const gr_product *p, const gr_tensor *d, void *room) {
  if (!room || p->k <= COLUMN_COST) return false;
  *s = (gr_sparse_factor){.columns = p->n, .numbers = room};
  s->live = (uint32_t *)(s->numbers + blocks_of(d) * p->n * GR_SPARSE_BLOCK);
  const int64_t live = gr_kernels()->product_sparse->lay_out(s, p->b, p->b_lead, p->k);
  return LIVE_COST * (double)live + COLUMN_COST * (double)p->n < (double)(p->k * p->n);
}

gr_code gr_update_by_product(const gr_updated *weight, const gr_update *update, const gr_tensor *x,
                             const gr_tensor *d, void *room, gr_pool *pool, gr_err *err) {
  const gr_tensor *w = weight->w;
  product_job p;
  gr_code code = job_of(&p.job, weight, update, err);
  if (code) return code;
  if (x->shape[1] != w->shape[0] || d->shape[1] != w->shape[1] || x->shape[0] != d->shape[0])
    return gr_fail(err, GR_ERR_SHAPE, "the factors of a gradient do not fit the weight");
  const gr_tensor xt = gr_tensor_transposed(x);
  p.product = gr_product_of(w, &xt, d, false);
  gr_sparse_factor sparse;
  p.sparse = make_sparse(&sparse, &p.product, d, room) ? &sparse : NULL;
  // Whole rows, where that is possible: then a part is one run of weights in memory.
  const int64_t most = p.sparse ? COLUMNS : AT_HAND;
  p.across = (w->shape[1] + most - 1) / most;
  p.columns = p.across == 1 ? w->shape[1] : most;
  p.rows = p.sparse ? gr_kernels()->product_sparse->rows : AT_HAND / p.columns;
  gr_pool_run(pool, (int)((w->shape[0] + p.rows - 1) / p.rows * p.across), update_part, &p);
  return GR_OK;
}
