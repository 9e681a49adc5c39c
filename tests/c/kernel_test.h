// For tests of kernels that take any view: tensors in every layout.
#ifndef GR_TESTS_KERNEL_TEST_H
#define GR_TESTS_KERNEL_TEST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "every_isa.h"
#include "kernel/table.h"

static inline void ok(gr_code code, const gr_err *err) {
  if (code) fail_msg("%s", err->text);
}

static inline gr_tensor make(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t;
  gr_err err;
  ok(gr_tensor_init(&t, dtype, ndim, shape, &err), &err);
  return t;
}

static inline double get(const gr_tensor *t, int64_t i) { return gr_tensor_get(t, &i); }
static inline void set(gr_tensor *t, int64_t i, double x) { gr_tensor_set(t, &i, x); }

// A view of the given shape over fresh memory: permuted, with gaps, flipped, perhaps broadcast.
static inline gr_tensor random_view(gr_dtype dtype, int ndim, const int64_t *shape, bool may_broadcast,
                                    gr_tensor *owner) {
  int order[GR_MAX_DIMS];
  int64_t base[GR_MAX_DIMS], step[GR_MAX_DIMS], wanted[GR_MAX_DIMS];
  for (int i = 0; i < ndim; i++) order[i] = i;
  if (below(2))
    for (int i = ndim; i-- > 1;) {
      int k = below(i + 1), t = order[i];
      order[i] = order[k], order[k] = t;
    }
  for (int i = 0; i < ndim; i++) {
    wanted[i] = may_broadcast && below(4) == 0 ? 1 : shape[i];
    step[i] = below(2) ? 1 : 1 + below(3);
  }
  for (int i = 0; i < ndim; i++) base[i] = wanted[order[i]] * step[order[i]];
  *owner = make(dtype, ndim, base);
  for (int64_t i = 0, n = gr_tensor_size(owner); i < n; i++) {
    gr_tensor flat = *owner;
    flat.ndim = 1;
    flat.shape[0] = n;
    flat.stride[0] = 1;
    set(&flat, i, dtype == GR_BOOL ? below(2) : dtype == GR_U8 ? below(256) : below(1000) - 500);
  }
  int inverse[GR_MAX_DIMS];
  for (int i = 0; i < ndim; i++) inverse[order[i]] = i;
  gr_tensor view;
  gr_err err;
  ok(gr_tensor_view_permute(&view, owner, inverse, &err), &err);
  for (int i = 0; i < ndim; i++) {
    bool flip = below(3) == 0 && wanted[i] > 0;
    int64_t start = flip ? (wanted[i] - 1) * step[i] : 0;
    gr_tensor_view_slice(&view, &view, i, start, flip ? -step[i] : step[i], wanted[i]);
  }
  return view;
}

static inline void next_index(int64_t *index, int ndim, const int64_t *shape) {
  for (int i = ndim; i-- > 0;) {
    if (++index[i] < shape[i]) return;
    index[i] = 0;
  }
}

static inline int random_shape(int64_t *shape) {
  int ndim = below(5);
  for (int i = 0; i < ndim; i++) {
    int most = ndim == 1 ? 70 : i == ndim - 1 ? 40 : 6;
    shape[i] = below(30) == 0 ? 0 : 1 + below(most);
  }
  if (ndim == 1 && below(4) == 0) shape[0] = 600 + below(1000);
  return ndim;
}

#endif
