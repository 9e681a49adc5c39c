#include "base/interrupt.h"

#include <signal.h>
#include <stdatomic.h>

// A signal handler has no other way to reach us than a global.
static volatile atomic_int pending;

void gr_interrupt_raise(void) { atomic_store_explicit(&pending, 1, memory_order_relaxed); }

void gr_interrupt_clear(void) { atomic_store_explicit(&pending, 0, memory_order_relaxed); }

bool gr_interrupt_pending(void) { return atomic_load_explicit(&pending, memory_order_relaxed) != 0; }

gr_code gr_interrupt_poll(gr_err *err) {
  if (!gr_interrupt_pending()) return GR_OK;
  return gr_fail(err, GR_ERR_INTERRUPT, "interrupted");
}
