// What things lie on and among: ground of several kinds, and flat things on it, from pebbles and leaves to a
// sheet of cardboard.
#ifndef GR_DATA_WASTE_GROUND_H
#define GR_DATA_WASTE_GROUND_H

#include "data/waste_layer.h"

// Covers the canvas. `contrast` scales the texture: 1 as it is.
void gr_ground_lay(gr_canvas *canvas, gr_dice *dice, const gr_lattice *noise, float contrast);

typedef enum gr_patch_shape {
  GR_PATCH_PEBBLE,
  GR_PATCH_LEAF,
  GR_PATCH_SHEET,
  GR_N_PATCH_SHAPES
} gr_patch_shape;

typedef struct gr_patch {
  gr_patch_shape shape;
  float x, y, length, width;  // the middle, and half of each side, in pixels
  float cosine, sine;         // of the direction of its length
  gr_color color;
  float texture;     // contrast of what is on it
  float torn;        // how far its edge wanders, as part of its width
  float texture_at;  // where in the noise
} gr_patch;

void gr_patch_turn(gr_patch *p, float angle);
// Over the canvas, with a shadow of this strength, `high` pixels below it.
void gr_patch_lay(gr_canvas *canvas, const gr_patch *p, const gr_lattice *noise, const gr_light *light,
                  float shadow, float high);
// A small one of any shape, somewhere, in a colour that litter has.
gr_patch gr_patch_litter(gr_dice *dice, int size);
// Blades of grass from the edge of a region upwards, as `count` narrow leaves: around (x, y), `reach` wide.
void gr_grass_lay(gr_canvas *canvas, gr_dice *dice, const gr_lattice *noise, const gr_light *light, int count,
                  float x, float y, float reach_x, float reach_y);

#endif
