// The table of differentiable operations: one implementation of each forward and backward, used by the eager
// graph (graph.h) and by the recorded program (program.h) alike.
//
// Every operation works on memory that its caller prepared: plan() says how much and in which shape, so that
// a program can lay everything out once and a training step allocates nothing.
#ifndef GR_GRAD_OP_H
#define GR_GRAD_OP_H

#include "kernel/conv_direct.h"
#include "kernel/elementwise.h"
#include "kernel/network.h"
#include "kernel/reduce.h"

#define GR_OP_INPUTS 5
#define GR_CUSTOM_INPUTS 3

typedef struct gr_call gr_call;

// Whom to ask for the derivative of an operation that was computed elsewhere: it writes, or adds
// (gr_call_give), the gradients of call->din. Counted; `release` ends it with the last node.
typedef struct gr_custom gr_custom;
struct gr_custom {
  int references;
  gr_code (*backward)(gr_custom *custom, gr_call *call, gr_err *err);
  void (*release)(gr_custom *custom);
};

// What an operation was called with besides tensors. Each uses the fields that the list of operations below
// names.
typedef struct gr_op_args {
  int kind;          // a gr_unary_op, gr_binary_op, gr_reduce_op, gr_loss or gr_hit
  double rate;       // dropout
  double l1, l2;     // penalty
  gr_window window;  // convolution, pooling
  bool same;         // their padding
  int64_t groups;    // convolution: parts of the channels that do not mix; 0 as 1
  // Convolution: what follows it in the same step, set by gr_fuse (fuse.h). `winners`: keep what its backward
  // needs.
  bool relu, pool, winners;
  unsigned axes;  // reductions; of a scan the one axis; of dropout those whose numbers go together
  double ddof;    // reductions of a kind GR_VAR or GR_STD
  // Reductions: keep reduced axes with size 1. Reshape: axis 0 stays, and `shape` is that of one row.
  bool keepdims;
  int ndim;  // reshape, expand
  int64_t shape[GR_MAX_DIMS];
  int64_t start[GR_MAX_DIMS], step[GR_MAX_DIMS];  // slice, take, pad, join
  int order[GR_MAX_DIMS];                         // transpose
  uint64_t layer;                                 // dropout, augment: which stream of the run's it draws from
  gr_custom *custom;
} gr_op_args;

// One execution: what all operations of a forward and backward pass share.
typedef struct gr_run {
  bool training;
  gr_stream stream;    // of this batch
  uint64_t first_row;  // number of the first row in its batch, so that draws do not depend on slices
} gr_run;

// One call of one operation.
struct gr_call {
  gr_op_args *args;                   // plan completes it (a window's padding), the others read it
  const gr_tensor *in[GR_OP_INPUTS];  // NULL where an optional input is absent
  int inputs;
  gr_tensor *out, *aux;  // aux: what forward keeps for backward (arg max, mask); may be empty
  const gr_tensor *dout;
  gr_tensor *din[GR_OP_INPUTS];   // NULL where nobody needs that gradient
  bool accumulate[GR_OP_INPUTS];  // add to din[i] instead of writing it
  void *scratch;                  // as many bytes as plan asked for
  void *prepared;                 // what `prepare` made; NULL: the operation makes it for itself, in scratch
  const gr_run *run;
  // Of operations with a barrier: the sums that forward has gathered, then those of backward, over all rows
  // of the batch, and how many those are.
  double *batch;
  int64_t batch_rows;
};

// How a small change of the inputs changes the output, for forward mode (graph.h).
typedef enum gr_tangent_rule {
  GR_TANGENT_BY_BACKWARD,  // one output after the other, by the operation's own backward: always right, and
                           // slow
  GR_TANGENT_ELEMENTWISE,  // output i depends on element i of the broadcast inputs only
  GR_TANGENT_LINEAR,       // the operation itself, of the changes
  GR_TANGENT_OWN,          // by a function of its own, `carry`
  GR_TANGENT_PRODUCT       // linear in input 0, in input 1, and in input 2 where there is one
} gr_tangent_rule;

// An operation that needs numbers of the whole batch before it can go on with a row. Sums over the rows at
// hand are gathered slice by slice; forward runs when those of the whole batch are known, and so does
// backward.
typedef struct gr_barrier {
  size_t (*numbers)(const gr_call *c);                // how many doubles, for forward and for backward each
  void (*gather)(gr_call *c, double *sums);           // adds what in[] contributes
  void (*gather_backward)(gr_call *c, double *sums);  // adds what dout contributes
} gr_barrier;

typedef struct gr_op {
  const char *name;
  // Sets the layout (shape, dtype, no memory) of out and aux, and the bytes of scratch, from in and args.
  gr_code (*plan)(gr_call *c, size_t *scratch, gr_err *err);
  gr_code (*forward)(gr_call *c, gr_err *err);
  // NULL: the operation has no derivative that is any use (metrics).
  gr_code (*backward)(gr_call *c, gr_err *err);
  // Whether row i of out depends on row i of the inputs only, when the inputs whose bit is set in `rows` have
  // rows along axis 0 and the others are the same for all rows. Such operations may run on slices of a batch.
  bool (*by_rows)(const gr_call *c, unsigned rows);
  gr_tangent_rule tangent;
  unsigned whole;  // inputs that are int64 positions, not numbers to compute with
  // What weights alone decide and each slice of a batch reads, such as weights in another order: a program
  // has it made once a run, in `prepared`, of so many bytes; din[i] is not NULL where a backward pass will
  // ask for that gradient. NULL: there is no such thing.
  size_t (*prepared_bytes)(const gr_call *c);
  void (*prepare)(gr_call *c);
  const gr_barrier *barrier;  // NULL for nearly all
  // Where one pass does what by backward would take one for each output: writes the change of the output, of
  // its layout, that follows from those of the inputs (NULL: none). For GR_TANGENT_OWN.
  gr_code (*carry)(gr_call *c, gr_tensor *out, const gr_tensor *const *changes, gr_err *err);
} gr_op;

extern const gr_op gr_op_unary;      // kind
extern const gr_op gr_op_binary;     // kind; both operands broadcast
extern const gr_op gr_op_where;      // condition, a, b; all broadcast
extern const gr_op gr_op_reduce;     // kind, axes, keepdims, ddof; not any, all, argmin, argmax
extern const gr_op gr_op_logsumexp;  // axes, keepdims
extern const gr_op gr_op_cumsum;     // kind GR_SUM, axes: the one
extern const gr_op gr_op_cumprod;    // kind GR_PROD, axes: the one
extern const gr_op gr_op_sort;       // axes: the one; same: descending
extern const gr_op gr_op_median;     // axes, keepdims
// axes, keepdims; x, q from 0 to 1: a number, or several, which are one more axis in front
extern const gr_op gr_op_quantile;
// kind: a gr_transform; start[0]: its axis, shape[0]: points of it, rate: scale; re, im or NULL -> re and im
// behind each other along that axis, or of GR_IRFFT real numbers.
extern const gr_op gr_op_fft;
extern const gr_op gr_op_matmul;  // (..., m, k) (..., k, n), or vectors
// Of stacks of matrices (matrices.h). Those with several results put them one after the other along one last
// axis: sign and logarithm; w and V; U, S and Vt; Q and R.
extern const gr_op gr_op_solve;  // A, b; or A alone: its inverse; aux: the least reciprocal condition number
extern const gr_op gr_op_det;
extern const gr_op gr_op_slogdet;
extern const gr_op gr_op_cholesky;
extern const gr_op gr_op_eigh;
extern const gr_op gr_op_eigvalsh;
extern const gr_op gr_op_svd;  // of a matrix that is not square without the rest of the bases
extern const gr_op gr_op_svdvals;
extern const gr_op gr_op_qr;    // the same
extern const gr_op gr_op_pinv;  // rate: singular values up to so many times the largest count as 0
// One of several results: start[0]: where it begins, ndim, shape: of one matrix's; kind: whether it is
// vectors.
extern const gr_op gr_op_part;
extern const gr_op gr_op_reshape;    // ndim, shape, keepdims
extern const gr_op gr_op_transpose;  // order
// Axis i: start[i], start[i] + step[i], ..., shape[i] of them, or all as they are where shape[i] is -1. Those
// whose bit is set in `axes`, of one element then, go.
extern const gr_op gr_op_slice;
// x, positions (0-based, one axis): start[0] and step[0] are the axis and number of axes of a gr_picks.
extern const gr_op gr_op_take;
// x, positions (0-based) of its elements, one axis both: shape[0] sums, of what has the same position.
extern const gr_op gr_op_bincount;
extern const gr_op gr_op_expand;  // ndim, shape (-1 first: as many rows as there are), kind: the dtype
extern const gr_op gr_op_pad;     // zeros: start[i] before and shape[i] after axis i
extern const gr_op gr_op_join;    // two tensors along axis start[0]
extern const gr_op gr_op_conv2d;  // window, same; x, kernel, bias or NULL; fused: scale, shift
extern const gr_op gr_op_grouped_conv2d;  // window, same, groups; x, kernel, bias or NULL
extern const gr_op gr_op_max_pool2d;      // window, same
extern const gr_op gr_op_average_pool2d;  // window, same
extern const gr_op gr_op_softmax;
extern const gr_op gr_op_batch_sum;            // x: at each row the sum over all rows of the batch
extern const gr_op gr_op_batch_normalization;  // x, gamma or NULL, beta or NULL; rate: epsilon; layer
extern const gr_op gr_op_dropout;              // rate, layer
// Random changes of pictures; x, a recipe (kernel/augment.h) as float64. layer; kind: a gr_augmented; same:
// layer is a seed, by which all is drawn, in training or not.
extern const gr_op gr_op_augment;
extern const gr_op gr_op_resize;   // kind: a gr_resizing; shape[0], shape[1]: rows and columns
extern const gr_op gr_op_loss;     // kind; prediction, target -> one number a row
extern const gr_op gr_op_custom;   // custom; kind (the dtype of out), ndim, shape
extern const gr_op gr_op_hit;      // kind; prediction, target -> one number a row
extern const gr_op gr_op_penalty;  // l1, l2; a weight -> one number

typedef enum gr_transform { GR_FFT, GR_IFFT, GR_RFFT, GR_IRFFT } gr_transform;

typedef enum gr_augmented {
  GR_AUGMENT_PICTURES,
  GR_AUGMENT_CROP,     // pictures too; shape[0], shape[1]: rows and columns of the piece
  GR_AUGMENT_ANYTHING  // noise on samples of any shape
} gr_augmented;

// Adds or writes `g`, of out's shape, into din[i], summed over the axes along which input i was stretched.
// `spare` has room for two float64 tensors of input i's shape and is used where a sum, an addition or a
// conversion are due at once.
gr_code gr_call_give(gr_call *c, int i, const gr_tensor *g, void *spare, gr_err *err);
// What gr_op_slice reads, as a view of `t`.
gr_tensor gr_slice_view(const gr_op_args *args, const gr_tensor *t);
// by_rows of operations whose first input alone has rows.
bool gr_first_by_rows(const gr_call *c, unsigned rows);
// Whether the inputs of a convolution fit each other and args->groups.
gr_code gr_check_conv2d(const gr_call *c, gr_err *err);
// Whether x is a batch of float pictures; `name` is the operation's.
gr_code gr_check_images(const char *name, const gr_tensor *x, gr_err *err);
// Bytes rounded up so that several pieces of scratch may follow each other.
size_t gr_scratch_round(size_t bytes);

#endif
