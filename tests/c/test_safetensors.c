// .safetensors and .npz as written and read again, and what is wrong with files that were damaged or made to
// harm: one clear sentence, never a crash.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "data/load.h"
#include "data/safetensors.h"

// ---- helpers ----

static char folder[] = "/tmp/gradus-safetensors-XXXXXX";

static const char *scratch(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

// A file's bytes: the length of the header, the header, `numbers` bytes 0, 1, 2, ...
typedef struct made {
  uint8_t bytes[2048];
  size_t size;
} made;

static made make(const char *header, size_t numbers) {
  made m = {.size = 8 + strlen(header) + numbers};
  assert_true(m.size <= sizeof m.bytes);
  for (int i = 0; i < 8; i++) m.bytes[i] = (uint8_t)((uint64_t)strlen(header) >> 8 * i);
  memcpy(m.bytes + 8, header, strlen(header));
  for (size_t i = 0; i < numbers; i++) m.bytes[8 + strlen(header) + i] = (uint8_t)i;
  return m;
}

// Opens a copy, in memory of its own size so that a sanitizer sees every byte beyond, and reads all tensors.
static gr_code read_all(const uint8_t *bytes, size_t size, gr_err *err) {
  void *copy = NULL;
  gr_safetensors s;
  assert_int_equal(gr_alloc(&copy, size, "a copy", err), GR_OK);
  if (size) memcpy(copy, bytes, size);
  gr_bytes file = {copy, size};
  gr_code code = gr_safetensors_open(&s, &file, "here.safetensors", err);
  assert_null(file.data);
  for (size_t i = 0; !code && i < s.n; i++) {
    gr_tensor t;
    code = gr_safetensors_tensor(&t, &s, i, err);
    gr_tensor_finish(&t);
  }
  gr_safetensors_close(&s);
  return code;
}

static void assert_refused(const made *m, const char *part) {
  gr_err err;
  if (!read_all(m->bytes, m->size, &err)) fail_msg("it was read; wanted \"%s\"", part);
  if (!strstr(err.text, part)) fail_msg("wanted \"%s\" in: %s", part, err.text);
  if (strncmp(err.text, "here.safetensors", 16) != 0) fail_msg("no file named in: %s", err.text);
}

static gr_tensor counted(gr_dtype dtype, int ndim, const int64_t *shape) {
  gr_tensor t;
  gr_err err;
  assert_int_equal(gr_tensor_init(&t, dtype, ndim, shape, &err), GR_OK);
  for (int64_t i = 0; i < gr_tensor_size(&t); i++) {
    gr_tensor flat;
    assert_int_equal(gr_tensor_view_reshape(&flat, &t, 1, (int64_t[]){gr_tensor_size(&t)}, &err), GR_OK);
    gr_tensor_set(&flat, &i, dtype == GR_BOOL ? i % 2 : (double)i);
  }
  return t;
}

static void assert_same(const gr_tensor *a, const gr_tensor *b) {
  assert_int_equal(a->dtype, b->dtype);
  assert_true(gr_tensor_same_shape(a, b));
  for (int64_t i = 0; i < gr_tensor_size(a); i++) {
    int64_t index[GR_MAX_DIMS], rest = i;
    for (int d = a->ndim; d-- > 0;) {
      index[d] = rest % a->shape[d];
      rest /= a->shape[d];
    }
    assert_true(gr_tensor_get(a, index) == gr_tensor_get(b, index));
  }
}

// ---- writing and reading ----

enum { N = 7 };
static const char *const names[N] = {
    "a", "dense/kernel", "with \"quotes\" and\nlines", "µ", "scalar", "empty", "t"};

static void make_tensors(gr_tensor *t) {
  gr_err err;
  t[0] = counted(GR_BOOL, 1, (int64_t[]){5});
  t[1] = counted(GR_F32, 2, (int64_t[]){3, 2});
  t[2] = counted(GR_F64, 3, (int64_t[]){1, 2, 3});
  t[3] = counted(GR_U8, 1, (int64_t[]){3});
  t[4] = counted(GR_I64, 0, NULL);
  t[5] = counted(GR_F32, 2, (int64_t[]){0, 4});
  t[6] = counted(GR_F32, 2, (int64_t[]){4, 3});
  assert_int_equal(gr_tensor_view_permute(&t[6], &t[6], (int[]){1, 0}, &err), GR_OK);
}

// `extension` chooses the format; `deflated` is for .npz.
static void write_them(const char *path, const gr_tensor *t, bool npz, bool deflated) {
  const gr_tensor *pointers[N];
  gr_named_list list;
  gr_err err;
  for (int i = 0; i < N; i++) pointers[i] = &t[i];
  assert_int_equal(gr_named_init(&list, N, names, pointers, path, &err), GR_OK);
  gr_pair metadata[] = {{(char[]){"format"}, (char[]){"pt"}}, {(char[]){"note"}, (char[]){"\t\"é\\"}}};
  if (npz ? gr_npz_write(path, &list, deflated, &err) : gr_safetensors_write(path, &list, metadata, 2, &err))
    fail_msg("%s", err.text);
  gr_named_finish(&list);
}

static void what_is_written_reads_back_in_every_dtype(void **state) {
  gr_tensor t[N], back;
  gr_loaded l;
  gr_err err;
  make_tensors(t);
  write_them(scratch("t.safetensors"), t, false, false);
  if (gr_load(&l, scratch("t.safetensors"), 0, &err)) fail_msg("%s", err.text);
  assert_true(l.is_safetensors && l.safetensors.n == N && l.safetensors.start % 8 == 0);
  for (size_t i = 0; i < N; i++)
    for (int k = 0; k < N; k++) {
      if (strcmp(l.safetensors.entries[i].name, names[k]) != 0) continue;
      assert_int_equal(gr_safetensors_tensor(&back, &l.safetensors, i, &err), GR_OK);
      assert_same(&back, &t[k]);
      gr_tensor_finish(&back);
      assert_true(l.safetensors.entries[i].begin % gr_dtype_size((gr_dtype)t[k].dtype) == 0);
    }
  assert_int_equal(l.safetensors.n_metadata, 2);
  assert_string_equal(l.safetensors.metadata[1].key, "note");
  assert_string_equal(l.safetensors.metadata[1].text, "\t\"é\\");
  gr_loaded_finish(&l);
  for (int i = 0; i < N; i++) gr_tensor_finish(&t[i]);
}

static void archives_are_written_stored_and_deflated(void **state) {
  gr_tensor t[N], back;
  gr_loaded l;
  gr_err err;
  make_tensors(t);
  for (int deflated = 0; deflated < 2; deflated++) {
    write_them(scratch("t.npz"), t, true, deflated);
    if (gr_load(&l, scratch("t.npz"), 0, &err)) fail_msg("%s", err.text);
    assert_true(l.is_archive && l.archive.n == N);
    for (size_t i = 0; i < N; i++) {
      assert_string_equal(l.archive.entries[i].name, names[i]);
      assert_int_equal(l.archive.entries[i].deflated, deflated);
      if (gr_npz_tensor(&back, &l.archive, i, &err)) fail_msg("%s", err.text);
      assert_same(&back, &t[i]);
      gr_tensor_finish(&back);
    }
    gr_loaded_finish(&l);
  }
  for (int i = 0; i < N; i++) gr_tensor_finish(&t[i]);
}

static void no_tensors_are_a_file_too(void **state) {
  gr_named_list none = {0};
  gr_loaded l;
  gr_err err;
  assert_int_equal(gr_safetensors_write(scratch("none"), &none, NULL, 0, &err), GR_OK);
  assert_int_equal(gr_load(&l, scratch("none"), 0, &err), GR_OK);
  assert_true(l.is_safetensors && l.safetensors.n == 0);
  gr_loaded_finish(&l);
  assert_int_equal(gr_npz_write(scratch("none"), &none, true, &err), GR_OK);
  assert_int_equal(gr_load(&l, scratch("none"), 0, &err), GR_OK);
  assert_true(l.is_archive && l.archive.n == 0);
  gr_loaded_finish(&l);
}

static void names_that_no_file_can_hold_are_refused(void **state) {
  gr_tensor t = counted(GR_F32, 1, (int64_t[]){1});
  const gr_tensor *both[] = {&t, &t};
  gr_named_list list;
  gr_err err;
  assert_int_equal(gr_named_init(&list, 2, (const char *[]){"w", "w"}, both, "p", &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "two arrays are named \"w\""));
  assert_int_equal(gr_named_init(&list, 1, (const char *[]){""}, both, "p", &err), GR_ERR_VALUE);
  assert_int_equal(gr_named_init(&list, 1, (const char *[]){"__metadata__"}, both, "p", &err), GR_OK);
  assert_int_equal(gr_safetensors_write(scratch("x"), &list, NULL, 0, &err), GR_ERR_VALUE);
  gr_named_finish(&list);
  gr_tensor_finish(&t);
}

static void numbers_of_other_widths_are_widened(void **state) {
  made m = make("{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                "\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,12]}}  ",
                12);
  const uint8_t numbers[] = {0x00, 0x3c, 0x00, 0xc1, 0x80, 0x3f, 0x20, 0xc0, 0xfe, 0xff, 0xff, 0xff};
  memcpy(m.bytes + m.size - 12, numbers, 12);
  void *copy;
  gr_err err;
  gr_safetensors s;
  gr_tensor t;
  assert_int_equal(gr_alloc(&copy, m.size, "a copy", &err), GR_OK);
  memcpy(copy, m.bytes, m.size);
  if (gr_safetensors_open(&s, &(gr_bytes){copy, m.size}, "here", &err)) fail_msg("%s", err.text);
  const double wanted[3][2] = {{1, -2.5}, {1, -2.5}, {-2, 0}};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(gr_safetensors_tensor(&t, &s, i, &err), GR_OK);
    assert_int_equal(t.dtype, i < 2 ? GR_F32 : GR_I64);
    for (int64_t k = 0; k < t.shape[0]; k++) assert_true(gr_tensor_get(&t, &k) == wanted[i][k]);
    gr_tensor_finish(&t);
  }
  gr_safetensors_close(&s);
}

// ---- files that are wrong ----

#define T(offsets) "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" offsets "}"

static void headers_that_lie_are_refused_with_a_sentence(void **state) {
  static const struct {
    const char *header;
    size_t numbers;
    const char *part;
  } cases[] = {
      {"{\"a\":" T("[0,8]") ",\"b\":" T("[4,12]") "}", 12, "the numbers of a and b overlap"},
      {"{\"a\":" T("[0,8]") ",\"b\":" T("[0,8]") "}", 8, "overlap"},
      {"{\"a\":" T("[0,8]") ",\"b\":" T("[12,20]") "}", 20, "4 bytes before b belong to no tensor"},
      {"{\"a\":" T("[4,12]") "}", 12, "4 bytes before a belong to no tensor"},
      {"{\"a\":" T("[0,8]") "}", 11, "the last 3 bytes belong to no tensor"},
      {"{}", 1, "the last 1 bytes belong to no tensor"},
      {"{\"a\":" T("[0,8]") "}", 7,
       "should end at byte 8, and the file holds 7 bytes of numbers: it is truncated"},
      {"{\"a\":" T("[0,9007199254740992]") "}", 8, "truncated"},
      {"{\"a\":" T("[0,9007199254740994]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[0,1e300]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[-8,0]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[0,7.5]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[8,0]") "}", 8, "end before they begin"},
      {"{\"a\":" T("[0,8,8]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[0]") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("8") "}", 8, "not two whole numbers"},
      {"{\"a\":" T("[0,4]") "}", 4, "shape (2,) of float32 does not take the 4 bytes"},
      {"{\"a\":" T("[0,8]") ",\"a\":" T("[8,16]") "}", 16, "two tensors are named \"a\""},
      {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8,
       "numbers of dtype \"F8_E4M3\" are not read; those that are: F64"},
      {"{\"a\":{\"dtype\":4,\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "of dtype \"\""},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]}}", 8, "its shape is no list"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}", 8, "not made of whole numbers"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[\"8\"],\"data_offsets\":[0,8]}}", 8, "not made of whole numbers"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,8],\"data_offsets\":[0,8]}}", 8,
       "more than 8 axes"},
      {"{\"a\":{\"dtype\":\"I64\",\"shape\":[4503599627370496,4096,2],\"data_offsets\":[0,0]}}", 0,
       "damaged"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "comes twice"},
      {"{\"a\":{\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "is missing"},
      {"{\"a\":7}", 0, "is no {...}"},
      {"[1]", 0, "its header is no {...}"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: a is no text"},
      {"{\"__metadata__\":[]}", 0, "__metadata__ is no {...}"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ comes twice"},
      {"{\"a\\u0000b\":" T("[0,8]") "}", 8, "zero byte"},
      {"{\"a\":" T("[0,8]") "} x", 8, "no JSON from byte"},
      {"{\"a\":1,", 0, "no JSON from byte"},
      {"", 4, "no JSON from byte 1 on"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    made m = make(cases[i].header, cases[i].numbers);
    assert_refused(&m, cases[i].part);
  }
}

static void absurd_lengths_of_the_header_are_refused(void **state) {
  made m = make("{}", 0);
  memset(m.bytes, 0xff, 8);
  assert_refused(&m, "18446744073709551615 bytes, and no header");
  m = make("{}", 0);
  m.bytes[3] = 5;
  assert_refused(&m, "truncated: its header should have 83886082 bytes");
  m.size = 9;
  assert_refused(&m, "at least 10 bytes, and this one ends after 9");
  m.size = 0;
  assert_refused(&m, "ends after 0");
}

static void lists_in_lists_without_end_are_refused(void **state) {
  enum { DEEP = 100000 };
  uint8_t *bytes = malloc(8 + DEEP);
  gr_err err;
  memset(bytes, '[', 8 + DEEP);
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)DEEP >> 8 * i);
  assert_int_equal(read_all(bytes, 8 + DEEP, &err), GR_ERR_FORMAT);
  free(bytes);
}

static const char good_header[] = "{\"__metadata__\":{\"format\":\"pt\",\"x\":\"\\\"y\\u00e9\\\\\"},\"a\":" T(
    "[0,8]") ",\"b/kernel\":"
             "{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[8,24]},"
             "\"c\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[24,26]}}   ";

static void a_file_cut_anywhere_is_an_error(void **state) {
  made m = make(good_header, 26);
  gr_err err;
  if (read_all(m.bytes, m.size, &err)) fail_msg("%s", err.text);
  for (size_t cut = 0; cut < m.size; cut++) assert_int_not_equal(read_all(m.bytes, cut, &err), GR_OK);
}

// Whatever is wrong: an error, or tensors that lie within the file; the sanitizers watch the rest.
static void a_file_with_any_byte_changed_does_no_harm(void **state) {
  made m = make(good_header, 26);
  gr_err err;
  for (size_t i = 0; i < m.size; i++) {
    uint8_t kept = m.bytes[i];
    for (int value = 0; value < 256; value++) {
      m.bytes[i] = (uint8_t)value;
      read_all(m.bytes, m.size, &err);
    }
    m.bytes[i] = kept;
  }
}

// Pieces of the header moved, doubled, dropped or replaced by what JSON and shapes find hard.
static void random_headers_do_no_harm(void **state) {
  static const char *const hard[] = {"[",
                                     "]",
                                     "{",
                                     "}",
                                     ",",
                                     ":",
                                     "\"",
                                     "\\",
                                     "\\ud800",
                                     "\\u",
                                     "1e999",
                                     "-",
                                     "0.5",
                                     "9007199254740993",
                                     "18446744073709551616",
                                     "null",
                                     "true",
                                     "[]",
                                     "{}",
                                     "\"a\"",
                                     "\"data_offsets\"",
                                     "\"shape\"",
                                     "\"BOOL\"",
                                     "\"F64\"",
                                     "[0,0]",
                                     "0",
                                     "\xff",
                                     "\"__metadata__\""};
  gr_random random;
  gr_err err;
  gr_random_seed(&random, 4);
  for (int round = 0; round < 20000; round++) {
    char text[1024];
    size_t n = sizeof good_header - 1;
    memcpy(text, good_header, n);
    for (uint64_t changes = 1 + gr_random_u64(&random) % 3; changes-- > 0;) {
      size_t at = gr_random_u64(&random) % n, gone = gr_random_u64(&random) % 12;
      const char *piece = hard[gr_random_u64(&random) % (sizeof hard / sizeof hard[0])];
      if (gr_random_u64(&random) % 4 == 0)
        piece = good_header + gr_random_u64(&random) % (sizeof good_header - 1);
      size_t length = strlen(piece) < 24 ? strlen(piece) : 24;
      if (gone > n - at) gone = n - at;
      memmove(text + at + length, text + at + gone, n - at - gone);
      memcpy(text + at, piece, length);
      n += length - gone;
    }
    text[n] = '\0';
    made m = make(text, 26);
    read_all(m.bytes, m.size, &err);
  }
}

static int make_folder(void **state) { return mkdtemp(folder) ? 0 : -1; }

static int remove_folder(void **state) {
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_reads_back_in_every_dtype),
      cmocka_unit_test(archives_are_written_stored_and_deflated),
      cmocka_unit_test(no_tensors_are_a_file_too),
      cmocka_unit_test(names_that_no_file_can_hold_are_refused),
      cmocka_unit_test(numbers_of_other_widths_are_widened),
      cmocka_unit_test(headers_that_lie_are_refused_with_a_sentence),
      cmocka_unit_test(absurd_lengths_of_the_header_are_refused),
      cmocka_unit_test(lists_in_lists_without_end_are_refused),
      cmocka_unit_test(a_file_cut_anywhere_is_an_error),
      cmocka_unit_test(a_file_with_any_byte_changed_does_no_harm),
      cmocka_unit_test(random_headers_do_no_harm),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
