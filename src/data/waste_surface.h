// What a thing looks like: colours, a printed label, gloss, what shines through it.
#ifndef GR_DATA_WASTE_SURFACE_H
#define GR_DATA_WASTE_SURFACE_H

#include "data/waste_mesh.h"

typedef struct gr_light {
  gr_vec3 toward;          // where it comes from, a unit vector
  gr_vec3 half;            // half-way between that and the viewer
  float ambient, diffuse;  // what comes from everywhere, and from there
} gr_light;

gr_light gr_light_from(float direction, float elevation, float diffuse);  // radians; 0 to 1

typedef struct gr_surface {
  gr_color body, top, label, ink, filling;
  float opacity;               // of the body: 1 opaque
  float gloss, metal;          // 0 to 1
  float label_from, label_to;  // along the axis; empty when there is none
  float label_at, label_half;  // around, in turns; a half of 0.5 goes all around
  float print;                 // how much of the ink is seen, 0 to 1
  float ribs, rib_waves;       // grooves around the thing: depth, and how many
  float creases;               // 0 smooth
  float bulge;                 // of flat faces
  float level;                 // where a filling begins along the axis; beyond 1: empty
  float edge_dark;             // how much darker clear walls look at the rim
  gr_lattice relief;           // creases and print
} gr_surface;

// A point of the surface as it is seen.
typedef struct gr_spot {
  gr_vec3 normal;       // need not be a unit vector
  float along, around;  // -1 to 1; turns
  gr_part part;
} gr_spot;

typedef struct gr_ink {
  float r, g, b, alpha;  // colours already multiplied by alpha
} gr_ink;

gr_ink gr_surface_shade(const gr_surface *s, const gr_light *light, const gr_spot *spot);

#endif
