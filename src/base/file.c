#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"

// False, with errno; ECANCELED after an interrupt. The disk gets each piece at once: it could not be stopped
// while it takes a large file in one go.
static bool write_pieces(int fd, const gr_piece *pieces, int n_pieces) {
  for (int i = 0; i < n_pieces; i++)
    for (size_t done = 0; done < pieces[i].size;) {
      if (gr_interrupt_pending()) return errno = ECANCELED, false;
      size_t left = pieces[i].size - done;
      ssize_t n = write(fd, (const char *)pieces[i].data + done, left < GR_FILE_PIECE ? left : GR_FILE_PIECE);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += (size_t)n;
      if (n == GR_FILE_PIECE && fdatasync(fd)) return false;
    }
  return fsync(fd) == 0;  // a name must never point to a file whose bytes are not there yet
}

// The file to write into, whose name goes to `fresh`. One name serves a target again and again, so that what
// a writer that was killed has left is used by the next one; who writes holds a lock on it, and whoever finds
// it locked takes a name of its own. Not mkstemp: an ordinary open gives the permissions that the umask
// wants.
static int open_fresh(char *fresh, size_t size, const char *target) {
  struct stat ours, named;
  snprintf(fresh, size, "%s.0.part", target);
  int fd = open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  // Between open and lock its last writer may have given it the target's name.
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &ours) == 0 && stat(fresh, &named) == 0 &&
      ours.st_dev == named.st_dev && ours.st_ino == named.st_ino && S_ISREG(ours.st_mode) &&
      ftruncate(fd, 0) == 0)
    return fd;
  if (fd >= 0) close(fd);
  snprintf(fresh, size, "%s.%ld.part", target, (long)getpid());
  unlink(fresh);
  return open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

gr_code gr_file_write(const char *path, const gr_piece *pieces, int n_pieces, gr_err *err) {
  // A link keeps pointing where it points: what it names is replaced.
  char target[PATH_MAX], fresh[PATH_MAX + 32];
  struct stat st;
  if (!realpath(path, target)) {
    if (strlen(path) >= sizeof target)
      return gr_fail(err, GR_ERR_IO, "the name \"%.60s...\" is too long", path);
    strcpy(target, path);
  } else if (stat(target, &st) == 0 && !S_ISREG(st.st_mode)) {
    return gr_fail(err, GR_ERR_IO, "cannot write \"%.300s\": it is %s, not a file", path,
                   S_ISDIR(st.st_mode) ? "a folder" : "a pipe or a device");
  }
  int fd = open_fresh(fresh, sizeof fresh, target);
  if (fd < 0) return gr_fail(err, GR_ERR_IO, "cannot write \"%.300s\": %s", path, strerror(errno));
  bool ok = write_pieces(fd, pieces, n_pieces);
  int reason = errno;
  if (close(fd) && ok) ok = false, reason = errno;
  if (ok && rename(fresh, target)) ok = false, reason = errno;
  if (ok) return GR_OK;
  unlink(fresh);
  if (reason == ECANCELED && gr_interrupt_poll(err)) return err->code;
  return gr_fail(err, GR_ERR_IO, "cannot write \"%.300s\": %s; what was there before is untouched", path,
                 strerror(reason));
}

static gr_code io_error(gr_err *err, const char *what, const char *path) {
  return gr_fail(err, GR_ERR_IO, "cannot %s \"%.300s\": %s", what, path, strerror(errno));
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

gr_code gr_folder_names(gr_str *out, const char *path, gr_err *err) {
  struct dirent **entries;
  int n = scandir(path, &entries, is_visible, alphasort);
  if (n < 0) return io_error(err, "read the folder", path);
  for (int i = 0; i < n; i++) {
    gr_str_append_n(out, entries[i]->d_name, strlen(entries[i]->d_name) + 1);
    free(entries[i]);
  }
  free(entries);
  return gr_str_check(out, err);
}

gr_code gr_folder_make(const char *path, gr_err *err) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part) {
    errno = ENAMETOOLONG;
    return io_error(err, "make the folder", path);
  }
  memcpy(part, path, length + 1);
  for (char *p = part + 1;; p++) {
    if (*p != '/' && *p) continue;
    char end = *p;
    *p = '\0';
    struct stat info;
    if (mkdir(part, 0777) && (errno != EEXIST || stat(part, &info) || !S_ISDIR(info.st_mode))) {
      if (errno == EEXIST) errno = ENOTDIR;
      return io_error(err, "make the folder", part);
    }
    if (!end) return GR_OK;
    *p = end;
  }
}
