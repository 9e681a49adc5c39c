// Sorting by radix. Each number becomes an unsigned key of the same order, and keys are dealt out digit by
// digit, the lowest first: a few passes over memory, whatever the numbers are, and equal ones stay in their
// order. Short lines are sorted by insertion.
//
// Where the sorted axis is not the inner one, up to TILE neighbouring lines are read and written side by
// side, so that a cache line serves all of them.
#include "kernel/sort.h"

#include <math.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/walk.h"

#define TILE 16
#define TILE_ELEMENTS (1 << 18)  // lines longer than this have no company
#define SHORT 48                 // lines sorted by insertion
// Digits of 11 bits need fewer passes, digits of 8 bits less counting: which is faster depends on the length.
#define LONG 8192
// Numbers between two looks for an interrupt: memory that nobody has touched yet may come slowly.
#define AT_ONCE 65536

typedef struct order {
  gr_dtype dtype;
  int bits;  // of a key
  bool descending;
  bool zeros_equal;  // -0 and 0 have one key; otherwise -0 is the lesser, so that values come back as they
                     // were
} order;

static order order_of(gr_dtype dtype, bool descending, bool zeros_equal) {
  static const int bits[GR_N_DTYPES] = {
      [GR_F64] = 64, [GR_F32] = 32, [GR_I64] = 64, [GR_U8] = 8, [GR_BOOL] = 8};
  return (order){dtype, bits[dtype], descending, zeros_equal};
}

static uint64_t all_ones(const order *o) { return o->bits == 64 ? UINT64_MAX : (1ull << o->bits) - 1; }

// A float's bits as an integer are in the order of the numbers, except that those of negative ones run
// backwards.
static inline uint64_t key_of_float(uint64_t bits, uint64_t sign) {
  return bits & sign ? ~bits & (2 * sign - 1) : bits | sign;
}
static inline uint64_t float_of_key(uint64_t key, uint64_t sign) {
  return key & sign ? key ^ sign : ~key & (2 * sign - 1);
}

// n keys, `step` words apart, from numbers `from_step` bytes apart.
#define ENCODE(type, expression)                                                         \
  for (int64_t i = 0; i < n; i++, p += from_step, key += step) {                         \
    const type x = *(const type *)p;                                                     \
    uint64_t k = expression;                                                             \
    *key = x != x ? most : o->descending ? k ^ most : k; /* NaN comes last either way */ \
  }

static void encode(const order *o, uint64_t *key, int64_t step, const char *p, int64_t from_step, int64_t n) {
  const uint64_t most = all_ones(o);
  uint64_t bits = 0;
  switch (o->dtype) {
    case GR_F64:
      if (o->zeros_equal)
        ENCODE(double, (memcpy(&bits, &(double){x + 0.0}, 8), key_of_float(bits, 1ull << 63)))
      else
        ENCODE(double, (memcpy(&bits, &x, 8), key_of_float(bits, 1ull << 63)))
      break;
    case GR_F32:
      if (o->zeros_equal)
        ENCODE(float, (memcpy(&bits, &(float){x + 0.0f}, 4), key_of_float(bits, 1ull << 31)))
      else
        ENCODE(float, (memcpy(&bits, &x, 4), key_of_float(bits, 1ull << 31)))
      break;
    case GR_I64: ENCODE(int64_t, (uint64_t)x ^ 1ull << 63) break;
    case GR_U8:
    case GR_BOOL: ENCODE(uint8_t, x) break;
  }
}

// The keys of a whole line, which may be long, side by side.
static gr_code encode_line(const order *o, uint64_t *key, const char *p, int64_t from_step, int64_t n,
                           gr_err *err) {
  for (int64_t i = 0; i < n; i += AT_ONCE) {
    encode(o, key + i, 1, p + i * from_step, from_step, n - i < AT_ONCE ? n - i : AT_ONCE);
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
  }
  return GR_OK;
}

#define DECODE(type, expression)                               \
  for (int64_t i = 0; i < n; i++, p += to_step, key += step) { \
    const bool last = *key == most; /* in floats: a NaN */     \
    const uint64_t k = o->descending ? *key ^ most : *key;     \
    type x;                                                    \
    expression;                                                \
    *(type *)p = x;                                            \
  }

static void decode(const order *o, const uint64_t *key, int64_t step, char *p, int64_t to_step, int64_t n) {
  const uint64_t most = all_ones(o);
  uint64_t bits;
  switch (o->dtype) {
    case GR_F64:
      DECODE(double, bits = float_of_key(k, 1ull << 63); memcpy(&x, &bits, 8); if (last) x = NAN)
      break;
    case GR_F32:
      DECODE(float, uint32_t half = (uint32_t)float_of_key(k, 1ull << 31); memcpy(&x, &half, 4);
             if (last) x = NAN)
      break;
    case GR_I64: DECODE(int64_t, (void)last; x = (int64_t)(k ^ 1ull << 63)) break;
    case GR_U8:
    case GR_BOOL: DECODE(uint8_t, (void)last; x = (uint8_t)k) break;
  }
}

static gr_code decode_line(const order *o, const uint64_t *key, char *p, int64_t to_step, int64_t n,
                           gr_err *err) {
  for (int64_t i = 0; i < n; i += AT_ONCE) {
    decode(o, key + i, 1, p + i * to_step, to_step, n - i < AT_ONCE ? n - i : AT_ONCE);
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
  }
  return GR_OK;
}

// ---- sorting records of one word (a key) or two (a key and a position) ----

static inline __attribute__((always_inline)) void insertion(uint64_t *a, int64_t n, const int words) {
  for (int64_t i = 1; i < n; i++) {
    const uint64_t key = a[i * words], at = words == 2 ? a[i * words + 1] : 0;
    int64_t j = i;
    for (; j > 0 && a[(j - 1) * words] > key; j--) {
      a[j * words] = a[(j - 1) * words];
      if (words == 2) a[j * words + 1] = a[(j - 1) * words + 1];
    }
    a[j * words] = key;
    if (words == 2) a[j * words + 1] = at;
  }
}

// Sorts the n records at `a`, with room for as many at `spare`. All digits are counted in one pass; a digit
// that all keys share is skipped.
static inline __attribute__((always_inline)) gr_code radix(uint64_t *a, uint64_t *spare, int64_t n, int bits,
                                                           const int words, const int digit, gr_err *err) {
  const int buckets = 1 << digit;
  const uint64_t mask = (uint64_t)buckets - 1;
  int64_t counts[(64 + digit - 1) / digit << digit];
  int digits = (bits + digit - 1) / digit;
  memset(counts, 0, sizeof counts[0] * (size_t)digits * (size_t)buckets);
  for (int64_t start = 0; start < n; start += AT_ONCE) {
    gr_code code = gr_interrupt_poll(err);
    if (code) return code;
    int64_t end = n - start < AT_ONCE ? n : start + AT_ONCE;
    for (int64_t i = start; i < end; i++) {
      uint64_t key = a[i * words];
      for (int d = 0; d < digits; d++, key >>= digit) counts[(d << digit) + (int64_t)(key & mask)]++;
    }
  }
  uint64_t *from = a, *to = spare;
  for (int d = 0; d < digits; d++) {
    int64_t *next = counts + ((int64_t)d << digit), sum = 0;
    const int shift = d * digit;
    if (next[from[0] >> shift & mask] == n) continue;
    for (int b = 0; b < buckets; b++) {
      int64_t c = next[b];
      next[b] = sum;
      sum += c;
    }
    for (int64_t start = 0; start < n; start += AT_ONCE) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
      int64_t end = n - start < AT_ONCE ? n : start + AT_ONCE;
      for (int64_t i = start; i < end; i++) {
        const uint64_t key = from[i * words];
        const int64_t at = next[key >> shift & mask]++;
        to[at * words] = key;
        if (words == 2) to[at * words + 1] = from[i * words + 1];
      }
    }
    uint64_t *t = from;
    from = to;
    to = t;
  }
  if (from != a) memcpy(a, from, (size_t)n * (size_t)words * sizeof a[0]);
  return gr_interrupt_poll(err);
}

static gr_code sort_keys(uint64_t *a, uint64_t *spare, int64_t n, int bits, gr_err *err) {
  if (n <= SHORT) return insertion(a, n, 1), GR_OK;
  return n < LONG ? radix(a, spare, n, bits, 1, 8, err) : radix(a, spare, n, bits, 1, 11, err);
}

static gr_code sort_pairs(uint64_t *a, uint64_t *spare, int64_t n, int bits, gr_err *err) {
  if (n <= SHORT) return insertion(a, n, 2), GR_OK;
  return n < LONG ? radix(a, spare, n, bits, 2, 8, err) : radix(a, spare, n, bits, 2, 11, err);
}

// ---- all lines of a tensor ----

// Lines along one axis of up to three tensors of one shape: the input, the sorted numbers, the positions.
typedef struct lines {
  int64_t n, count, neighbours;  // length, how many, how many of them lie side by side
  int tile;
  int64_t step[3], across[3];  // bytes along a line, and from a line to its neighbour
  gr_walk walk[3];
} lines;

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

static void find_lines(lines *l, int operands, const gr_tensor *const *t, int axis) {
  const gr_tensor *a = t[0];
  int64_t shape[GR_MAX_DIMS], stride[3][GR_MAX_DIMS];
  int ndim = 0;
  *l = (lines){.n = a->shape[axis], .count = 1, .tile = 1};
  for (int i = 0; i < a->ndim; i++)
    if (i != axis) {
      shape[ndim] = a->shape[i];
      for (int k = 0; k < operands; k++) stride[k][ndim] = t[k]->stride[i];
      l->count *= shape[ndim++];
    }
  ndim = gr_coalesce(ndim, shape, operands, stride);
  l->neighbours = shape[ndim - 1];
  for (int k = 0; k < operands; k++) {
    int64_t size = (int64_t)gr_dtype_size(t[k]->dtype);
    l->step[k] = t[k]->stride[axis] * size;
    l->across[k] = stride[k][ndim - 1] * size;
    gr_walk_start(&l->walk[k], t[k]->data, t[k]->dtype, t[k]->dtype, ndim, shape, stride[k]);
  }
  if (l->n < TILE_ELEMENTS && magnitude(l->across[0]) < magnitude(l->step[0])) {
    int64_t fits = TILE_ELEMENTS / l->n;
    l->tile = fits < TILE ? (int)fits : TILE;
  }
}

// Where the keys of `tile` lines and one spare line go. Words: of a record.
static gr_code key_memory(uint64_t **out, const lines *l, int words, gr_err *err) {
  void *block = NULL;
  size_t size = (size_t)l->n * (size_t)(l->tile + 1) * (size_t)words * sizeof **out;
  gr_code code = gr_alloc(&block, size, "memory to sort in", err);
  *out = block;
  return code;
}

gr_code gr_sort(gr_tensor *out, const gr_tensor *a, int axis, bool descending, gr_err *err) {
  if (out->dtype != a->dtype || !gr_tensor_same_shape(out, a) || axis < 0 || axis >= a->ndim)
    return gr_fail(err, GR_ERR_SHAPE,
                   "sort gives the shape and dtype of what it sorts, along one of its axes");
  if (gr_tensor_size(a) == 0) return GR_OK;
  lines l;
  find_lines(&l, 2, (const gr_tensor *[]){a, out}, axis);
  order o = order_of(a->dtype, descending, false);
  uint64_t *keys;
  gr_code code = key_memory(&keys, &l, 1, err);
  for (int64_t i = 0, at = 0, m; !code && i < l.count; i += m) {
    m = l.neighbours - at < l.tile ? l.neighbours - at : l.tile;
    const char *from = l.walk[0].at;
    char *to = l.walk[1].at;
    if (m == 1)
      code = encode_line(&o, keys, from, l.step[0], l.n, err);
    else
      for (int64_t k = 0; k < l.n; k++) encode(&o, keys + k, l.n, from + k * l.step[0], l.across[0], m);
    for (int64_t j = 0; !code && j < m; j++)
      code = sort_keys(keys + j * l.n, keys + l.tile * l.n, l.n, o.bits, err);
    if (code) break;
    if (m == 1)
      code = decode_line(&o, keys, to, l.step[1], l.n, err);
    else
      for (int64_t k = 0; k < l.n; k++) decode(&o, keys + k, l.n, to + k * l.step[1], l.across[1], m);
    for (int k = 0; k < 2; k++) gr_walk_skip(&l.walk[k], m);
    at = at + m < l.neighbours ? at + m : 0;
    if (!code && (i & 63) == 0) code = gr_interrupt_poll(err);
  }
  gr_free(keys);
  return code;
}

gr_code gr_argsort(gr_tensor *positions, gr_tensor *sorted, const gr_tensor *a, int axis, bool descending,
                   gr_err *err) {
  if (positions->dtype != GR_I64 || !gr_tensor_same_shape(positions, a) || axis < 0 || axis >= a->ndim)
    return gr_fail(err, GR_ERR_SHAPE,
                   "argsort gives int64 of the shape of what it sorts, along one of its axes");
  if (gr_tensor_size(a) == 0) return GR_OK;
  lines l;
  find_lines(&l, sorted ? 3 : 2, (const gr_tensor *[]){a, positions, sorted}, axis);
  order o = order_of(a->dtype, descending, true);
  int64_t size = (int64_t)gr_dtype_size(a->dtype);
  uint64_t *pairs;
  gr_code code = key_memory(&pairs, &l, 2, err);
  for (int64_t i = 0, at = 0, m; !code && i < l.count; i += m) {
    m = l.neighbours - at < l.tile ? l.neighbours - at : l.tile;
    const char *from = l.walk[0].at;
    for (int64_t k = 0; !code && k < l.n; k++) {
      if (k % AT_ONCE == AT_ONCE - 1) code = gr_interrupt_poll(err);
      encode(&o, pairs + 2 * k, 2 * l.n, from + k * l.step[0], l.across[0], m);
      for (int64_t j = 0; j < m; j++) pairs[2 * (j * l.n + k) + 1] = (uint64_t)k;
    }
    for (int64_t j = 0; !code && j < m; j++)
      code = sort_pairs(pairs + 2 * j * l.n, pairs + 2 * l.tile * l.n, l.n, o.bits, err);
    for (int64_t k = 0; !code && k < l.n; k++) {
      if (k % AT_ONCE == AT_ONCE - 1) code = gr_interrupt_poll(err);
      for (int64_t j = 0; j < m; j++) {
        const int64_t place = (int64_t)pairs[2 * (j * l.n + k) + 1];
        *(int64_t *)(l.walk[1].at + k * l.step[1] + j * l.across[1]) = place;
        if (sorted)
          memcpy(l.walk[2].at + k * l.step[2] + j * l.across[2], from + place * l.step[0] + j * l.across[0],
                 (size_t)size);
      }
    }
    for (int k = 0; k < (sorted ? 3 : 2); k++) gr_walk_skip(&l.walk[k], m);
    at = at + m < l.neighbours ? at + m : 0;
    if (!code && (i & 63) == 0) code = gr_interrupt_poll(err);
  }
  gr_free(pairs);
  return code;
}

// ---- in sorted numbers ----

// How many of the n sorted numbers are less than x (or not greater, with `right`). NaN is the greatest.
#define COUNT_BEFORE(type)                                                        \
  for (const type *p = sorted->data, v = *(const type *)value; low < high;) {     \
    int64_t middle = low + (high - low) / 2;                                      \
    type y = p[middle * sorted->stride[0]];                                       \
    bool less = y < v || (v != v && y == y), same = y == v || (v != v && y != y); \
    if (less || (right && same))                                                  \
      low = middle + 1;                                                           \
    else                                                                          \
      high = middle;                                                              \
  }

gr_code gr_search_sorted(gr_tensor *out, const gr_tensor *sorted, const gr_tensor *x, bool right,
                         gr_err *err) {
  gr_dtype dtype = sorted->dtype;
  if (out->dtype != GR_I64 || !gr_tensor_same_shape(out, x) || sorted->ndim != 1 ||
      (dtype != GR_F64 && dtype != GR_I64))
    return gr_fail(err, GR_ERR_SHAPE, "numbers are looked up in one axis of sorted float64 or int64");
  int64_t total = gr_tensor_size(x);
  if (total == 0) return GR_OK;
  gr_walk from, to;
  gr_walk_start(&from, x->data, x->dtype, dtype, x->ndim ? x->ndim : 1, x->ndim ? x->shape : (int64_t[]){1},
                x->ndim ? x->stride : (int64_t[]){1});
  gr_walk_start(&to, out->data, GR_I64, GR_I64, out->ndim ? out->ndim : 1,
                out->ndim ? out->shape : (int64_t[]){1}, out->ndim ? out->stride : (int64_t[]){1});
  for (int64_t done = 0, n; done < total; done += n) {
    gr_block block, places;
    n = total - done < GR_BLOCK ? total - done : GR_BLOCK;
    const char *value = gr_walk_read(&from, &block, n);
    int64_t *place = gr_walk_target(&to, &places, n);
    for (int64_t i = 0; i < n; i++, value += 8) {
      int64_t low = 0, high = sorted->shape[0];
      if (dtype == GR_F64)
        COUNT_BEFORE(double)
      else
        COUNT_BEFORE(int64_t)
      place[i] = low;
    }
    gr_walk_put(&to, place, n);
    if (done % (GR_POLL_ELEMENTS / 8) == 0) {
      gr_code code = gr_interrupt_poll(err);
      if (code) return code;
    }
  }
  return GR_OK;
}

static double number_at(const gr_tensor *t, int64_t i) {
  return t->dtype == GR_F64 ? ((const double *)t->data)[i] : ((const float *)t->data)[i];
}

gr_quantile_place gr_quantile_place_of(double q, int64_t n) {
  const double place = (isnan(q) ? 0.5 : q) * (double)(n - 1);
  const int64_t below = (int64_t)floor(place);
  const double t = place - (double)below;
  return (gr_quantile_place){below, t > 0 && below + 1 < n ? below + 1 : below, t, isnan(q)};
}

// From the nearer of the two, so that q = 1 is exactly the last.
double gr_quantile_between(const gr_quantile_place *place, double below, double above) {
  const double t = place->t;
  if (below == above || t == 0) return below;  // infinities too
  if (place->median) return (below + above) / 2;
  return t < 0.5 ? below + (above - below) * t : above - (above - below) * (1 - t);
}

gr_code gr_quantile_of_sorted(gr_tensor *out, const gr_tensor *rows, double q, gr_err *err) {
  const int64_t results = rows->shape[0], n = rows->shape[1];
  const gr_quantile_place place = gr_quantile_place_of(q, n);
  for (int64_t i = 0; i < results; i++) {
    const double last = number_at(rows, i * n + n - 1);
    const double value = isnan(last) ? last
                                     : gr_quantile_between(&place, number_at(rows, i * n + place.below),
                                                           number_at(rows, i * n + place.above));
    if (out->dtype == GR_F64)
      ((double *)out->data)[i] = value;
    else
      ((float *)out->data)[i] = (float)value;
  }
  return gr_interrupt_poll(err);
}
