// Steps that a program joins give what they give one by one: predictions of convolutions with what may follow
// them, against the eager graph, for random shapes. (Training programs: test_program.c.)
#include "grad/program.h"
#include "grad/step.h"
#include "nodes.h"

enum { MOST = 16 };

typedef struct tail {
  bool bias, scale, shift, twice, relu, pool, looked_at;
} tail;

typedef struct net {
  gr_node *made[MOST], *leaves[MOST];
  int n_made, n_leaves;
  gr_node *input, *output;
} net;

static gr_node *keep(net *n, gr_node *node) { return n->made[n->n_made++] = node; }
static gr_node *constant(net *n, const gr_tensor *t) { return n->leaves[n->n_leaves++] = leaf(t, false); }

static void drop(net *n) {
  for (int i = 0; i < n->n_made; i++) gr_node_release(n->made[i]);
  for (int i = 0; i < n->n_leaves; i++) gr_node_release(n->leaves[i]);
}

enum { KERNEL, BIAS, SCALE, SHIFT, N_TENSORS };

static gr_node *combine(net *n, gr_binary_op kind, gr_node *a, gr_node *b) {
  return keep(n, apply(&gr_op_binary, (gr_op_args){.kind = kind}, 2, (gr_node *[]){a, b}));
}

// x -> convolution -> times scale -> plus shift -> ReLU -> pooling, of which each may be missing; the scale
// is itself computed from weights, as that of a normalization is.
static void build(net *n, const gr_tensor *x, const gr_tensor *t, const tail *with) {
  const gr_op_args conv = {.window = {.stride = {1, 1}, .dilation = {1, 1}}, .same = true};
  *n = (net){0};
  n->input = constant(n, x);
  gr_node *in[3] = {n->input, constant(n, &t[KERNEL]), with->bias ? constant(n, &t[BIAS]) : NULL};
  gr_node *z = keep(n, apply(&gr_op_conv2d, conv, 3, in));
  if (with->scale) {
    gr_node *scale = constant(n, &t[SCALE]);
    scale = combine(n, GR_MUL, scale, scale);
    z = combine(n, GR_MUL, z, scale);
    if (with->twice) z = combine(n, GR_MUL, z, scale);
  }
  if (with->shift) z = combine(n, GR_ADD, constant(n, &t[SHIFT]), z);
  gr_node *before = z;
  if (with->relu) z = keep(n, apply(&gr_op_unary, (gr_op_args){.kind = GR_RELU}, 1, &z));
  if (with->pool) {
    const gr_op_args pool = {.window = {.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}}};
    z = keep(n, apply(&gr_op_max_pool2d, pool, 1, &z));
  }
  if (with->looked_at && before != z && !with->pool) z = combine(n, GR_ADD, z, before);
  n->output = z;
}

static void check(gr_dtype dtype, const tail *with) {
  const int64_t rows = between(1, 9), height = between(2, 12), width = between(2, 12);
  const int64_t channels = between(1, 20), filters = between(1, 40);
  gr_tensor t[N_TENSORS] = {
      random_tensor(dtype, SHAPE(3, 3, channels, filters)),
      random_tensor(dtype, SHAPE(filters)),
      random_tensor(dtype, SHAPE(filters)),
      random_tensor(dtype, SHAPE(filters)),
  };
  gr_tensor example = random_tensor(dtype, SHAPE(2, height, width, channels));
  gr_tensor x = random_tensor(dtype, SHAPE(rows, height, width, channels));
  net n;
  build(&n, &example, t, with);
  gr_program *p;
  const gr_program_spec spec = {.input = n.input, .output = n.output};
  if (gr_program_new(&p, &spec, &err)) fail_msg("%s", err.text);
  drop(&n);
  // Weights may change between two runs.
  for (int run = 0; run < 2; run++) {
    for (int i = 0; i < N_TENSORS; i++) fill(&t[i]);
    build(&n, &x, t, with);
    gr_tensor got = fresh(dtype, n.output->value.ndim, n.output->value.shape);
    const gr_batch batch = {.x = &x, .count = rows, .predictions = &got};
    if (gr_program_run(p, NULL, &batch, GR_FORWARD_ONLY, NULL, &err)) fail_msg("%s", err.text);
    for (int64_t i = 0; i < gr_tensor_size(&got); i++)
      assert_near(get(&got, i), get(&n.output->value, i), tolerance_of(dtype));
    gr_tensor_finish(&got);
    drop(&n);
  }
  gr_program_free(p);
  for (int i = 0; i < N_TENSORS; i++) gr_tensor_finish(&t[i]);
  gr_tensor_finish(&example);
  gr_tensor_finish(&x);
}

static void what_follows_a_convolution_gives_the_same_as_a_part_of_it(void **state) {
  for (int round = 0; round < 4; round++)
    for (int bits = 0; bits < 128; bits++) {
      const tail with = {bits & 1, bits & 2, bits & 4, bits & 8, bits & 16, bits & 32, bits & 64};
      check(bits % 7 ? GR_F32 : GR_F64, &with);
    }
}

enum { INPUT, MOVED, BACK, LAST, N_STEPS };

// input -> axes moved -> moved again -> ReLU
static void make_moves(gr_step *steps, const int *order) {
  for (int i = 0; i < N_STEPS; i++)
    steps[i] = (gr_step){.rows = true, .weight = -1, .inputs = i > 0, .in = {i - 1}, .value = {.ndim = 4}};
  steps[MOVED].op = steps[BACK].op = &gr_op_transpose;
  const int first[4] = {0, 3, 1, 2};
  for (int axis = 0; axis < 4; axis++) {
    steps[MOVED].args.order[axis] = first[axis];
    steps[BACK].args.order[axis] = order[axis];
  }
  steps[LAST].op = &gr_op_unary;
  steps[LAST].args.kind = GR_RELU;
}

static void axes_moved_there_and_back_are_left_where_they_are(void **state) {
  gr_step steps[N_STEPS];
  bool kept[N_STEPS] = {[INPUT] = true, [LAST] = true};
  make_moves(steps, (int[]){0, 2, 3, 1});
  gr_fuse(steps, N_STEPS, kept, true);
  assert_null(steps[MOVED].op);
  assert_null(steps[BACK].op);
  assert_int_equal(steps[LAST].in[0], INPUT);

  make_moves(steps, (int[]){0, 2, 3, 1});
  kept[MOVED] = true;  // somebody looks at it
  gr_fuse(steps, N_STEPS, kept, true);
  assert_ptr_equal(steps[MOVED].op, &gr_op_transpose);
  assert_int_equal(steps[LAST].in[0], INPUT);

  make_moves(steps, (int[]){0, 2, 3, 1});
  kept[BACK] = true;
  gr_fuse(steps, N_STEPS, kept, true);
  assert_ptr_equal(steps[BACK].op, &gr_op_transpose);
  assert_int_equal(steps[LAST].in[0], BACK);

  kept[MOVED] = kept[BACK] = false;
  make_moves(steps, (int[]){0, 3, 1, 2});  // on, and not back
  gr_fuse(steps, N_STEPS, kept, true);
  assert_ptr_equal(steps[MOVED].op, &gr_op_transpose);
  assert_int_equal(steps[LAST].in[0], BACK);
}

int main(int argc, char **argv) {
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_follows_a_convolution_gives_the_same_as_a_part_of_it),
      cmocka_unit_test(axes_moved_there_and_back_are_left_where_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
