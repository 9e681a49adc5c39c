// The pool of threads. The tasks of a job are dealt out in as many runs as there are threads, each with a
// counter of the tasks that nobody has claimed: a thread works through its own run and then helps with the
// others'. So the same part of some data stays with the same thread, in whose cache it is, from job to job,
// as long as nothing holds that thread up. Another counter counts the tasks not yet finished.
//
// A thread claims a task by taking one from a run's `unclaimed`. Only then does it read what the job is, and
// the job cannot change before the task is reported to `unfinished`: so a worker that wakes late, even in the
// middle of another job, finds either nothing to claim or a task of the job that is there. No worker has to
// check in at the end, and one that the system is slow to wake holds nobody up.
//
// Sleeping is the usual pair of a flag and a condition, in sequentially consistent order: who goes to sleep
// first says so, then looks at the counter again; who changes the counter afterwards looks whether anyone
// sleeps.
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define SPIN_NS 50000  // about what waking a thread costs: longer spinning would only burn the processor
#define MAX_THREADS 1024

typedef struct worker {
  gr_pool *pool;
  pthread_t thread;
  int index;
} worker;

// Tasks `first` to `end` - 1 of a job; on a cache line of its own: every thread writes it.
typedef struct run {
  _Alignas(64) atomic_int unclaimed;
  int first, end;
} run;

struct gr_pool {
  int threads;  // the calling thread included
  int started;  // workers that run
  bool asked;   // an attempt to start them was made
  worker *workers;

  // The job: written by the caller while nothing is unfinished, read after a successful claim.
  gr_pool_task task;
  void *context;
  bool backwards;
  run *runs;  // one a thread

  // On cache lines of their own, for the same reason.
  _Alignas(64) atomic_int unclaimed;  // of all runs, or a little more
  _Alignas(64) atomic_int unfinished;

  _Alignas(64) pthread_mutex_t mutex;
  pthread_cond_t work, done;
  atomic_int sleepers;  // workers that wait for `work`
  atomic_bool waiting;  // the caller waits for `done`
  atomic_bool stop;
};

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Claims tasks of a run until none is left, in their order.
static void work_through(gr_pool *pool, run *r, int thread) {
  int left = atomic_load(&r->unclaimed);
  while (left > 0) {
    if (!atomic_compare_exchange_weak(&r->unclaimed, &left, left - 1)) continue;
    atomic_fetch_sub(&pool->unclaimed, 1);
    pool->task(pool->context, pool->backwards ? r->first + left - 1 : r->end - left, thread);
    if (atomic_fetch_sub(&pool->unfinished, 1) == 1 && atomic_load(&pool->waiting)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->done);
      pthread_mutex_unlock(&pool->mutex);
    }
    left = atomic_load(&r->unclaimed);
  }
}

static void work(gr_pool *pool, int thread) {
  for (int i = 0; i < pool->threads && atomic_load(&pool->unclaimed) > 0; i++)
    work_through(pool, &pool->runs[(thread + i) % pool->threads], thread);
}

static bool idle(gr_pool *pool) { return atomic_load(&pool->unclaimed) == 0 && !atomic_load(&pool->stop); }
static bool busy(gr_pool *pool) { return atomic_load(&pool->unfinished) != 0; }

// Spins for a while as long as `condition` holds; whether it still does.
static bool spin(gr_pool *pool, bool (*condition)(gr_pool *)) {
  int64_t end = now() + SPIN_NS;
  do {
    for (int i = 0; i < 32; i++) {
      if (!condition(pool)) return false;
      relax();
    }
  } while (now() < end);
  return true;
}

static void *run_worker(void *argument) {
  worker *w = argument;
  gr_pool *pool = w->pool;
  while (!atomic_load(&pool->stop)) {
    work(pool, w->index);
    if (!spin(pool, idle)) continue;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (idle(pool)) pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
  }
  return NULL;
}

// Starts as many workers as the system gives; with fewer, or none, jobs only take longer.
static void start(gr_pool *pool) {
  pool->asked = true;
  pool->workers = calloc((size_t)pool->threads - 1, sizeof *pool->workers);
  if (!pool->workers) return;
  // Signals are the business of the thread that reads the keyboard: a new thread inherits this mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int i = 0; i < pool->threads - 1; i++) {
    pool->workers[i] = (worker){.pool = pool, .index = i + 1};
    if (pthread_create(&pool->workers[i].thread, NULL, run_worker, &pool->workers[i]) != 0) break;
    pool->started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

gr_code gr_pool_new(gr_pool **out, int threads, gr_err *err) {
  *out = NULL;
  if (threads < 1 || threads > MAX_THREADS)
    return gr_fail(err, GR_ERR_VALUE, "the number of threads is %d; it must be from 1 to %d", threads,
                   MAX_THREADS);
  gr_pool *pool = aligned_alloc(_Alignof(gr_pool), sizeof *pool);
  run *runs = aligned_alloc(_Alignof(run), (size_t)threads * sizeof *runs);
  if (!pool || !runs) {
    free(pool);
    free(runs);
    return gr_fail(err, GR_ERR_MEMORY, "out of memory: a pool of %d threads", threads);
  }
  *pool = (gr_pool){.threads = threads, .runs = runs};
  for (int i = 0; i < threads; i++) runs[i] = (run){0};
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  *out = pool;
  return GR_OK;
}

void gr_pool_free(gr_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->stop, true);
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool->runs);
  free(pool);
}

int gr_pool_threads(const gr_pool *pool) { return pool ? pool->threads : 1; }

static void run_job(gr_pool *pool, int count, gr_pool_task task, void *context, bool backwards) {
  if (pool && !pool->asked && pool->threads > 1 && count > 1) start(pool);
  if (!pool || pool->started == 0 || count <= 1) {  // one task is not worth waking anyone
    for (int i = 0; i < count; i++) task(context, backwards ? count - 1 - i : i, 0);
    return;
  }
  pool->task = task;
  pool->context = context;
  pool->backwards = backwards;
  atomic_store(&pool->unfinished, count);
  atomic_store(&pool->unclaimed, count);  // before there is something to claim
  const int threads = pool->started + 1;
  for (int i = 0; i < threads; i++) {
    run *r = &pool->runs[i];
    r->first = (int)((int64_t)count * i / threads);
    r->end = (int)((int64_t)count * (i + 1) / threads);
    atomic_store(&r->unclaimed, r->end - r->first);
  }
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    for (int i = 0; i < pool->started && i < count - 1; i++) pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }
  work(pool, 0);
  if (!spin(pool, busy)) return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->waiting, true);
  while (busy(pool)) pthread_cond_wait(&pool->done, &pool->mutex);
  atomic_store(&pool->waiting, false);
  pthread_mutex_unlock(&pool->mutex);
}

void gr_pool_run(gr_pool *pool, int count, gr_pool_task task, void *context) {
  run_job(pool, count, task, context, false);
}

void gr_pool_run_backwards(gr_pool *pool, int count, gr_pool_task task, void *context) {
  run_job(pool, count, task, context, true);
}
