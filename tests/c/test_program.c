// Recorded programs: replay equals the eager graph, whatever the slices and threads, and a warm step
// allocates nothing.
#include "nodes.h"

#include <math.h>
#include <stdatomic.h>

#include "grad/program.h"
#include "kernel/update.h"
#include "wrapped.h"

// The linker sends every allocation of ours through these (see tests/meson.build).
static atomic_long allocations;
void *__wrap_malloc(size_t n) {
  allocations++;
  return __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t m) {
  allocations++;
  return __real_calloc(n, m);
}
void *__wrap_realloc(void *p, size_t n) {
  allocations++;
  return __real_realloc(p, n);
}
void *__wrap_aligned_alloc(size_t a, size_t n) {
  allocations++;
  return __real_aligned_alloc(a, n);
}

enum { WEIGHTS = 4 };

// A small network: convolution, ReLU, pooling, flatten, dense, softmax, cross-entropy.
typedef struct net {
  gr_tensor weights[WEIGHTS];
  gr_node *leaves[WEIGHTS], *made[16];
  int n_made;
  gr_node *input, *target, *output, *loss, *penalty;
  bool penalized;
  enum { RELU_THEN_POOL, POOL_THEN_RELU, POOL_ALONE, RELU_SEEN_TWICE, CHANNELS_FIRST, N_MIDDLES } middle;
} net;

static gr_node *keep(net *n, gr_node *node) { return n->made[n->n_made++] = node; }

static void make_weights(net *n, gr_dtype dtype) {
  *n = (net){.middle = n->middle, .penalized = n->penalized};
  n->weights[0] = fresh(dtype, SHAPE(3, 3, 2, 4));
  n->weights[1] = fresh(dtype, SHAPE(4));
  n->weights[2] = fresh(dtype, SHAPE(3 * 3 * 4, 3));
  n->weights[3] = fresh(dtype, SHAPE(3));
  for (int w = 0; w < WEIGHTS; w++)
    for (int64_t i = 0; i < gr_tensor_size(&n->weights[w]); i++) set(&n->weights[w], i, number());
}

static void build(net *n, const gr_tensor *x, const gr_tensor *y) {
  for (int w = 0; w < WEIGHTS; w++) n->leaves[w] = leaf(&n->weights[w], true);
  n->input = leaf(x, false);
  n->target = leaf(y, false);
  gr_op_args conv = {.window = {.stride = {1, 1}, .dilation = {1, 1}}, .same = true};
  gr_op_args pool = {.window = {.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}}};
  gr_op_args flat = {.ndim = 1, .shape = {3 * 3 * 4}, .keepdims = true};
  gr_node *z = keep(n, apply(&gr_op_conv2d, conv, 3, (gr_node *[]){n->input, n->leaves[0], n->leaves[1]}));
  const gr_op_args relu = {.kind = GR_RELU}, add = {.kind = GR_ADD};
  if (n->middle == POOL_THEN_RELU || n->middle == POOL_ALONE)
    z = keep(n, apply(&gr_op_max_pool2d, pool, 1, &z));
  if (n->middle != POOL_ALONE) z = keep(n, apply(&gr_op_unary, relu, 1, &z));
  if (n->middle == RELU_SEEN_TWICE) z = keep(n, apply(&gr_op_binary, add, 2, (gr_node *[]){z, z}));
  if (n->middle == CHANNELS_FIRST) {
    const gr_op_args first = {.order = {0, 3, 1, 2}}, last = {.order = {0, 2, 3, 1}};
    z = keep(n, apply(&gr_op_transpose, first, 1, &z));
    z = keep(n, apply(&gr_op_transpose, last, 1, &z));
  }
  if (n->middle == RELU_THEN_POOL || n->middle == RELU_SEEN_TWICE || n->middle == CHANNELS_FIRST)
    z = keep(n, apply(&gr_op_max_pool2d, pool, 1, &z));
  z = keep(n, apply(&gr_op_reshape, flat, 1, &z));
  z = keep(n, apply(&gr_op_matmul, (gr_op_args){0}, 2, (gr_node *[]){z, n->leaves[2]}));
  z = keep(n, apply(&gr_op_binary, (gr_op_args){.kind = GR_ADD}, 2, (gr_node *[]){z, n->leaves[3]}));
  n->output = keep(n, apply(&gr_op_softmax, (gr_op_args){0}, 1, &z));
  // As networks do it: the loss looks at the scores, and the softmax is an output beside it.
  gr_loss loss = GR_SPARSE_CATEGORICAL_CROSSENTROPY;
  gr_node *scores = gr_node_scores(n->output, &loss);
  assert_ptr_equal(scores, z);
  n->loss = keep(n, apply(&gr_op_loss, (gr_op_args){.kind = (int)loss}, 2, (gr_node *[]){scores, n->target}));
  if (!n->penalized) return;
  // That of one weight by its operation, that of another (and again of the first) by others.
  gr_node *a = keep(n, apply(&gr_op_penalty, (gr_op_args){.l1 = 0.1, .l2 = 0.2}, 1, &n->leaves[2]));
  gr_node *b = keep(n, apply(&gr_op_matmul, (gr_op_args){0}, 2, (gr_node *[]){n->leaves[2], n->leaves[3]}));
  b = keep(n, apply(&gr_op_reduce, (gr_op_args){.kind = GR_STD, .axes = 1}, 1, &b));
  n->penalty = keep(n, apply(&gr_op_binary, add, 2, (gr_node *[]){a, b}));
}

static void drop(net *n) {
  for (int i = 0; i < n->n_made; i++) gr_node_release(n->made[i]);
  for (int w = 0; w < WEIGHTS; w++) gr_node_release(n->leaves[w]);
  gr_node_release(n->input);
  gr_node_release(n->target);
  n->n_made = 0;
}

static void finish(net *n) {
  for (int w = 0; w < WEIGHTS; w++) gr_tensor_finish(&n->weights[w]);
}

static gr_tensor images(gr_dtype dtype, int64_t rows) {
  gr_tensor x = fresh(dtype, SHAPE(rows, 7, 7, 2));
  for (int64_t i = 0; i < gr_tensor_size(&x); i++) set(&x, i, number());
  return x;
}

static gr_tensor labels(int64_t rows) {
  gr_tensor y = fresh(GR_U8, SHAPE(rows));
  for (int64_t i = 0; i < rows; i++) set(&y, i, below(3));
  return y;
}

static gr_program *record(net *n, gr_dtype dtype) {
  gr_tensor x = images(dtype, 3), y = fresh(dtype, SHAPE(3));
  build(n, &x, &y);
  gr_program_spec spec = {.input = n->input,
                          .target = n->target,
                          .output = n->output,
                          .n_scores = 1,
                          .n_weights = WEIGHTS,
                          .scores = {n->loss},
                          .penalty = n->penalty,
                          .weights = n->leaves,
                          .training = true};
  gr_program *p;
  if (gr_program_new(&p, &spec, &err)) fail_msg("%s", err.text);
  drop(n);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  return p;
}

static double replay(gr_program *p, gr_pool *pool, const gr_tensor *x, const gr_tensor *y) {
  double sum;
  gr_batch batch = {.x = x, .y = y, .count = x->shape[0]};
  if (gr_program_run(p, pool, &batch, true, &sum, &err)) fail_msg("%s", err.text);
  return sum;
}

// The eager graph runs each operation by itself; of float32, the program joins some.
static void check_replay(net *n, gr_dtype dtype, double tolerance) {
  make_weights(n, dtype);
  gr_program *p = record(n, dtype);
  for (int64_t rows = 1; rows <= 40; rows += 3) {
    gr_tensor x = images(dtype, rows), y = labels(rows), t = fresh(dtype, SHAPE(rows));
    for (int64_t i = 0; i < rows; i++) set(&t, i, get(&y, i));
    double sum = replay(p, NULL, &x, &y);
    build(n, &x, &t);
    gr_node *mean = keep(n, apply(&gr_op_reduce, (gr_op_args){.kind = GR_MEAN, .axes = 1}, 1, &n->loss));
    const gr_op_args add = {.kind = GR_ADD};
    if (n->penalty) mean = keep(n, apply(&gr_op_binary, add, 2, (gr_node *[]){mean, n->penalty}));
    assert_int_equal(gr_node_backward(mean, &eager, &err), GR_OK);
    assert_near(sum / (double)rows, get(&mean->value, 0), tolerance);
    for (int w = 0; w < WEIGHTS; w++)
      for (int64_t i = 0; i < gr_tensor_size(&n->weights[w]); i++)
        assert_near(get(gr_program_gradient(p, w), i), get(&n->leaves[w]->gradient, i), tolerance);
    drop(n);
    gr_tensor_finish(&x);
    gr_tensor_finish(&y);
    gr_tensor_finish(&t);
  }
  gr_program_free(p);
  finish(n);
}

static void replay_equals_the_eager_graph_for_every_size_of_batch(void **state) {
  (void)state;
  for (int middle = 0; middle < N_MIDDLES; middle++) {
    check_replay(&(net){.middle = middle}, GR_F64, 1e-12);
    check_replay(&(net){.middle = middle}, GR_F32, 1e-5);
  }
}

static void a_penalty_on_weights_joins_the_loss_and_the_gradients_once_a_batch(void **state) {
  (void)state;
  check_replay(&(net){.penalized = true}, GR_F64, 1e-12);
  check_replay(&(net){.penalized = true}, GR_F32, 1e-5);
}

static void gradients_have_the_same_bits_with_1_2_and_8_threads(void **state) {
  (void)state;
  net n = {.penalized = true};
  make_weights(&n, GR_F32);
  gr_tensor x = images(GR_F32, 37), y = labels(37), first[WEIGHTS] = {{0}};
  const int threads[] = {1, 2, 8};
  for (int k = 0; k < 3; k++) {
    gr_pool *pool;
    assert_int_equal(gr_pool_new(&pool, threads[k], &err), GR_OK);
    gr_program *p = record(&n, GR_F32);
    for (int again = 0; again < 20; again++) {
      replay(p, pool, &x, &y);
      for (int w = 0; w < WEIGHTS; w++) {
        const gr_tensor *g = gr_program_gradient(p, w);
        if (!first[w].buffer) {
          first[w] = fresh(GR_F32, g->ndim, g->shape);
          memcpy(first[w].data, g->data, gr_tensor_bytes(g));
        }
        assert_memory_equal(first[w].data, g->data, gr_tensor_bytes(g));
      }
    }
    gr_program_free(p);
    gr_pool_free(pool);
  }
  for (int w = 0; w < WEIGHTS; w++) gr_tensor_finish(&first[w]);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  finish(&n);
}

static void a_warm_training_step_allocates_nothing(void **state) {
  (void)state;
  net n = {.penalized = true};
  make_weights(&n, GR_F32);
  gr_pool *pool;
  assert_int_equal(gr_pool_new(&pool, 2, &err), GR_OK);
  gr_program *p = record(&n, GR_F32);
  gr_tensor x = images(GR_F32, 32), y = labels(32);
  replay(p, pool, &x, &y);
  long before = allocations;
  assert_true(before > 0);  // the counter counts
  for (int i = 0; i < 50; i++) {
    replay(p, pool, &x, &y);
    for (int w = 0; w < WEIGHTS; w++) {
      gr_updated weight = {&n.weights[w], gr_program_gradient(p, w), {NULL}};
      gr_update u = {.rule = GR_UPDATE_SGD, .rate = 0.01, .scale = 1, .most = INFINITY};
      assert_int_equal(gr_update_weight(&weight, &u, pool, &err), GR_OK);
    }
  }
  assert_int_equal(allocations - before, 0);
  gr_program_free(p);
  gr_pool_free(pool);
  gr_tensor_finish(&x);
  gr_tensor_finish(&y);
  finish(&n);
}

static void a_batch_that_does_not_fit_is_an_error_with_both_shapes(void **state) {
  (void)state;
  net n = {0};
  make_weights(&n, GR_F32);
  gr_program *p = record(&n, GR_F32);
  gr_tensor x = fresh(GR_F32, SHAPE(4, 7, 7)), good = images(GR_F32, 4), y = labels(4), bad = labels(3);
  double sum;
  gr_batch batch = {.x = &x, .y = &y, .count = 4};
  assert_int_equal(gr_program_run(p, NULL, &batch, true, &sum, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "(4, 7, 7)"));
  assert_non_null(strstr(err.text, "(7, 7, 2)"));
  batch = (gr_batch){.x = &good, .y = &bad, .count = 4};
  assert_int_equal(gr_program_run(p, NULL, &batch, true, &sum, &err), GR_ERR_SHAPE);
  batch = (gr_batch){.x = &good, .y = &y, .first = 2, .count = 4};
  assert_int_equal(gr_program_run(p, NULL, &batch, true, &sum, &err), GR_ERR_VALUE);
  set(&y, 2, 7);
  batch = (gr_batch){.x = &good, .y = &y, .count = 4};
  assert_int_equal(gr_program_run(p, NULL, &batch, true, &sum, &err), GR_ERR_VALUE);
  assert_non_null(strstr(err.text, "7"));
  gr_program_free(p);
  gr_tensor_finish(&x);
  gr_tensor_finish(&good);
  gr_tensor_finish(&y);
  gr_tensor_finish(&bad);
  finish(&n);
}

static void a_step_that_mixes_samples_is_refused_by_name(void **state) {
  (void)state;
  gr_tensor x = fresh(GR_F64, SHAPE(3, 2));
  gr_node *input = leaf(&x, false);
  gr_node *mixed = apply(&gr_op_reduce, (gr_op_args){.kind = GR_SUM, .axes = 1, .keepdims = true}, 1, &input);
  gr_program_spec spec = {.input = input, .output = mixed};
  gr_program *p;
  assert_int_equal(gr_program_new(&p, &spec, &err), GR_ERR_SHAPE);
  assert_non_null(strstr(err.text, "reduce mixes the samples"));
  gr_node_release(mixed);
  gr_node_release(input);
  gr_tensor_finish(&x);
}

static void a_chain_of_a_hundred_thousand_operations_is_freed_without_recursion(void **state) {
  (void)state;
  gr_tensor x = fresh(GR_F64, SHAPE(1));
  gr_node *node = leaf(&x, true);
  for (int i = 0; i < 100000; i++) {
    gr_node *next = apply(&gr_op_unary, (gr_op_args){.kind = GR_SIN}, 1, &node);
    gr_node_release(node);
    node = next;
  }
  assert_int_equal(gr_node_backward(node, &eager, &err), GR_OK);
  gr_node_release(node);
  gr_tensor_finish(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replay_equals_the_eager_graph_for_every_size_of_batch),
      cmocka_unit_test(a_penalty_on_weights_joins_the_loss_and_the_gradients_once_a_batch),
      cmocka_unit_test(gradients_have_the_same_bits_with_1_2_and_8_threads),
      cmocka_unit_test(a_warm_training_step_allocates_nothing),
      cmocka_unit_test(a_batch_that_does_not_fit_is_an_error_with_both_shapes),
      cmocka_unit_test(a_step_that_mixes_samples_is_refused_by_name),
      cmocka_unit_test(a_chain_of_a_hundred_thousand_operations_is_freed_without_recursion),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
