// .safetensors: named tensors and texts, of one kind and without surprises.
// https://github.com/huggingface/safetensors
//
//   length of the header (8 bytes, little-endian)
//   header, JSON: {"dense/kernel": {"dtype": "F32", "shape": [4, 3], "data_offsets": [0, 48]}, ...,
//                  "__metadata__": {"any name": "any text", ...}}
//   the numbers: row-major, little-endian; data_offsets count from here
//
// BOOL, U8, I64, F32 and F64 arrive as they are, other whole numbers as int64, F16 and BF16 as float32. Every
// tensor must lie inside the file and have the bytes that its shape needs; two that overlap, bytes that
// belong to none, and a name that comes twice are refused.
#ifndef GR_DATA_SAFETENSORS_H
#define GR_DATA_SAFETENSORS_H

#include "data/convert.h"
#include "data/file.h"
#include "data/named.h"
#include "tensor/tensor.h"

typedef struct gr_safetensor {
  char *name;
  gr_number number;  // how a number is stored
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  size_t begin, end;  // its bytes, counted from the end of the header
} gr_safetensor;

typedef struct gr_pair {
  char *key, *text;
} gr_pair;

typedef struct gr_safetensors {
  gr_bytes file;
  gr_safetensor *entries;  // in the header's order
  size_t n;
  gr_pair *metadata;
  size_t n_metadata;
  size_t start;    // of the numbers in the file
  char path[256];  // for messages
} gr_safetensors;

// Whether the bytes begin as such a file does.
bool gr_is_safetensors(const uint8_t *data, size_t size);
// Takes `file` over, also when it fails (it then frees it).
gr_code gr_safetensors_open(gr_safetensors *out, gr_bytes *file, const char *path, gr_err *err);
gr_code gr_safetensors_tensor(gr_tensor *out, const gr_safetensors *s, size_t i, gr_err *err);
void gr_safetensors_close(gr_safetensors *s);  // accepts zero bytes

// Whoever reads `path` sees the old file or the new one, whole. Wider numbers come first, so that each begins
// at a multiple of its size; within one width the order is the list's.
gr_code gr_safetensors_write(const char *path, const gr_named_list *tensors, const gr_pair *metadata,
                             size_t n_metadata, gr_err *err);

#endif
