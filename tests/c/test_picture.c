// Pictures: what Pillow wrote is read as Pillow reads it; what is damaged or lies is refused with a sentence
// and takes neither time nor memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "data/cifar.h"
#include "data/file.h"
#include "data/npy.h"
#include "data/picture.h"
#include "data/png.h"

static const char *fixture(const char *name) {
  static char path[2][512];
  static int turn;
  const char *tests = getenv("GRADUS_TESTS"), *slash = strrchr(__FILE__, '/');
  turn = !turn;
  if (tests)
    snprintf(path[turn], sizeof path[0], "%s/data/pictures/%s", tests, name);
  else
    snprintf(path[turn], sizeof path[0], "%.*s/../data/pictures/%s", (int)(slash - __FILE__), __FILE__, name);
  return path[turn];
}

static gr_bytes bytes_of(const char *name) {
  gr_bytes b;
  gr_err err;
  if (gr_file_read(&b, fixture(name), &err)) fail_msg("%s", err.text);
  return b;
}

static gr_picture read_as(const char *name, const gr_picture_wish *wish) {
  gr_picture p;
  gr_err err;
  if (gr_picture_read(&p, fixture(name), wish, &err)) fail_msg("%s", err.text);
  return p;
}

static gr_tensor expected(const char *name) {
  gr_tensor t;
  gr_err err;
  gr_bytes b = bytes_of(name);
  if (gr_npy_parse(&t, b.data, b.size, name, &err)) fail_msg("%s", err.text);
  gr_bytes_finish(&b);
  return t;
}

// Each byte within `off` of the expected one.
static void assert_near(const char *name, const gr_picture *p, const gr_tensor *t, int off) {
  int channels = t->ndim == 3 ? (int)t->shape[2] : 1;
  if (p->height != t->shape[0] || p->width != t->shape[1] || p->channels != channels)
    fail_msg("%s: %dx%dx%d", name, p->height, p->width, p->channels);
  bool is_bool = t->dtype == GR_BOOL;  // Pillow's 1-bit pictures
  for (int64_t i = 0; i < gr_tensor_size(t); i++) {
    int wanted = is_bool ? 255 * ((uint8_t *)t->data)[i] : ((uint8_t *)t->data)[i];
    if (abs(p->data[i] - wanted) > off)
      fail_msg("%s: byte %d is %d, not %d", name, (int)i, p->data[i], wanted);
  }
}

static void check(const char *picture, const char *array, int off) {
  gr_picture p = read_as(picture, NULL);
  gr_tensor t = expected(array);
  assert_near(picture, &p, &t, off);
  gr_picture_finish(&p);
  gr_tensor_finish(&t);
}

// ---- good files ----

static void every_kind_of_png_is_read_as_pillow_reads_it(void **state) {
  static const char *const names[] = {"rgb",   "gray",  "rgba",  "gray_alpha", "palette",
                                      "gray1", "gray2", "gray4", "interlaced", "interlaced1"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char picture[64], array[64];
    snprintf(picture, sizeof picture, "%s.png", names[i]);
    snprintf(array, sizeof array, "%s_png.npy", names[i]);
    check(picture, array, 0);
  }
}

static void sixteen_bits_are_rounded_to_eight(void **state) {
  check("gray16.png", "gray_png.npy", 0);
  check("rgb16.png", "rgb_png.npy", 0);
}

static void a_transparent_colour_becomes_alpha_and_white_when_it_is_laid_down(void **state) {
  gr_picture p = read_as("transparent_gray.png", NULL);
  assert_int_equal(p.channels, 2);
  int at = 3 * p.width + 4, hidden = 0;
  assert_int_equal(p.data[2 * at + 1], 0);
  for (int i = 0; i < p.height * p.width; i++) hidden += p.data[2 * i + 1] == 0;
  gr_picture_flatten(&p);
  assert_int_equal(p.channels, 1);
  assert_int_equal(p.data[at], 255);
  assert_true(hidden >= 1 && hidden < p.height * p.width / 4);
  gr_picture_finish(&p);
}

static void every_kind_of_jpeg_is_read_as_pillow_reads_it(void **state) {
  // The numbers may differ by what one release of libjpeg-turbo does otherwise than another.
  check("rgb.jpg", "rgb_jpg.npy", 2);
  check("progressive.jpg", "progressive_jpg.npy", 2);
  check("sharp.jpg", "sharp_jpg.npy", 2);
  check("gray.jpg", "gray_jpg.npy", 2);
  check("cmyk.jpg", "cmyk_jpg.npy", 3);
}

static void a_jpeg_stands_upright_whatever_exif_says(void **state) {
  // The file has a bright square where its first row and column meet, a darker one at the first row's end.
  static const struct {
    int height, width, bright_y, bright_x, dark_y, dark_x;
  } wanted[] = {{24, 40, 4, 4, 4, 36},   {24, 40, 4, 36, 4, 4}, {24, 40, 20, 36, 20, 4},
                {24, 40, 20, 4, 20, 36}, {40, 24, 4, 4, 36, 4}, {40, 24, 4, 20, 36, 20},
                {40, 24, 36, 20, 4, 20}, {40, 24, 36, 4, 4, 4}};
  for (int i = 0; i < 8; i++) {
    char name[32];
    snprintf(name, sizeof name, "turned%d.jpg", i + 1);
    gr_picture p = read_as(name, NULL);
    assert_true(p.height == wanted[i].height && p.width == wanted[i].width);
    assert_in_range(p.data[wanted[i].bright_y * p.width + wanted[i].bright_x], 245, 255);
    assert_in_range(p.data[wanted[i].dark_y * p.width + wanted[i].dark_x], 115, 125);
    gr_picture_finish(&p);
  }
}

static void grey_is_weighted_as_pillow_weighs_it(void **state) {
  gr_picture p = read_as("rgb.png", NULL);
  gr_tensor t = expected("rgb_as_gray.npy");
  gr_picture_gray(&p);
  assert_near("grey", &p, &t, 0);
  gr_picture_finish(&p);
  gr_tensor_finish(&t);
}

static void a_shrunk_picture_has_the_means_of_areas(void **state) {
  static const int sizes[][2] = {{5, 7}, {50, 50}, {13, 18}, {1, 1}};
  gr_picture p = read_as("rgb.png", NULL);
  for (int i = 0; i < 4; i++) {
    char name[32];
    gr_err err;
    gr_picture small = {.height = sizes[i][0], .width = sizes[i][1], .channels = 3};
    uint8_t out[50 * 50 * 3];
    snprintf(name, sizeof name, "shrunk_%dx%d.npy", small.height, small.width);
    assert_int_equal(gr_picture_shrink(out, small.height, small.width, &p, NULL, name, &err), GR_OK);
    small.data = out;
    gr_tensor t = expected(name);
    assert_near(name, &small, &t, 1);
    gr_tensor_finish(&t);
  }
  gr_picture_finish(&p);
}

static void a_part_of_a_picture_is_cut_out_and_one_outside_gives_its_edge(void **state) {
  gr_picture p = read_as("gray.png", NULL);
  uint8_t out[6];
  gr_err err;
  assert_int_equal(gr_picture_shrink(out, 2, 3, &p, &(gr_box_part){4, 5, 2, 3}, "part", &err), GR_OK);
  for (int i = 0; i < 6; i++) assert_int_equal(out[i], p.data[(4 + i / 3) * p.width + 5 + i % 3]);
  static const gr_box_part strange[] = {
      {-5, -5, 2, 2}, {100, 100, 3, 3}, {0, 0, 0, 0}, {-50, -50, 1000, 1000}};
  for (int i = 0; i < 4; i++)
    assert_int_equal(gr_picture_shrink(out, 2, 3, &p, &strange[i], "part", &err), GR_OK);
  gr_picture_finish(&p);
}

static void a_wish_for_less_gives_no_less_than_wished(void **state) {
  gr_picture_wish wish = {.height = 13, .width = 13, .gray = true};
  gr_picture p = read_as("rgb.jpg", &wish);  // 52 x 72: a quarter is 13 x 18
  assert_true(p.height == 13 && p.width == 18 && p.channels == 1);
  gr_picture_finish(&p);
  wish.height = 14;
  p = read_as("rgb.jpg", &wish);
  assert_true(p.height == 26 && p.width == 36);
  gr_picture_finish(&p);
  wish = (gr_picture_wish){.height = 20, .width = 12};
  p = read_as("turned6.jpg", &wish);  // upright it is 40 x 24
  assert_true(p.height == 20 && p.width == 12);
  gr_picture_finish(&p);
}

static void a_written_png_reads_back(void **state) {
  static const char *const names[] = {"gray.png", "gray_alpha.png", "rgb.png", "rgba.png"};
  for (int i = 0; i < 4; i++) {
    gr_picture p = read_as(names[i], NULL), back;
    gr_str text = {0};
    gr_err err;
    assert_int_equal(gr_png_format(&text, &p, "x", &err), GR_OK);
    assert_int_equal(gr_picture_parse(&back, (uint8_t *)text.text, text.length, NULL, "x", &err), GR_OK);
    assert_true(back.height == p.height && back.width == p.width && back.channels == p.channels);
    assert_memory_equal(back.data, p.data, (size_t)(p.height * p.width * p.channels));
    gr_str_finish(&text);
    gr_picture_finish(&p);
    gr_picture_finish(&back);
  }
}

// ---- hostile files ----

static const char *const all[] = {"rgb.png",        "rgba.png",        "palette.png", "gray1.png",
                                  "interlaced.png", "rgb16.png",       "gray.jpg",    "rgb.jpg",
                                  "cmyk.jpg",       "progressive.jpg", "turned6.jpg"};

static void a_picture_cut_anywhere_is_refused(void **state) {
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
    gr_bytes b = bytes_of(all[k]);
    size_t step = b.size > 400 ? b.size / 397 : 1;
    for (size_t cut = 0; cut < b.size - 2; cut += step) {
      gr_picture p;
      gr_err err;
      uint8_t *copy = malloc(cut + 1);  // of its own: AddressSanitizer sees what reads past it
      memcpy(copy, b.data, cut);
      if (!gr_picture_parse(&p, copy, cut, NULL, all[k], &err))
        fail_msg("%s cut at %zu was read", all[k], cut);
      assert_null(p.data);
      assert_non_null(strstr(err.text, all[k]));
      free(copy);
    }
    gr_bytes_finish(&b);
  }
}

static void a_picture_with_bytes_changed_does_no_harm(void **state) {
  uint32_t random = 1;
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
    gr_bytes b = bytes_of(all[k]);
    for (int round = 0; round < 300; round++) {
      gr_picture p;
      gr_err err;
      uint8_t *copy = malloc(b.size);
      memcpy(copy, b.data, b.size);
      for (int changes = 0; changes < 1 + round % 4; changes++) {
        random = random * 1664525 + 1013904223;
        copy[(random >> 8) % b.size] = (uint8_t)(random >> 3);
      }
      gr_picture_wish wish = {.height = 8, .width = 8, .gray = round & 1};
      gr_picture_parse(&p, copy, b.size, round & 2 ? &wish : NULL, "changed", &err);
      gr_picture_finish(&p);
      free(copy);
    }
    gr_bytes_finish(&b);
  }
}

static void refuse(const char *name, const char *part) {
  gr_picture p;
  gr_err err;
  if (!gr_picture_read(&p, fixture(name), NULL, &err)) fail_msg("%s was read", name);
  if (!strstr(err.text, part)) fail_msg("wanted \"%s\" in: %s", part, err.text);
}

static void a_bomb_is_refused_before_memory_is_taken(void **state) {
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  refuse("bomb.png", "cannot hold as many");
  refuse("bomb.jpg", "can hold");
  getrusage(RUSAGE_SELF, &after);
  assert_true(after.ru_maxrss - before.ru_maxrss < 8 << 10);
}

static void what_is_no_picture_is_named(void **state) {
  static const struct {
    const char *bytes;
    size_t size;
    const char *part;
  } cases[] = {{"", 0, "the file is empty"},
               {"GIF89a....", 10, "it is a GIF"},
               {"RIFF....WEBPVP8 ", 16, "it is a WebP"},
               {"\0\0\0\30ftypheic", 12, "HEIC"},
               {"hello", 5, "neither a PNG nor a JPEG"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gr_picture p;
    gr_err err;
    assert_int_not_equal(
        gr_picture_parse(&p, (const uint8_t *)cases[i].bytes, cases[i].size, NULL, "x", &err), GR_OK);
    if (!strstr(err.text, cases[i].part)) fail_msg("%s", err.text);
  }
}

// ---- CIFAR ----

static void cifar_records_become_pictures_with_their_channels_last(void **state) {
  enum { RECORD = 1 + 3072 };
  static uint8_t data[2 * RECORD + 2];
  gr_tensor x, y;
  gr_err err;
  data[0] = 3;
  data[RECORD] = 9;
  data[RECORD + 1 + 1024 + 32 * 4 + 7] = 200;  // the second picture: green, row 4, column 7
  assert_int_equal(gr_cifar_parse(&x, &y, data, 2 * RECORD, 1, "c", &err), GR_OK);
  assert_true(x.shape[0] == 2 && x.shape[1] == 32 && x.shape[2] == 32 && x.shape[3] == 3);
  assert_true(((uint8_t *)y.data)[0] == 3 && ((uint8_t *)y.data)[1] == 9);
  assert_int_equal(((uint8_t *)x.data)[3072 + (4 * 32 + 7) * 3 + 1], 200);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  assert_int_not_equal(gr_cifar_parse(&x, &y, data, RECORD + 1, 1, "c", &err), GR_OK);
  assert_non_null(strstr(err.text, "records of 3073 bytes"));
  data[0] = 10;
  assert_int_not_equal(gr_cifar_parse(&x, &y, data, RECORD, 1, "c", &err), GR_OK);
  assert_non_null(strstr(err.text, "label 10"));
  data[1] = 99;  // CIFAR-100: the second label is the fine one
  assert_int_equal(gr_cifar_parse(&x, &y, data, RECORD + 1, 2, "c", &err), GR_OK);
  assert_int_equal(((uint8_t *)y.data)[0], 99);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_of_png_is_read_as_pillow_reads_it),
      cmocka_unit_test(sixteen_bits_are_rounded_to_eight),
      cmocka_unit_test(a_transparent_colour_becomes_alpha_and_white_when_it_is_laid_down),
      cmocka_unit_test(every_kind_of_jpeg_is_read_as_pillow_reads_it),
      cmocka_unit_test(a_jpeg_stands_upright_whatever_exif_says),
      cmocka_unit_test(grey_is_weighted_as_pillow_weighs_it),
      cmocka_unit_test(a_shrunk_picture_has_the_means_of_areas),
      cmocka_unit_test(a_part_of_a_picture_is_cut_out_and_one_outside_gives_its_edge),
      cmocka_unit_test(a_wish_for_less_gives_no_less_than_wished),
      cmocka_unit_test(a_written_png_reads_back),
      cmocka_unit_test(a_picture_cut_anywhere_is_refused),
      cmocka_unit_test(a_picture_with_bytes_changed_does_no_harm),
      cmocka_unit_test(a_bomb_is_refused_before_memory_is_taken),
      cmocka_unit_test(what_is_no_picture_is_named),
      cmocka_unit_test(cifar_records_become_pictures_with_their_channels_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
