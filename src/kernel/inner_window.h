// Which cells of a window lie inside the image: for the loops of pooling and of convolution in groups.
#ifndef GR_KERNEL_INNER_WINDOW_H
#define GR_KERNEL_INNER_WINDOW_H

#include "kernel/network_table.h"

// Cells [first, last) along one axis; cell i is pixel origin + i * dilation.
typedef struct span {
  int64_t first, last, origin;
} span;

// The division is for dilated windows alone: it costs as much as a small window.
static inline span span_of(const gr_window *w, int axis, int64_t position, int64_t length) {
  const int64_t origin = position * w->stride[axis] - w->pad_before[axis], step = w->dilation[axis];
  int64_t before = origin < 0 ? -origin : 0, end = length - origin;
  if (step > 1) {
    before = (before + step - 1) / step;
    end = (end + step - 1) / step;
  }
  return (span){.origin = origin, .first = before, .last = end < w->size[axis] ? end : w->size[axis]};
}

#endif
