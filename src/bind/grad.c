// Tracked tensors, the operations of networks, and recorded programs.
#include "bind/bind.h"
#include "bind/moving.h"

#include <math.h>
#include <string.h>

#include "grad/program.h"
#include "kernel/augment.h"
#include "kernel/check.h"
#include "kernel/network.h"
#include "kernel/penalty.h"
#include "kernel/update.h"

// ---- nodes as Lua values ----

// The uservalues of a tracked box: 1 keeps the buffer (as in every large box), 2 the node.
typedef struct node_holder {
  gr_node *node;
} node_holder;

static int node_gc(lua_State *L) {
  node_holder *h = lua_touserdata(L, 1);
  gr_node_release(h->node);
  h->node = NULL;
  return 0;
}

static node_holder *push_node_holder(lua_State *L) {
  return gr_push_owned(L, sizeof(node_holder), "gradus.node", node_gc);
}

// Pushes an empty tracked box and returns its holder, to be given a node by adopt_node.
static node_holder *push_tracked(lua_State *L) {
  gr_check_memory(L);
  gr_push_empty(L);
  node_holder *h = push_node_holder(L);
  lua_setiuservalue(L, -2, 2);
  return h;
}

static void adopt_node(lua_State *L, int index, node_holder *h, gr_node *node) {
  h->node = node;
  gr_tensor shared;
  gr_tensor_share(&shared, &node->value);
  gr_box_adopt(L, index, &shared);
  ((gr_box *)lua_touserdata(L, index))->node = node;
}

gr_node **gr_push_tracked_slot(lua_State *L) { return &push_tracked(L)->node; }

void gr_adopt_tracked(lua_State *L, int index) {
  index = lua_absindex(L, index);
  lua_getiuservalue(L, index, 2);
  node_holder *h = lua_touserdata(L, -1);
  lua_pop(L, 1);
  adopt_node(L, index, h, h->node);
}

gr_node *gr_held_node(lua_State *L, int index) { return ((node_holder *)lua_touserdata(L, index))->node; }

void gr_push_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient) {
  node_holder *h = push_node_holder(L);
  GR_TRY(L, gr_node_leaf(&h->node, t, needs_gradient, &err));
}

void gr_push_tracked_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient) {
  node_holder *h = push_tracked(L);
  gr_tensor own;
  gr_err err;
  gr_node *node = NULL;
  gr_code code = gr_tensor_init(&own, t->dtype, t->ndim, t->shape, &err);
  if (!code) code = gr_copy(&own, t, &err);
  if (!code) code = gr_node_leaf(&node, &own, needs_gradient, &err);
  gr_tensor_finish(&own);
  if (code) gr_raise(L, &err);
  adopt_node(L, lua_gettop(L), h, node);
}

// A counted tensor with the numbers at `index` (number, boolean or tensor), converted to `dtype` if it is not
// a float. Contiguous, as everything that a graph keeps: a view with gaps, such as a column of a table, is
// copied.
static gr_code constant(lua_State *L, int index, gr_dtype dtype, gr_node **out, gr_err *err) {
  gr_tensor value, number;
  double memory;
  const gr_tensor *source = gr_test_tensor(L, index);
  if (source && source->buffer && gr_dtype_is_float(source->dtype) && gr_tensor_is_contiguous(source))
    return gr_node_leaf(out, source, false, err);
  if (!source) {
    number = (gr_tensor){.data = &memory, .dtype = GR_F64};
    memory = lua_tonumber(L, index);
    source = &number;
  }
  gr_code code =
      gr_tensor_init(&value, gr_dtype_is_float(source->dtype) && source != &number ? source->dtype : dtype,
                     source->ndim, source->shape, err);
  if (!code) code = gr_copy(&value, source, err);
  if (!code) code = gr_node_leaf(out, &value, false, err);
  gr_tensor_finish(&value);
  return code;
}

// The node of `op` on the operands: what is tracked as it is, the rest as constants, which take `dtype` where
// they are numbers or integers.
static gr_code apply_nodes(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands,
                           gr_dtype dtype, gr_node **out, gr_err *err) {
  gr_node *in[GR_OP_INPUTS] = {NULL};
  gr_code code = GR_OK;
  for (int i = 0; !code && i < n; i++) {
    gr_box *box = operands[i] ? gr_test_box(L, operands[i]) : NULL;
    if (box && box->node)
      in[i] = gr_node_retain(box->node);
    else if (operands[i])
      code = constant(L, operands[i], op->whole & 1u << i ? GR_I64 : dtype, &in[i], err);
  }
  if (!code) code = gr_node_apply(out, op, args, n, in, &gr_runtime_of(L)->run, err);
  for (int i = 0; i < n; i++) gr_node_release(in[i]);
  return code;
}

bool gr_apply_tracked(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands) {
  bool tracked = false;
  gr_dtype dtype = GR_F64;
  for (int i = 0; i < n; i++) {
    gr_box *box = operands[i] ? gr_test_box(L, operands[i]) : NULL;
    if (!box && operands[i] && lua_type(L, operands[i]) != LUA_TNUMBER)
      luaL_typeerror(L, operands[i], "tensor or number");
    if (!box || !box->node) continue;
    tracked = true;
    if (gr_dtype_is_float(box->tensor.dtype)) dtype = box->tensor.dtype;
  }
  if (!tracked) return false;
  node_holder *h = push_tracked(L);
  gr_node *node;
  GR_TRY(L, apply_nodes(L, op, args, n, operands, dtype, &node, &err));
  adopt_node(L, lua_gettop(L), h, node);
  return true;
}

// ---- for learners ----

static int track(lua_State *L) {
  if (lua_type(L, 1) == LUA_TNUMBER) {
    double *number = gr_push_tensor(L, GR_F64, 0, NULL)->data;
    *number = lua_tonumber(L, 1);
    lua_replace(L, 1);
  }
  gr_table_to_tensor(L, 1);
  const gr_tensor *t = gr_check_tensor(L, 1);
  if (!gr_dtype_is_float(t->dtype))
    return luaL_error(L, "track: gradients need float64 or float32, not %s: x:astype(\"float64\")",
                      gr_dtype_name(t->dtype));
  gr_push_tracked_leaf(L, t, true);
  return 1;
}

gr_node *gr_check_node(lua_State *L, int index, const char *name) {
  gr_check_tensor(L, index);
  gr_box *box = gr_test_box(L, index);
  if (!box->node)
    luaL_error(L, "%s: this tensor is not tracked; start from x = grad.track(tensor{...}) and compute with x",
               name);
  return box->node;
}

static int backward(lua_State *L) {
  gr_node *node = gr_check_node(L, 1, "backward");
  GR_TRY(L, gr_node_backward(node, &gr_runtime_of(L)->run, &err));
  return 0;
}

int gr_push_gradient(lua_State *L, int index) {
  gr_node *node = gr_check_node(L, index, "grad");
  if (!node->gradient.buffer) return lua_pushnil(L), 1;  // not nothing: type(x.grad) is "nil"
  gr_push_shared(L, &node->gradient);
  return 1;
}

static int zero_gradient(lua_State *L) {
  gr_tensor_finish(&gr_check_node(L, 1, "zero_grad")->gradient);
  return 0;
}

static int detach(lua_State *L) {
  gr_check_tensor(L, 1);
  gr_box *box = gr_test_box(L, 1);
  if (!box->node) return lua_settop(L, 1), 1;
  gr_values_leave(L, &box->tensor);
  gr_push_view(L, &box->tensor, 1);
  return 1;
}

// is_computed(t) -> whether t came from tracked tensors, so that no gradient is kept in it
static int is_computed(lua_State *L) {
  const gr_box *box = gr_test_box(L, 1);
  lua_pushboolean(L, box && box->node && box->node->op);
  return 1;
}

// ---- the operations of networks ----

// Applies `op` through the graph or, when nothing is tracked, on its own: then the graph of one node is
// dropped at once.
static int apply(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands) {
  if (gr_apply_tracked(L, op, args, n, operands)) return 1;
  gr_push_empty(L);
  gr_node *node;
  GR_TRY(L, apply_nodes(L, op, args, n, operands, GR_F64, &node, &err));
  gr_tensor shared;
  gr_tensor_share(&shared, &node->value);
  gr_node_release(node);
  gr_box_adopt(L, -1, &shared);
  return 1;
}

// Pairs {rows, columns}, or one number for both.
static void read_pair(lua_State *L, int index, const char *name, int64_t pair[2]) {
  if (!gr_option(L, index, name)) return;
  for (int i = 0; i < 2; i++) {
    if (lua_istable(L, -1))
      lua_geti(L, -1, i + 1);
    else
      lua_pushvalue(L, -1);
    int whole;
    pair[i] = lua_tointegerx(L, -1, &whole);
    if (!whole || pair[i] < 1) luaL_error(L, "%s is a whole number from 1, or {rows, columns}", name);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_window(lua_State *L, int index, gr_op_args *args) {
  gr_window *w = &args->window;
  for (int i = 0; i < 2; i++) w->size[i] = w->stride[i] = w->dilation[i] = 1;
  read_pair(L, index, "pool_size", w->size);
  read_pair(L, index, "strides", w->stride);
  read_pair(L, index, "dilation_rate", w->dilation);
  if (gr_option(L, index, "padding")) {
    const char *padding = luaL_checkstring(L, -1);
    args->same = strcmp(padding, "same") == 0;
    if (!args->same && strcmp(padding, "valid") != 0)
      luaL_error(L, "padding is \"valid\" or \"same\", not \"%s\"", padding);
    lua_pop(L, 1);
  }
}

static int conv2d(lua_State *L) {
  lua_settop(L, 4);
  gr_op_args args = {0};
  gr_check_tensor(L, 1);
  gr_check_tensor(L, 2);
  static const char *const names[] = {"strides", "padding", "dilation_rate", "groups", NULL};
  gr_check_options(L, 4, "conv2d", names);
  read_window(L, 4, &args);
  if (gr_option(L, 4, "groups")) {
    args.groups = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
  }
  const gr_op *op = args.groups > 1 ? &gr_op_grouped_conv2d : &gr_op_conv2d;
  return apply(L, op, &args, 3, (int[]){1, 2, lua_isnil(L, 3) ? 0 : 3});
}

static int pool2d(lua_State *L, const gr_op *op) {
  lua_settop(L, 2);
  gr_op_args args = {0};
  gr_check_tensor(L, 1);
  static const char *const names[] = {"pool_size", "strides", "padding", NULL};
  gr_check_options(L, 2, op->name, names);
  read_window(L, 2, &args);
  if (gr_option(L, 2, "strides"))
    lua_pop(L, 1);
  else
    memcpy(args.window.stride, args.window.size, sizeof args.window.size);
  return apply(L, op, &args, 1, (int[]){1});
}

static int max_pool2d(lua_State *L) { return pool2d(L, &gr_op_max_pool2d); }
static int average_pool2d(lua_State *L) { return pool2d(L, &gr_op_average_pool2d); }

// batch_normalization(x, gamma or nil, beta or nil, epsilon, layer): by the moments of this batch.
static int batch_normalization(lua_State *L) {
  gr_op_args args = {.rate = luaL_checknumber(L, 4), .layer = (uint64_t)luaL_checkinteger(L, 5)};
  gr_check_tensor(L, 1);
  return apply(L, &gr_op_batch_normalization, &args, 3,
               (int[]){1, lua_isnil(L, 2) ? 0 : 2, lua_isnil(L, 3) ? 0 : 3});
}

int gr_push_moments(lua_State *L, const double *sums, int64_t channels, int64_t count) {
  gr_tensor *mean = gr_push_tensor(L, GR_F64, 1, &channels),
            *variance = gr_push_tensor(L, GR_F64, 1, &channels);
  for (int64_t c = 0; c < channels; c++) {
    double m = sums[c] / (double)count, v = sums[channels + c] / (double)count - m * m;
    ((double *)mean->data)[c] = m;
    ((double *)variance->data)[c] = v < 0 ? 0 : v;
  }
  return 2;
}

// batch_moments(y) -> mean, biased variance of the batch whose normalization is the tracked tensor y
static int batch_moments(lua_State *L) {
  const gr_node *node = gr_check_node(L, 1, "batch_moments");
  luaL_argcheck(L, node->op == &gr_op_batch_normalization, 1, "no result of a batch normalization");
  int64_t channels = node->value.shape[node->value.ndim - 1];
  int64_t count = channels ? gr_tensor_size(&node->value) / channels : 0;
  return gr_push_moments(L, node->aux.data, channels, count);
}

// reshape_rows(x, d1, d2, ...): each row in another shape.
static int reshape_rows(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_op_args args = {0};
  if (t->ndim == 0) return luaL_error(L, "reshape_rows: a tensor without axes has no rows");
  args.ndim = gr_check_shape(L, 2, lua_gettop(L), args.shape);
  args.keepdims = true;
  return apply(L, &gr_op_reshape, &args, 1, (int[]){1});
}

// dropout(x, rate, layer, shared): acts in training steps only; elsewhere the identity. `shared`, or nil,
// lists the axes along which numbers go or stay together.
static int dropout(lua_State *L) {
  const gr_tensor *x = gr_check_tensor(L, 1);
  gr_op_args args = {.rate = luaL_checknumber(L, 2), .layer = (uint64_t)luaL_checkinteger(L, 3)};
  for (lua_Integer i = 1, n = lua_istable(L, 4) ? luaL_len(L, 4) : 0; i <= n; i++) {
    lua_geti(L, 4, i);
    const lua_Integer axis = luaL_checkinteger(L, -1);
    if (axis < 1 || axis > x->ndim) return luaL_error(L, "dropout: there is no axis %I", (long long)axis);
    args.axes |= 1u << (axis - 1);
    lua_pop(L, 1);
  }
  return apply(L, &gr_op_dropout, &args, 1, (int[]){1});
}

// augment(x, recipe, layer, kind, rows, columns): acts in training; a crop in prediction too, there of the
// middle.
static int augment(lua_State *L) {
  static const char *const kinds[] = {"pictures", "crop", "anything", NULL};
  gr_check_tensor(L, 1);
  const gr_tensor *recipe = gr_check_tensor(L, 2);
  luaL_argcheck(L, recipe->dtype == GR_F64 && gr_tensor_size(recipe) == GR_RECIPE_NUMBERS, 2, "a recipe");
  gr_op_args args = {.layer = (uint64_t)luaL_checkinteger(L, 3), .kind = luaL_checkoption(L, 4, NULL, kinds)};
  for (int i = 0; i < 2; i++) args.shape[i] = luaL_optinteger(L, 5 + i, 0);
  return apply(L, &gr_op_augment, &args, 2, (int[]){1, 2});
}

// loss(kind, p, t) and metric(kind, p, t) by number: nn/losses.lua and metrics name them.
static int loss(lua_State *L) {
  gr_op_args args = {.kind = (int)luaL_checkinteger(L, 1)};
  luaL_argcheck(L, args.kind >= 0 && args.kind < GR_N_LOSSES, 1, "no such loss");
  gr_check_tensor(L, 2);
  gr_check_tensor(L, 3);
  gr_node *p = gr_test_box(L, 2)->node;
  const gr_node *truth = gr_test_box(L, 3)->node;
  if (truth && truth->needs_gradient)  // silence would be a derivative of 0
    return luaL_error(
        L,
        "a loss has a derivative by the prediction and none by the truth, and here the truth is tracked. The "
        "truth comes first: (y_true, y_pred); y_true:detach() gives its plain numbers");
  gr_loss kind = (gr_loss)args.kind;
  gr_node *scores = p ? gr_node_scores(p, &kind) : NULL;
  if (scores != p) {
    node_holder *h = push_tracked(L);
    adopt_node(L, lua_gettop(L), h, gr_node_retain(scores));
    lua_replace(L, 2);
    args.kind = (int)kind;
  }
  return apply(L, &gr_op_loss, &args, 2, (int[]){2, 3});
}

static int metric(lua_State *L) {
  gr_op_args args = {.kind = (int)luaL_checkinteger(L, 1)};
  luaL_argcheck(L, args.kind >= 0 && args.kind < GR_N_HITS, 1, "no such metric");
  gr_check_tensor(L, 2);
  gr_check_tensor(L, 3);
  return apply(L, &gr_op_hit, &args, 2, (int[]){2, 3});
}

// ---- weights and optimizers ----

// weight(t): a copy over a counted buffer, which programs can share.
static int weight(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_dtype dtype = lua_isnoneornil(L, 2) ? (gr_dtype)t->dtype : gr_check_dtype(L, 2);
  gr_tensor *out = gr_push_shareable(L, dtype, t->ndim, t->shape);
  GR_TRY(L, gr_copy(out, t, &err));
  return 1;
}

static int is_weight(lua_State *L) {
  const gr_tensor *t = gr_test_tensor(L, 1);
  lua_pushboolean(L, t && t->buffer && gr_dtype_is_float(t->dtype) && gr_tensor_is_contiguous(t));
  return 1;
}

// penalty(w, l1, l2) -> l1 * sum |w| + l2 * sum w^2: a number, or tracked as w is.
static int penalty(lua_State *L) {
  bool tracked = gr_is_tracked(gr_check_tensor(L, 1));
  gr_op_args args = {.l1 = luaL_checknumber(L, 2), .l2 = luaL_checknumber(L, 3)};
  apply(L, &gr_op_penalty, &args, 1, (int[]){1});
  if (!tracked) lua_pushnumber(L, gr_tensor_get(gr_check_tensor(L, -1), NULL));
  return 1;
}

// What makes norms at most `most`: of each weight's gradient, or of all those of the list together.
static double clip_scale(double squares, double most) {
  const double norm = sqrt(squares);
  return norm > most ? most / norm : 1;
}

static double squares_of(lua_State *L, const gr_tensor *gradient) {
  GR_TRY(L, gr_check_float(gradient, NULL, "the gradient", &err));
  return gr_sum_of_squares(gradient);
}

static double global_scale(lua_State *L, int gradients, lua_Integer n, double most) {
  double squares = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, gradients, i);
    squares += squares_of(L, gr_check_tensor(L, -1));
    lua_pop(L, 1);
  }
  return clip_scale(squares, most);
}

// update(rule, weights, gradients, first states, second states, rate, a, b, epsilon, decay, clipvalue,
// clipnorm, global_clipnorm, program): one step of an optimizer for all weights; the rule by its number in
// kernel/update.h. The last four may be nil. Of gradients that are pending in `program` the list has old
// ones. All or nothing: nobody looks for an interrupt in here.
static int update(lua_State *L) {
  gr_program *program = gr_test_program(L, 14);
  lua_settop(L, 13);
  lua_Integer rule = luaL_checkinteger(L, 1);
  luaL_argcheck(L, rule >= 0 && rule < GR_N_UPDATES, 1, "no such rule");
  gr_update u = {.rule = (gr_update_rule)rule,
                 .rate = luaL_checknumber(L, 6),
                 .a = luaL_checknumber(L, 7),
                 .b = luaL_checknumber(L, 8),
                 .epsilon = luaL_checknumber(L, 9),
                 .decay = luaL_checknumber(L, 10),
                 .most = luaL_optnumber(L, 11, INFINITY),
                 .scale = 1};
  const double clipnorm = luaL_optnumber(L, 12, INFINITY), global_clipnorm = luaL_optnumber(L, 13, INFINITY);
  for (int k = 0; k < 2 + gr_update_states(u.rule); k++) luaL_checktype(L, 2 + k, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 2);
  if (global_clipnorm < INFINITY) u.scale = global_scale(L, 3, n, global_clipnorm);
  gr_pool *pool = NULL;
  for (lua_Integer i = 1; i <= n; i++) {
    gr_updated weight = {0};
    gr_tensor *parts[2 + GR_UPDATE_STATES] = {NULL};
    int used = 2 + gr_update_states(u.rule);
    for (int k = 0; k < used; k++) {
      lua_rawgeti(L, 2 + k, i);
      parts[k] = gr_check_tensor(L, -1);
    }
    weight.w = parts[0];
    weight.g = parts[1];
    if (clipnorm < INFINITY) u.scale = clip_scale(squares_of(L, weight.g), clipnorm);
    for (int k = 2; k < used; k++) weight.state[k - 2] = parts[k];
    gr_buffer_changes(weight.w->buffer);
    if (!pool && gr_tensor_size(weight.w) >= 1 << 15) pool = gr_runtime_pool(L);
    GR_TRY(L, gr_program_update(program, pool, (int)i - 1, &weight, &u, &err));
    lua_settop(L, 13);
  }
  return 0;
}

// update_states(rule) -> how many tensors it keeps beside each weight
static int update_states(lua_State *L) {
  lua_Integer rule = luaL_checkinteger(L, 1);
  luaL_argcheck(L, rule >= 0 && rule < GR_N_UPDATES, 1, "no such rule");
  lua_pushinteger(L, gr_update_states((gr_update_rule)rule));
  return 1;
}

// first_not_finite(list, program) -> position of the first tensor with a number that is not finite, or nil. A
// sum shows it: in float64 no sum of finite numbers of a network overflows. Gradients that are pending in
// `program` (may be nil) are computed where nothing else shows that they are finite.
static int first_not_finite(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  gr_program *program = gr_test_program(L, 2);
  lua_Integer n = luaL_len(L, 1);
  for (lua_Integer i = 1; i <= n; i++) {
    if (program) {
      if (gr_program_gradient_is_bounded(program, (int)i - 1)) continue;
      GR_TRY(L, gr_program_finish_gradient(program, gr_runtime_pool(L), (int)i - 1, &err));
    }
    lua_rawgeti(L, 1, i);
    const gr_tensor *t = gr_check_tensor(L, -1);
    double sum = 0;
    gr_tensor flat, out = {.data = &sum, .dtype = t->dtype};
    int64_t size = gr_tensor_size(t);
    GR_TRY(L, gr_tensor_view_reshape(&flat, t, 1, &size, &err));
    GR_TRY(L, gr_reduce(&out, GR_SUM, &flat, 1, &err));
    if (!isfinite(gr_tensor_get(&out, NULL))) return lua_pushinteger(L, i), 1;
    lua_pop(L, 1);
  }
  return 0;
}

static const gr_function learner[] = {
    {"track", track,
     "grad.track(t) -> tracked tensor\n\n"
     "A copy of t (a tensor, a number or a list of numbers) that remembers what is computed from it. "
     "Operations on tracked tensors give tracked "
     "tensors; y:backward() from one\n"
     "number y then adds to x.grad, which is nil before, the derivative of y by each element of x "
     "(reverse-mode automatic "
     "differentiation;\n"
     "Baydin et al., JMLR 18(153), 2018). Gradients are kept in what grad.track made, not in results: a step "
     "down the slope\n"
     "makes a new x of the plain numbers, x:detach(), as below.\n\n"
     "> x = grad.track(tensor{2, 5})\n"
     "> y = sum(x * x)\n"
     "> y:backward()\n"
     "> x.grad\n"
     "[ 4. 10.]\n"
     "> x = grad.track(x:detach() - 0.1 * x.grad)\n"
     "> x\n"
     "[1.6 4. ]"},
    {NULL},
};

static const gr_function methods[] = {
    {"backward", backward,
     "y:backward()\n\n"
     "From one tracked number, adds the derivative of y by every tracked tensor it was computed from to that "
     "tensor's gradient.\n\n"
     "> x = grad.track(tensor{3})\n"
     "> y = sum(x ^ 2)\n"
     "> y:backward()\n"
     "> x.grad\n"
     "[6.]"},
    {"zero_grad", zero_gradient,
     "x:zero_grad()\n\n"
     "Forgets the gradient of a tracked tensor, so that the next backward starts from zero.\n\n"
     "> x = grad.track(tensor{1})\n"
     "> x:zero_grad()\n"
     "> x.grad"},
    {"detach", detach,
     "y:detach() -> tensor\n\n"
     "The same numbers without the history: a plain tensor over the same memory.\n\n"
     "> grad.track(tensor{1, 2}):detach()\n"
     "[1. 2.]"},
    {NULL},
};

static const gr_function internal[] = {
    {"is_computed", is_computed},
    {"conv2d", conv2d},
    {"max_pool2d", max_pool2d},
    {"average_pool2d", average_pool2d},
    {"reshape_rows", reshape_rows},
    {"dropout", dropout},
    {"augment", augment},
    {"batch_normalization", batch_normalization},
    {"batch_moments", batch_moments},
    {"loss", loss},
    {"metric", metric},
    {"penalty", penalty},
    {"weight", weight},
    {"is_weight", is_weight},
    {"update", update},
    {"update_states", update_states},
    {"first_not_finite", first_not_finite},
    {"record", gr_program_record},
    {"shuffle_order", gr_shuffle_order},
    {"is_batch", gr_is_batch},
    {NULL},
};

int gr_open_grad(lua_State *L) {
  gr_register_program(L);
  lua_createtable(L, 0, 24);
  gr_register(L, NULL, internal);
  gr_add_graph(L);
  gr_add_custom(L);
  lua_createtable(L, 0, 4);
  gr_register(L, "grad", learner);
  lua_setfield(L, -2, "learner");
  lua_rawgeti(L, LUA_REGISTRYINDEX, gr_runtime_of(L)->tensor_metatable);
  lua_getfield(L, -1, "__methods");
  gr_register(L, "tensor", methods);
  lua_pop(L, 2);
  return 1;
}
