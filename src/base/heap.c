#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// ---- what the machine has left ----

// Linux promises memory that it does not have and kills the process that uses it. So, whenever Lua's own
// blocks have grown by this much, the machine is asked what is left; Lua turns a refusal into "not enough
// memory".
#define CHECK_EVERY ((size_t)64 << 20)
// What runs away in a learner's tables and strings ends here, long before a large machine is full.
#define MOST ((size_t)4 << 30)
// Each protected call that runs (the program, the prompt, an entry) is left this much less than the one that
// made it, so that who reports the error has room to, and the next entry (x = nil) too.
#define HELD_BACK ((size_t)32 << 20)

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static int depth_of(const gr_heap *heap) { return heap->depth ? *heap->depth : 0; }

// Whether the machine was asked about so much growth already.
static bool is_checked(const gr_heap *heap, size_t growth) {
  return growth <= heap->checked - heap->used && depth_of(heap) == heap->checked_depth;
}

static bool may_grow(gr_heap *heap, size_t growth) {
  if (is_checked(heap, growth)) return true;
  int depth = depth_of(heap);
  if (heap->grown && heap->used + growth > heap->large) {
    heap->grown(heap->context);
    heap->grown = NULL;
  }
  size_t available = gr_mem_available();
  if (heap->most == 0) heap->most = smaller(available / 2, MOST);
  size_t left = smaller(available, heap->most > heap->used ? heap->most - heap->used : 0);
  size_t back = smaller(HELD_BACK, heap->most / 16) * (size_t)(1 + depth);
  if (left < back || growth > left - back) return false;
  heap->checked = heap->used + growth + smaller(CHECK_EVERY, (left - back - growth) / 2);  // others grow too
  if (heap->grown && heap->checked > heap->large) heap->checked = heap->large;
  heap->checked_depth = depth;
  return true;
}

// ---- kept blocks ----
//
// Every operation on small tensors makes a userdata of some 200 bytes, which the collector lets go by the
// thousand: more than malloc keeps at hand for its next requests, so that it joins them with their neighbours
// and splits them again, at 30 ns each. Some are kept here instead.

enum { STEP = 16, FROM = 128, TO = FROM + GR_HEAP_SIZES * STEP };
#define KEEP_BYTES ((size_t)4 << 20)

// Which of the kept sizes a request has, or -1.
static int kind_of(size_t size) {
  return GR_KEEPS_FREED && size > FROM && size <= TO ? (int)((size - FROM - 1) / STEP) : -1;
}

static size_t kind_bytes(int kind) { return (size_t)(FROM + (kind + 1) * STEP); }

static void *take(gr_heap *heap, int kind) {
  gr_heap_block *block = heap->kept[kind];
  if (!block) return malloc(kind_bytes(kind));
  heap->kept[kind] = block->next;
  heap->kept_bytes -= kind_bytes(kind);
  return block;
}

static void keep_or_free(gr_heap *heap, void *block, size_t size) {
  int kind = kind_of(size);
  if (kind < 0 || heap->kept_bytes >= KEEP_BYTES) {
    free(block);
    return;
  }
  gr_heap_block *kept = block;
  kept->next = heap->kept[kind];
  heap->kept[kind] = kept;
  heap->kept_bytes += kind_bytes(kind);
}

// realloc, where a block may change between kept sizes and others.
static void *resized(gr_heap *heap, void *block, size_t old_size, size_t size) {
  int from = block ? kind_of(old_size) : -1, to = kind_of(size);
  if (from < 0 && to < 0) return realloc(block, size);
  if (from == to) return block;
  void *moved = to < 0 ? malloc(size) : take(heap, to);
  if (moved && block) {
    memcpy(moved, block, old_size < size ? old_size : size);
    keep_or_free(heap, block, old_size);
  }
  return moved;
}

void *gr_heap_allocate(void *context, void *block, size_t old_size, size_t size) {
  gr_heap *heap = context;
  if (!block) {
    old_size = 0;  // Lua passes the kind of the object there
    // The shortest way for what is asked for most.
    int kind = kind_of(size);
    if (kind >= 0 && heap->kept[kind] && is_checked(heap, size)) {
      heap->used += size;
      return take(heap, kind);
    }
  }
  if (size == 0) {
    heap->used -= old_size;
    if (block) keep_or_free(heap, block, old_size);
    return NULL;
  }
  if (size > old_size && !may_grow(heap, size - old_size)) return NULL;
  void *moved = resized(heap, block, old_size, size);
  if (!moved) return NULL;
  heap->used += size - old_size;
  if (heap->checked < heap->used) heap->checked = heap->used;
  return moved;
}

void gr_heap_finish(gr_heap *heap) {
  for (int i = 0; i < GR_HEAP_SIZES; i++)
    for (gr_heap_block *block = heap->kept[i], *next; block; block = next) {
      next = block->next;
      free(block);
    }
  *heap = (gr_heap){0};
}
