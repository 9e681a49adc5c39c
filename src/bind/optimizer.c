// Weights, and the rules by which optimizers change them.
#include "bind/bind.h"

#include <math.h>

#include "grad/program.h"
#include "kernel/check.h"
#include "kernel/elementwise.h"
#include "kernel/penalty.h"
#include "kernel/update.h"

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

static const gr_function functions[] = {
    {"weight", weight},
    {"is_weight", is_weight},
    {"update", update},
    {"update_states", update_states},
    {"first_not_finite", first_not_finite},
    {NULL},
};

void gr_add_optimizer(lua_State *L) { gr_register(L, NULL, functions); }
