// Recorded programs as Lua values: recording a function, running batches.
#include "grad/program.h"

#include "bind/bind.h"

#define PROGRAM "gradus.program"

// User value 1: the boxes of the gradients, made when first asked for. Nobody else has this table.
typedef struct program_box {
  gr_program *program;
  int n_scores, n_weights;
  bool training;
} program_box;

static program_box *check_program(lua_State *L) {
  program_box *p = luaL_checkudata(L, 1, PROGRAM);
  if (!p->program) luaL_error(L, "this program has been freed");
  return p;
}

gr_program *gr_test_program(lua_State *L, int index) {
  const program_box *p = luaL_testudata(L, index, PROGRAM);
  return p ? p->program : NULL;
}

static int program_gc(lua_State *L) {
  program_box *p = luaL_checkudata(L, 1, PROGRAM);
  gr_program_free(p->program);
  p->program = NULL;
  return 0;
}

// The gradients' boxes are made once; when a larger batch has made the program lay its parts out anew, they
// follow.
static void refresh_gradients(lua_State *L, const program_box *p) {
  if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE)
    for (int i = 0; i < p->n_weights; i++) {
      lua_rawgeti(L, -1, i + 1);
      const gr_tensor *now = gr_program_gradient(p->program, i);
      if (gr_test_tensor(L, -1)->data != now->data) gr_box_follow(L, -1, now);
      lua_pop(L, 1);
    }
  lua_pop(L, 1);
}

static int program_gradients(lua_State *L) {
  program_box *p = check_program(L);
  if (!p->training) return luaL_error(L, "this program was recorded without training: it has no gradients");
  lua_settop(L, 1);
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, p->n_weights, 0);
    for (int i = 0; i < p->n_weights; i++) {
      gr_push_shared(L, gr_program_gradient(p->program, i));
      lua_rawseti(L, 2, i + 1);
    }
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 1, 1);
  }
  lua_createtable(L, p->n_weights, 0);  // a list that its owner may change
  for (int i = 1; i <= p->n_weights; i++) {
    lua_rawgeti(L, 2, i);
    lua_rawseti(L, 3, i);
  }
  return 1;
}

__extension__ typedef unsigned __int128 wide;

// The key that random.new_key drew: two integers.
static gr_stream check_key(lua_State *L, int index) {
  return (gr_stream){{(uint64_t)luaL_checkinteger(L, index), (uint64_t)luaL_checkinteger(L, index + 1)}};
}

gr_stream gr_check_stream(lua_State *L, int index) {
  return gr_stream_derive(check_key(L, index), (uint64_t)luaL_checkinteger(L, index + 2));
}

// program:run(x, y, order, first, count, backward, key1, key2, number, predictions) -> sum of each score
// The batch's random stream is the one numbered `number` of the key's. backward: false, true, or "pending":
// gradients of matrices may wait until finish_gradients, or for core.update with this program.
// Positional, and numbers only where it returns: a training step makes no garbage.
static int program_run(lua_State *L) {
  program_box *p = check_program(L);
  lua_settop(L, 11);
  gr_batch batch = {
      .x = gr_check_tensor(L, 2),
      .y = lua_isnil(L, 3) ? NULL : gr_check_tensor(L, 3),
      .order = lua_isnil(L, 4) ? NULL : gr_check_tensor(L, 4),
      .first = luaL_checkinteger(L, 5) - 1,
      .count = luaL_checkinteger(L, 6),
      .stream = gr_stream_derive(check_key(L, 8), (uint64_t)luaL_checkinteger(L, 10)),
      .predictions = lua_isnil(L, 11) ? NULL : gr_check_tensor(L, 11),
  };
  if (batch.order &&
      (batch.order->dtype != GR_I64 || batch.order->ndim != 1 || !gr_tensor_is_contiguous(batch.order)))
    return luaL_error(L, "the order of a batch is a contiguous int64 tensor of positions");
  double sums[GR_PROGRAM_SCORES];
  const gr_way_back back = lua_type(L, 7) == LUA_TSTRING ? GR_GRADIENTS_PENDING
                           : lua_toboolean(L, 7)         ? GR_GRADIENTS
                                                         : GR_FORWARD_ONLY;
  GR_TRY(L, gr_program_run(p->program, gr_runtime_pool(L), &batch, back, sums, &err));
  refresh_gradients(L, p);
  for (int i = 0; i < p->n_scores; i++) lua_pushnumber(L, sums[i]);
  return p->n_scores;
}

// program:predict(x) -> the output for each row of x, in the dtype of the input that was recorded
static int program_predict(lua_State *L) {
  const program_box *p = check_program(L);
  const gr_tensor *x = gr_check_tensor(L, 2), *output = gr_program_output(p->program);
  gr_batch batch = {
      .x = x,
      .count = x->ndim ? x->shape[0] : 0,
      .stream = gr_stream_derive((gr_stream){{0, 0}}, 0),
  };
  int64_t shape[GR_MAX_DIMS] = {batch.count};
  for (int i = 1; i < output->ndim; i++) shape[i] = output->shape[i];
  const gr_dtype dtype = (gr_dtype)gr_program_input(p->program)->dtype;
  batch.predictions = gr_push_tensor(L, dtype, output->ndim, shape);
  double sums[GR_PROGRAM_SCORES];
  GR_TRY(L, gr_program_run(p->program, gr_runtime_pool(L), &batch, GR_FORWARD_ONLY, sums, &err));
  return 1;
}

// program:finish_gradients(): computes those that are pending.
static int program_finish_gradients(lua_State *L) {
  program_box *p = check_program(L);
  GR_TRY(L, gr_program_finish_gradients(p->program, gr_runtime_pool(L), &err));
  return 0;
}

// shuffle_order(order, key1, key2, epoch): the positions 1..n in the order of that epoch, into an int64
// tensor of n.
int gr_shuffle_order(lua_State *L) {
  gr_tensor *order = gr_check_tensor(L, 1);
  if (order->dtype != GR_I64 || order->ndim != 1 || !gr_tensor_is_contiguous(order))
    return luaL_error(L, "an order is a contiguous int64 tensor of one axis");
  gr_stream stream = gr_stream_derive(check_key(L, 2), (uint64_t)luaL_checkinteger(L, 4));
  int64_t *at = order->data, n = order->shape[0];
  for (int64_t i = 0; i < n; i++) at[i] = i + 1;
  for (int64_t i = n - 1; i > 0; i--) {
    // The high word of a 64 by 64 bit product: uniform on 0..i to within 2^-40 for any n that fits in memory.
    int64_t j = (int64_t)((wide)gr_stream_u64(stream, (uint64_t)i) * (uint64_t)(i + 1) >> 64);
    int64_t kept = at[i];
    at[i] = at[j];
    at[j] = kept;
  }
  return 0;
}

// is_batch(x, shape): whether x has an axis of samples and then those of the list `shape`. A look at x.shape
// makes a table, and each step asks.
int gr_is_batch(lua_State *L) {
  const gr_tensor *x = gr_check_tensor(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  bool same = luaL_len(L, 2) + 1 == x->ndim;
  for (int i = 1; same && i < x->ndim; i++) {
    lua_geti(L, 2, i);
    same = lua_tointeger(L, -1) == x->shape[i];
    lua_pop(L, 1);
  }
  lua_pushboolean(L, same);
  return 1;
}

// program:same(other): whether both compute the same.
static int program_same(lua_State *L) {
  const program_box *a = check_program(L), *b = luaL_checkudata(L, 2, PROGRAM);
  lua_pushboolean(L, b->program && gr_program_same(a->program, b->program));
  return 1;
}

// program:batch_moments(layer, place) -> mean, biased variance of the last batch in that place of the
// layer's, from 1, or nothing
static int program_batch_moments(lua_State *L) {
  const program_box *p = check_program(L);
  int64_t rows;
  const gr_tensor *output;
  const double *sums = gr_program_batch_numbers(p->program, (uint64_t)luaL_checkinteger(L, 2),
                                                (int)luaL_checkinteger(L, 3), &rows, &output);
  if (!sums) return 0;
  int64_t channels = output->shape[output->ndim - 1], count = rows;
  for (int i = 1; i < output->ndim - 1; i++) count *= output->shape[i];
  return gr_push_moments(L, sums, channels, count);
}

// program:rest(): until the next run it needs no memory for slices.
static int program_rest(lua_State *L) {
  gr_program_rest(check_program(L)->program);
  return 0;
}

// program:memory() -> {parts=, gradients=, rows=, slices=, prepared=}, as in gr_program_memory
static int program_memory(lua_State *L) {
  const program_box *p = check_program(L);
  const gr_program_memory m = gr_program_memory_of(p->program);
  const struct {
    const char *name;
    lua_Integer value;
  } fields[] = {{"parts", m.parts},
                {"gradients", (lua_Integer)m.gradients},
                {"rows", m.rows},
                {"slices", (lua_Integer)m.slices},
                {"prepared", (lua_Integer)m.prepared}};
  lua_createtable(L, 0, sizeof fields / sizeof *fields);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    lua_pushinteger(L, fields[i].value);
    lua_setfield(L, -2, fields[i].name);
  }
  return 1;
}

// ---- recording ----

// While the function runs, its weights are leaves of the graph; outside of recordings they are plain tensors.
// What they were before is kept in `before`: a recording may run inside another one that shares weights.
// Nothing here can fail: `weights` and `nodes` are tables that nobody else has.
void gr_mark_weights(lua_State *L, gr_marks *marks) {
  for (int i = 0; i < marks->n; i++) {
    lua_rawgeti(L, marks->weights, i + 1);
    lua_rawgeti(L, marks->nodes, i + 1);
    gr_box *box = gr_test_box(L, -2);
    marks->before[i] = box->node;
    box->node = gr_held_node(L, -1);
    lua_pop(L, 2);
  }
}

// Backwards: a weight that stands in the list twice gets back what it was before its first mark.
void gr_unmark_weights(lua_State *L, const gr_marks *marks) {
  for (int i = marks->n; i-- > 0;) {
    lua_rawgeti(L, marks->weights, i + 1);
    gr_test_box(L, -1)->node = marks->before[i];
    lua_pop(L, 1);
  }
}

void gr_push_marks(lua_State *L, int index, gr_marks *marks) {
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer n = luaL_len(L, index);
  if (n < 0 || n > GR_MAX_WEIGHTS)
    luaL_error(L, "a network has at most %d weight tensors, not %I", GR_MAX_WEIGHTS, n);
  lua_newtable(L);
  lua_newtable(L);
  *marks = (gr_marks){.n = (int)n, .weights = lua_gettop(L) - 1, .nodes = lua_gettop(L)};
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, index, i);
    const gr_tensor *w = gr_check_tensor(L, -1);
    if (!w->buffer) luaL_error(L, "weight %I is not over memory that a program can share", i);
    gr_push_leaf(L, w, true);
    lua_rawseti(L, marks->nodes, i);
    lua_rawseti(L, marks->weights, i);
  }
}

static gr_node *result_node(lua_State *L, int index, const char *what) {
  gr_box *box = gr_test_box(L, index);
  if (!box || !box->node)
    luaL_error(L, "%s does not depend on the input: it is %s", what, luaL_tolstring(L, index, NULL));
  return box->node;
}

// record{input=, target=, weights={...}, training=, call=function(x, t) return output, loss, metric... end,
//        penalty=function() return number end}
//   -> program, or nil and why the step cannot be recorded
//
// input and target are example batches of a few rows. penalty, which may be nil, is made of weights alone.
int gr_program_record(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "call");      // 2
  lua_getfield(L, 1, "input");     // 3
  lua_getfield(L, 1, "target");    // 4
  lua_getfield(L, 1, "weights");   // 5
  lua_getfield(L, 1, "training");  // 6
  gr_check_tensor(L, 3);
  if (!lua_isnil(L, 4)) gr_check_tensor(L, 4);
  gr_marks marks;
  gr_push_marks(L, 5, &marks);                          // 7 and 8: what the recorded function cannot change
  program_box *p = lua_newuserdatauv(L, sizeof *p, 1);  // 9
  *p = (program_box){0};
  luaL_setmetatable(L, PROGRAM);
  lua_getfield(L, 1, "penalty");                          // 10, then its value
  gr_push_tracked_leaf(L, gr_check_tensor(L, 3), false);  // 11
  if (lua_isnil(L, 4))
    lua_pushnil(L);
  else
    gr_push_tracked_leaf(L, gr_check_tensor(L, 4), false);  // 12
  bool *reads = &gr_runtime_of(L)->values_read;
  *reads = false;
  bool *recording = &gr_runtime_of(L)->recording, outer = *recording;
  *recording = true;
  gr_mark_weights(L, &marks);
  int status = LUA_OK;
  bool penalized = !lua_isnil(L, 10);
  if (penalized) {
    lua_pushvalue(L, 10);
    status = lua_pcall(L, 0, 1, 0);
    lua_replace(L, 10);
    if (status) lua_settop(L, 10);
  }
  if (!status) {
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 11);
    lua_pushvalue(L, 12);
    status = lua_pcall(L, 2, LUA_MULTRET, 0);
  }
  lua_checkstack(L, LUA_MINSTACK);  // many results leave no room; what follows needs what is always spare
  gr_unmark_weights(L, &marks);
  *recording = outer;
  if (status) return lua_error(L);
  if (*reads) {
    lua_pushnil(L);
    lua_pushliteral(L, "a layer reads numbers out of tensors while it computes");
    return 2;
  }
  int results = lua_gettop(L) - 12;
  if (results < 1 || results > GR_PROGRAM_SCORES + 1)
    return luaL_error(L, "a recorded step returns the output, the loss and up to %d metrics",
                      GR_PROGRAM_SCORES - 1);
  gr_program_spec spec = {
      .input = result_node(L, 11, "x"),
      .target = lua_isnil(L, 12) ? NULL : result_node(L, 12, "y"),
      .output = result_node(L, 13, "the output"),
      .penalty = penalized ? result_node(L, 10, "the penalty") : NULL,
      .n_scores = results - 1,
      .n_weights = marks.n,
      .training = lua_toboolean(L, 6),
  };
  for (int i = 0; i < results - 1; i++) spec.scores[i] = result_node(L, 14 + i, i ? "a metric" : "the loss");
  for (int i = 0; i < marks.n; i++) {
    lua_rawgeti(L, marks.nodes, i + 1);
    marks.before[i] = gr_held_node(L, -1);
    lua_pop(L, 1);
  }
  spec.weights = marks.before;
  p->n_scores = spec.n_scores;
  p->training = spec.training;
  p->n_weights = marks.n;
  gr_err err;
  gr_code code = gr_program_new(&p->program, &spec, &err);
  if (code == GR_ERR_SHAPE) {
    lua_pushnil(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  if (code) gr_raise(L, &err);
  lua_settop(L, 9);
  return 1;
}

void gr_register_program(lua_State *L) {
  static const luaL_Reg methods[] = {{"run", program_run},
                                     {"predict", program_predict},
                                     {"gradients", program_gradients},
                                     {"finish_gradients", program_finish_gradients},
                                     {"same", program_same},
                                     {"memory", program_memory},
                                     {"rest", program_rest},
                                     {"batch_moments", program_batch_moments},
                                     {NULL, NULL}};
  luaL_newmetatable(L, PROGRAM);
  lua_pushcfunction(L, program_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
