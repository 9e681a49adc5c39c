// Things onto the picture: a buffer finer than the picture's pixels, with the depth of what is seen.
#ifndef GR_DATA_WASTE_LAYER_H
#define GR_DATA_WASTE_LAYER_H

#include <stddef.h>

#include "data/waste_surface.h"

// The picture while it is drawn: row after row, colours from 0 to 1 (and beyond, until it is exposed).
typedef struct gr_canvas {
  int size;
  gr_color *at;
} gr_canvas;

// Scratch of one thread.
typedef struct gr_layer {
  int size, fine;  // the picture's size; points along a pixel's side
  float *depth;    // of each point
  gr_ink *ink;
  float *mask, *spare;  // of each pixel
} gr_layer;

size_t gr_layer_bytes(int size);                           // of scratch for a picture of this size
void gr_layer_init(gr_layer *l, int size, void *scratch);  // all points clear

// Darkens the canvas where the mesh, lying on the ground, keeps the light away; `blur` in pixels. `mesh` is
// in pixels and settled.
void gr_layer_shadow(gr_layer *l, gr_canvas *canvas, const gr_mesh *mesh, gr_vec3 toward, float strength,
                     float blur);
// Draws the mesh over the canvas; around it, where it is near the ground, is a dark rim of this strength.
void gr_layer_draw(gr_layer *l, gr_canvas *canvas, const gr_mesh *mesh, const gr_surface *s,
                   const gr_light *light, float rim, float blur);

#endif
