// Tensors as text, and the options of it.
#include "bind/bind.h"

#include <math.h>

static const char *const option_names[] = {"precision", "suppress",  "threshold",
                                           "edgeitems", "linewidth", NULL};

// Room that the prompt and the entry itself take of a screen.
#define LINES_BESIDE 3

static int tensor_tostring(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  const gr_runtime *runtime = gr_runtime_of(L);
  gr_format format = runtime->format;
  if (runtime->columns > 0 && runtime->columns < format.width) format.width = runtime->columns;
  // Whoever has set the threshold has said what is too long.
  if (runtime->lines > LINES_BESIDE + 1 && format.threshold == gr_format_default.threshold)
    format.lines = runtime->lines - LINES_BESIDE;
  gr_str *text = gr_push_str(L);
  gr_tensor_format(text, t, &format);
  GR_TRY(L, gr_interrupt_poll(&err));
  return gr_return_str(L, text);
}

// A whole number from `least` on, or math.huge for as many as there are.
static int64_t read_count(lua_State *L, int options, const char *function, const char *name, int64_t least,
                          int64_t most, int64_t otherwise) {
  double value = gr_number_option(L, options, function, name, (double)otherwise);
  if (!(value >= (double)least) || (isfinite(value) && value != floor(value)))
    luaL_error(L, "%s: %s is a whole number from %I, not %f", function, name, (lua_Integer)least, value);
  return value < (double)most ? (int64_t)value : most;
}

static void read_format(lua_State *L, int options, const char *function, gr_format *format) {
  luaL_checktype(L, options, LUA_TTABLE);
  gr_check_options(L, options, function, option_names);
  gr_format read = *format;
  read.precision = (int)read_count(L, options, function, "precision", 0, 1000, read.precision);
  read.threshold = read_count(L, options, function, "threshold", 0, INT64_MAX, read.threshold);
  read.edge = read_count(L, options, function, "edgeitems", 1, INT64_MAX / 4, read.edge);
  read.width = (int)read_count(L, options, function, "linewidth", 1, INT32_MAX / 2, read.width);
  if (gr_option(L, options, "suppress")) {
    lua_pop(L, 1);
    read.suppress = gr_boolean_option(L, options, function, "suppress");
  }
  *format = read;
}

static int to_string(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  gr_format format = gr_runtime_of(L)->format;
  if (!lua_isnoneornil(L, 2)) read_format(L, 2, "tostring", &format);
  gr_str *text = gr_push_str(L);
  gr_tensor_format(text, t, &format);
  GR_TRY(L, gr_interrupt_poll(&err));
  return gr_return_str(L, text);
}

static int set_printoptions(lua_State *L) {
  gr_format *format = &gr_runtime_of(L)->format;
  if (lua_isnoneornil(L, 1))
    *format = gr_format_default;
  else
    read_format(L, 1, "set_printoptions", format);
  return 0;
}

static int get_printoptions(lua_State *L) {
  const gr_format *format = &gr_runtime_of(L)->format;
  const int64_t numbers[] = {format->precision, 0, format->threshold, format->edge, format->width};
  lua_createtable(L, 0, 5);
  for (int i = 0; option_names[i]; i++) {
    if (i == 1)
      lua_pushboolean(L, format->suppress);
    else if (numbers[i] == INT64_MAX)
      lua_pushnumber(L, HUGE_VAL);
    else
      lua_pushinteger(L, numbers[i]);
    lua_setfield(L, -2, option_names[i]);
  }
  return 1;
}

// The text is laid out in Lua (gradus/describe.lua), which is told what only C knows.
static int describe(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  gr_values_leave(L, t);
  // A view keeps what it views alive by its one user value; what owns its memory has none, or two.
  bool is_view = lua_getiuservalue(L, 1, 1) != LUA_TNONE && lua_getiuservalue(L, 1, 2) == LUA_TNONE;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "gradus.describe");
  lua_call(L, 1, 1);
  if (gr_is_tracked(t))
    gr_push_view(L, t, 1);
  else
    lua_pushvalue(L, 1);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, (lua_Integer)gr_tensor_bytes(t));
  lua_setfield(L, -2, "bytes");
  lua_pushboolean(L, is_view);
  lua_setfield(L, -2, "is_view");
  lua_pushboolean(L, gr_is_tracked(t));
  lua_setfield(L, -2, "tracked");
  lua_call(L, 2, 0);
  return 0;
}

static const gr_function functions[] = {
    {"set_printoptions", set_printoptions,
     "set_printoptions{precision=8, suppress=false, threshold=1000, edgeitems=3, linewidth=75}\n\n"
     "How tensors print from now on; what is not named stays as it is, and without a table all is as at the "
     "start. "
     "precision: the most decimals. suppress=true: exponents only from 1e8 up, so that 1e-10 prints as 0. "
     "threshold: a "
     "tensor of more elements is summarised, with edgeitems of them at each end of an axis. linewidth: the "
     "columns of "
     "a line, at most those of the terminal. Where the threshold is left alone, a tensor never takes more "
     "than the "
     "terminal's screen; threshold=math.huge prints all. As numpy.set_printoptions.\n\n"
     "> set_printoptions{precision=3}\n"
     "> tensor{1 / 3, 2 / 3}\n"
     "[0.333 0.667]\n"
     "> set_printoptions()\n"
     "> tensor{1 / 3, 2 / 3}\n"
     "[0.33333333 0.66666667]"},
    {"get_printoptions", get_printoptions,
     "get_printoptions() -> table\n\n"
     "How tensors print now, as set_printoptions takes it.\n\n"
     "> get_printoptions().precision\n"
     "8"},
    {NULL},
};

static const gr_function methods[] = {
    {"tostring", to_string,
     "t:tostring{precision=8, suppress=false, threshold=1000, edgeitems=3, linewidth=75} -> string\n\n"
     "The tensor as text, with options of set_printoptions for this time; those not named are as set there. "
     "threshold=math.huge gives all of a large tensor.\n\n"
     "> tensor{1e-10, 2.5}:tostring{suppress=true, precision=2}\n"
     "[0.  2.5]"},
    {"describe", describe,
     "t:describe()\n\n"
     "Prints what the tensor holds, on one screen: shape, dtype and memory; least and greatest number, mean, "
     "standard "
     "deviation and quartiles; a bar for the count of each size; how many are 0, nan and infinite. Labels "
     "are counted "
     "by class, masks by truth, and of pictures (samples, height, width, channels) it tells the size and the "
     "brightness.\n\n"
     "> tensor{0, 1, 1, 0, 1}:describe()\n"
     "float64 tensor of shape (5,): 5 numbers in 40 bytes\n"
     "as labels:\n"
     "  class 0  2  40.0 %  ████████████████████\n"
     "  class 1  3  60.0 %  ██████████████████████████████\n"
     "always naming the most frequent class would be right in 60.0 %\n"
     "zeros 2 (40.0 %), nan 0, inf 0"},
    {NULL},
};

void gr_add_printing(lua_State *L, const gr_tensor_tables *tables) {
  lua_pushvalue(L, tables->module);
  gr_register(L, NULL, functions);
  lua_pop(L, 1);
  lua_pushvalue(L, tables->methods);
  gr_register(L, "tensor", methods);
  lua_pop(L, 1);
  lua_pushcfunction(L, tensor_tostring);
  lua_setfield(L, tables->metatable, "__tostring");
}
