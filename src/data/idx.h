// IDX, the format of MNIST: 0, 0, a type, the number of axes; each size in 4 bytes, high byte first; the
// numbers, high byte first. http://yann.lecun.com/exdb/mnist/
#ifndef GR_DATA_IDX_H
#define GR_DATA_IDX_H

#include "data/file.h"
#include "tensor/tensor.h"

bool gr_is_idx(const uint8_t *data, size_t size);
gr_code gr_idx_parse(gr_tensor *out, const uint8_t *data, size_t size, const char *name, gr_err *err);
// The size of the whole file as its first bytes declare it; `size` is how many of them are at hand (36 are
// enough).
gr_code gr_idx_size(size_t *total, const uint8_t *data, size_t size, const char *name, gr_err *err);

#endif
