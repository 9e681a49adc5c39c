// Files of one array or of many, for the data module (data.c) and for the weights of networks.
#ifndef GR_BIND_ARCHIVE_H
#define GR_BIND_ARCHIVE_H

#include "bind/bind.h"
#include "data/load.h"

gr_loaded *gr_push_loaded(lua_State *L);  // empty, and Lua's to free
// Into the table on top: checksum, load, read_archive, save, save_archive.
void gr_add_archives(lua_State *L);

// The readers of pictures and tables (reading.c), into the table on top.
void gr_add_readers(lua_State *L);
// Made points (making.c), into the table on top.
void gr_add_making(lua_State *L);

#endif
