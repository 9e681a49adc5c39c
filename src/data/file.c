#include "data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"

void gr_bytes_finish(gr_bytes *b) {
  gr_free(b->data);
  *b = (gr_bytes){0};
}

// ---- reading ----

static gr_code read_all(gr_bytes *out, int fd, const char *path, gr_err *err) {
  struct stat st;
  if (fstat(fd, &st)) return gr_fail(err, GR_ERR_IO, "cannot read \"%.300s\": %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode)) return gr_fail(err, GR_ERR_IO, "\"%.300s\" is a folder: name a file in it", path);
  if (!S_ISREG(st.st_mode))
    return gr_fail(err, GR_ERR_IO, "\"%.300s\" is a pipe or a device: only ordinary files are read", path);
  size_t size = (size_t)st.st_size;
  char what[400];
  snprintf(what, sizeof what, "the file \"%.300s\"", path);
  void *data;
  if (gr_alloc(&data, size, what, err)) return err->code;
  size_t got = 0;
  while (got < size) {
    if (gr_interrupt_poll(err)) {
      gr_free(data);
      return err->code;
    }
    size_t piece = size - got < GR_FILE_PIECE ? size - got : GR_FILE_PIECE;
    ssize_t n = read(fd, (uint8_t *)data + got, piece);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += (size_t)n;
  }
  if (got < size) {
    gr_free(data);
    return gr_fail(err, GR_ERR_IO, "\"%.300s\" ended after %zu of its %zu bytes: is it still being written?",
                   path, got, size);
  }
  *out = (gr_bytes){data, size};
  return GR_OK;
}

gr_code gr_file_read(gr_bytes *out, const char *path, gr_err *err) {
  *out = (gr_bytes){0};
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT)
      return gr_fail(err, GR_ERR_IO,
                     "there is no file \"%.300s\" (a relative path starts where gradus was started)", path);
    return gr_fail(err, GR_ERR_IO, "cannot open \"%.300s\": %s", path, strerror(errno));
  }
  gr_code code = read_all(out, fd, path, err);
  close(fd);
  return code;
}

// ---- zlib ----

bool gr_is_gzip(const uint8_t *data, size_t size) {
  return size >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

size_t gr_inflate_bound(size_t packed) { return packed > SIZE_MAX / 1040 ? SIZE_MAX : packed * 1032 + 1032; }

uint32_t gr_crc32(uint32_t before, const uint8_t *data, size_t size) {
  return data ? (uint32_t)crc32_z(before, data, size) : before;  // of no data zlib returns its starting value
}

static const char *reason(const z_stream *z, int status) {
  if (z->msg) return z->msg;
  return status == Z_MEM_ERROR ? "out of memory" : "it ends too early";
}

// zlib counts in 32 bits: it is fed and drained in pieces.
#define PIECE (1u << 30)

// Inflates until the stream ends, the input is used up or `out` is full. The caller keeps `z`.
static int inflate_into(z_stream *z, uint8_t *out, size_t room, size_t *used, const uint8_t *data,
                        size_t size, size_t *taken) {
  int status = Z_OK;
  *used = *taken = 0;
  while (status == Z_OK) {
    size_t in = size - *taken, free_room = room - *used;
    z->next_in = (Bytef *)(uintptr_t)(data + *taken);
    z->avail_in = in > PIECE ? PIECE : (uInt)in;
    z->next_out = out + *used;
    z->avail_out = free_room > PIECE ? PIECE : (uInt)free_room;
    uInt in_before = z->avail_in, out_before = z->avail_out;
    status = inflate(z, Z_NO_FLUSH);
    *taken += in_before - z->avail_in;
    *used += out_before - z->avail_out;
    if (status == Z_OK && in_before == z->avail_in && out_before == z->avail_out) break;
  }
  return status;
}

gr_code gr_inflate_raw(uint8_t *out, size_t unpacked, const uint8_t *data, size_t size, const char *name,
                       gr_err *err) {
  z_stream z = {0};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  size_t used, taken;
  uint8_t nothing;  // zlib wants an address even for no room at all
  int status = inflate_into(&z, out ? out : &nothing, unpacked, &used, data, size, &taken);
  gr_code code = GR_OK;
  if (status != Z_STREAM_END && used == unpacked && (status == Z_OK || status == Z_BUF_ERROR))
    code = gr_fail(err, GR_ERR_FORMAT,
                   "%s: it does not end after the %zu bytes that it declares: the file is damaged", name,
                   unpacked);
  else if (status != Z_STREAM_END)
    code = gr_fail(err, GR_ERR_FORMAT, "%s: damaged after %zu of %zu unpacked bytes: %s", name, used,
                   unpacked, reason(&z, status));
  else if (used != unpacked || taken != size)
    code = gr_fail(err, GR_ERR_FORMAT,
                   "%s: %zu packed bytes gave %zu bytes, but the archive declares %zu packed and %zu "
                   "unpacked: the file is damaged",
                   name, taken, used, size, unpacked);
  inflateEnd(&z);
  return code;
}

// Packs `data` into what is left of `out`, which is large enough for whatever comes.
static gr_code deflate_into(z_stream *z, const gr_bytes *out, const gr_bytes *data, bool last, gr_err *err) {
  size_t taken = 0;
  int status = Z_OK;
  do {
    if (gr_interrupt_poll(err)) return err->code;
    size_t in = data->size - taken, room = out->size - (size_t)(z->next_out - out->data);
    if (in > GR_FILE_PIECE) in = GR_FILE_PIECE;
    z->next_in = (Bytef *)(uintptr_t)(data->data + taken);
    z->avail_in = (uInt)in;
    z->avail_out = room > PIECE ? PIECE : (uInt)room;
    taken += in;
    status = deflate(z, last && taken == data->size ? Z_FINISH : Z_NO_FLUSH);
    taken -= z->avail_in;
  } while (taken < data->size || (last && status == Z_OK));
  return GR_OK;
}

gr_code gr_deflate_raw(gr_bytes *out, const gr_bytes pieces[2], const char *name, gr_err *err) {
  z_stream z = {0};
  *out = (gr_bytes){0};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  void *block;
  gr_bytes room = {.size = deflateBound(&z, pieces[0].size + pieces[1].size)};
  gr_code code = gr_alloc(&block, room.size, name, err);
  if (!code) {
    room.data = z.next_out = block;
    for (int i = 0; i < 2 && !code; i++) code = deflate_into(&z, &room, &pieces[i], i == 1, err);
    *out = (gr_bytes){room.data, (size_t)(z.next_out - room.data)};
    if (code) gr_bytes_finish(out);
  }
  deflateEnd(&z);
  return code;
}

// One member after the other into `out`, growing it up to `limit`.
static gr_code gunzip_members(gr_bytes *out, size_t *used, z_stream *z, const uint8_t *data, size_t size,
                              size_t limit, const char *name, gr_err *err) {
  size_t at = 0;
  for (;;) {
    size_t wrote, taken;
    int status = inflate_into(z, out->data + *used, out->size - *used, &wrote, data + at, size - at, &taken);
    *used += wrote;
    at += taken;
    if (status == Z_STREAM_END) {
      if (!gr_is_gzip(data + at, size - at)) return GR_OK;  // done; padding after the last member is common
      if (inflateReset(z) != Z_OK) return gr_fail(err, GR_ERR_FORMAT, "%s: damaged gzip", name);
    } else if (status < 0 && status != Z_BUF_ERROR) {
      return gr_fail(err, GR_ERR_FORMAT, "%s: damaged gzip: %s", name, reason(z, status));
    } else if (*used < out->size) {
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: the gzip file ends too early, after %zu unpacked bytes: fetch it again", name,
                     *used);
    } else if (out->size >= limit) {
      return gr_fail(err, GR_ERR_FORMAT, "%s: it unpacks to more than the %zu bytes expected of it", name,
                     limit);
    } else {
      size_t larger = out->size > limit / 2 ? limit : out->size * 2;
      void *block;
      if (gr_alloc(&block, larger, name, err)) return err->code;
      memcpy(block, out->data, *used);
      gr_free(out->data);
      *out = (gr_bytes){block, larger};
    }
  }
}

// What does not declare its size (a table as text) is a table that someone means to read, not a bomb.
#define MOST_UNDECLARED ((size_t)4 << 30)

gr_code gr_gunzip(gr_bytes *out, const uint8_t *data, size_t size, size_t exactly, const char *name,
                  gr_err *err) {
  size_t bound = gr_inflate_bound(size), used = 0;
  *out = (gr_bytes){0};
  if (exactly != SIZE_MAX && exactly > bound)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: it should hold %zu bytes, but %zu bytes of gzip can hold %zu at most", name, exactly,
                   size, bound);
  // One byte beyond `exactly` shows that there is more; without it, begin with a usual packing ratio.
  size_t limit = exactly != SIZE_MAX ? exactly + 1 : bound < MOST_UNDECLARED ? bound : MOST_UNDECLARED;
  size_t first = exactly == SIZE_MAX && size < bound / 8 ? size * 8 + 64 : limit;
  gr_bytes b = {0};
  void *block;
  if (gr_alloc(&block, first, name, err)) return err->code;
  b = (gr_bytes){block, first};
  z_stream z = {0};
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
    gr_bytes_finish(&b);
    return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", name);
  }
  gr_code code = gunzip_members(&b, &used, &z, data, size, limit, name, err);
  inflateEnd(&z);
  if (!code && exactly != SIZE_MAX && used != exactly)
    code = gr_fail(err, GR_ERR_FORMAT, "%s: it unpacks to %s%zu bytes where %zu are expected", name,
                   used > exactly ? "more than " : "", used > exactly ? exactly : used, exactly);
  if (code) {
    gr_bytes_finish(&b);
    return code;
  }
  *out = (gr_bytes){b.data, used};
  return GR_OK;
}

size_t gr_gunzip_head(uint8_t *head, size_t room, const uint8_t *data, size_t size) {
  z_stream z = {0};
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return 0;
  size_t used, taken;
  inflate_into(&z, head, room, &used, data, size, &taken);
  inflateEnd(&z);
  return used;
}
