// Random streams: against numbers that NumPy 1.24 gave, and roughly against chance.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"

static gr_err err;

static void assert_same(double got, double wanted) {
  if (got != wanted) fail_msg("got %a, wanted %a", got, wanted);
}

// At most one unit in the last place: the C library's log is not NumPy's on every machine.
static void assert_next_to(double got, double wanted) {
  if (got != wanted && got != nextafter(wanted, got)) fail_msg("got %a, wanted %a", got, wanted);
}

static void words_of_seed_1_are_numpys(void **state) {
  (void)state;
  static const uint32_t wanted[] = {1791095845, 4282876139, 3093770124, 4005303368,
                                    491263,     550290313,  1298508491, 4290846341};
  gr_random r;
  gr_random_seed(&r, 1);
  for (int i = 0; i < 8; i++) assert_int_equal(gr_random_u32(&r), wanted[i]);
}

static void word_10000_of_seed_5489_is_the_one_the_standard_names(void **state) {
  (void)state;
  gr_random r;
  gr_random_seed(&r, 5489);
  for (int i = 1; i < 10000; i++) gr_random_u32(&r);
  assert_int_equal(gr_random_u32(&r), 4123659995u);
}

static void an_array_of_seeds_gives_the_words_of_its_authors(void **state) {
  (void)state;
  static const uint32_t seeds[] = {0x123, 0x234, 0x345, 0x456};
  static const uint32_t wanted[] = {1067595299, 955945823, 477289528, 4107218783, 4228976476};
  gr_random r;
  gr_random_seed_array(&r, seeds, 4);
  for (int i = 0; i < 5; i++) assert_int_equal(gr_random_u32(&r), wanted[i]);
}

static void an_array_of_seeds_may_be_longer_than_the_state(void **state) {
  (void)state;
  static const uint32_t wanted[] = {3727595200, 1914792892, 3929396303, 3603564374};
  uint32_t seeds[700];
  for (uint32_t i = 0; i < 700; i++) seeds[i] = i;
  gr_random r;
  gr_random_seed_array(&r, seeds, 700);
  for (int i = 0; i < 4; i++) assert_int_equal(gr_random_u32(&r), wanted[i]);
}

static void doubles_are_numpys(void **state) {
  (void)state;
  static const double one[] = {0x1.ab07d0ffa3c06p-2, 0x1.70ce5f3baf051p-1, 0x1.dfb906661c000p-14,
                               0x1.3596ab7fe08f4p-2, 0x1.2c8e5a3c7053cp-3};
  static const double zero[] = {0.5488135039273248, 0.7151893663724195, 0.6027633760716439,
                                0.5448831829968969, 0.4236547993389047};
  static const double answer[] = {0.3745401188473625, 0.9507143064099162, 0.7319939418114051,
                                  0.5986584841970366, 0.15601864044243652};
  gr_random a, b, c;
  gr_random_seed(&a, 1);
  gr_random_seed(&b, 0);
  gr_random_seed(&c, 42);
  for (int i = 0; i < 5; i++) {
    assert_same(gr_random_double(&a), one[i]);
    assert_same(gr_random_double(&b), zero[i]);
    assert_same(gr_random_double(&c), answer[i]);
  }
}

static void the_weights_of_the_neuron_are_the_lectures(void **state) {
  (void)state;
  static const double wanted[] = {-0x1.53e0bc0170fe8p-3, 0x1.c3397ceebc144p-2, -0x1.ffe2046f999e4p-1};
  gr_random r;
  gr_random_seed(&r, 1);
  for (int i = 0; i < 3; i++) assert_same(2 * gr_random_double(&r) - 1, wanted[i]);
}

static void normals_are_numpys(void **state) {
  (void)state;
  static const double wanted[] = {0x1.9fd5190657c50p+0,  -0x1.393822fb7d9adp-1, -0x1.0e6c872548fd2p-1,
                                  -0x1.12ae1255cb80cp+0, 0x1.bb16b5735117dp-1,  -0x1.2698d1ecca259p+1};
  gr_random r;
  gr_random_seed(&r, 1);
  for (int i = 0; i < 6; i++) assert_next_to(gr_random_gauss(&r), wanted[i]);
}

static void the_second_normal_of_a_pair_waits_and_a_seed_forgets_it(void **state) {
  (void)state;
  gr_random r;
  gr_random_seed(&r, 1);
  assert_same(gr_random_double(&r), 0x1.ab07d0ffa3c06p-2);
  assert_next_to(gr_random_gauss(&r), -0x1.9ab665f778871p-1);
  assert_same(gr_random_double(&r), 0x1.7a3808cb0ca10p-4);
  assert_next_to(gr_random_gauss(&r), -0x1.cba69fc03e5b1p-2);
  gr_random_gauss(&r);
  gr_random_seed(&r, 1);
  assert_next_to(gr_random_gauss(&r), 0x1.9fd5190657c50p+0);
}

// Many numbers at once, from every place in a block and with a normal waiting or not.
static void many_at_once_are_the_numbers_one_at_a_time(void **state) {
  (void)state;
  static gr_random one, many;
  static double got[2000];
  static uint64_t whole[2000];
  gr_random_seed(&one, 9);
  many = one;
  for (int round = 0; round < 300; round++) {
    int n = round * 37 % 2000;
    gr_random_doubles(&many, got, n);
    for (int i = 0; i < n; i++) assert_same(got[i], gr_random_double(&one));
    gr_random_intervals(&many, whole, round % 7, round < 200 ? 9 : 1ull << 40);
    for (int i = 0; i < round % 7; i++)
      assert_int_equal(whole[i], gr_random_interval(&one, round < 200 ? 9 : 1ull << 40));
    gr_random_gausses(&many, got, n);
    for (int i = 0; i < n; i++) assert_same(got[i], gr_random_gauss(&one));
    assert_int_equal(one.position, many.position);
    assert_int_equal(one.has_gauss, many.has_gauss);
    assert_same(one.gauss, many.gauss);
  }
}

static void a_shuffle_draws_as_if_one_item_at_a_time(void **state) {
  (void)state;
  static gr_random one, many;
  static int64_t got[5000], wanted[5000];
  gr_random_seed(&one, 3);
  many = one;
  for (int n = 0; n < 5000; n = n * 2 + 1) {
    assert_int_equal(gr_random_permutation(&many, got, n, &err), GR_OK);
    for (int i = 0; i < n; i++) wanted[i] = i;
    for (int i = n - 1; i > 0; i--) {
      int j = (int)gr_random_interval(&one, (uint64_t)i);
      int64_t item = wanted[i];
      wanted[i] = wanted[j];
      wanted[j] = item;
    }
    assert_memory_equal(got, wanted, (size_t)n * sizeof *got);
    assert_int_equal(one.position, many.position);
  }
}

static void permutations_are_numpys(void **state) {
  (void)state;
  static const int64_t one[] = {2, 9, 6, 4, 0, 3, 1, 7, 8, 5}, zero[] = {2, 8, 4, 9, 1, 6, 7, 3, 0, 5},
                       answer[] = {8, 1, 5, 0, 7, 2, 9, 4, 3, 6},
                       thousand[] = {507, 818, 452, 368, 242, 929, 262, 810, 318, 49};
  static int64_t got[1000];
  gr_random r;
  gr_random_seed(&r, 1);
  assert_int_equal(gr_random_permutation(&r, got, 10, &err), GR_OK);
  assert_memory_equal(got, one, sizeof one);
  gr_random_seed(&r, 0);
  assert_int_equal(gr_random_permutation(&r, got, 10, &err), GR_OK);
  assert_memory_equal(got, zero, sizeof zero);
  gr_random_seed(&r, 42);
  assert_int_equal(gr_random_permutation(&r, got, 10, &err), GR_OK);
  assert_memory_equal(got, answer, sizeof answer);
  gr_random_seed(&r, 1);
  assert_int_equal(gr_random_permutation(&r, got, 1000, &err), GR_OK);
  assert_memory_equal(got, thousand, sizeof thousand);
  assert_same(gr_random_double(&r), 0.3456988211755023);
}

static void intervals_are_numpys_small_and_large(void **state) {
  (void)state;
  static const uint64_t small[] = {5, 8, 9, 5, 0, 0, 1, 7, 6, 9, 2, 4},
                        large[] = {163196666091, 605300724808, 1095766950793};
  gr_random r;
  gr_random_seed(&r, 1);
  for (int i = 0; i < 12; i++) assert_int_equal(gr_random_interval(&r, 9), small[i]);
  gr_random_seed(&r, 1);
  for (int i = 0; i < 3; i++) assert_int_equal(gr_random_interval(&r, (1ull << 40) - 1), large[i]);
  gr_random_seed(&r, 1);
  assert_int_equal(gr_random_interval(&r, UINT32_MAX), 1791095845);
  gr_random_seed(&r, 1);
  assert_int_equal(gr_random_interval(&r, UINT64_MAX), (1791095845ull << 32) + 4282876139);
}

static void an_interval_of_one_value_draws_nothing(void **state) {
  (void)state;
  gr_random r;
  gr_random_seed(&r, 1);
  for (int i = 0; i < 100; i++) assert_int_equal(gr_random_interval(&r, 0), 0);
  assert_int_equal(gr_random_permutation(&r, NULL, 0, &err), GR_OK);
  assert_int_equal(gr_random_u32(&r), 1791095845);
}

// ---- streams ----

static const gr_stream nothing = {{0, 0}}, some = {{0x0123456789abcdef, 42}};

// Chi-squared of 2^16 draws in 256 bins has mean 255 and standard deviation 22.6; 6 of those either way.
static void assert_level(const unsigned *bins, unsigned draws) {
  double expected = draws / 256.0, chi = 0;
  for (int i = 0; i < 256; i++) chi += (bins[i] - expected) * (bins[i] - expected) / expected;
  if (chi < 120 || chi > 390) fail_msg("chi-squared of 256 bins is %g", chi);
}

static void every_byte_of_a_stream_is_uniform(void **state) {
  (void)state;
  for (int which = 0; which < 2; which++)
    for (int byte = 0; byte < 8; byte++) {
      unsigned bins[256] = {0};
      for (uint64_t i = 0; i < 1 << 16; i++)
        bins[gr_stream_u64(which ? some : nothing, i) >> 8 * byte & 255]++;
      assert_level(bins, 1 << 16);
    }
}

static void one_bit_of_counter_or_key_changes_half_of_the_number(void **state) {
  (void)state;
  for (int bit = 0; bit < 192; bit++) {
    int changed = 0;
    for (uint64_t i = 0; i < 256; i++) {
      gr_stream s = some;
      uint64_t counter = i;
      if (bit < 64)
        counter ^= 1ull << bit;
      else
        s.key[bit / 64 - 1] ^= 1ull << bit % 64;
      changed += __builtin_popcountll(gr_stream_u64(some, i) ^ gr_stream_u64(s, counter));
    }
    // 256 * 64 coins: 8192 heads, standard deviation 64.
    if (abs(changed - 8192) > 400) fail_msg("bit %d changes %d of 16384 bits", bit, changed);
  }
}

static void streams_of_different_purposes_are_independent(void **state) {
  (void)state;
  for (uint64_t purpose = 0; purpose < 8; purpose++) {
    gr_stream a = gr_stream_derive(some, purpose), b = gr_stream_derive(some, purpose + 1);
    unsigned pairs[256] = {0};
    double product = 0;
    for (uint64_t i = 0; i < 1 << 16; i++) {
      pairs[gr_stream_u64(a, i) >> 60 << 4 | gr_stream_u64(b, i) >> 60]++;
      product += (gr_stream_double(a, i) - 0.5) * (gr_stream_double(b, i) - 0.5);
    }
    assert_level(pairs, 1 << 16);
    // The mean of 65536 products has standard deviation 1 / 12 / 256.
    assert_true(fabs(product / 65536) < 5.0 / 12 / 256);
  }
}

static void neighbours_in_a_stream_are_independent(void **state) {
  (void)state;
  unsigned pairs[256] = {0};
  for (uint64_t i = 0; i < 1 << 16; i++)
    pairs[gr_stream_u64(some, i) >> 60 << 4 | gr_stream_u64(some, i + 1) >> 60]++;
  assert_level(pairs, 1 << 16);
}

static void a_derived_stream_is_the_same_every_time_and_unlike_its_parent(void **state) {
  (void)state;
  gr_stream a = gr_stream_derive(some, 7), b = gr_stream_derive(some, 7), c = gr_stream_derive(a, 7);
  assert_memory_equal(&a, &b, sizeof a);
  assert_int_not_equal(a.key[0], c.key[0]);
  for (uint64_t i = 0; i < 1000; i++) {
    assert_int_equal(gr_stream_u64(a, i), gr_stream_u64(b, i));
    assert_int_not_equal(gr_stream_u64(a, i), gr_stream_u64(some, i));
  }
}

// Recorded: `fit` must give the same networks in every version.
static void streams_do_not_change(void **state) {
  (void)state;
  assert_int_equal(gr_stream_u64(some, 0), 0xe8f89ba2ecd9b24d);
  assert_int_equal(gr_stream_u64(some, 1), 0x620b0e082daa82b8);
  assert_int_equal(gr_stream_derive(some, 1).key[0], 0x89a8c665bac20508);
  assert_int_equal(gr_stream_derive(some, 1).key[1], 0xcf6175296f3e8e64);
}

static void doubles_of_a_stream_are_below_one(void **state) {
  (void)state;
  double sum = 0;
  for (uint64_t i = 0; i < 100000; i++) {
    double d = gr_stream_double(some, i);
    assert_true(d >= 0 && d < 1);
    sum += d;
  }
  assert_true(fabs(sum / 100000 - 0.5) < 0.005);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_of_seed_1_are_numpys),
      cmocka_unit_test(word_10000_of_seed_5489_is_the_one_the_standard_names),
      cmocka_unit_test(an_array_of_seeds_gives_the_words_of_its_authors),
      cmocka_unit_test(an_array_of_seeds_may_be_longer_than_the_state),
      cmocka_unit_test(doubles_are_numpys),
      cmocka_unit_test(the_weights_of_the_neuron_are_the_lectures),
      cmocka_unit_test(normals_are_numpys),
      cmocka_unit_test(the_second_normal_of_a_pair_waits_and_a_seed_forgets_it),
      cmocka_unit_test(many_at_once_are_the_numbers_one_at_a_time),
      cmocka_unit_test(a_shuffle_draws_as_if_one_item_at_a_time),
      cmocka_unit_test(permutations_are_numpys),
      cmocka_unit_test(intervals_are_numpys_small_and_large),
      cmocka_unit_test(an_interval_of_one_value_draws_nothing),
      cmocka_unit_test(every_byte_of_a_stream_is_uniform),
      cmocka_unit_test(one_bit_of_counter_or_key_changes_half_of_the_number),
      cmocka_unit_test(streams_of_different_purposes_are_independent),
      cmocka_unit_test(neighbours_in_a_stream_are_independent),
      cmocka_unit_test(a_derived_stream_is_the_same_every_time_and_unlike_its_parent),
      cmocka_unit_test(streams_do_not_change),
      cmocka_unit_test(doubles_of_a_stream_are_below_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
