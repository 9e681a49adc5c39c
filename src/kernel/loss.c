// Losses and metrics, one number a sample. Probabilities are clipped to [1e-7, 1 - 1e-7] in their own
// precision before a logarithm, as Keras does, and the derivative of the clip is TensorFlow's: 1 on the
// bounds, 0 beyond. A probability that has reached 0 or 1 therefore learns nothing from its sample, right or
// wrong. Where the probabilities come from a softmax or sigmoid, the losses on scores (..._LOGITS) take both
// as one step and learn even then; gr_node_scores (grad/graph.h) finds them.
#include <inttypes.h>
#include <math.h>

#include "kernel/check.h"
#include "kernel/table.h"

// Losses and metrics never broadcast: labels (n, 1) beside predictions (n, 2) are a mistake, not a matrix.
static gr_code check_same(const gr_tensor *p, const gr_tensor *t, bool classes, gr_err *err) {
  if (gr_tensor_same_shape(p, t)) return GR_OK;
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT];
  gr_shape_text(left, p->ndim, p->shape);
  gr_shape_text(right, t->ndim, t->shape);
  const bool sparse = classes && p->shape[1] > 1 && t->shape[0] == p->shape[0] &&
                      (t->ndim == 1 || (t->ndim == 2 && t->shape[1] == 1));
  return gr_fail(
      err, GR_ERR_SHAPE,
      "the predictions have shape %s and the labels %s: a loss or a metric needs "
      "them equal%s",
      left, right,
      sparse ? "; for one label a sample, 0, 1, 2, ..., use the sparse one, or one_hot the labels" : "");
}

static gr_code check_sparse_shape(const gr_tensor *p, const gr_tensor *t, gr_err *err) {
  if (t->ndim >= 1 && t->shape[0] == p->shape[0] && (t->ndim == 1 || (t->ndim == 2 && t->shape[1] == 1)))
    return GR_OK;
  char left[GR_SHAPE_TEXT], right[GR_SHAPE_TEXT];
  gr_shape_text(left, p->ndim, p->shape);
  gr_shape_text(right, t->ndim, t->shape);
  return gr_fail(
      err, GR_ERR_SHAPE,
      "predictions of shape %s need one label a sample, of shape (%" PRId64 ",), not labels of shape %s%s",
      left, p->shape[0], right,
      gr_tensor_same_shape(p, t) ? ": for one-hot labels use the loss or metric without \"sparse\"" : "");
}

static gr_code check_range(const gr_tensor *t, int64_t classes, gr_err *err) {
  const int64_t n = t->shape[0];
  for (int64_t i = 0; i < n; i++) {
    double label;
    switch (t->dtype) {
      case GR_F64: label = ((const double *)t->data)[i]; break;
      case GR_F32: label = ((const float *)t->data)[i]; break;
      case GR_I64: label = (double)((const int64_t *)t->data)[i]; break;
      default: label = ((const uint8_t *)t->data)[i];
    }
    if (label >= 0 && label < (double)classes && label == floor(label)) continue;
    if (label != floor(label))  // NaN too
      return gr_fail(err, GR_ERR_VALUE,
                     "label %g in row %" PRId64 " is not a whole number: classes are 0, 1, "
                     "2, ...",
                     label, i + 1);
    return gr_fail(
        err, GR_ERR_VALUE,
        "label %g in row %" PRId64 " is none of the %" PRId64 " classes 0..%" PRId64
        " that the predictions have%s",
        label, i + 1, classes, classes - 1,
        label == (double)classes ? ": labels count from 0, subtract 1 from them if yours count from 1" : "");
  }
  return GR_OK;
}

static gr_code check(const gr_tensor *out, const gr_tensor *p, const gr_tensor *t, bool sparse, bool classes,
                     gr_err *err) {
  gr_code code = gr_check_float(p, NULL, "a prediction", err);
  if (!code) code = gr_check_ndim(p, 2, "a prediction", "(samples, outputs)", err);
  if (!code && p->shape[1] == 0)
    code = gr_fail(err, GR_ERR_SHAPE, "predictions of shape (%" PRId64 ", 0) have nothing to compare",
                   p->shape[0]);
  if (!code) code = sparse ? check_sparse_shape(p, t, err) : check_same(p, t, classes, err);
  if (!code && !gr_tensor_is_contiguous(t))
    code = gr_fail(err, GR_ERR_VALUE,
                   "the labels are a view with gaps where contiguous memory is needed: clone them");
  if (!code && sparse) code = check_range(t, p->shape[1], err);
  if (!code) code = gr_check_float(out, p, "the numbers of the samples", err);
  if (!code && (out->ndim != 1 || out->shape[0] != p->shape[0])) {
    char text[GR_SHAPE_TEXT];
    code =
        gr_fail(err, GR_ERR_SHAPE, "a loss or a metric has one number a sample, shape (%" PRId64 ",), not %s",
                p->shape[0], gr_shape_text(text, out->ndim, out->shape));
  }
  return code;
}

static gr_label_view labels_of(const gr_tensor *t) { return (gr_label_view){t->data, (gr_dtype)t->dtype}; }

static gr_code check_loss(const gr_tensor *out, gr_loss loss, const gr_tensor *p, const gr_tensor *t,
                          gr_err *err) {
  const bool one_hot = loss == GR_CATEGORICAL_CROSSENTROPY || loss == GR_CATEGORICAL_CROSSENTROPY_LOGITS;
  return check(out, p, t, gr_loss_takes_classes(loss), one_hot, err);
}

gr_code gr_loss_forward(gr_tensor *out, gr_loss loss, const gr_tensor *p, const gr_tensor *t, gr_err *err) {
  gr_code code = check_loss(out, loss, p, t, err);
  if (code) return code;
  gr_kernels()->network[p->dtype]->loss(out->data, loss, p->data, labels_of(t), p->shape[0], p->shape[1]);
  return GR_OK;
}

gr_code gr_loss_backward(gr_tensor *dp, gr_loss loss, const gr_tensor *dout, const gr_tensor *p,
                         const gr_tensor *t, bool accumulate, gr_err *err) {
  gr_code code = check_loss(dout, loss, p, t, err);
  if (!code) code = gr_check_float(dp, p, "the gradient of a prediction", err);
  if (!code) code = gr_check_same_shape(dp, p, "the gradient of a prediction", "the prediction", err);
  if (code) return code;
  gr_kernels()->network[p->dtype]->loss_backward(dp->data, loss, dout->data, p->data, labels_of(t),
                                                 p->shape[0], p->shape[1], accumulate);
  return GR_OK;
}

static double number_at(const gr_tensor *t, int64_t i) {
  return t->dtype == GR_F32 ? (double)((const float *)t->data)[i] : ((const double *)t->data)[i];
}

// Of a sample: the part of its loss by each number of its truth. Every such loss is a sum over them.
static void truth_row(double *d, gr_loss loss, const gr_tensor *p, const gr_tensor *t, int64_t from,
                      int64_t n) {
  const double least = 1e-7, greatest = p->dtype == GR_F32 ? (double)(1 - 1e-7f) : 1 - 1e-7;
  double most = -INFINITY, sum = 0, scores = 0;
  for (int64_t j = 0; j < n; j++) {
    sum += number_at(p, from + j);
    most = fmax(most, number_at(p, from + j));
  }
  for (int64_t j = 0; j < n; j++) scores += exp(number_at(p, from + j) - most);
  for (int64_t j = 0; j < n; j++) {
    const double x = number_at(p, from + j), q = loss == GR_CATEGORICAL_CROSSENTROPY ? x / sum : x,
                 clipped = q < least      ? least
                           : q > greatest ? greatest
                                          : q;
    switch (loss) {
      case GR_MEAN_SQUARED_ERROR: d[j] = 2 * (number_at(t, from + j) - x) / (double)n; break;
      case GR_BINARY_CROSSENTROPY: d[j] = (log(1 - clipped) - log(clipped)) / (double)n; break;
      case GR_CATEGORICAL_CROSSENTROPY: d[j] = -log(clipped); break;
      case GR_BINARY_CROSSENTROPY_LOGITS: d[j] = -x / (double)n; break;
      default: d[j] = most + log(scores) - x;  // of scores: their logarithm of the sum of exponentials
    }
  }
}

gr_code gr_loss_backward_truth(gr_tensor *dt, gr_loss loss, const gr_tensor *dout, const gr_tensor *p,
                               const gr_tensor *t, bool accumulate, gr_err *err) {
  gr_code code = check_loss(dout, loss, p, t, err);
  if (!code && gr_loss_takes_classes(loss))
    code = gr_fail(err, GR_ERR_VALUE, "a loss has no derivative by the names of classes");
  if (!code) code = gr_check_float(dt, t, "the gradient of a truth", err);
  if (!code) code = gr_check_same_shape(dt, t, "the gradient of a truth", "the truth", err);
  if (code) return code;
  const int64_t n = p->shape[1];
  void *row = NULL;
  code = gr_alloc(&row, (size_t)n * sizeof(double), "the gradient of a truth", err);
  for (int64_t i = 0; !code && i < p->shape[0]; i++) {
    const double g = number_at(dout, i), *d = row;
    truth_row(row, loss, p, t, i * n, n);
    for (int64_t j = i * n; j < (i + 1) * n; j++) {
      const double value = g * d[j - i * n] + (accumulate ? number_at(dt, j) : 0);
      if (dt->dtype == GR_F32)
        ((float *)dt->data)[j] = (float)value;
      else
        ((double *)dt->data)[j] = value;
    }
  }
  gr_free(row);
  return code;
}

gr_code gr_hit_forward(gr_tensor *out, gr_hit hit, const gr_tensor *p, const gr_tensor *t, gr_err *err) {
  gr_code code = check(out, p, t, hit == GR_SPARSE_CATEGORICAL_ACCURACY, hit == GR_CATEGORICAL_ACCURACY, err);
  if (code) return code;
  gr_kernels()->network[p->dtype]->hit(out->data, hit, p->data, labels_of(t), p->shape[0], p->shape[1]);
  return GR_OK;
}
