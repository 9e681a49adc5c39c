// A tensor as text, digit for digit as NumPy prints it: shortest digits that read back, at most `precision`
// decimals, one width for all, summarised with "..." above `threshold` elements.
#ifndef GR_TENSOR_FORMAT_H
#define GR_TENSOR_FORMAT_H

#include "base/str.h"
#include "tensor/tensor.h"

typedef struct gr_format {
  int precision;      // 8
  int64_t threshold;  // 1000
  int64_t edge;       // 3: items kept at each end of a summarised axis
  int width;          // 75: columns of a line
  bool suppress;      // exponents only for numbers from 1e8 up
  // 0, or the lines of a screen: text that would be longer is summarised too, with fewer items at each end of
  // an axis if need be, and in the last resort cut off.
  int lines;
} gr_format;

extern const gr_format gr_format_default;

// As NumPy's str(): [[-0.16595599]\n [ 0.44064899]]. An interrupt ends it early: gr_interrupt_poll tells.
void gr_tensor_format(gr_str *out, const gr_tensor *t, const gr_format *format);

// One number as Python's repr gives it, and a float32 as NumPy's str: the shortest text that reads back: 0.1,
// 1e-05, 9.672993027736892, nan, inf. `text` has room for 32 bytes.
void gr_double_text(char *text, double x);
void gr_float_text(char *text, float x);

#endif
