// Elementwise operations and their derivatives.
#include <math.h>

#include "grad/op.h"

size_t gr_scratch_round(size_t bytes) { return (bytes + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN; }

// `t`'s layout over memory of our own.
static gr_tensor over(const gr_tensor *t, void *memory) {
  gr_tensor out;
  gr_err unused;
  gr_tensor_layout(&out, t->dtype, t->ndim, t->shape, &unused);  // t exists, so its layout does too
  out.data = memory;
  return out;
}

gr_code gr_call_give(gr_call *c, int i, const gr_tensor *g, void *spare, gr_err *err) {
  gr_tensor *d = c->din[i];
  if (!d) return GR_OK;
  if (gr_tensor_same_shape(d, g)) {
    if (!c->accumulate[i]) return gr_copy(d, g, err);
    if (d->dtype == g->dtype) return gr_binary(d, GR_ADD, d, g, err);
    gr_tensor converted = over(d, spare);  // a float32 beside a float64
    gr_code code = gr_copy(&converted, g, err);
    return code ? code : gr_binary(d, GR_ADD, d, &converted, err);
  }
  // Sum over the axes that input i does not have, or has with size 1.
  unsigned axes = 0;
  int extra = g->ndim - d->ndim;
  for (int a = 0; a < g->ndim; a++)
    if (a < extra || (d->shape[a - extra] == 1 && g->shape[a] != 1)) axes |= 1u << a;
  if (!c->accumulate[i] && d->dtype == g->dtype) return gr_reduce(d, GR_SUM, g, axes, err);
  gr_tensor sum = over(d, spare);
  sum.dtype = g->dtype;
  gr_code code = gr_reduce(&sum, GR_SUM, g, axes, err);
  if (code) return code;
  if (!c->accumulate[i]) return gr_copy(d, &sum, err);
  if (d->dtype == g->dtype) return gr_binary(d, GR_ADD, d, &sum, err);
  gr_tensor converted = over(d, (char *)spare + gr_scratch_round(gr_tensor_bytes(&sum)));
  code = gr_copy(&converted, &sum, err);
  return code ? code : gr_binary(d, GR_ADD, d, &converted, err);
}

// What gr_call_give needs at most: nothing for an input of out's own shape and dtype.
static size_t spare_bytes(const gr_call *c) {
  size_t most = 0;
  for (int i = 0; i < c->inputs; i++) {
    const gr_tensor *in = c->in[i];
    if (!in || (in->dtype == c->out->dtype && gr_tensor_same_shape(in, c->out))) continue;
    size_t bytes = gr_scratch_round((size_t)gr_tensor_size(in) * sizeof(double));
    if (bytes > most) most = bytes;
  }
  return 2 * most;
}

// Scratch of an elementwise backward, after `spare` for gr_call_give so many as the operation needs of: `a`,
// `b` and `mask`, of out's shape.
typedef struct pieces {
  void *spare;
  gr_tensor a, b, mask;
} pieces;

static size_t pieces_bytes(const gr_call *c, int count) {
  return spare_bytes(c) + (size_t)count * gr_scratch_round(gr_tensor_bytes(c->out));
}

static pieces carve(const gr_call *c) {
  size_t out = gr_scratch_round(gr_tensor_bytes(c->out));
  char *p = (char *)c->scratch + spare_bytes(c);
  pieces s = {c->scratch, over(c->out, p), over(c->out, p + out), over(c->out, p + 2 * out)};
  s.mask.dtype = GR_BOOL;
  return s;
}

// ---- two operands ----

static gr_code binary_plan(gr_call *c, size_t *scratch, gr_err *err) {
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  gr_code code = gr_broadcast_shape(&ndim, shape, c->in[0], c->in[1], err);
  if (code) return code;
  gr_dtype dtype = gr_binary_dtype((gr_binary_op)c->args->kind, c->in[0]->dtype, c->in[1]->dtype);
  code = gr_tensor_layout(c->out, dtype, ndim, shape, err);
  *scratch = code ? 0 : pieces_bytes(c, c->args->kind == GR_ADD ? 0 : 3);
  return code;
}

static gr_code binary_forward(gr_call *c, gr_err *err) {
  return gr_binary(c->out, (gr_binary_op)c->args->kind, c->in[0], c->in[1], err);
}

// In functions that have a gr_code `code`: goes on when the call succeeds.
#define DO(call)                      \
  do {                                \
    if ((code = (call))) return code; \
  } while (0)

// d(a^b) = b a^(b-1) da + a^b ln(a) db
static gr_code pow_backward(gr_call *c, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1], *dout = c->dout;
  pieces s = carve(c);
  gr_code code;
  if (c->din[0]) {
    DO(gr_copy(&s.b, b, err));
    DO(gr_binary_scalar(&s.b, GR_SUB, &s.b, 1, false, err));
    DO(gr_binary(&s.a, GR_POW, a, &s.b, err));
    DO(gr_binary(&s.a, GR_MUL, &s.a, b, err));
    DO(gr_binary(&s.a, GR_MUL, &s.a, dout, err));
    DO(gr_call_give(c, 0, &s.a, s.spare, err));
  }
  if (c->din[1]) {
    DO(gr_copy(&s.b, a, err));
    DO(gr_unary(&s.a, GR_LOG, &s.b, err));
    DO(gr_binary(&s.a, GR_MUL, &s.a, c->out, err));
    DO(gr_binary(&s.a, GR_MUL, &s.a, dout, err));
    DO(gr_call_give(c, 1, &s.a, s.spare, err));
  }
  return GR_OK;
}

// leaky_relu: 1 or b, and 0 or a; elu: 1 or b e^a, and 0 or e^a - 1; the second of each where a is not
// positive.
static gr_code unit_backward(gr_call *c, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1], *dout = c->dout;
  const gr_tensor zero = {.data = &(double){0}, .dtype = c->out->dtype};  // all bits 0 are 0 in float32 too
  bool elu = c->args->kind == GR_ELU;
  pieces s = carve(c);
  gr_code code;
  DO(gr_copy(&s.b, a, err));
  DO(gr_binary_scalar(&s.mask, GR_GT, &s.b, 0, false, err));
  if (c->din[0]) {
    if (elu) {
      DO(gr_unary(&s.b, GR_EXP, &s.b, err));
      DO(gr_binary(&s.b, GR_MUL, &s.b, b, err));
    } else {
      DO(gr_copy(&s.b, b, err));
    }
    DO(gr_binary(&s.b, GR_MUL, &s.b, dout, err));
    DO(gr_where(&s.a, &s.mask, dout, &s.b, err));
    DO(gr_call_give(c, 0, &s.a, s.spare, err));
  }
  if (c->din[1]) {
    DO(gr_copy(&s.b, a, err));
    if (elu) DO(gr_unary(&s.b, GR_EXPM1, &s.b, err));
    DO(gr_binary(&s.b, GR_MUL, &s.b, dout, err));
    DO(gr_where(&s.a, &s.mask, &zero, &s.b, err));
    DO(gr_call_give(c, 1, &s.a, s.spare, err));
  }
  return GR_OK;
}

static gr_code binary_backward(gr_call *c, gr_err *err) {
  const gr_tensor *a = c->in[0], *b = c->in[1], *dout = c->dout;
  pieces s = carve(c);
  gr_code code;
  switch ((gr_binary_op)c->args->kind) {
    case GR_ADD: DO(gr_call_give(c, 0, dout, s.spare, err)); return gr_call_give(c, 1, dout, s.spare, err);
    case GR_SUB:
      DO(gr_call_give(c, 0, dout, s.spare, err));
      if (!c->din[1]) return GR_OK;
      DO(gr_unary(&s.a, GR_NEG, dout, err));
      return gr_call_give(c, 1, &s.a, s.spare, err);
    case GR_MUL:
      if (c->din[0]) {
        DO(gr_binary(&s.a, GR_MUL, dout, b, err));
        DO(gr_call_give(c, 0, &s.a, s.spare, err));
      }
      if (c->din[1]) {
        DO(gr_binary(&s.a, GR_MUL, dout, a, err));
        DO(gr_call_give(c, 1, &s.a, s.spare, err));
      }
      return GR_OK;
    case GR_DIV:  // d(a/b) = da/b - (a/b) db/b
      DO(gr_binary(&s.a, GR_DIV, dout, b, err));
      DO(gr_call_give(c, 0, &s.a, s.spare, err));
      if (!c->din[1]) return GR_OK;
      DO(gr_binary(&s.a, GR_MUL, &s.a, c->out, err));
      DO(gr_unary(&s.a, GR_NEG, &s.a, err));
      return gr_call_give(c, 1, &s.a, s.spare, err);
    case GR_POW: return pow_backward(c, err);
    case GR_MAXIMUM:
    case GR_MINIMUM: {
      gr_tensor zero = {.data = &(double){0}, .dtype = c->out->dtype};  // all bits 0 are 0 in float32 too
      bool most = c->args->kind == GR_MAXIMUM;
      DO(gr_binary(&s.mask, most ? GR_GE : GR_LE, a, b, err));  // of equals the first one gets the gradient
      DO(gr_where(&s.a, &s.mask, dout, &zero, err));
      DO(gr_call_give(c, 0, &s.a, s.spare, err));
      DO(gr_where(&s.a, &s.mask, &zero, dout, err));
      return gr_call_give(c, 1, &s.a, s.spare, err);
    }
    case GR_FMOD:  // a - b floor(a / b), between its jumps
      DO(gr_call_give(c, 0, dout, s.spare, err));
      if (!c->din[1]) return GR_OK;
      DO(gr_binary(&s.a, GR_DIV, a, b, err));
      DO(gr_unary(&s.a, GR_FLOOR, &s.a, err));
      DO(gr_unary(&s.a, GR_NEG, &s.a, err));
      DO(gr_binary(&s.a, GR_MUL, &s.a, dout, err));
      return gr_call_give(c, 1, &s.a, s.spare, err);
    case GR_HYPOT:  // a / r, b / r
      for (int i = 0; i < 2; i++) {
        if (!c->din[i]) continue;
        DO(gr_binary(&s.a, GR_DIV, c->in[i], c->out, err));
        DO(gr_binary(&s.a, GR_MUL, &s.a, dout, err));
        DO(gr_call_give(c, i, &s.a, s.spare, err));
      }
      return GR_OK;
    case GR_ATAN2:  // b / r^2, -a / r^2
      for (int i = 0; i < 2; i++) {
        if (!c->din[i]) continue;
        DO(gr_binary(&s.a, GR_HYPOT, a, b, err));
        DO(gr_unary(&s.a, GR_SQUARE, &s.a, err));
        DO(gr_binary(&s.a, GR_DIV, c->in[1 - i], &s.a, err));
        if (i == 1) DO(gr_unary(&s.a, GR_NEG, &s.a, err));
        DO(gr_binary(&s.a, GR_MUL, &s.a, dout, err));
        DO(gr_call_give(c, i, &s.a, s.spare, err));
      }
      return GR_OK;
    case GR_LEAKY_RELU:
    case GR_ELU: return unit_backward(c, err);
    default:
      return gr_fail(err, GR_ERR_VALUE, "%s has no derivative", gr_binary_name((gr_binary_op)c->args->kind));
  }
}

// Rows stay rows when each operand that has them spans all of out's axes, and no other does along axis 0.
static bool broadcast_by_rows(const gr_call *c, unsigned rows) {
  for (int i = 0; i < c->inputs; i++) {
    const gr_tensor *t = c->in[i];
    bool spans = t->ndim == c->out->ndim && t->ndim > 0;
    if (rows & 1u << i ? !spans : spans && t->shape[0] != 1) return false;
  }
  return true;
}

const gr_op gr_op_binary = {"binary",        binary_plan,       binary_forward,
                            binary_backward, broadcast_by_rows, GR_TANGENT_ELEMENTWISE};

// ---- one operand ----

static gr_code unary_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *a = c->in[0];
  gr_code code =
      gr_tensor_layout(c->out, gr_unary_dtype((gr_unary_op)c->args->kind, a->dtype), a->ndim, a->shape, err);
  *scratch = code ? 0 : pieces_bytes(c, c->args->kind == GR_RELU ? 2 : 1);
  return code;
}

static gr_code unary_forward(gr_call *c, gr_err *err) {
  return gr_unary(c->out, (gr_unary_op)c->args->kind, c->in[0], err);
}

static gr_code unary_backward(gr_call *c, gr_err *err) {
  const gr_tensor *a = c->in[0], *y = c->out, *dout = c->dout;
  pieces s = carve(c);
  if (!c->din[0]) return GR_OK;
  // The last product may be written where it belongs, unless something is there already.
  bool direct = !c->accumulate[0] && c->din[0]->dtype == y->dtype;
  gr_tensor *result = direct ? c->din[0] : &s.a;
  gr_code code;
  // Each case leaves in s.a the derivative (of out by in), from the input or, where that is cheaper, from the
  // output.
  switch ((gr_unary_op)c->args->kind) {
    case GR_NEG: DO(gr_fill(&s.a, -1, err)); break;
    case GR_ABS: DO(gr_unary(&s.a, GR_SIGN, a, err)); break;
    case GR_SQUARE: DO(gr_binary_scalar(&s.a, GR_MUL, a, 2, false, err)); break;
    case GR_SQRT: DO(gr_binary_scalar(&s.a, GR_DIV, y, 0.5, true, err)); break;
    case GR_RECIPROCAL:
      DO(gr_unary(&s.a, GR_SQUARE, y, err));
      DO(gr_unary(&s.a, GR_NEG, &s.a, err));
      break;
    case GR_EXP: DO(gr_copy(&s.a, y, err)); break;
    case GR_EXPM1: DO(gr_binary_scalar(&s.a, GR_ADD, y, 1, false, err)); break;
    case GR_LOG: DO(gr_unary(&s.a, GR_RECIPROCAL, a, err)); break;
    case GR_LOG1P:
      DO(gr_binary_scalar(&s.a, GR_ADD, a, 1, false, err));
      DO(gr_unary(&s.a, GR_RECIPROCAL, &s.a, err));
      break;
    case GR_LOG2:
    case GR_LOG10:
      DO(gr_unary(&s.a, GR_RECIPROCAL, a, err));
      DO(gr_binary_scalar(&s.a, GR_MUL, &s.a, c->args->kind == GR_LOG2 ? M_LOG2E : M_LOG10E, false, err));
      break;
    case GR_SIN: DO(gr_unary(&s.a, GR_COS, a, err)); break;
    case GR_COS:
      DO(gr_unary(&s.a, GR_SIN, a, err));
      DO(gr_unary(&s.a, GR_NEG, &s.a, err));
      break;
    case GR_TAN:  // 1 + y^2
      DO(gr_unary(&s.a, GR_SQUARE, y, err));
      DO(gr_binary_scalar(&s.a, GR_ADD, &s.a, 1, false, err));
      break;
    case GR_ASIN:  // 1 / sqrt(1 - x^2), for acos with a minus
    case GR_ACOS:
      DO(gr_unary(&s.a, GR_SQUARE, a, err));
      DO(gr_binary_scalar(&s.a, GR_SUB, &s.a, 1, true, err));
      DO(gr_unary(&s.a, GR_SQRT, &s.a, err));
      DO(gr_binary_scalar(&s.a, GR_DIV, &s.a, c->args->kind == GR_ASIN ? 1 : -1, true, err));
      break;
    case GR_ATAN:  // 1 / (1 + x^2)
      DO(gr_unary(&s.a, GR_SQUARE, a, err));
      DO(gr_binary_scalar(&s.a, GR_ADD, &s.a, 1, false, err));
      DO(gr_unary(&s.a, GR_RECIPROCAL, &s.a, err));
      break;
    case GR_SINH: DO(gr_unary(&s.a, GR_COSH, a, err)); break;
    case GR_COSH: DO(gr_unary(&s.a, GR_SINH, a, err)); break;
    case GR_CBRT:  // 1 / (3 y^2)
      DO(gr_unary(&s.a, GR_SQUARE, y, err));
      DO(gr_binary_scalar(&s.a, GR_MUL, &s.a, 3, false, err));
      DO(gr_unary(&s.a, GR_RECIPROCAL, &s.a, err));
      break;
    case GR_ERF:         // 2 / sqrt(pi) e^(-x^2)
    case GR_NORMAL_CDF:  // 1 / sqrt(2 pi) e^(-x^2 / 2)
      DO(gr_unary(&s.a, GR_SQUARE, a, err));
      DO(gr_binary_scalar(&s.a, GR_MUL, &s.a, c->args->kind == GR_ERF ? -1 : -0.5, false, err));
      DO(gr_unary(&s.a, GR_EXP, &s.a, err));
      DO(gr_binary_scalar(&s.a, GR_MUL, &s.a,
                          c->args->kind == GR_ERF ? M_2_SQRTPI : M_2_SQRTPI * M_SQRT1_2 / 2, false, err));
      break;
    case GR_SIGN:  // flat between their jumps
    case GR_FLOOR:
    case GR_CEIL:
    case GR_ROUND:
    case GR_STEP: DO(gr_fill(&s.a, 0, err)); break;
    case GR_TANH:  // 1 - y^2
      DO(gr_unary(&s.a, GR_SQUARE, y, err));
      DO(gr_binary_scalar(&s.a, GR_SUB, &s.a, 1, true, err));
      break;
    case GR_SIGMOID:  // y (1 - y)
      DO(gr_binary_scalar(&s.a, GR_SUB, y, 1, true, err));
      DO(gr_binary(&s.a, GR_MUL, &s.a, y, err));
      break;
    case GR_RELU: {  // where the unit is alive; at 0 we take 0, as everyone does
      gr_tensor zero = {.data = &(double){0}, .dtype = c->out->dtype};  // all bits 0 are 0 in float32 too
      gr_tensor alive = s.b;
      alive.dtype = GR_BOOL;
      DO(gr_binary_scalar(&alive, GR_GT, y, 0, false, err));
      DO(gr_where(result, &alive, dout, &zero, err));
      return direct ? GR_OK : gr_call_give(c, 0, result, s.spare, err);
    }
    case GR_SOFTPLUS: DO(gr_unary(&s.a, GR_SIGMOID, a, err)); break;
    default:
      return gr_fail(err, GR_ERR_VALUE, "%s has no gradient here; leave the graph with t:detach() first",
                     gr_unary_name((gr_unary_op)c->args->kind));
  }
  DO(gr_binary(result, GR_MUL, &s.a, dout, err));
  return direct ? GR_OK : gr_call_give(c, 0, result, s.spare, err);
}

const gr_op gr_op_unary = {"unary",        unary_plan,        unary_forward,
                           unary_backward, broadcast_by_rows, GR_TANGENT_ELEMENTWISE};

// ---- where: condition (a number for each element, anything but 0 chooses), a, b ----

static gr_code where_plan(gr_call *c, size_t *scratch, gr_err *err) {
  int ndim;
  int64_t shape[GR_MAX_DIMS];
  gr_tensor both;
  gr_code code;
  DO(gr_broadcast_shape(&ndim, shape, c->in[1], c->in[2], err));
  DO(gr_tensor_layout(&both, gr_dtype_promote(c->in[1]->dtype, c->in[2]->dtype), ndim, shape, err));
  DO(gr_broadcast_shape(&ndim, shape, c->in[0], &both, err));
  DO(gr_tensor_layout(c->out, both.dtype, ndim, shape, err));
  *scratch = pieces_bytes(c, 3);
  return GR_OK;
}

static gr_code where_mask(const gr_call *c, pieces *s, gr_err *err) {
  const gr_tensor zero = {.data = &(double){0}, .dtype = c->in[0]->dtype};  // all bits 0 in float32 too
  return gr_binary(&s->mask, GR_NE, c->in[0], &zero, err);
}

static gr_code where_forward(gr_call *c, gr_err *err) {
  pieces s = carve(c);
  gr_code code;
  DO(where_mask(c, &s, err));
  DO(gr_copy(&s.a, c->in[1], err));
  DO(gr_copy(&s.b, c->in[2], err));
  return gr_where(c->out, &s.mask, &s.a, &s.b, err);
}

static gr_code where_backward(gr_call *c, gr_err *err) {
  const gr_tensor zero = {.data = &(double){0}, .dtype = c->out->dtype};
  pieces s = carve(c);
  gr_code code;
  DO(where_mask(c, &s, err));
  DO(gr_where(&s.a, &s.mask, c->dout, &zero, err));
  DO(gr_call_give(c, 1, &s.a, s.spare, err));
  DO(gr_where(&s.a, &s.mask, &zero, c->dout, err));
  return gr_call_give(c, 2, &s.a, s.spare, err);
}

const gr_op gr_op_where = {"where",        where_plan,        where_forward,
                           where_backward, broadcast_by_rows, GR_TANGENT_ELEMENTWISE};
