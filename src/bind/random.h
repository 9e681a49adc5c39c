// What the files of the module `random` share.
#ifndef GR_BIND_RANDOM_H
#define GR_BIND_RANDOM_H

#include "bind/bind.h"

// The one generator for everything that a learner draws.
static inline gr_random *gr_generator(lua_State *L) { return &gr_runtime_of(L)->random; }

// What follows the parameters of a draw: sizes, as numbers or as one table, then a table of options. Without
// sizes the draw is a single number.
typedef struct gr_sizes {
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  int options;  // stack index of the table with options; 0 without
  gr_dtype dtype;
} gr_sizes;

// Reads them from stack index `first` on; `names` are the options that `function` has.
gr_sizes gr_check_sizes(lua_State *L, int first, const char *function, const char *const *names,
                        gr_dtype dtype);
extern const char *const gr_dtype_only[];  // {"dtype", NULL}

// Each adds functions to the module's table, which is on top of the stack.
void gr_add_random_integers(lua_State *L);
void gr_add_random_orders(lua_State *L);
void gr_add_random_state(lua_State *L);
// random.seed(n): the generator from the argument at 1, or from the system.
int gr_random_seed_from(lua_State *L);

#endif
