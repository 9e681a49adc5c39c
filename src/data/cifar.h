// CIFAR-10 and CIFAR-100, the binary versions: records of a label (two for CIFAR-100, coarse and fine) and
// 3 x 32 x 32 bytes, all red ones first. https://www.cs.toronto.edu/~kriz/cifar.html
#ifndef GR_DATA_CIFAR_H
#define GR_DATA_CIFAR_H

#include "data/file.h"
#include "tensor/tensor.h"

// x: uint8 (n, 32, 32, 3); y: uint8 (n,), of the last of the `labels` (1 or 2) of each record.
gr_code gr_cifar_parse(gr_tensor *x, gr_tensor *y, const uint8_t *data, size_t size, int labels,
                       const char *name, gr_err *err);

#endif
