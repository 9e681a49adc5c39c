// Made pictures for the course's task: is there a bottle among the waste? Synthetic: nothing here is a
// photograph.
//
// One thing lies on a piece of ground, somewhere, at some size and angle, lit from some side: a bottle (of
// several makes), or a can, a cup, a carton, a crumpled paper, a bag. Both classes draw ground, light,
// material, size, place, angle, label, dents and litter from the same distributions, so that brightness,
// contrast, area and place say nothing: only the outline (a neck and shoulders) and the shading that follows
// it do.
#ifndef GR_DATA_WASTE_H
#define GR_DATA_WASTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"

// One grey picture of size x size, row after row.
void gr_waste_draw(uint8_t *picture, int size, bool bottle, gr_random *random);

// `n` pictures at x and their labels (1: bottle) at y, `bottles` of them bottles, in a shuffled order.
gr_code gr_waste(uint8_t *x, uint8_t *y, int64_t n, int64_t bottles, int size, gr_random *random,
                 gr_err *err);

#endif
