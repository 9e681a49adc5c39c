#include "kernel/openblas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libopenblas.so.0"

// Written once, by load; read only after it.
static gr_openblas blas;
static gr_err problem;  // why it could not be loaded

// What LAPACK's routines are called behind the letter of their type, and where they go.
static const struct {
  const char *name;
  size_t offset;
} routines[] = {
    {"getrf_", offsetof(gr_lapack, getrf)}, {"getrs_", offsetof(gr_lapack, getrs)},
    {"gecon_", offsetof(gr_lapack, gecon)}, {"gesdd_", offsetof(gr_lapack, gesdd)},
    {"syevd_", offsetof(gr_lapack, syevd)}, {"geqrf_", offsetof(gr_lapack, geqrf)},
    {"orgqr_", offsetof(gr_lapack, orgqr)}, {"potrf_", offsetof(gr_lapack, potrf)},
    {"gelsd_", offsetof(gr_lapack, gelsd)}, {"trtrs_", offsetof(gr_lapack, trtrs)},
};

static bool find(void *library, const char *name, void *to) {
  void *found = dlsym(library, name);
  memcpy(to, &found, sizeof found);  // ISO C keeps pointers to functions and to data apart, POSIX does not
  return found != NULL;
}

static bool find_all(void *library) {
  if (!find(library, "cblas_dgemm", &blas.dgemm) || !find(library, "cblas_sgemm", &blas.sgemm) ||
      !find(library, "cblas_dgemv", &blas.dgemv) || !find(library, "cblas_sgemv", &blas.sgemv) ||
      !find(library, "openblas_get_corename", &blas.core_name))
    return false;
  for (int type = 0; type < 2; type++)
    for (size_t i = 0; i < sizeof routines / sizeof routines[0]; i++) {
      char name[16];
      snprintf(name, sizeof name, "%c%s", "ds"[type], routines[i].name);
      if (!find(library, name, (char *)&blas.lapack[type] + routines[i].offset)) return false;
    }
  return true;
}

static void load(void) {
  // Its own threads change bits and stall after idling; we slice the work ourselves. It reads the number
  // while it is loaded; programs that a learner starts are to find what was there before. Our other threads
  // never look.
  const char *name = "OPENBLAS_NUM_THREADS", *value = getenv(name);
  char *before = value ? strdup(value) : NULL;
  setenv(name, "1", 1);
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (before)
    setenv(name, before, 1);
  else
    unsetenv(name);
  free(before);
  if (library && find_all(library)) return;
  const char *why = dlerror();
  gr_fail(&problem, GR_ERR_IO,
          "matrix products and decompositions need OpenBLAS, which cannot be loaded (%s): install it with "
          "`apt install libopenblas0-pthread` and start gradus again",
          why ? why : "no reason given");
}

gr_code gr_openblas_need(const gr_openblas **out, gr_err *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  *out = &blas;
  if (!problem.code) return GR_OK;
  return gr_fail(err, problem.code, "%s", problem.text);
}
