// Optimizer updates: checks; the loops are in inner_network.c. A weight of any shape is one run of numbers.
#include "kernel/check.h"
#include "kernel/table.h"

static gr_code check(const gr_tensor *w, const gr_tensor *other, const char *what, gr_err *err) {
  gr_code code = gr_check_float(other, w, what, err);
  return code ? code : gr_check_same_shape(other, w, what, "the weight", err);
}

gr_code gr_sgd_update(gr_tensor *w, const gr_tensor *g, gr_tensor *velocity, double learning_rate,
                      double momentum, bool nesterov, gr_err *err) {
  gr_code code = gr_check_float(w, NULL, "a weight", err);
  if (!code) code = check(w, g, "the gradient", err);
  if (!code && velocity) code = check(w, velocity, "the velocity", err);
  if (!code && !velocity && momentum != 0)
    code = gr_fail(err, GR_ERR_VALUE, "a momentum of %g needs a velocity to keep between steps", momentum);
  if (code) return code;
  const gr_network_table *loops = gr_kernels()->network[w->dtype];
  if (velocity)
    loops->sgd_momentum(w->data, g->data, velocity->data, gr_tensor_size(w), learning_rate, momentum,
                        nesterov);
  else
    loops->sgd(w->data, g->data, gr_tensor_size(w), learning_rate);
  return GR_OK;
}

gr_code gr_adam_update(gr_tensor *w, const gr_tensor *g, gr_tensor *m, gr_tensor *v, double rate,
                       double beta_1, double beta_2, double epsilon, gr_err *err) {
  gr_code code = gr_check_float(w, NULL, "a weight", err);
  if (!code) code = check(w, g, "the gradient", err);
  if (!code) code = check(w, m, "the running mean of the gradient", err);
  if (!code) code = check(w, v, "the running mean of the squared gradient", err);
  if (code) return code;
  gr_kernels()->network[w->dtype]->adam(w->data, g->data, m->data, v->data, gr_tensor_size(w), rate, beta_1,
                                        beta_2, epsilon);
  return GR_OK;
}
