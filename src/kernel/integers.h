// Elementwise loops over integers (integers.c).
#ifndef GR_KERNEL_INTEGERS_H
#define GR_KERNEL_INTEGERS_H

#include "kernel/table.h"

// The loop over int64 operands, or NULL for operations that integers enter as float64.
gr_binary_loop *gr_integer_loop(gr_binary_op op);

#endif
