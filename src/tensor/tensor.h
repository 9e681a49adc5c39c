// A tensor: a plain value that says how to read numbers out of memory it may own, share or borrow.
//
// Owned or shared memory hangs on a counted buffer; borrowed memory (`buffer` NULL, `data` not) belongs
// to whoever made the tensor and must outlive it. Zero bytes are a valid empty tensor of float64.
#ifndef GR_TENSOR_TENSOR_H
#define GR_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define GR_MAX_DIMS 8

typedef enum gr_dtype { GR_F64 = 0, GR_F32, GR_I64, GR_U8, GR_BOOL } gr_dtype;
#define GR_N_DTYPES 5

// What every operation asks of its operands is inline here: an operation on a handful of numbers takes some
// 100 ns in all, and has no time for calls.

static inline size_t gr_dtype_size(gr_dtype dtype) {
  static const uint8_t sizes[GR_N_DTYPES] = {
      [GR_F64] = 8, [GR_F32] = 4, [GR_I64] = 8, [GR_U8] = 1, [GR_BOOL] = 1};
  return sizes[dtype];
}
static inline bool gr_dtype_is_float(gr_dtype dtype) { return dtype == GR_F64 || dtype == GR_F32; }
const char *gr_dtype_name(gr_dtype dtype);
// The dtype in which arithmetic on both happens: integers enter as float64, or as float32 beside a float32.
static inline gr_dtype gr_dtype_promote(gr_dtype a, gr_dtype b) {
  bool single = (a == GR_F32 && b != GR_F64) || (b == GR_F32 && a != GR_F64);
  return single ? GR_F32 : GR_F64;
}

typedef struct gr_tensor {
  gr_buffer *buffer;
  void *data;  // the first element, not the start of the buffer
  uint8_t dtype, ndim;
  int64_t shape[GR_MAX_DIMS];
  int64_t stride[GR_MAX_DIMS];  // in elements; 0 along a broadcast axis, negative along a flipped one
} gr_tensor;

// Shape and contiguous (row-major) strides, no memory. GR_ERR_SHAPE on a negative size, too many axes
// or a product that no address space holds.
gr_code gr_tensor_layout(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err);
// A fresh contiguous tensor; its numbers are whatever was in memory.
gr_code gr_tensor_init(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err);
gr_code gr_tensor_init_zeros(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err);
// `out` sees the same numbers as `t` and keeps their buffer alive.
void gr_tensor_share(gr_tensor *out, const gr_tensor *t);
void gr_tensor_finish(gr_tensor *t);

// Number of elements.
static inline int64_t gr_tensor_size(const gr_tensor *t) {
  int64_t n = 1;
  for (int i = 0; i < t->ndim; i++) n *= t->shape[i];
  return n;
}
static inline size_t gr_tensor_bytes(const gr_tensor *t) {
  return (size_t)gr_tensor_size(t) * gr_dtype_size((gr_dtype)t->dtype);
}
static inline bool gr_tensor_is_contiguous(const gr_tensor *t) {
  int64_t expected = 1;
  for (int i = t->ndim; i-- > 0;) {
    if (t->shape[i] == 0) return true;
    if (t->shape[i] != 1 && t->stride[i] != expected) return false;
    expected *= t->shape[i];
  }
  return true;
}
static inline bool gr_tensor_same_shape(const gr_tensor *a, const gr_tensor *b) {
  bool same = a->ndim == b->ndim;
  for (int i = 0; same && i < a->ndim; i++) same = a->shape[i] == b->shape[i];
  return same;
}

// Whether the two may share an element: their memory ranges meet.
bool gr_tensor_overlap(const gr_tensor *a, const gr_tensor *b);

// Views. Each writes into `out` a tensor over the same memory *without* retaining the buffer:
// gr_tensor_share it to keep it. `out` may be `t` itself.
gr_code gr_tensor_view_reshape(gr_tensor *out, const gr_tensor *t, int ndim, const int64_t *shape,
                               gr_err *err);
gr_code gr_tensor_view_permute(gr_tensor *out, const gr_tensor *t, const int *axes, gr_err *err);
// The last two axes exchanged; there are two at least.
gr_tensor gr_tensor_transposed(const gr_tensor *t);
// Axis `axis` restricted to start, start+step, ... (`count` of them); 0-based.
void gr_tensor_view_slice(gr_tensor *out, const gr_tensor *t, int axis, int64_t start, int64_t step,
                          int64_t count);
void gr_tensor_view_select(gr_tensor *out, const gr_tensor *t, int axis, int64_t index);
gr_code gr_tensor_view_broadcast(gr_tensor *out, const gr_tensor *t, int ndim, const int64_t *shape,
                                 gr_err *err);

// Position `i` along `axis` of `t` (among all its elements when `axis` is -1) as a learner writes it, 1-based
// and negative from the end, made 0-based. GR_ERR_VALUE names the index, the axis and its size.
gr_code gr_tensor_position(int64_t *out, const gr_tensor *t, int axis, int64_t i, gr_err *err);

// The shape to which both broadcast, by NumPy's rule. On GR_ERR_SHAPE the message has both shapes and the
// axis.
gr_code gr_broadcast_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err);

// "(3, 1)", "(4,)", "()": for messages.
#define GR_SHAPE_TEXT 96
const char *gr_shape_text(char text[GR_SHAPE_TEXT], int ndim, const int64_t *shape);

// One element as a double (int64 beyond 2^53 rounds), for messages and single reads.
double gr_tensor_get(const gr_tensor *t, const int64_t *index);
void gr_tensor_set(gr_tensor *t, const int64_t *index, double value);

#endif
