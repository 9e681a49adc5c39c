#include "base/pool.h"

#include <stdlib.h>

struct gr_pool {
  int threads;
};

gr_code gr_pool_new(gr_pool **out, int threads, gr_err *err) {
  *out = malloc(sizeof **out);
  if (!*out) return gr_fail(err, GR_ERR_MEMORY, "out of memory");
  (*out)->threads = threads;
  return GR_OK;
}
void gr_pool_free(gr_pool *pool) { free(pool); }
int gr_pool_threads(const gr_pool *pool) { return pool ? 1 : 1; }
void gr_pool_run(gr_pool *pool, int count, gr_pool_task task, void *context) {
  for (int i = 0; i < count; i++) task(context, i, 0);
}
