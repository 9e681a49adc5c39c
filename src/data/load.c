#include "data/load.h"

#include <stdio.h>
#include <string.h>

#include "data/csv.h"
#include "data/idx.h"
#include "data/npy.h"

// Text has no zero bytes and no control characters but white space.
static bool looks_like_text(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < size && i < 512; i++)
    if (data[i] < 9 || (data[i] > 13 && data[i] < 32) || data[i] == 127) return false;
  return size > 0;
}

// Files of other kinds that learners have lying beside their arrays.
static const struct {
  const char *first, *what;
} other_kinds[] = {
    {"\x89PNG", "it is a PNG picture, not an array"},
    {"\xFF\xD8\xFF", "it is a JPEG picture, not an array"},
    {"\x89HDF", "it is an HDF5 file: in Python, np.save each array of it"},
    {"\x80\x04\x95", "it is a pickle, and unpickling runs code from the file: in Python, np.save the arrays "
                     "in it"},
    {"MATLAB", "it is a MATLAB file: in Python, np.save the arrays of scipy.io.loadmat"},
};

static gr_code parse_plain(gr_tensor *out, const uint8_t *data, size_t size, int64_t skip, const char *name,
                           gr_err *err) {
  if (gr_is_npy(data, size)) return gr_npy_parse(out, data, size, name, err);
  if (gr_is_idx(data, size)) return gr_idx_parse(out, data, size, name, err);
  if (size == 0) return gr_fail(err, GR_ERR_FORMAT, "%s: the file is empty", name);
  for (size_t i = 0; i < sizeof other_kinds / sizeof other_kinds[0]; i++) {
    size_t n = strlen(other_kinds[i].first);
    if (size >= n && memcmp(data, other_kinds[i].first, n) == 0)
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: %s; .npy, .npz, .safetensors, IDX and tables of numbers as text are read", name,
                     other_kinds[i].what);
  }
  if (looks_like_text(data, size)) return gr_csv_parse(out, data, size, skip, name, err);
  char bytes[3 * 8 + 1] = "";
  for (size_t i = 0; i < size && i < 8; i++) snprintf(bytes + 3 * i, 4, " %02X", data[i]);
  return gr_fail(err, GR_ERR_FORMAT,
                 "%s: it begins with the bytes%s, which is none of .npy, .npz, .safetensors, IDX or a table "
                 "of numbers as "
                 "text",
                 name, bytes);
}

static gr_code parse_gzip(gr_tensor *out, const gr_bytes *file, int64_t skip, const char *name, gr_err *err) {
  // An IDX file says in its first bytes how long it is: no more than that is unpacked.
  uint8_t head[4 + 4 * GR_MAX_DIMS];
  size_t n = gr_gunzip_head(head, sizeof head, file->data, file->size), exactly = SIZE_MAX;
  if (gr_is_idx(head, n) && gr_idx_size(&exactly, head, n, name, err)) return err->code;
  gr_bytes plain;
  if (gr_gunzip(&plain, file->data, file->size, exactly, name, err)) return err->code;
  gr_code code = parse_plain(out, plain.data, plain.size, skip, name, err);
  gr_bytes_finish(&plain);
  return code;
}

gr_code gr_load(gr_loaded *out, const char *path, int64_t skip, gr_err *err) {
  gr_bytes file;
  char name[256];
  *out = (gr_loaded){0};
  snprintf(name, sizeof name, "%s", path);
  if (gr_file_read(&file, path, err)) return err->code;
  if (gr_is_zip(file.data, file.size)) {
    gr_code code = gr_npz_open(&out->archive, &file, name, err);
    out->is_archive = !code;
    return code;
  }
  if (gr_is_safetensors(file.data, file.size)) {
    gr_code code = gr_safetensors_open(&out->safetensors, &file, name, err);
    out->is_safetensors = !code;
    return code;
  }
  gr_code code = gr_is_gzip(file.data, file.size)
                     ? parse_gzip(&out->tensor, &file, skip, name, err)
                     : parse_plain(&out->tensor, file.data, file.size, skip, name, err);
  gr_bytes_finish(&file);
  return code;
}

void gr_loaded_finish(gr_loaded *l) {
  gr_tensor_finish(&l->tensor);
  gr_npz_close(&l->archive);
  gr_safetensors_close(&l->safetensors);
  *l = (gr_loaded){0};
}
