// Made pictures of waste: the same on any number of threads, each a function of its stream, both classes
// alike in all but their form, and every knob for what its name says.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/interrupt.h"
#include "data/waste.h"

#define USUAL 0.3f

static gr_waste_plan plan_of(int size, int channels, float knob) {
  gr_waste_plan plan = {.size = size, .channels = channels};
  for (int k = 0; k < GR_N_KNOBS; k++) plan.knob[k] = knob;
  return plan;
}

static gr_waste_part part_new(const gr_waste_plan *plan, int64_t n, int64_t bottles) {
  size_t pixels = (size_t)plan->size * (size_t)plan->size * (size_t)plan->channels;
  return (gr_waste_part){test_malloc((size_t)n * pixels), test_malloc((size_t)n), test_malloc((size_t)n), n,
                         bottles};
}

static void part_free(gr_waste_part *part) {
  test_free(part->x);
  test_free(part->y);
  test_free(part->kinds);
}

static gr_waste_part drawn(const gr_waste_plan *plan, int64_t n, int64_t bottles, int threads, uint64_t key) {
  gr_waste_part part = part_new(plan, n, bottles);
  gr_pool *pool = NULL;
  gr_err err;
  assert_int_equal(gr_pool_new(&pool, threads, &err), GR_OK);
  assert_int_equal(gr_waste(&part, plan, (gr_stream){{key, 0}}, pool, &err), GR_OK);
  gr_pool_free(pool);
  return part;
}

static void any_number_of_threads_draws_the_same_pictures(void **state) {
  (void)state;
  enum { N = 60, SIZE = 40 };
  for (int channels = 1; channels <= 3; channels += 2) {
    gr_waste_plan plan = plan_of(SIZE, channels, 0.6f);
    gr_waste_part one = drawn(&plan, N, 20, 1, 7);
    for (int threads = 2; threads <= 5; threads += 3) {
      gr_waste_part many = drawn(&plan, N, 20, threads, 7);
      assert_memory_equal(one.x, many.x, (size_t)(N * SIZE * SIZE * channels));
      assert_memory_equal(one.y, many.y, N);
      assert_memory_equal(one.kinds, many.kinds, N);
      part_free(&many);
    }
    part_free(&one);
  }
}

static void a_picture_owes_nothing_to_what_was_drawn_before_it(void **state) {
  (void)state;
  enum { SIZE = 50 };
  static uint8_t first[SIZE * SIZE], between[SIZE * SIZE], again[SIZE * SIZE];
  gr_waste_plan plan = plan_of(SIZE, 1, 1), plain = plan_of(SIZE, 1, 0);
  size_t bytes = gr_waste_scratch(&plan);
  void *scratch = test_malloc(bytes);
  gr_thing_kind kind, same;
  for (uint64_t i = 0; i < 40; i++) {
    gr_stream stream = {{3, i}}, other = {{4, i}};
    memset(scratch, 0, bytes);
    gr_waste_draw(first, &kind, &plan, i & 1, stream, scratch);
    gr_waste_draw(between, &same, &plain, i & 2, other, scratch);
    memset(scratch, i & 4 ? 0xff : 0x3f, bytes);
    gr_waste_draw(again, &same, &plan, i & 1, stream, scratch);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(kind, same);
    assert_int_equal(kind < GR_FIRST_OTHER_THING, i & 1);
  }
  test_free(scratch);
}

static void gray_pictures_are_the_gray_of_the_colour_ones(void **state) {
  (void)state;
  enum { N = 30, SIZE = 32 };
  gr_waste_plan gray = plan_of(SIZE, 1, 0.5f), color = plan_of(SIZE, 3, 0.5f);
  gr_waste_part g = drawn(&gray, N, 10, 1, 1), c = drawn(&color, N, 10, 1, 1);
  for (int i = 0; i < N * SIZE * SIZE; i++) {
    const uint8_t *p = c.x + 3 * i;
    assert_int_equal(g.x[i], (299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
  }
  part_free(&g);
  part_free(&c);
}

static void as_many_pictures_as_were_asked_for_show_a_bottle_anywhere_among_them(void **state) {
  (void)state;
  enum { N = 200 };
  gr_waste_plan plan = plan_of(8, 1, USUAL);
  for (int bottles = 0; bottles <= N; bottles += 50) {
    gr_waste_part part = drawn(&plan, N, bottles, 2, 5);
    int found = 0, in_first_half = 0;
    for (int i = 0; i < N; i++) {
      found += part.y[i];
      in_first_half += i < N / 2 && part.y[i];
      assert_int_equal(part.y[i], part.kinds[i] < GR_FIRST_OTHER_THING);
      assert_true(part.kinds[i] < GR_N_THINGS);
    }
    assert_int_equal(found, bottles);
    assert_true(abs(2 * in_first_half - bottles) <= N / 8);
    part_free(&part);
  }
}

// Share of the pixels that differ, and the mean and deviation of the pictures' mean brightness in `part`.
static double changed(const gr_waste_part *a, const gr_waste_part *b, int64_t pixels) {
  int64_t count = 0;
  for (int64_t i = 0; i < a->n * pixels; i++) count += a->x[i] != b->x[i];
  return (double)count / (double)(a->n * pixels);
}

static double deviation_of_brightness(const gr_waste_part *part, int64_t pixels) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < part->n; i++) {
    double mean = 0;
    for (int64_t p = 0; p < pixels; p++) mean += part->x[i * pixels + p] / (double)pixels;
    sum += mean;
    squares += mean * mean;
  }
  double n = (double)part->n;
  return sqrt(squares / n - sum * sum / n / n);
}

static void a_knob_changes_what_its_name_says_and_leaves_the_rest(void **state) {
  (void)state;
  enum { N = 80, SIZE = 50, PIXELS = SIZE * SIZE };
  // Shares of the pixels that a knob from 0 to 1 touches: the ground around a thing that is turned or crushed
  // stays as it is; other light touches every pixel.
  static const double bounds[GR_N_KNOBS][2] = {
      [GR_KNOB_VIEWPOINT] = {0.1, 0.6},    [GR_KNOB_SCALE] = {0.1, 0.7},
      [GR_KNOB_DEFORMATION] = {0.05, 0.55}, [GR_KNOB_OCCLUSION] = {0.1, 0.7},
      [GR_KNOB_ILLUMINATION] = {0.9, 1},   [GR_KNOB_CLUTTER] = {0.5, 1},
      [GR_KNOB_VARIATION] = {0.05, 0.4},
  };
  gr_waste_plan still = plan_of(SIZE, 1, 0);
  gr_waste_part from = drawn(&still, N, N / 2, 2, 11);
  for (int k = 0; k < GR_N_KNOBS; k++) {
    gr_waste_plan turned = still;
    turned.knob[k] = 1;
    gr_waste_part to = drawn(&turned, N, N / 2, 2, 11);
    assert_memory_equal(from.y, to.y, N);
    if (k != GR_KNOB_VARIATION) assert_memory_equal(from.kinds, to.kinds, N);
    double share = changed(&from, &to, PIXELS);
    if (!(share > bounds[k][0] && share <= bounds[k][1]))
      fail_msg("knob %d changes %.3f of the pixels", k, share);
    double ratio = deviation_of_brightness(&to, PIXELS) / deviation_of_brightness(&from, PIXELS);
    if (k == GR_KNOB_ILLUMINATION)
      assert_true(ratio > 1.3);
    else
      assert_true(ratio < 1.2);
    // Half-way is between.
    turned.knob[k] = 0.5f;
    gr_waste_part half = drawn(&turned, N, N / 2, 2, 11);
    assert_true(changed(&from, &half, PIXELS) > 0.02);
    part_free(&half);
    part_free(&to);
  }
  part_free(&from);
}

static void variation_brings_other_makes_and_without_it_there_is_one(void **state) {
  (void)state;
  enum { N = 400 };
  for (int knob = 0; knob <= 1; knob++) {
    gr_waste_plan plan = plan_of(8, 1, (float)knob);
    gr_waste_part part = drawn(&plan, N, N / 2, 2, 2);
    int count[GR_N_THINGS] = {0}, bottles = 0, others = 0;
    for (int i = 0; i < N; i++) count[part.kinds[i]]++;
    for (int k = 0; k < GR_N_THINGS; k++)
      if (count[k]) *(k < GR_FIRST_OTHER_THING ? &bottles : &others) += 1;
    assert_int_equal(bottles, knob ? GR_FIRST_OTHER_THING : 1);
    assert_int_equal(others, knob ? GR_N_THINGS - GR_FIRST_OTHER_THING : 7);
    part_free(&part);
  }
}

static void brightness_and_contrast_do_not_tell_the_classes_apart(void **state) {
  (void)state;
  enum { N = 3000, SIZE = 16, PIXELS = SIZE * SIZE };
  gr_waste_plan plan = plan_of(SIZE, 1, USUAL);
  gr_waste_part part = drawn(&plan, N, N / 2, 2, 13);
  double mean[2] = {0}, deviation[2] = {0}, middle[2] = {0};
  for (int i = 0; i < N; i++) {
    double sum = 0, squares = 0;
    for (int p = 0; p < PIXELS; p++) {
      double v = part.x[i * PIXELS + p];
      sum += v;
      squares += v * v;
      if (p / SIZE > 5 && p / SIZE < 10 && p % SIZE > 5 && p % SIZE < 10)
        middle[part.y[i]] += v / 16 / (N / 2);
    }
    mean[part.y[i]] += sum / PIXELS / (N / 2);
    deviation[part.y[i]] += sqrt(squares / PIXELS - sum * sum / PIXELS / PIXELS) / (N / 2);
  }
  // Means of 1,500 pictures whose own means scatter by about 35 differ by about 1.3 for no reason.
  assert_true(fabs(mean[0] - mean[1]) < 5);
  assert_true(fabs(deviation[0] - deviation[1]) < 3);
  assert_true(fabs(middle[0] - middle[1]) < 8);
  part_free(&part);
}

static void every_thing_has_a_name_and_a_body_that_fits(void **state) {
  (void)state;
  gr_mesh *m = test_malloc(sizeof *m);
  for (int kind = 0; kind < GR_N_THINGS; kind++) {
    assert_non_null(gr_thing_name((gr_thing_kind)kind));
    for (uint64_t i = 0; i < 50; i++) {
      gr_dice dice = {{{9, i}}, 0};
      gr_thing_shape(m, (gr_thing_kind)kind, (float)(i % 3) / 2, &dice);
      assert_true(m->rings > 3 && m->rings < GR_MESH_RINGS);  // none was left out
      gr_mesh_settle(m);
      gr_extent e = gr_mesh_extent(m);
      float tall = e.high.y - e.low.y;
      assert_true(tall > 1.5f && tall < 3.2f);
      assert_true(gr_mesh_area(m) > 0.3f && gr_mesh_area(m) < 6);
    }
  }
  test_free(m);
}

static void the_smallest_and_the_largest_pictures_are_drawn(void **state) {
  (void)state;
  static const int sizes[] = {GR_WASTE_LEAST_SIZE, 63, 65, 257, GR_WASTE_MOST_SIZE};
  for (int i = 0; i < 5; i++) {
    gr_waste_plan plan = plan_of(sizes[i], 3, 1);
    gr_waste_part part = drawn(&plan, 3, 1, 2, 17);
    const int64_t bytes = (int64_t)3 * sizes[i] * sizes[i];
    for (int k = 0; k < 3; k++) {
      int least = 255, most = 0;
      for (int64_t p = 0; p < bytes; p++) {
        int v = part.x[k * bytes + p];
        least = v < least ? v : least;
        most = v > most ? v : most;
      }
      assert_true(most - least > 10);  // something is to be seen
    }
    part_free(&part);
  }
}

static void what_cannot_be_drawn_is_refused_and_ctrl_c_ends_it(void **state) {
  (void)state;
  gr_waste_plan plan = plan_of(20, 1, 0);
  gr_waste_part part = part_new(&plan, 10, 11);
  gr_err err;
  gr_stream stream = {{1, 1}};
  assert_int_equal(gr_waste(&part, &plan, stream, NULL, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "11 bottles among 10 pictures"));
  part.bottles = 5;
  plan.size = 7;
  assert_int_equal(gr_waste(&part, &plan, stream, NULL, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "8 to 512 pixels a side, not 7"));
  plan.size = 20;
  gr_interrupt_raise();
  assert_int_equal(gr_waste(&part, &plan, stream, NULL, &err), GR_ERR_INTERRUPT);
  gr_interrupt_clear();
  assert_int_equal(gr_waste(&part, &plan, stream, NULL, &err), GR_OK);
  part_free(&part);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_number_of_threads_draws_the_same_pictures),
      cmocka_unit_test(a_picture_owes_nothing_to_what_was_drawn_before_it),
      cmocka_unit_test(gray_pictures_are_the_gray_of_the_colour_ones),
      cmocka_unit_test(as_many_pictures_as_were_asked_for_show_a_bottle_anywhere_among_them),
      cmocka_unit_test(a_knob_changes_what_its_name_says_and_leaves_the_rest),
      cmocka_unit_test(variation_brings_other_makes_and_without_it_there_is_one),
      cmocka_unit_test(brightness_and_contrast_do_not_tell_the_classes_apart),
      cmocka_unit_test(every_thing_has_a_name_and_a_body_that_fits),
      cmocka_unit_test(the_smallest_and_the_largest_pictures_are_drawn),
      cmocka_unit_test(what_cannot_be_drawn_is_refused_and_ctrl_c_ends_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
