// Memory: checked allocation, and counted buffers that tensors share.
#ifndef GR_BASE_MEM_H
#define GR_BASE_MEM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// Freed memory that is likely to be asked for again is kept, here and in base/heap.h. Not where
// AddressSanitizer is to notice that it is used after it was freed.
#if defined(__SANITIZE_ADDRESS__)
#define GR_KEEPS_FREED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GR_KEEPS_FREED 0
#endif
#endif
#ifndef GR_KEEPS_FREED
#define GR_KEEPS_FREED 1
#endif

// Every block starts on a cache line, which is also the widest vector register.
#define GR_ALIGN 64

// Bytes this process may still ask for: the least of what the machine reports as available, what its control
// groups leave, and what "ulimit -v" does. SIZE_MAX when none can be read. When little is
// left, the memory of buffers that was kept (see gr_buffer_new) is given back first.
size_t gr_mem_available(void);

// GR_ERR_MEMORY where the machine cannot spare so many bytes, which many blocks together will need; `fix`
// says what to do about it.
gr_code gr_mem_expect(size_t size, const char *what, const char *fix, gr_err *err);

// `*out` becomes `size` bytes aligned to GR_ALIGN (NULL when size is 0), or GR_ERR_MEMORY. Linux
// overcommits: a request is checked against gr_mem_available before it is made, when it is large.
// `what` names the thing in the message, as in "a float64 tensor of shape (1000, 1000)".
gr_code gr_alloc(void **out, size_t size, const char *what, gr_err *err);
void gr_free(void *block);  // accepts NULL

// A block of bytes that several tensors share. Counted atomically: worker threads hold views too.
typedef struct gr_buffer {
  atomic_int references;
  size_t size;
  void *data;
  uint64_t version;  // counts what was written into it from outside, so that a gradient can tell
} gr_buffer;

// The memory of large buffers that were released is kept for the next ones of their size, up to 256 MiB of it
// and until 64 requests for others have gone by: fresh memory comes a page at a time, each filled with zeros
// first, which costs more than the arithmetic on it.
gr_code gr_buffer_new(gr_buffer **out, size_t size, const char *what, gr_err *err);
gr_buffer *gr_buffer_retain(gr_buffer *buffer);  // accepts NULL, returns its argument
void gr_buffer_release(gr_buffer *buffer);       // accepts NULL
// To be said before numbers that others may rely on are overwritten. Accepts NULL.
void gr_buffer_changes(gr_buffer *buffer);

#endif
