// Discrete Fourier transforms on FFTW (fft.c is the only door to it, and loads it when it is first needed).
//
// Complex numbers are two tensors, real and imaginary parts. Each transform runs along one axis of `out`;
// inputs have its other sizes, and along that axis are cut off or filled up with zeros. All are float64 or
// all float32, of any strides. Plans are FFTW's estimates, which do not depend on timings, so that the bits
// are the same in every run. Between parts of a stack of transforms the interrupt flag is polled; one
// transform cannot be stopped.
#ifndef GR_KERNEL_FFT_H
#define GR_KERNEL_FFT_H

#include "tensor/tensor.h"

// X[k] = sum_j x[j] e^(-2 pi i j k / n), or with e^(+...) for `inverse`, which is not divided by n. `im` may
// be NULL: all zero. The outputs may be the inputs.
gr_code gr_fft(gr_tensor *out_re, gr_tensor *out_im, const gr_tensor *re, const gr_tensor *im, int axis,
               bool inverse, gr_err *err);
// Of n real numbers: the first n / 2 + 1 of their transform, which say all. x has the n along `axis`.
gr_code gr_rfft(gr_tensor *out_re, gr_tensor *out_im, const gr_tensor *x, int64_t n, int axis, gr_err *err);
// Back from those to the n that `out` has along `axis`, times n.
gr_code gr_irfft(gr_tensor *out, const gr_tensor *re, const gr_tensor *im, int axis, gr_err *err);

// "FFTW 3.3.10": for `gradus doctor`. Loads it.
gr_code gr_fft_version(const char **out, gr_err *err);

#endif
