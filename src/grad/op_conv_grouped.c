// Convolution in groups: the channels are cut into parts that do not mix, each with its share of the filters.
// Filter f of `co` looks at the channels of part f / (co / groups) alone, so the kernel is (kh, kw,
// ci / groups, co).
//
// Parts of few channels are convolved together (kernel/conv_grouped.c). Else, image by image and part by
// part, the part's channels are copied together and convolved as any image is, by gr_op_conv2d, which chooses
// the loops; the results are copied back between those of the other parts.
#include <string.h>

#include "grad/op.h"

// Convolving a part by itself costs as much as 64 of the products that are made together, for each pixel of
// the output and cell of the window, however few its channels are (measured with up to 64 of both).
static bool is_slim(const gr_call *c) {
  const gr_tensor *k = c->in[1];
  return k->shape[2] * k->shape[3] <= 64 * c->args->groups;
}

// ---- one part of one image ----

// The last axis of t, n of it from `first`, as a view.
static gr_tensor last_axis(const gr_tensor *t, int64_t first, int64_t n) {
  gr_tensor view = *t;
  const int last = t->ndim - 1;
  view.data = t->data ? (char *)t->data + (size_t)(first * t->stride[last]) * gr_dtype_size(t->dtype) : NULL;
  view.shape[last] = n;
  return view;
}

// Image i of t, with its axis of images.
static gr_tensor image_of(const gr_tensor *t, int64_t i) {
  gr_tensor view = *t;
  view.data = t->data ? (char *)t->data + (size_t)(i * t->stride[0]) * gr_dtype_size(t->dtype) : NULL;
  view.shape[0] = 1;
  return view;
}

// A call of gr_op_conv2d on one part, and the memory that it works on, all of it contiguous.
typedef struct part {
  int64_t channels, filters;  // of a part
  gr_op_args args;
  gr_call call;
  gr_tensor x, kernel, bias, out, aux, dout, dx, dkernel, dbias;
  size_t prepared, scratch;  // bytes of gr_op_conv2d's
} part;

// Layouts alone; `spare` is scratch from here on.
static gr_code part_plan(part *p, const gr_call *c, gr_err *err) {
  const gr_tensor *x = c->in[0], *k = c->in[1];
  *p = (part){
      .channels = x->shape[3] / c->args->groups, .filters = k->shape[3] / c->args->groups, .args = *c->args};
  p->args.groups = 0;
  gr_code code =
      gr_tensor_layout(&p->x, x->dtype, 4, (int64_t[]){1, x->shape[1], x->shape[2], p->channels}, err);
  if (!code)
    code = gr_tensor_layout(&p->kernel, x->dtype, 4,
                            (int64_t[]){k->shape[0], k->shape[1], p->channels, p->filters}, err);
  if (!code) code = gr_tensor_layout(&p->bias, x->dtype, 1, (int64_t[]){p->filters}, err);
  p->call = (gr_call){.args = &p->args,
                      .in = {&p->x, &p->kernel, c->in[2] ? &p->bias : NULL},
                      .inputs = 3,
                      .out = &p->out,
                      .aux = &p->aux,
                      .dout = &p->dout,
                      .run = c->run};
  p->dx = p->x;
  p->dkernel = p->kernel;
  p->dbias = p->bias;
  if (c->din[0]) p->call.din[0] = &p->dx;
  if (c->din[1]) p->call.din[1] = &p->dkernel;
  if (c->din[2]) p->call.din[2] = &p->dbias;
  p->call.accumulate[1] = p->call.accumulate[2] = true;
  if (!code) code = gr_op_conv2d.plan(&p->call, &p->scratch, err);
  p->dout = p->out;
  if (!code) p->prepared = gr_op_conv2d.prepared_bytes(&p->call);
  return code;
}

// ---- prepared weights: of each part its kernel, and what gr_op_conv2d makes of it ----

static size_t prepared_of_part(const part *p) {
  return gr_scratch_round(gr_tensor_bytes(&p->kernel)) + gr_scratch_round(p->prepared);
}

// Part g's weights are those at `prepared` from here on.
static void use_part(part *p, const gr_call *c, void *prepared, int64_t g) {
  char *own = (char *)prepared + (size_t)g * prepared_of_part(p);
  p->kernel.data = own;
  p->call.prepared = p->prepared ? own + gr_scratch_round(gr_tensor_bytes(&p->kernel)) : NULL;
  if (c->in[2]) p->bias.data = last_axis(c->in[2], g * p->filters, p->filters).data;
}

static void make_prepared(part *p, const gr_call *c, void *prepared) {
  for (int64_t g = 0; g < c->args->groups; g++) {
    const gr_tensor kernel = last_axis(c->in[1], g * p->filters, p->filters);
    gr_err unused;  // shapes and dtypes fit
    use_part(p, c, prepared, g);
    gr_copy(&p->kernel, &kernel, &unused);
    if (p->prepared) gr_op_conv2d.prepare(&p->call);
  }
}

static size_t grouped_prepared_bytes(const gr_call *c) {
  part p;
  gr_err unused;
  if (is_slim(c) || part_plan(&p, c, &unused)) return 0;
  return prepared_of_part(&p) * (size_t)c->args->groups;
}

static void grouped_prepare(gr_call *c) {
  part p;
  gr_err unused;
  if (!part_plan(&p, c, &unused)) make_prepared(&p, c, c->prepared);
}

// ---- the operation ----

// In scratch, one after the other: x, out, dx and dout of a part, the kernel gradients of all parts, what
// gr_op_conv2d needs, and the prepared weights unless the caller has them.
static size_t part_bytes(const part *p, int64_t groups) {
  return 2 * gr_scratch_round(gr_tensor_bytes(&p->x)) + 2 * gr_scratch_round(gr_tensor_bytes(&p->out)) +
         (size_t)groups * (gr_scratch_round(gr_tensor_bytes(&p->kernel)) + prepared_of_part(p)) +
         gr_scratch_round(p->scratch);
}

static gr_code grouped_plan(gr_call *c, size_t *scratch, gr_err *err) {
  gr_code code = gr_check_conv2d(c, err);
  if (code) return code;
  const gr_tensor *x = c->in[0], *k = c->in[1];
  gr_window *w = &c->args->window;
  w->size[0] = k->shape[0];
  w->size[1] = k->shape[1];
  int64_t size[2];
  code = gr_window_output(size, w, (int64_t[]){x->shape[1], x->shape[2]}, c->args->same, err);
  if (!code)
    code =
        gr_tensor_layout(c->out, x->dtype, 4, (int64_t[]){x->shape[0], size[0], size[1], k->shape[3]}, err);
  if (code) return code;
  part p;
  if (is_slim(c))
    *scratch = gr_grouped_conv2d_scratch(x, k);
  else if (!(code = part_plan(&p, c, err)))
    *scratch = part_bytes(&p, c->args->groups);
  return code;
}

static void *take(char **at, size_t bytes) {
  void *p = *at;
  *at += gr_scratch_round(bytes);
  return p;
}

// Gives the parts memory in scratch; returns the prepared weights, and sets *dkernels.
static void *part_place(part *p, const gr_call *c, void **dkernels) {
  char *at = c->scratch;
  p->x.data = take(&at, gr_tensor_bytes(&p->x));
  p->dx.data = take(&at, gr_tensor_bytes(&p->x));
  p->out.data = take(&at, gr_tensor_bytes(&p->out));
  p->dout.data = take(&at, gr_tensor_bytes(&p->out));
  const size_t all = (size_t)c->args->groups * gr_scratch_round(gr_tensor_bytes(&p->kernel));
  *dkernels = take(&at, all);
  p->call.scratch = take(&at, p->scratch);
  if (c->prepared) return c->prepared;
  make_prepared(p, c, at);
  return at;
}

static gr_code grouped_forward(gr_call *c, gr_err *err) {
  if (is_slim(c))
    return gr_grouped_conv2d(c->out, c->in[0], c->in[1], c->in[2], &c->args->window, c->args->groups,
                             c->scratch, err);
  part p;
  void *dkernels;
  gr_code code = part_plan(&p, c, err);
  if (code) return code;
  void *prepared = part_place(&p, c, &dkernels);
  for (int64_t i = 0; !code && i < c->out->shape[0]; i++) {
    const gr_tensor x = image_of(c->in[0], i), out = image_of(c->out, i);
    for (int64_t g = 0; !code && g < c->args->groups; g++) {
      const gr_tensor channels = last_axis(&x, g * p.channels, p.channels);
      gr_tensor filters = last_axis(&out, g * p.filters, p.filters);
      use_part(&p, c, prepared, g);
      code = gr_copy(&p.x, &channels, err);
      if (!code) code = gr_op_conv2d.forward(&p.call, err);
      if (!code) code = gr_copy(&filters, &p.out, err);
    }
  }
  return code;
}

// What was computed of a part goes to its place in `all`, or is added there.
static gr_code put(gr_tensor all, const gr_tensor *of_part, bool accumulate, gr_err *err) {
  return accumulate ? gr_binary(&all, GR_ADD, &all, of_part, err) : gr_copy(&all, of_part, err);
}

static gr_code part_backward(part *p, gr_call *c, int64_t i, int64_t g, gr_err *err) {
  const gr_tensor x = image_of(c->in[0], i), dout = image_of(c->dout, i);
  const gr_tensor channels = last_axis(&x, g * p->channels, p->channels);
  const gr_tensor filters = last_axis(&dout, g * p->filters, p->filters);
  gr_code code = gr_copy(&p->x, &channels, err);
  if (!code) code = gr_copy(&p->dout, &filters, err);
  if (!code) code = gr_op_conv2d.backward(&p->call, err);
  if (code || !c->din[0]) return code;
  const gr_tensor dx = image_of(c->din[0], i);
  return put(last_axis(&dx, g * p->channels, p->channels), &p->dx, c->accumulate[0], err);
}

static gr_code grouped_backward(gr_call *c, gr_err *err) {
  if (is_slim(c))
    return gr_grouped_conv2d_backward(c->din[0], c->din[1], c->din[2], c->accumulate, c->dout, c->in[0],
                                      c->in[1], &c->args->window, c->args->groups, c->scratch, err);
  part p;
  void *dkernels;
  gr_code code = part_plan(&p, c, err);
  if (code) return code;
  void *prepared = part_place(&p, c, &dkernels);
  const size_t one = gr_scratch_round(gr_tensor_bytes(&p.kernel));
  if (c->din[1]) memset(dkernels, 0, one * (size_t)c->args->groups);
  if (c->din[2] && !c->accumulate[2]) memset(c->din[2]->data, 0, gr_tensor_bytes(c->din[2]));
  for (int64_t i = 0; !code && i < c->dout->shape[0]; i++)
    for (int64_t g = 0; !code && g < c->args->groups; g++) {
      use_part(&p, c, prepared, g);
      p.dkernel.data = (char *)dkernels + (size_t)g * one;
      if (c->din[2]) p.dbias.data = last_axis(c->din[2], g * p.filters, p.filters).data;
      code = part_backward(&p, c, i, g, err);
    }
  for (int64_t g = 0; !code && c->din[1] && g < c->args->groups; g++) {
    p.dkernel.data = (char *)dkernels + (size_t)g * one;
    code = put(last_axis(c->din[1], g * p.filters, p.filters), &p.dkernel, c->accumulate[1], err);
  }
  return code;
}

const gr_op gr_op_grouped_conv2d = {.name = "conv2d in groups",
                                    .plan = grouped_plan,
                                    .forward = grouped_forward,
                                    .backward = grouped_backward,
                                    .by_rows = gr_first_by_rows,
                                    .tangent = GR_TANGENT_PRODUCT,
                                    .prepared_bytes = grouped_prepared_bytes,
                                    .prepare = grouped_prepare};
