#include "text/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gr_code io_error(gr_err *err, const char *what, const char *path) {
  return gr_fail(err, GR_ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
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

static int write_all(int fd, const char *text, size_t length) {
  while (length) {
    ssize_t n = write(fd, text, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    text += n;
    length -= (size_t)n;
  }
  return 0;
}

gr_code gr_text_write(const char *path, const char *text, size_t length, gr_err *err) {
  char beside[PATH_MAX];
  int n = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
  if (n < 0 || n >= (int)sizeof beside) {
    errno = ENAMETOOLONG;
    return io_error(err, "write", path);
  }
  int fd = mkstemp(beside);
  if (fd < 0) return io_error(err, "write", path);
  mode_t mask = umask(0);  // mkstemp is private to its owner; a file one asked for follows the umask
  umask(mask);
  int failed = write_all(fd, text, length) || fchmod(fd, 0666 & ~mask) || fsync(fd);
  failed |= close(fd);
  if (failed || rename(beside, path)) {
    io_error(err, "write", path);
    unlink(beside);
    return GR_ERR_IO;
  }
  return GR_OK;
}
