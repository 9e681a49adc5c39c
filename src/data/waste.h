// Made pictures for the course's task: is there a bottle among the waste? Synthetic: nothing here is a
// photograph.
//
// One thing lies on a piece of ground: a bottle (of several makes), or a can, a cup, a carton, a crumpled
// paper, a bag... Both classes draw ground, light, colours, size, place, angle, damage, litter and what
// covers them from the same distributions, so that brightness, contrast, area and place say nothing: only the
// form does. How far each of the course's seven challenges goes is a knob from 0 to 1.
//
// A picture is a function of its stream: the same on any number of threads, whatever is drawn beside it. Each
// aspect has a stream of its own below it, so that a knob that is turned leaves all else as it was: the same
// thing on the same ground, seen from another side.
#ifndef GR_DATA_WASTE_H
#define GR_DATA_WASTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/random.h"
#include "data/waste_things.h"

typedef enum gr_knob {
  GR_KNOB_VIEWPOINT,
  GR_KNOB_SCALE,
  GR_KNOB_DEFORMATION,
  GR_KNOB_OCCLUSION,
  GR_KNOB_ILLUMINATION,
  GR_KNOB_CLUTTER,
  GR_KNOB_VARIATION,
  GR_N_KNOBS
} gr_knob;

typedef struct gr_waste_plan {
  int size;                // pixels of a side
  int channels;            // 3, or 1: the grey of the same picture
  float knob[GR_N_KNOBS];  // 0 to 1
} gr_waste_plan;

#define GR_WASTE_LEAST_SIZE 8
#define GR_WASTE_MOST_SIZE 512

// Scratch that a thread needs for one picture.
size_t gr_waste_scratch(const gr_waste_plan *plan);
// One picture of size x size x channels.
void gr_waste_draw(uint8_t *picture, gr_thing_kind *kind, const gr_waste_plan *plan, bool bottle,
                   gr_stream stream, void *scratch);

// Room for `n` pictures, their labels (1: bottle) and the kinds of their things; `bottles` of them are
// bottles.
typedef struct gr_waste_part {
  uint8_t *x, *y, *kinds;
  int64_t n, bottles;
} gr_waste_part;

// Fills a part, on all threads; the stream also shuffles which pictures show a bottle.
gr_code gr_waste(const gr_waste_part *part, const gr_waste_plan *plan, gr_stream stream, gr_pool *pool,
                 gr_err *err);

#endif
