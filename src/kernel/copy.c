// Copies, fills and choices between two tensors.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/elementwise.h"
#include "kernel/walk.h"

// Whole numbers that an integer dtype holds. 2^63 itself is a double, and too large.
static bool fits(double x, gr_dtype dtype) {
  double low = dtype == GR_I64 ? -0x1p63 : 0, end = dtype == GR_I64 ? 0x1p63 : 256;
  return x >= low && x < end && x == (double)(int64_t)x;
}

static gr_code refuse(double x, gr_dtype dtype, gr_err *err) {
  if (isnan(x)) x = NAN;  // 0/0 has a sign, which nobody wants to read about
  if (x == floor(x) && isfinite(x))
    return gr_fail(err, GR_ERR_VALUE, "%.17g does not fit into %s, which holds %s", x, gr_dtype_name(dtype),
                   dtype == GR_I64 ? "whole numbers of magnitude below 2^63" : "whole numbers from 0 to 255");
  return gr_fail(err, GR_ERR_VALUE,
                 "%.17g is not a whole number, and %s holds only those: round it first "
                 "(floor, ceil or round)",
                 x, gr_dtype_name(dtype));
}

// Says which element of `t` it was, the i-th in row-major order, as a learner would index it.
static gr_code name_element(const gr_tensor *t, int64_t i, gr_err *err) {
  int64_t index[GR_MAX_DIMS];
  for (int a = t->ndim; a-- > 0; i /= t->shape[a]) index[a] = i % t->shape[a] + 1;
  size_t used = strlen(err->text), room = sizeof err->text;
  for (int a = 0; a < t->ndim && used < room; a++)
    used += (size_t)snprintf(err->text + used, room - used, "%s%" PRId64 "%s",
                             a              ? ", "
                             : t->ndim == 1 ? " (element ["
                                            : " (element [{",
                             index[a],
                             a + 1 < t->ndim ? ""
                             : t->ndim == 1  ? "])"
                                             : "}])");
  return err->code;
}

// Does every element of the block fit `dtype`? Otherwise `*at` is the first that does not. The loops have no
// early exit so that they vectorise.
static gr_code check_block(const void *block, gr_dtype from, gr_dtype to, int64_t n, int64_t *at,
                           gr_err *err) {
  int bad = 0;
  switch (from) {
    case GR_F64:
      for (int64_t i = 0; i < n; i++) bad |= !fits(((const double *)block)[i], to);
      break;
    case GR_F32:
      for (int64_t i = 0; i < n; i++) bad |= !fits(((const float *)block)[i], to);
      break;
    case GR_I64:  // only into uint8
      for (int64_t i = 0; i < n; i++) bad |= ((const uint64_t *)block)[i] > 255;
      break;
    default: break;
  }
  for (int64_t i = 0; bad && i < n; i++) {
    *at = i;
    if (from == GR_I64) {
      int64_t x = ((const int64_t *)block)[i];
      if (x < 0 || x > 255)
        return gr_fail(err, GR_ERR_VALUE,
                       "%" PRId64 " does not fit into uint8, which holds whole numbers from 0 to 255", x);
    } else {
      double x = from == GR_F64 ? ((const double *)block)[i] : ((const float *)block)[i];
      if (!fits(x, to)) return refuse(x, to, err);
    }
  }
  return GR_OK;
}

static bool needs_check(gr_dtype from, gr_dtype to) {
  bool from_float = gr_dtype_is_float(from);
  return (to == GR_I64 && from_float) || (to == GR_U8 && (from_float || from == GR_I64));
}

// A copy in which neighbours on one side are not neighbours on the other, as that of a transpose: out's last
// axis has stride 1, and src's axis `across` does. Row by row, every element read would be a cache line that
// is thrown away before its next one is needed; in square tiles each line is used up while it is there.
// Limited by memory: a tile of 16 by 16 doubles touches 32 lines on each side. The next tile is the one below
// it in out, along src's rows: those are 16 streams to prefetch. (Along out's rows, 2048 by 2048 took twice
// as long.)
#define TILE 16
#define COPY_TILE(type)                                                                  \
  do {                                                                                   \
    const type *p = from;                                                                \
    type *r = to;                                                                        \
    if (columns < rows) /* three colours: the longer loop inside */                      \
      for (int64_t j = 0; j < columns; j++)                                              \
        for (int64_t i = 0; i < rows; i++) r[i * to_step + j] = p[i + j * from_step];    \
    else                                                                                 \
      for (int64_t i = 0; i < rows; i++)                                                 \
        for (int64_t j = 0; j < columns; j++) r[i * to_step + j] = p[i + j * from_step]; \
  } while (0)

static void copy_tile(void *to, int64_t to_step, const void *from, int64_t from_step, int64_t rows,
                      int64_t columns, int64_t size) {
  switch (size) {
    case 8: COPY_TILE(uint64_t); break;
    case 4: COPY_TILE(uint32_t); break;
    case 1: COPY_TILE(uint8_t); break;
  }
}

// The axis along which src's neighbours lie, when tiles are worth it; otherwise -1.
static int axis_across(int ndim, const int64_t *shape, int64_t (*stride)[GR_MAX_DIMS]) {
  int last = ndim - 1;
  if (shape[last] < 2 || stride[0][last] != 1 || stride[1][last] == 1 || stride[1][last] == 0) return -1;
  for (int i = 0; i < last; i++)
    if (stride[1][i] == 1 && shape[i] >= 2) return i;
  return -1;
}

static gr_code copy_in_tiles(gr_tensor *out, const gr_tensor *src, int ndim, const int64_t *shape,
                             int64_t (*stride)[GR_MAX_DIMS], int across, gr_err *err) {
  int last = ndim - 1;
  int64_t size = (int64_t)gr_dtype_size(out->dtype), index[GR_MAX_DIMS] = {0}, at[2] = {0}, polled = 0;
  for (int axis = 0; axis >= 0;) {  // the axes beside the two
    int64_t tall = shape[last] < TILE ? TILE * TILE / shape[last] : TILE;
    for (int64_t j = 0; j < shape[last]; j += TILE) {
      int64_t columns = shape[last] - j < TILE ? shape[last] - j : TILE;
      for (int64_t i = 0; i < shape[across]; i += tall) {
        int64_t rows = shape[across] - i < tall ? shape[across] - i : tall;
        copy_tile((char *)out->data + (at[0] + i * stride[0][across] + j) * size, stride[0][across],
                  (const char *)src->data + (at[1] + i + j * stride[1][last]) * size, stride[1][last], rows,
                  columns, size);
      }
      polled += columns * shape[across];
      if (polled < GR_POLL_ELEMENTS) continue;
      polled = 0;
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
    for (axis = last - 1; axis >= 0; axis--) {
      if (axis == across) continue;
      for (int k = 0; k < 2; k++) at[k] += stride[k][axis];
      if (++index[axis] < shape[axis]) break;
      for (int k = 0; k < 2; k++) at[k] -= shape[axis] * stride[k][axis];
      index[axis] = 0;
    }
  }
  return GR_OK;
}

// Orders the axes by out's strides, the greatest first: the order in which elements are copied is free.
static void sort_axes(int ndim, int64_t *shape, int64_t (*stride)[GR_MAX_DIMS]) {
  for (int i = 1; i < ndim; i++)
    for (int k = i; k > 0 && llabs(stride[0][k]) > llabs(stride[0][k - 1]); k--) {
      int64_t kept[3] = {shape[k], stride[0][k], stride[1][k]};
      shape[k] = shape[k - 1];
      shape[k - 1] = kept[0];
      for (int s = 0; s < 2; s++) {
        stride[s][k] = stride[s][k - 1];
        stride[s][k - 1] = kept[s + 1];
      }
    }
}

gr_code gr_copy(gr_tensor *out, const gr_tensor *src, gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_view_broadcast(&view, src, out->ndim, out->shape, err);
  if (code) return code;
  int64_t total = gr_tensor_size(out);
  if (total == 0) return GR_OK;
  int64_t shape[GR_MAX_DIMS], stride[2][GR_MAX_DIMS];
  memcpy(shape, out->shape, sizeof shape);
  memcpy(stride[0], out->stride, sizeof stride[0]);
  memcpy(stride[1], view.stride, sizeof stride[1]);
  bool check = needs_check(src->dtype, out->dtype);  // then in row-major order, so that the first is named
  if (!check) sort_axes(out->ndim, shape, stride);
  int ndim = gr_coalesce(out->ndim, shape, 2, stride);
  int across = src->dtype == out->dtype ? axis_across(ndim, shape, stride) : -1;
  if (across >= 0) return copy_in_tiles(out, src, ndim, shape, stride, across, err);

  gr_walk from, to;
  gr_block block;
  // Blocks are read in the source's dtype, so that they can be looked at, and converted on their way out. The
  // whole source is looked at first: a refused copy changes nothing.
  for (int pass = check ? 0 : 1; pass < 2; pass++) {
    gr_walk_start(&from, src->data, src->dtype, src->dtype, ndim, shape, stride[1]);
    gr_walk_start(&to, out->data, out->dtype, src->dtype, ndim, shape, stride[0]);
    for (int64_t done = 0, polled = 0; done < total;) {
      int64_t row = shape[ndim - 1], left = row - from.index[ndim - 1];
      int64_t n = from.in_place && left > GR_BLOCK ? left : total - done;
      int64_t most = from.in_place && left > GR_BLOCK ? GR_POLL_ELEMENTS : GR_BLOCK;
      if (n > most) n = most;
      const void *p = gr_walk_read(&from, &block, n);
      int64_t at = 0;
      if (pass == 0)
        code = check_block(p, src->dtype, out->dtype, n, &at, err);
      else
        gr_walk_put(&to, p, n);
      if (code) return gr_tensor_size(src) > 1 ? name_element(&view, done + at, err) : code;
      done += n;
      if (done - polled >= GR_POLL_ELEMENTS) {
        polled = done;
        code = gr_interrupt_poll(err);
        if (code) return code;
      }
    }
  }
  return GR_OK;
}

gr_code gr_fill(gr_tensor *out, double value, gr_err *err) {
  if ((out->dtype == GR_I64 || out->dtype == GR_U8) && !fits(value, out->dtype))
    return refuse(value, out->dtype, err);
  const gr_tensor number = {.data = &value, .dtype = GR_F64};
  gr_block one;
  gr_convert(&one, out->dtype, 0, &value, GR_F64, 0, 1);
  const gr_tensor converted = {.data = &one, .dtype = out->dtype};
  return gr_copy(out, out->dtype == GR_F64 ? &number : &converted, err);
}

// Both are read and one is masked out: a branch on a learner's condition is mispredicted half of the time.
#define CHOOSE(type)                                       \
  do {                                                     \
    type *r = target;                                      \
    const type *x = p, *y = q;                             \
    for (int64_t i = 0; i < n; i++) {                      \
      const type mask = (type) - (type)(c[i] != 0);        \
      r[i] = (type)((x[i] & mask) | (y[i] & (type)~mask)); \
    }                                                      \
  } while (0)

gr_code gr_where(gr_tensor *out, const gr_tensor *condition, const gr_tensor *a, const gr_tensor *b,
                 gr_err *err) {
  if (condition->dtype != GR_BOOL)
    return gr_fail(err, GR_ERR_TYPE, "the condition is %s, and must be bool: compare first, as in gt(x, 0)",
                   gr_dtype_name(condition->dtype));
  if (a->dtype != out->dtype || b->dtype != out->dtype)
    return gr_fail(err, GR_ERR_TYPE,
                   "where chooses between %s and %s, and the result is %s: all three must be the same",
                   gr_dtype_name(a->dtype), gr_dtype_name(b->dtype), gr_dtype_name(out->dtype));
  const gr_tensor *in[] = {condition, a, b};
  int64_t shape[GR_MAX_DIMS], stride[4][GR_MAX_DIMS], total = gr_tensor_size(out);
  memcpy(shape, out->shape, sizeof shape);
  memcpy(stride[0], out->stride, sizeof stride[0]);
  for (int k = 0; k < 3; k++) {
    gr_tensor view;
    gr_code code = gr_tensor_view_broadcast(&view, in[k], out->ndim, out->shape, err);
    if (code) return code;
    memcpy(stride[k + 1], view.stride, sizeof stride[0]);
  }
  if (total == 0) return GR_OK;
  int ndim = gr_coalesce(out->ndim, shape, 4, stride);
  gr_walk to, from[3];
  gr_walk_start(&to, out->data, out->dtype, out->dtype, ndim, shape, stride[0]);
  for (int k = 0; k < 3; k++)
    gr_walk_start(&from[k], in[k]->data, in[k]->dtype, in[k]->dtype, ndim, shape, stride[k + 1]);
  gr_block out_block, block[3];
  for (int64_t done = 0, polled = 0; done < total;) {
    int64_t n = total - done < GR_BLOCK ? total - done : GR_BLOCK;
    const uint8_t *c = gr_walk_read(&from[0], &block[0], n);
    const void *p = gr_walk_read(&from[1], &block[1], n), *q = gr_walk_read(&from[2], &block[2], n);
    void *target = gr_walk_target(&to, &out_block, n);
    switch (gr_dtype_size(out->dtype)) {
      case 8: CHOOSE(uint64_t); break;
      case 4: CHOOSE(uint32_t); break;
      case 1: CHOOSE(uint8_t); break;
    }
    gr_walk_put(&to, target, n);
    done += n;
    if (done - polled >= GR_POLL_ELEMENTS) {
      polled = done;
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}
