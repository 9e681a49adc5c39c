// What the files of src/bind share: boxes (a tensor as a Lua value), arguments, errors, registration.
//
// Only this folder raises Lua errors, and never while it holds memory that Lua does not own: make an empty
// box first, then fill it.
#ifndef GR_BIND_BIND_H
#define GR_BIND_BIND_H

#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/random.h"
#include "tensor/tensor.h"

// ---- errors ----

// Raises the sentence as a Lua error (with position, as luaL_error). Does not return.
int gr_raise(lua_State *L, const gr_err *err);
// Runs a call whose last argument is `&err` and raises what it fails with: GR_TRY(L, gr_copy(out, src, &err)).
#define GR_TRY(L, call)                \
  do {                                 \
    gr_err err;                        \
    if (call) gr_raise((L), &err);     \
  } while (0)

// ---- modules ----

typedef struct gr_function {
  const char *name;
  lua_CFunction function;
  // Help, next to the definition and nowhere else. First line: the signature. Then, after a blank line, a paragraph
  // (shapes, units, errors, source); then examples: lines that start with "> " and what they print.
  // NULL only for functions that no learner sees.
  const char *help;
} gr_function;

// Sets the functions in the table on top of the stack and files their help under "prefix.name" (or "name" when
// prefix is NULL) in the registry table that the Lua module gradus.help reads.
void gr_register(lua_State *L, const char *prefix, const gr_function *functions);

// Each opens one module and leaves its table on the stack; `require "gradus.core.NAME"` calls them (state.c).
int gr_open_help(lua_State *L);
int gr_open_tensor(lua_State *L);

// ---- the runtime: what the bindings of one state share ----

typedef struct gr_runtime {
  lua_State *main;
  lua_State *volatile running;  // the coroutine that runs now; read by the interrupt's signal handler
  gr_pool *pool;                // NULL until first asked for: starting threads costs
  int threads;
  gr_random random;             // the one generator for everything a learner draws
  size_t unaccounted;           // bytes of buffers that the collector has not been told of yet
  int tensor_metatable;         // registry reference, compared by identity (faster than by name)
} gr_runtime;

gr_runtime *gr_runtime_of(lua_State *L);
gr_pool *gr_runtime_pool(lua_State *L);  // starts it

// ---- boxes ----

typedef struct gr_node gr_node;  // grad/node.h

// A tensor as a full userdata. Small ones hold their numbers right behind the struct and need no finalizer; large
// ones keep a buffer alive through a user value (a small userdata that has the finalizer); a view keeps what it views
// alive the same way.
typedef struct gr_box {
  gr_tensor tensor;
  gr_node *node;  // where it stands in a recorded computation; NULL for plain tensors
} gr_box;

#define GR_INLINE_BYTES 256  // numbers up to this many bytes live inside the userdata

// Pushes a new tensor, contiguous, its numbers uninitialised, and returns it.
gr_tensor *gr_push_tensor(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape);
// The same, always over a counted buffer that C code may share (network weights).
gr_tensor *gr_push_shareable(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape);
// Pushes a view of the tensor box at stack index `base`.
gr_tensor *gr_push_view(lua_State *L, const gr_tensor *view, int base);
// Pushes an empty box, to be given the tensor that a fallible C function makes over a counted buffer (a reader of
// files, say): gr_box_adopt takes its reference over and leaves `*t` empty.
gr_tensor *gr_push_empty(lua_State *L);
void gr_box_adopt(lua_State *L, int index, gr_tensor *t);

gr_box *gr_test_box(lua_State *L, int index);      // NULL if it is no tensor
gr_tensor *gr_check_tensor(lua_State *L, int index);  // raises a typed error that says what it got
gr_tensor *gr_test_tensor(lua_State *L, int index);

// ---- arguments ----

// A dtype by name ("float64", "float32", "int64", "uint8", "bool"); raises with the list and a suggestion.
gr_dtype gr_check_dtype(lua_State *L, int index);
// A shape from the arguments first..last, or from one table or... of integers at `first`. Returns ndim.
int gr_check_shape(lua_State *L, int first, int last, int64_t *shape);
// Option `name` of the table at `index` pushed on the stack; false (nothing pushed) when absent.
bool gr_option(lua_State *L, int index, const char *name);
// Raises when the table at `index` has a string key that is not in `names` (NULL-terminated), with "did you mean".
void gr_check_options(lua_State *L, int index, const char *function, const char *const *names);
// The name of `names` nearest to `word`, or NULL when none is near.
const char *gr_nearest(const char *word, const char *const *names);

#endif
