// NumPy's .npz: a zip archive of .npy files, stored (np.savez) or deflated (np.savez_compressed).
//
// The central directory at the end says what there is; every offset and size in it is checked against the
// file and against the others before anything is unpacked, and nothing unpacks to more than was declared and
// deflate can hold.
#ifndef GR_DATA_NPZ_H
#define GR_DATA_NPZ_H

#include "data/file.h"
#include "data/named.h"
#include "tensor/tensor.h"

typedef struct gr_npz_entry {
  char *name;     // "x": the member's name without ".npy"
  bool is_array;  // its name ends in .npy
  bool deflated;
  size_t start, packed;  // its bytes in the file
  size_t unpacked;
  uint32_t crc;
  size_t from;  // where its local header begins
} gr_npz_entry;

typedef struct gr_npz {
  gr_bytes file;
  gr_npz_entry *entries;
  size_t n;
  char path[256];  // for messages
} gr_npz;

bool gr_is_zip(const uint8_t *data, size_t size);
// Takes `file` over, also when it fails (it then frees it).
gr_code gr_npz_open(gr_npz *out, gr_bytes *file, const char *path, gr_err *err);
gr_code gr_npz_tensor(gr_tensor *out, const gr_npz *z, size_t i, gr_err *err);
// A member's bytes: in the file when it is stored, otherwise in `unpacked`, which the caller finishes.
gr_code gr_npz_bytes(gr_bytes *unpacked, const uint8_t **bytes, const gr_npz *z, size_t i, gr_err *err);
// Any zip archive: writes its files below `folder`, and none elsewhere.
gr_code gr_npz_unpack(const gr_npz *z, const char *folder, gr_err *err);
void gr_npz_close(gr_npz *z);  // accepts zero bytes

// Writes each tensor as "name.npy" into one archive, whole or not at all; `deflated` packs them, which
// network weights hardly gain by. An archive over 4 GiB is refused.
gr_code gr_npz_write(const char *path, const gr_named_list *tensors, bool deflated, gr_err *err);

#endif
