// Random changes of pictures, by a recipe: what may change and how far. Each picture has a stream of its own,
// and each draw its number in it, so that a picture comes out the same whatever else is changed before,
// beside or after it, on any number of threads.
#ifndef GR_KERNEL_AUGMENT_H
#define GR_KERNEL_AUGMENT_H

#include "base/random.h"
#include "kernel/warp.h"

// Pairs are the least and the greatest value, drawn uniformly. Doubles only, so that a recipe travels as a
// vector of float64; all zeros change nothing. In the order in which they act: what moves pixels is one warp
// about the picture's centre, so that they are interpolated once.
typedef struct gr_recipe {
  double flip_rows, flip_columns;          // not 0: upside down, left to right, with probability 1/2
  double zoom_rows[2], zoom_columns[2];    // 0.2: 20 % more of the scene is seen, all of it smaller
  double zoom_together;                    // not 0: columns as rows
  double shear[2];                         // radians that an upright line leans by
  double rotate[2];                        // radians, counter-clockwise
  double shift_rows[2], shift_columns[2];  // parts of the picture's size, down and to the right
  double crop;                             // not 0: the output is a piece of the picture, from anywhere
  double fill, fill_value, nearest;        // a gr_filling; not 0: no interpolation
  double blur[2];                          // standard deviation in pixels
  double contrast[2], brightness[2];       // factor - 1; parts of the range of values
  double noise;                            // standard deviation
  double value_range[2];                   // contrast, brightness and noise end there, unless it is empty
  double cutout, cutout_value;             // side of a square, as part of the shorter side
} gr_recipe;

#define GR_RECIPE_NUMBERS (sizeof(gr_recipe) / sizeof(double))

// GR_ERR_VALUE unless each number is finite and the ranges are ones that can be drawn from.
gr_code gr_recipe_check(const gr_recipe *recipe, gr_err *err);

// Float pictures; sizes {rows, columns}. `scratch` has room for the output picture. `out` is not `in`.
void gr_augment_picture(void *out, const int64_t out_size[2], const void *in, const int64_t in_size[2],
                        int64_t channels, gr_dtype dtype, const gr_recipe *recipe, gr_stream stream,
                        void *scratch);
// What takes the place of a random crop in prediction: the middle of the picture in the output's proportions,
// resized (bilinear).
void gr_crop_middle(void *out, const int64_t out_size[2], const void *in, const int64_t in_size[2],
                    int64_t channels, gr_dtype dtype);

// What comes back to the picture `in` from the gradient `g` of the result, which is overwritten. `scratch`
// has room for two output pictures of float64.
void gr_augment_picture_backward(double *din, double *g, const int64_t out_size[2], const void *in,
                                 const int64_t in_size[2], int64_t channels, gr_dtype dtype,
                                 const gr_recipe *recipe, gr_stream stream, void *scratch);
void gr_crop_middle_backward(double *din, const double *g, const int64_t out_size[2],
                             const int64_t in_size[2], int64_t channels);

#endif
