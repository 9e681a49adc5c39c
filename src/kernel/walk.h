// Reads a tensor of any strides and dtype in order, as contiguous blocks of one dtype: in place where its
// memory already is that, gathered into the caller's scratch otherwise. And writes one the same way.
#ifndef GR_KERNEL_WALK_H
#define GR_KERNEL_WALK_H

#include "tensor/tensor.h"

// Numbers a scratch block holds. Four of these fit in the first-level cache.
#define GR_BLOCK 512
// Elements between two looks at the interrupt flag.
#define GR_POLL_ELEMENTS 262144

typedef union gr_block {
  double f64[GR_BLOCK];
  float f32[GR_BLOCK];
  int64_t i64[GR_BLOCK];
  uint8_t u8[GR_BLOCK];
} gr_block;

// Merges axes that several operands cross in step; one stride array an operand, in elements. Axes of size 1
// go. At least one axis is left.
int gr_coalesce(int ndim, int64_t *shape, int operands, int64_t (*stride)[GR_MAX_DIMS]);

typedef struct gr_walk {
  char *at;
  gr_dtype memory, wanted;
  int last;       // the inner axis
  bool in_place;  // rows are contiguous and of the wanted dtype
  int64_t shape[GR_MAX_DIMS], step[GR_MAX_DIMS] /* bytes */, index[GR_MAX_DIMS];
} gr_walk;

void gr_walk_start(gr_walk *w, void *data, gr_dtype memory, gr_dtype wanted, int ndim, const int64_t *shape,
                   const int64_t *stride);
// n elements on, n at most to the row's end.
void gr_walk_skip(gr_walk *w, int64_t n);
// The next n elements, which are the walk's to hand out: n <= GR_BLOCK, or any n within a row in place.
const void *gr_walk_read(gr_walk *w, gr_block *scratch, int64_t n);
// The next element, which stands for n of them within a row of stride 0.
const void *gr_walk_read_one(gr_walk *w, gr_block *scratch, int64_t n);
// Where to put the next n elements; gr_walk_put brings them home.
void *gr_walk_target(gr_walk *w, gr_block *scratch, int64_t n);
void gr_walk_put(gr_walk *w, const void *target, int64_t n);

// n elements converted, steps in bytes. Nothing is checked: what does not fit an integer is the caller's
// to refuse.
void gr_convert(void *to, gr_dtype to_dtype, int64_t to_step, const void *from, gr_dtype from_dtype,
                int64_t from_step, int64_t n);

#endif
