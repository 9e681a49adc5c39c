// Rewrites of a recorded program: steps that are faster as one. What is computed stays the same; a test holds
// each against the program without it (tests/c/test_fuse.c).
#include "grad/step.h"

// Inputs of a fused convolution, behind x, kernel and bias.
enum { CONV_SCALE = 3, CONV_SHIFT = 4 };

int gr_uses_of(const gr_step *steps, int count, int of) {
  int uses = 0;
  for (int i = 0; i < count; i++)
    for (int k = 0; k < steps[i].inputs; k++) uses += steps[i].in[k] == of;
  return uses;
}

static const gr_step gone_step = {.weight = -1, .in = {-1, -1, -1, -1, -1}};

static bool is_relu(const gr_step *s) { return s->op == &gr_op_unary && s->args.kind == GR_RELU; }

// The greatest of 2x2 pixels, none counted twice, a last row or column that is left over dropped.
static bool is_square_pool(const gr_step *s, const gr_tensor *in) {
  if (s->op != &gr_op_max_pool2d) return false;
  for (int axis = 0; axis < 2; axis++)
    if (s->args.window.size[axis] != 2 || s->args.window.stride[axis] != 2 ||
        s->args.window.pad_before[axis] != 0 || s->value.shape[axis + 1] != in->shape[axis + 1] / 2)
      return false;
  return true;
}

static bool is_direct(const gr_step *s, const gr_step *steps) {
  if (s->op != &gr_op_conv2d || s->args.relu || s->args.pool) return false;
  const gr_tensor *x = &steps[s->in[0]].value, *kernel = &steps[s->in[1]].value;
  const gr_conv c = gr_conv_of(x, kernel, s->value.shape + 1, &s->args.window);
  return gr_tensor_is_contiguous(kernel) && gr_conv_has_direct(&c, (gr_dtype)x->dtype);
}

// The one step that uses step i, if nobody else looks at it; otherwise -1.
static int only_use(const gr_step *steps, int count, const bool *kept, int i) {
  if (kept[i] || gr_uses_of(steps, count, i) != 1) return -1;
  for (int j = i + 1; j < count; j++)
    for (int k = 0; k < steps[j].inputs; k++)
      if (steps[j].in[k] == i) return j;
  return -1;
}

// Step `from` becomes a part of step `to`, which gives the same value as before, from from's inputs.
static void merge(gr_step *steps, int from, int to) {
  gr_step *s = &steps[to], *gone = &steps[from];
  s->op = gone->op;
  s->args = gone->args;
  s->inputs = gone->inputs;
  for (int k = 0; k < GR_OP_INPUTS; k++) s->in[k] = gone->in[k];
  *gone = gone_step;
}

// Whether `after` puts the axes back where they were before `first`.
static bool undoes(const gr_step *after, const gr_step *first) {
  if (after->op != &gr_op_transpose || first->op != &gr_op_transpose) return false;
  for (int axis = 0; axis < after->value.ndim; axis++)
    if (first->args.order[after->args.order[axis]] != axis) return false;
  return true;
}

// Where layers with channels first follow each other, each puts the axes back that the next one moves again:
// the next takes the value from before both moves.
static void drop_moves_back(gr_step *steps, int count, const bool *kept) {
  for (int i = 0; i < count; i++) {
    const int moved = steps[i].rows && !kept[i] ? steps[i].in[0] : -1;
    if (moved < 0 || !undoes(&steps[i], &steps[moved])) continue;
    for (int j = i + 1; j < count; j++)
      for (int k = 0; k < steps[j].inputs; k++)
        if (steps[j].in[k] == i) steps[j].in[k] = steps[moved].in[0];
    steps[i] = gone_step;
    if (!kept[moved] && gr_uses_of(steps, count, moved) == 0) steps[moved] = gone_step;
  }
}

// The step with a number for each filter, the same for all samples, that `s` combines with step i by `kind`;
// or -1.
static int per_filter(const gr_step *steps, const gr_step *s, int i, gr_binary_op kind) {
  if (s->op != &gr_op_binary || s->args.kind != (int)kind) return -1;
  const int other = s->in[0] == i ? s->in[1] : s->in[0];
  const gr_tensor *numbers = &steps[other].value;
  const bool fits = other != i && !steps[other].rows && numbers->ndim == 1 && numbers->dtype == GR_F32 &&
                    numbers->shape[0] == steps[i].value.shape[3] && gr_tensor_is_contiguous(numbers);
  return fits ? other : -1;
}

// What a normalization does in prediction becomes a part of the convolution's kernel and bias: true if `next`
// is one half of it, times `scale` or plus `shift`.
static bool take_scale_or_shift(gr_step *steps, int i, int next) {
  gr_step *s = &steps[i];
  const bool has_scale = s->inputs > CONV_SCALE && s->in[CONV_SCALE] >= 0;
  const bool has_shift = s->inputs > CONV_SCALE && s->in[CONV_SHIFT] >= 0;
  if (s->args.relu || s->args.pool || has_shift) return false;
  const int scale = has_scale ? -1 : per_filter(steps, &steps[next], i, GR_MUL);
  const int shift = per_filter(steps, &steps[next], i, GR_ADD);
  if (scale < 0 && shift < 0) return false;
  while (s->inputs <= CONV_SHIFT) s->in[s->inputs++] = -1;
  s->in[scale >= 0 ? CONV_SCALE : CONV_SHIFT] = scale >= 0 ? scale : shift;
  return true;
}

static void fuse_convolution(gr_step *steps, int count, const bool *kept, bool training, int i) {
  // The layout before pooling, from which the pool's own is understood.
  const gr_tensor before = steps[i].value;
  for (int next; (next = only_use(steps, count, kept, i)) >= 0; i = next) {
    gr_op_args *args = &steps[i].args;
    if (!training && take_scale_or_shift(steps, i, next)) {
      merge(steps, i, next);
      continue;
    }
    const bool relu = is_relu(&steps[next]) && !args->relu;
    const bool pool = is_square_pool(&steps[next], &before) && !args->pool;
    if (!relu && !pool) return;
    args->relu |= relu;
    args->pool |= pool;
    args->winners = args->pool && training;
    // Winners have the pool's shape, which is also that of a ReLU after it.
    const gr_tensor winners = !args->winners ? (gr_tensor){0} : pool ? steps[next].aux : steps[i].aux;
    merge(steps, i, next);
    steps[next].aux = winners;
  }
}

void gr_fuse(gr_step *steps, int count, const bool *kept, bool training) {
  drop_moves_back(steps, count, kept);
  for (int i = 0; i < count; i++)
    if (steps[i].rows && is_direct(&steps[i], steps)) fuse_convolution(steps, count, kept, training, i);
}
