// Picking and putting back. The loop order is: outer axes, positions, the piece at a position; so what is
// written (by a gather) is written in order. Limited by memory: a piece that is contiguous on both sides is
// one memcpy, a piece of one number one load and one store, and the rest strided copies of its innermost
// axis.
#include "kernel/gather.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/walk.h"

typedef enum motion { GATHER, SCATTER, SCATTER_ADD } motion;

// Axes that both sides cross in step. side[0] is the tensor with one entry a position, side[1] the one that
// is picked from.
typedef struct axes_of_both {
  int ndim;
  int64_t shape[GR_MAX_DIMS], stride[2][GR_MAX_DIMS], total;
} axes_of_both;

typedef struct picking {
  motion motion;
  gr_dtype dtype[2];
  int64_t size[2];  // bytes of an element
  axes_of_both outer, inner;
  int64_t step;  // between positions, in elements of side 0
  const gr_picks *picks;
  // The picked axes of side 1, merged where its memory allows.
  int ndim;
  int64_t shape[GR_MAX_DIMS], stride[1][GR_MAX_DIMS];
} picking;

static axes_of_both axes_between(const gr_tensor *many, int many_from, const gr_tensor *t, int t_from,
                                 int n) {
  axes_of_both a = {.total = 1};
  for (int i = 0; i < n; i++) {
    a.shape[i] = t->shape[t_from + i];
    a.stride[0][i] = many->stride[many_from + i];
    a.stride[1][i] = t->stride[t_from + i];
    a.total *= a.shape[i];
  }
  a.ndim = gr_coalesce(n, a.shape, 2, a.stride);
  return a;
}

// Moves both offsets to the next row of the innermost axis.
static void next_row(const axes_of_both *a, int64_t *index, int64_t offset[2]) {
  for (int i = a->ndim - 1; i-- > 0;) {
    offset[0] += a->stride[0][i];
    offset[1] += a->stride[1][i];
    if (++index[i] < a->shape[i]) return;
    offset[0] -= a->shape[i] * a->stride[0][i];
    offset[1] -= a->shape[i] * a->stride[1][i];
    index[i] = 0;
  }
}

// Where position k lies in side 1, in elements.
static inline int64_t offset_of(const picking *p, int64_t k) {
  int64_t position = p->picks->position[k] - p->picks->first, offset = 0;
  if (p->ndim == 1) return position * p->stride[0][0];
  for (int i = p->ndim; i-- > 0;) {
    offset += position % p->shape[i] * p->stride[0][i];
    position /= p->shape[i];
  }
  return offset;
}

// n elements at a time from one side to the other; steps in elements.
static void move_row(const picking *p, char *many, int64_t many_step, char *t, int64_t t_step, int64_t n) {
  switch (p->motion) {
    case GATHER:
      gr_convert(many, p->dtype[0], many_step * p->size[0], t, p->dtype[1], t_step * p->size[1], n);
      return;
    case SCATTER:
      gr_convert(t, p->dtype[1], t_step * p->size[1], many, p->dtype[0], many_step * p->size[0], n);
      return;
    case SCATTER_ADD:
      if (p->dtype[0] == GR_F64)
        for (int64_t i = 0; i < n; i++) ((double *)t)[i * t_step] += ((const double *)many)[i * many_step];
      else
        for (int64_t i = 0; i < n; i++) ((float *)t)[i * t_step] += ((const float *)many)[i * many_step];
      return;
  }
}

static void move_piece(const picking *p, char *many, char *t) {
  const axes_of_both *a = &p->inner;
  int last = a->ndim - 1;
  int64_t row = a->shape[last], offset[2] = {0}, index[GR_MAX_DIMS] = {0};
  for (int64_t done = 0; done < a->total; done += row) {
    move_row(p, many + offset[0] * p->size[0], a->stride[0][last], t + offset[1] * p->size[1],
             a->stride[1][last], row);
    next_row(a, index, offset);
  }
}

#define MOVE_ELEMENTS(type, statement)                     \
  do {                                                     \
    type *x = (type *)many, *y = (type *)t;                \
    for (int64_t k = from; k < to; k++) {                  \
      type *a = x + k * p->step, *b = y + offset_of(p, k); \
      statement;                                           \
    }                                                      \
  } while (0)

// Positions from..to-1 whose pieces are single numbers of one dtype.
static void move_elements(const picking *p, char *many, char *t, int64_t from, int64_t to) {
  if (p->motion == SCATTER_ADD && p->dtype[0] == GR_F64)
    MOVE_ELEMENTS(double, *b += *a);
  else if (p->motion == SCATTER_ADD)
    MOVE_ELEMENTS(float, *b += *a);
  else if (p->size[0] == 8 && p->motion == GATHER)
    MOVE_ELEMENTS(uint64_t, *a = *b);
  else if (p->size[0] == 8)
    MOVE_ELEMENTS(uint64_t, *b = *a);
  else if (p->size[0] == 4 && p->motion == GATHER)
    MOVE_ELEMENTS(uint32_t, *a = *b);
  else if (p->size[0] == 4)
    MOVE_ELEMENTS(uint32_t, *b = *a);
  else if (p->motion == GATHER)
    MOVE_ELEMENTS(uint8_t, *a = *b);
  else
    MOVE_ELEMENTS(uint8_t, *b = *a);
}

static gr_code run(const gr_tensor *many, const gr_tensor *t, motion way, const gr_picks *picks,
                   gr_err *err) {
  int after = picks->axis + picks->axes;
  picking p = {.motion = way,
               .dtype = {(gr_dtype)many->dtype, (gr_dtype)t->dtype},
               .size = {(int64_t)gr_dtype_size(many->dtype), (int64_t)gr_dtype_size(t->dtype)},
               .outer = axes_between(many, 0, t, 0, picks->axis),
               .inner = axes_between(many, picks->axis + 1, t, after, t->ndim - after),
               .step = many->stride[picks->axis],
               .picks = picks};
  if (picks->count == 0 || p.outer.total == 0 || p.inner.total == 0) return GR_OK;
  memcpy(p.shape, t->shape + picks->axis, (size_t)picks->axes * sizeof p.shape[0]);
  memcpy(p.stride[0], t->stride + picks->axis, (size_t)picks->axes * sizeof p.shape[0]);
  p.ndim = gr_coalesce(picks->axes, p.shape, 1, p.stride);
  bool single = p.inner.total == 1 && p.dtype[0] == p.dtype[1];
  int64_t many_positions =
      GR_POLL_ELEMENTS / (p.inner.total < GR_POLL_ELEMENTS ? p.inner.total : GR_POLL_ELEMENTS);
  int64_t polled = 0, index[GR_MAX_DIMS] = {0}, row[2] = {0};
  // The last of the outer axes is walked here; next_row moves the others.
  int last = p.outer.ndim - 1;
  for (int64_t done = 0; done < p.outer.total; done++) {
    int64_t at = done % p.outer.shape[last];
    if (done && at == 0) next_row(&p.outer, index, row);
    char *a = (char *)many->data + (row[0] + at * p.outer.stride[0][last]) * p.size[0];
    char *b = (char *)t->data + (row[1] + at * p.outer.stride[1][last]) * p.size[1];
    for (int64_t from = 0; from < picks->count;) {
      int64_t to = picks->count - from < many_positions ? picks->count : from + many_positions;
      if (single)
        move_elements(&p, a, b, from, to);
      else
        for (int64_t k = from; k < to; k++)
          move_piece(&p, a + k * p.step * p.size[0], b + offset_of(&p, k) * p.size[1]);
      polled += (to - from) * p.inner.total;
      from = to;
      if (polled < GR_POLL_ELEMENTS) continue;
      polled = 0;
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

gr_code gr_gather(gr_tensor *out, const gr_tensor *t, const gr_picks *picks, gr_err *err) {
  if (out->dtype != t->dtype && !gr_dtype_is_float(out->dtype))
    return gr_fail(err, GR_ERR_TYPE, "what is picked out of a %s tensor stays %s, or becomes a float, not %s",
                   gr_dtype_name(t->dtype), gr_dtype_name(t->dtype), gr_dtype_name(out->dtype));
  return run(out, t, GATHER, picks, err);
}

gr_code gr_scatter(gr_tensor *t, const gr_tensor *from, const gr_picks *picks, gr_err *err) {
  return run(from, t, SCATTER, picks, err);
}

gr_code gr_scatter_add(gr_tensor *t, const gr_tensor *from, const gr_picks *picks, gr_err *err) {
  return run(from, t, SCATTER_ADD, picks, err);
}

// ---- positions ----

static void start(gr_walk *w, const gr_tensor *t, gr_dtype wanted) {
  int64_t shape[GR_MAX_DIMS], stride[1][GR_MAX_DIMS];
  memcpy(shape, t->shape, sizeof shape);
  memcpy(stride[0], t->stride, sizeof stride[0]);
  int ndim = gr_coalesce(t->ndim, shape, 1, stride);
  gr_walk_start(w, t->data, (gr_dtype)t->dtype, wanted, ndim, shape, stride[0]);
}

// Says which entry of the index tensor it was.
static gr_code at_entry(gr_err *err, int64_t entry, int64_t entries) {
  size_t used = strlen(err->text);
  if (entries > 1)
    snprintf(err->text + used, sizeof err->text - used, "; it is entry %" PRId64 " of the index", entry + 1);
  return err->code;
}

gr_code gr_read_positions(int64_t *out, const gr_tensor *named, const gr_tensor *t, int axis, gr_err *err) {
  int64_t total = gr_tensor_size(named), size = axis < 0 ? gr_tensor_size(t) : t->shape[axis];
  if (total == 0) return GR_OK;
  bool floats = gr_dtype_is_float(named->dtype);
  gr_walk walk;
  gr_block block;
  start(&walk, named, floats ? GR_F64 : GR_I64);
  for (int64_t done = 0; done < total;) {
    int64_t n = total - done < GR_BLOCK ? total - done : GR_BLOCK;
    const void *p = gr_walk_read(&walk, &block, n);
    const double *x = p;
    const int64_t *whole = p;
    for (int64_t i = 0; i < n; i++) {
      // A double that is no whole number of an int64 becomes 0 here, which is no position either.
      int64_t k = !floats ? whole[i] : fabs(x[i]) < 0x1p62 && x[i] == floor(x[i]) ? (int64_t)x[i] : 0;
      if (k > 0 && k <= size)
        out[done + i] = k - 1;
      else if (k < 0 && k >= -size)
        out[done + i] = k + size;
      else {
        if (floats && !(x[i] == 0 || (isfinite(x[i]) && x[i] == floor(x[i]))))
          gr_fail(err, GR_ERR_VALUE, "index %g along axis %d is no whole number: positions are 1, 2, 3, ...",
                  x[i], axis + 1 + (axis < 0));
        else
          gr_tensor_position(&k, t, axis,
                             k        ? k
                             : floats ? (int64_t)fmax(fmin(x[i], 0x1p62), -0x1p62)
                                      : 0,
                             err);
        return at_entry(err, done + i, total);
      }
    }
    done += n;
    if (done % GR_POLL_ELEMENTS < GR_BLOCK && gr_interrupt_poll(err)) return err->code;
  }
  return GR_OK;
}

int64_t gr_count_true(const gr_tensor *mask) {
  int64_t total = gr_tensor_size(mask), count = 0;
  if (total == 0) return 0;
  gr_walk walk;
  gr_block block;
  start(&walk, mask, GR_BOOL);
  for (int64_t done = 0; done < total;) {
    int64_t n = total - done < GR_BLOCK ? total - done : GR_BLOCK;
    const uint8_t *x = gr_walk_read(&walk, &block, n);
    int64_t part = 0;
    for (int64_t i = 0; i < n; i++) part += x[i] != 0;
    count += part;
    done += n;
  }
  return count;
}

// Without a branch on what the mask holds: each position is written, and the next one overwrites it unless
// the element was true.
gr_code gr_true_positions(int64_t *out, const gr_tensor *mask, gr_err *err) {
  int64_t total = gr_tensor_size(mask), room = gr_count_true(mask), count = 0;
  if (room == 0) return GR_OK;
  gr_walk walk;
  gr_block block;
  start(&walk, mask, GR_BOOL);
  for (int64_t done = 0; done < total && count < room;) {
    int64_t n = total - done < GR_BLOCK ? total - done : GR_BLOCK;
    const uint8_t *x = gr_walk_read(&walk, &block, n);
    for (int64_t i = 0; i < n && count < room; i++) {
      out[count] = done + i;
      count += x[i] != 0;
    }
    done += n;
    if (done % GR_POLL_ELEMENTS < GR_BLOCK && gr_interrupt_poll(err)) return err->code;
  }
  return GR_OK;
}
