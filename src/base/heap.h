// The heap of a Lua state: what it may grow to, and blocks kept for the next small tensor.
#ifndef GR_BASE_HEAP_H
#define GR_BASE_HEAP_H

#include <stddef.h>

#define GR_HEAP_SIZES 24

typedef struct gr_heap_block {
  struct gr_heap_block *next;
} gr_heap_block;

// Zero bytes are a valid empty heap.
typedef struct gr_heap {
  size_t used, checked;                // bytes held; bytes up to which nobody needs to ask the machine
  size_t most;                         // bytes that it may ever hold; 0 until the machine was asked
  const int *depth;                    // how many protected calls run, or NULL
  int checked_depth;                   // as many when the machine was asked
  void (*grown)(void *context);        // called once, when more than `large` bytes are held; or NULL
  void *context;
  size_t large;
  gr_heap_block *kept[GR_HEAP_SIZES];  // freed blocks by size, the last one freed on top
  size_t kept_bytes;
} gr_heap;

// A lua_Alloc, whose first argument is the heap. Every block of a heap must come from it: the size with which
// a block is freed is taken as what it was asked for with.
void *gr_heap_allocate(void *heap, void *block, size_t old_size, size_t size);
// To be called when nothing is held any more.
void gr_heap_finish(gr_heap *heap);

#endif
