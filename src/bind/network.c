// The operations of networks, on tracked tensors and on plain ones, and by number the losses and metrics that
// lua/gradus/losses and lua/gradus/metrics name.
#include "bind/bind.h"

#include <string.h>

#include "kernel/augment.h"
#include "kernel/network.h"

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
  return gr_apply(L, op, &args, 3, (int[]){1, 2, lua_isnil(L, 3) ? 0 : 3});
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
  return gr_apply(L, op, &args, 1, (int[]){1});
}

static int max_pool2d(lua_State *L) { return pool2d(L, &gr_op_max_pool2d); }
static int average_pool2d(lua_State *L) { return pool2d(L, &gr_op_average_pool2d); }

// batch_normalization(x, gamma or nil, beta or nil, epsilon, layer): by the moments of this batch.
static int batch_normalization(lua_State *L) {
  gr_op_args args = {.rate = luaL_checknumber(L, 4), .layer = (uint64_t)luaL_checkinteger(L, 5)};
  gr_check_tensor(L, 1);
  return gr_apply(L, &gr_op_batch_normalization, &args, 3,
                  (int[]){1, lua_isnil(L, 2) ? 0 : 2, lua_isnil(L, 3) ? 0 : 3});
}

// batch_sum(x): at each row the sum over all rows.
static int batch_sum(lua_State *L) {
  gr_op_args args = {0};
  gr_check_tensor(L, 1);
  return gr_apply(L, &gr_op_batch_sum, &args, 1, (int[]){1});
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
  return gr_apply(L, &gr_op_reshape, &args, 1, (int[]){1});
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
  return gr_apply(L, &gr_op_dropout, &args, 1, (int[]){1});
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
  return gr_apply(L, &gr_op_augment, &args, 2, (int[]){1, 2});
}

// loss(kind, p, t) and metric(kind, p, t)
static int loss(lua_State *L) {
  gr_op_args args = {.kind = (int)luaL_checkinteger(L, 1)};
  luaL_argcheck(L, args.kind >= 0 && args.kind < GR_N_LOSSES, 1, "no such loss");
  gr_check_tensor(L, 2);
  gr_check_tensor(L, 3);
  gr_node *p = gr_test_box(L, 2)->node;
  const gr_node *truth = gr_test_box(L, 3)->node;
  if (truth && truth->needs_gradient && gr_loss_takes_classes((gr_loss)args.kind))
    gr_refuse_derivative(L, 3, "the loss",
                         "the truth is names of classes, by which there is no derivative: the truth comes "
                         "first, (y_true, y_pred)");
  gr_loss kind = (gr_loss)args.kind;
  gr_node *scores = p ? gr_node_scores(p, &kind) : NULL;
  if (scores != p) {
    *gr_push_tracked_slot(L) = gr_node_retain(scores);
    gr_adopt_tracked(L, -1);
    lua_replace(L, 2);
    args.kind = (int)kind;
  }
  return gr_apply(L, &gr_op_loss, &args, 2, (int[]){2, 3});
}

static int metric(lua_State *L) {
  gr_op_args args = {.kind = (int)luaL_checkinteger(L, 1)};
  luaL_argcheck(L, args.kind >= 0 && args.kind < GR_N_HITS, 1, "no such metric");
  gr_check_tensor(L, 2);
  gr_check_tensor(L, 3);
  return gr_apply(L, &gr_op_hit, &args, 2, (int[]){2, 3});
}

// penalty(w, l1, l2) -> l1 * sum |w| + l2 * sum w^2: a number, or tracked as w is.
static int penalty(lua_State *L) {
  bool tracked = gr_is_tracked(gr_check_tensor(L, 1));
  gr_op_args args = {.l1 = luaL_checknumber(L, 2), .l2 = luaL_checknumber(L, 3)};
  gr_apply(L, &gr_op_penalty, &args, 1, (int[]){1});
  if (!tracked) lua_pushnumber(L, gr_tensor_get(gr_check_tensor(L, -1), NULL));
  return 1;
}

static const gr_function functions[] = {
    {"conv2d", conv2d},
    {"max_pool2d", max_pool2d},
    {"average_pool2d", average_pool2d},
    {"reshape_rows", reshape_rows},
    {"dropout", dropout},
    {"augment", augment},
    {"batch_normalization", batch_normalization},
    {"batch_sum", batch_sum},
    {"batch_moments", batch_moments},
    {"loss", loss},
    {"metric", metric},
    {"penalty", penalty},
    {NULL},
};

void gr_add_network(lua_State *L) { gr_register(L, NULL, functions); }
