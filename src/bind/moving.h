// Moves of numbers that shaping and indexing are made of. Each works on the tensor box at stack index `base`
// and pushes its result: of a plain tensor a view of it wherever strides allow, of a tracked one a tracked
// tensor with the gradient on its way back.
#ifndef GR_BIND_MOVING_H
#define GR_BIND_MOVING_H

#include "bind/bind.h"

// Row-major order under another shape, of as many elements; a copy where the numbers do not lie so.
void gr_push_reshaped(lua_State *L, int base, int ndim, const int64_t *shape);
void gr_push_permuted(lua_State *L, int base, const int *axes);
int gr_push_transposed(lua_State *L, int base);  // all axes in reverse; returns 1
// Arguments as gr_op_slice takes them.
void gr_push_sliced(lua_State *L, int base, const gr_op_args *slice);
// The arguments that leave an axis as it is, for all axes: the start of such a slice.
void gr_slice_whole(gr_op_args *slice);
void gr_push_expanded(lua_State *L, int base, int ndim, const int64_t *shape);
// One behind the other along an axis; they fit.
void gr_push_joined(lua_State *L, int a, int b, int axis);
// A copy in that dtype, contiguous. Of a tracked tensor it is one more operation, whose gradient is converted
// back.
void gr_push_copy(lua_State *L, int base, gr_dtype dtype);
// Entries picked by the int64 tensor at stack index `positions` (0-based, inside) among the elements of
// `axes` axes from `axis` on, in whose place the result has the axes of the positions. Always a copy.
void gr_push_picked(lua_State *L, int base, int axis, int axes, int positions);
// Along one axis, by n positions at `at`, which stay in the caller's hands.
void gr_push_picked_list(lua_State *L, int base, int axis, int64_t n, const int64_t *at);

// Pushes an int64 tensor of the shape and positions (0-based) that the tensor or table at `index` names along
// `axis` of `t`; -1: among all its elements.
gr_tensor *gr_push_positions(lua_State *L, int index, const gr_tensor *t, int axis);

// Raises unless every element of `t` has a number of its own: a stretched view repeats one.
void gr_check_writable(lua_State *L, const gr_tensor *t, const char *name);

// The numbers of the table at `index` as a plain tensor box in its place; what is no table stays.
void gr_table_to_tensor(lua_State *L, int index);

#endif
