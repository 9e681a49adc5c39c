// Files that are replaced whole, folders, and what the system refuses.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char place[] = "/tmp/gradus-test-file-XXXXXX";

static int make_place(void **state) {
  (void)state;
  return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state) {
  (void)state;
  return rmdir(place);
}

static void a_file_is_replaced_in_one_go(void **state) {
  (void)state;
  gr_err err;
  char path[100], text[10] = {0};
  snprintf(path, sizeof path, "%s/deep/er", place);
  assert_int_equal(gr_folder_make(path, &err), GR_OK);
  assert_int_equal(gr_folder_make(path, &err), GR_OK);
  snprintf(path, sizeof path, "%s/deep/er/file", place);
  assert_int_equal(gr_file_write(path, &(gr_piece){"first", 5}, 1, &err), GR_OK);
  assert_int_equal(gr_file_write(path, (gr_piece[]){{"sec", 3}, {"ond", 3}}, 2, &err), GR_OK);
  FILE *f = fopen(path, "rb");
  assert_int_equal(fread(text, 1, sizeof text, f), 6);
  fclose(f);
  assert_string_equal(text, "second");
  *strrchr(path, '/') = '\0';
  gr_str names = {0};
  assert_int_equal(gr_folder_names(&names, path, &err), GR_OK);
  assert_int_equal(names.length, 5);  // nothing but "file": no temporary is left
  gr_str_finish(&names);
  strcat(path, "/file");
  assert_int_equal(gr_folder_make(path, &err), GR_ERR_IO);
  assert_non_null(strstr(err.text, "Not a directory"));
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
}

static void expect_text(const char *path, const char *wanted) {
  char text[40] = {0};
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  fread(text, 1, sizeof text - 1, f);
  fclose(f);
  assert_string_equal(text, wanted);
}

static void what_a_killed_writer_left_is_used_and_a_living_one_is_let_be(void **state) {
  (void)state;
  gr_err err;
  char path[100], part[120];
  snprintf(path, sizeof path, "%s/file", place);
  snprintf(part, sizeof part, "%s.0.part", path);
  FILE *left = fopen(part, "wb");
  fputs("half of something long", left);
  fclose(left);
  assert_int_equal(gr_file_write(path, &(gr_piece){"whole", 5}, 1, &err), GR_OK);
  expect_text(path, "whole");
  assert_int_not_equal(access(part, F_OK), 0);
  // Now somebody is at work.
  int fd = open(part, O_WRONLY | O_CREAT, 0666);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  assert_int_equal(write(fd, "theirs", 6), 6);
  assert_int_equal(gr_file_write(path, &(gr_piece){"ours", 4}, 1, &err), GR_OK);
  expect_text(path, "ours");
  expect_text(part, "theirs");
  close(fd);
  unlink(part);
  unlink(path);
}

static void what_the_system_refuses_is_said(void **state) {
  (void)state;
  gr_err err;
  gr_str names = {0};
  assert_int_equal(gr_folder_names(&names, "/nowhere/at/all", &err), GR_ERR_IO);
  assert_string_equal(err.text, "cannot read the folder \"/nowhere/at/all\": No such file or directory");
  gr_str_finish(&names);
  assert_int_equal(gr_file_write("/nowhere/at/all", &(gr_piece){"x", 1}, 1, &err), GR_ERR_IO);
  assert_string_equal(err.text, "cannot write \"/nowhere/at/all\": No such file or directory");
  char path[6000];
  memset(path, 'a', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  assert_int_equal(gr_file_write(path, &(gr_piece){"x", 1}, 1, &err), GR_ERR_IO);
  assert_int_equal(gr_folder_make(path, &err), GR_ERR_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_is_replaced_in_one_go),
      cmocka_unit_test(what_a_killed_writer_left_is_used_and_a_living_one_is_let_be),
      cmocka_unit_test(what_the_system_refuses_is_said),
  };
  return cmocka_run_group_tests(tests, make_place, remove_place);
}
