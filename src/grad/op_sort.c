// Sorting along an axis. It moves numbers, and their gradients go back the way that they came.
#include "base/interrupt.h"
#include "grad/op.h"
#include "kernel/sort.h"

static int axis_of(const gr_call *c) { return __builtin_ctz(c->args->axes); }

// aux: where each sorted number stood along the axis.
static gr_code sort_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *x = c->in[0];
  *scratch = gr_tensor_bytes(x);
  gr_code code = gr_tensor_layout(c->aux, GR_I64, x->ndim, x->shape, err);
  return code ? code : gr_tensor_layout(c->out, (gr_dtype)x->dtype, x->ndim, x->shape, err);
}

static gr_code sort_forward(gr_call *c, gr_err *err) {
  return gr_argsort(c->aux, c->out, c->in[0], axis_of(c), c->args->same, err);
}

// Moves numbers as the sort did, or back: all contiguous, of x's shape and dtype. Line after line, the lines
// that lie side by side together.
static gr_code move(const gr_call *c, gr_tensor *to, const gr_tensor *from, bool back, gr_err *err) {
  const int axis = axis_of(c);
  const int64_t n = to->shape[axis], total = gr_tensor_size(to), *position = c->aux->data;
  int64_t inner = 1;
  for (int i = axis + 1; i < to->ndim; i++) inner *= to->shape[i];
  gr_code code = GR_OK;
  for (int64_t begin = 0; !code && begin < total; begin += n * inner) {
    for (int64_t k = 0; k < n; k++)
      for (int64_t i = begin + k * inner; i < begin + (k + 1) * inner; i++) {
        const int64_t stood = i + (position[i] - k) * inner, a = back ? stood : i, b = back ? i : stood;
        if (to->dtype == GR_F64)
          ((double *)to->data)[a] = ((const double *)from->data)[b];
        else
          ((float *)to->data)[a] = ((const float *)from->data)[b];
      }
    code = gr_interrupt_poll(err);
  }
  return code;
}

static gr_code sort_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_tensor g = *c->in[0];
  g.data = c->scratch;
  gr_code code = move(c, &g, c->dout, true, err);
  return code ? code : gr_call_give(c, 0, &g, NULL, err);
}

static gr_code sort_carry(gr_call *c, gr_tensor *out, const gr_tensor *const *changes, gr_err *err) {
  return move(c, out, changes[0], false, err);
}

static bool sort_by_rows(const gr_call *c, unsigned rows) { return axis_of(c) > 0; }

const gr_op gr_op_sort = {"sort",       sort_plan,      sort_forward,       sort_backward,
                          sort_by_rows, GR_TANGENT_OWN, .carry = sort_carry};
