// Our own pool of threads. OpenMP's default stalls for milliseconds when a shell wakes it after idling;
// this one spins for a bounded time and then sleeps on a condition variable, on both sides.
#ifndef GR_BASE_POOL_H
#define GR_BASE_POOL_H

#include "base/err.h"

typedef struct gr_pool gr_pool;

// `threads` counts the calling thread; 1 starts none. Worker threads start at the first gr_pool_run.
gr_code gr_pool_new(gr_pool **out, int threads, gr_err *err);
void gr_pool_free(gr_pool *pool);          // accepts NULL
int gr_pool_threads(const gr_pool *pool);  // NULL counts as 1

// Calls task(context, i, thread) for each i in 0..count-1, in any order, on all threads, and returns
// when all are done. `thread` is 0..threads-1 and unique among the calls running at one time: an index for
// per-thread scratch. What a task computes must depend on i alone, so that results do not depend on
// the number of threads. Not reentrant: a task must not call gr_pool_run. A NULL pool runs them in order.
//
// Each thread begins with its own share of 0..count-1, the same from job to job: two jobs over the same data
// in the same order find it in the caches of the same threads. The second one begins with what the first one
// touched last when it runs backwards.
typedef void (*gr_pool_task)(void *context, int i, int thread);
void gr_pool_run(gr_pool *pool, int count, gr_pool_task task, void *context);
void gr_pool_run_backwards(gr_pool *pool, int count, gr_pool_task task, void *context);

#endif
