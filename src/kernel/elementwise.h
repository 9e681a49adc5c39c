// Elementwise operations on whole tensors of any strides. The caller prepares `out` (the broadcast
// shape, the dtype that gr_unary_dtype or gr_binary_dtype says, memory its own); `out` may share memory with
// an input only when both are the same view. Inner loops are compiled per type and instruction set (table.h).
#ifndef GR_KERNEL_ELEMENTWISE_H
#define GR_KERNEL_ELEMENTWISE_H

#include "tensor/tensor.h"

// Integers and masks enter as float64, also where the result would be whole (neg, abs, sign).
typedef enum gr_unary_op {
  GR_NEG,
  GR_ABS,
  GR_SIGN,
  GR_SQUARE,
  GR_SQRT,
  GR_RECIPROCAL,
  GR_EXP,
  GR_EXPM1,
  GR_LOG,
  GR_LOG1P,
  GR_LOG2,
  GR_LOG10,
  GR_SIN,
  GR_COS,
  GR_TAN,
  GR_ASIN,
  GR_ACOS,
  GR_ATAN,
  GR_SINH,
  GR_COSH,
  GR_TANH,
  GR_FLOOR,
  GR_CEIL,
  GR_ROUND /* half to even, as NumPy */,
  GR_SIGMOID,
  GR_RELU,
  GR_SOFTPLUS,
  GR_STEP /* 1 above 0, else 0 */,
  GR_CBRT,
  GR_ERF,
  GR_NORMAL_CDF,
  GR_ISNAN,
  GR_ISINF,
  GR_ISFINITE,
  GR_NOT,  // bool results
  GR_N_UNARY
} gr_unary_op;

typedef enum gr_binary_op {
  GR_ADD,
  GR_SUB,
  GR_MUL,
  GR_DIV,
  GR_POW,
  GR_MAXIMUM,
  GR_MINIMUM,
  GR_FMOD /* sign of the divisor, as Lua's and NumPy's % */,
  GR_ATAN2,
  GR_HYPOT,
  GR_LEAKY_RELU /* of x and the slope on the left */,
  GR_ELU /* of x and alpha */,
  GR_EQ,
  GR_NE,
  GR_LT,
  GR_LE,
  GR_GT,
  GR_GE,
  GR_AND,
  GR_OR,
  GR_XOR,  // bool results
  GR_N_BINARY
} gr_binary_op;

const char *gr_unary_name(gr_unary_op op);    // "exp"
const char *gr_binary_name(gr_binary_op op);  // "add"

static inline bool gr_unary_gives_mask(gr_unary_op op) { return op >= GR_ISNAN; }
static inline bool gr_binary_gives_mask(gr_binary_op op) { return op >= GR_EQ; }
// Whether the operation takes integers as they are, exactly: comparisons and extremes. All others have them
// enter as float64.
bool gr_binary_of_integers(gr_binary_op op, gr_dtype a, gr_dtype b);
// The dtype of the result.
static inline gr_dtype gr_unary_dtype(gr_unary_op op, gr_dtype a) {
  return gr_unary_gives_mask(op) ? GR_BOOL : gr_dtype_promote(a, a);
}
static inline gr_dtype gr_binary_dtype(gr_binary_op op, gr_dtype a, gr_dtype b) {
  if (gr_binary_gives_mask(op)) return GR_BOOL;
  bool floats = gr_dtype_is_float(a) || gr_dtype_is_float(b);
  return !floats && gr_binary_of_integers(op, a, b) ? GR_I64 : gr_dtype_promote(a, b);
}

gr_code gr_unary(gr_tensor *out, gr_unary_op op, const gr_tensor *a, gr_err *err);
// `out` has the broadcast shape of a and b (gr_broadcast_shape).
gr_code gr_binary(gr_tensor *out, gr_binary_op op, const gr_tensor *a, const gr_tensor *b, gr_err *err);

// The same, with a number that takes the tensor's dtype (an int64 or uint8 tensor enters as float64).
gr_code gr_binary_scalar(gr_tensor *out, gr_binary_op op, const gr_tensor *a, double b, bool scalar_first,
                         gr_err *err);

// out = condition ? a : b, all of out's shape after broadcasting; condition bool, a and b of out's dtype.
gr_code gr_where(gr_tensor *out, const gr_tensor *condition, const gr_tensor *a, const gr_tensor *b,
                 gr_err *err);

// Copies with conversion; `src` broadcasts to out's shape. A float goes into an integer only if it is a
// whole number in range, otherwise GR_ERR_VALUE names the first that is not. Anything but 0 is true.
gr_code gr_copy(gr_tensor *out, const gr_tensor *src, gr_err *err);
gr_code gr_fill(gr_tensor *out, double value, gr_err *err);

#endif
