// What a learner writes between the brackets of t[...], read into one form that reading and assignment share.
#ifndef GR_BIND_INDEX_H
#define GR_BIND_INDEX_H

#include "bind/bind.h"

#define GR_INDEX_ITEMS 20

typedef enum gr_index_kind {
  GR_INDEX_POSITION,   // 2: one entry; the axis goes
  GR_INDEX_RANGE,      // {1, 3}, "1:3", {}: start, start + step, ...
  GR_INDEX_NEW_AXIS,   // "newaxis": an axis of size 1
  GR_INDEX_ELLIPSIS,   // "...": as many whole axes as are missing
  GR_INDEX_POSITIONS,  // a tensor of whole numbers
  GR_INDEX_MASK,       // a bool tensor, of one or more axes
} gr_index_kind;

typedef struct gr_index_item {
  gr_index_kind kind;
  // As written: a position is `first`; what a range leaves out is not `given`.
  int64_t first, last, step;
  bool given[3];
  int tensor;  // stack index of positions or a mask
  // As resolved, 0-based: the axes of the tensor it speaks of, and a range's entries.
  int axis, axes;
  int64_t start, count;
  int at;  // where its axes begin in the view that positions and ranges make
} gr_index_item;

typedef struct gr_index {
  int n, tensors, new_axes;  // items; how many of them are tensors, and new axes
  gr_index_item item[GR_INDEX_ITEMS];
} gr_index;

// Reads the key at stack index `key` of the tensor `t`, and checks every position and range in it; raises
// what is wrong. Leaves tensors out of a table on the stack.
void gr_index_read(lua_State *L, gr_index *index, const gr_tensor *t, int key);
// Whether a string is an index, not the name of a method or property.
bool gr_index_is_text(const char *text);

#endif
