// Optimizers: how weights follow their gradients, in place, in one pass over the numbers, as Keras defines
// them.
#ifndef GR_KERNEL_UPDATE_H
#define GR_KERNEL_UPDATE_H

#include "base/pool.h"
#include "tensor/tensor.h"

// What each rule keeps beside a weight, and what it does with the gradient g at the learning rate r:
typedef enum gr_update_rule {
  GR_UPDATE_SGD,       // w -= r g
  GR_UPDATE_MOMENTUM,  // v: v = a v - r g; w += v
  GR_UPDATE_NESTEROV,  // v: v = a v - r g; w += a v - r g
  // m, v: m += (g - m)(1 - a); v += (g^2 - v)(1 - b); w -= r m / (sqrt(v) + e). The caller puts
  // sqrt(1 - b^t) / (1 - a^t) into r. (Kingma and Ba 2015)
  GR_UPDATE_ADAM,
  GR_UPDATE_RMSPROP,           // v: v = a v + (1 - a) g^2; w -= r g / sqrt(v + e)  (Tieleman and Hinton 2012)
  GR_UPDATE_RMSPROP_MOMENTUM,  // v, m: v as above; m = b m + r g / sqrt(v + e); w -= m
  GR_UPDATE_ADAGRAD,           // v: v += g^2; w -= r g / sqrt(v + e)  (Duchi et al. 2011)
  GR_N_UPDATES
} gr_update_rule;

#define GR_UPDATE_STATES 2

typedef struct gr_update {
  gr_update_rule rule;
  double rate, a, b, epsilon;
  double decay;        // first of all w -= decay w
  double scale, most;  // the gradient is multiplied by `scale` and cut to -most..most
} gr_update;

// How many tensors the rule keeps beside each weight.
int gr_update_states(gr_update_rule rule);

// One weight with its gradient and state, all contiguous, of one dtype and shape.
typedef struct gr_updated {
  gr_tensor *w;
  const gr_tensor *g;
  gr_tensor *state[GR_UPDATE_STATES];  // as many as the rule keeps
} gr_updated;

// A step for one weight. The numbers are shared among the threads of `pool` (may be NULL) where there are
// many; each is computed alone, so that threads change no bit.
gr_code gr_update_weight(const gr_updated *weight, const gr_update *update, gr_pool *pool, gr_err *err);

// The same for a matrix (k, n) whose gradient is x^T d, of x (rows, k) and d (rows, n), without that gradient
// (weight->g may be NULL): a part of it at a time is computed and used while it is in the nearest caches.
// Only where gr_updates_by_product says so: float32. Zeros of d are passed over where there are many, for
// which `room` takes gr_update_room(d) bytes; NULL, and they are not. Neither changes a bit.
bool gr_updates_by_product(const gr_tensor *w, const gr_tensor *x, const gr_tensor *d);
size_t gr_update_room(const gr_tensor *d);
gr_code gr_update_by_product(const gr_updated *weight, const gr_update *update, const gr_tensor *x,
                             const gr_tensor *d, void *room, gr_pool *pool, gr_err *err);

#endif
