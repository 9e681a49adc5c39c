// The inner loops of pictures: see warp_table.h.
//
// A warp runs over the output, row by row. Along a row the source moves on a straight line, so that the
// pixels whose four neighbours lie inside the picture are one run: there no edge is asked for, and the loop
// is four gathers and three multiply-adds a pixel, on vectors where the processor can gather. The few others
// ask for each neighbour where it is. A 50x50 picture fits the first-level cache: arithmetic is the limit,
// not memory.
#include <math.h>

#include "kernel/real.h"
#include "kernel/warp_table.h"

// ---- warps ----

typedef struct line {  // where output pixel c of a row comes from: at + step c
  double at[2], step[2];
} line;

static line line_of(const gr_warp *w, int64_t r) {
  const double *m = w->map;
  return (line){{m[0] * (double)r + m[2], m[3] * (double)r + m[5]}, {m[1], m[4]}};
}

// Restricts first..last-1 to the pixels c with low <= at + step c <= high.
static void restrict_run(int64_t *first, int64_t *last, double at, double step, double low, double high) {
  if (step == 0) {
    if (!(at >= low && at <= high)) *last = *first;
    return;
  }
  double from = ceil(((step > 0 ? low : high) - at) / step),
         to = floor(((step > 0 ? high : low) - at) / step);
  if (from > (double)*first) *first = from < (double)*last ? (int64_t)from : *last;
  if (to < (double)(*last - 1)) *last = to >= (double)*first ? (int64_t)to + 1 : *first;
}

static inline int within(int i, int least, int most) {
  i = i < least ? least : i;
  return i > most ? most : i;
}

// Pixels first..last-1 of a row, all with their neighbours inside. `channels` is a constant where it is 1.
static inline __attribute__((always_inline)) void inside(real *restrict out, const real *restrict in,
                                                         const gr_warp *w, line l, int first, int last,
                                                         int channels) {
  const real row_at = (real)l.at[0], row_step = (real)l.step[0];
  const real column_at = (real)l.at[1], column_step = (real)l.step[1];
  const int below = (int)w->in[0] - 2, beside = (int)w->in[1] - 2, stride = (int)w->in[1] * channels;
  INDEPENDENT
  for (int c = first; c < last; c++) {
    const real row = muladd(row_step, (real)c, row_at), column = muladd(column_step, (real)c, column_at);
    const int top = within((int)row, 0, below), left = within((int)column, 0, beside);
    const real down = row - (real)top, right = column - (real)left;
    const real *p = in + top * stride + left * channels, *q = p + stride;
    for (int k = 0; k < channels; k++) {
      const real upper = muladd(right, p[k + channels] - p[k], p[k]);
      const real lower = muladd(right, q[k + channels] - q[k], q[k]);
      out[c * channels + k] = muladd(down, lower - upper, upper);
    }
  }
}

static inline __attribute__((always_inline)) void inside_nearest(real *restrict out, const real *restrict in,
                                                                 const gr_warp *w, line l, int first,
                                                                 int last, int channels) {
  const real row_at = (real)(l.at[0] + 0.5), row_step = (real)l.step[0];
  const real column_at = (real)(l.at[1] + 0.5), column_step = (real)l.step[1];
  const int below = (int)w->in[0] - 1, beside = (int)w->in[1] - 1, stride = (int)w->in[1] * channels;
  INDEPENDENT
  for (int c = first; c < last; c++) {
    const int row = within((int)muladd(row_step, (real)c, row_at), 0, below);
    const int column = within((int)muladd(column_step, (real)c, column_at), 0, beside);
    for (int k = 0; k < channels; k++) out[c * channels + k] = in[row * stride + column * channels + k];
  }
}

static const real *pixel(const real *in, const gr_warp *w, int64_t row, int64_t column) {
  row = gr_fill_position(w->fill, row, w->in[0]);
  column = gr_fill_position(w->fill, column, w->in[1]);
  return row < 0 || column < 0 ? NULL : in + (row * w->in[1] + column) * w->channels;
}

// One pixel anywhere. A neighbour of weight 0 is not looked at: a NaN in it would spread.
static void anywhere(real *out, const real *in, const gr_warp *w, double row, double column) {
  if (w->nearest) row = floor(row + 0.5), column = floor(column + 0.5);
  const double top = floor(row), left = floor(column);
  const real down = (real)(row - top), right = (real)(column - left), value = (real)w->value;
  const int64_t r = (int64_t)top, c = (int64_t)left, below = r + (down != 0), beside = c + (right != 0);
  const real *p[4] = {pixel(in, w, r, c), pixel(in, w, r, beside), pixel(in, w, below, c),
                      pixel(in, w, below, beside)};
  for (int64_t k = 0; k < w->channels; k++) {
    real x[4];
    for (int i = 0; i < 4; i++) x[i] = p[i] ? p[i][k] : value;
    const real upper = muladd(right, x[1] - x[0], x[0]), lower = muladd(right, x[3] - x[2], x[2]);
    out[k] = down != 0 ? muladd(down, lower - upper, upper) : right != 0 ? upper : x[0];
  }
}

static void warp(void *out, const void *in, const gr_warp *w) {
  const int64_t channels = w->channels;
  // How far the run may come to the edges: bilinear needs a pixel behind it.
  const double low = w->nearest ? -0.25 : 0, short_of = w->nearest ? 0.75 : 1;
  for (int64_t r = 0; r < w->out[0]; r++) {
    real *row = (real *)out + r * w->out[1] * channels;
    const line l = line_of(w, r);
    int64_t first = 0, last = w->out[1];
    if (!w->nearest && (w->in[0] < 2 || w->in[1] < 2)) last = 0;
    for (int i = 0; i < 2; i++)
      restrict_run(&first, &last, l.at[i], l.step[i], low, (double)w->in[i] - short_of);
    // A constant number of channels leaves no inner loop, and vectors of pixels.
    if (w->nearest && channels == 1)
      inside_nearest(row, in, w, l, (int)first, (int)last, 1);
    else if (w->nearest)
      inside_nearest(row, in, w, l, (int)first, (int)last, (int)channels);
    else if (channels == 1)
      inside(row, in, w, l, (int)first, (int)last, 1);
    else
      inside(row, in, w, l, (int)first, (int)last, (int)channels);
    for (int64_t c = 0; c < w->out[1]; c++) {
      if (c == first && first < last) c = last;
      if (c >= w->out[1]) break;
      anywhere(row + c * channels, in, w, l.at[0] + l.step[0] * (double)c, l.at[1] + l.step[1] * (double)c);
    }
  }
}

// ---- brightness, contrast, noise ----

static void tone(void *x, int64_t pixels, int64_t channels, double contrast, double brightness) {
  real *p = x;
  for (int64_t k = 0; k < channels; k++) {
    double mean = 0;
    if (contrast != 1) {
      for (int64_t i = 0; i < pixels; i++) mean += p[i * channels + k];
      mean /= (double)pixels;
    }
    const real m = (real)mean, gain = (real)contrast, up = (real)(mean + brightness);
    for (int64_t i = 0; i < pixels; i++) p[i * channels + k] = muladd(p[i * channels + k] - m, gain, up);
  }
}

static void clip(void *x, int64_t n, double low, double high) {
  real *p = x;
  const real least = (real)low, most = (real)high;
  for (int64_t i = 0; i < n; i++) {  // a NaN stays
    const real v = p[i] < least ? least : p[i];
    p[i] = v > most ? most : v;
  }
}

static void add_scaled(void *x, const void *noise, double scale, int64_t n) {
  real *p = x;
  const real *z = noise, s = (real)scale;
  for (int64_t i = 0; i < n; i++) p[i] = muladd(s, z[i], p[i]);
}

// ---- blur ----

static void blur(void *out, const void *in, const double *weight, int64_t radius, int64_t outer, int64_t n,
                 int64_t inner) {
  for (int64_t o = 0; o < outer; o++) {
    real *restrict to = (real *)out + o * n * inner;
    const real *restrict from = (const real *)in + o * n * inner;
    for (int64_t i = 0; i < n * inner; i++) to[i] = 0;
    for (int64_t k = -radius; k <= radius; k++) {
      const real w = (real)weight[k + radius];
      const int64_t first = k < 0 ? (-k < n ? -k : n) : 0, last = k > 0 ? (k < n ? n - k : 0) : n;
      // Position i + k is inside for a run of i, which is contiguous with all that lies within.
      for (int64_t i = first * inner; i < last * inner; i++) to[i] = muladd(w, from[i + k * inner], to[i]);
      for (int64_t i = 0; i < n; i++) {
        if (i >= first && i < last) continue;
        const real *at = from + gr_fill_position(GR_FILL_REFLECT, i + k, n) * inner;
        for (int64_t j = 0; j < inner; j++) to[i * inner + j] = muladd(w, at[j], to[i * inner + j]);
      }
    }
  }
}

const gr_warp_table GR_TABLE = {
    .warp = warp, .tone = tone, .clip = clip, .add_scaled = add_scaled, .blur = blur};
