// Batch normalization, in the pieces that a batch in slices needs: sums over the rows at hand, which somebody
// adds up, and then what follows from the sums of the whole batch for each row (Ioffe and Szegedy 2015).
//
// x, g and dx are contiguous (n, channels) of one float dtype. With N rows in the whole batch, S = sum x and
// Q = sum x^2: mean = S / N, variance = Q / N - mean^2 (biased), x^ = (x - mean) / sqrt(variance + epsilon),
// y = gamma x^ + beta.
#ifndef GR_KERNEL_NORMALIZE_H
#define GR_KERNEL_NORMALIZE_H

#include "tensor/tensor.h"

// What the sums of a batch come to, per channel; each array has `channels` numbers.
typedef struct gr_batch_moments {
  int64_t channels;
  const double *mean, *inverse_deviation;  // 1 / sqrt(variance + epsilon)
} gr_batch_moments;

// sums[0..channels-1] += x, sums[channels..] += x^2
void gr_batch_sums(double *sums, const gr_tensor *x);
// From the sums of a batch of `rows` rows.
void gr_batch_moments_of(double *mean, double *inverse_deviation, const double *sums, int64_t channels,
                         int64_t rows, double epsilon);
// y = gamma x^ + beta; either may be NULL. `scratch`: 3 x channels doubles.
void gr_batch_normalize(gr_tensor *y, const gr_tensor *x, const gr_batch_moments *m, const gr_tensor *gamma,
                        const gr_tensor *beta, double *scratch);
// sums[0..channels-1] += g, sums[channels..] += g x^: the gradients of beta and gamma, and what dx needs.
void gr_batch_gradient_sums(double *sums, const gr_tensor *g, const gr_tensor *x, const gr_batch_moments *m,
                            double *scratch);
// dx (+)= gamma / deviation (g - sum g / N - x^ sum(g x^) / N), with the sums of the whole batch.
void gr_batch_normalize_backward(gr_tensor *dx, const gr_tensor *g, const gr_tensor *x,
                                 const gr_batch_moments *m, const gr_tensor *gamma, const double *sums,
                                 int64_t rows, bool accumulate, double *scratch);

#endif
