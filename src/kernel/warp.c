// Drivers of pictures: warps by the inner loops, resizing and grey here.
#include "kernel/warp.h"

#include <math.h>
#include <string.h>

#include "kernel/table.h"

// ---- warps ----

void gr_warp_settle(gr_warp *w) {
  for (int i = 0; i < 6; i++) {
    double whole = rint(w->map[i]);
    if (fabs(w->map[i] - whole) < 1e-9) w->map[i] = whole;
  }
}

void gr_warp_picture(void *out, const void *in, gr_dtype dtype, const gr_warp *w) {
  gr_warp settled = *w;
  bool whole = true;
  for (int i = 0; i < 6; i++) whole = whole && w->map[i] == rint(w->map[i]);
  settled.nearest |= whole;
  gr_kernels()->warp[dtype]->warp(out, in, &settled);
}

// ---- resizing ----
//
// Both methods are products of one for the rows and one for the columns. An output row is the weighted sum of
// some input rows, taken along contiguous memory, and then of its columns.

static gr_code resize_axis_new(gr_resize_axis *a, int64_t in, int64_t out, int64_t most, gr_err *err) {
  *a = (gr_resize_axis){.in = in, .out = out, .most = most};
  void *first, *weight;
  gr_code code =
      gr_alloc(&first, (size_t)out * 2 * sizeof(int64_t), "the positions of a resized picture", err);
  if (code) return code;
  a->first = first;
  a->count = a->first + out;
  code =
      gr_alloc(&weight, (size_t)(out * (most + 1)) * sizeof(double), "the weights of a resized picture", err);
  if (code) {
    gr_resize_axis_finish(a);
    return code;
  }
  a->weight = weight;
  a->total = a->weight + out * most;
  return GR_OK;
}

gr_code gr_resize_axis_init(gr_resize_axis *a, int64_t in, int64_t out, gr_resizing how, gr_err *err) {
  const double scale = (double)in / (double)out;
  gr_code code = resize_axis_new(a, in, out, how == GR_RESIZE_AREA ? (int64_t)ceil(scale) + 1 : 2, err);
  if (code) return code;
  for (int64_t i = 0; i < out; i++) {
    double *w = a->weight + i * a->most;
    if (how == GR_RESIZE_AREA) {
      // Covers from..to, in pixels of the input; exact where the factor is whole.
      const double from = (double)(i * in) / (double)out, to = (double)((i + 1) * in) / (double)out;
      const int64_t start = (int64_t)floor(from);
      int64_t n = (int64_t)ceil(to) - start;
      if (n > a->most) n = a->most;
      if (n > in - start) n = in - start;
      for (int64_t k = 0; k < n; k++)
        w[k] = (fmin(to, (double)(start + k + 1)) - fmax(from, (double)(start + k)));
      a->first[i] = start;
      a->count[i] = n;
    } else {
      double at = ((double)i + 0.5) * scale - 0.5;
      at = how == GR_RESIZE_NEAREST ? floor(at + 0.5) : at;
      at = fmin(fmax(at, 0), (double)(in - 1));
      a->first[i] = (int64_t)at;
      w[1] = at - floor(at);
      w[0] = 1 - w[1];
      a->count[i] = w[1] > 0 ? 2 : 1;
    }
    a->total[i] = 0;
    for (int64_t k = 0; k < a->count[i]; k++) a->total[i] += w[k];
  }
  return GR_OK;
}

// What an output pixel reads begins and ends no earlier than what the one before it does: so the output
// pixels that read input pixel i are neighbours.
gr_code gr_resize_axis_transposed(gr_resize_axis *out, const gr_resize_axis *a, gr_err *err) {
  int64_t most = 1;
  for (int64_t i = 0, from = 0, to = 0; i < a->in; i++) {
    while (from < a->out && a->first[from] + a->count[from] <= i) from++;
    while (to < a->out && a->first[to] <= i) to++;
    if (to - from > most) most = to - from;
  }
  gr_code code = resize_axis_new(out, a->out, a->in, most, err);
  if (code) return code;
  for (int64_t i = 0, from = 0, to = 0; i < a->in; i++) {
    while (from < a->out && a->first[from] + a->count[from] <= i) from++;
    while (to < a->out && a->first[to] <= i) to++;
    out->count[i] = to > from ? to - from : 0;  // none: every other pixel is passed over, say
    out->first[i] = out->count[i] ? from : 0;
    out->total[i] = 1;
    for (int64_t k = 0; k < out->count[i]; k++)
      out->weight[i * most + k] =
          a->weight[(from + k) * a->most + i - a->first[from + k]] / a->total[from + k];
  }
  return GR_OK;
}

void gr_resize_axis_finish(gr_resize_axis *a) {
  gr_free(a->first);
  gr_free(a->weight);
  *a = (gr_resize_axis){0};
}

// line += weight * row, of `n` numbers.
static void add_row(double *restrict line, const void *row, gr_dtype dtype, double weight, int64_t n) {
  if (dtype == GR_U8) {
    const uint8_t *x = row;
    for (int64_t i = 0; i < n; i++) line[i] += weight * x[i];
  } else if (dtype == GR_F32) {
    const float *x = row;
    for (int64_t i = 0; i < n; i++) line[i] += weight * (double)x[i];
  } else {
    const double *x = row;
    for (int64_t i = 0; i < n; i++) line[i] += weight * x[i];
  }
}

static void store(void *out, gr_dtype dtype, int64_t i, double value) {
  if (dtype == GR_U8)
    ((uint8_t *)out)[i] = (uint8_t)fmin(fmax(rint(value), 0), 255);
  else if (dtype == GR_F32)
    ((float *)out)[i] = (float)value;
  else
    ((double *)out)[i] = value;
}

void gr_resize_picture(void *out, const void *in, gr_dtype dtype, const gr_resize_axis *rows,
                       const gr_resize_axis *columns, int64_t channels, double *line) {
  const int64_t length = columns->in * channels;
  const size_t bytes = (size_t)length * gr_dtype_size(dtype);
  int64_t at = 0;
  for (int64_t r = 0; r < rows->out; r++) {
    memset(line, 0, (size_t)length * sizeof *line);
    for (int64_t k = 0; k < rows->count[r]; k++)
      add_row(line, (const char *)in + (size_t)(rows->first[r] + k) * bytes, dtype,
              rows->weight[r * rows->most + k], length);
    for (int64_t c = 0; c < columns->out; c++) {
      const double *w = columns->weight + c * columns->most;
      for (int64_t k = 0; k < channels; k++) {
        double sum = 0;
        for (int64_t i = 0; i < columns->count[c]; i++)
          sum += w[i] * line[(columns->first[c] + i) * channels + k];
        store(out, dtype, at++, sum / (columns->total[c] * rows->total[r]));
      }
    }
  }
}

// ---- grey ----

void gr_gray(void *out, const void *in, gr_dtype dtype, int64_t pixels) {
  if (dtype == GR_U8) {
    const uint8_t *x = in;
    uint8_t *y = out;
    for (int64_t i = 0; i < pixels; i++, x += 3)
      y[i] = (uint8_t)((299 * x[0] + 587 * x[1] + 114 * x[2] + 500) / 1000);  // in whole numbers: exact
  } else if (dtype == GR_F32) {
    const float *x = in;
    float *y = out;
    for (int64_t i = 0; i < pixels; i++, x += 3) y[i] = 0.299f * x[0] + 0.587f * x[1] + 0.114f * x[2];
  } else {
    const double *x = in;
    double *y = out;
    for (int64_t i = 0; i < pixels; i++, x += 3) y[i] = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2];
  }
}
