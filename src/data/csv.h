// Tables of numbers as text: one row a line, numbers separated by commas (or semicolons, tabs, blanks).
#ifndef GR_DATA_CSV_H
#define GR_DATA_CSV_H

#include "data/file.h"
#include "tensor/tensor.h"

// A float64 tensor (rows, columns). The first `skip` lines are passed over; empty lines too. Numbers are read
// with a decimal point whatever the locale.
gr_code gr_csv_parse(gr_tensor *out, const uint8_t *data, size_t size, int64_t skip, const char *name,
                     gr_err *err);

// A table whose last column is a label and whose others are a picture's values, row after row: x has shape
// (rows, height, width), y (rows,), both uint8. Every number must be a whole number 0..255.
gr_code gr_table_pictures(gr_tensor *x, gr_tensor *y, const gr_tensor *table, int64_t height, int64_t width,
                          const char *name, gr_err *err);

#endif
