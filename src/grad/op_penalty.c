// Penalties on weights: one number, l1 sum |w| + l2 sum w^2.
#include "grad/op.h"
#include "kernel/penalty.h"

// The weight in memory that the kernel can run through: its own, or a copy.
static gr_code contiguous(gr_tensor *w, const gr_call *c, gr_err *err) {
  *w = *c->in[0];
  if (gr_tensor_is_contiguous(w)) return GR_OK;
  gr_code code = gr_tensor_layout(w, w->dtype, w->ndim, w->shape, err);
  w->data = c->scratch;
  return code ? code : gr_copy(w, c->in[0], err);
}

static gr_code penalty_plan(gr_call *c, size_t *scratch, gr_err *err) {
  const gr_tensor *w = c->in[0];
  if (!gr_dtype_is_float(w->dtype))
    return gr_fail(err, GR_ERR_TYPE, "a penalty is of float32 or float64 weights, not of %s",
                   gr_dtype_name(w->dtype));
  *scratch = gr_tensor_is_contiguous(w) ? 0 : gr_scratch_round(gr_tensor_bytes(w));
  return gr_tensor_layout(c->out, w->dtype, 0, NULL, err);
}

static gr_code penalty_forward(gr_call *c, gr_err *err) {
  gr_tensor w;
  gr_code code = contiguous(&w, c, err);
  return code ? code : gr_fill(c->out, gr_penalty(&w, c->args->l1, c->args->l2), err);
}

static gr_code penalty_backward(gr_call *c, gr_err *err) {
  if (!c->din[0]) return GR_OK;
  gr_tensor w;
  gr_code code = contiguous(&w, c, err);
  if (code) return code;
  gr_penalty_backward(c->din[0], &w, c->args->l1, c->args->l2, gr_tensor_get(c->dout, NULL),
                      c->accumulate[0]);
  return GR_OK;
}

// It sums over all that it is given: no rows.
static bool penalty_by_rows(const gr_call *c, unsigned rows) { return false; }

const gr_op gr_op_penalty = {"penalty",        penalty_plan,    penalty_forward,
                             penalty_backward, penalty_by_rows, GR_TANGENT_BY_BACKWARD};
