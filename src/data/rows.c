#include "data/rows.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/walk.h"

// ---- copies ----

gr_code gr_contiguous(gr_tensor *out, const gr_tensor *t, gr_err *err) {
  if (gr_tensor_is_contiguous(t)) {
    gr_tensor_share(out, t);
    return GR_OK;
  }
  gr_code code = gr_tensor_init(out, t->dtype, t->ndim, t->shape, err);
  if (!code) code = gr_copy(out, t, err);
  if (code) gr_tensor_finish(out);
  return code;
}

// ---- ranges ----

gr_code gr_range(double *least, double *mean, double *greatest, const gr_tensor *t, gr_err *err) {
  gr_tensor whole;
  if (gr_contiguous(&whole, t, err)) return err->code;
  int64_t n = gr_tensor_size(&whole);
  double low = n ? INFINITY : NAN, high = n ? -INFINITY : NAN, sum = 0;
  enum { BLOCK = 4096 };  // sums of blocks keep the rounding error of the mean small
  const int64_t size = (int64_t)gr_dtype_size(whole.dtype);
  for (int64_t from = 0; from < n; from += BLOCK) {
    double number[BLOCK], block = 0;
    int64_t count = n - from < BLOCK ? n - from : BLOCK;
    gr_convert(number, GR_F64, sizeof number[0], (const char *)whole.data + from * size, whole.dtype, size,
               count);
    for (int64_t i = 0; i < count; i++) {
      double x = number[i];
      block += x;
      if (x < low) low = x;
      if (x > high) high = x;
      if (x != x) low = high = NAN;  // comparisons with NaN are false: it stays
    }
    sum += block;
  }
  gr_tensor_finish(&whole);
  *least = low;
  *greatest = high;
  *mean = sum / (double)n;
  return GR_OK;
}

// ---- labels ----

gr_code gr_labels_init(gr_labels *out, const gr_tensor *y, const char *name, gr_err *err) {
  *out = (gr_labels){0};
  char shape[GR_SHAPE_TEXT];
  if (!(y->ndim == 1 || (y->ndim == 2 && y->shape[1] == 1)))
    return gr_fail(err, GR_ERR_SHAPE,
                   "%s has shape %s; labels have shape (n,): one class number for each item%s", name,
                   gr_shape_text(shape, y->ndim, y->shape),
                   y->ndim == 2 ? " (of one-hot rows take y:argmax(2) - 1)" : "");
  gr_labels l = {.n = y->shape[0]};
  void *block = NULL;
  gr_code code = gr_alloc(&block, (size_t)l.n * sizeof *l.label, "the labels", err);
  l.label = block;
  bool rises = true;
  for (int64_t i = 0; !code && i < l.n; i++) {
    double v = gr_tensor_get(y, (int64_t[]){i, 0});
    if (!(v >= 0 && v < GR_MAX_CLASSES && v == floor(v))) {
      code = gr_fail(err, GR_ERR_VALUE,
                     "%s holds %g at position %" PRId64 "; class labels are whole numbers 0, 1, 2, ... "
                     "below %d",
                     name, v, i + 1, GR_MAX_CLASSES);
      break;
    }
    l.label[i] = (int64_t)v;
    if (l.label[i] >= l.n_classes) l.n_classes = l.label[i] + 1;
    if (i && l.label[i] < l.label[i - 1]) rises = false;
  }
  block = NULL;
  if (!code) code = gr_alloc(&block, (size_t)l.n_classes * sizeof *l.count, "the counts of the classes", err);
  l.count = block;
  if (code) {
    gr_labels_finish(&l);
    return code;
  }
  if (l.n_classes) memset(l.count, 0, (size_t)l.n_classes * sizeof *l.count);
  for (int64_t i = 0; i < l.n; i++) l.count[l.label[i]]++;
  l.sorted = rises && l.n > 1 && l.label[0] != l.label[l.n - 1];
  *out = l;
  return GR_OK;
}

void gr_labels_finish(gr_labels *l) {
  gr_free(l->label);
  gr_free(l->count);
  *l = (gr_labels){0};
}

// ---- splits ----

// The class of item i; without labels all are of one class.
static int64_t class_of(const gr_labels *l, int64_t i) { return l ? l->label[i] : 0; }

// How many of a class of `size` items go to each part: its share rounded down or up, never further off, so
// that a class of a few items is not missing from a part that should have one. What is left over goes to the
// parts that are shortest of what they should have by now, over all classes so far.
static void share_out(int64_t *take, int64_t size, const double *ratios, int n_parts, const int64_t *sizes,
                      double *due) {
  double fraction[GR_MAX_PARTS];
  int64_t left = size;
  for (int p = 0; p < n_parts; p++) {
    const double share = ratios[p] * (double)size;
    take[p] = (int64_t)floor(share + 1e-9);
    if (take[p] > left) take[p] = left;
    fraction[p] = share - (double)take[p];
    left -= take[p];
    due[p] += share;
  }
  for (; left > 0; left--) {
    int shortest = -1;
    double most = 0;
    for (int p = 0; p < n_parts; p++) {
      const double lacks = due[p] - (double)(sizes[p] + take[p]);
      if (fraction[p] > 1e-9 && (shortest < 0 || lacks > most + 1e-9)) {
        shortest = p;
        most = lacks;
      }
    }
    if (shortest < 0) shortest = 0;
    take[shortest]++;
    fraction[shortest] = 0;
  }
}

gr_code gr_split(int64_t *order, int64_t *sizes, int64_t n, const double *ratios, int n_parts,
                 const gr_labels *l, gr_random *random, gr_err *err) {
  int64_t n_classes = l ? l->n_classes : 1;
  void *items_block = NULL, *part_block = NULL, *start_block = NULL;
  gr_code code = gr_alloc(&items_block, (size_t)n * sizeof(int64_t), "the order of the items", err);
  if (!code) code = gr_alloc(&part_block, (size_t)n * sizeof(int), "the parts of the items", err);
  if (!code) code = gr_alloc(&start_block, (size_t)(n_classes + 1) * sizeof(int64_t), "the classes", err);
  if (!code) {
    int64_t *items = items_block, *start = start_block;
    int *part = part_block;
    // Items by class (a counting sort), each class shuffled and dealt out.
    memset(start, 0, (size_t)(n_classes + 1) * sizeof *start);
    for (int64_t i = 0; i < n; i++) start[class_of(l, i) + 1]++;
    for (int64_t c = 0; c < n_classes; c++) start[c + 1] += start[c];
    for (int64_t i = 0; i < n; i++) items[start[class_of(l, i)]++] = i;
    memmove(start + 1, start, (size_t)n_classes * sizeof *start);
    start[0] = 0;
    memset(sizes, 0, (size_t)n_parts * sizeof *sizes);
    double due[GR_MAX_PARTS] = {0};  // how many items each part should have by now
    for (int64_t c = 0; !code && c < n_classes; c++) {
      int64_t size = start[c + 1] - start[c], at = start[c];
      if (random) code = gr_random_shuffle(random, items + at, size, err);
      int64_t take[GR_MAX_PARTS];
      share_out(take, size, ratios, n_parts, sizes, due);
      for (int p = 0; p < n_parts; p++) {
        for (int64_t i = 0; i < take[p]; i++) part[items[at + i]] = p;
        at += take[p];
        sizes[p] += take[p];
      }
    }
    // Within a part the classes must not lie in blocks: the items are gathered in a shuffled order.
    for (int64_t i = 0; i < n; i++) items[i] = i;
    if (random && !code) code = gr_random_shuffle(random, items, n, err);
    int64_t at = 0;
    for (int p = 0; !code && p < n_parts; p++)
      for (int64_t i = 0; i < n; i++)
        if (part[items[i]] == p) order[at++] = items[i];
  }
  gr_free(items_block);
  gr_free(part_block);
  gr_free(start_block);
  return code;
}
