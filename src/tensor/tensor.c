#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *gr_dtype_name(gr_dtype dtype) {
  static const char *const names[GR_N_DTYPES] = {
      [GR_F64] = "float64", [GR_F32] = "float32", [GR_I64] = "int64", [GR_U8] = "uint8", [GR_BOOL] = "bool",
  };
  return names[dtype];
}

const char *gr_shape_text(char text[GR_SHAPE_TEXT], int ndim, const int64_t *shape) {
  size_t used = 0;
  text[used++] = '(';
  for (int i = 0; i < ndim && used < GR_SHAPE_TEXT - 24; i++)
    used += (size_t)snprintf(text + used, GR_SHAPE_TEXT - used, i ? ", %" PRId64 : "%" PRId64, shape[i]);
  snprintf(text + used, GR_SHAPE_TEXT - used, ndim == 1 ? ",)" : ")");
  return text;
}

gr_code gr_tensor_layout(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err) {
  if (ndim > GR_MAX_DIMS)
    return gr_fail(err, GR_ERR_SHAPE, "a tensor has at most %d axes, not %d", GR_MAX_DIMS, ndim);
  *out = (gr_tensor){.dtype = (uint8_t)dtype, .ndim = (uint8_t)ndim};
  char text[GR_SHAPE_TEXT];
  // Empty axes hide others from the product, so that they count as 1 here: strides must not overflow either.
  int64_t product = 1;
  for (int i = ndim; i-- > 0;) {
    if (shape[i] < 0)
      return gr_fail(err, GR_ERR_SHAPE, "axis %d of shape %s is negative: sizes are 0 or more", i + 1,
                     gr_shape_text(text, ndim, shape));
    out->shape[i] = shape[i];
    out->stride[i] = product;
    if (__builtin_mul_overflow(product, shape[i] ? shape[i] : 1, &product) || product > INT64_MAX / 16)
      return gr_fail(err, GR_ERR_MEMORY, "shape %s has more elements than any machine can hold",
                     gr_shape_text(text, ndim, shape));
  }
  return GR_OK;
}

gr_code gr_tensor_init(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err) {
  gr_tensor t;
  gr_code code = gr_tensor_layout(&t, dtype, ndim, shape, err);
  *out = (gr_tensor){0};
  if (code) return code;
  char what[160], text[GR_SHAPE_TEXT];
  snprintf(what, sizeof what, "%s %s tensor of shape %s", dtype == GR_I64 ? "an" : "a", gr_dtype_name(dtype),
           gr_shape_text(text, ndim, shape));
  code = gr_buffer_new(&t.buffer, gr_tensor_bytes(&t), what, err);
  if (code) return code;
  t.data = t.buffer->data;
  *out = t;
  return GR_OK;
}

gr_code gr_tensor_init_zeros(gr_tensor *out, gr_dtype dtype, int ndim, const int64_t *shape, gr_err *err) {
  gr_code code = gr_tensor_init(out, dtype, ndim, shape, err);
  if (code) return code;
  if (out->data) memset(out->data, 0, gr_tensor_bytes(out));
  return GR_OK;
}

void gr_tensor_share(gr_tensor *out, const gr_tensor *t) {
  gr_buffer_retain(t->buffer);
  *out = *t;
}

void gr_tensor_finish(gr_tensor *t) {
  gr_buffer_release(t->buffer);
  *t = (gr_tensor){0};
}

static void range(const gr_tensor *t, const char **low, const char **high) {
  int64_t first = 0, last = 0;
  for (int i = 0; i < t->ndim; i++) {
    int64_t reach = (t->shape[i] - 1) * t->stride[i];
    if (reach < 0) first += reach;
    if (reach > 0) last += reach;
  }
  int64_t size = (int64_t)gr_dtype_size(t->dtype);
  *low = (const char *)t->data + first * size;
  *high = (const char *)t->data + (last + 1) * size;
}

bool gr_tensor_overlap(const gr_tensor *a, const gr_tensor *b) {
  if (gr_tensor_size(a) == 0 || gr_tensor_size(b) == 0) return false;
  const char *low_a, *high_a, *low_b, *high_b;
  range(a, &low_a, &high_a);
  range(b, &low_b, &high_b);
  return low_a < high_b && low_b < high_a;
}

// Gives `view`, which has as many elements as `t`, the strides under which it reads t's memory in order;
// false where no strides do. Both shapes are cut into the smallest groups of axes with equal products; within
// a group of t each axis must continue the next, and the view's axes then share the last one's stride.
static bool regroup(gr_tensor *view, const gr_tensor *t) {
  if (gr_tensor_size(t) == 0) return true;
  int from = 0, to = 0;
  while (from < t->ndim || to < view->ndim) {
    int from_end = from, to_end = to;
    int64_t have = 1, want = 1;
    do {
      if (have <= want && from_end < t->ndim)
        have *= t->shape[from_end++];
      else
        want *= view->shape[to_end++];
    } while (have != want || (from_end == from && to_end == to));
    int64_t step = 1, reach = 0;  // of the group's last axis, and what the axis before must have
    bool first = true;
    for (int i = from_end; i-- > from;) {
      if (t->shape[i] == 1) continue;
      if (first)
        step = t->stride[i];
      else if (t->stride[i] != reach)
        return false;
      first = false;
      reach = t->stride[i] * t->shape[i];
    }
    for (int i = to_end; i-- > to;) {
      view->stride[i] = step;
      step *= view->shape[i];
    }
    from = from_end;
    to = to_end;
  }
  return true;
}

gr_code gr_tensor_view_reshape(gr_tensor *out, const gr_tensor *t, int ndim, const int64_t *shape,
                               gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_layout(&view, t->dtype, ndim, shape, err);
  if (code) return code;
  char from[GR_SHAPE_TEXT], to[GR_SHAPE_TEXT];
  if (gr_tensor_size(&view) != gr_tensor_size(t))
    return gr_fail(
        err, GR_ERR_SHAPE, "cannot reshape %s (%" PRId64 " element%s) to %s (%" PRId64 " element%s)",
        gr_shape_text(from, t->ndim, t->shape), gr_tensor_size(t), gr_tensor_size(t) == 1 ? "" : "s",
        gr_shape_text(to, ndim, shape), gr_tensor_size(&view), gr_tensor_size(&view) == 1 ? "" : "s");
  if (!regroup(&view, t))
    return gr_fail(err, GR_ERR_SHAPE,
                   "the numbers of this view do not lie so that shape %s could share them: clone it first",
                   gr_shape_text(to, ndim, shape));
  view.buffer = t->buffer;
  view.data = t->data;
  *out = view;
  return GR_OK;
}

gr_code gr_tensor_view_permute(gr_tensor *out, const gr_tensor *t, const int *axes, gr_err *err) {
  unsigned seen = 0;
  for (int i = 0; i < t->ndim; i++) {
    if (axes[i] < 0 || axes[i] >= t->ndim || (seen & 1u << axes[i]))
      return gr_fail(err, GR_ERR_SHAPE, "the axes of a transpose are each of 1..%d once", t->ndim);
    seen |= 1u << axes[i];
  }
  const gr_tensor from = *t;  // `out` may be `t`
  *out = from;
  for (int i = 0; i < from.ndim; i++) {
    out->shape[i] = from.shape[axes[i]];
    out->stride[i] = from.stride[axes[i]];
  }
  return GR_OK;
}

gr_tensor gr_tensor_transposed(const gr_tensor *t) {
  gr_tensor view = *t;
  const int row = t->ndim - 2, column = t->ndim - 1;
  view.shape[row] = t->shape[column], view.stride[row] = t->stride[column];
  view.shape[column] = t->shape[row], view.stride[column] = t->stride[row];
  return view;
}

void gr_tensor_view_slice(gr_tensor *out, const gr_tensor *t, int axis, int64_t start, int64_t step,
                          int64_t count) {
  *out = *t;
  out->data = (char *)t->data + (count ? start * t->stride[axis] * (int64_t)gr_dtype_size(t->dtype) : 0);
  out->shape[axis] = count;
  out->stride[axis] = t->stride[axis] * step;
}

void gr_tensor_view_select(gr_tensor *out, const gr_tensor *t, int axis, int64_t index) {
  gr_tensor_view_slice(out, t, axis, index, 1, 1);
  out->ndim--;
  for (int i = axis; i < out->ndim; i++) {
    out->shape[i] = out->shape[i + 1];
    out->stride[i] = out->stride[i + 1];
  }
}

gr_code gr_tensor_view_broadcast(gr_tensor *out, const gr_tensor *t, int ndim, const int64_t *shape,
                                 gr_err *err) {
  gr_tensor view;
  gr_code code = gr_tensor_layout(&view, t->dtype, ndim, shape, err);
  if (code) return code;
  int extra = ndim - t->ndim;
  bool fits = extra >= 0;
  for (int i = 0; fits && i < ndim; i++) {
    int64_t size = i < extra ? 1 : t->shape[i - extra];
    fits = size == 1 || size == shape[i];
    view.stride[i] = size == 1 ? 0 : t->stride[i - extra];
  }
  if (!fits) {
    char from[GR_SHAPE_TEXT], to[GR_SHAPE_TEXT];
    return gr_fail(err, GR_ERR_SHAPE, "shape %s does not %s %s", gr_shape_text(from, t->ndim, t->shape),
                   ndim ? "stretch to" : "fit into a single number, shape", gr_shape_text(to, ndim, shape));
  }
  view.buffer = t->buffer;
  view.data = t->data;
  *out = view;
  return GR_OK;
}

gr_code gr_tensor_position(int64_t *out, const gr_tensor *t, int axis, int64_t i, gr_err *err) {
  int64_t size = axis < 0 ? gr_tensor_size(t) : t->shape[axis];
  if (i != 0 && i <= size && i >= -size) {
    *out = i > 0 ? i - 1 : i + size;
    return GR_OK;
  }
  char shape[GR_SHAPE_TEXT], along[32] = "among all elements";
  gr_shape_text(shape, t->ndim, t->shape);
  if (axis >= 0) snprintf(along, sizeof along, "along axis %d", axis + 1);
  if (i == 0)
    return gr_fail(err, GR_ERR_VALUE,
                   "index 0 %s of a tensor of shape %s: positions count from 1 (NumPy's 0 is gradus's 1)",
                   along, shape);
  return gr_fail(err, GR_ERR_VALUE,
                 "index %" PRId64 " is out of range %s, which has size %" PRId64 " (shape %s)", i, along,
                 size, shape);
}

gr_code gr_broadcast_shape(int *ndim, int64_t *shape, const gr_tensor *a, const gr_tensor *b, gr_err *err) {
  int n = a->ndim > b->ndim ? a->ndim : b->ndim;
  for (int i = 0; i < n; i++) {
    int ia = i - (n - a->ndim), ib = i - (n - b->ndim);
    int64_t sa = ia < 0 ? 1 : a->shape[ia], sb = ib < 0 ? 1 : b->shape[ib];
    if (sa != sb && sa != 1 && sb != 1) {
      char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
      return gr_fail(err, GR_ERR_SHAPE,
                     "shapes %s and %s do not fit: counted from the right, axis %d is %" PRId64
                     " on the left and %" PRId64 " on the right, and neither is 1",
                     gr_shape_text(ta, a->ndim, a->shape), gr_shape_text(tb, b->ndim, b->shape), n - i, sa,
                     sb);
    }
    shape[i] = sa == 1 ? sb : sa;
  }
  *ndim = n;
  return GR_OK;
}

static char *element(const gr_tensor *t, const int64_t *index) {
  int64_t offset = 0;
  for (int i = 0; i < t->ndim; i++) offset += index[i] * t->stride[i];
  return (char *)t->data + offset * (int64_t)gr_dtype_size(t->dtype);
}

double gr_tensor_get(const gr_tensor *t, const int64_t *index) {
  const char *p = element(t, index);
  switch ((gr_dtype)t->dtype) {
    case GR_F64: return *(const double *)p;
    case GR_F32: return *(const float *)p;
    case GR_I64: return (double)*(const int64_t *)p;
    case GR_U8:
    case GR_BOOL: return *(const uint8_t *)p;
  }
  return 0;
}

void gr_tensor_set(gr_tensor *t, const int64_t *index, double value) {
  char *p = element(t, index);
  switch ((gr_dtype)t->dtype) {
    case GR_F64: *(double *)p = value; break;
    case GR_F32: *(float *)p = (float)value; break;
    case GR_I64: *(int64_t *)p = (int64_t)value; break;
    case GR_U8: *(uint8_t *)p = (uint8_t)value; break;
    case GR_BOOL: *(uint8_t *)p = value != 0; break;
  }
}
