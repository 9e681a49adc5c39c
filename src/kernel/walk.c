#include "kernel/walk.h"

#include <string.h>

int gr_coalesce(int ndim, int64_t *shape, int operands, int64_t (*stride)[GR_MAX_DIMS]) {
  int n = 0;  // axes kept so far, outermost first
  for (int i = 0; i < ndim; i++) {
    if (shape[i] == 1) continue;
    bool merge = n > 0;
    for (int k = 0; k < operands && merge; k++) merge = stride[k][n - 1] == stride[k][i] * shape[i];
    if (merge)
      shape[n - 1] *= shape[i];
    else
      shape[n++] = shape[i];
    for (int k = 0; k < operands; k++) stride[k][n - 1] = stride[k][i];
  }
  if (n == 0) {
    shape[0] = 1;
    for (int k = 0; k < operands; k++) stride[k][0] = 1;
    n = 1;
  }
  return n;
}

void gr_walk_start(gr_walk *w, void *data, gr_dtype memory, gr_dtype wanted, int ndim, const int64_t *shape,
                   const int64_t *stride) {
  int64_t size = (int64_t)gr_dtype_size(memory);
  *w = (gr_walk){.at = data, .memory = memory, .wanted = wanted, .last = ndim - 1};
  for (int i = 0; i < ndim; i++) {
    w->shape[i] = shape[i];
    w->step[i] = stride[i] * size;
  }
  w->in_place = memory == wanted && w->step[ndim - 1] == size;
}

void gr_walk_skip(gr_walk *w, int64_t n) {
  int axis = w->last;
  w->at += n * w->step[axis];
  w->index[axis] += n;
  while (w->index[axis] == w->shape[axis] && axis > 0) {
    w->at += w->step[axis - 1] - w->shape[axis] * w->step[axis];
    w->index[axis--] = 0;
    w->index[axis]++;
  }
}

static int64_t left_in_row(const gr_walk *w) { return w->shape[w->last] - w->index[w->last]; }

const void *gr_walk_read(gr_walk *w, gr_block *scratch, int64_t n) {
  if (w->in_place && n <= left_in_row(w)) {
    const void *here = w->at;
    gr_walk_skip(w, n);
    return here;
  }
  int64_t size = (int64_t)gr_dtype_size(w->wanted);
  for (char *to = (char *)scratch; n > 0;) {
    int64_t part = left_in_row(w) < n ? left_in_row(w) : n;
    gr_convert(to, w->wanted, size, w->at, w->memory, w->step[w->last], part);
    gr_walk_skip(w, part);
    to += part * size;
    n -= part;
  }
  return scratch;
}

const void *gr_walk_read_one(gr_walk *w, gr_block *scratch, int64_t n) {
  gr_convert(scratch, w->wanted, 0, w->at, w->memory, 0, 1);
  gr_walk_skip(w, n);
  return scratch;
}

void *gr_walk_target(gr_walk *w, gr_block *scratch, int64_t n) {
  return w->in_place && n <= left_in_row(w) ? (void *)w->at : (void *)scratch;
}

void gr_walk_put(gr_walk *w, const void *target, int64_t n) {
  if (target == w->at) {
    gr_walk_skip(w, n);
    return;
  }
  int64_t size = (int64_t)gr_dtype_size(w->wanted);
  for (const char *from = target; n > 0;) {
    int64_t part = left_in_row(w) < n ? left_in_row(w) : n;
    gr_convert(w->at, w->memory, w->step[w->last], from, w->wanted, size, part);
    gr_walk_skip(w, part);
    from += part * size;
    n -= part;
  }
}

// The loops three times: with constant steps, which vectorise; of one number, as a fill is; and with any.
#define CONVERT(to_type, from_type, expression)                         \
  do {                                                                  \
    if (to_step == sizeof(to_type) && from_step == sizeof(from_type)) { \
      to_type *r = to;                                                  \
      const from_type *p = from;                                        \
      for (int64_t i = 0; i < n; i++) {                                 \
        const from_type x = p[i];                                       \
        r[i] = (to_type)(expression);                                   \
      }                                                                 \
    } else if (to_step == sizeof(to_type) && from_step == 0) {          \
      to_type *r = to;                                                  \
      const from_type x = *(const from_type *)from;                     \
      const to_type value = (to_type)(expression);                      \
      for (int64_t i = 0; i < n; i++) r[i] = value;                     \
    } else {                                                            \
      char *r = to;                                                     \
      const char *p = from;                                             \
      for (int64_t i = 0; i < n; i++, r += to_step, p += from_step) {   \
        const from_type x = *(const from_type *)p;                      \
        *(to_type *)r = (to_type)(expression);                          \
      }                                                                 \
    }                                                                   \
  } while (0)

#define CONVERT_FROM_ANY(to_type, expression)                   \
  switch (from_dtype) {                                         \
    case GR_F64: CONVERT(to_type, double, expression); break;   \
    case GR_F32: CONVERT(to_type, float, expression); break;    \
    case GR_I64: CONVERT(to_type, int64_t, expression); break;  \
    case GR_U8:                                                 \
    case GR_BOOL: CONVERT(to_type, uint8_t, expression); break; \
  }

void gr_convert(void *to, gr_dtype to_dtype, int64_t to_step, const void *from, gr_dtype from_dtype,
                int64_t from_step, int64_t n) {
  if (to_dtype == from_dtype && from_step == to_step && to_step == (int64_t)gr_dtype_size(to_dtype)) {
    memmove(to, from, (size_t)(n * to_step));
    return;
  }
  switch (to_dtype) {
    case GR_F64: CONVERT_FROM_ANY(double, x); break;
    case GR_F32: CONVERT_FROM_ANY(float, x); break;
    case GR_I64: CONVERT_FROM_ANY(int64_t, x); break;
    case GR_U8: CONVERT_FROM_ANY(uint8_t, x); break;
    case GR_BOOL: CONVERT_FROM_ANY(uint8_t, x != 0); break;
  }
}
