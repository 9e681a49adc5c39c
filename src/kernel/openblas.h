// OpenBLAS, and the LAPACK inside it: the only door to that library (matmul.c and lapack.c go through it).
//
// It is loaded when it is first needed, not linked: it is 35 MB with 13,000 relocations, a third of the time
// to the prompt, and starts one spinning thread a core before main() could tell it not to. It runs on one
// thread.
#ifndef GR_KERNEL_OPENBLAS_H
#define GR_KERNEL_OPENBLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// LAPACK's routines as Fortran has them: everything by address, matrices column after column, and the lengths
// of the texts (all of one letter) at the end. An array of reals is void here, so that the float64 and the
// float32 routine have one type.
typedef struct gr_lapack {
  void (*getrf)(const int *m, const int *n, void *a, const int *lda, int *pivots, int *info);
  void (*getrs)(const char *transposed, const int *n, const int *columns, const void *a, const int *lda,
                const int *pivots, void *b, const int *ldb, int *info, size_t);
  void (*trtrs)(const char *triangle, const char *transposed, const char *unit, const int *n,
                const int *columns, const void *a, const int *lda, void *b, const int *ldb, int *info, size_t,
                size_t, size_t);
  void (*gecon)(const char *norm, const int *n, const void *a, const int *lda, const void *a_norm,
                void *rcond, void *work, int *whole_work, int *info, size_t);
  void (*gesdd)(const char *job, const int *m, const int *n, void *a, const int *lda, void *s, void *u,
                const int *ldu, void *vt, const int *ldvt, void *work, const int *size, int *whole_work,
                int *info, size_t);
  void (*syevd)(const char *job, const char *triangle, const int *n, void *a, const int *lda, void *w,
                void *work, const int *size, int *whole_work, const int *whole_size, int *info, size_t,
                size_t);
  void (*geqrf)(const int *m, const int *n, void *a, const int *lda, void *tau, void *work, const int *size,
                int *info);
  void (*orgqr)(const int *m, const int *n, const int *k, void *a, const int *lda, const void *tau,
                void *work, const int *size, int *info);
  void (*potrf)(const char *triangle, const int *n, void *a, const int *lda, int *info, size_t);
  void (*gelsd)(const int *m, const int *n, const int *columns, void *a, const int *lda, void *b,
                const int *ldb, void *s, const void *rcond, int *rank, void *work, const int *size,
                int *whole_work, int *info);
} gr_lapack;

// cblas_dgemm and cblas_sgemm: cblas.h has the values of `order` and `transpose`.
typedef void gr_gemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                     const double *a, int lda, const double *b, int ldb, double beta, double *c, int ldc);
typedef void gr_gemm_float(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                           const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

// cblas_dgemv and cblas_sgemv.
typedef void gr_gemv(int order, int transpose, int m, int n, double alpha, const double *a, int lda,
                     const double *x, int step_x, double beta, double *y, int step_y);
typedef void gr_gemv_float(int order, int transpose, int m, int n, float alpha, const float *a, int lda,
                           const float *x, int step_x, float beta, float *y, int step_y);

typedef struct gr_openblas {
  gr_gemm *dgemm;
  gr_gemm_float *sgemm;
  gr_gemv *dgemv;
  gr_gemv_float *sgemv;
  char *(*core_name)(void);
  gr_lapack lapack[2];  // float64, float32: the values of gr_dtype
} gr_openblas;

// Loads it when it is not there yet.
gr_code gr_openblas_need(const gr_openblas **out, gr_err *err);

#endif
