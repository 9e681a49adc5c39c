// Buffers: what is kept of their memory, and when it is given back.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

#define MB ((size_t)1 << 20)

static gr_buffer *new_buffer(size_t size) {
  gr_buffer *buffer;
  gr_err err;
  if (gr_buffer_new(&buffer, size, "a test's buffer", &err)) fail_msg("%s", err.text);
  return buffer;
}

static size_t address_space(void) {
  unsigned long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%lu", &pages), 1);
  fclose(f);
  return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

static void large_buffers_that_come_and_go_do_not_fault_in_fresh_memory(void **state) {
  if (!GR_KEEPS_FREED) skip();
  long before = 0;
  for (int i = 0; i < 30; i++) {
    if (i == 10) before = faults();
    gr_buffer *chain[3];
    for (int k = 0; k < 3; k++) memset((chain[k] = new_buffer(8 * MB))->data, k, 8 * MB);
    for (int k = 0; k < 3; k++) gr_buffer_release(chain[k]);
  }
  assert_in_range(faults() - before, 0, 200);  // 3 * 2048 pages a round otherwise
}

static void what_is_kept_has_a_limit(void **state) {
  size_t before = address_space();
  gr_buffer *buffer[12];
  for (int i = 0; i < 12; i++) buffer[i] = new_buffer(64 * MB);
  for (int i = 0; i < 12; i++) gr_buffer_release(buffer[i]);
  assert_in_range(address_space(), 0, before + 300 * MB);
}

static void what_nobody_asks_for_again_is_let_go(void **state) {
  size_t before = address_space();
  gr_buffer_release(new_buffer(200 * MB));
  for (size_t i = 0; i < 100; i++) gr_buffer_release(new_buffer(100000 + 100 * i));
  assert_in_range(address_space(), 0, before + 100 * MB);
}

static void kept_memory_is_given_back_before_a_request_is_refused(void **state) {
  if (!GR_KEEPS_FREED) skip();  // AddressSanitizer reserves more address space than any limit
  gr_buffer_release(new_buffer(200 * MB));
  struct rlimit limit, narrow;
  getrlimit(RLIMIT_AS, &limit);
  narrow = limit;
  narrow.rlim_cur = address_space() + 100 * MB;
  assert_int_equal(setrlimit(RLIMIT_AS, &narrow), 0);
  gr_buffer *buffer = NULL;
  gr_err err;
  gr_code code = gr_buffer_new(&buffer, 220 * MB, "a test's buffer", &err);
  setrlimit(RLIMIT_AS, &limit);
  assert_int_equal(code, GR_OK);
  gr_buffer_release(buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large_buffers_that_come_and_go_do_not_fault_in_fresh_memory),
      cmocka_unit_test(what_is_kept_has_a_limit),
      cmocka_unit_test(what_nobody_asks_for_again_is_let_go),
      cmocka_unit_test(kept_memory_is_given_back_before_a_request_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
