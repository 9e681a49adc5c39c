#include "kernel/fft.h"

#include <dlfcn.h>
#include <fftw3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/interrupt.h"
#include "kernel/elementwise.h"

// ---- FFTW ----

// One library a type, with one type of function: arrays are void, and a plan is whatever it is.
typedef struct fftw {
  void *(*plan)(int rank, const fftw_iodim64 *sizes, int stack_rank, const fftw_iodim64 *stack, void *re,
                void *im, void *out_re, void *out_im, unsigned flags);
  void *(*plan_real)(int rank, const fftw_iodim64 *sizes, int stack_rank, const fftw_iodim64 *stack, void *x,
                     void *out_re, void *out_im, unsigned flags);
  void *(*plan_back)(int rank, const fftw_iodim64 *sizes, int stack_rank, const fftw_iodim64 *stack, void *re,
                     void *im, void *out, unsigned flags);
  void (*execute)(const void *plan);
  void (*destroy)(void *plan);
  const char *version;
  gr_err problem;  // why it could not be loaded
} fftw;

static fftw types[2];  // float64, float32; written once, by load

static void load_type(fftw *f, const char *file, const char *prefix, const char *package) {
  const struct {
    const char *name;
    void *to;
  } functions[] = {
      {"plan_guru64_split_dft", &f->plan},
      {"plan_guru64_split_dft_r2c", &f->plan_real},
      {"plan_guru64_split_dft_c2r", &f->plan_back},
      {"execute", &f->execute},
      {"destroy_plan", &f->destroy},
      {"version", &f->version},
  };
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  bool complete = library != NULL;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0] && complete; i++) {
    char name[48];
    snprintf(name, sizeof name, "%s_%s", prefix, functions[i].name);
    void *found = dlsym(library, name);
    memcpy(functions[i].to, &found, sizeof found);  // ISO C keeps pointers to functions and to data apart
    complete = found != NULL;
  }
  if (complete) return;
  const char *why = dlerror();
  gr_fail(
      &f->problem, GR_ERR_IO,
      "Fourier transforms need FFTW, which cannot be loaded (%s): install it with `apt install %s` and start "
      "gradus again",
      why ? why : "no reason given", package);
}

static void load(void) {
  load_type(&types[GR_F64], "libfftw3.so.3", "fftw", "libfftw3-double3");
  load_type(&types[GR_F32], "libfftw3f.so.3", "fftwf", "libfftw3-single3");
}

static gr_code need_fftw(const fftw **out, gr_dtype dtype, gr_err *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  *out = &types[dtype];
  if (!types[dtype].problem.code) return GR_OK;
  return gr_fail(err, types[dtype].problem.code, "%s", types[dtype].problem.text);
}

gr_code gr_fft_version(const char **out, gr_err *err) {
  const fftw *f;
  gr_code code = need_fftw(&f, GR_F64, err);
  if (!code) *out = f->version;
  return code;
}

// ---- transforms ----

// Complex numbers that are transformed at once: some tenths of a second.
#define AT_ONCE (1 << 22)

// Two contiguous arrays with the same sizes but along one axis, and what each transform reads and writes.
typedef struct job {
  fftw_iodim64 size, stack[2];  // of one transform; before and behind its axis
  int64_t step_in, step_out;    // of the stack before the axis, in elements
} job;

static job plan_job(const gr_tensor *in, const gr_tensor *out, int axis, int64_t n) {
  int64_t before = 1, behind = 1;
  for (int i = 0; i < axis; i++) before *= out->shape[i];
  for (int i = axis + 1; i < out->ndim; i++) behind *= out->shape[i];
  job j = {.size = {n, behind, behind},
           .step_in = in->shape[axis] * behind,
           .step_out = out->shape[axis] * behind};
  j.stack[0] = (fftw_iodim64){before, j.step_in, j.step_out};
  j.stack[1] = (fftw_iodim64){behind, 1, 1};
  return j;
}

typedef enum kind { COMPLEX, FROM_REAL, TO_REAL } kind;

static void *offset(const gr_tensor *t, int64_t elements) {
  return t ? (char *)t->data + elements * (int64_t)gr_dtype_size((gr_dtype)t->dtype) : NULL;
}

// ---- one long transform ----
//
// One transform cannot be cut into parts. A long one runs on a thread of its own, while this one looks for an
// interrupt; after one it is left to itself: it ends for nobody, and lets go of its memory.

#define LONG_ROW (1 << 20)   // some hundredths of a second
#define LOOK_EVERY 20000000  // ns

typedef struct errand {
  const fftw *f;
  void *plan, *block;  // the block that it reads and writes
  pthread_mutex_t lock;
  pthread_cond_t ended;
  bool has_ended, is_left;
} errand;

// FFTW plans and forgets plans on one thread at a time.
static pthread_mutex_t planning = PTHREAD_MUTEX_INITIALIZER;

static void destroy_plan(const fftw *f, void *plan) {
  pthread_mutex_lock(&planning);
  f->destroy(plan);
  pthread_mutex_unlock(&planning);
}

static void finish_errand(errand *e) {
  pthread_cond_destroy(&e->ended);
  pthread_mutex_destroy(&e->lock);
  free(e);
}

static void *do_errand(void *argument) {
  errand *e = argument;
  e->f->execute(e->plan);
  pthread_mutex_lock(&e->lock);
  e->has_ended = true;
  const bool is_left = e->is_left;
  pthread_cond_signal(&e->ended);
  pthread_mutex_unlock(&e->lock);
  if (is_left) {
    destroy_plan(e->f, e->plan);
    gr_free(e->block);
    finish_errand(e);
  }
  return NULL;
}

// The thread that does it hears no signals: Ctrl-C is for the one that waits. False when there is none.
static bool send(errand *e) {
  sigset_t all, before;
  pthread_attr_t detached;
  pthread_t thread;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  const bool sent = pthread_create(&thread, &detached, do_errand, e) == 0;
  pthread_attr_destroy(&detached);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return sent;
}

// Executes the plan and destroys it. After an interrupt `*block` is no longer the caller's: it is NULL.
static gr_code execute_apart(const fftw *f, void *plan, void **block, gr_err *err) {
  errand *e = calloc(1, sizeof *e);
  gr_code code = GR_OK;
  if (e) {
    *e = (errand){.f = f, .plan = plan, .block = *block};
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->ended, NULL);
  }
  if (!e || !send(e)) {
    f->execute(plan);
  } else {
    pthread_mutex_lock(&e->lock);
    while (!e->has_ended && !(code = gr_interrupt_poll(err))) {
      struct timespec until;
      clock_gettime(CLOCK_REALTIME, &until);
      until.tv_nsec += LOOK_EVERY;
      if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
      pthread_cond_timedwait(&e->ended, &e->lock, &until);
    }
    e->is_left = !e->has_ended;
    const bool is_left = e->is_left;
    pthread_mutex_unlock(&e->lock);
    if (is_left) {
      *block = NULL;
      return code;
    }
  }
  destroy_plan(f, plan);
  if (e) finish_errand(e);
  return code;
}

// in[1] or out[1] is NULL where the numbers are real. They are parts of `*block`, which is NULL when they
// still are in use by a transform that an interrupt left behind.
static gr_code run(const job *j, kind what, gr_tensor *const out[2], gr_tensor *const in[2], void **block,
                   gr_err *err) {
  const gr_dtype dtype = (gr_dtype)in[0]->dtype;
  const fftw *f;
  gr_code code = need_fftw(&f, dtype, err);
  if (code) return code;
  const int64_t all = j->stack[0].n, row = j->size.n * j->stack[1].n;
  const int64_t most = row >= AT_ONCE ? 1 : AT_ONCE / (row > 0 ? row : 1);
  for (int64_t i = 0; i < all; i += most) {
    fftw_iodim64 stack[2] = {j->stack[0], j->stack[1]};
    stack[0].n = all - i < most ? all - i : most;
    code = gr_interrupt_poll(err);
    // FFTW ends the program when it finds no memory for its tables and buffers: so we look first.
    void *room = NULL;
    if (!code)
      code = gr_alloc(&room, (size_t)(3 * row) * gr_dtype_size(dtype), "the Fourier transform's tables", err);
    gr_free(room);
    if (code) return code;
    void *re = offset(in[0], i * j->step_in), *im = offset(in[1], i * j->step_in);
    void *to_re = offset(out[0], i * j->step_out), *to_im = offset(out[1], i * j->step_out);
    void *plan = NULL;
    pthread_mutex_lock(&planning);
    switch (what) {
      case COMPLEX: plan = f->plan(1, &j->size, 2, stack, re, im, to_re, to_im, FFTW_ESTIMATE); break;
      case FROM_REAL: plan = f->plan_real(1, &j->size, 2, stack, re, to_re, to_im, FFTW_ESTIMATE); break;
      case TO_REAL: plan = f->plan_back(1, &j->size, 2, stack, re, im, to_re, FFTW_ESTIMATE); break;
    }
    pthread_mutex_unlock(&planning);
    if (!plan)
      return gr_fail(err, GR_ERR_VALUE, "FFTW has no plan for a transform of %lld numbers",
                     (long long)j->size.n);
    if (row >= LONG_ROW) {
      code = execute_apart(f, plan, block, err);
      if (code) return code;
    } else {
      f->execute(plan);
      destroy_plan(f, plan);
    }
  }
  return GR_OK;
}

// `out`, contiguous, becomes `in` cut off or filled up with zeros along `axis`; NULL is all zero.
static gr_code fit(gr_tensor *out, const gr_tensor *in, int axis, gr_err *err) {
  const int64_t have = in ? in->shape[axis] : 0, want = out->shape[axis];
  if (have < want) {
    gr_code code = gr_fill(out, 0, err);
    if (code || !in) return code;
  }
  gr_tensor from, to;
  const int64_t n = have < want ? have : want;
  gr_tensor_view_slice(&from, in, axis, 0, 1, n);
  gr_tensor_view_slice(&to, out, axis, 0, 1, n);
  return gr_copy(&to, &from, err);
}

// Memory for n parts whose layouts are there, in one block: which plan FFTW makes, and with it the last bits,
// depends on how its arrays lie to one another. So they always lie alike, and results are copied out.
static gr_code place(void **block, gr_tensor *parts, int n, gr_err *err) {
  size_t used = 0, start[4];
  for (int i = 0; i < n; i++) {
    start[i] = used;
    used += (gr_tensor_bytes(&parts[i]) + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN;
  }
  gr_code code = gr_alloc(block, used, "the parts of a Fourier transform", err);
  for (int i = 0; !code && i < n; i++) parts[i].data = (char *)*block + start[i];
  return code;
}

gr_code gr_fft(gr_tensor *out_re, gr_tensor *out_im, const gr_tensor *re, const gr_tensor *im, int axis,
               bool inverse, gr_err *err) {
  if (gr_tensor_size(out_re) == 0) return GR_OK;
  gr_tensor parts[2];
  void *block = NULL;
  gr_code code = GR_OK;
  for (int i = 0; i < 2 && !code; i++)
    code = gr_tensor_layout(&parts[i], (gr_dtype)re->dtype, out_re->ndim, out_re->shape, err);
  if (!code) code = place(&block, parts, 2, err);
  if (!code) code = fit(&parts[0], re, axis, err);
  if (!code) code = fit(&parts[1], im, axis, err);
  if (!code) {
    const job j = plan_job(&parts[0], &parts[0], axis, out_re->shape[axis]);
    // With real and imaginary parts exchanged on both sides the sign in the exponent is the other one.
    gr_tensor *const both[2] = {&parts[inverse], &parts[!inverse]};
    code = run(&j, COMPLEX, both, both, &block, err);
  }
  if (!code) code = gr_copy(out_re, &parts[0], err);
  if (!code) code = gr_copy(out_im, &parts[1], err);
  gr_free(block);
  return code;
}

// The layout of `t` with another size along `axis`.
static gr_code resized(gr_tensor *out, const gr_tensor *t, int axis, int64_t size, gr_err *err) {
  int64_t shape[GR_MAX_DIMS];
  memcpy(shape, t->shape, sizeof shape);
  shape[axis] = size;
  return gr_tensor_layout(out, (gr_dtype)t->dtype, t->ndim, shape, err);
}

gr_code gr_rfft(gr_tensor *out_re, gr_tensor *out_im, const gr_tensor *x, int64_t n, int axis, gr_err *err) {
  if (gr_tensor_size(out_re) == 0) return GR_OK;
  gr_tensor parts[3];  // x, and the two of the result
  void *block = NULL;
  gr_code code = resized(&parts[0], x, axis, n, err);
  for (int i = 1; i < 3 && !code; i++) code = resized(&parts[i], x, axis, n / 2 + 1, err);
  if (!code) code = place(&block, parts, 3, err);
  if (!code) code = fit(&parts[0], x, axis, err);
  if (!code) {
    const job j = plan_job(&parts[0], &parts[1], axis, n);
    code = run(&j, FROM_REAL, (gr_tensor *const[]){&parts[1], &parts[2]},
               (gr_tensor *const[]){&parts[0], NULL}, &block, err);
  }
  if (!code) code = gr_copy(out_re, &parts[1], err);
  if (!code) code = gr_copy(out_im, &parts[2], err);
  gr_free(block);
  return code;
}

gr_code gr_irfft(gr_tensor *out, const gr_tensor *re, const gr_tensor *im, int axis, gr_err *err) {
  if (gr_tensor_size(out) == 0) return GR_OK;
  const int64_t n = out->shape[axis];
  gr_tensor parts[3];  // the two that are given, which FFTW overwrites, and the result
  void *block = NULL;
  gr_code code = resized(&parts[2], re, axis, n, err);
  for (int i = 0; i < 2 && !code; i++) code = resized(&parts[i], re, axis, n / 2 + 1, err);
  if (!code) code = place(&block, parts, 3, err);
  if (!code) code = fit(&parts[0], re, axis, err);
  if (!code) code = fit(&parts[1], im, axis, err);
  if (!code) {
    const job j = plan_job(&parts[0], &parts[2], axis, n);
    code = run(&j, TO_REAL, (gr_tensor *const[]){&parts[2], NULL}, (gr_tensor *const[]){&parts[0], &parts[1]},
               &block, err);
  }
  if (!code) code = gr_copy(out, &parts[2], err);
  gr_free(block);
  return code;
}
