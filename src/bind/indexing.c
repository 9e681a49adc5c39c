// t[i], t[{i, {a, b}}], t["1:3, :"], t[mask], t[positions] and assignment through them. Positions are
// 1-based, ranges include both ends, and negative positions count from the end.
#include "bind/index.h"

#include <string.h>

#include "bind/moving.h"
#include "kernel/elementwise.h"
#include "kernel/gather.h"

static const char *shape_of(const gr_tensor *t, char *text) { return gr_shape_text(text, t->ndim, t->shape); }

// ---- positions and ranges: views ----

static bool is_picked(const gr_index *index, const gr_index_item *item) {
  return item->kind == GR_INDEX_POSITIONS || item->kind == GR_INDEX_MASK ||
         (item->kind == GR_INDEX_POSITION && index->tensors);
}

// What positions and ranges select of a tensor. A position beside an index tensor keeps its axis, with one
// entry: it is an index tensor too, of one number.
static void slice_of(const gr_index *index, gr_op_args *slice) {
  gr_slice_whole(slice);
  for (int i = 0; i < index->n; i++) {
    const gr_index_item *item = &index->item[i];
    bool position = item->kind == GR_INDEX_POSITION;
    if (!position && item->kind != GR_INDEX_RANGE) continue;
    // A whole axis is whole for a batch of any size, also in a recorded step.
    if (!position && !item->given[0] && !item->given[1] && item->step == 1) continue;
    slice->start[item->axis] = item->start;
    slice->step[item->axis] = position ? 1 : item->step;
    slice->shape[item->axis] = position ? 1 : item->count;
    if (position && !index->tensors) slice->axes |= 1u << item->axis;
  }
}

// Positions and ranges alone, as nearly always: the view is made without a box of its own in between.
static bool is_plain_view(const gr_index *index) { return index->tensors == 0 && index->new_axes == 0; }

static gr_tensor view_of(const gr_index *index, const gr_tensor *t) {
  gr_tensor view = *t;
  int64_t from = 0;
  for (int i = index->n; i-- > 0;) {  // from the last axis on, so that the axes before it stay where they are
    const gr_index_item *item = &index->item[i];
    int axis = item->axis;
    if (item->kind == GR_INDEX_POSITION) {
      from += item->start * view.stride[axis];
      view.ndim--;
      for (int k = axis; k < view.ndim; k++) {
        view.shape[k] = view.shape[k + 1];
        view.stride[k] = view.stride[k + 1];
      }
    } else if (item->kind == GR_INDEX_RANGE) {
      if (item->count) from += item->start * view.stride[axis];
      view.shape[axis] = item->count;
      view.stride[axis] *= item->step;
    }
  }
  view.data = (char *)view.data + from * (int64_t)gr_dtype_size((gr_dtype)t->dtype);
  return view;
}

// Pushes the view that positions, ranges and new axes make of the tensor at stack index 1. Index tensors see
// whole axes in it, and every item learns where its own are.
static void push_sliced(lua_State *L, gr_index *index) {
  gr_op_args slice;
  slice_of(index, &slice);
  gr_push_sliced(L, 1, &slice);
  const gr_tensor *t = gr_check_tensor(L, -1);
  int64_t shape[GR_MAX_DIMS + GR_INDEX_ITEMS];
  int ndim = 0, from = 0;
  for (int i = 0; i < index->n; i++) {
    gr_index_item *item = &index->item[i];
    item->at = ndim;
    if (item->kind == GR_INDEX_NEW_AXIS) shape[ndim++] = 1;
    if (item->kind == GR_INDEX_POSITION && !index->tensors) continue;
    for (int k = 0; k < item->axes; k++) shape[ndim++] = t->shape[from++];
  }
  while (from < t->ndim) shape[ndim++] = t->shape[from++];
  if (ndim == t->ndim) return;
  if (ndim > GR_MAX_DIMS)
    luaL_error(L, "the result would have %d axes: a tensor has at most %d", ndim, GR_MAX_DIMS);
  gr_push_reshaped(L, -1, ndim, shape);
}

// ---- index tensors: what they pick ----

// The axes that index tensors pick along, side by side in the tensor at stack index `view`, and the stack
// index of one int64 tensor that numbers their entries together.
typedef struct picked {
  int view, axis, axes, positions;
} picked;

// Pushes the 0-based positions of one item along its axis or, of a mask, its axes.
static const gr_tensor *push_item(lua_State *L, const gr_index_item *item) {
  if (item->kind == GR_INDEX_POSITIONS)
    return gr_push_positions(L, item->tensor, gr_check_tensor(L, 1), item->axis);
  if (item->kind == GR_INDEX_MASK) {
    const gr_tensor *mask = gr_check_tensor(L, item->tensor);
    int64_t count = gr_count_true(mask);
    gr_tensor *at = gr_push_tensor(L, GR_I64, 1, &count);
    GR_TRY(L, gr_true_positions(at->data, mask, &err));
    return at;
  }
  gr_tensor *at = gr_push_tensor(L, GR_I64, 0, NULL);
  *(int64_t *)at->data = 0;  // a position beside tensors: its axis has one entry left
  return at;
}

// Pushes the positions of all index tensors together: they broadcast against each other, and the axes that
// they pick along are numbered in row-major order.
static void push_positions(lua_State *L, const gr_index *index, const gr_tensor *view) {
  int base = lua_gettop(L) + 1, n = 0;
  int64_t size[GR_INDEX_ITEMS];
  gr_tensor all = {0};
  luaL_checkstack(L, 2 * GR_INDEX_ITEMS, "index tensors");
  for (int i = 0; i < index->n; i++) {
    const gr_index_item *item = &index->item[i];
    if (!is_picked(index, item)) continue;
    const gr_tensor *at = push_item(L, item);
    int ndim;
    int64_t shape[GR_MAX_DIMS];
    gr_err refused;
    if (gr_broadcast_shape(&ndim, shape, &all, at, &refused))
      luaL_error(L, "the index tensors do not go together: %s", refused.text);
    GR_TRY(L, gr_tensor_layout(&all, GR_I64, ndim, shape, &err));
    size[n] = 1;
    for (int k = 0; k < item->axes; k++) size[n] *= view->shape[item->at + k];
    n++;
  }
  if (n == 1) return;
  gr_tensor *each = gr_push_tensor(L, GR_I64, all.ndim, all.shape);
  gr_tensor *together = gr_push_tensor(L, GR_I64, all.ndim, all.shape);
  int64_t *to = together->data, *from = each->data, total = gr_tensor_size(together);
  GR_TRY(L, gr_fill(together, 0, &err));
  for (int k = 0; k < n; k++) {
    GR_TRY(L, gr_copy(each, gr_check_tensor(L, base + k), &err));
    for (int64_t i = 0; i < total; i++) {
      to[i] = to[i] * size[k] + from[i];
      gr_poll_sometimes(L, i);
    }
  }
}

// Of the view on top of the stack. The axes of what is picked stand where the index tensors do when those are
// neighbours, and in front otherwise: NumPy's rule.
static picked push_picked_axes(lua_State *L, const gr_index *index) {
  picked p = {.view = lua_gettop(L)};
  const gr_tensor *t = gr_check_tensor(L, p.view);
  int order[GR_MAX_DIMS], n = 0, runs = 0;
  unsigned taken = 0;
  for (int i = 0; i < index->n; i++) {
    const gr_index_item *item = &index->item[i];
    if (!is_picked(index, item)) continue;
    if (i == 0 || !is_picked(index, item - 1)) runs++;
    if (p.axes == 0) p.axis = item->at;
    p.axes += item->axes;
    for (int k = 0; k < item->axes; k++) {
      order[n++] = item->at + k;
      taken |= 1u << (item->at + k);
    }
  }
  push_positions(L, index, t);
  p.positions = lua_gettop(L);
  if (runs == 1) return p;
  for (int i = 0; i < t->ndim; i++)
    if (!(taken & 1u << i)) order[n++] = i;
  gr_push_permuted(L, p.view, order);
  p.view = lua_gettop(L);
  p.axis = 0;
  return p;
}

// ---- t[...] ----

static int return_element_or_tensor(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, -1);
  if (t->ndim == 0 && !gr_is_tracked(t)) gr_push_element(L, t, NULL);
  return 1;
}

static const char *const properties[] = {"T", "shape", "ndim", "size", "dtype", NULL};

static int no_such_name(lua_State *L, const char *name) {
  // Names of all methods, for the suggestion.
  int count = 0;
  const char *names[256];
  lua_pushnil(L);
  while (lua_next(L, lua_upvalueindex(1)) && count < 250) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
  }
  for (int i = 0; properties[i]; i++) names[count++] = properties[i];
  names[count] = NULL;
  const char *near = gr_nearest(name, names);
  return luaL_error(L, "a tensor has no method or property \"%s\"%s%s%s", name,
                    near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "; ?tensor lists them");
}

// Methods (upvalue 1), properties, then elements and slices.
static int tensor_index(lua_State *L) {
  bool is_name = lua_type(L, 2) == LUA_TSTRING;
  if (is_name) {  // first of all, and before anything is asked of the tensor: x:dot(y) waits for its method
    const char *name = lua_tostring(L, 2);
    if (name[0] == 'T' && !name[1] && gr_test_box(L, 1)) return gr_push_transposed(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  }
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_settop(L, 2);
  if (is_name) {
    const char *name = lua_tostring(L, 2);
    if (gr_tensor_property(L, t, name)) return 1;
    if (!gr_index_is_text(name)) return no_such_name(L, name);
  }
  gr_index index;
  gr_index_read(L, &index, t, 2);
  if (is_plain_view(&index) && !gr_is_tracked(t)) {
    gr_tensor view = view_of(&index, t);
    if (view.ndim == 0)
      gr_push_element(L, &view, NULL);
    else
      gr_push_view(L, &view, 1);
    return 1;
  }
  push_sliced(L, &index);
  if (index.tensors) {
    picked p = push_picked_axes(L, &index);
    gr_push_picked(L, p.view, p.axis, p.axes, p.positions);
  }
  return return_element_or_tensor(L);
}

// ---- t[...] = value ----

// Pushes what is assigned, in t's dtype and where nobody else writes: a number or a tensor, as it is.
static const gr_tensor *push_value(lua_State *L, const gr_tensor *t, const gr_tensor *target) {
  gr_tensor number;
  double memory;
  if (lua_isboolean(L, 3)) {
    lua_pushinteger(L, lua_toboolean(L, 3));
    lua_replace(L, 3);
  }
  gr_table_to_tensor(L, 3);
  if (t->dtype == GR_I64 && lua_isinteger(L, 3)) {  // a double would round beyond 2^53
    gr_tensor *whole = gr_push_tensor(L, GR_I64, 0, NULL);
    *(int64_t *)whole->data = lua_tointeger(L, 3);
    return whole;
  }
  const gr_tensor *value = gr_check_operand(L, 3, GR_F64, &number, &memory);
  if (value != &number && value->dtype == t->dtype && !gr_tensor_overlap(target, value)) return value;
  gr_tensor *own = gr_push_tensor(L, (gr_dtype)t->dtype, value->ndim, value->shape);
  GR_TRY(L, gr_copy(own, value, &err));
  return own;
}

// Through index tensors: the value broadcasts to what they pick. Nothing is written before all is checked.
static void assign_picked(lua_State *L, gr_tensor *t, const picked *p) {
  const gr_tensor *at = gr_check_tensor(L, p->positions);
  gr_tensor view = *gr_check_tensor(L, p->view), stretched;
  const gr_tensor *value = push_value(L, t, &view);
  int64_t shape[GR_MAX_DIMS], count = gr_tensor_size(at);
  int after = view.ndim - p->axis - p->axes, ndim = p->axis + at->ndim + after;
  if (ndim > GR_MAX_DIMS)
    luaL_error(L, "what is assigned to would have %d axes: a tensor has at most %d", ndim, GR_MAX_DIMS);
  memcpy(shape, view.shape, (size_t)p->axis * sizeof shape[0]);
  memcpy(shape + p->axis, at->shape, at->ndim * sizeof shape[0]);
  memcpy(shape + p->axis + at->ndim, view.shape + p->axis + p->axes, (size_t)after * sizeof shape[0]);
  GR_TRY(L, gr_tensor_view_broadcast(&stretched, value, ndim, shape, &err));
  if (at->ndim != 1) {
    gr_tensor *whole = gr_push_tensor(L, (gr_dtype)t->dtype, ndim, shape);
    GR_TRY(L, gr_copy(whole, &stretched, &err));
    memcpy(shape + p->axis + 1, view.shape + p->axis + p->axes, (size_t)after * sizeof shape[0]);
    shape[p->axis] = count;
    GR_TRY(L, gr_tensor_view_reshape(&stretched, whole, p->axis + 1 + after, shape, &err));
  }
  const gr_picks picks = {.axis = p->axis, .axes = p->axes, .position = at->data, .count = count};
  gr_buffer_changes(t->buffer);
  GR_TRY(L, gr_scatter(&view, &stretched, &picks, &err));
}

// One number where a mask is true: without positions, in one pass.
static void assign_masked(lua_State *L, gr_tensor *t, const gr_index_item *item) {
  const gr_tensor *value = push_value(L, t, t), *given = gr_check_tensor(L, item->tensor);
  if (gr_tensor_overlap(given, t)) {  // it must not change while it is read
    gr_tensor *own = gr_push_tensor(L, GR_BOOL, given->ndim, given->shape);
    GR_TRY(L, gr_copy(own, given, &err));
    given = own;
  }
  gr_tensor mask = *given;
  for (; mask.ndim < t->ndim; mask.ndim++) mask.shape[mask.ndim] = mask.stride[mask.ndim] = 1;
  gr_buffer_changes(t->buffer);
  GR_TRY(L, gr_where(t, &mask, value, t, &err));
}

static void assign_view(lua_State *L, const gr_tensor *t, gr_tensor *view) {
  const gr_tensor *value = push_value(L, t, view);
  gr_buffer_changes(t->buffer);
  GR_TRY(L, gr_copy(view, value, &err));
}

static int tensor_newindex(lua_State *L) {
  gr_tensor *t = gr_check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING && !gr_index_is_text(lua_tostring(L, 2)))
    return luaL_error(L, "a tensor's \"%s\" cannot be set; elements are, as in t[1] = 0 or t[\"1:3, :\"] = 0",
                      lua_tostring(L, 2));
  gr_refuse_derivative(
      L, 3, "assignment",
      "what changes numbers in place keeps no way back for gradients: where, concatenate and "
      "stack make a new tensor, with one");
  if (gr_is_tracked(t) && gr_runtime_of(L)->recording)  // a recorded step would not do it again
    return luaL_error(
        L, "assignment changes a tensor in place, and a network is made of operations that give new ones: "
           "where(gt(x, 0), x, 0), x * mask, or an assignment to a clone of x:detach()");
  gr_check_writable(L, t, "assignment");
  gr_index index;
  gr_index_read(L, &index, t, 2);
  if (index.n == 1 && index.item[0].kind == GR_INDEX_MASK && lua_type(L, 3) != LUA_TTABLE &&
      lua_type(L, 3) != LUA_TUSERDATA) {
    assign_masked(L, t, &index.item[0]);
    return 0;
  }
  if (is_plain_view(&index)) {
    gr_tensor view = view_of(&index, t);
    assign_view(L, t, &view);
    return 0;
  }
  if (gr_is_tracked(t)) {  // its numbers change, which backward will notice
    gr_push_view(L, t, 1);
    lua_replace(L, 1);
    t = gr_check_tensor(L, 1);
  }
  push_sliced(L, &index);
  if (index.tensors) {
    picked p = push_picked_axes(L, &index);
    assign_picked(L, t, &p);
  } else {
    assign_view(L, t, gr_check_tensor(L, -1));
  }
  return 0;
}

static int tensor_item(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  char text[GR_SHAPE_TEXT];
  if (gr_tensor_size(t) != 1)
    return luaL_error(L, "item: a tensor of shape %s is not one number", shape_of(t, text));
  int64_t zero[GR_MAX_DIMS] = {0};
  gr_values_leave(L, t);
  gr_push_element(L, t, zero);
  return 1;
}

static void push_nested(lua_State *L, const gr_tensor *t) {
  if (t->ndim == 0) {
    gr_push_element(L, t, NULL);
    return;
  }
  luaL_checkstack(L, 3, "nested tables");
  int64_t n = t->shape[0];
  lua_createtable(L, n > INT32_MAX ? 0 : (int)n, 0);
  for (int64_t i = 0; i < n; i++) {
    gr_tensor row;
    gr_tensor_view_select(&row, t, 0, i);
    push_nested(L, &row);
    gr_poll_sometimes(L, i);
    lua_rawseti(L, -2, i + 1);
  }
}

static int tensor_totable(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  push_nested(L, t);
  return 1;
}

static const gr_function both[] = {
    {"item", tensor_item,
     "item(t) -> number\n\n"
     "The one number in a tensor of one element, whatever its axes.\n\n"
     "> tensor{{42}}:item()\n"
     "42.0"},
    {"totable", tensor_totable,
     "totable(t) -> table\n\n"
     "The numbers as a Lua table, nested once for each axis.\n\n"
     "> #tensor{{1, 2}, {3, 4}}:totable()\n"
     "2"},
    {NULL},
};

void gr_add_indexing(lua_State *L, const gr_tensor_tables *tables) {
  gr_register_both(L, tables, both);
  lua_pushvalue(L, tables->methods);
  lua_pushcclosure(L, tensor_index, 1);
  lua_setfield(L, tables->metatable, "__index");
  lua_newtable(L);
  for (int i = 0; properties[i]; i++) {
    lua_pushstring(L, properties[i]);
    lua_seti(L, -2, i + 1);
  }
  lua_setfield(L, tables->metatable, "__properties");  // and the dtypes: for completion
  lua_newtable(L);
  for (int i = 0; i < GR_N_DTYPES; i++) {
    lua_pushstring(L, gr_dtype_name(i));
    lua_seti(L, -2, i + 1);
  }
  lua_setfield(L, tables->metatable, "__dtypes");
  lua_pushcfunction(L, tensor_newindex);
  lua_setfield(L, tables->metatable, "__newindex");
  lua_getfield(L, tables->module, "tensor");
  lua_setfield(L, LUA_REGISTRYINDEX, "gradus.tensor");
}
