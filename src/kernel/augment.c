// Draws what a recipe leaves open, and has it done: see augment.h.
#include "kernel/augment.h"

#include <math.h>
#include <string.h>

#include "kernel/table.h"

// The number of each draw in a picture's stream; the noise has a stream of its own.
enum draw {
  DRAW_FLIP_ROWS,
  DRAW_FLIP_COLUMNS,
  DRAW_ZOOM_ROWS,
  DRAW_ZOOM_COLUMNS,
  DRAW_SHEAR,
  DRAW_ROTATE,
  DRAW_SHIFT_ROWS,
  DRAW_SHIFT_COLUMNS,
  DRAW_CROP_ROW,
  DRAW_CROP_COLUMN,
  DRAW_BLUR,
  DRAW_CONTRAST,
  DRAW_BRIGHTNESS,
  DRAW_CUTOUT_ROW,
  DRAW_CUTOUT_COLUMN,
  NOISE
};

#define MOST_BLUR 64  // pixels: three times as many on each side are read

gr_code gr_recipe_check(const gr_recipe *r, gr_err *err) {
  const double *numbers = (const double *)r;
  for (size_t i = 0; i < GR_RECIPE_NUMBERS; i++)
    if (!(fabs(numbers[i]) < 1e300))
      return gr_fail(err, GR_ERR_VALUE, "an augmentation takes finite numbers, not %g", numbers[i]);
  const struct {
    const char *name;
    const double *pair;
    double least, most;
  } pairs[] = {
      {"zoom", r->zoom_rows, -1, 10},       {"zoom", r->zoom_columns, -1, 10},
      {"shear", r->shear, -1.5, 1.5},       {"rotate", r->rotate, -100, 100},
      {"shift", r->shift_rows, -10, 10},    {"shift", r->shift_columns, -10, 10},
      {"blur", r->blur, 0, MOST_BLUR},      {"contrast", r->contrast, -1, 100},
      {"brightness", r->brightness, -1, 1},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    const double low = pairs[i].pair[0], high = pairs[i].pair[1];
    if (!(low <= high && low >= pairs[i].least && high <= pairs[i].most))
      return gr_fail(err, GR_ERR_VALUE, "%s lies between %g and %g, the smaller first; got %g to %g",
                     pairs[i].name, pairs[i].least, pairs[i].most, low, high);
  }
  if (r->noise < 0)
    return gr_fail(err, GR_ERR_VALUE, "noise is a standard deviation, 0 or more, not %g", r->noise);
  if (r->cutout < 0 || r->cutout > 1)
    return gr_fail(err, GR_ERR_VALUE, "cutout is a part of the picture's side, from 0 to 1, not %g",
                   r->cutout);
  if (r->fill < 0 || r->fill >= GR_N_FILLS)
    return gr_fail(err, GR_ERR_VALUE, "there is no fill mode %g", r->fill);
  return GR_OK;
}

static double between(gr_stream s, uint64_t draw, const double range[2]) {
  if (range[0] == range[1]) return range[0];
  return range[0] + (range[1] - range[0]) * gr_stream_double(s, draw);
}

static bool heads(gr_stream s, uint64_t draw) { return gr_stream_double(s, draw) < 0.5; }

// ---- where the pixels come from ----
//
// From the output to the input, about both centres: in = flip zoom shear turn (out - shift). A point that a
// turn by the angle a brings to (row, column) was at (cos a row + sin a column, -sin a row + cos a column),
// rows going down.

static void draw_warp(gr_warp *w, const gr_recipe *r, gr_stream s) {
  double zoom[2] = {1 + between(s, DRAW_ZOOM_ROWS, r->zoom_rows), 1};
  zoom[1] = r->zoom_together != 0 ? zoom[0] : 1 + between(s, DRAW_ZOOM_COLUMNS, r->zoom_columns);
  if (r->flip_rows != 0 && heads(s, DRAW_FLIP_ROWS)) zoom[0] = -zoom[0];
  if (r->flip_columns != 0 && heads(s, DRAW_FLIP_COLUMNS)) zoom[1] = -zoom[1];
  const double angle = between(s, DRAW_ROTATE, r->rotate), lean = tan(between(s, DRAW_SHEAR, r->shear));
  const double c = cos(angle), n = sin(angle);
  // Shear: the column moves by lean for each row.
  double m[2][2] = {{c * zoom[0], n * zoom[0]}, {(-n + lean * c) * zoom[1], (c + lean * n) * zoom[1]}};
  const double shift[2] = {between(s, DRAW_SHIFT_ROWS, r->shift_rows) * (double)w->in[0],
                           between(s, DRAW_SHIFT_COLUMNS, r->shift_columns) * (double)w->in[1]};
  double centre[2] = {(double)(w->out[0] - 1) / 2, (double)(w->out[1] - 1) / 2};
  for (int i = 0; i < 2; i++) {
    w->map[3 * i] = m[i][0];
    w->map[3 * i + 1] = m[i][1];
    w->map[3 * i + 2] =
        (double)(w->in[i] - 1) / 2 - m[i][0] * (centre[0] + shift[0]) - m[i][1] * (centre[1] + shift[1]);
  }
  if (r->crop != 0) {  // from the top left corner instead of the centre
    for (int i = 0; i < 2; i++) {
      const int64_t room = w->in[i] - w->out[i];
      const double u = gr_stream_double(s, i ? DRAW_CROP_COLUMN : DRAW_CROP_ROW);
      w->map[3 * i + 2] = floor(u * (double)(room + 1));
    }
  }
  gr_warp_settle(w);
}

static bool moves(const gr_recipe *r) {
  const gr_recipe still = {.fill = r->fill, .fill_value = r->fill_value, .nearest = r->nearest};
  const gr_recipe *a = r, *b = &still;
  return memcmp(a, b, offsetof(gr_recipe, blur)) != 0;
}

// ---- noise ----
//
// Box and Muller's method (1958), 256 pairs at a time by the vectorised functions; a pair is made of one
// number of the stream.

static void add_noise(void *x, int64_t n, gr_dtype dtype, double stddev, gr_stream s) {
  enum { PAIRS = 256 };
  union {
    double f64[2 * PAIRS];
    float f32[2 * PAIRS];
  } radius, angle, other;
  const gr_map_table *map = gr_kernels()->map[dtype];
  const size_t size = gr_dtype_size(dtype);
  uint64_t counter = 0;
  for (int64_t done = 0; done < n; done += 2 * PAIRS) {
    for (int i = 0; i < PAIRS; i++) {
      const uint64_t bits = gr_stream_u64(s, counter++);
      const double u = (double)((bits >> 32) + 1) * 0x1p-32;  // (0, 1]: it has a logarithm
      const double turn = (double)(uint32_t)bits * 0x1p-32 * 6.283185307179586;
      if (dtype == GR_F64)
        radius.f64[i] = u, angle.f64[i] = turn;
      else
        radius.f32[i] = (float)u, angle.f32[i] = (float)turn;
    }
    map->unary[GR_LOG](&radius, &radius, PAIRS);
    if (dtype == GR_F64)
      for (int i = 0; i < PAIRS; i++) radius.f64[i] *= -2;
    else
      for (int i = 0; i < PAIRS; i++) radius.f32[i] *= -2;
    map->unary[GR_SQRT](&radius, &radius, PAIRS);
    map->unary[GR_COS](&other, &angle, PAIRS);
    map->unary[GR_SIN]((char *)&other + PAIRS * size, &angle, PAIRS);
    map->binary[GR_MUL](&other, &other, &radius, GR_BOTH_VECTORS, PAIRS);
    map->binary[GR_MUL]((char *)&other + PAIRS * size, (char *)&other + PAIRS * size, &radius,
                        GR_BOTH_VECTORS, PAIRS);
    const int64_t take = n - done < 2 * PAIRS ? n - done : 2 * PAIRS;
    gr_kernels()->warp[dtype]->add_scaled((char *)x + (size_t)done * size, &other, stddev, take);
  }
}

// ---- blur ----

// The weights of a Gaussian, whose sum is 1; returns how far they reach to each side.
static int64_t bell(double weight[2 * 3 * MOST_BLUR + 1], double sigma) {
  double sum = 0;
  const int64_t radius = (int64_t)ceil(3 * sigma);
  for (int64_t k = -radius; k <= radius; k++)
    sum += weight[k + radius] = exp(-0.5 * (double)(k * k) / (sigma * sigma));
  for (int64_t k = 0; k <= 2 * radius; k++) weight[k] /= sum;
  return radius;
}

static void blur(void *out, void *scratch, const int64_t size[2], int64_t channels, gr_dtype dtype,
                 double sigma) {
  double weight[2 * 3 * MOST_BLUR + 1];
  const int64_t radius = bell(weight, sigma);
  const gr_warp_table *table = gr_kernels()->warp[dtype];
  table->blur(scratch, out, weight, radius, 1, size[0], size[1] * channels);
  table->blur(out, scratch, weight, radius, size[0], size[1], channels);
}

// ---- a picture ----

// What a recipe comes to for one picture.
typedef struct drawn {
  bool moves;
  gr_warp warp;
  double sigma;                 // of the blur
  double contrast, brightness;  // a factor; what is added
  double noise;                 // standard deviation
  bool is_clipped;
  int64_t hole[2][2];  // of the cutout: its first row and column, and those behind its last
} drawn;

static void draw_hole(drawn *d, const int64_t size[2], const gr_recipe *r, gr_stream s) {
  const int64_t shorter = size[0] < size[1] ? size[0] : size[1];
  const int64_t side = (int64_t)rint(r->cutout * (double)shorter);
  for (int i = 0; i < 2; i++) {  // the centre is any pixel; what sticks out of the picture is lost
    const double u = gr_stream_double(s, i ? DRAW_CUTOUT_COLUMN : DRAW_CUTOUT_ROW);
    const int64_t first = (int64_t)(u * (double)size[i]) - side / 2;
    d->hole[1][i] = first + side < size[i] ? first + side : size[i];
    d->hole[0][i] = first < 0 ? 0 : first;
  }
}

static drawn draw(const int64_t out_size[2], const int64_t in_size[2], int64_t channels, const gr_recipe *r,
                  gr_stream s) {
  drawn d = {.moves = moves(r), .noise = r->noise};
  if (d.moves) {
    d.warp = (gr_warp){.fill = (gr_filling)r->fill,
                       .value = r->fill_value,
                       .nearest = r->nearest != 0,
                       .channels = channels};
    memcpy(d.warp.in, in_size, sizeof d.warp.in);
    memcpy(d.warp.out, out_size, sizeof d.warp.out);
    draw_warp(&d.warp, r, s);
  }
  d.sigma = between(s, DRAW_BLUR, r->blur);
  if (!(d.sigma > 0.05)) d.sigma = 0;  // nothing reaches a neighbour
  d.contrast = 1 + between(s, DRAW_CONTRAST, r->contrast);
  d.brightness = between(s, DRAW_BRIGHTNESS, r->brightness) * (r->value_range[1] - r->value_range[0]);
  d.is_clipped =
      r->value_range[0] < r->value_range[1] && (d.contrast != 1 || d.brightness != 0 || d.noise > 0);
  if (r->cutout > 0) draw_hole(&d, out_size, r, s);
  return d;
}

static void fill_hole(void *out, const drawn *d, int64_t columns, int64_t channels, gr_dtype dtype,
                      double value) {
  for (int64_t row = d->hole[0][0]; row < d->hole[1][0]; row++)
    for (int64_t i = (row * columns + d->hole[0][1]) * channels;
         i < (row * columns + d->hole[1][1]) * channels; i++) {
      if (dtype == GR_F64)
        ((double *)out)[i] = value;
      else
        ((float *)out)[i] = (float)value;
    }
}

// All that happens before values are clipped.
static void change(void *out, const int64_t out_size[2], const void *in, int64_t channels, gr_dtype dtype,
                   const drawn *d, gr_stream s, void *scratch) {
  const int64_t pixels = out_size[0] * out_size[1], n = pixels * channels;
  if (d->moves)
    gr_warp_picture(out, in, dtype, &d->warp);
  else
    memcpy(out, in, (size_t)n * gr_dtype_size(dtype));
  if (d->sigma > 0) blur(out, scratch, out_size, channels, dtype, d->sigma);
  if (d->contrast != 1 || d->brightness != 0)
    gr_kernels()->warp[dtype]->tone(out, pixels, channels, d->contrast, d->brightness);
  if (d->noise > 0) add_noise(out, n, dtype, d->noise, gr_stream_derive(s, NOISE));
}

void gr_augment_picture(void *out, const int64_t out_size[2], const void *in, const int64_t in_size[2],
                        int64_t channels, gr_dtype dtype, const gr_recipe *r, gr_stream s, void *scratch) {
  const int64_t n = out_size[0] * out_size[1] * channels;
  if (n == 0) return;
  const drawn d = draw(out_size, in_size, channels, r, s);
  change(out, out_size, in, channels, dtype, &d, s, scratch);
  if (d.is_clipped) gr_kernels()->warp[dtype]->clip(out, n, r->value_range[0], r->value_range[1]);
  fill_hole(out, &d, out_size[1], channels, dtype, r->cutout_value);
}

static gr_warp middle_of(const int64_t out_size[2], const int64_t in_size[2], int64_t channels) {
  gr_warp w = {.fill = GR_FILL_NEAREST, .channels = channels};
  memcpy(w.in, in_size, sizeof w.in);
  memcpy(w.out, out_size, sizeof w.out);
  for (int i = 0; i < 2; i++) {
    // As much of this axis as has the output's proportions, in whole pixels.
    int64_t part = (int64_t)((double)in_size[1 - i] * (double)out_size[i] / (double)out_size[1 - i]);
    if (part > in_size[i]) part = in_size[i];
    if (part < 1) part = 1;
    const double scale = (double)part / (double)out_size[i];
    w.map[3 * i + i] = scale;
    w.map[3 * i + 2] = (double)((in_size[i] - part) / 2) + 0.5 * scale - 0.5;
  }
  gr_warp_settle(&w);
  return w;
}

void gr_crop_middle(void *out, const int64_t out_size[2], const void *in, const int64_t in_size[2],
                    int64_t channels, gr_dtype dtype) {
  const gr_warp w = middle_of(out_size, in_size, channels);
  gr_warp_picture(out, in, dtype, &w);
}

// ---- gradients ----
//
// Each change is linear, or a sum, and goes back from the last to the first: what a pixel was read with is
// what comes back to it. In float64, a pixel at a time: nearly always these layers stand before all weights,
// and nothing has to go back.

// din += what comes back through the warp.
static void warp_back(double *din, const double *g, const gr_warp *w) {
  for (int64_t i = 0; i < w->out[0] * w->out[1]; i++) {
    const double at[2] = {(double)(i / w->out[1]), (double)(i % w->out[1])};
    double place[2], part[2];
    int64_t first[2];
    for (int k = 0; k < 2; k++) {
      place[k] = w->map[3 * k] * at[0] + w->map[3 * k + 1] * at[1] + w->map[3 * k + 2];
      if (w->nearest) place[k] = floor(place[k] + 0.5);
      first[k] = (int64_t)floor(place[k]);
      part[k] = place[k] - floor(place[k]);
    }
    for (int corner = 0; corner < 4; corner++) {
      const int down = corner / 2, right = corner % 2;
      const double weight = (down ? part[0] : 1 - part[0]) * (right ? part[1] : 1 - part[1]);
      const int64_t row = gr_fill_position(w->fill, first[0] + down, w->in[0]),
                    column = gr_fill_position(w->fill, first[1] + right, w->in[1]);
      if (weight == 0 || row < 0 || column < 0) continue;
      double *to = din + (row * w->in[1] + column) * w->channels;
      for (int64_t k = 0; k < w->channels; k++) to[k] += weight * g[i * w->channels + k];
    }
  }
}

static void blur_back(double *g, double *scratch, int64_t outer, int64_t n, int64_t inner, double sigma) {
  double weight[2 * 3 * MOST_BLUR + 1];
  const int64_t radius = bell(weight, sigma), block = n * inner;
  memcpy(scratch, g, (size_t)(outer * block) * sizeof *g);
  memset(g, 0, (size_t)(outer * block) * sizeof *g);
  for (int64_t i = 0; i < outer * n; i++)
    for (int64_t k = -radius; k <= radius; k++) {
      double *to = g + i / n * block + gr_fill_position(GR_FILL_REFLECT, i % n + k, n) * inner;
      for (int64_t j = 0; j < inner; j++) to[j] += weight[k + radius] * scratch[i * inner + j];
    }
}

// y = (x - mean) contrast + mean + brightness, for each channel.
static void tone_back(double *g, int64_t pixels, int64_t channels, double contrast) {
  for (int64_t k = 0; k < channels; k++) {
    double mean = 0;
    for (int64_t i = 0; i < pixels; i++) mean += g[i * channels + k] / (double)pixels;
    for (int64_t i = 0; i < pixels; i++) {
      double *x = &g[i * channels + k];
      *x = contrast * *x + (1 - contrast) * mean;
    }
  }
}

void gr_augment_picture_backward(double *din, double *g, const int64_t out_size[2], const void *in,
                                 const int64_t in_size[2], int64_t channels, gr_dtype dtype,
                                 const gr_recipe *r, gr_stream s, void *scratch) {
  const int64_t pixels = out_size[0] * out_size[1], n = pixels * channels;
  memset(din, 0, (size_t)(in_size[0] * in_size[1] * channels) * sizeof *din);
  if (n == 0) return;
  const drawn d = draw(out_size, in_size, channels, r, s);
  fill_hole(g, &d, out_size[1], channels, GR_F64, 0);
  if (d.is_clipped) {  // where the values were before
    change(scratch, out_size, in, channels, dtype, &d, s, (double *)scratch + n);
    for (int64_t i = 0; i < n; i++) {
      const double v = dtype == GR_F64 ? ((const double *)scratch)[i] : ((const float *)scratch)[i];
      if (v < r->value_range[0] || v > r->value_range[1]) g[i] = 0;
    }
  }
  if (d.contrast != 1) tone_back(g, pixels, channels, d.contrast);
  if (d.sigma > 0) {
    blur_back(g, scratch, out_size[0], out_size[1], channels, d.sigma);
    blur_back(g, scratch, 1, out_size[0], out_size[1] * channels, d.sigma);
  }
  if (d.moves)
    warp_back(din, g, &d.warp);
  else
    memcpy(din, g, (size_t)n * sizeof *din);
}

void gr_crop_middle_backward(double *din, const double *g, const int64_t out_size[2],
                             const int64_t in_size[2], int64_t channels) {
  const gr_warp w = middle_of(out_size, in_size, channels);
  memset(din, 0, (size_t)(in_size[0] * in_size[1] * channels) * sizeof *din);
  warp_back(din, g, &w);
}
