#include "plot/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// To kitty: would you show this picture of one pixel? To all: what are you? Every terminal answers the second
// question, so that its answer ends the wait for the first.
static const char question[] = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\\033[c";

gr_pictures gr_terminal_answer(const char *text, size_t length, bool *complete) {
  *complete = false;
  gr_pictures can = GR_PICTURES_NONE;
  if (!text || length == 0) return can;
  const char *kitty = memmem(text, length, "\033_Gi=31", 7);
  if (kitty && memmem(kitty, length - (size_t)(kitty - text), ";OK\033\\", 5)) can = GR_PICTURES_KITTY;
  // The attributes: ESC [ ? 62 ; 4 ; 22 c, of which 4 means sixel.
  const char *p = memmem(text, length, "\033[?", 3);
  if (!p) return can;
  const char *end = text + length;
  int attribute = 0;
  for (p += 3; p < end; p++) {
    if (*p >= '0' && *p <= '9') {
      attribute = attribute < 1000 ? 10 * attribute + (*p - '0') : attribute;
      continue;
    }
    if (attribute == 4) can |= GR_PICTURES_SIXEL;
    attribute = 0;
    if (*p == 'c') {
      *complete = true;
      break;
    }
    if (*p != ';') break;
  }
  return can;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool readable(int fd, double seconds) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  return poll(&waiting, 1, seconds > 0 ? (int)(1000 * seconds) : 0) == 1 && (waiting.revents & POLLIN);
}

static gr_pictures converse(int fd, double seconds) {
  char answer[256];
  size_t length = 0;
  bool complete = false;
  gr_pictures can = GR_PICTURES_NONE;
  if (write(fd, question, sizeof question - 1) != (ssize_t)(sizeof question - 1)) return can;
  double deadline = now() + seconds;
  while (!complete && length < sizeof answer && readable(fd, deadline - now())) {
    ssize_t n = read(fd, answer + length, sizeof answer - length);
    if (n <= 0) break;
    length += (size_t)n;
    can = gr_terminal_answer(answer, length, &complete);
  }
  return complete ? can : GR_PICTURES_NONE;
}

gr_pictures gr_terminal_ask(double seconds) {
  int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return GR_PICTURES_NONE;
  gr_pictures can = GR_PICTURES_NONE;
  struct termios before, raw;
  if (tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, &before) == 0) {
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);  // not ISIG: Ctrl-C stays Ctrl-C
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSANOW, &raw) == 0) {
      if (!readable(fd, 0)) can = converse(fd, seconds);
      tcsetattr(fd, TCSANOW, &before);
    }
  }
  close(fd);
  return can;
}

// ---- kitty ----

#define PIECE 4096  // characters of base64, four for three bytes

void gr_kitty_picture(gr_str *out, const char *png, size_t length) {
  const size_t bytes = PIECE / 4 * 3;
  for (size_t i = 0; i < length; i += bytes) {
    size_t n = length - i < bytes ? length - i : bytes;
    // f=100: a PNG file; a=T: show it; q=2: do not answer.
    gr_str_format(out, "\033_G%sm=%d;", i == 0 ? "a=T,f=100,q=2," : "", i + n < length);
    gr_str_append_base64(out, png + i, n);
    gr_str_append(out, "\033\\");
  }
  gr_str_append_char(out, '\n', 1);
}
