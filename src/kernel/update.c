// Optimizer updates: checks and threads; the loops are in inner_update.c. A weight of any shape is one run of
// numbers.
#include "kernel/update.h"

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
  j->loop(j->w + at, j->g + at, j->state[0] ? j->state[0] + at : NULL, j->state[1] ? j->state[1] + at : NULL,
          count, j->update);
}

static gr_code check(const gr_tensor *w, const gr_tensor *other, const char *what, gr_err *err) {
  gr_code code = gr_check_float(other, w, what, err);
  return code ? code : gr_check_same_shape(other, w, what, "the weight", err);
}

gr_code gr_update_weight(const gr_updated *weight, const gr_update *update, gr_pool *pool, gr_err *err) {
  const gr_tensor *w = weight->w;
  gr_code code = gr_check_float(w, NULL, "a weight", err);
  if (!code) code = check(w, weight->g, "the gradient", err);
  job j = {.update = update, .w = w->data, .g = weight->g->data, .n = gr_tensor_size(w)};
  for (int i = 0; !code && i < gr_update_states(update->rule); i++) {
    code = check(w, weight->state[i], "what the optimizer keeps beside a weight", err);
    if (!code) j.state[i] = weight->state[i]->data;
  }
  if (code) return code;
  j.loop = gr_kernels()->update[w->dtype]->loop[update->rule];
  j.size = gr_dtype_size(w->dtype);
  int64_t pieces = (j.n + PIECE - 1) / PIECE;
  gr_pool_run(pieces > 1 ? pool : NULL, (int)pieces, update_piece, &j);
  return GR_OK;
}
