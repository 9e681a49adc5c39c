// NumPy's .npy: one array a file. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//   "\x93NUMPY"  version (2 bytes)  length of the header (2 bytes; 4 from version 2 on)
//   header: a Python dictionary, {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
//   the numbers
//
// bool, uint8, float32, float64 and int64 arrive as they are. int8, int16, int32, uint16 and uint32 become
// int64, float16 becomes float32, uint64 becomes int64 if every value fits. Both byte orders and both orders
// of axes are read; the tensor is always contiguous in our order. Nothing is ever unpickled.
#ifndef GR_DATA_NPY_H
#define GR_DATA_NPY_H

#include "data/file.h"
#include "tensor/tensor.h"

bool gr_is_npy(const uint8_t *data, size_t size);
// `name` is for messages: a path, or a path and the array's name in the archive.
gr_code gr_npy_parse(gr_tensor *out, const uint8_t *data, size_t size, const char *name, gr_err *err);
// What stands before the numbers of `t` in C order: version 1.0, this machine's (little-endian) bytes, padded
// so that the numbers begin at a multiple of 64. Returns how many bytes it is.
#define GR_NPY_HEADER 384
size_t gr_npy_header(char out[GR_NPY_HEADER], const gr_tensor *t);
gr_code gr_npy_write(const char *path, const gr_tensor *t, gr_err *err);

#endif
