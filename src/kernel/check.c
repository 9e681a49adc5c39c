#include "kernel/check.h"

gr_code gr_check_float(const gr_tensor *t, const gr_tensor *like, const char *what, gr_err *err) {
  if (!gr_dtype_is_float(t->dtype))
    return gr_fail(err, GR_ERR_TYPE, "%s must be float64 or float32, not %s: convert it", what,
                   gr_dtype_name(t->dtype));
  if (like && t->dtype != like->dtype)
    return gr_fail(err, GR_ERR_TYPE, "%s is %s where %s is needed, the dtype of the rest: convert it", what,
                   gr_dtype_name(t->dtype), gr_dtype_name(like->dtype));
  if (!gr_tensor_is_contiguous(t))
    return gr_fail(err, GR_ERR_VALUE, "%s is a view with gaps where contiguous memory is needed: clone it",
                   what);
  return GR_OK;
}

gr_code gr_check_ndim(const gr_tensor *t, int ndim, const char *what, const char *axes, gr_err *err) {
  if (t->ndim == ndim) return GR_OK;
  char text[GR_SHAPE_TEXT];
  return gr_fail(err, GR_ERR_SHAPE, "%s has shape %s, but needs %d axes: %s", what,
                 gr_shape_text(text, t->ndim, t->shape), ndim, axes);
}

gr_code gr_check_same_shape(const gr_tensor *a, const gr_tensor *b, const char *what_a, const char *what_b,
                            gr_err *err) {
  if (gr_tensor_same_shape(a, b)) return GR_OK;
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT];
  return gr_fail(err, GR_ERR_SHAPE, "%s has shape %s and %s has shape %s: they must be equal", what_a,
                 gr_shape_text(left, a->ndim, a->shape), what_b, gr_shape_text(right, b->ndim, b->shape));
}

gr_code gr_check_mask(const gr_tensor *mask, const gr_tensor *like, const char *what, gr_err *err) {
  if (mask->dtype != GR_U8)
    return gr_fail(err, GR_ERR_TYPE, "%s must be uint8, not %s", what, gr_dtype_name(mask->dtype));
  if (!gr_tensor_is_contiguous(mask)) return gr_fail(err, GR_ERR_VALUE, "%s must be contiguous memory", what);
  return gr_check_same_shape(mask, like, what, "the output", err);
}
