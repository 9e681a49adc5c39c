// Penalties on weights, l1 sum |w| + l2 sum w^2, and the sum of squares that clipping needs as well. w is
// contiguous and a float; sums go through it once, in blocks that are added in order: always the same bits.
#ifndef GR_KERNEL_PENALTY_H
#define GR_KERNEL_PENALTY_H

#include "tensor/tensor.h"

double gr_sum_of_squares(const gr_tensor *w);
double gr_penalty(const gr_tensor *w, double l1, double l2);
// dw (+)= slope (l1 sign(w) + 2 l2 w), in dw's shape and dtype, which are w's. The derivative of |w| at 0 is
// taken as 0.
void gr_penalty_backward(gr_tensor *dw, const gr_tensor *w, double l1, double l2, double slope,
                         bool accumulate);

#endif
