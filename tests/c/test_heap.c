// The heap of a Lua state: blocks keep their contents as they grow and shrink between kept sizes and others.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/heap.h"

static uint32_t draw(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static void blocks_keep_their_contents_as_they_are_resized_and_reused(void **state) {
  enum { BLOCKS = 300, MOST = 700 };
  static struct {
    uint8_t *data;
    size_t size;
    uint8_t fill;
  } block[BLOCKS];
  gr_heap heap = {0};
  size_t held = 0;
  uint32_t random = 1;
  for (int step = 0; step < 100000; step++) {
    int i = (int)(draw(&random) >> 16) % BLOCKS;
    size_t size = (draw(&random) >> 16) % 3 == 0 ? 0 : (draw(&random) >> 16) % MOST;
    uint8_t *moved = gr_heap_allocate(&heap, block[i].data, block[i].size, size);
    assert_true(size == 0 || moved);
    for (size_t k = 0; k < size && k < block[i].size; k++) assert_int_equal(moved[k], block[i].fill);
    held += size - block[i].size;
    assert_int_equal(heap.used, held);
    block[i].data = moved;
    block[i].size = size;
    block[i].fill = (uint8_t)step;
    if (size) memset(moved, block[i].fill, size);
  }
  for (int i = 0; i < BLOCKS; i++) gr_heap_allocate(&heap, block[i].data, block[i].size, 0);
  assert_int_equal(heap.used, 0);
  gr_heap_finish(&heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_keep_their_contents_as_they_are_resized_and_reused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
