#include "plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"

extern char **environ;

typedef struct conversation {
  char commands[480];  // load the script, then say that it is done
  size_t length, sent;
  gr_str output, errors;
  char mark[40];
  bool output_done, errors_done;
  double deadline, seconds;
} conversation;

struct gr_gnuplot {
  pid_t pid;      // 0: not running
  int in;         // a socket to its standard input: send() can be told not to raise SIGPIPE, write() cannot
  int out, errs;  // pipes from its standard output and standard error
  int script;  // a file in memory, its number 3 at the other side: gnuplot reads its standard input a byte a
               // system call (20 s for a million points), but files in blocks
  unsigned runs;      // numbers the marks by which we know that a run is over
  char *program;      // NULL: ask the environment at each start
  conversation talk;  // the run that is going on, or that was the last
  bool talking;
  bool window_lost;  // the last run found that its window had died with all that was drawn
};

// Nothing we ask for is larger (an SVG of a million points has 100 MB); a process that writes without end is
// stopped here.
#define MAX_OUTPUT ((size_t)256 << 20)
// Of its complaints the first ones matter.
#define MAX_ERRORS ((size_t)16 << 10)
// A signal that arrives just before poll() is noticed after this many milliseconds.
#define POLL_SLICE 100

gr_code gr_gnuplot_new(gr_gnuplot **out, const char *program, gr_err *err) {
  gr_gnuplot *g = calloc(1, sizeof *g);
  char *copy = program ? strdup(program) : NULL;
  if (!g || (program && !copy)) {
    free(g);
    free(copy);
    return gr_fail(err, GR_ERR_MEMORY, "out of memory while preparing to plot");
  }
  *g = (gr_gnuplot){.in = -1, .out = -1, .errs = -1, .script = -1, .program = copy};
  *out = g;
  return GR_OK;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

// ---- starting and ending ----

// Ends of pipes must not be 0, 1 or 2 (they are when our caller had closed those), or the dup2's of the child
// would overwrite them.
static bool move_up(int *fd) {
  if (*fd > 2) return true;
  int high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
  close(*fd);
  *fd = high;
  return high >= 0;
}

// Starts the program, with the four files as its numbers 0 to 3, no signal held back or ignored, and a
// process group of its own. Returns 0 or an errno.
static int spawn(pid_t *pid, const char *program, const int theirs[4]) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  for (int i = 0; i < 4; i++) posix_spawn_file_actions_adddup2(&files, theirs[i], i);
  posix_spawn_file_actions_addclosefrom_np(&files, 4);  // files that the learner's code has opened
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  // -d: no ~/.gnuplot, so that a figure looks the same for everyone.
  char *const argv[] = {(char *)program, "-d", NULL};
  int failure = posix_spawnp(pid, program, &files, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

static gr_code start(gr_gnuplot *g, gr_err *err) {
  const char *program = g->program ? g->program : getenv("GRADUS_GNUPLOT");
  if (!program || !*program) program = "gnuplot";
  enum { OURS, THEIRS };
  int in[2] = {-1, -1}, out[2] = {-1, -1}, errs[2] = {-1, -1};
  gr_code code = GR_OK;
  int script = memfd_create("gradus-figure", MFD_CLOEXEC);
  bool made = script >= 0 && move_up(&script);
  made = made && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
         pipe2(errs, O_CLOEXEC) == 0;
  for (int i = 0; made && i < 2; i++) made = move_up(&in[i]) && move_up(&out[i]) && move_up(&errs[i]);
  if (!made) {
    code = gr_fail(err, GR_ERR_IO, "cannot make a pipe to gnuplot: %s", strerror(errno));
    goto done;
  }
  // The child's ends stay blocking, as gnuplot expects.
  fcntl(in[OURS], F_SETFL, O_NONBLOCK);
  fcntl(out[OURS], F_SETFL, O_NONBLOCK);
  fcntl(errs[OURS], F_SETFL, O_NONBLOCK);

  int failure = spawn(&g->pid, program, (int[]){in[THEIRS], out[THEIRS], errs[THEIRS], script});
  if (failure) {
    g->pid = 0;
    if (failure == ENOENT)
      code = gr_fail(err, GR_ERR_IO,
                     "plots are drawn by gnuplot, and there is no program \"%s\" here: install it with "
                     "`apt install gnuplot-nox` (gnuplot-qt for windows); all the rest works without",
                     program);
    else
      code = gr_fail(err, GR_ERR_IO, "cannot start %s: %s", program, strerror(failure));
    goto done;
  }
  g->in = in[OURS];
  g->out = out[OURS];
  g->errs = errs[OURS];
  g->script = script;
  in[OURS] = out[OURS] = errs[OURS] = script = -1;
done:
  close_fd(&script);
  for (int i = 0; i < 2; i++) {
    close_fd(&in[i]);
    close_fd(&out[i]);
    close_fd(&errs[i]);
  }
  return code;
}

static void end_talk(gr_gnuplot *g) {
  gr_str_finish(&g->talk.output);
  gr_str_finish(&g->talk.errors);
  g->talk = (conversation){0};
  g->talking = false;
}

static void close_all(gr_gnuplot *g) {
  close_fd(&g->in);
  close_fd(&g->out);
  close_fd(&g->errs);
  close_fd(&g->script);
}

// Closes the pipes, gives the process `seconds` to leave, then ends it and its helpers. Returns its wait
// status, -1 when somebody else has reaped it.
static int stop(gr_gnuplot *g, double seconds) {
  if (g->pid == 0) return -1;
  close_all(g);
  double deadline = now() + seconds;
  int status = -1;
  for (;;) {
    pid_t done = waitpid(g->pid, &status, WNOHANG);
    if (done == g->pid) break;
    if (done < 0 && errno != EINTR) {
      status = -1;
      break;
    }
    if (now() >= deadline) {
      kill(-g->pid, SIGKILL);
      while (waitpid(g->pid, &status, 0) < 0 && errno == EINTR) continue;
      break;
    }
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  g->pid = 0;
  return status;
}

void gr_gnuplot_free(gr_gnuplot *g) {
  if (!g) return;
  stop(g, 0.5);
  end_talk(g);
  free(g->program);
  free(g);
}

// ---- one run ----

typedef enum reading { READ_MORE, READ_ENDED, READ_TOO_MUCH } reading;

static reading read_into(int fd, gr_str *text, size_t most, bool drop_rest) {
  char block[16384];
  for (;;) {
    ssize_t n = read(fd, block, sizeof block);
    if (n == 0) return READ_ENDED;
    if (n < 0) return errno == EAGAIN || errno == EINTR ? READ_MORE : READ_ENDED;
    size_t room = text->length < most ? most - text->length : 0;
    if ((size_t)n > room && !drop_rest) return READ_TOO_MUCH;
    if ((size_t)n <= room) {
      gr_str_append_n(text, block, (size_t)n);
    } else {  // keep the end: it has the mark
      size_t half = text->length / 2;
      memmove(text->text, text->text + half, text->length - half);
      text->length -= half;
      gr_str_append_n(text, block, (size_t)n);
    }
    if (text->failed) return READ_TOO_MUCH;
  }
}

static const char *find(const gr_str *text, const char *part) {
  return text->length ? memmem(text->text, text->length, part, strlen(part)) : NULL;
}

// The programs that open windows for gnuplot leave it waiting for ever when there is no display for them;
// this is what they say before.
static bool finds_no_display(const gr_str *errors) {
  return find(errors, "could not connect to display") || find(errors, "unable to open display") ||
         find(errors, "Unable to initialize GTK+") ||
         find(errors, "no Qt platform plugin could be initialized");
}

// The last lines of what gnuplot complained about, on one line, for a message.
static void last_words(char *words, size_t size, const gr_str *errors) {
  const char *text = errors->text ? errors->text : "";
  size_t n = errors->length;
  while (n && strchr(" \n\r\t", text[n - 1])) n--;
  size_t start = n > size - 1 ? n - (size - 1) : 0;
  size_t k = 0;
  bool space = true;
  for (size_t i = start; i < n && k < size - 1; i++) {
    bool blank = (unsigned char)text[i] <= ' ';
    if (!blank)
      words[k++] = text[i];
    else if (!space)
      words[k++] = ' ';
    space = blank;
  }
  words[k] = '\0';
}

static gr_code died(gr_gnuplot *g, const conversation *c, gr_err *err) {
  char words[300];
  last_words(words, sizeof words, &c->errors);
  int status = stop(g, 0.2);
  char how[60] = "";
  if (status != -1 && WIFEXITED(status))
    snprintf(how, sizeof how, " with exit status %d", WEXITSTATUS(status));
  else if (status != -1 && WIFSIGNALED(status))
    snprintf(how, sizeof how, " by signal %d", WTERMSIG(status));
  return gr_fail(err, GR_ERR_IO,
                 "gnuplot ended%s before the plot was done%s%s%s; the next plot starts it again", how,
                 *words ? "; its last words: \"" : "", words, *words ? "\"" : "");
}

// Puts the script where gnuplot will read it.
static gr_code write_script(gr_gnuplot *g, const char *script, size_t length, gr_err *err) {
  bool ok = ftruncate(g->script, 0) == 0;
  for (size_t done = 0; ok && done < length;) {
    ssize_t n = pwrite(g->script, script + done, length - done, (off_t)done);
    if (n > 0)
      done += (size_t)n;
    else
      ok = n < 0 && errno == EINTR;
  }
  if (ok) return GR_OK;
  return gr_fail(err, GR_ERR_IO, "cannot hand a plot of %zu bytes to gnuplot: %s", length, strerror(errno));
}

// Writes and reads at the same time, since either side may have to wait for the other; waits at most `wait`
// milliseconds for something to do. `over` when both marks came. After an error the process has been ended.
static gr_code exchange(gr_gnuplot *g, int wait, bool *over, gr_err *err) {
  conversation *c = &g->talk;
  *over = false;
  if (now() > c->deadline) {
    char words[200];
    last_words(words, sizeof words, &c->errors);
    stop(g, 0);
    return gr_fail(err, GR_ERR_IO,
                   "gnuplot did not finish within %g s and was stopped%s%s%s; the next plot starts it again",
                   c->seconds, *words ? "; its last words: \"" : "", words, *words ? "\"" : "");
  }
  struct pollfd fds[3] = {
      {.fd = g->out, .events = POLLIN},
      {.fd = g->errs, .events = POLLIN},
      {.fd = c->sent < c->length ? g->in : -1, .events = POLLOUT},
  };
  if (poll(fds, 3, wait) < 0) {
    if (errno == EINTR) return GR_OK;
    stop(g, 0);
    return gr_fail(err, GR_ERR_IO, "cannot wait for gnuplot: %s", strerror(errno));
  }
  reading errors = READ_MORE, output = READ_MORE;
  if (fds[1].revents) errors = read_into(g->errs, &c->errors, MAX_ERRORS, true);
  if (fds[0].revents) output = read_into(g->out, &c->output, MAX_OUTPUT, false);
  if (output == READ_TOO_MUCH || errors == READ_TOO_MUCH) {
    stop(g, 0);
    return gr_fail(err, GR_ERR_IO,
                   "gnuplot wrote more than %zu bytes and was stopped; the next plot starts it again",
                   MAX_OUTPUT);
  }
  if (finds_no_display(&c->errors)) {
    const char *display = getenv("DISPLAY");
    stop(g, 0);
    return gr_fail(err, GR_ERR_IO, "gnuplot cannot open a window: the display \"%s\" does not answer",
                   display ? display : "");
  }
  // The mark on standard output ends with the line; the other needs none.
  const char *mark = find(&c->output, c->mark);
  c->output_done = mark && memchr(mark, '\n', c->output.length - (size_t)(mark - c->output.text));
  c->errors_done = find(&c->errors, c->mark) != NULL;
  *over = c->output_done && c->errors_done;
  if (*over) return GR_OK;
  if (output == READ_ENDED || errors == READ_ENDED) return died(g, c, err);
  if (fds[2].revents) {
    ssize_t n = send(g->in, c->commands + c->sent, c->length - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
      c->sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR) {
      // Its complaint may still be in the pipe.
      read_into(g->errs, &c->errors, MAX_ERRORS, true);
      return died(g, c, err);
    }
  }
  return GR_OK;
}

// The mark on standard output is followed by gnuplot's own count and text of errors: "MARK 0 ".
static gr_code verdict(gr_gnuplot *g, gr_err *err) {
  const conversation *c = &g->talk;
  const char *mark = find(&c->output, c->mark);
  char *rest;
  long failures = strtol(mark + strlen(c->mark), &rest, 10);
  // "qt" notices that its window has died; "x11" swallows some bytes of our commands, all of which are valid.
  g->window_lost =
      find(&c->errors, "not responding - will restart") || (failures && strstr(rest, "invalid command"));
  if (failures == 0) return GR_OK;
  size_t n = strcspn(rest, "\n");
  while (n && *rest == ' ') rest++, n--;
  return gr_fail(err, GR_ERR_VALUE, "gnuplot says: %.*s", (int)(n < 400 ? n : 400), rest);
}

void gr_gnuplot_tend(gr_gnuplot *g) {
  if (!g->pid || g->talking) return;
  int status;
  pid_t gone = waitpid(g->pid, &status, WNOHANG);
  if (gone != g->pid && !(gone < 0 && errno == ECHILD)) return;
  g->pid = 0;
  close_all(g);
}

// Ends a run that is over, or that failed with `code`: its verdict, and what gnuplot printed.
static gr_code conclude(gr_gnuplot *g, gr_code code, gr_str *output, gr_err *err) {
  if (!code) code = verdict(g, err);
  if (!code && output) {
    const gr_str *said = &g->talk.output;
    gr_str_append_n(output, said->text, (size_t)(find(said, g->talk.mark) - said->text));
    code = gr_str_check(output, err);
  }
  end_talk(g);
  return code;
}

// Exchanges until the run is over, and gives its verdict. An interrupt ends the process.
static gr_code finish_talk(gr_gnuplot *g, gr_str *output, gr_err *err) {
  gr_code code = GR_OK;
  for (bool over = false; !code && !over;) {
    if (gr_interrupt_pending()) {
      stop(g, 0);
      code = gr_interrupt_poll(err);
    } else {
      code = exchange(g, POLL_SLICE, &over, err);
    }
  }
  return conclude(g, code, output, err);
}

gr_code gr_gnuplot_begin(gr_gnuplot *g, const char *script, size_t length, double seconds, gr_err *err) {
  gr_err ignored;
  // What the run before had to say was for whoever began it.
  if (g->talking && finish_talk(g, NULL, &ignored) == GR_ERR_INTERRUPT) {
    *err = ignored;
    return err->code;
  }
  gr_gnuplot_tend(g);  // it may have died since: a window closed the hard way, say
  if (g->pid == 0 && start(g, err)) return err->code;
  conversation *c = &g->talk;
  *c = (conversation){.seconds = seconds, .deadline = now() + seconds};
  snprintf(c->mark, sizeof c->mark, "gradus-run-%u-done ", ++g->runs);
  snprintf(c->commands, sizeof c->commands,
           "load '/dev/fd/3'\nset print\nprint '%s'\n"
           "set print '-'\nprint sprintf('%s%%d %%s', GPVAL_ERRNO, GPVAL_ERRNO ? GPVAL_ERRMSG : '')\n"
           "set print\nreset errors\n",
           c->mark, c->mark);
  c->length = strlen(c->commands);
  if (write_script(g, script, length, err)) return err->code;
  g->talking = true;
  bool over;
  gr_code code = exchange(g, 0, &over, err);
  if (code) end_talk(g);
  return code;
}

gr_code gr_gnuplot_look(gr_gnuplot *g, bool *busy, gr_str *output, gr_err *err) {
  *busy = false;
  if (!g->talking) return GR_OK;
  bool over;
  gr_code code = exchange(g, 0, &over, err);
  if (!code && !over) {
    *busy = true;
    return GR_OK;
  }
  return conclude(g, code, output, err);
}

double gr_gnuplot_seconds(const gr_gnuplot *g) {
  clockid_t clock;
  struct timespec t;
  if (!g->pid || clock_getcpuclockid(g->pid, &clock) || clock_gettime(clock, &t)) return 0;
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

gr_code gr_gnuplot_run(gr_gnuplot *g, const char *script, size_t length, gr_str *output, double seconds,
                       gr_err *err) {
  size_t before = output ? output->length : 0;
  gr_code code = GR_OK;
  // A window that was ended the hard way is missed only by the picture that it does not show: then once more.
  for (int again = 0; again < 2; again++) {
    g->window_lost = false;
    if (output) output->length = before;
    code = gr_gnuplot_begin(g, script, length, seconds, err);
    if (!code) code = finish_talk(g, output, err);
    if (!g->window_lost) break;
  }
  return code;
}
