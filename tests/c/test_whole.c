// Batches that run whole, with products divided among threads and gradients that wait: against the eager
// graph.
#include "grad/program.h"
#include "nodes.h"

enum { LAYERS = 3, WEIGHTS = 2 * LAYERS };

typedef struct net {
  int64_t sizes[LAYERS + 1];
  bool tied;  // the second layer has the weights of the first
  gr_tensor weights[WEIGHTS];
  gr_node *leaves[WEIGHTS], *made[16];
  int n_made;
  gr_node *input, *target, *output, *loss;
} net;

static gr_node *keep(net *n, gr_node *node) { return n->made[n->n_made++] = node; }

static void make_weights(net *n, gr_dtype dtype) {
  for (int l = 0; l < LAYERS; l++) {
    n->weights[2 * l] = random_tensor(dtype, SHAPE(n->sizes[l], n->sizes[l + 1]));
    n->weights[2 * l + 1] = random_tensor(dtype, SHAPE(n->sizes[l + 1]));
    for (int64_t i = 0; i < gr_tensor_size(&n->weights[2 * l]); i++)
      set(&n->weights[2 * l], i, number() / sqrt((double)n->sizes[l]));
  }
}

// Dense layers with ReLU between them, and the cross-entropy of the last one's scores.
static void build(net *n, const gr_tensor *x, const gr_tensor *y) {
  for (int w = 0; w < WEIGHTS; w++) n->leaves[w] = leaf(&n->weights[w], true);
  n->input = leaf(x, false);
  n->target = leaf(y, false);
  gr_node *z = n->input;
  for (int l = 0; l < LAYERS; l++) {
    const int from = n->tied && l == 1 ? 0 : l;
    if (l > 0) z = keep(n, apply(&gr_op_unary, (gr_op_args){.kind = GR_RELU}, 1, &z));
    z = keep(n, apply(&gr_op_matmul, (gr_op_args){0}, 2, (gr_node *[]){z, n->leaves[2 * from]}));
    z = keep(n,
             apply(&gr_op_binary, (gr_op_args){.kind = GR_ADD}, 2, (gr_node *[]){z, n->leaves[2 * l + 1]}));
  }
  n->output = z;
  const gr_op_args loss = {.kind = GR_SPARSE_CATEGORICAL_CROSSENTROPY_LOGITS};
  n->loss = keep(n, apply(&gr_op_loss, loss, 2, (gr_node *[]){z, n->target}));
}

static void drop(net *n) {
  for (int i = 0; i < n->n_made; i++) gr_node_release(n->made[i]);
  for (int w = 0; w < WEIGHTS; w++) gr_node_release(n->leaves[w]);
  gr_node_release(n->input);
  gr_node_release(n->target);
  n->n_made = 0;
}

static gr_tensor labels(gr_dtype dtype, int64_t rows) {
  gr_tensor y = fresh(dtype, SHAPE(rows));
  for (int64_t i = 0; i < rows; i++) set(&y, i, below(3));
  return y;
}

static gr_program *record(net *n, gr_dtype dtype) {
  gr_tensor x = random_tensor(dtype, SHAPE(3, n->sizes[0])), y = labels(dtype, 3);
  build(n, &x, &y);
  gr_program_spec spec = {.input = n->input,
                          .target = n->target,
                          .output = n->output,
                          .n_scores = 1,
                          .n_weights = WEIGHTS,
                          .scores = {n->loss},
                          .weights = n->leaves,
                          .training = true};
  gr_program *p;
  if (gr_program_new(&p, &spec, &err)) fail_msg("%s", err.text);
  drop(n);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  return p;
}

static double replay(gr_program *p, gr_pool *pool, const gr_tensor *x, const gr_tensor *y, gr_way_back back) {
  double sum;
  const gr_batch batch = {.x = x, .y = y, .count = x->shape[0]};
  if (gr_program_run(p, pool, &batch, back, &sum, &err)) fail_msg("%s", err.text);
  return sum;
}

// Layers whose products are divided along their sums, along columns, and not at all.
static net some_net(int i) {
  static const net nets[] = {{{300, 130, 300, 3}}, {{70, 520, 80, 3}}, {{200, 200, 200, 3}, .tied = true}};
  return nets[i];
}
enum { NETS = 3 };

static void finish(net *n) {
  for (int w = 0; w < WEIGHTS; w++) gr_tensor_finish(&n->weights[w]);
}

static void a_whole_batch_equals_the_eager_graph(void **state) {
  for (int kind = 0; kind < NETS; kind++)
    for (int dtype = GR_F64; dtype <= GR_F32; dtype++) {
      net n = some_net(kind);
      make_weights(&n, dtype);
      gr_program *p = record(&n, dtype);
      for (int64_t rows = 1; rows <= 61; rows += 20) {
        gr_tensor x = random_tensor(dtype, SHAPE(rows, n.sizes[0])), y = labels(dtype, rows);
        const double sum = replay(p, NULL, &x, &y, GR_GRADIENTS);
        build(&n, &x, &y);
        gr_node *mean = keep(&n, apply(&gr_op_reduce, (gr_op_args){.kind = GR_MEAN, .axes = 1}, 1, &n.loss));
        assert_int_equal(gr_node_backward(mean, &eager, &err), GR_OK);
        assert_near(sum / (double)rows, get(&mean->value, 0), tolerance_of(dtype));
        for (int w = 0; w < WEIGHTS; w++) {
          if (!n.leaves[w]->gradient.ndim) continue;  // the tied net leaves one unused
          for (int64_t i = 0; i < gr_tensor_size(&n.weights[w]); i++)
            assert_near(get(gr_program_gradient(p, w), i), get(&n.leaves[w]->gradient, i),
                        tolerance_of(dtype));
        }
        drop(&n);
        gr_tensor_finish(&x);
        gr_tensor_finish(&y);
      }
      gr_program_free(p);
      finish(&n);
    }
}

static void pending_gradients_have_the_same_bits_with_1_2_and_8_threads(void **state) {
  static const int threads[] = {1, 2, 8};
  for (int kind = 0; kind < NETS; kind++) {
    net n = some_net(kind);
    make_weights(&n, GR_F32);
    gr_tensor x = random_tensor(GR_F32, SHAPE(37, n.sizes[0])), y = labels(GR_F32, 37);
    gr_program *first = record(&n, GR_F32);
    replay(first, NULL, &x, &y, GR_GRADIENTS);
    for (int t = 0; t < 3; t++) {
      gr_pool *pool;
      assert_int_equal(gr_pool_new(&pool, threads[t], &err), GR_OK);
      gr_program *p = record(&n, GR_F32);
      for (int again = 0; again < 10; again++) {
        replay(p, pool, &x, &y, again % 2 ? GR_GRADIENTS : GR_GRADIENTS_PENDING);
        assert_int_equal(gr_program_finish_gradients(p, pool, &err), GR_OK);
        for (int w = 0; w < WEIGHTS; w++)
          assert_memory_equal(gr_program_gradient(p, w)->data, gr_program_gradient(first, w)->data,
                              gr_tensor_bytes(&n.weights[w]));
      }
      gr_program_free(p);
      gr_pool_free(pool);
    }
    gr_program_free(first);
    gr_tensor_finish(&x);
    gr_tensor_finish(&y);
    finish(&n);
  }
}

// A few steps of Adam, with gradients computed on the way or before.
static void train(net *n, gr_pool *pool, gr_way_back back) {
  random_state = 3;
  make_weights(n, GR_F32);
  gr_tensor x = random_tensor(GR_F32, SHAPE(24, n->sizes[0])), y = labels(GR_F32, 24);
  gr_program *p = record(n, GR_F32);
  gr_tensor state[WEIGHTS][2];
  for (int w = 0; w < WEIGHTS; w++)
    for (int i = 0; i < 2; i++) state[w][i] = fresh(GR_F32, n->weights[w].ndim, n->weights[w].shape);
  const gr_update u = {
      .rule = GR_UPDATE_ADAM, .rate = .01, .a = .9, .b = .999, .epsilon = 1e-7, .scale = 1, .most = INFINITY};
  for (int step = 0; step < 4; step++) {
    replay(p, pool, &x, &y, back);
    for (int w = 0; w < WEIGHTS; w++) {
      gr_updated weight = {&n->weights[w], gr_program_gradient(p, w), {&state[w][0], &state[w][1]}};
      assert_int_equal(gr_program_update(p, pool, w, &weight, &u, &err), GR_OK);
    }
  }
  for (int w = 0; w < WEIGHTS; w++)
    for (int i = 0; i < 2; i++) gr_tensor_finish(&state[w][i]);
  gr_program_free(p);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
}

static void an_update_that_computes_gradients_changes_no_bit(void **state) {
  gr_pool *pool;
  assert_int_equal(gr_pool_new(&pool, 2, &err), GR_OK);
  for (int kind = 0; kind < NETS; kind++) {
    net before = some_net(kind), on_the_way = before;
    train(&before, NULL, GR_GRADIENTS);
    train(&on_the_way, pool, GR_GRADIENTS_PENDING);
    for (int w = 0; w < WEIGHTS; w++)
      assert_memory_equal(before.weights[w].data, on_the_way.weights[w].data,
                          gr_tensor_bytes(&before.weights[w]));
    finish(&before);
    finish(&on_the_way);
  }
  gr_pool_free(pool);
}

static void a_pending_gradient_is_bounded_only_where_it_is_finite(void **state) {
  net n = some_net(0);
  make_weights(&n, GR_F32);
  gr_program *p = record(&n, GR_F32);
  gr_tensor x = random_tensor(GR_F32, SHAPE(5, n.sizes[0])), y = labels(GR_F32, 5);
  assert_false(gr_program_gradient_is_bounded(p, 0));  // there is none yet
  replay(p, NULL, &x, &y, GR_GRADIENTS_PENDING);
  assert_true(gr_program_gradient_is_bounded(p, 0));
  assert_false(gr_program_gradient_is_bounded(p, 1));  // a bias: it is there
  assert_int_equal(gr_program_finish_gradient(p, NULL, 0, &err), GR_OK);
  assert_false(gr_program_gradient_is_bounded(p, 0));
  const double broken[] = {NAN, INFINITY, 3e38};
  for (int i = 0; i < 3; i++) {
    set(&x, 77, broken[i]);
    replay(p, NULL, &x, &y, GR_GRADIENTS_PENDING);
    assert_false(gr_program_gradient_is_bounded(p, 0));
  }
  gr_program_free(p);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  finish(&n);
}

int main(int argc, char **argv) {
  const int code = run_for_each_isa(argv);
  if (code >= 0) return code;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_whole_batch_equals_the_eager_graph),
      cmocka_unit_test(pending_gradients_have_the_same_bits_with_1_2_and_8_threads),
      cmocka_unit_test(an_update_that_computes_gradients_changes_no_bit),
      cmocka_unit_test(a_pending_gradient_is_bounded_only_where_it_is_finite),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
