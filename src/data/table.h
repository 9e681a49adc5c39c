// Tables as text with a header, missing values and columns of texts: what a CSV file from elsewhere holds.
// Tables of numbers only are csv.h's.
#ifndef GR_DATA_TABLE_H
#define GR_DATA_TABLE_H

#include "base/str.h"
#include "data/file.h"
#include "tensor/tensor.h"

typedef struct gr_table_column {
  char *name;
  int64_t missing;  // how many cells say nothing: empty, NA, NaN, null, None, ?
  char **texts;     // of a column that holds other than numbers: its different texts, sorted. NULL otherwise
  int64_t n_texts;
} gr_table_column;

typedef struct gr_table {
  gr_tensor values;  // float64 (rows, columns); NaN where one is missing; of texts their position, from 0
  gr_tensor lines;   // int64 (rows,): on which line of the file each row begins
  gr_table_column *columns;
  int64_t n_columns;
  bool has_header;
} gr_table;

typedef struct gr_table_options {
  int64_t skip;    // lines at the top that are passed over
  int header;      // 1, 0, or -1: the first line is one when none of its cells is a number
  char decimal;    // '.' or ','
  char separator;  // 0: the one of comma, semicolon and tab that the first line has most of; blanks otherwise
} gr_table_options;

gr_code gr_table_parse(gr_table *out, const uint8_t *data, size_t size, const gr_table_options *options,
                       const char *name, gr_err *err);
void gr_table_finish(gr_table *t);  // accepts zero bytes

// Appends a table: a line of the column names, when there are any, and one for each row of the 1-d or 2-d
// tensor. Numbers have as many digits as it takes to read the same ones back.
gr_code gr_table_format(gr_str *out, const gr_tensor *t, const char *const *names, gr_err *err);

#endif
