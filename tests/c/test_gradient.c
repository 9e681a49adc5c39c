// Every row of the elementwise tables has a derivative that central differences confirm. The loops run over
// the tables, so that a new operation cannot be forgotten.
#include "random_tensor.h"

#include "grad/graph.h"

static const gr_run eager = {.training = false};

static gr_node *leaf(const gr_tensor *t) {
  gr_node *node;
  if (gr_node_leaf(&node, t, true, &err)) fail_msg("%s", err.text);
  return node;
}

static double at(const gr_tensor *t, int64_t i) { return ((const double *)t->data)[i]; }

// The sum of op(x), or of op(x, y), over all elements, and the gradients of x and y (NULL: of no interest).
static void differentiate(const gr_op *op, int kind, int inputs, const gr_tensor *const *in,
                          double (*gradient)[6]) {
  gr_node *leaves[2] = {leaf(in[0]), inputs == 2 ? leaf(in[1]) : NULL}, *y, *total;
  gr_op_args args = {.kind = kind}, all = {.kind = GR_SUM, .axes = 3};
  if (gr_node_apply(&y, op, &args, inputs, leaves, &eager, &err)) fail_msg("%s", err.text);
  if (gr_node_apply(&total, &gr_op_reduce, &all, 1, &y, &eager, &err)) fail_msg("%s", err.text);
  if (gr_node_backward(total, &eager, &err)) fail_msg("%s", err.text);
  for (int k = 0; k < inputs; k++)
    for (int64_t i = 0; i < gr_tensor_size(in[k]); i++)
      gradient[k][i] = leaves[k]->gradient.data ? at(&leaves[k]->gradient, i) : 0;
  gr_node_release(total), gr_node_release(y), gr_node_release(leaves[0]), gr_node_release(leaves[1]);
}

static double close_to(double a, double b) { return fabs(a - b) / (1 + fabs(a) + fabs(b)); }

static void every_function_of_one_number_has_its_derivative(void **state) {
  // Away from the corners of floor and round.
  static const double points[] = {0.13, 0.31, 0.44, 0.62, 0.77, 0.88};
  for (int kind = 0; kind < GR_N_UNARY; kind++) {
    if (gr_unary_dtype(kind, GR_F64) == GR_BOOL) continue;
    for (int sign = 1; sign >= -1; sign -= 2) {
      gr_tensor x = fresh(GR_F64, SHAPE(2, 3));
      for (int i = 0; i < 6; i++) ((double *)x.data)[i] = sign * points[i];
      double got[1][6];
      differentiate(&gr_op_unary, kind, 1, (const gr_tensor *const[]){&x}, got);
      for (int i = 0; i < 6; i++) {
        const double h = 1e-6;
        double up = sign * points[i] + h, down = sign * points[i] - h;
        gr_tensor in = {.data = &up, .dtype = GR_F64};
        if (gr_unary(&in, kind, &in, &err)) fail_msg("%s", err.text);
        in.data = &down;
        if (gr_unary(&in, kind, &in, &err)) fail_msg("%s", err.text);
        double slope = (up - down) / (2 * h);
        if (slope == slope && !(close_to(got[0][i], slope) < 1e-8))
          fail_msg("the derivative of %s at %g is %.12g, and here %.12g", gr_unary_name(kind),
                   sign * points[i], slope, got[0][i]);
      }
      gr_tensor_finish(&x);
    }
  }
}

static double total_of(int kind, const gr_tensor *x, const gr_tensor *y) {
  double out[6], sum = 0;
  gr_tensor result = *x;
  result.data = out;
  if (gr_binary(&result, kind, x, y, &err)) fail_msg("%s", err.text);
  for (int i = 0; i < 6; i++) sum += out[i];
  return sum;
}

static void every_function_of_two_numbers_has_both_derivatives_through_a_broadcast(void **state) {
  static const double xs[] = {0.53, -1.31, 2.44, -0.62, 1.77, 3.88}, ys[] = {0.71, 1.9, 2.6};
  for (int kind = 0; kind < GR_N_BINARY; kind++) {
    if (gr_binary_dtype(kind, GR_F64, GR_F64) == GR_BOOL) continue;
    gr_tensor x = fresh(GR_F64, SHAPE(2, 3)), y = fresh(GR_F64, SHAPE(3));
    for (int i = 0; i < 6; i++) ((double *)x.data)[i] = kind == GR_POW ? fabs(xs[i]) : xs[i];
    memcpy(y.data, ys, sizeof ys);
    double got[2][6];
    differentiate(&gr_op_binary, kind, 2, (const gr_tensor *const[]){&x, &y}, got);
    for (int k = 0; k < 2; k++)
      for (int i = 0; i < (k ? 3 : 6); i++) {
        double *number = (double *)(k ? y : x).data + i, kept = *number;
        const double h = 1e-6;
        *number = kept + h;
        double up = total_of(kind, &x, &y);
        *number = kept - h;
        double slope = (up - total_of(kind, &x, &y)) / (2 * h);
        *number = kept;
        if (!(close_to(got[k][i], slope) < 1e-8))
          fail_msg("the derivative of %s by operand %d at %g is %.12g, and here %.12g", gr_binary_name(kind),
                   k + 1, kept, slope, got[k][i]);
      }
    gr_tensor_finish(&x), gr_tensor_finish(&y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_function_of_one_number_has_its_derivative),
      cmocka_unit_test(every_function_of_two_numbers_has_both_derivatives_through_a_broadcast),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
