// Direct convolution of one image: frames of zeros around images whose windows hang over their edge, the
// order of the weights, and which of the loops of inner_conv*.c are run.
//
// The gradient of the input is itself a convolution with stride 1: of the output's gradient, in a frame as
// wide as the window, with the kernel turned round and its two kinds of channels exchanged.
#include "kernel/conv_direct.h"

#include <string.h>

#include "kernel/table.h"

// A frame wider than this (a dilation of thousands) is left to the plain path.
#define MOST_FRAME (64 << 20)

// With fewer channels Winograd's transforms cost more than the multiply-adds that it saves.
#define LEAST_CHANNELS 8

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
static size_t bytes_of(int64_t floats) { return (size_t)round_up(floats * (int64_t)sizeof(float), GR_ALIGN); }

static const gr_conv_table *loops(void) { return gr_kernels()->conv; }
static const gr_conv_gradient_table *gradient_loops(void) { return gr_kernels()->conv_gradient; }
static const gr_conv_sparse_table *sparse_loops(void) { return gr_kernels()->conv_sparse; }
static const gr_winograd_table *winograd(void) { return gr_kernels()->winograd; }

gr_conv gr_conv_of(const gr_tensor *x, const gr_tensor *kernel, const int64_t size[2], const gr_window *w) {
  return (gr_conv){.window = *w,
                   .height = x->shape[1],
                   .width = x->shape[2],
                   .channels = x->shape[3],
                   .rows = size[0],
                   .columns = size[1],
                   .filters = kernel->shape[3]};
}

// ---- geometry -------------------------------------------------------------------------------------------

static int64_t extent(const gr_window *w, int axis) { return (w->size[axis] - 1) * w->dilation[axis] + 1; }

// An image inside of a frame of zeros.
typedef struct frame {
  int64_t height, width;  // with the frame
  int64_t above, left;    // zeros before the image
  int64_t channels;       // floats a pixel
} frame;

static int64_t frame_floats(const frame *f) { return f->height * f->width * f->channels; }

// All pixels that some window reads.
static frame input_frame(const gr_conv *c) {
  const gr_window *w = &c->window;
  return (frame){.height = (c->rows - 1) * w->stride[0] + extent(w, 0),
                 .width = (c->columns - 1) * w->stride[1] + extent(w, 1),
                 .above = w->pad_before[0],
                 .left = w->pad_before[1],
                 .channels = c->channels};
}

// Whether the loops may read the image as it lies.
static bool fits_as_is(const gr_conv *c) {
  const frame f = input_frame(c);
  return f.above == 0 && f.left == 0 && f.height <= c->height && f.width <= c->width;
}

static bool unit_stride(const gr_conv *c) { return c->window.stride[0] == 1 && c->window.stride[1] == 1; }

static bool plain_window(const gr_conv *c) {
  const gr_window *w = &c->window;
  return unit_stride(c) && w->size[0] == 3 && w->size[1] == 3 && w->dilation[0] == 1 && w->dilation[1] == 1;
}

static bool is_winograd(const gr_conv *c) {
  return plain_window(c) && c->channels >= LEAST_CHANNELS && c->rows > 1 && c->columns > 1;
}

// The same for the convolution that gives the input's gradient.
static bool is_winograd_back(const gr_conv *c) {
  return plain_window(c) && c->filters >= LEAST_CHANNELS && c->height > 1 && c->width > 1;
}

// Whether the backward pass visits the winners of the pooling alone.
static bool is_sparse(const gr_conv *c, bool wants_dx) {
  const int64_t lanes = sparse_loops()->lanes;
  if (!c->pool || !lanes || !plain_window(c)) return false;
  if (c->channels == 1 && !wants_dx) return true;
  return c->channels % lanes == 0 && c->filters % 16 == 0 && c->height * c->width * c->channels < INT32_MAX;
}

// The output's gradient with filters padded to whole blocks; with a frame where the input's gradient is a
// convolution of it, else without.
static frame gradient_frame(const gr_conv *c, bool wants_dx) {
  const gr_window *w = &c->window;
  if (wants_dx && !unit_stride(c))
    return (frame){.height = c->rows, .width = c->columns, .channels = c->filters};
  frame f = {.height = c->rows, .width = c->columns, .channels = round_up(c->filters, loops()->lanes)};
  if (!wants_dx) return f;
  f.height = c->height + extent(w, 0) - 1;
  f.width = c->width + extent(w, 1) - 1;
  f.above = extent(w, 0) - 1 - w->pad_before[0];
  f.left = extent(w, 1) - 1 - w->pad_before[1];
  return f;
}

bool gr_conv_has_direct(const gr_conv *c, gr_dtype dtype) {
  if (dtype != GR_F32 || !c->channels || !c->filters || !c->rows || !c->columns) return false;
  double side[2], image[2] = {(double)c->height, (double)c->width},
                  size[2] = {(double)c->rows, (double)c->columns};
  for (int axis = 0; axis < 2; axis++)
    side[axis] = (size[axis] + image[axis]) * (double)c->window.stride[axis] +
                 (double)c->window.size[axis] * (double)c->window.dilation[axis];
  const double pixels = side[0] * side[1];
  return pixels * (double)(c->channels + c->filters + 16) * sizeof(float) <= MOST_FRAME;
}

// `dilated`: pixels of a window's row do not follow each other.
static gr_conv_walk walk_over(const gr_window *w, const frame *f, int64_t filters, bool strided) {
  const int64_t pixel = f->channels, line = f->width * pixel;
  const bool dense = w->dilation[1] == 1;
  const int64_t stride[2] = {strided ? w->stride[0] : 1, strided ? w->stride[1] : 1};
  return (gr_conv_walk){.runs_down = w->size[0],
                        .runs_across = dense ? 1 : w->size[1],
                        .run = dense ? w->size[1] * pixel : pixel,
                        .run_line = w->dilation[0] * line,
                        .run_step = w->dilation[1] * pixel,
                        .line = stride[0] * line,
                        .pixel = stride[1] * pixel,
                        .filters = filters,
                        .stride = stride[0],
                        .dilation = w->dilation[0]};
}

static gr_conv_walk forward_walk(const gr_conv *c) {
  const frame own = {.height = c->height, .width = c->width, .channels = c->channels};
  const frame framed = input_frame(c);
  gr_conv_walk w = walk_over(&c->window, fits_as_is(c) ? &own : &framed, c->filters, true);
  w.rows = c->rows;
  w.columns = c->columns;
  w.out_pixel = c->filters;
  w.out_line = (c->pool ? c->columns / 2 : c->columns) * c->filters;
  w.pad = c->window.pad_before[0];
  w.height = c->height;
  return w;
}

// From the output's gradient to the input's.
static gr_conv_walk backward_walk(const gr_conv *c) {
  const frame f = gradient_frame(c, true);
  gr_conv_walk w = walk_over(&c->window, &f, c->channels, false);
  w.rows = c->height;
  w.columns = c->width;
  w.out_pixel = c->channels;
  w.out_line = c->width * c->channels;
  w.pad = f.above;
  w.height = c->rows;
  return w;
}

// Copies an image of `height` rows of `width` pixels into the frame; what does not fit is not needed.
static void put_into_frame(float *out, const frame *f, const float *x, int64_t height, int64_t width) {
  const int64_t rows = height < f->height - f->above ? height : f->height - f->above;
  const int64_t columns = width < f->width - f->left ? width : f->width - f->left;
  const int64_t line = f->width * f->channels, some = columns * f->channels;
  // From a row's last pixel to the first of the next one the zeros are one run.
  int64_t end = 0;
  for (int64_t y = 0; y < rows; y++) {
    const int64_t at = (f->above + y) * line + f->left * f->channels;
    memset(out + end, 0, (size_t)(at - end) * sizeof(float));
    memcpy(out + at, x + y * width * f->channels, (size_t)some * sizeof(float));
    end = at + some;
  }
  memset(out + end, 0, (size_t)(frame_floats(f) - end) * sizeof(float));
}

// ---- prepared weights -----------------------------------------------------------------------------------

typedef struct prepared {
  float *bias, *forward, *backward;
} prepared;

// Where they are in the memory given; the bytes of all.
static size_t lay_out(prepared *p, const gr_conv *c, void *memory) {
  const int64_t lanes = loops()->lanes, cells = c->window.size[0] * c->window.size[1];
  const int64_t filters = round_up(c->filters, lanes), channels = round_up(c->channels, lanes);
  const size_t bias = bytes_of(filters);
  const size_t forward = bytes_of((is_winograd(c) ? 16 : cells) * c->channels * filters);
  *p = (prepared){memory, (float *)((char *)memory + bias), (float *)((char *)memory + bias + forward)};
  return bias + forward +
         (unit_stride(c) ? bytes_of((is_winograd_back(c) ? 16 : cells) * filters * channels) : 0);
}

size_t gr_conv_prepared_bytes(const gr_conv *c) {
  static char nothing[1];
  prepared p;
  return lay_out(&p, c, nothing);
}

// kernel (cells, channels, filters) -> blocks of channels, cells backwards, filters (padded), lanes of
// channels.
static void pack_turned(float *out, const float *kernel, const gr_conv *c) {
  const int64_t lanes = loops()->lanes, cells = c->window.size[0] * c->window.size[1];
  const int64_t filters = round_up(c->filters, lanes);
  for (int64_t first = 0; first < c->channels; first += lanes) {
    const int64_t some = c->channels - first < lanes ? c->channels - first : lanes;
    for (int64_t cell = cells; cell-- > 0; out += filters * lanes) {
      if (some < lanes || filters > c->filters) memset(out, 0, (size_t)(filters * lanes) * sizeof(float));
      const float *from = kernel + (cell * c->channels + first) * c->filters;
      for (int64_t lane = 0; lane < some; lane++)
        for (int64_t f = 0; f < c->filters; f++) out[f * lanes + lane] = from[lane * c->filters + f];
    }
  }
}

// kernel (9, channels, filters) -> blocks of channels, filters, 9, lanes of channels.
static void pack_sparse(float *out, const float *kernel, const gr_conv *c) {
  const int64_t lanes = sparse_loops()->lanes;
  for (int64_t first = 0; first < c->channels; first += lanes, out += c->filters * 9 * lanes)
    for (int64_t cell = 0; cell < 9; cell++)
      for (int64_t lane = 0; lane < lanes; lane++) {
        const float *from = kernel + (cell * c->channels + first + lane) * c->filters;
        for (int64_t f = 0; f < c->filters; f++) out[(f * 9 + cell) * lanes + lane] = from[f];
      }
}

void gr_conv_prepare(const gr_conv *c, void *memory, const float *kernel, const float *bias, bool gradients) {
  prepared p;
  lay_out(&p, c, memory);
  memset(p.bias, 0, (size_t)round_up(c->filters, loops()->lanes) * sizeof(float));
  if (bias) memcpy(p.bias, bias, (size_t)c->filters * sizeof(float));
  const gr_winograd_kernel there = {c->channels, c->channels, c->filters, false};
  const gr_winograd_kernel back = {c->filters, round_up(c->filters, loops()->lanes), c->channels, true};
  if (is_winograd(c))
    winograd()->pack(p.forward, kernel, &there);
  else
    loops()->pack(p.forward, kernel, c->window.size[0] * c->window.size[1] * c->channels, c->filters);
  if (!gradients) return;
  if (is_sparse(c, true))
    pack_sparse(p.backward, kernel, c);
  else if (is_winograd_back(c))
    winograd()->pack(p.backward, kernel, &back);
  else if (unit_stride(c))
    pack_turned(p.backward, kernel, c);
}

// ---- forward and backward -------------------------------------------------------------------------------

// One image of shape (1, ...) for the plain path.
static gr_tensor image_tensor(const float *data, int64_t height, int64_t width, int64_t channels) {
  return (gr_tensor){.data = (void *)data,
                     .dtype = GR_F32,
                     .ndim = 4,
                     .shape = {1, height, width, channels},
                     .stride = {height * width * channels, width * channels, channels, 1}};
}

static gr_tensor kernel_tensor(const gr_conv *c, const float *kernel) {
  gr_tensor t = image_tensor(kernel, c->window.size[1], c->channels, c->filters);
  t.shape[0] = c->window.size[0];
  return t;
}

static size_t plain_scratch(const gr_conv *c) {
  const gr_tensor x = image_tensor(NULL, c->height, c->width, c->channels);
  const gr_tensor kernel = kernel_tensor(c, NULL), out = image_tensor(NULL, c->rows, c->columns, c->filters);
  return gr_conv2d_scratch(&x, &kernel, &out);
}

// The framed image; the gradient of the output in its frame, or the kernel's turned gradient; the gradient of
// the input where it is added to what is there or has a frame; what Winograd's transforms need; for strides,
// what the plain path needs.
typedef struct spare {
  float *image, *gradient, *input_gradient, *winograd;
  void *plain;
  size_t bytes;
} spare;

static spare spare_of(const gr_conv *c, void *scratch) {
  static char nothing[1];
  char *at = scratch ? scratch : nothing, *start = at;
  const frame in = input_frame(c), flat = gradient_frame(c, false), framed = gradient_frame(c, true);
  const int64_t image = c->height * c->width * c->channels, turned = 9 * c->channels * c->filters;
  int64_t gradient = frame_floats(&flat);
  if (frame_floats(&framed) > gradient) gradient = frame_floats(&framed);
  if (is_sparse(c, false) && turned > gradient) gradient = turned;
  spare s = {.image = (float *)at};
  at += fits_as_is(c) ? 0 : bytes_of(frame_floats(&in));
  s.gradient = (float *)at;
  at += bytes_of(gradient + loops()->lanes);  // the last pixel is read in whole vectors
  s.input_gradient = (float *)at;
  at += bytes_of(frame_floats(&in) > image ? frame_floats(&in) : image);
  s.winograd = (float *)at;
  const int64_t there = is_winograd(c) ? winograd()->spare_floats(c->channels) : 0;
  const int64_t back = is_winograd_back(c) ? winograd()->spare_floats(c->filters) : 0;
  at += bytes_of(there > back ? there : back);
  s.plain = at;
  at += unit_stride(c) ? 0 : plain_scratch(c);
  s.bytes = (size_t)(at - start);
  return s;
}

size_t gr_conv_direct_scratch(const gr_conv *c) { return spare_of(c, NULL).bytes; }

// The image, in its frame where it needs one.
static const float *framed_input(const gr_conv *c, const float *x, const spare *s) {
  if (fits_as_is(c)) return x;
  const frame f = input_frame(c);
  put_into_frame(s->image, &f, x, c->height, c->width);
  return s->image;
}

static int64_t out_floats(const gr_conv *c) {
  return (c->pool ? c->rows / 2 * (c->columns / 2) : c->rows * c->columns) * c->filters;
}

void gr_conv_direct(const gr_conv *c, int64_t images, float *out, uint8_t *arg, const float *x,
                    const void *memory, void *scratch) {
  prepared p;
  lay_out(&p, c, (void *)memory);
  const spare s = spare_of(c, scratch);
  const gr_conv_walk w = forward_walk(c);
  const int64_t in_step = c->height * c->width * c->channels, out_step = out_floats(c);
  for (int64_t i = 0; i < images; i++, x += in_step, out += out_step) {
    const float *image = framed_input(c, x, &s);
    uint8_t *winners = arg ? arg + i * out_step : NULL;
    if (is_winograd(c))
      winograd()->forward(out, winners, image, p.forward, p.bias, c->relu, c->pool, s.winograd, &w);
    else if (c->pool)
      loops()->forward_pooled(out, winners, image, p.forward, p.bias, c->relu, &w);
    else
      loops()->forward(out, image, p.forward, p.bias, c->relu, &w);
  }
}

static void add_floats(float *to, const float *from, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

// ---- backward, dense ------------------------------------------------------------------------------------

// dx of a convolution with strides: the plain path, on the gradient that passed the ReLU or the pooling.
static gr_code strided_input_gradient(const gr_conv *c, float *dx, bool accumulate, const float *g,
                                      const float *x, const float *kernel, const spare *s, gr_err *err) {
  gr_tensor to = image_tensor(dx, c->height, c->width, c->channels);
  const gr_tensor from = image_tensor(x, c->height, c->width, c->channels);
  const gr_tensor slope = image_tensor(g, c->rows, c->columns, c->filters),
                  weights = kernel_tensor(c, kernel);
  return gr_conv2d_backward(&to, NULL, NULL, (bool[3]){accumulate}, &slope, &from, &weights, &c->window,
                            s->plain, err);
}

static gr_code dense_backward(const gr_conv *c, const gr_conv_gradients *to, const float *dout,
                              const float *out, const uint8_t *arg, const float *x, const float *kernel,
                              const prepared *p, const spare *s, gr_err *err) {
  const frame f = gradient_frame(c, to->dx != NULL);
  const int64_t line = f.width * f.channels;
  float *g = s->gradient + f.above * line + f.left * f.channels;
  if (c->pool || f.width > c->columns || f.height > c->rows)
    memset(s->gradient, 0, (size_t)frame_floats(&f) * sizeof(float));
  if (c->pool)
    gradient_loops()->pass_pool(g, to->dbias, dout, arg, c->rows / 2, c->columns / 2, c->filters, line,
                                f.channels);
  else
    gradient_loops()->pass_relu(g, to->dbias, dout, c->relu ? out : NULL, c->rows, c->columns, c->filters,
                                line, f.channels);
  if (to->dkernel) {
    gr_conv_walk w = forward_walk(c);
    w.out_line = line;
    w.out_pixel = f.channels;
    gradient_loops()->kernel_gradient(to->dkernel, framed_input(c, x, s), g, &w);
  }
  if (!to->dx) return GR_OK;
  if (!unit_stride(c)) return strided_input_gradient(c, to->dx, to->accumulate, g, x, kernel, s, err);
  const gr_conv_walk w = backward_walk(c);
  float *dx = to->accumulate ? s->input_gradient : to->dx;
  if (is_winograd_back(c))
    winograd()->forward(dx, NULL, s->gradient, p->backward, NULL, false, false, s->winograd, &w);
  else
    loops()->forward(dx, s->gradient, p->backward, NULL, false, &w);
  if (to->accumulate) add_floats(to->dx, s->input_gradient, c->height * c->width * c->channels);
  return GR_OK;
}

// ---- backward, through the winners of a pooling ---------------------------------------------------------

static void sparse_input_gradient(const gr_conv *c, const gr_conv_gradients *to, const float *dout,
                                  const uint8_t *arg, const prepared *p, const spare *s) {
  const frame own = {.height = c->height, .width = c->width, .channels = c->channels};
  const frame f = fits_as_is(c) ? own : input_frame(c);
  const bool in_place = fits_as_is(c) && !to->accumulate;
  const int64_t line = f.width * c->channels, row = c->width * c->channels;
  float *dx = in_place ? to->dx : s->input_gradient;
  sparse_loops()->input_gradient(dx, f.height, f.width, c->channels, p->backward, dout, arg, c->rows / 2,
                                 c->columns / 2, c->filters);
  for (int64_t y = 0; !in_place && y < c->height; y++) {
    const float *from = dx + (f.above + y) * line + f.left * c->channels;
    if (to->accumulate)
      add_floats(to->dx + y * row, from, row);
    else
      memcpy(to->dx + y * row, from, (size_t)row * sizeof(float));
  }
}

// turned (9, filters, channels) into dkernel (9, channels, filters).
static void add_turned(float *dkernel, const float *turned, const gr_conv *c) {
  for (int64_t cell = 0; cell < 9; cell++, turned += c->channels * c->filters)
    for (int64_t channel = 0; channel < c->channels; channel++, dkernel += c->filters)
      for (int64_t f = 0; f < c->filters; f++) dkernel[f] += turned[f * c->channels + channel];
}

static void sparse_backward(const gr_conv *c, const gr_conv_gradients *to, const float *dout,
                            const uint8_t *arg, const float *x, const prepared *p, const spare *s) {
  const int64_t rows = c->rows / 2, columns = c->columns / 2;
  const int64_t line = (fits_as_is(c) ? c->width : input_frame(c).width) * c->channels;
  // The kernel's and the bias's gradient come together; one that nobody wants stays in scratch.
  if (c->channels == 1 && (to->dkernel || to->dbias))
    sparse_loops()->kernel_gradient_of_one(to->dkernel ? to->dkernel : s->gradient, to->dbias,
                                           framed_input(c, x, s), line, dout, arg, rows, columns, c->filters);
  else if (to->dkernel || to->dbias)
    sparse_loops()->kernel_gradient(s->gradient, to->dbias, framed_input(c, x, s), line, c->channels, dout,
                                    arg, rows, columns, c->filters);
  if (to->dx) sparse_input_gradient(c, to, dout, arg, p, s);
}

gr_code gr_conv_direct_backward(const gr_conv *c, int64_t images, const gr_conv_gradients *to,
                                const float *dout, const float *out, const uint8_t *arg, const float *x,
                                const float *kernel, const void *memory, void *scratch, gr_err *err) {
  prepared p;
  lay_out(&p, c, (void *)memory);
  const spare s = spare_of(c, scratch);
  const int64_t in_step = c->height * c->width * c->channels, out_step = out_floats(c);
  const bool sparse = is_sparse(c, to->dx != NULL), turned = sparse && to->dkernel && c->channels > 1;
  if (turned) memset(s.gradient, 0, (size_t)(9 * c->channels * c->filters) * sizeof(float));
  gr_conv_gradients image = *to;
  gr_code code = GR_OK;
  for (int64_t i = 0; !code && i < images; i++) {
    if (sparse)
      sparse_backward(c, &image, dout, arg + i * out_step, x, &p, &s);
    else
      code = dense_backward(c, &image, dout, out, arg ? arg + i * out_step : NULL, x, kernel, &p, &s, err);
    if (to->dx) image.dx += in_step;
    x += in_step;
    dout += out_step;
    out += out_step;
  }
  if (turned) add_turned(to->dkernel, s.gradient, c);
  return code;
}
