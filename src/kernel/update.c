// Optimizer updates: checks and threads; the loops are in inner_update.c. A weight of any shape is one run of
// numbers.
#include "kernel/update.h"

#include "base/denormals.h"
#include "kernel/check.h"
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

// Numbers of the gradient at hand: a quarter to a half of a first cache, whose other half is x's and d's.
#define AT_HAND 4096

typedef struct product_job {
  job job;
  gr_product product;  // of all rows, into nowhere
  int64_t rows;        // at hand
} product_job;

static void update_rows(void *context, int i, int thread) {
  const product_job *p = context;
  const job *j = &p->job;
  _Alignas(64) float g[AT_HAND];
  gr_product some = p->product;
  const int64_t first = i * p->rows, n = some.n;
  const size_t at = (size_t)(first * n) * sizeof *g;
  some.out = g;
  some.a += first * some.a_stride[0];
  if (some.m - first < p->rows)
    some.m -= first;
  else
    some.m = p->rows;
  const uint64_t mode = gr_denormals_flush();
  gr_kernels()->product->multiply(&some);
  j->loop(j->w + at, g, j->state[0] ? j->state[0] + at : NULL, j->state[1] ? j->state[1] + at : NULL,
          some.m * n, j->update);
  gr_denormals_restore(mode);
}

bool gr_updates_by_product(const gr_tensor *w, const gr_tensor *x, const gr_tensor *d) {
  return w->dtype == GR_F32 && x->dtype == GR_F32 && d->dtype == GR_F32 && w->ndim == 2 && x->ndim == 2 &&
         d->ndim == 2 && w->shape[1] <= AT_HAND && gr_tensor_size(w) > 0 && d->stride[1] == 1;
}

gr_code gr_update_by_product(const gr_updated *weight, const gr_update *update, const gr_tensor *x,
                             const gr_tensor *d, gr_pool *pool, gr_err *err) {
  const gr_tensor *w = weight->w;
  product_job p;
  gr_code code = job_of(&p.job, weight, update, err);
  if (code) return code;
  if (x->shape[1] != w->shape[0] || d->shape[1] != w->shape[1] || x->shape[0] != d->shape[0])
    return gr_fail(err, GR_ERR_SHAPE, "the factors of a gradient do not fit the weight");
  p.product = (gr_product){.a = x->data,
                           .b = d->data,
                           .out_lead = w->shape[1],
                           .a_stride = {x->stride[1], x->stride[0]},
                           .b_lead = d->stride[0],
                           .m = w->shape[0],
                           .n = w->shape[1],
                           .k = x->shape[0]};
  p.rows = AT_HAND / w->shape[1];
  gr_pool_run(pool, (int)((w->shape[0] + p.rows - 1) / p.rows), update_rows, &p);
  return GR_OK;
}
