// gradus.core.plot: what plots need of C: numbers as text for gnuplot, pictures as colours, and the
// gnuplot process. Learners see none of this; lua/gradus/plot does.
#include <math.h>
#include <string.h>

#include "bind/bind.h"
#include "kernel/elementwise.h"
#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "plot/terminal.h"
#include "plot/thin.h"

// ---- numbers: copies of what the learner gave ----

static double number_at(lua_State *L, int index, const char *what, lua_Integer position) {
  int is_number;
  double x = lua_tonumberx(L, index, &is_number);
  if (!is_number)
    luaL_error(L, "%s: item %I is a %s, where a plot needs a number", what, position,
               luaL_typename(L, index));
  return x;
}

// The shape of nested tables, read down their first items; copy_table checks the others.
static int table_shape(lua_State *L, int index, int64_t *shape) {
  int ndim = 0;
  lua_pushvalue(L, index);
  while (lua_istable(L, -1) && ndim < 4) {
    shape[ndim++] = luaL_len(L, -1);
    lua_geti(L, -1, 1);
    lua_remove(L, -2);
  }
  lua_pop(L, 1);
  return ndim;
}

// Returns the place behind the last number.
static double *copy_table(lua_State *L, double *out, int index, const char *what, int ndim,
                          const int64_t *shape) {
  if (!lua_istable(L, index))
    luaL_error(L, "%s: the rows are not all of one kind (one is a %s)", what, luaL_typename(L, index));
  lua_Integer n = luaL_len(L, index);
  if (n != shape[0])
    luaL_error(L, "%s: the rows are not all of one length (%I and %I)", what, (lua_Integer)shape[0], n);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, index, i);
    if (ndim > 1)
      out = copy_table(L, out, lua_gettop(L), what, ndim - 1, shape + 1);
    else
      *out++ = number_at(L, -1, what, i);
    lua_pop(L, 1);
  }
  return out;
}

// array(value, what) -> a float64 tensor with the numbers of a tensor or of nested tables, which is ours
// alone: a figure must not change when the learner's tensor does.
static int plot_array(lua_State *L) {
  const char *what = luaL_checkstring(L, 2);
  const gr_tensor *t = gr_test_tensor(L, 1);
  if (t) {
    GR_TRY(L, gr_copy(gr_push_tensor(L, GR_F64, t->ndim, t->shape), t, &err));
    return 1;
  }
  if (!lua_istable(L, 1))
    luaL_error(L, "%s: expected a tensor or a table of numbers, but got a %s", what, luaL_typename(L, 1));
  luaL_checkstack(L, 20, "nested tables");
  int64_t shape[GR_MAX_DIMS];
  int ndim = table_shape(L, 1, shape);
  gr_tensor *out = gr_push_tensor(L, GR_F64, ndim, shape);
  copy_table(L, out->data, 1, what, ndim, shape);
  return 1;
}

// A tensor that `array` made: contiguous float64.
static const gr_tensor *check_array(lua_State *L, int index) {
  const gr_tensor *t = gr_check_tensor(L, index);
  luaL_argcheck(L, t->dtype == GR_F64 && gr_tensor_is_contiguous(t), index,
                "an array of gradus.core.plot expected");
  return t;
}

// shape(tensor) -> d1, d2, ...
static int plot_shape(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  for (int i = 0; i < t->ndim; i++) lua_pushinteger(L, t->shape[i]);
  return t->ndim;
}

// item(tensor, i) -> a view of tensor[i], 1-based: a picture of a batch, its dtype kept.
static int plot_item(lua_State *L) {
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, t->ndim > 0 && i >= 1 && i <= t->shape[0], 2, "position out of range");
  gr_tensor view;
  gr_tensor_view_select(&view, t, 0, i - 1);
  gr_push_view(L, &view, 1);
  return 1;
}

// split(array) -> its columns as a table of arrays: a vector is one column, a matrix one for each.
static int plot_split(lua_State *L) {
  const gr_tensor *t = check_array(L, 1);
  int64_t rows = t->ndim > 0 ? t->shape[0] : 1, columns = rows ? gr_tensor_size(t) / rows : 0;
  const double *from = t->data;
  lua_createtable(L, (int)(columns < 1000 ? columns : 1000), 0);
  for (int64_t j = 0; j < columns; j++) {
    double *out = gr_push_tensor(L, GR_F64, 1, &rows)->data;
    for (int64_t i = 0; i < rows; i++) out[i] = from[i * columns + j];
    lua_seti(L, -2, j + 1);
  }
  return 1;
}

// values(array) -> all its numbers in one table
static int plot_values(lua_State *L) {
  const gr_tensor *t = check_array(L, 1);
  int64_t n = gr_tensor_size(t);
  const double *x = t->data;
  lua_createtable(L, (int)(n < 1 << 20 ? n : 1 << 20), 0);
  for (int64_t i = 0; i < n; i++) {
    lua_pushnumber(L, x[i]);
    lua_seti(L, -2, i + 1);
  }
  return 1;
}

// The least and the greatest of the finite numbers (of those above 0 when `positive`); low > high when there
// is none.
static void finite_range(const double *x, int64_t n, bool positive, double *low, double *high) {
  *low = INFINITY;
  *high = -INFINITY;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(x[i]) || (positive && x[i] <= 0)) continue;
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
}

// range(array, positive) -> least and greatest of its finite numbers (of those above 0 when `positive`);
// nothing when there is none.
static int plot_range(lua_State *L) {
  const gr_tensor *t = check_array(L, 1);
  double low, high;
  finite_range(t->data, gr_tensor_size(t), lua_toboolean(L, 2), &low, &high);
  if (low > high) return 0;
  lua_pushnumber(L, low);
  lua_pushnumber(L, high);
  return 2;
}

// thin(x, y, points, {x1, x2}, {y1, y2}, log_x, log_y) -> x, y: fewer points that look the same in that part
// of the plane, as `points` or as a line; the same arrays when they are few.
static int plot_thin(lua_State *L) {
  const gr_tensor *x = check_array(L, 1), *y = check_array(L, 2);
  size_t n = (size_t)gr_tensor_size(x), count = 0;
  luaL_argcheck(L, (size_t)gr_tensor_size(y) == n, 2, "as many numbers as in x expected");
  gr_seen window = {.log_x = lua_toboolean(L, 6), .log_y = lua_toboolean(L, 7)};
  for (int k = 0; k < 2; k++) {
    lua_geti(L, 4, k + 1);
    lua_geti(L, 5, k + 1);
    window.x[k] = luaL_checknumber(L, -2);
    window.y[k] = luaL_checknumber(L, -1);
    lua_pop(L, 2);
  }
  if (n < GR_THIN_FROM) {
    lua_settop(L, 2);
    return 2;
  }
  size_t *kept = lua_newuserdatauv(L, n * sizeof *kept, 0);
  if (lua_toboolean(L, 3))
    GR_TRY(L, gr_thin_points(&count, kept, x->data, y->data, n, &window, &err));
  else
    count = gr_thin_line(kept, x->data, y->data, n, &window);
  for (int which = 0; which < 2; which++) {
    const double *from = which ? y->data : x->data;
    double *out = gr_push_tensor(L, GR_F64, 1, (int64_t[]){(int64_t)count})->data;
    for (size_t i = 0; i < count; i++) out[i] = from[kept[i]];
  }
  return 2;
}

static void append_number(gr_str *text, double x, char end) {
  if (isfinite(x))
    gr_str_format(text, "%.16g%c", x, end);
  else
    gr_str_format(text, "NaN%c", end);  // a gap in the curve
}

// columns(x, y, ...) -> lines of a data block: arrays of one length, side by side.
static int plot_columns(lua_State *L) {
  int count = lua_gettop(L);
  const double *column[16];
  luaL_argcheck(L, count >= 1 && count <= 16, 1, "1 to 16 columns");
  int64_t n = 0;
  for (int j = 0; j < count; j++) {
    const gr_tensor *t = check_array(L, j + 1);
    if (j == 0) n = gr_tensor_size(t);
    luaL_argcheck(L, gr_tensor_size(t) == n, j + 1, "columns of one length expected");
    column[j] = t->data;
  }
  gr_str *text = gr_push_str(L);
  for (int64_t i = 0; i < n; i++)
    for (int j = 0; j < count; j++) append_number(text, column[j][i], j + 1 < count ? ' ' : '\n');
  return gr_return_str(L, text);
}

// matrix(array, times) -> a matrix as lines of a data block, each number repeated `times` along both axes.
static int plot_matrix(lua_State *L) {
  const gr_tensor *t = check_array(L, 1);
  lua_Integer times = luaL_checkinteger(L, 2);
  luaL_argcheck(L, t->ndim == 2, 1, "a matrix expected");
  int64_t columns = t->shape[1];
  const double *x = t->data;
  gr_str *text = gr_push_str(L);
  for (int64_t i = 0; i < t->shape[0] * times; i++)
    for (int64_t j = 0; j < columns * times; j++)
      append_number(text, x[i / times * columns + j / times], j + 1 < columns * times ? ' ' : '\n');
  return gr_return_str(L, text);
}

// ---- pictures: a string of height * width * 3 bytes, and its width and height ----

static const uint8_t not_a_number[3] = {204, 121, 167};  // a colour that no grey and no palette of ours has

static int return_picture(lua_State *L, const uint8_t *rgb, int64_t width, int64_t height) {
  lua_pushlstring(L, (const char *)rgb, (size_t)(3 * width * height));
  lua_pushinteger(L, width);
  lua_pushinteger(L, height);
  return 3;
}

static uint8_t *push_pixels(lua_State *L, int64_t count) {
  return gr_push_tensor(L, GR_U8, 1, (int64_t[]){3 * count})->data;
}

static uint8_t scaled(double x, double low, double high) {
  double v = 255 * (x - low) / (high - low) + 0.5;
  return !(v > 0) ? 0 : v >= 255 ? 255 : (uint8_t)v;  // nan, where high - low overflows, is black
}

// picture(tensor, what, low, high) -> rgb, width, height. (h, w), (h, w, 1) or (h, w, 3). Without low and
// high, what is black and white, uint8 is shown as it is, unless it has the numbers of few greys only, as
// scanned digits do. Grey numbers go from 0 (or the least, when negative) as black to the greatest as white;
// colours from 0 to 1 when none is above 1, otherwise to 255 or the greatest.
static int plot_picture(lua_State *L) {
  const char *what = luaL_checkstring(L, 2);
  const gr_tensor *given = gr_check_tensor(L, 1);
  gr_dtype dtype = (gr_dtype)given->dtype;
  bool colour = given->ndim == 3 && given->shape[2] == 3;
  if (!(given->ndim == 2 || colour || (given->ndim == 3 && given->shape[2] == 1))) {
    char shape[GR_SHAPE_TEXT];
    bool channels_first = given->ndim == 3 && (given->shape[0] == 1 || given->shape[0] == 3);
    luaL_error(L,
               "%s: a picture has shape (height, width), (height, width, 1) or (height, width, 3), but this "
               "has %s%s",
               what, gr_shape_text(shape, given->ndim, given->shape),
               channels_first ? "; if its channels come first, transpose(2, 3, 1) puts them last" : "");
  }
  int64_t height = given->shape[0], width = given->shape[1], n = gr_tensor_size(given);
  if (n == 0) luaL_error(L, "%s: the picture has no pixels", what);
  gr_tensor *numbers = gr_push_tensor(L, GR_F64, given->ndim, given->shape);
  GR_TRY(L, gr_copy(numbers, given, &err));
  const double *x = numbers->data;
  double low, high;
  finite_range(x, n, false, &low, &high);
  if (low > 0 || low > high) low = 0;
  if (!lua_isnoneornil(L, 3))
    low = luaL_checknumber(L, 3), high = luaL_checknumber(L, 4);
  else if (dtype == GR_U8)
    low = 0, high = colour || high > 31 ? 255 : high;
  else if (dtype == GR_BOOL)
    low = 0, high = 1;
  else if (colour)
    high = high <= 1 ? 1 : high <= 255 ? 255 : high;
  if (high == low) high = low + 1;
  uint8_t *rgb = push_pixels(L, width * height);
  for (int64_t i = 0; i < width * height; i++) {
    const double *p = x + (colour ? 3 * i : i);
    bool number = isfinite(p[0]) && (!colour || (isfinite(p[1]) && isfinite(p[2])));
    for (int c = 0; c < 3; c++)
      rgb[3 * i + c] = number ? scaled(p[colour ? c : 0], low, high) : not_a_number[c];
  }
  return return_picture(L, rgb, width, height);
}

// heat(array, low, high, palette) -> rgb, width, height: a matrix through a palette of 256 colours.
static int plot_heat(lua_State *L) {
  const gr_tensor *t = check_array(L, 1);
  double low = luaL_checknumber(L, 2), high = luaL_checknumber(L, 3);
  size_t length;
  const uint8_t *palette = (const uint8_t *)luaL_checklstring(L, 4, &length);
  luaL_argcheck(L, t->ndim == 2, 1, "a matrix expected");
  luaL_argcheck(L, length == 768, 4, "256 colours expected");
  if (high <= low) high = low + 1;
  int64_t n = gr_tensor_size(t);
  const double *x = t->data;
  uint8_t *rgb = push_pixels(L, n);
  for (int64_t i = 0; i < n; i++)
    memcpy(rgb + 3 * i, isfinite(x[i]) ? palette + 3 * scaled(x[i], low, high) : not_a_number, 3);
  return return_picture(L, rgb, t->shape[1], t->shape[0]);
}

static gr_picture check_picture(lua_State *L, int index) {
  size_t length;
  gr_picture p = {.rgb = (const uint8_t *)luaL_checklstring(L, index, &length),
                  .width = luaL_checkinteger(L, index + 1),
                  .height = luaL_checkinteger(L, index + 2)};
  luaL_argcheck(L,
                p.width > 0 && p.height > 0 && (size_t)p.width <= length / 3 &&
                    (size_t)p.height == length / 3 / (size_t)p.width,
                index, "a picture expected");
  return p;
}

// shrink(rgb, width, height, most) -> the same, no side longer than `most` pixels.
static int plot_shrink(lua_State *L) {
  gr_picture p = check_picture(L, 1);
  int64_t most = luaL_optinteger(L, 4, 256), longest = p.width > p.height ? p.width : p.height;
  luaL_argcheck(L, most > 0, 4, "a positive size expected");
  lua_settop(L, 3);
  if (longest <= most) return 3;
  int64_t width = p.width * most / longest, height = p.height * most / longest;
  width = width ? width : 1;
  height = height ? height : 1;
  uint8_t *rgb = push_pixels(L, width * height);
  gr_picture_resize(rgb, width, height, &p);
  return return_picture(L, rgb, width, height);
}

// resize(rgb, width, height, new_width, new_height) -> the same at another size.
static int plot_resize(lua_State *L) {
  gr_picture p = check_picture(L, 1);
  lua_Integer width = luaL_checkinteger(L, 4), height = luaL_checkinteger(L, 5);
  luaL_argcheck(L, width > 0 && width <= 10000 && height > 0 && height <= 10000, 4, "a size expected");
  uint8_t *rgb = push_pixels(L, width * height);
  gr_picture_resize(rgb, width, height, &p);
  return return_picture(L, rgb, width, height);
}

static const uint8_t *check_colour(lua_State *L, int index) {
  size_t length;
  const char *rgb = luaL_checklstring(L, index, &length);
  luaL_argcheck(L, length == 3, index, "three bytes expected");
  return (const uint8_t *)rgb;
}

// A picture on the sheet with its corner at (left, top), in a frame of one pixel around it.
static void place_picture(uint8_t *sheet, int64_t sheet_width, const gr_picture *p, int64_t left, int64_t top,
                          const uint8_t frame[3]) {
  for (int64_t y = -1; y <= p->height; y++) {
    uint8_t *row = sheet + 3 * ((top + y) * sheet_width + left);
    for (int64_t x = -1; x <= p->width; x++)
      if (x < 0 || x == p->width || y < 0 || y == p->height) memcpy(row + 3 * x, frame, 3);
    if (y >= 0 && y < p->height) memcpy(row, p->rgb + 3 * y * p->width, (size_t)(3 * p->width));
  }
}

// tile({rgb...}, {width...}, {height...}, columns, gap, below, paper, frame) -> rgb, width, height, and the
// width and height of a cell: the contact sheet, each picture in the middle of its cell, `gap` pixels around
// cells and `below` more under each, for captions. `paper` and `frame` are colours of three bytes.
static int plot_tile(lua_State *L) {
  lua_Integer count = luaL_len(L, 1), columns = luaL_checkinteger(L, 4), gap = luaL_checkinteger(L, 5);
  lua_Integer below = luaL_checkinteger(L, 6);
  const uint8_t *paper = check_colour(L, 7), *frame = check_colour(L, 8);
  luaL_argcheck(L, count > 0 && columns > 0 && gap > 0 && below >= 0, 1, "pictures and columns expected");
  int64_t cell_w = 1, cell_h = 1, rows = (count + columns - 1) / columns;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, 2, i);
    lua_geti(L, 3, i);
    if (lua_tointeger(L, -2) > cell_w) cell_w = lua_tointeger(L, -2);
    if (lua_tointeger(L, -1) > cell_h) cell_h = lua_tointeger(L, -1);
    lua_pop(L, 2);
  }
  int64_t width = columns * (cell_w + gap) + gap, height = rows * (cell_h + gap + below) + gap;
  uint8_t *rgb = push_pixels(L, width * height);
  for (int64_t i = 0; i < width * height; i++) memcpy(rgb + 3 * i, paper, 3);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, 1, i + 1);
    lua_geti(L, 2, i + 1);
    lua_geti(L, 3, i + 1);
    gr_picture p = check_picture(L, lua_gettop(L) - 2);
    place_picture(rgb, width, &p, gap + i % columns * (cell_w + gap) + (cell_w - p.width) / 2,
                  gap + i / columns * (cell_h + gap + below) + (cell_h - p.height) / 2, frame);
    lua_pop(L, 3);
  }
  return_picture(L, rgb, width, height);
  lua_pushinteger(L, cell_w);
  lua_pushinteger(L, cell_h);
  return 5;
}

// numbers(rgb, width, height, times) -> the picture as a matrix for gnuplot, each pixel `times` wide and
// high.
static int plot_numbers(lua_State *L) {
  gr_picture p = check_picture(L, 1);
  lua_Integer times = luaL_checkinteger(L, 4);
  gr_str *text = gr_push_str(L);
  gr_picture_numbers(text, &p, (int)times);
  return gr_return_str(L, text);
}

static gr_ink check_ink(lua_State *L, int index) {
  static const char *const names[] = {"none", "256", "true", NULL};
  return (gr_ink)luaL_checkoption(L, index, "none", names);
}

// blocks(rgb, width, height, columns, ink, ascii) -> the picture in half blocks or, when the terminal knows
// `ascii` only, in spaces; without ink in characters.
static int plot_blocks(lua_State *L) {
  gr_picture p = check_picture(L, 1);
  lua_Integer columns = luaL_checkinteger(L, 4);
  gr_ink ink = check_ink(L, 5);
  luaL_argcheck(L, columns > 0 && columns <= 10000, 4, "a number of columns expected");
  gr_str *text = gr_push_str(L);
  gr_picture_blocks(text, &p, (int)columns, ink, lua_toboolean(L, 6));
  return gr_return_str(L, text);
}

// write(ink, red, green, blue) -> the escape sequence of text in that colour.
static int plot_write(lua_State *L) {
  gr_ink ink = check_ink(L, 1);
  uint8_t colour[3];
  for (int c = 0; c < 3; c++) colour[c] = (uint8_t)luaL_checkinteger(L, 2 + c);
  gr_str *text = gr_push_str(L);
  gr_ink_set(text, ink, colour, false);
  return gr_return_str(L, text);
}

// paint(ink, red, green, blue) -> the escape sequence of that background, with black or white text on it.
static int plot_paint(lua_State *L) {
  gr_ink ink = check_ink(L, 1);
  uint8_t paper[3];
  for (int c = 0; c < 3; c++) paper[c] = (uint8_t)luaL_checkinteger(L, 2 + c);
  int light = 299 * paper[0] + 587 * paper[1] + 114 * paper[2] > 128000;
  uint8_t text_colour[3] = {light ? 0 : 255, light ? 0 : 255, light ? 0 : 255};
  gr_str *text = gr_push_str(L);
  gr_ink_set(text, ink, paper, true);
  gr_ink_set(text, ink, text_colour, false);
  return gr_return_str(L, text);
}

// ---- the gnuplot process: one a Lua state, ended with it ----

#define PROCESS "gradus.plot.gnuplot"

static int process_gc(lua_State *L) {
  gr_gnuplot **box = lua_touserdata(L, 1);
  gr_gnuplot_free(*box);
  *box = NULL;
  return 0;
}

static gr_gnuplot *process_of(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, PROCESS ".process") != LUA_TUSERDATA) {
    lua_pop(L, 1);
    gr_push_owned(L, sizeof(gr_gnuplot *), PROCESS, process_gc);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, PROCESS ".process");
  }
  gr_gnuplot **box = lua_touserdata(L, -1);
  lua_pop(L, 1);  // the registry keeps it
  if (!*box) GR_TRY(L, gr_gnuplot_new(box, NULL, &err));
  return *box;
}

static int return_problem(lua_State *L, gr_err *err) {
  if (err->code == GR_ERR_INTERRUPT) return gr_raise(L, err);
  lua_pushnil(L);
  lua_pushstring(L, err->text);
  return 2;
}

// run(script, seconds) -> what gnuplot wrote; or nil and why it did not work. An interrupt is raised.
static int plot_run(lua_State *L) {
  size_t length;
  const char *script = luaL_checklstring(L, 1, &length);
  double seconds = luaL_optnumber(L, 2, 30);
  gr_gnuplot *process = process_of(L);
  gr_str *text = gr_push_str(L);
  gr_err err;
  gr_code code = gr_gnuplot_run(process, script, length, text, seconds, &err);
  return code == GR_OK ? gr_return_str(L, text) : return_problem(L, &err);
}

// begin(script, seconds) -> true, without waiting; or nil and why not.
static int plot_begin(lua_State *L) {
  size_t length;
  const char *script = luaL_checklstring(L, 1, &length);
  double seconds = luaL_optnumber(L, 2, 30);
  gr_gnuplot *process = process_of(L);
  gr_err err;
  if (gr_gnuplot_begin(process, script, length, seconds, &err)) return return_problem(L, &err);
  lua_pushboolean(L, true);
  return 1;
}

// look() -> false while gnuplot is busy with what `begin` handed over; then what it wrote, or nil and why it
// did not work.
static int plot_look(lua_State *L) {
  gr_gnuplot *process = process_of(L);
  gr_str *text = gr_push_str(L);
  gr_err err;
  bool busy;
  if (gr_gnuplot_look(process, &busy, text, &err)) return return_problem(L, &err);
  if (!busy) return gr_return_str(L, text);
  lua_pushboolean(L, false);
  return 1;
}

// seconds() -> the processor's time that gnuplot has used.
static int plot_seconds(lua_State *L) {
  lua_pushnumber(L, gr_gnuplot_seconds(process_of(L)));
  return 1;
}

// tend(): buries a gnuplot that was ended from outside.
static int plot_tend(lua_State *L) {
  gr_gnuplot_tend(process_of(L));
  return 0;
}

// ---- pictures in the terminal's text ----

// kitty(png) -> the escape sequences that show the picture.
static int plot_kitty(lua_State *L) {
  size_t length;
  const char *png = luaL_checklstring(L, 1, &length);
  gr_str *text = gr_push_str(L);
  gr_kitty_picture(text, png, length);
  return gr_return_str(L, text);
}

// ask_terminal(seconds) -> "kitty", "sixel" or nil: what pictures the terminal says it can show.
static int plot_ask_terminal(lua_State *L) {
  gr_pictures can = gr_terminal_ask(luaL_optnumber(L, 1, 0.3));
  if (can & GR_PICTURES_KITTY)
    lua_pushliteral(L, "kitty");
  else if (can & GR_PICTURES_SIXEL)
    lua_pushliteral(L, "sixel");
  else
    lua_pushnil(L);
  return 1;
}

static const gr_function functions[] = {
    {"array", plot_array, NULL},
    {"shape", plot_shape, NULL},
    {"item", plot_item, NULL},
    {"split", plot_split, NULL},
    {"matrix", plot_matrix, NULL},
    {"values", plot_values, NULL},
    {"range", plot_range, NULL},
    {"columns", plot_columns, NULL},
    {"picture", plot_picture, NULL},
    {"heat", plot_heat, NULL},
    {"shrink", plot_shrink, NULL},
    {"tile", plot_tile, NULL},
    {"numbers", plot_numbers, NULL},
    {"blocks", plot_blocks, NULL},
    {"paint", plot_paint, NULL},
    {"write", plot_write, NULL},
    {"begin", plot_begin, NULL},
    {"look", plot_look, NULL},
    {"seconds", plot_seconds, NULL},
    {"tend", plot_tend, NULL},
    {"thin", plot_thin, NULL},
    {"kitty", plot_kitty, NULL},
    {"ask_terminal", plot_ask_terminal, NULL},
    {"run", plot_run, NULL},
    {"resize", plot_resize, NULL},
    {NULL, NULL, NULL},
};

int gr_open_plot(lua_State *L) {
  lua_createtable(L, 0, 16);
  gr_register(L, NULL, functions);
  return 1;
}
