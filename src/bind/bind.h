// What the files of src/bind share: boxes (a tensor as a Lua value), arguments, errors, registration.
//
// Only this folder raises Lua errors, and never while it holds memory that Lua does not own: make an empty
// box first, then fill it.
#ifndef GR_BIND_BIND_H
#define GR_BIND_BIND_H

#include <stdatomic.h>
#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/err.h"
#include "base/interrupt.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/str.h"
#include "grad/graph.h"
#include "grad/program.h"
#include "tensor/format.h"
#include "tensor/tensor.h"

// ---- errors ----

// Raises the sentence as a Lua error (with position, as luaL_error). Does not return.
int gr_raise(lua_State *L, const gr_err *err);
// Runs a call whose last argument is `&err` and raises what it fails with: GR_TRY(L, gr_copy(out, src,
// &err)).
#define GR_TRY(L, call)            \
  do {                             \
    gr_err err;                    \
    if (call) gr_raise((L), &err); \
  } while (0)

// Whether the frame runs a learner's Lua: neither C nor ours. Fills in its source and current line.
bool gr_is_learners(lua_State *L, lua_Debug *ar);
// Tells the learner something about the call that runs now, once for each line of their source; nothing when
// our own Lua made the call.
void gr_note(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

// In loops over elements: raises an interrupt, which is looked for at every 65536th value of the counter.
static inline void gr_poll_sometimes(lua_State *L, int64_t i) {
  if ((i & 0xffff) == 0xffff) GR_TRY(L, gr_interrupt_poll(&err));
}

// ---- modules ----

typedef struct gr_function {
  const char *name;
  lua_CFunction function;
  // Help, next to the definition and nowhere else. First line: the signature. Then, after a blank line, a
  // paragraph (shapes, units, errors, source); then examples: lines that start with "> " and what they print.
  // NULL only for functions that no learner sees.
  const char *help;
  int kind;  // lua_upvalueindex(1): which operation, where one C function serves many names
} gr_function;

// Sets the functions in the table on top of the stack and files their help under "prefix.name" (or "name"
// when prefix is NULL) in the registry table that the Lua module gradus.help reads.
void gr_register(lua_State *L, const char *prefix, const gr_function *functions);

// Each opens one module and leaves its table on the stack; `require "gradus.core.NAME"` calls them (state.c).
int gr_open_help(lua_State *L);
int gr_open_nearest(lua_State *L);
int gr_open_fft(lua_State *L);
int gr_open_file(lua_State *L);
int gr_open_grad(lua_State *L);
int gr_open_linalg(lua_State *L);
int gr_open_session(lua_State *L);
int gr_open_random(lua_State *L);
int gr_open_math(lua_State *L);  // random_integers.c: what a learner has in place of Lua's own
int gr_open_tensor(lua_State *L);
int gr_open_data(lua_State *L);
int gr_open_pictures(lua_State *L);
int gr_open_plot(lua_State *L);
int gr_open_text(lua_State *L);

// The parts of the tensor module, one a file. Each sets its functions in the module's table (at `module`),
// and those that are methods or metamethods too in the metatable's tables.
typedef struct gr_tensor_tables {
  int module, methods, metatable;  // stack indices
} gr_tensor_tables;
void gr_add_creation(lua_State *L, const gr_tensor_tables *tables);
void gr_add_indexing(lua_State *L, const gr_tensor_tables *tables);
void gr_add_picking(lua_State *L, const gr_tensor_tables *tables);
void gr_add_joining(lua_State *L, const gr_tensor_tables *tables);
void gr_add_matrices(lua_State *L, const gr_tensor_tables *tables);
void gr_add_repeating(lua_State *L, const gr_tensor_tables *tables);
void gr_add_shaping(lua_State *L, const gr_tensor_tables *tables);
void gr_add_elementwise(lua_State *L, const gr_tensor_tables *tables);
void gr_add_activations(lua_State *L, const gr_tensor_tables *tables);
void gr_add_in_place(lua_State *L, const gr_tensor_tables *tables);
// The operation on the values at stack indices, numbers or tensors, tracked or not; the result is pushed.
void gr_call_unary(lua_State *L, gr_unary_op op, int a);
void gr_call_binary(lua_State *L, gr_binary_op op, int a, int b);
void gr_add_reductions(lua_State *L, const gr_tensor_tables *tables);
void gr_add_printing(lua_State *L, const gr_tensor_tables *tables);
void gr_add_sorting(lua_State *L, const gr_tensor_tables *tables);
void gr_add_statistics(lua_State *L, const gr_tensor_tables *tables);
void gr_add_products(lua_State *L, const gr_tensor_tables *tables);
// A property of the tensor at index 1 ("T", "shape", ...): pushes it and returns 1, or returns 0.
int gr_tensor_property(lua_State *L, const gr_tensor *t, const char *name);
// Registers functions whose first argument is a tensor, as functions of the module and as methods.
void gr_register_both(lua_State *L, const gr_tensor_tables *tables, const gr_function *functions);

// Pushes `size` zero bytes that `finish`, a __gc, frees what hangs on: C memory that is Lua's from the start,
// so that an error raised later leaks nothing. `type` names the metatable.
void *gr_push_owned(lua_State *L, size_t size, const char *type, lua_CFunction finish);
gr_str *gr_push_str(lua_State *L);
// Pushes the text of such a string, and returns 1.
int gr_return_str(lua_State *L, gr_str *text);

// ---- the runtime: what the bindings of one state share ----

// While training that can pause is running (HELD), the first Ctrl-C only asks for the pause, which comes
// after the batch; a second one interrupts.
typedef enum gr_pause { GR_PAUSE_OFF, GR_PAUSE_HELD, GR_PAUSE_ASKED } gr_pause;

typedef struct gr_runtime {
  lua_State *main;
  lua_State *volatile running;  // the coroutine that runs now; read by the interrupt's signal handler
  int calls;                    // protected calls and loops of the session core that are running
  gr_pool *pool;                // NULL until first asked for: starting threads costs
  int threads;
  gr_random random;    // the one generator for everything a learner draws
  gr_run run;          // what operations on tracked tensors run with
  bool recording;      // a program is: what is compared is an operation like others, and gives a tracked mask
  bool values_read;    // since this was cleared, Lua has read numbers out of a tracked tensor
  size_t unaccounted;  // bytes of buffers that the collector has not been told of yet
  size_t held, most;   // bytes of buffers that boxes hold; at how many all of the heap is collected
  bool by_generation;  // how the collector works: see state.c
  size_t unchecked;    // bytes of buffers made since the machine was asked what is left
  int tensor_metatable;  // registry reference: the table is made with the state, and filled by gr_open_tensor
  gr_format format;      // how tensors print; set_printoptions
  atomic_int pause;      // gr_pause: what the next Ctrl-C does to training that can pause
  int columns, lines;    // of the screen that the session's output goes to; 0 when it is none
} gr_runtime;

static inline gr_runtime *gr_runtime_of(lua_State *L) { return *(gr_runtime **)lua_getextraspace(L); }
gr_pool *gr_runtime_pool(lua_State *L);  // starts it

// ---- boxes ----

// A tensor as a full userdata. Small ones hold their numbers right behind the struct and need no finalizer;
// large ones keep a buffer alive through a user value (a small userdata that has the finalizer); a view keeps
// what it views alive the same way.
typedef struct gr_box {
  gr_tensor tensor;
  gr_node *node;      // where it stands in a recorded computation; NULL for plain tensors
  const void *brand;  // &gr_brand in every box and in no other userdata: none but C code writes into those
} gr_box;
extern const char gr_brand;

#define GR_INLINE_BYTES 256  // numbers up to this many bytes live inside the userdata

// Raises when the machine is about to run out of memory. Large requests are checked when they are made
// (gr_alloc); this is for many small ones, and for the C code that makes several at once.
void gr_check_memory(lua_State *L);
// Pushes a new tensor, contiguous, its numbers uninitialised, and returns it.
gr_tensor *gr_push_tensor(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape);
// The same, always over a counted buffer that C code may share (network weights).
gr_tensor *gr_push_shareable(lua_State *L, gr_dtype dtype, int ndim, const int64_t *shape);
// Pushes a view of the tensor box at stack index `base`.
gr_tensor *gr_push_view(lua_State *L, const gr_tensor *view, int base);
// Pushes an empty box, to be given the tensor that a fallible C function makes over a counted buffer (a
// reader of files, say): gr_box_adopt takes its reference over and leaves `*t` empty.
gr_tensor *gr_push_empty(lua_State *L);
void gr_box_adopt(lua_State *L, int index, gr_tensor *t);
// Pushes a box over the counted buffer of `t`, which is retained.
gr_tensor *gr_push_shared(lua_State *L, const gr_tensor *t);
// Points a box that is in use at another tensor over a counted buffer, which is retained. Views of the old
// one keep its memory.
void gr_box_follow(lua_State *L, int index, const gr_tensor *t);

// Whether the tensor of a box is tracked.
static inline bool gr_is_tracked(const gr_tensor *boxed) { return ((const gr_box *)boxed)->node != NULL; }

// To be said where numbers of a tensor leave the graph for Lua: a recorded step would not see them again.
static inline void gr_values_leave(lua_State *L, const gr_tensor *boxed) {
  if (gr_is_tracked(boxed)) gr_runtime_of(L)->values_read = true;
}

// NULL if it is no tensor. Two calls into Lua; to compare metatables would take five. A light userdata has no
// length. Inline, because an operation on a handful of numbers asks it twice.
static inline gr_box *gr_test_box(lua_State *L, int index) {
  if (lua_rawlen(L, index) < sizeof(gr_box)) return NULL;
  gr_box *box = lua_touserdata(L, index);
  return box && box->brand == &gr_brand ? box : NULL;
}
static inline gr_tensor *gr_test_tensor(lua_State *L, int index) {
  gr_box *box = gr_test_box(L, index);
  return box ? &box->tensor : NULL;
}
gr_tensor *gr_check_tensor(lua_State *L, int index);  // raises a typed error that says what it got
// The tensor at `index`, a positive one, in that dtype: one that is converted takes the index over; tracked
// if it was.
const gr_tensor *gr_check_in_dtype(lua_State *L, int index, gr_dtype dtype);

// ---- tracked tensors (tracked.c) ----

// When one of the boxes at the n stack indices is tracked: applies the operation to the graph, pushes the
// tracked result and returns true. Index 0 stands for an absent operand; numbers and plain tensors become
// constants.
bool gr_apply_tracked(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands);
// The same, and where nothing is tracked a plain result. Returns 1.
int gr_apply(lua_State *L, const gr_op *op, const gr_op_args *args, int n, const int *operands);
// Where mathematics has no derivative, tracked tensors are refused: a gradient with a piece missing would be
// a silent wrong number. `why` says so and, after a colon, what to do instead.
void gr_refuse_derivative(lua_State *L, int index, const char *name, const char *why);
gr_node *gr_check_node(lua_State *L, int index, const char *name);  // of a tracked tensor, or raises
int gr_push_gradient(lua_State *L, int index);                      // x.grad: a tensor or nil
// A node as a userdata that releases it, over the tensor's own buffer; the node in such a userdata.
void gr_push_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient);
gr_node *gr_held_node(lua_State *L, int index);
// A tracked box over a copy of the tensor.
void gr_push_tracked_leaf(lua_State *L, const gr_tensor *t, bool needs_gradient);
// Pushes an empty tracked box; its node goes into *slot, then gr_adopt_tracked points the box at its value.
gr_node **gr_push_tracked_slot(lua_State *L);
void gr_adopt_tracked(lua_State *L, int index);

// ---- the parts of gradus.core.grad: each adds its functions to the table on top ----

void gr_add_network(lua_State *L);    // network.c
void gr_add_optimizer(lua_State *L);  // optimizer.c
void gr_add_graph(lua_State *L);      // graph.c
void gr_add_custom(lua_State *L);     // custom.c

// ---- recorded programs (program.c) ----

// Weights as leaves of a graph, for as long as they are marked.
#define GR_MAX_WEIGHTS 1024
typedef struct gr_marks {
  int n, weights, nodes;  // how many; stack indices of two tables
  gr_node *before[GR_MAX_WEIGHTS];
} gr_marks;
// Pushes those tables, of the list of weights at `index`.
void gr_push_marks(lua_State *L, int index, gr_marks *marks);
void gr_mark_weights(lua_State *L, gr_marks *marks);
void gr_unmark_weights(lua_State *L, const gr_marks *marks);
// The random stream numbered by the integer behind the two of a key.
gr_stream gr_check_stream(lua_State *L, int index);
// Pushes mean and biased variance per channel, from sums of x and of x^2 over `count` numbers each.
int gr_push_moments(lua_State *L, const double *sums, int64_t channels, int64_t count);
int gr_program_record(lua_State *L);                   // program.c
gr_program *gr_test_program(lua_State *L, int index);  // NULL where there is none
int gr_shuffle_order(lua_State *L);
int gr_is_batch(lua_State *L);
void gr_register_program(lua_State *L);

// ---- arguments ----

// The number or tensor at `index` as a tensor: a number becomes the 0-d tensor `*number` over `*value`, in
// `dtype`.
const gr_tensor *gr_check_operand(lua_State *L, int index, gr_dtype dtype, gr_tensor *number, double *value);
// An axis, 1-based, negative from the end; 0-based in C. `name` is the function's, for the message.
int gr_check_axis(lua_State *L, int index, int ndim, const char *name);
// What (t), (t, axis), (t, {axis, ...}) and options behind or among them say, from stack index `at` on: bit i
// of `mask` is axis i, all of them where none is named (count 0). `names` lists the options, "axis" and
// "keepdims" among them where the function has those; `options` is the index of their table, or 0.
typedef struct gr_axes {
  unsigned mask;
  int count, options;
  bool keepdims;
} gr_axes;
gr_axes gr_read_axes(lua_State *L, int at, const char *name, int ndim, const char *const *names);
// The same for functions along one axis: 0-based, or -1 where none is named.
int gr_read_axis(lua_State *L, int at, const char *name, int ndim, const char *const *names, int *options);
// Options out of the table at `options` (0: none was given).
double gr_number_option(lua_State *L, int options, const char *function, const char *name, double otherwise);
bool gr_boolean_option(lua_State *L, int options, const char *function, const char *name);
// Pushes the tensor at `index` reduced over `axes`: a number where nothing is left, a tracked tensor of a
// tracked one. Positions count from 1. ddof: of GR_VAR and GR_STD.
void gr_push_reduced(lua_State *L, int index, gr_reduce_op op, const gr_axes *axes, double ddof);
// A 0-d result as the Lua value it is: a number, an integer (int64, uint8) or a boolean.
void gr_push_element(lua_State *L, const gr_tensor *t, const int64_t *index);
// Creation functions end in an optional table of options. Sets the dtype that it names and returns the index
// of the last argument before it; a table that holds sizes too, as in zeros{2, 3, dtype="float32"}, is such
// an argument.
int gr_creation_dtype(lua_State *L, const char *name, gr_dtype *dtype);
// A dtype by name ("float64", "float32", "int64", "uint8", "bool"); raises with the list and a suggestion.
gr_dtype gr_check_dtype(lua_State *L, int index);
// The seed of a generator; raises unless it is a whole number of 32 bits.
uint32_t gr_check_seed(lua_State *L, int index);
// A shape from the integers at first..last, or from one table of them at `first`. Returns ndim.
int gr_check_shape(lua_State *L, int first, int last, int64_t *shape);
// Raises when a function of one or two values is called with more of them than it takes: x:exp(2), a:dot(b,
// c).
void gr_refuse_more(lua_State *L, int most, const char *name);
// Calls a method of the value below the `n` arguments on top of the stack; its one result takes their place.
void gr_call_method(lua_State *L, const char *name, int n);
// Option `name` of the table at `index` pushed on the stack; false (nothing pushed) when absent.
bool gr_option(lua_State *L, int index, const char *name);
// Raises when the table at `index` has a string key that is not in `names` (NULL-terminated), with "did you
// mean".
void gr_check_options(lua_State *L, int index, const char *function, const char *const *names);
// The name of `names` nearest to `word`, or NULL when none is near.
const char *gr_nearest(const char *word, const char *const *names);
// linalg.c: pushes the singular values, descending, of the matrix or stack of matrices at index 1; tracked
// if that is. `name` is the function's, for messages.
const gr_tensor *gr_push_singular_values(lua_State *L, const char *name);

#endif
