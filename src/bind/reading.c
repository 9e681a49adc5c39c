// The data module's readers of pictures and tables: what lua/gradus/data/{photos,tables,download}.lua call.
// No learner sees it, so it has no help.
#include "bind/archive.h"
#include "bind/bind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "data/cifar.h"
#include "data/npz.h"
#include "data/photos.h"
#include "data/png.h"
#include "data/rows.h"
#include "data/table.h"

// ---- one picture ----

static int picture_gc(lua_State *L) {
  gr_picture_finish(lua_touserdata(L, 1));
  return 0;
}

static gr_picture *push_picture(lua_State *L) {
  return gr_push_owned(L, sizeof(gr_picture), "gradus.picture", picture_gc);
}

// (height, width) of grey, otherwise (height, width, channels)
static gr_tensor *push_pixels(lua_State *L, int64_t height, int64_t width, int channels) {
  return gr_push_shareable(L, GR_U8, channels > 1 ? 3 : 2, (int64_t[]){height, width, channels});
}

// image(path, height, width, gray, alpha) -> uint8 tensor; height 0: as it is
static int data_image(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  gr_picture_wish wish = {.height = (int)luaL_checkinteger(L, 2),
                          .width = (int)luaL_checkinteger(L, 3),
                          .gray = lua_toboolean(L, 4)};
  bool alpha = lua_toboolean(L, 5);
  gr_picture *p = push_picture(L);
  GR_TRY(L, gr_picture_read(p, path, &wish, &err));
  if (!alpha) gr_picture_flatten(p);
  if (wish.gray) gr_picture_gray(p);
  int height = wish.height ? wish.height : p->height, width = wish.height ? wish.width : p->width;
  gr_tensor *t = push_pixels(L, height, width, p->channels);
  if (wish.height)
    GR_TRY(L, gr_picture_shrink(t->data, height, width, p, NULL, path, &err));
  else
    memcpy(t->data, p->data, gr_tensor_bytes(t));
  gr_picture_finish(p);
  return 1;
}

// save_image(path, uint8 tensor): (height, width) or (height, width, 1 to 4), as PNG
static int data_save_image(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  const gr_tensor *t = gr_check_tensor(L, 2);
  gr_tensor *whole = gr_push_empty(L), copy;
  GR_TRY(L, gr_contiguous(&copy, t, &err));
  gr_box_adopt(L, -1, &copy);
  gr_picture p = {whole->data, (int)whole->shape[0], (int)whole->shape[1],
                  whole->ndim == 3 ? (int)whole->shape[2] : 1};
  gr_str *text = gr_push_str(L);
  GR_TRY(L, gr_png_format(text, &p, path, &err));
  GR_TRY(L, gr_file_write(path, &(gr_piece){text->text, text->length}, 1, &err));
  gr_str_finish(text);
  return 0;
}

// ---- many ----

static double field(lua_State *L, int i) {
  lua_geti(L, -1, i);
  double v = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return v;
}

// photos(x, row, paths, first, last, parts or nil) -> how many were read, {{number, message}, ...}
//
// Pictures first..last of the list go to x[row], x[row + 1], ..., close together: where one cannot be read
// the next takes its place. A part is {top, left, height, width, of_height, of_width}.
static int data_photos(lua_State *L) {
  gr_tensor *x = gr_check_tensor(L, 1);
  lua_Integer row = luaL_checkinteger(L, 2), first = luaL_checkinteger(L, 4), last = luaL_checkinteger(L, 5);
  luaL_checktype(L, 3, LUA_TTABLE);
  bool parts = lua_istable(L, 6);
  int n = (int)(last - first + 1), channels = x->ndim == 4 ? (int)x->shape[3] : 1;
  luaL_argcheck(L, n >= 0 && n <= 4096 && row >= 1 && row - 1 + n <= x->shape[0], 2, "rows outside of x");
  int height = (int)x->shape[1], width = (int)x->shape[2];
  size_t bytes = (size_t)height * (size_t)width * (size_t)channels;
  uint8_t *out = (uint8_t *)x->data + (size_t)(row - 1) * bytes;
  gr_photo *photos = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *photos, 0);
  memset(photos, 0, (size_t)(n + 1) * sizeof *photos);
  for (int i = 0; i < n; i++) {
    lua_geti(L, 3, first + i);
    photos[i].path = luaL_checkstring(L, -1);  // stays where it is, in the list
    lua_pop(L, 1);
    if (!parts) continue;
    lua_geti(L, 6, first + i);
    photos[i].part = (gr_box_part){field(L, 1), field(L, 2), field(L, 3), field(L, 4)};
    photos[i].of_height = field(L, 5);
    photos[i].of_width = field(L, 6);
    lua_pop(L, 1);
  }
  gr_photos_load(out, photos, n, height, width, channels, gr_runtime_pool(L));
  GR_TRY(L, gr_interrupt_poll(&err));
  lua_newtable(L);
  int read = 0;
  for (int i = 0, failed = 0; i < n; i++) {
    if (photos[i].err.code) {
      lua_createtable(L, 2, 0);
      lua_pushinteger(L, first + i);
      lua_seti(L, -2, 1);
      lua_pushstring(L, photos[i].err.text);
      lua_seti(L, -2, 2);
      lua_seti(L, -2, ++failed);
    } else {
      if (read != i) memmove(out + (size_t)read * bytes, out + (size_t)i * bytes, bytes);
      read++;
    }
  }
  lua_pushinteger(L, read);
  lua_insert(L, -2);
  return 2;
}

// ---- CIFAR ----

static int bytes_gc(lua_State *L) {
  gr_bytes_finish(lua_touserdata(L, 1));
  return 0;
}

// cifar(path, labels a record) -> x, y
static int data_cifar(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int labels = (int)luaL_checkinteger(L, 2);
  gr_push_empty(L);
  gr_push_empty(L);
  gr_bytes *file = gr_push_owned(L, sizeof *file, "gradus.bytes", bytes_gc);
  gr_tensor x, y;
  GR_TRY(L, gr_file_read(file, path, &err));
  GR_TRY(L, gr_cifar_parse(&x, &y, file->data, file->size, labels, path, &err));
  gr_bytes_finish(file);
  gr_box_adopt(L, -3, &x);
  gr_box_adopt(L, -2, &y);
  lua_pop(L, 1);
  return 2;
}

// ---- zip ----

static int archive_gc(lua_State *L) {
  gr_npz_close(lua_touserdata(L, 1));
  return 0;
}

// unzip(path, folder)
static int data_unzip(lua_State *L) {
  const char *path = luaL_checkstring(L, 1), *folder = luaL_checkstring(L, 2);
  gr_npz *z = gr_push_owned(L, sizeof *z, "gradus.archive", archive_gc);
  gr_bytes file;
  GR_TRY(L, gr_file_read(&file, path, &err));
  GR_TRY(L, gr_npz_open(z, &file, path, &err));
  GR_TRY(L, gr_npz_unpack(z, folder, &err));
  gr_npz_close(z);
  return 0;
}

// ---- tables ----

static int table_gc(lua_State *L) {
  gr_table_finish(lua_touserdata(L, 1));
  return 0;
}

// table(path, skip, header (1, 0, -1), decimal, separator or "") -> values, lines, {{name=, missing=,
// texts=}...}, whether there is a header
static int data_table(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  gr_table_options o = {.skip = luaL_checkinteger(L, 2),
                        .header = (int)luaL_checkinteger(L, 3),
                        .decimal = *luaL_checkstring(L, 4),
                        .separator = *luaL_checkstring(L, 5)};
  gr_push_empty(L);
  gr_push_empty(L);
  int boxes = lua_gettop(L) - 1;
  gr_bytes *file = gr_push_owned(L, sizeof *file, "gradus.bytes", bytes_gc);
  gr_table *t = gr_push_owned(L, sizeof *t, "gradus.table", table_gc);
  GR_TRY(L, gr_file_read(file, path, &err));
  if (gr_is_gzip(file->data, file->size)) {
    gr_bytes plain;
    GR_TRY(L, gr_gunzip(&plain, file->data, file->size, SIZE_MAX, path, &err));
    gr_bytes_finish(file);
    *file = plain;
  }
  GR_TRY(L, gr_table_parse(t, file->data, file->size, &o, path, &err));
  gr_bytes_finish(file);
  lua_createtable(L, (int)t->n_columns, 0);
  for (int64_t c = 0; c < t->n_columns; c++) {
    gr_table_column *column = &t->columns[c];
    lua_createtable(L, 0, 3);
    lua_pushstring(L, column->name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, column->missing);
    lua_setfield(L, -2, "missing");
    if (column->texts) {
      lua_createtable(L, (int)column->n_texts, 0);
      for (int64_t i = 0; i < column->n_texts; i++) {
        lua_pushstring(L, column->texts[i]);
        lua_seti(L, -2, i + 1);
        free(column->texts[i]);  // not both copies of all of them
        column->texts[i] = NULL;
      }
      lua_setfield(L, -2, "texts");
    }
    lua_seti(L, -2, c + 1);
  }
  lua_pushboolean(L, t->has_header);
  gr_box_adopt(L, boxes, &t->values);
  gr_box_adopt(L, boxes + 1, &t->lines);
  gr_table_finish(t);
  lua_pushvalue(L, boxes);
  lua_pushvalue(L, boxes + 1);
  lua_rotate(L, -4, 2);
  return 4;
}

// save_table(path, tensor, {names} or nil)
static int data_save_table(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  const gr_tensor *t = gr_check_tensor(L, 2);
  const char **names = NULL;
  if (lua_istable(L, 3)) {
    size_t n = (size_t)luaL_len(L, 3);
    names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    for (size_t i = 0; i < n; i++) {
      lua_geti(L, 3, (lua_Integer)i + 1);
      names[i] = luaL_checkstring(L, -1);
      lua_pop(L, 1);
    }
  }
  gr_str *text = gr_push_str(L);
  GR_TRY(L, gr_table_format(text, t, names, &err));
  GR_TRY(L, gr_file_write(path, &(gr_piece){text->text, text->length}, 1, &err));
  gr_str_finish(text);
  return 0;
}

static const gr_function functions[] = {
    {"image", data_image, NULL},   {"save_image", data_save_image, NULL},
    {"photos", data_photos, NULL}, {"cifar", data_cifar, NULL},
    {"table", data_table, NULL},   {"save_table", data_save_table, NULL},
    {"unzip", data_unzip, NULL},   {NULL, NULL, NULL},
};

void gr_add_readers(lua_State *L) { gr_register(L, NULL, functions); }
