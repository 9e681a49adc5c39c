// The interrupt flag. Ctrl-C sets it, from a signal handler; long work polls it between kernels and
// between blocks of a kernel and returns GR_ERR_INTERRUPT. It stays raised until the prompt is reached
// and clears it, so that a loop around `pcall` cannot swallow it.
#ifndef GR_BASE_INTERRUPT_H
#define GR_BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/err.h"

void gr_interrupt_raise(void);  // async-signal-safe
void gr_interrupt_clear(void);
bool gr_interrupt_pending(void);

// GR_OK, or GR_ERR_INTERRUPT with the sentence "interrupted".
gr_code gr_interrupt_poll(gr_err *err);

#endif
