// Readers and writers of src/data: right numbers from good files, one clear sentence from bad ones, never a
// crash.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "data/csv.h"
#include "data/load.h"
#include "data/npy.h"
#include "data/rows.h"

// ---- helpers ----

static char folder[] = "/tmp/gradus-data-XXXXXX";

// Beside this source file; the tests run in the build folder, from where the compiler named it.
static const char *fixture(const char *name) {
  static char path[512];
  const char *tests = getenv("GRADUS_TESTS"), *slash = strrchr(__FILE__, '/');
  if (tests)
    snprintf(path, sizeof path, "%s/data/%s", tests, name);
  else
    snprintf(path, sizeof path, "%.*s/../data/%s", (int)(slash - __FILE__), __FILE__, name);
  return path;
}

static const char *scratch(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static const char *write_file(const char *name, const void *bytes, size_t n) {
  const char *path = scratch(name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  fclose(f);
  return path;
}

static gr_tensor load(const char *path) {
  gr_loaded l;
  gr_err err;
  if (gr_load(&l, path, 0, &err)) fail_msg("%s", err.text);
  assert_false(l.is_archive);
  return l.tensor;
}

static void assert_refused(const char *path, const char *part) {
  gr_loaded l;
  gr_err err;
  gr_code code = gr_load(&l, path, 0, &err);
  for (size_t i = 0; !code && i < l.archive.n; i++) {
    gr_tensor t;
    code = gr_npz_tensor(&t, &l.archive, i, &err);
    gr_tensor_finish(&t);
  }
  gr_loaded_finish(&l);
  if (!code) fail_msg("%s was read; wanted \"%s\"", path, part);
  if (!strstr(err.text, part)) fail_msg("wanted \"%s\" in: %s", part, err.text);
}

static void assert_shape(const gr_tensor *t, gr_dtype dtype, int ndim, int64_t a, int64_t b, int64_t c) {
  int64_t wanted[] = {a, b, c};
  assert_int_equal(t->dtype, dtype);
  assert_int_equal(t->ndim, ndim);
  assert_true(gr_tensor_is_contiguous(t));
  for (int i = 0; i < ndim; i++) assert_int_equal(t->shape[i], wanted[i]);
}

static double at(const gr_tensor *t, int64_t i) {
  switch ((gr_dtype)t->dtype) {
    case GR_F64: return ((double *)t->data)[i];
    case GR_F32: return ((float *)t->data)[i];
    case GR_I64: return (double)((int64_t *)t->data)[i];
    default: return ((uint8_t *)t->data)[i];
  }
}

// ---- .npy ----

static void npy_files_of_numpy_give_their_numbers(void **state) {
  gr_tensor t = load(fixture("c_f8.npy"));
  assert_shape(&t, GR_F64, 2, 2, 3, 0);
  for (int i = 0; i < 6; i++) assert_true(at(&t, i) == (i - 2) / 4.0);
  gr_tensor_finish(&t);
  t = load(fixture("bool.npy"));
  assert_shape(&t, GR_BOOL, 2, 2, 3, 0);
  for (int i = 0; i < 6; i++) assert_true(at(&t, i) == (i % 2 == 0));
  gr_tensor_finish(&t);
  t = load(fixture("scalar.npy"));
  assert_shape(&t, GR_F64, 0, 0, 0, 0);
  assert_true(at(&t, 0) == 2.5);
  gr_tensor_finish(&t);
  t = load(fixture("empty.npy"));
  assert_shape(&t, GR_U8, 2, 0, 7, 0);
  gr_tensor_finish(&t);
}

static void fortran_order_is_turned_into_ours(void **state) {
  gr_tensor t = load(fixture("fortran_f4.npy"));
  assert_shape(&t, GR_F32, 3, 2, 3, 4);
  for (int i = 0; i < 24; i++) assert_true(at(&t, i) == i / 2.0);
  gr_tensor_finish(&t);
}

static void big_endian_numbers_and_newer_versions_are_read(void **state) {
  gr_tensor t = load(fixture("big_i4.npy"));
  assert_shape(&t, GR_I64, 2, 2, 3, 0);
  for (int i = 0; i < 6; i++) assert_true(at(&t, i) == (i - 2) * 1000003);
  gr_tensor_finish(&t);
  const char *names[] = {"version2.npy", "version3.npy"};
  for (int k = 0; k < 2; k++) {
    t = load(fixture(names[k]));
    assert_shape(&t, GR_I64, 2, 2, 3, 0);
    for (int i = 0; i < 6; i++) assert_true(at(&t, i) == i - 2);
    gr_tensor_finish(&t);
  }
}

static void float16_is_widened_exactly(void **state) {
  double wanted[] = {0, -0.0, 1, -2.5, 65504, 0x1p-24, 0x1p-14, INFINITY};
  gr_tensor t = load(fixture("half.npy"));
  assert_shape(&t, GR_F32, 1, 9, 0, 0);
  for (int i = 0; i < 8; i++) {
    assert_true(at(&t, i) == wanted[i]);
    assert_int_equal(signbit(at(&t, i)), signbit(wanted[i]));
  }
  assert_true(isnan(at(&t, 8)));
  gr_tensor_finish(&t);
}

static void uint64_is_read_where_it_fits(void **state) {
  gr_tensor t = load(fixture("u8.npy"));
  assert_int_equal(((int64_t *)t.data)[1], INT64_MAX);
  gr_tensor_finish(&t);
  assert_refused(fixture("u8_large.npy"), "9223372036854775808 does not fit an int64");
}

static void arrays_that_are_no_numbers_are_refused_with_the_fix(void **state) {
  assert_refused(fixture("object.npy"), "Save it again in Python with a numeric dtype");
  assert_refused(fixture("text.npy"), "np.unique(a, return_inverse=True)");
  assert_refused(fixture("complex.npy"), "a.real and a.imag");
  assert_refused(fixture("fields.npy"), "structured array");
  assert_refused(fixture("with_object.npz"), "names: this is an object array");
}

static size_t read_fixture(const char *name, uint8_t *bytes, size_t room) {
  FILE *f = fopen(fixture(name), "rb");
  if (!f) fail_msg("no fixture %s", name);
  size_t n = fread(bytes, 1, room, f);
  fclose(f);
  return n;
}

static void a_file_cut_anywhere_is_an_error(void **state) {
  const char *names[] = {"c_f8.npy", "version2.npy", "fortran_f4.npy", "stored.npz", "deflated.npz"};
  uint8_t bytes[4096];
  for (int k = 0; k < 5; k++) {
    size_t n = read_fixture(names[k], bytes, sizeof bytes);
    assert_true(n < sizeof bytes);
    for (size_t cut = 0; cut < n; cut++) assert_refused(write_file("cut", bytes, cut), "/cut: ");
  }
}

// Whatever byte is wrong: an error, or numbers within their declared shape; the sanitizers watch the rest.
static void a_file_with_any_byte_changed_does_no_harm(void **state) {
  const char *names[] = {"c_f8.npy", "fortran_f4.npy", "stored.npz", "deflated.npz"};
  const uint8_t changes[] = {0x01, 0x80, 0xff};
  uint8_t bytes[4096];
  for (int k = 0; k < 4; k++) {
    size_t n = read_fixture(names[k], bytes, sizeof bytes);
    for (size_t i = 0; i < n; i++)
      for (int c = 0; c < 3; c++) {
        bytes[i] ^= changes[c];
        gr_loaded l;
        gr_err err = {0};
        if (gr_load(&l, write_file("changed", bytes, n), 0, &err) == GR_OK) {
          for (size_t j = 0; l.is_archive && j < l.archive.n; j++) {
            gr_tensor t;
            if (gr_npz_tensor(&t, &l.archive, j, &err) == GR_OK) gr_tensor_finish(&t);
          }
          gr_loaded_finish(&l);
        }
        bytes[i] ^= changes[c];
      }
  }
}

static const char *npy_with(const char *header, size_t numbers) {
  uint8_t bytes[512] = "\x93NUMPY\x01";
  size_t n = strlen(header);
  assert_true(10 + n + numbers <= sizeof bytes);
  bytes[8] = (uint8_t)n;
  memcpy(bytes + 10, header, n);
  return write_file("made.npy", bytes, 10 + n + numbers);
}

static void absurd_headers_are_refused(void **state) {
  static const char *const cases[][2] = {
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "damaged"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", "whole numbers"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "whole numbers"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }", "truncated"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "more than 8 axes"},
      {"{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,), }", "True or False"},
      {"{'descr': '<f8', 'shape': (1,), }", "missing"},
      {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "twice"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", "a key other"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)", "does not end"},
      {"{'descr': '<q9', 'fortran_order': False, 'shape': (1,), }", "numbers of dtype '<q9' are not read"},
      {"", "header"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_refused(npy_with(cases[i][0], 8), cases[i][1]);
  assert_refused(npy_with("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 16),
                 "more than one array");
  assert_refused(write_file("odd", "\x93NUMPY\x09\0\0\0\0\0", 12), "version 9.0 is unknown");
}

static void what_is_written_reads_back(void **state) {
  for (int dtype = 0; dtype < GR_N_DTYPES; dtype++) {
    gr_tensor t, turned;
    gr_err err;
    assert_int_equal(gr_tensor_init_zeros(&t, (gr_dtype)dtype, 2, (int64_t[]){3, 2}, &err), GR_OK);
    for (int64_t i = 0; i < 6; i++) gr_tensor_set(&t, (int64_t[]){i / 2, i % 2}, (double)(i % 3));
    assert_int_equal(gr_tensor_view_permute(&turned, &t, (int[]){1, 0}, &err), GR_OK);
    assert_int_equal(gr_npy_write(scratch("back.npy"), &turned, &err), GR_OK);
    gr_tensor back = load(scratch("back.npy"));
    assert_shape(&back, (gr_dtype)dtype, 2, 2, 3, 0);
    for (int64_t i = 0; i < 6; i++) {
      int64_t at_i[] = {i / 3, i % 3};
      assert_true(gr_tensor_get(&back, at_i) == gr_tensor_get(&turned, at_i));
    }
    gr_tensor_finish(&back);
    gr_tensor_finish(&t);
  }
}

static void a_failed_write_leaves_the_old_file(void **state) {
  gr_tensor t;
  gr_err err;
  assert_int_equal(gr_tensor_init_zeros(&t, GR_F64, 1, (int64_t[]){4}, &err), GR_OK);
  assert_int_equal(gr_npy_write(scratch("no-such-folder/t.npy"), &t, &err), GR_ERR_IO);
  assert_non_null(strstr(err.text, "No such file or directory"));
  assert_int_equal(gr_npy_write(folder, &t, &err), GR_ERR_IO);
  assert_non_null(strstr(err.text, "a folder"));
  assert_int_equal(gr_npy_write("/dev/null", &t, &err), GR_ERR_IO);
  gr_tensor_finish(&t);
}

// ---- .npz ----

static void npz_archives_stored_and_deflated_give_their_arrays(void **state) {
  gr_loaded l;
  gr_err err;
  gr_tensor t;
  assert_int_equal(gr_load(&l, fixture("stored.npz"), 0, &err), GR_OK);
  assert_true(l.is_archive && l.archive.n == 2);
  assert_string_equal(l.archive.entries[0].name, "x");
  assert_int_equal(gr_npz_tensor(&t, &l.archive, 0, &err), GR_OK);
  assert_shape(&t, GR_U8, 2, 2, 3, 0);
  for (int i = 0; i < 6; i++) assert_true(at(&t, i) == i + 1);
  gr_tensor_finish(&t);
  gr_loaded_finish(&l);
  assert_int_equal(gr_load(&l, fixture("deflated.npz"), 0, &err), GR_OK);
  assert_int_equal(gr_npz_tensor(&t, &l.archive, 1, &err), GR_OK);
  assert_shape(&t, GR_I64, 1, 20, 0, 0);
  for (int i = 0; i < 20; i++) assert_true(at(&t, i) == i % 3);
  gr_tensor_finish(&t);
  gr_loaded_finish(&l);
}

static uint8_t *find(uint8_t *bytes, size_t n, const char *record, int nth) {
  for (size_t i = 0; i + 4 <= n; i++)
    if (memcmp(bytes + i, record, 4) == 0 && nth-- == 0) return bytes + i;
  fail_msg("no such record");
  return NULL;
}

static void archives_that_lie_are_refused(void **state) {
  uint8_t bytes[4096], good[4096];
  size_t n = read_fixture("deflated.npz", good, sizeof good);
  // Both members at the place of the first: how a small archive unpacks to a huge one.
  memcpy(bytes, good, n);
  memcpy(find(bytes, n, "PK\1\2", 1) + 42, find(bytes, n, "PK\1\2", 0) + 42, 4);
  assert_refused(write_file("bad.npz", bytes, n), "overlap");
  // A size that no deflate reaches.
  memcpy(bytes, good, n);
  memcpy(find(bytes, n, "PK\1\2", 0) + 24, "\xff\xff\xff\x7f", 4);
  assert_refused(write_file("bad.npz", bytes, n), "can hold");
  // A size one too small: more comes out than declared.
  memcpy(bytes, good, n);
  find(bytes, n, "PK\1\2", 0)[24]--;
  assert_refused(write_file("bad.npz", bytes, n), "does not end after");
  // A place beyond the file.
  memcpy(bytes, good, n);
  memcpy(find(bytes, n, "PK\1\2", 0) + 42, "\xf0\xff\xff\x00", 4);
  assert_refused(write_file("bad.npz", bytes, n), "does not begin where the directory says");
  // A wrong checksum, encryption, an unknown method.
  memcpy(bytes, good, n);
  find(bytes, n, "PK\1\2", 0)[16] ^= 1;
  assert_refused(write_file("bad.npz", bytes, n), "checksum");
  memcpy(bytes, good, n);
  find(bytes, n, "PK\1\2", 0)[8] |= 1;
  assert_refused(write_file("bad.npz", bytes, n), "encrypted");
  memcpy(bytes, good, n);
  find(bytes, n, "PK\1\2", 0)[10] = 12;
  assert_refused(write_file("bad.npz", bytes, n), "method 12");
}

// ---- IDX ----

static void idx_files_plain_and_gzipped_are_read(void **state) {
  uint8_t bytes[] = {0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 0, 2, 0, 3, 0xff, 0xff, 1, 0, 0x80, 0};
  double wanted[] = {1, 2, 3, -1, 256, -32768};
  gzFile z = gzopen(scratch("idx.gz"), "wb");
  gzwrite(z, bytes, sizeof bytes);
  gzclose(z);
  write_file("idx", bytes, sizeof bytes);
  const char *names[] = {"idx", "idx.gz"};
  for (int k = 0; k < 2; k++) {
    gr_tensor t = load(scratch(names[k]));
    assert_shape(&t, GR_I64, 2, 2, 3, 0);
    for (int i = 0; i < 6; i++) assert_true(at(&t, i) == wanted[i]);
    gr_tensor_finish(&t);
  }
  for (size_t cut = 1; cut < sizeof bytes; cut++) assert_refused(write_file("cut", bytes, cut), "/cut: ");
}

static void gzip_that_lies_or_ends_early_is_refused(void **state) {
  uint8_t idx[64] = {0, 0, 8, 1, 0x40, 0, 0, 0}, packed[4096];
  gzFile z = gzopen(scratch("lie.gz"), "wb");
  gzwrite(z, idx, sizeof idx);
  gzclose(z);
  assert_refused(scratch("lie.gz"), "can hold");
  idx[4] = 0, idx[7] = 10;  // ten numbers declared, more follow
  z = gzopen(scratch("more.gz"), "wb");
  gzwrite(z, idx, sizeof idx);
  gzclose(z);
  assert_refused(scratch("more.gz"), "more than");
  FILE *f = fopen(scratch("more.gz"), "rb");
  size_t n = fread(packed, 1, sizeof packed, f);
  fclose(f);
  for (size_t cut = 0; cut < n; cut++) assert_refused(write_file("cut", packed, cut), "/cut: ");
}

// ---- text ----

static void tables_of_numbers_are_read(void **state) {
  const char *text = "1,2.5,-3e2\r\n\n 4 ; 5 ;nan\n7\t8 9";
  gr_tensor t = load(write_file("t.csv", text, strlen(text)));
  double wanted[] = {1, 2.5, -300, 4, 5, NAN, 7, 8, 9};
  assert_shape(&t, GR_F64, 2, 3, 3, 0);
  for (int i = 0; i < 9; i++) assert_true(at(&t, i) == wanted[i] || (i == 5 && isnan(at(&t, i))));
  gr_tensor_finish(&t);
}

static void a_bad_table_is_refused_with_line_and_column(void **state) {
  static const char *const cases[][2] = {
      {"1,2\n3\n", "line 2 has 1 numbers; the first row has 2"},
      {"1,2\n3,4,5\n", "line 2 has 3 numbers"},
      {"a,b\n1,2\n", "line 1, column 1 is \"a\"; expected a number (if the first line names the columns"},
      {"1,2\n1,x2\n", "line 2, column 2 is \"x2\""},
      {"1,,2\n", "line 1, column 2 is empty"},
      {"1,2,\n", "ends in a separator"},
      {"\n\n", "no numbers"},
      {"0x10\n", "expected a number"},
      {"1.5.2\n", "expected a number"},
      {"", "the file is empty"},
      {"\x89PNG\r\n", "PNG picture"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_refused(write_file("bad.csv", cases[i][0], strlen(cases[i][0])), cases[i][1]);
}

static void only_ordinary_files_are_read(void **state) {
  assert_refused(folder, "is a folder");
  assert_refused("/dev/zero", "a pipe or a device");
  assert_refused(scratch("nothing"), "there is no file");
  assert_int_equal(mkfifo(scratch("pipe"), 0600), 0);
  assert_refused(scratch("pipe"), "a pipe or a device");
}

// ---- splits ----

static void a_stratified_split_keeps_every_item_once_and_each_class_in_proportion(void **state) {
  enum { N = 200 };
  gr_tensor y;
  gr_err err;
  gr_labels l;
  gr_random random;
  int64_t order[N], sizes[3], found[N] = {0}, bottles[3] = {0};
  gr_random_seed(&random, 1);
  assert_int_equal(gr_tensor_init_zeros(&y, GR_U8, 1, (int64_t[]){N}, &err), GR_OK);
  for (int i = 140; i < N; i++) ((uint8_t *)y.data)[i] = 1;
  assert_int_equal(gr_labels_init(&l, &y, "y", &err), GR_OK);
  assert_true(l.sorted && l.n_classes == 2 && l.count[0] == 140 && l.count[1] == 60);
  assert_int_equal(gr_split(order, sizes, N, (double[]){0.8, 0.1, 0.1}, 3, &l, &random, &err), GR_OK);
  assert_true(sizes[0] == 160 && sizes[1] == 20 && sizes[2] == 20);
  for (int p = 0, i = 0; p < 3; p++)
    for (int64_t k = 0; k < sizes[p]; k++, i++) {
      found[order[i]]++;
      bottles[p] += order[i] >= 140;
    }
  for (int i = 0; i < N; i++) assert_int_equal(found[i], 1);
  assert_true(bottles[0] == 48 && bottles[1] == 6 && bottles[2] == 6);
  gr_labels_finish(&l);
  gr_tensor_finish(&y);
}

static void each_class_is_a_share_rounded_down_or_up_in_every_part(void **state) {
  enum { MOST = 60 };
  static const double ratios[][3] = {
      {0.8, 0.1, 0.1}, {0.6, 0.2, 0.2}, {0.5, 0.3, 0.2}, {0.9, 0.1, 0}, {1, 0, 0}};
  gr_random random;
  gr_random_seed(&random, 1);
  for (int trial = 0; trial < 2000; trial++) {
    const double *ratio = ratios[trial % 5];
    int64_t size[4], n = 0, order[MOST], sizes[3], count[3][4] = {0};
    for (int c = 0; c < 4; c++) n += size[c] = (int64_t)(gr_random_u32(&random) % (MOST / 4)) + 1;
    gr_tensor y;
    gr_labels l;
    gr_err err;
    assert_int_equal(gr_tensor_init_zeros(&y, GR_U8, 1, &n, &err), GR_OK);
    for (int64_t i = 0, c = 0, left = size[0]; i < n; i++) {
      while (left == 0) left = size[++c];
      ((uint8_t *)y.data)[i] = (uint8_t)c;
      left--;
    }
    assert_int_equal(gr_labels_init(&l, &y, "y", &err), GR_OK);
    assert_int_equal(gr_split(order, sizes, n, ratio, 3, &l, &random, &err), GR_OK);
    for (int64_t p = 0, i = 0; p < 3; p++)
      for (int64_t k = 0; k < sizes[p]; k++, i++) count[p][((uint8_t *)y.data)[order[i]]]++;
    for (int p = 0; p < 3; p++) {
      // The whole part is right too, up to what the four classes round.
      assert_true(fabs((double)sizes[p] - ratio[p] * (double)n) < 2);
      for (int c = 0; c < 4; c++) assert_true(fabs((double)count[p][c] - ratio[p] * (double)size[c]) < 1);
    }
    gr_labels_finish(&l);
    gr_tensor_finish(&y);
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
      cmocka_unit_test(npy_files_of_numpy_give_their_numbers),
      cmocka_unit_test(fortran_order_is_turned_into_ours),
      cmocka_unit_test(big_endian_numbers_and_newer_versions_are_read),
      cmocka_unit_test(float16_is_widened_exactly),
      cmocka_unit_test(uint64_is_read_where_it_fits),
      cmocka_unit_test(arrays_that_are_no_numbers_are_refused_with_the_fix),
      cmocka_unit_test(a_file_cut_anywhere_is_an_error),
      cmocka_unit_test(a_file_with_any_byte_changed_does_no_harm),
      cmocka_unit_test(absurd_headers_are_refused),
      cmocka_unit_test(what_is_written_reads_back),
      cmocka_unit_test(a_failed_write_leaves_the_old_file),
      cmocka_unit_test(npz_archives_stored_and_deflated_give_their_arrays),
      cmocka_unit_test(archives_that_lie_are_refused),
      cmocka_unit_test(idx_files_plain_and_gzipped_are_read),
      cmocka_unit_test(gzip_that_lies_or_ends_early_is_refused),
      cmocka_unit_test(tables_of_numbers_are_read),
      cmocka_unit_test(a_bad_table_is_refused_with_line_and_column),
      cmocka_unit_test(only_ordinary_files_are_read),
      cmocka_unit_test(a_stratified_split_keeps_every_item_once_and_each_class_in_proportion),
      cmocka_unit_test(each_class_is_a_share_rounded_down_or_up_in_every_part),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
