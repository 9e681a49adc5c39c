// The things that are thrown away: bottles of several makes, and everything else.
#ifndef GR_DATA_WASTE_THINGS_H
#define GR_DATA_WASTE_THINGS_H

#include "data/waste_surface.h"

typedef enum gr_thing_kind {
  // bottles
  GR_THING_PET,
  GR_THING_WATER_BOTTLE,
  GR_THING_BEER_BOTTLE,
  GR_THING_WINE_BOTTLE,
  GR_THING_SQUAT_BOTTLE,
  GR_THING_JAR_BOTTLE,
  GR_THING_FLASK,
  // no bottles
  GR_THING_CAN,
  GR_THING_CUP,
  GR_THING_CARTON,
  GR_THING_PAPER,
  GR_THING_BAG,
  GR_THING_BRICK,
  GR_THING_ROLL,
  GR_THING_TIN,
  GR_THING_TUMBLER,
  GR_THING_BOX,
  GR_THING_WRAPPER,
  GR_N_THINGS
} gr_thing_kind;
#define GR_FIRST_OTHER_THING GR_THING_CAN

const char *gr_thing_name(gr_thing_kind kind);

// One of the kinds. `variation` from 0 to 1: how often it is not one of the most common, which come first.
gr_thing_kind gr_thing_pick(bool bottle, float variation, gr_dice *dice);
// Its body, 2 long, upright, seen from the side; `variation` is how far its measures differ from the usual.
void gr_thing_shape(gr_mesh *m, gr_thing_kind kind, float variation, gr_dice *dice);
// Its surface, in a tone that stands out from what it lies on by `contrast` at least. What says nothing about
// the class (tone, gloss, label, how clear it is) is drawn alike for all kinds.
void gr_thing_surface(gr_surface *s, gr_thing_kind kind, float variation, float ground_tone, float contrast,
                      gr_dice *dice);

#endif
