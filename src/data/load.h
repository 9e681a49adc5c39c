// A file of numbers, whatever its kind, told by its first bytes and not by its name.
#ifndef GR_DATA_LOAD_H
#define GR_DATA_LOAD_H

#include "data/npz.h"
#include "data/safetensors.h"

typedef struct gr_loaded {
  bool is_archive, is_safetensors;  // at most one of them
  gr_tensor tensor;                 // of a .npy, IDX or text file, gzipped or not
  gr_npz archive;                   // of a .npz file: its members are read by gr_npz_tensor
  gr_safetensors safetensors;       // read by gr_safetensors_tensor
} gr_loaded;

// `skip` lines are passed over in text files.
gr_code gr_load(gr_loaded *out, const char *path, int64_t skip, gr_err *err);
void gr_loaded_finish(gr_loaded *l);  // accepts zero bytes

#endif
