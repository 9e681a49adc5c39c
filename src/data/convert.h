// Numbers as files store them, brought to a tensor's dtypes.
#ifndef GR_DATA_CONVERT_H
#define GR_DATA_CONVERT_H

#include <stdbool.h>

#include "base/err.h"
#include "tensor/tensor.h"

typedef enum gr_number {
  GR_NUMBER_BOOL = 0,
  GR_NUMBER_U8,
  GR_NUMBER_I8,
  GR_NUMBER_U16,
  GR_NUMBER_I16,
  GR_NUMBER_U32,
  GR_NUMBER_I32,
  GR_NUMBER_U64,
  GR_NUMBER_I64,
  GR_NUMBER_F16,
  GR_NUMBER_BF16,
  GR_NUMBER_F32,
  GR_NUMBER_F64,
} gr_number;

size_t gr_number_size(gr_number number);
const char *gr_number_name(gr_number number);
// The dtype it arrives in: itself where there is one, otherwise the next that holds every value.
gr_dtype gr_number_dtype(gr_number number);

// `n` numbers from the bytes `in` (of any alignment) to `out`, in the dtype of gr_number_dtype. Only a uint64
// above the largest int64 fails; `name` is for that message.
gr_code gr_convert_numbers(void *out, const uint8_t *in, int64_t n, gr_number number, bool big_endian,
                           const char *name, gr_err *err);

#endif
