// The gnuplot process under every kind of trouble, and pictures as characters.
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/interrupt.h"
#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "plot/terminal.h"
#include "plot/thin.h"

static char script_path[64];

// A program that stands in for gnuplot.
static const char *fake(const char *body) {
  strcpy(script_path, "/tmp/gradus-fake-XXXXXX");
  int fd = mkstemp(script_path);
  assert_true(fd >= 0);
  dprintf(fd, "#!/bin/sh\n%s\n", body);
  fchmod(fd, 0700);
  close(fd);
  return script_path;
}

static gr_gnuplot *new_gnuplot(const char *program) {
  gr_gnuplot *g;
  gr_err err;
  assert_int_equal(gr_gnuplot_new(&g, program, &err), GR_OK);
  return g;
}

static gr_code run(gr_gnuplot *g, const char *script, gr_str *output, double seconds, gr_err *err) {
  return gr_gnuplot_run(g, script, strlen(script), output, seconds, err);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int open_files(void) {
  int n = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (readdir(dir)) n++;
  closedir(dir);
  return n;
}

static void assert_no_children(void) {
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

static void draws_curves_as_characters(void **state) {
  gr_gnuplot *g = new_gnuplot(NULL);
  gr_str text = {0};
  gr_err err;
  assert_int_equal(run(g, "set terminal dumb 60 12\nplot x notitle\n", &text, 20, &err), GR_OK);
  assert_non_null(strstr(text.text, "***"));
  assert_null(strstr(text.text, "gradus-run"));
  gr_str_finish(&text);
  gr_gnuplot_free(g);
}

static void tells_what_gnuplot_complains_of_and_goes_on(void **state) {
  gr_gnuplot *g = new_gnuplot(NULL);
  gr_err err;
  assert_int_equal(run(g, "plot nonsense\n", NULL, 20, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "nonsense"));
  // The complaint is not carried over to the next run.
  gr_str text = {0};
  assert_int_equal(run(g, "set print '-'\nprint 6*7\nset print\n", &text, 20, &err), GR_OK);
  assert_string_equal(text.text, "42\n");
  gr_str_finish(&text);
  gr_gnuplot_free(g);
}

static void says_how_to_install_a_missing_gnuplot(void **state) {
  gr_gnuplot *g = new_gnuplot("/nowhere/gnuplot");
  gr_err err;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(run(g, "plot x\n", NULL, 5, &err), GR_ERR_IO);
    assert_non_null(strstr(err.text, "apt install gnuplot-nox"));
  }
  gr_gnuplot_free(g);
  assert_no_children();
}

static void reports_a_gnuplot_that_dies_at_its_start(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("echo 'no such library' >&2; exit 3"));
  gr_err err;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(run(g, "plot x\n", NULL, 5, &err), GR_ERR_IO);
    assert_non_null(strstr(err.text, "exit status 3"));
    assert_non_null(strstr(err.text, "no such library"));
  }
  gr_gnuplot_free(g);
  unlink(script_path);
  assert_no_children();
}

static void survives_a_death_in_the_middle(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("read line; kill -9 $$"));
  size_t length = 4u << 20;
  char *script = malloc(length);
  memset(script, '\n', length);
  gr_err err;
  assert_int_equal(gr_gnuplot_run(g, script, length, NULL, 10, &err), GR_ERR_IO);
  assert_non_null(strstr(err.text, "signal 9"));
  free(script);
  gr_gnuplot_free(g);
  unlink(script_path);
  assert_no_children();
}

static void stops_a_gnuplot_that_hangs(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("echo thinking >&2; sleep 100"));
  size_t length = 4u << 20;
  char *script = malloc(length);
  memset(script, '\n', length);
  gr_err err;
  double start = now();
  assert_int_equal(gr_gnuplot_run(g, script, length, NULL, 0.3, &err), GR_ERR_IO);
  assert_true(now() - start < 5);
  assert_non_null(strstr(err.text, "did not finish within 0.3 s"));
  assert_non_null(strstr(err.text, "thinking"));
  free(script);
  gr_gnuplot_free(g);
  unlink(script_path);
  assert_no_children();
}

static void stops_a_gnuplot_that_writes_without_end(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("yes >&2 & exec yes"));
  gr_err err;
  assert_int_equal(run(g, "plot x\n", NULL, 20, &err), GR_ERR_IO);
  gr_gnuplot_free(g);
  unlink(script_path);
}

static void starts_again_after_a_death_between_two_plots(void **state) {
  gr_gnuplot *g = new_gnuplot(NULL);
  gr_str text = {0};
  gr_err err;
  assert_int_equal(run(g, "set print '-'\nprint system('echo $PPID')\nset print\n", &text, 20, &err), GR_OK);
  pid_t pid = atoi(text.text);
  assert_true(pid > 1);
  kill(pid, SIGKILL);
  siginfo_t info;
  waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
  text.length = 0;
  assert_int_equal(run(g, "set print '-'\nprint 1\nset print\n", &text, 20, &err), GR_OK);
  assert_string_equal(text.text, "1\n");
  gr_str_finish(&text);
  gr_gnuplot_free(g);
  assert_no_children();
}

// gnuplot itself waits for ever for the program that should have opened the window.
static void gives_up_at_once_when_there_is_no_display(void **state) {
  static const char *const words[] = {
      "qt.qpa.xcb: could not connect to display :5",
      "gnuplot: unable to open display ':5'",
      "Error: Unable to initialize GTK+, is DISPLAY set properly?",
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    char body[200];
    snprintf(body, sizeof body, "echo \"%s\" >&2; sleep 100", words[i]);
    gr_gnuplot *g = new_gnuplot(fake(body));
    gr_err err;
    double start = now();
    assert_int_equal(run(g, "plot x\n", NULL, 60, &err), GR_ERR_IO);
    assert_true(now() - start < 30);
    assert_non_null(strstr(err.text, "does not answer"));
    gr_gnuplot_free(g);
    unlink(script_path);
  }
  assert_no_children();
}

static void draws_once_more_when_a_window_was_lost(void **state) {
  // Complains in its first run only, as gnuplot does of a window that was killed.
  gr_gnuplot *g = new_gnuplot(
      fake("echo 'Error: plot window (gnuplot_qt) not responding - will restart' >&2; exec gnuplot"));
  gr_str text = {0};
  gr_err err;
  const char *count = "n = exists('n') ? n + 1 : 1\nset print '-'\nprint n\nset print\n";
  assert_int_equal(run(g, count, &text, 20, &err), GR_OK);
  assert_string_equal(text.text, "2\n");
  text.length = 0;
  assert_int_equal(run(g, count, &text, 20, &err), GR_OK);
  assert_string_equal(text.text, "3\n");
  gr_str_finish(&text);
  gr_gnuplot_free(g);
  unlink(script_path);
}

static void *interrupt_soon(void *unused) {
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
  gr_interrupt_raise();
  return NULL;
}

static void gives_way_to_an_interrupt(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("sleep 100"));
  pthread_t thread;
  pthread_create(&thread, NULL, interrupt_soon, NULL);
  gr_err err;
  double start = now();
  assert_int_equal(run(g, "plot x\n", NULL, 50, &err), GR_ERR_INTERRUPT);
  assert_true(now() - start < 5);
  pthread_join(thread, NULL);
  gr_interrupt_clear();
  gr_gnuplot_free(g);
  unlink(script_path);
  assert_no_children();
}

static void keeps_no_files_open(void **state) {
  int before = open_files();
  gr_gnuplot *g = new_gnuplot(fake("exit 0"));
  gr_err err;
  for (int i = 0; i < 5; i++) assert_int_equal(run(g, "plot x\n", NULL, 5, &err), GR_ERR_IO);
  gr_gnuplot_free(g);
  unlink(script_path);
  assert_int_equal(open_files(), before);
}

static void is_out_of_reach_of_the_terminals_interrupt(void **state) {
  gr_gnuplot *g = new_gnuplot(NULL);
  gr_str text = {0};
  gr_err err;
  assert_int_equal(run(g, "set print '-'\nprint system('echo $PPID')\nset print\n", &text, 20, &err), GR_OK);
  pid_t pid = atoi(text.text);
  assert_int_equal(getpgid(pid), pid);
  gr_str_finish(&text);
  gr_gnuplot_free(g);
}

// ---- many points ----

enum { MANY = 200000 };

static void keeps_the_ends_and_extremes_of_a_long_line(void **state) {
  double *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
  size_t *kept = malloc(MANY * sizeof *kept);
  for (int i = 0; i < MANY; i++) {
    x[i] = i;
    y[i] = i % 7;
  }
  y[77777] = 1e6;
  y[123456] = -1e6;
  y[150000] = NAN;
  gr_seen seen = {.x = {0, MANY - 1}, .y = {-1e6, 1e6}};
  size_t n = gr_thin_line(kept, x, y, MANY, &seen);
  assert_in_range(n, 1000, 10000);
  bool high = false, low = false, gap = false;
  for (size_t k = 0; k < n; k++) {
    if (k) assert_true(kept[k] > kept[k - 1]);
    high = high || kept[k] == 77777;
    low = low || kept[k] == 123456;
    gap = gap || kept[k] == 150000;
  }
  assert_true(high && low && gap);
  assert_int_equal(kept[0], 0);
  assert_int_equal(kept[n - 1], MANY - 1);
  // On a logarithmic axis, what has no place is a gap; beyond the ends nothing breaks.
  seen = (gr_seen){.x = {1, 10}, .y = {1, 10}, .log_x = true};
  n = gr_thin_line(kept, x, y, MANY, &seen);
  assert_in_range(n, 3, 10000);
  // To and fro: some are left.
  for (int i = 0; i < MANY; i++) x[i] = i % 2 ? 1e300 : -1e300;
  seen = (gr_seen){.x = {-1.7e308, 1.7e308}, .y = {0, 1}};
  assert_in_range(gr_thin_line(kept, x, y, MANY, &seen), 1000, 10000);
  free(x);
  free(y);
  free(kept);
}

static void keeps_a_point_in_each_place_that_has_one(void **state) {
  double *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
  size_t *kept = malloc(MANY * sizeof *kept), n;
  for (int i = 0; i < MANY; i++) x[i] = y[i] = i % 4 == 3 ? NAN : i % 4;  // three places, and gaps
  x[9] = 55;                                                              // outside
  gr_seen seen = {.x = {0, 2}, .y = {0, 2}};
  gr_err err;
  assert_int_equal(gr_thin_points(&n, kept, x, y, MANY, &seen, &err), GR_OK);
  assert_int_equal(n, 3);
  for (size_t k = 0; k < 3; k++) assert_int_equal(kept[k], k);
  free(x);
  free(y);
  free(kept);
}

// ---- pictures ----

// Black and white above white and black.
static const uint8_t checks[] = {0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0};

static void shows_two_pixels_a_character_with_ink(void **state) {
  gr_str text = {0};
  gr_picture_blocks(&text, &(gr_picture){2, 2, checks}, 2, GR_INK_TRUE, false);
  assert_string_equal(text.text, "\033[38;2;0;0;0m\033[48;2;255;255;255m\u2580"
                                 "\033[38;2;255;255;255m\033[48;2;0;0;0m\u2580\033[0m\n");
  gr_str_finish(&text);
}

static void shows_coloured_spaces_in_ascii(void **state) {
  gr_str text = {0};
  gr_picture_blocks(&text, &(gr_picture){2, 2, checks}, 2, GR_INK_TRUE, true);
  assert_string_equal(text.text, "\033[48;2;128;128;128m  \033[0m\n");
  gr_str_finish(&text);
}

static void shows_greys_as_characters_without_ink(void **state) {
  uint8_t ramp[30], *p = ramp;
  for (int i = 0; i < 10; i++, p += 3) memset(p, i * 255 / 9, 3);
  gr_str text = {0};
  gr_picture_blocks(&text, &(gr_picture){10, 1, ramp}, 10, GR_INK_NONE, false);
  assert_string_equal(text.text, " .:-=+*#%@\n");
  gr_str_finish(&text);
}

static void shrinks_to_the_mean_of_what_a_pixel_covers(void **state) {
  uint8_t one[3];
  gr_picture_resize(one, 1, 1, &(gr_picture){2, 2, checks});
  for (int c = 0; c < 3; c++) assert_int_equal(one[c], 128);
}

static void enlarging_repeats_pixels(void **state) {
  uint8_t large[4 * 4 * 3];
  gr_picture_resize(large, 4, 4, &(gr_picture){2, 2, checks});
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 4; x++) assert_int_equal(large[3 * (4 * y + x)], (x / 2 + y / 2) % 2 ? 255 : 0);
}

static void writes_pixels_as_numbers_for_gnuplot(void **state) {
  gr_str text = {0};
  gr_picture_numbers(&text, &(gr_picture){2, 2, checks}, 1);
  assert_string_equal(text.text, "0 16777215\n16777215 0\n");
  gr_str_finish(&text);
}

static void draws_while_something_else_goes_on(void **state) {
  gr_gnuplot *g = new_gnuplot(NULL);
  gr_err err;
  gr_str text = {0};
  const char script[] = "pause 0.2\nset print '-'\nprint 6*7\nset print\n";
  bool busy = true;
  assert_int_equal(gr_gnuplot_look(g, &busy, &text, &err), GR_OK);
  assert_false(busy);
  double start = now();
  assert_int_equal(gr_gnuplot_begin(g, script, strlen(script), 20, &err), GR_OK);
  assert_int_equal(gr_gnuplot_look(g, &busy, &text, &err), GR_OK);
  assert_true(busy);
  assert_true(now() - start < 0.15);
  while (busy) assert_int_equal(gr_gnuplot_look(g, &busy, &text, &err), GR_OK);
  assert_string_equal(text.text, "42\n");
  assert_true(gr_gnuplot_seconds(g) > 0);
  gr_str_finish(&text);
  // One that nobody looked at does not disturb the next, and neither does its failure.
  assert_int_equal(gr_gnuplot_begin(g, "plot nonsense\n", 14, 20, &err), GR_OK);
  assert_int_equal(run(g, "set print '-'\nprint 1\nset print\n", &text, 20, &err), GR_OK);
  assert_string_equal(text.text, "1\n");
  gr_str_finish(&text);
  assert_int_equal(gr_gnuplot_begin(g, "plot nonsense\n", 14, 20, &err), GR_OK);
  gr_gnuplot_free(g);
  assert_no_children();
}

static void a_hanging_gnuplot_is_ended_when_somebody_looks(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("sleep 100"));
  gr_err err;
  bool busy = true;
  assert_int_equal(gr_gnuplot_begin(g, "plot x\n", 7, 0.05, &err), GR_OK);
  gr_code code = GR_OK;
  while (busy && !code) code = gr_gnuplot_look(g, &busy, NULL, &err);
  assert_int_equal(code, GR_ERR_IO);
  assert_non_null(strstr(err.text, "did not finish within 0.05 s"));
  assert_no_children();
  gr_gnuplot_free(g);
  unlink(script_path);
}

static void buries_a_gnuplot_that_was_killed(void **state) {
  gr_gnuplot *g = new_gnuplot(fake("echo $$ >&2; while read -r line; do exit 0; done"));
  gr_err err;
  run(g, "plot x\n", NULL, 5, &err);
  gr_gnuplot_tend(g);
  assert_no_children();
  gr_gnuplot_free(g);
  unlink(script_path);
}

static void understands_what_terminals_answer(void **state) {
  static const struct {
    const char *text;
    unsigned can;
    bool complete;
  } cases[] = {
      {"", GR_PICTURES_NONE, false},
      {"\033[?1;2c", GR_PICTURES_NONE, true},
      {"\033[?62;4;22c", GR_PICTURES_SIXEL, true},
      {"\033[?62;22;4c", GR_PICTURES_SIXEL, true},
      {"\033[?62;44;22c", GR_PICTURES_NONE, true},
      {"\033_Gi=31;OK\033\\\033[?62c", GR_PICTURES_KITTY, true},
      {"\033_Gi=31;ENODATA:no\033\\\033[?62;4c", GR_PICTURES_SIXEL, true},
      {"\033_Gi=31;OK\033\\\033[?6", GR_PICTURES_KITTY, false},
      {"\033[?9999999999999999999999;4c", GR_PICTURES_SIXEL, true},
      {"garbage\033[?x", GR_PICTURES_NONE, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool complete;
    assert_int_equal(gr_terminal_answer(cases[i].text, strlen(cases[i].text), &complete), cases[i].can);
    assert_int_equal(complete, cases[i].complete);
  }
}

static void wraps_a_picture_for_kitty(void **state) {
  gr_str text = {0};
  gr_kitty_picture(&text, "Man", 3);
  assert_string_equal(text.text, "\033_Ga=T,f=100,q=2,m=0;TWFu\033\\\n");
  gr_str_finish(&text);
  char large[4000] = {0};
  gr_kitty_picture(&text, large, sizeof large);
  assert_non_null(strstr(text.text, "m=1;AAAA"));
  assert_non_null(strstr(text.text, "\033_Gm=0;AAAA"));
  assert_non_null(strstr(text.text, "AA==\033\\\n"));
  gr_str_finish(&text);
  gr_kitty_picture(&text, "M", 1);
  assert_non_null(strstr(text.text, ";TQ==\033"));
  gr_str_finish(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_while_something_else_goes_on),
      cmocka_unit_test(a_hanging_gnuplot_is_ended_when_somebody_looks),
      cmocka_unit_test(buries_a_gnuplot_that_was_killed),
      cmocka_unit_test(understands_what_terminals_answer),
      cmocka_unit_test(wraps_a_picture_for_kitty),
      cmocka_unit_test(draws_curves_as_characters),
      cmocka_unit_test(tells_what_gnuplot_complains_of_and_goes_on),
      cmocka_unit_test(says_how_to_install_a_missing_gnuplot),
      cmocka_unit_test(reports_a_gnuplot_that_dies_at_its_start),
      cmocka_unit_test(survives_a_death_in_the_middle),
      cmocka_unit_test(stops_a_gnuplot_that_hangs),
      cmocka_unit_test(stops_a_gnuplot_that_writes_without_end),
      cmocka_unit_test(starts_again_after_a_death_between_two_plots),
      cmocka_unit_test(gives_up_at_once_when_there_is_no_display),
      cmocka_unit_test(draws_once_more_when_a_window_was_lost),
      cmocka_unit_test(keeps_the_ends_and_extremes_of_a_long_line),
      cmocka_unit_test(keeps_a_point_in_each_place_that_has_one),
      cmocka_unit_test(gives_way_to_an_interrupt),
      cmocka_unit_test(keeps_no_files_open),
      cmocka_unit_test(is_out_of_reach_of_the_terminals_interrupt),
      cmocka_unit_test(shows_two_pixels_a_character_with_ink),
      cmocka_unit_test(shows_coloured_spaces_in_ascii),
      cmocka_unit_test(shows_greys_as_characters_without_ink),
      cmocka_unit_test(shrinks_to_the_mean_of_what_a_pixel_covers),
      cmocka_unit_test(enlarging_repeats_pixels),
      cmocka_unit_test(writes_pixels_as_numbers_for_gnuplot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
