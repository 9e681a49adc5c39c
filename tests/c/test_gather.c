// Picking and putting back against the plainest loops, in every layout of memory.
#include "kernel_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "kernel/gather.h"

// A random tensor, some neighbouring axes of it, and positions among them.
typedef struct sample {
  gr_tensor owner, t;
  gr_picks picks;
  int64_t position[40], shape[GR_MAX_DIMS];
  int ndim;
} sample;

static sample make_sample(gr_dtype dtype) {
  sample s = {0};
  int64_t shape[GR_MAX_DIMS] = {0};
  int ndim;
  do ndim = random_shape(shape);
  while (ndim == 0);
  s.t = random_view(dtype, ndim, shape, false, &s.owner);
  s.picks.axis = below(ndim);
  s.picks.axes = 1 + below(ndim - s.picks.axis);
  s.picks.first = below(2);
  int64_t among = 1;
  for (int i = 0; i < s.picks.axes; i++) among *= shape[s.picks.axis + i];
  s.picks.count = among == 0 ? 0 : below(40);
  for (int64_t k = 0; k < s.picks.count; k++) s.position[k] = below((int)among) + s.picks.first;
  for (int i = 0; i < s.picks.axis; i++) s.shape[s.ndim++] = shape[i];
  s.shape[s.ndim++] = s.picks.count;
  for (int i = s.picks.axis + s.picks.axes; i < ndim; i++) s.shape[s.ndim++] = shape[i];
  return s;
}

// The index in s->t of what stands at `index` of the picked tensor.
static void origin(const sample *s, const int64_t *index, int64_t *from) {
  int axis = s->picks.axis, axes = s->picks.axes;
  memcpy(from, index, (size_t)axis * sizeof *from);
  int64_t left = s->position[index[axis]] - s->picks.first;
  for (int i = axes; i-- > 0;) {
    from[axis + i] = left % s->t.shape[axis + i];
    left /= s->t.shape[axis + i];
  }
  memcpy(from + axis + axes, index + axis + 1, (size_t)(s->ndim - axis - 1) * sizeof *from);
}

static void picks_what_a_plain_loop_picks(void **state) {
  gr_err err;
  for (int round = 0; round < 3000; round++) {
    gr_dtype dtype = (gr_dtype)below(GR_N_DTYPES);
    sample s = make_sample(dtype);
    s.picks.position = s.position;
    gr_dtype to = below(4) ? dtype : below(2) ? GR_F32 : GR_F64;
    gr_tensor owner, out = random_view(to, s.ndim, s.shape, false, &owner);
    ok(gr_gather(&out, &s.t, &s.picks, &err), &err);
    int64_t index[GR_MAX_DIMS] = {0}, from[GR_MAX_DIMS];
    for (int64_t i = 0, n = gr_tensor_size(&out); i < n; i++, next_index(index, s.ndim, s.shape)) {
      origin(&s, index, from);
      assert_true(gr_tensor_get(&out, index) == gr_tensor_get(&s.t, from));
    }
    gr_tensor_finish(&owner);
    gr_tensor_finish(&s.owner);
  }
}

static void puts_back_what_a_plain_loop_puts_back(void **state) {
  gr_err err;
  for (int round = 0; round < 3000; round++) {
    bool add = below(2);
    gr_dtype dtype = (gr_dtype)below(add ? 2 : GR_N_DTYPES);
    sample s = make_sample(dtype);
    s.picks.position = s.position;
    gr_tensor owner, from = random_view(dtype, s.ndim, s.shape, true, &owner), view;
    ok(gr_tensor_view_broadcast(&view, &from, s.ndim, s.shape, &err), &err);
    gr_tensor expected = make(dtype, s.t.ndim, s.t.shape);
    ok(gr_copy(&expected, &s.t, &err), &err);
    int64_t index[GR_MAX_DIMS] = {0}, to[GR_MAX_DIMS];
    for (int64_t k = 0; k < s.picks.count; k++) {
      memset(index, 0, sizeof index);
      for (int64_t i = 0, n = gr_tensor_size(&view); i < n; i++, next_index(index, s.ndim, s.shape)) {
        if (index[s.picks.axis] != k) continue;
        origin(&s, index, to);
        double before = gr_tensor_get(&expected, to), x = gr_tensor_get(&view, index);
        gr_tensor_set(&expected, to, add ? before + x : x);
      }
    }
    ok(add ? gr_scatter_add(&s.t, &view, &s.picks, &err) : gr_scatter(&s.t, &view, &s.picks, &err), &err);
    memset(index, 0, sizeof index);
    for (int64_t i = 0, n = gr_tensor_size(&s.t); i < n; i++, next_index(index, s.t.ndim, s.t.shape))
      assert_true(gr_tensor_get(&s.t, index) == gr_tensor_get(&expected, index));
    gr_tensor_finish(&expected);
    gr_tensor_finish(&owner);
    gr_tensor_finish(&s.owner);
  }
}

static void reads_positions_of_any_dtype_and_refuses_what_is_none(void **state) {
  gr_err err;
  int64_t six = 6, two = 2, out[2];
  gr_tensor t = make(GR_F64, 1, &six);
  for (gr_dtype dtype = GR_F64; dtype <= GR_U8; dtype++) {
    gr_tensor named = make(dtype, 1, &two);
    set(&named, 0, 6);
    set(&named, 1, dtype == GR_U8 ? 1 : -6);
    ok(gr_read_positions(out, &named, &t, 0, &err), &err);
    assert_int_equal(out[0], 5);
    assert_int_equal(out[1], 0);
    const double bad[] = {0, 7, 255, -7, 1.5, NAN, INFINITY, -INFINITY, 1e300, 0x1p63};
    for (int i = 0; i < (gr_dtype_is_float(dtype) ? 10 : dtype == GR_I64 ? 4 : 3); i++) {
      set(&named, 1, bad[i]);
      assert_int_equal(gr_read_positions(out, &named, &t, 0, &err), GR_ERR_VALUE);
      assert_non_null(strstr(err.text, "entry 2"));
    }
    gr_tensor_finish(&named);
  }
  gr_tensor_finish(&t);
}

static void finds_where_a_mask_is_true(void **state) {
  gr_err err;
  for (int round = 0; round < 1000; round++) {
    int64_t shape[GR_MAX_DIMS], index[GR_MAX_DIMS] = {0}, count = 0;
    int ndim = random_shape(shape);
    gr_tensor owner, mask = random_view(GR_BOOL, ndim, shape, false, &owner);
    int64_t n = gr_tensor_size(&mask), *at = malloc((size_t)(n + 1) * sizeof *at);
    int64_t found = gr_count_true(&mask);
    assert_int_equal(gr_true_positions(at, &mask, &err), GR_OK);
    for (int64_t i = 0; i < n; i++, next_index(index, ndim, shape))
      if (gr_tensor_get(&mask, index) != 0) assert_int_equal(at[count++], i);
    assert_int_equal(count, found);
    free(at);
    gr_tensor_finish(&owner);
  }
}

static void a_long_gather_can_be_interrupted(void **state) {
  gr_err err;
  int64_t n = 1 << 20;
  gr_tensor t = make(GR_U8, 1, &n), out = make(GR_U8, 1, &n), zeros;
  ok(gr_tensor_init_zeros(&zeros, GR_I64, 1, &n, &err), &err);
  const gr_picks picks = {.axes = 1, .position = zeros.data, .count = n};
  gr_interrupt_raise();
  assert_int_equal(gr_gather(&out, &t, &picks, &err), GR_ERR_INTERRUPT);
  gr_interrupt_clear();
  gr_tensor_finish(&t);
  gr_tensor_finish(&out);
  gr_tensor_finish(&zeros);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(picks_what_a_plain_loop_picks),
      cmocka_unit_test(puts_back_what_a_plain_loop_puts_back),
      cmocka_unit_test(reads_positions_of_any_dtype_and_refuses_what_is_none),
      cmocka_unit_test(finds_where_a_mask_is_true),
      cmocka_unit_test(a_long_gather_can_be_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
