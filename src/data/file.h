// Files as bytes in memory: read with one open, unpacked through zlib.
#ifndef GR_DATA_FILE_H
#define GR_DATA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct gr_bytes {
  uint8_t *data;  // NULL when empty
  size_t size;
} gr_bytes;

void gr_bytes_finish(gr_bytes *b);

// The whole of a regular file. Anything else (a folder, a pipe, a device that never ends) is refused.
gr_code gr_file_read(gr_bytes *out, const char *path, gr_err *err);

// How much of something packed by deflate `packed` bytes can hold at most: deflate packs 258 bytes into 2
// bits.
size_t gr_inflate_bound(size_t packed);

bool gr_is_gzip(const uint8_t *data, size_t size);

// Unpacks gzip (all its members). `name` is for messages. With `exactly` other than SIZE_MAX the result must
// have that many bytes, and memory for no more is ever asked for.
gr_code gr_gunzip(gr_bytes *out, const uint8_t *data, size_t size, size_t exactly, const char *name,
                  gr_err *err);

// The first bytes of what gzip holds, at most `room` of them; returns how many there are.
size_t gr_gunzip_head(uint8_t *head, size_t room, const uint8_t *data, size_t size);

// Unpacks a raw deflate stream that must fill exactly `unpacked` bytes at `out` and use all of `data`.
gr_code gr_inflate_raw(uint8_t *out, size_t unpacked, const uint8_t *data, size_t size, const char *name,
                       gr_err *err);

// Two pieces one after the other, packed as one raw deflate stream.
gr_code gr_deflate_raw(gr_bytes *out, const gr_bytes pieces[2], const char *name, gr_err *err);

// Of `data`, behind bytes whose checksum is `before` (0: none).
uint32_t gr_crc32(uint32_t before, const uint8_t *data, size_t size);

#endif
