// The module `fft`: discrete Fourier transforms, by the names of numpy.fft. Complex numbers are two tensors.
#include "bind/moving.h"

#include <math.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/fft.h"

// ---- arguments: (re), (re, im), each with a table of options behind ----

typedef struct call {
  const char *name;
  const gr_tensor *re, *im;  // contiguous or not, of one float dtype; im NULL: real numbers
  int axis;
  int64_t n;     // points of the transform
  double scale;  // of the result
  bool tracked;
} call;

static void read_parts(lua_State *L, call *c, bool takes_im) {
  const gr_tensor *re = gr_check_tensor(L, 1),
                  *im = takes_im && !lua_isnil(L, 2) ? gr_check_tensor(L, 2) : NULL;
  char ta[GR_SHAPE_TEXT], tb[GR_SHAPE_TEXT];
  if (re->ndim == 0) luaL_error(L, "%s takes a tensor with at least one axis, not a single number", c->name);
  if (im && !gr_tensor_same_shape(re, im))
    luaL_error(L, "%s: the real part is %s and the imaginary part %s; they belong together, one by one",
               c->name, gr_shape_text(ta, re->ndim, re->shape), gr_shape_text(tb, im->ndim, im->shape));
  const gr_dtype dtype = gr_dtype_promote((gr_dtype)re->dtype, (gr_dtype)(im ? im : re)->dtype);
  c->re = gr_check_in_dtype(L, 1, dtype);
  c->im = im ? gr_check_in_dtype(L, 2, dtype) : NULL;
  c->tracked = gr_is_tracked(c->re) || (im && gr_is_tracked(c->im));
}

static void set_scale(lua_State *L, call *c, int options, double points, bool inverse) {
  static const char *const names[] = {"backward", "ortho", "forward", NULL};
  int norm = 0;
  if (gr_option(L, options, "norm")) {
    const char *given = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    while (names[norm] && strcmp(given, names[norm]) != 0) norm++;
    if (!names[norm]) luaL_error(L, "%s: norm is \"backward\", \"ortho\" or \"forward\"", c->name);
    lua_pop(L, 1);
  }
  // "backward" divides the inverse by the number of points, "forward" the transform, "ortho" each by its
  // root.
  c->scale = norm == 1 ? 1 / sqrt(points) : (norm == 0) == inverse ? 1 / points : 1;
}

// Moves the options, which may stand where the imaginary part is left out, to index 3.
static void settle(lua_State *L, const char *name, bool takes_im, const char *const *options) {
  if (!takes_im || lua_istable(L, 2)) {
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_insert(L, 2);
  }
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) return;
  luaL_checktype(L, 3, LUA_TTABLE);
  gr_check_options(L, 3, name, options);
}

static void read_line(lua_State *L, call *c, gr_transform what) {
  static const char *const options[] = {"n", "axis", "norm", NULL};
  settle(L, c->name, what != GR_RFFT, options);
  read_parts(L, c, what != GR_RFFT);
  c->axis = c->re->ndim - 1;
  if (gr_option(L, 3, "axis")) {
    c->axis = gr_check_axis(L, -1, c->re->ndim, c->name);
    lua_pop(L, 1);
  }
  c->n = c->re->shape[c->axis];
  if (what == GR_IRFFT) c->n = 2 * (c->n - 1);
  const bool given = gr_option(L, 3, "n");
  if (given) {
    int whole;
    c->n = lua_tointegerx(L, -1, &whole);
    if (!whole) luaL_error(L, "%s: n, the number of points, is a whole number", c->name);
    lua_pop(L, 1);
  }
  if (c->n < 1)
    luaL_error(L, "%s needs at least one point along axis %d, not %I%s", c->name, c->axis + 1,
               (lua_Integer)c->n,
               what == GR_IRFFT && !given ? " (2 * (size - 1)); {n=1} says that it is 1" : "");
  set_scale(L, c, 3, (double)c->n, what == GR_IFFT || what == GR_IRFFT);
}

static gr_tensor *push_part(lua_State *L, const call *c, int64_t size) {
  int64_t shape[GR_MAX_DIMS];
  memcpy(shape, c->re->shape, sizeof shape);
  shape[c->axis] = size;
  return gr_push_tensor(L, (gr_dtype)c->re->dtype, c->re->ndim, shape);
}

static void rescale(lua_State *L, gr_tensor *t, double scale) {
  if (scale != 1) GR_TRY(L, gr_binary_scalar(t, GR_MUL, t, scale, false, &err));
}

// ---- transforms ----

// Of tracked tensors, the real and imaginary parts at two stack indices (0: there is none): pushes both parts
// of the result, or the real numbers of GR_IRFFT. The operation gives them behind each other along the axis.
static int push_tracked(lua_State *L, const call *c, gr_transform what, int re, int im) {
  gr_op_args args = {.kind = what, .start = {c->axis}, .shape = {c->n}, .rate = c->scale};
  gr_apply_tracked(L, &gr_op_fft, &args, 2, (int[]){re, im});
  if (what == GR_IRFFT) return 1;
  const int both = lua_gettop(L);
  const int64_t size = gr_check_tensor(L, both)->shape[c->axis] / 2;
  for (int i = 0; i < 2; i++) {
    gr_op_args slice;
    gr_slice_whole(&slice);
    slice.start[c->axis] = i * size;
    slice.step[c->axis] = 1;
    slice.shape[c->axis] = size;
    gr_push_sliced(L, both, &slice);
  }
  return 2;
}

static int transform(lua_State *L) {
  const gr_transform what = (gr_transform)lua_tointeger(L, lua_upvalueindex(1));
  call c = {.name = what == GR_IFFT ? "fft.ifft" : "fft.fft"};
  read_line(L, &c, what);
  if (c.tracked) return push_tracked(L, &c, what, 1, c.im ? 2 : 0);
  gr_tensor *re = push_part(L, &c, c.n), *im = push_part(L, &c, c.n);
  GR_TRY(L, gr_fft(re, im, c.re, c.im, c.axis, what == GR_IFFT, &err));
  rescale(L, re, c.scale);
  rescale(L, im, c.scale);
  return 2;
}

static int transform_plane(lua_State *L) {
  static const char *const options[] = {"norm", NULL};
  const gr_transform what = (gr_transform)lua_tointeger(L, lua_upvalueindex(1));
  call c = {.name = what == GR_IFFT ? "fft.ifft2" : "fft.fft2"};
  settle(L, c.name, true, options);
  read_parts(L, &c, true);
  const int ndim = c.re->ndim;
  if (ndim < 2)
    return luaL_error(L, "%s transforms along the last two axes, and this tensor has one: fft.%s is for that",
                      c.name, what == GR_IFFT ? "ifft" : "fft");
  const int64_t points = c.re->shape[ndim - 2] * c.re->shape[ndim - 1];
  if (points == 0)
    return luaL_error(L, "%s needs at least one point along each of the last two axes", c.name);
  set_scale(L, &c, 3, (double)points, what == GR_IFFT);
  c.axis = ndim - 1;
  c.n = c.re->shape[c.axis];
  if (c.tracked) {
    call second = c;
    second.axis = ndim - 2;
    second.n = c.re->shape[second.axis];
    c.scale = 1;
    push_tracked(L, &c, what, 1, c.im ? 2 : 0);
    return push_tracked(L, &second, what, lua_gettop(L) - 1, lua_gettop(L));
  }
  gr_tensor *re = push_part(L, &c, c.n), *im = push_part(L, &c, c.n);
  GR_TRY(L, gr_fft(re, im, c.re, c.im, ndim - 1, what == GR_IFFT, &err));
  GR_TRY(L, gr_fft(re, im, re, im, ndim - 2, what == GR_IFFT, &err));
  rescale(L, re, c.scale);
  rescale(L, im, c.scale);
  return 2;
}

static int transform_real(lua_State *L) {
  call c = {.name = "fft.rfft"};
  if (gr_test_tensor(L, 2))
    return luaL_error(L, "fft.rfft takes real numbers only, one tensor; fft.fft(re, im) takes both parts");
  read_line(L, &c, GR_RFFT);
  if (c.tracked) return push_tracked(L, &c, GR_RFFT, 1, 0);
  gr_tensor *re = push_part(L, &c, c.n / 2 + 1), *im = push_part(L, &c, c.n / 2 + 1);
  GR_TRY(L, gr_rfft(re, im, c.re, c.n, c.axis, &err));
  rescale(L, re, c.scale);
  rescale(L, im, c.scale);
  return 2;
}

static int transform_to_real(lua_State *L) {
  call c = {.name = "fft.irfft"};
  read_line(L, &c, GR_IRFFT);
  if (c.tracked) return push_tracked(L, &c, GR_IRFFT, 1, c.im ? 2 : 0);
  gr_tensor *out = push_part(L, &c, c.n);
  GR_TRY(L, gr_irfft(out, c.re, c.im, c.axis, &err));
  rescale(L, out, c.scale);
  return 1;
}

// ---- frequencies and their order ----

static int frequencies(lua_State *L) {
  const bool half = lua_tointeger(L, lua_upvalueindex(1)) == GR_RFFT;
  const char *name = half ? "fft.rfftfreq" : "fft.fftfreq";
  const lua_Integer n = luaL_checkinteger(L, 1);
  const double d = luaL_optnumber(L, 2, 1);
  if (n < 1) return luaL_error(L, "%s needs at least one point, not %I", name, n);
  const int64_t size = half ? n / 2 + 1 : n, positive = half ? size : n - n / 2;
  gr_tensor *out = gr_push_tensor(L, GR_F64, 1, &size);
  const double step = 1 / ((double)n * d);
  double *f = out->data;
  for (int64_t i = 0; i < size; i++) {
    gr_poll_sometimes(L, i);
    f[i] = (double)(i < positive ? i : i - n) * step;
  }
  return 1;
}

// Rolls by half of the size along each axis: gradients go through.
static int shift(lua_State *L) {
  const bool inverse = lua_tointeger(L, lua_upvalueindex(1)) == GR_IFFT;
  const char *name = inverse ? "fft.ifftshift" : "fft.fftshift";
  const gr_tensor *t = gr_check_tensor(L, 1);
  lua_settop(L, 2);
  unsigned axes = (1u << t->ndim) - 1;
  if (lua_isinteger(L, 2)) {
    axes = 1u << gr_check_axis(L, 2, t->ndim, name);
  } else if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    const lua_Integer n = luaL_len(L, 2);
    axes = 0;
    for (lua_Integer i = 1; i <= n; i++) {
      lua_geti(L, 2, i);
      axes |= 1u << gr_check_axis(L, -1, t->ndim, name);
      lua_pop(L, 1);
    }
  }
  lua_pushvalue(L, 1);
  for (int axis = 0; axis < t->ndim; axis++) {
    if (!(axes & 1u << axis)) continue;
    lua_pushinteger(L, (t->shape[axis] + inverse) / 2);
    lua_pushinteger(L, axis + 1);
    gr_call_method(L, "roll", 2);
  }
  return 1;
}

#define OPTIONS                                                                                             \
  "Options: axis (the last), n points (cut off, or filled up with zeros), norm: \"backward\" (the inverse " \
  "is "                                                                                                     \
  "divided\nby n), \"ortho\" (both by its root) or \"forward\"."

static const gr_function functions[] = {
    {"fft", transform,
     "fft.fft(re, im, {n=, axis=-1, norm=\"backward\"}) -> re, im\n\n"
     "The discrete Fourier transform along an axis: X[k] is the sum of x[j] * e^(-2 pi i j k / n), j and k "
     "from "
     "0 to n - 1. Complex numbers\n"
     "are two tensors, real and imaginary parts; fft.fft(x) is that of real numbers. " OPTIONS
     " As numpy.fft.fft. Gradients go through all transforms; the last example is Parseval's theorem: the "
     "sum of "
     "|X|^2 is n times that of x^2, so that its derivative is 2 n x.\n\n"
     "> re, im = fft.fft(tensor{0, 1, 0, 0})\n"
     "> round(re)\n"
     "[ 1.  0. -1.  0.]\n"
     "> round(im)\n"
     "[ 0. -1.  0.  1.]\n"
     "> x = grad.track(tensor{0, 1, 3})\n"
     "> re, im = fft.fft(x)\n"
     "> sum(re ^ 2 + im ^ 2):backward()\n"
     "> round(x.grad, 12)\n"
     "[ 0.  6. 18.]",
     GR_FFT},
    {"ifft", transform,
     "fft.ifft(re, im, {n=, axis=-1, norm=\"backward\"}) -> re, im\n\n"
     "The inverse of fft.fft: the sum of X[k] * e^(+2 pi i j k / n), divided by n.\n" OPTIONS "\n\n"
     "> re, im = fft.ifft(fft.fft(tensor{1, 2, 3}))\n"
     "> round(re, 12)\n"
     "[1. 2. 3.]",
     GR_IFFT},
    {"fft2", transform_plane,
     "fft.fft2(re, im, {norm=\"backward\"}) -> re, im\n\n"
     "The transform along the last two axes, of pictures: (..., rows, columns). The transform of a "
     "convolution "
     "is the product of the\n"
     "transforms, which is how large kernels are convolved fast. As numpy.fft.fft2.\n\n"
     "> re, im = fft.fft2(ones(2, 2))\n"
     "> re\n"
     "[[4. 0.]\n"
     " [0. 0.]]",
     GR_FFT},
    {"ifft2", transform_plane,
     "fft.ifft2(re, im, {norm=\"backward\"}) -> re, im\n\n"
     "The inverse of fft.fft2, divided by the number of points.\n\n"
     "> (fft.ifft2(tensor{{4, 0}, {0, 0}}))\n"
     "[[1. 1.]\n"
     " [1. 1.]]",
     GR_IFFT},
    {"rfft", transform_real,
     "fft.rfft(x, {n=, axis=-1, norm=\"backward\"}) -> re, im\n\n"
     "The transform of n real numbers: its first n // 2 + 1 elements, for the others mirror them. In half "
     "the "
     "time.\n" OPTIONS "\n\n"
     "> re, im = fft.rfft(tensor{1, 2, 3, 4})\n"
     "> re\n"
     "[10. -2. -2.]\n"
     "> im\n"
     "[0. 2. 0.]"},
    {"irfft", transform_to_real,
     "fft.irfft(re, im, {n=, axis=-1, norm=\"backward\"}) -> tensor\n\n"
     "The inverse of fft.rfft: n real numbers, by default 2 * (size - 1); say n when it was odd.\n" OPTIONS
     "\n\n"
     "> re, im = fft.rfft(tensor{1, 2, 3})\n"
     "> round(fft.irfft(re, im, {n=3}), 12)\n"
     "[1. 2. 3.]"},
    {"fftfreq", frequencies,
     "fft.fftfreq(n, d) -> tensor\n\n"
     "The frequencies of fft.fft's n elements, in cycles per unit when points lie d units apart (1): 0, 1, "
     "..., "
     "then the negative ones,\n"
     "divided by n d.\n\n"
     "> fft.fftfreq(5, 0.1)\n"
     "[ 0.  2.  4. -4. -2.]",
     GR_FFT},
    {"rfftfreq", frequencies,
     "fft.rfftfreq(n, d) -> tensor\n\n"
     "The frequencies of fft.rfft's n // 2 + 1 elements, as fft.fftfreq.\n\n"
     "> fft.rfftfreq(4)\n"
     "[0.   0.25 0.5 ]",
     GR_RFFT},
    {"fftshift", shift,
     "fft.fftshift(x, axes) -> tensor\n\n"
     "Turns the elements along all axes, or those named (one, or a table), so that frequency 0 comes to the "
     "middle.\n\n"
     "> fft.fftshift(fft.fftfreq(4, 0.25))\n"
     "[-2. -1.  0.  1.]",
     GR_FFT},
    {"ifftshift", shift,
     "fft.ifftshift(x, axes) -> tensor\n\n"
     "Turns back what fft.fftshift did, also where a size is odd.\n\n"
     "> fft.ifftshift(fft.fftshift(tensor{1, 2, 3}))\n"
     "[1. 2. 3.]",
     GR_IFFT},
    {NULL},
};

int gr_open_fft(lua_State *L) {
  lua_createtable(L, 0, 12);
  gr_register(L, "fft", functions);
  return 1;
}
