// The direct convolution: its geometry, and the inner loops behind conv_direct.c, compiled once for each
// instruction set (inner_conv*.c) for float32. dispatch.c chooses.
//
// Images are NHWC. The filters are taken in blocks of as many as a vector has lanes, so that a pixel times a
// block is one register; a window is `runs_down` x `runs_across` runs of `run` numbers that follow each other
// in the image: a window's row without dilation, else one pixel. Packed weights are (block, run, number of
// the run, lane), filters beyond the last are 0.
#ifndef GR_KERNEL_CONV_TABLE_H
#define GR_KERNEL_CONV_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How a kernel walks over one image, which has a frame of zeros where windows hang over its edge. Distances
// in floats.
typedef struct gr_conv_walk {
  int64_t runs_down, runs_across, run;
  int64_t run_line, run_step;  // from a run to the one below, to the right
  int64_t line, pixel;         // in the image, from a window to the one below, to the right
  int64_t rows, columns;       // windows
  int64_t filters;
  int64_t out_line, out_pixel;  // in the output
  // How far windows hang over the upper edge, and where the lower one is: rows of runs in the frame are zeros
  // and need not be multiplied. In rows of the image.
  int64_t stride, dilation, pad, height;
} gr_conv_walk;

typedef struct gr_conv_table {
  int64_t lanes;  // filters in a block
  // kernel (runs of floats, filters) -> packed
  void (*pack)(float *packed, const float *kernel, int64_t runs, int64_t filters);

  // out (rows, columns, filters) = windows * kernel + bias, and the greater of that and 0 with `relu`.
  // bias: blocks * lanes floats, or NULL.
  void (*forward)(float *out, const float *x, const float *packed, const float *bias, bool relu,
                  const gr_conv_walk *w);
  // The same, and then the greatest of each 2x2 square: out (rows/2, columns/2, filters). `arg`, NULL or of
  // out's shape, says which of the four it was, row-major and the first of equals; with `relu`, 4 where none
  // was above 0.
  void (*forward_pooled)(float *out, uint8_t *arg, const float *x, const float *packed, const float *bias,
                         bool relu, const gr_conv_walk *w);
} gr_conv_table;

typedef struct gr_conv_gradient_table {
  // dkernel (runs of floats, filters) += windows^T * g, g (rows, columns, filters) with blocks * lanes
  // readable floats at each pixel; out_line and out_pixel are g's.
  void (*kernel_gradient)(float *dkernel, const float *x, const float *g, const gr_conv_walk *w);
  // What passes a ReLU: g = dout where out > 0, else 0 (out NULL: all of it), into pixels of `g_pixel` floats
  // in lines of `g_line`, 0 beyond the channels; dbias (or NULL) += the sum over the pixels.
  void (*pass_relu)(float *g, float *dbias, const float *dout, const float *out, int64_t rows,
                    int64_t columns, int64_t channels, int64_t g_line, int64_t g_pixel);
  // The same through the winners of 2x2 squares: dout, arg (rows, columns, channels), g twice as high and
  // wide.
  void (*pass_pool)(float *g, float *dbias, const float *dout, const uint8_t *arg, int64_t rows,
                    int64_t columns, int64_t channels, int64_t g_line, int64_t g_pixel);
} gr_conv_gradient_table;

// 3x3 windows with stride 1, by fewer products. The image's channels are w->pixel, its output has at least 2
// rows and 2 columns.
typedef struct gr_winograd_kernel {
  int64_t in, padded_in, out;  // channels; with zeros behind the last; filters
  bool turned;  // for the input's gradient: `in` are the convolution's filters, `out` its channels
} gr_winograd_kernel;

typedef struct gr_winograd_table {
  // kernel (9, in, out), or (9, out, in) upside down where it is turned, -> packed (block, 16, padded in,
  // lane)
  void (*pack)(float *packed, const float *kernel, const gr_winograd_kernel *k);
  // That forward needs.
  int64_t (*spare_floats)(int64_t channels);
  // As forward, or forward_pooled with `pool`.
  void (*forward)(float *out, uint8_t *arg, const float *x, const float *packed, const float *bias, bool relu,
                  bool pool, float *spare, const gr_conv_walk *w);
} gr_winograd_table;

// 3x3 windows with stride 1 whose output was pooled by 2x2: loops over the winners alone. dout and arg
// (rows, columns, filters) are the pooled output's; x has lines of `line` floats. All zero where an
// instruction set has no such loops.
typedef struct gr_conv_sparse_table {
  int64_t lanes;
  // dkernel (9, filters) +=, for images of one channel; dbias (filters), or NULL, += dout where arg is not 4.
  void (*kernel_gradient_of_one)(float *dkernel, float *dbias, const float *x, int64_t line,
                                 const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                                 int64_t filters);
  // turned (9, filters, channels) +=; channels are whole blocks of lanes, filters of 16. dbias as above.
  void (*kernel_gradient)(float *turned, float *dbias, const float *x, int64_t line, int64_t channels,
                          const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                          int64_t filters);
  // dx (height, width, channels) =; packed (block of channels, filter, 9, lane); as above.
  void (*input_gradient)(float *dx, int64_t height, int64_t width, int64_t channels, const float *packed,
                         const float *dout, const uint8_t *arg, int64_t rows, int64_t columns,
                         int64_t filters);
} gr_conv_sparse_table;

#endif
