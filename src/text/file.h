// Text files as the lessons need them: the names in a folder, and a file that is either the old one or the
// new one.
#ifndef GR_TEXT_FILE_H
#define GR_TEXT_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

// Appends the names in the folder, sorted, each with its '\0'. Hidden ones are left out.
gr_code gr_folder_names(gr_str *out, const char *path, gr_err *err);
// Makes the folder and those above it; one that is there already is fine.
gr_code gr_folder_make(const char *path, gr_err *err);
// Writes beside the file and renames: whoever reads it, and whatever goes wrong, it is never half written.
gr_code gr_text_write(const char *path, const char *text, size_t length, gr_err *err);

#endif
