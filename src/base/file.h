// Files and folders, as whoever writes them needs: a file that is either the old one or the new one, a folder
// with those above it, the names in a folder.
#ifndef GR_BASE_FILE_H
#define GR_BASE_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

// Files are read and written in pieces of this many bytes, between which an interrupt is looked for.
#define GR_FILE_PIECE ((size_t)8 << 20)

typedef struct gr_piece {
  const void *data;
  size_t size;
} gr_piece;

// Writes the pieces one after the other into a new file beside `path`, which then takes its name: whoever
// reads `path` sees the old file or the new one, and a full disk leaves the old one.
gr_code gr_file_write(const char *path, const gr_piece *pieces, int n_pieces, gr_err *err);
// Makes the folder and those above it; one that is there already is fine.
gr_code gr_folder_make(const char *path, gr_err *err);
// Appends the names in the folder, sorted, each with its '\0'. Hidden ones are left out.
gr_code gr_folder_names(gr_str *out, const char *path, gr_err *err);

#endif
