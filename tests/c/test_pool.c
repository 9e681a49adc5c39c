// The pool of threads: every task once, whatever the number of threads and the pauses between jobs.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/pool.h"

enum { MOST = 1000, THREADS = 5 };

typedef struct job {
  int seen[MOST];  // plain: the pool must order these writes before the caller's reads
  atomic_int inside[THREADS];
  atomic_bool shared;  // two tasks ran with one thread index at one time
  int spin;
} job;

static void count_task(void *context, int i, int thread) {
  job *j = context;
  if (atomic_fetch_add(&j->inside[thread], 1) != 0) atomic_store(&j->shared, true);
  for (volatile int k = 0; k < j->spin; k++) continue;
  j->seen[i]++;
  atomic_fetch_sub(&j->inside[thread], 1);
}

static gr_pool *pool_of(int threads) {
  gr_pool *pool;
  gr_err err;
  assert_int_equal(gr_pool_new(&pool, threads, &err), GR_OK);
  return pool;
}

static void run_and_check(gr_pool *pool, job *j, int count) {
  memset(j->seen, 0, sizeof j->seen);
  gr_pool_run(pool, count, count_task, j);
  for (int i = 0; i < MOST; i++) assert_int_equal(j->seen[i], i < count);
  gr_pool_run_backwards(pool, count, count_task, j);
  for (int i = 0; i < MOST; i++) assert_int_equal(j->seen[i], 2 * (i < count));
  assert_false(atomic_load(&j->shared));
}

static void pause_for(long microseconds) {
  nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static void every_task_runs_once(void **state) {
  (void)state;
  static job j;
  for (int threads = 1; threads <= THREADS; threads++) {
    gr_pool *pool = pool_of(threads);
    assert_int_equal(gr_pool_threads(pool), threads);
    static const int counts[] = {0, 1, 2, 3, 7, 100, MOST};
    for (int i = 0; i < 7; i++) run_and_check(pool, &j, counts[i]);
    gr_pool_free(pool);
  }
}

static void jobs_in_quick_succession_do_not_mix(void **state) {
  (void)state;
  static job j;
  gr_pool *pool = pool_of(THREADS);
  for (int i = 0; i < 2000; i++) {
    int count = 2 + i % 9;
    memset(j.seen, 0, sizeof j.seen);
    gr_pool_run(pool, count, count_task, &j);
    for (int k = 0; k < 12; k++) assert_int_equal(j.seen[k], k < count);
  }
  assert_false(atomic_load(&j.shared));
  gr_pool_free(pool);
}

static void workers_that_fell_asleep_wake_up(void **state) {
  (void)state;
  static job j;
  gr_pool *pool = pool_of(THREADS);
  for (int i = 0; i < 60; i++) {
    pause_for(i % 3 * 60);  // before, about and after the time that they spin
    j.spin = i % 2 * 20000;
    run_and_check(pool, &j, 2 + i);
  }
  gr_pool_free(pool);
}

static void a_caller_that_waits_long_sleeps_and_wakes_up(void **state) {
  (void)state;
  static job j;
  j.spin = 300000;
  gr_pool *pool = pool_of(2);
  for (int i = 0; i < 5; i++) run_and_check(pool, &j, 3);
  gr_pool_free(pool);
}

static void a_null_pool_runs_in_order(void **state) {
  (void)state;
  static job j;
  run_and_check(NULL, &j, 10);
  assert_int_equal(gr_pool_threads(NULL), 1);
  gr_pool_free(NULL);
}

typedef struct list {
  int order[8], n;
} list;

static void note_task(void *context, int i, int thread) {
  list *l = context;
  l->order[l->n++] = i;
}

static void backwards_is_the_opposite_order(void **state) {
  (void)state;
  list there = {0}, back = {0};
  gr_pool_run(NULL, 8, note_task, &there);
  gr_pool_run_backwards(NULL, 8, note_task, &back);
  for (int i = 0; i < 8; i++) {
    assert_int_equal(there.order[i], i);
    assert_int_equal(back.order[i], 7 - i);
  }
}

typedef struct meeting {
  int late;
  atomic_int others;
  bool met;
} meeting;

static void wait_for_the_others(void *context, int i, int thread) {
  meeting *m = context;
  if (i != m->late) {
    atomic_fetch_add(&m->others, 1);
    return;
  }
  for (int k = 0; k < 10000 && !m->met; k++) {
    pause_for(1000);
    m->met = atomic_load(&m->others) == 7;
  }
}

static void a_thread_that_is_held_up_leaves_its_share_to_the_others(void **state) {
  (void)state;
  gr_pool *pool = pool_of(2);
  for (int late = 0; late < 8; late++) {
    meeting m = {.late = late};
    gr_pool_run(pool, 8, wait_for_the_others, &m);
    assert_true(m.met);
    m = (meeting){.late = late};
    gr_pool_run_backwards(pool, 8, wait_for_the_others, &m);
    assert_true(m.met);
  }
  gr_pool_free(pool);
}

static void a_pool_that_never_ran_can_be_freed(void **state) {
  (void)state;
  for (int i = 0; i < 10; i++) gr_pool_free(pool_of(4));
}

static void a_pool_can_be_freed_right_after_a_job(void **state) {
  (void)state;
  static job j;
  for (int i = 0; i < 50; i++) {
    gr_pool *pool = pool_of(3);
    run_and_check(pool, &j, 4);
    if (i % 2) pause_for(100);
    gr_pool_free(pool);
  }
}

static void a_senseless_number_of_threads_is_an_error(void **state) {
  (void)state;
  gr_pool *pool;
  gr_err err;
  assert_int_equal(gr_pool_new(&pool, 0, &err), GR_ERR_VALUE);
  assert_string_equal(err.text, "the number of threads is 0; it must be from 1 to 1024");
  assert_null(pool);
  assert_int_equal(gr_pool_new(&pool, 100000, &err), GR_ERR_VALUE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_task_runs_once),
      cmocka_unit_test(jobs_in_quick_succession_do_not_mix),
      cmocka_unit_test(workers_that_fell_asleep_wake_up),
      cmocka_unit_test(a_caller_that_waits_long_sleeps_and_wakes_up),
      cmocka_unit_test(a_null_pool_runs_in_order),
      cmocka_unit_test(backwards_is_the_opposite_order),
      cmocka_unit_test(a_thread_that_is_held_up_leaves_its_share_to_the_others),
      cmocka_unit_test(a_pool_that_never_ran_can_be_freed),
      cmocka_unit_test(a_pool_can_be_freed_right_after_a_job),
      cmocka_unit_test(a_senseless_number_of_threads_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
