#include "kernel/histogram.h"

#include <math.h>

#include "base/interrupt.h"
#include "kernel/walk.h"

// Walks over `a` as `wanted` and over the weights, if any, as float64, in step.
typedef struct pair {
  gr_walk a, weights;
  bool weighted;
  int64_t total;
} pair;

static void start_pair(pair *p, const gr_tensor *a, gr_dtype wanted, const gr_tensor *weights) {
  static const int64_t one[] = {1};
  const gr_tensor *t[] = {a, weights};
  gr_walk *walks[] = {&p->a, &p->weights};
  *p = (pair){.weighted = weights, .total = gr_tensor_size(a)};
  for (int i = 0; i < 2; i++)
    if (t[i])
      gr_walk_start(walks[i], t[i]->data, t[i]->dtype, i ? GR_F64 : wanted, t[i]->ndim ? t[i]->ndim : 1,
                    t[i]->ndim ? t[i]->shape : one, t[i]->ndim ? t[i]->stride : one);
}

// NumPy's way: the bin by division, moved by one where rounding has put x on the wrong side of an edge.
static int64_t even_bin(double x, const double *edges, int64_t bins, double scale) {
  int64_t i = (int64_t)((x - edges[0]) * scale);
  if (i >= bins) i = bins - 1;
  if (x < edges[i]) return i - 1;
  return x >= edges[i + 1] && i < bins - 1 ? i + 1 : i;
}

static int64_t searched_bin(double x, const double *edges, int64_t bins) {
  int64_t low = 0, high = bins;  // edges[low] <= x, and x < edges[high] or it is the last
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (x < edges[middle])
      high = middle;
    else
      low = middle;
  }
  return low;
}

// Bins and how to find the one of a number.
typedef struct bins {
  const double *edge;
  int64_t count;
  bool even;
  double first, last, scale;
} bins;

static bins bins_of(const gr_tensor *edges, bool even) {
  bins b = {edges->data, edges->shape[0] - 1, .first = INFINITY, .last = -INFINITY};
  if (b.count < 1) return b;
  b.first = b.edge[0];
  b.last = b.edge[b.count];
  b.scale = (double)b.count / (b.last - b.first);
  b.even = even && isfinite(b.scale);  // bins may be too narrow to divide by
  return b;
}

// Not nan either.
static inline bool is_inside(const bins *b, double x) { return x >= b->first && x <= b->last; }

static inline int64_t bin_of(const bins *b, double x) {
  return b->even ? even_bin(x, b->edge, b->count, b->scale) : searched_bin(x, b->edge, b->count);
}

gr_code gr_histogram(gr_tensor *counts, const gr_tensor *edges, bool even, const gr_tensor *a,
                     const gr_tensor *weights, gr_err *err) {
  const bins b = bins_of(edges, even);
  double *count = counts->data;
  if (b.count < 1) return GR_OK;
  pair p;
  start_pair(&p, a, GR_F64, weights);
  for (int64_t done = 0, n; done < p.total; done += n) {
    gr_block block, weight_block;
    n = p.total - done < GR_BLOCK ? p.total - done : GR_BLOCK;
    const double *x = gr_walk_read(&p.a, &block, n);
    const double *w = p.weighted ? gr_walk_read(&p.weights, &weight_block, n) : NULL;
    for (int64_t i = 0; i < n; i++)
      if (is_inside(&b, x[i])) count[bin_of(&b, x[i])] += w ? w[i] : 1;
    if (done % GR_POLL_ELEMENTS == 0) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

gr_code gr_histogram_bins(int64_t *out, const gr_tensor *edges, bool even, const gr_tensor *a, gr_err *err) {
  const bins b = bins_of(edges, even);
  pair p;
  start_pair(&p, a, GR_F64, NULL);
  for (int64_t done = 0, n; done < p.total; done += n) {
    gr_block block;
    n = p.total - done < GR_BLOCK ? p.total - done : GR_BLOCK;
    const double *x = gr_walk_read(&p.a, &block, n);
    for (int64_t i = 0; i < n; i++) out[done + i] = is_inside(&b, x[i]) ? bin_of(&b, x[i]) : -1;
    if (done % GR_POLL_ELEMENTS == 0) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

gr_code gr_count_values(gr_tensor *counts, const gr_tensor *a, const gr_tensor *weights, gr_err *err) {
  double *count = counts->data;
  pair p;
  start_pair(&p, a, GR_I64, weights);
  for (int64_t done = 0, n; done < p.total; done += n) {
    gr_block block, weight_block;
    n = p.total - done < GR_BLOCK ? p.total - done : GR_BLOCK;
    const int64_t *x = gr_walk_read(&p.a, &block, n);
    const double *w = p.weighted ? gr_walk_read(&p.weights, &weight_block, n) : NULL;
    for (int64_t i = 0; i < n; i++) count[x[i]] += w ? w[i] : 1;
    if (done % GR_POLL_ELEMENTS == 0) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}
